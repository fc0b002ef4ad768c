/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder: prefixes, opcode, the row by the maps' splits, then operands by
 * the row's letters. SDM 2A chapter 2; where Intel and AMD differ, a comment
 * says whom it follows.
 */
#include "target/x86/decode/tables.h"

#include <string.h>

typedef struct Decoder {
    X86Insn *insn;
    const uint8_t *p, *end;
    X86CodeSize code;
    uint8_t last_rep; /* F3, F2 or 0 */
    uint8_t seg;      /* override in effect, X86_NO_REG: none */
    bool p67;
    bool overrun;      /* bytes beyond the end were asked for */
    bool ud;           /* an operand is impossible */
    bool uses_vvvv;    /* some operand is in VEX.vvvv */
    uint8_t r, x, b;   /* REX or VEX bits at their place: 0 or 8 */
    uint8_t column[4]; /* of decode_sizes, by BY_.. */
} Decoder;

/* ---- Bytes -------------------------------------------------------------- */

static inline uint8_t decode_u8(Decoder *d)
{
    if (d->p == d->end) {
        d->overrun = true;
        return 0;
    }
    return *d->p++;
}

/* Little-endian, 1, 2, 4 or 8 bytes, sign-extended. */
static int64_t decode_signed(Decoder *d, unsigned size)
{
    const uint8_t *p = d->p;

    if ((size_t)(d->end - p) < size) {
        d->overrun = true;
        d->p = d->end;
        return 0;
    }
    d->p += size;
    if (size == 1) {
        return (int8_t)p[0];
    }
    if (size == 2) {
        return (int16_t)(p[0] | p[1] << 8);
    }
    uint32_t low = p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
    if (size == 4) {
        return (int32_t)low;
    }
    uint32_t high = p[4] | p[5] << 8 | p[6] << 16 | (uint32_t)p[7] << 24;
    return (int64_t)((uint64_t)high << 32 | low);
}

static uint64_t decode_unsigned(Decoder *d, unsigned size)
{
    return (uint64_t)decode_signed(d, size) & (~UINT64_C(0) >> (64 - 8 * size));
}

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

