/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways into and out of a block, and branches inside it.
 *
 * A direct exit is one patched jump, conditional where it can be. Unlinked it
 * goes to the exit's stub, which saves the flags and looks the target up. What
 * is done with the flags is decided when the exit is linked to its target:
 *
 *   flags at the exit   target needs them   the exit jumps to
 *   in env              either              entry
 *   in the host's       no                  entry: they are never stored
 *   in the host's       yes                 entry_host
 *
 * A polling exit goes to the check before `entry` instead; as that destroys
 * the host's flags, one whose target needs them goes to a check that does not,
 * if the target takes them from the host. Otherwise it goes through its stub,
 * where they are saved and a second patched jump leads to the check.
 *
 * A far exit (of a relative block, to another page) keeps beside it for which
 * place of the block and which address space it is linked, as the sum of
 * pc_base and jump_key: it must ask each time. If the flags are in the host's
 * it asks without touching them. Otherwise it is linked as the others are.
 */
#include "tcg/x86_64/emit.h"

/* The two bytes before a stub. */
enum { STUB_HOST = 1, STUB_POLL = 2, STUB_FAR = 4 };
typedef struct StubHead {
    uint8_t kind;
    uint8_t second; /* offset of the second jump's rel32 */
} StubHead;
/* Before a far one's: the sum (less than 0, where the flags are not touched),
 * and the pc_base to go on with. */
enum { FAR_BASE = 8 + sizeof(StubHead), FAR_SUM = 8 + FAR_BASE };
enum { FAR_NONE = 1 }; /* no sum has low bits */
/* An exit that is taken less often is not worth a link. */
enum { FAR_PROBES_FIRST = 16 };
G_STATIC_ASSERT(sizeof(StubHead) == STUB_HEAD);

/* ---- entry ------------------------------------------------------------ */

/* Polls with the flags in the host's, where they stay: a branch on rcx. Falls
 * into the way out with them saved. Returns the rel8 of the jump to entry_host.
 */
static uint8_t *prologue_host_poll(Asm *a)
{
    const uint8_t *go_on = a->p;

    asm_mov(a, RCX, R15);
    uint8_t *to_entry = asm_jmp8(a);
    asm_mov(a, R15, RCX);
    asm_load32(a, RCX, asm_env(ENV_OFF(exit_request)));
    asm_fix8(asm_jrcxz(a), go_on);
    asm_mov(a, RCX, R15);
    flags_put_save(a, R15);
    return to_entry;
}

/* Those with a check that may be the wrong one. */
static bool prologue_counts(const Emit *e)
{
    IrChecksKind kind = e->ir->checks.kind;

    return kind == IR_CHECKS_TRIED ||
           (kind == IR_CHECKS_COUNTED && e->unsteady && !e->loop);
}

static void prologue_count(Emit *e, const uint8_t *spent)
{
    Asm *a = &e->as;
    IrChecks checks = e->ir->checks;

    if (checks.kind == IR_CHECKS_TRIED) {
        asm_alu_mi(a, ALU_ADD, IR_I16,
                   asm_env(ENV_OFF(trial[checks.trial].entries)),
                   TCG_TRIAL_STEP);
    } else {
        asm_alu_mi(a, ALU_SUB, IR_I32, asm_env(ENV_OFF(entries_left)), 1);
    }
    asm_fix8(asm_jcc8(a, IR_CC_B), spent);
}

/* Counting loses the flags: then they are in env. Only loops are aligned: what
 * is hot of a large program is much more than the first cache holds. */
