/* SPDX-License-Identifier: MIT
 *
 * defrag: a heap for microcontrollers that cannot die of fragmentation.
 *
 * A pool hands out handles instead of addresses. While a block is unlocked the pool may move it; while it is locked its
 * address is fixed. So free memory can always be gathered into one hole, and an allocation is refused only when the
 * bytes are not there, or when blocks that you keep locked stand in the way.
 *
 * Rules that hold for every function:
 *
 *  - Memory. A pool lives entirely in memory that you give it. It keeps no global state and no address of its own
 *    memory, so an unused pool can be copied elsewhere as bytes and adopted with defrag_attach.
 *  - Errors. A call that fails returns its reason and changes nothing but the refusal statistics, with the one exception
 *    said at DEFRAG_MAKE_ROOM. Output arguments of a failed call are set to zero, null or DEFRAG_NO_HANDLE; structures
 *    stay as they were.
 *  - Structures begin with their size, so that a program and a library of different versions agree: what the shorter one
 *    lacks counts as zero. A field that the library does not know must be zero, or it answers INVALID_ARGUMENT.
 *  - Alignment. Every block is aligned to the granule of the build: 8 bytes by default.
 *  - Sizes are in bytes. Complexity counts B, the blocks in the pool, and H, its holes.
 *  - Moving. Only calls that say so may move a block, never one that is locked, and never one that you did not give to
 *    the pool. A pointer from defrag_lock is valid until the matching defrag_unlock.
 *  - Threads and interrupts. A call may not interrupt another call on the same pool. Either guard each pool with your own
 *    lock or critical section, then any context may call anything; functions marked "interrupt: yes" take bounded time that
 *    does not depend on the pool's size or contents, those marked "interrupt: no" may take long. Or build the library with
 *    DEFRAG_CONFIG, which names a header with your critical section, as lib/guard.h tells: then every call keeps others out
 *    by itself, interrupts and other tasks may make the calls marked "interrupt: yes" at any time, and one task at a time
 *    the others, which let them in after each 32 words that they copy. Meanwhile a block that is just being moved is to
 *    them as if it were locked: they get LOCKED and try again. What a call of another task is resizing they leave alone;
 *    and a resize, if nothing but rotating more than 32 words would do, answers FRAGMENTED.
 *  - Stress. A library built with DEFRAG_STRESS, as lib/stress.h tells, moves blocks whenever a call may, and in
 *    defrag_unlock, and has whoever touches a pool's memory but that of locked blocks stopped. Calls take longer than is said
 *    here and move more, which neither progress nor statistics count; FAST and BEST may be refused sooner. Who copies a pool
 *    as bytes unpoisons it before, as AddressSanitizer and Valgrind have it. All else holds as in any other build.
 */
#ifndef DEFRAG_H
#define DEFRAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------- version */

/* The version of this header; defrag_version tells the library's. Semantic: while MAJOR is 0, MINOR is raised with a
 * change that programs must follow. */
#define DEFRAG_VERSION_MAJOR 0
#define DEFRAG_VERSION_MINOR 1 /* raised when something is added */
#define DEFRAG_VERSION_PATCH 0 /* raised when something is repaired */
/* The three in one number that grows with each version: 102 for 0.1.2. */
#define DEFRAG_VERSION (DEFRAG_VERSION_MAJOR * 10000 + DEFRAG_VERSION_MINOR * 100 + DEFRAG_VERSION_PATCH)

/* How a symbol is exported; only someone who builds the library ever sets it. */
#ifndef DEFRAG_API
#define DEFRAG_API
#endif

/* ----------------------------------------------------------------------------------------------------------- limits */

/* The smallest pool, in bytes. The largest depends on the build: 256 KiB by default (32768 granules), 4 GiB less one
 * page with link_width=32. */
#define DEFRAG_MIN_POOL_BYTES 256

/* The largest alignment a request may ask for, in bytes. */
#define DEFRAG_MAX_ALIGNMENT 1024

