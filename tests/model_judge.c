/* SPDX-License-Identifier: MIT
 *
 * The judge of refusals: computes from the model's own books whether a request could have been served. */
#include "model_internal.h"

uint32_t model_tail(const model *m, uint32_t alignment)
{
    return alignment > m->granule ? m->tail : 0;
}

uint64_t model_granules(const model *m, uint64_t bytes, uint32_t alignment)
{
    return (bytes + m->header + model_tail(m, alignment) + m->granule - 1) / m->granule;
}

uint64_t model_free_with(const model *m, size_t handles)
{
    return m->end - m->first - (uint64_t)m->used * m->granule - (uint64_t)handles * m->slot;
}

size_t model_handles(const model *m)
{
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    (void)defrag_stats(m->pool, &stats);
    return stats.handles;
}

size_t model_free_bytes(const model *m)
{
    return (size_t)model_free_with(m, model_handles(m));
}

/* Bytes that a slot for the request takes from the free ones: none if it has one, or there is a free one. */
static uint32_t new_slot(const model *m, const model_request *request, size_t handles)
{
    return request->resized == NULL && handles <= m->live ? m->slot : 0;
}

static bool bytes_suffice(const model *m, const model_request *request, size_t handles)
{
    uint64_t free_bytes = model_free_with(m, handles);
    if (request->resized != NULL) {
        const model_block *block = request->resized;
        free_bytes += model_granules(m, block->usable, block->alignment) * m->granule;
    }
    return request->granules * m->granule + new_slot(m, request, handles) <= free_bytes;
}

/* Whether free bytes [from, to) of the pool hold the request at its alignment. */
static bool region_holds(const model *m, const model_request *request, uint64_t from, uint64_t to)
{
    uint64_t base = (uintptr_t)m->memory;
    uint64_t usable = base + from + m->header;
    usable = (usable + request->alignment - 1) & ~((uint64_t)request->alignment - 1);
    return usable - base - m->header + request->granules * m->granule <= to;
}

/* What a walk finds for a request. */
typedef struct findings {
    bool hole; /* some hole holds it */
    bool own;  /* so does the place of the block to resize with the holes beside it */
    bool slot; /* there is room for the handle slot, if it needs a new one */
} findings;

static findings search_holes(const model *m, const model_request *request)
{
    size_t handles = model_handles(m);
    uint64_t limit = m->end - (uint64_t)handles * m->slot - new_slot(m, request, handles);
    defrag_handle own = request->resized != NULL ? request->resized->handle : DEFRAG_NO_HANDLE;
    defrag_block block = DEFRAG_BLOCK_INIT;
    uint64_t end = m->first; /* of the last block in the way */
    bool own_inside = false; /* the free region that begins there */
    findings found = { false, false, false };

    while (defrag_walk(m->pool, &block)) {
        if (block.handle == own || block.handle == DEFRAG_NO_HANDLE) {
            own_inside = own_inside || block.handle != DEFRAG_NO_HANDLE;
            continue;
        }
        bool holds = region_holds(m, request, end, block.offset - m->header);
        found.hole = found.hole || holds;
        found.own = found.own || (holds && own_inside);
        own_inside = false;
        end = block.offset + block.bytes + model_tail(m, block.alignment);
    }
    bool holds = region_holds(m, request, end, limit);
    found.hole = found.hole || holds;
    found.own = found.own || (holds && own_inside);
    found.slot = end <= limit;
    return found;
}

bool model_fits_now(const model *m, const model_request *request)
{
    findings found = search_holes(m, request);
    return found.hole && found.slot;
}

/* The fewest slots that the handle table can have. */
static size_t least_handles(const model *m)
{
    return m->live > m->reserved ? m->live : m->reserved;
}

/* Without moving: what BEST answers follows from the holes alone; FAST may overlook some, but not the place of the block
 * that it resizes. A copy under way keeps its destination from both. Free slots at the end of the table may count as free
 * bytes or not. */
static bool judge_without_moving(model *m, const model_request *request, defrag_status status)
{
    if (status == DEFRAG_OUT_OF_MEMORY) {
        REQUIRE(m, !bytes_suffice(m, request, model_handles(m)), "OUT_OF_MEMORY though the free bytes suffice");
        return true;
    }
    REQUIRE(m, bytes_suffice(m, request, least_handles(m)), "the free bytes do not suffice, but the answer is another");
    findings found = search_holes(m, request);
    if (status == DEFRAG_OUT_OF_HANDLES) {
        REQUIRE(m, m->copy_under_way || !found.slot, "OUT_OF_HANDLES though the table could grow");
        return true;
    }
    REQUIRE(m, m->copy_under_way || !found.own,
            "a resize fails though the block's place and the holes beside it suffice");
    REQUIRE(m, request->fit == DEFRAG_FAST || m->copy_under_way || !found.hole || !found.slot,
            "BEST says FRAGMENTED though a hole fits");
    return true;
}

