/* SPDX-License-Identifier: MIT */
#include "expand.h"

#include "model_internal.h"

#include <stdio.h>
#include <string.h>

enum { ALL = 255, VARIED_ONE_IN = 64, TURN = 16 };

const uint32_t budgets[BUDGETS][2] = { { 1, 1 }, { 1, ALL }, { 3, 2 }, { ALL, 1 }, { ALL, ALL } };

static bool fail(bench *b, const char *failure, int line)
{
    if (b->failure == NULL) {
        b->failure = failure;
        b->line = line;
    }
    return false;
}

#define DEMAND_OF(b, condition, failure)                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            return fail((b), (failure), __LINE__);                                                                     \
        }                                                                                                              \
    } while (0)

/* ------------------------------------------------------------------------------------------------------------ building */

bool bench_init(bench *b, const limits *within, pool_state *start)
{
    memset(b, 0, sizeof *b);
    b->within = *within;
    model_setup setup = { b->memory, b->spare, b->scratch, within->bytes, 8, b->blocks, PLACES, 1, NULL };
    if (!model_init(&b->m, &setup)) {
        return fail(b, b->m.failure, b->m.line);
    }
    b->empty = b->m;
    b->empty.operations = 1;
    memcpy(b->empty_memory, b->memory, within->bytes);
    layout l = state_view(b->m.pool);
    *start = state_pack(&l);
    return true;
}

static void save(bench *b)
{
    b->saved = b->m;
    memcpy(b->saved_blocks, b->blocks, sizeof b->blocks);
    memcpy(b->saved_memory, b->memory, b->within.bytes);
}

static void restore(bench *b)
{
    b->m = b->saved;
    memcpy(b->blocks, b->saved_blocks, sizeof b->blocks);
    memcpy(b->memory, b->saved_memory, b->within.bytes);
}

static void build(bench *b, const layout *l, const choice *chosen)
{
    b->m = b->empty;
    memset(b->blocks, 0, sizeof b->blocks);
    memcpy(b->memory, b->empty_memory, b->within.bytes);
    memset(b->memory + b->m.first + b->m.header, (int)(chosen->past & 0xFF), b->m.end - b->m.first - b->m.header);
    state_build(&b->m, l, chosen);
}

static bool same(pool_state a, pool_state b)
{
    return a.words[0] == b.words[0] && a.words[1] == b.words[1];
}

static pool_state state_now(const bench *b)
{
    layout l = state_view(b->m.pool);
    return state_pack(&l);
}

/* -------------------------------------------------------------------------------------------------------------- asking */

static uint32_t bytes_of(const bench *b, uint32_t granules, uint32_t alignment)
{
    return granules * b->m.granule - b->m.header - (alignment > 1 ? b->m.tail : 0);
}

static uint32_t budget_of(const bench *b, uint32_t granules)
{
    return granules == ALL ? UINT32_MAX : granules * b->m.granule;
}

static bool is_locked(const model_block *block)
{
    return block->exclusive != 0 || block->shared != 0;
}

static bool unlock(bench *b, uint32_t which)
{
    bool good = true;
    while (good && is_locked(&b->blocks[which])) {
        good = model_perform(&b->m, (model_op){ MODEL_UNLOCK, which, 0, 0 });
    }
    return good;
}

/* Each kind of lock, as often as it goes and once more, with what a lock forbids. */
static bool climb(bench *b, uint32_t which)
{
    static const uint32_t with_exclusive[] = { MODEL_LOCK, MODEL_LOCK, MODEL_LOCK_SHARED, MODEL_FREE, MODEL_UNLOCK };
    uint32_t period = b->m.period;
    b->m.period = 0;
    bool good = unlock(b, which) && model_perform(&b->m, (model_op){ MODEL_UNLOCK, which, 0, 0 });
    for (uint32_t i = 0; i < 5 && good; i++) {
        good = model_perform(&b->m, (model_op){ with_exclusive[i], which, 0, 0 });
    }
    for (uint32_t i = 0; i <= DEFRAG_MAX_SHARED_LOCKS && good; i++) {
        good = model_perform(&b->m, (model_op){ MODEL_LOCK_SHARED, which, 0, 0 });
    }
    good = good && model_perform(&b->m, (model_op){ MODEL_LOCK, which, 0, 0 }) &&
           model_perform(&b->m, (model_op){ MODEL_RESIZE, which, 1, DEFRAG_MAKE_ROOM }) && unlock(b, which);
    b->m.period = period;
    return good;
}

