/* SPDX-License-Identifier: MIT
 * What is put down while a replay runs: samples, maps of the pool, moves. */
#include "replay_watch.h"

#include <math.h>
#include <stdlib.h>

/* ------------------------------------------------------------------------------------------------------------- moves */

static void put_move(replay *run, const defrag_event *event)
{
    replay_views *views = run->views;
    if (views == NULL || views->moves == NULL) {
        return;
    }
    if (views->move_count < views->move_capacity) {
        uint64_t operation = run->result->operations;
        views->moves[views->move_count] = (replay_move){ operation, event->from, event->offset, event->bytes };
    }
    views->move_count++;
}

static void on_event(void *context, const defrag_pool *pool, const defrag_event *event)
{
    (void)pool;
    replay *run = context;
    if (event->kind != DEFRAG_EVENT_MOVE) {
        return;
    }
    if (event->handle == run->resizing) {
        run->own_moves++;
    } else {
        run->moved += event->bytes + run->header_bytes;
    }
    put_move(run, event);
}

void replay_watch_moves(replay *run)
{
    run->engine->observe(run->pool, on_event, run);
}

void replay_watch_operation(const replay *run)
{
    if (run->views != NULL && run->views->moved != NULL) {
        run->views->moved[run->result->operations - 1] = (uint32_t)run->moved;
    }
}

void replay_watch_step(const replay *run, size_t bytes)
{
    if (run->views != NULL && run->views->stepped != NULL) {
        run->views->stepped[run->result->operations - 1] = (uint32_t)bytes;
    }
}

/* ------------------------------------------------------------------------------------------------------ block numbers */

typedef struct {
    defrag_handle handle;
    uint32_t number;
} named;

static int by_handle(const void *left, const void *right)
{
    defrag_handle a = ((const named *)left)->handle;
    defrag_handle b = ((const named *)right)->handle;
    return (a > b) - (a < b);
}

static void sort_into(const replay *run, named *pairs, uint32_t *sorted)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < run->numbers; i++) {
        if (run->blocks[i].handle != DEFRAG_NO_HANDLE) {
            pairs[count++] = (named){ run->blocks[i].handle, i };
        }
    }
    qsort(pairs, count, sizeof *pairs, by_handle);
    for (uint64_t i = 0; i < count; i++) {
        sorted[i] = pairs[i].number;
    }
}

uint32_t *replay_sort(const replay *run, uint64_t *count)
{
    *count = run->live;
    named *pairs = malloc((run->live + 1) * sizeof *pairs);
    uint32_t *sorted = calloc(run->live + 1, sizeof *sorted);
    if (pairs != NULL && sorted != NULL) {
        sort_into(run, pairs, sorted);
        free(pairs);
        return sorted;
    }
    free(pairs);
    free(sorted);
    return NULL;
}

uint32_t replay_number_of(const replay *run, const uint32_t *sorted, uint64_t count, defrag_handle handle)
{
    uint64_t low = 0;
    uint64_t high = count - 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (run->blocks[sorted[middle]].handle < handle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return sorted[low];
}

/* --------------------------------------------------------------------------------------------------- a map of the pool */

/* Something that fills part of the pool. */
typedef struct {
    uint64_t begin;
    uint64_t end;
    replay_cell as;
} extent;

static void paint(const replay *run, replay_cell *cells, const extent *shown)
{
    uint64_t pool = run->options->pool_bytes;
    uint64_t rows = run->views->rows;
    for (uint64_t row = shown->begin * rows / pool; row < rows; row++) {
        uint64_t low = row * pool / rows;
        uint64_t high = (row + 1) * pool / rows;
        low = low > shown->begin ? low : shown->begin;
        high = high < shown->end ? high : shown->end;
        if (low >= shown->end) {
            return;
        }
        if (high <= low) {
            continue;
        }
        replay_cell *cell = &cells[row];
        uint32_t share = (uint32_t)(high - low);
        uint32_t used = cell->used + share;
        if (share > cell->share) {
            *cell = shown->as;
            cell->share = share;
        }
        cell->used = used;
    }
}

static void paint_overhead(const replay *run, replay_cell *cells, const defrag_pool_stats *stats)
{
    uint64_t end = stats->pool_bytes;
    uint64_t table = (uint64_t)stats->handles * stats->handle_overhead;
    replay_cell own = { .block = REPLAY_OVERHEAD };
    paint(run, cells, &(extent){ 0, stats->control_bytes, own });
    paint(run, cells, &(extent){ end - table, end, own });
}

static void paint_blocks(const replay *run, replay_cell *cells)
{
    uint64_t count = 0;
    uint32_t *sorted = replay_sort(run, &count);
    defrag_block shown = DEFRAG_BLOCK_INIT;
    while (sorted != NULL && run->engine->walk(run->pool, &shown)) {
        if (shown.handle == DEFRAG_NO_HANDLE) {
            continue;
        }
        uint32_t number = replay_number_of(run, sorted, count, shown.handle);
        extent block = { shown.offset - run->header_bytes, shown.offset + shown.bytes, { .block = number + 1 } };
        block.as.bytes = (uint32_t)shown.bytes;
        block.as.born = run->blocks[number].born;
        block.as.locks = replay_locks(&run->blocks[number]);
        paint(run, cells, &block);
    }
    free(sorted);
}

/* ----------------------------------------------------------------------------------------------------------- samples */

/* 0 if all free space is in one place, towards 1 the more it is in pieces. */
static double fragmentation(const replay *run)
{
    double sum = 0;
    double squares = 0;
    defrag_block shown = DEFRAG_BLOCK_INIT;
    while (run->engine->walk(run->pool, &shown)) {
        double bytes = shown.handle == DEFRAG_NO_HANDLE ? (double)(shown.bytes + run->header_bytes) : 0;
        sum += bytes;
        squares += bytes * bytes;
    }
    return sum == 0 ? 0 : 1 - sqrt(squares) / sum;
}

replay_sample replay_look(const replay *run)
{
    defrag_pool_stats stats = replay_stats(run);
    return (replay_sample){
        .operation = run->result->operations,
        .live = stats.live,
        .locked = stats.locked,
        .asked = run->asked,
        .used = stats.used,
        .overhead = stats.overhead,
        .free = stats.free,
        .holes = stats.holes,
        .largest_now = stats.largest_now,
        .largest_after_moving = stats.largest_after_moving,
        .moved_bytes = stats.moved_bytes,
        .refused = run->result->refused,
        .fragmentation = fragmentation(run),
    };
}

void replay_watch_pool(replay *run)
{
    replay_views *views = run->views;
    if (run->interval == 0 || run->result->operations % run->interval != 0) {
        return;
    }
    uint64_t i = views->sample_count++;
    views->samples[i] = replay_look(run);
    if (views->cells != NULL) {
        replay_cell *cells = views->cells + i * views->rows;
        defrag_pool_stats stats = replay_stats(run);
        paint_overhead(run, cells, &stats);
        paint_blocks(run, cells);
    }
}
