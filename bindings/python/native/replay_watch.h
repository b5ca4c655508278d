/* SPDX-License-Identifier: MIT
 * What is put down while a replay runs, if the caller has arrays for it. */
#ifndef REPLAY_WATCH_H
#define REPLAY_WATCH_H

#include "replay_run.h"

/* Has the pool tell of blocks that move. */
void replay_watch_moves(replay *run);

/* What the operation under way has moved. */
void replay_watch_operation(const replay *run);

/* What the step after it has copied. */
void replay_watch_step(const replay *run, size_t bytes);

/* How the pool looks now, if a sample is due. */
void replay_watch_pool(replay *run);

/* How the pool looks now. */
replay_sample replay_look(const replay *run);

/* Finds the number of the block with this handle among those that `sorted` names, in order of their handles. */
uint32_t replay_number_of(const replay *run, const uint32_t *sorted, uint64_t count, defrag_handle handle);

/* The numbers of all live blocks in order of their handles, or null if there is no memory for them; free() releases
 * them. */
uint32_t *replay_sort(const replay *run, uint64_t *count);

#endif
