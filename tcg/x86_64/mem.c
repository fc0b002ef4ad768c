/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory. Beside each access stands the check of its slot, five
 * instructions with the access, after which the host address is s1 + s2:
 *
 *      lea  s1, [address]
 *      sub  s1, slot.page
 *      cmp  s1, 4096 - size
 *      ja   slow                   another page, or crossing its end
 *      mov  s2, slot.host
 *      op   [s2 + s1]
 *
 * The slow part, out of line, restores the address (s1 + slot.page) and calls
 * a thunk that finds a description of the access behind the call. It returns
 * with s1 and s2 such that the access may be made at s1 + s2 after all: in the
 * page, found in env->tlb[] (and now in the slot) or by fill(), or in a bounce
 * buffer that load() filled. In the latter case a writing access goes on at a
 * copy of itself that is followed by a call which stores the buffer.
 *
 * Accesses off one unmodified base register with constant displacements could
 * share one check of their lowest to highest byte; mem_check() would then take
 * a range, and the later accesses reuse s1 and s2. Left for regions.
 */
#include "tcg/x86_64/emit.h"

/* ---- the address ------------------------------------------------------ */

static bool mem_is_intermediate(const Emit *e, unsigned reg, uint32_t locked)
{
    return reg != NO_REG && reg >= EMIT_SCRATCH_FIRST &&
           !(locked & 1u << reg) &&
           e->owner[reg - EMIT_SCRATCH_FIRST] == IR_NONE;
}

/* s1 = address a of the instruction; a's use is over. */
static unsigned mem_address(Emit *e, const IrInsn *i)
{
    EmitAddr x = regs_addr(e, i->a);
    int64_t disp = x.wrap ? x.disp : (int64_t)(x.disp + (uint64_t)i->imm2);
    uint32_t locked = e->locked;

    if (regs_tight(e, x)) {
        regs_settle(e, i->a);
        x = regs_addr(e, i->a);
        disp = i->imm2;
    }
    if (!asm_fits32(disp) && (x.base != IR_NONE || x.index != IR_NONE)) {
        x = (EmitAddr){ .base = i->a, .index = IR_NONE };
        disp = i->imm2;
    }
    unsigned base = x.base == IR_NONE ? NO_REG : regs_value(e, x.base);
    unsigned index = x.index == IR_NONE ? NO_REG : regs_value(e, x.index);

    /* Registers of temporaries that end here are free for s1. */
    regs_use(e, i->a);
    unsigned s1 = mem_is_intermediate(e, base, locked)    ? base
                  : mem_is_intermediate(e, index, locked) ? index
                                                          : regs_take(e);
    if (base == NO_REG && index == NO_REG) {
        asm_movi(&e->as, s1, x.wrap ? (uint32_t)disp : (uint64_t)disp);
    } else if (!asm_fits32(disp)) {
        unsigned far = regs_take(e);

        asm_movi(&e->as, far, disp);
        asm_lea(&e->as, s1, (AsmMem){ base, far, 0, 0 });
    } else if (index == NO_REG && !disp) {
        if (x.wrap) {
            asm_mov32(&e->as, s1, base);
        } else if (s1 != base) {
            asm_mov(&e->as, s1, base);
        }
    } else {
        asm_rm(&e->as, x.wrap ? OP_LEA32 : OP_LEA, s1,
               (AsmMem){ base, index, x.shift, disp });
    }
    e->locked = locked | 1u << s1;
    if (x.wrap && i->imm2) {
        asm_lea(&e->as, s1, asm_mem(s1, i->imm2));
    }
    return s1;
}

/* ---- the check -------------------------------------------------------- */

static unsigned mem_mode(const Emit *e, const IrInsn *i)
{
    return i->mem.has_mode ? i->mem.mode : e->ir->mode;
}

static MemDesc mem_describe(const Emit *e, const IrInsn *i, unsigned size,
                            bool write, MemKind kind)
{
    return (mem_mode(e, i) * TCG_SLOTS + i->mem.slot % TCG_SLOTS) |
           (size << MEM_DESC_SIZE) | (write ? MEM_DESC_WRITE : 0) |
           (write && kind != MEM_LOAD && kind != MEM_PROBE ? MEM_DESC_STORES
                                                           : 0) |
           (uint32_t)kind << MEM_DESC_KIND;
}

static int32_t mem_slot(MemDesc desc)
{
    return ENV_OFF(slot) + (desc & 0xff) * (int32_t)sizeof(TcgSlot);
}

