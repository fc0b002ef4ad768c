/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder: prefixes, opcode, the row by the maps' splits, then operands by
 * the row's letters. SDM 2A chapter 2; where Intel and AMD differ, a comment
 * says whom it follows.
 */
#include "target/x86/decode/decode-internal.h"

#include <string.h>

/* ---- Prefixes ----------------------------------------------------------- */

enum {
    PREFIX_NO,
    PREFIX_SEG,
    PREFIX_66,
    PREFIX_67,
    PREFIX_LOCK,
    PREFIX_REPEAT,
    PREFIX_REX,
};

static const uint8_t decode_prefix_kind[256] = {
    [0x26] = PREFIX_SEG,    [0x2e] = PREFIX_SEG,
    [0x36] = PREFIX_SEG,    [0x3e] = PREFIX_SEG,
    [0x64] = PREFIX_SEG,    [0x65] = PREFIX_SEG,
    [0x66] = PREFIX_66,     [0x67] = PREFIX_67,
    [0xf0] = PREFIX_LOCK,   [0xf2] = PREFIX_REPEAT,
    [0xf3] = PREFIX_REPEAT, [0x40 ... 0x4f] = PREFIX_REX,
};

/* The last one wins; in 64-bit mode the four old ones are ignored, also as a
 * replacement of an earlier FS or GS. */
static void decode_segment_prefix(Decoder *d, uint8_t byte)
{
    if (byte >= 0x64) {
        d->seg = X86_FS + (byte - 0x64);
    } else if (d->code != X86_CODE64) {
        d->seg = X86_ES + ((byte >> 3) & 3);
    }
}

/* Returns the first byte that is no prefix. A REX counts only directly before
 * the opcode. */
static uint8_t decode_prefixes(Decoder *d)
{
    X86Insn *insn = d->insn;

    for (;;) {
        uint8_t byte = decode_u8(d);
        unsigned kind = decode_prefix_kind[byte];

        if (kind == PREFIX_NO || d->overrun ||
            (kind == PREFIX_REX && d->code != X86_CODE64)) {
            return byte;
        }
        insn->rex = 0;
        switch (kind) {
        case PREFIX_SEG:
            decode_segment_prefix(d, byte);
            break;
        case PREFIX_66:
            insn->p66 = true;
            break;
        case PREFIX_67:
            d->p67 = true;
            break;
        case PREFIX_LOCK:
            insn->lock = true;
            break;
        case PREFIX_REPEAT:
            d->last_rep = byte;
            break;
        default:
            insn->rex = byte;
        }
    }
}

/* ---- Maps --------------------------------------------------------------- */

/* Opcodes of the one-byte map and of 0F with a ModRM byte, 32 a word. */
static const uint32_t decode_modrm_one_byte[8] = {
    0x0f0f0f0f, 0x0f0f0f0f, 0x00000000, 0x00000a0c,
    0x0000ffff, 0x00000000, 0xff0f00f3, 0xc0c00000,
};
static const uint32_t decode_modrm_0f[8] = {
    0xffffa00f, 0x0000ff0f, 0xffffffff, 0xf37fffff,
    0xffff0000, 0xfffff838, 0xffff00ff, 0xffffffff,
};
/* VZEROUPPER is the only VEX instruction without. */
static const uint32_t decode_modrm_vex_0f[8] = {
    ~0u, ~0u, ~0u, ~(1u << 0x17), ~0u, ~0u, ~0u, ~0u,
};

typedef struct DecodeMap {
    const DecodeNode *nodes;
    const uint32_t *modrm; /* NULL: all have one */
} DecodeMap;

static const DecodeMap decode_maps[3][4] = {
    {
        { decode_map_one_byte, decode_modrm_one_byte },
        { decode_map_0f, decode_modrm_0f },
        { decode_map_0f38, NULL },
        { decode_map_0f3a, NULL },
    },
    {
        { NULL, NULL },
        { decode_map_vex_0f, decode_modrm_vex_0f },
        { decode_map_vex_0f38, NULL },
        { decode_map_vex_0f3a, NULL },
    },
    {
        { NULL, NULL },
        { decode_map_evex_0f, NULL },
        { decode_map_evex_0f38, NULL },
        { decode_map_evex_0f3a, NULL },
    },
};

/* Pick the opcode map; leaves insn->opcode read. */
static const DecodeMap *decode_legacy_opcode(Decoder *d, uint8_t byte)
{
    X86Insn *insn = d->insn;

    if (byte == 0x0f) {
        byte = decode_u8(d);
        insn->map = byte == 0x38 ? 2 : byte == 0x3a ? 3 : 1;
        if (insn->map != 1) {
            byte = decode_u8(d);
        }
    }
    insn->opcode = byte;
    d->r = (insn->rex & 4) << 1;
    d->x = (insn->rex & 2) << 2;
    d->b = (insn->rex & 1) << 3;
    return &decode_maps[0][insn->map];
}

