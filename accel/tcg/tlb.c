/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The soft TLB: tables behind the slots, the instruction TLB, the jump cache,
 * and what empties them. Everything here is light: it runs with the guest's
 * vector state in the host's registers, calls no library, and is compiled so.
 *
 * Emptying is proportional to what was filled: a journal lists the table's
 * entries made since the last flush, and a CR3 write keeps the global ones. The
 * jump cache is emptied by giving every key a new number (EngineId); a page's
 * flush does that only if code was run from such a page since.
 */
#define URCU_API_MAP
#define _LGPL_SOURCE
#include <urcu/urcu-memb.h>

#include "accel/tcg/engine.h"

enum { JOURNAL_GLOBAL = 1 << 30 };

/* ---- Small things
 * --------------------------------------------------------------- */

static void bloom_add(TcgCpu *t, vaddr page)
{
    unsigned h = (page >> PAGE_BITS) * 0x9e3779b1u >> 16;

    t->bloom[h / 64 % ENGINE_BLOOM_WORDS] |= UINT64_C(1) << h % 64;
}

static bool bloom_has(const TcgCpu *t, vaddr page)
{
    unsigned h = (page >> PAGE_BITS) * 0x9e3779b1u >> 16;

    return t->bloom[h / 64 % ENGINE_BLOOM_WORDS] >> h % 64 & 1;
}

static TcgTlbEntry *tlb_entry(TcgCpu *t, unsigned mode, vaddr addr)
{
    return &t->tables[mode * TCG_TLB_SIZE +
                      (addr >> PAGE_BITS & (TCG_TLB_SIZE - 1))];
}

static void tlb_entry_clear(TcgTlbEntry *e)
{
    e->read = UINT64_MAX;
    e->write = UINT64_MAX;
}

/* The range that holds paddr's whole page, if it is memory. */
static const FlatRange *tlb_ram(X86Cpu *cpu, hwaddr paddr)
{
    const FlatRange *r = view_find(space_view(cpu->memory), paddr);
    hwaddr page = paddr & ~(PAGE_SIZE - 1);

    if (!r || !r->host || page < r->start ||
        page + PAGE_SIZE - r->start > r->size) {
        return NULL;
    }
    return r;
}

/* ---- Jump cache
 * ------------------------------------------------------------------- */

void engine_forget_jumps(TcgCpu *t)
{
    for (unsigned i = 0; i < ENGINE_IDS; i++) {
        t->ids[i].id = 0;
    }
    for (unsigned i = 0; i < ENGINE_BLOOM_WORDS; i++) {
        t->bloom[i] = 0;
    }
}

/* The number of the present key; a jump cache entry's key is pc with that
 * number in the bits that repeat bit 47 of a canonical address. */
static void jumps_select(TcgCpu *t)
{
    X86Cpu *cpu = t->cpu;
    uint64_t cs_base = engine_cs_base(cpu);
    uint32_t key = cpu->key.bits;
    EngineId *e = &t->ids[(key ^ key >> 7 ^ cs_base >> 4) % ENGINE_IDS];

    if (!e->id || e->key != key || e->cs_base != cs_base) {
        if (++t->next_id > 0x7fff) {
            for (unsigned i = 0; i < TCG_JUMP_SIZE; i++) {
                t->jumps[i].key = UINT64_C(0x5555) << 48;
                t->jumps[i].code = 0;
            }
            engine_forget_jumps(t);
            t->next_id = 1;
        }
        e->key = key;
        e->cs_base = cs_base;
        e->id = t->next_id;
    }
    cpu->env.jump_key = (uint64_t)e->id << 48;
}

void engine_remember_jump(TcgCpu *t, const TcgBlock *b)
{
    TcgJump *j = &t->jumps[tcg_jump_hash(b->pc)];
    vaddr linear = engine_linear_pc(t->cpu);

    if (!t->ids[(b->key ^ b->key >> 7 ^ b->cs_base >> 4) % ENGINE_IDS].id) {
        jumps_select(t);
    }
    j->key = b->pc ^ t->cpu->env.jump_key;
    j->code = t->engine->ctx.backend == &tcg_backend_interp ? b->code.backend
                                                            : b->code.entry;
    bloom_add(t, linear);
    if (b->page[1]) {
        bloom_add(t, linear + b->size - 1);
    }
}