AsmMem mem_operand(MemAccess m)
{
    /* A base of r13 would cost a displacement. */
    if (m.s2 == NO_REG) {
        return asm_mem(m.s1, 0);
    }
    return m.s2 == R13 ? (AsmMem){ m.s1, m.s2, 0, 0 }
                       : (AsmMem){ m.s2, m.s1, 0, 0 };
}

static void mem_slow_part(Emit *e, EmitCold *c);

MemAccess mem_check(Emit *e, const IrInsn *i, unsigned size, bool write,
                    MemKind kind, bool flags_needed)
{
    MemDesc desc = mem_describe(e, i, size, write, kind);
    unsigned s1 = mem_address(e, i);
    unsigned s2 = regs_take(e);

    flags_lose(e, flags_needed);
    EmitCold *c = emit_cold(e, mem_slow_part);
    c->desc = desc;
    c->s1 = s1;
    c->s2 = s2;
    asm_rm(&e->as, asm_typed(ALU_SUB << 3 | 2, IR_I64), s1,
           asm_env(mem_slot(desc)));
    if (e->ctx->switches & TCG_OFF_SLOTS) {
        c->jump = asm_jmp(&e->as);
    } else {
        asm_alu_ri(&e->as, ALU_CMP, IR_I64, s1, 4096 - (int)size);
        c->jump = asm_jcc(&e->as, IR_CC_A);
    }
    asm_load(&e->as, s2, asm_env(mem_slot(desc) + 8));
    return (MemAccess){ s1, s2, c - e->cold };
}

void mem_resume(Emit *e, MemAccess m)
{
    e->cold[m.cold].resume = e->as.p;
}

void mem_after(Emit *e, MemAccess m)
{
    EmitCold *c = &e->cold[m.cold];

    c->after = e->as.p;
    if (c->after == c->resume) {
        return;
    }
    e->access[e->access_count++] = (EmitAccess){ .resume = c->resume - e->start,
                                                 .length = c->after - c->resume,
                                                 .cold = m.cold };
}

void mem_locked(Emit *e, MemAccess m)
{
    e->cold[m.cold].desc |= MEM_DESC_LOCKED;
}

void mem_join(Emit *e, MemAccess *m)
{
    asm_lea(&e->as, m->s1, (AsmMem){ m->s1, m->s2, 0, 0 });
    e->cold[m->cold].desc |= MEM_DESC_JOINED;
    e->locked &= ~(1u << m->s2);
    m->s2 = NO_REG;
}

static unsigned mem_thunk_number(unsigned s1, unsigned s2, unsigned mode,
                                 bool write)
{
    return (((s1 - EMIT_SCRATCH_FIRST) * EMIT_SCRATCHES +
             (s2 - EMIT_SCRATCH_FIRST)) *
                TCG_MODES +
            mode) *
               2 +
           write;
}

/* s1 = address, s2 = that of its last byte; the encodings are of fixed length,
 * as the signal handler and the thunk look at them (MemSlowPart). The thunk
 * returns behind all of it where the access was bounced and must be stored. */
static void mem_slow_part(Emit *e, EmitCold *c)
{
    Asm *a = &e->as;
    unsigned mode = (c->desc & 0xff) / TCG_SLOTS;
    unsigned n = mem_thunk_number(c->s1, c->s2, mode, c->desc & MEM_DESC_WRITE);

    asm_rm(a, asm_typed(ALU_ADD << 3 | 2, IR_I64), c->s1,
           asm_env(mem_slot(c->desc)));
    asm_opcode(a, OP_LEA, c->s2, 0, c->s1, false);
    asm_u8(a, 0x80 | (c->s2 & 7) << 3 | (c->s1 & 7)); /* disp32 */
    asm_u32(a, (c->desc >> MEM_DESC_SIZE & 1023) - 1);
    asm_call_to(a, emit_thunk(e, THUNK_MEM + n));
    asm_fix(asm_jmp(a), c->resume);
    asm_u32(a, c->desc);
    if (c->desc & MEM_DESC_STORES) {
        memcpy(a->p, c->resume, c->after - c->resume);
        a->p += c->after - c->resume;
        asm_call_to(a, emit_thunk(e, THUNK_BOUNCED));
        asm_fix(asm_jmp(a), c->after);
    }
}

/* ---- the operations --------------------------------------------------- */

static bool mem_flags_needed(const Emit *e)
{
    return e->now & INFO_NEEDED;
}