void emit_prologue(Emit *e)
{
    Asm *a = &e->as;
    bool counts = prologue_counts(e);
    bool save = e->live_in && (counts || e->first_use == EVENT_CLOBBER);
    bool load = e->live_in && !save;
    unsigned before = (counts ? COUNTED_BYTES : 0) + LEAVE_BYTES + POLL_BYTES +
                      (save ? FLAGS_SAVE_BYTES : 0) +
                      (load ? GO_ON_BYTES + HOST_POLL_BYTES : 0);
    uint8_t *to_entry = NULL;

    while (e->loop && ((uintptr_t)a->p + before) % 16) {
        asm_u8(a, 0xcc);
    }
    const uint8_t *spent = a->p;
    if (counts) {
        asm_call_to(a, emit_thunk(e, THUNK_COUNTED));
    }
    if (load) {
        to_entry = prologue_host_poll(a);
    }
    const uint8_t *leave = a->p, *entry_host;
    asm_call_to(a, emit_thunk(e, THUNK_POLL));
    if (save) {
        entry_host = a->p;
        flags_put_save(a, R13);
    }
    asm_alu_mi(a, ALU_CMP, IR_I32, asm_env(ENV_OFF(exit_request)), 0);
    asm_fix8(asm_jcc8(a, IR_CC_NE), leave);
    const uint8_t *entry = a->p;
    if (counts) {
        prologue_count(e, spent);
    }
    if (load) {
        flags_put_load(a, R13);
        asm_fix8(to_entry, a->p);
    }
    if (!save) {
        entry_host = a->p;
    }
    e->code->entry = asm_exec(a, entry);
    e->code->entry_host = entry_host - entry;
    e->code->needs_flags = e->live_in;
    e->host_flags = load;
    e->env_flags = save;
}

/* ---- patched jumps ---------------------------------------------------- */

/* Patched jumps have their rel32 inside an aligned quadword, so that a patch
 * is one store for all who fetch (AMD64 APM 2 7.3.2). The padding is prefixes
 * that mean nothing here (CS): a no-operation would keep the processor from
 * fusing a conditional jump with the comparison before it. */
static void exit_pad(Emit *e, unsigned opcode_bytes)
{
    while (((uintptr_t)e->as.p + opcode_bytes) % 8 > 4) {
        asm_u8(&e->as, 0x2e);
    }
}

static uint8_t *exit_jump(Emit *e)
{
    exit_pad(e, 1);
    return asm_jmp(&e->as);
}

static uint8_t *exit_jcc(Emit *e, unsigned cc)
{
    exit_pad(e, 2);
    return asm_jcc(&e->as, cc);
}

/* A jump that will not be linked: to any pc. */
static void exit_unlinkable(Emit *e, EmitCold *c)
{
    Asm *a = &e->as;

    if (c->host) {
        flags_put_save(a, R15);
    }
    asm_movi(a, R13, c->target);
    if (e->ir->relative) {
        asm_alu_rm(a, ALU_ADD, IR_I64, R13, asm_env(ENV_OFF(pc_base)));
    }
    asm_store(a, asm_env(ENV_OFF(pc)), R13);
    asm_jmp_to(a, emit_thunk(e, THUNK_LOOKUP_ANY));
}

static void exit_stub(Emit *e, EmitCold *c)
{
    Asm *a = &e->as;
    TcgExit *exit = &e->code->exit[c->exit];
    bool save = c->host;
    StubHead head = { (c->host ? STUB_HOST : 0) | (c->poll ? STUB_POLL : 0) };
    uint8_t *at = a->p;

    a->p += sizeof(head);
    uint8_t *stub = a->p;
    if (c->host && c->poll) {
        flags_put_save(a, R15);
        uint8_t *second = exit_jump(e);
        asm_fix(second, a->p);
        head.second = second - stub;
        save = false;
    }
    memcpy(at, &head, sizeof(head));
    asm_movi(a, R13, (uintptr_t)exit);
    asm_jmp_to(a, emit_thunk(e, (save ? THUNK_SAVE_LOOKUP0 : THUNK_LOOKUP0) +
                                    c->exit));
    asm_fix(c->jump, stub);
    const uint8_t *entry = e->code->entry;
    exit->jump = asm_exec(a, c->jump) - entry;
    exit->stub = asm_exec(a, stub) - entry;
}

/* ---- far exits --------------------------------------------------------- */

/* For targets that must be polled with the flags in env. */
static uint8_t far_second(Emit *e, const uint8_t *stub)
{
    exit_pad(e, FLAGS_SAVE_BYTES + 1);
    flags_put_save(&e->as, R15);
    uint8_t *second = asm_jmp(&e->as);
    asm_fix(second, stub);
    return second - stub;
}

