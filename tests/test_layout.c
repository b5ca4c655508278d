/* SPDX-License-Identifier: MIT
 *
 * What a pool and a block cost, and where they may lie. Compiled for each configuration, to know which one it is. */
/* For anonymous mappings. */
#define _DEFAULT_SOURCE
#include "support.h"

#include <string.h>
#include <sys/mman.h>

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

/* Memory of which only what is touched takes any, or null. */
static void *vast_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

Test(layout, the_largest_pool_of_wide_links_has_4_GiB_less_a_page)
{
    uint64_t largest = ((uint64_t)1 << 32) - 4096;
    void *memory = DEFRAG_LINK_WIDTH == 32 && largest <= SIZE_MAX ? vast_memory((size_t)largest) : NULL;
    if (memory == NULL) {
        return;
    }
    defrag_pool *pool = new_pool_with(memory, (size_t)largest, NULL);
    defrag_pool_stats stats = stats_of(pool);
    free_block(pool, alloc_block(pool, stats.capacity, DEFRAG_FAST));
    cr_assert_eq(stats_of(pool).peak_used, stats.capacity + stats.block_overhead);
    cr_assert_gt(stats.capacity, (size_t)largest - 1024);
    defrag_handle hole = alloc_block(pool, (size_t)1 << 31, DEFRAG_FAST);
    alloc_block(pool, 1, DEFRAG_FAST);
    size_t offset = offset_of(pool, hole);
    free_block(pool, hole);
    assert_intact(pool);
    cr_assert_eq(offset_of(pool, alloc_block(pool, (size_t)1 << 31, DEFRAG_BEST)), offset);
    assert_intact(pool);
}

Test(layout, as_many_slots_can_be_set_aside_as_handles_can_tell_apart_and_each_gives_handles)
{
    const uint32_t most = DEFRAG_LINK_WIDTH == 16 ? 32767 : 524287;
    size_t bytes = DEFRAG_LINK_WIDTH == 16 ? (size_t)32768 * expected_granule : (size_t)64 << 20;
    void *memory = vast_memory(bytes);
    defrag_config config = DEFRAG_CONFIG_INIT;
    defrag_pool *pool;
    cr_assert_not_null(memory);
    config.tag = 31;
    config.handles = most + 1;
    ASSERT_STATUS(defrag_init(memory, bytes, &config, &pool), DEFRAG_INVALID_SIZE);
    config.handles = most;
    pool = new_pool_with(memory, bytes, &config);
    for (uint32_t i = 0; i < 2 * most; i++) {
        defrag_handle handle = alloc_block(pool, 1, DEFRAG_FAST);
        size_t usable;
        cr_assert_gt(usable_of(pool, handle), 0);
        free_block(pool, handle);
        ASSERT_STATUS(defrag_usable_size(pool, handle, &usable), DEFRAG_INVALID_HANDLE);
    }
    cr_assert_eq(stats_of(pool).handles, most);
    assert_intact(pool);
}

/* Images outlive the program that made them: what tells of which build they are must not change. */
Test(layout, the_first_word_of_an_image_tells_its_build_by_which_others_refuse_it)
{
    const struct {
        uint32_t granule;
        uint32_t width;
        uint32_t word; /* of a build with pointers of 64 bits */
    } builds[] = {
        { 8, 16, 0xD1D1D1D1 },  { 16, 16, 0xD5D5D5D5 }, { 32, 16, 0xD9D9D9D9 },
        { 16, 32, 0xD7D7C5D7 }, { 32, 32, 0xDBDBC9DB },
    };
    const uint32_t table = 4096 - expected_header; /* where it begins, which is added */
    for (size_t i = 0; i < LENGTH(builds); i++) {
        for (uint32_t narrow = 0; narrow < 2; narrow++) {
            bool own = builds[i].granule == expected_granule && builds[i].width == DEFRAG_LINK_WIDTH &&
                       narrow == (sizeof(void *) == 4);
            uint32_t first = builds[i].word - narrow * 0x01010101U + table;
            defrag_pool *pool = new_pool(4096);
            memcpy(pool, &first, sizeof first);
            ASSERT_STATUS(defrag_attach(arena, 4096, &pool), own ? DEFRAG_OK : DEFRAG_INVALID_POOL);
        }
    }
}

Test(layout, pools_in_other_banks_of_memory_draw_other_tags)
{
    enum { BANKS = 8 };
    const uint64_t bank = (uint64_t)1 << 29;
    unsigned char *memory = BANKS * bank <= SIZE_MAX ? vast_memory((size_t)(BANKS * bank)) : NULL;
    if (memory == NULL) {
        return;
    }
    defrag_handle first = DEFRAG_NO_HANDLE;
    size_t same = 0;
    for (size_t i = 0; i < BANKS; i++) {
        defrag_pool *pool = new_pool_with(memory + i * (size_t)bank, DEFRAG_MIN_POOL_BYTES, NULL);
        defrag_handle handle = alloc_block(pool, 1, DEFRAG_FAST);
        first = i == 0 ? handle : first;
        same += handle == first;
    }
    cr_assert_leq(same, BANKS / 2);
}
