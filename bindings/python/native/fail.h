/* SPDX-License-Identifier: MIT
 * How the programs of this folder read their command lines, and how they refuse: with one sentence and code 2. */
#ifndef FAIL_H
#define FAIL_H

#include <argp.h>

enum { EXIT_BAD_INPUT = 2 };

__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

/* argp refuses in two lines unless it is silent, but then its own --help is silent too. So each parser names
 * HELP_OPTION among its options and calls parse_common first, which also keeps in *next how far the command line was
 * understood. */
#define HELP_OPTION { "help", 'h', NULL, 0, "Show this help", -1 }
void parse_common(int key, const struct argp_state *state, int *next);

void parse_or_fail(const struct argp *argp, int count, char **arguments, unsigned flags, void *input, const int *next);

#endif
