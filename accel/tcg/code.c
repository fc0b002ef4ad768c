/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where code is: executable pages, and the numbers by which the jump cache
 * tells mappings apart.
 *
 * A code mapping is what linear addresses of code mean: one for the user's code
 * of each space, one for all other code (the kernel's). It has a number, which
 * is never used again; when the mapping changes it gets a new one, and what was
 * found under the old one cannot be found any more. So jump cache and code TLB
 * are never swept.
 *
 * Light.
 */
#include "accel/tcg/engine.h"

static bool code_is_user(const X86Cpu *cpu)
{
    return cpu->env.mode == X86_MODE_USER;
}

static uint64_t code_gen(const TcgVcpu *v)
{
    return code_is_user(v->cpu) ? v->w->now->code_gen : v->w->kernel_code_gen;
}

/* ---- Which pages had code -------------------------------------------------
 */

static unsigned code_shift(uint64_t page_size)
{
    return __builtin_ctzll(page_size);
}

static void code_filter_note(TcgCodeFilter *f, uint64_t linear,
                             uint64_t page_size)
{
    filter_add(&f->page, filter_page(linear, code_shift(page_size)));
    f->large |= page_size > PAGE_SIZE;
    f->half[linear >> 63] = true;
}

static bool code_filter_has(const TcgCodeFilter *f, uint64_t addr)
{
    static const uint8_t large[] = { 21, 22, 30 };

    if (!f->half[addr >> 63]) {
        return false;
    }
    bool found = filter_has(&f->page, filter_page(addr, PAGE_BITS));
    for (unsigned i = 0; f->large && !found && i < G_N_ELEMENTS(large); i++) {
        found = filter_has(&f->page, filter_page(addr, large[i]));
    }
    return found;
}

static void code_filter_clear(TcgCodeFilter *f)
{
    filter_clear(&f->page);
    f->large = f->half[0] = f->half[1] = false;
}

static void code_note(TcgVcpu *v, uint64_t linear, const X86Translation *t)
{
    if (code_is_user(v->cpu)) {
        code_filter_note(&v->w->now->code_filter, linear, t->page_size);
        v->w->user_global |= t->global;
    } else {
        code_filter_note(&v->w->kernel_filter, linear, t->page_size);
        v->w->kernel_local |= !t->global;
    }
}

const TcgCodePage *code_page(X86Cpu *cpu, uint64_t linear)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    uint64_t tag = (linear & ~(PAGE_SIZE - 1)) | cpu->env.mode;
    TcgCodePage *p = &v->code_page[(linear >> PAGE_BITS) % CODE_TLB_SIZE];
    X86Translation t;

    if (p->tag == tag && p->gen == code_gen(v)) {
        return p;
    }
    if (!x86_mmu_translate(cpu, linear, X86_EXEC, cpu->env.mode, false, &t)) {
        return NULL;
    }
    hwaddr page = t.paddr & ~(PAGE_SIZE - 1);
    const FlatRange *r = tlb_find_range(cpu, page);
    if (!r || !r->host || !tlb_whole_page(r, page)) {
        return NULL;
    }
    code_note(v, linear, &t);
    *p = (TcgCodePage){ .tag = tag,
                        .gen = code_gen(v),
                        .host = r->host + (page - r->start),
                        .ram = r->ram,
                        .off = r->ram_off + (page - r->start),
                        .global = t.global };
    return p;
}

/* ---- Changes --------------------------------------------------------------
 */

void code_flush_space(TcgVcpu *v, TcgSpace *s)
{
    v->stats.code_flushes++;
    s->code_gen = ++v->gens;
    code_filter_clear(&s->code_filter);
}

void code_flush_kernel(TcgVcpu *v)
{
    v->stats.kernel_code_flushes++;
    v->w->kernel_code_gen = ++v->gens;
    v->w->kernel_local = false;
    code_filter_clear(&v->w->kernel_filter);
    lookup_cut_cross(v->engine, CROSS_LOCAL);
    lookup_cut_cross(v->engine, CROSS_GLOBAL);
}

/* Does the page still mean what is known of it? Then forgetting that and
 * finding it again is all that INVLPG does. A cleared accessed bit must be set
 * by the next fetch. */
static bool code_page_holds(X86Cpu *cpu, uint64_t addr, uint64_t gen)
{
    const TcgCodePage *p =
        &tcg_vcpu(cpu)->code_page[(addr >> PAGE_BITS) % CODE_TLB_SIZE];
    unsigned mode = p->tag & (PAGE_SIZE - 1);
    X86Translation t;

    if ((p->tag ^ addr) >> PAGE_BITS || p->gen != gen ||
        !x86_mmu_translate(cpu, addr & ~(PAGE_SIZE - 1), X86_EXEC, mode, true,
                           &t)) {
        return false;
    }
    const FlatRange *r = tlb_find_range(cpu, t.paddr);
    return t.accessed && t.global == p->global && t.page_size == PAGE_SIZE &&
           r && r->host && r->host + (t.paddr - r->start) == p->host;
}

