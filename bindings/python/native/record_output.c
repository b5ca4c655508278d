/* SPDX-License-Identifier: MIT
 * A sparse file as long as a trace may be, mapped at once; its pages are reserved a chunk at a time. */
#include "record_output.h"

#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 20 };

bool record_output_open(record_output *output, const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file == -1) {
        return false;
    }
    void *bytes = MAP_FAILED;
    if (ftruncate(file, (off_t)TRACE_MAX_LENGTH) == 0) {
        bytes = mmap(NULL, TRACE_MAX_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    int error = errno;
    close(file);
    errno = error;
    *output = (record_output){ .bytes = bytes };
    return bytes != MAP_FAILED && record_output_put(output, trace_magic, TRACE_MAGIC_BYTES);
}

/* Asks for the pages now, because a full disk would otherwise show as a deadly signal. Kernels before 5.14 do not know
 * how and say so with EINVAL. */
static bool reserve_chunk(record_output *output)
{
    if (output->reserved == TRACE_MAX_LENGTH) {
        errno = EFBIG;
        return false;
    }
    if (madvise(output->bytes + output->reserved, CHUNK_BYTES, MADV_POPULATE_WRITE) != 0 && errno != EINVAL) {
        errno = errno == EFAULT ? ENOSPC : errno; /* the file system's words for it */
        return false;
    }
    output->reserved += CHUNK_BYTES;
    return true;
}

bool record_output_put(record_output *output, const uint8_t *record, size_t length)
{
    if (output->length + length > output->reserved && !reserve_chunk(output)) {
        return false;
    }
    uint8_t *to = output->bytes + output->length;
    memcpy(to + 1, record + 1, length - 1);
    atomic_signal_fence(memory_order_release);
    to[0] = record[0];
    output->length += length;
    return true;
}
