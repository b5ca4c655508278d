/* SPDX-License-Identifier: MIT
 * Keeps records until they are printed. */
#include "defrag_log.h"

#include <stdbool.h>

_Static_assert(DEFRAG_LOG_RECORDS > 0 && (DEFRAG_LOG_RECORDS & (DEFRAG_LOG_RECORDS - 1)) == 0,
               "DEFRAG_LOG_RECORDS must be a power of two");
_Static_assert(sizeof(size_t) <= sizeof(uintptr_t), "sizes are printed as addresses are");

enum {
    LINE = sizeof "@h ffff r   4294967295\n" + 4 * sizeof(uintptr_t) + 10, /* the longest, of 64 bits, and a zero */
    DECIMAL = 10,
    HEXADECIMAL = 16
};

typedef struct {
    uintptr_t address;
    uintptr_t moved_to;
    size_t bytes;
    uint16_t sequence;
    char kind;
} entry;

static struct {
    entry entries[DEFRAG_LOG_RECORDS];
    unsigned taken; /* so many entries were ever taken out, */
    unsigned put;   /* and so many put in, modulo what an unsigned holds */
    uint16_t sequence;
    bool begun;
} ring;

void defrag_log_record(char kind, uintptr_t address, uintptr_t moved_to, size_t bytes)
{
    DEFRAG_LOG_ENTER();
    ring.sequence++;
    if (ring.put - ring.taken < DEFRAG_LOG_RECORDS) {
        ring.entries[ring.put++ % DEFRAG_LOG_RECORDS] = (entry){ address, moved_to, bytes, ring.sequence, kind };
    }
    DEFRAG_LOG_EXIT();
}

static bool take(entry *taken)
{
    DEFRAG_LOG_ENTER();
    bool any = ring.put != ring.taken;
    if (any) {
        *taken = ring.entries[ring.taken++ % DEFRAG_LOG_RECORDS];
    }
    DEFRAG_LOG_EXIT();
    return any;
}

static char *print(char *out, uintptr_t value, unsigned base)
{
    char digits[3 * sizeof value];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    *out++ = ' ';
    while (count != 0) {
        *out++ = digits[--count];
    }
    return out;
}

static size_t print_entry(char line[LINE], const entry *told)
{
    char *out = line;
    *out++ = '@';
    *out++ = 'h';
    out = print(out, told->sequence, HEXADECIMAL);
    *out++ = ' ';
    *out++ = told->kind;
    if (told->kind != 'b') {
        out = print(out, told->address, HEXADECIMAL);
    }
    if (told->kind == 'r') {
        out = print(out, told->moved_to, HEXADECIMAL);
    }
    if (told->kind == 'a' || told->kind == 'z' || told->kind == 'r') {
        out = print(out, told->bytes, DECIMAL);
    }
    *out++ = '\n';
    *out = '\0';
    return (size_t)(out - line);
}

size_t defrag_log_drain(defrag_log_put *put, void *context)
{
    char line[LINE];
    entry told = { .kind = 'b' };
    unsigned waiting = ring.put - ring.taken;
    size_t printed = 0;
    if (!ring.begun) {
        ring.begun = true;
        put(context, line, print_entry(line, &told));
    }
    for (; waiting != 0 && take(&told); waiting--) {
        put(context, line, print_entry(line, &told));
        printed++;
    }
    return printed;
}
