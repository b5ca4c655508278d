/* SPDX-License-Identifier: MIT */
#include "state.h"

#include "bins.h"
#include "blocks.h"
#include "control.h"
#include "flight.h"
#include "handles.h"
#include "model_internal.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------------- packing */

typedef struct tape {
    pool_state s;
    uint32_t at;
} tape;

static void put(tape *t, uint32_t bits, uint32_t value)
{
    uint32_t shift = t->at % 64;
    t->s.words[t->at / 64] |= (uint64_t)value << shift;
    if (shift + bits > 64) {
        t->s.words[1] |= (uint64_t)value >> (64 - shift);
    }
    t->at += bits;
}

static uint32_t take(tape *t, uint32_t bits)
{
    uint32_t shift = t->at % 64;
    uint64_t value = t->s.words[t->at / 64] >> shift;
    if (shift + bits > 64) {
        value |= t->s.words[1] << (64 - shift);
    }
    t->at += bits;
    return (uint32_t)value & ((1U << bits) - 1);
}

/* The largest state: of 5 blocks one is in flight, a hole before each of the 6 places, and no slot free. */
_Static_assert(4 + 5 * 10 + 7 + 6 * 10 + 4 + 3 == 8 * sizeof(pool_state), "a state has enough bits");

pool_state state_pack(const layout *l)
{
    tape t = { { { 0, 0 } }, 0 };
    put(&t, 4, l->count);
    for (uint32_t i = 0; i < l->count; i++) {
        const item *it = &l->items[i];
        put(&t, 2, it->role);
        put(&t, 5, it->granules - 1);
        if (it->role == HOLE) {
            put(&t, 3, it->rank);
        } else if (it->role != RESERVED) {
            put(&t, 1, it->locked);
            put(&t, 2, it->alignment >> 1);
        }
    }
    put(&t, 4, l->done);
    put(&t, 3, l->free_slots);
    if (l->free_slots != 0) { /* with most blocks there are none, and not a bit is left */
        put(&t, 3, l->trailing);
    }
    return t.s;
}

layout state_unpack(pool_state s)
{
    tape t = { s, 0 };
    layout l = { .count = take(&t, 4) };
    for (uint32_t i = 0; i < l.count; i++) {
        item *it = &l.items[i];
        it->role = (role)take(&t, 2);
        it->granules = take(&t, 5) + 1;
        it->alignment = 1;
        if (it->role == HOLE) {
            it->rank = take(&t, 3);
        } else if (it->role != RESERVED) {
            it->locked = take(&t, 1) != 0;
            it->alignment = 1U << take(&t, 2);
            l.live++;
        }
    }
    l.done = take(&t, 4);
    l.free_slots = take(&t, 3);
    l.trailing = l.free_slots != 0 ? take(&t, 3) : 0;
    return l;
}

/* ------------------------------------------------------------------------------------------------------------- viewing */

static item view_item(const defrag_pool *pool, uint32_t g)
{
    word_t h = header(pool, g);
    item it = { .role = HOLE, .granules = size_in(h), .alignment = 1 };
    if ((h & IS_HOLE) != 0) {
        for (uint32_t at = previous_hole(pool, g); at < IN_BIN; at = previous_hole(pool, at)) {
            it.rank++;
        }
        return it;
    }
    word_t e = entry(pool, owner_in(h));
    if (defrag_in_flight(pool) && pool->flight_to == g) {
        it.role = RESERVED;
        return it;
    }
    it.role = locks_in(e) == IN_FLIGHT ? FLYING : BLOCK;
    it.locked = it.role == BLOCK && locks_in(e) != UNLOCKED;
    it.alignment = alignment_at(pool, g);
    return it;
}

static uint32_t view_trailing(const defrag_pool *pool, uint32_t free_slots)
{
    uint32_t is_free = 0;
    uint32_t slot = first_free_slot(pool);
    for (uint32_t i = 0; i < free_slots; i++) {
        is_free |= 1U << slot;
        slot = index_in(entry(pool, slot));
    }
    uint32_t trailing = 0;
    while (trailing < free_slots && (is_free >> (pool->slots - 1 - trailing) & 1) != 0) {
        trailing++;
    }
    return trailing;
}