/* The quiet comparison's other way out: rcx is in r15. */
static void far_differs(Emit *e, EmitCold *c, const uint8_t *stub)
{
    asm_fix(c->jump, e->as.p);
    asm_mov(&e->as, RCX, R15);
    asm_fix8(asm_jmp8(&e->as), stub);
}

/* It is linked for another mapping, or not yet. */
static void far_stub(Emit *e, EmitCold *c)
{
    Asm *a = &e->as;
    TcgExit *exit = &e->code->exit[c->exit];
    StubHead head = { STUB_FAR | (c->host ? STUB_HOST : 0) |
                      (c->poll ? STUB_POLL : 0) };
    const uint64_t none[2] = { FAR_NONE };

    asm_pad(a, 8, 0);
    uint8_t *stub = a->p + FAR_SUM;
    memcpy(stub - FAR_SUM, none, sizeof(none));
    asm_fix(c->sum, stub - FAR_SUM);
    asm_fix(c->base, stub - FAR_BASE);
    asm_fix(c->jump, stub);
    asm_fix(c->after, stub);
    a->p = stub;
    if (c->host) {
        flags_put_save(a, R15);
    }
    asm_movi(a, R13, (uintptr_t)exit);
    asm_jmp_to(a, emit_thunk(e, THUNK_FAR0 + c->exit));
    if (c->host && c->poll) {
        head.second = far_second(e, stub);
    }
    if (c->host) {
        far_differs(e, c, stub);
    }
    memcpy(stub - sizeof(head), &head, sizeof(head));
    const uint8_t *entry = e->code->entry;
    exit->jump = asm_exec(a, c->after) - entry;
    exit->stub = asm_exec(a, stub) - entry;
}

static void far_compare(Asm *a, EmitCold *c)
{
    asm_load(a, R15, asm_env(ENV_OFF(pc_base)));
    asm_alu_rm(a, ALU_ADD, IR_I64, R15, asm_env(ENV_OFF(jump_key)));
    c->sum = asm_here(a, ALU_CMP << 3 | 3, R15);
    c->jump = asm_jcc(a, IR_CC_NE);
}

/* The same without touching the flags: a branch on rcx. */
static void far_compare_quietly(Asm *a, EmitCold *c)
{
    asm_mov(a, R15, RCX);
    asm_load(a, RCX, asm_env(ENV_OFF(pc_base)));
    asm_load(a, R14, asm_env(ENV_OFF(jump_key)));
    asm_lea(a, RCX, (AsmMem){ RCX, R14, 0, 0 });
    c->sum = asm_here(a, 0x8b, R14);
    asm_lea(a, RCX, (AsmMem){ RCX, R14, 0, 0 });
    uint8_t *same = asm_jrcxz(a);
    c->jump = asm_jmp(a);
    asm_fix8(same, a->p);
    asm_mov(a, RCX, R15);
}

/* No temporary lives any more. */
static void far_jump(Emit *e, EmitCold *c)
{
    Asm *a = &e->as;

    if (c->host) {
        far_compare_quietly(a, c);
    } else {
        far_compare(a, c);
    }
    c->base = asm_here(a, 0x8b, R15);
    asm_store(a, asm_env(ENV_OFF(pc_base)), R15);
    c->after = exit_jump(e);
}

/* ---- direct exits ----------------------------------------------------- */

/* The out-of-line part of an exit taken here; the caller emits its jump. */
static EmitCold *exit_cold(Emit *e, const IrInsn *i)
{
    TcgExit *exit = &e->code->exit[i->cond];
    bool far = i->mem.far;
    bool dead = i->dead & 1 && !e->ir->exact_flags;
    unsigned off = TCG_OFF_CHAIN | (far ? TCG_OFF_JUMPS : 0);
    bool linkable = !exit->used && !(e->ctx->switches & off);
    EmitCold *c = emit_cold(e, !linkable ? exit_unlinkable
                               : far     ? far_stub
                                         : exit_stub);

    c->exit = i->cond;
    c->host = e->host_flags && !dead;
    c->poll = i->mem.poll;
    c->target = i->imm;
    if (linkable) {
        exit->used = true;
        exit->far = far;
        exit->probe = far ? FAR_PROBES_FIRST : 0;
        exit->pc = i->imm;
    }
    return c;
}

