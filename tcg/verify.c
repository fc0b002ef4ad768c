/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks the rules of tcg/ir.h in one walk. Labels are forward only, so what
 * holds at a label is known when it is reached: the meet of all branches to it
 * and of falling into it.
 *
 * "Changes come after the last fault" is checked for globals and flags. A store
 * counts as unable to fault once the same guest instruction has probed for
 * writing (PROBEW, or LD with rmw).
 */
#include "tcg/ir.h"

#include <string.h>

/* What is known at a point of the block. */
typedef struct IrFacts {
    uint64_t *assigned; /* temporaries, one bit each */
    bool reached;
    bool changed; /* this guest instruction has changed globals or flags */
    bool probed;
} IrFacts;

typedef struct IrVerifier {
    const IrBlock *b;
    const IrInsn *insn;
    GString *why;
    unsigned words; /* of a bit set */
    IrFacts now;
    IrFacts *label;
    bool *placed;
    bool exit_used[IR_EXITS];
} IrVerifier;

static bool ir_verify_fail(IrVerifier *v, const char *fmt, ...)
    G_GNUC_PRINTF(2, 3);

static bool ir_verify_fail(IrVerifier *v, const char *fmt, ...)
{
    g_string_append_printf(
        v->why, "insn %u (%s): ", (unsigned)(v->insn - v->b->insns),
        v->insn->op < IR_OP_COUNT ? ir_op_names[v->insn->op] : "?");
    va_list args;
    va_start(args, fmt);
    g_string_append_vprintf(v->why, fmt, args);
    va_end(args);
    return false;
}

/* ---- Values ---------------------------------------------------------------
 */

/* Which source (bit n: a, b, c) may be the constant. */
static unsigned ir_verify_constants(const IrInsn *insn)
{
    switch (insn->op) {
    case IR_CALL:
    case IR_NATIVE:
    case IR_EXTRACT:
    case IR_DEPOSIT:
    case IR_STENV:
        return 0; /* imm has another meaning */
    case IR_MOVCOND:
        return insn->b == IR_IMM ? 2 : 4;
    case IR_ATOMIC:
        return insn->c == IR_NONE ? 2 : 4;
    default:
        return ir_op_sources[insn->op] ? 1u << (ir_op_sources[insn->op] - 1)
                                       : 0;
    }
}

static bool ir_verify_temp_assigned(IrVerifier *v, IrVal val)
{
    unsigned t = val - IR_TEMP0;
    if (v->now.reached && !(v->now.assigned[t / 64] >> (t % 64) & 1)) {
        return ir_verify_fail(v, "t%u is used before it is assigned", t);
    }
    return true;
}

static bool ir_verify_exists(const IrVerifier *v, IrVal val)
{
    return val < IR_TEMP0 + v->b->temps;
}

static bool ir_verify_source(IrVerifier *v, IrVal val, bool may_be_constant)
{
    if (val < IR_TEMP0) {
        return true;
    }
    if (val == IR_IMM) {
        return may_be_constant || ir_verify_fail(v, "constant not allowed");
    }
    if (!ir_verify_exists(v, val)) {
        return ir_verify_fail(v, "no such value: %u", val);
    }
    return ir_verify_temp_assigned(v, val);
}

/* Sources that may be absent: helper arguments, an address that only some
 * native instructions have, the new value of a compare-and-exchange. */
static bool ir_verify_optional(const IrVerifier *v, unsigned n)
{
    return v->insn->op == IR_CALL ||
           (v->insn->op == IR_NATIVE && !v->b->native[v->insn->imm].mem) ||
           (v->insn->op == IR_ATOMIC && n == 2 &&
            v->insn->cond != IR_ATOMIC_CMPXCHG);
}

static bool ir_verify_sources(IrVerifier *v)
{
    const IrVal src[3] = { v->insn->a, v->insn->b, v->insn->c };
    unsigned constants = ir_verify_constants(v->insn);
    for (unsigned i = 0; i < ir_op_sources[v->insn->op]; i++) {
        if (src[i] == IR_NONE) {
            if (!ir_verify_optional(v, i)) {
                return ir_verify_fail(v, "source %u is missing", i);
            }
            continue;
        }
        if (!ir_verify_source(v, src[i], constants >> i & 1)) {
            return false;
        }
    }
    return true;
}

