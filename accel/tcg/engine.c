/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The translator's class: options, creation of engine and vCPUs, statistics. */
#include "accel/tcg/engine.h"
#include "accel/tcg/tcg.h"
#include "target/x86/model.h"
#include "util/error.h"
#include "util/keyval.h"

#include <inttypes.h>
#include <string.h>

#define ENGINE_BUFFER_DEFAULT (UINT64_C(256) << 20)
#define ENGINE_BUFFER_MIN (UINT64_C(1) << 20)
#define ENGINE_BUFFER_MAX (UINT64_C(1) << 30) /* rel32 reaches it all */

static const KeyValKey engine_keys[] = {
    { "backend", "NAME", "x86_64 (the host's own) or interp" },
    { "tb-size", "MIB", "size of the code buffer" },
    { "code-size", "SIZE", "the same, with suffix" },
    { "insns", "N", "most guest instructions in a block" },
    { "count", "on|off", "count instructions exactly" },
    { "exact", "on|off", "all flags exact, undefined ones clear (lock-step)" },
    { "verify", "on|off", "check the IR after each pass" },
    { "perfmap", "on|off", "name translations for perf: /tmp/perf-PID.map" },
    { "thread", "single|multi", "accepted for compatibility" },
    { "native", "on|off", "guest instructions as themselves" },
    { "chain", "on|off", "links from block to block" },
    { "slots", "on|off", "one-entry caches of pages" },
    { "flags", "on|off", "leave out flags that nobody reads" },
    { "jumps", "on|off", "inline look-up of indirect jumps" },
    { "opt", "on|off", "optimisation of the IR" },
    { "strings", "on|off", "block operations for string instructions" },
    { "inline", "on|off", "system instructions without helper" },
    { "table", "on|off", "inline look-up of pages" },
    { "unlock", "on|off", "no LOCK while there is one processor" },
    { "share", "on|off", "users' code translated once for all processes" },
    { "watch", "on|off", "stores near code without leaving" },
    { "group", "on|off", "one check for accesses off one base" },
    { "deliver", "on|off", "exceptions without leaving translations" },
    { "aside", "on|off", "blocks that go on behind a conditional jump" },
    { "adapt", "on|off", "the kind of a check by its counted misses" },
    { "stride", "on|off", "loops check what moves once for many turns" },
    { "patch", "on|off", "operands that keep changing are loaded" },
    {},
};

static const struct {
    const char *key;
    TcgSwitch bit;
} engine_switches[] = {
    { "native", TCG_OFF_NATIVE },   { "chain", TCG_OFF_CHAIN },
    { "slots", TCG_OFF_SLOTS },     { "flags", TCG_OFF_FLAGS },
    { "jumps", TCG_OFF_JUMPS },     { "opt", TCG_OFF_OPT },
    { "strings", TCG_OFF_STRINGS }, { "inline", TCG_OFF_INLINE },
    { "share", TCG_OFF_SHARE },     { "table", TCG_OFF_TABLE },
    { "unlock", TCG_OFF_UNLOCK },   { "watch", TCG_OFF_WATCH },
    { "group", TCG_OFF_GROUP },     { "deliver", TCG_OFF_DELIVER },
    { "aside", TCG_OFF_ASIDE },     { "adapt", TCG_OFF_ADAPT },
    { "stride", TCG_OFF_STRIDE },   { "patch", TCG_OFF_PATCH },
};

/* ---- Options --------------------------------------------------------------
 */

static bool engine_parse_switches(TcgEngine *e, const KeyVal *kv, GError **errp)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(engine_switches); i++) {
        bool on = true;
        if (!keyval_get_bool(kv, engine_switches[i].key, &on, errp)) {
            return false;
        }
        e->ctx.switches |= on ? 0 : engine_switches[i].bit;
    }
    return true;
}

