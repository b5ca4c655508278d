/* SPDX-License-Identifier: MIT
 *
 * The recorder's table of blocks, against a plain array. */
#include "random.h"
#include "record_blocks.h"
#include "support.h"

#include <inttypes.h>

enum { ADDRESSES = 20000, STEPS = 400000, SPACING = 16 };

static const void *address_of(uint32_t i)
{
    static const char heap[(ADDRESSES + 1) * SPACING];
    return &heap[(size_t)i * SPACING];
}

Test(record_blocks, every_live_address_keeps_its_number_and_no_two_share_one)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    static uint32_t number_of[ADDRESSES];
    static bool is_taken[ADDRESSES];
    record_blocks blocks = { 0 };
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        number_of[i] = NO_BLOCK;
    }
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t i = random_below(&source, ADDRESSES);
        uint32_t number = record_blocks_take(&blocks, address_of(i));
        cr_assert_eq(number, number_of[i], "step %" PRIu32 ", DEFRAG_SEED=%" PRIu64, step, seed);
        if (number == NO_BLOCK) {
            number = record_blocks_add(&blocks, address_of(i));
            cr_assert_lt(number, ADDRESSES, "numbers are dense, DEFRAG_SEED=%" PRIu64, seed);
            cr_assert_not(is_taken[number], "step %" PRIu32 ", DEFRAG_SEED=%" PRIu64, step, seed);
            is_taken[number] = true;
            number_of[i] = number;
        } else if (random_below(&source, 2) == 0) {
            record_blocks_put_back(&blocks, address_of(i), number);
        } else {
            record_blocks_recycle(&blocks, number);
            is_taken[number] = false;
            number_of[i] = NO_BLOCK;
        }
    }
}

Test(record_blocks, a_new_number_is_used_only_when_none_is_free)
{
    record_blocks blocks = { 0 };
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        cr_assert_eq(record_blocks_add(&blocks, address_of(i)), i);
    }
    for (uint32_t i = 0; i < ADDRESSES; i += 2) {
        record_blocks_recycle(&blocks, record_blocks_take(&blocks, address_of(i)));
    }
    for (uint32_t i = 0; i < ADDRESSES; i += 2) {
        cr_assert_lt(record_blocks_add(&blocks, address_of(i)), ADDRESSES);
    }
    cr_assert_eq(record_blocks_add(&blocks, address_of(ADDRESSES)), ADDRESSES);
}
