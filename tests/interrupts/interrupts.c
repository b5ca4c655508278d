/* SPDX-License-Identifier: MIT
 *
 * A program and its interrupts on one pool. An interrupt finds the program anywhere, so the program makes a block known only
 * when it is filled, and unknown before it goes. */
#include "interrupts.h"

#include "random.h"

#include <string.h>

#include DEFRAG_CONFIG

enum { PROGRAM_BLOCKS = 96, INTERRUPT_BLOCKS = 24, LOOK_EVERY = 64, SIZES = 900 };

typedef struct {
    volatile defrag_handle handle; /* DEFRAG_NO_HANDLE: there is none */
    volatile uint32_t bytes;       /* whose contents count */
    uint32_t seed;
    volatile bool held;     /* locked by the program */
    volatile uint32_t pins; /* odd while an interrupt keeps it locked */
} known_block;

interrupts_report interrupts_seen;
volatile uint32_t interrupts_doing;

static defrag_pool *pool;
static known_block program[PROGRAM_BLOCKS];
static known_block own[INTERRUPT_BLOCKS]; /* of interrupts */
static random_source of_program;
static random_source of_interrupts;
static known_block *pinned; /* by an interrupt, which returned without unlocking it */
static const void *pinned_at;
static bool was_moving; /* the call that the interrupt found */
static uint32_t turn;   /* of the program */

static bool is_moving(void)
{
    return interrupts_doing != INTERRUPTS_QUICK;
}

static bool demand(bool holds, const char *failure, int line)
{
    if (!holds && interrupts_seen.failure == NULL) {
        interrupts_seen.failure = failure;
        interrupts_seen.line = line;
    }
    return holds;
}

#define DEMAND(condition) demand((condition), "not so: " #condition, __LINE__)

/* ---------------------------------------------------------------------------------------------------------- contents */

static unsigned char content(uint32_t seed, uint32_t i)
{
    return (unsigned char)((seed + i * 0x9E3779B1U) >> 24);
}

static void fill(void *address, uint32_t seed, uint32_t from, uint32_t to)
{
    unsigned char *bytes = address;
    for (uint32_t i = from; i < to; i++) {
        bytes[i] = content(seed, i);
    }
}

static bool is_intact(const void *address, const known_block *block)
{
    const unsigned char *bytes = address;
    for (uint32_t i = 0; i < block->bytes; i++) {
        if (bytes[i] != content(block->seed, i)) {
            return false;
        }
    }
    return true;
}

/* Fills a new block and makes it known. */
static bool introduce(known_block *block, defrag_handle handle, uint32_t bytes, uint32_t seed)
{
    void *address;
    bool good = DEMAND(defrag_lock(pool, handle, &address) == DEFRAG_OK);
    if (good) {
        fill(address, seed, 0, bytes);
        good = DEMAND(defrag_unlock(pool, handle) == DEFRAG_OK);
    }
    block->bytes = bytes;
    block->seed = seed;
    block->handle = handle;
    return good;
}

static bool is_refusal(defrag_status status)
{
    return status >= DEFRAG_FRAGMENTED && status <= DEFRAG_OUT_OF_HANDLES;
}

/* -------------------------------------------------------------------------------------------------------- interrupts */

static known_block *any(known_block *blocks, uint32_t count, random_source *source)
{
    return &blocks[random_below(source, count)];
}

/* Gives up the lock that an earlier interrupt has kept. */
static void unpin(void)
{
    DEMAND(is_intact(pinned_at, pinned));
    DEMAND(defrag_unlock(pool, pinned->handle) == DEFRAG_OK);
    pinned->pins++;
    pinned = NULL;
}

static void pin(known_block *block, const void *address)
{
    block->pins++;
    pinned = block;
    pinned_at = address;
}

/* Reads a block of the program, unless that has locked it or is just moving it. */
static void read_one(void)
{
    known_block *block = any(program, PROGRAM_BLOCKS, &of_interrupts);
    const void *address = NULL;
    void *alone = NULL;
    if (block->handle == DEFRAG_NO_HANDLE) {
        return;
    }
    bool shared = random_below(&of_interrupts, 2) == 0;
    defrag_status status =
        shared ? defrag_lock_shared(pool, block->handle, &address) : defrag_lock(pool, block->handle, &alone);
    if (status == DEFRAG_LOCKED) {
        interrupts_seen.locked++;
        DEMAND(block->held || was_moving || block == pinned);
        return;
    }
    if (!DEMAND(status == DEFRAG_OK)) {
        return;
    }
    interrupts_seen.read++;
    DEMAND(is_intact(shared ? address : alone, block));
    if (shared && pinned == NULL && random_below(&of_interrupts, 8) == 0) {
        pin(block, address);
    } else {
        DEMAND(defrag_unlock(pool, block->handle) == DEFRAG_OK);
    }
}

