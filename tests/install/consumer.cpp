// SPDX-License-Identifier: MIT
//
// The same from C++, whose stricter conversions and linkage the header must suit.
#include <defrag.h>

#include <algorithm>
#include <cstdio>

namespace
{

alignas(16) unsigned char memory[4096];

bool use(defrag_pool *pool)
{
    defrag_request request = DEFRAG_REQUEST_INIT;
    defrag_handle handle = DEFRAG_NO_HANDLE;
    void *address = nullptr;

    request.bytes = 100;
    request.alignment = 64;
    request.fit = DEFRAG_MAKE_ROOM;
    if (defrag_alloc_with(pool, &request, &handle) != DEFRAG_OK || defrag_lock(pool, handle, &address) != DEFRAG_OK) {
        return false;
    }
    std::fill_n(static_cast<unsigned char *>(address), request.bytes, static_cast<unsigned char>(0xA5));
    return defrag_unlock(pool, handle) == DEFRAG_OK && defrag_free(pool, handle) == DEFRAG_OK;
}

} // namespace

int main()
{
    defrag_config config = DEFRAG_CONFIG_INIT;
    defrag_pool *pool = nullptr;

    config.handles = 4;
    if (defrag_version() != DEFRAG_VERSION || defrag_init(memory, sizeof memory, &config, &pool) != DEFRAG_OK) {
        return 1;
    }
    if (!use(pool) || defrag_check(pool, nullptr) != DEFRAG_OK || defrag_deinit(pool) != DEFRAG_OK) {
        return 1;
    }
    return std::puts(defrag_status_text(DEFRAG_OK)) < 0;
}
