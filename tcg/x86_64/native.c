/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's instruction, executed as itself: encoded again with the guest's
 * registers in their homes, those that live in env in scratch registers, and
 * the memory operand at its host address (SDM 2A 2.1 to 2.3 and 2.7 for the
 * encodings).
 */
#include "tcg/x86_64/emit.h"

typedef struct NativeRegs {
    uint8_t reg, rm, vvvv; /* numbers to encode */
    bool high_byte;        /* AH..BH occur: no REX may */
} NativeRegs;

static bool native_is_high_byte(unsigned kind, unsigned reg)
{
    return kind == NATIVE_REG_GPR8 && reg >= 4;
}

/* rsp's home needs a REX, as r8.. do. */
static bool native_needs_rex(unsigned kind, unsigned reg)
{
    return kind == NATIVE_REG_FIXED
               ? reg >= 8
               : kind == NATIVE_REG_GPR && (reg == 4 || reg >= 8);
}

bool tcg_x86_64_can_native(const NativeInsn *n)
{
    bool high = native_is_high_byte(n->reg_kind, n->reg) ||
                (!n->mem && native_is_high_byte(n->rm_kind, n->rm));
    bool rex = native_needs_rex(n->reg_kind, n->reg) ||
               (!n->mem && native_needs_rex(n->rm_kind, n->rm)) || n->mem ||
               n->rex_w || n->byte_rex;

    return n->map < 4 && !(high && rex) && n->mem_bytes <= 512 &&
           n->imm_bytes <= 4;
}

/* ---- registers -------------------------------------------------------- */

/* Scratch registers that stand for guest registers in env. */
typedef struct NativeScratch {
    uint8_t guest[3], reg[3];
    unsigned count;
} NativeScratch;

/* What its old value may be read for: the register is an input, or only a part
 * of it is written (8 and 16-bit forms, conditional moves count as inputs). */
static bool native_overwrites(const NativeInsn *n, unsigned guest)
{
    if (n->gpr_in & 1u << guest) {
        return false;
    }
    if (n->vex) {
        return true;
    }
    /* MOV, MOVSXD, LEA, MOV imm32 */
    return !n->p66 && n->map == 0 &&
           (n->opcode == 0x89 || n->opcode == 0x8b || n->opcode == 0x8d ||
            n->opcode == 0x63 || n->opcode == 0xc7 ||
            (n->opcode & 0xf8) == 0xb8);
}

static unsigned native_gpr(Emit *e, const NativeInsn *n, NativeScratch *s,
                           unsigned guest)
{
    if (emit_home[guest] != NO_REG) {
        return emit_home[guest];
    }
    for (unsigned k = 0; k < s->count; k++) {
        if (s->guest[k] == guest) {
            return s->reg[k];
        }
    }
    bool fresh = held_global(e, guest) == NO_REG && native_overwrites(n, guest);
    unsigned reg = fresh ? regs_take(e) : regs_value(e, guest);
    s->guest[s->count] = guest;
    s->reg[s->count++] = reg;
    return reg;
}

static unsigned native_reg(Emit *e, const NativeInsn *n, NativeScratch *s,
                           unsigned kind, unsigned reg)
{
    bool gpr = kind == NATIVE_REG_GPR || (kind == NATIVE_REG_GPR8 && reg < 4);

    return gpr ? native_gpr(e, n, s, reg) : reg;
}

/* rm: in a register, too. */
static NativeRegs native_regs(Emit *e, const NativeInsn *n, NativeScratch *s,
                              bool rm)
{
    NativeRegs r = { .high_byte =
                         native_is_high_byte(n->reg_kind, n->reg) ||
                         (!n->mem && native_is_high_byte(n->rm_kind, n->rm)) };

    if (n->modrm || n->opcode_reg) {
        r.reg = native_reg(e, n, s, n->reg_kind, n->reg);
    }
    if (n->modrm && rm) {
        r.rm = native_reg(e, n, s, n->rm_kind, n->rm);
    }
    if (n->vex) {
        r.vvvv = native_reg(e, n, s, n->vvvv_kind, n->vvvv);
    }
    return r;
}

static unsigned native_env_count(const NativeInsn *n)
{
    uint32_t used = 0;

    if (n->reg_kind == NATIVE_REG_GPR && (n->modrm || n->opcode_reg)) {
        used |= 1u << n->reg;
    }
    if (n->rm_kind == NATIVE_REG_GPR && n->modrm && !n->mem) {
        used |= 1u << n->rm;
    }
    if (n->vvvv_kind == NATIVE_REG_GPR && n->vex) {
        used |= 1u << n->vvvv;
    }
    unsigned count = 0;
    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        count += (used >> g & 1) && emit_home[g] == NO_REG;
    }
    return count;
}

static void native_store_results(Emit *e, const NativeInsn *n,
                                 const NativeScratch *s)
{
    for (unsigned k = 0; k < s->count; k++) {
        if (n->gpr_out & 1u << s->guest[k]) {
            held_write_global(e, s->guest[k], s->reg[k]);
        }
    }
}

