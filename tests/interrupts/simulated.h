/* SPDX-License-Identifier: MIT
 *
 * Interrupts simulated on a host: whenever they are let in, one may come. */
#ifndef DEFRAG_TESTS_SIMULATED_H
#define DEFRAG_TESTS_SIMULATED_H

#include <stdbool.h>

typedef bool defrag_critical; /* whether interrupts are kept out */

defrag_critical defrag_enter(void);
void defrag_exit(defrag_critical before);

#endif
