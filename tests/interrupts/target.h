/* SPDX-License-Identifier: MIT
 *
 * Keeps interrupts out as ports/primask.h does, and measures how long. */
#ifndef DEFRAG_TESTS_INTERRUPTS_TARGET_H
#define DEFRAG_TESTS_INTERRUPTS_TARGET_H

#include "interrupts.h"

typedef uint32_t defrag_critical; /* PRIMASK */

/* When interrupts were kept out last, and the longest times so far, in ticks of the timer. */
extern uint32_t target_since;
extern uint32_t target_longest[INTERRUPTS_KINDS];

/* The timer's value, which counts down. */
static inline uint32_t target_now(void)
{
    return *(volatile uint32_t *)0x40000004U;
}

static inline defrag_critical defrag_enter(void)
{
    defrag_critical before;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(before) : : "memory");
    if (before == 0) {
        target_since = target_now();
    }
    return before;
}

static inline void defrag_exit(defrag_critical before)
{
    if (before == 0) {
        uint32_t ticks = target_since - target_now();
        if (ticks > target_longest[interrupts_doing]) {
            target_longest[interrupts_doing] = ticks;
        }
    }
    __asm__ volatile("msr primask, %0" : : "r"(before) : "memory");
}

#endif
