/* SPDX-License-Identifier: MIT
 *
 * What the parts of the shadow model share. */
#ifndef DEFRAG_TESTS_MODEL_INTERNAL_H
#define DEFRAG_TESTS_MODEL_INTERNAL_H

#include "model.h"

/* Notes what the pool did wrong, the first time only, and returns false. */
bool model_fail(model *m, const char *failure, int line);

#define REQUIRE(m, condition, failure)                                                                                 \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            return model_fail((m), (failure), __LINE__);                                                               \
        }                                                                                                              \
    } while (0)

/* An allocation or a resize, as the judge needs to know it. */
typedef struct model_request {
    uint64_t bytes;     /* as asked for */
    uint64_t granules;  /* header and alignment tail included */
    uint32_t alignment; /* the granule or more */
    defrag_fit fit;
    const model_block *resized; /* or null: an allocation */
} model_request;

/* ----------------------------------------------------------------------------------------------------------- blocks */

/* The place of a handle in the table: its block, or the unused place where it belongs. */
model_block *model_place(const model *m, defrag_handle handle);

/* Null if the handle is none of a live block. */
model_block *model_find(const model *m, defrag_handle handle);

/* As model_pick, to change it. */
model_block *model_choose(const model *m, uint32_t which);

void model_remove(model *m, model_block *block);

/* Writes bytes [from, block->usable) of the block's pattern to `address`, where its first byte is. */
void model_fill(const model_block *block, void *address, uint32_t from);

/* Whether the first `bytes` at `address` are as the pattern says. */
bool model_matches(const model_block *block, const void *address, uint32_t bytes);

/* ------------------------------------------------------------------------------------------------------ the arithmetic */

/* Granules that so many usable bytes take with header and tail, if any; of a live block, those that it occupies. */
uint64_t model_granules(const model *m, uint64_t bytes, uint32_t alignment);
uint32_t model_tail(const model *m, uint32_t alignment);

/* Free bytes if the handle table had so many slots. */
uint64_t model_free_with(const model *m, size_t handles);

/* ------------------------------------------------------------------------------------------------------------ judging */

/* Handle slots in the table, as the pool tells. */
size_t model_handles(const model *m);

/* Whether the request fits somewhere without moving another block; finds out by a walk over all holes. */
bool model_fits_now(const model *m, const model_request *request);

/* Judges the refusal of a request that is valid as such. */
bool model_judge_refusal(model *m, const model_request *request, defrag_status status);

/* Judges what would_fit says of a request that is valid as such. */
bool model_judge_report(model *m, const model_request *request, const defrag_fit_report *report);

/* ---------------------------------------------------------------------------------------------------------- verifying */

/* Whether it is this operation's turn to be verified in full. */
bool model_is_due(const model *m);

/* Remembers the pool as it is now if this operation's turn has come, for model_unchanged. */
void model_remember(model *m);

/* Whether a failed call left no trace but in the refusal statistics. */
bool model_unchanged(model *m);

#endif
