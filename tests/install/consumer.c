/* SPDX-License-Identifier: MIT
 *
 * A program that knows nothing but the installed header and library.
 */
#include <defrag.h>
#include <stdio.h>
#include <string.h>

static _Alignas(16) unsigned char memory[4096];

static int use(defrag_pool *pool)
{
    defrag_handle handle;
    void *address;

    if (defrag_alloc(pool, 100, DEFRAG_MAKE_ROOM, &handle) != DEFRAG_OK ||
        defrag_lock(pool, handle, &address) != DEFRAG_OK) {
        return 1;
    }
    memset(address, 0xA5, 100);
    return defrag_unlock(pool, handle) != DEFRAG_OK || defrag_free(pool, handle) != DEFRAG_OK;
}

int main(void)
{
    defrag_pool *pool;

    if (defrag_version() != DEFRAG_VERSION || defrag_init(memory, sizeof memory, NULL, &pool) != DEFRAG_OK) {
        return 1;
    }
    if (use(pool) != 0 || defrag_check(pool, NULL) != DEFRAG_OK || defrag_deinit(pool) != DEFRAG_OK) {
        return 1;
    }
    return puts(defrag_status_text(DEFRAG_OK)) < 0;
}
