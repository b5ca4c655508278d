/* SPDX-License-Identifier: MIT
 * A C library's malloc as the device's heap. Nothing moves, so that holding and idling is nothing. */
#include "heap_malloc.h"

#include "heap.h"
#include "malloc_peer.h"

#include <string.h>

const char heap_name[] = PEER_NAME;

static _Alignas(8) unsigned char memory[HEAP_BYTES];
static size_t end;

void *heap_grow(ptrdiff_t bytes)
{
    if (bytes < 0 || (size_t)bytes > HEAP_BYTES - end) {
        return (void *)-1;
    }
    end += (size_t)bytes;
    return memory + end - bytes;
}

void heap_reset(void)
{
    end = 0;
    peer_forget();
}

heap_block heap_take(size_t bytes)
{
    return (heap_block)peer_malloc(bytes);
}

void heap_give(heap_block block)
{
    peer_free((void *)block);
}

bool heap_resize(heap_block *block, size_t bytes)
{
    void *moved = peer_realloc((void *)*block, bytes);
    if (moved == NULL) {
        return false;
    }
    *block = (heap_block)moved;
    return true;
}

void *heap_hold(heap_block block)
{
    return (void *)block;
}

void heap_release(heap_block block)
{
    (void)block;
}

void heap_idle(void)
{
}

size_t heap_high_water(void)
{
    return end;
}
