/* SPDX-License-Identifier: MIT
 *
 * Moving blocks. One primitive: push a hole, that is, get the block behind it out of its way. Either the block evacuates
 * to another hole that fits it well, and the hole swallows its place; or it slides down, and the hole passes behind it:
 *
 *   evacuate:  | hole | b | c |  ... | fits |        | hole .... | c |  ... | b |  |
 *   slide:     | hole | b | c |                      | b | hole | c |                     */
#ifndef DEFRAG_MOVE_H
#define DEFRAG_MOVE_H

#include "pool.h"

typedef struct {
    uint32_t hole;     /* what is pushed */
    uint32_t from;     /* the block behind it */
    uint32_t granules; /* of the block */
    uint32_t to;       /* the hole that it evacuates to, or the granule that it slides to */
    bool slides;
} move_t;

/* Plans the push of a hole; false if the block behind it cannot be moved. The block does not evacuate to a hole up to
 * `end`, which the caller wants to clear, nor to the one right behind it, which sliding merges. A push never undoes
 * another: with `hole` of h granules and a block of m, a hole of f granules takes the block only if f < h + m, so that
 * the sum of the squares of the holes grows with each evacuation and does not shrink with a slide, which lowers the sum
 * of the addresses. Over-aligned blocks only ever move down, since sliding them may split a hole. */
DEFRAG_PRIVATE bool defrag_plan_push(const defrag_pool *pool, uint32_t hole, uint32_t end, move_t *move);

/* Carries a plan out, and returns where the pushed hole begins now; that is the top if it melted into the wilderness. */
DEFRAG_PRIVATE uint32_t defrag_push(defrag_pool *pool, const move_t *move);

/* Moves the block behind a hole down to `to`, which lies in the hole. */
DEFRAG_PRIVATE void defrag_slide(defrag_pool *pool, uint32_t hole, uint32_t to);

/* Moves a block into the hole at `at`, which must fit it, or into the wilderness, and makes it `granules` large, which is
 * not less than it was. Returns where it is. */
DEFRAG_PRIVATE uint32_t defrag_evacuate(defrag_pool *pool, uint32_t from, uint32_t at, uint32_t granules);

/* Copies so many bytes, a multiple of the word, to a lower or a separate place. */
DEFRAG_PRIVATE void defrag_copy(defrag_pool *pool, uint32_t to, uint32_t from, uint32_t bytes);

/* Stores a block's new place in its table entry, which is what moves it. */
DEFRAG_PRIVATE void defrag_commit_move(defrag_pool *pool, uint32_t slot, uint32_t to);

/* Tells the observer that a block is no longer at `from`; the pool must be whole. */
DEFRAG_PRIVATE void defrag_notify_move(defrag_pool *pool, uint32_t slot, uint32_t from, uint32_t granules);

/* Counts granules as copied. */
DEFRAG_PRIVATE void defrag_count_copied(defrag_pool *pool, uint32_t granules);

/* Counts what one call has copied; it began when moved_bytes was `before`. */
DEFRAG_PRIVATE void defrag_note_worst_call(defrag_pool *pool, uint32_t before);

#endif
