/* SPDX-License-Identifier: MIT
 *
 * The check finds every single flipped bit of the pool's own data, and reads nothing but the pool. So the pools of these
 * tests lie between pages that cannot be read. */
/* For anonymous mappings. */
#define _DEFAULT_SOURCE
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

/* `bytes` of memory that end where the unreadable begins; with a whole page they begin there too. */
static unsigned char *guarded(size_t bytes)
{
    unsigned char *pages = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq((void *)pages, MAP_FAILED);
    cr_assert_eq(mprotect(pages + PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
    return pages + 2 * PAGE - bytes;
}

/* A pool in `memory` after random operations. */
static model *worked(unsigned char *memory, size_t bytes, random_source *source, uint64_t seed)
{
    static model m;
    static model_block blocks[1024];
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = bytes > 256 && random_below(source, 4) == 0 ? 1 + random_below(source, 8) : 0;
    model_setup setup = { memory, NULL, NULL, bytes, 0, blocks, LENGTH(blocks), 0, &config };
    cr_assert(model_init(&m, &setup), "%s", m.failure);
    run_model(&m, source, 20 + random_below(source, 300));
    assert_model(&m, seed);
    cr_assert(model_verify(&m), "%s", m.failure);
    return &m;
}

/* ------------------------------------------------------------------------------------------------------ flipping bits */

typedef struct flips {
    defrag_pool *pool;
    uint64_t tried;
    uint64_t found;
    size_t missed; /* the offset of the last byte in which one was missed */
} flips;

static void flip_each_bit(flips *f, size_t from, size_t to)
{
    unsigned char *bytes = (unsigned char *)f->pool;
    for (size_t i = from; i < to; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (unsigned char)(1U << bit);
            bool found = defrag_check(f->pool, NULL) != DEFRAG_OK;
            bytes[i] ^= (unsigned char)(1U << bit);
            f->tried++;
            f->found += found;
            f->missed = found ? f->missed : i;
        }
    }
}

/* A hole's own data: its header, the word after it, and the last half word. A hole in which a copy is under way has none
 * but its header, and from outside it looks like any other. */
static void flip_hole(flips *f, const defrag_block *hole, size_t word, bool copy_under_way)
{
    size_t end = hole->offset + hole->bytes;
    flip_each_bit(f, hole->offset - word, hole->offset);
    if (!copy_under_way) {
        flip_each_bit(f, hole->offset, hole->offset + word);
        flip_each_bit(f, end > hole->offset + word ? end - word / 2 : end, end);
    }
}

static void flip_block(flips *f, const defrag_block *block, size_t word, size_t granule)
{
    size_t end = block->offset + block->bytes;
    flip_each_bit(f, block->offset - word, block->offset);
    flip_each_bit(f, end, block->alignment > granule ? end + word / 2 : end);
}

static void flip_everything(flips *f, const model *m)
{
    defrag_pool_stats stats = stats_of(m->pool);
    size_t word = stats.block_overhead;
    defrag_block block = DEFRAG_BLOCK_INIT;
    size_t holes = 0;
    flip_each_bit(f, 0, stats.control_bytes);
    while (defrag_walk(m->pool, &block)) {
        if (block.handle != DEFRAG_NO_HANDLE) {
            flip_block(f, &block, word, stats.granule);
        } else if (holes++ < stats.holes) {
            flip_hole(f, &block, word, m->copy_under_way);
        }
    }
    flip_each_bit(f, stats.pool_bytes - stats.handles * stats.handle_overhead, stats.pool_bytes);
    cr_assert_eq(defrag_check(m->pool, NULL), DEFRAG_OK);
}

Test(check, every_single_flipped_bit_of_the_pools_own_data_is_found, .timeout = 100)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    flips f = { 0 };
    for (size_t bytes = 256; bytes <= PAGE; bytes *= 2) {
        unsigned char *memory = guarded(bytes);
        for (size_t state = 0; state < 4096 / bytes * 4 + 4; state++) {
            model *m = worked(memory, bytes, &source, seed);
            f.pool = m->pool;
            flip_everything(&f, m);
            cr_assert_eq(f.found, f.tried,
                         "%" PRIu64 " of %" PRIu64
                         " found; the last one missed was in byte %zu of %zu; DEFRAG_SEED=%" PRIu64,
                         f.found, f.tried, f.missed, bytes, seed);
        }
    }
}

