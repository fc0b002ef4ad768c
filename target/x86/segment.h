/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hidden part of a segment register. SDM 3A 3.4.3. */
#ifndef TARGET_X86_SEGMENT_H
#define TARGET_X86_SEGMENT_H

#include <stdint.h>

/* attr as in the descriptor's second word: type 0..3, S 4, DPL 5..6, P 7,
 * AVL 8, L 9, D/B 10, G 11. limit in bytes, G applied. */
typedef struct X86Segment {
    uint64_t base;
    uint32_t limit;
    uint16_t selector;
    uint16_t attr;
} X86Segment;
enum {
    SEG_TYPE = 0xf,
    SEG_S = 1 << 4,
    SEG_DPL = 3 << 5,
    SEG_P = 1 << 7,
    SEG_L = 1 << 9,
    SEG_D = 1 << 10,
    SEG_G = 1 << 11,
};

#endif
