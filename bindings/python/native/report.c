/* SPDX-License-Identifier: MIT
 * What a replay found, for people. */
#include "report.h"

#include <inttypes.h>

static void tell_policy(const replay_policy *policy)
{
    printf("%s", policy->name);
    if (policy->step_bytes != 0) {
        printf(", then a step of at most %zu bytes and %zu blocks", policy->step_bytes, policy->step_blocks);
    }
}

static void tell_trace(const report *told)
{
    const trace_summary *trace = told->trace;
    printf("trace           %s: %" PRIu64 " operations, %" PRIu32 " %s, at most %" PRIu64 " bytes in %" PRIu32
           " blocks live\n",
           told->path, trace->totals.operations, trace->threads, trace->threads == 1 ? "thread" : "threads",
           trace->peak_bytes, trace->peak_blocks);
}

static void tell_pool(const report *told)
{
    printf("pool            %zu bytes, link width %" PRIu32 ", ", told->result->stats.pool_bytes,
           told->result->engine->link_width);
    tell_policy(&told->options->policy);
    putchar('\n');
    if (told->found != NULL) {
        printf("smallest        to within %zu bytes; of the next %d larger sizes %" PRIu32 " refuse\n",
               told->found->granularity, SMALLEST_ROW, told->found->refused_above);
    }
}

static void tell_refusals(const replay_result *result)
{
    printf("refused         %" PRIu64 "\n", result->refused);
    if (result->refused == 0) {
        return;
    }
    printf("first refusal   operation %" PRIu64 ", %" PRIu64 " bytes: %s\n", result->first_refused_operation,
           result->first_refused_bytes, result->engine->status_text(result->first_refused_status));
    for (defrag_status status = DEFRAG_OK; status < REPLAY_REASONS; status++) {
        if (result->refused_for[status] != 0) {
            printf("                %" PRIu64 " times: %s\n", result->refused_for[status],
                   result->engine->status_text(status));
        }
    }
    printf("skipped         %" PRIu64 " operations on refused blocks\n", result->skipped);
}

static void tell_moving(const report *told)
{
    const replay_result *result = told->result;
    uint64_t allocated = told->trace->allocated_bytes;
    uint64_t moved = result->stats.moved_bytes - result->copied_bytes;
    printf("moved           %" PRIu64 " bytes to make room, %.3f for each byte allocated; %" PRIu64 " more to resize\n",
           moved, allocated == 0 ? 0.0 : (double)moved / (double)allocated, result->copied_bytes);
    printf("worst           allocation moved %zu bytes, step %zu\n", result->worst_allocation, result->worst_step);
}

static void tell_space(const report *told)
{
    const defrag_pool_stats *stats = &told->result->stats;
    const holes *seen = told->holes;
    printf("peak            %zu bytes in %zu blocks, headers included; high water %zu bytes\n", stats->peak_used,
           stats->peak_live, stats->high_water);
    if (seen->samples == 0) {
        return;
    }
    printf("largest hole    %zu bytes at least, %" PRIu64
           " on average, %zu at the end, over %zu samples; after moving %zu at "
           "least\n",
           seen->least, seen->sum / seen->samples, seen->last, seen->samples, seen->least_after_moving);
}

void report_text(const report *told)
{
    tell_trace(told);
    tell_pool(told);
    tell_refusals(told->result);
    tell_moving(told);
    tell_space(told);
}
