/* SPDX-License-Identifier: MIT
 *
 * A claim is a function that tells whether something holds for its arguments, and is to be true for all of them: what it does
 * not speak of included. formula.py proves it. */
#ifndef CLAIM_H
#define CLAIM_H

#define CLAIM(name, ...)                                                                                               \
    bool claim_##name(__VA_ARGS__);                                                                                    \
    bool claim_##name(__VA_ARGS__)

#endif