static bool step(bench *b, question q)
{
    b->moves = state_moves(b->m.pool);
    state_set_cursor(b->m.pool, q.c);
    return model_perform(&b->m, (model_op){ MODEL_STEP, budget_of(b, q.a), q.b, 0 });
}

/* Judges a step, of a pool that was verified since. */
static bool judge_step(bench *b)
{
    int better = potential_compare(b->before, state_potential(b->m.pool));
    DEMAND_OF(b, better >= 0, "a step makes the potential worse");
    DEMAND_OF(b, (better > 0) == (state_moves(b->m.pool) != b->moves), "a move leaves the potential as it is");
    return true;
}

static bool perform(bench *b, question q)
{
    model *m = &b->m;
    bool of_block = q.kind != MODEL_ALLOC && q.kind != MODEL_STEP && q.kind != MODEL_CLEAN;
    uint32_t which = of_block ? state_which(m, q.a) : 0;
    switch (q.kind) {
    case MODEL_ALLOC: {
        uint32_t alignment = q.b > 1 ? q.b * m->granule : 0;
        return model_perform(m, (model_op){ MODEL_ALLOC, bytes_of(b, q.a, q.b), alignment, q.c % TURN });
    }
    case MODEL_RESIZE: {
        uint32_t alignment = m->blocks[which].alignment / m->granule;
        return model_perform(m, (model_op){ MODEL_RESIZE, which, bytes_of(b, q.b, alignment), q.c });
    }
    case MODEL_UNLOCK: return unlock(b, which);
    case MODEL_STEP: return step(b, q);
    case ASK_LADDER: return climb(b, which);
    default: return model_perform(m, (model_op){ q.kind, which, 0, 0 });
    }
}

/* What the pool and its books were like when this was verified before, if they are as then, counters and cursor apart; else
 * they are kept for the next time, and have to be verified. */
static verdict *recall(bench *b, bool *known)
{
    unsigned char copy[MOST_BYTES];
    books now = state_books(&b->m);
    verdict *v = &b->verdicts[state_copy(b->m.pool, (uint32_t)b->within.bytes, copy) % VERDICTS];
    *known = memcmp(v->image, copy, b->within.bytes) == 0 && memcmp(v->blocks, b->blocks, sizeof b->blocks) == 0 &&
             memcmp(&v->books, &now, sizeof now) == 0;
    if (!*known) {
        memcpy(v->image, copy, b->within.bytes);
        memcpy(v->blocks, b->blocks, sizeof b->blocks);
        v->books = now;
    }
    return v;
}

/* --------------------------------------------------------------------------------------------------------- enumerating */

/* The expansion of one state. */
typedef struct expansion {
    bench *b;
    layout l;
    choice plain;
    choice other;
    bool varied;
    expand_visit *visit;
    void *context;
} expansion;

/* Which slots a question is asked with: a free's `b` is 1 + the run that it adds to those at the end, or 0 if it adds
 * none; the turn of the queue is in an alloc's `c`, and clean's `a`. */
static choice slots_for(const layout *l, choice chosen, question q)
{
    if (q.kind == MODEL_FREE) {
        uint32_t wanted = q.b == 0 ? 0 : l->live - 1;
        uint32_t i = 0;
        while (chosen.order[i] != wanted) {
            i++;
        }
        chosen.order[i] = chosen.order[q.a];
        chosen.order[q.a] = wanted;
        chosen.run = q.b == 0 ? 0 : q.b - 1U;
    } else if (q.kind == MODEL_ALLOC) {
        chosen.turn = q.c / TURN;
    } else if (q.kind == MODEL_CLEAN) {
        chosen.turn = q.a;
    }
    return chosen;
}

