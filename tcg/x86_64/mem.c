/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory. Beside each access stands a check. A steady one, or one in a
 * tight loop, is checked by its slot, in five instructions with the access,
 * which the address itself does not wait for:
 *
 *      lea  s, [base + disp]
 *      sub  s, slot.page
 *      cmp  s, 4096 - size
 *      ja   slow                   another page, or crossing its end
 *      mov  s, slot.addend
 *      op   [base + s + disp]
 *
 * The others look in env->tlb[] themselves: twice the instructions, and the
 * address waits, but no branch is mispredicted when the page changes.
 *
 * An address that is more than a register and a displacement is first computed
 * into a scratch register, which then is `base`.
 *
 * The slow part, out of line, calls the thunk of its slot and register. That
 * looks in env->tlb[], fills the slot and returns the addend. What the table
 * does not have goes to C, which finds a description of the access behind the
 * call; the addend then leads to the page, found by fill(), or to a bounce
 * buffer that load() filled. In the latter case a writing access goes on at a
 * copy of itself that is followed by a call which stores the buffer.
 */
#include "tcg/x86_64/emit.h"

/* ---- the address ------------------------------------------------------ */

static bool mem_is_intermediate(const Emit *e, unsigned reg, uint32_t locked)
{
    return reg != NO_REG && reg >= EMIT_SCRATCH_FIRST &&
           !(locked & 1u << reg) &&
           e->owner[reg - EMIT_SCRATCH_FIRST] == IR_NONE;
}

/* base + index << shift + disp in a scratch register, one of theirs if it may
 * be. */
static AsmMem mem_compute(Emit *e, AsmMem m, bool wrap, bool far,
                          uint32_t locked, int64_t disp)
{
    unsigned reg = mem_is_intermediate(e, m.base, locked)    ? m.base
                   : mem_is_intermediate(e, m.index, locked) ? m.index
                                                             : regs_take(e);

    if (m.base == NO_REG && m.index == NO_REG) {
        asm_movi(&e->as, reg, wrap ? (uint32_t)disp : (uint64_t)disp);
    } else if (far) {
        m.index = regs_take(e);
        asm_movi(&e->as, m.index, disp);
        asm_lea(&e->as, reg, m);
    } else {
        m.disp = disp;
        asm_rm(&e->as, wrap ? OP_LEA32 : OP_LEA, reg, m);
    }
    e->locked = locked | 1u << reg;
    return asm_mem(reg, 0);
}

/* Address a of the instruction, as base and displacement; a's use is over. */
static AsmMem mem_address(Emit *e, const IrInsn *i)
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
    bool far = !asm_fits32(disp);

    /* Registers of temporaries that end here are free. */
    regs_use(e, i->a);
    if (base != NO_REG && index == NO_REG && !x.wrap && !far) {
        return asm_mem(base, disp);
    }
    AsmMem m = mem_compute(e, (AsmMem){ base, index, x.shift, 0 }, x.wrap, far,
                           locked, disp);
    m.disp = x.wrap ? i->imm2 : 0;
    return m;
}

/* ---- the check -------------------------------------------------------- */

static unsigned mem_mode(const Emit *e, const IrInsn *i)
{
    return i->mem.has_mode ? i->mem.mode : e->ir->mode;
}

static MemDesc mem_describe(const Emit *e, const IrInsn *i, unsigned size,
                            bool write, MemKind kind)
{
    unsigned slot = (i->mem.slot & ~1u) % TCG_SLOTS + write;

    return (mem_mode(e, i) * TCG_SLOTS + slot) | (size << MEM_DESC_SIZE) |
           (write ? MEM_DESC_WRITE : 0) |
           (write && kind != MEM_LOAD && kind != MEM_PROBE ? MEM_DESC_STORES
                                                           : 0) |
           (uint32_t)kind << MEM_DESC_KIND;
}

static bool mem_is_wide(MemDesc desc)
{
    return (desc >> MEM_DESC_SIZE & 1023) > MEM_WIDE;
}

static int32_t mem_slot(MemDesc desc)
{
    return ENV_OFF(slot) + (desc & 0xff) * (int32_t)sizeof(TcgSlot);
}

