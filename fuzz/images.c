/* SPDX-License-Identifier: MIT
 *
 * Images that are none, and pools that are damaged: whatever is called on them comes back and touches nothing outside.
 * The input:
 *
 *   1 byte    odd: a sound pool is damaged, even: the memory is the rest of the input
 *   2 bytes   size of the memory
 *   2 bytes   how many operations make the pool, and how many bytes are damaged
 *   8 bytes   for each operation, as model_decode reads them
 *   3 bytes   for each byte that is damaged: where, and how
 *   8 bytes   for each call: which, on which handle, how large, how many */
#include "damage/calls.h"
#include "fuzz.h"
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "handles.h"

enum { SPREAD = 4096, PLACES = 1024, MOST_CALLS = 32, KNOWN = 16 };

static model_block blocks[PLACES];
static defrag_handle known[KNOWN];

static uint32_t of_known(const defrag_pool *pool)
{
    uint32_t slots = pool->slots < KNOWN ? pool->slots : KNOWN;
    for (uint32_t slot = 0; slot < slots; slot++) {
        known[slot] = handle_of(pool, slot, entry(pool, slot));
    }
    return slots;
}

/* Bytes that pass for a quiet pool of this size at first sight. Returns how many handles are known. */
static uint32_t take_bytes(unsigned char *memory, uint32_t bytes, fuzz_source *source)
{
    size_t given = source->left < bytes ? source->left : bytes;
    defrag_pool *pool = (defrag_pool *)(void *)memory;
    defrag_pool *attached;
    memset(memory, 0, bytes);
    memcpy(memory, source->at, given);
    (void)defrag_attach(memory, bytes, &attached);
    uint32_t most = (bytes - header_offset(defrag_first_in(bytes))) / WORD;
    pool->table = bytes - WORD;
    pool->slots = (half_t)(pool->slots % (most < MAX_SLOTS ? most : MAX_SLOTS));
    pool->identity += POOL_QUIET - vouched(pool);
    return of_known(pool);
}

/* Changes some bytes. False if it says then, and vouches for it, that it reaches elsewhere: that is no damage but a lie. */
static bool damage(defrag_pool *pool, uint32_t times, fuzz_source *source)
{
    uint32_t table = pool->table;
    uint32_t slots = pool->slots;
    uint32_t bytes = bytes_of(pool);
    for (; times != 0; times--) {
        uint32_t at = fuzz_number(source, 2) % bytes;
        ((unsigned char *)pool)[at] ^= (unsigned char)fuzz_number(source, 1);
    }
    return (pool->table == table && pool->slots == slots) || defrag_ready(pool) == DEFRAG_INVALID_POOL;
}

static uint32_t make_pool(unsigned char *memory, uint32_t bytes, fuzz_source *source)
{
    static model m;
    model_setup space = { memory, NULL, NULL, bytes, 0, blocks, PLACES, 0, NULL };
    uint32_t operations = fuzz_number(source, 1);
    uint32_t times = fuzz_number(source, 1) % 8;
    bool good = model_init(&m, &space);
    for (; good && operations != 0 && source->left >= MODEL_OP_BYTES; operations--) {
        good = model_apply(&m, model_decode(&m, source->at));
        source->at += MODEL_OP_BYTES;
        source->left -= MODEL_OP_BYTES;
    }
    if (!good) {
        fuzz_fail("%s (line %d of the model)", m.failure, m.line);
    }
    uint32_t handles = of_known(m.pool);
    if (!damage(m.pool, times, source)) {
        source->left = 0;
    }
    return handles;
}

static void call(unsigned char *memory, uint32_t bytes, uint32_t handles, fuzz_source *source)
{
    uint32_t which = fuzz_number(source, 1) % DAMAGE_CALLS;
    uint32_t handle = fuzz_number(source, 2);
    uint32_t size = fuzz_number(source, 2);
    damage_target target = { memory, bytes, handle, size, fuzz_number(source, 3) };
    if (handles != 0) {
        target.handle = known[handle % handles];
    }
    if (damage_call(which, &target) == DAMAGE_ENDLESS) {
        fuzz_fail("%s does not end", damage_name(which));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_source source = { data, size };
    bool sound = fuzz_number(&source, 1) % 2 != 0;
    uint32_t bytes = (DEFRAG_MIN_POOL_BYTES + fuzz_number(&source, 2) % SPREAD) & ~(uint32_t)31;
    unsigned char *memory = fuzz_memory(bytes);
    uint32_t handles = sound ? make_pool(memory, bytes, &source) : take_bytes(memory, bytes, &source);
    for (uint32_t i = 0; i < MOST_CALLS && source.left != 0; i++) {
        call(memory, bytes, handles, &source);
    }
    free(memory);
    return 0;
}
