/* SPDX-License-Identifier: MIT
 * Of FreeRTOS, just what the porting guide's program calls: one task runs, so a mutex keeps nobody waiting. */
#define portMAX_DELAY (~0UL)
