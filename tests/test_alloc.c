/* SPDX-License-Identifier: MIT
 *
 * What allocation promises whatever the fit: arrays, zeroed blocks, and the verdicts on bad requests. */
#include "support.h"

#include <string.h>

static const defrag_fit fits[] = { DEFRAG_FAST, DEFRAG_BEST, DEFRAG_MAKE_ROOM };

Test(alloc, a_zeroed_block_is_zero_to_its_last_usable_byte)
{
    memset(arena, 0xFF, 65536);
    defrag_pool *pool = new_pool(32768);
    for (size_t bytes = 1; bytes < 200; bytes++) {
        defrag_request request = DEFRAG_REQUEST_INIT;
        request.flags = DEFRAG_ZEROED;
        request.bytes = bytes;
        request.alignment = bytes % 3 == 0 ? 64 : 0;
        request.fit = fits[bytes % 3];
        defrag_handle handle;
        ASSERT_OK(defrag_alloc_with(pool, &request, &handle));
        cr_assert(block_is_filled(pool, handle, 0));
        assert_intact(pool);
    }
}

Test(alloc, an_array_has_room_for_its_elements)
{
    defrag_pool *pool = new_pool(32768);
    for (size_t count = 1; count < 20; count++) {
        for (size_t bytes = 1; bytes < 20; bytes++) {
            defrag_handle handle;
            ASSERT_OK(defrag_alloc_array(pool, count, bytes, DEFRAG_FAST, &handle));
            cr_assert_geq(usable_of(pool, handle), count * bytes);
            cr_assert_lt(usable_of(pool, handle), count * bytes + stats_of(pool).granule);
            free_block(pool, handle);
        }
    }
}

Test(alloc, an_array_whose_size_overflows_is_an_invalid_size)
{
    defrag_pool *pool = new_pool(4096);
    const size_t half = SIZE_MAX / 2 + 1;
    const size_t root = (size_t)1 << (sizeof(size_t) * 4);
    const struct {
        size_t count;
        size_t bytes;
    } overflows[] = {
        { half, 2 },
        { 2, half },
        { SIZE_MAX, SIZE_MAX },
        { SIZE_MAX, 2 },
        { root, root },
        { root + 1, root },
        { SIZE_MAX / 3 + 1, 3 },
        { half + 4, 2 },
        { SIZE_MAX / 8 + 2, 8 },
        { 0, 8 },
        { 8, 0 },
        { 0, 0 },
        { 0, SIZE_MAX },
        { SIZE_MAX, 0 },
        { 1, SIZE_MAX },
    };
    for (size_t i = 0; i < LENGTH(overflows); i++) {
        for (size_t fit = 0; fit < LENGTH(fits); fit++) {
            defrag_handle handle = 1;
            ASSERT_STATUS(defrag_alloc_array(pool, overflows[i].count, overflows[i].bytes, fits[fit], &handle),
                          DEFRAG_INVALID_SIZE);
            cr_assert_eq(handle, DEFRAG_NO_HANDLE);
        }
    }
    cr_assert_eq(stats_of(pool).live, 0);
}

Test(alloc, sizes_near_every_limit_get_a_definite_answer)
{
    defrag_pool *pool = new_pool(65536);
    defrag_pool_stats stats = stats_of(pool);
    size_t sizes[512];
    size_t count = 0;
    for (size_t i = 0; i <= 4 * (size_t)stats.granule; i++) {
        sizes[count++] = i;
    }
    for (size_t i = 0; i <= 4 * (size_t)stats.granule; i++) {
        sizes[count++] = stats.capacity - 2 * stats.granule + i;
    }
    for (size_t i = 0; i <= 4; i++) {
        sizes[count++] = 32768 - 2 + i;
        sizes[count++] = 65536 - 2 + i;
        sizes[count++] = (size_t)UINT32_MAX - 2 + i;
    }
    for (size_t i = 0; i <= 64; i++) {
        sizes[count++] = SIZE_MAX - i;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t fit = 0; fit < LENGTH(fits); fit++) {
            defrag_handle handle = 1;
            bool valid = sizes[i] != 0 && sizes[i] <= stats.capacity;
            defrag_status expected = valid ? DEFRAG_OK : DEFRAG_INVALID_SIZE;
            ASSERT_STATUS(defrag_alloc(pool, sizes[i], fits[fit], &handle), expected);
            cr_assert_eq(handle != DEFRAG_NO_HANDLE, valid);
            if (valid) {
                cr_assert_geq(usable_of(pool, handle), sizes[i]);
                free_block(pool, handle);
            }
        }
    }
    assert_intact(pool);
}

