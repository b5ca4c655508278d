/* SPDX-License-Identifier: MIT
 *
 * A guarded build: what others may do while a call lets them in. */
#include "interrupts/simulated.h"
#include "support.h"

static bool kept_out;
static int sections;    /* that ended with others let in */
static void (*others)(void);

defrag_critical defrag_enter(void)
{
    defrag_critical before = kept_out;
    kept_out = true;
    return before;
}

/* Lets the others in, who come but once: what they call lets nobody in. */
void defrag_exit(defrag_critical before)
{
    void (*come)(void) = others;
    kept_out = before;
    sections += !before;
    if (!before && come != NULL) {
        others = NULL;
        come();
    }
}

Test(guard, calls_may_be_made_where_others_are_kept_out)
{
    defrag_pool *pool = new_pool(4096);
    kept_out = true;
    sections = 0;
    defrag_handle handle = alloc_block(pool, 1000, DEFRAG_FAST);
    fill_block(pool, handle, 1);
    cr_assert(kept_out);
    cr_assert_eq(sections, 0);
}
