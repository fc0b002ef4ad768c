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

    held_drop(e, reg);
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
    static const bool stores[] = { [MEM_STORE] = true,
                                   [MEM_BYTES] = true,
                                   [MEM_FILLED] = true,
                                   [MEM_LEADER] = false };
    unsigned slot = (i->mem.slot & ~1u) % TCG_SLOTS + write;

    return (mem_mode(e, i) * TCG_SLOTS + slot) | (size << MEM_DESC_SIZE) |
           (write ? MEM_DESC_WRITE : 0) |
           (write && stores[kind] ? MEM_DESC_STORES : 0) |
           (uint32_t)kind << MEM_DESC_KIND;
}

static bool mem_is_wide(MemDesc desc)
{
    return (desc >> MEM_DESC_SIZE & 1023) > MEM_WIDE;
}

static bool mem_leads(MemDesc desc)
{
    return (desc >> MEM_DESC_KIND & 7) == MEM_LEADER;
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

/* at: another scratch register, for the address's place in the page. */
static void mem_table_check(Emit *e, EmitCold *c, unsigned size, unsigned at)
{
    Asm *a = &e->as;
    unsigned mode = (c->desc & 0xff) / TCG_SLOTS;
    unsigned address = c->address.disp ? at : c->address.base;

    G_STATIC_ASSERT(sizeof(TcgTlbEntry) == 32);
    c->desc |= MEM_DESC_TABLE;
    mem_put_address(a, at, c->address);
    if (e->st->has_bmi2) {
        asm_vex_rr(a, 3, 3, true, 0xf0, c->reg, 0, address); /* rorx */
        asm_u8(a, 12 - 5);
    } else {
        asm_mov(a, c->reg, address);
        asm_shift_i(a, SHIFT_SHR, IR_I64, c->reg, 12 - 5);
    }
    asm_alu_ri(a, ALU_AND, IR_I32, c->reg, (TCG_TLB_SIZE - 1) << 5);
    asm_alu_rm(a, ALU_ADD, IR_I64, c->reg, asm_env(ENV_OFF(tlb) + 8 * mode));
    asm_alu_rm(a, ALU_SUB, IR_I64, at,
               asm_mem(c->reg, c->desc & MEM_DESC_WRITE
                                   ? offsetof(TcgTlbEntry, write)
                                   : offsetof(TcgTlbEntry, read)));
    asm_alu_ri(a, ALU_CMP, IR_I64, at, 4096 - (int)size);
    c->jump = asm_jcc(a, IR_CC_A);
    asm_load(a, c->reg, asm_mem(c->reg, offsetof(TcgTlbEntry, addend)));
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

/* Is it one that sees page after page? If nobody knows, one that is not steady
 * and not in a tight loop. */
static bool mem_suits_table(const Emit *e, const IrInsn *i, unsigned site)
{
    bool known = e->ir->checks.kind >= IR_CHECKS_TRIED;

    return known ? e->ir->checks.table >> site & 1 : !i->mem.steady && !e->loop;
}

/* A register for the look-up in the table, if that is what suits the access. */
static unsigned mem_table_register(Emit *e, const IrInsn *i, unsigned site,
                                   AsmMem address)
{
    bool suits = mem_suits_table(e, i, site) &&
                 !(e->ctx->switches & TCG_OFF_TABLE) &&
                 asm_fits32((int64_t)address.disp + MEM_GROUP);

    return suits ? regs_try(e) : (unsigned)NO_REG;
}

/* The address's base, if it is a scratch register that nothing else of the
 * instruction is in, or NO_REG. locked: before it. */
static unsigned mem_own_base(AsmMem address, uint32_t locked)
{
    bool own = address.base != NO_REG && address.base >= EMIT_SCRATCH_FIRST &&
               !(locked & 1u << address.base);

    return own ? address.base : (unsigned)NO_REG;
}

static void mem_free_base(Emit *e, unsigned own)
{
    if (own != NO_REG) {
        e->locked &= ~(1u << own);
    }
}

/* An access that its group's leader has checked. */
static MemAccess mem_follow(Emit *e, const IrInsn *i, ShareGroup *g,
                            bool flags_needed)
{
    uint32_t locked = e->locked;
    AsmMem address = g->joined ? asm_mem(NO_REG, 0) : mem_address(e, i);

    address.disp += late_by(e, address.base);
    if (i->op == IR_ATOMIC) { /* loses them itself */
        flags_lose(e, flags_needed);
    }
    unsigned reg = held_group(e, g);
    if (reg == NO_REG) {
        reg = regs_take(e);
        asm_load(&e->as, reg, emit_shared(g));
    }
    regs_lock(e, reg);
    return (MemAccess){ .at = g->joined ? asm_mem(reg, share_at(e))
                                        : mem_sum(address, reg),
                        .reg = reg,
                        .cold = MEM_FOLLOWS,
                        .base = mem_own_base(address, locked),
                        .group = g };
}

/* The check is for the whole group. */
static void mem_lead(Emit *e, EmitCold *c, const IrInsn *i, unsigned size,
                     bool write, ShareGroup *g)
{
    c->desc = mem_describe(e, i, g->size, g->write, MEM_LEADER);
    c->address.disp += g->low;
    c->group = g;
    c->lead = (MemLead){ .offset = -g->low, .size = size, .write = write };
}

static void mem_put_check(Emit *e, EmitCold *c, const IrInsn *i, unsigned size,
                          bool flags_needed)
{
    bool plain = (mem_is_wide(c->desc) && !mem_leads(c->desc)) ||
                 e->ctx->switches & TCG_OFF_SLOTS;

    c->site = MIN(e->sites, TCG_TRIAL_SITES - 1u);
    e->sites++;
    if (flags_needed && !plain && mem_leave_flags(e, c, size)) {
        return;
    }
    flags_lose(e, flags_needed);
    if (plain) {
        c->jump = asm_jmp(&e->as);
        return;
    }
    unsigned page = mem_table_register(e, i, c->site, c->address);
    if (page != NO_REG) {
        mem_table_check(e, c, size, page);
    } else {
        mem_slot_check(e, c, size);
    }
}

MemAccess mem_check(Emit *e, const IrInsn *i, unsigned size, bool write,
                    MemKind kind, bool flags_needed)
{
    ShareGroup *g = share_group(e);

    if (g && !share_leads(e, g)) {
        return mem_follow(e, i, g, flags_needed);
    }
    uint32_t locked = e->locked;
    AsmMem address = mem_address(e, i);
    unsigned reg = regs_take(e);
    if (g && !share_fits(g, address.disp)) {
        asm_lea(&e->as, reg, address);
        mem_free_base(e, mem_own_base(address, locked));
        address = asm_mem(reg, 0);
        reg = regs_take(e);
    }

    EmitCold *c = emit_cold(e, mem_slow_part);
    c->desc = mem_describe(e, i, size, write, kind);
    c->address = address;
    c->reg = reg;
    MemAccess m = { .at = mem_sum(address, reg),
                    .reg = reg,
                    .cold = c - e->cold,
                    .base = mem_own_base(address, locked) };
    c->desc |= e->places ? MEM_DESC_AMID : 0;
    if (g) {
        share_begin(e, g);
        mem_lead(e, c, i, size, write, g);
        size = g->size;
    }
    c->desc |= (reg - EMIT_SCRATCH_FIRST) << MEM_DESC_REG;
    mem_put_check(e, c, i, size, flags_needed);
    return m;
}

static void mem_note_access(Emit *e, unsigned cold)
{
    EmitCold *c = &e->cold[cold];

    c->after = e->as.p;
    e->access[e->access_count++] =
        (EmitAccess){ .resume = emit_offset(e, c->resume),
                      .length = c->after - c->resume,
                      .cold = cold };
}

/* What an empty slot let through faults here: followers could not say how the
 * instruction is begun anew. */
static void mem_touch(Emit *e, const EmitCold *c)
{
    if (!(c->desc & MEM_DESC_TABLE)) {
        asm_alu_mi(&e->as, ALU_CMP, IR_I8, mem_sum(c->address, c->reg), 0);
        mem_note_access(e, c - e->cold);
    }
}

void mem_check_ahead(Emit *e, ShareGroup *g, AsmMem address, EmitKept kept)
{
    const IrInsn *i = &e->ir->insns[g->first];
    unsigned reg = regs_take(e);
    EmitCold *c = emit_cold(e, mem_slow_part);

    share_begin(e, g);
    c->address = address;
    c->reg = reg;
    c->kept = kept;
    mem_lead(e, c, i, 0, false, g);
    c->desc |= (reg - EMIT_SCRATCH_FIRST) << MEM_DESC_REG |
               (kept.flags ? MEM_DESC_FLAGS : 0);
    mem_put_check(e, c, i, g->size, false);
    c->resume = e->as.p;
    mem_touch(e, c);
    if (g->joined) {
        asm_lea(&e->as, reg, mem_sum(address, reg));
    }
    if (g->fixed || g->first >= MEM_NEAR) {
        held_store_group(e, g, reg, g->last);
    }
    if (g->first < MEM_NEAR) {
        held_set_group(e, g, reg);
    }
}

void mem_resume(Emit *e, MemAccess *m)
{
    if (m->cold == MEM_FOLLOWS) {
        return;
    }
    EmitCold *c = &e->cold[m->cold];

    c->resume = e->as.p;
    if (c->group && c->group->joined) {
        mem_join(e, m);
    }
    m->group = c->group;
}

void mem_after(Emit *e, MemAccess m)
{
    if (m.group) {
        held_set_group(e, m.group, m.reg);
    }
    if (m.cold == MEM_FOLLOWS) {
        return;
    }
    EmitCold *c = &e->cold[m.cold];

    c->after = e->as.p;
    if (c->after != c->resume && !(c->desc & MEM_DESC_TABLE)) {
        mem_note_access(e, m.cold);
    }
}

void mem_locked(Emit *e, MemAccess m)
{
    if (m.cold != MEM_FOLLOWS) {
        e->cold[m.cold].desc |= MEM_DESC_LOCKED;
    }
}

void mem_masked(Emit *e, MemAccess m, uint32_t mask)
{
    e->cold[m.cold].desc |= MEM_DESC_MASKED;
    e->cold[m.cold].mask = mask;
}

void mem_end_hold(Emit *e, MemAccess *m)
{
    if (m->group) {
        held_store_group(e, m->group, m->reg, e->index + 1);
    }
    m->group = NULL;
    held_forget(e, m->reg);
}

void mem_join(Emit *e, MemAccess *m)
{
    if (m->joined) {
        return;
    }
    mem_end_hold(e, m);
    asm_lea(&e->as, m->reg, m->at);
    m->joined = true;
    if (m->cold != MEM_FOLLOWS) {
        e->cold[m->cold].desc |= MEM_DESC_JOINED;
    }
    mem_free_base(e, m->base);
    m->at = asm_mem(m->reg, 0);
}

static const uint8_t *mem_thunk_of(const Emit *e, const EmitCold *c)
{
    unsigned n = c->reg - EMIT_SCRATCH_FIRST;
    bool leads = mem_leads(c->desc);

    if ((mem_is_wide(c->desc) && !leads) || e->ctx->switches & TCG_OFF_SLOTS) {
        return emit_thunk(e, THUNK_WIDE + n);
    }
    const uint8_t *thunk =
        emit_thunk(e, THUNK_MEM + n * MEM_SLOTS + (c->desc & 0xff));
    return leads ? thunk - THUNK_LEAD_BYTES : thunk;
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

/* A group in two pages: its instruction is begun anew. */
static void mem_put_crossing(Emit *e, EmitCold *c)
{
    Asm *a = &e->as;

    mem_put_address(a, c->reg, c->address);
    asm_alu_ri(a, ALU_AND, IR_I32, c->reg, 4095);
    asm_alu_ri(a, ALU_CMP, IR_I32, c->reg, 4096 - (int)c->group->size);
    uint8_t *inside = asm_jcc8(a, IR_CC_BE);
    asm_movi(a, R14, c->pc);
    if (e->ir->relative) {
        asm_alu_rm(a, ALU_ADD, IR_I64, R14, asm_env(ENV_OFF(pc_base)));
    }
    asm_jmp_to(a, emit_thunk(e, THUNK_PLAIN));
    asm_fix8(inside, a->p);
}

/* Where instructions are counted: one that is begun anew is taken back, but at
 * the block's start it has not been counted yet. */
static bool mem_is_counted_late(const Emit *e, const EmitCold *c)
{
    return e->ir->count_insns && c->group && c->group->ahead;
}

static void mem_put_count(Asm *a, unsigned alu)
{
    asm_alu_mi(a, alu, IR_I64, asm_env(ENV_OFF(insn_count)), 1);
}

/* The encodings are of fixed length, as the signal handler and the thunks look
 * at them (MEM_SLOW_DESC). The thunk returns behind all of it where the access
 * was bounced and must be stored. */
static void mem_slow_part(Emit *e, EmitCold *c)
{
    Asm *a = &e->as;
    bool flags = c->desc & MEM_DESC_FLAGS, late = mem_is_counted_late(e, c);

    if (flags) {
        flags_put_back_kept(a, c->kept);
        flags_put_save(a, NO_REG);
    }
    if (late) {
        mem_put_count(a, ALU_ADD);
    }
    if (mem_leads(c->desc)) {
        mem_put_crossing(e, c);
    }
    if (e->ir->checks.kind == IR_CHECKS_TRIED) {
        asm_alu_mi(a, ALU_ADD, IR_I16,
                   asm_env(ENV_OFF(trial[e->ir->checks.trial].misses[c->site])),
                   1);
    }
    c->lead.before = a->p - c->start;
    c->start = a->p;
    mem_put_long_lea(a, c->reg, c->address);
    asm_call_to(a, mem_thunk_of(e, c));
    uint8_t *back = asm_jmp(a);
    asm_fix(back, c->resume);
    asm_u32(a, c->desc);
    if (c->desc & MEM_DESC_MASKED) {
        asm_u32(a, c->mask);
    }
    if (mem_leads(c->desc)) {
        memcpy(a->p, &c->lead, sizeof(c->lead));
        a->p += sizeof(c->lead);
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
    if (flags || late) {
        asm_fix(back, a->p);
        if (late) {
            mem_put_count(a, ALU_SUB);
        }
        if (flags) {
            flags_put_load(a, NO_REG);
            flags_put_kept(a, c->kept);
        }
        asm_fix(asm_jmp(a), c->resume);
    }
}
