/* SPDX-License-Identifier: MIT */
#include "move.h"

#include "blocks.h"
#include "observe.h"

#ifdef __thumb__
/* Copies words downwards, by load and store multiple: eight at a time, and of the rest four, two and one, as the bits of
 * their number say. Compilers, asked for it in C, take half as many instructions again. */
INLINE void copy_words(uint32_t *to, const uint32_t *from, uint32_t bytes)
{
    __asm__ volatile(".syntax unified\n\t"
                     "b 2f\n"
                     "1:\n\t"
                     "ldmia %1!, {r3, r4, r5, r6}\n\t"
                     "stmia %0!, {r3, r4, r5, r6}\n\t"
                     "ldmia %1!, {r3, r4, r5, r6}\n\t"
                     "stmia %0!, {r3, r4, r5, r6}\n"
                     "2:\n\t"
                     "subs %2, #32\n\t"
                     "bhs 1b\n\t"
                     "lsls %2, %2, #28\n\t" /* 16 bytes to carry, 8 to the sign */
                     "bcc 3f\n\t"
                     "ldmia %1!, {r3, r4, r5, r6}\n\t"
                     "stmia %0!, {r3, r4, r5, r6}\n"
                     "3:\n\t"
                     "bpl 4f\n\t"
                     "ldmia %1!, {r3, r4}\n\t"
                     "stmia %0!, {r3, r4}\n"
                     "4:\n\t"
                     "lsls %2, %2, #2\n\t" /* 4 bytes to carry */
                     "bcc 5f\n\t"
                     "ldmia %1!, {r3}\n\t"
                     "stmia %0!, {r3}\n"
                     "5:"
                     : "+l"(to), "+l"(from), "+l"(bytes)
                     :
                     : "r3", "r4", "r5", "r6", "cc", "memory");
}
#else
/* A vector and no struct: where size counts compilers call memcpy for that. */
typedef uint32_t __attribute__((vector_size(16), aligned(4), may_alias)) quad_t;

/* Copies words downwards, eight at a time and then one at a time. */
INLINE void copy_words(uint32_t *to, const uint32_t *from, uint32_t bytes)
{
    quad_t *target = (quad_t *)(void *)to;
    const quad_t *source = (const quad_t *)(const void *)from;
    for (; bytes >= 2 * sizeof(quad_t); bytes -= 2 * (uint32_t)sizeof(quad_t)) {
        quad_t low = *source++; /* the places may overlap */
        quad_t high = *source++;
        *target++ = low;
        *target++ = high;
    }
    word_t *last = (word_t *)(void *)target;
    const word_t *word = (const word_t *)(const void *)source;
    for (; bytes != 0; bytes -= WORD) {
        *last++ = *word++;
    }
}
#endif

DEFRAG_PRIVATE void defrag_copy(defrag_pool *pool, uint32_t to, uint32_t from, uint32_t bytes)
{
    unsigned char *base = (unsigned char *)pool;
    copy_words((uint32_t *)(void *)(base + to), (const uint32_t *)(const void *)(base + from), bytes);
}

/* Copies what a mover keeps others from; a guarded build lets them in meanwhile. */
static void copy_openly(defrag_pool *pool, uint32_t to, uint32_t from, uint32_t bytes)
{
    while (bytes > OPEN_BYTES) {
        defrag_copy(pool, to, from, OPEN_BYTES);
        defrag_let_others_in();
        to += OPEN_BYTES;
        from += OPEN_BYTES;
        bytes -= OPEN_BYTES;
    }
    defrag_copy(pool, to, from, bytes);
    defrag_let_others_in();
}

/* Keeps the block of a slot from others until its move is committed, if they may be let in before. They find its header at
 * g so long. */
static void keep(defrag_pool *pool, uint32_t slot, uint32_t g)
{
    if (GUARDED) {
        word_t e = entry(pool, slot);
        set_entry(pool, slot, e, (e & ~INDEX_MASK) | (word_t)IN_FLIGHT << LOCKS_SHIFT | g);
    }
}

DEFRAG_PRIVATE void defrag_count(defrag_pool *pool, uint32_t counter[2], uint32_t amount)
{
    uint32_t old = counter[0];
    uint32_t low = old + amount;
    counter[0] = low;
    pool->seal ^= fold(old ^ low);
    if (low < amount) {
        defrag_set_u32(pool, &counter[1], counter[1] + 1);
    }
}

DEFRAG_PRIVATE void defrag_note_worst_call(defrag_pool *pool, uint32_t before)
{
    uint32_t moved = pool->moved_bytes[0] - before;
    if (moved > pool->worst_call) {
        defrag_set_u32(pool, &pool->worst_call, moved);
    }
}

DEFRAG_PRIVATE void defrag_commit_move(defrag_pool *pool, uint32_t slot, uint32_t to)
{
    word_t e = entry(pool, slot);
    set_entry(pool, slot, e, (e & ~(LOCKS_MASK | INDEX_MASK)) | to);
}

