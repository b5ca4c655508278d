/* SPDX-License-Identifier: MIT
 *
 * Keeps interrupts out on a RISC-V in machine mode without an operating system: -DDEFRAG_CONFIG='"ports/mstatus.h"' */
#ifndef DEFRAG_PORTS_MSTATUS_H
#define DEFRAG_PORTS_MSTATUS_H

#include <stdint.h>

typedef uint32_t defrag_critical; /* MIE of mstatus, in its place */

static inline defrag_critical defrag_enter(void)
{
    defrag_critical before;
    __asm__ volatile(".option push\n\t.option arch, +zicsr\n\tcsrrci %0, mstatus, 8\n\t.option pop"
                     : "=r"(before)
                     :
                     : "memory");
    return before & 8;
}

static inline void defrag_exit(defrag_critical before)
{
    __asm__ volatile(".option push\n\t.option arch, +zicsr\n\tcsrs mstatus, %0\n\t.option pop"
                     :
                     : "r"(before)
                     : "memory");
}

#endif
