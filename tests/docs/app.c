/* SPDX-License-Identifier: MIT
 *
 * A program whose heap is recorded as the documents tell: it asks for some 40 KiB, in blocks of all sizes. */
#include <stdlib.h>
#include <string.h>
int main(void)
{
    void *blocks[160] = { 0 };
    unsigned drawn = 1;
    void *first = malloc(1);
    for (int i = 0; i < 8000; i++) {
        drawn = drawn * 1103515245 + 12345;
        void **block = &blocks[drawn / 65536 % 160];
        free(*block);
        *block = malloc(drawn / 512 % 450 + 1);
        memset(*block, 1, 1);
    }
    free(first);
    for (int i = 0; i < 160; i++) {
        free(blocks[i]);
    }
}
