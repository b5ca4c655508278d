/* SPDX-License-Identifier: MIT
 *
 * Versions, texts, and structures of programs older and newer than the library. */
#include "support.h"

#include <stddef.h>
#include <string.h>

Test(versions, the_library_has_the_version_of_the_header)
{
    cr_assert_eq(defrag_version(), DEFRAG_VERSION);
    cr_assert_eq(DEFRAG_VERSION, DEFRAG_VERSION_MAJOR * 10000 + DEFRAG_VERSION_MINOR * 100 + DEFRAG_VERSION_PATCH);
}

Test(versions, every_status_has_a_text_of_its_own)
{
    for (defrag_status i = DEFRAG_OK; i <= DEFRAG_INVALID_ARGUMENT; i++) {
        const char *text = defrag_status_text(i);
        cr_assert_gt(strlen(text), 5);
        cr_assert_str_neq(text, defrag_status_text(DEFRAG_INVALID_ARGUMENT + 1));
        for (defrag_status k = DEFRAG_OK; k < i; k++) {
            cr_assert_str_neq(text, defrag_status_text(k));
        }
    }
}

Test(versions, an_unknown_status_or_invariant_has_a_text_too)
{
    const int32_t unknown[] = { -1, DEFRAG_INVALID_ARGUMENT + 1, 1000, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < LENGTH(unknown); i++) {
        cr_assert_gt(strlen(defrag_status_text(unknown[i])), 0);
        cr_assert_gt(strlen(defrag_invariant_text(unknown[i])), 0);
    }
}

Test(versions, the_initializers_set_the_sizes)
{
    cr_assert_eq(((defrag_config)DEFRAG_CONFIG_INIT).size, sizeof(defrag_config));
    cr_assert_eq(((defrag_request)DEFRAG_REQUEST_INIT).size, sizeof(defrag_request));
    cr_assert_eq(((defrag_progress)DEFRAG_PROGRESS_INIT).size, sizeof(defrag_progress));
    cr_assert_eq(((defrag_pool_stats)DEFRAG_STATS_INIT).size, sizeof(defrag_pool_stats));
    cr_assert_eq(((defrag_fit_report)DEFRAG_REPORT_INIT).size, sizeof(defrag_fit_report));
    cr_assert_eq(((defrag_block)DEFRAG_BLOCK_INIT).size, sizeof(defrag_block));
}

Test(versions, a_structure_whose_size_is_not_set_is_an_invalid_argument)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle;
    defrag_request request = DEFRAG_REQUEST_INIT;
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    defrag_block block = DEFRAG_BLOCK_INIT;
    request.bytes = 8;
    request.size = progress.size = stats.size = report.size = block.size = 0;
    ASSERT_STATUS(defrag_alloc_with(pool, &request, &handle), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_step(pool, 100, 100, &progress), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_stats(pool, &stats), DEFRAG_INVALID_ARGUMENT);
    ASSERT_STATUS(defrag_would_fit(pool, 8, 0, &report), DEFRAG_INVALID_ARGUMENT);
    cr_assert_not(defrag_walk(pool, &block));
}

Test(versions, statistics_are_filled_in_as_far_as_an_older_program_has_room)
{
    defrag_pool *pool = new_pool(4096);
    defrag_pool_stats full = stats_of(pool);
    for (uint32_t size = 4; size < sizeof full; size += 4) {
        defrag_pool_stats stats;
        memset(&stats, 0x77, sizeof stats);
        stats.size = size;
        ASSERT_OK(defrag_stats(pool, &stats));
        cr_assert_eq(stats.size, size);
        cr_assert_arr_eq((char *)&stats + 4, (char *)&full + 4, size - 4);
        for (uint32_t i = size; i < sizeof stats; i++) {
            cr_assert_eq(((unsigned char *)&stats)[i], 0x77, "written beyond the size at %u", i);
        }
    }
}

Test(versions, what_a_newer_program_has_beyond_is_zeroed)
{
    defrag_pool *pool = new_pool(4096);
    struct {
        defrag_pool_stats known;
        unsigned char beyond[24];
    } newer;
    memset(&newer, 0x77, sizeof newer);
    newer.known.size = sizeof newer;
    ASSERT_OK(defrag_stats(pool, &newer.known));
    cr_assert_eq(newer.known.size, sizeof newer);
    cr_assert_eq(newer.known.pool_bytes, 4096);
    for (size_t i = 0; i < sizeof newer.beyond; i++) {
        cr_assert_eq(newer.beyond[i], 0);
    }
}

