/* SPDX-License-Identifier: MIT
 * Of FreeRTOS, just what the porting guide's program calls. */
typedef int *SemaphoreHandle_t;

static inline SemaphoreHandle_t xSemaphoreCreateMutex(void)
{
    static int taken;
    return &taken;
}

static inline int xSemaphoreTake(SemaphoreHandle_t mutex, unsigned long ticks)
{
    return ticks != 0 && (*mutex)++ == 0;
}

static inline int xSemaphoreGive(SemaphoreHandle_t mutex)
{
    return --*mutex == 0;
}
