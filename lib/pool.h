/* SPDX-License-Identifier: MIT
 *
 * The layout of a pool, and the smallest steps on it. Everything else in this folder is written in these terms.
 *
 *   | control block | block | hole | block | block | ... | wilderness | handle table |
 *   0               first                                top        limit          bytes
 *
 * A pool is an array of granules (8 bytes by default), and everything that refers to a place is a granule index counted
 * from the pool's own start. There is not one pointer to the pool's own memory in it, so an image can be copied anywhere.
 * Index 0 lies in the control block and therefore means "none".
 *
 * A word is two halves: 2 x 16 bits by default, 2 x 32 with link_width=32. Headers lie one word before a granule boundary,
 * so that what follows them is aligned to the granule without padding. Block g of n granules, G bytes each, W a word:
 *
 *   G*g + G-W            G*(g+1)                                          G*(g+n) + G-W
 *   | header             | usable bytes, n*G - W of them                  | next header
 *
 *   header of a block:   [ owner slot | hole before? ][ n | 0 ]
 *   header of a hole:    [ next hole  | 0            ][ n | 1 ]     high half, low half; flags are the lowest bits
 *   2nd word of a hole:  [ n          ][ previous hole, or for the first of a list: highest bit | bin ]
 *   last word of a hole: [ n          ][ anything      ]            the same word as the 2nd in a hole of one granule
 *
 * A hole thus needs exactly W + W bytes, one granule: the smallest remainder can be linked, so that every free byte is
 * usable. The bit "hole before" tells that the word before a header is the last word of a hole, which makes merging O(1).
 * Two holes never touch, and none touches the wilderness: it swallows them. So a hole's own "hole before" is always 0.
 *
 * A block aligned above the granule keeps its alignment, in granules, in its last half: a power of two, so that a flipped
 * bit shows.
 *
 * The handle table grows down from the end of the pool, one word a slot, slot 0 last:
 *
 *   slot in use:  [ generation | locks ][ over-aligned? | granule index ]
 *   free slot:    [ generation | FREE  ][             0 | next free slot ]
 *
 * Free slots form a queue, so that a slot rests as long as it can before its handle's value comes round again. The last of
 * the queue names none.
 *
 * A flight is a copy that takes several steps. Its destination is a block like any other whose header names the same owner
 * as the source. The source stays the truth until the table entry is stored anew; dropping the destination cancels.
 *
 * The seal is the exclusive or of all table entries and of those halves of the control block that nothing else vouches
 * for, so that each single flipped bit is found by defrag_check.
 */
#ifndef DEFRAG_POOL_H
#define DEFRAG_POOL_H

#include "guard.h" /* before defrag.h, to whose functions it may give other names */

#include "defrag.h"

#ifndef DEFRAG_GRANULE
#define DEFRAG_GRANULE 8
#endif
#ifndef DEFRAG_LINK_WIDTH
#define DEFRAG_LINK_WIDTH 16
#endif

/* Linkage of functions shared between the files of this folder. */
#ifndef DEFRAG_PRIVATE
#define DEFRAG_PRIVATE __attribute__((visibility("hidden")))
#endif

/* The pieces of the calls that are meant to be quick are inlined even where size counts; what these seldom need is not. Apart
 * are also kept pieces whose variables would else take stack while their caller does what needs most of it. */
#define INLINE static inline __attribute__((always_inline))
#define APART __attribute__((noinline))
#define SELDOM __attribute__((noinline, cold))

#include "bits.h"

/* ------------------------------------------------------------------------------------------------------ build facts */

#if DEFRAG_LINK_WIDTH == 16
typedef uint16_t __attribute__((may_alias)) half_t;
typedef uint32_t __attribute__((may_alias)) word_t;
enum { GRANULE = DEFRAG_GRANULE, HALF_BITS = 16, GENERATION_BITS = 12, SLOT_BITS = 15, TAG_BITS = 5, MAP_WORDS = 2 };
#define MAX_POOL_BYTES ((uint64_t)GRANULE << 15)
#else
typedef uint32_t __attribute__((may_alias)) half_t;
typedef uint64_t __attribute__((may_alias)) word_t;
/* A hole needs two words: 16 bytes. */
enum {
    GRANULE = DEFRAG_GRANULE < 16 ? 16 : DEFRAG_GRANULE,
    HALF_BITS = 32,
    GENERATION_BITS = 11,
    SLOT_BITS = 19,
    TAG_BITS = 2,
    MAP_WORDS = 4
};
#define MAX_POOL_BYTES (((uint64_t)1 << 32) - 4096)
#endif

