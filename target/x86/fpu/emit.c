/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The portable form of x87, MMX, SSE and AVX instructions in IR: one helper
 * call, with what the instruction is as constants.
 */
#include "target/x86/fpu/fpu.h"
#include "target/x86/fpu/state.h"
#include "target/x86/fpu/x87.h"
#include "target/x86/translate.h"

/* By what a helper may change besides memory and the FPU. */
#define FP_HELPER(name, flags)                                                 \
    {                                                                          \
        name, fp_helper_vector, TCG_MAY_RAISE | (flags)                        \
    }
static const TcgHelper fp_vector_helpers[2][2] = {
    { FP_HELPER("vector", 0), FP_HELPER("vector.g", TCG_WRITES_GLOBALS) },
    { FP_HELPER("vector.f", TCG_WRITES_FLAGS),
      FP_HELPER("vector.fg", TCG_WRITES_FLAGS | TCG_WRITES_GLOBALS) },
};
#define FP_EVEX_HELPER(name, flags)                                            \
    {                                                                          \
        name, fp_helper_evex, TCG_MAY_RAISE | (flags)                          \
    }
static const TcgHelper fp_evex_helpers[2][2] = {
    { FP_EVEX_HELPER("evex", 0), FP_EVEX_HELPER("evex.g", TCG_WRITES_GLOBALS) },
    { FP_EVEX_HELPER("evex.f", TCG_WRITES_FLAGS),
      FP_EVEX_HELPER("evex.fg", TCG_WRITES_FLAGS | TCG_WRITES_GLOBALS) },
};
static const TcgHelper fp_x87_helper = { "x87", fp_helper_x87, TCG_MAY_RAISE };
static const TcgHelper fp_x87_flags_helper = {
    "x87.f", fp_helper_x87, TCG_MAY_RAISE | TCG_READS_FLAGS | TCG_WRITES_FLAGS
};

/* ---- Packing ---------------------------------------------------------------
 */

uint64_t fp_pack_operands(const X86Insn *i)
{
    uint64_t v = 0;

    for (unsigned n = 0; n < i->op_count; n++) {
        const X86Operand *op = &i->op[n];
        uint64_t packed = op->kind | (op->reg & 15) << 4 | op->size << 8;
        v |= packed << (n * FP_OPERAND_BITS);
    }
    return v;
}

/* CVTPI2PS and CVTPI2PD from memory leave the x87 alone: SDM CVTPI2PD, and so
 * do processors with CVTPI2PS. */
static bool fp_touches_mmx(const X86Insn *i)
{
    bool convert = i->mnemonic == X86_CVTPI2PD || i->mnemonic == X86_CVTPI2PS;
    return i->row->attr & X86_A_MMX && !(convert && i->has_mem);
}

static bool fp_has_imm(const X86Insn *i)
{
    return i->op_count && (i->op[i->op_count - 1].kind == OPERAND_IMM ||
                           i->op[i->op_count - 1].kind == OPERAND_IMM2);
}

uint64_t fp_pack_extra(const X86Insn *i)
{
    bool wide = i->vex ? i->vex_w : i->rex & 8;
    uint64_t v = (i->imm & 0xff) | (i->imm2 & 0xff) << 8;

    v |= (uint64_t)i->op_count << FP_EXTRA_COUNT;
    v |= (uint64_t)i->op[0].access << FP_EXTRA_ACCESS;
    v |= (uint64_t)i->op_size << FP_EXTRA_SIZE;
    v |= (uint64_t)(i->vex != 0) << FP_EXTRA_VEX;
    v |= (uint64_t)wide << FP_EXTRA_WIDE;
    v |= (uint64_t)(i->mem.index & 15) << FP_EXTRA_INDEX;
    v |= (uint64_t)i->mem.scale << FP_EXTRA_SCALE;
    v |= (uint64_t)fp_touches_mmx(i) << FP_EXTRA_MMX;
    v |= (uint64_t)i->vex_l << FP_EXTRA_LENGTH;
    v |= (uint64_t)fp_has_imm(i) << FP_EXTRA_HAS_IMM;
    v |= (uint64_t)(i->addr_size != 8) << FP_EXTRA_ADDRESS32;
    v |= (uint64_t)i->mem.seg << FP_EXTRA_SEGMENT;
    return v;
}

