/* SPDX-License-Identifier: MIT
 *
 * What the unit tests share: memory, shorthands that fail the test when a call fails, and the model with its seed. */
#ifndef DEFRAG_TESTS_SUPPORT_H
#define DEFRAG_TESTS_SUPPORT_H

#include "defrag.h"
#include "ground.h"
#include "model.h"
#include "random.h"

#include <criterion/criterion.h>
#include <inttypes.h>

/* Each is aligned to DEFRAG_MAX_ALIGNMENT. A test runs in a process of its own, so none has to clean up. */
enum { ARENA_BYTES = 2 << 20 };
extern unsigned char arena[ARENA_BYTES];
extern unsigned char other_arena[ARENA_BYTES];
extern unsigned char scratch_arena[ARENA_BYTES];

/* A pool at the start of `arena`. */
defrag_pool *new_pool(size_t bytes);
defrag_pool *new_pool_with(void *memory, size_t bytes, const defrag_config *config);

defrag_handle alloc_block(defrag_pool *pool, size_t bytes, defrag_fit fit);
defrag_handle alloc_aligned(defrag_pool *pool, size_t bytes, size_t alignment, defrag_fit fit);
void free_block(defrag_pool *pool, defrag_handle handle);
unsigned char *lock_block(defrag_pool *pool, defrag_handle handle);
const unsigned char *share_block(defrag_pool *pool, defrag_handle handle);
void unlock_block(defrag_pool *pool, defrag_handle handle);

/* Fills a block's usable bytes with one value, and says whether they still have it. */
void fill_block(defrag_pool *pool, defrag_handle handle, unsigned char value);
bool block_is_filled(defrag_pool *pool, defrag_handle handle, unsigned char value);

defrag_pool_stats stats_of(const defrag_pool *pool);

/* The block as a walk shows it; the test fails if it does not. */
defrag_block block_of(const defrag_pool *pool, defrag_handle handle);
size_t offset_of(const defrag_pool *pool, defrag_handle handle);
size_t usable_of(const defrag_pool *pool, defrag_handle handle);

/* The largest request that takes so many granules. */
size_t bytes_of_granules(const defrag_pool *pool, size_t granules);

/* Fills the pool up with blocks of so many granules each, until one is refused, and returns how many there are. */
size_t fill_pool(defrag_pool *pool, size_t granules, defrag_handle *handles, size_t capacity);

/* A pool that holds these from its beginning: a block of so many granules; a hole of so many, if the number is negative; a
 * locked block of 1 if it is 0. A locked block fills the rest. `handles` get those of the blocks. */
defrag_pool *laid_out(const int *granules, size_t count, defrag_handle *handles);

void assert_intact(const defrag_pool *pool);

/* The seed of this run: DEFRAG_SEED if it is set, else a new one. It is printed when a test fails through ASSERT_MODEL. */
uint64_t test_seed(void);

/* A model of a pool of so many bytes, with a spare place and proof that failures leave no trace. */
model *new_model(size_t bytes, const defrag_config *config, uint32_t period);

/* Applies random operations, all kinds of them, until one fails. */
void run_model(model *m, random_source *source, uint32_t operations);

void assert_model(const model *m, uint64_t seed);

/* Runs a test that is plain C. */
void assert_on_ground(bool (*test)(ground *g));

/* Makes a test of each in a list such as THEOREM. */
#define GROUND_TEST(group, name)                                                                                       \
    Test(group, name)                                                                                                  \
    {                                                                                                                  \
        assert_on_ground(group##_##name);                                                                              \
    }

#define ASSERT_OK(call) cr_assert_eq((call), DEFRAG_OK, "%s fails", #call)
#define ASSERT_STATUS(call, status) cr_assert_eq((call), (status), "%s does not answer %s", #call, #status)
#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

#endif
