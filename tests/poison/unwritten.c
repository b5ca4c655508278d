/* SPDX-License-Identifier: MIT
 *
 * Random calls on pools in memory that nobody but the library writes to, for Valgrind: what decides anything was written.
 * unwritten [SEED]. Prints the seed, with which it can be repeated. */
#include "defrag.h"
#include "options.h"

#include <inttypes.h>

enum { POOLS = 20, CALLS = 2000, POOL_BYTES = 8192, BLOCKS = 96, LARGEST = 400 };

static defrag_handle blocks[BLOCKS];

/* Blocks locked are unlocked when their turn comes again. */
static void lock_or_unlock(defrag_pool *pool, defrag_handle handle)
{
    void *address;
    if (defrag_unlock(pool, handle) != DEFRAG_OK) {
        (void)defrag_lock(pool, handle, &address);
    }
}

static void call(defrag_pool *pool, random_source *source)
{
    static const defrag_fit fits[] = { DEFRAG_FAST, DEFRAG_BEST, DEFRAG_MAKE_ROOM };
    defrag_handle *handle = &blocks[random_below(source, BLOCKS)];
    defrag_fit fit = fits[random_below(source, 3)];
    uint32_t bytes = random_size(source, 1, LARGEST);

    switch (random_below(source, 32)) {
    case 0: (void)defrag_compact(pool); break;
    case 1: (void)defrag_clean(pool); break;
    case 2:
    case 3:
    case 4: (void)defrag_step(pool, bytes, 2, NULL); break;
    case 5:
    case 6: (void)defrag_resize(pool, *handle, bytes, fit); break;
    case 7:
    case 8: lock_or_unlock(pool, *handle); break;
    default:
        if (*handle == DEFRAG_NO_HANDLE) {
            defrag_request request = DEFRAG_REQUEST_INIT;
            request.bytes = bytes;
            request.alignment = 1U << random_below(source, 7);
            request.fit = fit;
            (void)defrag_alloc_with(pool, &request, handle);
        } else if (defrag_free(pool, *handle) == DEFRAG_OK) {
            *handle = DEFRAG_NO_HANDLE;
        }
    }
}

/* Calls on a new pool; returns what they came to. */
static defrag_status work(void *memory, random_source *source)
{
    defrag_pool *pool;
    defrag_status status = defrag_init(memory, POOL_BYTES, NULL, &pool);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = DEFRAG_NO_HANDLE;
    }
    for (int i = 0; status == DEFRAG_OK && i < CALLS; i++) {
        call(pool, source);
    }
    return status == DEFRAG_OK ? defrag_check(pool, NULL) : status;
}

int main(int count, char **arguments)
{
    random_source source = { count > 1 ? option_number("unwritten", arguments[1]) : option_new_seed() };
    printf("seed %" PRIu64 "\n", source.state);
    for (int i = 0; i < POOLS; i++) {
        void *memory = aligned_alloc(DEFRAG_MAX_ALIGNMENT, POOL_BYTES);
        defrag_status status = memory != NULL ? work(memory, &source) : DEFRAG_OUT_OF_MEMORY;
        free(memory);
        if (status != DEFRAG_OK) {
            fprintf(stderr, "unwritten: pool %d: %s\n", i, defrag_status_text(status));
            return 1;
        }
    }
    return 0;
}