/* Asks with what is left out of the state chosen anew, and demands the same end. */
static bool ask_varied(expansion *x, question q, pool_state to)
{
    bench *b = x->b;
    choice chosen = slots_for(&x->l, x->other, q);
    build(b, &x->l, &chosen);
    DEMAND_OF(b, perform(b, q) && model_verify(&b->m), b->m.failure);
    if (q.kind == MODEL_STEP && !judge_step(b)) {
        return false;
    }
    DEMAND_OF(b, same(state_now(b), to), "what is left out of the state matters");
    b->found.varied++;
    return true;
}

/* Many questions come to the same; only the first time it is verified and shown. */
static bool judge(expansion *x, question q, bool within, pool_state *to)
{
    bench *b = x->b;
    bool known;
    verdict *v = recall(b, &known);
    if (known) {
        DEMAND_OF(b, state_refusals_agree(&b->m), "the number of refusals is wrong");
    } else {
        if (!model_verify(&b->m)) {
            return fail(b, b->m.failure, b->m.line);
        }
        v->to = within ? state_now(b) : (pool_state){ { 0, 0 } };
        if (within) {
            x->visit(x->context, v->to, q);
        }
    }
    *to = v->to;
    return q.kind != MODEL_STEP || judge_step(b);
}

static bool ask(expansion *x, question q)
{
    bench *b = x->b;
    pool_state to;
    b->asked = q;
    b->found.asked++;
    if (!perform(b, q)) {
        return fail(b, b->m.failure, b->m.line);
    }
    bool within = b->m.live <= b->within.handles && b->m.locked <= b->within.locked;
    if (!judge(x, q, within, &to) || (x->varied && within && !ask_varied(x, q, to))) {
        return false;
    }
    restore(b);
    return true;
}

/* Asks with the slots that are meant, not those of the state as it was saved. */
static bool ask_with_slots(expansion *x, question q)
{
    choice chosen = slots_for(&x->l, x->plain, q);
    build(x->b, &x->l, &chosen);
    return ask(x, q);
}

/* Free granules with the shortest table that there can be: to ask for more than one more is to ask for the same. */
static uint32_t free_granules(const bench *b)
{
    return (uint32_t)model_free_with(&b->m, b->m.live) / b->m.granule;
}

/* With the question as it is, and then with each other slot that may be the next. */
static bool ask_alloc(expansion *x, question q)
{
    uint32_t kinds = x->l.trailing + (x->l.free_slots > x->l.trailing);
    if (!ask(x, q)) {
        return false;
    }
    for (uint32_t turn = 1; turn < kinds; turn++) {
        question other = q;
        other.c = (uint8_t)(q.c + TURN * turn);
        if (!ask_with_slots(x, other)) {
            return false;
        }
    }
    return true;
}

/* With each turn of the queue, through which it goes. */
static bool ask_cleans(expansion *x)
{
    for (uint32_t turn = 0; turn == 0 || turn < x->l.free_slots; turn++) {
        question q = { MODEL_CLEAN, (uint8_t)turn, 0, 0 };
        if (!ask_with_slots(x, q)) {
            return false;
        }
    }
    return true;
}

static bool ask_allocs(expansion *x)
{
    const bench *b = x->b;
    uint32_t free = free_granules(b);
    for (uint32_t granules = 1; granules <= free + 1; granules++) {
        for (uint32_t alignment = 1; alignment <= b->within.alignment; alignment *= 2) {
            for (uint32_t fit = DEFRAG_FAST; fit <= DEFRAG_MAKE_ROOM; fit++) {
                question q = { MODEL_ALLOC, (uint8_t)granules, (uint8_t)alignment, (uint8_t)fit };
                question pinned = q;
                pinned.c = (uint8_t)(fit + 4 * DEFRAG_PINNED);
                bool same_place = fit == DEFRAG_FAST; /* as what is not pinned */
                if (!ask_alloc(x, q) || (!same_place && !ask_alloc(x, pinned))) {
                    return false;
                }
            }
        }
    }
    return true;
}

