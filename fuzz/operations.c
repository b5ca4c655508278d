/* SPDX-License-Identifier: MIT
 *
 * Any sequence of calls on a pool of any shape, each judged by the shadow model. The input:
 *
 *   2 bytes   size of the pool
 *   1 byte    where in a page it begins
 *   1 byte    how far an image may be shifted when it is attached elsewhere
 *   1 byte    handles set aside
 *   1 byte    watermark
 *   1 byte    odd: an observer looks at the pool after every event
 *   8 bytes   for each operation, as model_decode reads them */
#include "fuzz.h"
#include "model.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 7, PLACES = 1024, ALIGNED = 32, SMALL = 4 << 10, OCTAVES = 5, MOST_OPERATIONS = 512, MOST_AT_ONCE = 16 };

static model_block blocks[PLACES];

/* Mostly small, as small pools see most in few operations; up to 64 KiB; whole granules or not. */
static uint32_t pool_bytes(uint32_t raw)
{
    uint32_t small = DEFRAG_MIN_POOL_BYTES + raw % (SMALL - DEFRAG_MIN_POOL_BYTES);
    uint32_t high = raw >> 12;
    return high < 16 - OCTAVES ? small : small << (high - (16 - OCTAVES));
}

/* A block that has moved must be where the event says, and unlocked. */
static void judge_move(const defrag_pool *pool, const defrag_event *event)
{
    defrag_block shown = DEFRAG_BLOCK_INIT;
    while (defrag_walk(pool, &shown)) {
        if (shown.handle == event->handle) {
            if (shown.offset != event->offset || shown.bytes != event->bytes || shown.locks != 0) {
                fuzz_fail("a block moved while locked, or elsewhere than told");
            }
            return;
        }
    }
    fuzz_fail("a block moved that does not exist");
}

static void on_event(void *context, const defrag_pool *pool, const defrag_event *event)
{
    const model *m = context;
    int32_t broken = 0;
    if (defrag_check(pool, &broken) != DEFRAG_OK) {
        fuzz_fail("operation %u: broken at event %d: %s", m->operations, event->kind, defrag_invariant_text(broken));
    }
    if (defrag_compact(m->pool) != DEFRAG_BUSY) {
        fuzz_fail("operation %u: an observer changes the pool", m->operations);
    }
    if (event->kind == DEFRAG_EVENT_MOVE) {
        judge_move(pool, event);
    }
}

static bool run(model *m, fuzz_source *source, bool observed)
{
    for (uint32_t i = 0; i < MOST_OPERATIONS && source->left >= MODEL_OP_BYTES; i++) {
        if (observed && defrag_observe(m->pool, on_event, m) != DEFRAG_OK) { /* again, as attaching ends it */
            fuzz_fail("a pool cannot be observed");
        }
        model_op op = model_decode(m, source->at);
        source->at += MODEL_OP_BYTES;
        source->left -= MODEL_OP_BYTES;
        if (!model_apply(m, op)) {
            return false;
        }
    }
    return model_finish(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_source source = { data, size };
    uint32_t bytes = pool_bytes(fuzz_number(&source, 2));
    uint32_t begin = fuzz_number(&source, 1) * ALIGNED;
    uint32_t room = fuzz_number(&source, 1) % 32 * ALIGNED;
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = fuzz_number(&source, 1) % (bytes / 64);
    config.watermark = fuzz_number(&source, 1) * bytes / 256;
    bool observed = fuzz_number(&source, 1) % 2 != 0;
    unsigned char *memory = fuzz_memory(begin + bytes + room);
    void *spare = fuzz_memory(bytes + room);
    void *scratch = fuzz_memory(bytes + room);
    const model_setup setup = { memory + begin, spare, scratch, bytes, room, blocks, PLACES, 1, &config };
    static model m;
    if (!model_init(&m, &setup) || !run(&m, &source, observed)) {
        fuzz_fail("operation %u: %s (line %d of the model)", m.failed_operation, m.failure, m.line);
    }
    free(memory);
    free(spare);
    free(scratch);
    return 0;
}

/* ------------------------------------------------------------------------------------------------------------- mutation */

/* libFuzzer's own, which changes bytes without knowing operations; other engines have none, and mutate in their own way. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

/* Makes a gap for as many operations as there is room for, and fills it with what comes of random numbers. */
static size_t insert(uint8_t *data, size_t size, size_t at, size_t count, random_source *source)
{
    memmove(data + at + count * MODEL_OP_BYTES, data + at, size - at);
    for (size_t i = 0; i < count; i++) {
        uint64_t drawn = random_64(source);
        memcpy(data + at + i * MODEL_OP_BYTES, &drawn, MODEL_OP_BYTES);
    }
    return size + count * MODEL_OP_BYTES;
}

static size_t erase(uint8_t *data, size_t size, size_t at)
{
    memmove(data + at, data + at + MODEL_OP_BYTES, size - at - MODEL_OP_BYTES);
    return size - MODEL_OP_BYTES;
}

/* Inserts, erases, repeats and changes whole operations as often as it changes bytes. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    random_source source = { seed };
    uint32_t way = random_below(&source, 8);
    if (size < HEAD + MODEL_OP_BYTES || size + MOST_AT_ONCE * MODEL_OP_BYTES > most || way >= 4) {
        return LLVMFuzzerMutate(data, size, most);
    }
    uint32_t operations = (uint32_t)(size - HEAD) / MODEL_OP_BYTES;
    size_t at = HEAD + (size_t)random_below(&source, operations) * MODEL_OP_BYTES;
    size_t other = HEAD + (size_t)random_below(&source, operations) * MODEL_OP_BYTES;
    switch (way) {
    case 0: return insert(data, size, at, 1 + random_below(&source, MOST_AT_ONCE), &source);
    case 1: return erase(data, size, at);
    case 2: memmove(data + at, data + other, MODEL_OP_BYTES); return size;
    default: data[at + random_below(&source, MODEL_OP_BYTES)] = (uint8_t)random_64(&source); return size;
    }
}