static bool ir_verify_result(IrVerifier *v)
{
    const IrInsn *insn = v->insn;
    if (!ir_op_results[insn->op] ||
        (insn->op == IR_CALL && insn->dst == IR_NONE)) {
        return true;
    }
    if (insn->dst < IR_TEMP0) {
        return true;
    }
    if (!ir_verify_exists(v, insn->dst)) {
        return ir_verify_fail(v, "bad result: %u", insn->dst);
    }
    /* These keep the old value when the condition is false. */
    if (insn->op == IR_MOVCOND || insn->op == IR_CMOVCC) {
        return ir_verify_temp_assigned(v, insn->dst);
    }
    unsigned t = insn->dst - IR_TEMP0;
    v->now.assigned[t / 64] |= UINT64_C(1) << (t % 64);
    return true;
}

/* ---- Labels ---------------------------------------------------------------
 */

static void ir_verify_meet(const IrVerifier *v, IrFacts *into,
                           const IrFacts *from)
{
    if (!from->reached) {
        return;
    }
    for (unsigned i = 0; i < v->words; i++) {
        into->assigned[i] = into->reached
                                ? into->assigned[i] & from->assigned[i]
                                : from->assigned[i];
    }
    into->changed = from->changed || (into->reached && into->changed);
    into->probed = from->probed && (!into->reached || into->probed);
    into->reached = true;
}

static bool ir_verify_branch(IrVerifier *v, uint64_t label)
{
    if (label >= v->b->labels) {
        return ir_verify_fail(v, "no such label: %u", (unsigned)label);
    }
    if (v->placed[label]) {
        return ir_verify_fail(v, "branch backward to L%u", (unsigned)label);
    }
    ir_verify_meet(v, &v->label[label], &v->now);
    return true;
}

static bool ir_verify_label(IrVerifier *v, uint64_t label)
{
    if (label >= v->b->labels || v->placed[label]) {
        return ir_verify_fail(v, "label %u does not exist or stands twice",
                              (unsigned)label);
    }
    v->placed[label] = true;
    ir_verify_meet(v, &v->now, &v->label[label]);
    return true;
}

/* Temporaries end at a guest instruction's start, on pending branches too. */
static void ir_verify_insn_start(IrVerifier *v)
{
    memset(v->now.assigned, 0, v->words * 8);
    v->now.changed = v->now.probed = false;
    for (unsigned i = 0; i < v->b->labels; i++) {
        memset(v->label[i].assigned, 0, v->words * 8);
        v->label[i].changed = v->label[i].probed = false;
    }
}

/* ---- Faults ---------------------------------------------------------------
 */

static const TcgHelper *ir_verify_helper(const IrInsn *insn)
{
    return insn->op == IR_CALL ? (const TcgHelper *)(intptr_t)insn->imm : NULL;
}

static bool ir_verify_can_fault(const IrVerifier *v)
{
    const TcgHelper *h = ir_verify_helper(v->insn);
    if (v->insn->op == IR_NATIVE) {
        return v->b->native[v->insn->imm].mem;
    }
    if (v->insn->op == IR_ST || v->insn->op == IR_ATOMIC) {
        return !v->now.probed;
    }
    return (ir_op_attrs[v->insn->op] & IRA_MEM) ||
           (h && (h->flags & TCG_MAY_RAISE));
}

static bool ir_verify_changes(const IrVerifier *v)
{
    const IrInsn *insn = v->insn;
    const TcgHelper *h = ir_verify_helper(insn);
    if (insn->op == IR_NATIVE) {
        const NativeInsn *n = &v->b->native[insn->imm];
        return n->gpr_out || n->flags_out;
    }
    return (ir_op_results[insn->op] && insn->dst < IR_TEMP0) ||
           (ir_op_attrs[insn->op] & (IRA_FW | IRA_FP)) ||
           (h && (h->flags & (TCG_WRITES_FLAGS | TCG_WRITES_GLOBALS)));
}

static bool ir_verify_fault_order(IrVerifier *v)
{
    if (v->now.reached && v->now.changed && ir_verify_can_fault(v)) {
        return ir_verify_fail(v, "may fault after the guest instruction "
                                 "changed registers or flags");
    }
    v->now.changed |= ir_verify_changes(v);
    v->now.probed |=
        v->insn->op == IR_PROBEW || (v->insn->op == IR_LD && v->insn->mem.rmw);
    return true;
}

/* ---- Single operations ----------------------------------------------------
 */

static bool ir_verify_type(IrVerifier *v)
{
    const IrInsn *insn = v->insn;
    if (insn->type > IR_I64) {
        return ir_verify_fail(v, "bad type %u", insn->type);
    }
    bool narrow = insn->type < IR_I32;
    bool may_be_narrow = (insn->op >= IR_ADDF && insn->op <= IR_IMULF) ||
                         (ir_op_attrs[insn->op] & (IRA_MEM | IRA_CALL)) ||
                         (!ir_op_results[insn->op] && insn->op != IR_BRCOND);
    return !narrow || may_be_narrow ||
           ir_verify_fail(v, "computes in 32 or 64 bits only");
}

