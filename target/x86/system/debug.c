/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Breakpoints of the debug registers: on fetch a fault before the instruction;
 * on data and ports a trap after it. What an access hits is noted in
 * X86Cpu.debug_hits, and the trap comes before the next instruction, whatever
 * block that is in: while any is armed (key.dr7), each instruction asks first.
 * An accelerator calls x86_watch() for accesses to pages that have one and does
 * not remember such pages. Light.
 *
 * Not done: INS and OUTS, which work by runs, trap after a run.
 *
 * SDM 3B 17.2.4, 17.2.5, 17.3.1.
 */
#include "target/x86/system/system.h"
#include "tcg/backend.h"

typedef enum DebugKind {
    DEBUG_FETCH,
    DEBUG_WRITE,
    DEBUG_PORT,
    DEBUG_ACCESS,
} DebugKind;

static bool debug_enabled(const X86Cpu *cpu, unsigned n)
{
    return cpu->dr[7] >> (2 * n) & 3;
}

static DebugKind debug_kind(const X86Cpu *cpu, unsigned n)
{
    return cpu->dr[7] >> (16 + 4 * n) & 3;
}

/* LEN is 1, 2, 8 or 4 bytes; what is not aligned counts as if it were. */
static unsigned debug_len(const X86Cpu *cpu, unsigned n)
{
    static const uint8_t bytes[4] = { 1, 2, 8, 4 };

    return bytes[cpu->dr[7] >> (18 + 4 * n) & 3];
}

/* Those of some kinds that a range touches. */
static uint32_t debug_hits(const X86Cpu *cpu, uint64_t addr, unsigned size,
                           unsigned kinds)
{
    uint32_t hits = 0;

    for (unsigned n = 0; n < 4; n++) {
        unsigned len = debug_len(cpu, n);
        uint64_t from = cpu->dr[n] & ~(uint64_t)(len - 1);
        bool meets = addr - from < len || from - addr < size;

        if (debug_enabled(cpu, n) && (kinds >> debug_kind(cpu, n) & 1) &&
            meets) {
            hits |= 1u << n;
        }
    }
    return hits;
}

bool x86_watch(X86Cpu *cpu, vaddr addr, unsigned size, bool write)
{
    enum { DATA = 1u << DEBUG_WRITE | 1u << DEBUG_ACCESS };
    vaddr page = addr & ~(vaddr)(PAGE_SIZE - 1);

    if (!debug_hits(cpu, page, PAGE_SIZE, DATA)) {
        return false;
    }
    cpu->debug_hits |=
        debug_hits(cpu, addr, size, write ? DATA : 1u << DEBUG_ACCESS);
    return true;
}

void x86_watch_port(X86Cpu *cpu, uint16_t port, unsigned size)
{
    if (cpu->cr4 & CR4_DE) {
        cpu->debug_hits |= debug_hits(cpu, port, size, 1u << DEBUG_PORT);
    }
}

/* MOV SS keeps all of them off the next instruction, on Intel's processors. */
static bool debug_held(const X86Cpu *cpu)
{
    return cpu->inhibit == X86_INHIBIT_SS && x86_model_intel(cpu->model);
}

static uint64_t helper_breakpoints(void *env, uint64_t a, uint64_t b,
                                   uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;

    if (debug_held(cpu)) {
        return 0;
    }
    if (cpu->debug_hits) { /* of the instruction before */
        uint32_t trap = cpu->debug_hits;

        cpu->debug_hits = 0;
        x86_raise_debug(cpu, trap);
    }
    if (cpu->eflags & EFLAGS_RF) { /* for one instruction */
        cpu->eflags &= ~EFLAGS_RF;
        return 0;
    }
    vaddr pc = sys_linear(cpu, cpu->seg[X86_CS].base, tcg_sync_pc(cpu));
    uint32_t fault = debug_hits(cpu, pc, 1, 1u << DEBUG_FETCH);

    if (fault) {
        x86_raise_debug(cpu, fault);
    }
    return 0;
}
const TcgHelper x86_helper_breakpoints = { "breakpoints", helper_breakpoints,
                                           TCG_LIGHT | TCG_MAY_RAISE };
