/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points of the Mandelbrot set: multiply, add, compare. */
#include "bench/bench.h"

uint64_t bench_mandelbrot(void)
{
    enum { SIZE = 120 };
    uint64_t sum = 0;

    for (int y = 0; y < SIZE; y++) {
        for (int x = 0; x < SIZE; x++) {
            double cr = 3.0 * x / SIZE - 2, ci = 2.0 * y / SIZE - 1;
            double r = 0, i = 0, rr = 0, ii = 0;
            int n = 0;

            while (n < 200 && rr + ii < 4) {
                i = 2 * r * i + ci;
                r = rr - ii + cr;
                rr = r * r;
                ii = i * i;
                n++;
            }
            sum = sum * 3 + n;
        }
    }
    return sum;
}
