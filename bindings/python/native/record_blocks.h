/* SPDX-License-Identifier: MIT
 * Which block lies at which address, and which block numbers are free: kept without the heap that is being recorded. */
#ifndef RECORD_BLOCKS_H
#define RECORD_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NO_BLOCK UINT32_MAX

/* An entry of a hash table with linear probing; address 0 marks an empty one. */
typedef struct {
    uintptr_t address;
    uint32_t number;
} record_entry;

/* Zeroed, this is ready for use. */
typedef struct {
    record_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t live;
    uint32_t *free_numbers; /* a stack: the number freed last is used first, which keeps traces small */
    size_t free_capacity;
    size_t free_count;
    uint32_t numbers; /* used so far */
} record_blocks;

/* Gives the block at this address a number. Returns NO_BLOCK if the system has no memory left. */
uint32_t record_blocks_add(record_blocks *blocks, const void *address);

/* Notes that a block has moved here, which was taken with record_blocks_take. */
void record_blocks_put_back(record_blocks *blocks, const void *address, uint32_t number);

/* Forgets the block at this address and returns its number, or NO_BLOCK if none is known. */
uint32_t record_blocks_take(record_blocks *blocks, const void *address);

/* Lets a number that was taken be used again. */
void record_blocks_recycle(record_blocks *blocks, uint32_t number);

#endif
