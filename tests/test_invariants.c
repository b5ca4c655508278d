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

Test(invariants, no_hole_ends_where_another_begins)
{
    scene s = new_scene();
    defrag_unlink_hole(s.pool, s.hole, header(s.pool, s.hole));
    defrag_link_hole(s.pool, s.hole, 4);
    defrag_link_hole(s.pool, s.hole + 4, 5);
    assert_broken(&s, HOLES_APART);
}

Test(invariants, no_hole_touches_the_wilderness)
{
    scene s = new_scene();
    defrag_link_hole(s.pool, s.pool->top, 5);
    s.pool->top += 5;
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

Test(invariants, each_blocks_slot_is_in_the_table_and_in_use)
{
    scene s = new_scene();
    const uint32_t wrong[] = { first_free_slot(s.pool), s.pool->slots, (uint32_t)INDEX_MASK };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        s = new_scene();
        set_header(s.pool, s.low, block_header(wrong[i], size_in(header(s.pool, s.low))));
        assert_broken(&s, OWNERS);
    }
}

Test(invariants, there_are_as_many_blocks_as_slots_in_use)
{
    scene s = new_scene();
    s.pool->in_use += ONE_BLOCK;
    assert_broken(&s, LIVE_COUNT);
    s.pool->in_use -= 2 * ONE_BLOCK;
    assert_broken(&s, LIVE_COUNT);
}

Test(invariants, the_sizes_of_the_blocks_add_up)
{
    scene s = new_scene();
    s.pool->in_use++;
    assert_broken(&s, USED_COUNT);
    s.pool->in_use -= 2;
    assert_broken(&s, USED_COUNT);
}

Test(invariants, each_free_slot_is_in_the_queue_once)
{
    scene s = new_scene();
    s.pool->last_free_slot = (half_t)first_free_slot(s.pool);
    assert_broken(&s, FREE_SLOTS);
}

Test(invariants, a_slot_that_no_block_has_is_free)
{
    scene s = new_scene();
    claim_t claim = pop_slot(s.pool);
    set_entry(s.pool, claim.slot, claim.e, (claim.e & GENERATION_MASK) | s.low);
    assert_broken(&s, FREE_SLOTS);
}

Test(invariants, the_last_of_the_queue_is_known)
{
    const uint32_t wrong[] = { -1U, 1 };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        scene s = new_scene();
        set_half(s.pool, &s.pool->last_free_slot, s.pool->last_free_slot + wrong[i]);
        assert_broken(&s, FREE_SLOTS);
    }
}

Test(invariants, the_queue_does_not_lead_out_of_the_table)
{
    scene s = new_scene();
    uint32_t slot = first_free_slot(s.pool);
    uint32_t beyond = s.pool->slots;
    word_t e = entry(s.pool, slot);
    set_entry(s.pool, slot, e, (e & ~INDEX_MASK) | beyond);
    *entry_at(s.pool, beyond) = LOCKS_MASK | NO_SLOT;
    set_half(s.pool, &s.pool->last_free_slot, beyond);
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
    s = new_scene();
    set_half(s.pool, &s.pool->flight_to, s.low);
    assert_broken(&s, FLIGHT);
}

