/* SPDX-License-Identifier: MIT
 *
 * Each invariant broken on purpose, and named by the check. Looks behind the public header, at the layout of a pool. */
#include "bins.h"
#include "check.h"
#include "control.h"
#include "handles.h"
#include "support.h"

/* | low | hole of 9 granules | middle | hole of 1 | aligned | hole of 5 | last |, two handle slots free; `granules` tells
 * where each begins. */
typedef struct scene {
    defrag_pool *pool;
    uint32_t low;
    uint32_t hole;
    uint32_t middle;
    uint32_t aligned;
    uint32_t last;
} scene;

static uint32_t place_of(const defrag_pool *pool, defrag_handle handle)
{
    return (uint32_t)(offset_of(pool, handle) / GRANULE) - 1;
}

static defrag_handle block_at(const defrag_pool *pool, uint32_t g)
{
    uint32_t slot = owner_in(header(pool, g));
    return handle_of(pool, slot, entry(pool, slot));
}

static scene new_scene(void)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle low = alloc_block(pool, bytes_of_granules(pool, 4), DEFRAG_FAST);
    defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 9), DEFRAG_FAST);
    defrag_handle middle = alloc_block(pool, bytes_of_granules(pool, 3), DEFRAG_FAST);
    defrag_handle small = alloc_block(pool, bytes_of_granules(pool, 1), DEFRAG_FAST);
    defrag_handle aligned = alloc_aligned(pool, bytes_of_granules(pool, 2), 2 * GRANULE, DEFRAG_FAST);
    defrag_handle last = alloc_block(pool, bytes_of_granules(pool, 2), DEFRAG_FAST);
    uint32_t place = place_of(pool, hole);
    free_block(pool, hole);
    free_block(pool, small);
    assert_intact(pool);
    return (scene){
        pool, place_of(pool, low), place, place_of(pool, middle), place_of(pool, aligned), place_of(pool, last)
    };
}

static void assert_broken(const scene *s, int32_t expected)
{
    int32_t invariant = 0;
    ASSERT_STATUS(defrag_check(s->pool, &invariant), DEFRAG_CORRUPT);
    cr_assert_eq(invariant, expected, "I%d is named: %s", invariant, defrag_invariant_text(invariant));
    defrag_pool *attached;
    cr_assert_neq(defrag_attach(s->pool, 4096, &attached), DEFRAG_OK);
}

Test(invariants, the_control_block_describes_a_pool_of_its_own_size)
{
    scene s = new_scene();
    s.pool->top = 0;
    assert_broken(&s, CONTROL_BLOCK);
}

Test(invariants, blocks_and_holes_fill_the_arena)
{
    scene s = new_scene();
    set_header(s.pool, s.low, block_header(owner_in(header(s.pool, s.low)), 0));
    assert_broken(&s, TILING);
}

Test(invariants, no_hole_touches_another)
{
    scene s = new_scene();
    set_header(s.pool, s.hole, header(s.pool, s.hole) | HOLE_BEFORE);
    assert_broken(&s, HOLES_APART);
}

Test(invariants, a_header_says_that_a_hole_is_before_it_if_one_is)
{
    scene s = new_scene();
    set_header(s.pool, s.middle, header(s.pool, s.middle) & ~HOLE_BEFORE);
    assert_broken(&s, HOLE_BEFORE_BIT);
}

Test(invariants, a_header_does_not_say_that_a_hole_is_before_it_if_none_is)
{
    scene s = new_scene();
    set_header(s.pool, s.low, header(s.pool, s.low) | HOLE_BEFORE);
    assert_broken(&s, HOLE_BEFORE_BIT);
}

Test(invariants, a_hole_repeats_its_size)
{
    scene s = new_scene();
    uint32_t last_word = header_offset(s.middle) - WORD;
    store(s.pool, last_word, load(s.pool, last_word) + HOLE_BEFORE);
    assert_broken(&s, HOLE_SIZES);
}

Test(invariants, holes_are_linked_both_ways)
{
    scene s = new_scene();
    uint32_t second = header_offset(s.hole) + WORD;
    store(s.pool, second, load(s.pool, second) + 1);
    assert_broken(&s, LISTS);
}

Test(invariants, a_bit_of_the_map_is_set_if_its_bin_has_a_hole)
{
    scene s = new_scene();
    s.pool->map[0] ^= 1U << 2;
    assert_broken(&s, BIN_MAP);
}

Test(invariants, each_blocks_slot_names_the_block)
{
    scene s = new_scene();
    uint32_t slot = owner_in(header(s.pool, s.low));
    word_t e = entry(s.pool, slot);
    set_entry(s.pool, slot, e, e + 1);
    assert_broken(&s, OWNERS);
}

