/* SPDX-License-Identifier: MIT
 * A simulated connected device and its use of the heap. */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdint.h>

enum { LOOP_SECONDS = 20, LOOPS_PER_DAY = 24 * 60 * 60 / LOOP_SECONDS };

/* Begins its life, or begins again after a reboot, with an empty heap. */
void device_boot(uint64_t seed);

/* Lives through LOOP_SECONDS. */
void device_loop(void);

#endif
