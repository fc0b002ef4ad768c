/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC-32 by a table: a chain of dependent loads. */
#include "bench/bench.h"

uint64_t bench_crc(void)
{
    static uint32_t table[256];
    static uint8_t data[1 << 16];
    uint32_t crc = ~0u;
    uint64_t seed = 3;

    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int k = 0; k < 8; k++) {
            c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
        }
        table[i] = c;
    }
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = bench_random(&seed);
    }
    for (int round = 0; round < 8; round++) {
        for (size_t i = 0; i < sizeof(data); i++) {
            crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
        }
    }
    return crc;
}