enum {
    WORD = sizeof(word_t),
    WORD_BITS = 2 * HALF_BITS,
    GENERATION_SHIFT = WORD_BITS - GENERATION_BITS,
    LOCKS_SHIFT = HALF_BITS,
    HANDLE_GENERATION_SHIFT = 32 - GENERATION_BITS,
    SLOTS_SHIFT = 32 - HALF_BITS /* in the identity */
};

#define HALF_MASK (((word_t)1 << HALF_BITS) - 1)
#define INDEX_MASK (HALF_MASK >> 1)
#define GENERATION_MASK (~(word_t)0 << GENERATION_SHIFT)
#define OVER_ALIGNED ((word_t)1 << (HALF_BITS - 1))
#define LOCKS_MASK ((word_t)15 << LOCKS_SHIFT)
#define HOLE_BEFORE ((word_t)1 << HALF_BITS)
#define IS_HOLE ((word_t)1)
#define SLOT_AND_TAG_MASK (((uint32_t)1 << (SLOT_BITS + TAG_BITS)) - 1)
#define MAX_SLOTS (((uint32_t)1 << SLOT_BITS) - 1)
#define NO_SLOT ((uint32_t)INDEX_MASK)
#define ONE_BLOCK ((word_t)1 << HALF_BITS)

/* Values of the lock field of a table entry; between UNLOCKED and IN_FLIGHT it counts shared locks. */
enum { UNLOCKED = 0, IN_FLIGHT = DEFRAG_MAX_SHARED_LOCKS + 1, EXCLUSIVE = 14, FREE_SLOT = 15 };

/* The first word of a pool: that it is one, of which build, whether it has an observer and whether that is running. It is
 * stored with what it vouches for, see vouched(). Quick calls go on only if the pool is quiet, and so need not look for the
 * observer. Only what is quiet has the highest bit. An immediate operand can be one byte four times; but with links of 32 bits
 * memory filled with such a byte would pass for a pool. */
#define POOL_BUILD (0xD0U | (uint32_t)GRANULE / 16 << 2 | (uint32_t)HALF_BITS / 32 << 1 | (sizeof(void *) == 8))
#define POOL_QUIET (0x01010101U * (uint32_t)POOL_BUILD ^ (HALF_BITS == 32 ? 0x1200U : 0))
#define POOL_OBSERVED (POOL_QUIET ^ 0xFFFF0000U)
#define POOL_BUSY (~POOL_QUIET)
#define POOL_ENDED 0x80000000U

/* ---------------------------------------------------------------------------------------------------- control block */

/* Counts and places are in granules unless said otherwise. The seal covers everything from `peak` to the bins.
 *
 * The first four tell how far the pool reaches. No header or link of a place from 1 on lies so low, so that they stay what
 * they were when a call began, whatever damaged links make the call overwrite. */
struct defrag_pool {
    uint32_t identity; /* POOL_QUIET, POOL_OBSERVED or POOL_BUSY, and what it vouches for */
    uint32_t table;    /* offset of slot 0's entry, the pool's last word */
    half_t slots;      /* in the table; set_slots changes it */
    half_t top;        /* where the wilderness begins */
    word_t seal;
    word_t in_use;             /* [ live blocks | sum of their sizes ] */
    uint32_t map[MAP_WORDS];   /* bit b: bin b has a hole */
    word_t peak;               /* the highest of both so far */
    half_t last_free_slot;     /* or what was last */
    half_t high_water;         /* the highest top so far */
    half_t reserved_slots;     /* slots that clean leaves */
    half_t flight_slot;        /* 1 + owner of the block in flight, or 0 */
    half_t flight_to;          /* its destination */
    half_t flight_done;        /* how much of it is copied */
    half_t cursor;             /* where defrag_step goes on looking; see step.c */
    half_t watermark;          /* defrag_step rests when a hole has this size; 0: never */
    half_t seed;               /* generation of the next new slot */
    uint32_t handle_base;      /* what slot 0's handle looks like without its generation */
    uint32_t max_request;      /* the largest request an empty pool serves, in bytes */
    uint32_t refused;          /* requests */
    uint32_t largest_refused;  /* bytes */
    uint32_t worst_call;       /* bytes */
    uint32_t moved_blocks[2];  /* blocks, low word first */
    uint32_t moved_bytes[2];   /* bytes, low word first */
    defrag_observer *observer; /* null if and only if the pool is quiet */
    void *observer_context;
    half_t bins[]; /* heads of the lists of holes, from bin 1 on; for bin 0 stands the first free slot, or NO_SLOT */
} __attribute__((may_alias));

