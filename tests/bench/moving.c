/* SPDX-License-Identifier: MIT
 *
 * What moving costs: steady random traffic on one pool, the same requests served by three policies.
 *
 *   make-room     DEFRAG_MAKE_ROOM
 *   full-sliding  DEFRAG_BEST, and when no hole fits, everything is slid together and BEST is asked again
 *   best-fit      DEFRAG_BEST alone, which never moves
 *
 * The load is the share of the pool behind its control block that is not free: live blocks with their headers, and the
 * handle table, which is as long as the most blocks that were live at a time. Before each request random blocks are
 * freed until the request brings the load to no more than the target; so from the first pass over the target on, the
 * pool stays as full as the target allows, for large requests too. With `--locked P` a block stays locked from birth to
 * death with a probability of P percent.
 *
 * Every policy gets the same requests and frees: a refused request is carried on as if it lived, and its turn to be
 * freed frees nothing. The mean load that is told counts only what the pool really holds.
 *
 * Sizes: "log" is log-uniform, 8..512 bytes, and in 5 % of the requests 512..4096; "small" is uniform in its class,
 * 80 % 8..64 bytes, 18 % 65..256, 2 % 257..1024. Sizes, frees and locks are drawn from separate generators.
 */
#include <argp.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "defrag.h"

enum { MAX_LOADS = 16, HEAVIEST = 48 };

/* --------------------------------------------------------------------------------------------------------- requests */

/* SplitMix64: a 64-bit counter and a mixing function. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static double draw_fraction(uint64_t *state)
{
    return (double)(draw(state) >> 11) * 0x1p-53;
}

static bool draw_chance(uint64_t *state, double percent)
{
    return draw_fraction(state) * 100.0 < percent;
}

static size_t draw_uniform(uint64_t *state, size_t low, size_t high)
{
    return low + (size_t)(draw(state) % (high - low + 1));
}

static size_t draw_log_uniform(uint64_t *state, double low, double high)
{
    return (size_t)lround(low * pow(high / low, draw_fraction(state)));
}

static size_t log_size(uint64_t *state)
{
    return draw_chance(state, 5) ? draw_log_uniform(state, 512, 4096) : draw_log_uniform(state, 8, 512);
}

static size_t small_size(uint64_t *state)
{
    double class = draw_fraction(state);

    if (class < 0.80) {
        return draw_uniform(state, 8, 64);
    }
    return class < 0.98 ? draw_uniform(state, 65, 256) : draw_uniform(state, 257, 1024);
}

struct mix {
    const char *name;
    size_t (*size)(uint64_t *state);
};

static const struct mix mixes[] = { { "log", log_size }, { "small", small_size } };

/* --------------------------------------------------------------------------------------------------------- policies */

static defrag_status make_room(defrag_pool *pool, size_t bytes, defrag_handle *handle)
{
    return defrag_alloc(pool, bytes, DEFRAG_MAKE_ROOM, handle);
}

static defrag_status best_fit(defrag_pool *pool, size_t bytes, defrag_handle *handle)
{
    return defrag_alloc(pool, bytes, DEFRAG_BEST, handle);
}

static defrag_status full_sliding(defrag_pool *pool, size_t bytes, defrag_handle *handle)
{
    defrag_status status = best_fit(pool, bytes, handle);

    if (status == DEFRAG_FRAGMENTED || status == DEFRAG_OUT_OF_HANDLES) {
        defrag_compact(pool);
        status = best_fit(pool, bytes, handle);
    }
    return status;
}

struct policy {
    const char *name;
    defrag_status (*allocate)(defrag_pool *pool, size_t bytes, defrag_handle *handle);
};

static const struct policy policies[] = {
    { "make-room", make_room },
    { "full-sliding", full_sliding },
    { "best-fit", best_fit },
};

/* ------------------------------------------------------------------------------------------------------ measurement */

struct settings {
    double loads[MAX_LOADS];
    size_t load_count;
    const struct mix *mix;       /* null: all */
    const struct policy *policy; /* null: all */
    double locked;
    uint64_t seed;
    size_t pool_bytes;
    size_t warmup;
    size_t allocations;
    bool json;
    const char *marked; /* numbers of allocations, ascending */
};

/* One of the allocations that did most work. */
struct effort {
    size_t number;
    uint64_t steps;
};

struct result {
    uint64_t allocated; /* bytes asked for by the requests that were served */
    uint64_t moved;     /* bytes moved, headers included */
    uint64_t worst;     /* most bytes moved for one request */
    size_t refused;     /* although the free bytes suffice */
    size_t short_of_memory;
    double mean_load;
    struct effort heaviest[HEAVIEST]; /* heaviest first */
};

struct live_block {
    defrag_handle handle; /* DEFRAG_NO_HANDLE if the request was refused */
    size_t cost;
    bool locked;
};

