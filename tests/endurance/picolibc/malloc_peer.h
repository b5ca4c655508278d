/* SPDX-License-Identifier: MIT
 * picolibc's malloc, which is the C library's own here. */
#ifndef MALLOC_PEER_H
#define MALLOC_PEER_H

#include "heap_malloc.h"

#include <stdlib.h>

#define PEER_NAME "picolibc"

extern void *__malloc_free_list;
extern void *__malloc_sbrk_start;
extern void *__malloc_sbrk_top;

void *sbrk(ptrdiff_t bytes);

void *sbrk(ptrdiff_t bytes)
{
    return heap_grow(bytes);
}

static void peer_forget(void)
{
    __malloc_free_list = NULL;
    __malloc_sbrk_start = NULL;
    __malloc_sbrk_top = NULL;
}

#define peer_malloc malloc
#define peer_realloc realloc
#define peer_free free

#endif
