/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls through tables of functions, as C++ makes them. */
#include "bench/bench.h"

typedef struct Shape Shape;
struct Shape {
    uint64_t (*const *methods)(Shape *shape, uint64_t x);
    uint64_t size;
};

static uint64_t shape_add(Shape *s, uint64_t x)
{
    return x + s->size;
}

static uint64_t shape_xor(Shape *s, uint64_t x)
{
    return x ^ s->size << 5;
}

static uint64_t shape_count(Shape *s, uint64_t x)
{
    return x + (s->size += 3);
}

static uint64_t shape_rotate(Shape *s, uint64_t x)
{
    return x << (s->size & 31) | x >> 33;
}

uint64_t bench_virtual(void)
{
    static uint64_t (*const methods[])(Shape *, uint64_t) = {
        shape_add, shape_xor, shape_count, shape_rotate
    };
    Shape shapes[61];
    uint64_t x = 1, seed = 11;

    for (int i = 0; i < 61; i++) {
        shapes[i].methods = &methods[bench_random(&seed) % 4];
        shapes[i].size = i;
    }
    for (int i = 0; i < 1000000; i++) {
        Shape *s = &shapes[i % 61];

        x = s->methods[0](s, x);
    }
    return x;
}
