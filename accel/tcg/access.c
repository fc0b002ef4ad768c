/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory for helpers: the table, then a fill, then what needs heavy code,
 * called with the guest's vector state kept. Every page is translated, and so
 * faults, before anything is touched.
 *
 * Light.
 */
#include "accel/tcg/engine.h"

void access_translate(TcgAccess *a, unsigned size, unsigned mode, bool write)
{
    unsigned first = MIN(size, PAGE_SIZE - (a->addr & (PAGE_SIZE - 1)));
    X86Access kind = write ? X86_WRITE : X86_READ;
    X86Translation t;

    a->size[0] = first;
    a->size[1] = size - first;
    for (unsigned i = 0; i < 2 && a->size[i]; i++) {
        uint64_t addr = i ? engine_next_page(a->cpu, a->addr) : a->addr;
        if (!x86_mmu_translate(a->cpu, addr, kind, mode, false, &t)) {
            x86_raise_translation(a->cpu, addr, &t);
        }
        if (a->cpu->key.dr7) {
            x86_watch(a->cpu, addr, a->size[i], write);
        }
        a->paddr[i] = t.paddr;
    }
}

/* The present instruction begins once more. */
static void access_uncount(TcgVcpu *v)
{
    v->cpu->env.insn_count -= v->engine->count_insns;
}

void access_again(TcgVcpu *v)
{
    v->one_insn = true;
    v->stats.smc_exits++;
    access_uncount(v);
    tcg_unwind(v->cpu, TCG_LEAVE_EVENT);
}

void access_restart(const TcgAccess *a)
{
    if (a->restart) {
        access_again(tcg_vcpu(a->cpu));
    }
}

void access_alone(void *env)
{
    TcgVcpu *v = tcg_vcpu(env);

    if (engine_smp(v->engine) && !v->alone) {
        v->alone_next = true;
        access_uncount(v);
        tcg_unwind(env, TCG_LEAVE_EVENT);
    }
}

static bool access_crosses(uint64_t addr, unsigned size)
{
    return (addr & (PAGE_SIZE - 1)) + size > PAGE_SIZE;
}

/* Of what stands in one page. */
static uint8_t *access_host(X86Cpu *cpu, uint64_t addr, unsigned size,
                            unsigned mode, bool write)
{
    const TcgTlbEntry *e = &cpu->env.tlb[mode][tcg_tlb_index(addr)];
    unsigned off = addr & (PAGE_SIZE - 1);

    if ((write ? e->write : e->read) == addr - off) {
        return tcg_tlb_host(e, addr);
    }
    return tlb_fill(cpu, addr, size, mode, write);
}

static uint64_t access_read(const uint8_t *host, unsigned size)
{
    uint64_t val = 0;

    switch (size) {
    case 1:
        return *host;
    case 2:
        __builtin_memcpy(&val, host, 2);
        return val;
    case 4:
        __builtin_memcpy(&val, host, 4);
        return val;
    default:
        __builtin_memcpy(&val, host, 8);
        return val;
    }
}

static void access_write(uint8_t *host, uint64_t val, unsigned size)
{
    switch (size) {
    case 1:
        *host = val;
        break;
    case 2:
        __builtin_memcpy(host, &val, 2);
        break;
    case 4:
        __builtin_memcpy(host, &val, 4);
        break;
    default:
        __builtin_memcpy(host, &val, 8);
        break;
    }
}

/* Not while an event is being delivered. */
static bool access_restartable(const X86Cpu *cpu)
{
    return tcg_vcpu(cpu)->in_code && !cpu->catch_point;
}

static void access_heavy(X86Cpu *cpu, uint64_t addr, void *bytes, unsigned size,
                         unsigned mode, bool write)
{
    TcgAccess a = { .cpu = cpu,
                    .addr = addr,
                    .bytes = bytes,
                    .write = write,
                    .restartable = access_restartable(cpu) };

    access_translate(&a, size, mode, write);
    host_call_heavy(memory_perform, &a);
    access_restart(&a);
}