_Static_assert(GRANULE == 8 || GRANULE == 16 || GRANULE == 32, "granule is 8, 16 or 32 bytes");
_Static_assert(2 * WORD <= GRANULE, "a hole of one granule holds two words");
_Static_assert(sizeof(half_t) * 2 == WORD, "a word is two halves");
_Static_assert(offsetof(struct defrag_pool, bins) <= (DEFRAG_LINK_WIDTH == 16 ? 104 : 144),
               "the control block is small");
_Static_assert(offsetof(struct defrag_pool, peak) == (2 + MAP_WORDS) * sizeof(uint32_t) + 3 * WORD,
               "no padding but what is sealed: two bytes of 0 behind the seed with links of 16 bits");
_Static_assert(offsetof(struct defrag_pool, seal) <= GRANULE + GRANULE - WORD,
               "no header or link of a place from 1 on lies on what tells how far the pool reaches");
_Static_assert(sizeof(defrag_status) == 4 && sizeof(defrag_handle) == 4, "the ABI's integers have fixed width");

/* ------------------------------------------------------------------------------------------------ words and the seal */

static inline word_t load(const defrag_pool *pool, uint32_t offset)
{
    return *(const word_t *)(const void *)((const unsigned char *)pool + offset);
}

static inline void store(defrag_pool *pool, uint32_t offset, word_t value)
{
    *(word_t *)(void *)((unsigned char *)pool + offset) = value;
}

INLINE half_t *low_half(word_t *word)
{
    return (half_t *)word + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 1 : 0);
}

INLINE half_t *high_half(word_t *word)
{
    return (half_t *)word + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 0 : 1);
}

/* What a number contributes to the seal: its halves. */
INLINE word_t fold(uint32_t value)
{
    return HALF_BITS == 32 ? value : (value ^ value >> 16) & 0xFFFF;
}

/* How many blocks are live, and the sum of their sizes. */
INLINE uint32_t live_in(word_t in_use)
{
    return (uint32_t)(in_use >> HALF_BITS);
}

INLINE uint32_t used_in(word_t in_use)
{
    return (uint32_t)(in_use & HALF_MASK);
}

/* The highest bits of those halves that are higher than in `peak`: they borrow a bit that no number needs. */
INLINE word_t borrowed(word_t in_use, word_t peak)
{
    const word_t spare = (ONE_BLOCK | 1) << (HALF_BITS - 1);
    return spare & ~((peak | spare) - in_use);
}
DEFRAG_PRIVATE defrag_status defrag_note_peaks(defrag_pool *pool);

INLINE uint32_t first_free_slot(const defrag_pool *pool)
{
    return pool->bins[0];
}

/* Store a sealed field. */
INLINE void set_half(defrag_pool *pool, half_t *sealed, uint32_t value)
{
    pool->seal ^= *sealed ^ (word_t)value;
    *sealed = (half_t)value;
}
DEFRAG_PRIVATE void defrag_set_half(defrag_pool *pool, half_t *sealed, uint32_t value);
DEFRAG_PRIVATE void defrag_set_u32(defrag_pool *pool, uint32_t *sealed, uint32_t value);

/* ----------------------------------------------------------------------------------------------------------- blocks */

/* Offset of a block's header in bytes, and of what its user sees. */
static inline uint32_t header_offset(uint32_t g)
{
    return GRANULE * g + (GRANULE - WORD);
}

static inline uint32_t usable_offset(uint32_t g)
{
    return GRANULE * (g + 1);
}

/* The pool as an array of granules: a header is the last word of its granule, and what follows it begins the next. */
typedef struct {
    word_t words[GRANULE / WORD];
} __attribute__((may_alias)) granule_t;

enum { LAST = GRANULE / WORD - 1 };

INLINE granule_t *granule_at(const defrag_pool *pool, uint32_t g)
{
    return (granule_t *)(uintptr_t)pool + g;
}

static inline uint32_t usable_bytes(uint32_t granules)
{
    return GRANULE * granules - WORD;
}

INLINE word_t header(const defrag_pool *pool, uint32_t g)
{
    return granule_at(pool, g)->words[LAST];
}

INLINE void set_header(defrag_pool *pool, uint32_t g, word_t value)
{
    granule_at(pool, g)->words[LAST] = value;
}

