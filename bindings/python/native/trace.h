/* SPDX-License-Identifier: MIT
 *
 * A trace: what a program asked of its heap, in order. File name *.dft, or *.dft.zst when compressed with zstd.
 *
 *   trace   = magic record* end
 *   magic   = 89 'D' 'F' 'T' 0D 0A 1A 01       8 bytes; the last is the version of the format
 *   record  = head argument*
 *   head    = varint of 8 * number + kind       the number of a block or of a thread
 *   varint  = base 128, least significant group first, the top bit set in every byte but the last; below 2^64
 *
 *   kind  record          arguments                  meaning
 *   0     (none)                                     nothing was written from here on: the recording was cut off
 *   1     allocate        bytes                      block `number` comes to life
 *   2     allocate with   bytes, properties          the same; properties = 2 * log2(alignment) + zeroed
 *   3     free                                       block `number` dies
 *   4     resize          bytes                      block `number` lives on with another size
 *   5     thread                                     from here on thread `number` calls; it begins with thread 0
 *   6     end             operations, bytes, live    the last record, its number 0: how many records of other kinds
 *                                                    than 5 and 6 there are, the sum of their bytes modulo 2^64, and
 *                                                    the count of live blocks
 *   7     lock            locks                      block `number` is locked once more (1), or once less (0)
 *
 * Block numbers are dense: a new block takes a number that was freed, or else the next one never used. So a reader
 * needs an array and no hash table, and a damaged number cannot make it ask for much memory. Thread numbers are dense
 * too. A locked block is neither freed nor resized. Bytes are at most 2^32 - 1, as no pool is larger; zero is what malloc(0) leaves. An alignment is a power of two;
 * one that every allocator keeps (up to 16 bytes) is left out. Two to four bytes an operation are usual, less than one
 * compressed.
 *
 * A writer puts the first byte of a record last, so that after a sudden end every record counts whole or not at all.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TRACE_MAGIC_BYTES = 8,
    TRACE_RECORD_BYTES = 40,    /* the longest record: head and three arguments */
    TRACE_SENTENCE_BYTES = 256, /* room for any sentence on what is wrong */
    TRACE_USUAL_ALIGNMENT = 16, /* bytes */
    TRACE_ALIGNMENT_BITS = 31   /* the largest alignment is 2^31 */
};
#define TRACE_MAX_BYTES UINT32_MAX
#define TRACE_MAX_LENGTH                                                                                               \
    ((size_t)1 << 30) /* of a whole trace in bytes, unpacked; a small packed file could claim any */
#define TRACE_MAX_NUMBER (UINT32_MAX - 1)

#ifndef REPLAY_API
#define REPLAY_API
#endif

extern const uint8_t trace_magic[TRACE_MAGIC_BYTES];

typedef enum {
    TRACE_NONE,
    TRACE_ALLOCATE,
    TRACE_ALLOCATE_WITH,
    TRACE_FREE,
    TRACE_RESIZE,
    TRACE_THREAD,
    TRACE_END,
    TRACE_LOCK
} trace_kind;

/* What the end record tells. */
typedef struct {
    uint64_t operations;
    uint64_t bytes;
    uint64_t live;
} trace_totals;

/* One record. What its kind does not use is zero. */
typedef struct {
    trace_kind kind;
    uint32_t number; /* of the block or thread */
    uint64_t bytes;
    uint32_t alignment;  /* with TRACE_ALLOCATE_WITH; 1 for any */
    bool zeroed;         /* with TRACE_ALLOCATE_WITH */
    bool locks;          /* with TRACE_LOCK; or it unlocks */
    trace_totals totals; /* with TRACE_END */
} trace_record;

/* A place in a trace. */
typedef struct {
    const uint8_t *at;
    const uint8_t *end;
} trace_cursor;

typedef enum {
    TRACE_OK,
    TRACE_FOREIGN, /* does not begin as a trace */
    TRACE_OTHER_VERSION,
    TRACE_CUT, /* ends within a record or before the end record */
    TRACE_MALFORMED
} trace_status;

/* What a trace holds in all. */
typedef struct {
    trace_totals totals;
    uint64_t allocated_bytes; /* the sizes of new blocks and the growth of old ones */
    uint64_t peak_bytes;      /* the most bytes live at a time, as they were asked for */
    uint32_t peak_blocks;     /* the most blocks live at a time */
    uint32_t numbers;         /* block numbers used: 0 up to this */
    uint32_t threads;
} trace_summary;

/* Places the cursor on the first record: OK, FOREIGN, OTHER_VERSION or CUT. */
trace_status trace_begin(const uint8_t *bytes, size_t length, trace_cursor *cursor);

/* Reads one record and moves on: OK, CUT or MALFORMED; then the cursor stays. Never reads past the cursor's end. */
trace_status trace_next(trace_cursor *cursor, trace_record *record);

/* Verifies a whole trace, so that whoever reads it next need not. Returns false with a sentence on what is wrong, which
 * begins with a verb, as the file's name belongs before it. Takes O(length) time and memory, whatever the bytes are. */
REPLAY_API bool trace_check(const uint8_t *bytes, size_t length, trace_summary *summary,
                            char sentence[TRACE_SENTENCE_BYTES]);

/* Writes a sentence on what is wrong and returns false. */
__attribute__((format(printf, 2, 3))) bool trace_wrong(char sentence[TRACE_SENTENCE_BYTES], const char *format, ...);

/* Tells whether a record brings a block to life. */
bool trace_allocates(const trace_record *record);

/* Counts a record in the totals that the end record will tell. */
void trace_count(trace_totals *totals, const trace_record *record);

/* Writes one record, which must be valid, and returns its length. Allocates nothing. */
size_t trace_put(uint8_t out[TRACE_RECORD_BYTES], const trace_record *record);

#endif
