/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared pieces of code, made once per context: the way into translated code
 * and out of it, calls to C, the look-up of the next block.
 *
 * While the guest's x87, SSE and AVX state is in the host's registers,
 * env->backend[ENV_FPU].in_host says so; C that may touch them runs between
 * XSAVE and XRSTOR with the state that the ABI wants: empty x87 stack, the
 * caller's MXCSR.
 */
#include "tcg/x86_64/emit.h"

#define ENV_FPU_FIELD(f) (ENV_BACKEND(ENV_FPU) + (int32_t)offsetof(EmitFpu, f))

static const uint8_t thunk_callee_saved[] = { RBX, RBP, R12, R13, R14, R15 };

static void thunk_push(Asm *a, unsigned reg)
{
    asm_opcode(a, 0x50 | (reg & 7), 0, 0, reg, false);
}

static void thunk_pop(Asm *a, unsigned reg)
{
    asm_opcode(a, 0x58 | (reg & 7), 0, 0, reg, false);
}

static void thunk_ret(Asm *a)
{
    asm_u8(a, 0xc3);
}

void thunk_store_homes(Asm *a, int32_t env)
{
    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        if (emit_home[g] != NO_REG) {
            asm_store(a, asm_mem(RSP, env + ENV_OFF(r) + 8 * g), emit_home[g]);
        }
    }
}

void thunk_load_homes(Asm *a, int32_t env, uint32_t which)
{
    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        if (emit_home[g] != NO_REG && which & 1u << emit_home[g]) {
            asm_load(a, emit_home[g], asm_mem(RSP, env + ENV_OFF(r) + 8 * g));
        }
    }
}

/* ---- vector state ----------------------------------------------------- */

static void thunk_mask(Asm *a, const TcgContext *ctx)
{
    asm_movi(a, RAX, (uint32_t)ctx->fpu_mask);
    asm_movi(a, RDX, ctx->fpu_mask >> 32);
}

/* XSAVE64 is 0F AE /4 with REX.W; destroys eax, edx. With AVX-512 it is
 * XSAVEC64, 0F C7 /4, whose form is the same on all processors, and which
 * leaves MXCSR out if the whole of SSE is in its initial state (SDM 1 13.10).
 */
static void thunk_xsave(Asm *a, const TcgContext *ctx, unsigned env)
{
    bool compact = tcg_fpu_is_compact(ctx);

    thunk_mask(a, ctx);
    asm_rm(a, (compact ? 0xc7 : 0xae) | ASM_0F | ASM_W, 4,
           asm_mem(env, ctx->fpu_offset));
    if (compact) {
        asm_rm(a, 0xae | ASM_0F, 3,
               asm_mem(env, ctx->fpu_offset + TCG_FPU_MXCSR));
    }
}

/* XRSTOR64, 0F AE /5. */
static void thunk_xrstor(Asm *a, const TcgContext *ctx, unsigned env)
{
    thunk_mask(a, ctx);
    asm_rm(a, 0xae | ASM_0F | ASM_W, 5, asm_mem(env, ctx->fpu_offset));
}

static void thunk_fpu_flag(Asm *a, unsigned env, bool in_host)
{
    asm_rm(a, 0xc6, 0, asm_mem(env, ENV_FPU_FIELD(in_host)));
    asm_u8(a, in_host);
}

static void thunk_fpu_for_c(Asm *a, const TcgContext *ctx, unsigned env)
{
    asm_u8(a, 0xdb); /* fninit */
    asm_u8(a, 0xe3);
    asm_rm(a, 0xae | ASM_0F, 2, asm_mem(env, ENV_FPU_FIELD(mxcsr)));
    if (ctx->fpu_mask & 4) { /* vzeroupper */
        asm_u8(a, 0xc5);
        asm_u8(a, 0xf8);
        asm_u8(a, 0x77);
    }
}