static uint32_t mem_load_op(const IrInsn *i)
{
    static const uint32_t zero[] = { OP_MOVZX8 & ~ASM_RM8, OP_MOVZX16,
                                     OP_MOV_LOAD | 1, OP_MOV_LOAD | 1 | ASM_W };
    static const uint32_t sign[] = { OP_MOVSX8 & ~ASM_RM8, OP_MOVSX16,
                                     OP_MOVSXD & ~ASM_W,
                                     OP_MOV_LOAD | 1 | ASM_W };

    if (!i->mem.sign || (i->mem.size == 2 && i->type == IR_I32)) {
        return zero[i->mem.size];
    }
    return sign[i->mem.size] | (i->type == IR_I32 ? 0 : ASM_W);
}

void emit_ld(Emit *e, const IrInsn *i)
{
    bool write = i->mem.rmw;

    MemAccess m = mem_check(e, i, 1u << i->mem.size, write, MEM_LOAD,
                            mem_flags_needed(e));
    /* A temporary's register is destroyed if the access faults; a global's
     * must not be, so it takes no part in the check. */
    unsigned dst = i->dst < TCG_GLOBALS && emit_home[i->dst] != NO_REG
                       ? emit_home[i->dst]
                       : m.s2;

    mem_resume(e, m);
    asm_rm(&e->as, mem_load_op(i), dst, mem_operand(m));
    mem_after(e, m);
    regs_defined(e, i->dst, dst);
}

void emit_st(Emit *e, const IrInsn *i)
{
    IrType t = (IrType)i->mem.size;
    int64_t imm = 0;
    bool is_const =
        regs_const(e, i->b, &imm) && (t != IR_I64 || asm_fits32(imm));
    unsigned v = is_const ? (unsigned)NO_REG : regs_value(e, i->b);
    MemAccess m =
        mem_check(e, i, 1u << t, true, MEM_STORE, mem_flags_needed(e));

    mem_resume(e, m);
    if (is_const) {
        asm_rm(&e->as, asm_typed_group(0xc6, t), 0, mem_operand(m));
        asm_imm(&e->as, t, imm);
    } else {
        asm_rm(&e->as, asm_typed(OP_MOV_STORE, t), v, mem_operand(m));
    }
    mem_after(e, m);
    regs_use(e, i->b);
}

void emit_probew(Emit *e, const IrInsn *i)
{
    MemAccess m = mem_check(e, i, 1u << i->mem.size, true, MEM_PROBE,
                            mem_flags_needed(e));

    mem_resume(e, m);
    mem_after(e, m);
}

/* ---- the thunks ------------------------------------------------------- */

enum { DESC_FROM_RETURN = 5, COPY_FROM_RETURN = 9 };

/* rax = TcgTlbEntry of address s1; s2 = its page; jump if that is not the
 * tag. An access that crosses into the next page does not match, either. */
static uint8_t *mem_thunk_table(Asm *a, unsigned s1, unsigned s2, int32_t tlb,
                                bool write)
{
    G_STATIC_ASSERT(sizeof(TcgTlbEntry) == 32);
    asm_mov(a, RAX, s1);
    asm_shift_i(a, SHIFT_SHR, IR_I64, RAX, 12 - 5);
    asm_alu_ri(a, ALU_AND, IR_I32, RAX, (TCG_TLB_SIZE - 1) << 5);
    asm_alu_rm(a, ALU_ADD, IR_I64, RAX, asm_mem(RSP, tlb));
    asm_alu_ri(a, ALU_AND, IR_I64, s2, -4096);
    asm_alu_rm(a, ALU_CMP, IR_I64, s2,
               asm_mem(RAX, write ? offsetof(TcgTlbEntry, write)
                                  : offsetof(TcgTlbEntry, read)));
    return asm_jcc(a, IR_CC_NE);
}

/* The slot, whose number is in the description, gets page s2; s1 becomes the
 * offset, s2 the host page. */
static void mem_thunk_hit(Asm *a, unsigned s1, unsigned s2, int32_t env,
                          bool fill)
{
    asm_load(a, RAX, asm_mem(RAX, offsetof(TcgTlbEntry, host)));
    if (fill) {
        AsmMem slot = { RSP, RCX, 0, env + ENV_OFF(slot) };

        asm_load(a, RCX, asm_mem(RSP, env - 8)); /* return address */
        asm_rm(a, OP_MOVZX8, RCX, asm_mem(RCX, DESC_FROM_RETURN));
        asm_shift_i(a, SHIFT_SHL, IR_I32, RCX, 4);
        asm_store(a, slot, s2);
        slot.disp += 8;
        asm_store(a, slot, RAX);
    }
    asm_alu_rr(a, ALU_SUB, IR_I64, s1, s2);
    asm_mov(a, s2, RAX);
}

/* What the table does not have: called by the thunks of the register pairs,
 * address and result in env. Light C first; what that cannot do goes through
 * the bounce buffer. */
