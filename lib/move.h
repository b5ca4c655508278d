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

/* In a guarded build others are let in by whatever copies: then indices that a mover keeps may have become void, but for
 * those that these functions return. */

#define SLIDE_ONLY 0
#define TOP_OF_ALL UINT32_MAX

/* Plans the push of a hole: returns the hole that the block behind it is to evacuate to, or the hole itself if it is to
 * slide, or 0 if it cannot be moved. The block does not evacuate to a hole up to `end`, which the caller wants to clear,
 * nor to the one right behind it, which sliding merges. A push never undoes another: with `hole` of h granules and a block
 * of m, a hole of f granules takes the block only if f < h + m, so that the sum of the squares of the holes grows with
 * each evacuation and does not shrink with a slide, which lowers the sum of the addresses. Over-aligned blocks only ever
 * move down, since sliding them may split a hole; and all do if `end` is TOP_OF_ALL. */
DEFRAG_PRIVATE uint32_t defrag_plan_push(const defrag_pool *pool, uint32_t hole, uint32_t end);

/* Pushes a hole as planned, and returns where it begins now; that is the top if it melted into the wilderness. When the
 * block slides, those behind it follow as far as they can, if they are to. */
DEFRAG_PRIVATE uint32_t defrag_push(defrag_pool *pool, uint32_t hole, uint32_t to, bool followed);

/* Moves a block into the hole at `at`, which must fit it, or into the wilderness, and makes it `granules` large, which is
 * not less than it was. Returns where the hole begins that its place belongs to now. */
DEFRAG_PRIVATE uint32_t defrag_evacuate(defrag_pool *pool, uint32_t from, uint32_t at, uint32_t granules);

/* Copies so many bytes, a multiple of the word, to a lower or a separate place. */
DEFRAG_PRIVATE void defrag_copy(defrag_pool *pool, uint32_t to, uint32_t from, uint32_t bytes);

/* Stores a block's new place in its table entry, which is what moves it. */
DEFRAG_PRIVATE void defrag_commit_move(defrag_pool *pool, uint32_t slot, uint32_t to);

/* Does so for all blocks from `g` to `end`, and counts them. Their old places are given up after that and not before, so
 * that their entries never name a place which a hole's words have overwritten. */
DEFRAG_PRIVATE void defrag_commit_moves(defrag_pool *pool, uint32_t g, uint32_t end);

/* Adds to moved_blocks or moved_bytes. */
DEFRAG_PRIVATE void defrag_count(defrag_pool *pool, uint32_t counter[2], uint32_t amount);

/* Counts what one call has copied; it began when moved_bytes was `before`. */
DEFRAG_PRIVATE void defrag_note_worst_call(defrag_pool *pool, uint32_t before);

#endif