layout state_view(const defrag_pool *pool)
{
    layout l = { .live = live_in(pool->in_use),
                 .free_slots = pool->slots - live_in(pool->in_use),
                 .done = pool->flight_done };
    for (uint32_t g = defrag_first_block(pool); g != pool->top && l.count < MOST_ITEMS; g += size_at(pool, g)) {
        l.items[l.count++] = view_item(pool, g);
    }
    l.trailing = view_trailing(pool, l.free_slots);
    return l;
}

/* ------------------------------------------------------------------------------------------------------------ building */

/* Free slots, and live ones, upwards. */
typedef struct slots {
    uint32_t free[MOST_SLOTS];
    uint32_t live[MOST_SLOTS];
} slots;

static slots choose_slots(const layout *l, const choice *chosen)
{
    slots s = { { 0 }, { 0 } };
    uint32_t last = l->live + l->free_slots - l->trailing; /* live slot, and one more */
    uint32_t lowest = l->free_slots - l->trailing - chosen->run;
    uint32_t count = 0;
    for (uint32_t i = 0; i < l->trailing; i++) {
        s.free[count++] = last + l->trailing - 1 - i;
    }
    for (uint32_t i = 0; i < lowest; i++) {
        s.free[count++] = i;
    }
    for (uint32_t i = 0; i < chosen->run; i++) {
        s.free[count++] = last - 2 - i;
    }
    for (uint32_t i = 0; i + 1 < l->live; i++) {
        s.live[i] = lowest + i;
    }
    if (l->live != 0) {
        s.live[l->live - 1] = last - 1;
    }
    return s;
}

static word_t generation_of(const choice *chosen, uint32_t slot)
{
    return ((word_t)(chosen->past * (slot + 1)) << GENERATION_SHIFT) & GENERATION_MASK;
}

static uint32_t lock_of(const choice *chosen, uint32_t number)
{
    uint32_t drawn = (chosen->locks >> 4 * number) % (DEFRAG_MAX_SHARED_LOCKS + 1);
    return drawn == 0 ? EXCLUSIVE : drawn; /* shared by so many */
}

static void build_queue(defrag_pool *pool, const layout *l, const choice *chosen)
{
    slots s = choose_slots(l, chosen);
    set_slots(pool, l->live + l->free_slots);
    for (uint32_t i = 0; i < l->free_slots; i++) {
        uint32_t slot = s.free[(chosen->turn + i) % l->free_slots];
        defrag_append_free_slot(pool, slot, 0, generation_of(chosen, slot));
    }
}

/* Enters a block into the model's books, and gives it contents. */
static void know(model *m, const item *it, uint32_t slot, word_t e)
{
    defrag_pool *pool = m->pool;
    uint32_t locks = locks_in(e);
    defrag_handle handle = handle_of(pool, slot, e);
    model_block *block = model_place(m, handle);
    *block = (model_block){ .handle = handle,
                            .usable = usable_bytes(it->granules) - tail_bytes(e),
                            .offset = usable_offset(index_in(e)),
                            .seed = (slot + 1) * 0x85EBCA6BU,
                            .alignment = (uint16_t)(it->alignment * GRANULE),
                            .shared = (uint8_t)(it->locked && locks != EXCLUSIVE ? locks : 0),
                            .exclusive = locks == EXCLUSIVE,
                            .seen = m->seen };
    m->live++;
    m->locked += it->locked;
    m->used += it->granules;
    m->slack += block->alignment - m->granule;
    model_fill(block, m->memory + block->offset, 0);
}

static void build_block(model *m, const item *it, uint32_t g, uint32_t slot, uint32_t locks, word_t generation)
{
    defrag_pool *pool = m->pool;
    word_t e = generation | (word_t)locks << LOCKS_SHIFT | (it->alignment > 1 ? OVER_ALIGNED : 0) | g;
    *entry_at(pool, slot) = e;
    defrag_set_alignment(pool, g, it->granules, it->alignment);
    know(m, it, slot, e);
}

