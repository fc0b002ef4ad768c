/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator as an accelerator: `-accel tcg,KEY=VALUE,...`, its life and
 * `info jit`.
 */
#include "accel/tcg/engine.h"
#include "accel/tcg/signals.h"
#include "util/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <urcu/urcu-memb.h>

enum {
    TCG_CODE_DEFAULT_MIB = 256,
    TCG_CODE_MIN_MIB = 1,
    TCG_CODE_MAX_MIB = 1024,
};

static TcgEngine *engine_from(Accel *accel)
{
    return (TcgEngine *)accel;
}

/* ---- Options
 * ------------------------------------------------------------------------- */

typedef struct TcgSwitchName {
    const char *name;
    unsigned bit;
} TcgSwitchName;

static const TcgSwitchName tcg_switches[] = {
    { "native", TCG_OFF_NATIVE },   { "chain", TCG_OFF_CHAIN },
    { "slots", TCG_OFF_SLOTS },     { "flags", TCG_OFF_FLAGS },
    { "jumps", TCG_OFF_JUMPS },     { "opt", TCG_OFF_OPT },
    { "strings", TCG_OFF_STRINGS }, { "inline", TCG_OFF_INLINE },
};

static const char *const tcg_option_names[] = {
    "native",  "chain",  "slots",   "flags",   "jumps",     "opt",
    "strings", "inline", "backend", "tb-size", "code-size", "thread",
};

static bool tcg_option_switch(TcgEngine *e, const char *key, const char *val,
                              GError **errp)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(tcg_switches); i++) {
        if (strcmp(tcg_switches[i].name, key)) {
            continue;
        }
        if (!strcmp(val, "on")) {
            e->ctx.switches &= ~tcg_switches[i].bit;
            return true;
        }
        if (!strcmp(val, "off")) {
            e->ctx.switches |= tcg_switches[i].bit;
            return true;
        }
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "accel tcg: %s is 'on' or 'off', not '%s'", key, val);
    }
    const char *near =
        emu_nearest(key, tcg_option_names, G_N_ELEMENTS(tcg_option_names));

    return emu_fail(
        errp, EMU_ERROR_NOT_FOUND, "accel tcg has no option '%s'%s%s%s", key,
        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool tcg_option(TcgEngine *e, const char *key, const char *val,
                       GError **errp)
{
    if (!strcmp(key, "backend")) {
        e->ctx.backend = tcg_backend_find(val);
        return e->ctx.backend ||
               emu_fail(errp, EMU_ERROR_NOT_FOUND,
                        "accel tcg: this host has no back end '%s'", val);
    }
    if (!strcmp(key, "tb-size") || !strcmp(key, "code-size")) {
        char *end;
        uint64_t mib = g_ascii_strtoull(val, &end, 10);

        if (*end || mib < TCG_CODE_MIN_MIB || mib > TCG_CODE_MAX_MIB) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "accel tcg: %s is 1 to 1024 MiB, not '%s'", key,
                            val);
        }
        e->code_size = mib << 20;
        return true;
    }
    if (!strcmp(key, "thread")) {
        return !strcmp(val, "single") || !strcmp(val, "multi") ||
               emu_fail(errp, EMU_ERROR_INVALID,
                        "accel tcg: thread is 'single' or 'multi', not '%s'",
                        val);
    }
    return tcg_option_switch(e, key, val, errp);
}

static bool tcg_options(TcgEngine *e, const char *options, GError **errp)
{
    g_auto(GStrv) list = g_strsplit(options ? options : "", ",", -1);

    for (char **item = list; *item; item++) {
        char *eq = strchr(*item, '=');

        if (!**item) {
            continue;
        }
        if (!eq) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "accel tcg: option '%s' has no value", *item);
        }
        *eq = 0;
        if (!tcg_option(e, *item, eq + 1, errp)) {
            return false;
        }
    }
    return true;
}

/* ---- Memory map changes
 * --------------------------------------------------------------- */

/* On the vCPU's own thread (a device's answer to a store) the tables go at
 * once: the instructions that follow rely on it. */
static void tcg_map_changed(void *opaque, const FlatView *old,
                            const FlatView *now)
{
    TcgEngine *e = opaque;
    TcgCpu *t = e->cpu;

    if (!t) {
        return;
    }
    if (t->running && pthread_equal(t->thread, pthread_self())) {
        engine_mmu_ops.flush_all(t->cpu);
        return;
    }
    x86_set_pending(t->cpu, X86_PENDING_FLUSH);
}

/* ---- Links
 * ----------------------------------------------------------------------------------
 */

/* Invariant 3: within one page, which both blocks are in wholly. */
static bool tcg_can_link(const TcgCode *from, unsigned exit, const TcgCode *to)
{
    const TcgBlock *a = (const TcgBlock *)from;
    const TcgBlock *b = (const TcgBlock *)to;

    return a->valid && b->valid && a->page[0] == b->page[0] && !b->page[1] &&
           a->key == b->key && a->cs_base == b->cs_base &&
           from->exit[exit].pc == b->pc &&
           !(((a->pc + a->cs_base) ^ (b->pc + b->cs_base)) >> PAGE_BITS);
}

static bool tcg_never_link(const TcgCode *from, unsigned exit,
                           const TcgCode *to)
{
    return false;
}

/* ---- Life
 * ------------------------------------------------------------------------------------
 */

static void tcg_destroy(Accel *accel)
{
    TcgEngine *e = engine_from(accel);

    if (!e) {
        return;
    }
    if (accel->memory) {
        space_remove_listener(accel->memory, e);
    }
    if (e->hash) {
        engine_blocks_clear(e);
        if (e->ctx.backend->destroy) {
            e->ctx.backend->destroy(&e->ctx);
        }
    }
    if (e->ctx.buffer) {
        code_buffer_free(e->ctx.buffer);
    }
    if (e->written) {
        g_array_unref(e->written);
        g_mutex_clear(&e->lock);
    }
    g_free(e);
}