/* ---- encoding --------------------------------------------------------- */

static void native_legacy_opcode(Asm *a, const NativeInsn *n, unsigned reg,
                                 unsigned index, unsigned base)
{
    uint8_t opcode = n->opcode | (n->opcode_reg ? reg & 7 : 0);
    uint32_t op = opcode | n->map << 8 | (n->p66 ? ASM_66 : 0) |
                  (n->pf2   ? ASM_F2
                   : n->pf3 ? ASM_F3
                            : 0) |
                  (n->rex_w ? ASM_W : 0);

    if (n->lock) {
        asm_u8(a, 0xf0);
    }
    if (n->opcode_reg) {
        asm_opcode(a, op, 0, 0, reg, n->byte_rex);
    } else {
        asm_opcode(a, op, reg, index, base, n->byte_rex);
    }
}

/* C5 where X, B and W are clear and the map is 0F; else C4. */
static void native_vex_opcode(Asm *a, const NativeInsn *n, NativeRegs r,
                              unsigned index, unsigned base)
{
    unsigned pp = n->p66 ? 1 : n->pf3 ? 2 : n->pf2 ? 3 : 0;
    uint8_t last = (~r.vvvv & 15) << 3 | (n->vex_l ? 4 : 0) | pp;
    uint8_t not_r = r.reg & 8 ? 0 : 0x80;

    if (n->map == 1 && !n->rex_w && !(index & 8) && !(base & 8)) {
        asm_u8(a, 0xc5);
        asm_u8(a, not_r | last);
    } else {
        asm_u8(a, 0xc4);
        asm_u8(a,
               not_r | (index & 8 ? 0 : 0x40) | (base & 8 ? 0 : 0x20) | n->map);
        asm_u8(a, (n->rex_w ? 0x80 : 0) | last);
    }
    asm_u8(a, n->opcode);
}

/* R' and R, V' and vvvv, and with a register X and B are a number's bits. */
static void native_evex_opcode(Asm *a, const NativeInsn *n, NativeRegs r,
                               unsigned index, unsigned base)
{
    unsigned pp = n->p66 ? 1 : n->pf3 ? 2 : n->pf2 ? 3 : 0;
    unsigned x = n->mem ? index >> 3 : base >> 4;

    asm_u8(a, 0x62);
    asm_u8(a, (~r.reg >> 3 & 1) << 7 | (~x & 1) << 6 | (~base >> 3 & 1) << 5 |
                  (~r.reg >> 4 & 1) << 4 | n->map);
    asm_u8(a, n->rex_w << 7 | (~r.vvvv & 15) << 3 | 4 | pp);
    asm_u8(a, n->evex_z << 7 | (n->vex_l & 3) << 5 | n->evex_b << 4 |
                  (~r.vvvv >> 4 & 1) << 3 | n->evex_aaa);
    asm_u8(a, n->opcode);
}

static void native_encode(Asm *a, const NativeInsn *n, NativeRegs r,
                          const AsmMem *m)
{
    unsigned index = m && m->index != NO_REG ? m->index : 0;
    unsigned base = m ? m->base : r.rm;

    if (n->vex == 2) {
        native_evex_opcode(a, n, r, index, base);
    } else if (n->vex) {
        native_vex_opcode(a, n, r, index, base);
    } else {
        native_legacy_opcode(a, n, r.reg, index, base);
    }
    if (n->modrm && m) {
        asm_modrm_unit(a, r.reg, *m, n->vex == 2 ? n->disp_unit : 1);
    } else if (n->modrm) {
        asm_u8(a, 0xc0 | (r.reg & 7) << 3 | (r.rm & 7));
    }
    for (unsigned k = 0; k < n->imm_bytes; k++) {
        asm_u8(a, n->imm >> 8 * k);
    }
}

/* ---- the operation ---------------------------------------------------- */

static bool native_writes_all(const NativeInsn *n)
{
    return n->flags_sure && n->flags_out == IR_FLAGS_ALL;
}

/* The flags it reads, and, if it writes only some, those it keeps. */
static void native_load_flags(Emit *e, const NativeInsn *n)
{
    if (n->flags_in ||
        (!native_writes_all(n) && n->flags_out && e->now & INFO_NEEDED)) {
        flags_load(e);
    }
}

static void native_set_flags(Emit *e, const NativeInsn *n)
{
    if (native_writes_all(n) || (n->flags_out && e->now & INFO_LIVE_AFTER)) {
        flags_written(e);
    } else if (n->flags_out) {
        e->host_flags = e->env_flags = false;
    }
}

static void native_before_write(Emit *e, const NativeInsn *n)
{
    for (uint32_t out = n->gpr_out; out; out &= out - 1) {
        regs_before_write(e, __builtin_ctz(out));
    }
}

/* Can r/m be memory of the same size, which is only read? Not for BT, whose
 * count then reaches beyond it, nor for what there is with registers only. */