void emit_exit(Emit *e, const IrInsn *i)
{
    EmitCold *c = exit_cold(e, i);

    if (c->emit == far_stub) {
        far_jump(e, c);
    } else {
        c->jump = exit_jump(e);
    }
    e->reachable = false;
}

/* ---- linking ---------------------------------------------------------- */

static const uint8_t *exit_jump_of(const TcgCode *from, unsigned n)
{
    return (const uint8_t *)from->entry + from->exit[n].jump;
}

static const uint8_t *exit_stub_of(const TcgCode *from, unsigned n)
{
    return (const uint8_t *)from->entry + from->exit[n].stub;
}

static void exit_patch(TcgContext *ctx, const uint8_t *rel, const void *target)
{
    int32_t *w = (int32_t *)code_buffer_write(ctx->buffer, rel);
    int32_t v = (const uint8_t *)target - (rel + 4);

    /* If not, the processor would drop what it has decoded. */
    if (__atomic_load_n(w, __ATOMIC_RELAXED) != v) {
        __atomic_store_n(w, v, __ATOMIC_RELEASE);
    }
}

static void exit_patch_word(TcgContext *ctx, const uint8_t *at, uint64_t v)
{
    uint64_t *w = (uint64_t *)code_buffer_write(ctx->buffer, at);

    __atomic_store_n(w, v, __ATOMIC_RELEASE);
}

static const uint8_t *exit_polling_entry(const TcgCode *to)
{
    return (const uint8_t *)to->entry - POLL_BYTES;
}

/* Only of a block whose entry loads the flags. */
static const uint8_t *exit_host_polling_entry(const TcgCode *to)
{
    return exit_polling_entry(to) - LEAVE_BYTES - HOST_POLL_BYTES;
}

/* A jump back to the block's own start need not pass all of it (ahead.c). */
static bool exit_goes_to_loop(const TcgCode *to, unsigned kind)
{
    return to->loop && kind & STUB_POLL && !(kind & STUB_FAR) &&
           (kind & STUB_HOST || !to->needs_flags);
}

/* Where an exit enters the block; NULL: where it polls, but with the flags in
 * env: by way of its second jump. */
static const uint8_t *exit_way(unsigned kind, const TcgCode *to)
{
    bool poll = kind & STUB_POLL;

    if (!(kind & STUB_HOST) || !to->needs_flags) {
        return poll ? exit_polling_entry(to) : to->entry;
    }
    if (!poll) {
        return (const uint8_t *)to->entry + to->entry_host;
    }
    return to->entry_host > 0 ? exit_host_polling_entry(to) : NULL;
}

static void far_patch(TcgContext *ctx, const TcgExit *exit, const uint8_t *stub,
                      const TcgEnv *env)
{
    const StubHead *head = (const StubHead *)(stub - sizeof(StubHead));
    uint64_t sum = env->pc - exit->pc + env->jump_key;

    exit_patch_word(ctx, stub - FAR_BASE, tcg_pc_base(env->pc));
    exit_patch_word(ctx, stub - FAR_SUM, head->kind & STUB_HOST ? -sum : sum);
}

void exit_link(TcgContext *ctx, TcgCode *from, unsigned n, TcgCode *to,
               const TcgEnv *env)
{
    const uint8_t *jump = exit_jump_of(from, n), *stub = exit_stub_of(from, n);
    const StubHead *head = (const StubHead *)(stub - sizeof(StubHead));
    const uint8_t *way = exit_way(head->kind, to);
    bool far = head->kind & STUB_FAR;

    if (from == to && exit_goes_to_loop(to, head->kind)) {
        way = (const uint8_t *)to->entry + to->loop * TCG_LOOP_UNIT;
    } else if (!way) {
        const uint8_t *second = stub + head->second;

        exit_patch(ctx, second, exit_polling_entry(to));
        way = far ? second - 1 - FLAGS_SAVE_BYTES : stub;
    }
    exit_patch(ctx, jump, way);
    if (far) {
        far_patch(ctx, &from->exit[n], stub, env);
    }
}

