/* SPDX-License-Identifier: MIT
 * What a replay found, as one JSON object on one line. Every value is a number or a word of this program. */
#include "report.h"

#include <inttypes.h>

static const char *const reasons[REPLAY_REASONS] = {
    [DEFRAG_OK] = "none",
    [DEFRAG_FRAGMENTED] = "fragmented",
    [DEFRAG_OUT_OF_MEMORY] = "out-of-memory",
    [DEFRAG_OUT_OF_HANDLES] = "out-of-handles",
    [DEFRAG_INVALID_SIZE] = "invalid-size",
    [DEFRAG_INVALID_ALIGNMENT] = "invalid-alignment",
};

static void put_trace(const trace_summary *trace)
{
    printf("\"trace\": {\"operations\": %" PRIu64 ", \"threads\": %" PRIu32 ", \"allocated_bytes\": %" PRIu64
           ", \"peak_bytes\": %" PRIu64 ", \"peak_blocks\": %" PRIu32 ", \"live_blocks_at_end\": %" PRIu64 "}",
           trace->totals.operations, trace->threads, trace->allocated_bytes, trace->peak_bytes, trace->peak_blocks,
           trace->totals.live);
}

static void put_pool(const report *told)
{
    const replay_policy *policy = &told->options->policy;
    printf(", \"pool\": {\"bytes\": %zu, \"link_width\": %" PRIu32
           ", \"fit\": \"%s\", \"step_bytes\": %zu, \"step_blocks\": %zu}",
           told->options->pool_bytes, told->result->engine->link_width, policy->name, policy->step_bytes,
           policy->step_blocks);
}

static void put_smallest(const smallest *found)
{
    if (found == NULL) {
        return;
    }
    printf(", \"smallest\": {\"bytes\": %zu, \"granularity\": %zu, \"probes\": %" PRIu32 ", \"looked_above\": %d"
           ", \"refused_above\": %" PRIu32 "}",
           found->pool_bytes, found->granularity, found->probes, SMALLEST_ROW, found->refused_above);
}

static void put_refusals(const replay_result *result)
{
    printf(", \"operations\": %" PRIu64 ", \"skipped\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"refused_for\": {",
           result->operations, result->skipped, result->refused);
    for (defrag_status status = DEFRAG_FRAGMENTED; status < REPLAY_REASONS; status++) {
        printf("%s\"%s\": %" PRIu64, status == DEFRAG_FRAGMENTED ? "" : ", ", reasons[status],
               result->refused_for[status]);
    }
    printf("}, \"first_refusal\": ");
    if (result->refused == 0) {
        printf("null");
        return;
    }
    printf("{\"operation\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"reason\": \"%s\"}", result->first_refused_operation,
           result->first_refused_bytes, reasons[result->first_refused_status]);
}

static void put_pool_history(const replay_result *result)
{
    const defrag_pool_stats *stats = &result->stats;
    printf(", \"peak_used\": %zu, \"peak_live\": %zu, \"high_water\": %zu, \"moved_bytes\": %" PRIu64
           ", \"copied_bytes\": %" PRIu64 ", \"worst_allocation\": %zu, \"worst_step\": %zu",
           stats->peak_used, stats->peak_live, stats->high_water, stats->moved_bytes - result->copied_bytes,
           result->copied_bytes, result->worst_allocation, result->worst_step);
}

static void put_holes(const holes *seen)
{
    printf(", \"largest_hole\": {\"samples\": %zu, \"least\": %zu, \"mean\": %" PRIu64
           ", \"last\": %zu, \"least_after_moving\": %zu}",
           seen->samples, seen->least, seen->samples == 0 ? 0 : seen->sum / seen->samples, seen->last,
           seen->least_after_moving);
}

void report_json(const report *told)
{
    putchar('{');
    put_trace(told->trace);
    put_pool(told);
    put_smallest(told->found);
    put_refusals(told->result);
    put_pool_history(told->result);
    put_holes(told->holes);
    puts("}");
}
