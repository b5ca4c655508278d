/* SPDX-License-Identifier: MIT
 *
 * Records what firmware asks of its heap, and prints it: the log is a trace for the command `defrag`. README.md tells
 * how to build it in. */
#ifndef DEFRAG_LOG_H
#define DEFRAG_LOG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many records wait to be printed, at most: a power of two. Each takes 16 bytes on a 32-bit machine. */
#ifndef DEFRAG_LOG_RECORDS
#define DEFRAG_LOG_RECORDS 64
#endif

/* Keep away everybody else who uses the heap or drains the log: interrupts, tasks, cores. They stand in one block, so
 * that ENTER may declare a variable in which it saves what EXIT restores. */
#ifndef DEFRAG_LOG_ENTER
#define DEFRAG_LOG_ENTER()
#define DEFRAG_LOG_EXIT()
#endif

/* Prints `length` characters, a whole line. A zero byte follows them. */
typedef void defrag_log_put(void *context, const char *text, size_t length);

/* Prints what has been recorded by now, oldest first; not what `put` itself asks of the heap. Returns how many records
 * it printed. Call it from one place, such as the idle loop. */
size_t defrag_log_drain(defrag_log_put *put, void *context);

/* Records one operation, for heaps that are not malloc's. `kind` is a letter:
 *   'a' allocated at `address`, 'z' the same and filled with zero, 'r' resized and now at `moved_to`: after it was done
 *   'f' freed, 'l' locked, 'u' unlocked: 'f' before it is done, as then somebody else may be given that address
 * What a kind has no use for is 0. When the records are full it is lost, but counted: the log shows the gap. */
void defrag_log_record(char kind, uintptr_t address, uintptr_t moved_to, size_t bytes);

/* An observer for a pool of defrag, in defrag_log_pool.c: defrag_observe(pool, defrag_log_observer, NULL) */
struct defrag_pool;
struct defrag_event;
void defrag_log_observer(void *context, const struct defrag_pool *pool, const struct defrag_event *event);

#ifdef __cplusplus
}
#endif

#endif
