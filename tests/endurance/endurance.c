/* SPDX-License-Identifier: MIT
 * Lives through simulated years with one heap: endurance DAYS [SEED]
 *
 * Prints what the heap looked like each month, and the first day on which it refused although the bytes sufficed. Such a
 * refusal reboots the device, as a watchdog would; the exit code is 0 if there was none. */
#include "device.h"
#include "object.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Both the C library and the emulator put a name of the program before the first. */
enum { FIRST_ARGUMENT = 2 };

enum { MONTH = 30 /* days */ };

typedef struct {
    uint32_t day;
    uint32_t first_refusal; /* the day; 0: none */
    uint32_t reboots;
    uint32_t high_water; /* over all reboots */
    uint64_t seed;
} life;

static void note_high_water(life *lived)
{
    uint32_t now = (uint32_t)heap_high_water();
    lived->high_water = now > lived->high_water ? now : lived->high_water;
}

static void reboot(life *lived)
{
    note_high_water(lived);
    if (lived->reboots++ == 0) {
        lived->first_refusal = lived->day;
        printf("refused %s day %" PRIu32 ": %" PRIu32 " bytes with %" PRIu32 " free\n", heap_name, lived->day,
               heap_account.refused_bytes, heap_account.refused_free);
    }
    device_boot(++lived->seed);
}

static void live_a_day(life *lived)
{
    lived->day++;
    for (uint32_t i = 0; i < LOOPS_PER_DAY; i++) {
        uint64_t refused = heap_account.refused;
        device_loop();
        if (heap_account.refused != refused) {
            reboot(lived);
        }
    }
    note_high_water(lived);
}

static void tell(const life *lived)
{
    printf("month %s day %" PRIu32 " high water %" PRIu32 " peak %" PRIu32 " reboots %" PRIu32 "\n", heap_name,
           lived->day, lived->high_water, heap_account.peak_bytes, lived->reboots);
    fflush(stdout);
}

int main(int count, char **arguments)
{
    uint64_t seed = count > FIRST_ARGUMENT + 1 ? strtoull(arguments[FIRST_ARGUMENT + 1], NULL, 10) : 1;
    uint32_t days = count > FIRST_ARGUMENT ? (uint32_t)strtoul(arguments[FIRST_ARGUMENT], NULL, 10) : 365;
    life lived = { .seed = seed };
    device_boot(lived.seed);
    while (lived.day < days) {
        live_a_day(&lived);
        if (lived.day % MONTH == 0 || lived.day == days) {
            tell(&lived);
        }
    }
    printf("total %s days %" PRIu32 " requests %" PRIu64 " refused %" PRIu64 " overloads %" PRIu64
           " first refusal day %" PRIu32 " reboots %" PRIu32 " seed %" PRIu64 "\n",
           heap_name, lived.day, heap_account.requests, heap_account.refused, heap_account.overloads,
           lived.first_refusal, lived.reboots, seed);
    return heap_account.refused != 0;
}
