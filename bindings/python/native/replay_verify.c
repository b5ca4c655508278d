/* SPDX-License-Identifier: MIT
 * Contents of blocks that can be told apart. */
#include "replay_verify.h"

/* Neighbouring bytes and neighbouring seeds differ, so that a block moved by any distance is not taken for intact. */
static uint8_t content(uint32_t seed, size_t i)
{
    return (uint8_t)((seed + (uint32_t)i * 0x9E3779B1U) * 0x85EBCA6BU >> 24);
}

void replay_fill(const engine_t *engine, defrag_pool *pool, const replay_block *block, size_t from)
{
    void *address = NULL;
    if (engine->lock(pool, block->handle, &address) != DEFRAG_OK) {
        return; /* told by the look that follows */
    }
    uint8_t *bytes = address;
    for (size_t i = from; i < block->bytes; i++) {
        bytes[i] = content(block->born, i);
    }
    engine->unlock(pool, block->handle);
}

static const uint8_t *look_at(const engine_t *engine, defrag_pool *pool, const replay_block *block)
{
    const void *address = NULL;
    return engine->lock_shared(pool, block->handle, &address) == DEFRAG_OK ? address : NULL;
}

bool replay_is_intact(const engine_t *engine, defrag_pool *pool, const replay_block *block, size_t bytes)
{
    const uint8_t *found = look_at(engine, pool, block);
    if (found == NULL) {
        return false;
    }
    bool intact = (uintptr_t)found % block->alignment == 0;
    for (size_t i = 0; i < bytes; i++) {
        intact = intact && found[i] == content(block->born, i);
    }
    return engine->unlock(pool, block->handle) == DEFRAG_OK && intact;
}

bool replay_is_zeroed(const engine_t *engine, defrag_pool *pool, const replay_block *block)
{
    const uint8_t *found = look_at(engine, pool, block);
    if (found == NULL) {
        return false;
    }
    bool zeroed = true;
    for (size_t i = 0; i < block->bytes; i++) {
        zeroed = zeroed && found[i] == 0;
    }
    return engine->unlock(pool, block->handle) == DEFRAG_OK && zeroed;
}
