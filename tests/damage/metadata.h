/* SPDX-License-Identifier: MIT
 *
 * Which bytes of a pool are its own data. The rule: all of the control block, unused bytes included; the header of each block, and the
 * alignment in the last half word of an over-aligned one; of each hole the header, the word behind it, and the half of its last
 * word that has its size; all of the handle table. The rest is content, or nobody's: the blocks, the insides of holes, the other
 * half of a hole's last word, the wilderness. It is told by a walk that the model has verified. */
#ifndef DEFRAG_TESTS_DAMAGE_METADATA_H
#define DEFRAG_TESTS_DAMAGE_METADATA_H

#include "model.h"

typedef struct metadata {
    uint32_t *bytes; /* their offsets, ascending */
    uint32_t count;
    uint32_t holes;
    bool in_flight; /* a copy is under way: its destination is a block that no handle names */
} metadata;

/* Lists them in `bytes`, which has room for one number for each byte of the pool. */
metadata metadata_of(const model *m, uint32_t *bytes);

#endif
