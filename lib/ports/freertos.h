/* SPDX-License-Identifier: MIT
 *
 * Keeps interrupts that FreeRTOS manages, and other tasks, out: -DDEFRAG_CONFIG='"ports/freertos.h"'
 *
 * The macros for interrupts save and restore the mask, and so serve tasks and interrupts alike. */
#ifndef DEFRAG_PORTS_FREERTOS_H
#define DEFRAG_PORTS_FREERTOS_H

#include "FreeRTOS.h"
#include "task.h"

typedef UBaseType_t defrag_critical;

static inline defrag_critical defrag_enter(void)
{
    return taskENTER_CRITICAL_FROM_ISR();
}

static inline void defrag_exit(defrag_critical before)
{
    taskEXIT_CRITICAL_FROM_ISR(before);
}

#endif
