/* SPDX-License-Identifier: MIT
 *
 * Tests in plain C, which run under Criterion on a host and as firmware on a target: each is a function that works on a
 * ground, and returns false once it has noted there what is wrong.
 *
 * A group of tests is a list, GROUP(TEST), so that each side can make of the names what it needs. A name is a sentence on
 * what holds. A test takes as much of the memory as it wants and the ground has. */
#ifndef DEFRAG_TESTS_GROUND_H
#define DEFRAG_TESTS_GROUND_H

#include "model.h"
#include "random.h"

typedef struct ground {
    unsigned char *memory; /* `bytes` + `room` bytes each, aligned to 64 or more */
    unsigned char *other;
    unsigned char *scratch;
    size_t bytes;
    size_t room;
    defrag_handle *handles; /* they may share their memory with the model's blocks */
    size_t most_handles;
    model *m;
    model_block *blocks;
    uint32_t places; /* how many of them: a power of two */
    uint64_t seed;   /* of all that is random */

    const char *failure; /* null while all is well; else what is wrong, */
    int line;            /* where that was found */
    uint32_t operation;  /* and if it was the model, in which operation of it */
} ground;

/* Notes what is wrong, and returns false. */
bool ground_fail(ground *g, const char *failure, int line);

#define DEMAND(g, condition)                                                                                           \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            return ground_fail((g), "not so: " #condition, __LINE__);                                                  \
        }                                                                                                              \
    } while (0)

/* As many of the wanted bytes as the ground has. */
size_t ground_bytes(const ground *g, size_t wanted);

/* A pool in the ground's memory; null if that fails. */
defrag_pool *ground_pool(ground *g, size_t bytes);

/* A model of a pool in the ground's memory, which proves that failures leave no trace. */
model *ground_model(ground *g, size_t bytes, uint32_t period);

/* Ends the model; whether the pool did right all along. */
bool ground_judge(ground *g);

/* Fills the pool with blocks of so many granules until one is refused; the handles are the ground's. */
size_t ground_fill(ground *g, defrag_pool *pool, size_t granules);

/* A block of so many bytes; the null handle if that fails. */
defrag_handle ground_alloc(defrag_pool *pool, size_t bytes, defrag_fit fit);

defrag_pool_stats ground_stats(const defrag_pool *pool);

/* The largest request that takes so many granules. */
size_t ground_bytes_of(const defrag_pool *pool, size_t granules);

size_t ground_usable(const defrag_pool *pool, defrag_handle handle);

/* Writes one value to all bytes of a block, by way of a lock. */
bool ground_write(defrag_pool *pool, defrag_handle handle, unsigned char value);

#endif
