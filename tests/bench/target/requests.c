/* SPDX-License-Identifier: MIT */
#include "requests.h"

const char *const workload_names[WORKLOADS] = { "gateway", "strings", "steady", "slices" };

enum { MEAN_COST = 80, LONGEST_LIFE = 32767, SLICE_SLOTS = 512 };

/* --------------------------------------------------------------------------------------------------------------- slots */

static bool dies_before(const requests *r, uint32_t a, uint32_t b)
{
    uint16_t lead = (uint16_t)(r->death[r->order[a]] - r->death[r->order[b]]);
    return lead >= 0x8000;
}

static void exchange(requests *r, uint32_t a, uint32_t b)
{
    uint16_t slot = r->order[a];
    r->order[a] = r->order[b];
    r->order[b] = slot;
    r->place[r->order[a]] = (uint16_t)a;
    r->place[slot] = (uint16_t)b;
}

static void rise(requests *r, uint32_t at)
{
    while (at != 0 && dies_before(r, at, (at - 1) / 2)) {
        exchange(r, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void sink(requests *r, uint32_t at)
{
    for (;;) {
        uint32_t first = 2 * at + 1;
        if (first + 1 < r->live && dies_before(r, first + 1, first)) {
            first++;
        }
        if (first >= r->live || !dies_before(r, first, at)) {
            return;
        }
        exchange(r, first, at);
        at = first;
    }
}

static uint32_t load_of(const requests *r, uint32_t bytes)
{
    return r->payload_only ? bytes : ((bytes + 11) & ~(uint32_t)7) + 4;
}

static request give(requests *r, uint32_t slot, uint32_t bytes)
{
    r->bytes[slot] = (uint16_t)bytes;
    r->death[slot] = (uint16_t)(r->allocated + r->lifetime);
    r->load += load_of(r, bytes);
    r->allocated++;
    exchange(r, r->place[slot], r->live);
    rise(r, r->live++);
    return (request){ REQUEST_ALLOC, slot, bytes };
}

static request take(requests *r, uint32_t at)
{
    uint32_t slot = r->order[at];
    r->load -= load_of(r, r->bytes[slot]);
    r->bytes[slot] = 0;
    exchange(r, at, --r->live);
    if (at < r->live) {
        rise(r, at);
        sink(r, at);
    }
    return (request){ REQUEST_FREE, slot, 0 };
}

static uint32_t any_live(requests *r)
{
    return r->order[random_below(&r->source, r->live)];
}

/* ----------------------------------------------------------------------------------------------------------- workloads */

/* Blocks that the pool holds, about. */
static uint32_t population(const requests *r)
{
    return r->pool / MEAN_COST;
}

static uint32_t between(requests *r, uint32_t low, uint32_t high)
{
    return low + random_below(&r->source, high - low + 1);
}

static uint32_t packet_bytes(requests *r)
{
    uint32_t class = random_below(&r->source, 10);
    return class < 6 ? between(r, 64, 128) : class < 9 ? between(r, 129, 576) : between(r, 577, 1500);
}

static uint32_t draw_gateway(requests *r)
{
    uint32_t most = r->pool / 8; /* a small device has small packets */
    if (random_below(&r->source, 10) < 7) {
        r->lifetime = 1 + random_below(&r->source, 4 * population(r));
        return random_size(&r->source, 16, 96);
    }
    r->lifetime = population(r) / 8 + random_below(&r->source, 8);
    uint32_t bytes = packet_bytes(r);
    return bytes < most ? bytes : most;
}

static uint32_t draw_strings(requests *r)
{
    r->lifetime = 1 + population(r) / 16 + random_below(&r->source, 8);
    while (random_below(&r->source, 2) != 0 && r->lifetime < LONGEST_LIFE / 2) {
        r->lifetime *= 2;
    }
    return random_size(&r->source, 4, random_below(&r->source, 50) == 0 ? 1024 : 256);
}

static uint32_t draw_steady(requests *r)
{
    uint32_t class = random_below(&r->source, 100);
    r->lifetime = LONGEST_LIFE;
    return class < 80 ? between(r, 8, 64) : class < 98 ? between(r, 65, 256) : between(r, 257, 1024);
}

static uint32_t draw(requests *r)
{
    uint32_t (*const draws[])(requests *) = { draw_gateway, draw_strings, draw_steady };
    uint32_t bytes = draws[r->workload](r);
    r->lifetime = r->lifetime < LONGEST_LIFE ? r->lifetime : LONGEST_LIFE;
    return bytes;
}

/* Lengthens a string by half, or makes room for one that has become too long to be a string. */
static request lengthen(requests *r)
{
    uint32_t slot = any_live(r);
    uint32_t bytes = r->bytes[slot] + r->bytes[slot] / 2U + 1;
    uint32_t more = load_of(r, bytes) - load_of(r, r->bytes[slot]);
    if (bytes > 1024 || r->load + more > r->limit) {
        return take(r, r->place[slot]);
    }
    r->load += more;
    r->bytes[slot] = (uint16_t)bytes;
    return (request){ REQUEST_RESIZE, slot, bytes };
}

static request next_slice(requests *r)
{
    uint32_t slot = r->next;
    r->next = (slot + 1) % SLICE_SLOTS;
    if (r->bytes[slot] == 0) {
        return give(r, slot, 4 * between(r, 1, r->pool / 256 - 1));
    }
    return random_below(&r->source, 10) != 0 ? take(r, r->place[slot]) : (request){ REQUEST_USE, slot, 0 };
}

static uint32_t victim(requests *r)
{
    return r->workload == STEADY ? random_below(&r->source, r->live) : 0;
}

request requests_next(requests *r)
{
    if (r->workload == SLICES) {
        return next_slice(r);
    }
    if (r->pending == 0) {
        uint32_t choice = random_below(&r->source, 20);
        if (r->live != 0 && choice < 6) {
            return (request){ REQUEST_USE, any_live(r), 0 };
        }
        if (r->live != 0 && r->workload == STRINGS && choice < 8) {
            return lengthen(r);
        }
        r->pending = draw(r);
    }
    bool due = r->live != 0 && (uint16_t)(r->allocated - r->death[r->order[0]]) < 0x8000;
    bool full = r->load + load_of(r, r->pending) > r->limit || r->live == SLOTS;
    if (r->live != 0 && (full || (due && r->workload != STEADY))) {
        return take(r, victim(r));
    }
    uint32_t bytes = r->pending;
    r->pending = 0;
    return give(r, r->order[r->live], bytes);
}

void requests_progress(requests *r, uint32_t permille)
{
    if (r->workload == STEADY && !r->payload_only) {
        r->limit = r->pool / 100 * (50 + permille * 10 / 1001 * 5);
    }
}

void requests_init(requests *r, uint32_t workload, uint32_t pool, uint32_t limit, uint64_t seed)
{
    static const uint32_t loads[WORKLOADS] = { 75, 80, 50, 100 };
    *r = (requests){ .workload = workload, .pool = pool, .source = { seed } };
    r->payload_only = limit != 0;
    r->limit = limit != 0 ? limit : pool / 100 * loads[workload];
    for (uint32_t i = 0; i < SLOTS; i++) {
        r->order[i] = (uint16_t)i;
        r->place[i] = (uint16_t)i;
    }
}