/* Who has passed a far one's comparison already goes on to the old target, as
 * pc_base is set for it. */
void exit_unlink(TcgContext *ctx, TcgCode *from, unsigned n)
{
    const uint8_t *jump = exit_jump_of(from, n), *stub = exit_stub_of(from, n);
    const StubHead *head = (const StubHead *)(stub - sizeof(StubHead));

    if (head->kind & STUB_FAR) {
        exit_patch_word(ctx, stub - FAR_SUM, FAR_NONE);
        return;
    }
    exit_patch(ctx, jump, stub);
    if (head->second) {
        exit_patch(ctx, stub + head->second, stub + head->second + 4);
    }
}

/* ---- other ways out --------------------------------------------------- */

/* pc is in a register. Calling tells which branch it is, should it raise. */
static void exitr_lookup(Emit *e, unsigned pc, int64_t kind)
{
    Asm *a = &e->as;

    asm_store(a, asm_env(ENV_OFF(pc)), pc);
    if (kind & IR_EXITR_BRANCH) {
        asm_movi(a, R14, (uint32_t)(kind >> IR_EXITR_MOVED));
        asm_call_to(a, emit_thunk(e, THUNK_BRANCH));
    } else {
        asm_jmp_to(a, emit_thunk(e, THUNK_LOOKUP_ANY));
    }
}

static void exitr_miss(Emit *e, EmitCold *c)
{
    exitr_lookup(e, c->reg, c->constant);
}

/* tcg_jump_hash() and comparison. exit_request is not looked at: who sets it
 * also points env->jumps to an empty table. */
static void exitr_jump(Emit *e, unsigned pc, int64_t kind, bool relative)
{
    Asm *a = &e->as;
    unsigned entry = regs_take(e), key = regs_take(e);

    G_STATIC_ASSERT(sizeof(TcgJump) == 16 && offsetof(TcgJump, key) == 0);
    if (e->st->has_bmi2) {
        asm_vex_rr(a, 3, 3, false, 0xf0, entry, 0, pc); /* rorx */
        asm_u8(a, 32 - 4);
    } else {
        asm_mov32(a, entry, pc);
        asm_shift_i(a, SHIFT_SHL, IR_I32, entry, 4);
    }
    asm_load(a, key, asm_env(ENV_OFF(jump_key)));
    asm_alu_rr(a, ALU_XOR, IR_I32, entry, pc);
    asm_alu_ri(a, ALU_AND, IR_I32, entry, TCG_JUMP_OFFSETS);
    asm_alu_rm(a, ALU_ADD, IR_I64, entry, asm_env(ENV_OFF(jumps)));
    asm_alu_rr(a, ALU_XOR, IR_I64, key, pc);
    asm_alu_rm(a, ALU_CMP, IR_I64, key, asm_mem(entry, 0));
    EmitCold *c = emit_cold(e, exitr_miss);
    c->reg = pc;
    c->constant = kind;
    c->jump = asm_jcc(a, IR_CC_NE);
    if (relative) { /* not before: a branch that is refused needs its own */
        asm_alu_ri(a, ALU_AND, IR_I64, pc, -4096);
        asm_store(a, asm_env(ENV_OFF(pc_base)), pc);
    }
    asm_rm(a, 0xff, 4, asm_mem(entry, offsetof(TcgJump, code)));
}

void emit_exitr(Emit *e, const IrInsn *i)
{
    if (!(i->dead & 1) || e->ir->exact_flags) {
        flags_save(e);
    }
    bool relative = e->ir->relative || i->imm2 & IR_EXITR_RELATIVE;
    unsigned pc = relative ? regs_copy(e, i->a) : regs_value(e, i->a);

    regs_sources_done(e);
    if (e->ctx->switches & TCG_OFF_JUMPS) {
        exitr_lookup(e, pc, i->imm2);
    } else {
        exitr_jump(e, pc, i->imm2, relative);
    }
    e->reachable = false;
}