static bool ir_verify_field(IrVerifier *v)
{
    unsigned pos = v->insn->imm & 63, len = v->insn->imm >> 8;
    unsigned width =
        v->insn->op == IR_DEPOSIT && v->insn->type == IR_I32 ? 32 : 64;
    return (len >= 1 && pos + len <= width) ||
           ir_verify_fail(v, "bad field: pos %u len %u", pos, len);
}

static bool ir_verify_exit(IrVerifier *v)
{
    unsigned n = v->insn->cond;
    if (n >= IR_EXITS || v->exit_used[n]) {
        return ir_verify_fail(v, "exit %u does not exist or is used twice", n);
    }
    v->exit_used[n] = true;
    return true;
}

static bool ir_verify_special(IrVerifier *v)
{
    const IrInsn *insn = v->insn;
    switch (insn->op) {
    case IR_INSN:
        ir_verify_insn_start(v);
        return true;
    case IR_LABEL:
        return ir_verify_label(v, insn->imm);
    case IR_BR:
    case IR_BRF:
        return ir_verify_branch(v, insn->imm);
    case IR_BRCOND:
        return ir_verify_branch(v, insn->c);
    case IR_EXTRACT:
    case IR_DEPOSIT:
        return ir_verify_field(v);
    case IR_CALL:
        return insn->imm || ir_verify_fail(v, "no helper");
    case IR_LDHOST:
        return insn->imm || ir_verify_fail(v, "no address");
    case IR_EXIT:
        return ir_verify_exit(v);
    default:
        return true;
    }
}

/* Comparisons of values have no single flags to look at. */
static bool ir_verify_condition(IrVerifier *v)
{
    unsigned cond = v->insn->cond;
    bool compares = v->insn->op == IR_SETCOND || v->insn->op == IR_BRCOND ||
                    v->insn->op == IR_MOVCOND;
    bool flag = cond <= IR_CC_NO || (cond >= IR_CC_S && cond <= IR_CC_NP);
    if (cond > 15 || (compares && flag) ||
        (v->insn->op == IR_ATOMIC && cond > IR_ATOMIC_CMPXCHG)) {
        return ir_verify_fail(v, "bad condition %u", cond);
    }
    return true;
}

static bool ir_verify_one(IrVerifier *v)
{
    const IrInsn *insn = v->insn;
    if (insn->op >= IR_OP_COUNT) {
        return ir_verify_fail(v, "no such operation: %u", insn->op);
    }
    unsigned attrs = ir_op_attrs[insn->op];
    if ((attrs & IRA_COND) && !ir_verify_condition(v)) {
        return false;
    }
    if (insn->mem.size > 3 ||
        ((attrs & IRA_MEM) && insn->mem.slot >= TCG_SLOTS)) {
        return ir_verify_fail(v, "bad access");
    }
    if (insn->op == IR_NATIVE && (uint64_t)insn->imm >= v->b->native_count) {
        return ir_verify_fail(v, "no such native instruction");
    }
    if (!ir_verify_type(v) || !ir_verify_sources(v) || !ir_verify_result(v) ||
        !ir_verify_special(v) || !ir_verify_fault_order(v)) {
        return false;
    }
    if ((attrs & IRA_END) || insn->op == IR_BR) {
        v->now.reached = false;
    }
    return true;
}

static bool ir_verify_block(IrVerifier *v)
{
    const IrBlock *b = v->b;
    for (unsigned i = 0; i < b->count; i++) {
        v->insn = &b->insns[i];
        if (!ir_verify_one(v)) {
            return false;
        }
    }
    if (v->now.reached) {
        g_string_append(v->why, "block runs over its end");
        return false;
    }
    for (unsigned i = 0; i < b->labels; i++) {
        if (v->label[i].reached && !v->placed[i]) {
            g_string_append_printf(v->why, "L%u is never placed", i);
            return false;
        }
    }
    return true;
}

bool ir_verify(const IrBlock *b, GString *why)
{
    IrVerifier v = { .b = b, .why = why, .words = (b->temps + 63) / 64 };
    g_autofree uint64_t *bits =
        g_new0(uint64_t, (size_t)v.words * (b->labels + 1) + 1);
    g_autofree IrFacts *labels = g_new0(IrFacts, b->labels + 1);
    g_autofree bool *placed = g_new0(bool, b->labels + 1);
    for (unsigned i = 0; i < b->labels; i++) {
        labels[i].assigned = bits + (size_t)v.words * i;
    }
    v.now = (IrFacts){ .assigned = bits + (size_t)v.words * b->labels,
                       .reached = true };
    v.label = labels;
    v.placed = placed;
    return ir_verify_block(&v);
}
