/* SPDX-License-Identifier: MIT
 *
 * Options that programs with a seed have in common. */
#ifndef DEFRAG_TESTS_OPTIONS_H
#define DEFRAG_TESTS_OPTIONS_H

#include "random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline void option_refuse(const char *program, const char *what)
{
    fprintf(stderr, "%s: %s.\n", program, what);
    exit(2);
}

static inline uint64_t option_number(const char *program, const char *text)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 0);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0) {
        option_refuse(program, "a seed or a number must be a whole one that fits 64 bits");
    }
    return value;
}

/* A seed that no run before has had, short enough to type. */
static inline uint64_t option_new_seed(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    random_source source = { (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec };
    return random_64(&source) >> 32;
}

#endif
