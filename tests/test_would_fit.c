/* SPDX-License-Identifier: MIT
 *
 * The report on what would fit, and which locks stand in the way. */
#include "support.h"

#include <string.h>

enum { MOST = 256 };

/* The arena seen as stretches of free bytes between locked blocks; over-aligned blocks must not be in it. */
typedef struct map {
    size_t granules[MOST]; /* free ones in the stretch, lowest first */
    defrag_handle locks[MOST];
    size_t stretches;
    size_t free;
    size_t largest_hole;
} map;

static map map_of(const defrag_pool *pool)
{
    map m = { .stretches = 1 };
    defrag_pool_stats stats = stats_of(pool);
    defrag_block block = DEFRAG_BLOCK_INIT;
    while (defrag_walk(pool, &block)) {
        size_t granules = (block.bytes + stats.block_overhead) / stats.granule;
        if (block.handle == DEFRAG_NO_HANDLE) {
            m.granules[m.stretches - 1] += granules;
            m.free += granules;
            m.largest_hole = granules > m.largest_hole ? granules : m.largest_hole;
        } else if (block.locks != 0) {
            m.locks[m.stretches++ - 1] = block.handle;
        }
    }
    return m;
}

/* The fewest neighbouring locks without which a stretch of so many free granules would arise; by trying all. */
static size_t fewest_locks(const map *m, size_t granules)
{
    for (size_t locks = 0; locks < m->stretches; locks++) {
        for (size_t first = 0; first + locks < m->stretches; first++) {
            size_t sum = 0;
            for (size_t i = first; i <= first + locks; i++) {
                sum += m->granules[i];
            }
            if (sum >= granules) {
                return locks;
            }
        }
    }
    return SIZE_MAX;
}

/* A pool with handles to spare, so that only granules count, in which some blocks are locked. */
static defrag_pool *locked_pool(random_source *source, uint32_t percent)
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = 150;
    defrag_pool *pool = new_pool_with(arena, 8192, &config);
    defrag_handle handles[MOST];
    size_t count = 0;
    while (count < 149 && defrag_alloc(pool, random_size(source, 1, 300), DEFRAG_BEST, &handles[count]) == DEFRAG_OK) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || random_below(source, 3) == 0) {
            free_block(pool, handles[i]);
        } else if (random_below(source, 100) < percent) {
            share_block(pool, handles[i]);
        }
    }
    return pool;
}

/* Unlocking the blockers must do it. */
static void assert_blockers(defrag_pool *pool, const map *m, const defrag_fit_report *report, size_t bytes,
                            uint64_t seed)
{
    size_t first = 0;
    while (m->locks[first] != report->blockers[0]) {
        cr_assert_lt(++first, m->stretches, "DEFRAG_SEED=%" PRIu64, seed);
    }
    for (size_t i = 0; i < report->blocking; i++) {
        cr_assert_eq(report->blockers[i], m->locks[first + i], "blockers are no neighbours, DEFRAG_SEED=%" PRIu64,
                     seed);
        unlock_block(pool, report->blockers[i]);
    }
    defrag_handle handle;
    cr_assert_eq(defrag_alloc(pool, bytes, DEFRAG_MAKE_ROOM, &handle), DEFRAG_OK, "DEFRAG_SEED=%" PRIu64, seed);
}

