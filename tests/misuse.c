/* SPDX-License-Identifier: MIT */
#include "misuse.h"

#include <string.h>

/* What the pool in these tests takes, at most. */
enum { POOL_BYTES = 4096 };

static defrag_pool *new_pool(ground *g)
{
    return ground_pool(g, ground_bytes(g, POOL_BYTES));
}

static void remember(ground *g)
{
    memcpy(g->scratch, g->memory, ground_bytes(g, POOL_BYTES));
}

static bool unchanged(const ground *g)
{
    return memcmp(g->scratch, g->memory, ground_bytes(g, POOL_BYTES)) == 0;
}

enum { CALLS = 7, HANDED_OUT = -1 };

/* What the call numbered `call` answers to a handle; HANDED_OUT if it hands out anything but nothing. */
static defrag_status call_with(defrag_pool *pool, defrag_handle handle, uint32_t call)
{
    void *address = &handle;
    const void *shared = &handle;
    size_t bytes = 1;
    defrag_status status;
    switch (call) {
    case 0: return defrag_free(pool, handle);
    case 1: return defrag_unlock(pool, handle);
    case 2: return defrag_resize(pool, handle, 8, DEFRAG_MAKE_ROOM);
    case 3: return defrag_resize(pool, handle, SIZE_MAX, DEFRAG_MAKE_ROOM);
    case 4: status = defrag_lock(pool, handle, &address); return address == NULL ? status : HANDED_OUT;
    case 5: status = defrag_lock_shared(pool, handle, &shared); return shared == NULL ? status : HANDED_OUT;
    default: status = defrag_usable_size(pool, handle, &bytes); return bytes == 0 ? status : HANDED_OUT;
    }
}

static bool every_call_answers(defrag_pool *pool, defrag_handle handle, defrag_status status)
{
    for (uint32_t call = 0; call < CALLS; call++) {
        if (call_with(pool, handle, call) != status) {
            return false;
        }
    }
    return true;
}

static bool every_call_finds_no_pool(ground *g, defrag_pool *pool)
{
    defrag_handle handle = 1;
    defrag_request request = DEFRAG_REQUEST_INIT;
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    defrag_block block = DEFRAG_BLOCK_INIT;
    request.bytes = 8;
    DEMAND(g, every_call_answers(pool, 1, DEFRAG_INVALID_POOL));
    DEMAND(g, defrag_alloc(pool, 8, DEFRAG_FAST, &handle) == DEFRAG_INVALID_POOL);
    DEMAND(g, handle == DEFRAG_NO_HANDLE);
    DEMAND(g, defrag_alloc_array(pool, 8, 8, DEFRAG_FAST, &handle) == DEFRAG_INVALID_POOL);
    DEMAND(g, defrag_alloc_with(pool, &request, &handle) == DEFRAG_INVALID_POOL);
    DEMAND(g, defrag_clean(pool) == DEFRAG_INVALID_POOL);
    DEMAND(g, defrag_compact(pool) == DEFRAG_INVALID_POOL);
    DEMAND(g, defrag_step(pool, 8, 8, NULL) == DEFRAG_INVALID_POOL);
    DEMAND(g, defrag_stats(pool, &stats) == DEFRAG_INVALID_POOL);
    DEMAND(g, defrag_would_fit(pool, 8, 0, &report) == DEFRAG_INVALID_POOL);
    DEMAND(g, defrag_check(pool, NULL) == DEFRAG_INVALID_POOL);
    DEMAND(g, defrag_observe(pool, NULL, NULL) == DEFRAG_INVALID_POOL);
    DEMAND(g, defrag_deinit(pool) == DEFRAG_INVALID_POOL);
    DEMAND(g, !defrag_walk(pool, &block));
    return true;
}

bool misuse_without_a_pool_every_call_says_so(ground *g)
{
    return every_call_finds_no_pool(g, NULL);
}

bool misuse_memory_that_is_no_pool_is_recognised(ground *g)
{
    for (int value = 0; value < 256; value++) {
        memset(g->memory, value, ground_bytes(g, POOL_BYTES));
        remember(g);
        if (!every_call_finds_no_pool(g, (void *)g->memory)) {
            return false;
        }
        DEMAND(g, unchanged(g));
    }
    return true;
}

