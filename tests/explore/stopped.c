/* SPDX-License-Identifier: MIT
 *
 * The mover, stopped before every store: stopped OPERATIONS [SEED]. Whoever looks at the pool then must find each block
 * whole where its table entry says, or, while blocks slide over themselves, its lower part copied and the rest where the
 * entry says, but for as much as a chunk of the copy, which is in registers.
 *
 * The library is compiled as for ThreadSanitizer, which has it call a function before each store; here that is not the
 * sanitizer's. Stores of several words are taken apart, lowest first, as a core stores them. The model drives and verifies. */
#include "pool.h"
#include "traffic.h"

#include "model_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LARGEST_POOL = 1024, ROOM = 64, PLACES = 256, OPERATIONS_OF_POOL = 2000, CHUNK = 32 };

static _Alignas(1024) unsigned char memory[LARGEST_POOL + ROOM];
static _Alignas(1024) unsigned char spare[LARGEST_POOL + ROOM];
static _Alignas(1024) unsigned char scratch[LARGEST_POOL + ROOM];
static model_block blocks[PLACES];
static model m;

/* ------------------------------------------------------------------------------------------------------------- judging */

/* The pool as it was at the last stop, brought up to date word by word. */
static _Alignas(1024) unsigned char stopped[LARGEST_POOL];
static bool watching;
static bool rotates; /* the call may rotate a block, which leaves nothing whole meanwhile */
static defrag_handle resized;
static uint32_t resized_to;

static struct {
    uint64_t calls;
    uint64_t stores;
    uint64_t sliding;  /* stops at which a block was not whole where its entry says, as it slid */
    uint64_t rotating; /* and as it was rotated */
    const char *failure;
} seen;

static word_t entry_of(const model_block *block)
{
    const defrag_pool *pool = (const defrag_pool *)(const void *)stopped;
    return entry(pool, (block->handle - pool->handle_base) & SLOT_AND_TAG_MASK);
}

/* What must be kept of a block: not what a resize cuts off. */
static uint32_t kept_of(const model_block *block)
{
    return block->handle == resized && resized_to < block->usable ? resized_to : block->usable;
}

static bool is_whole(const model_block *block, uint32_t g)
{
    uint32_t bytes = kept_of(block);
    return usable_offset(g) + bytes <= m.bytes && model_matches(block, stopped + usable_offset(g), bytes);
}

static uint32_t place_of(const model_block *block)
{
    return index_in(entry_of(block));
}

/* How many bytes at the beginning are lost at g: all but the longest end that is as it should be. */
static uint32_t lost_at(const model_block *block, uint32_t g)
{
    uint32_t lost = 0;
    model_block wanted = *block;
    unsigned char whole[LARGEST_POOL];
    wanted.usable = kept_of(block);
    model_fill(&wanted, whole, 0);
    for (uint32_t i = 0; i < wanted.usable; i++) {
        lost = stopped[usable_offset(g) + i] != whole[i] ? i + 1 : lost;
    }
    return lost;
}

/* Whether the block at g may be sliding to `to`: what lies between would slide along. */
static bool may_slide(const model_block *block, uint32_t g, uint32_t to)
{
    uint32_t lost = lost_at(block, g);
    if (!model_matches(block, stopped + usable_offset(to), lost > CHUNK ? lost - CHUNK : 0)) {
        return false;
    }
    for (uint32_t i = 0; i < m.places; i++) {
        const model_block *other = &m.blocks[i];
        uint32_t at = other->handle != DEFRAG_NO_HANDLE ? place_of(other) : 0;
        if (at > to && at < g && is_whole(other, at) && !is_whole(other, at - (g - to))) {
            return false;
        }
    }
    return true;
}

static bool is_sliding(const model_block *block)
{
    uint32_t g = place_of(block);
    if (block->shared != 0 || block->exclusive != 0) {
        return false;
    }
    for (uint32_t to = g; to-- > m.first / m.granule;) {
        if (may_slide(block, g, to)) {
            return true;
        }
    }
    return false;
}

/* Judges the stopped pool. */
static void judge(void)
{
    bool slides = false;
    bool lost = false;
    for (uint32_t i = 0; i < m.places; i++) {
        const model_block *block = &m.blocks[i];
        if (block->handle != DEFRAG_NO_HANDLE && !is_whole(block, place_of(block))) {
            slides = true;
            lost = lost || !is_sliding(block);
        }
    }
    seen.stores++;
    seen.sliding += slides && !lost;
    seen.rotating += lost && rotates;
    if (lost && !rotates) {
        seen.failure = "a block is nowhere whole";
    }
}

static void stop(void)
{
    if (!watching) {
        return;
    }
    for (uint32_t at = 0; at < m.bytes; at += 4) {
        if (memcmp(stopped + at, m.memory + at, 4) != 0) {
            memcpy(stopped + at, m.memory + at, 4);
            judge();
        }
    }
}

/* ------------------------------------------------------------------------------------------- what is called before stores */

