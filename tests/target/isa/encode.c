/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a row's place in the opcode maps to bytes that the decoder reads as that
 * row: what the place fixes is written, everything else is random, and what
 * then turns out to be another row is thrown away.
 */
#include "tests/target/isa/isa.h"

#include <string.h>

typedef struct Encoder {
    const DecodePlace *p;
    uint64_t *seed;
    uint8_t *out;
    X86CodeSize code;
} Encoder;

static void encode_put(Encoder *e, uint8_t byte)
{
    *e->out++ = byte;
}

/* The branch that the place asks for, or any of n. */
static unsigned encode_choice(const Encoder *e, DecodeSplit split, unsigned n)
{
    int branch = e->p->choice[split];
    return branch >= 0 ? (unsigned)branch : isa_below(e->seed, n);
}

static bool encode_one_in(const Encoder *e, unsigned n)
{
    return isa_below(e->seed, n) == 0;
}

/* ---- Prefixes ----------------------------------------------------------- */

static void encode_segment(Encoder *e)
{
    static const uint8_t segments[] = { 0x26, 0x2e, 0x36, 0x3e, 0x65 };
    unsigned n = e->code == X86_CODE64 ? 5 : 4;

    if (encode_one_in(e, 12)) {
        encode_put(e, segments[isa_below(e->seed, n)]);
    }
}

/* Without a meaning of its own: a repeat prefix. */
static void encode_repeat(Encoder *e)
{
    bool string = e->p->row->attr & X86_A_STRING;

    if (encode_one_in(e, string ? 2 : 40)) {
        encode_put(e, 0xf2 | isa_below(e->seed, 2));
    }
}

static void encode_mandatory(Encoder *e)
{
    static const uint8_t bytes[4] = { 0, 0x66, 0xf3, 0xf2 };
    int prefix = e->p->choice[SPLIT_PREFIX], rep = e->p->choice[SPLIT_REP];

    if (prefix >= 0) {
        if (prefix) {
            encode_put(e, bytes[prefix]);
        }
        if (prefix >= 2 && encode_one_in(e, 16)) {
            encode_put(e, 0x66); /* means nothing then */
        }
        return;
    }
    if (rep > 0) {
        encode_put(e, rep == 1 ? 0xf3 : 0xf2);
    } else if (rep < 0) {
        encode_repeat(e);
    }
    if (encode_one_in(e, 4)) {
        encode_put(e, 0x66);
    }
}

static void encode_prefixes(Encoder *e)
{
    bool lock = e->p->row->attr & LOCK;

    encode_segment(e);
    if (encode_one_in(e, e->code == X86_CODE16 ? 3 : 16)) {
        encode_put(e, 0x67);
    }
    if (encode_one_in(e, lock ? 4 : 200)) {
        encode_put(e, 0xf0);
    }
    if (!e->p->vex) {
        encode_mandatory(e);
    }
}

static void encode_rex(Encoder *e)
{
    int w = e->p->choice[SPLIT_W], b = e->p->choice[SPLIT_REXB];
    uint8_t rex = 0x40 | isa_below(e->seed, 16);

    if (e->code != X86_CODE64) {
        return;
    }
    rex = w < 0 ? rex : (rex & ~8) | w << 3;
    rex = b < 0 ? rex : (rex & ~1) | b;
    if (w > 0 || b > 0 ||
        (rex & 8 ? encode_one_in(e, 2) : encode_one_in(e, 3))) {
        encode_put(e, rex);
    }
}

/* ---- Opcode -------------------------------------------------------------- */

static void encode_legacy(Encoder *e)
{
    static const uint8_t map[4] = { 0, 0, 0x38, 0x3a };

    encode_rex(e);
    if (e->p->map) {
        encode_put(e, 0x0f);
    }
    if (map[e->p->map]) {
        encode_put(e, map[e->p->map]);
    }
}

/* R, X, B are inverted, as is vvvv, which most often must be unused or may be
 * anything: half of the time each. Outside of 64-bit code R and X are set. */
/* AMD's differ in what they make of W outside of 64-bit code: VPEXTRD and
 * VPINSRD must not have it, VPERMQ and VPERMPD need not. */
static unsigned encode_w(const Encoder *e, unsigned w)
{
    unsigned mnemonic = e->p->row->mnemonic;
    bool none = mnemonic == X86_PEXTRD || mnemonic == X86_PINSRD;
    bool any = mnemonic == X86_VPERMQ || mnemonic == X86_VPERMPD;

    if (any) {
        return 1;
    }
    return none && e->code != X86_CODE64 ? 0 : w;
}

