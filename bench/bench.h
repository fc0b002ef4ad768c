/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the workloads share. Each is one function that computes the same number
 * on every machine; main.c lists and times them.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The compiler may not see through this. */
#define BENCH_BARRIER() asm volatile("" : : : "memory")

/* packed/ is compiled once for each instruction set, with a name of its own. */
#ifndef BENCH_SET
#define BENCH_SET sse2
#endif
#define BENCH_NAME2(name, set) bench_##name##_##set
#define BENCH_NAME(name, set) BENCH_NAME2(name, set)
#define PACKED(name) BENCH_NAME(name, BENCH_SET)

/* class, name, times, needs AVX2. Times make 100 ms on a fast CPU, or as much
 * of that as keeps QEMU, at some 3 GHz, below 3 s. */
#define BENCH_LIST(X)                                                          \
    X(integer, sieve, 280, 0)                                                  \
    X(integer, sort, 40, 0)                                                    \
    X(integer, hash, 180, 0)                                                   \
    X(integer, crc, 110, 0)                                                    \
    X(integer, matrix, 340, 0)                                                 \
    X(integer, recursion, 160, 0)                                              \
    X(integer, switch, 120, 0)                                                 \
    X(integer, threaded, 128, 0)                                               \
    X(integer, virtual, 70, 0)                                                 \
    X(integer, returns, 800, 0)                                                \
    X(integer, scan, 370, 0)                                                   \
    X(integer, bigmul, 480, 0)                                                 \
    X(integer, divide, 70, 0)                                                  \
    X(integer, bits, 160, 0)                                                   \
    X(integer, flags, 200, 0)                                                  \
    X(float, nbody, 80, 0)                                                     \
    X(float, spectral, 200, 0)                                                 \
    X(float, mandelbrot, 64, 0)                                                \
    X(float, fmatrix, 320, 0)                                                  \
    X(float, fdivide, 52, 0)                                                   \
    X(float, convert, 40, 0)                                                   \
    X(float, libm, 40, 0)                                                      \
    X(packed, saxpy_sse2, 100, 0)                                              \
    X(packed, dot_sse2, 100, 0)                                                \
    X(packed, gemm_sse2, 80, 0)                                                \
    X(packed, blend_sse2, 300, 0)                                              \
    X(packed, idot_sse2, 300, 0)                                               \
    X(packed, maxabs_sse2, 300, 0)                                             \
    X(packed, saxpy_avx2, 160, 1)                                              \
    X(packed, dot_avx2, 160, 1)                                                \
    X(packed, gemm_avx2, 64, 1)                                                \
    X(packed, blend_avx2, 400, 1)                                              \
    X(packed, idot_avx2, 400, 1)                                               \
    X(packed, maxabs_avx2, 400, 1)                                             \
    X(x87, series, 30, 0)                                                      \
    X(x87, lorenz, 36, 0)                                                      \
    X(x87, xconvert, 30, 0)                                                    \
    X(x87, xsqrt, 36, 0)                                                       \
    X(x87, xtrig, 80, 0)                                                       \
    X(strings, movs16, 100, 0)                                                 \
    X(strings, movs256, 50, 0)                                                 \
    X(strings, movs64k, 10, 0)                                                 \
    X(strings, stos16, 100, 0)                                                 \
    X(strings, stos256, 50, 0)                                                 \
    X(strings, stos64k, 10, 0)                                                 \
    X(strings, compare, 240, 0)                                                \
    X(strings, libc, 60, 0)                                                    \
    X(memory, sequential, 20, 0)                                               \
    X(memory, scatter, 6, 0)                                                   \
    X(memory, chase16k, 20, 0)                                                 \
    X(memory, chase1m, 6, 0)                                                   \
    X(memory, chase64m, 2, 0)                                                  \
    X(memory, unaligned, 1200, 0)                                              \
    X(memory, atomics, 24, 0)                                                  \
    X(system, syscall, 5, 0)                                                   \
    X(system, fork, 14, 0)                                                     \
    X(system, exec, 3, 0)                                                      \
    X(system, pipe, 3, 0)                                                      \
    X(system, futex, 3, 0)                                                     \
    X(system, fault, 3, 0)                                                     \
    X(system, mprotect, 2, 0)                                                  \
    X(system, files, 6, 0)                                                     \
    X(system, read, 8, 0)                                                      \
    X(system, signal, 3, 0)                                                    \
    X(changing, selfmod, 8, 0)                                                 \
    X(changing, jit, 30, 0)                                                    \
    X(changing, codedata, 40, 0)                                               \
    X(changing, once, 3, 0)                                                    \
    X(changing, twenty, 1, 0)
#define BENCH_DECLARE(class, name, times, avx2) uint64_t bench_##name(void);
BENCH_LIST(BENCH_DECLARE)

/* The same numbers everywhere (xorshift). */
static inline uint64_t bench_random(uint64_t *seed)
{
    *seed = (*seed ^ 0x2545f4914f6cdd1d) * 0x9e3779b97f4a7c15;
    *seed ^= *seed >> 29;
    return *seed >> 16;
}

static inline uint64_t bench_double(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

int bench_main(int argc, char **argv);
uint64_t bench_sum(const void *data, size_t size);

/* Zeroed memory, touched already, and memory to run code in: the same at each
 * call, for the largest size asked for. */
void *bench_memory(size_t size);
uint8_t *bench_code(size_t size);

#endif