/* ---- Flushing
 * ------------------------------------------------------------------------ */

static void itlb_clear(TcgCpu *t)
{
    for (unsigned i = 0; i < ENGINE_ITLB_SIZE; i++) {
        t->itlb[i].tag = 0;
    }
}

static void tlb_clear_tables(TcgCpu *t)
{
    for (unsigned i = 0; i < TCG_MODES * TCG_TLB_SIZE; i++) {
        tlb_entry_clear(&t->tables[i]);
    }
    t->journal_count = 0;
    t->journal_full = false;
}

static void tlb_flush(TcgCpu *t, bool keep_global)
{
    unsigned kept = 0;

    t->engine->stats.tlb_flushes++;
    tcg_slots_clear(&t->cpu->env, -1);
    itlb_clear(t);
    engine_forget_jumps(t);
    jumps_select(t);
    if (t->journal_full) {
        tlb_clear_tables(t);
        t->large_pages = false;
        return;
    }
    for (unsigned i = 0; i < t->journal_count; i++) {
        uint32_t n = t->journal[i];

        if (keep_global && (n & JOURNAL_GLOBAL)) {
            t->journal[kept++] = n;
            continue;
        }
        tlb_entry_clear(&t->tables[n & ~JOURNAL_GLOBAL]);
    }
    t->journal_count = kept;
    if (!kept) {
        t->large_pages = false;
    }
}

static void engine_flush_all(X86Cpu *cpu)
{
    tlb_flush(engine_cpu(cpu), false);
}

static void engine_flush_non_global(X86Cpu *cpu)
{
    tlb_flush(engine_cpu(cpu), true);
}

/* The processor has forgotten one page; any page size may hold addr. */
static void engine_flush_page(X86Cpu *cpu, vaddr addr)
{
    TcgCpu *t = engine_cpu(cpu);
    vaddr page = addr & ~(vaddr)(PAGE_SIZE - 1);
    bool large = false;

    for (unsigned mode = 0; mode < TCG_MODES; mode++) {
        TcgTlbEntry *e = tlb_entry(t, mode, page);

        if (e->read == page || e->write == page) {
            large |= e->paddr & 1;
            tlb_entry_clear(e);
        } else if (t->large_pages) {
            large = true; /* another piece of the large page may be there */
        }
    }
    if (large) {
        tlb_flush(t, false);
        return;
    }
    for (unsigned i = 0; i < TCG_MODES * TCG_SLOTS; i++) {
        TcgSlot *s = &cpu->env.slot[i / TCG_SLOTS][i % TCG_SLOTS];

        if (s->page == page) {
            s->page = TCG_SLOT_EMPTY;
        }
    }
    EngineItlb *x = &t->itlb[page >> PAGE_BITS & (ENGINE_ITLB_SIZE - 1)];

    x->tag = 0;
    if (bloom_has(t, page)) {
        engine_forget_jumps(t);
        jumps_select(t);
    }
}

static void engine_key_changed(X86Cpu *cpu)
{
    jumps_select(engine_cpu(cpu));
}

const X86MmuOps engine_mmu_ops = {
    .flush_all = engine_flush_all,
    .flush_non_global = engine_flush_non_global,
    .flush_page = engine_flush_page,
    .key_changed = engine_key_changed,
};

void engine_protect(TcgCpu *t, const uint8_t *host)
{
    for (unsigned i = 0; i < TCG_MODES * TCG_TLB_SIZE; i++) {
        if (t->tables[i].host == host) {
            t->tables[i].write = UINT64_MAX;
        }
    }
    tcg_slots_clear(&t->cpu->env, -1);
}

void engine_tlb_init(TcgCpu *t)
{
    for (unsigned i = 0; i < TCG_JUMP_SIZE; i++) {
        t->jumps[i].key = t->no_jumps[i].key = UINT64_C(0x5555) << 48;
    }
    tlb_clear_tables(t);
    tcg_slots_clear(&t->cpu->env, -1);
    itlb_clear(t);
    engine_forget_jumps(t);
    jumps_select(t);
}

