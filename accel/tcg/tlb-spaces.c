/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The software TLB's tables: which one is used when, and flushing.
 *
 * Address spaces have tables of their own, found by PCID, for what users see;
 * the kernel's own is shared, as nearly all of it is global. So a change of
 * space flushes nothing that the guest does not ask for, but what is not global
 * in the shared table.
 *
 * An SVM guest's translations are another world, with all of this of its own;
 * that of the guest that ran last is kept while its host runs.
 *
 * Light.
 */
#include "accel/tcg/engine.h"
#include "accel/tcg/tlb.h"

/* ---- Spaces ---------------------------------------------------------------
 */

static const uint8_t tlb_space_modes[] = { X86_MODE_USER,
                                           X86_MODE_KERNEL_USER };

static void tlb_clear_space_slots(TcgVcpu *v)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
        tlb_clear_slots(v, tlb_space_modes[i]);
    }
}

static void tlb_flush_one_space(TcgVcpu *v, TcgSpace *s, bool keep_global)
{
    v->stats.tlb_flushes++;
    for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
        TcgTlb *tlb = s->tlb[tlb_space_modes[i]];
        if (keep_global) {
            tlb_sweep_local(tlb);
        } else {
            tlb_sweep_all(tlb);
        }
    }
    code_flush_space(v, s);
}

/* The space of a PCID, or NULL. */
static TcgSpace *tlb_find_space(TcgVcpu *v, unsigned pcid)
{
    for (TcgSpace *s = v->w->space; s < v->w->space + TCG_SPACES; s++) {
        if (s->used && s->pcid == pcid) {
            return s;
        }
    }
    return NULL;
}

/* The one that was left longest ago is given up. */
static TcgSpace *tlb_new_space(TcgVcpu *v, unsigned pcid)
{
    TcgSpace *oldest = v->w->space;

    for (TcgSpace *s = v->w->space; s < v->w->space + TCG_SPACES; s++) {
        if (!s->used || (oldest->used && s->age < oldest->age)) {
            oldest = s;
        }
    }
    tlb_flush_one_space(v, oldest, false);
    oldest->used = true;
    oldest->pcid = pcid;
    return oldest;
}

static void tlb_enter_space(TcgVcpu *v, TcgSpace *s)
{
    v->w->now = s;
    s->age = ++v->ages;
    for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
        unsigned mode = tlb_space_modes[i];
        tlb_prepare(s->tlb[mode]);
        v->w->tlb[mode] = s->tlb[mode];
        v->cpu->env.tlb[mode] = s->tlb[mode]->entry;
    }
    tlb_clear_space_slots(v);
}

/* What the kernel's own table and code hold of the space that is left. */
static void tlb_leave_space(TcgVcpu *v)
{
    if (tlb_sweep_local(v->w->tlb[X86_MODE_KERNEL])) {
        tlb_clear_slots(v, X86_MODE_KERNEL);
    }
    if (v->w->kernel_local) {
        code_flush_kernel(v);
    }
    lookup_cut_cross(v->engine, CROSS_LOCAL);
}

static void tlb_switch_space(X86Cpu *cpu, bool keep)
{
    TcgVcpu *v = tcg_vcpu(cpu);
    unsigned pcid = x86_pcid(cpu);
    TcgSpace *s = tlb_find_space(v, pcid);

    v->stats.space_switches++;
    tlb_leave_space(v);
    if (!s) {
        s = tlb_new_space(v, pcid);
    } else if (!keep) {
        tlb_flush_one_space(v, s, cpu->cr4 & CR4_PGE);
    }
    tlb_enter_space(v, s);
    code_mapping_changed(cpu);
}

static void tlb_flush_space(X86Cpu *cpu, int pcid)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    for (TcgSpace *s = v->w->space; s < v->w->space + TCG_SPACES; s++) {
        if (s->used && (pcid < 0 || s->pcid == pcid)) {
            tlb_flush_one_space(v, s, true);
        }
    }
    tlb_leave_space(v);
    tlb_clear_space_slots(v);
    code_mapping_changed(cpu);
}

/* ---- Flushing -------------------------------------------------------------
 */

/* Only the present space stays. */
static void tlb_flush_world(X86Cpu *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    v->w->stale = false;
    for (TcgSpace *s = v->w->space; s < v->w->space + TCG_SPACES; s++) {
        if (s->used || s == v->w->now) {
            tlb_flush_one_space(v, s, false);
            s->used = false;
        }
    }
    v->w->now->used = true;
    v->w->now->pcid = x86_pcid(cpu);
    tlb_enter_space(v, v->w->now);
    for (unsigned mode = 0; mode < TCG_MODES; mode++) {
        tlb_prepare(v->w->tlb[mode]);
        tlb_sweep_all(v->w->tlb[mode]);
        tlb_clear_slots(v, mode);
        cpu->env.tlb[mode] = v->w->tlb[mode]->entry;
    }
    code_flush_kernel(v);
    v->w->user_global = false;
    code_mapping_changed(cpu);
}

