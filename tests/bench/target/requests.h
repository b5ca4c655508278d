/* SPDX-License-Identifier: MIT
 *
 * What heaps are put through: requests that depend on the workload, the pool's size and a seed alone, never on the heap. A
 * request that a heap refuses is carried on as if it had been served, and its free then frees nothing.
 *
 *   gateway   a connected device: 7 of 10 are objects of 16..96 bytes that live long (sessions, subscriptions), the others
 *             packets of 64..1500 bytes, mostly short, that leave in about the order in which they came; up to 75 % load
 *   strings   4..256 bytes, now and then up to 1 KiB, and every tenth request lengthens one by half; lifetimes have a heavy
 *             tail: half as many live twice as long; up to 80 % load
 *   steady    80 % 8..64 bytes, 18 % 65..256, 2 % 257..1024; random ones are freed; load from 50 to 95 %
 *   slices    the shape of defrag 0.1's own test: 512 slots in turn, filled with up to 1/64 of the pool in words of 4 bytes,
 *             or emptied nine times in ten; asks for about twice what the pool has
 *
 * The load is the share of the pool that the blocks take with 8 bytes of overhead each, rounded up to 8; or their bytes alone
 * if a limit for these is given. */
#ifndef DEFRAG_TESTS_BENCH_TARGET_REQUESTS_H
#define DEFRAG_TESTS_BENCH_TARGET_REQUESTS_H

#include "random.h"

#include <stdbool.h>
#include <stddef.h>

enum { GATEWAY, STRINGS, STEADY, SLICES, WORKLOADS };
extern const char *const workload_names[WORKLOADS];

enum { REQUEST_ALLOC, REQUEST_FREE, REQUEST_USE, REQUEST_RESIZE };

typedef struct request {
    uint32_t kind;
    uint32_t slot;
    uint32_t bytes; /* to allocate or to resize to */
} request;

/* SLOTS is what the board has room for, at least 512. Of the slots in `order` the first `live` are held, and a binary heap of
 * what dies first; the others are empty. */
typedef struct requests {
    uint32_t workload;
    uint32_t pool;
    uint32_t limit;     /* on the load, in bytes */
    bool payload_only;  /* the load is that of the blocks' bytes */
    uint32_t load;      /* in bytes */
    uint32_t live;      /* slots held */
    uint32_t allocated; /* so far */
    uint32_t pending;   /* bytes that are asked for as soon as there is room */
    uint32_t lifetime;  /* of what is pending, in allocations */
    uint32_t next;      /* SLICES: the slot whose turn it is */
    random_source source;
    uint16_t order[SLOTS];
    uint16_t place[SLOTS]; /* of a slot in `order` */
    uint16_t death[SLOTS]; /* when, in allocations, modulo 2^16 */
    uint16_t bytes[SLOTS];
} requests;

/* With a `limit` the load is held to so many bytes, overhead not counted; with 0 it is the workload's own. */
void requests_init(requests *r, uint32_t workload, uint32_t pool, uint32_t limit, uint64_t seed);

/* STEADY without a limit: how far the run is, 0 to 1000, which sets the load. */
void requests_progress(requests *r, uint32_t permille);

request requests_next(requests *r);

#endif