bool misuse_the_null_handle_is_never_valid(ground *g)
{
    defrag_pool *pool = new_pool(g);
    DEMAND(g, ground_alloc(pool, 10, DEFRAG_FAST) != DEFRAG_NO_HANDLE);
    remember(g);
    DEMAND(g, every_call_answers(pool, DEFRAG_NO_HANDLE, DEFRAG_INVALID_HANDLE));
    DEMAND(g, unchanged(g));
    return true;
}

bool misuse_a_freed_handle_is_refused_by_every_call(ground *g)
{
    defrag_pool *pool = new_pool(g);
    DEMAND(g, ground_alloc(pool, 10, DEFRAG_FAST) != DEFRAG_NO_HANDLE);
    defrag_handle handle = ground_alloc(pool, 10, DEFRAG_FAST);
    DEMAND(g, ground_alloc(pool, 10, DEFRAG_FAST) != DEFRAG_NO_HANDLE);
    DEMAND(g, defrag_free(pool, handle) == DEFRAG_OK);
    remember(g);
    DEMAND(g, every_call_answers(pool, handle, DEFRAG_INVALID_HANDLE));
    DEMAND(g, unchanged(g));
    DEMAND(g, defrag_clean(pool) == DEFRAG_OK);
    DEMAND(g, every_call_answers(pool, handle, DEFRAG_INVALID_HANDLE));
    return true;
}

bool misuse_a_handle_is_refused_by_every_call_until_it_is_given(ground *g)
{
    defrag_pool *pool = new_pool(g);
    DEMAND(g, defrag_free(pool, ground_alloc(pool, 10, DEFRAG_FAST)) == DEFRAG_OK);
    remember(g);
    defrag_handle next = ground_alloc(pool, 10, DEFRAG_FAST);
    memcpy(g->memory, g->scratch, ground_bytes(g, POOL_BYTES));
    DEMAND(g, every_call_answers(pool, next, DEFRAG_INVALID_HANDLE));
    DEMAND(g, unchanged(g));
    DEMAND(g, ground_alloc(pool, 10, DEFRAG_FAST) == next);
    return true;
}

enum { MOST_LIVE = 64, FREED = 1000 };

/* Allocates a block or frees one; `live` and `freed` count the handles of each kind. */
static bool alloc_or_free(defrag_pool *pool, random_source *source, defrag_handle *handles, size_t *live, size_t *freed)
{
    defrag_handle *all_freed = handles + MOST_LIVE;
    if (*live == 0 || (*live < MOST_LIVE && random_below(source, 2) == 0)) {
        defrag_handle handle = ground_alloc(pool, random_size(source, 1, 256), DEFRAG_MAKE_ROOM);
        if (handle != DEFRAG_NO_HANDLE) {
            handles[(*live)++] = handle;
        }
        return true;
    }
    size_t which = random_below(source, (uint32_t)*live);
    all_freed[(*freed)++] = handles[which];
    handles[which] = handles[--*live];
    return defrag_free(pool, all_freed[*freed - 1]) == DEFRAG_OK;
}

bool misuse_every_handle_ever_issued_is_refused_after_every_operation_once_it_is_freed(ground *g)
{
    random_source source = { g->seed };
    defrag_pool *pool = new_pool(g);
    size_t live = 0;
    size_t freed = 0;
    DEMAND(g, g->most_handles >= MOST_LIVE + FREED);
    while (freed < FREED) {
        DEMAND(g, alloc_or_free(pool, &source, g->handles, &live, &freed));
        if (random_below(&source, 50) == 0) {
            DEMAND(g, defrag_clean(pool) == DEFRAG_OK);
        }
        remember(g);
        for (size_t i = 0; i < freed; i++) {
            defrag_handle handle = g->handles[MOST_LIVE + i];
            DEMAND(g, call_with(pool, handle, (uint32_t)i % CALLS) == DEFRAG_INVALID_HANDLE);
        }
        DEMAND(g, unchanged(g));
    }
    return true;
}

