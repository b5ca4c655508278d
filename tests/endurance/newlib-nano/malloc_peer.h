/* SPDX-License-Identifier: MIT
 * newlib-nano's malloc, whose objects are linked into a program of another C library. */
#ifndef MALLOC_PEER_H
#define MALLOC_PEER_H

#include "heap_malloc.h"

#define PEER_NAME "newlib-nano"

struct _reent; /* state that these objects only pass on */
extern void *_malloc_r(struct _reent *state, size_t bytes);
extern void *_realloc_r(struct _reent *state, void *block, size_t bytes);
extern void _free_r(struct _reent *state, void *block);
extern void *__malloc_free_list;
extern void *__malloc_sbrk_start;

void *_sbrk_r(struct _reent *state, ptrdiff_t bytes);
void __malloc_lock(struct _reent *state);
void __malloc_unlock(struct _reent *state);

static int errors; /* where a refusal puts its errno */
#define PEER_STATE ((struct _reent *)&errors)

void *_sbrk_r(struct _reent *state, ptrdiff_t bytes)
{
    (void)state;
    return heap_grow(bytes);
}

void __malloc_lock(struct _reent *state)
{
    (void)state;
}

void __malloc_unlock(struct _reent *state)
{
    (void)state;
}

static void peer_forget(void)
{
    __malloc_free_list = NULL;
    __malloc_sbrk_start = NULL;
}

static void *peer_malloc(size_t bytes)
{
    return _malloc_r(PEER_STATE, bytes);
}

static void *peer_realloc(void *block, size_t bytes)
{
    return _realloc_r(PEER_STATE, block, bytes);
}

static void peer_free(void *block)
{
    _free_r(PEER_STATE, block);
}

#endif
