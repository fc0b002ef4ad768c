/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The portable back end: compiling copies the IR into a dense array that
 * tcg/interp/run.c executes. It knows no host, so it runs everywhere, and it is
 * what the other back ends are compared with. It has no native instructions:
 * the front end gives it portable forms only.
 */
#include "tcg/interp/interp.h"

#include <string.h>

/* Indexes of INT16_MIN and below do not fit; the limit is far above what a
 * block of any allowed length uses. */
#define INTERP_TEMPS_MAX 32000

static int16_t interp_index(IrVal v)
{
    const int first = -1 - (int)(offsetof(TcgEnv, r) / sizeof(uint64_t));

    if (v >= IR_IMM) {
        return 0;
    }
    return v < IR_TEMP0 ? v : first - (int)(v - IR_TEMP0);
}

static bool interp_has_constant(const IrInsn *insn)
{
    const IrVal src[3] = { insn->a, insn->b, insn->c };
    unsigned n = ir_op_sources[insn->op];
    return n > 0 && src[n - 1] == IR_IMM;
}

static uint8_t interp_op_flags(const IrBlock *b, const IrInsn *insn)
{
    /* Three sources: which of the last two is the constant. */
    if (insn->op == IR_MOVCOND || insn->op == IR_ATOMIC) {
        return insn->b == IR_IMM;
    }
    return (insn->mem.sign ? INTERP_SIGN : 0) |
           (insn->mem.rmw ? INTERP_RMW : 0) |
           (insn->mem.poll ? INTERP_POLL : 0) |
           (insn->mem.far ? INTERP_FAR : 0) |
           (b->count_insns ? INTERP_COUNT : 0);
}

static void interp_compile_op(const IrBlock *b, const IrInsn *insn,
                              InterpOp *op)
{
    *op = (InterpOp){
        .code = INTERP_CODE(insn->op, insn->type, interp_has_constant(insn)),
        .dst = interp_index(insn->dst),
        .a = interp_index(insn->a),
        .b = interp_index(insn->b),
        .c = interp_index(insn->c),
        .cond = insn->cond,
        .size = insn->mem.size,
        .mode = insn->mem.has_mode ? insn->mem.mode : b->mode,
        .type = insn->type,
        .flags = interp_op_flags(b, insn),
        .imm = insn->imm,
        .imm2 = insn->imm2,
    };
    if (insn->op >= IR_ADDF && insn->op <= IR_IMULF) {
        op->cond = 64 - (8 << insn->type);
    } else if (insn->op == IR_CALL) {
        op->cond = insn->dst != IR_NONE;
    }
}

/* Where each label will stand, counting what is copied. */
static unsigned *interp_place_labels(const IrBlock *b, unsigned *count)
{
    unsigned *place = g_new0(unsigned, b->labels + 1);
    *count = 0;
    for (unsigned i = 0; i < b->count; i++) {
        if (b->insns[i].op == IR_LABEL) {
            place[b->insns[i].imm] = *count;
        } else if (b->insns[i].op != IR_NOP) {
            ++*count;
        }
    }
    return place;
}

/* Branches skip: the loop adds one after each operation. */
static void interp_compile_branch(const IrInsn *insn, InterpOp *op,
                                  const unsigned *place, unsigned here)
{
    if (insn->op == IR_BRCOND) {
        op->imm2 = (int64_t)place[insn->c] - here - 1;
    } else if (insn->op == IR_BR || insn->op == IR_BRF) {
        op->imm = (int64_t)place[insn->imm] - here - 1;
    }
}

static bool interp_compile(TcgContext *ctx, const IrBlock *ir, TcgCode *code)
{
    unsigned count;
    g_autofree unsigned *place = interp_place_labels(ir, &count);
    g_assert(ir->temps <= INTERP_TEMPS_MAX && ir->native_count == 0);
    InterpCode *c = g_malloc(sizeof(*c) + count * sizeof(InterpOp));
    c->code = code;
    c->count = count;
    c->relative = ir->relative;
    code->base_mask = ir->relative ? UINT64_MAX : 0;
    unsigned n = 0;
    for (unsigned i = 0; i < ir->count; i++) {
        const IrInsn *insn = &ir->insns[i];
        if (insn->op == IR_NOP || insn->op == IR_LABEL) {
            continue;
        }
        interp_compile_op(ir, insn, &c->ops[n]);
        interp_compile_branch(insn, &c->ops[n], place, n);
        if (insn->op == IR_EXIT && !insn->mem.far) {
            code->exit[insn->cond].pc = insn->imm;
            code->exit[insn->cond].used = true;
        }
        n++;
    }
    code->entry = c;
    code->size = sizeof(*c) + count * sizeof(InterpOp);
    return true;
}

static void interp_release(TcgContext *ctx, TcgCode *code)
{
    g_free((void *)code->entry);
    code->entry = NULL;
}

static bool interp_init(TcgContext *ctx, GError **errp)
{
    return true;
}

static void interp_clear(TcgContext *ctx)
{
}

/* Each translation has memory of its own. */
static void interp_enter_region(TcgContext *ctx, unsigned region)
{
}

/* The loop reads TcgExit.to itself. */
static void interp_link(TcgContext *ctx, TcgCode *from, unsigned exit,
                        TcgCode *to, const TcgEnv *env)
{
}

static void interp_unlink(TcgContext *ctx, TcgCode *from, unsigned exit)
{
}

static void interp_print(TcgContext *ctx, const TcgCode *code, GString *out)
{
    const InterpCode *c = code->entry;
    g_string_append_printf(out, "    %u operations, %u bytes\n", c->count,
                           code->size);
}

const TcgBackend tcg_backend_interp = {
    .name = "interp",
    .has_native = false,
    .init = interp_init,
    .clear = interp_clear,
    .enter_region = interp_enter_region,
    .compile = interp_compile,
    .release = interp_release,
    .run = interp_run,
    .link = interp_link,
    .unlink = interp_unlink,
    .print = interp_print,
};
