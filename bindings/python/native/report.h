/* SPDX-License-Identifier: MIT
 * What a replay found, for people and for programs. */
#ifndef REPORT_H
#define REPORT_H

#include "holes.h"
#include "replay.h"
#include "smallest.h"

typedef struct {
    const char *path;
    const trace_summary *trace;
    const replay_options *options;
    const replay_result *result;
    const smallest *found; /* null if the pool's size was given */
    const holes *holes;
} report;

void report_text(const report *told);
void report_json(const report *told);

#endif
