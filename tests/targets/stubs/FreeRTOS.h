/* SPDX-License-Identifier: MIT
 * Of FreeRTOS, just what lib/ports/freertos.h calls, to compile that. */
typedef unsigned long UBaseType_t;