static bool engine_parse_sizes(TcgEngine *e, const KeyVal *kv, GError **errp)
{
    uint64_t insns = BLOCK_INSNS_MAX;

    e->buffer_size = ENGINE_BUFFER_DEFAULT;
    if (!keyval_get_size(kv, "tb-size", 1 << 20, &e->buffer_size, errp) ||
        !keyval_get_size(kv, "code-size", 1, &e->buffer_size, errp) ||
        !keyval_get_uint(kv, "insns", BLOCK_INSNS_MAX, &insns, errp)) {
        return false;
    }
    if (e->buffer_size < ENGINE_BUFFER_MIN ||
        e->buffer_size > ENGINE_BUFFER_MAX) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "tcg: the code buffer has 1 MiB to 1 GiB");
    }
    if (insns == 0) {
        return emu_fail(errp, EMU_ERROR_INVALID, "tcg: insns must not be 0");
    }
    e->insns_max = insns;
    return true;
}

static bool engine_parse_backend(TcgEngine *e, const KeyVal *kv, GError **errp)
{
    static const char *const names[] = { "x86_64", "interp" };
    const char *name = keyval_get(kv, "backend");

    e->ctx.backend = tcg_backend_find(name);
    if (e->ctx.backend) {
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                            "tcg: back end %s does not run on this host", name);
        }
    }
    return keyval_fail_unknown(errp, "tcg back end", name, names,
                               G_N_ELEMENTS(names));
}

static bool engine_parse(TcgEngine *e, const char *options, GError **errp)
{
    g_autoptr(KeyVal) kv = keyval_parse(options ? options : "", NULL, errp);

    return kv && keyval_check(kv, "accelerator tcg", engine_keys, errp) &&
           engine_parse_backend(e, kv, errp) &&
           engine_parse_switches(e, kv, errp) &&
           engine_parse_sizes(e, kv, errp) &&
           keyval_get_bool(kv, "count", &e->count_insns, errp) &&
           keyval_get_bool(kv, "exact", &e->exact_flags, errp) &&
           keyval_get_bool(kv, "perfmap", &e->perfmap, errp) &&
           keyval_get_bool(kv, "verify", &e->verify, errp);
}

static void engine_help(GString *out)
{
    keyval_print_keys(engine_keys, out);
}

/* ---- A vCPU's tables ------------------------------------------------------
 */

static bool engine_mode_is_shared(unsigned mode)
{
    return mode == X86_MODE_KERNEL || mode == X86_MODE_PHYS;
}

static void engine_new_world(TcgWorld *w)
{
    w->now = &w->space[0];
    for (unsigned m = 0; m < TCG_MODES; m++) {
        bool shared = engine_mode_is_shared(m);
        for (unsigned s = 0; s < (shared ? 1 : TCG_SPACES); s++) {
            TcgTlb *tlb = g_new0(TcgTlb, 1);
            if (!shared) {
                w->space[s].tlb[m] = tlb;
            }
            w->tlb[m] = s ? w->tlb[m] : tlb;
        }
    }
}

/* The pages of a space that is never entered are never touched. */
static void engine_new_tlbs(TcgVcpu *v)
{
    for (unsigned i = 0; i < WORLDS; i++) {
        engine_new_world(&v->world[i]);
        v->world[i].stale = true;
    }
    v->w = &v->world[WORLD_HOST];
}

static void engine_free_world(TcgWorld *w)
{
    for (unsigned m = 0; m < TCG_MODES; m++) {
        if (engine_mode_is_shared(m)) {
            g_free(w->tlb[m]);
        }
        for (unsigned s = 0; s < TCG_SPACES; s++) {
            g_free(w->space[s].tlb[m]);
        }
    }
}

static TcgVcpu *engine_new_vcpu(TcgEngine *e)
{
    TcgVcpu *v = g_new0(TcgVcpu, 1);

    v->engine = e;
    v->jumps = tcg_jumps_new();
    engine_new_tlbs(v);
    return v;
}

static void engine_free_vcpu(TcgVcpu *v)
{
    if (!v) {
        return;
    }
    for (unsigned i = 0; i < WORLDS; i++) {
        engine_free_world(&v->world[i]);
    }
    tcg_jumps_free(v->jumps);
    g_free(v);
}

/* ---- The engine -----------------------------------------------------------
 */

/* The memory map changed: what TLBs say about it is wrong. The CPU that did it
 * itself, by a device access, must not see the old map any more. */
