/* SPDX-License-Identifier: MIT
 *
 * Random operations judged by the model, as a plain program for machines that no test framework reaches.
 */
#include "model.h"
#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = 16384, ROOM = 1024, PLACES = 2048, OPERATIONS = 20000 };

static _Alignas(DEFRAG_MAX_ALIGNMENT) unsigned char memory[BYTES + ROOM];
static _Alignas(DEFRAG_MAX_ALIGNMENT) unsigned char spare[BYTES + ROOM];
static _Alignas(DEFRAG_MAX_ALIGNMENT) unsigned char scratch[BYTES + ROOM];

static bool apply_random(model *m, random_source *source)
{
    uint64_t raw = random_64(source);
    unsigned char bytes[MODEL_OP_BYTES];

    memcpy(bytes, &raw, sizeof bytes);
    return model_apply(m, model_decode(m, bytes));
}

int main(int argc, char **argv)
{
    static model m;
    static model_block blocks[PLACES];
    uint64_t seed = argc == 2 ? strtoull(argv[1], NULL, 0) : 1;
    random_source source = { seed };
    model_setup setup = { memory, spare, scratch, BYTES, ROOM, blocks, PLACES, 1, NULL };
    bool good = model_init(&m, &setup);

    for (int i = 0; good && i < OPERATIONS; i++) {
        good = apply_random(&m, &source);
    }
    if (good && model_finish(&m)) {
        return 0;
    }
    fprintf(stderr, "%s, in operation %" PRIu32 " (line %d of the model); replay with the seed %" PRIu64 "\n",
            m.failure, m.failed_operation, m.line, seed);
    return 1;
}
