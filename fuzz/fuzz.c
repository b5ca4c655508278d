/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAGE = 4096 };

uint32_t fuzz_number(fuzz_source *source, unsigned bytes)
{
    uint32_t number = 0;
    for (unsigned i = 0; i < bytes && source->left != 0; i++, source->left--) {
        number |= (uint32_t)*source->at++ << 8 * i;
    }
    return number;
}

void *fuzz_memory(size_t bytes)
{
    void *memory = NULL;
    if (posix_memalign(&memory, PAGE, bytes) != 0) {
        fuzz_fail("there is no memory of %zu bytes", bytes);
    }
    return memory;
}

void fuzz_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}
