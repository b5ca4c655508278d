/* SPDX-License-Identifier: MIT
 *
 * A program that uses its pool as it should, or makes one mistake: stale [MISTAKE]. In a library built for stress each
 * mistake is found, at once or by the next call.
 *
 * Ends with 0 if all went well, 2 if there is no such mistake, 3 if a read showed what is not the block's content, and 4 if
 * the library found a write. */
#include "defrag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* On a target both the C library and the emulator put a name of the program before the first argument. */
#ifdef __linux__
enum { FIRST_ARGUMENT = 1 };
#else
enum { FIRST_ARGUMENT = 2 };
#endif

enum { POOL_BYTES = 4096, BLOCK_BYTES = 100, CONTENT = 0x42 };

static _Alignas(64) unsigned char memory[POOL_BYTES];
static defrag_pool *pool;

/* Takes the place of the library's, which only traps. Another library does not know it. */
void defrag_trap(const char *what, const void *where);

void defrag_trap(const char *what, const void *where)
{
    printf("trapped: %s, at byte %u\n", what, (unsigned)((const unsigned char *)where - memory));
    exit(4);
}

static void demand(bool holds, const char *what)
{
    if (!holds) {
        printf("not so: %s\n", what);
        exit(1);
    }
}

#define DEMAND(condition) demand((condition), #condition)

static unsigned char *lock(defrag_handle handle)
{
    void *address;
    DEMAND(defrag_lock(pool, handle, &address) == DEFRAG_OK);
    return address;
}

static void unlock(defrag_handle handle)
{
    DEMAND(defrag_unlock(pool, handle) == DEFRAG_OK);
}

static defrag_handle new_block(void)
{
    defrag_handle handle;
    DEMAND(defrag_alloc(pool, BLOCK_BYTES, DEFRAG_MAKE_ROOM, &handle) == DEFRAG_OK);
    memset(lock(handle), CONTENT, BLOCK_BYTES);
    unlock(handle);
    return handle;
}

/* By a volatile pointer, since compilers know that nothing good can come of some of these. */
static void read_at(const volatile unsigned char *address)
{
    unsigned char seen = *address;
    if (seen != CONTENT) {
        printf("read %02x in place of the block's content\n", seen);
        exit(3);
    }
}

static void write_at(volatile unsigned char *address)
{
    *address = CONTENT;
}

/* ----------------------------------------------------------------------------------------------------------- mistakes */

/* A pointer to a block that is unlocked by now. */
static unsigned char *after_unlock(void)
{
    defrag_handle handle = new_block();
    unsigned char *address = lock(handle);
    unlock(handle);
    return address + BLOCK_BYTES / 2;
}

/* The same of a block that has nowhere to go. */
static unsigned char *in_full_pool(void)
{
    defrag_handle handle = new_block();
    defrag_handle filler;
    while (defrag_alloc(pool, 1, DEFRAG_BEST, &filler) == DEFRAG_OK) {
    }
    unsigned char *address = lock(handle);
    unlock(handle);
    return address + BLOCK_BYTES / 2;
}

static unsigned char *after_free(void)
{
    defrag_handle handle = new_block();
    unsigned char *address = lock(handle);
    unlock(handle);
    DEMAND(defrag_free(pool, handle) == DEFRAG_OK);
    return address + BLOCK_BYTES / 2;
}

/* A pointer that is followed although the block was locked anew, and so must be where it was, it is thought. */
static unsigned char *after_move(void)
{
    defrag_handle handle = new_block();
    unsigned char *address = lock(handle);
    unlock(handle);
    (void)lock(handle);
    return address + BLOCK_BYTES / 2;
}

static unsigned char *after_resize(void)
{
    defrag_handle handle = new_block();
    unsigned char *address = lock(handle);
    unlock(handle);
    DEMAND(defrag_resize(pool, handle, 2 * (size_t)BLOCK_BYTES, DEFRAG_FAST) == DEFRAG_OK);
    (void)lock(handle);
    return address + BLOCK_BYTES / 2;
}

static unsigned char *past_end(void)
{
    size_t usable;
    defrag_handle handle = new_block();
    DEMAND(defrag_usable_size(pool, handle, &usable) == DEFRAG_OK);
    return lock(handle) + usable;
}

static unsigned char *before_start(void)
{
    return lock(new_block()) - 1;
}

/* Of the pool's own. */
static unsigned char *control_block(void)
{
    return memory + 16;
}

static const struct {
    const char *name;
    unsigned char *(*place)(void);
} mistakes[] = {
    { "after_unlock", after_unlock }, { "in_full_pool", in_full_pool },   { "after_free", after_free },
    { "after_move", after_move },     { "after_resize", after_resize },   { "past_end", past_end },
    { "before_start", before_start }, { "control_block", control_block },
};

/* A mistake is named read_ or write_ and the place. */
static bool make(const char *mistake)
{
    const char *name = strchr(mistake, '_');
    for (size_t i = 0; name != NULL && i < sizeof mistakes / sizeof *mistakes; i++) {
        if (strcmp(name + 1, mistakes[i].name) == 0) {
            unsigned char *place = mistakes[i].place();
            if (*mistake == 'r') {
                read_at(place);
            } else {
                write_at(place);
            }
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------------------------------------------------ the rest */

/* What is right: contents stay, wherever blocks are, and the memory is the program's again at the end. */
static void do_right(void)
{
    enum { BLOCKS = 12 };
    defrag_handle handles[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        handles[i] = new_block();
    }
    DEMAND(defrag_compact(pool) == DEFRAG_OK);
    for (size_t i = 0; i < BLOCKS; i++) {
        const unsigned char *bytes = lock(handles[i]);
        for (size_t at = 0; at < BLOCK_BYTES; at++) {
            DEMAND(bytes[at] == CONTENT);
        }
        unlock(handles[i]);
        DEMAND(defrag_free(pool, handles[i]) == DEFRAG_OK);
    }
}

int main(int count, char **arguments)
{
    DEMAND(defrag_init(memory, sizeof memory, NULL, &pool) == DEFRAG_OK);
    do_right();
    defrag_handle bystander = new_block();
    if (count > FIRST_ARGUMENT) {
        if (!make(arguments[FIRST_ARGUMENT])) {
            printf("%s is no mistake that can be made\n", arguments[FIRST_ARGUMENT]);
            return 2;
        }
        (void)defrag_free(pool, bystander); /* any call finds what was written */
        puts("not noticed");
        return 0;
    }
    DEMAND(defrag_free(pool, bystander) == DEFRAG_OK);
    DEMAND(defrag_deinit(pool) == DEFRAG_OK);
    memset(memory, CONTENT, sizeof memory);
    read_at(memory + sizeof memory / 2);
    puts("all well");
    return 0;
}