bool misuse_handles_of_a_pool_with_another_tag_are_refused(ground *g)
{
    size_t bytes = ground_bytes(g, POOL_BYTES);
    for (uint32_t tag = 2; tag < 4; tag++) {
        defrag_config config = DEFRAG_CONFIG_INIT;
        defrag_pool *pool;
        defrag_pool *other;
        config.tag = tag;
        DEMAND(g, defrag_init(g->memory, bytes, &config, &pool) == DEFRAG_OK);
        config.tag = 1;
        DEMAND(g, defrag_init(g->other, bytes, &config, &other) == DEFRAG_OK);
        for (int i = 0; i < 20; i++) {
            DEMAND(g, ground_alloc(pool, 10, DEFRAG_FAST) != DEFRAG_NO_HANDLE);
        }
        remember(g);
        for (int i = 0; i < 20; i++) {
            defrag_handle foreign = ground_alloc(other, 10, DEFRAG_FAST);
            DEMAND(g, every_call_answers(pool, foreign, DEFRAG_INVALID_HANDLE));
        }
        DEMAND(g, unchanged(g));
    }
    return true;
}

bool misuse_pools_without_a_tag_draw_one_from_their_address(ground *g)
{
    defrag_handle first = DEFRAG_NO_HANDLE;
    size_t pools = g->bytes / DEFRAG_MIN_POOL_BYTES;
    size_t others = 0;
    for (size_t i = 0; i < pools; i++) {
        defrag_pool *pool;
        defrag_handle handle;
        DEMAND(g, defrag_init(g->memory + i * DEFRAG_MIN_POOL_BYTES, DEFRAG_MIN_POOL_BYTES, NULL, &pool) == DEFRAG_OK);
        DEMAND(g, defrag_alloc(pool, 10, DEFRAG_FAST, &handle) == DEFRAG_OK);
        first = i == 0 ? handle : first;
        others += handle != first;
    }
    DEMAND(g, others > pools / 2);
    return true;
}

enum { LIVE = 60 };

/* A random handle; half of them differ from a live one in one or two bits only. */
static defrag_handle guess(random_source *source, const defrag_handle *live)
{
    uint64_t raw = random_64(source);
    if (raw >> 63 != 0) {
        return live[raw % LIVE] ^ (defrag_handle)1 << (raw >> 40) % 32 ^ (defrag_handle)1 << (raw >> 50) % 32;
    }
    return (defrag_handle)raw;
}

static bool is_among(defrag_handle handle, const defrag_handle *live)
{
    for (size_t i = 0; i < LIVE; i++) {
        if (handle == live[i]) {
            return true;
        }
    }
    return false;
}

bool misuse_a_million_random_handles_are_refused_unless_they_are_live_by_chance(ground *g)
{
    random_source source = { g->seed };
    defrag_pool *pool = new_pool(g);
    for (size_t i = 0; i < LIVE; i++) {
        g->handles[i] = ground_alloc(pool, 1, DEFRAG_FAST);
    }
    remember(g);
    for (uint32_t i = 0; i < 1000000; i++) {
        defrag_handle handle = guess(&source, g->handles);
        DEMAND(g, is_among(handle, g->handles) || call_with(pool, handle, i % CALLS) == DEFRAG_INVALID_HANDLE);
    }
    DEMAND(g, unchanged(g));
    return true;
}

/* What is wrong with the request itself, not with the handle. */
static bool bad_sizes(ground *g, defrag_pool *pool, defrag_handle handle)
{
    defrag_handle none;
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.bytes = 8;
    request.alignment = 3;
    DEMAND(g, defrag_alloc(pool, 0, DEFRAG_MAKE_ROOM, &none) == DEFRAG_INVALID_SIZE);
    DEMAND(g, defrag_alloc(pool, SIZE_MAX, DEFRAG_MAKE_ROOM, &none) == DEFRAG_INVALID_SIZE);
    DEMAND(g, defrag_alloc(pool, 8, 3, &none) == DEFRAG_INVALID_ARGUMENT);
    DEMAND(g, defrag_alloc_with(pool, &request, &none) == DEFRAG_INVALID_ALIGNMENT);
    DEMAND(g, defrag_alloc_array(pool, SIZE_MAX, 2, DEFRAG_FAST, &none) == DEFRAG_INVALID_SIZE);
    DEMAND(g, defrag_resize(pool, handle, 0, DEFRAG_MAKE_ROOM) == DEFRAG_INVALID_SIZE);
    return true;
}