static void thunk_fpu_save(Asm *a, const TcgContext *ctx, unsigned env)
{
    if (ctx->fpu_mask) {
        thunk_xsave(a, ctx, env);
        thunk_fpu_flag(a, env, false);
        thunk_fpu_for_c(a, ctx, env);
    }
}

static void thunk_fpu_load(Asm *a, const TcgContext *ctx, unsigned env)
{
    if (ctx->fpu_mask) {
        thunk_fpu_flag(a, env, true);
        thunk_xrstor(a, ctx, env);
    }
}

/* ---- in and out ------------------------------------------------------- */

/* rdi = env, rsi = code */
static void thunk_enter(Asm *a, TcgContext *ctx)
{
    for (unsigned n = 0; n < G_N_ELEMENTS(thunk_callee_saved); n++) {
        thunk_push(a, thunk_callee_saved[n]);
    }
    asm_store(a, asm_mem(RDI, ENV_BACKEND(ENV_HOST_SP)), RSP);
    asm_rm(a, 0xae | ASM_0F, 3, asm_mem(RDI, ENV_FPU_FIELD(mxcsr)));
    asm_rm(a, 0xd9, 7, asm_mem(RDI, ENV_FPU_FIELD(fcw)));
    asm_mov(a, RSP, RDI);
    asm_mov(a, R13, RSI);
    thunk_fpu_load(a, ctx, RSP);
    thunk_load_homes(a, 0, ~0u);
    asm_rr(a, 0xff, 4, R13); /* jmp */
}

static void thunk_leave(Asm *a, TcgContext *ctx)
{
    thunk_store_homes(a, 0);
}

/* r13d = reason. A helper that unwound may have been a heavy one. */
static void thunk_leave_stored(Asm *a, TcgContext *ctx)
{
    if (ctx->fpu_mask) {
        asm_alu_mi(a, ALU_CMP, IR_I8, asm_env(ENV_FPU_FIELD(in_host)), 0);
        uint8_t *saved = asm_jcc8(a, IR_CC_E);
        thunk_fpu_save(a, ctx, RSP);
        asm_fix8(saved, a->p);
        asm_rm(a, 0xd9, 5, asm_env(ENV_FPU_FIELD(fcw)));
    }
    asm_mov32(a, RAX, R13);
    asm_load(a, RSP, asm_env(ENV_BACKEND(ENV_HOST_SP)));
    for (unsigned n = G_N_ELEMENTS(thunk_callee_saved); n-- > 0;) {
        thunk_pop(a, thunk_callee_saved[n]);
    }
    thunk_ret(a);
}

static void thunk_go_leave(Asm *a, const X86State *st, int reason)
{
    asm_movi(a, R13, reason);
    asm_jmp_to(a, st->thunk[THUNK_LEAVE_STORED]);
}

/* The look-up was in vain: it may have recorded a fault. */
static void thunk_no_code(Asm *a)
{
    asm_mov(a, RDI, RSP);
    asm_movi(a, RSI, TCG_LEAVE_LOOKUP);
    asm_call_c(a, x86_64_go_on);
}

/* ---- calls ------------------------------------------------------------ */

static void thunk_save(Asm *a, TcgContext *ctx)
{
    thunk_store_homes(a, 8);
    asm_lea(a, RDI, asm_mem(RSP, 8));
    thunk_ret(a);
}

static void thunk_reload(Asm *a, TcgContext *ctx)
{
    thunk_load_homes(a, 8, EMIT_CALLER_SAVED);
    thunk_ret(a);
}

static void thunk_reload_all(Asm *a, TcgContext *ctx)
{
    thunk_load_homes(a, 8, ~0u);
    thunk_ret(a);
}

