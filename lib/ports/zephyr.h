/* SPDX-License-Identifier: MIT
 *
 * Keeps interrupts and other threads out on one core of Zephyr: -DDEFRAG_CONFIG='"ports/zephyr.h"' */
#ifndef DEFRAG_PORTS_ZEPHYR_H
#define DEFRAG_PORTS_ZEPHYR_H

#include <zephyr/irq.h>

typedef unsigned int defrag_critical;

static inline defrag_critical defrag_enter(void)
{
    return irq_lock();
}

static inline void defrag_exit(defrag_critical before)
{
    irq_unlock(before);
}

#endif