bool misuse_bad_requests_leave_the_pool_as_it_is(ground *g)
{
    defrag_pool *pool = new_pool(g);
    defrag_handle handle = ground_alloc(pool, 100, DEFRAG_FAST);
    defrag_handle locked = ground_alloc(pool, 100, DEFRAG_FAST);
    size_t bytes;
    void *address;
    DEMAND(g, defrag_lock(pool, locked, &address) == DEFRAG_OK);
    remember(g);
    if (!bad_sizes(g, pool, handle)) {
        return false;
    }
    DEMAND(g, defrag_resize(pool, locked, 8, DEFRAG_MAKE_ROOM) == DEFRAG_LOCKED);
    DEMAND(g, defrag_free(pool, locked) == DEFRAG_LOCKED);
    DEMAND(g, defrag_lock(pool, locked, &address) == DEFRAG_LOCKED);
    DEMAND(g, defrag_unlock(pool, handle) == DEFRAG_NOT_LOCKED);
    DEMAND(g, defrag_usable_size(pool, handle, NULL) == DEFRAG_INVALID_ARGUMENT);
    DEMAND(g, defrag_usable_size(pool, 0, &bytes) == DEFRAG_INVALID_HANDLE);
    DEMAND(g, defrag_stats(pool, NULL) == DEFRAG_INVALID_ARGUMENT);
    DEMAND(g, defrag_would_fit(pool, 8, 0, NULL) == DEFRAG_INVALID_ARGUMENT);
    DEMAND(g, defrag_deinit(pool) == DEFRAG_LOCKED);
    DEMAND(g, !defrag_walk(pool, NULL));
    DEMAND(g, unchanged(g));
    return true;
}

static bool made_or_refused(ground *g, size_t offset, size_t bytes)
{
    enum { LONGEST = 1024 };
    memset(g->memory, 0x5A, LONGEST);
    defrag_pool *pool = (void *)g->other;
    defrag_status status = defrag_init(g->memory + offset, bytes, NULL, &pool);
    if (status == DEFRAG_OK) {
        DEMAND(g, ground_write(pool, ground_alloc(pool, 1, DEFRAG_FAST), 0xFF));
        DEMAND(g, defrag_check(pool, NULL) == DEFRAG_OK);
        return true;
    }
    DEMAND(g, status == DEFRAG_INVALID_ALIGNMENT || status == DEFRAG_INVALID_SIZE);
    DEMAND(g, pool == NULL);
    DEMAND(g, g->memory[0] == 0x5A && memcmp(g->memory, g->memory + 1, LONGEST - 1) == 0);
    return true;
}

bool misuse_pools_at_every_offset_and_of_every_size_are_made_or_refused_with_a_reason(ground *g)
{
    for (size_t offset = 0; offset < 16; offset++) {
        for (size_t bytes = 0; bytes <= 512; bytes++) {
            if (!made_or_refused(g, offset, bytes)) {
                return false;
            }
        }
    }
    return true;
}

bool misuse_an_overrun_of_a_block_is_noticed_when_its_neighbour_is_freed(ground *g)
{
    defrag_pool *pool = new_pool(g);
    defrag_handle handle = ground_alloc(pool, 20, DEFRAG_FAST);
    defrag_handle next = ground_alloc(pool, 20, DEFRAG_FAST);
    void *address;
    DEMAND(g, defrag_lock(pool, handle, &address) == DEFRAG_OK);
    memset(address, 0xAA, ground_usable(pool, handle) + ground_stats(pool).block_overhead);
    DEMAND(g, defrag_unlock(pool, handle) == DEFRAG_OK);
    DEMAND(g, defrag_free(pool, next) == DEFRAG_CORRUPT);
    DEMAND(g, defrag_check(pool, NULL) == DEFRAG_CORRUPT);
    return true;
}
