/* SPDX-License-Identifier: MIT
 * Of Zephyr, just what lib/ports/zephyr.h calls, to compile that. */
unsigned int irq_lock(void);
void irq_unlock(unsigned int key);
