/* SPDX-License-Identifier: MIT
 *
 * Keeping interrupts and other tasks out of a call.
 *
 * A build with DEFRAG_CONFIG, the name of a header, has its calls do what that header says: it has the type
 * defrag_critical and two functions, defrag_critical defrag_enter(void), which keeps others out and returns how it was
 * before, and void defrag_exit(defrag_critical before), which makes it so again. So calls may nest, and be made where
 * others are kept out already. The folder ports/ has such headers.
 *
 * Then every public function is guarded, in guard.c, and what the other files define has another name, as in a build
 * with DEFRAG_STRESS (stress.h). A call that moves blocks lets others in whenever it has copied OPEN_BYTES, and at
 * least once for each block; what is on its way then is locked, or in flight, so that nobody can get at it, and who
 * moves trusts nothing afterwards that others may have changed. Without DEFRAG_CONFIG all of this is nothing. */
#ifndef DEFRAG_GUARD_H
#define DEFRAG_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#if defined DEFRAG_CONFIG || defined DEFRAG_STRESS
#define defrag_init defrag_init_unguarded
#define defrag_attach defrag_attach_unguarded
#define defrag_deinit defrag_deinit_unguarded
#define defrag_alloc defrag_alloc_unguarded
#define defrag_alloc_array defrag_alloc_array_unguarded
#define defrag_alloc_with defrag_alloc_with_unguarded
#define defrag_free defrag_free_unguarded
#define defrag_resize defrag_resize_unguarded
#define defrag_usable_size defrag_usable_size_unguarded
#define defrag_lock defrag_lock_unguarded
#define defrag_lock_shared defrag_lock_shared_unguarded
#define defrag_unlock defrag_unlock_unguarded
#define defrag_clean defrag_clean_unguarded
#define defrag_compact defrag_compact_unguarded
#define defrag_step defrag_step_unguarded
#define defrag_stats defrag_stats_unguarded
#define defrag_would_fit defrag_would_fit_unguarded
#define defrag_walk defrag_walk_unguarded
#define defrag_check defrag_check_unguarded
#define defrag_observe defrag_observe_unguarded
#endif

#ifdef DEFRAG_CONFIG

#define GUARDED true
#ifndef DEFRAG_OPEN_WORDS
#define DEFRAG_OPEN_WORDS 32 /* of 4 bytes */
#endif
#define OPEN_BYTES (4U * DEFRAG_OPEN_WORDS)

/* Lets others in that the call under way has kept out. */
__attribute__((visibility("hidden"))) void defrag_let_others_in(void);

#else

#define GUARDED false
#define OPEN_BYTES UINT32_MAX

static inline void defrag_let_others_in(void)
{
}

#endif

#endif