static void engine_memory_changed(void *opaque, const FlatView *old,
                                  const FlatView *now)
{
    TcgVcpu *v = opaque;

    if (v->in_code && pthread_equal(v->thread, pthread_self())) {
        tlb_flush_all(v->cpu);
    }
    x86_set_pending(v->cpu, X86_PENDING_FLUSH);
}

static void engine_destroy(Accel *accel)
{
    TcgEngine *e = (TcgEngine *)accel;
    TcgContext *ctx = &e->ctx;

    if (e->regions.count) {
        regions_empty_all(e);
    }
    for (unsigned i = 0; i < e->rams->len; i++) {
        RamBlock *ram = e->rams->pdata[i];
        ram->code_written = NULL;
    }
    if (ctx->backend && ctx->backend->destroy) {
        ctx->backend->destroy(ctx);
    }
    if (ctx->buffer) {
        code_buffer_free(ctx->buffer);
    }
    ir_clear(&e->ir);
    while (e->page_spare) {
        TcgPage *p = e->page_spare;
        e->page_spare = p->hash_next;
        g_free(p->part);
        g_free(p);
    }
    g_ptr_array_free(e->rams, TRUE);
    g_ptr_array_free(e->vcpus, TRUE);
    engine_free_vcpu(e->spare);
    g_mutex_clear(&e->translating);
    g_mutex_clear(&e->hold_lock);
    g_cond_clear(&e->hold_news);
    if (e->perf_map) {
        fclose(e->perf_map);
    }
    regions_clear(e);
    table_free(&e->table);
    pool_clear(&e->pool);
    g_free(e->page_hash);
    for (unsigned i = 0; i < CROSS_LISTS; i++) {
        g_free(e->cross[i].links);
    }
    tcg_jumps_free(e->no_jumps);
    g_free(e);
}

static void engine_init_context(TcgEngine *e)
{
    TcgContext *ctx = &e->ctx;

    ctx->lookup = lookup_next;
    ctx->can_link = lookup_can_link;
    ctx->lookup_plain = lookup_plain;
    ctx->deliver = lookup_deliver;
    ctx->fill = tlb_fill;
    ctx->touch = tlb_touch;
    ctx->load = memory_load;
    ctx->store = memory_store;
    ctx->load_bytes = memory_load_bytes;
    ctx->store_bytes = memory_store_bytes;
    ctx->watched = page_watched;
    ctx->store_watched = page_store;
    ctx->check_watched = page_check_rmw;
    ctx->alone = access_alone;
    ctx->fpu_offset = offsetof(X86Cpu, fpu);
    ctx->fpu_mask = host_fpu_mask();
}

static bool engine_init_backend(TcgEngine *e, GError **errp)
{
    TcgContext *ctx = &e->ctx;
    unsigned needs = TCG_OFF_ADAPT | TCG_OFF_SLOTS | TCG_OFF_TABLE;

    ctx->missed = ctx->switches & needs ? NULL : adapt_missed;

    if (ctx->backend->has_native) {
        ctx->buffer = code_buffer_new(e->buffer_size, errp);
        if (!ctx->buffer) {
            return false;
        }
        host_signals_install();
    }
    if (!ctx->backend->init(ctx, errp)) {
        return false;
    }
    regions_init(e);
    return true;
}

static TcgEngine *engine_new(AddressSpace *memory, AddressSpace *io)
{
    TcgEngine *e = g_new0(TcgEngine, 1);

    e->parent = (Accel){ &accel_tcg, memory, io };
    g_mutex_init(&e->translating);
    g_mutex_init(&e->hold_lock);
    g_cond_init(&e->hold_news);
    ir_init(&e->ir);
    e->rams = g_ptr_array_new();
    e->vcpus = g_ptr_array_new();
    e->page_hash = g_new0(TcgPage *, 1u << PAGE_HASH_BITS);
    table_init(&e->table, &e->pool);
    e->no_jumps = tcg_jumps_new();
    engine_init_context(e);
    return e;
}