INLINE uint32_t size_in(word_t header_word)
{
    return (uint32_t)((header_word & HALF_MASK) >> 1);
}

/* The size of the block or hole at g. */
INLINE uint32_t size_at(const defrag_pool *pool, uint32_t g)
{
    return *low_half(&granule_at(pool, g)->words[LAST]) >> 1;
}

INLINE uint32_t owner_in(word_t header_word)
{
    return (uint32_t)(header_word >> (HALF_BITS + 1));
}

INLINE word_t block_header(uint32_t owner, uint32_t granules)
{
    return (word_t)owner << (HALF_BITS + 1) | (word_t)granules << 1;
}

/* The granule in which slot 0's entry is. */
INLINE uint32_t last_granule(const defrag_pool *pool)
{
    return pool->table / GRANULE;
}

/* Whether g is in the pool, with the granule behind it: so what a header, or a hole's second word, is read from or written to
 * is the pool's, and not what comes before the seal. Each place that is read from the pool passes this before it is used, or
 * the next, as any bit of it may have flipped. */
INLINE bool is_within(const defrag_pool *pool, uint32_t g)
{
    return g != 0 && g < last_granule(pool);
}

/* No pool's first block is lower. */
enum { LEAST_PLACE = (offsetof(struct defrag_pool, bins) + WORD - 1) / GRANULE };

/* Whether the top can be one. Where it is, all places below it are in the pool. */
INLINE bool is_top(const defrag_pool *pool)
{
    return pool->top - (uint32_t)LEAST_PLACE < last_granule(pool) - LEAST_PLACE;
}

/* Whether g is below such a top. That suffices where one block is taken off. */
INLINE bool is_below_top(const defrag_pool *pool, uint32_t g)
{
    return g - 1 < pool->top - 1U;
}

/* Whether g is below the top, which was found to be above the first block, and not among the fields that moving changes. */
INLINE bool is_place(const defrag_pool *pool, uint32_t g)
{
    return g - LEAST_PLACE < pool->top - (uint32_t)LEAST_PLACE;
}

/* The header at g, which is below the top. If it is damaged so that it reaches beyond, it looks like that of a block up to
 * the top whose owner does not exist: so each walk ends, and nothing moves it. */
DEFRAG_PRIVATE word_t defrag_header(const defrag_pool *pool, uint32_t g);
INLINE word_t sound_header(const defrag_pool *pool, uint32_t g)
{
    if (!SMALL_CORE) {
        word_t h = header(pool, g);
        if (size_in(h) - 1 < pool->top - g) {
            return h;
        }
    }
    return defrag_header(pool, g);
}

/* Where that block or hole ends. */
INLINE uint32_t end_of(const defrag_pool *pool, uint32_t g)
{
    return g + size_in(sound_header(pool, g));
}

/* The size of the hole that ends where block g begins; valid if g's header says HOLE_BEFORE. */
INLINE uint32_t size_before(const defrag_pool *pool, uint32_t g)
{
    return *high_half(&granule_at(pool, g)->words[LAST - 1]);
}

/* The granules that a request needs, its header included; `bytes` is at most max_request. */
static inline uint32_t granules_for(uint32_t bytes, uint32_t alignment)
{
    uint32_t tail = alignment > 1 ? (uint32_t)sizeof(half_t) : 0;
    return (bytes + tail + WORD + GRANULE - 1) / GRANULE;
}

/* How far above g a block must begin for its usable bytes to be aligned; the alignment is in granules. */
static inline uint32_t padding(const defrag_pool *pool, uint32_t g, uint32_t alignment)
{
    uint32_t granule_address = (uint32_t)((uintptr_t)pool / GRANULE) + g + 1;
    return (0U - granule_address) & (alignment - 1);
}

/* -------------------------------------------------------------------------------------------------- the whole arena */

/* Where the first block of a pool of so many bytes is, and the granules of its arena if the table has so many slots. */
DEFRAG_PRIVATE uint32_t defrag_first_in(uint32_t bytes);
DEFRAG_PRIVATE uint32_t defrag_first_block(const defrag_pool *pool);

/* The bytes of the pool, whole granules. */
INLINE uint32_t bytes_of(const defrag_pool *pool)
{
    return pool->table + WORD;
}

/* Where the wilderness would end if the table had so many slots. */
INLINE uint32_t limit_with(uint32_t bytes, uint32_t slots)
{
    return (bytes + WORD - WORD * slots) / GRANULE - 1;
}

