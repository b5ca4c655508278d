/* SPDX-License-Identifier: MIT
 * Of CMSIS, just what the example of a heap log's lock calls. */
#include <stdint.h>

static uint32_t mask;

static inline uint32_t __get_PRIMASK(void)
{
    return mask;
}

static inline void __disable_irq(void)
{
    mask = 1;
}

static inline void __set_PRIMASK(uint32_t before)
{
    mask = before;
}