/* Fills the arena but for the holes, of which only places are noted. */
static uint32_t build_items(model *m, const layout *l, const choice *chosen, uint32_t places[MOST_ITEMS])
{
    defrag_pool *pool = m->pool;
    slots s = choose_slots(l, chosen);
    uint32_t g = defrag_first_block(pool);
    uint32_t number = 0;
    uint32_t flying = 0;
    bool hole_before = false;
    for (uint32_t i = 0; i < l->count; g += l->items[i++].granules) {
        const item *it = &l->items[i];
        places[i] = g;
        if (it->role == BLOCK || it->role == FLYING) {
            uint32_t slot = s.live[chosen->order[number]];
            uint32_t locks = it->role == FLYING ? IN_FLIGHT : it->locked ? lock_of(chosen, number) : UNLOCKED;
            set_header(pool, g, block_header(slot, it->granules) | (hole_before ? HOLE_BEFORE : 0));
            build_block(m, it, g, slot, locks, generation_of(chosen, slot));
            flying = it->role == FLYING ? slot + 1 : flying;
            number++;
        } else if (it->role == RESERVED) {
            set_header(pool, g,
                       hole_before ? HOLE_BEFORE | block_header(0, it->granules) : block_header(0, it->granules));
            pool->flight_to = (half_t)g;
        }
        hole_before = it->role == HOLE;
    }
    pool->flight_slot = (half_t)flying;
    pool->flight_done = (half_t)l->done;
    return g;
}

/* Names the owner in the reserved place and copies what is said to be copied. */
static void build_flight(defrag_pool *pool)
{
    uint32_t to = pool->flight_to;
    uint32_t slot = pool->flight_slot - 1U;
    uint32_t from = index_in(entry(pool, slot));
    uint32_t bytes = pool->flight_done * (uint32_t)GRANULE;
    set_header(pool, to, header(pool, to) | block_header(slot, 0));
    if (bytes != 0) {
        memcpy((unsigned char *)pool + usable_offset(to), (unsigned char *)pool + usable_offset(from), bytes - WORD);
    }
}

/* The first of a list is linked last. */
static void build_holes(defrag_pool *pool, const layout *l, const uint32_t places[MOST_ITEMS])
{
    for (uint32_t rank = MOST_ITEMS; rank-- != 0;) {
        for (uint32_t i = 0; i < l->count; i++) {
            if (l->items[i].role == HOLE && l->items[i].rank == rank) {
                defrag_link_hole(pool, places[i], l->items[i].granules);
            }
        }
    }
}

static void build_past(model *m, const choice *chosen)
{
    defrag_pool *pool = m->pool;
    m->peak_live = pool->slots;
    m->peak_used = m->used;
    m->refused = chosen->past;
    m->largest_refused = chosen->past % 100;
    pool->in_use = m->live * ONE_BLOCK + m->used;
    pool->peak = pool->slots * ONE_BLOCK + m->used;
    pool->high_water = pool->top;
    pool->seed = (half_t)(chosen->past & ((1U << GENERATION_BITS) - 1));
    pool->refused = m->refused;
    pool->largest_refused = m->largest_refused;
    pool->moved_bytes[0] = 0U - chosen->past;
    pool->moved_blocks[0] = 0U - chosen->past;
}

static void seal(defrag_pool *pool)
{
    pool->seal = defrag_seal_from(pool, offsetof(defrag_pool, peak));
    for (uint32_t slot = 0; slot < pool->slots; slot++) {
        pool->seal ^= entry(pool, slot);
    }
}

void state_build(model *m, const layout *l, const choice *chosen)
{
    uint32_t places[MOST_ITEMS];
    defrag_pool *pool = m->pool;
    build_queue(pool, l, chosen);
    pool->top = (half_t)build_items(m, l, chosen, places);
    if (pool->flight_slot != 0) {
        build_flight(pool);
        m->copy_under_way = true;
    }
    build_holes(pool, l, places);
    build_past(m, chosen);
    seal(pool);
}

uint32_t state_which(const model *m, uint32_t number)
{
    for (uint32_t place = 0; place < m->places; place++) {
        if (m->blocks[place].handle == DEFRAG_NO_HANDLE) {
            continue;
        }
        uint32_t below = 0;
        for (uint32_t other = 0; other < m->places; other++) {
            bool live = m->blocks[other].handle != DEFRAG_NO_HANDLE;
            below += live && m->blocks[other].offset < m->blocks[place].offset;
        }
        if (below == number) {
            return place;
        }
    }
    return 0;
}

/* ----------------------------------------------------------------------------------------------------------- potential */

