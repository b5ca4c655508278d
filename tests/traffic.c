/* SPDX-License-Identifier: MIT */
#include "traffic.h"

#include <string.h>

/* What a pool is used for. */
typedef struct workload {
    uint32_t load;    /* per cent of the capacity to fill */
    uint32_t largest; /* bytes of a request */
    uint32_t locked;  /* per cent of the blocks */
    uint32_t aligned; /* per cent of the requests */
    uint32_t others;  /* per cent of the operations that are of any kind */
} workload;

static workload random_workload(random_source *source, size_t bytes)
{
    static const uint32_t locked[] = { 0, 0, 5, 30 };
    static const uint32_t aligned[] = { 0, 0, 10 };
    static const uint32_t others[] = { 0, 10, 50 };
    uint32_t load = random_below(source, 3) == 0 ? 100 : 50 + random_below(source, 51);
    uint32_t largest = random_below(source, 8) == 0 ? (uint32_t)bytes : random_size(source, 16, 2048);
    return (workload){ load, largest, locked[random_below(source, 4)], aligned[random_below(source, 3)],
                       others[random_below(source, 3)] };
}

model_op traffic_any(const model *m, random_source *source)
{
    unsigned char raw[MODEL_OP_BYTES];
    uint64_t drawn = random_64(source);
    memcpy(raw, &drawn, sizeof raw);
    return model_decode(m, raw);
}

static model_op next_operation(const model *m, const workload *w, random_source *source)
{
    uint32_t which = (uint32_t)random_64(source);
    if (random_below(source, 100) < w->others) {
        return traffic_any(m, source);
    }
    if (w->locked != 0 && random_below(source, 4) == 0) {
        bool more = (uint64_t)m->locked * 100 < (uint64_t)m->live * w->locked;
        return (model_op){ more ? MODEL_LOCK_SHARED : MODEL_UNLOCK, which, 0, 0 };
    }
    uint32_t bytes = random_size(source, 1, w->largest);
    uint32_t fit = random_below(source, 8) == 0 ? random_below(source, 2) : DEFRAG_MAKE_ROOM;
    if ((uint64_t)m->used * 100 < (uint64_t)m->capacity * w->load) {
        bool aligned = random_below(source, 100) < w->aligned;
        return (model_op){ MODEL_ALLOC, bytes, aligned ? 1U << random_below(source, 11) : 0, fit };
    }
    if (random_below(source, 5) == 0) {
        return (model_op){ MODEL_RESIZE, which, bytes, fit };
    }
    return (model_op){ MODEL_FREE, which, 0, 0 };
}

uint64_t traffic_begin(model *m, const model_setup *space, random_source *source, uint64_t operations)
{
    size_t bytes = random_size(source, DEFRAG_MIN_POOL_BYTES, (uint32_t)space->bytes) & ~(size_t)31;
    workload w = random_workload(source, bytes);
    defrag_config config = DEFRAG_CONFIG_INIT;
    config.watermark = random_below(source, 4) == 0 ? random_below(source, 1000) : 0;
    config.handles = bytes >= 512 && random_below(source, 4) == 0 ? random_below(source, 8) : 0;
    model_setup setup = *space;
    setup.bytes = bytes;
    setup.period = 1 + (uint32_t)bytes / 128; /* verifying costs as much as the pool is large, */
    while (setup.places > 32 && setup.places / 4 > bytes / 12) {
        setup.places /= 2; /* and so does finding blocks in a table; none takes fewer bytes than 12 */
    }
    setup.config = &config;
    if (!model_init(m, &setup)) {
        return 0;
    }
    for (uint64_t i = 0; i < operations; i++) {
        if (!model_apply(m, next_operation(m, &w, source))) {
            return i;
        }
    }
    return operations;
}

uint64_t traffic_work(model *m, const model_setup *space, random_source *source, uint64_t operations)
{
    uint64_t done = traffic_begin(m, space, source, operations);
    (void)(m->failure == NULL && model_finish(m));
    return done;
}
