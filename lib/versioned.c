/* SPDX-License-Identifier: MIT */
#include "versioned.h"

static uint32_t size_of(const void *structure)
{
    uint32_t size;
    __builtin_memcpy(&size, structure, sizeof size);
    return size;
}

DEFRAG_PRIVATE bool defrag_read_struct(void *known, const void *given, uint32_t known_size)
{
    uint32_t size = size_of(given);
    if (size < sizeof size) {
        return false;
    }
    for (uint32_t i = known_size; i < size; i++) {
        if (((const unsigned char *)given)[i] != 0) {
            return false;
        }
    }
    __builtin_memset(known, 0, known_size);
    __builtin_memcpy(known, given, size < known_size ? size : known_size);
    return true;
}

DEFRAG_PRIVATE void defrag_write_struct(void *given, const void *known, uint32_t known_size)
{
    uint32_t size = size_of(given);
    uint32_t common = size < known_size ? size : known_size;

    __builtin_memcpy(given, known, common);
    __builtin_memset((unsigned char *)given + common, 0, size - common);
    __builtin_memcpy(given, &size, sizeof size);
}