static void judge(defrag_pool *pool, size_t granules, uint64_t seed)
{
    map m = map_of(pool);
    defrag_handle blockers[MOST];
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    report.blockers = blockers;
    report.capacity = LENGTH(blockers);
    size_t bytes = bytes_of_granules(pool, granules);
    size_t locks = fewest_locks(&m, granules);
    ASSERT_OK(defrag_would_fit(pool, bytes, 0, &report));
    cr_assert_eq(report.now, m.largest_hole >= granules, "DEFRAG_SEED=%" PRIu64, seed);
    if (locks == SIZE_MAX) {
        cr_assert_eq(report.verdict, DEFRAG_OUT_OF_MEMORY, "DEFRAG_SEED=%" PRIu64, seed);
        cr_assert_eq(report.missing, (granules - m.free) * stats_of(pool).granule, "DEFRAG_SEED=%" PRIu64, seed);
        return;
    }
    cr_assert_eq(report.verdict, locks == 0 ? DEFRAG_OK : DEFRAG_FRAGMENTED, "DEFRAG_SEED=%" PRIu64, seed);
    cr_assert_eq(report.missing, 0);
    cr_assert_eq(report.blocking, locks, "%u locks instead of %zu, DEFRAG_SEED=%" PRIu64, report.blocking, locks, seed);
    if (locks != 0) {
        assert_blockers(pool, &m, &report, bytes, seed);
    }
}

Test(would_fit, it_names_the_fewest_neighbouring_locks_in_the_way)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 2000; round++) {
        defrag_pool *pool = locked_pool(&source, random_below(&source, 60));
        size_t capacity = (stats_of(pool).capacity + 8) / stats_of(pool).granule;
        judge(pool, random_size(&source, 1, (uint32_t)capacity), seed);
    }
}

Test(would_fit, without_locks_it_says_what_make_room_says)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 500; round++) {
        defrag_pool *pool = locked_pool(&source, 0);
        size_t bytes = random_size(&source, 1, (uint32_t)stats_of(pool).capacity);
        defrag_fit_report report = DEFRAG_REPORT_INIT;
        ASSERT_OK(defrag_would_fit(pool, bytes, 0, &report));
        defrag_handle handle;
        cr_assert_eq(report.verdict, defrag_alloc(pool, bytes, DEFRAG_MAKE_ROOM, &handle), "DEFRAG_SEED=%" PRIu64,
                     seed);
    }
}

Test(would_fit, what_it_grants_over_aligned_is_served)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    for (int round = 0; round < 1000; round++) {
        defrag_pool *pool = locked_pool(&source, random_below(&source, 40));
        size_t alignment = 16U << random_below(&source, 7);
        size_t bytes = random_size(&source, 1, 2000);
        defrag_fit_report report = DEFRAG_REPORT_INIT;
        ASSERT_OK(defrag_would_fit(pool, bytes, alignment, &report));
        defrag_request request = DEFRAG_REQUEST_INIT;
        request.bytes = bytes;
        request.alignment = alignment;
        request.fit = report.now ? DEFRAG_BEST : DEFRAG_MAKE_ROOM;
        defrag_handle handle;
        defrag_status status = defrag_alloc_with(pool, &request, &handle);
        cr_assert(status == DEFRAG_OK || report.verdict != DEFRAG_OK, "DEFRAG_SEED=%" PRIu64, seed);
        cr_assert(!report.now || report.verdict == DEFRAG_OK, "DEFRAG_SEED=%" PRIu64, seed);
        cr_assert(status == DEFRAG_OUT_OF_MEMORY || report.verdict != DEFRAG_OUT_OF_MEMORY, "DEFRAG_SEED=%" PRIu64,
                  seed);
    }
}

Test(would_fit, missing_bytes_are_those_that_a_free_must_bring)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle large = alloc_block(pool, 1500, DEFRAG_FAST);
    alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST);
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    ASSERT_OK(defrag_would_fit(pool, 1000, 0, &report));
    cr_assert_eq(report.verdict, DEFRAG_OUT_OF_MEMORY);
    cr_assert_gt(report.missing, 1000 - 2 * stats_of(pool).granule);
    cr_assert_lt(report.missing, 1000 + 2 * stats_of(pool).granule);
    free_block(pool, large);
    ASSERT_OK(defrag_would_fit(pool, 1000, 0, &report));
    cr_assert_eq(report.verdict, DEFRAG_OK);
    cr_assert_eq(report.now, 1);
    cr_assert_eq(report.missing, 0);
}