Test(alloc, a_request_that_is_not_understood_is_an_invalid_argument)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = 1;
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.bytes = 8;
    ASSERT_STATUS(defrag_alloc_with(pool, NULL, &handle), DEFRAG_INVALID_ARGUMENT);
    cr_assert_eq(handle, DEFRAG_NO_HANDLE);
    ASSERT_STATUS(defrag_alloc_with(pool, &request, NULL), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_alloc(pool, 8, DEFRAG_FAST, NULL), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_alloc_array(pool, 8, 8, DEFRAG_FAST, NULL), DEFRAG_INVALID_ARGUMENT);
    request.reserved = 1;
    ASSERT_STATUS(defrag_alloc_with(pool, &request, &handle), DEFRAG_INVALID_ARGUMENT);
    request.reserved = 0;
    for (uint32_t flag = DEFRAG_PINNED << 1; flag != 0; flag <<= 1) {
        request.flags = flag;
        ASSERT_STATUS(defrag_alloc_with(pool, &request, &handle), DEFRAG_INVALID_ARGUMENT);
    }
    request.flags = 0;
    const defrag_fit unknown[] = { -1, DEFRAG_MAKE_ROOM + 1, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < LENGTH(unknown); i++) {
        request.fit = unknown[i];
        ASSERT_STATUS(defrag_alloc_with(pool, &request, &handle), DEFRAG_INVALID_ARGUMENT);
        ASSERT_STATUS(defrag_alloc(pool, 8, unknown[i], &handle), DEFRAG_INVALID_ARGUMENT);
        ASSERT_STATUS(defrag_alloc_array(pool, 1, 8, unknown[i], &handle), DEFRAG_INVALID_ARGUMENT);
    }
    cr_assert_eq(stats_of(pool).live, 0);
    cr_assert_eq(stats_of(pool).refused, 0, "a bad request is no refusal for want of room");
}

Test(alloc, an_alignment_that_is_no_power_of_two_up_to_1024_is_refused)
{
    defrag_pool *pool = new_pool(16384);
    for (size_t alignment = 0; alignment < 5000; alignment++) {
        defrag_request request = DEFRAG_REQUEST_INIT;
        request.bytes = 8;
        request.alignment = alignment;
        defrag_handle handle = 1;
        bool valid = (alignment & (alignment - 1)) == 0 && alignment <= DEFRAG_MAX_ALIGNMENT;
        defrag_status expected = valid ? DEFRAG_OK : DEFRAG_INVALID_ALIGNMENT;
        ASSERT_STATUS(defrag_alloc_with(pool, &request, &handle), expected);
        cr_assert_eq(handle != DEFRAG_NO_HANDLE, valid);
    }
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.bytes = 8;
    defrag_handle handle;
    const size_t huge[] = { SIZE_MAX, SIZE_MAX / 2 + 1, SIZE_MAX - 1023, (size_t)65536 * 8 };
    for (size_t i = 0; i < LENGTH(huge); i++) {
        request.alignment = huge[i];
        ASSERT_STATUS(defrag_alloc_with(pool, &request, &handle), DEFRAG_INVALID_ALIGNMENT);
    }
}