Test(versions, a_size_that_does_not_cover_itself_is_an_invalid_argument)
{
    defrag_pool *pool = new_pool(4096);
    for (uint32_t size = 1; size < 4; size++) {
        defrag_progress progress = { size, 0, 0, 0, 0, 0 };
        defrag_pool_stats stats = { .size = size };
        ASSERT_STATUS(defrag_step(pool, 100, 100, &progress), DEFRAG_INVALID_ARGUMENT);
        ASSERT_STATUS(defrag_stats(pool, &stats), DEFRAG_INVALID_ARGUMENT);
    }
    defrag_progress progress = { 4, 0, 0, 0, 0, 0 };
    ASSERT_OK(defrag_step(pool, 100, 100, &progress));
}

Test(versions, progress_of_an_older_program_is_filled_in_as_far_as_it_goes)
{
    defrag_pool *pool = new_pool(4096);
    defrag_progress progress;
    memset(&progress, 0x77, sizeof progress);
    progress.size = offsetof(defrag_progress, moved_bytes);
    ASSERT_OK(defrag_step(pool, 100, 100, &progress));
    cr_assert_eq(progress.done, 1);
    cr_assert_eq(((unsigned char *)&progress)[offsetof(defrag_progress, moved_bytes)], 0x77);
}

Test(versions, a_config_of_an_older_program_means_defaults_for_the_rest)
{
    defrag_config config = { offsetof(defrag_config, watermark), 5, 1, 99, 99 };
    cr_assert_eq(stats_of(new_pool_with(arena, 4096, &config)).handles, 5);
}

Test(versions, a_config_of_a_newer_program_is_taken_if_its_news_are_zero)
{
    struct {
        defrag_config known;
        size_t beyond;
    } newer = { DEFRAG_CONFIG_INIT, 0 };
    newer.known.size = sizeof newer;
    newer.known.handles = 5;
    cr_assert_eq(stats_of(new_pool_with(arena, 4096, &newer.known)).handles, 5);
    newer.beyond = 1;
    defrag_pool *pool;
    ASSERT_STATUS(defrag_init(arena, 4096, &newer.known, &pool), DEFRAG_INVALID_ARGUMENT);
}

Test(versions, a_block_of_an_older_program_still_walks)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
    defrag_block block = DEFRAG_BLOCK_INIT;
    block.size = offsetof(defrag_block, alignment);
    cr_assert(defrag_walk(pool, &block));
    cr_assert_eq(block.handle, handle);
    cr_assert(defrag_walk(pool, &block));
    cr_assert_eq(block.handle, DEFRAG_NO_HANDLE);
    cr_assert_not(defrag_walk(pool, &block));
}

Test(versions, every_older_config_means_defaults_for_what_it_lacks)
{
    for (uint32_t size = 4; size <= sizeof(defrag_config); size += 4) {
        defrag_config older = { size, 5, 512, 3, 0 };
        defrag_config same = DEFRAG_CONFIG_INIT;
        memcpy((char *)&same + 4, (char *)&older + 4, size - 4);
        memset((char *)&older + size, 0x77, sizeof older - size);
        defrag_pool_stats expected = stats_of(new_pool_with(arena, 4096, &same));
        defrag_handle handle = alloc_block(new_pool_with(arena, 4096, &same), 8, DEFRAG_FAST);
        cr_assert_eq(alloc_block(new_pool_with(arena, 4096, &older), 8, DEFRAG_FAST), handle, "size %u", size);
        defrag_pool_stats found = stats_of(new_pool_with(arena, 4096, &older));
        cr_assert_arr_eq((char *)&found, (char *)&expected, sizeof found);
    }
}

Test(versions, a_request_of_an_older_program_means_defaults_for_the_rest)
{
    defrag_pool *pool = new_pool(4096);
    defrag_request older = { offsetof(defrag_request, alignment), DEFRAG_ZEROED, 100, 99, 99, 99 };
    defrag_handle handle;
    ASSERT_OK(defrag_alloc_with(pool, &older, &handle));
    older.size = offsetof(defrag_request, bytes);
    ASSERT_STATUS(defrag_alloc_with(pool, &older, &handle), DEFRAG_INVALID_SIZE);
}

