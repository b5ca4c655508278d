/* SPDX-License-Identifier: MIT
 *
 * Everything that can be asked of a pool in a state, each asked of the real code and judged by the model. */
#ifndef DEFRAG_TESTS_EXPAND_H
#define DEFRAG_TESTS_EXPAND_H

#include "state.h"

/* An operation: a kind of the model's, or one of these, and what it means here. Sizes are in granules. */
enum {
    ASK_LADDER = MODEL_KINDS, /* block: every kind of lock, up and down again */
    ASK_KINDS
};

typedef struct question {
    uint8_t kind;
    uint8_t a; /* which block, or granules */
    uint8_t b;
    uint8_t c;
} question;

enum { BUDGETS = 5 };

/* What was found over all states. */
typedef struct findings {
    uint64_t asked;
    uint64_t varied; /* of these, how many came to the same when what is left out of a state was another */
    uint32_t most_steps[BUDGETS];
} findings;

typedef struct limits {
    size_t bytes;
    uint32_t handles;
    uint32_t locked;    /* blocks at a time */
    uint32_t alignment; /* the largest, in granules */
} limits;

/* A pool that was verified by these books: the same need not be verified again, while it is remembered. */
typedef struct verdict {
    unsigned char image[MOST_BYTES];
    model_block blocks[PLACES];
    books books;
    pool_state to;
} verdict;

enum { VERDICTS = 256 };

/* A place to work. Pointers lead into it, so it stays where it is. */
typedef struct bench {
    _Alignas(1024) unsigned char memory[MOST_BYTES];
    _Alignas(1024) unsigned char spare[MOST_BYTES];
    _Alignas(1024) unsigned char scratch[MOST_BYTES];
    _Alignas(64) unsigned char empty_memory[MOST_BYTES];
    _Alignas(64) unsigned char saved_memory[MOST_BYTES];
    model_block blocks[PLACES];
    model_block saved_blocks[PLACES];
    model m;
    model empty;
    model saved;
    verdict verdicts[VERDICTS];
    potential before; /* the question */
    uint64_t moves;   /* before a step */
    limits within;
    findings found;
    question asked; /* last */
    const char *failure;
    int line;
} bench;

/* Told of each state that an operation leads to, often of the same. */
typedef void expand_visit(void *context, pool_state to, question by);

/* False if an empty pool cannot even be made. Tells its state. */
bool bench_init(bench *b, const limits *within, pool_state *start);

/* Asks everything in this state; false once something is wrong, which the bench says. */
bool bench_expand(bench *b, pool_state from, expand_visit *visit, void *context);

/* The budgets, in granules and looks, with which the longest way to the end was looked for. */
extern const uint32_t budgets[BUDGETS][2];

void question_describe(question q, char text[96]);

#endif
