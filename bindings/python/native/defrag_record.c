/* SPDX-License-Identifier: MIT
 * defrag-record: runs a program with libdefrag-record.so preloaded and ends the trace when the program has ended. */
#include "fail.h"
#include "record_end.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIGNAL_EXIT = 128 };

typedef struct {
    const char *file;
    char **program; /* with its arguments */
    int next;
} options;

static volatile sig_atomic_t child;

/* argp dictates the type of a parser. NOLINTNEXTLINE(readability-non-const-parameter) */
static error_t parse_option(int key, char *value, struct argp_state *state)
{
    options *chosen = state->input;
    parse_common(key, state, &chosen->next);
    switch (key) {
    case 'o': chosen->file = value; return 0;
    case ARGP_KEY_ARGS: chosen->program = state->argv + state->next; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* Makes the file, so that a name that cannot be written is told before the program runs. */
static char *make_file(const char *name)
{
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file == -1) {
        fail("'%s' cannot be written (%s); choose another file with -o", name, strerror(errno));
    }
    struct stat info;
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        fail("'%s' is no regular file; choose another file with -o", name);
    }
    close(file);
    char *path = realpath(name, NULL);
    if (path == NULL) {
        fail("'%s' cannot be found (%s); choose another file with -o", name, strerror(errno));
    }
    return path;
}

/* The recorder lies beside this program; a library that is preloaded already goes on being so. */
static void preload_recorder(void)
{
    static const char name[] = "libdefrag-record.so";
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof name);
    char *slash = length > 0 ? memrchr(path, '/', (size_t)length) : NULL;
    if (slash == NULL) {
        fail("/proc/self/exe cannot be read; mount /proc");
    }
    memcpy(slash + 1, name, sizeof name);
    if (access(path, R_OK) != 0) {
        fail("'%s' is missing; build it, or put it beside defrag-record", path);
    }
    const char *others = getenv("LD_PRELOAD");
    char *value = NULL;
    if (asprintf(&value, "%s%s%s", path, others == NULL ? "" : ":", others == NULL ? "" : others) == -1) {
        fail("there is no memory left; close other programs");
    }
    setenv("LD_PRELOAD", value, 1);
    free(value);
}

static void pass_on(int number)
{
    if (child > 0) {
        kill((pid_t)child, number);
    }
}

static void let_pass(int number)
{
    (void)number; /* the terminal sent it to the program as well */
}

static void outlive_the_program(void)
{
    struct sigaction passed_on = { .sa_handler = pass_on };
    struct sigaction ignored = { .sa_handler = let_pass };
    sigaction(SIGTERM, &passed_on, NULL);
    sigaction(SIGHUP, &passed_on, NULL);
    sigaction(SIGINT, &ignored, NULL);
    sigaction(SIGQUIT, &ignored, NULL);
}

static int run(char **program, const char *path)
{
    pid_t process = 0;
    setenv("DEFRAG_TRACE", path, 1);
    preload_recorder();
    outlive_the_program();
    int error = posix_spawnp(&process, program[0], NULL, NULL, program, environ);
    if (error != 0) {
        unlink(path);
        fail("'%s' cannot be started (%s); give a program's name or path", program[0], strerror(error));
    }
    child = process;
    int status = 0;
    while (waitpid(process, &status, 0) == -1 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? SIGNAL_EXIT + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int count, char **arguments)
{
    static const struct argp_option known[] = {
        { "output", 'o', "FILE", 0, "Write the trace to FILE", 0 },
        HELP_OPTION,
        { 0 },
    };
    static const struct argp parser = {
        .options = known,
        .parser = parse_option,
        .args_doc = "PROGRAM [ARGUMENT...]",
        .doc = "Records what a program and its threads ask of the heap, as a trace for 'defrag size' and others."
               "\vThe exit code is the program's own, or 128 and the signal's number if it was killed, and 2 if it "
               "could not "
               "be started or recorded. Processes that the program forks or starts are not recorded.",
    };
    options chosen = { NULL, NULL, 1 };
    parse_or_fail(&parser, count, arguments, ARGP_IN_ORDER, &chosen, &chosen.next);
    if (chosen.file == NULL) {
        fail("there is no file to write to; name one with -o FILE");
    }
    if (chosen.program == NULL) {
        fail("there is no program to record; name one after the options");
    }
    char *path = make_file(chosen.file);
    int code = run(chosen.program, path);
    if (!record_end(path)) {
        int error = errno;
        unlink(path);
        fail("'%s' was not recorded%s%s; it must be linked dynamically with glibc and not setuid", chosen.program[0],
             error == 0 ? "" : ": ", error == 0 ? "" : strerror(error));
    }
    free(path);
    return code;
}