/* ---- Vectors
 * ----------------------------------------------------------------- */

const FpRow *fp_vector_row(unsigned mnemonic)
{
    static const FpRow *const tables[] = {
        fp_int_rows,          fp_shuffle_rows,     fp_float_rows,
        fp_convert_rows,      fp_crypto_rows,      fp_text_rows,
        fp_avx_rows,          fp_opmask_rows,      fp_evex_int_rows,
        fp_evex_move_rows,    fp_evex_memory_rows, fp_evex_float_rows,
        fp_evex_convert_rows,
    };

    for (size_t n = 0; n < G_N_ELEMENTS(tables); n++) {
        if (tables[n][mnemonic].fn) {
            return &tables[n][mnemonic];
        }
    }
    return NULL;
}

/* MASKMOVDQU stores at DS:rDI. */
static IrVal fp_implicit_address(Translator *t, const X86Insn *i)
{
    IrVal off = tr_reg_zx(t, X86_RDI, i->addr_size);

    tr_check_limit(t, i->mem.seg, off, i->op[0].size, true);
    IrVal addr = tr_linear(t, i->mem.seg, off);
    tr_check_aligned(t, addr, 0, 8);
    return addr;
}

static IrVal fp_address(Translator *t, const X86Insn *i, const FpRow *row)
{
    if (i->has_mem) {
        return tr_copy(t, tr_address(t));
    }
    return row->flags & FP_ADDRESS ? fp_implicit_address(t, i) : tr_imm(t, 0);
}

static bool fp_writes_memory(const X86Insn *i)
{
    return i->op[0].kind == OPERAND_MEM && i->op[0].access & OPERAND_WRITE;
}

const FpRow *fp_evex_row(unsigned mnemonic)
{
    const FpRow *gather = &fp_evex_gather_rows[mnemonic];
    return gather->fn ? gather : fp_vector_row(mnemonic);
}

/* Opmask instructions, too, though they are VEX-encoded. */
static void fp_emit_evex(Translator *t, const X86Insn *i, const FpRow *row)
{
    bool gpr = i->op[0].kind == OPERAND_GPR;
    const TcgHelper *h = &fp_evex_helpers[(row->flags & FP_FLAGS) != 0][gpr];

    if (fp_writes_memory(i) && !(row->flags & FP_ADDRESS) && !i->evex_aaa) {
        tr_probe_write(t, i->op[0].size);
    }
    IrVal addr = fp_address(t, i, row);
    IrVal operands = tr_imm(t, fp_pack_evex_operands(i));
    IrVal extra = tr_imm(t, fp_pack_evex(i));
    tr_call(t, h, IR_NONE, addr, operands, extra, (uintptr_t)i->row);
}

static bool fp_emit_vector(Translator *t, const X86Insn *i)
{
    bool evex = i->row->attr & X86_A_AVX512;
    const FpRow *row =
        evex ? fp_evex_row(i->mnemonic) : fp_vector_row(i->mnemonic);

    if (!row) {
        return false;
    }
    if (evex) {
        fp_emit_evex(t, i, row);
        return true;
    }
    bool gpr = row->flags & FP_GPR || (i->op[0].kind == OPERAND_GPR);
    const TcgHelper *h = &fp_vector_helpers[(row->flags & FP_FLAGS) != 0][gpr];
    if (fp_writes_memory(i) && !(row->flags & FP_ADDRESS)) {
        tr_probe_write(t, i->op[0].size);
    }
    IrVal addr = fp_address(t, i, row);
    IrVal operands = tr_imm(t, fp_pack_operands(i));
    IrVal extra = tr_imm(t, fp_pack_extra(i));
    tr_call(t, h, IR_NONE, addr, operands, extra, (uintptr_t)row);
    return true;
}

/* ---- State
 * ------------------------------------------------------------------- */

static uint64_t fp_state_argument(const X86Insn *i, unsigned kind)
{
    switch (kind) {
    case FP_STATE_WIDTH:
        return i->op_size == 2 ? 2 : 4;
    case FP_STATE_TO_AX:
        return !i->has_mem;
    case FP_STATE_OPT:
        return FP_XSAVE_OPT;
    case FP_STATE_COMPACT:
        return FP_XSAVE_COMPACT;
    default:
        return 0;
    }
}

