/* SPDX-License-Identifier: MIT
 *
 * Random operations, every answer judged by the model. */
#include "firmware.h"
#include "traffic.h"

static bool model_agrees_on_operations_of_every_kind(ground *g)
{
    random_source source = { g->seed };
    model *m = ground_model(g, g->bytes, 16);
    for (uint32_t i = 0; i < 20000 && model_apply(m, traffic_any(m, &source)); i++) {
    }
    return ground_judge(g);
}

static bool model_agrees_on_pools_of_many_shapes_and_uses(ground *g)
{
    random_source source = { g->seed };
    model_setup space = { g->memory, g->other, g->scratch, g->bytes, g->room, g->blocks, g->places, 0, NULL };
    for (uint32_t pool = 0; pool < 20; pool++) {
        (void)traffic_work(g->m, &space, &source, 2000);
        if (g->m->failure != NULL) {
            g->operation = g->m->failed_operation;
            return ground_fail(g, g->m->failure, g->m->line);
        }
    }
    return true;
}

#define MODEL(TEST)                                                                                                    \
    TEST(model, agrees_on_operations_of_every_kind)                                                                    \
    TEST(model, agrees_on_pools_of_many_shapes_and_uses)

FIRMWARE(MODEL);
