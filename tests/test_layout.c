/* SPDX-License-Identifier: MIT
 *
 * What a pool and a block cost, and where they may lie. Compiled for each configuration, to know which one it is. */
#include "support.h"

static const uint32_t expected_header = DEFRAG_LINK_WIDTH == 16 ? 4 : 8;
static const uint32_t expected_granule = DEFRAG_LINK_WIDTH == 32 && DEFRAG_GRANULE < 16 ? 16 : DEFRAG_GRANULE;

Test(layout, the_build_options_take_effect)
{
    defrag_pool_stats stats = stats_of(new_pool(4096));
    cr_assert_eq(stats.granule, expected_granule);
    cr_assert_eq(stats.block_overhead, expected_header);
    cr_assert_eq(stats.handle_overhead, expected_header);
}

Test(layout, a_block_costs_8_bytes_or_16_beyond_its_rounding_handle_slot_included)
{
    defrag_pool *pool = new_pool(32768);
    for (size_t granules = 1; granules < 40; granules++) {
        size_t before = stats_of(pool).free;
        size_t bytes = granules * expected_granule - expected_header;
        defrag_handle handle = alloc_block(pool, bytes, DEFRAG_FAST);
        cr_assert_eq(usable_of(pool, handle), bytes);
        cr_assert_eq(before - stats_of(pool).free, bytes + 2 * expected_header);
    }
}

Test(layout, sizes_are_rounded_up_to_the_next_whole_granule_and_no_further)
{
    defrag_pool *pool = new_pool(ARENA_BYTES / 16);
    for (size_t bytes = 1; bytes < 300; bytes++) {
        size_t granules = (bytes + expected_header + expected_granule - 1) / expected_granule;
        defrag_handle handle = alloc_block(pool, bytes, DEFRAG_BEST);
        cr_assert_eq(usable_of(pool, handle), granules * expected_granule - expected_header);
    }
    assert_intact(pool);
}

Test(layout, every_payload_is_aligned_to_the_granule)
{
    for (size_t offset = 0; offset < 1024; offset += expected_granule) {
        defrag_pool *pool = new_pool_with(arena + offset, 2048, NULL);
        defrag_handle handle;
        for (size_t bytes = 1; defrag_alloc(pool, bytes, DEFRAG_FAST, &handle) == DEFRAG_OK; bytes += 3) {
            cr_assert_eq((uintptr_t)lock_block(pool, handle) % expected_granule, 0);
        }
    }
}

Test(layout, the_control_block_of_a_64_KiB_pool_takes_at_most_208_bytes)
{
    size_t bytes = stats_of(new_pool(65536)).control_bytes;
    cr_assert_leq(bytes, DEFRAG_LINK_WIDTH == 16 ? 208 : 416, "it takes %zu", bytes);
}

Test(layout, a_smaller_pool_has_a_smaller_control_block)
{
    size_t largest = stats_of(new_pool(262144)).control_bytes;
    size_t middle = stats_of(new_pool(65536)).control_bytes;
    size_t smallest = stats_of(new_pool(DEFRAG_MIN_POOL_BYTES)).control_bytes;
    cr_assert_lt(middle, largest);
    cr_assert_lt(smallest, middle);
}

Test(layout, pools_of_every_size_from_the_smallest_serve_their_capacity_and_no_more)
{
    for (size_t bytes = DEFRAG_MIN_POOL_BYTES; bytes < 2048; bytes++) {
        defrag_pool *pool = new_pool(bytes);
        size_t capacity = stats_of(pool).capacity;
        defrag_handle handle;
        ASSERT_STATUS(defrag_alloc(pool, capacity + 1, DEFRAG_MAKE_ROOM, &handle), DEFRAG_INVALID_SIZE);
        fill_block(pool, alloc_block(pool, capacity, DEFRAG_FAST), 0xFF);
        assert_intact(pool);
        cr_assert_lt(stats_of(pool).free, (size_t)expected_granule + expected_header);
    }
}

Test(layout, the_smallest_pool_serves_blocks)
{
    defrag_pool *pool = new_pool(DEFRAG_MIN_POOL_BYTES);
    fill_block(pool, alloc_block(pool, 1, DEFRAG_FAST), 0xFF);
    assert_intact(pool);
}

Test(layout, the_largest_pool_of_narrow_links_has_32768_granules)
{
    defrag_pool *pool = NULL;
    size_t largest = (size_t)32768 * expected_granule;
    if (DEFRAG_LINK_WIDTH == 32) {
        pool = new_pool(ARENA_BYTES);
    } else {
        ASSERT_STATUS(defrag_init(arena, largest + 1, NULL, &pool), DEFRAG_INVALID_SIZE);
        pool = new_pool(largest);
    }
    fill_block(pool, alloc_block(pool, stats_of(pool).capacity, DEFRAG_FAST), 0xFF);
    assert_intact(pool);
}

Test(layout, a_pool_beyond_what_wide_links_address_is_refused_before_it_is_touched)
{
    defrag_pool *pool = NULL;
    uint64_t beyond = ((uint64_t)1 << 32) - 4096 + 1;
    if (beyond <= SIZE_MAX) {
        ASSERT_STATUS(defrag_init(arena, (size_t)beyond, NULL, &pool), DEFRAG_INVALID_SIZE);
    }
    ASSERT_STATUS(defrag_init(arena, SIZE_MAX, NULL, &pool), DEFRAG_INVALID_SIZE);
    cr_assert_null(pool);
}
