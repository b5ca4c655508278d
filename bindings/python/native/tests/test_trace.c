/* SPDX-License-Identifier: MIT
 *
 * The trace format: what is written reads back, and nothing that is damaged passes or reads beyond the end. */
#include "random.h"
#include "support.h"
#include "trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { OPERATIONS = 400, CAPACITY = TRACE_MAGIC_BYTES + 2 * (OPERATIONS + 1) * TRACE_RECORD_BYTES };

/* A random trace that makes sense, and its records. */
typedef struct {
    uint8_t bytes[CAPACITY];
    size_t length;
    trace_record records[2 * OPERATIONS + 1];
    size_t count;
    bool live[OPERATIONS];
    unsigned locks[OPERATIONS];
    uint32_t numbers;
    uint32_t threads;
    trace_totals totals;
} script;

static void put(script *written, trace_record record)
{
    trace_count(&written->totals, &record);
    written->length += trace_put(written->bytes + written->length, &record);
    written->records[written->count++] = record;
}

static trace_record random_allocation(random_source *source, uint32_t number)
{
    trace_record record = { .kind = TRACE_ALLOCATE,
                            .number = number,
                            .bytes = random_64(source) >> (32 + random_below(source, 32)) };
    if (random_below(source, 3) == 0) {
        record.kind = TRACE_ALLOCATE_WITH;
        record.alignment = 1U << random_below(source, TRACE_ALIGNMENT_BITS + 1);
        record.zeroed = random_below(source, 2) == 0;
    }
    return record;
}

static trace_record random_operation(script *written, random_source *source, uint32_t number)
{
    unsigned *locks = &written->locks[number];
    if (random_below(source, 4) == 0) {
        ++*locks;
        return (trace_record){ .kind = TRACE_LOCK, .number = number, .locks = true };
    }
    if (*locks != 0) {
        --*locks;
        return (trace_record){ .kind = TRACE_LOCK, .number = number };
    }
    if (random_below(source, 2) == 0) {
        written->live[number] = false;
        return (trace_record){ .kind = TRACE_FREE, .number = number };
    }
    return (trace_record){ .kind = TRACE_RESIZE, .number = number, .bytes = random_below(source, UINT32_MAX) };
}

static void put_random(script *written, random_source *source)
{
    uint32_t number = random_below(source, written->numbers + 1);
    if (random_below(source, 10) == 0) {
        uint32_t thread = random_below(source, written->threads + 1);
        written->threads += thread == written->threads;
        put(written, (trace_record){ .kind = TRACE_THREAD, .number = thread });
    }
    if (!written->live[number]) {
        written->numbers += number == written->numbers;
        written->live[number] = true;
        put(written, random_allocation(source, number));
    } else {
        put(written, random_operation(written, source, number));
    }
}

static script *random_script(uint64_t seed)
{
    random_source source = { seed };
    script *written = calloc(1, sizeof *written);
    cr_assert_not_null(written);
    memcpy(written->bytes, trace_magic, TRACE_MAGIC_BYTES);
    written->length = TRACE_MAGIC_BYTES;
    written->threads = 1;
    for (int i = 0; i < OPERATIONS; i++) {
        put_random(written, &source);
    }
    put(written, (trace_record){ .kind = TRACE_END, .totals = written->totals });
    return written;
}

/* Verifies a copy without a byte to spare behind it, so that reading too far is noticed. */
static bool passes(const uint8_t *bytes, size_t length, trace_summary *summary)
{
    char sentence[TRACE_SENTENCE_BYTES] = "";
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    cr_assert_not_null(copy);
    memcpy(copy, bytes, length);
    bool good = trace_check(copy, length, summary, sentence);
    free(copy);
    cr_assert_eq(good, sentence[0] == '\0', "a sentence if and only if something is wrong");
    return good;
}

static bool is_same(const trace_record *a, const trace_record *b)
{
    return a->kind == b->kind && a->number == b->number && a->bytes == b->bytes && a->alignment == b->alignment &&
           a->zeroed == b->zeroed && a->locks == b->locks && memcmp(&a->totals, &b->totals, sizeof a->totals) == 0;
}

Test(trace, a_record_reads_back_as_it_was_written)
{
    uint64_t seed = test_seed();
    script *written = random_script(seed);
    trace_cursor cursor;
    cr_assert_eq(trace_begin(written->bytes, written->length, &cursor), TRACE_OK);
    for (size_t i = 0; i < written->count; i++) {
        trace_record record;
        cr_assert_eq(trace_next(&cursor, &record), TRACE_OK, "DEFRAG_SEED=%" PRIu64, seed);
        cr_assert(is_same(&record, &written->records[i]), "record %zu, DEFRAG_SEED=%" PRIu64, i, seed);
    }
    cr_assert_eq(cursor.at, written->bytes + written->length);
    free(written);
}

Test(trace, a_whole_trace_passes_and_is_summed_up)
{
    uint64_t seed = test_seed();
    script *written = random_script(seed);
    trace_summary summary;
    cr_assert(passes(written->bytes, written->length, &summary), "DEFRAG_SEED=%" PRIu64, seed);
    cr_assert_eq(summary.totals.operations, OPERATIONS);
    cr_assert_eq(summary.numbers, written->numbers, "DEFRAG_SEED=%" PRIu64, seed);
    cr_assert_eq(summary.threads, written->threads, "DEFRAG_SEED=%" PRIu64, seed);
    cr_assert_geq(summary.peak_blocks, summary.totals.live);
    free(written);
}

Test(trace, a_trace_cut_at_any_byte_is_refused)
{
    uint64_t seed = test_seed();
    script *written = random_script(seed);
    trace_summary summary;
    for (size_t length = 0; length < written->length; length++) {
        cr_assert_not(passes(written->bytes, length, &summary), "cut at %zu, DEFRAG_SEED=%" PRIu64, length, seed);
    }
    free(written);
}

Test(trace, a_trace_that_passes_with_a_flipped_bit_still_has_its_totals)
{
    uint64_t seed = test_seed();
    script *written = random_script(seed);
    size_t passed = 0;
    for (size_t bit = 0; bit < 8 * written->length; bit++) {
        trace_summary summary;
        written->bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (passes(written->bytes, written->length, &summary)) {
            passed++;
            cr_assert_eq(memcmp(&summary.totals, &written->totals, sizeof summary.totals), 0,
                         "bit %zu, DEFRAG_SEED=%" PRIu64, bit, seed);
        }
        written->bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    cr_assert_lt(passed, written->length, "of %zu bits, DEFRAG_SEED=%" PRIu64, 8 * written->length, seed);
    free(written);
}

Test(trace, random_bytes_after_the_magic_are_refused_without_reading_beyond_them)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    uint8_t bytes[128];
    memcpy(bytes, trace_magic, TRACE_MAGIC_BYTES);
    for (int round = 0; round < 20000; round++) {
        size_t length = TRACE_MAGIC_BYTES + random_below(&source, sizeof bytes - TRACE_MAGIC_BYTES);
        for (size_t i = TRACE_MAGIC_BYTES; i < length; i++) {
            bytes[i] = (uint8_t)random_64(&source);
        }
        trace_summary summary;
        if (passes(bytes, length, &summary)) {
            /* An empty trace is that short, so it does come about. */
            cr_assert_leq(summary.totals.operations, length, "DEFRAG_SEED=%" PRIu64, seed);
        }
    }
}
