/* SPDX-License-Identifier: MIT
 *
 * Misuse: each kind gets its own error, and not one bit of the pool changes. */
#include "support.h"

#include <string.h>

enum { POOL_BYTES = 4096 };

static void remember(void)
{
    memcpy(scratch_arena, arena, POOL_BYTES);
}

static bool unchanged(void)
{
    return memcmp(scratch_arena, arena, POOL_BYTES) == 0;
}

/* What the call numbered `call` answers to a handle; it fails the test if it hands out anything but nothing. */
static defrag_status call_with(defrag_pool *pool, defrag_handle handle, int call)
{
    void *address = arena;
    const void *shared = arena;
    size_t bytes = 1;
    defrag_status status;
    switch (call) {
    case 0: return defrag_free(pool, handle);
    case 1: return defrag_unlock(pool, handle);
    case 2: return defrag_resize(pool, handle, 8, DEFRAG_MAKE_ROOM);
    case 3: return defrag_resize(pool, handle, SIZE_MAX, DEFRAG_MAKE_ROOM);
    case 4:
        status = defrag_lock(pool, handle, &address);
        cr_assert_null(address);
        return status;
    case 5:
        status = defrag_lock_shared(pool, handle, &shared);
        cr_assert_null(shared);
        return status;
    default:
        status = defrag_usable_size(pool, handle, &bytes);
        cr_assert_eq(bytes, 0);
        return status;
    }
}

enum { CALLS = 7 };

static void assert_every_call(defrag_pool *pool, defrag_handle handle, defrag_status status)
{
    for (int call = 0; call < CALLS; call++) {
        cr_assert_eq(call_with(pool, handle, call), status, "call %d with %08" PRIx32, call, handle);
    }
}

static void assert_every_call_to_be_invalid(defrag_pool *pool)
{
    defrag_handle handle = 1;
    defrag_request request = DEFRAG_REQUEST_INIT;
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    defrag_block block = DEFRAG_BLOCK_INIT;
    request.bytes = 8;
    assert_every_call(pool, 1, DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_alloc(pool, 8, DEFRAG_FAST, &handle), DEFRAG_INVALID_POOL);
    cr_assert_eq(handle, DEFRAG_NO_HANDLE);
    ASSERT_STATUS(defrag_alloc_array(pool, 8, 8, DEFRAG_FAST, &handle), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_alloc_with(pool, &request, &handle), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_clean(pool), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_compact(pool), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_step(pool, 8, 8, NULL), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_stats(pool, &stats), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_would_fit(pool, 8, 0, &report), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_check(pool, NULL), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_observe(pool, NULL, NULL), DEFRAG_INVALID_POOL);
    ASSERT_STATUS(defrag_deinit(pool), DEFRAG_INVALID_POOL);
    cr_assert_not(defrag_walk(pool, &block));
}

Test(misuse, without_a_pool_every_call_says_so)
{
    assert_every_call_to_be_invalid(NULL);
}

Test(misuse, memory_that_is_no_pool_is_recognised)
{
    for (int value = 0; value < 256; value++) {
        memset(arena, value, POOL_BYTES);
        remember();
        assert_every_call_to_be_invalid((void *)arena);
        cr_assert(unchanged());
    }
}

Test(misuse, the_null_handle_is_never_valid)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    alloc_block(pool, 10, DEFRAG_FAST);
    remember();
    assert_every_call(pool, DEFRAG_NO_HANDLE, DEFRAG_INVALID_HANDLE);
    cr_assert(unchanged());
}

Test(misuse, a_freed_handle_is_refused_by_every_call)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    alloc_block(pool, 10, DEFRAG_FAST);
    defrag_handle handle = alloc_block(pool, 10, DEFRAG_FAST);
    alloc_block(pool, 10, DEFRAG_FAST);
    free_block(pool, handle);
    remember();
    assert_every_call(pool, handle, DEFRAG_INVALID_HANDLE);
    cr_assert(unchanged());
    ASSERT_OK(defrag_clean(pool));
    assert_every_call(pool, handle, DEFRAG_INVALID_HANDLE);
}

Test(misuse, every_handle_ever_issued_is_refused_after_every_operation_once_it_is_freed)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle live[64];
    defrag_handle freed[1000];
    size_t live_count = 0;
    size_t freed_count = 0;
    while (freed_count < LENGTH(freed)) {
        bool full = live_count == LENGTH(live);
        if (live_count == 0 || (!full && random_below(&source, 2) == 0)) {
            defrag_handle handle;
            if (defrag_alloc(pool, random_size(&source, 1, 256), DEFRAG_MAKE_ROOM, &handle) == DEFRAG_OK) {
                live[live_count++] = handle;
            }
        } else {
            size_t which = random_below(&source, (uint32_t)live_count);
            free_block(pool, live[which]);
            freed[freed_count++] = live[which];
            live[which] = live[--live_count];
        }
        if (random_below(&source, 50) == 0) {
            ASSERT_OK(defrag_clean(pool));
        }
        remember();
        for (size_t i = 0; i < freed_count; i++) {
            cr_assert_eq(call_with(pool, freed[i], (int)(i % CALLS)), DEFRAG_INVALID_HANDLE, "DEFRAG_SEED=%" PRIu64,
                         seed);
        }
        cr_assert(unchanged());
    }
}

Test(misuse, handles_of_a_pool_with_another_tag_are_refused)
{
    for (uint32_t tag = 2; tag < 4; tag++) {
        defrag_config config = DEFRAG_CONFIG_INIT;
        config.tag = tag;
        defrag_pool *pool = new_pool_with(arena, POOL_BYTES, &config);
        config.tag = 1;
        defrag_pool *other = new_pool_with(other_arena, POOL_BYTES, &config);
        for (int i = 0; i < 20; i++) {
            alloc_block(pool, 10, DEFRAG_FAST);
        }
        remember();
        for (int i = 0; i < 20; i++) {
            assert_every_call(pool, alloc_block(other, 10, DEFRAG_FAST), DEFRAG_INVALID_HANDLE);
        }
        cr_assert(unchanged());
    }
}