/* r11 = function, rdi = env, other arguments in place, homes stored. */
static void thunk_heavy(Asm *a, TcgContext *ctx)
{
    thunk_push(a, RDI);
    asm_rm(a, 0xff | ASM_W, 0, asm_mem(RDI, ENV_OFF(heavy_calls))); /* inc */
    asm_mov(a, R10, RDX);
    thunk_fpu_save(a, ctx, RDI);
    asm_mov(a, RDX, R10);
    asm_rr(a, 0xff, 2, R11); /* call */
    asm_load(a, RDI, asm_mem(RSP, 0));
    asm_mov(a, R10, RAX);
    thunk_fpu_load(a, ctx, RDI);
    asm_mov(a, RAX, R10);
    thunk_pop(a, RDI);
    thunk_ret(a);
}

/* ---- the next block --------------------------------------------------- */

/* env->pc is set, flags are in env; r13 = from or NULL, r14d = exit. */
static void thunk_lookup(Asm *a, TcgContext *ctx)
{
    X86State *st = ctx->state;

    thunk_store_homes(a, 0);
    asm_alu_mi(a, ALU_CMP, IR_I32, asm_env(ENV_OFF(exit_request)), 0);
    uint8_t *request = asm_jcc8(a, IR_CC_NE);
    asm_mov(a, RDI, RSP);
    asm_mov(a, RSI, R13);
    asm_mov32(a, RDX, R14);
    asm_call_c(a, ctx->lookup);
    asm_rr(a, asm_typed(0x84, IR_I64), RAX, RAX);
    uint8_t *none = asm_jcc8(a, IR_CC_E);
    asm_load(a, R13, asm_mem(RAX, offsetof(TcgCode, entry)));
    thunk_load_homes(a, 0, EMIT_CALLER_SAVED);
    asm_rr(a, 0xff, 4, R13);
    asm_fix8(none, a->p);
    thunk_no_code(a);
    asm_fix8(request, a->p);
    thunk_go_leave(a, st, TCG_LEAVE_REQUEST);
}

void thunk_probe(Asm *a, bool plain)
{
    asm_mov32(a, R15, R14);
    asm_shift_i(a, SHIFT_SHL, IR_I32, R15, 4);
    asm_alu_rr(a, ALU_XOR, IR_I32, R15, R14);
    asm_alu_ri(a, ALU_AND, IR_I32, R15, TCG_JUMP_OFFSETS);
    if (plain) {
        asm_alu_ri(a, ALU_XOR, IR_I32, R15,
                   TCG_JUMP_PLAIN_PLACE * sizeof(TcgJump));
    }
    asm_alu_rm(a, ALU_ADD, IR_I64, R15, asm_env(ENV_OFF(jumps)));
    asm_alu_rm(a, ALU_XOR, IR_I64, R14, asm_env(ENV_OFF(jump_key)));
    if (plain) { /* btc r14, 63 */
        asm_rr(a, 0xba | ASM_0F | ASM_W, 7, R14);
        asm_u8(a, TCG_JUMP_PLAIN_BIT);
    }
    asm_alu_rm(a, ALU_CMP, IR_I64, R14, asm_mem(R15, 0));
    uint8_t *miss = asm_jcc8(a, IR_CC_NE);
    asm_rm(a, 0xff, 4, asm_mem(R15, offsetof(TcgJump, code)));
    asm_fix8(miss, a->p);
}

static size_t thunk_exit_offset(unsigned n)
{
    return offsetof(TcgCode, exit) + n * sizeof(TcgExit);
}

/* r13: the exit */
static void thunk_lookup_from(Asm *a, TcgContext *ctx, unsigned n)
{
    X86State *st = ctx->state;

    asm_lea(a, R13, asm_mem(R13, -(int32_t)thunk_exit_offset(n)));
    asm_movi(a, R14, n);
    asm_jmp_to(a, st->thunk[THUNK_LOOKUP]);
}

