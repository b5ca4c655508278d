/* SPDX-License-Identifier: MIT
 * A critical section that keeps nobody out, for builds that are only looked at. */
typedef int defrag_critical;

static inline defrag_critical defrag_enter(void)
{
    return 0;
}

static inline void defrag_exit(defrag_critical before)
{
    (void)before;
}