static bool ask_resizes(expansion *x, uint32_t number, uint32_t own)
{
    const bench *b = x->b;
    uint32_t free = free_granules(b);
    for (uint32_t granules = 1; granules <= own + free + 1; granules++) {
        for (uint32_t fit = DEFRAG_FAST; fit <= DEFRAG_MAKE_ROOM; fit++) {
            bool same_way = granules <= own && fit != DEFRAG_FAST; /* of shrinking */
            if (!same_way && !ask(x, (question){ MODEL_RESIZE, (uint8_t)number, (uint8_t)granules, (uint8_t)fit })) {
                return false;
            }
        }
    }
    return true;
}

/* A free of the block as each kind of slot: the last live one behind each number of free ones, or another. */
static bool ask_frees(expansion *x, uint32_t number)
{
    uint32_t elsewhere = x->l.free_slots - x->l.trailing;
    bool others = x->l.live > 1;
    for (uint32_t kind = others ? 0 : 1 + elsewhere; kind <= 1 + elsewhere; kind++) {
        question q = { MODEL_FREE, (uint8_t)number, (uint8_t)kind, 0 };
        if (!ask_with_slots(x, q)) {
            return false;
        }
    }
    return true;
}

static bool ask_block(expansion *x, uint32_t number, const item *it)
{
    uint8_t block = (uint8_t)number;
    if (it->locked) {
        bool alone = x->b->m.locked == 1;
        return ask(x, (question){ MODEL_UNLOCK, block, 0, 0 }) && ask(x, (question){ MODEL_FREE, block, 0, 0 }) &&
               ask(x, (question){ MODEL_RESIZE, block, 1, 0 }) &&
               (!alone || ask(x, (question){ ASK_LADDER, block, 0, 0 }));
    }
    return ask(x, (question){ MODEL_LOCK, block, 0, 0 }) && ask(x, (question){ MODEL_LOCK_SHARED, block, 0, 0 }) &&
           ask_frees(x, number) && ask_resizes(x, number, it->granules);
}

static bool ask_blocks(expansion *x)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < x->l.count; i++) {
        const item *it = &x->l.items[i];
        if (it->role != HOLE && it->role != RESERVED && !ask_block(x, number++, it)) {
            return false;
        }
    }
    return true;
}

