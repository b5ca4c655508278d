/* SPDX-License-Identifier: MIT */
#include "check.h"

DEFRAG_API uint32_t defrag_version(void)
{
    return DEFRAG_VERSION;
}

DEFRAG_API const char *defrag_status_text(defrag_status status)
{
    switch (status) {
    case DEFRAG_OK: return "no error";
    case DEFRAG_FRAGMENTED: return "the free bytes suffice, but no hole is large enough";
    case DEFRAG_OUT_OF_MEMORY: return "the free bytes do not suffice";
    case DEFRAG_OUT_OF_HANDLES: return "the handle table cannot grow";
    case DEFRAG_INVALID_SIZE: return "the size is zero, or more than the pool could ever hold";
    case DEFRAG_INVALID_ALIGNMENT: return "the alignment is no power of two up to 1024, or the memory is not aligned";
    case DEFRAG_INVALID_HANDLE: return "the handle is null, stale, freed, or another pool's";
    case DEFRAG_LOCKED: return "the block is locked";
    case DEFRAG_NOT_LOCKED: return "the block is not locked";
    case DEFRAG_TOO_MANY_LOCKS: return "the block has as many shared locks as it can carry";
    case DEFRAG_INVALID_POOL: return "this is not an initialised pool of this build";
    case DEFRAG_CORRUPT: return "the pool's own data is damaged";
    case DEFRAG_BUSY: return "the pool's observer called back into it";
    case DEFRAG_INVALID_ARGUMENT: return "a pointer is null, a structure's size is not set, or a constant is unknown";
    default: return "unknown status";
    }
}

DEFRAG_API const char *defrag_invariant_text(int32_t invariant)
{
    switch (invariant) {
    case INTACT: return "no invariant is broken";
    case CONTROL_BLOCK: return "I1: the control block describes a pool of its own size";
    case TILING: return "I2: blocks and holes fill the arena from its beginning to the top";
    case HOLES_APART: return "I3: no hole touches another or the wilderness";
    case HOLE_BEFORE_BIT: return "I4: a header says that a hole is before it if and only if one is";
    case HOLE_SIZES: return "I5: a hole repeats its size in its second and last word";
    case LISTS: return "I6: each hole is linked, both ways, in the list of its bin, and nothing else is";
    case BIN_MAP: return "I7: a bit of the map is set if and only if its bin has a hole";
    case OWNERS: return "I8: each block's slot names the block";
    case LIVE_COUNT: return "I9: there are as many blocks as slots in use";
    case USED_COUNT: return "I10: the sizes of the blocks add up";
    case FREE_SLOTS: return "I11: each free slot is in the queue once";
    case ALIGNMENTS: return "I12: an over-aligned block names its alignment";
    case MISALIGNED: return "I13: an over-aligned block has its alignment";
    case FLIGHT: return "I14: a flight has an unlocked source and a reserved destination of the same size";
    case SEAL: return "I15: the seal is the exclusive or of what it covers";
    default: return "unknown invariant";
    }
}
