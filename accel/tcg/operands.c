/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operands in a page's code that keep being stored to, and are not part of
 * translations: those load them from the page when they run.
 *
 * A page remembers where stores have dropped blocks. When that has happened
 * some times at a place, who translates is told of it, and says which operands
 * the block loads. It is not dropped by a store inside one of them. Others that
 * were made from the same bytes (who jumps into the middle of an instruction)
 * are; while there are such, stores must look for them.
 *
 * Light.
 */
#include "accel/tcg/engine.h"

enum { DROPS_TO_LOAD = 3, OPERAND_MAX = 8 /* bytes */ };

/* ---- Who loads it ---------------------------------------------------------
 */

void operand_count_other(TcgPage *p, const TcgPart *part, int by)
{
    for (unsigned n = 0; n < p->operands; n++) {
        if (!(part->loads >> n & 1) &&
            operand_overlaps(part, p->operand[n].at)) {
            p->operand[n].others += by;
        }
    }
}

/* A new one's place, or X86_CODE_FIELDS if all are in use: by the page's
 * blocks, and those of `loads`. */
static unsigned operand_new(TcgPage *p, X86CodeField at, uint16_t loads)
{
    for (unsigned i = 0; i < p->count; i++) {
        loads |= p->part[i].loads;
    }
    unsigned n = __builtin_ctz(~(unsigned)loads);

    if (n == X86_CODE_FIELDS) {
        return n;
    }
    p->operands = MAX(p->operands, n + 1);
    p->operand[n] = (TcgOperand){ .at = at };
    for (unsigned i = 0; i < p->count; i++) {
        p->operand[n].others += operand_overlaps(&p->part[i], at);
    }
    return n;
}

uint16_t operand_add(TcgPage *p, X86CodeField at, uint16_t loads)
{
    unsigned n = 0;

    while (n < p->operands && (p->operand[n].at.off != at.off ||
                               p->operand[n].at.size != at.size)) {
        n++;
    }
    if (n == p->operands) {
        n = operand_new(p, at, loads);
    }
    return n < X86_CODE_FIELDS ? loads | 1 << n : loads;
}

bool operand_only(const TcgPage *p, X86CodeField f)
{
    for (unsigned n = 0; n < p->operands; n++) {
        if (!p->operand[n].others &&
            x86_code_field_holds(p->operand[n].at, f)) {
            return true;
        }
    }
    return false;
}

bool operand_of(const TcgPage *p, const TcgPart *part, X86CodeField f)
{
    for (unsigned n = 0; n < p->operands; n++) {
        if (part->loads >> n & 1 && x86_code_field_holds(p->operand[n].at, f)) {
            return true;
        }
    }
    return false;
}

/* ---- Where stores drop blocks ---------------------------------------------
 */

/* Stores of some bytes of an operand, each time others, are at one place. */
static bool operand_join(TcgPage *p, TcgStored *s, X86CodeField f)
{
    unsigned start = MIN(s->at.off, f.off);
    unsigned end = MAX(s->at.off + s->at.size, f.off + f.size);

    if (!x86_code_fields_meet(s->at, f)) {
        return false;
    }
    if (end - start <= OPERAND_MAX) {
        s->at = (X86CodeField){ start, end - start };
    }
    p->stored_often |= ++s->drops >= DROPS_TO_LOAD;
    return true;
}

/* Places that are met once only take turns. */
void operand_note_drop(TcgPage *p, X86CodeField f)
{
    TcgStored *least = p->stored;

    if (f.size > OPERAND_MAX) {
        return;
    }
    for (unsigned n = 0; n < X86_CODE_FIELDS; n++) {
        TcgStored *s = &p->stored[n];
        if (operand_join(p, s, f)) {
            return;
        }
        least = s->drops < least->drops ? s : least;
    }
    *least = (TcgStored){ .at = f, .drops = 1 };
}

unsigned operand_stored(const TcgPage *p, X86CodeField *stored)
{
    unsigned count = 0;

    for (unsigned n = 0; p->stored_often && n < X86_CODE_FIELDS; n++) {
        if (p->stored[n].drops >= DROPS_TO_LOAD) {
            stored[count++] = p->stored[n].at;
        }
    }
    return count;
}