static void encode_vex(Encoder *e)
{
    unsigned rxb = e->code == X86_CODE64 ? isa_below(e->seed, 8) : 7;
    unsigned vvvv = isa_below(e->seed, 2) ? 15 : isa_below(e->seed, 16);
    unsigned w = encode_choice(e, SPLIT_W, 2);
    unsigned l = encode_choice(e, SPLIT_L, 2);
    unsigned pp = encode_choice(e, SPLIT_PREFIX, 4);
    w = encode_w(e, w);
    uint8_t last = vvvv << 3 | l << 2 | pp;

    if (e->p->map == 1 && !w && (rxb & 3) == 3 && encode_one_in(e, 2)) {
        encode_put(e, 0xc5);
        encode_put(e, (rxb & 4) << 5 | last);
        return;
    }
    encode_put(e, 0xc4);
    encode_put(e, rxb << 5 | e->p->map);
    encode_put(e, w << 7 | last);
}

/* R, X, B, R', vvvv and V' are inverted. Masks half of the time; broadcast or
 * rounding, zeroing and lengths that do not exist more rarely. */
static void encode_evex(Encoder *e)
{
    unsigned rxbr = isa_below(e->seed, 16) | (e->code == X86_CODE64 ? 0 : 12);
    unsigned vvvv = isa_below(e->seed, 2) ? 31 : isa_below(e->seed, 32);
    unsigned w = encode_choice(e, SPLIT_W, 2);
    unsigned pp = encode_choice(e, SPLIT_PREFIX, 4);
    unsigned ll = encode_choice(e, SPLIT_LL, encode_one_in(e, 16) ? 4 : 3);
    unsigned mask = isa_below(e->seed, 2) ? isa_below(e->seed, 8) : 0;
    unsigned b = encode_one_in(e, 4), z = mask && encode_one_in(e, 3);

    if (e->code != X86_CODE64 && !encode_one_in(e, 16)) {
        vvvv |= 16;
    }
    encode_put(e, 0x62);
    encode_put(e, rxbr << 4 | e->p->map);
    encode_put(e, w << 7 | (vvvv & 15) << 3 | 4 | pp);
    encode_put(e, z << 7 | ll << 5 | b << 4 | (vvvv & 16) >> 1 | mask);
}

static void encode_modrm(Encoder *e)
{
    int mod = e->p->choice[SPLIT_MOD];
    bool reg = mod < 0 ? isa_below(e->seed, 2) != 0 : mod != 0;

    encode_put(e, (reg ? 3u : isa_below(e->seed, 3)) << 6 |
                      encode_choice(e, SPLIT_REG, 8) << 3 |
                      encode_choice(e, SPLIT_RM, 8));
}

static void encode_bytes(IsaCase *c, uint64_t *seed)
{
    Encoder e = { c->place, seed, c->bytes, c->code };

    for (unsigned n = 0; n < sizeof(c->bytes); n++) {
        c->bytes[n] = isa_next(seed) >> 56;
    }
    encode_prefixes(&e);
    if (c->place->vex == 2) {
        encode_evex(&e);
    } else if (c->place->vex) {
        encode_vex(&e);
    } else {
        encode_legacy(&e);
    }
    encode_put(&e, c->place->choice[SPLIT_ROW]);
    encode_modrm(&e); /* an immediate, if the row has none */
}

/* ---- What is wanted -------------------------------------------------------
 */

/* Intel's processors and AMD's differ; we follow Intel: near branches with 66
 * are 64 bits wide, REX.W makes far pointers 10 bytes long, LOOPE and LOOPNE
 * take no notice of F3 and F2 (which turn AMD's conditions round). */
static bool encode_is_intel(const X86Insn *i)
{
    const X86Operand *last = &i->op[MAX(i->op_count, 1) - 1];

    if (i->row->attr & X86_A_FORCE64 && i->p66) {
        return true;
    }
    if (i->mnemonic == X86_LOOPE || i->mnemonic == X86_LOOPNE) {
        return i->rep || i->repne;
    }
    return last->size == 10 && last->kind == OPERAND_MEM &&
           !(i->row->attr & X86_A_X87);
}

static bool encode_is_masked_store(const X86Insn *i)
{
    return i->op[0].kind == OPERAND_MEM &&
           (i->evex_aaa ||
            (i->row->attr & X86_A_AVX && !(i->row->attr & X86_A_NATIVE)));
}

/* There are eight opmasks: Zen 4 takes a VEX prefix's number of one modulo
 * eight, Zen 5 and Intel's raise #UD. */
static bool encode_is_ninth_opmask(const X86Insn *i)
{
    for (unsigned n = 0; i->vex == 1 && n < i->op_count; n++) {
        if (i->op[n].kind == OPERAND_MASK && i->op[n].reg > 7) {
            return true;
        }
    }
    return false;
}

