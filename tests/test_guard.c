/* SPDX-License-Identifier: MIT
 *
 * A guarded build: what others may do while a call lets them in. */
#include "interrupts/simulated.h"
#include "support.h"

/* The granules of the smallest block in a build with links of 32 bits. */
enum { LEAST = 2 };

static bool kept_out;
static int sections; /* that ended with others let in */
static bool let_in_twice;
static void (*others)(void);

defrag_critical defrag_enter(void)
{
    defrag_critical before = kept_out;
    kept_out = true;
    return before;
}

/* Lets the others in, who come but once: what they call lets nobody in. */
void defrag_exit(defrag_critical before)
{
    void (*come)(void) = others;
    let_in_twice = let_in_twice || !kept_out;
    kept_out = before;
    sections += !before;
    if (!before && come != NULL) {
        others = NULL;
        come();
    }
}

Test(guard, calls_may_be_made_where_others_are_kept_out)
{
    defrag_pool *pool = new_pool(4096);
    kept_out = true;
    sections = 0;
    defrag_handle hole = alloc_block(pool, 100, DEFRAG_FAST);
    fill_block(pool, alloc_block(pool, 1000, DEFRAG_FAST), 1);
    free_block(pool, hole);
    ASSERT_OK(defrag_compact(pool));
    cr_assert(kept_out);
    cr_assert_eq(sections, 0);
}

/* -------------------------------------------------------------------------------------------------- a block on its way */

static defrag_pool *pool;
static defrag_handle wanted;

static defrag_handle alloc_granules(size_t granules)
{
    return alloc_block(pool, bytes_of_granules(pool, granules), DEFRAG_FAST);
}

/* Leaves so many granules above the last block. */
static defrag_handle alloc_all_but(size_t granules)
{
    defrag_pool_stats stats = stats_of(pool);
    return alloc_block(pool, stats.largest_now - granules * stats.granule, DEFRAG_FAST);
}

/* A pool whose handle table need not grow for so many blocks. */
static void begin_with(uint32_t handles)
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = handles;
    pool = new_pool_with(arena, 4096, &config);
}

static void begin(void)
{
    begin_with(16);
}

/* Grows what is wanted; then others are let in. */
static defrag_status grow_wanted(size_t granules, void (*then)(void))
{
    size_t bytes = bytes_of_granules(pool, granules);
    others = then;
    defrag_status status = defrag_resize(pool, wanted, bytes, DEFRAG_MAKE_ROOM);
    cr_assert_null(others);
    assert_intact(pool);
    return status;
}

/* | hole of 5 | 6 | hole of 5 | all the rest | */
static void alloc_around_holes(void)
{
    defrag_handle low = alloc_granules(5);
    alloc_granules(6);
    defrag_handle high = alloc_granules(5);
    alloc_all_but(0);
    free_block(pool, low);
    free_block(pool, high);
}

static void lock_wanted(void)
{
    lock_block(pool, wanted);
}

static void free_wanted(void)
{
    free_block(pool, wanted);
}

static void want_in_vain(void)
{
    void *address;
    const void *shared;
    ASSERT_STATUS(defrag_lock(pool, wanted, &address), DEFRAG_LOCKED);
    ASSERT_STATUS(defrag_lock_shared(pool, wanted, &shared), DEFRAG_LOCKED);
    ASSERT_STATUS(defrag_unlock(pool, wanted), DEFRAG_NOT_LOCKED);
    ASSERT_STATUS(defrag_free(pool, wanted), DEFRAG_LOCKED);
    ASSERT_STATUS(defrag_resize(pool, wanted, 1, DEFRAG_FAST), DEFRAG_LOCKED);
}

Test(guard, to_others_a_block_that_slides_is_locked)
{
    begin();
    defrag_handle hole = alloc_granules(10);
    wanted = alloc_granules(60);
    fill_block(pool, wanted, 0x42);
    free_block(pool, hole);
    others = want_in_vain;
    ASSERT_OK(defrag_compact(pool));
    cr_assert_null(others);
    cr_assert(block_is_filled(pool, wanted, 0x42));
    assert_intact(pool);
}

