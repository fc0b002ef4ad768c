/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A byte-code interpreter with computed gotos and an operand stack. */
#include "bench/bench.h"

uint64_t bench_threaded(void)
{
    enum { PUSH, ADD, MUL, DUP, SWAP, XOR, LOOP };
    static const uint8_t code[] = { PUSH, 3,   ADD,  DUP, PUSH, 7,   MUL,
                                    SWAP, XOR, DUP,  ADD, PUSH, 1,   ADD,
                                    DUP,  MUL, PUSH, 9,   XOR,  LOOP };
    static const void *const ops[] = { &&push, &&add, &&mul, &&dup,
                                       &&swap, &&xor, &&loop };
    uint64_t stack[16], *sp = stack, t;
    const uint8_t *pc = code;
    unsigned n = 0;

    *sp = 1;
#define NEXT goto *ops[*pc++]
    NEXT;
push:
    *++sp = *pc++;
    NEXT;
add:
    sp--;
    *sp += sp[1];
    NEXT;
mul:
    sp--;
    *sp *= sp[1];
    NEXT;
dup:
    sp[1] = *sp;
    sp++;
    NEXT;
swap:
    t = *sp;
    *sp = sp[-1];
    sp[-1] = t;
    NEXT;
    xor : sp--;
    *sp ^= sp[1];
    NEXT;
loop:
    if (++n == 60000) {
        return *sp;
    }
    pc = code;
    NEXT;
#undef NEXT
}