static bool fp_emit_state(Translator *t, const X86Insn *i)
{
    const FpStateRow *row = fp_state_rows;

    while (row->mnemonic && row->mnemonic != i->mnemonic) {
        row++;
    }
    if (!row->mnemonic) {
        return false;
    }
    if (fp_writes_memory(i) && i->mem_bytes) {
        tr_probe_write(t, i->mem_bytes);
    }
    IrVal addr = i->has_mem ? tr_copy(t, tr_address(t)) : tr_imm(t, 0);
    IrVal argument = tr_imm(t, fp_state_argument(i, row->argument));
    IrVal changed = tr_temp(t);
    IrVal pc = tr_pc(t, t->x87_pc);
    tr_call(t, &row->helper, changed, addr, argument, pc, 0);
    tr_change(t, changed);
    return true;
}

/* ---- x87
 * ---------------------------------------------------------------------- */

static const X86Operand *fp_memory_operand(const X86Insn *i)
{
    for (unsigned n = 0; n < i->op_count; n++) {
        if (i->op[n].kind == OPERAND_MEM) {
            return &i->op[n];
        }
    }
    return NULL;
}

X87Form fp_x87_form(const X86Insn *i)
{
    const X86Operand *mem = fp_memory_operand(i);
    unsigned base = i->opcode & 7; /* D8.. */

    if (!mem) {
        return X87_ST;
    }
    if (mem->size == 10) {
        return X87_M80;
    }
    if (mem->size == 2) {
        return X87_I16;
    }
    /* D8, D9: float; DA, DB: 32-bit integer; DC, DD: double, but DD /1 is
     * FISTTP; DF: 64-bit integer. */
    if (mem->size == 4) {
        return base < 2 ? X87_M32 : X87_I32;
    }
    return base == 7 || i->mnemonic == X86_FISTTP ? X87_I64 : X87_M64;
}

uint64_t fp_pack_x87(const X86Insn *i)
{
    uint64_t v = (uint64_t)i->has_mem << X87_EXTRA_MEM;
    bool dst_i = !i->has_mem && i->opcode >= 0xdc; /* DC, DE: ST(i), ST(0) */

    v |= (uint64_t)((i->opcode & 7) << 8 | i->modrm) << X87_EXTRA_FOP;
    v |= (uint64_t)(i->modrm & 7) << X87_EXTRA_ST;
    v |= (uint64_t)dst_i << X87_EXTRA_DST;
    v |= (uint64_t)(i->opcode == 0xd9) << X87_EXTRA_D9;
    return v;
}

/* FNENI, FNDISI, FNSETPM: nothing since the 387. */
static bool fp_is_relic(const X86Insn *i)
{
    return i->mnemonic == X86_FNENI || i->mnemonic == X86_FNDISI ||
           i->mnemonic == X86_FNSETPM;
}

static bool fp_emit_x87(Translator *t, const X86Insn *i)
{
    if (fp_is_relic(i)) {
        return true;
    }
    const X87Row *row = x87_row(i->mnemonic, fp_x87_form(i));
    if (!row) {
        return false;
    }
    const X86Operand *mem = fp_memory_operand(i);
    if (mem && mem->access & OPERAND_WRITE) {
        tr_probe_write(t, mem->size);
    }
    bool flags = row->shape == X87_COMPARE_FLAGS || row->shape == X87_CMOV;
    IrVal addr = i->has_mem ? tr_copy(t, tr_address(t)) : tr_imm(t, 0);
    IrVal pc = tr_pc(t, t->pc);
    IrVal extra = tr_imm(t, fp_pack_x87(i));
    tr_call(t, flags ? &fp_x87_flags_helper : &fp_x87_helper, IR_NONE, addr, pc,
            extra, (uintptr_t)row);
    return true;
}

bool x86_emit_fp(Translator *t, const X86Insn *i)
{
    return fp_emit_state(t, i) ||
           (i->row->attr & X86_A_X87 ? fp_emit_x87(t, i)
                                     : fp_emit_vector(t, i));
}
