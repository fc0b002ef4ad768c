/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The planets: square roots and divisions on doubles. */
#include "bench/bench.h"
#include <math.h>

typedef struct Body {
    double x, y, z, vx, vy, vz, mass;
} Body;

static void step(Body *b, int n)
{
    for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++) {
            double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y;
            double dz = b[i].z - b[j].z, d2 = dx * dx + dy * dy + dz * dz;
            double mag = 0.01 / (d2 * sqrt(d2));

            b[i].vx -= dx * b[j].mass * mag;
            b[i].vy -= dy * b[j].mass * mag;
            b[i].vz -= dz * b[j].mass * mag;
            b[j].vx += dx * b[i].mass * mag;
            b[j].vy += dy * b[i].mass * mag;
            b[j].vz += dz * b[i].mass * mag;
        }
    }
    for (int i = 0; i < n; i++) {
        b[i].x += 0.01 * b[i].vx;
        b[i].y += 0.01 * b[i].vy;
        b[i].z += 0.01 * b[i].vz;
    }
}

uint64_t bench_nbody(void)
{
    Body b[5] = { { 0, 0, 0, 0, 0, 0, 39.5 },
                  { 4.8, -1.2, -0.1, 0.6, 2.8, -0.03, 0.038 },
                  { 8.3, 4.1, -0.4, -1, 1.8, 0.01, 0.011 },
                  { 12.9, -15.1, -0.2, 1.1, 0.9, -0.01, 0.0017 },
                  { 15.4, -25.9, 0.2, 1, 0.6, -0.03, 0.002 } };

    for (int i = 0; i < 20000; i++) {
        step(b, 5);
    }
    return bench_double(b[0].x + b[4].vy);
}