Test(check, a_flip_is_found_while_a_copy_is_under_way)
{
    unsigned char *memory = guarded(2048);
    defrag_pool *pool = new_pool_with(memory, 2048, NULL);
    defrag_handle hole = alloc_block(pool, 300, DEFRAG_FAST);
    defrag_handle handle = alloc_block(pool, 250, DEFRAG_FAST);
    alloc_aligned(pool, 10, 64, DEFRAG_FAST);
    free_block(pool, hole);
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    ASSERT_OK(defrag_step(pool, 100, 10, &progress));
    cr_assert_eq(progress.moved_blocks, 0);
    cr_assert_gt(progress.moved_bytes, 0);
    model m = { .pool = pool, .copy_under_way = true };
    flips f = { .pool = pool };
    flip_everything(&f, &m);
    cr_assert_eq(f.found, f.tried, "%" PRIu64 " of %" PRIu64 ", byte %zu", f.found, f.tried, f.missed);
    cr_assert_neq(handle, DEFRAG_NO_HANDLE);
}

/* ------------------------------------------------------------------------------------------------- trusting no content */

static void scribble(unsigned char *memory, size_t from, size_t to, random_source *source)
{
    size_t start = from + random_below(source, (uint32_t)(to - from));
    size_t length = random_size(source, 1, (uint32_t)(to - start));
    for (size_t i = start; i < start + length && i < to; i++) {
        memory[i] = (unsigned char)random_64(source);
    }
}

static void assert_nothing_outside_is_read(size_t from, random_source *source, uint64_t seed)
{
    unsigned char *memory = guarded(PAGE);
    for (int state = 0; state < 100; state++) {
        model *m = worked(memory, PAGE, source, seed);
        size_t first = from < PAGE ? from : stats_of(m->pool).control_bytes;
        memcpy(scratch_arena, memory, PAGE);
        for (int round = 0; round < 200; round++) {
            scribble(memory, first, PAGE, source);
            int32_t invariant = 0;
            defrag_pool *attached;
            defrag_status status = defrag_check(m->pool, &invariant);
            cr_assert((status == DEFRAG_CORRUPT) == (invariant != 0));
            (void)defrag_attach(memory, PAGE, &attached);
            memcpy(memory, scratch_arena, PAGE);
        }
    }
}

Test(check, it_reads_nothing_outside_the_pool_whatever_is_in_blocks_holes_and_table)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    assert_nothing_outside_is_read(PAGE, &source, seed);
}

Test(check, it_reads_nothing_outside_the_pool_whatever_is_in_the_control_block)
{
    /* But for the first word, without which it is no pool. */
    uint64_t seed = test_seed();
    random_source source = { seed };
    assert_nothing_outside_is_read(4, &source, seed);
}

Test(check, an_overrun_is_found)
{
    for (size_t too_far = 1; too_far < 64; too_far++) {
        defrag_pool *pool = new_pool(4096);
        defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
        alloc_block(pool, 100, DEFRAG_FAST);
        unsigned char *bytes = lock_block(pool, handle);
        memset(bytes, 0xA5, usable_of(pool, handle) + too_far);
        ASSERT_STATUS(defrag_check(pool, NULL), DEFRAG_CORRUPT);
    }
}

Test(check, contents_and_free_bytes_are_the_users_affair)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    model *m = new_model(4096, NULL, 0);
    run_model(m, &source, 500);
    assert_model(m, seed);
    defrag_block block = DEFRAG_BLOCK_INIT;
    while (defrag_walk(m->pool, &block)) {
        if (block.handle != DEFRAG_NO_HANDLE) {
            memset(m->memory + block.offset, (int)random_below(&source, 256), block.bytes);
        }
    }
    assert_intact(m->pool);
}

Test(check, the_invariant_may_be_left_out_and_every_number_has_a_text)
{
    defrag_pool *pool = new_pool(4096);
    int32_t invariant = 99;
    ASSERT_OK(defrag_check(pool, NULL));
    ASSERT_OK(defrag_check(pool, &invariant));
    cr_assert_eq(invariant, 0);
    const char *unknown = defrag_invariant_text(-1);
    for (int32_t i = 1; strcmp(defrag_invariant_text(i), unknown) != 0; i++) {
        cr_assert_str_neq(defrag_invariant_text(i), defrag_invariant_text(0));
        for (int32_t k = 1; k < i; k++) {
            cr_assert_str_neq(defrag_invariant_text(i), defrag_invariant_text(k));
        }
    }
}

Test(check, no_invariant_is_named_of_what_is_no_pool)
{
    int32_t invariant = 99;
    ASSERT_STATUS(defrag_check(NULL, &invariant), DEFRAG_INVALID_POOL);
    cr_assert_eq(invariant, 0);
}