void mem_slow_thunk(Asm *a, const X86State *st)
{
    enum { BLOCK = 8, ENV = 16 }; /* offsets of return address and env */
    const AsmMem address = asm_env(ENV + ENV_BACKEND(ENV_ADDRESS));

    thunk_store_homes(a, ENV);
    asm_load(a, RDX, asm_env(BLOCK));
    asm_lea(a, RDI, asm_env(ENV));
    asm_load(a, RSI, address);
    asm_load32(a, RDX, asm_mem(RDX, DESC_FROM_RETURN));
    asm_call_c(a, mem_fill);
    asm_rr(a, asm_typed(0x84, IR_I64), RAX, RAX);
    uint8_t *done = asm_jcc8(a, IR_CC_NE);
    asm_load(a, RDX, asm_env(BLOCK));
    asm_lea(a, RDI, asm_env(ENV));
    asm_load(a, RSI, address);
    asm_load32(a, RDX, asm_mem(RDX, DESC_FROM_RETURN));
    asm_address(a, R11, mem_bounce);
    asm_call_to(a, st->thunk[THUNK_HEAVY]);
    asm_load(a, RDX, asm_env(BLOCK));
    asm_rm(a, asm_typed_group(0xf6, IR_I32), GROUP3_TEST,
           asm_mem(RDX, DESC_FROM_RETURN));
    asm_u32(a, MEM_DESC_STORES);
    uint8_t *loads = asm_jcc8(a, IR_CC_E);
    asm_alu_mi(a, ALU_ADD, IR_I64, asm_env(BLOCK), COPY_FROM_RETURN);
    asm_fix8(loads, a->p);
    asm_fix8(done, a->p);
    asm_store(a, address, RAX);
    thunk_load_homes(a, ENV, EMIT_CALLER_SAVED);
    asm_u8(a, 0xc3);
}

static void mem_thunk(Asm *a, unsigned s1, unsigned s2, unsigned mode,
                      bool write, const X86State *st, bool fill_slots)
{
    const int32_t env = 24;

    asm_u8(a, 0x50); /* push rax, rcx */
    asm_u8(a, 0x51);
    uint8_t *miss =
        mem_thunk_table(a, s1, s2, env + ENV_OFF(tlb) + 8 * mode, write);
    mem_thunk_hit(a, s1, s2, env, fill_slots);
    asm_u8(a, 0x59); /* pop rcx, rax; ret */
    asm_u8(a, 0x58);
    asm_u8(a, 0xc3);
    asm_fix(miss, a->p);
    asm_u8(a, 0x59);
    asm_u8(a, 0x58);
    asm_store(a, asm_env(8 + ENV_BACKEND(ENV_ADDRESS)), s1);
    asm_call_to(a, st->thunk[THUNK_MEM_SLOW]);
    asm_load(a, s2, asm_env(8 + ENV_BACKEND(ENV_ADDRESS)));
    asm_movi(a, s1, 0);
    asm_u8(a, 0xc3);
}

/* One for each pair of registers, mode and direction. */
void mem_thunks(Asm *a, X86State *st, bool fill_slots)
{
    for (unsigned n = 0; n < MEM_THUNKS; n++) {
        unsigned pair = n / 2 / TCG_MODES;
        unsigned s1 = EMIT_SCRATCH_FIRST + pair / EMIT_SCRATCHES;
        unsigned s2 = EMIT_SCRATCH_FIRST + pair % EMIT_SCRATCHES;

        if (s1 != s2) {
            asm_pad(a, 16, 0);
            st->thunk[THUNK_MEM + n] = asm_exec(a, a->p);
            mem_thunk(a, s1, s2, n / 2 % TCG_MODES, n % 2, st, fill_slots);
        }
    }
}

/* After the copy of a bounced access: store the buffer, flags untouched. */
void mem_bounced_thunk(Asm *a, const X86State *st)
{
    asm_u8(a, 0x9c); /* pushf */
    thunk_store_homes(a, 16);
    asm_lea(a, RDI, asm_mem(RSP, 16));
    asm_address(a, R11, mem_bounced);
    asm_call_to(a, st->thunk[THUNK_HEAVY]);
    thunk_load_homes(a, 16, EMIT_CALLER_SAVED);
    asm_u8(a, 0x9d); /* popf */
    asm_u8(a, 0xc3);
}

/* ---- atomic operations ------------------------------------------------ */

static void mem_lock(Emit *e, uint32_t op, unsigned reg, MemAccess m)
{
    mem_locked(e, m);
    asm_u8(&e->as, 0xf0);
    asm_rm(&e->as, op, reg, mem_operand(m));
}