DEFRAG_PRIVATE void defrag_commit_moves(defrag_pool *pool, uint32_t g, uint32_t end)
{
    uint32_t blocks = 0;
    for (; g != end; g += size_at(pool, g)) {
        defrag_commit_move(pool, owner_in(header(pool, g)), g);
        blocks++;
    }
    defrag_count(pool, pool->moved_blocks, blocks);
}

/* Slides the block behind a hole down, and those behind it, unless others may come in. Returns where the hole is then.
 *
 * To others, the block begins where the hole did meanwhile: who frees the block before that may set its HOLE_BEFORE. */
APART static uint32_t slide(defrag_pool *pool, uint32_t hole, bool followed)
{
    word_t hole_header = header(pool, hole);
    uint32_t from = hole + size_in(hole_header);
    uint32_t below = padding(pool, hole, alignment_at(pool, from));
    uint32_t above = size_in(hole_header) - below;
    word_t block = header(pool, from) & ~HOLE_BEFORE;
    uint32_t end = from + size_in(block);

    /* First, since damaged links may write into the headers that are looked at next. */
    defrag_unlink_hole(pool, hole, hole_header);
    uint32_t limit = !GUARDED && followed ? pool->top : end;
    while (end < limit) {
        word_t h = sound_header(pool, end);
        if ((h & IS_HOLE) != 0 || !is_entered(pool, end, h, LOCKS_MASK | OVER_ALIGNED)) {
            break;
        }
        end += size_in(h);
    }
    set_header(pool, hole, block);
    keep(pool, owner_in(block), hole);
    copy_openly(pool, usable_offset(from - above), usable_offset(from), usable_bytes(end - from));
    word_t before = header(pool, hole) & HOLE_BEFORE;
    set_header(pool, from - above, block | before);
    defrag_commit_moves(pool, from - above, end - above);
    if (below != 0) {
        defrag_release(pool, hole, below, before);
    }
    defrag_count(pool, pool->moved_bytes, GRANULE * (end - from));
    defrag_release(pool, end - above, above, 0);
    defrag_tell_of_moves(pool, from - above, end - above, above);
    return end - above;
}

DEFRAG_PRIVATE uint32_t defrag_evacuate(defrag_pool *pool, uint32_t from, uint32_t at, uint32_t granules)
{
    word_t moved = header(pool, from);
    uint32_t old = size_in(moved);
    uint32_t slot = owner_in(moved);
    uint32_t alignment = alignment_at(pool, from);
    uint32_t to = defrag_take(pool, at, granules, alignment, slot);

    keep(pool, slot, from);
    copy_openly(pool, usable_offset(to), usable_offset(from), usable_bytes(old));
    defrag_set_alignment(pool, to, granules, alignment);
    defrag_add_used(pool, granules - old);
    defrag_count(pool, pool->moved_bytes, GRANULE * old);
    /* Taking the hole may have changed what is before the old place, as may others. */
    moved = header(pool, from);
    uint32_t hole = hole_before(pool, from, moved);
    defrag_commit_move(pool, slot, to);
    defrag_count(pool, pool->moved_blocks, 1);
    defrag_release(pool, from, old, moved);
    defrag_tell_of_moves(pool, to, to + granules, from - to);
    return hole;
}

DEFRAG_PRIVATE uint32_t defrag_plan_push(const defrag_pool *pool, uint32_t hole, uint32_t end)
{
    word_t h = header(pool, hole);
    if ((h & IS_HOLE) == 0 || size_in(h) - 1 >= pool->top - hole - 1) {
        return 0; /* nothing is behind it */
    }
    uint32_t from = hole + size_in(h);
    word_t block = sound_header(pool, from);
    if (!is_entered(pool, from, block, LOCKS_MASK)) {
        return 0;
    }
    uint32_t granules = size_in(block);
    uint32_t behind = from + granules;
    uint32_t alignment = (entry(pool, owner_in(block)) & OVER_ALIGNED) != 0 ? defrag_alignment_at(pool, from) : 1;
    if (end != SLIDE_ONLY) {
        uint32_t not_to = alignment > 1 ? TOP_OF_ALL : end > behind ? end : behind;
        uint32_t to = defrag_find_home(pool, granules, alignment, hole, not_to);
        if (to != 0 && (not_to == TOP_OF_ALL || size_at(pool, to) < behind - hole)) {
            return to;
        }
    }
    return padding(pool, hole, alignment) < size_in(h) ? hole : 0;
}

DEFRAG_PRIVATE uint32_t defrag_push(defrag_pool *pool, uint32_t hole, uint32_t to, bool followed)
{
    if (to == hole) {
        return slide(pool, hole, followed);
    }
    uint32_t from = hole + size_at(pool, hole);
    return defrag_evacuate(pool, from, to, size_at(pool, from));
}
