/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operands from a row's letters: where each letter's register number, memory
 * or immediate stands, and how its size follows from operand size, mode,
 * address size or vector length. SDM 2A 2.1, 2D A.2.
 */
#include "target/x86/decode/decode-internal.h"

/* ---- Memory operands ---------------------------------------------------- */

static const uint8_t decode_base16[8] = {
    X86_RBX, X86_RBX, X86_RBP, X86_RBP, X86_RSI, X86_RDI, X86_RBP, X86_RBX,
};
static const uint8_t decode_index16[8] = {
    X86_RSI,    X86_RDI,    X86_RSI,    X86_RDI,
    X86_NO_REG, X86_NO_REG, X86_NO_REG, X86_NO_REG,
};

static void decode_disp(Decoder *d, unsigned bytes)
{
    d->insn->disp_bytes = bytes;
    d->insn->mem.disp = decode_signed(d, bytes);
}

static void decode_memory16(Decoder *d)
{
    X86Insn *insn = d->insn;
    X86Mem *mem = &insn->mem;
    unsigned rm = insn->rm & 7;

    if (insn->mod == 0 && rm == 6) {
        decode_disp(d, 2);
        return;
    }
    mem->base = decode_base16[rm];
    mem->index = decode_index16[rm];
    if (insn->mod) {
        decode_disp(d, insn->mod);
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
        mem->vsib = vsib;
        mem->index = vsib               ? index | d->v
                     : index == X86_RSP ? X86_NO_REG
                                        : index;
    }
    if (insn->mod == 0 && base == 5) {
        mem->rip = !sib && d->code == X86_CODE64;
        decode_disp(d, 4);
        return;
    }
    mem->base = base | d->b;
    if (insn->mod) {
        decode_disp(d, insn->mod == 1 ? 1 : 4);
    }
}

static bool decode_is_vsib(const X86Row *row)
{
    return row->operand[1] == VSIB_d || row->operand[1] == VSIB_q ||
           row->evex & X86_E_VSIB;
}

void decode_memory(Decoder *d, const X86Row *row)
{
    X86Insn *insn = d->insn;
    bool vsib = decode_is_vsib(row);

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
    [M_x] = RM_MEM(SZ_X), [M_xh] = RM_MEM(SZ_XH), [M_v] = RM_MEM(SZ_V), [M_y] = RM_MEM(SZ_Y),
    [M_p] = RM_MEM(SZ_P), [M_a] = RM_MEM(SZ_A), [M_s] = RM_MEM(SZ_S),
    [M_t] = RM_MEM(SZ_10), [M_env] = RM_MEM(SZ_ENV),
    [M_save] = RM_MEM(SZ_SAVE), [M_fx] = RM_MEM(SZ_512),
    [M_zmm] = RM_MEM(SZ_64),
    [G_b] = REG_OF(GPR, SZ_1), [G_v] = REG_OF(GPR, SZ_V),
    [G_w] = REG_OF(GPR, SZ_2), [G_d] = REG_OF(GPR, SZ_4), [G_y] = REG_OF(GPR, SZ_Y),
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
    [V_xh] = REG_OF(VEC, SZ_XH),
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
    [K_b] = REG_OF(MASK, SZ_1), [K_w] = REG_OF(MASK, SZ_2),
    [K_d] = REG_OF(MASK, SZ_4), [K_q] = REG_OF(MASK, SZ_8),
    [KR_b] = RM_REG(MASK, SZ_1), [KR_w] = RM_REG(MASK, SZ_2),
    [KR_d] = RM_REG(MASK, SZ_4), [KR_q] = RM_REG(MASK, SZ_8),
    [KH_b] = VVVV_OF(MASK, SZ_1), [KH_w] = VVVV_OF(MASK, SZ_2),
    [KH_d] = VVVV_OF(MASK, SZ_4), [KH_q] = VVVV_OF(MASK, SZ_8),
    [KM_b] = RM_OF(MASK, SZ_1, SZ_1), [KM_w] = RM_OF(MASK, SZ_2, SZ_2),
    [KM_d] = RM_OF(MASK, SZ_4, SZ_4), [KM_q] = RM_OF(MASK, SZ_8, SZ_8),
};
/* clang-format on */

/* SDM 3A 2.5: CR1, CR5..CR7 and those above 8 do not exist. */
#define DECODE_CRS ((1 << 0) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 8))

static void decode_register(Decoder *d, X86Operand *op, unsigned reg)
{
    op->reg = reg;
    switch (op->kind) {
    case OPERAND_GPR:
        d->ud |= op->field == X86_FIELD_REG && reg > 15;
        op->reg = reg & 15;
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
    case OPERAND_MASK: /* ModRM.rm's upper bits do not count */
        op->reg = op->field == X86_FIELD_RM ? reg & 7 : reg;
        d->ud |= op->reg > 7;
        break;
    case OPERAND_MMX:
    case OPERAND_ST:
        op->reg = reg & 7;
        break;
    default:
        break;
    }
}

/* EVEX's displacement of one byte counts operands: SDM 2A 2.7.5. */
static void decode_scale_disp(X86Insn *insn, unsigned bytes)
{
    if (insn->mod == 1) {
        insn->mem.disp *= bytes;
    }
}

static void decode_evex_memory(X86Insn *insn, X86Operand *op)
{
    uint16_t evex = insn->row->evex;

    if (insn->broadcast) {
        op->size = evex & X86_E_BCAST64 ? 8 : 4;
    }
    decode_scale_disp(insn, evex & X86_E_PACKED ? 1u << (evex & X86_E_ELEMENT)
                                                : op->size);
}

static void decode_memory_operand(X86Insn *insn, X86Operand *op)
{
    op->kind = OPERAND_MEM;
    if (insn->vex == 2) {
        decode_evex_memory(insn, op);
    }
    insn->mem_bytes = insn->row->attr & X86_A_NOSEG ? 0 : op->size;
}

void decode_imm(Decoder *d, X86Operand *op, bool sign)
{
    X86Insn *insn = d->insn;

    insn->imm_bytes += op->size;
    insn->imm_sign = sign;
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
        insn->disp_bytes = insn->addr_size;
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

void decode_operands(Decoder *d)
{
    X86Insn *insn = d->insn;
    const X86Row *row = insn->row;
    unsigned access = row->access;
    bool wide = row->gpr_in; /* PCMPESTRI's lengths */

    d->column[BY_OPERAND] = insn->op_size >> 2;
    d->column[BY_MODE] = d->code;
    d->column[BY_ADDRESS] = insn->addr_size >> 2;
    d->column[BY_VECTOR] =
        insn->vex_l < 3 ? insn->vex_l : 2; /* 3 is #UD, later */
    for (unsigned i = 0; i < 4 && row->operand[i]; i++, access >>= 2) {
        insn->op[i].access = access & 3;
        decode_operand(d, &insn->op[i], &decode_letters[row->operand[i]]);
        insn->op_count = i + 1;
        wide |= decode_letters[row->operand[i]].size == SZ_Y;
    }
    /* General registers are not wider outside of 64-bit code; where W chooses
     * the operation (FMA) it stays. */
    if (wide && d->code != X86_CODE64) {
        insn->vex_w = false;
    }
}
