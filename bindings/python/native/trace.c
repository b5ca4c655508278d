/* SPDX-License-Identifier: MIT
 * Records of a trace, one at a time: reading and writing. */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { KIND_BITS = 3, GROUP_BITS = 7, MORE = 0x80, VALUE_BITS = 64 };

const uint8_t trace_magic[TRACE_MAGIC_BYTES] = { 0x89, 'D', 'F', 'T', '\r', '\n', 0x1a, 1 };

bool trace_wrong(char sentence[TRACE_SENTENCE_BYTES], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, TRACE_SENTENCE_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

trace_status trace_begin(const uint8_t *bytes, size_t length, trace_cursor *cursor)
{
    size_t version = TRACE_MAGIC_BYTES - 1;
    size_t present = length < version ? length : version;
    *cursor = (trace_cursor){ bytes, bytes };
    if (present == 0 || memcmp(bytes, trace_magic, present) != 0) {
        return TRACE_FOREIGN;
    }
    if (length < TRACE_MAGIC_BYTES) {
        return TRACE_CUT;
    }
    if (bytes[version] != trace_magic[version]) {
        return TRACE_OTHER_VERSION;
    }
    *cursor = (trace_cursor){ bytes + TRACE_MAGIC_BYTES, bytes + length };
    return TRACE_OK;
}

static trace_status get_varint(trace_cursor *cursor, uint64_t *value)
{
    uint64_t sum = 0;
    for (unsigned shift = 0; cursor->at != cursor->end; shift += GROUP_BITS) {
        uint64_t group = *cursor->at & (MORE - 1);
        if (shift >= VALUE_BITS || group << shift >> shift != group) {
            return TRACE_MALFORMED;
        }
        sum |= group << shift;
        if ((*cursor->at++ & MORE) == 0) {
            *value = sum;
            return TRACE_OK;
        }
    }
    return TRACE_CUT;
}

static trace_status get_bytes(trace_cursor *cursor, trace_record *record)
{
    return get_varint(cursor, &record->bytes);
}

static trace_status get_bytes_and_properties(trace_cursor *cursor, trace_record *record)
{
    trace_status status = get_bytes(cursor, record);
    if (status != TRACE_OK) {
        return status;
    }
    uint64_t properties = 0;
    status = get_varint(cursor, &properties);
    if (status != TRACE_OK) {
        return status;
    }
    if (properties >> 1 > TRACE_ALIGNMENT_BITS) {
        return TRACE_MALFORMED;
    }
    record->alignment = 1U << (properties >> 1);
    record->zeroed = (properties & 1) != 0;
    return TRACE_OK;
}

static trace_status get_totals(trace_cursor *cursor, trace_record *record)
{
    uint64_t *const fields[] = { &record->totals.operations, &record->totals.bytes, &record->totals.live };
    trace_status status = record->number == 0 ? TRACE_OK : TRACE_MALFORMED;
    for (size_t i = 0; i < sizeof fields / sizeof *fields && status == TRACE_OK; i++) {
        status = get_varint(cursor, fields[i]);
    }
    return status;
}

static trace_status get_locks(trace_cursor *cursor, trace_record *record)
{
    uint64_t locks = 0;
    trace_status status = get_varint(cursor, &locks);
    record->locks = locks == 1;
    return status == TRACE_OK && locks > 1 ? TRACE_MALFORMED : status;
}

static trace_status get_arguments(trace_cursor *cursor, trace_record *record)
{
    switch (record->kind) {
    case TRACE_NONE: return record->number == 0 ? TRACE_CUT : TRACE_MALFORMED;
    case TRACE_ALLOCATE:
    case TRACE_RESIZE: return get_bytes(cursor, record);
    case TRACE_ALLOCATE_WITH: return get_bytes_and_properties(cursor, record);
    case TRACE_FREE:
    case TRACE_THREAD: return TRACE_OK;
    case TRACE_END: return get_totals(cursor, record);
    case TRACE_LOCK: return get_locks(cursor, record);
    }
    return TRACE_MALFORMED;
}

trace_status trace_next(trace_cursor *cursor, trace_record *record)
{
    trace_cursor ahead = *cursor;
    uint64_t head = 0;
    trace_status status = get_varint(&ahead, &head);
    if (status != TRACE_OK) {
        return status;
    }
    if (head >> KIND_BITS > TRACE_MAX_NUMBER) {
        return TRACE_MALFORMED;
    }
    *record =
        (trace_record){ .kind = (trace_kind)(head & ((1U << KIND_BITS) - 1)), .number = (uint32_t)(head >> KIND_BITS) };
    status = get_arguments(&ahead, record);
    if (status == TRACE_OK) {
        *cursor = ahead;
    }
    return status;
}

static uint8_t *put_varint(uint8_t *out, uint64_t value)
{
    for (; value >= MORE; value >>= GROUP_BITS) {
        *out++ = (uint8_t)(value | MORE);
    }
    *out++ = (uint8_t)value;
    return out;
}

static uint64_t properties_of(const trace_record *record)
{
    uint64_t log2 = 0;
    while (log2 < TRACE_ALIGNMENT_BITS && 1U << log2 < record->alignment) {
        log2++;
    }
    return 2 * log2 + record->zeroed;
}

static uint8_t *put_arguments(uint8_t *out, const trace_record *record)
{
    switch (record->kind) {
    case TRACE_ALLOCATE:
    case TRACE_RESIZE: return put_varint(out, record->bytes);
    case TRACE_ALLOCATE_WITH: return put_varint(put_varint(out, record->bytes), properties_of(record));
    case TRACE_END:
        out = put_varint(put_varint(out, record->totals.operations), record->totals.bytes);
        return put_varint(out, record->totals.live);
    case TRACE_LOCK: return put_varint(out, record->locks);
    default: return out;
    }
}

bool trace_allocates(const trace_record *record)
{
    return record->kind == TRACE_ALLOCATE || record->kind == TRACE_ALLOCATE_WITH;
}

void trace_count(trace_totals *totals, const trace_record *record)
{
    bool allocates = trace_allocates(record);
    totals->operations += record->kind != TRACE_THREAD && record->kind != TRACE_END;
    totals->bytes += record->bytes;
    totals->live += allocates;
    totals->live -= record->kind == TRACE_FREE;
}

size_t trace_put(uint8_t out[TRACE_RECORD_BYTES], const trace_record *record)
{
    uint8_t *end = put_varint(out, (uint64_t)record->number << KIND_BITS | (uint64_t)record->kind);
    return (size_t)(put_arguments(end, record) - out);
}