potential state_potential(const defrag_pool *pool)
{
    potential p = { 0, 0, 0 };
    uint64_t free = 0;
    for (uint32_t g = defrag_first_block(pool); g != pool->top; g += size_at(pool, g)) {
        word_t h = header(pool, g);
        bool is_block = (h & IS_HOLE) == 0;
        word_t e = is_block ? entry(pool, owner_in(h)) : 0;
        if (!is_block || (locks_in(e) == IN_FLIGHT && index_in(e) == g)) {
            free += size_in(h);
            continue;
        }
        p.squares += free * free;
        free = 0;
        p.places += g;
        p.aligned += (e & OVER_ALIGNED) != 0 ? g : 0;
    }
    free += (uint32_t)defrag_wilderness(pool, pool->slots);
    p.squares += free * free;
    return p;
}

static int fallen(uint64_t before, uint64_t after)
{
    return (after < before) - (before < after);
}

int potential_compare(potential before, potential after)
{
    int better = fallen(before.aligned, after.aligned);
    better = better != 0 ? better : -fallen(before.squares, after.squares);
    return better != 0 ? better : fallen(before.places, after.places);
}

uint64_t state_moves(const defrag_pool *pool)
{
    return ((uint64_t)pool->moved_blocks[1] << 32 | pool->moved_blocks[0]) + defrag_in_flight(pool);
}

/* ------------------------------------------------------------------------------------------------- verified before or not */

books state_books(const model *m)
{
    return (books){ .memory = (uintptr_t)m->memory,
                    .live = m->live,
                    .locked = m->locked,
                    .used = m->used,
                    .slack = m->slack,
                    .peak_live = m->peak_live,
                    .peak_used = m->peak_used,
                    .high_end = m->high_end,
                    .past = m->may_have_moved + 2U * m->copy_under_way };
}

/* Of whole 32 bytes. Four sums at a time, as multiplying is slow, but can be begun anew each cycle. */
static uint32_t hash(const unsigned char *bytes, uint32_t count)
{
    uint64_t sums[4] = { 1, 2, 3, 4 };
    for (uint32_t i = 0; i + sizeof sums <= count; i += sizeof sums) {
        uint64_t words[4];
        memcpy(words, bytes + i, sizeof words);
        for (uint32_t j = 0; j < 4; j++) {
            sums[j] = (sums[j] ^ words[j]) * 0x9E3779B97F4A7C15U;
            sums[j] ^= sums[j] >> 32;
        }
    }
    return (uint32_t)((sums[0] ^ sums[1] ^ sums[2] ^ sums[3]) * 0xBF58476D1CE4E5B9U >> 32);
}

uint32_t state_copy(const defrag_pool *pool, uint32_t bytes, unsigned char *copy)
{
    enum { FROM = offsetof(defrag_pool, refused), TO = offsetof(defrag_pool, observer) };
    defrag_pool control;
    memcpy(copy, pool, bytes);
    memset(copy + FROM, 0, TO - FROM);
    memcpy(&control, copy, sizeof control);
    control.seal ^= defrag_seal_from(pool, FROM) ^ defrag_seal_from(pool, TO) ^ control.cursor;
    control.cursor = 0;
    memcpy(copy, &control, sizeof control);
    return hash(copy, bytes);
}

bool state_refusals_agree(const model *m)
{
    return m->pool->refused == m->refused && m->pool->largest_refused == m->largest_refused;
}

/* -------------------------------------------------------------------------------------------------------------- cursor */

void state_set_cursor(defrag_pool *pool, uint32_t cursor)
{
    uint32_t value = cursor;
    uint32_t passed = 1;
    for (uint32_t g = defrag_first_block(pool); passed < cursor; g += size_at(pool, g)) {
        word_t h = header(pool, g);
        if ((h & IS_HOLE) == 0 && !(defrag_in_flight(pool) && pool->flight_to == g)) {
            value = owner_in(h) + 2;
            passed++;
        }
    }
    defrag_set_half(pool, &pool->cursor, value);
}

/* ------------------------------------------------------------------------------------------------------------- drawing */

void state_draw(pool_state s, char text[64])
{
    layout l = state_unpack(s);
    char *at = text;
    char letter = 'a';
    for (uint32_t i = 0; i < l.count; i++) {
        const item *it = &l.items[i];
        bool block = it->role == BLOCK || it->role == FLYING;
        char shape = it->role == HOLE ? '.' : it->role == RESERVED ? '~' : it->locked ? (char)(letter - 32) : letter;
        letter = (char)(letter + block);
        for (uint32_t g = 0; g < it->granules; g++) {
            *at++ = shape;
        }
        *at++ = '|';
    }
    snprintf(at, 24, " %u free slots, %u last", l.free_slots, l.trailing);
}
