/* SPDX-License-Identifier: MIT
 *
 * Handles: distinct, and stale for long. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* As the header promises: so often must a slot be used again before a stale handle can be mistaken, or any slots if
 * some were given back. */
enum { REUSES = 2048, USES = 1024 };

static int compare(const void *one, const void *other)
{
    defrag_handle a = *(const defrag_handle *)one;
    defrag_handle b = *(const defrag_handle *)other;
    return (a > b) - (a < b);
}

static void assert_distinct(defrag_handle *handles, size_t count)
{
    qsort(handles, count, sizeof *handles, compare);
    for (size_t i = 0; i + 1 < count; i++) {
        cr_assert_neq(handles[i], handles[i + 1], "a handle came twice");
    }
}

Test(handles, live_ones_are_distinct_and_not_null)
{
    defrag_pool *pool = new_pool(65536);
    static defrag_handle handles[8192];
    size_t count = fill_pool(pool, 1, handles, LENGTH(handles));
    assert_distinct(handles, count);
    cr_assert_neq(handles[0], DEFRAG_NO_HANDLE);
}

Test(handles, the_one_slot_of_a_pool_gives_a_new_handle_each_time)
{
    defrag_pool *pool = new_pool(4096);
    static defrag_handle handles[REUSES];
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, 8, DEFRAG_FAST);
        free_block(pool, handles[i]);
    }
    cr_assert_eq(stats_of(pool).handles, 1);
    assert_distinct(handles, LENGTH(handles));
}

Test(handles, slots_given_back_and_made_again_give_new_handles_too)
{
    /* Slots are used unevenly: the more so the lower they are. */
    defrag_pool *pool = new_pool(4096);
    enum { SLOTS = 8 };
    static defrag_handle handles[REUSES];
    for (size_t i = 0; i < LENGTH(handles);) {
        size_t count = 1 + i % SLOTS;
        defrag_handle live[SLOTS];
        for (size_t k = 0; k < count && i < LENGTH(handles); k++) {
            live[k] = alloc_block(pool, 8, DEFRAG_FAST);
            handles[i++] = live[k];
        }
        for (size_t k = 0; k < count && stats_of(pool).live != 0; k++) {
            free_block(pool, live[k]);
        }
        ASSERT_OK(defrag_clean(pool));
        cr_assert_eq(stats_of(pool).handles, 0);
    }
    assert_distinct(handles, LENGTH(handles));
}

/* One slot, which is given back whenever it was used so often. */
static void assert_no_handle_comes_back_early(size_t often)
{
    defrag_pool *pool = new_pool(4096);
    static defrag_handle latest[USES - 1];
    memset(latest, 0, sizeof latest);
    for (size_t i = 0; i < 10 * (size_t)USES; i++) {
        defrag_handle handle = alloc_block(pool, 8, DEFRAG_FAST);
        for (size_t k = 0; k < LENGTH(latest); k++) {
            cr_assert_neq(latest[k], handle);
        }
        latest[i % LENGTH(latest)] = handle;
        free_block(pool, handle);
        if (i % often == often - 1) {
            ASSERT_OK(defrag_clean(pool));
        }
    }
}

Test(handles, a_slot_that_is_given_back_and_made_again_has_new_ones_over_and_over)
{
    assert_no_handle_comes_back_early(1);
    assert_no_handle_comes_back_early(7);
    assert_no_handle_comes_back_early(USES - 1);
}

Test(handles, a_slot_that_was_used_less_does_not_bring_old_ones_of_another_back)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handles[22];
    defrag_handle low = alloc_block(pool, 8, DEFRAG_FAST);
    for (size_t i = 0; i < 20; i++) {
        handles[i] = alloc_block(pool, 8, DEFRAG_FAST);
        free_block(pool, handles[i]);
    }
    free_block(pool, low);
    ASSERT_OK(defrag_clean(pool));
    cr_assert_eq(stats_of(pool).handles, 0);
    handles[20] = alloc_block(pool, 8, DEFRAG_FAST);
    handles[21] = alloc_block(pool, 8, DEFRAG_FAST);
    assert_distinct(handles, LENGTH(handles));
}

Test(handles, the_next_one_is_refused_until_its_slot_is_made)
{
    memset(arena, 0, 4096); /* as an entry this is unlocked, and of the first generation */
    defrag_pool *pool = new_pool(4096);
    defrag_handle next = alloc_block(pool, 8, DEFRAG_FAST) + 1;
    void *address;
    ASSERT_STATUS(defrag_lock(pool, next, &address), DEFRAG_INVALID_HANDLE);
    ASSERT_STATUS(defrag_unlock(pool, next), DEFRAG_INVALID_HANDLE);
    ASSERT_STATUS(defrag_free(pool, next), DEFRAG_INVALID_HANDLE);
    cr_assert_eq(alloc_block(pool, 8, DEFRAG_FAST), next);
}

Test(handles, free_slots_rest_as_long_as_they_can)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handles[16];
    for (size_t i = 0; i < LENGTH(handles); i++) {
        handles[i] = alloc_block(pool, 8, DEFRAG_FAST);
    }
    for (size_t i = 0; i < LENGTH(handles); i++) {
        free_block(pool, handles[i]);
    }
    /* First freed, first used again; the generation is in the high bits, the slot in the low ones. */
    for (size_t i = 0; i < LENGTH(handles); i++) {
        cr_assert_eq((alloc_block(pool, 8, DEFRAG_FAST) ^ handles[i]) & 0xFFFF, 0);
    }
}

Test(handles, the_table_grows_only_when_no_slot_is_free)
{
    defrag_pool *pool = new_pool(4096);
    for (int round = 0; round < 50; round++) {
        defrag_handle handles[10];
        for (size_t i = 0; i < LENGTH(handles); i++) {
            handles[i] = alloc_block(pool, 8, DEFRAG_FAST);
        }
        for (size_t i = 0; i < LENGTH(handles); i++) {
            free_block(pool, handles[i]);
        }
        cr_assert_eq(stats_of(pool).handles, LENGTH(handles));
    }
}

Test(handles, a_pool_full_of_the_smallest_blocks_runs_out_of_bytes_or_of_handles)
{
    /* The largest pool of narrow links, or one of wide links that has room for more blocks than there are handles. */
    defrag_pool_stats small = stats_of(new_pool(4096));
    bool narrow = small.block_overhead == 4;
    size_t bytes = narrow ? (size_t)32768 * small.granule : (((size_t)small.granule + 8) << 20) + 65536;
    void *memory = aligned_alloc(DEFRAG_MAX_ALIGNMENT, bytes);
    defrag_pool *pool = new_pool_with(memory, bytes, NULL);
    defrag_handle handle;
    defrag_status status;
    size_t live = 0;
    while ((status = defrag_alloc(pool, 1, DEFRAG_FAST, &handle)) == DEFRAG_OK) {
        live++;
    }
    defrag_status expected = narrow ? DEFRAG_OUT_OF_MEMORY : DEFRAG_OUT_OF_HANDLES;
    cr_assert_eq(status, expected);
    ASSERT_STATUS(defrag_alloc(pool, 1, DEFRAG_BEST, &handle), expected);
    ASSERT_STATUS(defrag_alloc(pool, 1, DEFRAG_MAKE_ROOM, &handle), expected);
    cr_assert_eq(handle, DEFRAG_NO_HANDLE);
    cr_assert_eq(stats_of(pool).live, live);
    assert_intact(pool);
    free(memory);
}