static void thunk_lookup_exit(Asm *a, TcgContext *ctx, unsigned n)
{
    size_t exit = thunk_exit_offset(n);

    asm_load(a, R14, asm_mem(R13, offsetof(TcgExit, pc)));
    asm_load(
        a, R15,
        asm_mem(R13, (int32_t)offsetof(TcgCode, base_mask) - (int32_t)exit));
    asm_alu_rm(a, ALU_AND, IR_I64, R15, asm_env(ENV_OFF(pc_base)));
    asm_alu_rr(a, ALU_ADD, IR_I64, R14, R15);
    asm_store(a, asm_env(ENV_OFF(pc)), R14);
    asm_alu_mi(a, ALU_CMP, IR_I8, asm_mem(R13, offsetof(TcgExit, probe)), 0);
    uint8_t *linkable = asm_jcc8(a, IR_CC_E);
    thunk_probe(a, false);
    asm_fix8(linkable, a->p);
    thunk_lookup_from(a, ctx, n);
}

static void thunk_save_lookup_exit(Asm *a, TcgContext *ctx, unsigned n)
{
    flags_put_save(a, R15);
    thunk_lookup_exit(a, ctx, n);
}

/* After some times that env->jumps knew the way it asks to be linked (anew). */
static void thunk_far(Asm *a, TcgContext *ctx, unsigned n)
{
    asm_load(a, R14, asm_mem(R13, offsetof(TcgExit, pc)));
    asm_alu_rm(a, ALU_ADD, IR_I64, R14, asm_env(ENV_OFF(pc_base)));
    asm_store(a, asm_env(ENV_OFF(pc)), R14);
    asm_alu_mi(a, ALU_SUB, IR_I8, asm_mem(R13, offsetof(TcgExit, probe)), 1);
    uint8_t *ask = asm_jcc8(a, IR_CC_B);
    asm_mov(a, R15, R14);
    asm_alu_ri(a, ALU_AND, IR_I64, R15, -4096);
    asm_store(a, asm_env(ENV_OFF(pc_base)), R15);
    thunk_probe(a, false);
    asm_fix8(ask, a->p);
    thunk_lookup_from(a, ctx, n);
}

/* env->pc was not where indirect jumps look first. Leaves r14 alone if it is
 * not beside that either. */
static void thunk_look_around(Asm *a, const TcgContext *ctx)
{
    uint8_t *found[TCG_JUMP_WAYS];

    if (ctx->switches & TCG_OFF_JUMPS) {
        return;
    }
    asm_load(a, R13, asm_env(ENV_OFF(pc)));
    asm_mov32(a, R15, R13);
    asm_shift_i(a, SHIFT_SHL, IR_I32, R15, 4);
    asm_alu_rr(a, ALU_XOR, IR_I32, R15, R13);
    asm_alu_ri(a, ALU_AND, IR_I32, R15, TCG_JUMP_OFFSETS);
    asm_alu_rm(a, ALU_ADD, IR_I64, R15, asm_env(ENV_OFF(jumps)));
    asm_alu_rm(a, ALU_XOR, IR_I64, R13, asm_env(ENV_OFF(jump_key)));
    for (unsigned n = 1; n < TCG_JUMP_WAYS; n++) {
        unsigned step = tcg_jump_beside(n, n - 1) * sizeof(TcgJump);
        asm_alu_ri(a, ALU_XOR, IR_I64, R15, step);
        asm_alu_rm(a, ALU_CMP, IR_I64, R13, asm_mem(R15, 0));
        found[n] = asm_jcc8(a, IR_CC_E);
    }
    uint8_t *miss = asm_jmp8(a);
    for (unsigned n = 1; n < TCG_JUMP_WAYS; n++) {
        asm_fix8(found[n], a->p);
    }
    asm_load(a, R13, asm_env(ENV_OFF(pc)));
    asm_alu_ri(a, ALU_AND, IR_I64, R13, -4096);
    asm_store(a, asm_env(ENV_OFF(pc_base)), R13);
    asm_rm(a, 0xff, 4, asm_mem(R15, offsetof(TcgJump, code)));
    asm_fix8(miss, a->p);
}

