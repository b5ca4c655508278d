/* SPDX-License-Identifier: MIT
 *
 * Random traffic: pools of many shapes at loads up to 100 %, with and without locks, over-aligned blocks and steps, every
 * answer judged by the model. */
#ifndef DEFRAG_TESTS_TRAFFIC_H
#define DEFRAG_TESTS_TRAFFIC_H

#include "model.h"
#include "random.h"

/* An operation of any kind. */
model_op traffic_any(const model *m, random_source *source);

/* Makes one random pool in this space, whose `bytes` are the most that the pool may have, works it, and tells how
 * many operations that took. When it returns the model says whether the pool did right. */
uint64_t traffic_begin(model *m, const model_setup *space, random_source *source, uint64_t operations);

/* The same, and ends the pool after that. */
uint64_t traffic_work(model *m, const model_setup *space, random_source *source, uint64_t operations);

#endif
