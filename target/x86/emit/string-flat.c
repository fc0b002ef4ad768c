/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The usual REP MOVS and STOS, see string-flat.h: registers are read once and
 * written once, and a page costs one look at the TLB. An element in two pages
 * is left to the caller.
 */
#include "target/x86/emit/string-flat.h"
#include "target/x86/emit/string-host.h"

enum { FLAT_SHORT = 64 }; /* bytes */

static uint8_t *flat_host(const X86Cpu *cpu, uint64_t addr, bool write)
{
    const TcgTlbEntry *e = cpu->env.tlb[cpu->env.mode];
    uint64_t offset = addr & (STRING_PAGE - 1);

    if (!e) { /* no accelerator: a test */
        return NULL;
    }
    e += addr / STRING_PAGE & (TCG_TLB_SIZE - 1);
    return (write ? e->write : e->read) == addr - offset ? e->host + offset
                                                         : NULL;
}

/* Bytes of whole elements from addr in its page, at most n. */
static uint64_t flat_room(uint64_t addr, uint64_t n, unsigned log2)
{
    uint64_t room = STRING_PAGE - (addr & (STRING_PAGE - 1));

    return room < n ? room >> log2 << log2 : n;
}

static uint64_t flat_left(const X86Cpu *cpu, unsigned log2, uint64_t budget)
{
    uint64_t n = cpu->env.r[X86_RCX];

    return n < budget >> log2 ? n << log2 : budget >> log2 << log2;
}

static bool flat_in_page(uint64_t addr, uint64_t n)
{
    return (addr & (STRING_PAGE - 1)) + n <= STRING_PAGE;
}

bool string_short_movs(X86Cpu *cpu, unsigned log2)
{
    uint64_t *r = cpu->env.r, src = r[X86_RSI], dst = r[X86_RDI];
    uint64_t n = r[X86_RCX] << log2;

    if (r[X86_RCX] > FLAT_SHORT || n > FLAT_SHORT || !flat_in_page(src, n) ||
        !flat_in_page(dst, n)) {
        return false;
    }
    const uint8_t *from = flat_host(cpu, src, false);
    uint8_t *to = flat_host(cpu, dst, true);

    if (!from || !to || (size_t)(to - from) < n) {
        return false;
    }
    string_host_copy_short(to, from, n);
    r[X86_RSI] = src + n;
    r[X86_RDI] = dst + n;
    r[X86_RCX] = 0;
    return true;
}

bool string_short_stos(X86Cpu *cpu, unsigned log2)
{
    uint64_t *r = cpu->env.r, dst = r[X86_RDI], n = r[X86_RCX] << log2;

    if (r[X86_RCX] > FLAT_SHORT || n > FLAT_SHORT || !flat_in_page(dst, n)) {
        return false;
    }
    uint8_t *to = flat_host(cpu, dst, true);

    if (!to) {
        return false;
    }
    string_host_fill_short(to, string_host_repeat(r[X86_RAX], log2), n);
    r[X86_RDI] = dst + n;
    r[X86_RCX] = 0;
    return true;
}

uint64_t string_flat_movs(X86Cpu *cpu, unsigned log2, uint64_t budget)
{
    uint64_t *r = cpu->env.r, src = r[X86_RSI], dst = r[X86_RDI];
    uint64_t left = flat_left(cpu, log2, budget);

    while (left) {
        uint64_t run = flat_room(dst, flat_room(src, left, log2), log2);
        const uint8_t *from = flat_host(cpu, src, false);
        uint8_t *to = flat_host(cpu, dst, true);

        if (!run || !from || !to) {
            break;
        }
        /* Bytes, unless elements read what others wrote. */
        unsigned unit = (size_t)(to - from) < run ? log2 : 0;
        string_host_copy(to, from, run >> unit, unit);
        src += run;
        dst += run;
        left -= run;
    }
    uint64_t done = src - r[X86_RSI];

    r[X86_RSI] = src;
    r[X86_RDI] = dst;
    r[X86_RCX] -= done >> log2;
    return done;
}

uint64_t string_flat_stos(X86Cpu *cpu, unsigned log2, uint64_t budget)
{
    uint64_t *r = cpu->env.r, dst = r[X86_RDI], value = r[X86_RAX];
    uint64_t left = flat_left(cpu, log2, budget);

    while (left) {
        uint64_t run = flat_room(dst, left, log2);
        uint8_t *to = flat_host(cpu, dst, true);

        if (!run || !to) {
            break;
        }
        string_host_fill(to, value, run >> log2, log2);
        dst += run;
        left -= run;
    }
    uint64_t done = dst - r[X86_RDI];

    r[X86_RDI] = dst;
    r[X86_RCX] -= done >> log2;
    return done;
}