/* ---- Data
 * ----------------------------------------------------------------------------------
 */

static void tlb_insert(TcgCpu *t, vaddr addr, unsigned mode,
                       const X86Translation *tr, const FlatRange *r)
{
    vaddr page = addr & ~(vaddr)(PAGE_SIZE - 1);
    hwaddr paddr = tr->paddr & ~(hwaddr)(PAGE_SIZE - 1);
    TcgTlbEntry *e = tlb_entry(t, mode, addr);
    bool large = tr->page_size > PAGE_SIZE;

    e->host = r->host + (paddr - r->start);
    e->read = page;
    e->write = tr->writable && r->writable &&
                       !ram_dirty_test(r->ram, DIRTY_CODE,
                                       r->ram_off + (paddr - r->start))
                   ? page
                   : UINT64_MAX;
    e->paddr = paddr | large;
    t->large_pages |= large;
    if (t->journal_count == ENGINE_JOURNAL) {
        t->journal_full = true;
        return;
    }
    t->journal[t->journal_count++] =
        (uint32_t)(e - t->tables) | (tr->global ? JOURNAL_GLOBAL : 0);
}

uint8_t *engine_fill(void *env, uint64_t addr, unsigned size, unsigned mode,
                     bool write)
{
    X86Cpu *cpu = env;
    TcgCpu *t = engine_cpu(cpu);
    TcgTlbEntry *e = tlb_entry(t, mode, addr);
    vaddr page = addr & ~(vaddr)(PAGE_SIZE - 1);
    X86Translation tr;
    uint8_t *host = NULL;

    if ((write ? e->write : e->read) == page) {
        return e->host + (addr - page);
    }
    t->engine->stats.tlb_fills++;
    rcu_read_lock();
    if (!x86_mmu_translate(cpu, addr, write ? X86_WRITE : X86_READ, mode, false,
                           &tr)) {
        rcu_read_unlock();
        x86_raise_translation(cpu, addr, &tr);
    }
    const FlatRange *r = tlb_ram(cpu, tr.paddr);

    if (r) {
        tlb_insert(t, addr, mode, &tr, r);
        if (!write || e->write == page) {
            host = e->host + (addr - page);
        }
    }
    rcu_read_unlock();
    return host;
}

/* ---- Instructions
 * ----------------------------------------------------------------------------
 */

const EngineItlb *engine_exec(TcgCpu *t, vaddr addr, X86Translation *fault)
{
    X86Cpu *cpu = t->cpu;
    vaddr page = addr & ~(vaddr)(PAGE_SIZE - 1);
    EngineItlb *x = &t->itlb[page >> PAGE_BITS & (ENGINE_ITLB_SIZE - 1)];
    uint64_t tag = page | cpu->env.mode | 4;

    if (x->tag == tag) {
        return x;
    }
    fault->vector = 0;
    rcu_read_lock();
    if (!x86_mmu_translate(cpu, addr, X86_EXEC, cpu->env.mode, false, fault)) {
        rcu_read_unlock();
        return NULL;
    }
    const FlatRange *r = tlb_ram(cpu, fault->paddr);

    if (r) {
        uint64_t off = (fault->paddr & ~(hwaddr)(PAGE_SIZE - 1)) - r->start;

        x->host = r->host + off;
        x->ram = r->ram;
        x->ram_off = r->ram_off + off;
        x->tag = tag;
    }
    fault->vector = 0;
    rcu_read_unlock();
    return r ? x : NULL;
}

/* A block that goes on in a second page is right only while that page is the
 * one it was translated from. */
static bool block_second_page_matches(TcgCpu *t, const TcgBlock *b,
                                      vaddr linear)
{
    X86Translation fault;

    if (!b->page[1]) {
        return true;
    }
    const EngineItlb *x = engine_exec(t, linear + b->size - 1, &fault);

    return x && x->host == b->page[1]->host;
}

