/* SPDX-License-Identifier: MIT
 * What the device keeps in its heap. */
#include "object.h"

#include <stdlib.h>
#include <string.h>

/* What a block takes at most in any of the heaps, and what they need for themselves. */
enum { ROUNDING = 8, OVERHEAD = 8, OWN = 256 };

account heap_account;

static uint32_t cost(uint32_t bytes)
{
    return (bytes + ROUNDING - 1) / ROUNDING * ROUNDING + OVERHEAD;
}

static void hold(uint32_t bytes)
{
    heap_account.live_bytes += cost(bytes);
    if (heap_account.live_bytes > heap_account.peak_bytes) {
        heap_account.peak_bytes = heap_account.live_bytes;
    }
}

static bool refuse(uint32_t bytes, uint32_t given_back)
{
    uint32_t need = heap_account.live_bytes - given_back + cost(bytes) + OWN;
    if (need > HEAP_BYTES) {
        heap_account.overloads++;
    } else if (heap_account.refused++ == 0) {
        heap_account.refused_bytes = bytes;
        heap_account.refused_free = (uint32_t)HEAP_BYTES - heap_account.live_bytes;
    }
    return false;
}

/* The marks are where a block that is moved wrongly, or cut, would lose them. */
static void sign(const object *signed_one)
{
    unsigned char *bytes = heap_hold(signed_one->block);
    memcpy(bytes, &signed_one->mark, sizeof signed_one->mark);
    memcpy(bytes + signed_one->bytes - sizeof signed_one->mark, &signed_one->mark, sizeof signed_one->mark);
    heap_release(signed_one->block);
}

static void verify(const object *kept)
{
    const unsigned char *bytes = heap_hold(kept->block);
    uint32_t first;
    uint32_t last;
    memcpy(&first, bytes, sizeof first);
    memcpy(&last, bytes + kept->bytes - sizeof last, sizeof last);
    heap_release(kept->block);
    if (first != kept->mark || last != kept->mark) {
        abort();
    }
}

bool object_make(object *made, uint32_t bytes)
{
    static uint32_t marks;
    *made = (object){ heap_take(bytes), bytes, ++marks };
    heap_account.requests++;
    if (made->block == 0) {
        return refuse(bytes, 0);
    }
    hold(bytes);
    sign(made);
    return true;
}

bool object_resize(object *changed, uint32_t bytes)
{
    heap_account.requests++;
    verify(changed);
    if (!heap_resize(&changed->block, bytes)) {
        return refuse(bytes, cost(changed->bytes));
    }
    heap_account.live_bytes -= cost(changed->bytes);
    hold(bytes);
    changed->bytes = bytes;
    sign(changed);
    return true;
}

void object_drop(object *dropped)
{
    if (dropped->block == 0) {
        return;
    }
    verify(dropped);
    heap_give(dropped->block);
    heap_account.live_bytes -= cost(dropped->bytes);
    dropped->block = 0;
}
