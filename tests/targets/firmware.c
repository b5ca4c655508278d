/* SPDX-License-Identifier: MIT
 *
 * The one argument is a seed; without it a new one is drawn from the clock of the host. */
#include "firmware.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Both the C library and the emulator put a name of the program before the first. */
enum { FIRST_ARGUMENT = 2 };

/* GROUND_BYTES and PLACES are what the board has room for. */
enum { ROOM = 64, HANDLES = PLACES * sizeof(model_block) / sizeof(defrag_handle) };

static _Alignas(64) unsigned char memory[GROUND_BYTES + ROOM];
static _Alignas(64) unsigned char other[GROUND_BYTES + ROOM];
static _Alignas(64) unsigned char scratch[GROUND_BYTES + ROOM];

/* No test needs both. */
static union {
    model_block blocks[PLACES];
    defrag_handle handles[HANDLES];
} books;

static bool run(const firmware_test *test, uint32_t seed)
{
    static model m;
    ground g = { .memory = memory,
                 .other = other,
                 .scratch = scratch,
                 .bytes = GROUND_BYTES,
                 .room = ROOM,
                 .handles = books.handles,
                 .most_handles = HANDLES,
                 .m = &m,
                 .blocks = books.blocks,
                 .places = PLACES,
                 .seed = seed };
    bool good = test->run(&g);
    if (!good) {
        printf("# %s (line %d, operation %lu of the model); repeat with the argument %lu\n", g.failure, g.line,
               (unsigned long)g.operation, (unsigned long)seed);
    }
    return good;
}

int main(int count, char **arguments)
{
    uint32_t seed =
        (uint32_t)(count > FIRST_ARGUMENT ? strtoul(arguments[FIRST_ARGUMENT], NULL, 0) : (unsigned long)time(NULL));
    size_t failed = 0;
    printf("1..%u\n# seed %lu\n", (unsigned)firmware_count, (unsigned long)seed);
    for (size_t i = 0; i < firmware_count; i++) {
        bool good = run(&firmware_tests[i], seed);
        failed += !good;
        printf("%sok %u - %s\n", good ? "" : "not ", (unsigned)(i + 1), firmware_tests[i].name);
    }
    return failed != 0;
}