/* A base of rbp or r13 would cost a displacement. */
static AsmMem mem_sum(AsmMem address, unsigned addend)
{
    bool swap = !address.disp && (address.base & 7) == (RBP & 7);

    return swap ? (AsmMem){ addend, address.base, 0, 0 }
                : (AsmMem){ address.base, addend, 0, address.disp };
}

static void mem_put_address(Asm *a, unsigned reg, AsmMem address)
{
    if (address.disp) {
        asm_lea(a, reg, address);
    } else {
        asm_mov(a, reg, address.base);
    }
}

static void mem_slow_part(Emit *e, EmitCold *c);

static void mem_slot_check(Emit *e, EmitCold *c, unsigned size)
{
    Asm *a = &e->as;

    mem_put_address(a, c->reg, c->address);
    asm_alu_rm(a, ALU_SUB, IR_I64, c->reg, asm_env(mem_slot(c->desc)));
    asm_alu_ri(a, ALU_CMP, IR_I64, c->reg, 4096 - (int)size);
    c->jump = asm_jcc(a, IR_CC_A);
    asm_load(a, c->reg, asm_env(mem_slot(c->desc) + 8));
}

/* page: another scratch register. The last byte's page must be the one that the
 * first byte's entry is for. */
static void mem_table_check(Emit *e, EmitCold *c, unsigned size, unsigned page)
{
    Asm *a = &e->as;
    unsigned mode = (c->desc & 0xff) / TCG_SLOTS;
    AsmMem last = c->address;

    G_STATIC_ASSERT(sizeof(TcgTlbEntry) == 32);
    c->desc |= MEM_DESC_TABLE;
    if (c->address.disp || !e->st->has_bmi2) {
        mem_put_address(a, c->reg, c->address);
        asm_shift_i(a, SHIFT_SHR, IR_I64, c->reg, 12 - 5);
    } else {
        asm_vex_rr(a, 3, 3, true, 0xf0, c->reg, 0, c->address.base); /* rorx */
        asm_u8(a, 12 - 5);
    }
    asm_alu_ri(a, ALU_AND, IR_I32, c->reg, (TCG_TLB_SIZE - 1) << 5);
    asm_alu_rm(a, ALU_ADD, IR_I64, c->reg, asm_env(ENV_OFF(tlb) + 8 * mode));
    last.disp += (int)size - 1;
    mem_put_address(a, page, last);
    asm_alu_ri(a, ALU_AND, IR_I64, page, -4096);
    asm_alu_rm(a, ALU_CMP, IR_I64, page,
               asm_mem(c->reg, c->desc & MEM_DESC_WRITE
                                   ? offsetof(TcgTlbEntry, write)
                                   : offsetof(TcgTlbEntry, read)));
    c->jump = asm_jcc(a, IR_CC_NE);
    asm_load(a, c->reg, asm_mem(c->reg, offsetof(TcgTlbEntry, host)));
    asm_alu_rr(a, ALU_SUB, IR_I64, c->reg, page);
}

static void mem_put_back_rcx(Asm *a, unsigned keep)
{
    if (keep == NO_REG) {
        asm_load(a, RCX, asm_env(ENV_BACKEND(ENV_RCX)));
    } else {
        asm_mov(a, RCX, keep);
    }
}

/*
 * The check by the slot where the flags are in use: subtraction by LEA and NOT,
 * "both ends are in the page" by shifts without flags, and a branch on rcx,
 * which waits meanwhile in `keep` or in env. other: a scratch register.
 */