Test(would_fit, it_names_no_more_blockers_than_there_is_room_for)
{
    defrag_pool *pool = new_pool(4096);
    defrag_handle handles[64];
    size_t count = 0;
    while (count < LENGTH(handles) && defrag_alloc(pool, 40, DEFRAG_BEST, &handles[count]) == DEFRAG_OK) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        if (i % 2 == 0) {
            free_block(pool, handles[i]);
        } else {
            lock_block(pool, handles[i]);
        }
    }
    alloc_block(pool, stats_of(pool).largest_now, DEFRAG_BEST);
    defrag_handle blockers[4] = { 1, 2, 3, 4 };
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    ASSERT_OK(defrag_would_fit(pool, 400, 0, &report));
    uint32_t blocking = report.blocking;
    cr_assert_gt(blocking, 4);
    report.capacity = 2;
    ASSERT_OK(defrag_would_fit(pool, 400, 0, &report));
    cr_assert_eq(report.blocking, blocking, "room that there is none of is no room");
    report.blockers = blockers;
    ASSERT_OK(defrag_would_fit(pool, 400, 0, &report));
    cr_assert_eq(report.blocking, blocking, "the count does not depend on the room for names");
    cr_assert_neq(blockers[0], 1);
    cr_assert_neq(blockers[1], 2);
    cr_assert_eq(blockers[2], 3);
    cr_assert_eq(blockers[3], 4);
}

/* An over-aligned block may leave unused as much as its alignment, which no unlock helps. */
Test(would_fit, it_names_nobody_when_no_lock_is_in_the_way)
{
    defrag_pool *pool = new_pool(4096);
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.bytes = 100;
    request.alignment = 1024;
    request.fit = DEFRAG_BEST;
    defrag_handle aligned;
    ASSERT_OK(defrag_alloc_with(pool, &request, &aligned));
    defrag_handle blockers[2] = { DEFRAG_NO_HANDLE, DEFRAG_NO_HANDLE };
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    report.blockers = blockers;
    report.capacity = LENGTH(blockers);
    ASSERT_OK(defrag_would_fit(pool, stats_of(pool).free - 2 * stats_of(pool).block_overhead - stats_of(pool).granule,
                               0, &report));
    cr_assert_eq(report.verdict, DEFRAG_FRAGMENTED);
    cr_assert_eq(report.blocking, 0);
    cr_assert_eq(blockers[0], DEFRAG_NO_HANDLE);
    cr_assert_eq(blockers[1], DEFRAG_NO_HANDLE);
}

Test(would_fit, bad_questions_get_the_errors_of_alloc)
{
    defrag_pool *pool = new_pool(4096);
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    ASSERT_STATUS(defrag_would_fit(pool, 0, 0, &report), DEFRAG_INVALID_SIZE);
    ASSERT_STATUS(defrag_would_fit(pool, stats_of(pool).capacity + 1, 0, &report), DEFRAG_INVALID_SIZE);
    ASSERT_STATUS(defrag_would_fit(pool, SIZE_MAX, 0, &report), DEFRAG_INVALID_SIZE);
    ASSERT_STATUS(defrag_would_fit(pool, 8, 3, &report), DEFRAG_INVALID_ALIGNMENT);
    ASSERT_STATUS(defrag_would_fit(pool, 8, 2048, &report), DEFRAG_INVALID_ALIGNMENT);
    ASSERT_STATUS(defrag_would_fit(pool, 8, 0, NULL), DEFRAG_INVALID_ARGUMENT);
}

/* ------------------------------------------------------------------------------------------------- exact boundaries */

static defrag_fit_report report_on(const defrag_pool *pool, size_t granules, defrag_handle *blockers, size_t capacity)
{
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    report.blockers = blockers;
    report.capacity = capacity;
    memset(blockers, 0, capacity * sizeof *blockers);
    ASSERT_OK(defrag_would_fit(pool, bytes_of_granules(pool, granules), 0, &report));
    return report;
}

