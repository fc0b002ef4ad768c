/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The workloads by name. `workloads` lists class and name, `workloads NAME
 * [TIMES]` prints a checksum that must not depend on where it runs.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

typedef struct Workload {
    const char *class;
    const char *name;
    unsigned times;
    bool avx2;
    uint64_t (*run)(void);
} Workload;

#define BENCH_ROW(class, name, times, avx2)                                    \
    { #class, #name, times, avx2, bench_##name },
static const Workload workloads[] = { BENCH_LIST(BENCH_ROW) };

uint64_t bench_sum(const void *data, size_t size)
{
    const uint8_t *p = data;
    uint64_t sum = 14695981039346656037u;

    while (size-- > 0) {
        sum = (sum ^ *p++) * 1099511628211u;
    }
    return sum;
}

static void *bench_map(size_t size, int protection)
{
    void *p = mmap(NULL, size, protection,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

void *bench_memory(size_t size)
{
    static void *memory;
    static size_t mapped;

    if (size > mapped) {
        memory = bench_map(size, PROT_READ | PROT_WRITE);
        mapped = size;
        return memory;
    }
    return memset(memory, 0, size);
}

uint8_t *bench_code(size_t size)
{
    static uint8_t *code;

    if (!code) {
        code = bench_map(2 << 20, PROT_READ | PROT_WRITE | PROT_EXEC);
    }
    return size <= 2 << 20 ? code : NULL;
}

int bench_main(int argc, char **argv)
{
    size_t n = sizeof(workloads) / sizeof(workloads[0]);

    for (size_t i = 0; i < n; i++) {
        const Workload *w = &workloads[i];
        unsigned times = argc > 2 ? (unsigned)atoi(argv[2]) : w->times;
        uint64_t sum = 0;

        if (argc < 2) {
            printf("%s %s\n", w->class, w->name);
        } else if (strcmp(argv[1], w->name) == 0) {
            if (w->avx2 && !__builtin_cpu_supports("avx2")) {
                puts("no AVX2");
                return 0;
            }
            while (times-- > 0) {
                sum = sum * 31 + w->run();
            }
            printf("%016llx\n", (unsigned long long)sum);
            return 0;
        }
    }
    return argc > 1;
}
