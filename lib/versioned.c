/* SPDX-License-Identifier: MIT */
#include "versioned.h"

#include <string.h>

static uint32_t size_of(const void *structure)
{
    uint32_t size;
    memcpy(&size, structure, sizeof size);
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
    memset(known, 0, known_size);
    memcpy(known, given, size < known_size ? size : known_size);
    return true;
}

DEFRAG_PRIVATE void defrag_write_struct(void *given, const void *known, uint32_t known_size)
{
    uint32_t size = size_of(given);
    uint32_t common = size < known_size ? size : known_size;

    memcpy(given, known, common);
    memset((unsigned char *)given + common, 0, size - common);
    memcpy(given, &size, sizeof size);
}