Test(would_fit, a_granule_more_may_take_another_lock_out_of_the_way_or_bytes_that_are_not_there)
{
    /* Between locks are 5, 7, 6 and 2 granules; the rest of the pool is locked. */
    const int granules[] = { -5, 0, -3, 1, -4, 0, -6, 0, -2 };
    defrag_handle handles[LENGTH(granules)];
    defrag_handle blockers[4];
    defrag_pool *pool = laid_out(granules, LENGTH(granules), handles);
    const struct {
        size_t granules;
        defrag_status verdict;
        uint32_t blocking;
        size_t first; /* of the locks in the way; 0: there is a choice */
        size_t missing;
    } expected[] = {
        { 6, DEFRAG_OK, 0, 0, 0 },
        { 7, DEFRAG_OK, 0, 0, 0 },
        { 8, DEFRAG_FRAGMENTED, 1, 0, 0 },
        { 13, DEFRAG_FRAGMENTED, 1, 5, 0 },
        { 16, DEFRAG_FRAGMENTED, 2, 1, 0 },
        { 18, DEFRAG_FRAGMENTED, 2, 1, 0 },
        { 19, DEFRAG_FRAGMENTED, 3, 1, 0 },
        { 20, DEFRAG_FRAGMENTED, 3, 1, 0 },
        { 21, DEFRAG_OUT_OF_MEMORY, 0, 0, 1 },
        { 22, DEFRAG_OUT_OF_MEMORY, 0, 0, 2 },
    };
    for (size_t i = 0; i < LENGTH(expected); i++) {
        defrag_fit_report report = report_on(pool, expected[i].granules, blockers, LENGTH(blockers));
        cr_assert_eq(report.now, expected[i].granules <= 6);
        cr_assert_eq(report.verdict, expected[i].verdict);
        cr_assert_eq(report.blocking, expected[i].blocking);
        cr_assert_eq(report.missing, expected[i].missing * stats_of(pool).granule);
        cr_assert(expected[i].first == 0 || blockers[0] == handles[expected[i].first]);
        cr_assert_eq(blockers[report.blocking], DEFRAG_NO_HANDLE);
    }
}

/* | 2, hole of 4 | 2, hole of 3 | 2 | ... | 2 | all the rest |, with so many blocks of 2 and handle slots set aside. */
static defrag_pool *pool_with_two_holes(size_t blocks, uint32_t slots)
{
    defrag_handle handles[16];
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.handles = slots;
    defrag_pool *pool = new_pool_with(arena, 4096, &config);
    for (size_t i = 0; i < blocks; i++) {
        size_t hole = i == 0 ? 4 : i == 1 ? 3 : 0;
        handles[i] = alloc_block(pool, bytes_of_granules(pool, 2 + hole), DEFRAG_FAST);
    }
    alloc_block(pool, stats_of(pool).largest_now, DEFRAG_FAST);
    for (size_t i = 0; i < 2; i++) {
        ASSERT_OK(defrag_resize(pool, handles[i], bytes_of_granules(pool, 2), DEFRAG_FAST));
    }
    return pool;
}

static void assert_most(const defrag_pool *pool, size_t granules)
{
    defrag_handle none;
    cr_assert_eq(report_on(pool, granules, &none, 1).verdict, DEFRAG_OK);
    defrag_fit_report report = report_on(pool, granules + 1, &none, 1);
    cr_assert_eq(report.verdict, DEFRAG_OUT_OF_MEMORY);
    cr_assert_eq(report.missing, stats_of(pool).granule);
}

Test(would_fit, a_free_slot_costs_nothing_and_a_new_one_its_bytes)
{
    bool costs[2] = { false, false };
    for (uint32_t blocks = 2; blocks < 14; blocks++) {
        assert_most(pool_with_two_holes(blocks, blocks + 2), 7);
        defrag_pool *pool = pool_with_two_holes(blocks, 0);
        size_t most = (stats_of(pool).largest_after_moving + stats_of(pool).block_overhead) / stats_of(pool).granule;
        assert_most(pool, most);
        costs[most < 7] = true;
    }
    cr_assert(costs[false] && costs[true]);
}

