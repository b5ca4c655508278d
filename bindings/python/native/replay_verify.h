/* SPDX-License-Identifier: MIT
 * Contents of blocks that can be told apart, to find out whether the pool keeps them. */
#ifndef REPLAY_VERIFY_H
#define REPLAY_VERIFY_H

#include "engine.h"

/* A block of the trace, as long as it lives. */
typedef struct {
    defrag_handle handle; /* DEFRAG_NO_HANDLE: the pool refused it */
    uint32_t bytes;
    uint32_t alignment;
    uint32_t born;  /* the operation that allocated it, from which its contents follow */
    uint32_t locks; /* that the trace holds */
    bool held;      /* locked while it lives, as the options want it */
} replay_block;

/* How often it is locked. */
static inline uint32_t replay_locks(const replay_block *block)
{
    return block->locks + block->held;
}

/* Fills a block from byte `from` to its end. */
void replay_fill(const engine_t *engine, defrag_pool *pool, const replay_block *block, size_t from);

/* Tells whether the first `bytes` of a block are as they were filled, and its address as it was asked for. */
bool replay_is_intact(const engine_t *engine, defrag_pool *pool, const replay_block *block, size_t bytes);

/* Tells whether the whole block is zero. */
bool replay_is_zeroed(const engine_t *engine, defrag_pool *pool, const replay_block *block);

#endif