static bool decode_is_vex(const Decoder *d, uint8_t byte)
{
    /* In 16- and 32-bit code these are LES, LDS and BOUND with a register,
     * which do not exist (SDM 2A 2.3.5). */
    return (byte == 0xc4 || byte == 0xc5 || byte == 0x62) &&
           (d->code == X86_CODE64 || (d->p < d->end && *d->p >= 0xc0));
}

/* W vvvv L pp, as VEX's last byte has them (SDM 2A figure 2-9). Outside of
 * 64-bit code vvvv's highest bit counts only where vvvv must be unused. */
static void decode_vex_last(Decoder *d, uint8_t byte)
{
    X86Insn *insn = d->insn;

    insn->vvvv = d->vvvv = (~byte >> 3) & 15;
    insn->vex_l = (byte >> 2) & 1;
    insn->pp = byte & 3;
    if (d->code != X86_CODE64) {
        insn->vvvv &= 7;
    }
}

static void decode_vex_rxb(Decoder *d, uint8_t byte)
{
    if (d->code == X86_CODE64) {
        d->r = (~byte >> 4) & 8;
        d->x = (~byte >> 3) & 8;
        d->b = (~byte >> 2) & 8;
    }
}

/* EVEX (SDM 2A 2.7). */
static const DecodeMap *decode_evex_opcode(Decoder *d)
{
    X86Insn *insn = d->insn;
    uint8_t p0 = decode_u8(d), p1 = decode_u8(d), p2 = decode_u8(d);

    insn->vex = 2;
    insn->map = p0 & 7;
    decode_vex_rxb(d, p0);
    decode_vex_last(d, p1 & ~4);
    insn->vex_w = p1 >> 7;
    if (d->code == X86_CODE64) {
        d->r2 = (~p0 & 0x10);
        d->v = (~p2 & 8) << 1;
    }
    insn->vvvv |= d->v;
    d->vvvv |= (~p2 & 8) << 1;
    insn->vex_l = (p2 >> 5) & 3;
    insn->evex_aaa = p2 & 7;
    insn->evex_b = (p2 >> 4) & 1;
    insn->evex_z = p2 >> 7;
    insn->opcode = decode_u8(d);
    d->ud = (p0 & 8) || !(p1 & 4) || insn->map == 0 || insn->map > 3;
    return d->ud ? NULL : &decode_maps[2][insn->map];
}

/* NULL: #UD. */
static const DecodeMap *decode_vex_opcode(Decoder *d, uint8_t byte)
{
    X86Insn *insn = d->insn;

    if (insn->p66 || insn->lock || insn->rex || d->last_rep) {
        d->ud = true;
        return NULL;
    }
    if (byte == 0x62) {
        return decode_evex_opcode(d);
    }
    insn->vex = 1;
    insn->map = 1;
    uint8_t next = decode_u8(d);
    if (byte == 0xc5) {
        decode_vex_rxb(d, next | 0x60);
    } else {
        decode_vex_rxb(d, next);
        insn->map = next & 31;
        next = decode_u8(d);
        insn->vex_w = next >> 7;
    }
    decode_vex_last(d, next);
    insn->opcode = decode_u8(d);
    if (insn->map < 1 || insn->map > 3) {
        d->ud = true;
        return NULL;
    }
    return &decode_maps[1][insn->map];
}

/* ---- From node to row --------------------------------------------------- */

static unsigned decode_repeat_index(const Decoder *d)
{
    return d->last_rep == 0xf3 ? 2 : d->last_rep == 0xf2 ? 3 : 0;
}

static unsigned decode_prefix_index(Decoder *d)
{
    X86Insn *insn = d->insn;

    if (!insn->vex) {
        insn->pp = decode_repeat_index(d);
        if (!insn->pp) {
            insn->pp = insn->p66;
        }
        insn->p66 = false;
        d->last_rep = 0;
    }
    return insn->pp;
}

static unsigned decode_rep_index(Decoder *d)
{
    X86Insn *insn = d->insn;

    insn->pp = decode_repeat_index(d);
    d->last_rep = 0;
    return insn->pp ? insn->pp - 1 : 0;
}

static unsigned decode_split_index(Decoder *d, unsigned split)
{
    const X86Insn *insn = d->insn;

    switch (split) {
    case SPLIT_PREFIX:
        return decode_prefix_index(d);
    case SPLIT_REP:
        return decode_rep_index(d);
    case SPLIT_REG:
        return insn->reg & 7;
    case SPLIT_MOD:
        return insn->mod == 3;
    case SPLIT_RM:
        return insn->rm & 7;
    case SPLIT_MODE:
        return d->code == X86_CODE64;
    case SPLIT_W:
        return insn->vex ? insn->vex_w : (insn->rex >> 3) & 1;
    case SPLIT_L:
    case SPLIT_LL:
        return insn->vex_l;
    default: /* SPLIT_REXB */
        return insn->rex & 1;
    }
}

