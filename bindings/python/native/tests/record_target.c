/* SPDX-License-Identifier: MIT
 *
 * A program to be recorded: it uses the heap in every way there is, from several threads, and tells on stdout what it
 * did. One line for each block: how it came to life, its resizes, and whether it was freed. Only blocks of MARK bytes
 * and more count; what the C library asks for itself is smaller. The argument says how to end: return, _exit, abort,
 * kill, exec. */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Not known to the compiler, which would warn. */
static volatile size_t too_much = (size_t)-1, nothing = 0;

enum { MARK = 10000, THREADS = 4, BLOCKS = 300, HANDED_OVER = 20, STORM = 10000 };

/* A second name of free, which is not recorded. */
extern void __libc_free(void *block);

/* Has the threads call at the same moment. */
static pthread_barrier_t turn;

/* What a thread hands over to be freed by the main one. */
typedef struct {
    unsigned number;
    void *blocks[HANDED_OVER];
    char told[HANDED_OVER][64];
} worker;

static void *require(void *block)
{
    if (block == NULL) {
        abort();
    }
    return block;
}

static void *grow(void *block, size_t bytes)
{
    return require(realloc(block, bytes));
}

/* Calls that get in each other's way, if anything lets them. */
static void storm(void)
{
    pthread_barrier_wait(&turn);
    for (unsigned i = 0; i < STORM; i++) {
        free(require(malloc(1 + i % 200)));
    }
}

/* Each block of a thread has a size of its own. */
static void *work(void *argument)
{
    worker *self = argument;
    storm();
    for (unsigned i = 0; i < BLOCKS; i++) {
        size_t bytes = MARK + 10 * (self->number * BLOCKS + i);
        pthread_barrier_wait(&turn);
        void *block = require(i % 2 == 0 ? malloc(bytes) : calloc(bytes, 1));
        const char *made = i % 2 == 0 ? "allocate" : "zeroed";
        if (i < HANDED_OVER) {
            self->blocks[i] = block;
            snprintf(self->told[i], sizeof self->told[i], "%s %zu", made, bytes);
            continue;
        }
        pthread_barrier_wait(&turn);
        block = grow(block, 3 * bytes);
        pthread_barrier_wait(&turn);
        block = grow(block, bytes + 1);
        free(block);
        printf("%s %zu resize %zu resize %zu free\n", made, bytes, 3 * bytes, bytes + 1);
    }
    return NULL;
}

static void work_in_threads(void)
{
    static worker workers[THREADS];
    pthread_t threads[THREADS];
    pthread_barrier_init(&turn, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].number = i + 1;
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (int j = 0; j < HANDED_OVER; j++) {
            free(workers[i].blocks[j]);
            printf("%s free\n", workers[i].told[j]);
        }
    }
}

static void work_with_alignments(void)
{
    void *block = NULL;
    free(require(aligned_alloc(64, 10048)));
    puts("aligned-64 10048 free");
    if (posix_memalign(&block, 256, 10001) != 0) {
        abort();
    }
    free(grow(block, 20002));
    puts("aligned-256 10001 resize 20002 free");
    free(require(memalign(32, 10002)));
    puts("aligned-32 10002 free");
    free(require(aligned_alloc(16, 10064)));
    puts("allocate 10064 free");
    if (posix_memalign(&block, 3, 10003) == 0 || malloc(too_much / 4) != NULL || calloc(too_much, 3) != NULL) {
        abort(); /* refused, so no part of the trace */
    }
}

static void work_with_rare_calls(void)
{
    char *text = require(malloc(10004));
    memset(text, 'x', 10003);
    text[10003] = '\0';
    free(require(strdup(text)));
    puts("allocate 10004 free");
    void *array = require(reallocarray(NULL, 10, 1001));
    array = require(reallocarray(array, 10, 2001));
    if (realloc(array, nothing) != NULL) {
        abort();
    }
    puts("allocate 10010 resize 20010 free");
    free(text);
    puts("allocate 10004 free");
}

static void work_with_blocks_that_stay(void)
{
    static void *stays[3];
    stays[0] = require(malloc(10005));
    puts("allocate 10005");
    stays[1] = require(malloc(10006));
    if (realloc(stays[1], too_much / 4) != NULL) {
        abort();
    }
    puts("allocate 10006");
    void *lost = require(malloc(10007));
    uintptr_t was_at = (uintptr_t)lost;
    __libc_free(lost);
    stays[2] = require(malloc(10007));
    puts((uintptr_t)stays[2] == was_at ? "allocate 10007 free" : "allocate 10007");
    puts("allocate 10007");
}

/* What a child does is not recorded, and does no harm. */
static void work_in_a_child(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < BLOCKS; i++) {
            free(grow(require(malloc(90000 + i)), 99000));
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static int end(const char *how)
{
    fflush(stdout);
    if (strcmp(how, "_exit") == 0) {
        _exit(0);
    } else if (strcmp(how, "abort") == 0) {
        abort();
    } else if (strcmp(how, "kill") == 0) {
        raise(SIGKILL);
    } else if (strcmp(how, "exec") == 0) {
        execlp("true", "true", (char *)NULL);
    }
    return 0;
}

int main(int count, char **arguments)
{
    work_with_alignments();
    work_in_threads();
    work_with_rare_calls();
    work_with_blocks_that_stay();
    work_in_a_child(); /* last, so that nothing recorded later could hide what it wrote */
    return end(count > 1 ? arguments[1] : "return");
}