struct run {
    const struct settings *settings;
    const struct policy *policy;
    defrag_pool *pool;
    defrag_pool_stats layout; /* of the empty pool */
    struct live_block *live;
    size_t live_count;
    size_t most_live; /* at a time, refused ones included: the length of the handle table if none is */
    size_t live_cost; /* of all live blocks, refused ones included */
    size_t held_cost; /* of those in the pool */
    size_t limit;     /* on the load in bytes */
    uint64_t sizes;
    uint64_t frees;
    uint64_t locks;
    struct result result;
};

/* Basic blocks executed in the library, where it is built to count them (-fsanitize-coverage=trace-pc): tells cheaply
 * and repeatably which allocations did most work. */
static uint64_t steps;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    steps++;
}

/* Callgrind collects while this function runs. The status is stored so that the call is no jump out of it. */
__attribute__((noinline)) static void counted_call(const struct run *run, size_t bytes, defrag_handle *handle,
                                                   defrag_status *status)
{
    *status = run->policy->allocate(run->pool, bytes, handle);
}

/* And writes out what it has collected when this is called: before and after an allocation, so that it can be told. */
__attribute__((noinline)) static void mark(void)
{
    steps = 0;
}

static void fail(const char *what, defrag_status status)
{
    fprintf(stderr, "bench-moving: %s: %s\n", what, defrag_status_text(status));
    exit(1);
}

static void require(const char *what, defrag_status status)
{
    if (status != DEFRAG_OK) {
        fail(what, status);
    }
}

static defrag_pool_stats stats_of(const defrag_pool *pool)
{
    defrag_pool_stats stats = DEFRAG_STATS_INIT;

    require("the statistics", defrag_stats(pool, &stats));
    return stats;
}

/* What a block of `bytes` takes: itself with its header in whole granules, without its handle slot. */
static size_t block_bytes(const struct run *run, size_t bytes)
{
    size_t granule = run->layout.granule;

    return (bytes + run->layout.block_overhead + granule - 1) / granule * granule;
}

/* The load in bytes, were one more block of `bytes` live. */
static size_t load_with(const struct run *run, size_t bytes)
{
    size_t slots = run->live_count < run->most_live ? run->most_live : run->live_count + 1;

    return run->live_cost + block_bytes(run, bytes) + slots * run->layout.handle_overhead;
}

static void free_random(struct run *run)
{
    size_t index = (size_t)(draw(&run->frees) % run->live_count);
    struct live_block victim = run->live[index];

    run->live[index] = run->live[--run->live_count];
    run->live_cost -= victim.cost;
    if (victim.handle == DEFRAG_NO_HANDLE) {
        return;
    }
    run->held_cost -= victim.cost;
    if (victim.locked) {
        require("an unlock", defrag_unlock(run->pool, victim.handle));
    }
    require("a free", defrag_free(run->pool, victim.handle));
}

static size_t next_request(struct run *run)
{
    size_t bytes = run->settings->mix->size(&run->sizes);

    while (run->live_count > 0 && load_with(run, bytes) > run->limit) {
        free_random(run);
    }
    return bytes;
}

static void keep(struct run *run, defrag_handle handle, size_t bytes)
{
    struct live_block block = { handle, block_bytes(run, bytes), draw_chance(&run->locks, run->settings->locked) };

    run->live[run->live_count++] = block;
    run->live_cost += block.cost;
    run->most_live = run->live_count > run->most_live ? run->live_count : run->most_live;
    if (handle == DEFRAG_NO_HANDLE) {
        return;
    }
    run->held_cost += block.cost;
    if (block.locked) {
        void *address;

        require("a lock", defrag_lock(run->pool, handle, &address));
    }
}

static void count_refusal(struct run *run, size_t bytes)
{
    defrag_pool_stats stats = stats_of(run->pool);
    size_t slot = stats.handles > stats.live ? 0 : stats.handle_overhead;

    if (block_bytes(run, bytes) + slot <= stats.free) {
        run->result.refused++;
    } else {
        run->result.short_of_memory++;
    }
}

static void note_effort(struct result *result, size_t number, uint64_t work)
{
    size_t at = HEAVIEST;

    while (at > 0 && result->heaviest[at - 1].steps < work) {
        at--;
    }
    if (at == HEAVIEST) {
        return;
    }
    memmove(&result->heaviest[at + 1], &result->heaviest[at], (HEAVIEST - 1 - at) * sizeof(struct effort));
    result->heaviest[at] = (struct effort){ number, work };
}

static bool is_marked(const char **marked, size_t number)
{
    char *end;

    if (*marked == NULL || strtoull(*marked, &end, 10) != number || end == *marked) {
        return false;
    }
    *marked = *end == ',' ? end + 1 : NULL;
    return true;
}

