/* SPDX-License-Identifier: MIT
 *
 * The observer: told of everything, after the fact, and allowed only to look. */
#include "support.h"

#include <string.h>

/* What the events of a pool tell, put together. */
typedef struct ledger {
    struct {
        defrag_handle handle;
        size_t offset;
        size_t bytes;
        uint32_t locks;
    } blocks[512];
    size_t live;
    uint64_t moves; /* some of which only the event of the resize tells */
    uint64_t refusals;
    defrag_event last;
    bool wrong;
} ledger;

static size_t find(const ledger *l, defrag_handle handle)
{
    size_t i = 0;
    while (i < l->live && l->blocks[i].handle != handle) {
        i++;
    }
    return i;
}

static void note(void *context, const defrag_pool *pool, const defrag_event *event)
{
    ledger *l = context;
    l->last = *event;
    l->wrong = l->wrong || event->size != sizeof *event || defrag_check(pool, NULL) != DEFRAG_OK;
    if (event->kind == DEFRAG_EVENT_REFUSE) {
        l->refusals++;
        return;
    }
    size_t i = find(l, event->handle);
    bool known = i < l->live;
    l->wrong = l->wrong || known == (event->kind == DEFRAG_EVENT_ALLOC) || i == LENGTH(l->blocks);
    if (l->wrong) {
        return;
    }
    switch (event->kind) {
    case DEFRAG_EVENT_ALLOC:
        l->blocks[l->live++].handle = event->handle;
        l->blocks[i].locks = 0;
        break;
    case DEFRAG_EVENT_FREE:
        l->wrong = l->blocks[i].offset != event->offset || l->blocks[i].bytes != event->bytes;
        l->blocks[i] = l->blocks[--l->live];
        return;
    case DEFRAG_EVENT_MOVE:
        l->moves++;
        l->wrong = l->blocks[i].offset != event->from || event->from == event->offset;
        break;
    case DEFRAG_EVENT_LOCK: l->blocks[i].locks++; break;
    case DEFRAG_EVENT_UNLOCK: l->blocks[i].locks--; break;
    case DEFRAG_EVENT_RESIZE: l->moves += l->blocks[i].offset != event->offset; break;
    default: l->wrong = true;
    }
    l->blocks[i].offset = event->offset;
    l->blocks[i].bytes = event->bytes;
}

static bool agrees(const ledger *l, const defrag_pool *pool)
{
    defrag_block block = DEFRAG_BLOCK_INIT;
    size_t live = 0;
    while (defrag_walk(pool, &block)) {
        if (block.handle == DEFRAG_NO_HANDLE) {
            continue;
        }
        size_t i = find(l, block.handle);
        if (i == l->live || l->blocks[i].offset != block.offset || l->blocks[i].bytes != block.bytes ||
            l->blocks[i].locks != block.locks) {
            return false;
        }
        live++;
    }
    return live == l->live && !l->wrong;
}

Test(observer, its_events_tell_the_whole_story)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    static ledger l;
    model *m = new_model(4096, NULL, 8);
    ASSERT_OK(defrag_observe(m->pool, note, &l));
    for (int i = 0; i < 20000; i++) {
        unsigned char bytes[MODEL_OP_BYTES];
        uint64_t raw = random_64(&source);
        memcpy(bytes, &raw, sizeof bytes);
        model_op op = model_decode(m, bytes);
        if (!model_apply(m, op)) {
            break;
        }
        if (op.kind == MODEL_ATTACH) {
            ASSERT_OK(defrag_observe(m->pool, note, &l));
        }
        cr_assert(agrees(&l, m->pool), "after operation %" PRIu32 " of kind %" PRIu32 "; DEFRAG_SEED=%" PRIu64,
                  m->operations, op.kind, seed);
    }
    assert_model(m, seed);
    cr_assert_eq(l.refusals, m->refused);
    cr_assert_eq(l.moves, stats_of(m->pool).moved_blocks);
    cr_assert_gt(l.moves, 0);
}

