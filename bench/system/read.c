/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Big reads from the kernel. */
#include "bench/bench.h"
#include <fcntl.h>
#include <unistd.h>

uint64_t bench_read(void)
{
    static uint8_t data[256 << 10];
    int fd = open("/dev/zero", O_RDONLY);
    uint64_t sum = 0;

    for (int i = 0; i < 1000; i++) {
        ssize_t n = read(fd, data, sizeof(data));

        sum += n + data[i];
    }
    close(fd);
    return sum;
}