static void warm_up(struct run *run)
{
    for (size_t i = 0; i < run->settings->warmup; i++) {
        size_t bytes = next_request(run);
        defrag_handle handle;

        run->policy->allocate(run->pool, bytes, &handle);
        keep(run, handle, bytes);
    }
}

static void measure(struct run *run)
{
    const char *marked = run->settings->marked;
    uint64_t moved = stats_of(run->pool).moved_bytes;
    uint64_t at_start = moved;
    double load_sum = 0;

    for (size_t i = 0; i < run->settings->allocations; i++) {
        size_t bytes = next_request(run);
        defrag_handle handle;
        defrag_status status;
        uint64_t before = moved;

        if (is_marked(&marked, i)) {
            mark();
            counted_call(run, bytes, &handle, &status);
            mark();
        } else {
            steps = 0;
            counted_call(run, bytes, &handle, &status);
            note_effort(&run->result, i, steps);
        }
        moved = stats_of(run->pool).moved_bytes;
        run->result.worst = moved - before > run->result.worst ? moved - before : run->result.worst;
        keep(run, handle, bytes);
        if (status == DEFRAG_OK) {
            run->result.allocated += bytes;
        } else {
            count_refusal(run, bytes);
        }
        load_sum += (double)(run->held_cost + run->most_live * run->layout.handle_overhead);
    }
    run->result.moved = moved - at_start;
    run->result.mean_load = 100.0 * load_sum / (double)run->settings->allocations /
                            (double)(run->layout.pool_bytes - run->layout.control_bytes);
}

static void *obtain(size_t count, size_t size)
{
    void *memory = aligned_alloc(64, (count * size + 63) / 64 * 64);

    if (memory == NULL) {
        fprintf(stderr, "bench-moving: %zu bytes are not to be had; ask for a smaller --pool\n", count * size);
        exit(2);
    }
    return memory;
}

static struct result run_once(const struct settings *settings, const struct policy *policy, double load)
{
    void *memory = obtain(settings->pool_bytes, 1);
    struct run run = { .settings = settings, .policy = policy, .sizes = settings->seed, .frees = ~settings->seed };

    run.locks = settings->seed ^ 0x5555555555555555U;
    require("the pool", defrag_init(memory, settings->pool_bytes, NULL, &run.pool));
    run.layout = stats_of(run.pool);
    run.limit = (size_t)((double)(run.layout.pool_bytes - run.layout.control_bytes) * load / 100.0);
    run.live = obtain(settings->pool_bytes / run.layout.granule, sizeof(struct live_block));
    warm_up(&run);
    measure(&run);
    free(run.live);
    free(memory);
    return run.result;
}

/* ----------------------------------------------------------------------------------------------------------- output */

static double per(uint64_t value, uint64_t of)
{
    return of == 0 ? 0.0 : (double)value / (double)of;
}

static void print_heading(const struct settings *settings)
{
    printf("%zu-byte pool, seed %" PRIu64 ", %zu allocations after %zu to warm up, %g %% of the blocks locked\n",
           settings->pool_bytes, settings->seed, settings->allocations, settings->warmup, settings->locked);
    printf("%-6s %5s %6s  %-13s %12s %12s %14s %14s\n", "sizes", "load", "mean", "policy", "moved/byte", "worst bytes",
           "refused/1000", "no memory/1000");
}

static void print_row(const struct settings *settings, const struct policy *policy, double load,
                      const struct result *result)
{
    printf("%-6s %5g %6.2f  %-13s %12.4f %12" PRIu64 " %14.3f %14.3f\n", settings->mix->name, load, result->mean_load,
           policy->name, per(result->moved, result->allocated), result->worst,
           1000.0 * per(result->refused, settings->allocations),
           1000.0 * per(result->short_of_memory, settings->allocations));
}

static void print_json(const struct settings *settings, const struct policy *policy, double load,
                       const struct result *result)
{
    printf("{\"sizes\": \"%s\", \"load\": %g, \"locked\": %g, \"policy\": \"%s\", \"seed\": %" PRIu64 ", "
           "\"allocations\": %zu, \"mean_load\": %.3f, \"moved_per_byte\": %.5f, \"worst_bytes\": %" PRIu64 ", "
           "\"refused_per_1000\": %.4f, \"short_of_memory_per_1000\": %.4f, \"heaviest\": [",
           settings->mix->name, load, settings->locked, policy->name, settings->seed, settings->allocations,
           result->mean_load, per(result->moved, result->allocated), result->worst,
           1000.0 * per(result->refused, settings->allocations),
           1000.0 * per(result->short_of_memory, settings->allocations));
    for (size_t i = 0; i < HEAVIEST && result->heaviest[i].steps > 0; i++) {
        printf("%s%zu", i == 0 ? "" : ", ", result->heaviest[i].number);
    }
    printf("]}\n");
}