Test(would_fit, what_fits_now_at_its_alignment_is_granted)
{
    /* A block that begins at the first multiple of 1024 may be larger than what is free less 1023. */
    defrag_pool *pool = new_pool(4096);
    defrag_pool_stats stats = stats_of(pool);
    size_t bytes = 4096 - 1024 - 2 * (size_t)stats.granule;
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    ASSERT_OK(defrag_would_fit(pool, bytes, 1024, &report));
    cr_assert_eq(report.now, 1);
    cr_assert_eq(report.verdict, DEFRAG_OK);
    cr_assert_eq(report.blocking, 0);
    alloc_aligned(pool, bytes, 1024, DEFRAG_BEST);
}

Test(would_fit, a_bad_question_leaves_the_report_as_it_was)
{
    defrag_pool *pool = new_pool(4096);
    const size_t questions[][2] = { { 0, 0 }, { SIZE_MAX, 0 }, { 8, 3 }, { 8, 2048 } };
    for (size_t i = 0; i < LENGTH(questions); i++) {
        defrag_fit_report report;
        memset(&report, 0x77, sizeof report);
        report.size = sizeof report;
        defrag_fit_report before = report;
        cr_assert_neq(defrag_would_fit(pool, questions[i][0], questions[i][1], &report), DEFRAG_OK);
        cr_assert_arr_eq(&report, &before, sizeof report);
    }
}

Test(would_fit, all_say_so_if_there_are_as_many_blocks_as_handles_can_name)
{
    static _Alignas(DEFRAG_MAX_ALIGNMENT) unsigned char memory[24 << 20];
    defrag_pool *pool;
    defrag_status status = defrag_init(memory, sizeof memory, NULL, &pool);
    if (status != DEFRAG_OK) { /* with links of 16 bits a pool is full before */
        cr_assert_eq(status, DEFRAG_INVALID_SIZE);
        return;
    }
    const size_t sizes[] = { 1000, 1, 1000 };
    defrag_handle handles[LENGTH(sizes)];
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        handles[i] = alloc_block(pool, sizes[i], DEFRAG_FAST);
    }
    lock_block(pool, handles[1]);
    defrag_handle handle;
    defrag_handle last = DEFRAG_NO_HANDLE;
    while ((status = defrag_alloc(pool, 1, DEFRAG_FAST, &handle)) == DEFRAG_OK) {
        last = handle;
    }
    ASSERT_OK(defrag_resize(pool, handles[0], 1, DEFRAG_FAST));
    ASSERT_OK(defrag_resize(pool, handles[2], 1, DEFRAG_FAST));
    cr_assert(stats_of(pool).holes == 2 && stats_of(pool).largest_now == 0 && stats_of(pool).largest_after_moving == 0);
    for (size_t bytes = 8; bytes <= 1500; bytes += 1492) {
        defrag_fit_report report = DEFRAG_REPORT_INIT;
        ASSERT_OK(defrag_would_fit(pool, bytes, 0, &report));
        cr_assert(report.verdict == DEFRAG_OUT_OF_HANDLES && report.now == 0 && report.missing == 0);
        ASSERT_STATUS(defrag_alloc(pool, bytes, DEFRAG_MAKE_ROOM, &handle), DEFRAG_OUT_OF_HANDLES);
    }
    free_block(pool, last);
    unlock_block(pool, handles[1]);
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    ASSERT_OK(defrag_would_fit(pool, 1500, 0, &report));
    cr_assert(report.verdict == DEFRAG_OK && stats_of(pool).largest_after_moving >= 1500);
    alloc_block(pool, 1500, DEFRAG_MAKE_ROOM);
}
