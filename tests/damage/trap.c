/* SPDX-License-Identifier: MIT */
/* For anonymous mappings, timers and signals. */
#define _GNU_SOURCE
#include "trap.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if __has_feature(address_sanitizer) && !defined __SANITIZE_ADDRESS__
#define __SANITIZE_ADDRESS__
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

/* The widest index reaches 2^31 granules of 32 bytes to either side. */
enum { PAGE = 4096, LARGEST = 64 << 10, CANARY = 0xC7, TICK = 20000 /* microseconds */, MOST_TICKS = 10 };
static const size_t GUARD = sizeof(void *) == 8 ? (size_t)1 << 37 : (size_t)1 << 24;

static unsigned char *pages;
static unsigned char *given;
static size_t given_bytes;
static sigjmp_buf back;
static volatile sig_atomic_t calling;
static volatile sig_atomic_t ticks;

static void on_fault(int number, siginfo_t *about, void *context)
{
    (void)context;
    const unsigned char *address = about->si_addr;
    bool in_guard = number == SIGSEGV && address >= pages - GUARD && address < pages + LARGEST + GUARD;
    if (calling == 0) {
        signal(number, SIG_DFL);
        return;
    }
    siglongjmp(back, in_guard ? TRAP_LEFT_POOL : TRAP_CRASHED);
}

static void on_tick(int number)
{
    (void)number;
    if (calling != 0 && ++ticks > MOST_TICKS) {
        siglongjmp(back, TRAP_ENDLESS);
    }
}

bool trap_begin(void)
{
    enum { FLAGS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };
    unsigned char *all = mmap(NULL, 2 * GUARD + LARGEST, PROT_NONE, FLAGS, -1, 0);
    if (all == MAP_FAILED || mprotect(all + GUARD, LARGEST, PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    pages = all + GUARD;
    struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
    struct sigaction tick = { .sa_handler = on_tick, .sa_flags = SA_NODEFER | SA_RESTART };
    static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        sigaction(faults[i], &fault, NULL);
    }
    sigaction(SIGVTALRM, &tick, NULL);
    return setitimer(ITIMER_VIRTUAL, &(struct itimerval){ { 0, TICK }, { 0, TICK } }, NULL) == 0;
}

static size_t whole_pages(void)
{
    return (given_bytes + PAGE - 1) / PAGE * PAGE;
}

/* Marks what is beside the pool in its pages. */
static void mark(void)
{
    memset(pages, CANARY, (size_t)(given - pages));
    memset(given + given_bytes, CANARY, (size_t)(pages + whole_pages() - given) - given_bytes);
}

/* Only the pages that the memory is in can be touched, and what is beside it in them is marked. */
unsigned char *trap_memory(size_t bytes, bool at_end)
{
    given_bytes = bytes;
    size_t whole = whole_pages();
    ASAN_UNPOISON_MEMORY_REGION(pages, LARGEST);
    mprotect(pages, LARGEST, PROT_NONE);
    mprotect(pages, whole, PROT_READ | PROT_WRITE);
    given = at_end ? pages + whole - bytes : pages;
    mark();
    ASAN_POISON_MEMORY_REGION(pages, (size_t)(given - pages));
    ASAN_POISON_MEMORY_REGION(given + bytes, (size_t)(pages + whole - given) - bytes);
    return given;
}

#ifndef __SANITIZE_ADDRESS__
static bool is_marked(const unsigned char *from, const unsigned char *to)
{
    size_t bytes = (size_t)(to - from);
    return bytes == 0 || (*from == CANARY && memcmp(from, from + 1, bytes - 1) == 0);
}

/* Whether nothing has been written there. */
static bool is_untouched(void)
{
    return is_marked(pages, given) && is_marked(given + given_bytes, pages + whole_pages());
}
#else
/* The sanitizer sees every access. */
static bool is_untouched(void)
{
    return true;
}
#endif

trap_outcome trap_call(uint32_t call, const damage_target *target, defrag_status *status)
{
    int outcome = sigsetjmp(back, 0);
    if (outcome != TRAP_CAME_BACK) {
        calling = 0;
        return (trap_outcome)outcome;
    }
    ticks = 0;
    calling = 1;
    *status = damage_call(call, target);
    calling = 0;
    if (*status == DAMAGE_ENDLESS) {
        return TRAP_ENDLESS;
    }
    if (!is_untouched()) {
        mark();
        return TRAP_LEFT_POOL;
    }
    return TRAP_CAME_BACK;
}
