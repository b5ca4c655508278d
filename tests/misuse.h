/* SPDX-License-Identifier: MIT
 *
 * Misuse: each kind gets its own error, and not one bit of the pool changes. */
#ifndef DEFRAG_TESTS_MISUSE_H
#define DEFRAG_TESTS_MISUSE_H

#include "ground.h"

#define MISUSE(TEST)                                                                                                   \
    TEST(misuse, without_a_pool_every_call_says_so)                                                                    \
    TEST(misuse, memory_that_is_no_pool_is_recognised)                                                                 \
    TEST(misuse, the_null_handle_is_never_valid)                                                                       \
    TEST(misuse, a_freed_handle_is_refused_by_every_call)                                                              \
    TEST(misuse, a_handle_is_refused_by_every_call_until_it_is_given)                                                  \
    TEST(misuse, every_handle_ever_issued_is_refused_after_every_operation_once_it_is_freed)                           \
    TEST(misuse, handles_of_a_pool_with_another_tag_are_refused)                                                       \
    TEST(misuse, pools_without_a_tag_draw_one_from_their_address)                                                      \
    TEST(misuse, a_million_random_handles_are_refused_unless_they_are_live_by_chance)                                  \
    TEST(misuse, bad_requests_leave_the_pool_as_it_is)                                                                 \
    TEST(misuse, pools_at_every_offset_and_of_every_size_are_made_or_refused_with_a_reason)                            \
    TEST(misuse, an_overrun_of_a_block_is_noticed_when_its_neighbour_is_freed)

#define DECLARE(group, name) bool group##_##name(ground *g);
MISUSE(DECLARE)
#undef DECLARE

#endif
