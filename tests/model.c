/* SPDX-License-Identifier: MIT
 *
 * The operations of the shadow model: each calls the pool, judges its answer and keeps the books. */
#include "model_internal.h"

#include <string.h>

/* -------------------------------------------------------------------------------------------------------------- books */

static void take_granules(model *m, uint64_t granules)
{
    m->used += (uint32_t)granules;
    if (m->used > m->peak_used) {
        m->peak_used = m->used;
    }
}

static bool is_locked(const model_block *block)
{
    return block->exclusive != 0 || block->shared != 0;
}

static uint32_t slack_of(const model *m, const model_block *block)
{
    return block->alignment - m->granule;
}

/* ----------------------------------------------------------------------------------------------------------- contents */

/* Locks a block in a way that its other locks allow, which ends with let_go, and tells where it is. */
static bool hold(model *m, model_block *block, void **address)
{
    const void *shared = NULL;
    defrag_status status = is_locked(block) ? defrag_lock_shared(m->pool, block->handle, &shared)
                                            : defrag_lock(m->pool, block->handle, address);
    REQUIRE(m, status == DEFRAG_OK, "a new block cannot be locked");
    if (shared != NULL) {
        memcpy(address, &shared, sizeof shared);
    }
    REQUIRE(m, (uintptr_t)*address % block->alignment == 0, "a block is misaligned");
    block->offset = (uint32_t)((unsigned char *)*address - m->memory);
    return true;
}

static bool let_go(model *m, const model_block *block)
{
    REQUIRE(m, defrag_unlock(m->pool, block->handle) == DEFRAG_OK, "a lock cannot be given up");
    return true;
}

static bool has_usable(model *m, const model_block *block)
{
    size_t usable = 0;
    REQUIRE(m, defrag_usable_size(m->pool, block->handle, &usable) == DEFRAG_OK, "a live block has no usable size");
    REQUIRE(m, usable == block->usable, "a block has another size than was asked for, rounded up");
    return true;
}

/* ---------------------------------------------------------------------------------------------------- alloc and resize */

static uint32_t usable_of(const model *m, const model_request *request)
{
    return (uint32_t)(request->granules * m->granule - m->header - model_tail(m, request->alignment));
}

/* Whether other blocks must stay where they are in this request. It costs a walk to know it of MAKE_ROOM. */
static bool must_not_move(const model *m, const model_request *request)
{
    if (request->fit != DEFRAG_MAKE_ROOM) {
        return true;
    }
    return model_is_due(m) && !m->copy_under_way && model_fits_now(m, request);
}