Test(observer, each_event_describes_its_block)
{
    ledger l = { 0 };
    defrag_pool *pool = new_pool(4096);
    defrag_handle low = alloc_block(pool, 100, DEFRAG_FAST);
    ASSERT_OK(defrag_observe(pool, note, &l));
    defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
    size_t offset = offset_of(pool, handle);
    cr_assert(l.last.kind == DEFRAG_EVENT_ALLOC && l.last.handle == handle && l.last.offset == offset);
    cr_assert_eq(l.last.bytes, usable_of(pool, handle));
    lock_block(pool, handle);
    cr_assert(l.last.kind == DEFRAG_EVENT_LOCK && l.last.handle == handle && l.last.offset == offset);
    unlock_block(pool, handle);
    cr_assert(l.last.kind == DEFRAG_EVENT_UNLOCK && l.last.handle == handle);
    share_block(pool, handle);
    cr_assert(l.last.kind == DEFRAG_EVENT_LOCK && l.last.handle == handle);
    unlock_block(pool, handle);
    ASSERT_OK(defrag_resize(pool, handle, 50, DEFRAG_FAST));
    cr_assert(l.last.kind == DEFRAG_EVENT_RESIZE && l.last.from == offset && l.last.offset == offset);
    cr_assert_eq(l.last.bytes, usable_of(pool, handle));
    ASSERT_OK(defrag_observe(pool, NULL, NULL));
    free_block(pool, low);
    ASSERT_OK(defrag_observe(pool, note, &l));
    ASSERT_OK(defrag_compact(pool));
    cr_assert(l.last.kind == DEFRAG_EVENT_MOVE && l.last.from == offset && l.last.offset == offset_of(pool, handle));
    free_block(pool, handle);
    cr_assert(l.last.kind == DEFRAG_EVENT_FREE && l.last.handle == handle);
}

Test(observer, a_refusal_tells_what_was_asked_and_why_it_was_refused)
{
    ledger l = { 0 };
    defrag_pool *pool = new_pool(4096);
    defrag_handle handle = alloc_block(pool, 100, DEFRAG_FAST);
    ASSERT_OK(defrag_observe(pool, note, &l));
    size_t bytes = stats_of(pool).capacity;
    defrag_handle none;
    ASSERT_STATUS(defrag_alloc(pool, bytes, DEFRAG_MAKE_ROOM, &none), DEFRAG_OUT_OF_MEMORY);
    cr_assert(l.last.kind == DEFRAG_EVENT_REFUSE && l.last.bytes == bytes && l.last.status == DEFRAG_OUT_OF_MEMORY);
    cr_assert(l.last.handle == DEFRAG_NO_HANDLE && l.last.offset == 0 && l.last.from == 0);
    ASSERT_OK(defrag_observe(pool, NULL, NULL));
    alloc_block(pool, 100, DEFRAG_FAST);
    ASSERT_OK(defrag_observe(pool, note, &l));
    ASSERT_STATUS(defrag_resize(pool, handle, bytes, DEFRAG_BEST), DEFRAG_OUT_OF_MEMORY);
    cr_assert(l.last.kind == DEFRAG_EVENT_REFUSE && l.last.bytes == bytes && l.last.handle == handle);
}

Test(observer, it_is_called_no_more_after_it_is_taken_away)
{
    ledger l = { 0 };
    defrag_pool *pool = new_pool(4096);
    ASSERT_OK(defrag_observe(pool, note, &l));
    ASSERT_OK(defrag_observe(pool, NULL, NULL));
    alloc_block(pool, 100, DEFRAG_FAST);
    cr_assert_eq(l.last.kind, 0);
    assert_intact(pool);
}

/* Tries every call from inside the observer. */
typedef struct intruder {
    defrag_handle handle;
    int busy;
    int others;
    bool could_look;
} intruder;

static void count(intruder *i, defrag_status status)
{
    i->busy += status == DEFRAG_BUSY;
    i->others += status != DEFRAG_BUSY;
}

