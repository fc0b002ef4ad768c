/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info registers`: the text that people and scripts know from QEMU's monitor,
 * in its 64-bit form in 64-bit code and its 32-bit form elsewhere.
 */
#include "target/x86/cpu.h"

/* The descriptor's second word as far as the hidden part has it. */
static uint32_t print_descriptor(const X86Segment *s)
{
    uint32_t limit = s->attr & SEG_G ? s->limit >> 28 : s->limit >> 16 & 15;

    return (s->attr & 0xff) << 8 | (s->attr & 0xf00u) << 12 | limit << 16;
}

static const char *const print_system_types[2][16] = {
    { "Reserved", "TSS16-avl", "LDT", "TSS16-busy", "CallGate16", "TaskGate",
      "IntGate16", "TrapGate16", "Reserved", "TSS32-avl", "Reserved",
      "TSS32-busy", "CallGate32", "Reserved", "IntGate32", "TrapGate32" },
    { "<hiword>", "Reserved", "LDT", "Reserved", "Reserved", "Reserved",
      "Reserved", "Reserved", "Reserved", "TSS64-avl", "Reserved", "TSS64-busy",
      "CallGate64", "Reserved", "IntGate64", "TrapGate64" },
};

static void print_code_or_data(const X86Segment *s, GString *out)
{
    bool code = s->attr & 8;

    if (code) {
        g_string_append(out, s->attr & SEG_L   ? "CS64"
                             : s->attr & SEG_D ? "CS32"
                                               : "CS16");
        g_string_append_printf(out, " [%c%c", s->attr & 4 ? 'C' : '-',
                               s->attr & 2 ? 'R' : '-');
    } else {
        g_string_append(out, s->attr & SEG_D ? "DS  " : "DS16");
        g_string_append_printf(out, " [%c%c", s->attr & 4 ? 'E' : '-',
                               s->attr & 2 ? 'W' : '-');
    }
    g_string_append_printf(out, "%c]", s->attr & 1 ? 'A' : '-');
}

static void print_segment(const X86Cpu *cpu, const char *name,
                          const X86Segment *s, GString *out)
{
    bool lm = x86_long_mode(cpu);

    g_string_append_printf(out, "%-3s=%04x %0*" PRIx64 " %08x %08x", name,
                           s->selector, lm ? 16 : 8, s->base, s->limit,
                           print_descriptor(s));
    if ((cpu->cr0 & CR0_PE) && (s->attr & SEG_P)) {
        g_string_append_printf(out, " DPL=%u ", s->attr >> 5 & 3u);
        if (s->attr & SEG_S) {
            print_code_or_data(s, out);
        } else {
            g_string_append(out, print_system_types[lm][s->attr & 15]);
        }
    }
    g_string_append_c(out, '\n');
}

static void print_flags(const X86Cpu *cpu, GString *out)
{
    uint32_t f = x86_get_eflags(cpu);

    g_string_append_printf(
        out, "=%08x [%c%c%c%c%c%c%c] CPL=%u II=%u A20=%u SMM=%u HLT=%u\n", f,
        f & EFLAGS_DF ? 'D' : '-', f & EFLAGS_OF ? 'O' : '-',
        f & EFLAGS_SF ? 'S' : '-', f & EFLAGS_ZF ? 'Z' : '-',
        f & EFLAGS_AF ? 'A' : '-', f & EFLAGS_PF ? 'P' : '-',
        f & EFLAGS_CF ? 'C' : '-', x86_cpl(cpu), cpu->inhibit,
        cpu->a20_mask == UINT64_MAX, cpu->smm, cpu->halted);
}

static void print_general64(const X86Cpu *cpu, GString *out)
{
    static const struct {
        const char *name;
        uint8_t reg;
    } order[16] = {
        { "RAX", X86_RAX }, { "RBX", X86_RBX }, { "RCX", X86_RCX },
        { "RDX", X86_RDX }, { "RSI", X86_RSI }, { "RDI", X86_RDI },
        { "RBP", X86_RBP }, { "RSP", X86_RSP }, { "R8 ", X86_R8 },
        { "R9 ", X86_R9 },  { "R10", X86_R10 }, { "R11", X86_R11 },
        { "R12", X86_R12 }, { "R13", X86_R13 }, { "R14", X86_R14 },
        { "R15", X86_R15 },
    };

    for (unsigned i = 0; i < 16; i++) {
        g_string_append_printf(out, "%s=%016" PRIx64 "%c", order[i].name,
                               cpu->env.r[order[i].reg],
                               i % 4 == 3 ? '\n' : ' ');
    }
    g_string_append_printf(out, "RIP=%016" PRIx64 " RFL", cpu->env.pc);
    print_flags(cpu, out);
}

static void print_general32(const X86Cpu *cpu, GString *out)
{
    const uint64_t *r = cpu->env.r;

    g_string_append_printf(out, "EAX=%08x EBX=%08x ECX=%08x EDX=%08x\n",
                           (uint32_t)r[X86_RAX], (uint32_t)r[X86_RBX],
                           (uint32_t)r[X86_RCX], (uint32_t)r[X86_RDX]);
    g_string_append_printf(out, "ESI=%08x EDI=%08x EBP=%08x ESP=%08x\n",
                           (uint32_t)r[X86_RSI], (uint32_t)r[X86_RDI],
                           (uint32_t)r[X86_RBP], (uint32_t)r[X86_RSP]);
    g_string_append_printf(out, "EIP=%08x EFL", (uint32_t)cpu->env.pc);
    print_flags(cpu, out);
}

static void print_control(const X86Cpu *cpu, GString *out)
{
    int w = x86_long_mode(cpu) ? 16 : 8;

    g_string_append_printf(out, "GDT=     %0*" PRIx64 " %08x\n", w,
                           cpu->gdt.base, cpu->gdt.limit);
    g_string_append_printf(out, "IDT=     %0*" PRIx64 " %08x\n", w,
                           cpu->idt.base, cpu->idt.limit);
    g_string_append_printf(
        out, "CR0=%08x CR2=%0*" PRIx64 " CR3=%0*" PRIx64 " CR4=%08x\n",
        (uint32_t)cpu->cr0, w, cpu->cr2, w, cpu->cr3, (uint32_t)cpu->cr4);
    for (unsigned i = 0; i < 4; i++) {
        g_string_append_printf(out, "DR%u=%016" PRIx64 " ", i, cpu->dr[i]);
    }
    g_string_append_printf(out, "\nDR6=%016" PRIx64 " DR7=%016" PRIx64 "\n",
                           cpu->dr[6], cpu->dr[7]);
    g_string_append_printf(out, "EFER=%016" PRIx64 "\n", cpu->efer);
}

static void print_fpu(const X86Cpu *cpu, GString *out)
{
    const X86Fpu *f = &cpu->fpu;
    unsigned vectors = cpu->key.code == X86_CODE64 ? 16 : 8;
    unsigned top = f->fsw >> 11 & 7;

    g_string_append_printf(out,
                           "FCW=%04x FSW=%04x [ST=%u] FTW=%02x "
                           "MXCSR=%08x\n",
                           f->fcw, f->fsw & ~0x3800u, top, f->ftw, f->mxcsr);
    for (unsigned i = 0; i < 8; i++) {
        unsigned st = (i - top) & 7; /* the image is by stack position */

        g_string_append_printf(out, "FPR%u=%016" PRIx64 " %04x%c", i,
                               f->st[st].mantissa, f->st[st].exponent,
                               i % 2 ? '\n' : ' ');
    }
    for (unsigned i = 0; i < vectors; i++) {
        g_string_append_printf(out, "XMM%02u=%016" PRIx64 " %016" PRIx64 "%c",
                               i, f->xmm[i].q[1], f->xmm[i].q[0],
                               i % 2 ? '\n' : ' ');
    }
}

void x86_cpu_print(const X86Cpu *cpu, GString *out)
{
    static const char *const names[] = { "ES", "CS", "SS", "DS", "FS", "GS" };

    g_string_append_printf(out, "CPU#%u\n", cpu->index);
    if (cpu->key.code == X86_CODE64) {
        print_general64(cpu, out);
    } else {
        print_general32(cpu, out);
    }
    for (unsigned i = 0; i < X86_SEGMENTS; i++) {
        print_segment(cpu, names[i], &cpu->seg[i], out);
    }
    print_segment(cpu, "LDT", &cpu->ldt, out);
    print_segment(cpu, "TR", &cpu->tr, out);
    print_control(cpu, out);
    print_fpu(cpu, out);
}
