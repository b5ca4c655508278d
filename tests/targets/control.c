/* SPDX-License-Identifier: MIT
 *
 * Prints the bytes that control blocks take, as JSON. */
#include "defrag.h"

#include <stdio.h>

static _Alignas(8) unsigned char memory[256 << 10];

int main(void)
{
    static const unsigned kib[] = { 16, 64, 256 };
    for (size_t i = 0; i < sizeof kib / sizeof kib[0]; i++) {
        defrag_pool *pool;
        defrag_pool_stats stats = DEFRAG_STATS_INIT;
        if (defrag_init(memory, (size_t)kib[i] << 10, NULL, &pool) != DEFRAG_OK) {
            return 1;
        }
        (void)defrag_stats(pool, &stats);
        printf("%s\"pool of %u KiB\": %u", i == 0 ? "{" : ", ", kib[i], (unsigned)stats.control_bytes);
    }
    puts("}");
    return 0;
}