void emit_leave(Emit *e, const IrInsn *i)
{
    flags_save(e);
    asm_movi(&e->as, R13, (uint32_t)i->imm);
    asm_jmp_to(&e->as, emit_thunk(e, THUNK_LEAVE));
    e->reachable = false;
}

/* ---- inside the block ------------------------------------------------- */

static void branch_fix(Emit *e, EmitLabel *l, uint8_t *rel)
{
    e->fixes[e->fix_count] = (EmitFix){ rel, l->fixes };
    l->fixes = ++e->fix_count;
}

/* Only one branch goes there. */
static bool branch_is_only(const Emit *e, const EmitLabel *l)
{
    const IrInsn *label = &e->ir->insns[l->index];
    bool falls_in = !l->index || (!(ir_op_attrs[label[-1].op] & IRA_END) &&
                                  label[-1].op != IR_BR);

    return l->refs == 1 && !falls_in;
}

/* The exit that a label stands for, if only this branch goes there. Not a far
 * one, which is more than a jump. */
static const IrInsn *branch_exit(const Emit *e, const EmitLabel *l)
{
    const IrInsn *label = &e->ir->insns[l->index];
    bool exit = branch_is_only(e, l) && l->index + 1 < e->ir->count &&
                label[1].op == IR_EXIT && !label[1].mem.far;

    return exit ? &label[1] : NULL;
}

static void branch_prepare(Emit *e, EmitLabel *l)
{
    if (branch_is_only(e, l)) {
        l->host_flags = e->host_flags;
        l->env_flags = e->env_flags;
    } else if (l->live) {
        flags_save(e);
        l->env_flags = true;
    }
    if (!(e->now & INFO_FAR)) {
        regs_sync(e);
    }
}

static void branch_if(Emit *e, unsigned cc, EmitLabel *l, const IrInsn *exit)
{
    if (exit) {
        EmitCold *c = exit_cold(e, exit);

        l->folded = true;
        c->jump = exit_jcc(e, cc);
        return;
    }
    branch_fix(e, l, asm_jcc(&e->as, cc));
}

void emit_brf(Emit *e, const IrInsn *i)
{
    EmitLabel *l = &e->labels[i->imm];
    const IrInsn *exit = branch_exit(e, l);

    flags_load(e);
    if (!exit) {
        branch_prepare(e, l);
    }
    branch_if(e, i->cond, l, exit);
}

void emit_brcond(Emit *e, const IrInsn *i)
{
    EmitLabel *l = &e->labels[i->c];
    const IrInsn *exit = branch_exit(e, l);

    flags_lose(e, e->now & INFO_NEEDED);
    emit_compare(e, i);
    regs_sources_done(e);
    regs_done(e);
    if (!exit) {
        branch_prepare(e, l);
    }
    branch_if(e, i->cond, l, exit);
}

void emit_br(Emit *e, const IrInsn *i)
{
    EmitLabel *l = &e->labels[i->imm];

    branch_prepare(e, l);
    branch_fix(e, l, asm_jmp(&e->as));
    e->reachable = false;
}

/* Where paths join, temporaries are in their slots and the flags in env; where
 * there is one path only, those are where they were. */
void emit_label(Emit *e, const IrInsn *i)
{
    EmitLabel *l = &e->labels[i->imm];

    if (l->folded || (!l->fixes && e->reachable)) {
        return;
    }
    if (e->reachable) {
        branch_prepare(e, l);
    }
    regs_forget(e);
    e->reachable |= l->fixes != 0;
    e->env_flags = l->env_flags;
    e->host_flags = l->host_flags;
    for (uint32_t n = l->fixes; n; n = e->fixes[n - 1].next) {
        asm_fix(e->fixes[n - 1].rel, e->as.p);
    }
}
