/* SPDX-License-Identifier: MIT
 * Ends a recording, however its program ended. */
#ifndef RECORD_END_H
#define RECORD_END_H

#include <stdbool.h>

/* Cuts the file behind the last whole record and appends the end record. Returns false if the file is no recording;
 * errno is 0 unless the system refused something. */
bool record_end(const char *path);

#endif
