/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that come, end and are waited for. */
#include "bench/bench.h"
#include <sys/wait.h>
#include <unistd.h>

uint64_t bench_fork(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < 100; i++) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            _exit(i & 63);
        }
        waitpid(pid, &status, 0);
        sum += WEXITSTATUS(status);
    }
    return sum;
}