/* | 5 | wanted of 10 | 5 | 1 | hole of 30 | 20 |, of which 3 granules are copied. Both 5 are freed then, and wanted can
 * grow by sliding. */
Test(guard, to_others_a_block_that_slides_is_locked_while_a_copy_of_another_is_under_way)
{
    begin();
    defrag_handle below = alloc_granules(5);
    wanted = alloc_granules(10);
    defrag_handle above = alloc_granules(5);
    alloc_granules(LEAST);
    defrag_handle hole = alloc_granules(30);
    defrag_handle copied = alloc_granules(20);
    alloc_granules(LEAST);
    fill_block(pool, wanted, 0x42);
    fill_block(pool, copied, 0x43);
    free_block(pool, hole);
    ASSERT_OK(defrag_step(pool, 3 * stats_of(pool).granule, SIZE_MAX, NULL));
    cr_assert_eq(stats_of(pool).moved_bytes, 3 * stats_of(pool).granule);
    free_block(pool, below);
    free_block(pool, above);
    size_t bytes = bytes_of_granules(pool, 18);
    others = want_in_vain;
    ASSERT_OK(defrag_resize(pool, wanted, bytes, DEFRAG_BEST));
    cr_assert_null(others);
    assert_intact(pool);
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    ASSERT_OK(defrag_step(pool, 17 * stats_of(pool).granule, 0, &progress));
    cr_assert_eq(progress.moved_blocks, 1);
    cr_assert(block_is_filled(pool, copied, 0x43));
}

/* How many sections there must be at least to copy or to clear so many granules. */
static int fewest_sections(size_t granules)
{
    enum { OPEN_BYTES = 128 };
    size_t bytes = granules * stats_of(pool).granule - stats_of(pool).block_overhead;
    return (int)((bytes + OPEN_BYTES - 1) / OPEN_BYTES);
}

Test(guard, others_are_let_in_after_each_32_words_that_slide)
{
    for (size_t granules = LEAST; granules <= 60; granules++) {
        begin();
        defrag_handle hole = alloc_granules(10);
        alloc_granules(granules);
        free_block(pool, hole);
        int fewest = fewest_sections(granules);
        sections = 0;
        ASSERT_OK(defrag_compact(pool));
        cr_assert_eq(sections, fewest + 1, "the last of them ends the call");
        cr_assert_not(let_in_twice, "they are not kept out in between");
    }
}

static void look(void *context, const defrag_pool *observed, const defrag_event *event)
{
    (void)event;
    *(size_t *)context += stats_of(observed).live;
}

Test(guard, others_are_let_in_after_an_observer_has_looked)
{
    begin();
    size_t seen = 0;
    defrag_handle holes[2];
    for (size_t i = 0; i < LENGTH(holes); i++) {
        holes[i] = alloc_granules(10);
        alloc_granules(20);
    }
    free_block(pool, holes[0]);
    free_block(pool, holes[1]);
    ASSERT_OK(defrag_observe(pool, look, &seen));
    int fewest = 2 * fewest_sections(20);
    sections = 0;
    ASSERT_OK(defrag_compact(pool));
    cr_assert_eq(seen, 4);
    cr_assert_eq(sections, fewest + 1);
}

Test(guard, others_are_let_in_after_each_32_words_that_a_step_copies)
{
    begin();
    defrag_handle hole = alloc_granules(70);
    alloc_granules(60);
    free_block(pool, hole);
    int fewest = fewest_sections(59);
    size_t bytes = 59 * stats_of(pool).granule;
    sections = 0;
    ASSERT_OK(defrag_step(pool, bytes, SIZE_MAX, NULL));
    cr_assert_geq(sections, fewest);
    cr_assert_eq(stats_of(pool).moved_bytes, bytes);
}

Test(guard, others_are_let_in_after_each_32_words_that_are_cleared)
{
    begin();
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.flags = DEFRAG_ZEROED;
    request.bytes = bytes_of_granules(pool, 60);
    int fewest = fewest_sections(60);
    sections = 0;
    ASSERT_OK(defrag_alloc_with(pool, &request, &wanted));
    cr_assert_geq(sections, fewest);
}