/* How many shared locks one block can carry at a time. */
#define DEFRAG_MAX_SHARED_LOCKS 12

/* ----------------------------------------------------------------------------------------------------------- status */

/* What a call returns. A fixed-width integer and not an enum type, whose size differs between compilers. */
typedef int32_t defrag_status;

enum {
    /* Done. */
    DEFRAG_OK = 0,
    /* The free bytes suffice, but no hole is large enough: only moving, or unlocking, makes room. */
    DEFRAG_FRAGMENTED = 1,
    /* The free bytes do not suffice, header and handle included. */
    DEFRAG_OUT_OF_MEMORY = 2,
    /* The handle table is full, or cannot grow because a block lies in its way that may not be moved by this call. */
    DEFRAG_OUT_OF_HANDLES = 3,
    /* Zero bytes, more than the pool could hold when empty, a product that overflows, or a pool of unusable size. */
    DEFRAG_INVALID_SIZE = 4,
    /* An alignment that is no power of two or above 1024, or memory that is not aligned to the granule. */
    DEFRAG_INVALID_ALIGNMENT = 5,
    /* Null, never issued, issued by another pool, or freed already. */
    DEFRAG_INVALID_HANDLE = 6,
    /* The block is locked, so it cannot be locked exclusively, freed or resized. */
    DEFRAG_LOCKED = 7,
    /* The block is not locked, so it cannot be unlocked. */
    DEFRAG_NOT_LOCKED = 8,
    /* The block carries DEFRAG_MAX_SHARED_LOCKS shared locks already. */
    DEFRAG_TOO_MANY_LOCKS = 9,
    /* The pool is null, was never initialised, has been deinitialised, or comes from a differently built library. */
    DEFRAG_INVALID_POOL = 10,
    /* The pool's own data is damaged: something wrote past the end of its block. Any call may say so that meets the
     * damage; only defrag_check and defrag_attach look for it everywhere. A flipped bit makes no call read or write
     * outside the pool's memory, or go on for ever; but blocks near the damage may be lost, and if it is in a
     * block's table entry, defrag_lock may return a wrong address. */
    DEFRAG_CORRUPT = 11,
    /* Called from the pool's observer, which may only look. */
    DEFRAG_BUSY = 12,
    /* A required pointer is null, a structure's size field is not set, or a constant or flag is unknown. */
    DEFRAG_INVALID_ARGUMENT = 13
};

/* ------------------------------------------------------------------------------------------------------------ types */

/* A pool, opaque, at the start of the memory given to defrag_init. */
typedef struct defrag_pool defrag_pool;

/* A block's name, valid from its allocation until it is freed, wherever the block moves. Zero is never valid. A handle
 * carries a generation and a mark of its pool, so a stale or foreign one is refused; a stale handle could be mistaken
 * for a new one only after its slot has been used again at least 2048 times; or, if free slots were given back meanwhile
 * (by defrag_clean, or DEFRAG_MAKE_ROOM in need of their bytes), after 1024 uses of any slots. */
typedef uint32_t defrag_handle;

/* The handle of no block. */
#define DEFRAG_NO_HANDLE ((defrag_handle)0)

/* How hard an allocation tries. */
typedef int32_t defrag_fit;

enum {
    /* Constant time: takes a hole that is surely large enough, trying at most three that may be. Never moves. May answer
     * FRAGMENTED although a hole would do. */
    DEFRAG_FAST = 0,
    /* Searches until it has the smallest hole that fits: O(H). Never moves. Answers FRAGMENTED only if no hole fits. */
    DEFRAG_BEST = 1,
    /* As BEST, and then moves the least it can to make room: O(B) at worst. With no block locked and none aligned above
     * the granule it succeeds if and only if the free bytes suffice. It answers OUT_OF_MEMORY only when they do not, and
     * then has moved nothing; it answers FRAGMENTED only if locked or over-aligned blocks stand in the way, and then
     * other blocks may have moved. */
    DEFRAG_MAKE_ROOM = 2
};

