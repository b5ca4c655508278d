/* SPDX-License-Identifier: MIT
 * The memory that a C library's malloc gets, as its sbrk hands it out. */
#ifndef HEAP_MALLOC_H
#define HEAP_MALLOC_H

#include <stddef.h>

/* What sbrk returns: the old end of the heap, or (void *)-1 if there is no more. */
void *heap_grow(ptrdiff_t bytes);

#endif