Test(invariants, there_are_as_many_blocks_as_slots_in_use)
{
    scene s = new_scene();
    s.pool->in_use += ONE_BLOCK;
    assert_broken(&s, LIVE_COUNT);
}

Test(invariants, the_sizes_of_the_blocks_add_up)
{
    scene s = new_scene();
    s.pool->in_use++;
    assert_broken(&s, USED_COUNT);
}

Test(invariants, each_free_slot_is_in_the_queue_once)
{
    scene s = new_scene();
    s.pool->last_free_slot = (half_t)first_free_slot(s.pool);
    assert_broken(&s, FREE_SLOTS);
}

static void set_alignment(const scene *s, uint32_t alignment)
{
    uint32_t last_word = header_offset(s->aligned + size_in(header(s->pool, s->aligned))) - WORD;
    store(s->pool, last_word, (load(s->pool, last_word) & HALF_MASK) | (word_t)alignment << HALF_BITS);
}

Test(invariants, an_over_aligned_block_names_its_alignment)
{
    const uint32_t wrong[] = { 0, 1, 3, 6, 2 * DEFRAG_MAX_ALIGNMENT / GRANULE };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        scene s = new_scene();
        set_alignment(&s, wrong[i]);
        assert_broken(&s, ALIGNMENTS);
    }
}

Test(invariants, an_over_aligned_block_has_its_alignment)
{
    scene s = new_scene();
    uint32_t alignment = 4;
    while (padding(s.pool, s.aligned, alignment) == 0) {
        alignment *= 2;
    }
    set_alignment(&s, alignment);
    assert_broken(&s, MISALIGNED);
}

Test(invariants, a_flight_has_a_source_and_a_destination)
{
    scene s = new_scene();
    set_half(s.pool, &s.pool->flight_done, 1);
    assert_broken(&s, FLIGHT);
}

Test(invariants, the_seal_is_what_it_covers)
{
    scene s = new_scene();
    s.pool->peak++;
    assert_broken(&s, SEAL);
    s = new_scene();
    s.pool->seal ^= 1;
    assert_broken(&s, SEAL);
}

Test(invariants, every_number_that_is_checked_has_a_text)
{
    for (int32_t i = CONTROL_BLOCK; i <= SEAL; i++) {
        cr_assert_str_neq(defrag_invariant_text(i), defrag_invariant_text(SEAL + 1));
    }
}

/* ------------------------------------------------------------------------------------------ more than one thing wrong */

Test(invariants, a_pool_too_small_for_the_slots_set_aside_serves_nothing_and_is_none)
{
    scene s = new_scene();
    s.pool->reserved_slots = (half_t)MAX_SLOTS;
    s.pool->max_request = 0;
    assert_broken(&s, CONTROL_BLOCK);
}

/* Granules that look like a hole which is alone in its list. */
static void forge_hole(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    set_header(pool, g, block_header(0, granules) | IS_HOLE);
    set_previous(pool, g, IN_BIN | bin_of(granules));
    set_first(pool, bin_of(granules), g);
}

Test(invariants, a_list_does_not_lead_to_a_hole_that_the_arena_does_not_have)
{
    scene s = new_scene();
    forge_hole(s.pool, s.low + 1, 9);
    assert_broken(&s, LISTS);
}

Test(invariants, a_list_does_not_lead_to_a_hole_of_impossible_size)
{
    const uint32_t wrong[] = { 0, 8, 10, (uint32_t)INDEX_MASK };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        scene s = new_scene();
        forge_hole(s.pool, s.low + 1, 9);
        set_header(s.pool, s.low + 1, block_header(0, wrong[i]) | IS_HOLE);
        assert_broken(&s, LISTS);
    }
}

Test(invariants, a_list_does_not_lead_to_other_holes_whose_places_add_up_to_the_same)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle low = alloc_block(pool, bytes_of_granules(pool, 9), DEFRAG_FAST);
    defrag_handle between = alloc_block(pool, bytes_of_granules(pool, 30), DEFRAG_FAST);
    defrag_handle high = alloc_block(pool, bytes_of_granules(pool, 5), DEFRAG_FAST);
    alloc_block(pool, 1, DEFRAG_FAST);
    uint32_t place = place_of(pool, between);
    free_block(pool, low);
    free_block(pool, high);
    forge_hole(pool, place - 9 + 11, 9);
    forge_hole(pool, place + 30 - 11, 5);
    assert_broken(&(scene){ .pool = pool }, LISTS);
}