static bool code_flush_user_page(TcgVcpu *v, uint64_t addr)
{
    bool changed = false;

    for (TcgSpace *s = v->w->space; s < v->w->space + TCG_SPACES; s++) {
        if ((s == v->w->now || v->w->user_global) &&
            code_filter_has(&s->code_filter, addr) &&
            (s != v->w->now || !code_page_holds(v->cpu, addr, s->code_gen))) {
            code_flush_space(v, s);
            lookup_cut_cross(v->engine, CROSS_LOCAL);
            if (v->w->user_global) {
                lookup_cut_cross(v->engine, CROSS_GLOBAL);
            }
            changed = true;
        }
    }
    return changed;
}

void code_flush_page(TcgVcpu *v, uint64_t addr)
{
    bool changed = code_flush_user_page(v, addr);

    if (code_filter_has(&v->w->kernel_filter, addr) &&
        !code_page_holds(v->cpu, addr, v->w->kernel_code_gen)) {
        code_flush_kernel(v);
        changed = true;
    }
    if (changed) {
        code_mapping_changed(v->cpu);
    }
}

/* ---- The jump cache -------------------------------------------------------
 */

void code_flush_jumps(TcgVcpu *v)
{
    for (unsigned i = 0; i < TCG_JUMP_SIZE; i++) {
        v->jumps[i].key = 0;
    }
}

void code_forget_jumps(TcgVcpu *v, const uint8_t *start, size_t size)
{
    for (unsigned i = 0; i < TCG_JUMP_SIZE; i++) {
        if ((uintptr_t)v->jumps[i].code - (uintptr_t)start < size) {
            v->jumps[i].key = 0;
        }
    }
}

static void code_forget_recent(TcgVcpu *v)
{
    for (unsigned n = 0; n < KEY_RECENT; n++) {
        v->recent[n].jump_key = 0;
    }
}

/* Numbers of keys begin again. */
static void code_restart_ids(TcgVcpu *v)
{
    v->key_next = 0;
    lookup_cut_cross(v->engine, CROSS_FAR);
    code_flush_jumps(v);
    for (unsigned i = 0; i < KEY_IDS; i++) {
        v->key_id[i] = (TcgKeyId){ 0 };
    }
    code_forget_recent(v);
}

/* Its place, or that of the one which was left longest ago: whoever loses its
 * number must find all of its code again. */
static TcgKeyId *code_find_id(TcgVcpu *v, const TcgKeyId *key)
{
    uint32_t bits = key->bits, base = key->cs_base;
    unsigned hash = bits ^ bits >> 7 ^ bits >> 17 ^ base >> 4 ^ key->gen * 11;
    TcgKeyId *set = &v->key_id[hash % KEY_IDS & -KEY_WAYS], *oldest = set;

    for (TcgKeyId *k = set; k < set + KEY_WAYS; k++) {
        if (k->bits == bits && k->cs_base == base && k->gen == key->gen) {
            return k;
        }
        oldest = k->used < oldest->used ? k : oldest;
    }
    *oldest = *key;
    return oldest;
}

/*
 * A number for each (key, CS base, mapping) in use, in bits 48..62: a canonical
 * RIP has bits 63..48 equal, so two keys made from different pairs of number
 * and RIP never meet, and none is 0. Numbers are never reused without a flush.
 */
static uint64_t code_jump_key(TcgVcpu *v, uint32_t bits, uint32_t cs_base)
{
    const TcgKeyId key = { .bits = bits,
                           .cs_base = cs_base,
                           .gen = code_gen(v) };
    TcgKeyId *k = code_find_id(v, &key);

    if (!k->id) {
        if (v->key_next == 0x7fff) {
            code_restart_ids(v);
            *k = key;
        }
        k->id = ++v->key_next;
    }
    k->used = ++v->key_changes;
    return (uint64_t)k->id << 48;
}

/* Apart, so that the usual case saves no registers. */
static __attribute__((noinline)) void
code_set_jump_key(X86Cpu *cpu, uint32_t bits, uint32_t cs_base)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    uint64_t jump_key = code_jump_key(v, bits, cs_base);

    v->recent[v->recent_next++ % KEY_RECENT] =
        (TcgKeyRecent){ bits, cs_base, jump_key };
    cpu->env.jump_key = jump_key;
}

void code_key_changed(X86Cpu *cpu)
{
    const TcgVcpu *v = tcg_vcpu(cpu);
    uint32_t bits = cpu->key.bits, cs_base = engine_cs_base(cpu);

    for (unsigned n = 0; n < KEY_RECENT; n++) {
        if (v->recent[n].bits == bits && v->recent[n].cs_base == cs_base &&
            v->recent[n].jump_key) {
            cpu->env.jump_key = v->recent[n].jump_key;
            return;
        }
    }
    code_set_jump_key(cpu, bits, cs_base);
}

void code_mapping_changed(X86Cpu *cpu)
{
    code_forget_recent(tcg_vcpu(cpu));
    code_key_changed(cpu);
}