/* Looks at a block of the interrupts' own; false if a call is just moving it. */
static bool look_at(const known_block *block)
{
    void *address;
    defrag_status status = defrag_lock(pool, block->handle, &address);
    if (status == DEFRAG_LOCKED) {
        return false;
    }
    return DEMAND(status == DEFRAG_OK) && DEMAND(is_intact(address, block)) &&
           DEMAND(defrag_unlock(pool, block->handle) == DEFRAG_OK);
}

static void give_back(known_block *block)
{
    size_t usable = 0;
    DEMAND(defrag_usable_size(pool, block->handle, &usable) == DEFRAG_OK && usable >= block->bytes);
    bool there = look_at(block);
    defrag_status status = defrag_free(pool, block->handle);
    DEMAND(status == (there ? DEFRAG_OK : DEFRAG_LOCKED));
    if (there) {
        block->handle = DEFRAG_NO_HANDLE;
    } else {
        DEMAND(was_moving);
        interrupts_seen.kept++;
    }
}

static void take_one(known_block *block)
{
    defrag_handle handle;
    uint32_t bytes = 1 + random_below(&of_interrupts, 200);
    defrag_status status = defrag_alloc(pool, bytes, DEFRAG_FAST, &handle);
    if (status == DEFRAG_OK) {
        introduce(block, handle, bytes, interrupts_seen.interrupts);
        interrupts_seen.allocated++;
    } else {
        DEMAND(is_refusal(status));
    }
}

void interrupts_handle(void)
{
    uint32_t interrupted = interrupts_doing;
    was_moving = is_moving();
    known_block *block = any(own, INTERRUPT_BLOCKS, &of_interrupts);
    interrupts_seen.interrupts++;
    interrupts_seen.within += was_moving;
    interrupts_doing = INTERRUPTS_QUICK;
    if (pinned != NULL && random_below(&of_interrupts, 16) == 0) {
        unpin();
    }
    read_one();
    if (block->handle == DEFRAG_NO_HANDLE) {
        take_one(block);
    } else {
        give_back(block);
    }
    interrupts_doing = interrupted;
}

/* ----------------------------------------------------------------------------------------------------------- program */

/* Whether a refusal of a block is due to an interrupt that keeps it, or kept it when the call began. */
static bool is_pinned(const known_block *block, defrag_status status, uint32_t pins_before)
{
    return status == DEFRAG_LOCKED && (pins_before % 2 == 1 || block->pins != pins_before);
}

static uint32_t size_to_ask(void)
{
    uint32_t most = random_below(&of_program, 4) == 0 ? SIZES : SIZES / 12;
    return 1 + random_below(&of_program, most);
}

static defrag_fit fit_to_ask(void)
{
    return (defrag_fit)random_below(&of_program, 3);
}

static bool allocate(known_block *block)
{
    defrag_request request = DEFRAG_REQUEST_INIT;
    defrag_handle handle;
    request.bytes = size_to_ask();
    request.fit = fit_to_ask();
    request.flags = random_below(&of_program, 8) == 0 ? DEFRAG_ZEROED : 0;
    request.alignment = random_below(&of_program, 16) == 0 ? 32 : 0;
    interrupts_doing = INTERRUPTS_ALLOC;
    defrag_status status = defrag_alloc_with(pool, &request, &handle);
    interrupts_doing = INTERRUPTS_QUICK;
    if (status != DEFRAG_OK) {
        return DEMAND(is_refusal(status));
    }
    return introduce(block, handle, (uint32_t)request.bytes, (uint32_t)random_64(&of_program));
}

/* Looks at a block, and sets *pinned_down if an interrupt keeps it. */
static bool verify(known_block *block, bool *pinned_down)
{
    const void *address;
    block->held = true;
    bool good = DEMAND(defrag_lock_shared(pool, block->handle, &address) == DEFRAG_OK) &&
                DEMAND(is_intact(address, block)) && DEMAND(defrag_unlock(pool, block->handle) == DEFRAG_OK);
    block->held = false;
    *pinned_down = block->pins % 2 == 1;
    return good;
}

static bool give_up(known_block *block)
{
    defrag_handle handle = block->handle;
    bool pinned_down;
    if (!verify(block, &pinned_down) || pinned_down) {
        return interrupts_seen.failure == NULL;
    }
    uint32_t pins = block->pins;
    block->handle = DEFRAG_NO_HANDLE;
    defrag_status status = defrag_free(pool, handle);
    if (is_pinned(block, status, pins)) {
        block->handle = handle;
        return true;
    }
    return DEMAND(status == DEFRAG_OK);
}

