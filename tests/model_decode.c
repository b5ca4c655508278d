/* SPDX-License-Identifier: MIT
 *
 * Turns raw bytes into operations: mostly sensible ones, some at the limits of what is valid, some beyond. */
#include "model_internal.h"

/* How often each kind comes, by repetition. */
static const unsigned char kinds[] = {
    MODEL_ALLOC,  MODEL_ALLOC,  MODEL_ALLOC,       MODEL_ALLOC,  MODEL_ALLOC,  MODEL_ALLOC,     MODEL_ALLOC,
    MODEL_ALLOC,  MODEL_FREE,   MODEL_FREE,        MODEL_FREE,   MODEL_FREE,   MODEL_FREE,      MODEL_FREE,
    MODEL_RESIZE, MODEL_RESIZE, MODEL_RESIZE,      MODEL_LOCK,   MODEL_UNLOCK, MODEL_UNLOCK,    MODEL_LOCK_SHARED,
    MODEL_STEP,   MODEL_STEP,   MODEL_STEP,        MODEL_SETTLE, MODEL_CLEAN,  MODEL_COMPACT,   MODEL_ATTACH,
    MODEL_STALE,  MODEL_CHECK,  MODEL_ALLOC_ARRAY, MODEL_ALLOC,  MODEL_FREE,   MODEL_WOULD_FIT, MODEL_USABLE_SIZE,
};

/* Log-uniform up to the pool's size, and now and then a size at or beyond a limit. */
static uint32_t size_from(const model *m, uint32_t raw, unsigned char selector)
{
    uint32_t capacity = m->capacity * m->granule - m->header;
    switch (selector) {
    case 255: return raw;
    case 254: return UINT32_MAX - raw % 64;
    case 253: return capacity + m->granule - raw % (2 * m->granule);
    case 252: return raw % (4 * m->granule);
    default: break;
    }
    uint32_t octaves = 1;
    while (capacity >> octaves != 0) {
        octaves++;
    }
    uint32_t power = (uint32_t)1 << selector % octaves;
    return power + raw % power;
}

static uint32_t alignment_from(unsigned char selector)
{
    if (selector < 208) {
        return 0;
    }
    return selector == 255 ? 3 : (uint32_t)1 << (selector - 208) % 12;
}

model_op model_decode(const model *m, const unsigned char bytes[MODEL_OP_BYTES])
{
    uint32_t kind = kinds[bytes[0] % sizeof kinds];
    uint32_t raw = bytes[1] | (uint32_t)bytes[2] << 8 | (uint32_t)bytes[3] << 16 | (uint32_t)bytes[4] << 24;
    uint32_t size = size_from(m, raw, bytes[5]);
    switch (kind) {
    case MODEL_ALLOC: return (model_op){ kind, size, alignment_from(bytes[6]), bytes[7] };
    case MODEL_ALLOC_ARRAY: return (model_op){ kind, bytes[6], size, bytes[7] };
    case MODEL_RESIZE: return (model_op){ kind, bytes[6], size, bytes[7] };
    case MODEL_STEP: return (model_op){ kind, size, bytes[6], 0 };
    case MODEL_SETTLE: return (model_op){ kind, size, 1 + bytes[6], 0 };
    case MODEL_WOULD_FIT: return (model_op){ kind, size, alignment_from(bytes[6]), 0 };
    default: return (model_op){ kind, raw, bytes[6], 0 };
    }
}
