/* SPDX-License-Identifier: MIT
 * What the device keeps in its heap: blocks whose contents are looked at again, and the account of them. */
#ifndef OBJECT_H
#define OBJECT_H

#include "heap.h"

typedef struct {
    heap_block block; /* 0: there is none */
    uint32_t bytes;
    uint32_t mark; /* written to its first and last word */
} object;

/* How the heap has done. */
typedef struct {
    uint64_t requests;
    uint64_t refused;    /* although the bytes suffice */
    uint64_t overloads;  /* refused as they do not: the device asks for too much */
    uint32_t live_bytes; /* now, with what a block costs at most */
    uint32_t peak_bytes;
    uint32_t refused_bytes; /* the first such request */
    uint32_t refused_free;  /* and what was free then */
} account;

extern account heap_account;

/* Makes an object of at least 8 bytes. Leaves it empty if the heap refuses. */
bool object_make(object *made, uint32_t bytes);

/* Makes it larger or smaller, which keeps its contents up to the smaller size. */
bool object_resize(object *changed, uint32_t bytes);

/* Verifies it and gives it back, if it is there. */
void object_drop(object *dropped);

#endif
