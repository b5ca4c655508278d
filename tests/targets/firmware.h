/* SPDX-License-Identifier: MIT
 *
 * Runs tests in plain C on a target, and reports them to the host in the Test Anything Protocol. */
#ifndef DEFRAG_TESTS_TARGETS_FIRMWARE_H
#define DEFRAG_TESTS_TARGETS_FIRMWARE_H

#include "ground.h"

typedef struct firmware_test {
    const char *name;
    bool (*run)(ground *g);
} firmware_test;

/* What the program consists of: a list of tests, such as THEOREM, as firmware. */
#define FIRMWARE_ENTRY(group, name) { #group " " #name, group##_##name },
#define FIRMWARE(GROUP)                                                                                                \
    const firmware_test firmware_tests[] = { GROUP(FIRMWARE_ENTRY) };                                                  \
    const size_t firmware_count = sizeof firmware_tests / sizeof firmware_tests[0]

extern const firmware_test firmware_tests[];
extern const size_t firmware_count;

#endif