static bool tcg_start(TcgEngine *e, GError **errp)
{
    TcgContext *ctx = &e->ctx;

    ctx->lookup = engine_lookup;
    ctx->fill = engine_fill;
    ctx->load = engine_load;
    ctx->store = engine_store;
    ctx->load_bytes = engine_load_bytes;
    ctx->store_bytes = engine_store_bytes;
    ctx->fpu_offset = offsetof(X86Cpu, fpu);
    ctx->fpu_mask = 7; /* x87, SSE, AVX */
    ctx->can_link =
        ctx->switches & TCG_OFF_CHAIN ? tcg_never_link : tcg_can_link;
    ctx->buffer = code_buffer_new(e->code_size, errp);
    if (!ctx->buffer || !ctx->backend->init(ctx, errp)) {
        return false;
    }
    g_mutex_init(&e->lock);
    e->written = g_array_new(FALSE, FALSE, sizeof(EngineWrite));
    engine_signals_install();
    return engine_blocks_init(e, errp);
}

static Accel *tcg_create(const char *options, AddressSpace *memory,
                         AddressSpace *io, GError **errp)
{
    TcgEngine *e = g_new0(TcgEngine, 1);

    e->parent = (Accel){ .class = &accel_tcg, .memory = memory, .io = io };
    e->code_size = (size_t)TCG_CODE_DEFAULT_MIB << 20;
    e->ctx.backend = tcg_backend_find(NULL);
    if (!tcg_options(e, options, errp) || !tcg_start(e, errp)) {
        e->parent.memory = NULL; /* no listener yet */
        tcg_destroy(&e->parent);
        return NULL;
    }
    space_add_listener(memory, &(MemoryListener){ tcg_map_changed, e });
    return &e->parent;
}

static void tcg_vcpu_clear(Accel *accel, X86Cpu *cpu)
{
    TcgCpu *t = engine_cpu(cpu);

    if (!t) {
        return;
    }
    engine_from(accel)->cpu = NULL;
    cpu->accel = NULL;
    cpu->kick = NULL;
    cpu->mmu_ops = NULL;
    cpu->tcg = NULL;
    g_free(t->tables);
    g_free(t->jumps);
    g_free(t->no_jumps);
    g_free(t);
}

static bool tcg_vcpu_init(Accel *accel, X86Cpu *cpu, GError **errp)
{
    TcgEngine *e = engine_from(accel);

    if (e->cpu) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "accel tcg runs one virtual CPU as yet");
    }
    TcgCpu *t = g_new0(TcgCpu, 1);

    t->engine = e;
    t->cpu = cpu;
    t->tables = g_new0(TcgTlbEntry, TCG_MODES * TCG_TLB_SIZE);
    t->jumps = g_new0(TcgJump, TCG_JUMP_SIZE);
    t->no_jumps = g_new0(TcgJump, TCG_JUMP_SIZE);
    cpu->accel = t;
    cpu->tcg = &e->ctx;
    cpu->kick = engine_kick;
    for (unsigned mode = 0; mode < TCG_MODES; mode++) {
        cpu->env.tlb[mode] = t->tables + mode * TCG_TLB_SIZE;
    }
    cpu->env.jumps = t->jumps;
    engine_tlb_init(t);
    cpu->mmu_ops = &engine_mmu_ops;
    e->cpu = t;
    return true;
}

/* The engine works on X86Cpu itself. */
static void tcg_state(Accel *accel, X86Cpu *cpu)
{
}

static void tcg_put_state(Accel *accel, X86Cpu *cpu)
{
    x86_update_key(cpu);
    x86_update_fp_key(cpu);
    x86_set_pending(cpu, X86_PENDING_FLUSH);
}

static void tcg_info(Accel *accel, GString *out)
{
    const TcgEngine *e = engine_from(accel);
    const EngineStats *s = &e->stats;

    g_string_append_printf(
        out,
        "back end            %s\n"
        "code buffer         %zu of %zu KiB\n"
        "blocks translated   %" PRIu64 " (%" PRIu64 " instructions, %" PRIu64
        " bytes to %" PRIu64 ")\n"
        "time translating    %" PRIu64 " ms\n"
        "blocks invalidated  %" PRIu64 ", flushes of all %" PRIu64
        ", self-modifying %" PRIu64 "\n"
        "look-ups            %" PRIu64 " (%" PRIu64 " hits), links %" PRIu64
        "\n"
        "returns to the loop %" PRIu64 "\n"
        "TLB fills           %" PRIu64 ", flushes %" PRIu64 "\n"
        "slow loads          %" PRIu64 ", slow stores %" PRIu64 "\n",
        e->ctx.backend->name, code_buffer_used(e->ctx.buffer) >> 10,
        code_buffer_size(e->ctx.buffer) >> 10, s->translated,
        s->translated_insns, s->translated_bytes, s->code_bytes,
        s->translate_ns / 1000000, s->invalidated, s->flushes, s->smc,
        s->lookups, s->lookup_hits, s->links, s->leaves, s->tlb_fills,
        s->tlb_flushes, s->slow_loads, s->slow_stores);
}

const AccelClass accel_tcg = {
    .name = "tcg",
    .summary = "the dynamic binary translator",
    .create = tcg_create,
    .destroy = tcg_destroy,
    .vcpu_init = tcg_vcpu_init,
    .vcpu_clear = tcg_vcpu_clear,
    .run = engine_run,
    .kick = engine_kick,
    .get_state = tcg_state,
    .put_state = tcg_put_state,
    .info = tcg_info,
};
