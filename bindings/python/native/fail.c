/* SPDX-License-Identifier: MIT
 * How the programs of this folder refuse. */
#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_BAD_INPUT);
}

void parse_common(int key, const struct argp_state *state, int *next)
{
    if (key == 'h') {
        argp_help(state->root_argp, stdout, ARGP_HELP_LONG | ARGP_HELP_DOC | ARGP_HELP_USAGE,
                  program_invocation_short_name);
        exit(EXIT_SUCCESS);
    }
    if (key < ARGP_KEY_END) {
        *next = state->next;
    }
}

void parse_or_fail(const struct argp *argp, int count, char **arguments, unsigned flags, void *input, const int *next)
{
    if (argp_parse(argp, count, arguments, flags | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, input) == 0) {
        return;
    }
    int i = *next;
    while (i < count - 1 && arguments[i][0] != '-') {
        i++;
    }
    fail("the option '%s' is unknown, or its value is missing or unwanted; see %s --help", arguments[i],
         program_invocation_short_name);
}