static void thunk_lookup_any(Asm *a, TcgContext *ctx)
{
    X86State *st = ctx->state;

    thunk_look_around(a, ctx);
    asm_movi(a, R13, 0);
    asm_movi(a, R14, 0);
    asm_jmp_to(a, st->thunk[THUNK_LOOKUP]);
}

/* Called as a helper is: the look-up may raise, and does so whether somebody
 * asks to leave or not. */
static void thunk_branch(Asm *a, TcgContext *ctx)
{
    X86State *st = ctx->state;

    asm_alu_ri(a, ALU_ADD, IR_I64, RSP, 8);
    thunk_look_around(a, ctx);
    asm_alu_ri(a, ALU_SUB, IR_I64, RSP, 8); /* the return address is there */
    thunk_store_homes(a, 8);
    asm_lea(a, RDI, asm_mem(RSP, 8));
    asm_alu_ri(a, ALU_SUB, IR_I64, RSP, 8);
    asm_movi(a, RSI, 0);
    asm_mov32(a, RDX, R14);
    asm_call_c(a, ctx->lookup);
    asm_alu_ri(a, ALU_ADD, IR_I64, RSP, 16);
    asm_alu_mi(a, ALU_CMP, IR_I32, asm_env(ENV_OFF(exit_request)), 0);
    uint8_t *request = asm_jcc8(a, IR_CC_NE);
    asm_rr(a, asm_typed(0x84, IR_I64), RAX, RAX);
    uint8_t *none = asm_jcc8(a, IR_CC_E);
    asm_load(a, R13, asm_mem(RAX, offsetof(TcgCode, entry)));
    thunk_load_homes(a, 0, EMIT_CALLER_SAVED);
    asm_rr(a, 0xff, 4, R13);
    asm_fix8(none, a->p);
    thunk_no_code(a);
    asm_fix8(request, a->p);
    thunk_go_leave(a, st, TCG_LEAVE_REQUEST);
}

static void thunk_go(Asm *a, TcgContext *ctx)
{
    thunk_load_homes(a, 0, ~0u);
    asm_rr(a, 0xff, 4, R13); /* jmp */
}

/* The instruction is begun anew. */
static void thunk_plain(Asm *a, TcgContext *ctx)
{
    asm_store(a, asm_env(ENV_OFF(pc)), R14);
    thunk_probe(a, true);
    thunk_store_homes(a, 0);
    asm_mov(a, RDI, RSP);
    asm_movi(a, RSI, false);
    asm_call_c(a, x86_64_go_plain);
}

/* Called before a block: its first guest instruction is found by the return
 * address. */
static void thunk_leave_block(Asm *a, const X86State *st, TcgLeave reason)
{
    thunk_store_homes(a, 8);
    asm_lea(a, RDI, asm_mem(RSP, 8));
    asm_alu_ri(a, ALU_SUB, IR_I64, RSP, 8);
    asm_call_c(a, x86_64_sync_pc);
    asm_alu_ri(a, ALU_ADD, IR_I64, RSP, 16);
    thunk_go_leave(a, st, reason);
}

static void thunk_poll(Asm *a, TcgContext *ctx)
{
    thunk_leave_block(a, ctx->state, TCG_LEAVE_REQUEST);
}

static void thunk_counted(Asm *a, TcgContext *ctx)
{
    thunk_leave_block(a, ctx->state, TCG_LEAVE_COUNTED);
}

static void thunk_bounced(Asm *a, TcgContext *ctx)
{
    mem_bounced_thunk(a, ctx->state);
}

static void thunk_mem_slow(Asm *a, TcgContext *ctx)
{
    mem_slow_thunk(a, ctx->state);
}

/* ---- all of them ------------------------------------------------------ */