/* What a pool is made with. Set `size` (DEFRAG_CONFIG_INIT does); every other field may be zero for its default. */
typedef struct defrag_config {
    uint32_t size; /* sizeof(defrag_config) */
    /* Handle slots to set aside at once; the table still grows when they are used up. Default 0. */
    uint32_t handles;
    /* defrag_step rests while a request of this many bytes would fit at once. Default: it never rests. */
    size_t watermark;
    /* Marks this pool's handles, so that they are foreign to pools of another tag: 1..31, of which a link_width=32 build
     * keeps the lowest 2 bits. Default: drawn from the pool's address. */
    uint32_t tag;
    uint32_t reserved; /* zero */
} defrag_config;

/* A config with the defaults. */
#define DEFRAG_CONFIG_INIT { sizeof(defrag_config), 0, 0, 0, 0 }

/* Properties of a request, for its flags. */
enum {
    /* Fill the block with zero bytes: adds O(size). */
    DEFRAG_ZEROED = 1,
    /* For DMA and blocks that stay: placed in the lowest hole that fits, so that pins do not split the pool (O(H); with
     * FAST in any hole, O(1)), and returned holding one shared lock, which defrag_unlock gives up. */
    DEFRAG_PINNED = 2
};

/* A request with all its properties. Set `size` (DEFRAG_REQUEST_INIT does); a zero alignment means the granule. */
typedef struct defrag_request {
    uint32_t size;     /* sizeof(defrag_request) */
    uint32_t flags;    /* DEFRAG_ZEROED, DEFRAG_PINNED, or both */
    size_t bytes;      /* 1 or more */
    size_t alignment;  /* a power of two, 1..1024, kept through every move; above the granule it costs up to 4 bytes */
    defrag_fit fit;    /* how hard to try */
    uint32_t reserved; /* zero */
} defrag_request;

/* A request to which bytes, and what else it needs, are still to be added. */
#define DEFRAG_REQUEST_INIT { sizeof(defrag_request), 0, 0, 0, DEFRAG_FAST, 0 }

/* What one defrag_step did. Set `size` (DEFRAG_PROGRESS_INIT does). */
typedef struct defrag_progress {
    uint32_t size; /* sizeof(defrag_progress) */
    /* 1: nothing is left that steps of this budget could move, but for what other calls or other budgets may have brought
     * about since a step said 1 last; 0: call again. */
    uint32_t done;
    size_t moved_bytes;  /* bytes copied by this call, headers included; at most max_bytes */
    size_t moved_blocks; /* blocks that changed place in this call */
    size_t looked_at;    /* holes and blocks considered by this call; at most max_blocks */
    size_t needs_bytes;  /* not 0: the smallest max_bytes that would move a block which this budget cannot */
} defrag_progress;

/* For defrag_step to fill in. */
#define DEFRAG_PROGRESS_INIT { sizeof(defrag_progress), 0, 0, 0, 0, 0 }

/* The pool's state and history. Set `size` (DEFRAG_STATS_INIT does). used + overhead + free = pool_bytes. */
typedef struct defrag_pool_stats {
    uint32_t size;            /* sizeof(defrag_pool_stats) */
    uint32_t granule;         /* bytes; block sizes are multiples of it */
    uint32_t block_overhead;  /* bytes of a block's header */
    uint32_t handle_overhead; /* bytes of a handle slot */
    size_t pool_bytes;        /* all of the pool */
    size_t control_bytes;     /* the control block at its start */
    size_t capacity;          /* the largest request an empty pool serves */
    size_t used;              /* bytes usable in live blocks, their rounding included */
    size_t overhead;          /* control block, block headers, handle table */
    size_t free;              /* everything else */
    size_t largest_now;       /* the largest request BEST would serve now */
    /* The largest request for which sliding blocks, not across locked ones, makes room. While nothing is locked
     * MAKE_ROOM serves it, and while nothing is over-aligned either, nothing larger. */
    size_t largest_after_moving;
    size_t live;             /* live blocks */
    size_t locked;           /* live blocks that are locked */
    size_t holes;            /* holes, the space above the last block not counted */
    size_t handles;          /* handle slots in the table, used or not */
    size_t peak_live;        /* the most blocks that were live at a time */
    size_t peak_used;        /* the most bytes in live blocks at a time, headers included */
    size_t high_water;       /* the highest end of a block so far, in bytes from the pool's start */
    size_t refused;          /* allocations and resizes refused for want of room */
    size_t largest_refused;  /* the largest of these requests, in bytes */
    size_t worst_call_bytes; /* the most bytes that one call other than defrag_compact moved */
    uint64_t moved_bytes;    /* bytes moved since defrag_init, headers included */
    uint64_t moved_blocks;   /* blocks moved since defrag_init */
} defrag_pool_stats;

