/* SPDX-License-Identifier: MIT
 *
 * The theorem: with nothing locked and nothing over-aligned, MAKE_ROOM succeeds if and only if the free bytes suffice. The
 * model judges every answer; these tests lead it to where the theorem is hardest to keep. */
#ifndef DEFRAG_TESTS_THEOREM_H
#define DEFRAG_TESTS_THEOREM_H

#include "ground.h"

#define THEOREM(TEST)                                                                                                  \
    TEST(theorem, it_holds_at_every_load_up_to_100_percent)                                                            \
    TEST(theorem, it_holds_in_a_pool_full_of_the_smallest_blocks)                                                      \
    TEST(theorem, it_holds_for_requests_as_large_as_the_pool)                                                          \
    TEST(theorem, it_holds_in_the_smallest_pools)                                                                      \
    TEST(theorem, it_holds_in_a_large_pool)                                                                            \
    TEST(theorem, exactly_the_free_bytes_are_granted_and_one_more_granule_is_not)                                      \
    TEST(theorem, after_compact_fast_succeeds_exactly_if_the_free_bytes_suffice)                                       \
    TEST(theorem, unused_handle_slots_at_the_end_of_the_table_count_as_free_bytes)                                     \
    TEST(theorem, a_request_refused_for_want_of_bytes_does_not_shorten_the_table)                                      \
    TEST(theorem, a_full_heap_clears_its_top_for_a_new_handle_slot)                                                    \
    TEST(theorem, clearing_the_top_for_a_slot_moves_only_the_last_block_if_a_hole_takes_it)                            \
    TEST(theorem, an_over_aligned_request_is_served_if_its_slack_is_free_too)                                          \
    TEST(theorem, over_aligned_blocks_waste_at_most_their_slack)

#define DECLARE(group, name) bool group##_##name(ground *g);
THEOREM(DECLARE)
#undef DECLARE

#endif
