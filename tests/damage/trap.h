/* SPDX-License-Identifier: MIT
 *
 * Memory between pages that cannot be touched, and a call that comes back even if it touches them or does not end. */
#ifndef DEFRAG_TESTS_DAMAGE_TRAP_H
#define DEFRAG_TESTS_DAMAGE_TRAP_H

#include "calls.h"

/* What a call did. What lies beside the pool in its own pages is watched, too: by a sanitizer, or afterwards. */
typedef enum trap_outcome { TRAP_CAME_BACK, TRAP_LEFT_POOL, TRAP_CRASHED, TRAP_ENDLESS, TRAP_OUTCOMES } trap_outcome;

/* Sets up; false if the system gives no memory. */
bool trap_begin(void);

/* Memory of so many bytes, a multiple of 32, that begins or ends at a page that cannot be touched. It takes the place of what was
 * given before. */
unsigned char *trap_memory(size_t bytes, bool at_end);

/* Makes a call on what trap_memory gave. */
trap_outcome trap_call(uint32_t call, const damage_target *target, defrag_status *status);

#endif