static const X86Row *decode_row(Decoder *d, const DecodeNode *node)
{
    while (node->split != SPLIT_ROW) {
        node = &node->sub[decode_split_index(d, node->split)];
    }
    return node->row;
}

static void decode_modrm(Decoder *d)
{
    X86Insn *insn = d->insn;

    insn->has_modrm = true;
    insn->modrm = decode_u8(d);
    insn->mod = insn->modrm >> 6;
    insn->reg = ((insn->modrm >> 3) & 7) | d->r | d->r2;
    insn->rm = (insn->modrm & 7) | d->b;
    if (insn->vex == 2 && insn->mod == 3) {
        insn->rm |= d->x << 1;
    }
}

/* ---- Sizes and rules ---------------------------------------------------- */

static unsigned decode_op_size(const Decoder *d, uint32_t attr)
{
    const X86Insn *insn = d->insn;

    if (d->code != X86_CODE64) {
        return (d->code == X86_CODE32) != insn->p66 || insn->vex ? 4 : 2;
    }
    if ((insn->vex ? insn->vex_w : insn->rex & 8) || (attr & X86_A_FORCE64)) {
        return 8;
    }
    if (insn->p66) {
        return 2;
    }
    return attr & X86_A_DEF64 ? 8 : 4;
}

static unsigned decode_addr_size(const Decoder *d)
{
    static const uint8_t sizes[3][2] = { { 2, 4 }, { 4, 2 }, { 8, 4 } };

    return sizes[d->code][d->p67];
}

static bool decode_gather_overlaps(const X86Insn *insn)
{
    unsigned a = insn->op[0].reg, b = insn->mem.index, c = insn->op[2].reg;

    return a == b || b == c || a == c;
}

/* A scatter's or gather's index must not be its register. */
static bool decode_vsib_overlaps(const X86Insn *insn)
{
    return insn->op[0].kind == OPERAND_VEC &&
           insn->op[0].reg == insn->mem.index;
}

static bool decode_evex_length(const X86Insn *insn)
{
    unsigned lengths = insn->row->evex & (X86_E_L128 | ONLY_512 | FROM_256);

    return insn->vex_l < 3 && (!lengths || lengths & X86_E_L128 << insn->vex_l);
}

/* Mask, broadcast, rounding and length are the row's: SDM 2A 2.7.11. */
static bool decode_evex_allows(const Decoder *d)
{
    const X86Insn *insn = d->insn;
    uint16_t evex = insn->row->evex;
    bool zeroes = evex & X86_E_ZERO && insn->op[0].kind != OPERAND_MEM;

    if ((insn->evex_aaa && !(evex & X86_E_MASK)) ||
        (insn->evex_z && !(zeroes && insn->evex_aaa)) ||
        (insn->evex_b && !insn->broadcast && !insn->round)) {
        return false;
    }
    if (evex & X86_E_VSIB && (!insn->evex_aaa || decode_vsib_overlaps(insn))) {
        return false;
    }
    return decode_evex_length(insn);
}

static bool decode_row_allows(const Decoder *d)
{
    const X86Insn *insn = d->insn;
    uint32_t attr = insn->row->attr;

    if ((attr & X86_A_NO64 && d->code == X86_CODE64) ||
        (attr & X86_A_ONLY64 && d->code != X86_CODE64)) {
        return false;
    }
    if (insn->lock && !(attr & X86_A_LOCK && insn->has_mem)) {
        return false;
    }
    if (!insn->vex) {
        return true;
    }
    if (insn->vex == 2 && !decode_evex_allows(d)) {
        return false;
    }
    if ((attr & L0 && insn->vex_l) || (attr & L1 && !insn->vex_l) ||
        (attr & W0 && insn->vex_w) || (attr & W1 && !insn->vex_w)) {
        return false;
    }
    /* V' is the index's. */
    unsigned unused = insn->row->evex & X86_E_VSIB ? 15 : 31;
    return (d->uses_vvvv || !(d->vvvv & unused)) &&
           (d->code == X86_CODE64 || !(d->vvvv & 16)) &&
           !(attr & DISTINCT && decode_gather_overlaps(insn));
}

/* ---- The whole ---------------------------------------------------------- */

