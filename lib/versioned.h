/* SPDX-License-Identifier: MIT
 *
 * Structures whose first field is their size, so that a program and a library of different versions understand each other. */
#ifndef DEFRAG_VERSIONED_H
#define DEFRAG_VERSIONED_H

#include "pool.h"

/* Reads a caller's structure into one of `known_size` bytes: what an older caller lacks is zero; what a newer one has
 * beyond must be zero. False if not, or if its size is not set. */
DEFRAG_PRIVATE bool defrag_read_struct(void *known, const void *given, uint32_t known_size);

/* Fills a caller's structure, whose size is set, as far as it goes; what it has beyond is zeroed. */
DEFRAG_PRIVATE void defrag_write_struct(void *given, const void *known, uint32_t known_size);

#endif