/* What looks like its destination is within another block. */
Test(invariants, a_flights_destination_is_a_block)
{
    scene s = new_scene();
    word_t h = header(s.pool, s.last);
    word_t e = entry(s.pool, owner_in(h));
    set_entry(s.pool, owner_in(h), e, e | (word_t)IN_FLIGHT << LOCKS_SHIFT);
    set_half(s.pool, &s.pool->flight_slot, owner_in(h) + 1);
    set_half(s.pool, &s.pool->flight_to, s.low + 1);
    set_header(s.pool, s.low + 1, h);
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

Test(invariants, the_seal_is_the_exclusive_or_of_all_entries_and_of_the_halves_from_the_peak_to_the_bins)
{
    scene s = new_scene();
    word_t seal = 0;
    for (const half_t *half = (const half_t *)&s.pool->peak; half != s.pool->bins; half++) {
        seal ^= *half;
    }
    for (uint32_t slot = 0; slot < s.pool->slots; slot++) {
        seal ^= entry(s.pool, slot);
    }
    cr_assert_eq(s.pool->seal, seal);
}

static uint32_t mark_with(uintptr_t context)
{
    const defrag_pool pool = { .observer_context = (void *)context };
    return defrag_mark_of(&pool);
}

Test(invariants, each_bit_of_an_observers_context_changes_what_the_identity_vouches_for_but_not_the_highest_bit)
{
    const uint64_t contexts[] = { 0, UINT32_MAX / 2, UINT32_MAX, UINT64_MAX, UINT64_MAX / 3, UINT64_MAX / 3 * 2 };
    for (size_t i = 0; i < LENGTH(contexts); i++) {
        uintptr_t context = (uintptr_t)contexts[i];
        uint32_t mark = mark_with(context);
        cr_assert_leq(mark, UINT32_MAX / 2);
        for (uint32_t bit = 0; bit < 8 * sizeof context; bit++) {
            cr_assert_neq(mark_with(context ^ (uintptr_t)1 << bit), mark);
        }
    }
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

/* Makes a pool say that it has so many bytes; its identity, its largest request and its top agree. */
static void claim_bytes(defrag_pool *pool, uint32_t bytes)
{
    pool->identity += bytes - bytes_of(pool);
    pool->table = bytes - WORD;
    pool->top = (half_t)defrag_first_block(pool);
    defrag_set_u32(pool, &pool->max_request, defrag_capacity(bytes, pool->reserved_slots));
}

Test(invariants, a_pool_is_neither_too_small_nor_too_large_nor_has_it_part_of_a_granule_though_all_else_agrees)
{
    const struct {
        uint32_t right;
        uint32_t wrong;
    } sizes[] = {
        { DEFRAG_MIN_POOL_BYTES, DEFRAG_MIN_POOL_BYTES - GRANULE },
        { (uint32_t)MAX_POOL_BYTES, (uint32_t)MAX_POOL_BYTES + GRANULE },
        { 4096, 4096 + WORD / 2 },
    };
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        defrag_pool *pool = new_pool(sizes[i].right);
        claim_bytes(pool, sizes[i].right);
        assert_intact(pool);
        claim_bytes(pool, sizes[i].wrong);
        assert_broken(&(scene){ .pool = pool }, CONTROL_BLOCK);
    }
}

Test(invariants, the_largest_request_is_what_an_empty_pool_serves)
{
    const uint32_t right = (uint32_t)stats_of(new_pool(4096)).capacity;
    const uint32_t wrong[] = { right - 1, right + 1 };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        scene s = new_scene();
        defrag_set_u32(s.pool, &s.pool->max_request, wrong[i]);
        assert_broken(&s, CONTROL_BLOCK);
    }
}

Test(invariants, less_than_a_granule_is_unused_behind_the_control_block)
{
    for (uint32_t bytes = DEFRAG_MIN_POOL_BYTES; bytes <= (1U << 20) && bytes <= MAX_POOL_BYTES; bytes += GRANULE) {
        cr_assert_lt(header_offset(defrag_first_in(bytes)) - defrag_control_bytes(bytes), GRANULE);
    }
}

Test(invariants, no_more_blocks_are_live_than_there_are_slots)
{
    scene s = new_scene();
    s.pool->in_use += (s.pool->slots + 1U - live_in(s.pool->in_use)) * ONE_BLOCK;
    assert_broken(&s, CONTROL_BLOCK);
}

Test(invariants, the_table_does_not_reach_below_the_first_block)
{
    defrag_pool *pool = new_pool(4096);
    uint32_t most = (4096 - header_offset(defrag_first_block(pool))) / WORD;
    for (uint32_t slots = most + 1; slots <= 4096 / WORD + 1; slots++) {
        set_slots(pool, slots);
        assert_broken(&(scene){ .pool = pool }, CONTROL_BLOCK);
    }
}

Test(invariants, a_table_has_as_many_slots_as_handles_can_name_and_no_more)
{
    static _Alignas(DEFRAG_MAX_ALIGNMENT) unsigned char memory[4096 + MAX_SLOTS * WORD];
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = MAX_SLOTS;
    defrag_pool *pool = new_pool_with(memory, sizeof memory, &config);
    assert_intact(pool);
    /* One more, at the head of the queue. */
    set_slots(pool, MAX_SLOTS + 1);
    set_entry(pool, MAX_SLOTS, 0, LOCKS_MASK | first_free_slot(pool));
    pool->bins[0] = (half_t)MAX_SLOTS;
    assert_broken(&(scene){ .pool = pool }, CONTROL_BLOCK);
    config.handles++;
    ASSERT_STATUS(defrag_init(memory, sizeof memory, &config, &pool), DEFRAG_INVALID_SIZE);
}

Test(invariants, a_hole_is_listed_in_the_bin_of_its_size)
{
    const uint32_t wrong[] = { bin_of(9) - 1, bin_of(9) + 1 };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        scene s = new_scene();
        defrag_unlink_hole(s.pool, s.hole, header(s.pool, s.hole));
        set_previous(s.pool, s.hole, IN_BIN | wrong[i]);
        set_first(s.pool, wrong[i], s.hole);
        s.pool->map[0] |= 1U << wrong[i];
        assert_broken(&s, LISTS);
    }
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

/* Holes, each alone in its list, at so many times SPACING granules from a base; blocks are all the rest, and reach
 * further. */
enum { SPACING = 64, HOLES_HERE = 3, SMALLEST_HOLE = 4 };

