/* SPDX-License-Identifier: MIT
 *
 * Verifies the whole pool against the model: every block in its place with its contents, every byte accounted for. */
#include "model_internal.h"

#include <string.h>

bool model_fail(model *m, const char *failure, int line)
{
    if (m->failure == NULL) {
        m->failure = failure;
        m->line = line;
        m->failed_operation = m->operations;
    }
    return false;
}

bool model_is_due(const model *m)
{
    return m->period != 0 && m->operations % m->period == 0;
}

static defrag_pool_stats stats_of(const model *m)
{
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    (void)defrag_stats(m->pool, &stats);
    return stats;
}

void model_remember(model *m)
{
    if (model_is_due(m)) {
        if (m->told + 1 != m->operations) { /* otherwise the last verification has asked */
            m->before = stats_of(m);
        }
        if (m->scratch != NULL) {
            memcpy(m->scratch, m->memory, m->bytes);
        }
    }
}

bool model_unchanged(model *m)
{
    if (!model_is_due(m)) {
        return true;
    }
    defrag_pool_stats now = stats_of(m);
    now.refused = m->before.refused;
    now.largest_refused = m->before.largest_refused;
    REQUIRE(m, memcmp(&now, &m->before, sizeof now) == 0, "a failed call changed the statistics");
    REQUIRE(m, m->scratch == NULL || memcmp(m->scratch + m->first, m->memory + m->first, m->bytes - m->first) == 0,
            "a failed call changed the pool");
    return true;
}

/* A walk under way. */
typedef struct survey {
    uint64_t end; /* of what it has shown so far */
    uint32_t live;
    bool after_hole;
} survey;

static bool verify_block(model *m, const defrag_block *shown, survey *s)
{
    model_block *block = model_find(m, shown->handle);
    REQUIRE(m, block != NULL, "the walk shows a block that is not live");
    REQUIRE(m, block->seen != m->seen, "the walk shows a block twice");
    REQUIRE(m, shown->bytes == block->usable, "the walk shows a block of the wrong size");
    REQUIRE(m, shown->alignment == block->alignment, "a block has lost its alignment");
    REQUIRE(m, ((uintptr_t)m->memory + shown->offset) % block->alignment == 0, "a block is misaligned");
    REQUIRE(m, shown->exclusive == block->exclusive, "the walk shows a wrong exclusive lock");
    REQUIRE(m, shown->locks == (uint32_t)block->shared + block->exclusive, "the walk shows a wrong number of locks");
    bool locked = shown->locks != 0;
    REQUIRE(m, shown->offset == block->offset || !locked, "a locked block has moved");
    REQUIRE(m, shown->offset == block->offset || m->may_have_moved, "a block has moved in a call that never moves");
    REQUIRE(m, (m->stressed && !locked) || model_matches(block, m->memory + shown->offset, block->usable),
            "the contents of a block are lost");
    block->offset = (uint32_t)shown->offset;
    block->seen = m->seen;
    s->live++;
    s->after_hole = false;
    return true;
}

static bool verify_hole(model *m, const defrag_block *shown, survey *s)
{
    REQUIRE(m, !s->after_hole || m->copy_under_way, "two holes touch");
    REQUIRE(m, (shown->bytes + m->header) % m->granule == 0, "a hole is not made of granules");
    s->after_hole = true;
    return true;
}

static bool verify_arena(model *m, survey *s)
{
    defrag_block shown = DEFRAG_BLOCK_INIT;
    m->seen ^= 1;
    while (defrag_walk(m->pool, &shown)) {
        REQUIRE(m, shown.offset == s->end + m->header, "the walk leaves a gap");
        bool is_hole = shown.handle == DEFRAG_NO_HANDLE;
        if (!(is_hole ? verify_hole(m, &shown, s) : verify_block(m, &shown, s))) {
            return false;
        }
        s->end = shown.offset + shown.bytes + (is_hole ? 0 : model_tail(m, shown.alignment));
        if (!is_hole && s->end > m->high_end) {
            m->high_end = (uint32_t)s->end;
        }
    }
    REQUIRE(m, s->live == m->live, "the walk misses a block");
    m->may_have_moved = m->stressed;
    return true;
}