TcgBlock *engine_find(TcgCpu *t, vaddr linear)
{
    X86Cpu *cpu = t->cpu;
    X86Translation fault;
    const EngineItlb *x = engine_exec(t, linear, &fault);

    if (!x) {
        return NULL;
    }
    const uint8_t *start = x->host + (linear & (PAGE_SIZE - 1));
    uint32_t key = cpu->key.bits;
    uint64_t cs_base = engine_cs_base(cpu);
    TcgBlock *b = t->engine->hash[engine_hash(start, cpu->env.pc, key)];

    for (; b; b = b->hash_next) {
        if (b->start == start && b->pc == cpu->env.pc && b->key == key &&
            b->cs_base == cs_base && block_second_page_matches(t, b, linear)) {
            return b;
        }
    }
    return NULL;
}

TcgCode *engine_lookup(void *env, TcgCode *from, unsigned exit)
{
    X86Cpu *cpu = env;
    TcgCpu *t = engine_cpu(cpu);

    t->link_from = from;
    t->link_exit = exit;
    t->engine->stats.lookups++;
    if (__atomic_load_n(&cpu->env.exit_request, __ATOMIC_ACQUIRE) ||
        t->one_insn) {
        t->link_from = NULL;
        return NULL;
    }
    TcgBlock *b = engine_find(t, engine_linear_pc(cpu));

    if (!b) {
        return NULL;
    }
    /* The run loop links: patching code is not light. */
    if (from && !from->exit[exit].to &&
        t->engine->ctx.can_link(from, exit, &b->code)) {
        return NULL;
    }
    t->engine->stats.lookup_hits++;
    engine_remember_jump(t, b);
    return &b->code;
}

/* ---- Accesses by helpers: see cpu.h
 * ------------------------------------------------------------- */

typedef struct SlowAccess {
    X86Cpu *cpu;
    vaddr addr;
    uint64_t val;
    unsigned size, mode;
} SlowAccess;

static void slow_load(void *arg)
{
    SlowAccess *a = arg;

    a->val = engine_load(&a->cpu->env, a->addr, a->size, a->mode);
}

static void slow_store(void *arg)
{
    SlowAccess *a = arg;

    engine_store(&a->cpu->env, a->addr, a->val, a->size, a->mode);
}

static bool access_crosses(vaddr addr, unsigned size)
{
    return (addr & (PAGE_SIZE - 1)) + size > PAGE_SIZE;
}

static uint64_t bytes_load(const uint8_t *p, unsigned size)
{
    switch (size) {
    case 1:
        return *p;
    case 2:
        return *(const uint16_t *)p;
    case 4:
        return *(const uint32_t *)p;
    default:
        return *(const uint64_t *)p;
    }
}

static void bytes_store(uint8_t *p, uint64_t val, unsigned size)
{
    switch (size) {
    case 1:
        *p = val;
        break;
    case 2:
        *(uint16_t *)p = val;
        break;
    case 4:
        *(uint32_t *)p = val;
        break;
    default:
        *(uint64_t *)p = val;
        break;
    }
}

uint64_t x86_load(X86Cpu *cpu, vaddr addr, unsigned size, unsigned mode)
{
    SlowAccess a = { cpu, addr, 0, size, mode };

    if (access_crosses(addr, size)) {
        vaddr second = (addr + size - 1) & ~(vaddr)(PAGE_SIZE - 1);

        /* Both pages' faults come before either is touched. */
        engine_fill(cpu, addr, 1, mode, false);
        engine_fill(cpu, second, 1, mode, false);
    } else {
        const uint8_t *p = engine_fill(cpu, addr, size, mode, false);

        if (p) {
            return bytes_load(p, size);
        }
    }
    engine_call_heavy(slow_load, &a);
    return a.val;
}

void x86_store(X86Cpu *cpu, vaddr addr, uint64_t val, unsigned size,
               unsigned mode)
{
    SlowAccess a = { cpu, addr, val, size, mode };

    if (access_crosses(addr, size)) {
        vaddr second = (addr + size - 1) & ~(vaddr)(PAGE_SIZE - 1);

        engine_fill(cpu, addr, 1, mode, true);
        engine_fill(cpu, second, 1, mode, true);
    } else {
        uint8_t *p = engine_fill(cpu, addr, size, mode, true);

        if (p) {
            bytes_store(p, val, size);
            return;
        }
    }
    engine_call_heavy(slow_store, &a);
}
