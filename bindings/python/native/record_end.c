/* SPDX-License-Identifier: MIT
 * Ends a recording: exit, _exit, exec, abort and SIGKILL all leave it as it was, and this is done after each. */
#include "record_end.h"

#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads up to the first record that was not written whole, and puts the end record there. */
static bool append_end(int file, const uint8_t *bytes, size_t length)
{
    trace_cursor cursor;
    trace_record record;
    trace_record end = { .kind = TRACE_END };
    if (trace_begin(bytes, length, &cursor) != TRACE_OK) {
        return false;
    }
    while (trace_next(&cursor, &record) == TRACE_OK) {
        trace_count(&end.totals, &record);
    }
    uint8_t last[TRACE_RECORD_BYTES];
    size_t last_length = trace_put(last, &end);
    off_t at = (off_t)(cursor.at - bytes);
    return ftruncate(file, at) == 0 && pwrite(file, last, last_length, at) == (ssize_t)last_length;
}

static bool end_file(int file)
{
    struct stat info;
    if (fstat(file, &info) != 0 || info.st_size == 0) {
        return false;
    }
    size_t length = (size_t)info.st_size;
    void *bytes = mmap(NULL, length, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED) {
        return false;
    }
    bool good = append_end(file, bytes, length);
    munmap(bytes, length);
    return good;
}

bool record_end(const char *path)
{
    errno = 0;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file == -1) {
        return false;
    }
    bool good = end_file(file);
    int error = errno;
    close(file);
    errno = error;
    return good;
}