static bool is_zero(const unsigned char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool adopt(model *m, defrag_handle handle, const model_request *request, uint32_t flags)
{
    REQUIRE(m, handle != DEFRAG_NO_HANDLE && model_find(m, handle) == NULL, "a new handle is null or in use already");
    model_block *block = model_place(m, handle);
    *block = (model_block){ .handle = handle,
                            .usable = usable_of(m, request),
                            .seed = m->operations * 0x85EBCA6BU,
                            .alignment = (uint16_t)request->alignment,
                            .shared = (flags & DEFRAG_PINNED) != 0,
                            .seen = m->seen };
    take_granules(m, request->granules);
    m->live++;
    m->peak_live = m->live > m->peak_live ? m->live : m->peak_live;
    m->locked += block->shared;
    m->slack += slack_of(m, block);

    void *address = NULL;
    if (!hold(m, block, &address) || !has_usable(m, block)) {
        return false;
    }
    REQUIRE(m, (flags & DEFRAG_ZEROED) == 0 || is_zero(address, block->usable), "a zeroed block is not zero");
    model_fill(block, address, 0);
    return let_go(m, block);
}

static bool judge_alloc(model *m, const model_request *request, uint32_t flags, bool may_move, defrag_status status,
                        defrag_handle handle)
{
    if (status == DEFRAG_OK) {
        m->may_have_moved = m->may_have_moved || may_move;
        return adopt(m, handle, request, flags);
    }
    REQUIRE(m, handle == DEFRAG_NO_HANDLE, "a failed allocation leaves a handle behind");
    if (request->bytes - 1 >= (uint64_t)m->capacity * m->granule - m->header) {
        REQUIRE(m, status == DEFRAG_INVALID_SIZE, "a size that can never fit is not refused as such");
        return model_unchanged(m);
    }
    m->may_have_moved = m->may_have_moved || (request->fit == DEFRAG_MAKE_ROOM && status != DEFRAG_OUT_OF_MEMORY);
    return model_judge_refusal(m, request, status);
}

static bool has_place(const model *m)
{
    return m->live < m->places / 4 * 3;
}

static model_request request_for(const model *m, uint64_t bytes, uint32_t alignment, uint32_t fit,
                                 const model_block *resized)
{
    uint32_t kept = alignment > m->granule ? alignment : m->granule;
    return (model_request){ bytes, model_granules(m, bytes, kept), kept, (defrag_fit)(fit % 3), resized };
}

static bool is_alignment(uint32_t alignment)
{
    return (alignment & (alignment - 1)) == 0 && alignment <= DEFRAG_MAX_ALIGNMENT;
}

static bool do_alloc(model *m, const model_op *op)
{
    if (!has_place(m)) {
        return true;
    }
    uint32_t flags = op->c / 4 % 4;
    model_request request = request_for(m, op->a, op->b, op->c % 4, NULL);
    defrag_request asked = DEFRAG_REQUEST_INIT;
    asked.flags = flags;
    asked.bytes = op->a;
    asked.alignment = op->b;
    asked.fit = request.fit;

    bool may_move = is_alignment(op->b) && !must_not_move(m, &request);
    defrag_handle handle = UINT32_MAX;
    defrag_status status = defrag_alloc_with(m->pool, &asked, &handle);
    if (!is_alignment(op->b)) {
        REQUIRE(m, status == DEFRAG_INVALID_ALIGNMENT, "an invalid alignment is not refused as such");
        REQUIRE(m, handle == DEFRAG_NO_HANDLE, "a failed allocation leaves a handle behind");
        return model_unchanged(m);
    }
    return judge_alloc(m, &request, flags, may_move, status, handle);
}

static bool do_alloc_array(model *m, const model_op *op)
{
    if (!has_place(m)) {
        return true;
    }
    model_request request = request_for(m, (uint64_t)op->a * op->b, 0, op->c, NULL);
    bool may_move = !must_not_move(m, &request);
    defrag_handle handle = UINT32_MAX;
    defrag_status status = defrag_alloc_array(m->pool, op->a, op->b, request.fit, &handle);
    return judge_alloc(m, &request, 0, may_move, status, handle);
}

static bool settle_resize(model *m, model_block *block, const model_request *request, bool may_move)
{
    uint64_t old_granules = model_granules(m, block->usable, block->alignment);
    uint32_t old_offset = block->offset;
    bool old_offset_known = !m->may_have_moved;
    bool grows = request->granules > old_granules;

    m->may_have_moved = m->may_have_moved || (may_move && grows);
    m->used -= (uint32_t)old_granules;
    take_granules(m, request->granules);
    uint32_t kept = block->usable;
    block->usable = usable_of(m, request);
    kept = kept < block->usable ? kept : block->usable;

    void *address = NULL;
    if (!hold(m, block, &address) || !has_usable(m, block)) {
        return false;
    }
    REQUIRE(m, grows || !old_offset_known || block->offset == old_offset, "a block moved that need not grow");
    REQUIRE(m, model_matches(block, address, kept), "a resize lost contents");
    model_fill(block, address, kept);
    return let_go(m, block);
}

static bool do_resize(model *m, const model_op *op)
{
    model_block *block = model_choose(m, op->a);
    if (block == NULL) {
        return true;
    }
    model_request request = request_for(m, op->b, block->alignment, op->c, block);
    bool may_move = !must_not_move(m, &request);
    defrag_status status = defrag_resize(m->pool, block->handle, op->b, request.fit);
    if (is_locked(block)) {
        REQUIRE(m, status == DEFRAG_LOCKED, "a resize of a locked block is not refused as such");
        return model_unchanged(m);
    }
    if (request.bytes - 1 >= (uint64_t)m->capacity * m->granule - m->header) {
        REQUIRE(m, status == DEFRAG_INVALID_SIZE, "a size that can never fit is not refused as such");
        return model_unchanged(m);
    }
    if (status == DEFRAG_OK) {
        return settle_resize(m, block, &request, may_move);
    }
    REQUIRE(m, request.granules > model_granules(m, block->usable, block->alignment), "a block cannot shrink");
    m->may_have_moved = m->may_have_moved || (request.fit == DEFRAG_MAKE_ROOM && status != DEFRAG_OUT_OF_MEMORY);
    return model_judge_refusal(m, &request, status);
}

/* ------------------------------------------------------------------------------------------------------ free and locks */

static bool do_free(model *m, const model_op *op)
{
    model_block *block = model_choose(m, op->a);
    if (block == NULL) {
        return true;
    }
    defrag_status status = defrag_free(m->pool, block->handle);
    if (is_locked(block)) {
        REQUIRE(m, status == DEFRAG_LOCKED, "the free of a locked block is not refused as such");
        return model_unchanged(m);
    }
    REQUIRE(m, status == DEFRAG_OK, "a live block cannot be freed");
    m->used -= (uint32_t)model_granules(m, block->usable, block->alignment);
    m->slack -= slack_of(m, block);
    m->live--;
    m->stale[m->frees++ % MODEL_STALE_HANDLES] = block->handle;
    model_remove(m, block);
    return true;
}

/* Books a lock that the pool granted at `address`, before or after which the block has this many locks. */
static bool judge_address(model *m, model_block *block, const void *address)
{
    uint32_t offset = (uint32_t)((const unsigned char *)address - m->memory);
    bool known = is_locked(block) || !m->may_have_moved;
    REQUIRE(m, !known || offset == block->offset, "a block is not where it was");
    REQUIRE(m, model_matches(block, address, block->usable), "the contents of a block are lost");
    block->offset = offset;
    m->locked += !is_locked(block);
    return true;
}

static bool do_lock(model *m, const model_op *op)
{
    model_block *block = model_choose(m, op->a);
    if (block == NULL) {
        return true;
    }
    void *address = m;
    defrag_status status = defrag_lock(m->pool, block->handle, &address);
    if (is_locked(block)) {
        REQUIRE(m, status == DEFRAG_LOCKED && address == NULL, "a locked block is locked exclusively");
        return model_unchanged(m);
    }
    REQUIRE(m, status == DEFRAG_OK, "an unlocked block cannot be locked");
    if (!judge_address(m, block, address)) {
        return false;
    }
    block->exclusive = 1;
    return true;
}

static bool do_lock_shared(model *m, const model_op *op)
{
    model_block *block = model_choose(m, op->a);
    if (block == NULL) {
        return true;
    }
    const void *address = m;
    defrag_status status = defrag_lock_shared(m->pool, block->handle, &address);
    if (block->exclusive != 0) {
        REQUIRE(m, status == DEFRAG_LOCKED && address == NULL, "an exclusively locked block is shared");
        return model_unchanged(m);
    }
    if (block->shared == DEFRAG_MAX_SHARED_LOCKS) {
        REQUIRE(m, status == DEFRAG_TOO_MANY_LOCKS && address == NULL, "a block carries too many shared locks");
        return model_unchanged(m);
    }
    REQUIRE(m, status == DEFRAG_OK, "a block cannot be locked for reading");
    if (!judge_address(m, block, address)) {
        return false;
    }
    block->shared++;
    return true;
}

static bool do_unlock(model *m, const model_op *op)
{
    model_block *block = model_choose(m, op->a);
    if (block == NULL) {
        return true;
    }
    defrag_status status = defrag_unlock(m->pool, block->handle);
    if (!is_locked(block)) {
        REQUIRE(m, status == DEFRAG_NOT_LOCKED, "the unlock of an unlocked block is not refused as such");
        return model_unchanged(m);
    }
    REQUIRE(m, status == DEFRAG_OK, "a locked block cannot be unlocked");
    if (block->exclusive != 0) {
        block->exclusive = 0;
    } else {
        block->shared--;
    }
    m->locked -= !is_locked(block);
    return true;
}

static bool do_usable_size(model *m, const model_op *op)
{
    const model_block *block = model_pick(m, op->a);
    return block == NULL || has_usable(m, block);
}

/* -------------------------------------------------------------------------------------------------------------- moving */

static bool do_clean(model *m, const model_op *op)
{
    (void)op;
    REQUIRE(m, defrag_clean(m->pool) == DEFRAG_OK, "clean fails");
    return true;
}

static bool do_compact(model *m, const model_op *op)
{
    (void)op;
    REQUIRE(m, defrag_compact(m->pool) == DEFRAG_OK, "compact fails");
    m->may_have_moved = true;
    m->copy_under_way = false;
    if (m->locked != 0 || m->slack != 0) {
        return true;
    }
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    REQUIRE(m, defrag_stats(m->pool, &stats) == DEFRAG_OK && stats.holes == 0, "compact leaves a hole");
    return true;
}

static bool step(model *m, const model_op *op, defrag_progress *progress)
{
    *progress = (defrag_progress)DEFRAG_PROGRESS_INIT;
    REQUIRE(m, defrag_step(m->pool, op->a, op->b, progress) == DEFRAG_OK, "step fails");
    REQUIRE(m, progress->moved_bytes <= op->a, "a step moved more bytes than it may");
    REQUIRE(m, progress->looked_at <= op->b, "a step looked at more blocks than it may");
    /* A copy under way lands without another look. */
    REQUIRE(m, progress->moved_blocks <= progress->looked_at + 1, "a step moved blocks that it did not look at");
    REQUIRE(m, progress->needs_bytes == 0 || progress->needs_bytes > op->a, "a step needs bytes that it has");
    m->may_have_moved = true;
    bool cannot_go_on = m->copy_under_way && op->a < m->granule;
    m->copy_under_way = cannot_go_on || progress->done == 0;
    return true;
}

static bool do_step(model *m, const model_op *op)
{
    defrag_progress progress;
    if (!step(m, op, &progress)) {
        return false;
    }
    if (model_is_due(m)) {
        defrag_pool_stats stats = DEFRAG_STATS_INIT;
        REQUIRE(m, defrag_stats(m->pool, &stats) == DEFRAG_OK, "stats fails");
        REQUIRE(m, stats.moved_bytes - m->before.moved_bytes == progress.moved_bytes, "a step moved bytes in secret");
        REQUIRE(m, stats.moved_blocks - m->before.moved_blocks == progress.moved_blocks,
                "a step moved blocks in secret");
    }
    return true;
}

static bool do_settle(model *m, const model_op *op)
{
    defrag_progress progress;
    uint64_t bound = 64 + 64 * (uint64_t)m->bytes / m->granule;
    for (uint64_t steps = 0; steps < bound; steps++) {
        if (!step(m, op, &progress)) {
            return false;
        }
        if (progress.done != 0) {
            return true;
        }
    }
    return model_fail(m, "steps never say that they are done", __LINE__);
}

/* --------------------------------------------------------------------------------------------------------------- image */

static uint32_t largest_alignment(const model *m)
{
    uint32_t largest = m->granule;
    for (uint32_t i = 0; i < m->places; i++) {
        const model_block *block = &m->blocks[i];
        if (block->handle != DEFRAG_NO_HANDLE && block->alignment > largest) {
            largest = block->alignment;
        }
    }
    return largest;
}

static bool do_attach(model *m, const model_op *op)
{
    if (m->spare == NULL) {
        return true;
    }
    size_t shift = op->a % (m->room / m->granule + 1) * m->granule;
    unsigned char *target = m->spare + shift;
    bool congruent = ((uintptr_t)target - (uintptr_t)m->memory) % largest_alignment(m) == 0;
    memcpy(target, m->memory, m->bytes);

    defrag_pool *moved = NULL;
    defrag_status status = defrag_attach(target, m->bytes + m->room - shift, &moved);
    if (!congruent) {
        REQUIRE(m, status == DEFRAG_INVALID_ALIGNMENT && moved == NULL, "an image is adopted that is misaligned here");
        return true;
    }
    REQUIRE(m, status == DEFRAG_OK && moved == (void *)target, "an image is not adopted");
    memset(m->home, 0xA5, m->bytes + m->room);
    m->spare = m->home;
    m->home = target - shift;
    m->memory = target;
    m->pool = moved;
    return true;
}

/* ------------------------------------------------------------------------------------------------------------- looking */

static bool do_check(model *m, const model_op *op)
{
    (void)op;
    REQUIRE(m, defrag_check(m->pool, NULL) == DEFRAG_OK, "the pool's own check fails");
    return true;
}

static bool do_would_fit(model *m, const model_op *op)
{
    model_request request = request_for(m, op->a, op->b, DEFRAG_MAKE_ROOM, NULL);
    defrag_handle blockers[4] = { DEFRAG_NO_HANDLE };
    defrag_fit_report report = DEFRAG_REPORT_INIT;
    report.blockers = blockers;
    report.capacity = sizeof blockers / sizeof *blockers;
    defrag_status status = defrag_would_fit(m->pool, op->a, op->b, &report);
    if (!is_alignment(op->b)) {
        REQUIRE(m, status == DEFRAG_INVALID_ALIGNMENT, "would_fit takes an invalid alignment");
        return model_unchanged(m);
    }
    if (request.bytes - 1 >= (uint64_t)m->capacity * m->granule - m->header) {
        REQUIRE(m, status == DEFRAG_INVALID_SIZE, "would_fit takes an invalid size");
        return model_unchanged(m);
    }
    REQUIRE(m, status == DEFRAG_OK, "would_fit fails");
    return model_unchanged(m) && model_judge_report(m, &request, &report);
}

static bool judge_stale(model *m, defrag_handle handle, uint32_t call)
{
    void *address = m;
    const void *shared = m;
    size_t bytes = 1;
    switch (call % 6) {
    case 0: return defrag_free(m->pool, handle) == DEFRAG_INVALID_HANDLE;
    case 1: return defrag_lock(m->pool, handle, &address) == DEFRAG_INVALID_HANDLE && address == NULL;
    case 2: return defrag_lock_shared(m->pool, handle, &shared) == DEFRAG_INVALID_HANDLE && shared == NULL;
    case 3: return defrag_unlock(m->pool, handle) == DEFRAG_INVALID_HANDLE;
    case 4: return defrag_resize(m->pool, handle, 1, DEFRAG_FAST) == DEFRAG_INVALID_HANDLE;
    default: return defrag_usable_size(m->pool, handle, &bytes) == DEFRAG_INVALID_HANDLE && bytes == 0;
    }
}

static bool do_stale(model *m, const model_op *op)
{
    defrag_handle handle = m->stale[op->a % MODEL_STALE_HANDLES];
    REQUIRE(m, judge_stale(m, handle, op->b), "a freed handle is not refused as such");
    return model_unchanged(m);
}

/* ----------------------------------------------------------------------------------------------------------- the model */

bool model_perform(model *m, model_op op)
{
    static bool (*const operations[MODEL_KINDS])(model *, const model_op *) = {
        [MODEL_ALLOC] = do_alloc,         [MODEL_ALLOC_ARRAY] = do_alloc_array,
        [MODEL_FREE] = do_free,           [MODEL_RESIZE] = do_resize,
        [MODEL_LOCK] = do_lock,           [MODEL_LOCK_SHARED] = do_lock_shared,
        [MODEL_UNLOCK] = do_unlock,       [MODEL_USABLE_SIZE] = do_usable_size,
        [MODEL_CLEAN] = do_clean,         [MODEL_COMPACT] = do_compact,
        [MODEL_STEP] = do_step,           [MODEL_SETTLE] = do_settle,
        [MODEL_ATTACH] = do_attach,       [MODEL_CHECK] = do_check,
        [MODEL_WOULD_FIT] = do_would_fit, [MODEL_STALE] = do_stale,
    };
    if (m->failure != NULL) {
        return false;
    }
    m->operations++;
    model_remember(m);
    return operations[op.kind % MODEL_KINDS](m, &op);
}

bool model_apply(model *m, model_op op)
{
    return model_perform(m, op) && (!model_is_due(m) || model_verify(m));
}

/* Only a library that was built for stress has it. */
extern void defrag_trap(const char *what, const void *where) __attribute__((weak));

/* The facts of the build, from the statistics of the empty pool, and what follows from them. */
static bool learn(model *m, const model_setup *setup)
{
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    defrag_block wilderness = DEFRAG_BLOCK_INIT;
    REQUIRE(m, defrag_stats(m->pool, &stats) == DEFRAG_OK, "stats fails");
    REQUIRE(m, defrag_walk(m->pool, &wilderness), "an empty pool has no hole");
    m->granule = stats.granule;
    m->header = stats.block_overhead;
    m->slot = stats.handle_overhead;
    m->tail = m->header / 2;
    m->first = (uint32_t)wilderness.offset - m->header;
    m->end = (uint32_t)(m->bytes / m->granule * m->granule);
    m->reserved = setup->config != NULL ? setup->config->handles : 0;
    REQUIRE(m, stats.handles == m->reserved, "the table has not the slots that were set aside");
    REQUIRE(m, m->first >= stats.control_bytes && m->first < stats.control_bytes + m->granule,
            "the first block does not follow the control block");
    m->capacity = (uint32_t)(model_free_with(m, m->reserved != 0 ? m->reserved : 1) / m->granule);
    REQUIRE(m, stats.capacity == (size_t)m->capacity * m->granule - m->header, "the capacity is wrong");
    return true;
}

bool model_init(model *m, const model_setup *setup)
{
    bool stressed = defrag_trap != NULL;
    *m = (model){ .memory = setup->memory,
                  .home = setup->memory,
                  .spare = stressed ? NULL : setup->spare,
                  .scratch = stressed ? NULL : setup->scratch,
                  .bytes = setup->bytes,
                  .room = setup->room,
                  .blocks = setup->blocks,
                  .places = setup->places,
                  .period = setup->period,
                  .stressed = stressed };
    memset(m->blocks, 0, m->places * sizeof *m->blocks);
    defrag_config config = DEFRAG_CONFIG_INIT;
    if (setup->config != NULL) {
        config = *setup->config;
    }
    if (config.tag == 0) {
        config.tag = 1; /* A tag drawn from the address would keep a seed from replaying. */
    }
    REQUIRE(m, defrag_init(m->memory, m->bytes, &config, &m->pool) == DEFRAG_OK, "init fails");
    REQUIRE(m, m->pool == (void *)m->memory, "the pool is not at the start of its memory");
    return learn(m, setup) && model_verify(m);
}

bool model_finish(model *m)
{
    while (m->live != 0) {
        uint32_t which = (uint32_t)(model_pick(m, 0) - m->blocks);
        bool locked = is_locked(&m->blocks[which]);
        if (!model_apply(m, (model_op){ locked ? MODEL_UNLOCK : MODEL_FREE, which, 0, 0 })) {
            return false;
        }
    }
    if (!model_apply(m, (model_op){ .kind = MODEL_COMPACT }) || !model_apply(m, (model_op){ .kind = MODEL_CLEAN })) {
        return false;
    }
    REQUIRE(m, model_free_bytes(m) == model_free_with(m, m->reserved), "an empty pool is not whole again");
    if (!model_verify(m)) {
        return false;
    }
    REQUIRE(m, defrag_deinit(m->pool) == DEFRAG_OK, "deinit fails");
    return true;
}
