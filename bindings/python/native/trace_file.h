/* SPDX-License-Identifier: MIT
 * Traces in files, unpacked if zstd packed them. */
#ifndef TRACE_FILE_H
#define TRACE_FILE_H

#include "trace.h"

typedef struct {
    uint8_t *bytes; /* free() releases it */
    size_t length;
} trace_file;

/* Reads a whole file. Returns false with a sentence as trace_check does, and nothing to release. */
bool trace_load(const char *path, trace_file *file, char sentence[TRACE_SENTENCE_BYTES]);

#endif
