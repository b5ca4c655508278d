/* SPDX-License-Identifier: MIT
 *
 * Random operations of every kind, judged by the model, in pools of many shapes. */
#include "support.h"

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
