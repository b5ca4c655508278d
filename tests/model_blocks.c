/* SPDX-License-Identifier: MIT
 *
 * The model's table of blocks, and the patterns in them. */
#include "model_internal.h"

static uint32_t home_of(const model *m, defrag_handle handle)
{
    return (handle * 0x9E3779B1U >> 7) & (m->places - 1);
}

model_block *model_place(const model *m, defrag_handle handle)
{
    uint32_t i = home_of(m, handle);
    while (m->blocks[i].handle != DEFRAG_NO_HANDLE && m->blocks[i].handle != handle) {
        i = (i + 1) & (m->places - 1);
    }
    return &m->blocks[i];
}

model_block *model_find(const model *m, defrag_handle handle)
{
    model_block *place = model_place(m, handle);
    return place->handle == DEFRAG_NO_HANDLE ? NULL : place;
}

/* Blocks after the gap that were pushed on from it, or from before it, move back, so that every search still ends right. */
void model_remove(model *m, model_block *block)
{
    uint32_t mask = m->places - 1;
    uint32_t gap = (uint32_t)(block - m->blocks);
    for (uint32_t i = (gap + 1) & mask; m->blocks[i].handle != DEFRAG_NO_HANDLE; i = (i + 1) & mask) {
        uint32_t pushed = (i - home_of(m, m->blocks[i].handle)) & mask;
        if (pushed >= ((i - gap) & mask)) {
            m->blocks[gap] = m->blocks[i];
            gap = i;
        }
    }
    m->blocks[gap].handle = DEFRAG_NO_HANDLE;
}

const model_block *model_pick(const model *m, uint32_t which)
{
    return model_choose(m, which);
}

model_block *model_choose(const model *m, uint32_t which)
{
    if (m->live == 0) {
        return NULL;
    }
    uint32_t i = which & (m->places - 1);
    while (m->blocks[i].handle == DEFRAG_NO_HANDLE) {
        i = (i + 1) & (m->places - 1);
    }
    return &m->blocks[i];
}

/* Byte i depends on the seed and i alone, so that a block can grow and shrink and keep its pattern. */
static unsigned char pattern(uint32_t seed, uint32_t i)
{
    return (unsigned char)((seed ^ i) * 0x9E3779B1U >> 24);
}

void model_fill(const model_block *block, void *address, uint32_t from)
{
    unsigned char *bytes = address;
    for (uint32_t i = from; i < block->usable; i++) {
        bytes[i] = pattern(block->seed, i);
    }
}

bool model_matches(const model_block *block, const void *address, uint32_t bytes)
{
    const unsigned char *actual = address;
    unsigned char wrong = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        wrong |= (unsigned char)(actual[i] ^ pattern(block->seed, i));
    }
    return wrong == 0;
}
