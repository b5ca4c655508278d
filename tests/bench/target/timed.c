/* SPDX-License-Identifier: MIT */
#include "timed.h"

#include "counter.h"

timed_figures timed;
uint32_t timed_last;
uint32_t timed_overhead;

/* Functions of one instruction, the return, and of five. */
uintptr_t timed_one(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d);
uintptr_t timed_five(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d);

#if defined(__riscv)
#define RETURN "ret"
#define FUNCTION(name) ".globl " #name "\n.type " #name ", %function\n" #name ":\n"
#else
#define RETURN "bx lr"
#define FUNCTION(name) ".thumb_func\n.globl " #name "\n.type " #name ", %function\n" #name ":\n"
#endif
__asm__(".text\n" FUNCTION(timed_one) RETURN "\n" FUNCTION(timed_five) "nop\nnop\nnop\nnop\n" RETURN "\n");

__attribute__((noinline)) uintptr_t timed_call(timed_function *function, uintptr_t a, uintptr_t b, uintptr_t c,
                                               uintptr_t d)
{
    uint32_t from = counter_read();
    uintptr_t result = function(a, b, c, d);
    uint32_t to = counter_read();
    timed_last = counter_between(from, to) - timed_overhead;
    return result;
}

bool timed_start(void)
{
    counter_start();
    timed_overhead = 0;
    (void)timed_call(timed_one, 0, 0, 0, 0);
    timed_overhead = timed_last - 1;
    for (uint32_t i = 0; i < 1000; i++) {
        (void)timed_call(timed_five, 0, 0, 0, 0);
        if (timed_last != 5) {
            return false;
        }
    }
    return true;
}

void timed_note(uint32_t kind, bool served)
{
    timed_sum *sum = served ? &timed.served[kind] : &timed.refused[kind];
    sum->calls++;
    sum->instructions += timed_last;
    if (timed_last > sum->worst) {
        sum->worst = timed_last;
    }
}
