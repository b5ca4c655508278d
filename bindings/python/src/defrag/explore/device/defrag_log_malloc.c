/* SPDX-License-Identifier: MIT
 * Records malloc, calloc, realloc and free. The linker puts these functions in their place, if told to with --wrap. */
#include "defrag_log.h"

#include <string.h>

void *__real_malloc(size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void __wrap_free(void *block);

/* What realloc is at work on. In some C libraries it calls malloc and free by name, which are then no operations. */
static struct {
    void *block;
    size_t bytes;
} resizing;

void *__wrap_malloc(size_t bytes)
{
    void *block = __real_malloc(bytes);
    if (block != NULL && (resizing.block == NULL || resizing.bytes != bytes)) {
        defrag_log_record('a', (uintptr_t)block, 0, bytes);
    }
    return block;
}

/* Not by the C library's own calloc, which may call malloc by name. */
void *__wrap_calloc(size_t count, size_t bytes)
{
    void *block = bytes != 0 && count > SIZE_MAX / bytes ? NULL : __real_malloc(count * bytes);
    if (block != NULL) {
        memset(block, 0, count * bytes);
        defrag_log_record('z', (uintptr_t)block, 0, count * bytes);
    }
    return block;
}

void __wrap_free(void *block)
{
    if (block != NULL && block != resizing.block) {
        defrag_log_record('f', (uintptr_t)block, 0, 0);
    }
    __real_free(block);
}

static void *resize(void *block, size_t bytes)
{
    void *outer = resizing.block;
    size_t outer_bytes = resizing.bytes;
    resizing.block = block;
    resizing.bytes = bytes;
    void *resized = __real_realloc(block, bytes);
    resizing.block = outer;
    resizing.bytes = outer_bytes;
    return resized;
}

void *__wrap_realloc(void *block, size_t bytes)
{
    if (block == NULL) {
        return __wrap_malloc(bytes);
    }
    uintptr_t address = (uintptr_t)block;
    if (bytes == 0) {
        defrag_log_record('f', address, 0, 0); /* some C libraries then give an empty block, others none */
    }
    void *resized = resize(block, bytes);
    if (resized != NULL) {
        defrag_log_record(bytes == 0 ? 'a' : 'r', bytes == 0 ? (uintptr_t)resized : address, (uintptr_t)resized, bytes);
    }
    return resized;
}