static void mem_atomic_zero_extend(Emit *e, IrType t, unsigned reg)
{
    if (t == IR_I8) {
        asm_rr(&e->as, OP_MOVZX8, reg, reg);
    } else if (t == IR_I16) {
        asm_rr(&e->as, OP_MOVZX16, reg, reg);
    } else if (t == IR_I32) {
        asm_mov32(&e->as, reg, reg);
    }
}

static void mem_atomic_result(Emit *e, const IrInsn *i, unsigned reg)
{
    if (i->dst == IR_NONE) {
        return;
    }
    mem_atomic_zero_extend(e, (IrType)i->mem.size, reg);
    regs_defined(e, i->dst, reg);
}

/* XCHG and XADD give the old value back in the operand's register. */
static void mem_atomic_exchange(Emit *e, const IrInsn *i)
{
    IrType t = (IrType)i->mem.size;
    unsigned v = regs_copy(e, i->b);
    MemAccess m =
        mem_check(e, i, 1u << t, true, MEM_BYTES, mem_flags_needed(e));
    uint32_t op = i->cond == IR_ATOMIC_XCHG ? 0x86 : 0xc0 | ASM_0F;

    mem_resume(e, m);
    mem_lock(e, asm_typed(op, t), v, m);
    mem_after(e, m);
    regs_use(e, i->b);
    mem_atomic_result(e, i, v);
}

static unsigned mem_atomic_alu(unsigned atomic)
{
    return atomic == IR_ATOMIC_AND  ? ALU_AND
           : atomic == IR_ATOMIC_OR ? ALU_OR
                                    : ALU_XOR;
}

/* The old value costs a loop: rax = [m]; s2 = rax op v; cmpxchg [m], s2. v is
 * in its register, except that it may be in rax, which the loop needs. */
static void mem_atomic_logic(Emit *e, const IrInsn *i)
{
    IrType t = (IrType)i->mem.size;
    Asm *a = &e->as;
    unsigned v = regs_copy(e, i->b);
    MemAccess m =
        mem_check(e, i, 1u << t, true, MEM_BYTES, mem_flags_needed(e));
    unsigned sum = m.s2;

    mem_resume(e, m);
    mem_join(e, &m);
    asm_store(a, asm_env(ENV_BACKEND(ENV_MOVED)), RAX);
    asm_rm(a, asm_typed(OP_MOV_LOAD, t), RAX, mem_operand(m));
    uint8_t *again = a->p;
    asm_mov(a, sum, RAX);
    asm_alu_rr(a, mem_atomic_alu(i->cond), t, sum, v);
    mem_lock(e, asm_typed(0xb0 | ASM_0F, t), sum, m);
    asm_fix8(asm_jcc8(a, IR_CC_NE), again);
    asm_mov(a, v, RAX);
    asm_load(a, RAX, asm_env(ENV_BACKEND(ENV_MOVED)));
    mem_after(e, m);
    regs_use(e, i->b);
    mem_atomic_result(e, i, v);
}

/* The expected value waits in env until it can go to rax; the new one must not
 * be there. */
static void mem_atomic_cmpxchg(Emit *e, const IrInsn *i)
{
    IrType t = (IrType)i->mem.size;
    Asm *a = &e->as;
    AsmMem moved = asm_env(ENV_BACKEND(ENV_MOVED));

    asm_store(a, moved, regs_value(e, i->b));
    regs_done(e);
    unsigned new = regs_value(e, i->c);
    if (new == RAX) {
        new = regs_copy(e, i->c);
    }
    MemAccess m =
        mem_check(e, i, 1u << t, true, MEM_BYTES, mem_flags_needed(e));
    unsigned old = m.s2;

    mem_resume(e, m);
    mem_join(e, &m);
    asm_mov(a, old, RAX);
    asm_load(a, RAX, moved);
    mem_lock(e, asm_typed(0xb0 | ASM_0F, t), new, m);
    asm_rr(a, asm_typed(0x86, IR_I64), old, RAX); /* xchg */
    mem_after(e, m);
    regs_use(e, i->b);
    regs_use(e, i->c);
    mem_atomic_result(e, i, old);
}

void emit_atomic(Emit *e, const IrInsn *i)
{
    if (i->cond == IR_ATOMIC_CMPXCHG) {
        mem_atomic_cmpxchg(e, i);
    } else if (i->cond == IR_ATOMIC_XCHG || i->cond == IR_ATOMIC_ADD) {
        mem_atomic_exchange(e, i);
    } else {
        mem_atomic_logic(e, i);
    }
}