static void mem_flagless_check(Emit *e, EmitCold *c, unsigned size,
                               unsigned other, unsigned keep)
{
    Asm *a = &e->as;
    const AsmMem moved = asm_env(ENV_BACKEND(ENV_RCX));

    c->desc |= MEM_DESC_FLAGS;
    if (keep == NO_REG) {
        asm_store(a, moved, RCX);
    } else {
        asm_mov(a, keep, RCX);
    }
    unsigned base = c->address.base;
    if (base == RCX) {
        asm_mov(a, c->reg, RCX);
        base = c->reg;
    }
    asm_load(a, RCX, asm_env(mem_slot(c->desc)));
    asm_group3(a, GROUP3_NOT, IR_I64, RCX);
    asm_lea(a, c->reg, (AsmMem){ base, RCX, 0, c->address.disp + 1 });
    asm_movi(a, RCX, 12);
    asm_vex_rr(a, 2, 3, true, 0xf7, other, RCX, c->reg); /* shrx */
    asm_lea(a, c->reg, asm_mem(c->reg, (int)size - 1));
    asm_vex_rr(a, 2, 3, true, 0xf7, RCX, RCX, c->reg);
    asm_lea(a, RCX, (AsmMem){ RCX, other, 0, 0 });
    uint8_t *same = asm_jrcxz(a);
    mem_put_back_rcx(a, keep);
    c->jump = asm_jmp(a);
    asm_fix8(same, a->p);
    mem_put_back_rcx(a, keep);
    asm_load(a, c->reg, asm_env(mem_slot(c->desc) + 8));
}

/* False: there is no room for it, the access loses flags itself, or it does not
 * pay, as they are read much later or by the next block only. */
static bool mem_leave_flags(Emit *e, EmitCold *c, unsigned size)
{
    if (e->insn->op == IR_ATOMIC || c->address.disp == INT32_MAX ||
        !(e->now & INFO_SOON) || !e->host_flags || e->env_flags ||
        !e->st->has_bmi2) {
        return false;
    }
    unsigned other = regs_try(e);
    if (other == NO_REG) {
        return false;
    }
    e->locked |= 1u << other;
    mem_flagless_check(e, c, size, other, regs_try(e));
    e->locked &= ~(1u << other);
    return true;
}

/* A register for the look-up in the table, if that is what suits the access:
 * one that sees page after page, and not in a tight loop. */
static unsigned mem_table_register(const Emit *e, const IrInsn *i,
                                   AsmMem address)
{
    bool suits = !i->mem.steady && !e->loop &&
                 !(e->ctx->switches & TCG_OFF_TABLE) &&
                 asm_fits32((int64_t)address.disp + MEM_WIDE);

    return suits ? regs_try(e) : (unsigned)NO_REG;
}

MemAccess mem_check(Emit *e, const IrInsn *i, unsigned size, bool write,
                    MemKind kind, bool flags_needed)
{
    MemDesc desc = mem_describe(e, i, size, write, kind);
    AsmMem address = mem_address(e, i);
    unsigned reg = regs_take(e);

    EmitCold *c = emit_cold(e, mem_slow_part);
    c->desc = desc | (reg - EMIT_SCRATCH_FIRST) << MEM_DESC_REG;
    c->address = address;
    c->reg = reg;
    MemAccess m = { mem_sum(address, reg), reg, c - e->cold };
    bool plain = mem_is_wide(desc) || e->ctx->switches & TCG_OFF_SLOTS;
    if (flags_needed && !plain && mem_leave_flags(e, c, size)) {
        return m;
    }
    flags_lose(e, flags_needed);
    if (plain) {
        c->jump = asm_jmp(&e->as);
        return m;
    }
    unsigned page = mem_table_register(e, i, address);
    if (page != NO_REG) {
        mem_table_check(e, c, size, page);
    } else {
        mem_slot_check(e, c, size);
    }
    return m;
}

void mem_resume(Emit *e, MemAccess m)
{
    e->cold[m.cold].resume = e->as.p;
}

