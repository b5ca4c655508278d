/* SPDX-License-Identifier: MIT
 * A hash table in pages of its own, since the heap's own functions are what is being recorded. */
#include "record_blocks.h"

#include <sys/mman.h>

enum { FIRST_CAPACITY = 4096, ADDRESS_SHIFT = 4 };

static void *map_pages(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* Fibonacci hashing: the golden ratio spreads neighbouring addresses. */
static size_t home_of(const record_blocks *blocks, uintptr_t address)
{
    uint64_t hash = (uint64_t)(address >> ADDRESS_SHIFT) * 0x9E3779B97F4A7C15U;
    return (size_t)(hash >> 32) & (blocks->capacity - 1);
}

static size_t next_of(const record_blocks *blocks, size_t i)
{
    return (i + 1) & (blocks->capacity - 1);
}

static void insert(record_blocks *blocks, uintptr_t address, uint32_t number)
{
    size_t i = home_of(blocks, address);
    while (blocks->entries[i].address != 0 && blocks->entries[i].address != address) {
        i = next_of(blocks, i);
    }
    blocks->live += blocks->entries[i].address == 0;
    blocks->entries[i] = (record_entry){ address, number };
}

static bool grow_entries(record_blocks *blocks)
{
    record_blocks old = *blocks;
    size_t capacity = old.capacity == 0 ? FIRST_CAPACITY : 2 * old.capacity;
    record_entry *entries = map_pages(capacity * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    blocks->entries = entries;
    blocks->capacity = capacity;
    blocks->live = 0;
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.entries[i].address != 0) {
            insert(blocks, old.entries[i].address, old.entries[i].number);
        }
    }
    if (old.capacity != 0) {
        munmap(old.entries, old.capacity * sizeof *old.entries);
    }
    return true;
}

/* There is always room to recycle every number in use. */
static bool grow_free_numbers(record_blocks *blocks)
{
    size_t old_bytes = blocks->free_capacity * sizeof *blocks->free_numbers;
    size_t capacity = blocks->free_capacity == 0 ? FIRST_CAPACITY : 2 * blocks->free_capacity;
    size_t bytes = capacity * sizeof *blocks->free_numbers;
    void *pages = old_bytes == 0 ? map_pages(bytes) : mremap(blocks->free_numbers, old_bytes, bytes, MREMAP_MAYMOVE);
    if (pages == NULL || pages == MAP_FAILED) {
        return false;
    }
    blocks->free_numbers = pages;
    blocks->free_capacity = capacity;
    return true;
}

static bool make_room(record_blocks *blocks)
{
    bool entries_suffice = 2 * (blocks->live + 1) <= blocks->capacity;
    bool numbers_suffice = blocks->free_count != 0 || blocks->numbers < blocks->free_capacity;
    return (entries_suffice || grow_entries(blocks)) && (numbers_suffice || grow_free_numbers(blocks));
}

uint32_t record_blocks_add(record_blocks *blocks, const void *address)
{
    if (!make_room(blocks)) {
        return NO_BLOCK;
    }
    uint32_t number = blocks->free_count != 0 ? blocks->free_numbers[--blocks->free_count] : blocks->numbers++;
    insert(blocks, (uintptr_t)address, number);
    return number;
}

void record_blocks_put_back(record_blocks *blocks, const void *address, uint32_t number)
{
    insert(blocks, (uintptr_t)address, number);
}

/* Moves later entries of a run up, so that no search ends too early at the place that became empty. */
static void close_gap(record_blocks *blocks, size_t gap)
{
    size_t mask = blocks->capacity - 1;
    for (size_t i = next_of(blocks, gap); blocks->entries[i].address != 0; i = next_of(blocks, i)) {
        size_t home = home_of(blocks, blocks->entries[i].address);
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            blocks->entries[gap] = blocks->entries[i];
            gap = i;
        }
    }
    blocks->entries[gap].address = 0;
}

uint32_t record_blocks_take(record_blocks *blocks, const void *address)
{
    if (blocks->capacity == 0) {
        return NO_BLOCK;
    }
    size_t i = home_of(blocks, (uintptr_t)address);
    while (blocks->entries[i].address != (uintptr_t)address) {
        if (blocks->entries[i].address == 0) {
            return NO_BLOCK;
        }
        i = next_of(blocks, i);
    }
    uint32_t number = blocks->entries[i].number;
    close_gap(blocks, i);
    blocks->live--;
    return number;
}

void record_blocks_recycle(record_blocks *blocks, uint32_t number)
{
    blocks->free_numbers[blocks->free_count++] = number;
}
