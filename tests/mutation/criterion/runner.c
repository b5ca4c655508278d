/* SPDX-License-Identifier: MIT
 *
 * Runs all unit tests, but for the groups named, until one fails; prints its name. */
#include "criterion.h"

#include <sys/wait.h>
#include <unistd.h>

extern const unit_test __start_unit_tests[];
extern const unit_test __stop_unit_tests[];

static bool is_left_out(const unit_test *test, int count, char **groups)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(groups[i], test->group) == 0) {
            return true;
        }
    }
    return false;
}

static bool passes(const unit_test *test)
{
    pid_t child = fork();
    if (child == 0) {
        test->run();
        _exit(0);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(int count, char **groups)
{
    for (const unit_test *test = __start_unit_tests; test != __stop_unit_tests; test++) {
        if (!is_left_out(test, count, groups) && !passes(test)) {
            printf("%s/%s\n", test->group, test->name);
            return 1;
        }
    }
    return 0;
}
