/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One cheap pass backwards over a block before its code is emitted: where the
 * flags are live, how often each temporary is still used, who jumps to which
 * label. Labels are forward only, so each is met before its branches.
 *
 * Flags count as live at the block's exits unless the exit says otherwise:
 * whether the next block wants them is settled when the two are linked. They
 * do not count as live where an access may fault and the block overwrites them
 * afterwards: the guest's fault handler then finds older status flags in its
 * frame, and re-execution cannot tell. (exact_flags keeps them exact.)
 */
#include "tcg/x86_64/emit.h"

/* What may raise does not count as reading them, see above. */
static IrFlagUse analyse_flag_use(const Emit *e, const IrInsn *i)
{
    IrFlagUse use = ir_flag_use(e->ir, i);

    if (i->op == IR_CALL) {
        const TcgHelper *h = (const TcgHelper *)(intptr_t)i->imm;

        use.reads = h->flags & TCG_READS_FLAGS ? IR_FLAGS_ALL : 0;
    }
    return use;
}

static void analyse_source(Emit *e, IrVal v)
{
    if (v >= IR_TEMP0 && v < IR_IMM) {
        e->temps[v - IR_TEMP0].uses++;
    }
}

/* A temporary that nobody reads: what computes it need not. */
static bool analyse_is_dead(const Emit *e, const IrInsn *i)
{
    return i->dst >= IR_TEMP0 && i->dst < IR_IMM && !ir_op_attrs[i->op] &&
           !e->temps[i->dst - IR_TEMP0].uses;
}

static void analyse_sources(Emit *e, uint32_t index)
{
    const IrInsn *i = &e->ir->insns[index];

    if (analyse_is_dead(e, i)) {
        e->info[index] |= INFO_DEAD;
        return;
    }
    if (!share_is_joined(e, index)) {
        analyse_source(e, i->a);
    }
    analyse_source(e, i->b);
    if (i->op != IR_BRCOND) {
        analyse_source(e, i->c);
    }
    if (emit_ops[i->op].reads_dst) {
        analyse_source(e, i->dst);
    }
}

static bool analyse_has_check(const Emit *e, uint32_t index)
{
    const IrInsn *i = &e->ir->insns[index];
    bool memory = ir_op_attrs[i->op] & IRA_MEM ||
                  (i->op == IR_NATIVE && e->ir->native[i->imm].mem);

    return memory && !share_follows(e, index);
}

/* Accesses with a check, and what may lose the flags for other reasons. */
static bool analyse_may_lose(const Emit *e, uint32_t index)
{
    const IrInsn *i = &e->ir->insns[index];

    return analyse_has_check(e, index) || i->op == IR_ATOMIC ||
           ir_op_attrs[i->op] & IRA_CALL;
}

enum { FLAGS_FAR = 3 };
typedef struct Analysis {
    uint8_t live;       /* IrFlags */
    EmitEvent event;    /* what happens to the flags next */
    unsigned accesses;  /* before the next instruction that reads them */
    uint32_t next_insn; /* index of the guest instruction that follows */
} Analysis;

static void analyse_branch(Emit *e, Analysis *s, uint32_t index)
{
    const IrInsn *i = &e->ir->insns[index];
    EmitLabel *l = &e->labels[i->op == IR_BRCOND ? i->c : i->imm];

    l->refs++;
    s->accesses = i->op == IR_BRF ? 0 : FLAGS_FAR;
    s->live =
        l->live | (i->op == IR_BR ? 0 : s->live) | analyse_flag_use(e, i).reads;
    s->event = i->op == IR_BRF ? EVENT_READ : EVENT_CLOBBER;
    if (l->index > s->next_insn) {
        e->info[index] |= INFO_FAR;
    }
}

/* A check that most likely leaves the flags alone: see mem.c. */
static bool analyse_leaves_flags(const Emit *e, const Analysis *s,
                                 const IrInsn *i)
{
    return s->accesses < FLAGS_FAR && e->st->has_bmi2 && i->op != IR_ATOMIC &&
           !(ir_op_attrs[i->op] & IRA_CALL);
}

static void analyse_plain(Emit *e, Analysis *s, uint32_t index)
{
    const IrInsn *i = &e->ir->insns[index];
    IrFlagUse use = analyse_flag_use(e, i);

    bool check = analyse_may_lose(e, index);

    e->unsteady |= analyse_has_check(e, index) && !i->mem.steady;
    if (check && s->accesses < FLAGS_FAR) {
        s->accesses++;
    }
    if (use.reads) {
        s->accesses = 0;
    }
    s->live = (s->live & ~use.writes) | use.reads;
    if ((check && !analyse_leaves_flags(e, s, i)) || emit_ops[i->op].clobbers) {
        s->event = EVENT_CLOBBER;
    } else if (use.reads || (use.may_write && use.writes != IR_FLAGS_ALL)) {
        s->event = EVENT_READ;
    }
}

static void analyse_insn(Emit *e, Analysis *s, uint32_t index)
{
    const IrInsn *i = &e->ir->insns[index];

    e->info[index] = s->live || e->ir->exact_flags ? INFO_LIVE_AFTER : 0;
    switch (i->op) {
    case IR_INSN:
        s->next_insn = index;
        break;
    case IR_LABEL:
        e->labels[i->imm] = (EmitLabel){ .index = index, .live = s->live };
        break;
    case IR_BR:
    case IR_BRCOND:
    case IR_BRF:
        analyse_branch(e, s, index);
        break;
    case IR_EXIT:
    case IR_EXITR:
        s->live = i->dead & 1 ? 0 : IR_FLAGS_ALL;
        s->accesses = FLAGS_FAR;
        s->event = i->op == IR_EXIT ? EVENT_NONE : EVENT_CLOBBER;
        e->loop |= i->op == IR_EXIT && i->imm == (int64_t)e->ir->pc;
        break;
    case IR_LEAVE:
        s->live = IR_FLAGS_ALL;
        s->event = EVENT_CLOBBER;
        break;
    default:
        analyse_plain(e, s, index);
        break;
    }
    if (s->live || e->ir->exact_flags) {
        e->info[index] |= INFO_NEEDED;
    }
    if (s->accesses < FLAGS_FAR) {
        e->info[index] |= INFO_SOON;
    }
}

void emit_analyse(Emit *e)
{
    const IrBlock *ir = e->ir;
    Analysis s = { .next_insn = UINT32_MAX, .accesses = FLAGS_FAR };

    e->loop = e->unsteady = false;
    for (unsigned t = 0; t < ir->temps; t++) {
        e->temps[t] = (EmitTemp){ .slot = -1 };
    }
    for (unsigned n = ir->count; n-- > 0;) {
        analyse_insn(e, &s, n);
        analyse_sources(e, n);
    }
    e->live_in = ir->exact_flags ? IR_FLAGS_ALL : s.live;
    e->first_use = s.event;
}