static bool ask_steps(expansion *x)
{
    static const uint8_t granules[] = { 0, 1, 2, 4, ALL };
    static const uint8_t looks[] = { 1, 2, ALL };
    for (uint32_t cursor = 0; cursor < x->l.live + 2; cursor++) {
        for (uint32_t i = 0; i < sizeof granules; i++) {
            for (uint32_t j = 0; j < sizeof looks; j++) {
                /* In the midst of a sweep, only the extremes. */
                bool extreme = granules[i] == ALL || (granules[i] == 1 && looks[j] == 1);
                if ((cursor == 0 || extreme) &&
                    !ask(x, (question){ MODEL_STEP, granules[i], looks[j], (uint8_t)cursor })) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* Counts the steps that it takes until one says done, after which none moves, unless the sweep began midway. */
static bool settle(expansion *x, uint32_t budget, uint32_t cursor)
{
    bench *b = x->b;
    defrag_progress progress = DEFRAG_PROGRESS_INIT;
    uint32_t most = (uint32_t)b->within.bytes;
    b->asked = (question){ MODEL_SETTLE, (uint8_t)budgets[budget][0], (uint8_t)budgets[budget][1], (uint8_t)cursor };
    state_set_cursor(b->m.pool, cursor);
    uint32_t steps = 0;
    do {
        DEMAND_OF(b, steps++ < most, "steps do not end");
        (void)defrag_step(b->m.pool, budget_of(b, budgets[budget][0]), budgets[budget][1], &progress);
    } while (progress.done == 0);
    if (steps > b->found.most_steps[budget]) {
        b->found.most_steps[budget] = steps;
    }
    (void)defrag_step(b->m.pool, budget_of(b, budgets[budget][0]), ALL, &progress);
    DEMAND_OF(b, cursor != 0 || progress.moved_bytes == 0, "done, but something is left to move");
    restore(b);
    return true;
}

static bool settle_all(expansion *x)
{
    for (uint32_t budget = 0; budget < BUDGETS; budget++) {
        /* With as many looks as it takes, no sweep is left to go on. */
        uint32_t cursors = budgets[budget][1] == ALL ? 1 : x->l.live + 2;
        for (uint32_t cursor = 0; cursor < cursors; cursor++) {
            if (!settle(x, budget, cursor)) {
                return false;
            }
        }
    }
    return true;
}

bool bench_expand(bench *b, pool_state from, expand_visit *visit, void *context)
{
    uint32_t mixed = (uint32_t)((from.words[0] ^ from.words[1]) * 0x9E3779B97F4A7C15U >> 32);
    expansion x = { .b = b, .l = state_unpack(from), .visit = visit, .context = context };
    x.varied = mixed % VARIED_ONE_IN == 0;
    x.plain.locks = mixed >> 8;
    x.other.locks = mixed >> 10;
    x.other.past = mixed >> 4;
    x.other.turn = mixed >> 6;
    x.other.run = x.l.live != 0 ? x.l.free_slots - x.l.trailing : 0;
    for (uint32_t i = 0; i < x.l.live; i++) {
        x.plain.order[i] = i;
        x.other.order[i] = (i + 1) % x.l.live;
    }
    build(b, &x.l, &x.plain);
    b->asked = (question){ MODEL_CHECK, 0, 0, 0 };
    DEMAND_OF(b, model_verify(&b->m) && same(state_now(b), from), "the state cannot be built");
    save(b);
    b->before = state_potential(b->m.pool);
    return ask(&x, (question){ MODEL_COMPACT, 0, 0, 0 }) && ask_cleans(&x) &&
           ask(&x, (question){ MODEL_ATTACH, 0, 0, 0 }) && ask_allocs(&x) && ask_blocks(&x) && ask_steps(&x) &&
           settle_all(&x);
}

/* ---------------------------------------------------------------------------------------------------------- describing */

void question_describe(question q, char text[96])
{
    static const char *const fits[] = { "FAST", "BEST", "MAKE_ROOM" };
    switch (q.kind) {
    case MODEL_ALLOC:
        snprintf(text, 96, "alloc %u granules, aligned to %u, %s%s, turn %u", q.a, q.b, fits[q.c % 4],
                 q.c % TURN > 3 ? ", pinned" : "", q.c / TURN);
        return;
    case MODEL_RESIZE: snprintf(text, 96, "resize %c to %u granules, %s", 'a' + q.a, q.b, fits[q.c]); return;
    case MODEL_FREE: snprintf(text, 96, "free %c, run %u", 'a' + q.a, q.b); return;
    case MODEL_LOCK: snprintf(text, 96, "lock %c", 'a' + q.a); return;
    case MODEL_LOCK_SHARED: snprintf(text, 96, "lock %c, shared", 'a' + q.a); return;
    case MODEL_UNLOCK: snprintf(text, 96, "unlock %c", 'a' + q.a); return;
    case ASK_LADDER: snprintf(text, 96, "every lock on %c", 'a' + q.a); return;
    case MODEL_STEP:
    case MODEL_SETTLE:
        snprintf(text, 96, "%s of %u granules and %u looks (255: all), cursor %u",
                 q.kind == MODEL_STEP ? "step" : "steps", q.a, q.b, q.c);
        return;
    case MODEL_COMPACT: snprintf(text, 96, "compact"); return;
    case MODEL_CLEAN: snprintf(text, 96, "clean, turn %u", q.a); return;
    case MODEL_ATTACH: snprintf(text, 96, "attach"); return;
    default: snprintf(text, 96, "nothing"); return;
    }
}
