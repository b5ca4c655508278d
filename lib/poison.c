/* SPDX-License-Identifier: MIT
 *
 * Who may touch which bytes of a pool in a build with DEFRAG_STRESS. */
#include "stress.h"

#ifdef DEFRAG_STRESS

#include "check.h"
#include "control.h"
#include "handles.h"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_NOACCESS(address, bytes) ((void)0)
#define VALGRIND_MAKE_MEM_DEFINED(address, bytes) ((void)0)
#define RUNNING_ON_VALGRIND 0
#endif

/* Of AddressSanitizer; null in a program without it. */
void __asan_poison_memory_region(const volatile void *address, size_t bytes) __attribute__((weak));
void __asan_unpoison_memory_region(const volatile void *address, size_t bytes) __attribute__((weak));

/* What tells a pool from other memory, and so can always be read: as little as AddressSanitizer can tell apart. */
enum { ALWAYS_ALLOWED = 8 };

/* The pool of the call under way, and the calls that have let others in. Only touched while others are kept out. */
static const defrag_pool *exposed;
static open_call *open_calls;

__attribute__((weak)) void defrag_trap(const char *what, const void *where)
{
    (void)what;
    (void)where;
    __builtin_trap();
}

static void forbid(const void *memory, size_t bytes)
{
    if (__asan_poison_memory_region != NULL) {
        __asan_poison_memory_region(memory, bytes);
    }
    (void)VALGRIND_MAKE_MEM_NOACCESS(memory, bytes);
}

DEFRAG_PRIVATE void defrag_allow(const void *memory, size_t bytes)
{
    if (memory == NULL || bytes > MAX_POOL_BYTES) {
        return;
    }
    if (__asan_unpoison_memory_region != NULL) {
        __asan_unpoison_memory_region(memory, bytes);
    }
    (void)VALGRIND_MAKE_MEM_DEFINED(memory, bytes);
}

static const unsigned char *at(const defrag_pool *pool, uint32_t offset)
{
    return (const unsigned char *)pool + offset;
}

/* --------------------------------------------------------------------------------------------------------- free memory */

/* Does something with free bytes. */
typedef void visit_t(const defrag_pool *pool, uint32_t from, uint32_t to);

static void fill(const defrag_pool *pool, uint32_t from, uint32_t to)
{
    __builtin_memset((unsigned char *)(uintptr_t)at(pool, from), DEFRAG_FILL, to - from);
}

static void verify(const defrag_pool *pool, uint32_t from, uint32_t to)
{
    const word_t filled = ~(word_t)0 / 0xFF * DEFRAG_FILL;
    for (; from != to; from += WORD) {
        if (load(pool, from) != filled) {
            defrag_trap("memory was written to that is free", at(pool, from));
        }
    }
}

/* Visits what is free and not used to keep track of it. */
static void visit_free(const defrag_pool *pool, visit_t *visit)
{
    uint32_t g = defrag_first_block(pool);
    while (g != pool->top) {
        word_t h = header(pool, g);
        uint32_t end = g + size_in(h);
        if ((h & IS_HOLE) != 0 && size_in(h) > 1) {
            visit(pool, usable_offset(g) + WORD, header_offset(end) - WORD);
        }
        g = end;
    }
    visit(pool, header_offset(g), bytes_of(pool) - WORD * (uint32_t)pool->slots);
}

/* ----------------------------------------------------------------------------------------------------------- the calls */

DEFRAG_PRIVATE bool defrag_has_open_call(const defrag_pool *pool)
{
    const open_call *call = open_calls;
    while (call != NULL && call->pool != pool) {
        call = call->next;
    }
    return call != NULL;
}

static bool is_locked(const defrag_pool *pool, word_t h)
{
    uint32_t locks = locks_in(entry(pool, owner_in(h)));
    return (h & IS_HOLE) == 0 && locks != UNLOCKED && locks != IN_FLIGHT;
}

/* Whatever it reads it forbids later. */
static void forbid_all_but_locked(const defrag_pool *pool)
{
    uint32_t first = defrag_first_block(pool);
    uint32_t from = header_offset(first);
    uint32_t granules;
    for (uint32_t g = first; g != pool->top; g += granules) {
        word_t h = header(pool, g);
        granules = size_in(h);
        if (is_locked(pool, h)) {
            uint32_t usable = defrag_usable_of(pool, owner_in(h));
            forbid(at(pool, from), usable_offset(g) - from);
            from = usable_offset(g) + usable;
        }
    }
    forbid(at(pool, from), bytes_of(pool) - from);
    forbid(at(pool, ALWAYS_ALLOWED), header_offset(first) - ALWAYS_ALLOWED);
}

/* Whether somebody stops those who touch what is forbidden. */
static bool is_watched(void)
{
    return __asan_poison_memory_region != NULL || RUNNING_ON_VALGRIND != 0;
}

/* Whether a call is one of its own; what the pool's observer calls is part of another. */
static bool is_at_rest(const defrag_pool *pool)
{
    return defrag_ready(pool) == DEFRAG_OK && !defrag_has_open_call(pool);
}

static void allow_all(const defrag_pool *pool)
{
    if (pool->max_request == defrag_capacity(bytes_of(pool), pool->reserved_slots)) {
        defrag_allow(pool, bytes_of(pool));
    }
}

DEFRAG_PRIVATE const defrag_pool *defrag_expose(const defrag_pool *pool, bool looks)
{
    defrag_allow(pool, sizeof *pool); /* to see whether it is a pool */
    if (is_at_rest(pool)) {
        allow_all(pool);
        if (!looks) {
            if (defrag_broken_invariant(pool) != INTACT) {
                defrag_trap("the pool's own data is damaged", pool);
            }
            visit_free(pool, verify);
        }
    }
    const defrag_pool *outer = NULL;
    if (GUARDED) {
        outer = exposed;
        exposed = pool;
    }
    return outer;
}

DEFRAG_PRIVATE void defrag_conceal(const defrag_pool *pool, bool looks, const defrag_pool *outer)
{
    if (is_at_rest(pool)) {
        if (!looks) {
            visit_free(pool, fill);
        }
        if (is_watched() && (!looks || defrag_broken_invariant(pool) == INTACT)) {
            forbid_all_but_locked(pool);
        }
    }
    if (GUARDED) {
        exposed = outer;
    }
}

DEFRAG_PRIVATE void defrag_open_call(open_call *call)
{
    *call = (open_call){ exposed, open_calls };
    open_calls = call;
}

DEFRAG_PRIVATE void defrag_close_call(const open_call *call)
{
    open_call **link = &open_calls;
    while (*link != call) {
        link = &(*link)->next;
    }
    *link = call->next;
    exposed = call->pool;
}

#endif
