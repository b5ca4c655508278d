/* SPDX-License-Identifier: MIT
 *
 * Counts instructions by an emulator's clock, which goes on by a fixed time with each: 2^7 ns (-icount shift=7). RISC-V
 * counts them itself (shift=0). */
#ifndef DEFRAG_TESTS_BENCH_TARGET_COUNTER_H
#define DEFRAG_TESTS_BENCH_TARGET_COUNTER_H

#include <stdint.h>

#if defined(__riscv)

static inline void counter_start(void)
{
}

static inline uint32_t counter_read(void)
{
    uint32_t now;
    __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, minstret\n.option pop" : "=r"(now)::"memory");
    return now;
}

static inline uint32_t counter_between(uint32_t from, uint32_t to)
{
    return to - from;
}

#elif defined(SMALL_BOARD)

/* The core's own timer, for want of another: 24 bits, down, 16 MHz. It wraps after 8 million instructions. */
#define SYSTICK ((volatile uint32_t *)0xE000E010)

static inline void counter_start(void)
{
    SYSTICK[1] = 0xFFFFFF;
    SYSTICK[2] = 0;
    SYSTICK[0] = 5;
}

static inline uint32_t counter_read(void)
{
    return SYSTICK[2];
}

static inline uint32_t counter_between(uint32_t from, uint32_t to)
{
    return (((from - to) & 0xFFFFFF) * 125 + 128) / 256;
}

#else

/* The board's first timer: 32 bits, down, 25 MHz. */
#define TIMER ((volatile uint32_t *)0x40000000)

static inline void counter_start(void)
{
    TIMER[2] = 0xFFFFFFFF;
    TIMER[1] = 0xFFFFFFFF;
    TIMER[0] = 1;
}

static inline uint32_t counter_read(void)
{
    return TIMER[1];
}

static inline uint32_t counter_between(uint32_t from, uint32_t to)
{
    return (uint32_t)(((uint64_t)(from - to) * 40 + 64) / 128);
}

#endif

#endif
