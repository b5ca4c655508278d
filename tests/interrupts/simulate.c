/* SPDX-License-Identifier: MIT
 *
 * A program under simulated interrupts: simulate INTERRUPTS [SEED]. Prints the seed that replays a failure. */
#include "interrupts.h"
#include "random.h"
#include "simulated.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LEAST_BYTES = 4096, POOL_BYTES = 2 * LEAST_BYTES };

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

int main(int count, char **arguments)
{
    static _Alignas(64) unsigned char memory[POOL_BYTES];
    uint32_t wanted = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : 100000;
    uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 10) : (uint64_t)time(NULL);
    one_in = 1 + (uint32_t)seed % 3;
    phase.state = seed ^ 0x5DEECE66DU;
    size_t bytes = LEAST_BYTES + seed % 8 * (LEAST_BYTES / 8);
    bool good = interrupts_begin(memory, bytes, seed);
    while (good && interrupts_seen.interrupts < wanted) {
        good = interrupts_work();
    }
    good = good && interrupts_end();
    printf("%" PRIu32 " interrupts, %" PRIu32 " of them within moving calls, read %" PRIu32
           " blocks, allocated %" PRIu32 ", met %" PRIu32 " and %" PRIu32 " blocks on their way; seed %" PRIu64 "\n",
           interrupts_seen.interrupts, interrupts_seen.within, interrupts_seen.read, interrupts_seen.allocated,
           interrupts_seen.locked, interrupts_seen.kept, seed);
    if (!good) {
        printf("failed: %s (line %d)\n", interrupts_seen.failure, interrupts_seen.line);
    }
    return !good;
}