static void run_policies(const struct settings *settings, double load)
{
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        if (settings->policy != NULL && settings->policy != &policies[i]) {
            continue;
        }
        struct result result = run_once(settings, &policies[i], load);

        (settings->json ? print_json : print_row)(settings, &policies[i], load, &result);
        fflush(stdout);
    }
}

static void run_all(struct settings settings)
{
    const struct mix *only = settings.mix;

    if (!settings.json) {
        print_heading(&settings);
    }
    for (size_t i = 0; i < sizeof mixes / sizeof mixes[0]; i++) {
        if (only != NULL && only != &mixes[i]) {
            continue;
        }
        settings.mix = &mixes[i];
        for (size_t load = 0; load < settings.load_count; load++) {
            run_policies(&settings, settings.loads[load]);
        }
    }
}

/* -------------------------------------------------------------------------------------------------------- arguments */

static const struct argp_option options[] = {
    { "loads", 'l', "LIST", 0, "loads in percent (90,95,98)", 0 },
    { "sizes", 'z', "MIX", 0, "log or small (both)", 0 },
    { "policy", 'p', "NAME", 0, "make-room, full-sliding or best-fit (all)", 0 },
    { "locked", 'k', "PERCENT", 0, "blocks that stay locked (0)", 0 },
    { "seed", 's', "N", 0, "seed of the requests (1)", 0 },
    { "allocations", 'n', "N", 0, "allocations to measure (100000)", 0 },
    { "warmup", 'w', "N", 0, "allocations before these (10000)", 0 },
    { "pool", 'b', "BYTES", 0, "size of the pool (65536)", 0 },
    { "json", 'j', NULL, 0, "one JSON object a line", 0 },
    { "marked", 'm', "LIST", 0, "numbers of allocations, ascending, to call mark() around, for a profiler", 0 },
    { 0 },
};

/* Reads up to `capacity` percentages, separated by commas, and returns how many. */
static size_t parse_percents(const struct argp_state *state, const char *text, double *values, size_t capacity)
{
    const char *at = text;
    size_t count = 0;

    do {
        char *end;

        values[count] = strtod(at, &end);
        if (end == at || !(values[count] >= 0 && values[count] <= 100) || (*end != ',' && *end != '\0')) {
            argp_failure(state, 2, 0, "'%s' is no percentage from 0 to 100, nor a list of such as 90,95", text);
        }
        at = end + 1;
        count++;
    } while (at[-1] == ',' && count < capacity);
    if (at[-1] == ',') {
        argp_failure(state, 2, 0, "'%s' has too many percentages; give at most %zu", text, capacity);
    }
    return count;
}

static uint64_t parse_number(const struct argp_state *state, const char *text, uint64_t low, uint64_t high)
{
    char *end;
    uint64_t value = strtoull(text, &end, 0);

    if (end == text || *end != '\0' || strchr(text, '-') != NULL || value < low || value > high) {
        argp_failure(state, 2, 0, "'%s' is no number from %" PRIu64 " to %" PRIu64, text, low, high);
    }
    return value;
}

static const struct mix *find_mix(const struct argp_state *state, const char *name)
{
    for (size_t i = 0; i < sizeof mixes / sizeof mixes[0]; i++) {
        if (strcmp(mixes[i].name, name) == 0) {
            return &mixes[i];
        }
    }
    argp_failure(state, 2, 0, "'%s' is no mix of sizes; give log or small", name);
    return NULL;
}

static const struct policy *find_policy(const struct argp_state *state, const char *name)
{
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        if (strcmp(policies[i].name, name) == 0) {
            return &policies[i];
        }
    }
    argp_failure(state, 2, 0, "'%s' is no policy; give make-room, full-sliding or best-fit", name);
    return NULL;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct settings *settings = state->input;

    switch (key) {
    case 'l': settings->load_count = parse_percents(state, text, settings->loads, MAX_LOADS); break;
    case 'z': settings->mix = find_mix(state, text); break;
    case 'p': settings->policy = find_policy(state, text); break;
    case 'k': parse_percents(state, text, &settings->locked, 1); break;
    case 's': settings->seed = parse_number(state, text, 0, UINT64_MAX); break;
    case 'n': settings->allocations = (size_t)parse_number(state, text, 1, 1000000000); break;
    case 'w': settings->warmup = (size_t)parse_number(state, text, 0, 1000000000); break;
    case 'b': settings->pool_bytes = (size_t)parse_number(state, text, 8192, 262144); break;
    case 'j': settings->json = true; break;
    case 'm': settings->marked = text; break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct argp argp = { options, parse_option, NULL, "Measures what moving costs.", NULL, NULL, NULL };
    struct settings settings = {
        .loads = { 90, 95, 98 }, .load_count = 3, .seed = 1, .pool_bytes = 65536, .warmup = 10000, .allocations = 100000
    };

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &settings);
    run_all(settings);
    return 0;
}