static defrag_pool *pool_with_holes(uint32_t base, const uint32_t *places)
{
    defrag_pool *pool = new_pool(32768);
    defrag_handle holes[HOLES_HERE];
    uint32_t count = 0;
    for (; count < HOLES_HERE && places[count] != 0; count++) {
        alloc_block(pool, bytes_of_granules(pool, base + SPACING * places[count] - pool->top), DEFRAG_FAST);
        holes[count] = alloc_block(pool, bytes_of_granules(pool, SMALLEST_HOLE + count), DEFRAG_FAST);
    }
    alloc_block(pool, bytes_of_granules(pool, 2 * SPACING), DEFRAG_FAST);
    while (count != 0) {
        free_block(pool, holes[--count]);
    }
    assert_intact(pool);
    return pool;
}

static void list_forged(defrag_pool *pool, uint32_t g, uint32_t granules)
{
    forge_hole(pool, g, granules);
    pool->map[bin_of(granules) / 32] |= 1U << bin_of(granules) % 32;
}

/* Has the lists lead to granules at other places, which look like holes of these sizes. */
static void list_others(defrag_pool *pool, uint32_t base, const uint32_t *places)
{
    for (uint32_t i = 0; i < HOLES_HERE; i++) {
        uint32_t bin = bin_of(SMALLEST_HOLE + i);
        if (places[i] != 0) {
            list_forged(pool, base + SPACING * places[i], SMALLEST_HOLE + i);
        } else {
            set_first(pool, bin, 0);
            pool->map[0] &= ~(1U << bin);
        }
    }
}

Test(invariants, lists_do_not_lead_to_other_holes_whose_number_places_or_their_squares_add_up_to_the_same)
{
    const struct {
        uint32_t holes[HOLES_HERE];
        uint32_t others[HOLES_HERE];
    } cases[] = {
        { { 2, 7 }, { 4, 5 } },    /* places; their squares to less */
        { { 4, 6 }, { 2, 8 } },    /* places; their squares to more */
        { { 4, 7 }, { 1, 8 } },    /* squares; the places to less */
        { { 1, 8 }, { 4, 7 } },    /* squares; the places to more */
        { { 1, 2, 6 }, { 4, 5 } }, /* both, but there are fewer */
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        defrag_pool *pool = pool_with_holes(0, cases[i].holes);
        list_others(pool, 0, cases[i].others);
        assert_broken(&(scene){ .pool = pool }, LISTS);
    }
}

/* Three other places, of which only the middle one is listed yet; number, places and squares add up. */
static const uint32_t real_three[HOLES_HERE] = { 1, 2, 6 };
static const uint32_t middle_of_others[HOLES_HERE] = { 0, 4, 0 };
enum { LAST_OF_OTHERS = 5 };

Test(invariants, lists_do_not_lead_to_blocks)
{
    uint32_t first = defrag_first_block(new_pool(32768));
    defrag_pool *pool = pool_with_holes(first, real_three);
    word_t h = header(pool, first);
    list_others(pool, first, middle_of_others);
    list_forged(pool, first + SPACING * LAST_OF_OTHERS, 9);
    list_forged(pool, first, size_in(h));
    set_header(pool, first, h);
    assert_broken(&(scene){ .pool = pool }, LISTS);
}

Test(invariants, lists_do_not_lead_to_holes_that_reach_beyond_the_top)
{
    uint32_t base = defrag_first_block(new_pool(32768)) + SPACING;
    defrag_pool *pool = pool_with_holes(base, real_three);
    uint32_t last = base + SPACING * LAST_OF_OTHERS;
    list_others(pool, base, middle_of_others);
    list_forged(pool, base, 9);
    list_forged(pool, last, pool->top - last + 1);
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
    for (uint32_t granules = 9; granules <= 11; granules += 2) {
        defrag_pool *pool = new_pool(4096);
        uint32_t place = in_flight_from_above(pool);
        defrag_unlink_hole(pool, place + 10, header(pool, place + 10));
        set_header(pool, place, block_header(owner_in(header(pool, place)), granules));
        defrag_link_hole(pool, place + granules, 13 - granules);
        assert_broken(&(scene){ .pool = pool }, FLIGHT);
    }
}

Test(invariants, a_flight_under_way_is_not_at_its_end_or_beyond)
{
    defrag_pool *pool = new_pool(4096);
    in_flight_from_above(pool);
    for (uint32_t done = 10; done <= 11; done++) {
        set_half(pool, &pool->flight_done, done);
        assert_broken(&(scene){ .pool = pool }, FLIGHT);
    }
}

Test(invariants, only_a_block_that_is_said_to_be_in_flight_is)
{
    const uint32_t wrong[] = { UNLOCKED, IN_FLIGHT - 1, EXCLUSIVE };
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        defrag_pool *pool = new_pool(4096);
        in_flight_from_above(pool);
        uint32_t slot = pool->flight_slot - 1U;
        word_t e = entry(pool, slot);
        set_entry(pool, slot, e, (e & ~LOCKS_MASK) | (word_t)wrong[i] << LOCKS_SHIFT);
        assert_broken(&(scene){ .pool = pool }, FLIGHT);
    }
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
    *entry_at(s.pool, s.pool->slots) = s.low;
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
