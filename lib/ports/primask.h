/* SPDX-License-Identifier: MIT
 *
 * Keeps interrupts out on a Cortex-M without an operating system: -DDEFRAG_CONFIG='"ports/primask.h"' */
#ifndef DEFRAG_PORTS_PRIMASK_H
#define DEFRAG_PORTS_PRIMASK_H

#include <stdint.h>

typedef uint32_t defrag_critical; /* PRIMASK */

static inline defrag_critical defrag_enter(void)
{
    defrag_critical before;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(before) : : "memory");
    return before;
}

static inline void defrag_exit(defrag_critical before)
{
    __asm__ volatile("msr primask, %0" : : "r"(before) : "memory");
}

#endif