/* The granules of the wilderness if the table had so many slots; negative if it cannot have them. */
INLINE int32_t wilderness_with(const defrag_pool *pool, uint32_t slots)
{
    /* With links of 16 bits, no pool holds so many blocks that its table could be full. */
    return HALF_BITS == 16 || slots <= MAX_SLOTS ? (int32_t)(limit_with(bytes_of(pool), slots) - pool->top) : -1;
}
DEFRAG_PRIVATE int32_t defrag_wilderness(const defrag_pool *pool, uint32_t slots);

/* The free granules, were all of them gathered, if the table had so many slots; negative if it could not. */
DEFRAG_PRIVATE int32_t defrag_free_with(const defrag_pool *pool, uint32_t slots);

/* ---------------------------------------------------------------------------------------------------------- entries */

INLINE word_t *entry_at(const defrag_pool *pool, uint32_t slot)
{
    return (word_t *)(void *)((unsigned char *)(uintptr_t)pool + pool->table) - slot;
}

INLINE word_t entry(const defrag_pool *pool, uint32_t slot)
{
    return *entry_at(pool, slot);
}

INLINE void set_entry(defrag_pool *pool, uint32_t slot, word_t old, word_t value)
{
    *entry_at(pool, slot) = value;
    pool->seal ^= old ^ value;
}

INLINE uint32_t locks_in(word_t e)
{
    return (uint32_t)(e >> LOCKS_SHIFT) & 15;
}

INLINE uint32_t index_in(word_t e)
{
    return (uint32_t)(e & INDEX_MASK);
}

/* What a block uses up of its usable bytes to keep its alignment. */
static inline uint32_t tail_bytes(word_t e)
{
    return (e & OVER_ALIGNED) != 0 ? (uint32_t)sizeof(half_t) : 0;
}

/* Whether the entry of the block at g with this header names it, with none of these bits. */
INLINE bool is_entered(const defrag_pool *pool, uint32_t g, word_t header_word, word_t bits)
{
    uint32_t slot = owner_in(header_word);
    return slot < pool->slots && (entry(pool, slot) & (bits | INDEX_MASK)) == g;
}

/* Whether the block with this header may be moved. */
DEFRAG_PRIVATE bool defrag_is_movable(const defrag_pool *pool, word_t header_word);
INLINE bool is_movable(const defrag_pool *pool, word_t header_word)
{
    if (SMALL_CORE) {
        return defrag_is_movable(pool, header_word);
    }
    uint32_t slot = owner_in(header_word);
    return slot < pool->slots && locks_in(entry(pool, slot)) == UNLOCKED;
}

/* The alignment of block g, in granules. */
DEFRAG_PRIVATE uint32_t defrag_alignment_at(const defrag_pool *pool, uint32_t g);
INLINE uint32_t alignment_at(const defrag_pool *pool, uint32_t g)
{
    if (SMALL_CORE) {
        return defrag_alignment_at(pool, g);
    }
    uint32_t slot = owner_in(header(pool, g));
    return (entry(pool, slot) & OVER_ALIGNED) != 0 ? defrag_alignment_at(pool, g) : 1;
}

/* -------------------------------------------------------------------------------------------------- entering a call */

/* The pool's identity without the size and place of the table. All that lies in the pool is found by these two, so that
 * they are not used unless the identity is right: then no bit of them has flipped. */
INLINE uint32_t vouched(const defrag_pool *pool)
{
    return pool->identity - pool->table - ((uint32_t)pool->slots << SLOTS_SHIFT);
}

/* Keeps compilers from holding on to what was loaded so far, where registers are short and it is seldom needed again. */
INLINE void forget(void)
{
    __asm__ volatile("" ::: "memory");
}

INLINE bool is_quiet(const defrag_pool *pool)
{
    return pool != NULL && vouched(pool) == POOL_QUIET;
}

INLINE void set_slots(defrag_pool *pool, uint32_t slots)
{
    pool->identity += (slots - pool->slots) << SLOTS_SHIFT;
    pool->slots = (half_t)slots;
}

/* What a call begins with: OK, or why the pool cannot be changed. CORRUPT if the top is not between the first block and the
 * table. */
DEFRAG_PRIVATE defrag_status defrag_ready(const defrag_pool *pool);

/* The same for a call that only looks, which the observer may make. */
DEFRAG_PRIVATE defrag_status defrag_ready_to_look(const defrag_pool *pool);

#endif
