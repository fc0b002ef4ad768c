/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operands of up to an XSAVE area in guest memory: at once where they are RAM
 * inside one page, else in pieces. Both raise the guest's faults.
 */
#include "target/x86/fpu/fpu.h"

#include <string.h>

enum { FP_PAGE = 4096 };

/* The operand's host address, or NULL. */
static uint8_t *fp_host(X86Cpu *cpu, vaddr addr, unsigned len, bool write)
{
    if (!cpu->tcg || addr % FP_PAGE + len > FP_PAGE) {
        return NULL;
    }
    const TcgTlbEntry *e =
        &cpu->env.tlb[cpu->env.mode][addr / FP_PAGE % TCG_TLB_SIZE];
    if ((write ? e->write : e->read) == (addr & -(vaddr)FP_PAGE)) {
        return tcg_tlb_host(e, addr);
    }
    return cpu->tcg->fill(cpu, addr, len, cpu->env.mode, write);
}

/* 8 bytes, or what is left: a power of two. */
static unsigned fp_piece(unsigned left)
{
    return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

void fp_read(X86Cpu *cpu, vaddr addr, void *buf, unsigned len)
{
    const uint8_t *host = fp_host(cpu, addr, len, false);
    uint8_t *out = buf;

    if (host) {
        memcpy(buf, host, len);
        return;
    }
    for (unsigned n = 0, size; n < len; n += size) {
        size = fp_piece(len - n);
        uint64_t v = x86_load(cpu, addr + n, size, cpu->env.mode);
        memcpy(out + n, &v, size);
    }
}

void fp_write(X86Cpu *cpu, vaddr addr, const void *buf, unsigned len)
{
    uint8_t *host = fp_host(cpu, addr, len, true);
    const uint8_t *in = buf;

    if (host) {
        memcpy(host, buf, len);
        return;
    }
    for (unsigned n = 0, size; n < len; n += size) {
        uint64_t v = 0;
        size = fp_piece(len - n);
        memcpy(&v, in + n, size);
        x86_store(cpu, addr + n, v, size, cpu->env.mode);
    }
}

/* Bytes from..to of the operand, inside one page. */
static void fp_probe_part(X86Cpu *cpu, vaddr addr, const uint8_t *mask,
                          unsigned from, unsigned to, unsigned element)
{
    for (unsigned n = from; n < to; n++) {
        if (mask[n / element * element + element - 1] & 0x80) {
            cpu->tcg->fill(cpu, addr + from, to - from, cpu->env.mode, true);
            return;
        }
    }
}

void fp_probe_masked(X86Cpu *cpu, vaddr addr, const uint8_t *mask, unsigned len,
                     unsigned element)
{
    unsigned low = MIN(FP_PAGE - addr % FP_PAGE, len);

    if (cpu->tcg) {
        fp_probe_part(cpu, addr, mask, 0, low, element);
        fp_probe_part(cpu, addr, mask, low, len, element);
    }
}