/* ------------------------------------------------------------------------- others change what a call meant to go on with */

/* | locked | a of 6, b of 6, hole of 8 | locked | hole of 6 | locked | hole of 6 | locked |: 16 granules are found if a and
 * b can both be moved out of the way. Others want b. */
static defrag_status make_room_between_locks(void (*then)(void))
{
    begin();
    defrag_handle holes[3];
    lock_block(pool, alloc_granules(1));
    alloc_granules(6);
    wanted = alloc_granules(6);
    for (size_t i = 0; i < LENGTH(holes); i++) {
        holes[i] = alloc_granules(i == 0 ? 8 : 6);
        lock_block(pool, alloc_granules(1));
    }
    lock_block(pool, alloc_all_but(0));
    for (size_t i = 0; i < LENGTH(holes); i++) {
        free_block(pool, holes[i]);
    }
    defrag_handle handle;
    size_t bytes = bytes_of_granules(pool, 16);
    others = then;
    defrag_status status = defrag_alloc(pool, bytes, DEFRAG_MAKE_ROOM, &handle);
    cr_assert_null(others);
    assert_intact(pool);
    return status;
}

Test(guard, a_block_locked_meanwhile_is_not_moved_across_locks)
{
    ASSERT_OK(make_room_between_locks(NULL));
    ASSERT_STATUS(make_room_between_locks(lock_wanted), DEFRAG_FRAGMENTED);
    cr_assert_eq(block_of(pool, wanted).exclusive, 1);
}

static void take_two_slots(void)
{
    alloc_granules(LEAST);
    alloc_granules(LEAST);
}

/* Leaves a hole behind a block without giving a slot back. */
static void shrink(defrag_handle handle, size_t granules)
{
    ASSERT_OK(defrag_resize(pool, handle, bytes_of_granules(pool, granules), DEFRAG_FAST));
}

/* | locked | 6 | b of 6, hole of 8 | locked, hole of 6 | locked | wanted of 9, 6 granules |: 18 granules are found if b can
 * go to the top; between the locks are two small holes more. */
static defrag_status grow_between_locks(void (*then)(void))
{
    begin_with(8);
    lock_block(pool, alloc_all_but(6 + 14 + 8 + 2 * (LEAST + LEAST) + LEAST + 9 + 6));
    alloc_granules(6);
    defrag_handle evacuated = alloc_granules(14);
    defrag_handle fences[] = { alloc_granules(8), alloc_granules(LEAST + LEAST), alloc_granules(LEAST + LEAST) };
    lock_block(pool, alloc_granules(LEAST));
    wanted = alloc_granules(9);
    shrink(evacuated, 6);
    for (size_t i = 0; i < LENGTH(fences); i++) {
        shrink(fences[i], LEAST);
        lock_block(pool, fences[i]);
    }
    return grow_wanted(18, then);
}

Test(guard, a_table_that_others_made_grow_meanwhile_is_not_moved_into)
{
    ASSERT_OK(grow_between_locks(NULL));
    ASSERT_STATUS(grow_between_locks(take_two_slots), DEFRAG_FRAGMENTED);
}

static defrag_handle locked;

static void empty_the_stretch(void)
{
    unlock_block(pool, locked);
    free_block(pool, locked);
    free_block(pool, wanted);
}

/* | locked | hole of 6 | locked | a of 6, b of 6 | 8 granules |: a goes to the hole; meanwhile all behind it goes away. */
Test(guard, a_stretch_that_others_have_emptied_meanwhile_is_room)
{
    begin();
    lock_block(pool, alloc_all_but(6 + 1 + 6 + 6 + 8));
    defrag_handle hole = alloc_granules(6);
    locked = alloc_granules(1);
    lock_block(pool, locked);
    alloc_granules(6);
    wanted = alloc_granules(6);
    free_block(pool, hole);
    size_t bytes = bytes_of_granules(pool, 14);
    others = empty_the_stretch;
    alloc_block(pool, bytes, DEFRAG_MAKE_ROOM);
    cr_assert_null(others);
    assert_intact(pool);
}

static size_t five; /* granules, in bytes */

static void take_five(void)
{
    alloc_block(pool, five, DEFRAG_FAST);
}

