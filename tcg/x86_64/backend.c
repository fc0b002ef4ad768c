/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86-64 back end: compiles a block in one pass backwards (analyse.c) and
 * one forwards (ops.c's table), and runs it. See emit.h for how a block and
 * its surroundings look, docs/tcg.md for why.
 */
#include "tcg/x86_64/emit.h"
#include "tcg/x86_64/stack.h"
#include "util/error.h"

#include <cpuid.h>

/* No operation's hot part, and no out-of-line part, is longer. */
enum { EMIT_MAX = 512 };

/* ---- compiling -------------------------------------------------------- */

EmitCold *emit_cold(Emit *e, void (*emit)(Emit *e, EmitCold *c))
{
    EmitCold *c = &e->cold[e->cold_count++];

    *c = (EmitCold){ .emit = emit, .pc = e->pc };
    return c;
}

/* At most: two out-of-line parts and one fix an operation. */
static void backend_make_room(Emit *e, const IrBlock *ir)
{
    if (ir->count > e->insns_room) {
        e->insns_room = ir->count * 2;
        e->info = g_renew(uint8_t, e->info, e->insns_room);
        e->cold = g_renew(EmitCold, e->cold, e->insns_room * 2);
        e->fixes = g_renew(EmitFix, e->fixes, e->insns_room);
        e->access = g_renew(EmitAccess, e->access, e->insns_room);
        e->share = g_renew(ShareAccess, e->share, e->insns_room);
        e->groups = g_renew(ShareGroup, e->groups, e->insns_room);
        e->side_start = g_renew(uint8_t, e->side_start, e->insns_room * 60);
    }
    if (ir->temps > e->temps_room) {
        e->temps_room = ir->temps * 2;
        e->temps = g_renew(EmitTemp, e->temps, e->temps_room);
    }
    if (ir->temps + TCG_GLOBALS > e->values_room) {
        e->values_room = 2 * (ir->temps + TCG_GLOBALS);
        e->values = g_realloc(e->values, e->values_room * share_value_bytes());
    }
    if (ir->labels > e->labels_room) {
        e->labels_room = ir->labels * 2;
        e->labels = g_renew(EmitLabel, e->labels, e->labels_room);
    }
}

static bool backend_has_room(const Emit *e, size_t bytes)
{
    return e->as.p + bytes <= e->limit;
}

static bool backend_may_leave(const IrInsn *i)
{
    return ir_op_attrs[i->op] & IRA_END || i->op == IR_BR || i->op == IR_BRF ||
           i->op == IR_BRCOND || i->op == IR_LABEL;
}

static void backend_emit_one(Emit *e, const IrInsn *i)
{
    if (!late_put_off(e, i)) {
        late_before(e, i);
        if (e->owes && backend_may_leave(i)) {
            held_pay_all(e);
        }
        regs_before_write(e, i->dst);
        emit_ops[i->op].emit(e, i);
    }
    regs_done(e);
}

/* False: there is no room. */
static bool backend_emit_hot(Emit *e)
{
    const IrBlock *ir = e->ir;

    for (unsigned n = 0; n < ir->count; n++) {
        const IrInsn *i = &ir->insns[n];

        if (!backend_has_room(e, EMIT_MAX)) {
            return false;
        }
        e->insn = i;
        e->index = n;
        e->now = e->info[n];
        if (e->now & INFO_DEAD) {
            continue;
        }
        if (e->reachable || i->op == IR_LABEL || i->op == IR_INSN) {
            backend_emit_one(e, i);
            share_end(e);
        }
    }
    if (e->reachable) { /* a block ends with an exit: never comes here */
        asm_u8(&e->as, 0x0f);
        asm_u8(&e->as, 0x0b);
    }
    return true;
}

uint32_t emit_offset(const Emit *e, const uint8_t *p)
{
    size_t cold = p - e->cold_start;

    return e->cold_start && cold <= (size_t)(e->limit - e->cold_start)
               ? e->hot_size + (uint32_t)cold
               : (uint32_t)(p - e->start);
}

static void backend_go_to(Emit *e, CodeArea area, uint8_t **start)
{
    size_t room;

    e->as.p = *start = code_buffer_begin(e->ctx->buffer, area, &room);
    e->limit = *start + room;
}

static bool backend_emit_cold(Emit *e)
{
    e->hot_size = e->as.p - e->start;
    backend_go_to(e, CODE_COLD, &e->cold_start);
    for (unsigned n = 0; n < e->cold_count; n++) {
        EmitCold *c = &e->cold[n];

        if (!backend_has_room(e, EMIT_MAX)) {
            return false;
        }
        side_mark(e, c->pc);
        c->start = e->as.p;
        if (c->jump) {
            asm_fix(c->jump, c->start);
        }
        c->emit(e, c);
    }
    return true;
}

static bool backend_emit(Emit *e)
{
    if (!backend_has_room(e, 2 * EMIT_MAX)) {
        return false;
    }
    share_analyse(e);
    emit_analyse(e);
    if (ahead_choose(e)) {
        emit_analyse(e);
    }
    side_begin(e);
    emit_prologue(e);
    emit_ahead(e);
    held_choose(e);
    return backend_emit_hot(e) && backend_emit_cold(e) &&
           backend_has_room(e, 8 + side_bytes(e) + 8 + sizeof(SideBlock));
}

static void backend_begin(Emit *e, TcgContext *ctx, const IrBlock *ir,
                          TcgCode *code)
{
    e->ctx = ctx;
    e->st = ctx->state;
    e->ir = ir;
    e->code = code;
    e->cold_start = NULL;
    backend_go_to(e, CODE_HOT, &e->start);
    e->as.to_exec = code_buffer_exec(ctx->buffer, e->start) - e->start;
    e->cold_count = e->fix_count = e->access_count = e->sites = 0;
    e->index = 0;
    e->pc = ir->pc;
    code->base_mask = ir->relative ? UINT64_MAX : 0;
    e->reachable = true;
    e->owes = false;
    regs_reset(e);
    held_forget_all(e);
    e->late = IR_NONE;
    e->late_by = 0;
    code->loop = 0;
    memset(code->exit, 0, sizeof(code->exit));
}

/* Cold parts and the side table, and all of it listed. */
static void backend_end(Emit *e)
{
    const X86State *st = e->st;
    CodeBuffer *buffer = e->ctx->buffer;
    SideBlock b = { .hot = asm_exec(&e->as, e->start) - st->exec,
                    .hot_size = e->hot_size,
                    .cold = asm_exec(&e->as, e->cold_start) - st->exec,
                    .cold_size = e->as.p - e->cold_start };

    asm_pad(&e->as, 8, 0);
    side_write(e, e->as.p);
    code_buffer_end(buffer, CODE_HOT, e->hot_size);
    code_buffer_end(buffer, CODE_COLD, e->as.p - e->cold_start + side_bytes(e));
    side_list(e->ctx, b);
}

static bool backend_compile(TcgContext *ctx, const IrBlock *ir, TcgCode *code)
{
    X86State *st = ctx->state;
    Emit *e = &st->emit;

    backend_make_room(e, ir);
    backend_begin(e, ctx, ir, code);
    if (!backend_emit(e)) {
        return false;
    }
    code->chooses = e->sites;
    code->size = e->hot_size;
    backend_end(e);
    return true;
}

/* ---- running ---------------------------------------------------------- */

static int backend_run(TcgContext *ctx, void *env, TcgCode *code)
{
    const X86State *st = ctx->state;
    TcgEnv *tcg = env;
    int (*enter)(void *, const void *) =
        (int (*)(void *, const void *))(uintptr_t)st->thunk[THUNK_ENTER];

    tcg->backend[TCG_BACKEND_UNWIND] = (void *)(uintptr_t)x86_64_unwind;
    tcg->backend[TCG_BACKEND_SYNC_PC] = (void *)(uintptr_t)x86_64_sync_pc;
    tcg->backend[ENV_CONTEXT] = ctx;
    if (tcg_fpu_is_compact(ctx)) {
        uint64_t form = UINT64_C(1) << 63 | ctx->fpu_mask;
        memcpy((uint8_t *)env + ctx->fpu_offset + TCG_FPU_XCOMP, &form, 8);
    }
    StackSwitch stack;

    stack_enter(&stack, env);
    int reason = enter(env, code->entry);
    stack_leave(&stack);
    return reason;
}

/* Translations stay where they are until their region is emptied: code that is
 * still running may belong to one that was released. */
static void backend_release(TcgContext *ctx, TcgCode *code)
{
}

static void backend_enter_region(TcgContext *ctx, unsigned region)
{
    code_buffer_enter(ctx->buffer, region);
    side_empty(ctx, region);
}

static void backend_clear(TcgContext *ctx)
{
    code_buffer_clear(ctx->buffer);
    for (unsigned n = code_buffer_regions(ctx->buffer); n-- > 0;) {
        side_empty(ctx, n);
    }
}

static void backend_find_features(X86State *st)
{
    unsigned a, b, c, d;

    st->has_bmi2 = __builtin_cpu_supports("bmi2");
    st->has_tzcnt = __builtin_cpu_supports("bmi");
    st->has_adx = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_ADX);
    st->has_lzcnt = __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & bit_LZCNT);
}

