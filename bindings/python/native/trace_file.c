/* SPDX-License-Identifier: MIT
 * Reads a file whole, and unpacks what zstd packed. */
#include "trace_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* A file that grows in memory, and where to say what is wrong with it. */
typedef struct {
    trace_file file;
    size_t capacity;
    char *sentence;
} growing;

static bool make_room(growing *to)
{
    if (to->file.length < to->capacity) {
        return true;
    }
    if (to->capacity == TRACE_MAX_LENGTH) {
        return trace_wrong(to->sentence, "is longer than 1 GiB when unpacked; record a shorter run");
    }
    size_t capacity = to->capacity == 0 ? (size_t)1 << 16 : 2 * to->capacity;
    uint8_t *bytes = realloc(to->file.bytes, capacity);
    if (bytes == NULL) {
        return trace_wrong(to->sentence, "is longer than this machine has memory for; record a shorter run");
    }
    to->file.bytes = bytes;
    to->capacity = capacity;
    return true;
}

static bool cannot_read(char *sentence)
{
    return trace_wrong(sentence, "cannot be read (%s); give the path of a trace", strerror(errno));
}

static bool read_all(FILE *stream, growing *to)
{
    while (feof(stream) == 0) {
        if (!make_room(to)) {
            return false;
        }
        to->file.length += fread(to->file.bytes + to->file.length, 1, to->capacity - to->file.length, stream);
        if (ferror(stream) != 0) {
            return cannot_read(to->sentence);
        }
    }
    return true;
}

static bool unpack(ZSTD_DStream *stream, const trace_file *packed, growing *to)
{
    ZSTD_inBuffer in = { packed->bytes, packed->length, 0 };
    while (make_room(to)) {
        ZSTD_outBuffer out = { to->file.bytes, to->capacity, to->file.length };
        size_t missing = ZSTD_decompressStream(stream, &out, &in);
        if (ZSTD_isError(missing)) {
            return trace_wrong(to->sentence, "is damaged, as zstd cannot unpack it; copy or record it again");
        }
        bool stuck = out.pos == to->file.length;
        to->file.length = out.pos;
        if (in.pos == in.size && missing == 0) {
            return true;
        }
        if (in.pos == in.size && stuck) {
            return trace_wrong(to->sentence, "is cut short, as zstd misses its end; copy or record it again");
        }
    }
    return false;
}

static bool is_packed(const trace_file *file)
{
    static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
    return file->length >= sizeof magic && memcmp(file->bytes, magic, sizeof magic) == 0;
}

/* Puts in a file's place what is packed in it. */
static bool replace_by_unpacked(trace_file *file, char *sentence)
{
    growing to = { .sentence = sentence };
    ZSTD_DStream *stream = ZSTD_createDStream();
    bool good = stream == NULL ? trace_wrong(sentence, "cannot be unpacked for want of memory; close other programs")
                               : unpack(stream, file, &to);
    ZSTD_freeDStream(stream);
    free(file->bytes);
    *file = to.file;
    return good;
}

bool trace_load(const char *path, trace_file *file, char sentence[TRACE_SENTENCE_BYTES])
{
    growing to = { .sentence = sentence };
    FILE *stream = fopen(path, "rb");
    bool good = stream == NULL ? cannot_read(sentence) : read_all(stream, &to);
    if (stream != NULL) {
        fclose(stream);
    }
    *file = to.file;
    if (good && is_packed(file)) {
        good = replace_by_unpacked(file, sentence);
    }
    if (!good) {
        free(file->bytes);
        *file = (trace_file){ NULL, 0 };
    }
    return good;
}
