/* SPDX-License-Identifier: MIT
 *
 * Each invariant broken on purpose, and named by the check. Looks behind the public header, at the layout of a pool. */
#include "check.h"
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
    s.pool->free_slots++;
    assert_broken(&s, LIVE_COUNT);
}

Test(invariants, the_sizes_of_the_blocks_add_up)
{
    scene s = new_scene();
    s.pool->used++;
    assert_broken(&s, USED_COUNT);
}

Test(invariants, each_free_slot_is_in_the_queue_once)
{
    scene s = new_scene();
    s.pool->last_free_slot = s.pool->first_free_slot;
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
    s.pool->peak_live++;
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