Test(misuse, pools_without_a_tag_draw_one_from_their_address)
{
    enum { POOLS = 64 };
    defrag_handle first[POOLS];
    int others = 0;
    for (size_t i = 0; i < POOLS; i++) {
        first[i] = alloc_block(new_pool_with(arena + i * POOL_BYTES, POOL_BYTES, NULL), 10, DEFRAG_FAST);
        others += first[i] != first[0];
    }
    cr_assert_gt(others, POOLS / 2);
}

Test(misuse, a_million_random_handles_are_refused_unless_they_are_live_by_chance)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle live[60];
    for (size_t i = 0; i < LENGTH(live); i++) {
        live[i] = alloc_block(pool, 1, DEFRAG_FAST);
    }
    remember();
    for (int i = 0; i < 1000000; i++) {
        uint64_t raw = random_64(&source);
        defrag_handle handle = (defrag_handle)raw;
        /* Half of them differ from a live one in one or two bits only. */
        if (raw >> 63 != 0) {
            handle = live[raw % LENGTH(live)] ^ 1U << (raw >> 40) % 32 ^ 1U << (raw >> 50) % 32;
        }
        bool is_live = false;
        for (size_t k = 0; k < LENGTH(live); k++) {
            is_live = is_live || handle == live[k];
        }
        if (!is_live) {
            cr_assert_eq(call_with(pool, handle, i % CALLS), DEFRAG_INVALID_HANDLE,
                         "%08" PRIx32 ", DEFRAG_SEED=%" PRIu64, handle, seed);
        }
    }
    cr_assert(unchanged());
}

Test(misuse, bad_requests_leave_the_pool_as_it_is)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
    defrag_handle locked = alloc_block(pool, 100, DEFRAG_FAST);
    lock_block(pool, locked);
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.bytes = 8;
    request.alignment = 3;
    defrag_handle none;
    size_t bytes;
    void *address;
    remember();
    ASSERT_STATUS(defrag_alloc(pool, 0, DEFRAG_MAKE_ROOM, &none), DEFRAG_INVALID_SIZE);
    ASSERT_STATUS(defrag_alloc(pool, SIZE_MAX, DEFRAG_MAKE_ROOM, &none), DEFRAG_INVALID_SIZE);
    ASSERT_STATUS(defrag_alloc(pool, 8, 3, &none), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_alloc_with(pool, &request, &none), DEFRAG_INVALID_ALIGNMENT);
    ASSERT_STATUS(defrag_alloc_array(pool, SIZE_MAX, 2, DEFRAG_FAST, &none), DEFRAG_INVALID_SIZE);
    ASSERT_STATUS(defrag_resize(pool, handle, 0, DEFRAG_MAKE_ROOM), DEFRAG_INVALID_SIZE);
    ASSERT_STATUS(defrag_resize(pool, locked, 8, DEFRAG_MAKE_ROOM), DEFRAG_LOCKED);
    ASSERT_STATUS(defrag_free(pool, locked), DEFRAG_LOCKED);
    ASSERT_STATUS(defrag_lock(pool, locked, &address), DEFRAG_LOCKED);
    ASSERT_STATUS(defrag_unlock(pool, handle), DEFRAG_NOT_LOCKED);
    ASSERT_STATUS(defrag_usable_size(pool, handle, NULL), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_usable_size(pool, 0, &bytes), DEFRAG_INVALID_HANDLE);
    ASSERT_STATUS(defrag_stats(pool, NULL), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_would_fit(pool, 8, 0, NULL), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_deinit(pool), DEFRAG_LOCKED);
    cr_assert_not(defrag_walk(pool, NULL));
    cr_assert(unchanged());
}

Test(misuse, pools_at_every_offset_and_of_every_size_are_made_or_refused_with_a_reason)
{
    for (size_t offset = 0; offset < 16; offset++) {
        for (size_t bytes = 0; bytes <= 512; bytes++) {
            memset(arena, 0x5A, POOL_BYTES);
            defrag_pool *pool = (void *)other_arena;
            defrag_status status = defrag_init(arena + offset, bytes, NULL, &pool);
            if (status == DEFRAG_OK) {
                fill_block(pool, alloc_block(pool, 1, DEFRAG_FAST), 0xFF);
                assert_intact(pool);
                continue;
            }
            cr_assert(status == DEFRAG_INVALID_ALIGNMENT || status == DEFRAG_INVALID_SIZE);
            cr_assert_null(pool);
            cr_assert(arena[0] == 0x5A && memcmp(arena, arena + 1, POOL_BYTES - 1) == 0);
        }
    }
}

Test(misuse, an_overrun_of_a_block_is_noticed_when_its_neighbour_is_freed)
{
    defrag_pool *pool = new_pool(POOL_BYTES);
    defrag_handle handle = alloc_block(pool, 20, DEFRAG_FAST);
    defrag_handle next = alloc_block(pool, 20, DEFRAG_FAST);
    unsigned char *bytes = lock_block(pool, handle);
    memset(bytes, 0xAA, usable_of(pool, handle) + stats_of(pool).block_overhead);
    unlock_block(pool, handle);
    ASSERT_STATUS(defrag_free(pool, next), DEFRAG_CORRUPT);
    ASSERT_STATUS(defrag_check(pool, NULL), DEFRAG_CORRUPT);
}