static bool backend_init(TcgContext *ctx, GError **errp)
{
    enum { THUNKS_MAX = 256 * 1024 };
    unsigned a, b, c, d;
    size_t room;

    if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(c & bit_LAHF_LM) ||
        !__builtin_cpu_supports("popcnt")) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "the host's processor has no LAHF or POPCNT");
    }
    uint8_t *at = code_buffer_begin(ctx->buffer, CODE_HOT, &room);
    if (room < THUNKS_MAX) {
        return emu_fail(errp, EMU_ERROR_NO_SPACE,
                        "code buffer: no room for %d bytes", THUNKS_MAX);
    }
    X86State *st = g_new0(X86State, 1);
    Asm as = { at, code_buffer_exec(ctx->buffer, at) - at };

    ctx->state = st;
    st->exec = asm_exec(&as, at);
    backend_find_features(st);
    emit_thunks(&as, ctx);
    code_buffer_end(ctx->buffer, CODE_HOT, as.p - at);
    code_buffer_keep(ctx->buffer);
    side_init(ctx);
    backend_enter_region(ctx, 0);
    return true;
}

static void backend_destroy(TcgContext *ctx)
{
    X86State *st = g_steal_pointer(&ctx->state);

    if (st) {
        g_free(st->emit.info);
        g_free(st->emit.cold);
        g_free(st->emit.fixes);
        g_free(st->emit.access);
        g_free(st->emit.share);
        g_free(st->emit.groups);
        g_free(st->emit.values);
        g_free(st->emit.side_start);
        g_free(st->emit.temps);
        g_free(st->emit.labels);
        g_free(st->region);
        g_free(st);
    }
}

const TcgBackend tcg_backend_x86_64 = {
    .name = "x86_64",
    .has_native = true,
    .can_native = tcg_x86_64_can_native,
    .init = backend_init,
    .destroy = backend_destroy,
    .clear = backend_clear,
    .enter_region = backend_enter_region,
    .compile = backend_compile,
    .release = backend_release,
    .run = backend_run,
    .link = exit_link,
    .unlink = exit_unlink,
    .print = x86_64_print,
};
