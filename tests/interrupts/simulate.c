/* SPDX-License-Identifier: MIT
 *
 * A program under simulated interrupts: simulate INTERRUPTS [SEED]. Each 100,000 of them have a pool and a seed of their own;
 * prints the seed that replays a failure. */
#include "interrupts.h"
#include "random.h"
#include "simulated.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LEAST_BYTES = 4096, POOL_BYTES = 2 * LEAST_BYTES, INTERRUPTS_OF_POOL = 100000 };

static bool kept_out;
static bool running;
static uint32_t one_in; /* times that one may come, one does */
static random_source phase;

defrag_critical defrag_enter(void)
{
    defrag_critical before = kept_out;
    kept_out = true;
    return before;
}

void defrag_exit(defrag_critical before)
{
    kept_out = before;
    if (!kept_out && !running && random_below(&phase, one_in) == 0) {
        running = true;
        interrupts_handle();
        running = false;
    }
}

/* So many interrupts more on a new pool. */
static bool work_on_new_pool(uint32_t interrupts, uint64_t seed)
{
    static _Alignas(64) unsigned char memory[POOL_BYTES];
    uint32_t last = interrupts_seen.interrupts + interrupts;
    one_in = 1 + (uint32_t)seed % 3;
    phase.state = seed ^ 0x5DEECE66DU;
    bool good = interrupts_begin(memory, LEAST_BYTES + seed % 8 * (LEAST_BYTES / 8), seed);
    while (good && interrupts_seen.interrupts < last) {
        good = interrupts_work();
    }
    return good && interrupts_end();
}

int main(int count, char **arguments)
{
    uint32_t wanted = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : 100000;
    uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 10) : (uint64_t)time(NULL);
    bool good = true;
    while (good && interrupts_seen.interrupts < wanted) {
        good = work_on_new_pool(INTERRUPTS_OF_POOL, seed++);
    }
    printf("%" PRIu32 " interrupts, %" PRIu32 " of them within moving calls, read %" PRIu32
           " blocks, allocated %" PRIu32 ", met %" PRIu32 " and %" PRIu32 " blocks on their way; last seed %" PRIu64
           "\n",
           interrupts_seen.interrupts, interrupts_seen.within, interrupts_seen.read, interrupts_seen.allocated,
           interrupts_seen.locked, interrupts_seen.kept, seed - 1);
    if (!good) {
        printf("failed: %s (line %d)\n", interrupts_seen.failure, interrupts_seen.line);
    }
    return !good;
}
