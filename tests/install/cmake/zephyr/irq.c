/* SPDX-License-Identifier: MIT
 * Of Zephyr, what lib/ports/zephyr.h calls. */
#include <zephyr/irq.h>

static unsigned int locks;

unsigned int irq_lock(void)
{
    return locks++;
}

void irq_unlock(unsigned int key)
{
    locks = key;
}