Test(guard, a_block_that_slid_to_grow_finds_its_room_taken)
{
    begin();
    defrag_handle below = alloc_granules(5);
    wanted = alloc_granules(10);
    defrag_handle above = alloc_granules(5);
    alloc_all_but(0);
    fill_block(pool, wanted, 0x42);
    free_block(pool, below);
    free_block(pool, above);
    size_t bytes = bytes_of_granules(pool, 18);
    five = bytes_of_granules(pool, 5);
    others = take_five;
    ASSERT_STATUS(defrag_resize(pool, wanted, bytes, DEFRAG_BEST), DEFRAG_OUT_OF_MEMORY);
    cr_assert_null(others);
    cr_assert(block_is_filled(pool, wanted, 0x42));
    assert_intact(pool);
}

/* | wanted of 6 | one, hole of 5 | six, hole of 5 | all the rest |: made room for, it could have 10 granules. */
static void resize_what_others_want(void (*then)(void), defrag_status expected)
{
    begin();
    wanted = alloc_granules(6);
    alloc_granules(1);
    alloc_around_holes();
    ASSERT_STATUS(grow_wanted(10, then), expected);
}

Test(guard, a_block_that_others_took_while_room_was_made_for_it_is_left_alone)
{
    resize_what_others_want(NULL, DEFRAG_OK);
    resize_what_others_want(lock_wanted, DEFRAG_LOCKED);
    resize_what_others_want(free_wanted, DEFRAG_INVALID_HANDLE);
}

static defrag_handle neighbour;

static void enlarge_wanted(void)
{
    free_block(pool, neighbour);
    ASSERT_OK(defrag_resize(pool, wanted, bytes_of_granules(pool, 11), DEFRAG_FAST));
}

/* | neighbour of 4 | wanted of 6 | hole of 2 | 4 | others, holes of 5 |: asked for 9 granules, it has 11 by then. */
Test(guard, a_block_that_others_enlarged_while_room_was_made_for_it_becomes_as_large_as_was_asked)
{
    begin();
    neighbour = alloc_granules(4);
    wanted = alloc_granules(6);
    defrag_handle between = alloc_granules(2);
    alloc_granules(4);
    alloc_around_holes();
    free_block(pool, between);
    fill_block(pool, wanted, 0x42);
    ASSERT_OK(grow_wanted(9, enlarge_wanted));
    cr_assert_eq(usable_of(pool, wanted), bytes_of_granules(pool, 9));
}

/* Takes the room as soon as it is made, and what is behind the block. */
static void take_the_room(void)
{
    defrag_handle handle;
    if (defrag_alloc(pool, bytes_of_granules(pool, 10), DEFRAG_FAST, &handle) != DEFRAG_OK) {
        others = take_the_room;
    } else {
        (void)defrag_alloc(pool, bytes_of_granules(pool, 2), DEFRAG_FAST, &handle);
    }
}

static void free_neighbour(void)
{
    free_block(pool, neighbour);
    others = take_the_room;
}

/* | neighbour of 3 | wanted of 6 | hole of 2 | locked | hole of 5 | 6 | hole of 5 |: room for 10 granules is made behind the lock,
 * when the neighbour goes; were wanted to slide down then, others could take both what is behind it and the room. */
Test(guard, room_that_was_made_for_a_block_is_not_given_away_for_a_hole_before_it)
{
    begin();
    neighbour = alloc_granules(3);
    wanted = alloc_granules(6);
    defrag_handle between = alloc_granules(2);
    lock_block(pool, alloc_granules(4));
    alloc_around_holes();
    free_block(pool, between);
    fill_block(pool, wanted, 0x42);
    size_t old = usable_of(pool, wanted);
    ASSERT_OK(grow_wanted(10, free_neighbour));
    ASSERT_OK(defrag_resize(pool, wanted, old, DEFRAG_FAST));
    cr_assert(block_is_filled(pool, wanted, 0x42));
    assert_intact(pool);
}