#define BEFORE(name)                                                                                                   \
    void name(void *address);                                                                                          \
    void name(void *address)                                                                                           \
    {                                                                                                                  \
        (void)address;                                                                                                 \
        stop();                                                                                                        \
    }
#define NOTHING(name)                                                                                                  \
    void name(void *address);                                                                                          \
    void name(void *address)                                                                                           \
    {                                                                                                                  \
        (void)address;                                                                                                 \
    }

BEFORE(__tsan_write1)
BEFORE(__tsan_write2)
BEFORE(__tsan_write4)
BEFORE(__tsan_write8)
BEFORE(__tsan_write16)
BEFORE(__tsan_unaligned_write2)
BEFORE(__tsan_unaligned_write4)
BEFORE(__tsan_unaligned_write8)
BEFORE(__tsan_unaligned_write16)
NOTHING(__tsan_read1)
NOTHING(__tsan_read2)
NOTHING(__tsan_read4)
NOTHING(__tsan_read8)
NOTHING(__tsan_read16)
NOTHING(__tsan_unaligned_read2)
NOTHING(__tsan_unaligned_read4)
NOTHING(__tsan_unaligned_read8)
NOTHING(__tsan_unaligned_read16)
NOTHING(__tsan_func_entry)

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}
void __tsan_init(void);
void __tsan_init(void)
{
}

/* ---------------------------------------------------------------------------------------------------- what is stopped */

static void begin(void)
{
    memcpy(stopped, m.memory, m.bytes);
    watching = seen.failure == NULL;
    seen.calls++;
}

static defrag_status end(defrag_status status)
{
    stop();
    watching = false;
    rotates = false;
    resized = DEFRAG_NO_HANDLE;
    return status;
}

defrag_status __real_defrag_alloc_with(defrag_pool *pool, const defrag_request *request, defrag_handle *handle);
defrag_status __wrap_defrag_alloc_with(defrag_pool *pool, const defrag_request *request, defrag_handle *handle);
defrag_status __wrap_defrag_alloc_with(defrag_pool *pool, const defrag_request *request, defrag_handle *handle)
{
    begin();
    return end(__real_defrag_alloc_with(pool, request, handle));
}

defrag_status __real_defrag_resize(defrag_pool *pool, defrag_handle handle, size_t bytes, defrag_fit fit);
defrag_status __wrap_defrag_resize(defrag_pool *pool, defrag_handle handle, size_t bytes, defrag_fit fit);
defrag_status __wrap_defrag_resize(defrag_pool *pool, defrag_handle handle, size_t bytes, defrag_fit fit)
{
    rotates = fit == DEFRAG_MAKE_ROOM;
    resized = handle;
    resized_to = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
    begin();
    return end(__real_defrag_resize(pool, handle, bytes, fit));
}

defrag_status __real_defrag_step(defrag_pool *pool, size_t bytes, size_t looks, defrag_progress *progress);
defrag_status __wrap_defrag_step(defrag_pool *pool, size_t bytes, size_t looks, defrag_progress *progress);
defrag_status __wrap_defrag_step(defrag_pool *pool, size_t bytes, size_t looks, defrag_progress *progress)
{
    begin();
    return end(__real_defrag_step(pool, bytes, looks, progress));
}

defrag_status __real_defrag_compact(defrag_pool *pool);
defrag_status __wrap_defrag_compact(defrag_pool *pool);
defrag_status __wrap_defrag_compact(defrag_pool *pool)
{
    if (watching) { /* a resize calls it */
        return __real_defrag_compact(pool);
    }
    begin();
    return end(__real_defrag_compact(pool));
}

/* ------------------------------------------------------------------------------------------------------------- driving */

int main(int count, char **arguments)
{
    static const model_setup space = { memory, spare, scratch, LARGEST_POOL, ROOM, blocks, PLACES, 0, NULL };
    uint64_t operations = count > 1 ? strtoull(arguments[1], NULL, 10) : 100000;
    uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 10) : (uint64_t)time(NULL);
    random_source source = { seed };
    uint64_t moves = 0;
    for (uint64_t done = 0; done < operations && m.failure == NULL && seen.failure == NULL;) {
        done += traffic_work(&m, &space, &source, OPERATIONS_OF_POOL);
        const defrag_pool *pool = (const defrag_pool *)(const void *)m.memory;
        moves += pool->moved_blocks[0]; /* which are still to be read there */
    }
    const char *failure = seen.failure != NULL ? seen.failure : m.failure;
    printf("stopped at %" PRIu64 " stores of %" PRIu64 " calls with %" PRIu64 " moves: at %" PRIu64
           " of them blocks slid, at %" PRIu64 " they were rotated; seed %" PRIu64 "\n",
           seen.stores, seen.calls, moves, seen.sliding, seen.rotating, seed);
    if (failure != NULL) {
        fprintf(stderr, "stopped: %s; repeat with stopped %" PRIu64 " %" PRIu64 "\n", failure, operations, seed);
    }
    return failure != NULL;
}