/* Across two pages of plain memory: true if it was done. Both are looked for,
 * and fault, before anything is touched. */
static bool access_halves(X86Cpu *cpu, uint64_t addr, uint64_t *val,
                          unsigned size, unsigned mode, bool write)
{
    unsigned first = PAGE_SIZE - (addr & (PAGE_SIZE - 1));
    uint8_t *low = access_host(cpu, addr, first, mode, write);
    uint8_t *high = low ? access_host(cpu, engine_next_page(cpu, addr),
                                      size - first, mode, write)
                        : NULL;
    if (!high) {
        return false;
    }
    for (unsigned i = 0; i < size; i++) {
        uint8_t *p = i < first ? low + i : high + i - first;
        if (write) {
            *p = *val >> 8 * i;
        } else {
            *val |= (uint64_t)*p << 8 * i;
        }
    }
    return true;
}

uint64_t x86_load(X86Cpu *cpu, vaddr addr, unsigned size, unsigned mode)
{
    uint64_t val = 0;

    if (access_crosses(addr, size)) {
        if (access_halves(cpu, addr, &val, size, mode, false)) {
            return val;
        }
    } else {
        const uint8_t *host = access_host(cpu, addr, size, mode, false);
        if (host) {
            return access_read(host, size);
        }
    }
    access_heavy(cpu, addr, &val, size, mode, false);
    return val;
}

/* Stores to pages with code whose translation is known. */
static bool access_store_watched(X86Cpu *cpu, vaddr addr, uint64_t val,
                                 unsigned size, unsigned mode)
{
    const TcgTlbEntry *e = &cpu->env.tlb[mode][tcg_tlb_index(addr)];
    unsigned off = addr & (PAGE_SIZE - 1);
    bool watched = e->read == addr - off && (e->paddr & TCG_TLB_WATCHED) &&
                   !(cpu->tcg->switches & TCG_OFF_WATCH);

    if (!watched || off + size > PAGE_SIZE ||
        page_watched(cpu, tcg_tlb_host(e, addr), size) == TCG_WATCHED_GONE) {
        return false;
    }
    page_store(cpu, tcg_tlb_host(e, addr), &val, size, access_restartable(cpu));
    return true;
}

void x86_store(X86Cpu *cpu, vaddr addr, uint64_t val, unsigned size,
               unsigned mode)
{
    if (access_crosses(addr, size)) {
        if (access_halves(cpu, addr, &val, size, mode, true)) {
            return;
        }
    } else if (access_store_watched(cpu, addr, val, size, mode)) {
        return;
    } else {
        uint8_t *host = access_host(cpu, addr, size, mode, true);
        if (host) {
            access_write(host, val, size);
            return;
        }
    }
    access_heavy(cpu, addr, &val, size, mode, true);
}

/* In two halves, where the host cannot do it at once. */
static bool access_cmpxchg16_alone(X86Cpu *cpu, vaddr addr,
                                   uint64_t expected[2],
                                   const uint64_t desired[2], unsigned mode)
{
    access_alone(cpu);
    uint64_t low = x86_load(cpu, addr, 8, mode);
    uint64_t high = x86_load(cpu, addr + 8, 8, mode);
    bool equal = low == expected[0] && high == expected[1];

    x86_store(cpu, addr, equal ? desired[0] : low, 8, mode);
    x86_store(cpu, addr + 8, equal ? desired[1] : high, 8, mode);
    expected[0] = low;
    expected[1] = high;
    return equal;
}

bool x86_cmpxchg16(X86Cpu *cpu, vaddr addr, uint64_t expected[2],
                   const uint64_t desired[2], unsigned mode)
{
    uint8_t *host = access_crosses(addr, 16)
                        ? NULL
                        : access_host(cpu, addr, 16, mode, true);

    if (host && host_has_cmpxchg16()) {
        return host_cmpxchg16(host, expected, desired);
    }
    return access_cmpxchg16_alone(cpu, addr, expected, desired, mode);
}
