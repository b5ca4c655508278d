/* SPDX-License-Identifier: MIT
 * Of FreeRTOS, just what lib/ports/freertos.h calls, to compile that. */
UBaseType_t taskENTER_CRITICAL_FROM_ISR(void);
void taskEXIT_CRITICAL_FROM_ISR(UBaseType_t before);