Test(versions, a_request_of_a_newer_program_is_taken_if_its_news_are_zero)
{
    defrag_pool *pool = new_pool(4096);
    struct {
        defrag_request known;
        unsigned char beyond[sizeof(size_t) * 3];
    } newer = { DEFRAG_REQUEST_INIT, { 0 } };
    defrag_handle handle;
    newer.known.size = sizeof newer;
    newer.known.bytes = 100;
    ASSERT_OK(defrag_alloc_with(pool, &newer.known, &handle));
    for (size_t i = 0; i < sizeof newer.beyond; i++) {
        newer.beyond[i] = 1;
        ASSERT_STATUS(defrag_alloc_with(pool, &newer.known, &handle), DEFRAG_INVALID_ARGUMENT);
        cr_assert_eq(handle, DEFRAG_NO_HANDLE);
        newer.beyond[i] = 0;
    }
    cr_assert_eq(stats_of(pool).live, 1);
}

Test(versions, progress_of_a_newer_program_is_zeroed_beyond)
{
    struct {
        defrag_progress known;
        size_t beyond;
    } newer = { DEFRAG_PROGRESS_INIT, 77 };
    newer.known.size = sizeof newer;
    ASSERT_OK(defrag_step(new_pool(4096), 100, 100, &newer.known));
    cr_assert_eq(newer.known.done, 1);
    cr_assert_eq(newer.beyond, 0);
}

/* A report and a block are read too. */
Test(versions, a_report_of_a_newer_program_is_taken_if_its_news_are_zero)
{
    defrag_pool *pool = new_pool(4096);
    struct {
        defrag_fit_report known;
        size_t beyond;
    } newer = { DEFRAG_REPORT_INIT, 0 };
    newer.known.size = sizeof newer;
    ASSERT_OK(defrag_would_fit(pool, 8, 0, &newer.known));
    cr_assert_eq(newer.known.size, sizeof newer);
    cr_assert_eq(newer.beyond, 0);
    newer.beyond = 1;
    ASSERT_STATUS(defrag_would_fit(pool, 8, 0, &newer.known), DEFRAG_INVALID_ARGUMENT);
}

Test(versions, a_block_of_a_newer_program_walks_if_its_news_are_zero)
{
    defrag_pool *pool = new_pool(4096);
    struct {
        defrag_block known;
        size_t beyond;
    } newer = { DEFRAG_BLOCK_INIT, 0 };
    newer.known.size = sizeof newer;
    cr_assert(defrag_walk(pool, &newer.known));
    cr_assert_eq(newer.known.size, sizeof newer);
    newer.beyond = 1;
    cr_assert_not(defrag_walk(pool, &newer.known));
}

Test(versions, a_report_of_an_older_program_is_filled_in_as_far_as_it_goes)
{
    defrag_pool *pool = new_pool(4096);
    defrag_fit_report older;
    memset(&older, 0x77, sizeof older);
    older.size = offsetof(defrag_fit_report, missing);
    ASSERT_OK(defrag_would_fit(pool, 8, 0, &older));
    cr_assert_eq(older.verdict, DEFRAG_OK);
    cr_assert_eq(older.now, 1);
    for (size_t i = older.size; i < sizeof older; i++) {
        cr_assert_eq(((unsigned char *)&older)[i], 0x77, "written beyond the size at %zu", i);
    }
}

/* Leaves something on the stack where the next call has its variables. */
static __attribute__((noinline)) void soil_stack(void)
{
    volatile unsigned char soil[1024];
    for (size_t i = 0; i < sizeof soil; i++) {
        soil[i] = 0x77;
    }
}

Test(versions, what_an_older_block_lacks_is_zero_and_not_what_was_on_the_stack)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle first = alloc_block(pool, 100, DEFRAG_FAST);
    alloc_block(pool, 100, DEFRAG_FAST);
    for (int i = 0; i < 2; i++) {
        defrag_block block = DEFRAG_BLOCK_INIT;
        block.size = offsetof(defrag_block, offset); /* so a walk begins anew each time */
        soil_stack();
        cr_assert(defrag_walk(pool, &block));
        cr_assert_eq(block.handle, first);
    }
}