/* Elements of memory, of which some may be left out. */
static bool encode_is_partial(const X86Insn *i)
{
    return i->has_mem &&
           (i->mem.vsib || i->evex_aaa || i->mnemonic == X86_VMASKMOVPS ||
            i->mnemonic == X86_VMASKMOVPD || i->mnemonic == X86_VPMASKMOVD ||
            i->mnemonic == X86_VPMASKMOVQ);
}

/* Known and left alone, as nobody writes it: bit strings whose address wraps at
 * less than the mode's width or is made of the bit's number, and in 32-bit code
 * stores through CS that are masked off or of a whole state. A SHA operand that
 * cannot be aligned. Elements that a mask leaves out beyond a segment's limit,
 * which in 16-bit code is where the memory ends. */
static bool encode_is_odd(const X86Insn *i, X86CodeSize code)
{
    bool bits = i->mnemonic == X86_BT || i->mnemonic == X86_BTS ||
                i->mnemonic == X86_BTR || i->mnemonic == X86_BTC;
    bool narrow = i->addr_size < (code == X86_CODE64 ? 8 : 4);
    bool cs = i->mem.seg == X86_CS && code != X86_CODE64;

    bool self = i->op[1].kind == OPERAND_GPR &&
                (i->op[1].reg == i->mem.base || i->op[1].reg == i->mem.index);

    return (bits && (narrow || self) && i->has_mem) ||
           (code == X86_CODE16 && encode_is_partial(i)) ||
           (cs && i->mnemonic == X86_POP && i->has_mem) ||
           (cs && i->has_mem && (encode_is_masked_store(i) || !i->mem_bytes)) ||
           (i->row->feature == FEATURE_SHA && i->mem.base == i->mem.index &&
            i->has_mem) ||
           ((i->mnemonic == X86_MASKMOVQ || i->mnemonic == X86_MASKMOVDQU) &&
            i->addr_size == 2);
}

/* Zen 4 takes VEX.W outside of 64-bit code, too: KMOV then shows RSP's upper
 * half, which in 16-bit code is the kernel's (see state.c). */
static bool encode_shows_stack(const X86Insn *i, X86CodeSize code)
{
    return code == X86_CODE16 && i->mnemonic == X86_KMOV &&
           i->op[1].kind == OPERAND_GPR && i->op[1].reg == X86_RSP;
}

/* EVEX.b with registers, where there is nothing to round: AMD's take no notice
 * if the row's memory operand could be broadcast. SDM 2A 2.7.11: #UD. */
static bool encode_broadcasts_register(const X86Insn *i)
{
    uint16_t evex = i->row->evex;

    return i->evex_b && !i->has_mem &&
           (evex & (X86_E_BCAST32 | X86_E_BCAST64)) &&
           !(evex & (X86_E_ROUND | X86_E_SAE));
}

/* A pointer that cannot be put where the operand will be, as its base is its
 * index: in 16-bit code it leads to some data. */
static bool encode_jumps_anywhere(const X86Insn *i, X86CodeSize code)
{
    return code == X86_CODE16 && i->has_mem && (i->row->attr & X86_A_BRANCH) &&
           i->mem.base != X86_NO_REG && i->mem.base == i->mem.index;
}

static bool encode_differs(const X86Insn *i, X86CodeSize code)
{
    return encode_is_intel(i) || encode_broadcasts_register(i) ||
           encode_shows_stack(i, code) || encode_jumps_anywhere(i, code) ||
           encode_is_ninth_opmask(i) || encode_is_odd(i, code);
}

static bool encode_is_place(const IsaCase *c)
{
    const DecodePlace *p = c->place;
    const X86Insn *i = &c->insn;
    int mode = p->choice[SPLIT_MODE];

    return i->row == p->row && i->map == p->map &&
           i->opcode == p->choice[SPLIT_ROW] && i->vex == p->vex &&
           (mode < 0 || mode == (c->code == X86_CODE64));
}

bool isa_encode(IsaCase *c, uint64_t *seed)
{
    for (unsigned n = 0; n < 400; n++) {
        encode_bytes(c, seed);
        X86DecodeResult result =
            x86_decode(&c->insn, c->bytes, X86_INSN_MAX, c->code);
        if (c->insn.row && encode_is_place(c) &&
            !encode_differs(&c->insn, c->code)) {
            c->valid = result == X86_DECODE_OK;
            /* Mostly valid ones. */
            if (c->valid || (result == X86_DECODE_INVALID && n > 20 &&
                             isa_below(seed, 8) == 0)) {
                return true;
            }
        }
    }
    return false;
}