static Accel *engine_create(const char *options, AddressSpace *memory,
                            AddressSpace *io, GError **errp)
{
    TcgEngine *e = engine_new(memory, io);

    if (!engine_parse(e, options, errp) || !engine_init_backend(e, errp)) {
        engine_destroy(&e->parent);
        return NULL;
    }
    return &e->parent;
}

/* ---- Models ---------------------------------------------------------------
 */

static bool engine_adapt_model(Accel *accel, X86Model *m, GError **errp)
{
    if (m->host) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "CPU model 'host' needs KVM; 'max' is everything the "
                        "translator has");
    }
    return true;
}

static bool engine_accepts_model(Accel *accel, const X86Model *m, GError **errp)
{
    uint32_t can[WORD_COUNT];

    x86_model_implemented(can);
    const char *lacks = x86_model_lacks(m->word, can);

    if (lacks) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "the guest's processor has '%s', which the translator "
                        "cannot do",
                        lacks);
    }
    return true;
}

/* ---- Virtual CPUs ---------------------------------------------------------
 */

/* The tables stay for the next one: single steps come and go by thousands. What
 * is in them is of no use any more once that one has flushed. */
static void engine_vcpu_clear(Accel *accel, X86Cpu *cpu)
{
    TcgEngine *e = (TcgEngine *)accel;
    TcgVcpu *v = tcg_vcpu(cpu);

    if (!v) {
        return;
    }
    space_remove_listener(cpu->memory, v);
    g_ptr_array_remove(e->vcpus, v);
    if (!e->vcpus->len) {
        x86_tsc_forget(cpu);
    }
    cpu->accel = NULL;
    cpu->mmu_ops = NULL;
    cpu->tcg = NULL;
    cpu->env.jumps = NULL;
    memset(cpu->env.tlb, 0, sizeof(cpu->env.tlb));
    engine_free_vcpu(e->spare);
    e->spare = v;
}

/* With a second processor, code that was made for one is wrong. The one does
 * not run now. */
static void engine_set_lone(TcgEngine *e)
{
    bool was = e->ctx.lone;

    e->ctx.lone = !engine_smp(e);
    if (was && !e->ctx.lone && e->table.blocks) {
        block_flush_all(e);
    }
}

static bool engine_vcpu_init(Accel *accel, X86Cpu *cpu, GError **errp)
{
    TcgEngine *e = (TcgEngine *)accel;
    TcgVcpu *v = e->spare ? e->spare : engine_new_vcpu(e);

    e->spare = NULL;
    v->cpu = cpu;
    v->steal_due_us = 0;
    v->stats = (TcgStats){ 0 };
    v->alone_next = v->no_chain = v->one_insn = v->plain = false;
    v->once_pc = UINT64_MAX;
    cpu->env.insn_limit = UINT64_MAX;
    cpu->env.jumps = v->jumps;
    cpu->accel = v;
    cpu->tcg = &e->ctx;
    cpu->mmu_ops = &tlb_mmu_ops;
    adapt_init(v);
    tlb_flush_all(cpu);
    x86_update_key(cpu);
    g_ptr_array_add(e->vcpus, v);
    engine_set_lone(e);
    for (unsigned i = 0; engine_smp(e) && i < e->vcpus->len; i++) {
        ((TcgVcpu *)e->vcpus->pdata[i])->cpu->yields = true;
    }
    space_add_listener(cpu->memory,
                       &(MemoryListener){ engine_memory_changed, v });
    return true;
}

/* The state is always in X86Cpu between blocks. Somebody may have changed it:
 * derived things are made again. */
static bool engine_get_state(Accel *accel, X86Cpu *cpu, GError **errp)
{
    return true;
}

static void engine_put_state(Accel *accel, X86Cpu *cpu)
{
    x86_update_fp_key(cpu);
    x86_update_key(cpu);
    x86_set_pending(cpu, X86_PENDING_FLUSH);
}

/* ---- info jit -------------------------------------------------------------
 */

