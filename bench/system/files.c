/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files made, written, found, read and removed. */
#include "bench/bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

uint64_t bench_files(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < 1000; i++) {
        char name[64], data[512] = { 1 };
        struct stat st;
        int fd;

        snprintf(name, sizeof(name), "/tmp/bench-%d", i % 100);
        fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);
        sum += write(fd, data, sizeof(data));
        sum += stat(name, &st) == 0 ? st.st_size : 0;
        sum += pread(fd, data, sizeof(data), 0);
        close(fd);
        sum += unlink(name) == 0;
    }
    return sum;
}
