/* SPDX-License-Identifier: MIT
 *
 * libdefrag-record.so: preloaded by defrag-record into a program, it writes what the program asks of its heap to the
 * file named by DEFRAG_TRACE. It records the program itself and its threads, not the processes it forks or starts.
 *
 * The real functions are those that glibc exports under a second name. Looking them up by dlsym would call calloc
 * before there is one.
 *
 * A freed block is recorded before it is really freed, a new one after it was really made. So no other thread can get
 * and record an address that is still taken. */
#include "record_blocks.h"
#include "record_output.h"
#include "trace.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *block, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);
extern void __libc_free(void *block);

static struct {
    atomic_bool on;
    pthread_mutex_t lock; /* guards all below */
    record_blocks blocks;
    record_output output;
    uint32_t threads;
    uint32_t last_thread;
} recorder = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* 1 + the number of this thread, 0 until it has one. Another model would allocate memory on first use. */
static _Thread_local uint32_t own_thread __attribute__((tls_model("initial-exec")));

static void complain(const char *what)
{
    char line[512];
    int length = snprintf(line, sizeof line, "defrag-record: %s (%s)\n", what, strerror(errno));
    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0) {
        return;
    }
}

/* ------------------------------------------------------------------------------------------- while the lock is held */

static void put(const trace_record *record)
{
    uint8_t bytes[TRACE_RECORD_BYTES];
    int error = errno;
    if (recorder.on && !record_output_put(&recorder.output, bytes, trace_put(bytes, record))) {
        recorder.on = false;
        complain("the trace cannot grow and ends here; free some disk space or record a shorter run");
    }
    errno = error;
}

static void put_thread(void)
{
    if (own_thread == 0) {
        own_thread = ++recorder.threads;
    }
    uint32_t thread = own_thread - 1;
    if (thread != recorder.last_thread) {
        put(&(trace_record){ .kind = TRACE_THREAD, .number = thread });
        recorder.last_thread = thread;
    }
}

static void put_free(uint32_t number)
{
    put_thread();
    put(&(trace_record){ .kind = TRACE_FREE, .number = number });
    record_blocks_recycle(&recorder.blocks, number);
}

static void put_allocation(const void *block, trace_record record)
{
    uint32_t stale = record_blocks_take(&recorder.blocks, block);
    if (stale != NO_BLOCK) {
        put_free(stale); /* by a function that is not recorded */
    }
    record.number = record_blocks_add(&recorder.blocks, block);
    if (record.number != NO_BLOCK) {
        put_thread();
        put(&record);
    }
}

/* -------------------------------------------------------------------------------------------- from the heap's calls */

static void note_allocation(const void *block, trace_record record)
{
    if (!recorder.on || block == NULL || record.bytes > TRACE_MAX_BYTES) {
        return;
    }
    pthread_mutex_lock(&recorder.lock);
    put_allocation(block, record);
    pthread_mutex_unlock(&recorder.lock);
}

static void note_free(const void *block)
{
    if (!recorder.on || block == NULL) {
        return;
    }
    pthread_mutex_lock(&recorder.lock);
    uint32_t number = record_blocks_take(&recorder.blocks, block);
    if (number != NO_BLOCK) {
        put_free(number);
    }
    pthread_mutex_unlock(&recorder.lock);
}

/* A block being resized is out of the table, as its address may be given away at any time. */
static uint32_t note_resize_begins(const void *block)
{
    if (!recorder.on) {
        return NO_BLOCK;
    }
    pthread_mutex_lock(&recorder.lock);
    uint32_t number = record_blocks_take(&recorder.blocks, block);
    pthread_mutex_unlock(&recorder.lock);
    return number;
}

static void note_resize_failed(const void *block, uint32_t number)
{
    pthread_mutex_lock(&recorder.lock);
    record_blocks_put_back(&recorder.blocks, block, number);
    pthread_mutex_unlock(&recorder.lock);
}

static void note_resize(const void *block, uint32_t number, size_t bytes)
{
    pthread_mutex_lock(&recorder.lock);
    if (bytes > TRACE_MAX_BYTES) {
        put_free(number);
    } else {
        record_blocks_put_back(&recorder.blocks, block, number);
        put_thread();
        put(&(trace_record){ .kind = TRACE_RESIZE, .number = number, .bytes = bytes });
    }
    pthread_mutex_unlock(&recorder.lock);
}

/* ------------------------------------------------------------------------------------------------- the heap's calls */

EXPORT void *malloc(size_t bytes)
{
    void *block = __libc_malloc(bytes);
    note_allocation(block, (trace_record){ .kind = TRACE_ALLOCATE, .bytes = bytes });
    return block;
}

EXPORT void *calloc(size_t count, size_t bytes)
{
    void *block = __libc_calloc(count, bytes);
    note_allocation(
        block, (trace_record){ .kind = TRACE_ALLOCATE_WITH, .bytes = count * bytes, .alignment = 1, .zeroed = true });
    return block;
}

EXPORT void free(void *block)
{
    note_free(block);
    __libc_free(block);
}

EXPORT void *realloc(void *block, size_t bytes)
{
    if (block == NULL) {
        return malloc(bytes);
    }
    if (bytes == 0) {
        free(block);
        return NULL;
    }
    uint32_t number = note_resize_begins(block);
    void *resized = __libc_realloc(block, bytes);
    if (number == NO_BLOCK) {
        note_allocation(resized, (trace_record){ .kind = TRACE_ALLOCATE, .bytes = bytes });
    } else if (resized == NULL) {
        note_resize_failed(block, number);
    } else {
        note_resize(resized, number, bytes);
    }
    return resized;
}

EXPORT void *memalign(size_t alignment, size_t bytes)
{
    void *block = __libc_memalign(alignment, bytes);
    trace_record record = { .kind = TRACE_ALLOCATE, .bytes = bytes };
    if (alignment > TRACE_USUAL_ALIGNMENT) {
        record.kind = TRACE_ALLOCATE_WITH;
        record.alignment = (uint32_t)alignment;
    }
    note_allocation(block, record);
    return block;
}

EXPORT void *aligned_alloc(size_t alignment, size_t bytes)
{
    return memalign(alignment, bytes);
}

EXPORT int posix_memalign(void **block, size_t alignment, size_t bytes)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    int error = errno;
    void *found = memalign(alignment, bytes);
    errno = error;
    if (found == NULL) {
        return ENOMEM;
    }
    *block = found;
    return 0;
}

/* --------------------------------------------------------------------------------------------------- start and fork */

static void before_fork(void)
{
    pthread_mutex_lock(&recorder.lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&recorder.lock);
}

static void after_fork_in_child(void)
{
    recorder.on = false;
    pthread_mutex_unlock(&recorder.lock);
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("DEFRAG_TRACE");
    if (path == NULL) {
        return;
    }
    bool is_open = record_output_open(&recorder.output, path);
    unsetenv("DEFRAG_TRACE"); /* a program that this one starts would write to the same file */
    if (!is_open) {
        complain("the trace cannot be written, so nothing is recorded; choose another file in DEFRAG_TRACE");
        return;
    }
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    recorder.on = true;
}
