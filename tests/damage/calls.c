/* SPDX-License-Identifier: MIT */
#include "calls.h"

enum { LOOKS = 8, SMALL = 64 };

static defrag_status attach(const damage_target *t)
{
    defrag_pool *pool;
    return defrag_attach(t->memory, t->bytes, &pool);
}

static defrag_status deinit(const damage_target *t)
{
    return defrag_deinit(t->memory);
}

static defrag_status check(const damage_target *t)
{
    int32_t invariant;
    return defrag_check(t->memory, &invariant);
}

static defrag_status stats(const damage_target *t)
{
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    return defrag_stats(t->memory, &stats);
}

static defrag_status would_fit(const damage_target *t)
{
    defrag_handle blockers[4];
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    report.blockers = blockers;
    report.capacity = t->many % 5;
    return defrag_would_fit(t->memory, t->size, t->many % 3 == 0 ? SMALL : 0, &report);
}

/* There cannot be more blocks than granules. */
static defrag_status walk(const damage_target *t)
{
    defrag_block block = DEFRAG_BLOCK_INIT;
    size_t left = t->bytes / 8;
    while (defrag_walk(t->memory, &block)) {
        if (left-- == 0) {
            return DAMAGE_ENDLESS;
        }
    }
    return DEFRAG_OK;
}

static void observer(void *context, const defrag_pool *pool, const defrag_event *event)
{
    (void)context;
    (void)pool;
    (void)event;
}

static defrag_status observe(const damage_target *t)
{
    return defrag_observe(t->memory, t->many % 2 == 0 ? observer : NULL, NULL);
}

static defrag_status clean(const damage_target *t)
{
    return defrag_clean(t->memory);
}

static defrag_status compact(const damage_target *t)
{
    return defrag_compact(t->memory);
}

static defrag_status step(const damage_target *t)
{
    return defrag_step(t->memory, t->many % SMALL * 8, 1 + t->many / SMALL % LOOKS, NULL);
}

static defrag_status step_far(const damage_target *t)
{
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    return defrag_step(t->memory, SIZE_MAX, SIZE_MAX, &progress);
}

static defrag_status alloc(const damage_target *t, defrag_fit fit)
{
    defrag_handle handle;
    return defrag_alloc(t->memory, t->size, fit, &handle);
}

static defrag_status alloc_fast(const damage_target *t)
{
    return alloc(t, DEFRAG_FAST);
}

static defrag_status alloc_best(const damage_target *t)
{
    return alloc(t, DEFRAG_BEST);
}

static defrag_status alloc_make_room(const damage_target *t)
{
    return alloc(t, DEFRAG_MAKE_ROOM);
}

static defrag_status alloc_array(const damage_target *t)
{
    defrag_handle handle;
    return defrag_alloc_array(t->memory, 1 + t->many % LOOKS, t->size, DEFRAG_FAST, &handle);
}

static defrag_status alloc_with(const damage_target *t)
{
    defrag_handle handle;
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.bytes = t->size;
    request.alignment = (size_t)1 << t->many % 11;
    request.fit = (defrag_fit)(t->many / 16 % 3);
    request.flags = t->many / 64 % 2 * DEFRAG_ZEROED + t->many / 128 % 2 * DEFRAG_PINNED;
    return defrag_alloc_with(t->memory, &request, &handle);
}

static defrag_status lock(const damage_target *t)
{
    void *address;
    return defrag_lock(t->memory, t->handle, &address);
}

static defrag_status lock_shared(const damage_target *t)
{
    const void *address;
    return defrag_lock_shared(t->memory, t->handle, &address);
}

static defrag_status unlock(const damage_target *t)
{
    return defrag_unlock(t->memory, t->handle);
}

static defrag_status usable_size(const damage_target *t)
{
    size_t bytes;
    return defrag_usable_size(t->memory, t->handle, &bytes);
}

static defrag_status free_block(const damage_target *t)
{
    return defrag_free(t->memory, t->handle);
}

static defrag_status resize_fast(const damage_target *t)
{
    return defrag_resize(t->memory, t->handle, t->size, DEFRAG_FAST);
}

static defrag_status resize_best(const damage_target *t)
{
    return defrag_resize(t->memory, t->handle, t->size, DEFRAG_BEST);
}

static defrag_status resize_make_room(const damage_target *t)
{
    return defrag_resize(t->memory, t->handle, t->size, DEFRAG_MAKE_ROOM);
}

static defrag_status shrink(const damage_target *t)
{
    return defrag_resize(t->memory, t->handle, 1, DEFRAG_FAST);
}

static const struct {
    const char *name;
    defrag_status (*make)(const damage_target *t);
} calls[] = {
    { "attach", attach },
    { "deinit", deinit },
    { "check", check },
    { "stats", stats },
    { "would_fit", would_fit },
    { "walk", walk },
    { "observe", observe },
    { "clean", clean },
    { "compact", compact },
    { "step, a little", step },
    { "step, to the end", step_far },
    { "alloc with FAST", alloc_fast },
    { "alloc with BEST", alloc_best },
    { "alloc with MAKE_ROOM", alloc_make_room },
    { "alloc_array", alloc_array },
    { "alloc_with", alloc_with },
    { "lock", lock },
    { "lock_shared", lock_shared },
    { "unlock", unlock },
    { "usable_size", usable_size },
    { "free", free_block },
    { "resize with FAST", resize_fast },
    { "resize with BEST", resize_best },
    { "resize with MAKE_ROOM", resize_make_room },
    { "resize to one byte", shrink },
};
_Static_assert(sizeof calls / sizeof calls[0] == DAMAGE_CALLS, "each call has its number");

defrag_status damage_call(uint32_t call, const damage_target *target)
{
    return calls[call].make(target);
}

const char *damage_name(uint32_t call)
{
    return calls[call].name;
}
