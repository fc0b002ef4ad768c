/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two processes that hand a byte to and fro. */
#include "bench/bench.h"
#include <sys/wait.h>
#include <unistd.h>

uint64_t bench_pipe(void)
{
    int to[2], from[2];
    uint64_t sum = 0;
    pid_t pid;

    if (pipe(to) || pipe(from) || (pid = fork()) < 0) {
        return 0;
    }
    for (int i = 0; i < 10000; i++) {
        uint8_t c = i;

        if (pid == 0) {
            c = read(to[0], &c, 1) == 1 ? c + 1 : 0;
            sum += write(from[1], &c, 1);
        } else {
            sum += write(to[1], &c, 1);
            sum += read(from[0], &c, 1) == 1 ? c : 0;
        }
    }
    if (pid == 0) {
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    return sum;
}