/* Under a lock of its own for each block, which ends a walk. */
static bool verify_contents(model *m)
{
    for (uint32_t i = 0; i < m->places; i++) {
        const model_block *block = &m->blocks[i];
        const void *address = NULL;
        if (block->handle == DEFRAG_NO_HANDLE || block->exclusive != 0 || block->shared != 0) {
            continue;
        }
        REQUIRE(m, defrag_lock_shared(m->pool, block->handle, &address) == DEFRAG_OK, "a block cannot be locked");
        REQUIRE(m, model_matches(block, address, block->usable), "the contents of a block are lost");
        REQUIRE(m, defrag_unlock(m->pool, block->handle) == DEFRAG_OK, "a lock cannot be given up");
    }
    return true;
}

static bool verify_space(model *m, const defrag_pool_stats *stats)
{
    uint64_t usable = (uint64_t)m->used * m->granule - (uint64_t)m->live * m->header;
    REQUIRE(m, stats->used + stats->overhead + stats->free == stats->pool_bytes,
            "bytes are missing from the statistics");
    REQUIRE(m, stats->pool_bytes == m->end, "the pool has another size");
    REQUIRE(m, stats->used == usable, "the used bytes are wrong");
    REQUIRE(m, stats->free == model_free_with(m, stats->handles), "the free bytes are wrong");
    uint32_t most = m->peak_live > m->reserved ? m->peak_live : m->reserved;
    REQUIRE(m, stats->handles >= m->live && stats->handles >= m->reserved && stats->handles <= most,
            "the handle table has a wrong size");
    return true;
}

static bool verify_history(model *m, const defrag_pool_stats *stats)
{
    REQUIRE(m, stats->live == m->live, "the number of live blocks is wrong");
    REQUIRE(m, stats->locked == m->locked, "the number of locked blocks is wrong");
    REQUIRE(m, stats->peak_live == m->peak_live, "the peak of live blocks is wrong");
    REQUIRE(m, stats->peak_used == (uint64_t)m->peak_used * m->granule, "the peak of used bytes is wrong");
    REQUIRE(m, stats->refused == m->refused, "the number of refusals is wrong");
    REQUIRE(m, stats->largest_refused == m->largest_refused, "the largest refused request is wrong");
    REQUIRE(m, stats->high_water >= m->high_end && stats->high_water <= m->end, "the high-water mark is wrong");
    return true;
}

static uint64_t largest_with(const model *m, size_t handles)
{
    uint64_t free_bytes = model_free_with(m, handles);
    uint32_t slot = handles <= m->live ? m->slot : 0;
    uint64_t granules = free_bytes < slot ? 0 : (free_bytes - slot) / m->granule;
    return granules == 0 ? 0 : granules * m->granule - m->header;
}

/* Free slots at the end of the table count as room, so what MAKE_ROOM serves lies between the table as it is and one as
 * short as can be. */
static bool verify_largest(model *m, const defrag_pool_stats *stats)
{
    size_t shortest = m->live > m->reserved ? m->live : m->reserved;
    if (m->locked == 0 && m->slack == 0) {
        REQUIRE(m, stats->largest_after_moving >= largest_with(m, stats->handles),
                "the largest request after moving is too small");
    }
    REQUIRE(m, stats->largest_after_moving <= largest_with(m, shortest),
            "the largest request after moving is too large");
    REQUIRE(m, stats->largest_now <= stats->largest_after_moving, "moving would make less room than there is");
    return true;
}

bool model_verify(model *m)
{
    if (m->failure != NULL) {
        return false;
    }
    int32_t invariant = 0;
    defrag_status status = defrag_check(m->pool, &invariant);
    REQUIRE(m, status == DEFRAG_OK && invariant == 0, "the pool's own check fails");
    survey s = { m->first, 0, false };
    m->before = stats_of(m);
    m->told = m->operations;
    bool good = verify_arena(m, &s) && verify_space(m, &m->before) && verify_history(m, &m->before) &&
                verify_largest(m, &m->before);
    if (good && m->stressed) {
        good = verify_contents(m);
        m->before = stats_of(m); /* unlocking has moved blocks */
    }
    return good;
}