static void intrude(void *context, const defrag_pool *observed, const defrag_event *event)
{
    intruder *i = context;
    defrag_pool *pool = (void *)arena;
    void *address = arena;
    const void *shared = arena;
    defrag_handle handle = 1;
    defrag_request request = DEFRAG_REQUEST_INIT;
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    request.bytes = 8;
    (void)event;
    count(i, defrag_alloc(pool, 8, DEFRAG_FAST, &handle));
    count(i, defrag_alloc_array(pool, 8, 8, DEFRAG_BEST, &handle));
    count(i, defrag_alloc_with(pool, &request, &handle));
    count(i, defrag_free(pool, i->handle));
    count(i, defrag_resize(pool, i->handle, 8, DEFRAG_FAST));
    count(i, defrag_resize(pool, i->handle, 8, DEFRAG_MAKE_ROOM + 1));
    count(i, defrag_lock(pool, i->handle, &address));
    count(i, defrag_lock(pool, i->handle, NULL));
    count(i, defrag_lock_shared(pool, i->handle, &shared));
    count(i, defrag_unlock(pool, i->handle));
    count(i, defrag_clean(pool));
    count(i, defrag_compact(pool));
    count(i, defrag_step(pool, 100, 100, &progress));
    count(i, defrag_observe(pool, NULL, NULL));
    count(i, defrag_deinit(pool));
    i->could_look = i->could_look && handle == 0 && address == NULL && shared == NULL;

    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    defrag_block block = DEFRAG_BLOCK_INIT;
    size_t bytes;
    i->could_look = i->could_look && defrag_stats(observed, &stats) == DEFRAG_OK &&
                    defrag_would_fit(observed, 8, 0, &report) == DEFRAG_OK && defrag_walk(observed, &block) &&
                    defrag_check(observed, NULL) == DEFRAG_OK &&
                    defrag_usable_size(observed, i->handle, &bytes) == DEFRAG_OK;
}

Test(observer, it_may_look_but_every_other_call_is_busy)
{
    intruder i = { .could_look = true };
    defrag_pool *pool = new_pool(4096);
    alloc_block(pool, 100, DEFRAG_FAST);
    i.handle = alloc_block(pool, 100, DEFRAG_FAST);
    ASSERT_OK(defrag_observe(pool, intrude, &i));
    defrag_handle handle = alloc_block(pool, 200, DEFRAG_FAST);
    lock_block(pool, handle);
    unlock_block(pool, handle);
    ASSERT_OK(defrag_resize(pool, handle, 10, DEFRAG_FAST));
    free_block(pool, handle);
    ASSERT_STATUS(defrag_alloc(pool, 4000, DEFRAG_MAKE_ROOM, &handle), DEFRAG_INVALID_SIZE);
    ASSERT_STATUS(defrag_alloc(pool, stats_of(pool).capacity, DEFRAG_MAKE_ROOM, &handle), DEFRAG_OUT_OF_MEMORY);
    cr_assert_eq(i.busy, 15 * 6);
    cr_assert_eq(i.others, 0);
    cr_assert(i.could_look);
    ASSERT_OK(defrag_observe(pool, NULL, NULL));
    cr_assert_eq(stats_of(pool).live, 2);
    assert_intact(pool);
}

/* Zero when it is told of: a zeroed block. */
static void peek(void *context, const defrag_pool *pool, const defrag_event *event)
{
    const unsigned char *bytes = (const unsigned char *)(const void *)pool + event->offset;
    *(bool *)context = bytes[0] == 0 && memcmp(bytes, bytes + 1, event->bytes - 1) == 0;
}

Test(observer, a_zeroed_block_is_zero_when_it_is_told_of)
{
    memset(arena, 0xFF, 4096);
    bool zero = false;
    defrag_pool *pool = new_pool(4096);
    ASSERT_OK(defrag_observe(pool, peek, &zero));
    defrag_request request = DEFRAG_REQUEST_INIT;
    request.flags = DEFRAG_ZEROED;
    request.bytes = 100;
    defrag_handle handle;
    ASSERT_OK(defrag_alloc_with(pool, &request, &handle));
    cr_assert(zero);
}