void mem_after(Emit *e, MemAccess m)
{
    EmitCold *c = &e->cold[m.cold];

    c->after = e->as.p;
    if (c->after == c->resume || c->desc & MEM_DESC_TABLE) {
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

void mem_masked(Emit *e, MemAccess m, uint32_t mask)
{
    e->cold[m.cold].desc |= MEM_DESC_MASKED;
    e->cold[m.cold].mask = mask;
}

void mem_join(Emit *e, MemAccess *m)
{
    AsmMem address = e->cold[m->cold].address;

    asm_lea(&e->as, m->reg, m->at);
    e->cold[m->cold].desc |= MEM_DESC_JOINED;
    if (address.base >= EMIT_SCRATCH_FIRST) {
        e->locked &= ~(1u << address.base);
    }
    m->at = asm_mem(m->reg, 0);
}

static EmitThunk mem_thunk_of(const Emit *e, const EmitCold *c)
{
    unsigned n = c->reg - EMIT_SCRATCH_FIRST;

    return mem_is_wide(c->desc) || e->ctx->switches & TCG_OFF_SLOTS
               ? THUNK_WIDE + n
               : THUNK_MEM + n * MEM_SLOTS + (c->desc & 0xff);
}

/* lea of MEM_SLOW_CALL bytes, whatever the registers (SDM 2A 2.1.5). */
static void mem_put_long_lea(Asm *a, unsigned reg, AsmMem m)
{
    bool sib = (m.base & 7) == RSP;

    if (!sib) {
        asm_u8(a, 0x2e); /* means nothing here */
    }
    asm_opcode(a, OP_LEA, reg, 0, m.base, false);
    asm_u8(a, 0x80 | (reg & 7) << 3 | (m.base & 7)); /* disp32 */
    if (sib) {
        asm_u8(a, 0x24);
    }
    asm_u32(a, m.disp);
}

/* The encodings are of fixed length, as the signal handler and the thunks look
 * at them (MEM_SLOW_DESC). The thunk returns behind all of it where the access
 * was bounced and must be stored. */
static void mem_slow_part(Emit *e, EmitCold *c)
{
    Asm *a = &e->as;
    bool flags = c->desc & MEM_DESC_FLAGS;

    if (flags) {
        flags_put_save(a, NO_REG);
        c->start = a->p;
    }
    mem_put_long_lea(a, c->reg, c->address);
    asm_call_to(a, emit_thunk(e, mem_thunk_of(e, c)));
    uint8_t *back = asm_jmp(a);
    asm_fix(back, c->resume);
    asm_u32(a, c->desc);
    if (c->desc & MEM_DESC_MASKED) {
        asm_u32(a, c->mask);
    }
    if (c->desc & MEM_DESC_STORES) {
        if (flags) {
            flags_put_load(a, NO_REG);
        }
        memcpy(a->p, c->resume, c->after - c->resume);
        a->p += c->after - c->resume;
        asm_call_to(a, emit_thunk(e, THUNK_BOUNCED));
        asm_fix(asm_jmp(a), c->after);
    }
    if (flags) {
        asm_fix(back, a->p);
        flags_put_load(a, NO_REG);
        asm_fix(asm_jmp(a), c->resume);
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
                       : m.reg;

    mem_resume(e, m);
    asm_rm(&e->as, mem_load_op(i), dst, m.at);
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
        asm_rm(&e->as, asm_typed_group(0xc6, t), 0, m.at);
        asm_imm(&e->as, t, imm);
    } else {
        asm_rm(&e->as, asm_typed(OP_MOV_STORE, t), v, m.at);
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
    asm_load32(a, RDX, asm_mem(RDX, MEM_DESC_FROM_RETURN));
    asm_call_c(a, mem_fill);
    asm_rr(a, asm_typed(0x84, IR_I64), RAX, RAX);
    uint8_t *done = asm_jcc8(a, IR_CC_NE);
    asm_load(a, RDX, asm_env(BLOCK));
    asm_lea(a, RDI, asm_env(ENV));
    asm_load(a, RSI, address);
    asm_load32(a, RDX, asm_mem(RDX, MEM_DESC_FROM_RETURN));
    asm_address(a, R11, mem_bounce);
    asm_call_to(a, st->thunk[THUNK_HEAVY]);
    asm_fix8(done, a->p);
    asm_store(a, address, RAX);
    thunk_load_homes(a, ENV, EMIT_CALLER_SAVED);
    asm_u8(a, 0xc3);
}

/* reg = address: leave it to C, which keeps reg. */
static void mem_wide_thunk(Asm *a, unsigned reg, const X86State *st)
{
    const AsmMem address = asm_env(8 + ENV_BACKEND(ENV_ADDRESS));

    asm_store(a, address, reg);
    asm_call_to(a, st->thunk[THUNK_MEM_SLOW]);
    asm_rr(a, asm_typed_group(0xf6, IR_I64), GROUP3_NEG, reg);
    asm_alu_rm(a, ALU_ADD, IR_I64, reg, address);
    asm_u8(a, 0xc3);
}

/* reg = address. What may cross the page's end is left to C: then the last of
 * MEM_WIDE bytes is in another page than the entry's. */
static void mem_slot_thunk(Asm *a, unsigned reg, unsigned slot,
                           const uint8_t *wide)
{
    const int32_t env = 16;
    const AsmMem page = asm_env(env + mem_slot(slot));
    const AsmMem addend = asm_env(env + mem_slot(slot) + 8);
    const AsmMem address = asm_env(env + ENV_BACKEND(ENV_ADDRESS));
    const int32_t tlb = env + ENV_OFF(tlb) + 8 * (slot / TCG_SLOTS);
    const AsmMem tag = asm_mem(reg, slot & 1 ? offsetof(TcgTlbEntry, write)
                                             : offsetof(TcgTlbEntry, read));

    G_STATIC_ASSERT(sizeof(TcgTlbEntry) == 32);
    asm_u8(a, 0x50); /* push rax */
    asm_store(a, address, reg);
    asm_lea(a, RAX, asm_mem(reg, MEM_WIDE - 1));
    asm_shift_i(a, SHIFT_SHR, IR_I64, reg, 12 - 5);
    asm_alu_ri(a, ALU_AND, IR_I32, reg, (TCG_TLB_SIZE - 1) << 5);
    asm_alu_rm(a, ALU_ADD, IR_I64, reg, asm_env(tlb));
    asm_alu_ri(a, ALU_AND, IR_I64, RAX, -4096);
    asm_alu_rm(a, ALU_CMP, IR_I64, RAX, tag);
    uint8_t *miss = asm_jcc8(a, IR_CC_NE);
    asm_store(a, page, RAX);
    asm_load(a, reg, asm_mem(reg, offsetof(TcgTlbEntry, host)));
    asm_alu_rr(a, ALU_SUB, IR_I64, reg, RAX);
    asm_store(a, addend, reg);
    asm_u8(a, 0x58); /* pop rax; ret */
    asm_u8(a, 0xc3);
    asm_fix8(miss, a->p);
    asm_load(a, reg, address);
    asm_u8(a, 0x58);
    asm_jmp_to(a, wide);
}

void mem_thunks(Asm *a, X86State *st)
{
    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        unsigned reg = EMIT_SCRATCH_FIRST + n;

        asm_pad(a, 16, 0);
        st->thunk[THUNK_WIDE + n] = asm_exec(a, a->p);
        mem_wide_thunk(a, reg, st);
        for (unsigned slot = 0; slot < MEM_SLOTS; slot++) {
            asm_pad(a, 16, 0);
            st->thunk[THUNK_MEM + n * MEM_SLOTS + slot] = asm_exec(a, a->p);
            mem_slot_thunk(a, reg, slot, st->thunk[THUNK_WIDE + n]);
        }
    }
}

/* After the copy of a bounced access: store the buffer, flags untouched. */
void mem_bounced_thunk(Asm *a, const X86State *st)
{
    asm_u8(a, 0x9c); /* pushf */
    thunk_store_homes(a, 16);
    asm_lea(a, RDI, asm_mem(RSP, 16));
    asm_call_c(a, mem_bounced_light);
    asm_rr(a, 0x84, RAX, RAX); /* test al, al */
    uint8_t *done = asm_jcc8(a, IR_CC_NE);
    asm_lea(a, RDI, asm_mem(RSP, 16));
    asm_address(a, R11, mem_bounced);
    asm_call_to(a, st->thunk[THUNK_HEAVY]);
    asm_fix8(done, a->p);
    thunk_load_homes(a, 16, EMIT_CALLER_SAVED);
    asm_u8(a, 0x9d); /* popf */
    asm_u8(a, 0xc3);
}
