/* SPDX-License-Identifier: MIT
 *
 * What the unit tests use of Criterion, for thousands of runs: a test is a process made by fork, where Criterion starts a
 * program anew for each, and the first that fails ends the run. */
#ifndef DEFRAG_TESTS_CRITERION_H
#define DEFRAG_TESTS_CRITERION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *group;
    const char *name;
    void (*run)(void);
    double timeout;
} unit_test;

#define Test(GROUP, NAME, ...)                                                                                         \
    static void GROUP##_##NAME##_test(void);                                                                           \
    __attribute__((section("unit_tests"), used,                                                                        \
                   aligned(sizeof(unit_test)))) static const unit_test GROUP##_##NAME##_entry = {                      \
        #GROUP, #NAME, GROUP##_##NAME##_test, __VA_ARGS__                                                              \
    };                                                                                                                 \
    static void GROUP##_##NAME##_test(void)

#define cr_assert(CONDITION, ...) ((CONDITION) ? (void)0 : exit(1))
#define cr_assert_not(CONDITION, ...) cr_assert(!(CONDITION))
#define cr_assert_eq(A, B, ...) cr_assert((A) == (B))
#define cr_assert_neq(A, B, ...) cr_assert((A) != (B))
#define cr_assert_lt(A, B, ...) cr_assert((A) < (B))
#define cr_assert_leq(A, B, ...) cr_assert((A) <= (B))
#define cr_assert_gt(A, B, ...) cr_assert((A) > (B))
#define cr_assert_geq(A, B, ...) cr_assert((A) >= (B))
#define cr_assert_null(A, ...) cr_assert((A) == NULL)
#define cr_assert_not_null(A, ...) cr_assert((A) != NULL)
#define cr_assert_arr_eq(A, B, BYTES, ...) cr_assert(memcmp((A), (B), (BYTES)) == 0)
#define cr_assert_str_neq(A, B, ...) cr_assert(strcmp((A), (B)) != 0)

#endif
