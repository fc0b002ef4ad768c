/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Byte by byte over text: words, lines, digits. */
#include "bench/bench.h"

uint64_t bench_scan(void)
{
    static char text[1 << 17];
    uint64_t seed = 9, words = 0, lines = 0, digits = 0;
    bool in_word = false;

    for (size_t i = 0; i + 1 < sizeof(text); i++) {
        text[i] = "abcdefgh 0123\nxyz eta"[bench_random(&seed) % 21];
    }
    for (const char *p = text; *p; p++) {
        bool letter = *p >= 'a' && *p <= 'z';

        lines += *p == '\n';
        digits += *p >= '0' && *p <= '9';
        words += letter && !in_word;
        in_word = letter;
    }
    return words << 40 | digits << 20 | lines;
}