/* The theorem. Free slots at the end of the table are free bytes to MAKE_ROOM, so it is judged by what clean leaves. */
static bool judge_make_room(model *m, const model_request *request, defrag_status status)
{
    size_t handles = model_handles(m);
    if (bytes_suffice(m, request, handles) != bytes_suffice(m, request, least_handles(m))) {
        REQUIRE(m, defrag_clean(m->pool) == DEFRAG_OK, "clean fails");
        handles = model_handles(m);
    }
    bool suffice = bytes_suffice(m, request, handles);
    if (status == DEFRAG_OUT_OF_MEMORY) {
        REQUIRE(m, !suffice, "MAKE_ROOM says OUT_OF_MEMORY though the free bytes suffice");
        return true;
    }
    REQUIRE(m, suffice, "the free bytes do not suffice, but MAKE_ROOM does not say OUT_OF_MEMORY");
    bool promised = model_is_due(m) && m->locked == 0 && request->resized == NULL && request->alignment == m->granule &&
                    request->bytes <= m->before.largest_after_moving;
    REQUIRE(m, !promised, "MAKE_ROOM refuses what the statistics promised");
    REQUIRE(m, m->locked != 0 || m->slack != 0 || request->alignment > m->granule,
            "MAKE_ROOM refuses though the free bytes suffice and nothing is in the way");

    if (request->resized == NULL && m->locked == 0) {
        model_request padded = *request;
        padded.granules += (m->slack + request->alignment) / m->granule - 1;
        REQUIRE(m, !bytes_suffice(m, &padded, handles), "MAKE_ROOM refuses though the slack of all alignments is free");
    }
    return true;
}

bool model_judge_refusal(model *m, const model_request *request, defrag_status status)
{
    REQUIRE(m, status == DEFRAG_FRAGMENTED || status == DEFRAG_OUT_OF_MEMORY || status == DEFRAG_OUT_OF_HANDLES,
            "a valid request is refused with a status that it cannot have");
    REQUIRE(m, status != DEFRAG_OUT_OF_HANDLES || request->resized == NULL, "a resize is refused for want of a handle");
    m->refused++;
    if (request->bytes > m->largest_refused) {
        m->largest_refused = (uint32_t)request->bytes;
    }
    /* A resize abandons the copy of its block that is under way, even if it is refused then. */
    bool may_have_cancelled = request->resized != NULL && m->copy_under_way;
    bool may_have_moved = request->fit == DEFRAG_MAKE_ROOM && status != DEFRAG_OUT_OF_MEMORY;
    if (!may_have_cancelled && !may_have_moved && !model_unchanged(m)) {
        return false;
    }
    /* However small the table is: asking for its size would cost a walk. */
    if (status == DEFRAG_OUT_OF_MEMORY && !bytes_suffice(m, request, least_handles(m))) {
        return true;
    }
    return request->fit == DEFRAG_MAKE_ROOM ? judge_make_room(m, request, status)
                                            : judge_without_moving(m, request, status);
}

/* Those named must be locked blocks, lowest address first, and no more than are in the way. */
static bool judge_blockers(model *m, const defrag_fit_report *report)
{
    uint32_t below = 0;
    for (size_t i = 0; i < report->capacity; i++) {
        if (i >= report->blocking) {
            REQUIRE(m, report->blockers[i] == DEFRAG_NO_HANDLE, "would_fit names more blocks than are in the way");
            continue;
        }
        const model_block *block = model_find(m, report->blockers[i]);
        REQUIRE(m, block != NULL && (block->exclusive != 0 || block->shared != 0),
                "would_fit names a block that is not locked");
        REQUIRE(m, block->offset > below, "would_fit names blocks in another order than they lie");
        below = block->offset;
    }
    return true;
}

bool model_judge_report(model *m, const model_request *request, const defrag_fit_report *report)
{
    findings found = search_holes(m, request);
    if (!m->copy_under_way) {
        REQUIRE(m, (report->now != 0) == (found.hole && found.slot), "would_fit is wrong about what fits now");
    }
    if (bytes_suffice(m, request, model_handles(m))) {
        REQUIRE(m, report->verdict != DEFRAG_OUT_OF_MEMORY,
                "would_fit says OUT_OF_MEMORY though the free bytes suffice");
    }
    if (!bytes_suffice(m, request, least_handles(m))) {
        REQUIRE(m, report->verdict == DEFRAG_OUT_OF_MEMORY, "would_fit says other than OUT_OF_MEMORY");
    }
    bool surely = m->locked == 0 && m->slack == 0 && request->alignment == m->granule;
    REQUIRE(m, !surely || report->verdict != DEFRAG_FRAGMENTED,
            "would_fit says FRAGMENTED though nothing is in the way");
    REQUIRE(m, (report->verdict == DEFRAG_OUT_OF_MEMORY) == (report->missing != 0),
            "would_fit is wrong about missing bytes");
    REQUIRE(m, report->verdict == DEFRAG_FRAGMENTED || report->blocking == 0,
            "would_fit names locks that block nothing");
    REQUIRE(m, report->blocking <= m->locked, "would_fit counts more locks than there are");
    return judge_blockers(m, report);
}
