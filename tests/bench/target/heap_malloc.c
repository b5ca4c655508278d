/* SPDX-License-Identifier: MIT
 *
 * The C library's own heap: picolibc's, or with NEWLIB_NANO that of newlib's small variant, whose objects are linked along. */
#include "heap.h"
#include "timed.h"

#include <stdlib.h>
#include <string.h>

const bool heap_moves = false;

static unsigned char *begin;
static unsigned char *brk;
static unsigned char *end;

static void *grow(ptrdiff_t bytes)
{
    unsigned char *old = brk;
    if (bytes > end - brk || bytes < begin - brk) {
        return (void *)-1;
    }
    brk += bytes;
    return old;
}

extern void *__malloc_free_list;
extern void *__malloc_sbrk_start;

#ifdef NEWLIB_NANO

const char *const heap_name = "newlib-nano";

/* What it needs of the rest of newlib. The locks are empty, as in a program without threads. */
void *_malloc_r(void *context, size_t bytes);
void _free_r(void *context, void *block);
void *_realloc_r(void *context, void *block, size_t bytes);
void *_sbrk_r(void *context, ptrdiff_t bytes);
void __malloc_lock(void *context);
void __malloc_unlock(void *context);

void *_sbrk_r(void *context, ptrdiff_t bytes)
{
    (void)context;
    return grow(bytes);
}

void __malloc_lock(void *context)
{
    (void)context;
}

void __malloc_unlock(void *context)
{
    (void)context;
}

static uint32_t context[64];

#define ALLOC(bytes) timed_call(TIMED_FUNCTION(_malloc_r), (uintptr_t)context, bytes, 0, 0)
#define FREE(block) timed_call(TIMED_FUNCTION(_free_r), (uintptr_t)context, block, 0, 0)
#define RESIZE(block, bytes) timed_call(TIMED_FUNCTION(_realloc_r), (uintptr_t)context, block, bytes, 0)

static void forget(void)
{
}

#else

const char *const heap_name = "picolibc";

extern void *__malloc_sbrk_top;
void *sbrk(ptrdiff_t bytes);

void *sbrk(ptrdiff_t bytes)
{
    return grow(bytes);
}

#define ALLOC(bytes) timed_call(TIMED_FUNCTION(malloc), bytes, 0, 0, 0)
#define FREE(block) timed_call(TIMED_FUNCTION(free), block, 0, 0, 0)
#define RESIZE(block, bytes) timed_call(TIMED_FUNCTION(realloc), block, bytes, 0, 0)

static void forget(void)
{
    __malloc_sbrk_top = NULL;
}

#endif

void heap_init(void *memory, size_t bytes)
{
    begin = memory;
    brk = begin;
    end = begin + bytes;
    __malloc_free_list = NULL;
    __malloc_sbrk_start = NULL;
    forget();
}

uintptr_t heap_alloc(size_t bytes, uint32_t ask)
{
    (void)ask;
    uintptr_t block = ALLOC(bytes);
    timed_note(TIMED_ALLOC, block != 0);
    return block;
}

void heap_free(uintptr_t block)
{
    (void)FREE(block);
    timed_note(TIMED_FREE, true);
}

void *heap_lock(uintptr_t block)
{
    return (void *)block;
}

void heap_unlock(uintptr_t block)
{
    (void)block;
}

uintptr_t heap_resize(uintptr_t block, size_t bytes, uint32_t ask)
{
    (void)ask;
    uintptr_t moved = RESIZE(block, bytes);
    timed_note(TIMED_RESIZE, moved != 0);
    return moved != 0 ? moved : block;
}

void heap_step(void)
{
}

heap_moved heap_compact(void)
{
    return (heap_moved){ 0, 0 };
}