/* Up to and including ModRM; NULL: no such opcode. */
static const X86Row *decode_opcode(Decoder *d)
{
    X86Insn *insn = d->insn;
    uint8_t byte = decode_prefixes(d);
    bool vex = decode_is_vex(d, byte);
    const DecodeMap *map =
        vex ? decode_vex_opcode(d, byte) : decode_legacy_opcode(d, byte);

    if (d->ud || d->overrun) {
        return NULL;
    }
    if (!map || !map->modrm ||
        (map->modrm[insn->opcode >> 5] >> (insn->opcode & 31)) & 1) {
        decode_modrm(d);
    }
    return map ? decode_row(d, &map->nodes[insn->opcode]) : NULL;
}

/* EVEX.b: broadcast from memory; for registers, rounding by L'L or only the
 * suppression of exceptions, either with the longest vectors. */
static void decode_evex_b(Decoder *d)
{
    X86Insn *insn = d->insn;
    uint16_t evex = insn->row->evex;

    if (insn->mod != 3) {
        insn->broadcast = evex & (X86_E_BCAST32 | X86_E_BCAST64);
    } else if (evex & (X86_E_ROUND | X86_E_SAE)) {
        insn->round = evex & X86_E_ROUND ? 1 + insn->vex_l : X86_ROUND_SAE;
        insn->vex_l = evex & X86_E_SCALAR ? 0 : 2;
    }
}

static void decode_rest(Decoder *d)
{
    X86Insn *insn = d->insn;
    const X86Row *row = insn->row;

    insn->mnemonic = row->mnemonic;
    insn->rep = d->last_rep == 0xf3;
    insn->repne = d->last_rep == 0xf2;
    insn->op_size = decode_op_size(d, row->attr);
    if (row->attr & ANY_MOD) {
        insn->mod = 3;
    }
    if (insn->evex_b) {
        decode_evex_b(d);
    }
    if (insn->has_modrm && insn->mod != 3) {
        decode_memory(d, row);
    }
    decode_operands(d);
}

/* Copying is faster than clearing. */
static const X86Insn decode_blank = {
    .mem = { .base = X86_NO_REG, .index = X86_NO_REG },
};

X86DecodeResult x86_decode(X86Insn *insn, const uint8_t *bytes, size_t len,
                           X86CodeSize code)
{
    Decoder d = {
        .insn = insn,
        .p = bytes,
        .end = bytes + (len < X86_INSN_MAX ? len : X86_INSN_MAX),
        .code = code,
        .seg = X86_NO_REG,
    };

    memcpy(insn, &decode_blank, sizeof(*insn));
    insn->row = decode_opcode(&d);
    insn->addr_size = decode_addr_size(&d);
    insn->seg_override = d.seg != X86_NO_REG;
    insn->mem.seg = insn->seg_override ? d.seg : X86_DS;
    if (insn->row) {
        decode_rest(&d);
    }
    insn->len = d.p - bytes;
    if (d.overrun) {
        return len < X86_INSN_MAX ? X86_DECODE_SHORT : X86_DECODE_LONG;
    }
    if (!insn->row || d.ud || !decode_row_allows(&d)) {
        insn->mnemonic = X86_INVALID;
        return X86_DECODE_INVALID;
    }
    return X86_DECODE_OK;
}

/* ---- Test access -------------------------------------------------------- */

static const uint8_t decode_branches[] = {
    [SPLIT_ROW] = 0, [SPLIT_PREFIX] = 4, [SPLIT_REP] = 3,  [SPLIT_REG] = 8,
    [SPLIT_MOD] = 2, [SPLIT_RM] = 8,     [SPLIT_MODE] = 2, [SPLIT_W] = 2,
    [SPLIT_L] = 2,   [SPLIT_REXB] = 2,   [SPLIT_LL] = 4,
};

/* Counts *n down; the row at which it is 0, and the choices that led there. */
static const X86Row *decode_walk(const DecodeNode *nodes, unsigned count,
                                 size_t *n, DecodePlace *place, unsigned split)
{
    for (unsigned i = 0; i < count; i++) {
        const DecodeNode *node = &nodes[i];

        place->choice[split] = i;
        if (node->split != SPLIT_ROW) {
            const X86Row *row = decode_walk(
                node->sub, decode_branches[node->split], n, place, node->split);
            if (row) {
                return row;
            }
        } else if (node->row && (*n)-- == 0) {
            return node->row;
        }
    }
    place->choice[split] = -1;
    return NULL;
}

bool decode_place(size_t n, DecodePlace *place)
{
    memset(place->choice, -1, sizeof(place->choice));
    for (unsigned vex = 0; vex < 3; vex++) {
        for (unsigned map = vex != 0; map < 4; map++) {
            place->vex = vex;
            place->map = map;
            place->row = decode_walk(decode_maps[vex][map].nodes, 256, &n,
                                     place, SPLIT_ROW);
            if (place->row) {
                return true;
            }
        }
    }
    return false;
}

const X86Row *x86_decode_row(size_t n)
{
    DecodePlace place;
    return decode_place(n, &place) ? place.row : NULL;
}