static const DecodeMap decode_maps[2][4] = {
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

/* W vvvv L pp, as VEX's last byte has them (SDM 2A figure 2-9). */
static void decode_vex_last(Decoder *d, uint8_t byte)
{
    X86Insn *insn = d->insn;

    insn->vvvv = (~byte >> 3) & 15;
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

/* EVEX (SDM 2A 2.7): its instructions are one row, decoded for length. */
static const DecodeMap *decode_evex_opcode(Decoder *d)
{
    X86Insn *insn = d->insn;
    uint8_t p0 = decode_u8(d), p1 = decode_u8(d), p2 = decode_u8(d);

    insn->vex = 2;
    insn->map = p0 & 7;
    decode_vex_rxb(d, p0);
    decode_vex_last(d, p1 & ~4);
    insn->vex_w = p1 >> 7;
    insn->vex_l = (p2 >> 5) & 3;
    insn->evex_aaa = p2 & 7;
    insn->evex_b = (p2 >> 4) & 1;
    insn->evex_z = p2 >> 7;
    insn->opcode = decode_u8(d);
    d->ud = (p0 & 8) || !(p1 & 4) || insn->map == 0 || insn->map > 3;
    return NULL;
}

/* NULL with d->ud: #UD; NULL without: EVEX. */
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
    insn->reg = ((insn->modrm >> 3) & 7) | d->r;
    insn->rm = (insn->modrm & 7) | d->b;
}

/* ---- Memory operands ---------------------------------------------------- */

static const uint8_t decode_base16[8] = {
    X86_RBX, X86_RBX, X86_RBP, X86_RBP, X86_RSI, X86_RDI, X86_RBP, X86_RBX,
};
static const uint8_t decode_index16[8] = {
    X86_RSI,    X86_RDI,    X86_RSI,    X86_RDI,
    X86_NO_REG, X86_NO_REG, X86_NO_REG, X86_NO_REG,
};

static void decode_memory16(Decoder *d)
{
    X86Insn *insn = d->insn;
    X86Mem *mem = &insn->mem;
    unsigned rm = insn->rm & 7;

    if (insn->mod == 0 && rm == 6) {
        mem->disp = decode_signed(d, 2);
        return;
    }
    mem->base = decode_base16[rm];
    mem->index = decode_index16[rm];
    if (insn->mod) {
        mem->disp = decode_signed(d, insn->mod);
    }
}

static void decode_memory32(Decoder *d, bool vsib)
{
    X86Insn *insn = d->insn;
    X86Mem *mem = &insn->mem;
    unsigned base = insn->rm & 7;
    bool sib = base == 4;

    if (sib) {
        uint8_t byte = decode_u8(d);
        uint8_t index = ((byte >> 3) & 7) | d->x;

        base = byte & 7;
        mem->scale = byte >> 6;
        mem->index = index == X86_RSP && !vsib ? X86_NO_REG : index;
    }
    if (insn->mod == 0 && base == 5) {
        mem->rip = !sib && d->code == X86_CODE64;
        mem->disp = decode_signed(d, 4);
        return;
    }
    mem->base = base | d->b;
    if (insn->mod) {
        mem->disp = decode_signed(d, insn->mod == 1 ? 1 : 4);
    }
}

static bool decode_letter_is_vsib(uint8_t letter)
{
    return letter == VSIB_d || letter == VSIB_q;
}

static void decode_memory(Decoder *d, const X86Row *row)
{
    X86Insn *insn = d->insn;
    bool vsib = decode_letter_is_vsib(row->operand[1]);

    insn->has_mem = true;
    if (insn->addr_size == 2) {
        d->ud |= vsib;
        decode_memory16(d);
    } else {
        d->ud |= vsib && (insn->rm & 7) != 4;
        decode_memory32(d, vsib);
    }
    if (d->seg == X86_NO_REG &&
        (insn->mem.base == X86_RSP || insn->mem.base == X86_RBP)) {
        insn->mem.seg = X86_SS;
    }
}

/* ---- Operands ----------------------------------------------------------- */

typedef enum SizeCode {
    SZ_0,
    SZ_1,
    SZ_2,
    SZ_4,
    SZ_8,
    SZ_10,
    SZ_16,
    SZ_32,
    SZ_64,
    SZ_512,
    SZ_V,    /* effective operand size: 2, 4, 8 */
    SZ_Z,    /* 2, 4, 4 */
    SZ_Y,    /* 4, 4, 8 */
    SZ_P,    /* far pointer: 4, 6, 10 */
    SZ_A,    /* BOUND's pair: 4, 8 */
    SZ_ENV,  /* x87 environment: SDM 1 8.1.10 */
    SZ_SAVE, /* and with the eight registers */
    SZ_M,    /* 8 in 64-bit code, else 4 */
    SZ_S,    /* descriptor table: 10 or 6 */
    SZ_AD,   /* address size */
    SZ_X,    /* vector: 16, 32 */
    SZ_XH,   /* its half, quarter, eighth */
    SZ_XQ,
    SZ_XE,
    SZ_COUNT
} SizeCode;

/* What a size depends on; decode_columns() gives the column. */
enum { BY_OPERAND, BY_MODE, BY_ADDRESS, BY_VECTOR, BY_COUNT };

typedef struct DecodeSize {
    uint8_t by;
    uint16_t bytes[3];
} DecodeSize;

static const DecodeSize decode_sizes[SZ_COUNT] = {
    [SZ_0] = { BY_OPERAND, { 0, 0, 0 } },
    [SZ_1] = { BY_OPERAND, { 1, 1, 1 } },
    [SZ_2] = { BY_OPERAND, { 2, 2, 2 } },
    [SZ_4] = { BY_OPERAND, { 4, 4, 4 } },
    [SZ_8] = { BY_OPERAND, { 8, 8, 8 } },
    [SZ_10] = { BY_OPERAND, { 10, 10, 10 } },
    [SZ_16] = { BY_OPERAND, { 16, 16, 16 } },
    [SZ_32] = { BY_OPERAND, { 32, 32, 32 } },
    [SZ_64] = { BY_OPERAND, { 64, 64, 64 } },
    [SZ_512] = { BY_OPERAND, { 512, 512, 512 } },
    [SZ_V] = { BY_OPERAND, { 2, 4, 8 } },
    [SZ_Z] = { BY_OPERAND, { 2, 4, 4 } },
    [SZ_Y] = { BY_OPERAND, { 4, 4, 8 } },
    [SZ_P] = { BY_OPERAND, { 4, 6, 10 } },
    [SZ_A] = { BY_OPERAND, { 4, 8, 16 } },
    [SZ_ENV] = { BY_OPERAND, { 14, 28, 28 } },
    [SZ_SAVE] = { BY_OPERAND, { 94, 108, 108 } },
    [SZ_M] = { BY_MODE, { 4, 4, 8 } },
    [SZ_S] = { BY_MODE, { 6, 6, 10 } },
    [SZ_AD] = { BY_ADDRESS, { 2, 4, 8 } },
    [SZ_X] = { BY_VECTOR, { 16, 32, 64 } },
    [SZ_XH] = { BY_VECTOR, { 8, 16, 32 } },
    [SZ_XQ] = { BY_VECTOR, { 4, 8, 16 } },
    [SZ_XE] = { BY_VECTOR, { 2, 4, 8 } },
};

typedef enum Place {
    IN_NONE,
    IN_RM,     /* register or memory by mod */
    IN_RM_REG, /* memory is #UD */
    IN_RM_MEM, /* register is #UD */
    IN_REG,
    IN_VVVV,
    IN_OPCODE,
    IN_FIXED,
    IN_IMM,
    IN_IMM_SIGNED,
    IN_IMM2,
    IN_ONE,
    IN_REL,
    IN_FAR,
    IN_OFFSET, /* moffs */
    IN_IS4,    /* imm8[7:4] */
    IN_STRING,
} Place;

typedef struct LetterSpec {
    uint8_t place;
    uint8_t kind; /* OperandKind, of the register where there is a choice */
    uint8_t size;
    uint8_t mem_size;
    uint8_t reg; /* IN_FIXED */
} LetterSpec;

/* clang-format off */
#define RM_OF(kind, reg_size, mem_size) { IN_RM, OPERAND_##kind, reg_size, mem_size }
#define RM_REG(kind, size) { IN_RM_REG, OPERAND_##kind, size, size }
#define RM_MEM(size) { IN_RM_MEM, OPERAND_MEM, size, size }
#define REG_OF(kind, size) { IN_REG, OPERAND_##kind, size, size }
#define VVVV_OF(kind, size) { IN_VVVV, OPERAND_##kind, size, size }
#define FIXED(kind, size, reg) { IN_FIXED, OPERAND_##kind, size, size, reg }
#define OTHER(place, kind, size) { place, OPERAND_##kind, size, size }

static const LetterSpec decode_letters[LETTER_COUNT] = {
    [E_b] = RM_OF(GPR, SZ_1, SZ_1), [E_w] = RM_OF(GPR, SZ_2, SZ_2),
    [E_d] = RM_OF(GPR, SZ_4, SZ_4), [E_v] = RM_OF(GPR, SZ_V, SZ_V),
    [E_z] = RM_OF(GPR, SZ_Z, SZ_Z), [E_y] = RM_OF(GPR, SZ_Y, SZ_Y),
    [E_m] = RM_OF(GPR, SZ_M, SZ_M),
    [RvMw] = RM_OF(GPR, SZ_V, SZ_2), [RdMb] = RM_OF(GPR, SZ_4, SZ_1),
    [RdMw] = RM_OF(GPR, SZ_4, SZ_2),
    [R_v] = RM_REG(GPR, SZ_V), [R_y] = RM_REG(GPR, SZ_Y),
    [R_m] = RM_REG(GPR, SZ_M), [R_d] = RM_REG(GPR, SZ_4),
    [M_0] = RM_MEM(SZ_0), [M_b] = RM_MEM(SZ_1), [M_w] = RM_MEM(SZ_2),
    [M_d] = RM_MEM(SZ_4), [M_q] = RM_MEM(SZ_8), [M_dq] = RM_MEM(SZ_16),
    [M_x] = RM_MEM(SZ_X), [M_v] = RM_MEM(SZ_V), [M_y] = RM_MEM(SZ_Y),
    [M_p] = RM_MEM(SZ_P), [M_a] = RM_MEM(SZ_A), [M_s] = RM_MEM(SZ_S),
    [M_t] = RM_MEM(SZ_10), [M_env] = RM_MEM(SZ_ENV),
    [M_save] = RM_MEM(SZ_SAVE), [M_fx] = RM_MEM(SZ_512),
    [M_zmm] = RM_MEM(SZ_64),
    [G_b] = REG_OF(GPR, SZ_1), [G_v] = REG_OF(GPR, SZ_V),
    [G_w] = REG_OF(GPR, SZ_2), [G_y] = REG_OF(GPR, SZ_Y),
    [G_m] = REG_OF(GPR, SZ_M), [G_ad] = REG_OF(GPR, SZ_AD),
    [S_w] = REG_OF(SEG, SZ_2), [C_m] = REG_OF(CR, SZ_M),
    [D_m] = REG_OF(DR, SZ_M),
    [B_y] = VVVV_OF(GPR, SZ_Y),
    [Z_b] = OTHER(IN_OPCODE, GPR, SZ_1), [Z_v] = OTHER(IN_OPCODE, GPR, SZ_V),
    [I_b] = OTHER(IN_IMM, IMM, SZ_1), [I_bs] = OTHER(IN_IMM_SIGNED, IMM, SZ_1),
    [I_w] = OTHER(IN_IMM, IMM, SZ_2), [I_z] = OTHER(IN_IMM_SIGNED, IMM, SZ_Z),
    [I_v] = OTHER(IN_IMM_SIGNED, IMM, SZ_V), [I_1] = OTHER(IN_ONE, IMM, SZ_1),
    [I2_b] = OTHER(IN_IMM2, IMM2, SZ_1),
    [J_b] = OTHER(IN_REL, REL, SZ_1), [J_z] = OTHER(IN_REL, REL, SZ_Z),
    [A_p] = OTHER(IN_FAR, FAR, SZ_P),
    [O_b] = OTHER(IN_OFFSET, MEM, SZ_1), [O_v] = OTHER(IN_OFFSET, MEM, SZ_V),
    [AL] = FIXED(GPR, SZ_1, X86_RAX), [AX_w] = FIXED(GPR, SZ_2, X86_RAX),
    [AX_v] = FIXED(GPR, SZ_V, X86_RAX), [AX_z] = FIXED(GPR, SZ_Z, X86_RAX),
    [CL] = FIXED(GPR, SZ_1, X86_RCX), [DX] = FIXED(GPR, SZ_2, X86_RDX),
    [ES] = FIXED(SEG, SZ_V, X86_ES), [CS] = FIXED(SEG, SZ_V, X86_CS),
    [SS] = FIXED(SEG, SZ_V, X86_SS), [DS] = FIXED(SEG, SZ_V, X86_DS),
    [FS] = FIXED(SEG, SZ_V, X86_FS), [GS] = FIXED(SEG, SZ_V, X86_GS),
    [X_b] = OTHER(IN_STRING, STRING_SI, SZ_1),
    [X_v] = OTHER(IN_STRING, STRING_SI, SZ_V),
    [X_z] = OTHER(IN_STRING, STRING_SI, SZ_Z),
    [Y_b] = OTHER(IN_STRING, STRING_DI, SZ_1),
    [Y_v] = OTHER(IN_STRING, STRING_DI, SZ_V),
    [Y_z] = OTHER(IN_STRING, STRING_DI, SZ_Z),
    [ST0] = FIXED(ST, SZ_10, 0), [STi] = RM_REG(ST, SZ_10),
    [P_q] = REG_OF(MMX, SZ_8),
    [Q_q] = RM_OF(MMX, SZ_8, SZ_8), [Q_d] = RM_OF(MMX, SZ_4, SZ_4),
    [N_q] = RM_REG(MMX, SZ_8),
    [V_d] = REG_OF(VEC, SZ_4), [V_q] = REG_OF(VEC, SZ_8),
    [V_dq] = REG_OF(VEC, SZ_16), [V_x] = REG_OF(VEC, SZ_X),
    [W_b] = RM_OF(VEC, SZ_1, SZ_1), [W_w] = RM_OF(VEC, SZ_2, SZ_2),
    [W_d] = RM_OF(VEC, SZ_4, SZ_4), [W_q] = RM_OF(VEC, SZ_8, SZ_8),
    [W_dq] = RM_OF(VEC, SZ_16, SZ_16), [W_x] = RM_OF(VEC, SZ_X, SZ_X),
    [W_xh] = RM_OF(VEC, SZ_XH, SZ_XH), [W_xq] = RM_OF(VEC, SZ_XQ, SZ_XQ),
    [W_xe] = RM_OF(VEC, SZ_XE, SZ_XE),
    [U_d] = RM_REG(VEC, SZ_4), [U_q] = RM_REG(VEC, SZ_8),
    [U_dq] = RM_REG(VEC, SZ_16), [U_x] = RM_REG(VEC, SZ_X),
    [H_d] = VVVV_OF(VEC, SZ_4), [H_q] = VVVV_OF(VEC, SZ_8),
    [H_dq] = VVVV_OF(VEC, SZ_16), [H_x] = VVVV_OF(VEC, SZ_X),
    [L_x] = OTHER(IN_IS4, VEC, SZ_X),
    [VSIB_d] = RM_MEM(SZ_4), [VSIB_q] = RM_MEM(SZ_8),
    [K_reg] = REG_OF(MASK, SZ_8), [K_vvvv] = VVVV_OF(MASK, SZ_8),
    [K_rm] = RM_REG(MASK, SZ_8),
    [K_mem_b] = RM_OF(MASK, SZ_1, SZ_1), [K_mem_w] = RM_OF(MASK, SZ_2, SZ_2),
    [K_mem_d] = RM_OF(MASK, SZ_4, SZ_4), [K_mem_q] = RM_OF(MASK, SZ_8, SZ_8),
};
/* clang-format on */

/* SDM 3A 2.5: CR1, CR5..CR7 and those above 8 do not exist. */
#define DECODE_CRS ((1 << 0) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 8))

static void decode_register(Decoder *d, X86Operand *op, unsigned reg)
{
    op->reg = reg;
    switch (op->kind) {
    case OPERAND_GPR:
        if (op->size == 1 && reg >= 4 && !d->insn->rex && !d->insn->vex) {
            op->reg = reg - 4;
            op->high = true;
        }
        break;
    case OPERAND_SEG: /* MOV to CS does not exist */
        op->reg = reg & 7;
        d->ud |= op->reg >= X86_SEGMENTS ||
                 (op->reg == X86_CS && (op->access & OPERAND_WRITE));
        break;
    case OPERAND_CR:
        d->ud |= !((DECODE_CRS >> reg) & 1);
        break;
    case OPERAND_DR:
        d->ud |= reg > 7;
        break;
    case OPERAND_MMX:
    case OPERAND_ST:
    case OPERAND_MASK:
        op->reg = reg & 7;
        break;
    default:
        break;
    }
}

static void decode_memory_operand(X86Insn *insn, X86Operand *op)
{
    op->kind = OPERAND_MEM;
    insn->mem_bytes = insn->row->attr & X86_A_NOSEG ? 0 : op->size;
}

static void decode_imm(Decoder *d, X86Operand *op, bool sign)
{
    X86Insn *insn = d->insn;

    insn->imm_bytes += op->size;
    insn->imm = sign ? decode_signed(d, op->size)
                     : (int64_t)decode_unsigned(d, op->size);
}

static void decode_far(Decoder *d, X86Operand *op)
{
    X86Insn *insn = d->insn;

    insn->imm_bytes = op->size;
    insn->imm = decode_unsigned(d, op->size - 2);
    insn->imm2 = decode_unsigned(d, 2);
}

static uint16_t decode_size(const Decoder *d, unsigned code)
{
    const DecodeSize *size = &decode_sizes[code];
    return size->bytes[d->column[size->by]];
}

static void decode_operand(Decoder *d, X86Operand *op, const LetterSpec *spec)
{
    X86Insn *insn = d->insn;

    op->kind = spec->kind;
    op->size = decode_size(d, spec->size);
    op->reg = X86_NO_REG;
    switch (spec->place) {
    case IN_RM:
    case IN_RM_MEM:
    case IN_RM_REG:
        if (insn->mod != 3) {
            d->ud |= spec->place == IN_RM_REG;
            op->size = decode_size(d, spec->mem_size);
            decode_memory_operand(insn, op);
        } else {
            d->ud |= spec->place == IN_RM_MEM;
            op->field = X86_FIELD_RM;
            decode_register(d, op, insn->rm);
        }
        break;
    case IN_REG:
        op->field = X86_FIELD_REG;
        decode_register(d, op, insn->reg);
        break;
    case IN_VVVV:
        d->uses_vvvv = true;
        op->field = X86_FIELD_VVVV;
        decode_register(d, op, insn->vvvv);
        break;
    case IN_OPCODE:
        op->field = X86_FIELD_OPCODE;
        decode_register(d, op, (insn->opcode & 7) | d->b);
        break;
    case IN_FIXED:
        op->reg = spec->reg;
        break;
    case IN_IMM:
    case IN_IMM_SIGNED:
    case IN_REL:
        decode_imm(d, op, spec->place != IN_IMM);
        break;
    case IN_IMM2:
        insn->imm_bytes += op->size;
        insn->imm2 = decode_unsigned(d, op->size);
        break;
    case IN_ONE:
        insn->imm = 1;
        break;
    case IN_FAR:
        decode_far(d, op);
        break;
    case IN_OFFSET:
        insn->has_mem = true;
        insn->mem.disp = decode_unsigned(d, insn->addr_size);
        decode_memory_operand(insn, op);
        break;
    case IN_IS4:
        decode_imm(d, &(X86Operand){ .size = 1 }, false);
        op->field = X86_FIELD_IS4;
        decode_register(d, op,
                        (insn->imm >> 4) & (d->code == X86_CODE64 ? 15 : 7));
        break;
    default: /* IN_STRING */
        break;
    }
}

static void decode_operands(Decoder *d)
{
    X86Insn *insn = d->insn;
    const X86Row *row = insn->row;
    unsigned access = row->access;

    for (unsigned i = 0; i < 4 && row->operand[i]; i++, access >>= 2) {
        insn->op[i].access = access & 3;
        decode_operand(d, &insn->op[i], &decode_letters[row->operand[i]]);
        insn->op_count = i + 1;
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
    if (insn->vex != 1) {
        return true;
    }
    if ((attr & L0 && insn->vex_l) || (attr & L1 && !insn->vex_l) ||
        (attr & W0 && insn->vex_w) || (attr & W1 && !insn->vex_w)) {
        return false;
    }
    return (d->uses_vvvv || !insn->vvvv) &&
           !(attr & DISTINCT && decode_gather_overlaps(insn));
}

const X86Row decode_row_evex = { .mnemonic = X86_EVEX, UNKNOWN(AVX512F) };

static bool decode_evex_has_imm(const X86Insn *insn)
{
    if (insn->map != 1) {
        return insn->map == 3;
    }
    return (insn->opcode >= 0x70 && insn->opcode <= 0x73) ||
           insn->opcode == 0xc2 ||
           (insn->opcode >= 0xc4 && insn->opcode <= 0xc6);
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
    return map ? decode_row(d, &map->nodes[insn->opcode]) : &decode_row_evex;
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
    if (insn->has_modrm && insn->mod != 3) {
        decode_memory(d, row);
    }
    d->column[BY_OPERAND] = insn->op_size >> 2;
    d->column[BY_MODE] = d->code;
    d->column[BY_ADDRESS] = insn->addr_size >> 2;
    d->column[BY_VECTOR] = insn->vex_l;
    decode_operands(d);
    if (insn->vex == 2 && decode_evex_has_imm(insn)) {
        decode_imm(d, &(X86Operand){ .size = 1 }, false);
    }
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
    [SPLIT_L] = 2,   [SPLIT_REXB] = 2,
};

/* Counts *n down; the row at which it is 0. */
static const X86Row *decode_walk(const DecodeNode *nodes, unsigned count,
                                 size_t *n)
{
    for (unsigned i = 0; i < count; i++) {
        const DecodeNode *node = &nodes[i];
        const X86Row *row;

        if (node->split != SPLIT_ROW) {
            row = decode_walk(node->sub, decode_branches[node->split], n);
            if (row) {
                return row;
            }
        } else if (node->row && (*n)-- == 0) {
            return node->row;
        }
    }
    return NULL;
}

const X86Row *x86_decode_row(size_t n)
{
    for (unsigned vex = 0; vex < 2; vex++) {
        for (unsigned map = vex; map < 4; map++) {
            const X86Row *row =
                decode_walk(decode_maps[vex][map].nodes, 256, &n);
            if (row) {
                return row;
            }
        }
    }
    return n == 0 ? &decode_row_evex : NULL;
}