/* For defrag_stats to fill in. */
#define DEFRAG_STATS_INIT                                                                                              \
    { sizeof(defrag_pool_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* Whether a request would fit, and what is in its way. Set `size`, and `blockers` with its `capacity` if you want them
 * (DEFRAG_REPORT_INIT leaves them out). */
typedef struct defrag_fit_report {
    uint32_t size; /* sizeof(defrag_fit_report) */
    /* OK: there is room, or sliding blocks that are not locked makes it. OUT_OF_MEMORY: the free bytes do not suffice.
     * FRAGMENTED: locked blocks are in the way of sliding. OUT_OF_HANDLES: there are as many blocks as handles can name
     * (524287, with link_width=32). While nothing is locked this is what MAKE_ROOM answers; with locks it also moves blocks
     * across them, so that it may succeed where this says FRAGMENTED, and seldom the other way round. */
    defrag_status verdict;
    uint32_t now;            /* 1: BEST would serve it, nothing need move */
    uint32_t blocking;       /* with FRAGMENTED: how many neighbouring locked blocks are in the way, at least */
    size_t missing;          /* with OUT_OF_MEMORY: how many bytes are missing */
    defrag_handle *blockers; /* in: room for handles, or null; out: these blocks, lowest address first */
    size_t capacity;         /* in: how many handles `blockers` holds */
} defrag_fit_report;

/* For defrag_would_fit to fill in, without blockers. */
#define DEFRAG_REPORT_INIT { sizeof(defrag_fit_report), 0, 0, 0, 0, NULL, 0 }

/* One block or hole, as defrag_walk shows it. Set `size` and leave the rest zero to begin (DEFRAG_BLOCK_INIT does). */
typedef struct defrag_block {
    uint32_t size;        /* sizeof(defrag_block) */
    defrag_handle handle; /* DEFRAG_NO_HANDLE for a hole */
    size_t offset;        /* where the usable bytes begin, from the pool's start */
    size_t bytes;         /* usable bytes; of a hole, the largest request it serves */
    uint32_t alignment;   /* bytes; the granule or more */
    uint32_t locks;       /* shared locks held, or 1 if exclusive */
    uint32_t exclusive;   /* 1: locked exclusively */
    uint32_t reserved;    /* zero */
} defrag_block;

/* The block with which a walk begins. */
#define DEFRAG_BLOCK_INIT { sizeof(defrag_block), 0, 0, 0, 0, 0, 0, 0 }

/* What an observer is told of. */
enum {
    DEFRAG_EVENT_ALLOC = 1,  /* a block was allocated; if pinned, the event of its lock comes next */
    DEFRAG_EVENT_FREE = 2,   /* `offset` and `bytes` tell what the block had */
    DEFRAG_EVENT_MOVE = 3,   /* from `from` to `offset` */
    DEFRAG_EVENT_RESIZE = 4, /* `from` is where the block was */
    DEFRAG_EVENT_LOCK = 5,   /* exclusive or shared */
    DEFRAG_EVENT_UNLOCK = 6, /* one lock was given up */
    DEFRAG_EVENT_REFUSE = 7  /* `bytes` is what was asked for */
};

/* What has happened. */
typedef struct defrag_event {
    uint32_t size;        /* sizeof(defrag_event) in the library */
    int32_t kind;         /* one of DEFRAG_EVENT_* */
    defrag_handle handle; /* DEFRAG_NO_HANDLE if an allocation was refused */
    defrag_status status; /* why, with DEFRAG_EVENT_REFUSE */
    size_t offset;        /* where the block's usable bytes begin, from the pool's start */
    size_t from;          /* where they began before, as `offset`, with MOVE and RESIZE */
    size_t bytes;         /* usable bytes */
} defrag_event;

/* Called after the fact, with the pool whole again. It may call the functions under "looking"; every other call on this
 * pool returns DEFRAG_BUSY. It must return. */
typedef void defrag_observer(void *context, const defrag_pool *pool, const defrag_event *event);

/* -------------------------------------------------------------------------------------------------------- lifecycle */

/* Makes a pool in `memory`, whose `bytes`, in whole granules, become the pool's until defrag_deinit. `config` may be
 * null for defaults. The control block takes about 200 bytes of a 64 KiB pool and fewer of a smaller one. Reads nothing of
 * what the memory held. O(handles set aside), moves nothing. Interrupt: no.
 * Fails with
 *  - INVALID_ARGUMENT: memory or pool is null; config's size is not set, its tag above 31, or its reserved field not 0;
 *  - INVALID_ALIGNMENT: memory is not aligned to the granule (8 by default, 16 with link_width=32);
 *  - INVALID_SIZE: bytes is below DEFRAG_MIN_POOL_BYTES, above what the build can address, or too few for the
 *    handles to set aside. */
DEFRAG_API defrag_status defrag_init(void *memory, size_t bytes, const defrag_config *config, defrag_pool **pool);

/* Adopts the image of a pool: bytes that were copied here from a pool elsewhere, or survived a reset. Every handle, lock
 * and content is as it was; the observer is cleared, as it may no longer exist. `bytes` may exceed the image. The image
 * must come from a library of the same build and pointer size. Checks everything: O(B + handles), moves nothing.
 * Interrupt: no.
 * Fails with
 *  - INVALID_ARGUMENT: memory or pool is null;
 *  - INVALID_ALIGNMENT: memory is not aligned to the granule, or not congruent to the old address modulo the largest
 *    alignment that a live block asked for;
 *  - INVALID_POOL: no pool of this build begins here;
 *  - INVALID_SIZE: the image is longer than bytes;
 *  - CORRUPT: the image breaks an invariant. */
DEFRAG_API defrag_status defrag_attach(void *memory, size_t bytes, defrag_pool **pool);

/* Ends a pool; its memory is yours again and its handles are void. O(handles), moves nothing. Interrupt: no.
 * Fails with INVALID_POOL, BUSY, or LOCKED if a block is locked, since somebody still uses its address. */
DEFRAG_API defrag_status defrag_deinit(defrag_pool *pool);

/* --------------------------------------------------------------------------------------------------- alloc and free */

/* Allocates a block of at least `bytes`, 1 or more, aligned to the granule, unlocked, its contents undefined. It takes
 * `bytes` and a header of 4, rounded up to whole granules, and a handle slot of 4 (8 and 8 with link_width=32). FAST is
 * O(1) and BEST O(H), and neither moves anything; MAKE_ROOM is O(B) and may move any unlocked block. Interrupt: yes with
 * FAST, no otherwise.
 * Fails with INVALID_POOL, BUSY, INVALID_ARGUMENT (handle null, fit unknown), INVALID_SIZE, FRAGMENTED, OUT_OF_MEMORY,
 * or OUT_OF_HANDLES: room for the block, but none for a handle slot without moving (FAST, BEST) or unlocking. INVALID_SIZE
 * is for 0 bytes and for more than an empty pool serves, which defrag_stats tells as `capacity`. */
DEFRAG_API defrag_status defrag_alloc(defrag_pool *pool, size_t bytes, defrag_fit fit, defrag_handle *handle);

/* The same for `count` elements of `bytes` each. Moving, O(..) and Interrupt: as defrag_alloc.
 * Fails as defrag_alloc, with INVALID_SIZE also if the product overflows. */
DEFRAG_API defrag_status defrag_alloc_array(defrag_pool *pool, size_t count, size_t bytes, defrag_fit fit,
                                            defrag_handle *handle);

/* The same with every property. With an alignment above the granule MAKE_ROOM surely succeeds if alignment - granule
 * bytes are free beyond what the block needs; FAST tries three holes of each size class. O(..) and moving as
 * defrag_alloc, and O(bytes) more if zeroed, O(H) if pinned and not FAST. Interrupt: yes with FAST unless zeroed.
 * Fails as defrag_alloc, and with
 *  - INVALID_ARGUMENT: request is null, its size is not set, a flag is unknown, or its reserved field not 0;
 *  - INVALID_ALIGNMENT: alignment is no power of two, or above DEFRAG_MAX_ALIGNMENT. */
DEFRAG_API defrag_status defrag_alloc_with(defrag_pool *pool, const defrag_request *request, defrag_handle *handle);

/* Frees a block and merges it with the holes beside it. O(1), moves nothing. Interrupt: yes.
 * Fails with INVALID_POOL, BUSY, INVALID_HANDLE, LOCKED, or CORRUPT if the block's header was overwritten. */
DEFRAG_API defrag_status defrag_free(defrag_pool *pool, defrag_handle handle);

/* Changes a block's size; its handle, alignment, and contents up to the smaller size stay. Shrinks in place; grows into
 * the hole behind it, then by moving down into the hole before it, then by moving to another place found as `fit` says.
 * The block itself may move whatever the fit; other blocks only with MAKE_ROOM, which succeeds, with nothing locked or
 * over-aligned, if and only if the free bytes and the block's own suffice. O(1) in place, else O(size), else as the fit.
 * Interrupt: no. Fails as defrag_alloc and as defrag_free; the block is then as it was. */
DEFRAG_API defrag_status defrag_resize(defrag_pool *pool, defrag_handle handle, size_t bytes, defrag_fit fit);

/* Tells how many bytes of a block may be used: what was asked for, rounded up. O(1), moves nothing. Interrupt: yes.
 * Fails with INVALID_POOL, INVALID_ARGUMENT (bytes null), INVALID_HANDLE. */
DEFRAG_API defrag_status defrag_usable_size(const defrag_pool *pool, defrag_handle handle, size_t *bytes);

/* ------------------------------------------------------------------------------------------------------------- lock */

/* Locks a block exclusively and tells its address, which is fixed until defrag_unlock. O(1), moves nothing; a copy of
 * this block that defrag_step has under way is abandoned, not awaited. Interrupt: yes.
 * Fails with INVALID_POOL, BUSY, INVALID_ARGUMENT (address null), INVALID_HANDLE, LOCKED (shared or exclusively). */
DEFRAG_API defrag_status defrag_lock(defrag_pool *pool, defrag_handle handle, void **address);

/* Locks a block for reading along with others; each lock needs its own defrag_unlock. O(1), moves nothing.
 * Interrupt: yes. Fails as defrag_lock (LOCKED if exclusively), or with TOO_MANY_LOCKS. */
DEFRAG_API defrag_status defrag_lock_shared(defrag_pool *pool, defrag_handle handle, const void **address);

/* Gives up one lock. When none is left the block may move and its address is void. O(1), moves nothing. Interrupt: yes.
 * Fails with INVALID_POOL, BUSY, INVALID_HANDLE, NOT_LOCKED. */
DEFRAG_API defrag_status defrag_unlock(defrag_pool *pool, defrag_handle handle);

/* ----------------------------------------------------------------------------------------------------------- moving */

/* Tidies up without moving a block: gives unused handle slots at the end of the table back as free memory, down to the
 * number set aside in the config. Holes are always merged, so there is nothing else to clean. O(handles).
 * Interrupt: no. Fails with INVALID_POOL, BUSY. */
DEFRAG_API defrag_status defrag_clean(defrag_pool *pool);

/* Moves everything that may move: afterwards at most one hole is left below each locked block (and below an over-aligned
 * one, smaller than its alignment), and one above all. With nothing locked each block moves at most once. O(B) and up to
 * all bytes. Interrupt: no. Fails with INVALID_POOL, BUSY. */
DEFRAG_API defrag_status defrag_compact(defrag_pool *pool);

/* Moves a little, for an idle loop: copies at most `max_bytes` and considers at most `max_blocks` holes and blocks, for
 * each at most 4 places of a size class to put a block. It enlarges the largest hole that can be enlarged. A block larger
 * than the budget is copied over several calls if its new place does not overlap the old, otherwise it is left and
 * `needs_bytes` tells what would move it. Calls repeated with nothing between them end with `done`. `progress` may be
 * null. O(max_bytes + max_blocks). Interrupt: no.
 * Fails with INVALID_POOL, BUSY, INVALID_ARGUMENT (progress has no size). */
DEFRAG_API defrag_status defrag_step(defrag_pool *pool, size_t max_bytes, size_t max_blocks, defrag_progress *progress);

/* ---------------------------------------------------------------------------------------------------------- looking */

/* Fills in the statistics, as many as stats->size has room for. O(B), moves nothing. Interrupt: no.
 * Fails with INVALID_POOL, INVALID_ARGUMENT (stats null or its size not set). */
DEFRAG_API defrag_status defrag_stats(const defrag_pool *pool, defrag_pool_stats *stats);

/* Tells whether a request of `bytes`, aligned to `alignment` (0: the granule), would fit, and if locks prevent it, the
 * fewest neighbouring locked blocks that would have to go. O(B), moves nothing. Interrupt: no.
 * Fails with INVALID_POOL, INVALID_ARGUMENT (report null or its size not set), INVALID_SIZE, INVALID_ALIGNMENT as
 * defrag_alloc_with would. */
DEFRAG_API defrag_status defrag_would_fit(const defrag_pool *pool, size_t bytes, size_t alignment,
                                          defrag_fit_report *report);

/* Shows the next block or hole, lowest address first, the space above the last block as the last hole: begins with a
 * DEFRAG_BLOCK_INIT block and returns false when there is no further one. Calls that change the pool end a walk.
 * False also if the pool is not valid, block is null, its size is not set, or its place makes no sense. O(1) a call, moves
 * nothing. Interrupt: no. */
DEFRAG_API bool defrag_walk(const defrag_pool *pool, defrag_block *block);

/* Verifies every invariant of the pool, finding any single flipped bit of its own data. Never reads outside the pool,
 * whatever is in it. O(B + handles), so quick enough for a watchdog loop; moves nothing. Interrupt: no.
 * Fails with INVALID_POOL, or CORRUPT, and then *invariant, unless null, is the number of the first invariant found
 * broken, and 0 otherwise. */
DEFRAG_API defrag_status defrag_check(const defrag_pool *pool, int32_t *invariant);

/* Has `observer` called with `context` after every event; null ends that. O(1), moves nothing. Interrupt: yes.
 * Fails with INVALID_POOL, BUSY. */
DEFRAG_API defrag_status defrag_observe(defrag_pool *pool, defrag_observer *observer, void *context);

/* A sentence on a status. Never null: an unknown one has a sentence, too. O(1), moves nothing. Interrupt: yes. */
DEFRAG_API const char *defrag_status_text(defrag_status status);

/* A sentence on an invariant that defrag_check names. Never null. O(1), moves nothing. Interrupt: yes. */
DEFRAG_API const char *defrag_invariant_text(int32_t invariant);

/* The version of the library in use, to compare with DEFRAG_VERSION. O(1), moves nothing. Interrupt: yes. */
DEFRAG_API uint32_t defrag_version(void);

#ifdef __cplusplus
}
#endif

#endif
