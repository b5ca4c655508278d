/* SPDX-License-Identifier: MIT
 *
 * Runs all unit tests until one fails, and prints its name. */
#include "criterion.h"

#include <sys/wait.h>
#include <unistd.h>

extern const unit_test __start_unit_tests[];
extern const unit_test __stop_unit_tests[];

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

int main(void)
{
    for (const unit_test *test = __start_unit_tests; test != __stop_unit_tests; test++) {
        if (!passes(test)) {
            printf("%s/%s\n", test->group, test->name);
            return 1;
        }
    }
    return 0;
}