const char *const emit_thunk_names[THUNK_WIDE] = {
    [THUNK_ENTER] = "enter",
    [THUNK_LEAVE] = "leave",
    [THUNK_LEAVE_STORED] = "leave2",
    [THUNK_SAVE] = "save",
    [THUNK_RELOAD] = "reload",
    [THUNK_RELOAD_ALL] = "reload_all",
    [THUNK_HEAVY] = "heavy",
    [THUNK_LOOKUP] = "lookup",
    [THUNK_LOOKUP_ANY] = "lookup_any",
    [THUNK_BRANCH] = "branch",
    [THUNK_GO] = "go",
    [THUNK_PLAIN] = "plain",
    [THUNK_LOOKUP0] = "lookup0",
    [THUNK_LOOKUP1] = "lookup1",
    [THUNK_LOOKUP2] = "lookup2",
    [THUNK_SAVE_LOOKUP0] = "save_lookup0",
    [THUNK_SAVE_LOOKUP1] = "save_lookup1",
    [THUNK_SAVE_LOOKUP2] = "save_lookup2",
    [THUNK_FAR0] = "far0",
    [THUNK_FAR1] = "far1",
    [THUNK_FAR2] = "far2",
    [THUNK_POLL] = "poll",
    [THUNK_COUNTED] = "counted",
    [THUNK_BOUNCED] = "bounced",
    [THUNK_MEM_SLOW] = "mem_slow",
    [THUNK_COPY] = "copy1",
    "copy2",
    "copy4",
    "copy8",
    [THUNK_FILL] = "fill1",
    "fill2",
    "fill4",
    "fill8",
};

typedef struct ThunkRow {
    EmitThunk thunk;
    void (*emit)(Asm *a, TcgContext *ctx);
} ThunkRow;

/* In this order: one calls only those above it. THUNK_LEAVE runs on into the
 * one below. */
static const ThunkRow thunk_rows[] = {
    { THUNK_LEAVE, thunk_leave },
    { THUNK_LEAVE_STORED, thunk_leave_stored },
    { THUNK_ENTER, thunk_enter },
    { THUNK_SAVE, thunk_save },
    { THUNK_RELOAD, thunk_reload },
    { THUNK_RELOAD_ALL, thunk_reload_all },
    { THUNK_HEAVY, thunk_heavy },
    { THUNK_LOOKUP, thunk_lookup },
    { THUNK_LOOKUP_ANY, thunk_lookup_any },
    { THUNK_BRANCH, thunk_branch },
    { THUNK_GO, thunk_go },
    { THUNK_PLAIN, thunk_plain },
    { THUNK_POLL, thunk_poll },
    { THUNK_COUNTED, thunk_counted },
    { THUNK_BOUNCED, thunk_bounced },
    { THUNK_MEM_SLOW, thunk_mem_slow },
};

/* One for each of a block's exits, which are numbered from the first one. */
static const struct {
    EmitThunk first;
    void (*emit)(Asm *a, TcgContext *ctx, unsigned exit);
} thunk_exit_rows[] = {
    { THUNK_LOOKUP0, thunk_lookup_exit },
    { THUNK_SAVE_LOOKUP0, thunk_save_lookup_exit },
    { THUNK_FAR0, thunk_far },
};

static void thunk_begin(Asm *a, X86State *st, EmitThunk t)
{
    if (t != THUNK_LEAVE_STORED) {
        asm_pad(a, 16, 0);
    }
    st->thunk[t] = asm_exec(a, a->p);
}

void emit_thunks(Asm *a, TcgContext *ctx)
{
    X86State *st = ctx->state;

    string_thunks(a, st);
    for (unsigned n = 0; n < G_N_ELEMENTS(thunk_rows); n++) {
        thunk_begin(a, st, thunk_rows[n].thunk);
        thunk_rows[n].emit(a, ctx);
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(thunk_exit_rows) * IR_EXITS; n++) {
        unsigned row = n / IR_EXITS, exit = n % IR_EXITS;

        thunk_begin(a, st, thunk_exit_rows[row].first + exit);
        thunk_exit_rows[row].emit(a, ctx, exit);
    }
    mem_thunks(a, ctx);
    st->thunks_end = asm_exec(a, a->p);
}
