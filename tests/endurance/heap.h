/* SPDX-License-Identifier: MIT
 * A heap as the device uses it, so that several can live through the same years. All have HEAP_BYTES. */
#ifndef HEAP_H
#define HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_BYTES ((size_t)64 * 1024)

/* A block: a handle or an address. 0 is none. */
typedef uintptr_t heap_block;

extern const char heap_name[];

/* Makes it empty, as a reboot does. */
void heap_reset(void);

/* Returns 0 if it refuses. */
heap_block heap_take(size_t bytes);
void heap_give(heap_block block);

/* Returns false if it refuses; the block is then as it was. Its contents stay, up to the smaller size. */
bool heap_resize(heap_block *block, size_t bytes);

/* Between these the block's address is fixed. */
void *heap_hold(heap_block block);
void heap_release(heap_block block);

/* What the device's idle loop does for the heap. */
void heap_idle(void);

/* The highest end of a block since heap_reset, in bytes from the heap's start. */
size_t heap_high_water(void);

#endif
