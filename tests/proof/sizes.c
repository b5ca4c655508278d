/* SPDX-License-Identifier: MIT
 *
 * Contracts in ACSL for the arithmetic of sizes, which Frama-C's WP proves of the functions of lib/ themselves, with guards
 * against every run-time error. The numbers in them are integers without bounds: so nothing wraps around. */
#include "control.c"
#include "handles.h"
#include "room.h"

#include "assumed.h"

/* -------------------------------------------------------------------------------------------- granules, places and bytes */

/*@ requires GRANULE * (g + 1) <= UINT32_MAX;
    assigns  \nothing;
    ensures  in_its_granule: GRANULE * g <= \result && \result + WORD == GRANULE * (g + 1);
    ensures  aligned: \result % WORD == 0; */
static inline uint32_t header_offset(uint32_t g);

/*@ requires GRANULE * (g + 1) <= UINT32_MAX;
    assigns  \nothing;
    ensures  aligned_behind_the_header: \result % GRANULE == 0 && \result == GRANULE * g + (GRANULE - WORD) + WORD; */
static inline uint32_t usable_offset(uint32_t g);

/*@ requires 1 <= granules <= MAX_POOL_BYTES / GRANULE;
    assigns  \nothing;
    ensures  all_but_the_header: \result == GRANULE * granules - WORD && \result >= WORD; */
static inline uint32_t usable_bytes(uint32_t granules);

/*@ logic integer tail_for(integer alignment) = alignment > 1 ? (integer)sizeof(half_t) : 0;
    predicate holds(integer granules, integer bytes) = bytes <= GRANULE * granules - WORD; */

/*@ requires 1 <= bytes <= MAX_POOL_BYTES;
    assigns  \nothing;
    ensures  enough: holds(\result, bytes + tail_for(alignment));
    ensures  no_more: !holds(\result - 1, bytes + tail_for(alignment));
    ensures  positive: \result >= 1; */
static inline uint32_t granules_for(uint32_t bytes, uint32_t alignment);

/*@ requires bytes <= MAX_POOL_BYTES && slots <= MAX_SLOTS + 1 && 2 * GRANULE + WORD * slots <= bytes;
    assigns  \nothing;
    ensures  below_the_table: GRANULE * (\result + 1) - WORD <= bytes - WORD * slots;
    ensures  highest: GRANULE * (\result + 2) - WORD > bytes - WORD * slots;
    ensures  positive: \result >= 1; */
static inline uint32_t limit_with(uint32_t bytes, uint32_t slots);

/* ----------------------------------------------------------------------------------------------------------- whole pools */

/*@ requires DEFRAG_MIN_POOL_BYTES <= bytes <= MAX_POOL_BYTES;
    assigns  \nothing;
    ensures  head_and_bins: sizeof(defrag_pool) < \result <= sizeof(defrag_pool) + sizeof(half_t) * 32 * MAP_WORDS; */
uint32_t defrag_control_bytes(uint32_t bytes);

/*@ requires DEFRAG_MIN_POOL_BYTES <= bytes <= MAX_POOL_BYTES;
    assigns  \nothing;
    ensures  behind_the_head: GRANULE * (\result + 1) - WORD >= sizeof(defrag_pool);
    ensures  bounded: 1 <= \result <= 1024; */
uint32_t defrag_first_in(uint32_t bytes);

/*@ requires DEFRAG_MIN_POOL_BYTES <= bytes <= MAX_POOL_BYTES && bytes % GRANULE == 0;
    assigns  \nothing;
    ensures  no_more_than_the_pool: \result <= bytes;
    ensures  too_many_slots: reserved_slots > MAX_SLOTS ==> \result == 0;
    ensures  a_block_and_its_slot: \result != 0 ==> \result >= WORD &&
                 \result + WORD + WORD * (reserved_slots == 0 ? 1 : reserved_slots) + sizeof(defrag_pool) <= bytes; */
uint32_t defrag_capacity(uint32_t bytes, uint32_t reserved_slots);

/* ------------------------------------------------------------------------------------------------------- bits of words */

/*@ assigns \nothing;
    ensures four_bits: \result <= 15; */
static inline uint32_t locks_in(word_t e);

/*@ assigns \nothing;
    ensures an_index: \result <= INDEX_MASK; */
static inline uint32_t index_in(word_t e);

/*@ assigns \nothing;
    ensures a_half_or_none: \result == 0 || \result == sizeof(half_t); */
static inline uint32_t tail_bytes(word_t e);

/*@ requires \valid_read(need) && 1 <= need->granules <= MAX_POOL_BYTES / GRANULE;
    requires 1 <= need->alignment <= DEFRAG_MAX_ALIGNMENT;
    assigns  \nothing;
    ensures  with_the_worst_padding: \result == need->granules + (need->alignment - 1); */
static inline uint32_t goal_of(const need_t *need);
