/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The usual REP MOVS and STOS, see string-flat.h: registers are read once and
 * written once, and a page costs one look at the TLB.
 *
 * A file is read piece by piece, and the guest works on each before it asks for
 * the next: time enough to have that brought from memory.
 */
#include "target/x86/emit/string-flat.h"
#include "target/x86/emit/string-host.h"

static uint8_t *flat_host(const X86Cpu *cpu, uint64_t addr, bool write)
{
    const TcgTlbEntry *e = cpu->env.tlb[cpu->env.mode];
    uint64_t offset = addr & (STRING_PAGE - 1);

    if (!e) { /* no accelerator: a test */
        return NULL;
    }
    e += addr / STRING_PAGE & (TCG_TLB_SIZE - 1);
    return (write ? e->write : e->read) == addr - offset ? tcg_tlb_host(e, addr)
                                                         : NULL;
}

/* The same of a page that the table may have to be given first: what is read
 * of files is new to it, each page once. */
static uint8_t *flat_find(X86Cpu *cpu, uint64_t addr, bool write)
{
    uint8_t *host = flat_host(cpu, addr, write);

    if (!host && cpu->tcg && cpu->tcg->touch) {
        cpu->tcg->touch(cpu, addr, cpu->env.mode);
        host = flat_host(cpu, addr, write);
    }
    return host;
}

/* Bytes from addr on, whose page is at host, that are one piece of the host's
 * memory, at most n: pages that follow each other often do so there, too. */
static uint64_t flat_reach(const X86Cpu *cpu, uint64_t addr,
                           const uint8_t *host, uint64_t n, bool write)
{
    uint64_t room = STRING_PAGE - (addr & (STRING_PAGE - 1));

    while (room < n && flat_host(cpu, addr + room, write) == host + room) {
        room += STRING_PAGE;
    }
    return room < n ? room : n;
}

static uint64_t flat_left(const X86Cpu *cpu, unsigned log2, uint64_t budget)
{
    uint64_t n = cpu->env.r[X86_RCX];

    return n < budget >> log2 ? n << log2 : budget >> log2 << log2;
}

/* ---- One element, in one page or two ---------------------------------------
 * False: one of them is not plain. Nothing before its first page's begin or
 * behind its last page's end is touched.
 */

static bool flat_load(const X86Cpu *cpu, uint64_t addr, unsigned bytes,
                      uint64_t *value)
{
    unsigned low = STRING_PAGE - (addr & (STRING_PAGE - 1));
    const uint8_t *a = flat_host(cpu, addr, false);
    const uint8_t *b = low < bytes ? flat_host(cpu, addr + low, false) : a;

    if (!a || !b) {
        return false;
    }
    *value = low < 8 ? string_host_word(a + low - 8) >> (64 - 8 * low)
                     : string_host_word(a);
    if (low < bytes) {
        *value |= string_host_word(b) << 8 * low;
    }
    return true;
}

static bool flat_store(const X86Cpu *cpu, uint64_t addr, unsigned log2,
                       uint64_t value)
{
    unsigned low = STRING_PAGE - (addr & (STRING_PAGE - 1)), bytes = 1u << log2;
    uint8_t *a = flat_host(cpu, addr, true);
    uint8_t *b = low < bytes ? flat_host(cpu, addr + low, true) : a;

    if (!a || !b) {
        return false;
    }
    if (low >= bytes) {
        string_host_put(a, value, log2);
        return true;
    }
    for (unsigned n = 0; n < bytes; n++, value >>= 8) {
        *(n < low ? a + n : b + n - low) = value;
    }
    return true;
}

/* ---- What is read next -----------------------------------------------------
 */

enum { FLAT_LONG = 512, FLAT_AHEAD = 8192, FLAT_LINE = 64 }; /* bytes */

/* A piece that begins where the last one ended: what follows, into the host's
 * second cache, where it is in nobody's way. Asking for what is not there does
 * nothing. */
static void flat_ahead(X86Cpu *cpu, const uint8_t *from, uint64_t bytes)
{
    uintptr_t end = (uintptr_t)from + bytes, until = end + FLAT_AHEAD;
    bool goes_on = (uintptr_t)from == cpu->copied;
    uintptr_t p = goes_on && cpu->ahead - end < FLAT_AHEAD ? cpu->ahead : end;

    cpu->copied = end;
    cpu->ahead = goes_on ? until : end;
    for (; goes_on && p < until; p += FLAT_LINE) {
        __builtin_prefetch((const void *)p, 0, 2);
    }
}

/* ---- Runs: the bytes done, none where a page is not plain ------------------
 */

static uint64_t flat_move(X86Cpu *cpu, uint64_t dst, uint64_t src,
                          uint64_t bytes, unsigned log2)
{
    const uint8_t *from = flat_find(cpu, src, false);
    uint8_t *to = from ? flat_find(cpu, dst, true) : NULL;
    uint64_t value;

    if (!to) {
        return 0;
    }
    bytes = flat_reach(cpu, dst, to, bytes, true);
    bytes = flat_reach(cpu, src, from, bytes, false) >> log2 << log2;
    if (!bytes) {
        return flat_load(cpu, src, 1u << log2, &value) &&
                       flat_store(cpu, dst, log2, value)
                   ? 1u << log2
                   : 0;
    }
    /* Bytes, unless elements read what others wrote. */
    unsigned unit = (size_t)(to - from) < bytes ? log2 : 0;
    string_host_copy(to, from, bytes >> unit, unit);
    if (bytes >= FLAT_LONG) {
        flat_ahead(cpu, from, bytes);
    }
    return bytes;
}

static uint64_t flat_fill(X86Cpu *cpu, uint64_t dst, uint64_t value,
                          uint64_t bytes, unsigned log2)
{
    uint8_t *to = flat_find(cpu, dst, true);

    if (!to) {
        return 0;
    }
    bytes = flat_reach(cpu, dst, to, bytes, true) >> log2 << log2;
    if (!bytes) {
        return flat_store(cpu, dst, log2, value) ? 1u << log2 : 0;
    }
    string_host_fill(to, value, bytes >> log2, log2);
    return bytes;
}

uint64_t string_flat_movs(X86Cpu *cpu, unsigned log2, uint64_t budget)
{
    uint64_t *r = cpu->env.r, src = r[X86_RSI], dst = r[X86_RDI];
    uint64_t all = flat_left(cpu, log2, budget), done = 0, run;

    while (done < all &&
           (run = flat_move(cpu, dst + done, src + done, all - done, log2))) {
        done += run;
    }
    r[X86_RSI] += done;
    r[X86_RDI] += done;
    r[X86_RCX] -= done >> log2;
    return done;
}

uint64_t string_flat_stos(X86Cpu *cpu, unsigned log2, uint64_t budget)
{
    uint64_t *r = cpu->env.r, dst = r[X86_RDI];
    uint64_t all = flat_left(cpu, log2, budget), done = 0, run;

    while (done < all &&
           (run = flat_fill(cpu, dst + done, r[X86_RAX], all - done, log2))) {
        done += run;
    }
    r[X86_RDI] += done;
    r[X86_RCX] -= done >> log2;
    return done;
}
