/* SPDX-License-Identifier: MIT
 *
 * The state of a pool as far as it decides what the pool does: 16 bytes for a small one.
 *
 * Left out, with the reason:
 *
 *   contents of blocks    the pool copies and never reads them, nor what is left in free memory; each state is given
 *                         fresh ones to keep
 *   generations, seed     they are compared with a handle's and counted up, and decide nothing else
 *   counters and peaks    nothing but the statistics reads them
 *   the seal              follows from the rest
 *   the kind of a lock    what moves blocks asks whether there is one; each kind is tried on each block
 *   slots of blocks       only a free tells them apart, by how many slots at the end of the table it leaves free: each
 *                         number is tried
 *   which slots are free  but for how many at the end of the table, which may be given back: an alloc is tried with each
 *                         of these as the next to be used, and with one elsewhere
 *   their queue           an alloc takes the first, and clean goes through all: it is tried with each turn of the queue
 *   the sweep's cursor    only steps read it: they are tried with each value from each state
 *
 * What is left out is varied in a share of the states, where each operation must come to the same state then. */
#ifndef DEFRAG_TESTS_STATE_H
#define DEFRAG_TESTS_STATE_H

#include "model.h"

enum { MOST_ITEMS = 13, MOST_SLOTS = 7, MOST_BYTES = 512, PLACES = 16 };

/* A state, packed. */
typedef struct pool_state {
    uint64_t words[2];
} pool_state;

/* RESERVED is the destination of a block in flight. */
typedef enum role { HOLE, BLOCK, FLYING, RESERVED } role;

typedef struct item {
    role role;
    uint32_t granules;
    uint32_t rank;      /* of a hole: how many precede it in its list */
    uint32_t alignment; /* of a block: in granules */
    bool locked;
} item;

/* A state, unpacked: what lies in the arena, lowest address first. */
typedef struct layout {
    item items[MOST_ITEMS];
    uint32_t count;
    uint32_t live;
    uint32_t free_slots;
    uint32_t trailing; /* of these, at the end of the table */
    uint32_t done;     /* granules copied of the block in flight */
} layout;

/* What is left out of a state, chosen at will. */
typedef struct choice {
    uint32_t order[MOST_SLOTS]; /* which of the live slots, counted upwards, the blocks have, lowest address first */
    uint32_t run;               /* how many free slots precede the last live one; the other free ones are the lowest */
    uint32_t
        turn; /* which free slot comes first in the queue: of those at the end, counted downwards, then of others */
    uint32_t locks; /* kinds of locks */
    uint32_t past;  /* generations, counters, and what is in free memory */
} choice;

pool_state state_pack(const layout *l);
layout state_unpack(pool_state s);

/* What a whole pool is like. */
layout state_view(const defrag_pool *pool);

/* Makes an empty pool and its model, of which nothing was asked yet, into this state. */
void state_build(model *m, const layout *l, const choice *chosen);

/* The place in the model's table of the block with this number, lowest address first. */
uint32_t state_which(const model *m, uint32_t number);

/* What a step must improve, the first that differs deciding. A flight counts as landed, so that
 * beginning it is what improves. */
typedef struct potential {
    uint64_t aligned; /* sum of the addresses of over-aligned blocks: falls */
    uint64_t squares; /* of free stretches: rises */
    uint64_t places;  /* sum of all addresses: falls */
} potential;

potential state_potential(const defrag_pool *pool);

/* How many moves were begun so far: those made, and that of a block in flight. */
uint64_t state_moves(const defrag_pool *pool);

/* What the model knows of a pool and goes by when it verifies it, apart from its blocks and from refusals. */
typedef struct books {
    uintptr_t memory;
    uint32_t live;
    uint32_t locked;
    uint32_t used;
    uint32_t slack;
    uint32_t peak_live;
    uint32_t peak_used;
    uint32_t high_end;
    uint32_t past; /* what may have happened since it was verified */
} books;

books state_books(const model *m);

/* Copies a pool but for its counts of refusals and moves and the cursor, which are 0 in the copy, and their share of the
 * seal. Returns a hash of the copy. */
uint32_t state_copy(const defrag_pool *pool, uint32_t bytes, unsigned char *copy);

/* Whether the pool has counted its refusals as the model has. */
bool state_refusals_agree(const model *m);

/* Positive if the second is better, negative if it is worse. */
int potential_compare(potential before, potential after);

/* Has the next step begin anew (0), sweep from the first block (1) or from behind that with this number less 1. */
void state_set_cursor(defrag_pool *pool, uint32_t cursor);

/* Draws a state in letters, one for each granule: blocks, upper case if locked, '~' reserved, '.' holes. */
void state_draw(pool_state s, char text[64]);

#endif