static bool rewrite(known_block *block, defrag_handle handle, uint32_t bytes)
{
    void *address;
    uint32_t pins = block->pins;
    block->held = true;
    defrag_status status = defrag_lock(pool, handle, &address);
    bool good = is_pinned(block, status, pins); /* then what counts of it stays as it was */
    if (!good && DEMAND(status == DEFRAG_OK) && DEMAND(is_intact(address, block))) {
        fill(address, block->seed, 0, bytes);
        block->bytes = bytes;
        good = DEMAND(defrag_unlock(pool, handle) == DEFRAG_OK);
    }
    block->held = false;
    return good;
}

static bool resize(known_block *block)
{
    defrag_handle handle = block->handle;
    uint32_t old = block->bytes;
    uint32_t bytes = size_to_ask();
    uint32_t pins = block->pins;
    block->bytes = bytes < old ? bytes : old;
    interrupts_doing = INTERRUPTS_RESIZE;
    defrag_status status = defrag_resize(pool, handle, bytes, fit_to_ask());
    interrupts_doing = INTERRUPTS_QUICK;
    if (status != DEFRAG_OK) {
        block->bytes = old;
        return DEMAND(is_refusal(status) || is_pinned(block, status, pins));
    }
    return rewrite(block, handle, bytes);
}

static bool move(void)
{
    defrag_status status;
    if (random_below(&of_program, 16) == 0) {
        interrupts_doing = INTERRUPTS_COMPACT;
        status = defrag_compact(pool);
    } else {
        interrupts_doing = INTERRUPTS_STEP;
        status = defrag_step(pool, random_below(&of_program, 1024), 1 + random_below(&of_program, 32), NULL);
    }
    interrupts_doing = INTERRUPTS_QUICK;
    return DEMAND(status == DEFRAG_OK);
}

/* With others kept out and nothing locked, what is said to fit must fit. */
static bool try_promise(void)
{
    interrupts_doing = INTERRUPTS_LOOK;
    defrag_critical before = defrag_enter();
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    defrag_handle handle = DEFRAG_NO_HANDLE;
    bool good = DEMAND(defrag_check(pool, NULL) == DEFRAG_OK) && DEMAND(defrag_stats(pool, &stats) == DEFRAG_OK) &&
                DEMAND(stats.locked == (pinned != NULL));
    if (good && pinned == NULL && stats.largest_after_moving != 0) {
        good = DEMAND(defrag_alloc(pool, stats.largest_after_moving, DEFRAG_MAKE_ROOM, &handle) == DEFRAG_OK) &&
               DEMAND(defrag_free(pool, handle) == DEFRAG_OK);
    }
    defrag_exit(before);
    interrupts_doing = INTERRUPTS_QUICK;
    return good;
}

bool interrupts_work(void)
{
    known_block *block = any(program, PROGRAM_BLOCKS, &of_program);
    if (interrupts_seen.failure != NULL) {
        return false;
    }
    if (++turn % LOOK_EVERY == 0) {
        return try_promise();
    }
    switch (random_below(&of_program, 8)) {
    case 0: return move();
    case 1: return block->handle == DEFRAG_NO_HANDLE || verify(block, &(bool){ false });
    case 2:
    case 3:
    case 4: return block->handle == DEFRAG_NO_HANDLE || resize(block);
    default: return block->handle == DEFRAG_NO_HANDLE ? allocate(block) : give_up(block);
    }
}

bool interrupts_begin(void *memory, size_t bytes, uint64_t seed)
{
    memset(program, 0, sizeof program);
    memset(own, 0, sizeof own);
    pinned = NULL;
    turn = 0;
    of_program.state = seed;
    of_interrupts.state = ~seed;
    return DEMAND(defrag_init(memory, bytes, NULL, &pool) == DEFRAG_OK);
}

static bool all_intact(known_block *blocks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (blocks[i].handle != DEFRAG_NO_HANDLE && !verify(&blocks[i], &(bool){ false })) {
            return false;
        }
    }
    return true;
}

bool interrupts_end(void)
{
    interrupts_doing = INTERRUPTS_LOOK;
    defrag_critical before = defrag_enter();
    bool good = interrupts_seen.failure == NULL && DEMAND(defrag_check(pool, NULL) == DEFRAG_OK) &&
                all_intact(program, PROGRAM_BLOCKS) && all_intact(own, INTERRUPT_BLOCKS);
    defrag_exit(before);
    return good;
}