/* Also where PCIDs begin or cease to be. */
void tlb_flush_all(X86Cpu *cpu)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    v->w = &v->world[cpu->svm.guest ? WORLD_GUEST : WORLD_HOST];
    for (TcgWorld *w = v->world; w < v->world + WORLDS; w++) {
        w->stale = true;
    }
    tlb_flush_world(cpu);
}

/* The same space of that world goes on, but that links between pages hold for
 * the key they were made with, which differs. */
static void tlb_switch_world(X86Cpu *cpu, bool flush)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    v->w = &v->world[cpu->svm.guest ? WORLD_GUEST : WORLD_HOST];
    if (flush || v->w->stale) {
        tlb_flush_world(cpu);
        return;
    }
    for (unsigned mode = 0; mode < TCG_MODES; mode++) {
        cpu->env.tlb[mode] = v->w->tlb[mode]->entry;
        tlb_clear_slots(v, mode);
    }
    code_mapping_changed(cpu);
}

/* Physical addresses (X86_MODE_PHYS) have no translation to forget. */
static void tlb_flush_page(X86Cpu *cpu, vaddr addr)
{
    TcgVcpu *v = tcg_vcpu(cpu);

    v->stats.tlb_page_flushes++;
    tlb_sweep_page(v, X86_MODE_KERNEL, addr);
    for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
        tlb_sweep_page(v, tlb_space_modes[i], addr);
    }
    for (TcgSpace *s = v->w->space; s < v->w->space + TCG_SPACES; s++) {
        for (unsigned i = 0;
             s->used && s != v->w->now && i < G_N_ELEMENTS(tlb_space_modes);
             i++) {
            tlb_sweep_global_page(s->tlb[tlb_space_modes[i]], addr);
        }
    }
    code_flush_page(v, addr);
}

static void tlb_note_open_in(TcgVcpu *v, const TcgTlb *tlb, const uint8_t *but)
{
    for (unsigned i = 0; i < tlb->filled; i++) {
        const TcgTlbEntry *e = &tlb->entry[tlb->log[i]];
        const uint8_t *host = tcg_tlb_host(e, e->write);
        if (!tcg_tlb_is_none(e->write) && host != but) {
            tlb_note_open(v, host);
        }
    }
}

static void tlb_note_open_in_world(TcgVcpu *v, const TcgWorld *w,
                                   const uint8_t *but)
{
    tlb_note_open_in(v, w->tlb[X86_MODE_KERNEL], but);
    tlb_note_open_in(v, w->tlb[X86_MODE_PHYS], but);
    for (const TcgSpace *s = w->space; s < w->space + TCG_SPACES; s++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
            tlb_note_open_in(v, s->tlb[tlb_space_modes[i]], but);
        }
    }
}

/* Now and then, make the filter tight again. Slots may have pages that no table
 * has any more. */
static void tlb_note_all_open(TcgVcpu *v, const uint8_t *but)
{
    tcg_slots_clear(&v->cpu->env, -1);
    for (unsigned i = 0; i < G_N_ELEMENTS(v->opened); i++) {
        v->opened[i] = 0;
    }
    for (unsigned i = 0; i < WORLDS; i++) {
        tlb_note_open_in_world(v, &v->world[i], but);
    }
}

static void tlb_close_in_world(const TcgWorld *w, const uint8_t *host)
{
    tlb_close(w->tlb[X86_MODE_KERNEL], host);
    tlb_close(w->tlb[X86_MODE_PHYS], host);
    for (const TcgSpace *s = w->space; s < w->space + TCG_SPACES; s++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(tlb_space_modes); i++) {
            tlb_close(s->tlb[tlb_space_modes[i]], host);
        }
    }
}

void tlb_protect(TcgVcpu *v, const uint8_t *host)
{
    if (engine_smp(v->engine) && v->protects++ % 64 == 0) {
        tlb_note_all_open(v, host);
    }
    for (unsigned i = 0; i < WORLDS; i++) {
        tlb_close_in_world(&v->world[i], host);
    }
    tcg_slots_drop_host(&v->cpu->env, host);
}

const X86MmuOps tlb_mmu_ops = {
    .flush_all = tlb_flush_all,
    .switch_space = tlb_switch_space,
    .flush_space = tlb_flush_space,
    .flush_page = tlb_flush_page,
    .switch_world = tlb_switch_world,
    .key_changed = code_key_changed,
};