/* The engine's and every vCPU's; of those that run, about. */
static TcgStats engine_sum_stats(const TcgEngine *e)
{
    TcgStats sum = e->stats;
    uint64_t *to = (uint64_t *)&sum;

    for (unsigned i = 0; i < e->vcpus->len; i++) {
        const TcgVcpu *v = e->vcpus->pdata[i];
        const uint64_t *from = (const uint64_t *)&v->stats;
        for (unsigned k = 0; k < sizeof(sum) / sizeof(*to); k++) {
            to[k] += __atomic_load_n(&from[k], __ATOMIC_RELAXED);
        }
    }
    return sum;
}

/* Helpers that saved the vector state. */
static uint64_t engine_heavy_calls(const TcgEngine *e)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < e->vcpus->len; i++) {
        const TcgVcpu *v = e->vcpus->pdata[i];
        sum += __atomic_load_n(&v->cpu->env.heavy_calls, __ATOMIC_RELAXED);
    }
    return sum;
}

static void engine_info(Accel *accel, GString *out)
{
    const TcgEngine *e = (const TcgEngine *)accel;
    const TcgStats sum = engine_sum_stats(e), *s = &sum;
    uint64_t blocks = MAX(s->translated, 1);

    g_string_append_printf(out, "back end           %s\n",
                           e->ctx.backend->name);
    g_string_append_printf(out, "blocks             %u\n", e->table.blocks);
    g_string_append_printf(
        out, "host code          %" PRIu64 " of %" PRIu64 " KiB\n",
        e->ctx.buffer ? (uint64_t)code_buffer_used(e->ctx.buffer) >> 10
                      : regions_code_bytes(&e->regions) >> 10,
        e->buffer_size >> 10);
    g_string_append_printf(out, "regions            %u of %u\n",
                           e->regions.ring, e->regions.count);
    const struct {
        const char *name;
        uint64_t n;
    } rows[] = {
        { "translated", s->translated },
        { "  instructions", s->translated_insns },
        { "  guest bytes", s->translated_bytes },
        { "  operands loaded", s->patched },
        { "  insns per block", s->translated_insns / blocks },
        { "  host bytes in line", s->translated_code },
        { "  milliseconds", s->translating_ns / 1000000 },
        { "  ns per insn", s->translating_ns / MAX(s->translated_insns, 1) },
        { "dropped", s->invalidated },
        { "regions emptied", s->evictions },
        { "  blocks evicted", s->evicted },
        { "  made again", s->translated_again },
        { "buffer flushes", s->buffer_flushes },
        { "pages opened", s->pages_opened },
        { "entries", s->entries },
        { "look-ups", s->lookups },
        { "  misses", s->misses },
        { "  % found",
          s->lookups
              ? 100 * (s->lookups - MIN(s->misses, s->lookups)) / s->lookups
              : 0 },
        { "links", s->links },
        { "TLB fills", s->tlb_fills },
        { "TLB flushes", s->tlb_flushes },
        { "  of one page", s->tlb_page_flushes },
        { "  of code", s->code_flushes },
        { "  of kernel code", s->kernel_code_flushes },
        { "space switches", s->space_switches },
        { "heavy helper calls", engine_heavy_calls(e) },
        { "slow loads", s->slow_loads },
        { "slow stores", s->slow_stores },
        { "groups given up", s->plain },
        { "trials of checks", s->trials },
        { "  ended", s->choices },
        { "  table is better", s->sites_table },
        { "  by a miss", s->misses_seen },
        { "stores to code", s->code_stores },
        { "self-modified", s->smc_exits },
        { "holds", s->holds },
        { "run alone", s->alone },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_string_append_printf(out, "%-18s %" PRIu64 "\n", rows[i].name,
                               rows[i].n);
    }
}

const AccelClass accel_tcg = {
    .name = "tcg",
    .summary = "dynamic binary translation, on every host",
    .has_smm = true,
    .create = engine_create,
    .destroy = engine_destroy,
    .help = engine_help,
    .adapt_model = engine_adapt_model,
    .accepts_model = engine_accepts_model,
    .vcpu_init = engine_vcpu_init,
    .vcpu_clear = engine_vcpu_clear,
    .run = tcg_run,
    .kick = tcg_kick,
    .get_state = engine_get_state,
    .put_state = engine_put_state,
    .info = engine_info,
};
