/* SPDX-License-Identifier: MIT
 *
 * Random operations of every kind, judged by the model, in pools of many shapes. */
#include "support.h"

#include <string.h>

static void assert_random_run(size_t bytes, const defrag_config *config, uint32_t operations)
{
    uint64_t seed = test_seed();
    random_source source = { seed };
    model *m = new_model(bytes, config, 1);
    run_model(m, &source, operations);
    (void)model_finish(m);
    assert_model(m, seed);
}

Test(random, the_smallest_pools_keep_every_promise)
{
    for (size_t bytes = 256; bytes < 512; bytes += 4) {
        assert_random_run(bytes, NULL, 500);
    }
}

Test(random, a_small_pool_keeps_every_promise)
{
    assert_random_run(2048, NULL, 20000);
}

Test(random, a_large_pool_keeps_every_promise)
{
    assert_random_run(32768, NULL, 5000);
}

Test(random, a_pool_with_handles_set_aside_keeps_every_promise)
{
    for (uint32_t handles = 1; handles < 80; handles += 13) {
        defrag_config config = DEFRAG_CONFIG_INIT;
        config.handles = handles;
        assert_random_run(4096, &config, 3000);
    }
}

Test(random, a_pool_with_a_watermark_keeps_every_promise)
{
    for (size_t watermark = 16; watermark < 4096; watermark *= 3) {
        defrag_config config = DEFRAG_CONFIG_INIT;
        config.watermark = watermark;
        assert_random_run(4096, &config, 3000);
    }
}

/* What a pool does with random requests, told by where its blocks are, if all memory and contents are of one value. */
static uint64_t places_with(unsigned char value)
{
    memset(arena, value, 2048);
    defrag_pool *pool = new_pool(2048);
    random_source source = { 1 };
    defrag_handle handles[32] = { DEFRAG_NO_HANDLE };
    uint64_t places = 0;
    for (int i = 0; i < 20000; i++) {
        defrag_handle *handle = &handles[random_below(&source, 32)];
        size_t bytes = random_size(&source, 1, 300);
        if (*handle != DEFRAG_NO_HANDLE && random_below(&source, 2) == 0) {
            (void)defrag_resize(pool, *handle, bytes, DEFRAG_MAKE_ROOM);
        } else if (*handle != DEFRAG_NO_HANDLE) {
            free_block(pool, *handle);
            *handle = DEFRAG_NO_HANDLE;
        } else if (defrag_alloc(pool, bytes, DEFRAG_MAKE_ROOM, handle) != DEFRAG_OK) {
            continue;
        }
        if (*handle != DEFRAG_NO_HANDLE) {
            fill_block(pool, *handle, value);
            places = 31 * places + offset_of(pool, *handle);
        }
    }
    return places;
}

Test(random, what_is_in_memory_and_in_blocks_decides_nothing)
{
    cr_assert_eq(places_with(0x00), places_with(0xFF));
}