/* | place of 13 granules, 10 of them reserved | block of 10, in flight | last |. Returns where the place is. */
static uint32_t in_flight_from_above(defrag_pool *pool)
{
    defrag_handle hole = alloc_block(pool, bytes_of_granules(pool, 13), DEFRAG_FAST);
    alloc_block(pool, bytes_of_granules(pool, 10), DEFRAG_FAST);
    alloc_block(pool, 1, DEFRAG_FAST);
    uint32_t place = place_of(pool, hole);
    free_block(pool, hole);
    ASSERT_OK(defrag_step(pool, (size_t)4 * GRANULE, 10, NULL));
    cr_assert_eq(pool->flight_to, place);
    cr_assert_eq(pool->flight_done, 4);
    assert_intact(pool);
    return place;
}

Test(invariants, a_flights_source_and_destination_have_one_size)
{
    defrag_pool *pool = new_pool(4096);
    uint32_t place = in_flight_from_above(pool);
    defrag_unlink_hole(pool, place + 10, header(pool, place + 10));
    set_header(pool, place, header(pool, place) + block_header(0, 1));
    defrag_link_hole(pool, place + 11, 2);
    assert_broken(&(scene){ .pool = pool }, FLIGHT);
}

Test(invariants, a_flight_under_way_is_not_at_its_end)
{
    defrag_pool *pool = new_pool(4096);
    in_flight_from_above(pool);
    set_half(pool, &pool->flight_done, 10);
    assert_broken(&(scene){ .pool = pool }, FLIGHT);
}

Test(invariants, only_a_block_that_is_said_to_be_in_flight_is)
{
    defrag_pool *pool = new_pool(4096);
    in_flight_from_above(pool);
    uint32_t slot = pool->flight_slot - 1U;
    word_t e = entry(pool, slot);
    set_entry(pool, slot, e, e & ~LOCKS_MASK);
    assert_broken(&(scene){ .pool = pool }, FLIGHT);
}

/* ------------------------------------------------------------------------------------------------ used without a check */

static void assert_refused(const scene *s, defrag_handle handle, word_t damaged)
{
    set_header(s->pool, s->low, damaged);
    ASSERT_STATUS(defrag_free(s->pool, handle), DEFRAG_CORRUPT);
    ASSERT_STATUS(defrag_resize(s->pool, handle, 1, DEFRAG_MAKE_ROOM), DEFRAG_CORRUPT);
}

Test(invariants, a_block_whose_header_was_overwritten_is_neither_freed_nor_resized)
{
    scene s = new_scene();
    word_t h = header(s.pool, s.low);
    defrag_handle handle = block_at(s.pool, s.low);
    assert_refused(&s, handle, h ^ block_header(1, 0));
    assert_refused(&s, handle, h | IS_HOLE);
    assert_refused(&s, handle, h & ~(HALF_MASK ^ IS_HOLE));
    assert_refused(&s, handle, h | (HALF_MASK ^ IS_HOLE));
    set_header(s.pool, s.low, h);
    assert_intact(s.pool);
}

Test(invariants, a_walk_ends_at_a_size_that_reaches_beyond_the_top)
{
    scene s = new_scene();
    defrag_block block = DEFRAG_BLOCK_INIT;
    cr_assert(defrag_walk(s.pool, &block));
    set_header(s.pool, s.hole, header(s.pool, s.hole) | (HALF_MASK ^ IS_HOLE));
    cr_assert_not(defrag_walk(s.pool, &block));
}

Test(invariants, a_walk_shows_no_handle_of_a_slot_beyond_the_table)
{
    scene s = new_scene();
    defrag_block block = DEFRAG_BLOCK_INIT;
    set_header(s.pool, s.low, block_header(s.pool->slots, size_in(header(s.pool, s.low))));
    cr_assert(defrag_walk(s.pool, &block));
    cr_assert_eq(block.handle, DEFRAG_NO_HANDLE);
}

Test(invariants, moved_bytes_are_counted_beyond_32_bits)
{
    scene s = new_scene();
    uint64_t before = ((uint64_t)3 << 32) - 1;
    defrag_set_u32(s.pool, &s.pool->moved_bytes[0], (uint32_t)before);
    defrag_set_u32(s.pool, &s.pool->moved_bytes[1], (uint32_t)(before >> 32));
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    ASSERT_OK(defrag_step(s.pool, SIZE_MAX, SIZE_MAX, &progress));
    cr_assert_gt(progress.moved_bytes, 0);
    cr_assert_eq(stats_of(s.pool).moved_bytes, before + progress.moved_bytes);
    assert_intact(s.pool);
}
