/* SPDX-License-Identifier: MIT
 *
 * Calls that take constant time, on pools of growing size: steady random traffic of FAST allocations, locks, unlocks and
 * frees, so that a profiler can count what each call executes. The number of blocks grows with the pool.
 *
 * Usage: bench-constant POOL_BYTES OPERATIONS
 */
#include <stdio.h>
#include <stdlib.h>

#include "defrag.h"

enum { LARGEST_POOL = 256 * 1024, MOST_BLOCKS = LARGEST_POOL / 16, MEAN_COST = 80 };

static _Alignas(32) unsigned char memory[LARGEST_POOL];
static defrag_handle blocks[MOST_BLOCKS];

static uint32_t draw(uint32_t *state)
{
    /* Marsaglia's xorshift, "Xorshift RNGs", 2003. */
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void require(defrag_status status)
{
    if (status != DEFRAG_OK) {
        fprintf(stderr, "bench-constant: %s\n", defrag_status_text(status));
        exit(1);
    }
}

static void replace(defrag_pool *pool, defrag_handle *block, uint32_t *state)
{
    if (*block != DEFRAG_NO_HANDLE) {
        void *address;
        require(defrag_lock(pool, *block, &address));
        require(defrag_unlock(pool, *block));
        require(defrag_free(pool, *block));
    }
    /* A refusal leaves no handle, and the place empty until its turn comes again. */
    (void)defrag_alloc(pool, 8 + draw(state) % 113, DEFRAG_FAST, block);
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fputs("usage: bench-constant POOL_BYTES OPERATIONS\n", stderr);
        return 2;
    }
    size_t bytes = strtoul(arguments[1], NULL, 10);
    unsigned long operations = strtoul(arguments[2], NULL, 10);
    defrag_pool *pool;
    uint32_t state = 1;

    require(defrag_init(memory, bytes <= sizeof memory ? bytes : 0, NULL, &pool));
    for (unsigned long i = 0; i < operations; i++) {
        replace(pool, &blocks[draw(&state) % (bytes / MEAN_COST)], &state);
    }
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    require(defrag_stats(pool, &stats));
    printf("%zu live blocks, %zu of %zu bytes free, %zu refusals\n", stats.live, stats.free, stats.pool_bytes,
           stats.refused);
    return 0;
}
