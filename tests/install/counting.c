/* SPDX-License-Identifier: MIT
 *
 * Makes calls of every kind, and ends with 0 if each was guarded, and guarded once, but where it lets others in. */
#include "counting.h"

#include <defrag.h>
#include <stdio.h>

int counted_depth;
int counted_entries;
int counted_wrong;

static _Alignas(8) unsigned char memory[4096];

/* Whether what was called since the last time has entered so often, or at least so often if it may let others in. */
static bool counted(int expected, bool or_more)
{
    int entries = counted_entries;
    counted_entries = 0;
    return counted_depth == 0 && counted_wrong == 0 && (or_more ? entries > expected : entries == expected);
}

#define DEMAND(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("not so: %s (entries %d, depth %d)\n", #condition, counted_entries, counted_depth);                 \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

int main(void)
{
    defrag_pool *pool;
    defrag_handle handles[3];
    void *address;
    const void *shared;
    defrag_pool_stats stats = DEFRAG_STATS_INIT;

    DEMAND(defrag_init(memory, sizeof memory, NULL, &pool) == DEFRAG_OK && counted(1, false));
    for (int i = 0; i < 3; i++) {
        DEMAND(defrag_alloc(pool, 500, DEFRAG_FAST, &handles[i]) == DEFRAG_OK && counted(1, false));
    }
    DEMAND(defrag_lock(pool, handles[1], &address) == DEFRAG_OK && counted(1, false));
    DEMAND(defrag_lock_shared(pool, handles[1], &shared) == DEFRAG_LOCKED && counted(1, false));
    DEMAND(defrag_unlock(pool, handles[1]) == DEFRAG_OK && counted(1, false));
    DEMAND(defrag_free(pool, handles[0]) == DEFRAG_OK && counted(1, false));
    DEMAND(defrag_stats(pool, &stats) == DEFRAG_OK && counted(1, false));
    DEMAND(defrag_compact(pool) == DEFRAG_OK && counted(1 + 500 / 128, true));
    DEMAND(defrag_check(pool, NULL) == DEFRAG_OK && counted(1, false));
    DEMAND(defrag_deinit(pool) == DEFRAG_OK && counted(1, false));
    DEMAND(defrag_free(NULL, handles[1]) == DEFRAG_INVALID_POOL && counted(1, false));
    return 0;
}