static bool native_reads_rm(const NativeInsn *n)
{
    enum { VEX = 1 << 12 };
    static const uint16_t forms[] = {
        0x003,       0x00b,       0x013,       0x01b,       0x023, /* ALU */
        0x02b,       0x033,       0x039,       0x03b,       0x085,
        0x08b,       0x063,       0x069,       0x06b,       0x1af, /* IMUL */
        0x12a,       0x16e,       0x1b8,       0x1bc,       0x1bd,
        0x1b6,       0x1b7,       0x1be,       0x1bf, /* MOVZX, MOVSX */
        0x2f6,                                        /* ADCX, ADOX */
        VEX | 0x12a, VEX | 0x16e, VEX | 0x2f2, VEX | 0x2f3, VEX | 0x2f5,
        VEX | 0x2f6, VEX | 0x2f7, VEX | 0x3f0,
    };
    unsigned form = (n->vex ? VEX : 0) | n->map << 8 | n->opcode;

    for (unsigned k = 0; k < G_N_ELEMENTS(forms); k++) {
        if (forms[k] == form) {
            return n->vex < 2 && !n->opcode_reg;
        }
    }
    return form >= 0x140 && form <= 0x14f; /* CMOVcc */
}

/* Its last operand is a guest register that stays where it is: in env. */
static bool native_rm_in_env(const Emit *e, const NativeInsn *n)
{
    bool again = (n->reg_kind == NATIVE_REG_GPR && n->reg == n->rm) ||
                 (n->vvvv_kind == NATIVE_REG_GPR && n->vex && n->vvvv == n->rm);

    return n->modrm && n->rm_kind == NATIVE_REG_GPR &&
           emit_home[n->rm] == NO_REG && !again &&
           !(n->gpr_out & 1u << n->rm) && held_global(e, n->rm) == NO_REG &&
           !regs_rather_loads(e, n->rm) && native_reads_rm(n);
}

static void native_register_form(Emit *e, const NativeInsn *n)
{
    NativeScratch s = { .count = 0 };
    AsmMem in_env = asm_env(ENV_OFF(r) + 8 * n->rm);
    bool env = native_rm_in_env(e, n);
    NativeRegs r = native_regs(e, n, &s, !env);

    native_load_flags(e, n);
    native_encode(&e->as, n, r, env ? &in_env : NULL);
    native_store_results(e, n, &s);
}

/* XCHG is, with or without prefix. SDM 3A 8.1.2.2 */
static bool native_is_locked(const NativeInsn *n)
{
    return n->lock || (!n->vex && n->map == 0 && (n->opcode & 0xfe) == 0x86);
}

/* MULX of memory with an index takes two cycles of the multiplier on
 * Zen 4, where a load and MULX of registers take one: the low half's register
 * serves, or the high half's where that one is the other factor, RDX. */
static bool native_encode_mulx(Asm *a, const NativeInsn *n, NativeRegs r,
                               AsmMem at)
{
    unsigned via = r.vvvv != RDX ? r.vvvv : r.reg;
    bool mulx = n->vex == 1 && n->map == 2 && n->opcode == 0xf6;

    if (!mulx || at.index == NO_REG || via == RDX) {
        return false;
    }
    asm_rm(a, asm_typed(OP_MOV_LOAD, n->rex_w ? IR_I64 : IR_I32), via, at);
    r.rm = via;
    native_encode(a, n, r, NULL);
    return true;
}

/* With two registers in env there is none left for the addend beside an
 * address's during the access. */
static void native_memory_form(Emit *e, const IrInsn *i, const NativeInsn *n)
{
    MemKind kind = n->mem_fill ? MEM_FILLED : MEM_BYTES;
    bool join = native_env_count(n) > 1;
    NativeScratch s = { .count = 0 };
    NativeRegs r = { 0 };

    if (!join) {
        r = native_regs(e, n, &s, false);
    }
    MemAccess m =
        mem_check(e, i, n->mem_bytes, n->mem_write, kind, e->now & INFO_NEEDED);
    if (native_is_locked(n)) {
        mem_locked(e, m);
    }
    if (n->mask) {
        mem_masked(e, m, n->mask);
    }
    mem_resume(e, &m);
    if (join) {
        mem_join(e, &m);
        r = native_regs(e, n, &s, false);
    }
    native_load_flags(e, n);
    if (!native_encode_mulx(&e->as, n, r, m.at)) {
        native_encode(&e->as, n, r, &m.at);
    }
    mem_after(e, m);
    native_store_results(e, n, &s);
}

/* DIV and IDIV: F6 and F7 /6, /7. */
static bool native_divides(const NativeInsn *n)
{
    return !n->map && !n->vex && (n->opcode & 0xfe) == 0xf6 && n->reg >= 6;
}

void emit_native(Emit *e, const IrInsn *i)
{
    const NativeInsn *n = &e->ir->native[i->imm];

    if (e->ir->exact_flags && native_divides(n)) {
        flags_save(e); /* #DE finds those of the instruction before in env */
    }
    native_before_write(e, n);
    if (n->mem) {
        native_memory_form(e, i, n);
    } else {
        native_register_form(e, n);
    }
    native_set_flags(e, n);
}
