/* SPDX-License-Identifier: MIT
 * The file that a recording goes to: mapped memory, so that what was written stays even if the program is killed, and
 * so that no descriptor is left for the program to close. The file is longer than the trace until defrag-record ends
 * it. */
#ifndef RECORD_OUTPUT_H
#define RECORD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *bytes;
    size_t length;   /* written */
    size_t reserved; /* backed by the file system */
} record_output;

/* Makes the file. Returns false with errno set if it cannot. */
bool record_output_open(record_output *output, const char *path);

/* Appends one record, its first byte last. Returns false if there is no room. */
bool record_output_put(record_output *output, const uint8_t *record, size_t length);

#endif