/* | hole of 5 | small | wanted of 20 | 5 granules |: with everything gathered it could have 30. */
static void resize_what_is_last(void (*then)(void), defrag_status expected)
{
    begin();
    neighbour = alloc_all_but(5 + 1 + 20 + 5);
    defrag_handle hole = alloc_granules(5);
    alloc_granules(1);
    wanted = alloc_granules(20);
    free_block(pool, hole);
    ASSERT_STATUS(grow_wanted(28, then), expected);
}

Test(guard, a_block_that_others_took_while_all_was_gathered_is_left_alone)
{
    resize_what_is_last(NULL, DEFRAG_OK);
    resize_what_is_last(lock_wanted, DEFRAG_LOCKED);
    resize_what_is_last(free_wanted, DEFRAG_INVALID_HANDLE);
}

/* To more than 28 granules, in the place of all the rest. */
static void move_wanted(void)
{
    free_block(pool, neighbour);
    ASSERT_OK(defrag_resize(pool, wanted, bytes_of_granules(pool, 30), DEFRAG_BEST));
}

Test(guard, a_block_that_others_enlarged_while_all_was_gathered_becomes_as_large_as_was_asked)
{
    resize_what_is_last(move_wanted, DEFRAG_OK);
    cr_assert_eq(usable_of(pool, wanted), bytes_of_granules(pool, 28));
}

/* | wanted | behind | 3 granules |: it can only grow by changing places with the block behind. */
static defrag_status resize_by_rotating(size_t granules, size_t behind)
{
    begin();
    alloc_all_but(granules + behind + 3);
    wanted = alloc_granules(granules);
    alloc_granules(behind);
    return defrag_resize(pool, wanted, bytes_of_granules(pool, granules + 3), DEFRAG_MAKE_ROOM);
}

Test(guard, only_little_is_rotated_since_nothing_is_whole_meanwhile)
{
    ASSERT_OK(resize_by_rotating(3, 2));
    ASSERT_STATUS(resize_by_rotating(20, 10), DEFRAG_FRAGMENTED);
    assert_intact(pool);
}

static void free_the_neighbour(void)
{
    free_block(pool, neighbour);
}

/* | neighbour | hole | aligned | 30 |: some of the hole stays below the block that slides, where the neighbour has left
 * more by then. */
Test(guard, all_is_gathered_above_a_block_below_which_others_have_made_room_meanwhile)
{
    begin();
    size_t granule = stats_of(pool).granule;
    neighbour = alloc_granules(3);
    if ((offset_of(pool, neighbour) + 3 * granule) % (8 * granule) == 0) {
        ASSERT_OK(defrag_resize(pool, neighbour, bytes_of_granules(pool, 4), DEFRAG_FAST));
    }
    defrag_handle hole = alloc_granules(8);
    wanted = alloc_aligned(pool, 20 * granule, 8 * granule, DEFRAG_FAST);
    alloc_granules(30);
    fill_block(pool, wanted, 0x42);
    free_block(pool, hole);
    others = free_the_neighbour;
    ASSERT_OK(defrag_compact(pool));
    cr_assert_null(others);
    cr_assert_eq(stats_of(pool).holes, 1);
    cr_assert(block_is_filled(pool, wanted, 0x42));
    assert_intact(pool);
}

Test(guard, what_is_rotated_is_32_words_at_most)
{
    begin();
    size_t most = 128 / stats_of(pool).granule;
    ASSERT_OK(resize_by_rotating(most - 6, 6));
    ASSERT_STATUS(resize_by_rotating(most - 5, 6), DEFRAG_FRAGMENTED);
    ASSERT_STATUS(resize_by_rotating(most - 6, 7), DEFRAG_FRAGMENTED);
}

Test(guard, a_block_that_others_took_counts_as_no_refusal)
{
    void (*const takes[])(void) = { lock_wanted, free_wanted };
    const defrag_status answers[] = { DEFRAG_LOCKED, DEFRAG_INVALID_HANDLE };
    for (size_t i = 0; i < LENGTH(takes); i++) {
        resize_what_others_want(takes[i], answers[i]);
        cr_assert_eq(stats_of(pool).refused, 0);
        resize_what_is_last(takes[i], answers[i]);
        cr_assert_eq(stats_of(pool).refused, 0);
    }
}
