/* SPDX-License-Identifier: MIT
 *
 * A program under real interrupts of SysTick, at times that vary, on an emulated Cortex-M3: target INTERRUPTS [SEED]. Tells
 * for how many instructions each kind of call keeps interrupts out; that needs an emulator whose clock counts instructions. */
#include "target.h"
#include "interrupts.h"
#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both the C library and the emulator put a name of the program before the first. */
enum { FIRST_ARGUMENT = 2 };

enum { POOL_BYTES = 16 * 1024, LEAST_PAUSE = 2000, MOST_PAUSE = 30000 /* ticks of the system's clock */ };

/* With -icount shift=7 an instruction takes 128 ns, and a tick of the timer 40. */
enum { TICK_NS = 40, INSTRUCTION_NS = 128 };

#define SYSTICK_CONTROL (*(volatile uint32_t *)0xE000E010U)
#define SYSTICK_RELOAD (*(volatile uint32_t *)0xE000E014U)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xE000E018U)
#define TIMER_CONTROL (*(volatile uint32_t *)0x40000000U)
#define TIMER_VALUE (*(volatile uint32_t *)0x40000004U)
#define TIMER_RELOAD (*(volatile uint32_t *)0x40000008U)

uint32_t target_since;
uint32_t target_longest[INTERRUPTS_KINDS];

static random_source phase;

static void set_next(void)
{
    SYSTICK_RELOAD = LEAST_PAUSE + random_below(&phase, MOST_PAUSE - LEAST_PAUSE);
    SYSTICK_VALUE = 0;
}

void arm_systick_isr(void);

void arm_systick_isr(void)
{
    set_next();
    interrupts_handle();
}

static void start_clocks(void)
{
    TIMER_RELOAD = UINT32_MAX;
    TIMER_VALUE = UINT32_MAX;
    TIMER_CONTROL = 1;
    set_next();
    SYSTICK_CONTROL = 7; /* from the core's clock, with the interrupt, on */
}

static uint32_t instructions(uint32_t ticks)
{
    return (uint32_t)(((uint64_t)ticks * TICK_NS + INSTRUCTION_NS / 2) / INSTRUCTION_NS);
}

/* The test's own looks are left out. */
static void tell_longest(void)
{
    static const char *const kinds[] = { "quick calls", "alloc", "resize", "step", "compact" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        printf("kept out by %s for %" PRIu32 " instructions at most\n", kinds[i], instructions(target_longest[i]));
    }
}

int main(int count, char **arguments)
{
    static _Alignas(64) unsigned char memory[POOL_BYTES];
    uint32_t wanted = count > FIRST_ARGUMENT ? (uint32_t)strtoul(arguments[FIRST_ARGUMENT], NULL, 10) : 10000;
    uint32_t seed = count > FIRST_ARGUMENT + 1 ? (uint32_t)strtoul(arguments[FIRST_ARGUMENT + 1], NULL, 10) : 1;
    phase.state = seed;
    bool good = interrupts_begin(memory, sizeof memory, seed);
    memset(target_longest, 0, sizeof target_longest);
    start_clocks();
    while (good && interrupts_seen.interrupts < wanted) {
        good = interrupts_work();
    }
    SYSTICK_CONTROL = 0;
    good = good && interrupts_end();
    printf("%" PRIu32 " interrupts, %" PRIu32 " of them within moving calls, read %" PRIu32
           " blocks, allocated %" PRIu32 ", met %" PRIu32 " and %" PRIu32 " blocks on their way; seed %" PRIu32 "\n",
           interrupts_seen.interrupts, interrupts_seen.within, interrupts_seen.read, interrupts_seen.allocated,
           interrupts_seen.locked, interrupts_seen.kept, seed);
    tell_longest();
    if (!good) {
        printf("failed: %s (line %d)\n", interrupts_seen.failure, interrupts_seen.line);
    }
    return !good;
}
