/* SPDX-License-Identifier: MIT
 *
 * Hooks for -Dconfig that count: every call enters as often as it exits, and gets back what it was given. */
#ifndef DEFRAG_TESTS_COUNTING_H
#define DEFRAG_TESTS_COUNTING_H

typedef int defrag_critical; /* how deep the calls were nested before */

extern int counted_depth;
extern int counted_entries;
extern int counted_wrong; /* exits that were given something else than the entry returned */

static inline defrag_critical defrag_enter(void)
{
    counted_entries++;
    return counted_depth++;
}

static inline void defrag_exit(defrag_critical before)
{
    counted_depth--;
    counted_wrong += before != counted_depth;
}

#endif
