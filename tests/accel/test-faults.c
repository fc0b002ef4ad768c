/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions of translated code: that they are delivered without leaving it,
 * that code which cannot be fetched is not translated, and what its handlers
 * see.
 */
#include "accel/tcg/engine.h"
#include "accel/tcg/tcg.h"
#include "tests/accel/bare.h"

#include <string.h>

enum {
    CODE = 0x1000,
    IDT = 0x3000,
    GDT = 0x4000,
    TSS = 0x5000,
    STACK = 0x9000,
    TABLES = 0x700000,
    NOWHERE = 0x40000000, /* beyond what is mapped */
    ROUNDS = 100,
};

#define PROGRAM(name, text)                                                    \
    asm(".pushsection .rodata; .balign 64\n"                                   \
        "faults_" #name ": .intel_syntax noprefix\n" text "\n.att_syntax\n"    \
        "faults_" #name "_end: .popsection\n");                                \
    extern const uint8_t faults_##name[], faults_##name##_end[];

/* Each handler keeps the error code in r9 and RIP in r10, and counts in r8. */
PROGRAM(fetch, "1: call rbx; dec ecx; jnz 1b; hlt\n"
               ".balign 64\n"
               "pop r9; mov r10, [rsp]; inc r8\n"
               "mov r11, [rsp + 24]; mov r11, [r11]; mov [rsp], r11\n"
               "add qword ptr [rsp + 24], 8; iretq")
PROGRAM(direct, "lea r12, [rip + 2f]; mov rax, cr3; jmp 1f\n"
                "1: nop; call . + 0x3ffff000 + 0xfeb; 2: dec ecx\n"
                "jnz 1b; hlt\n"
                ".balign 64\n"
                "pop r9; mov r10, [rsp]; inc r8; mov [rsp], r12\n"
                "add qword ptr [rsp + 24], 8; iretq")
PROGRAM(load, "stc; 1: mov rdx, [rbx]; adc rsi, 0; stc; dec ecx; jnz 1b; hlt\n"
              ".balign 64\n"
              "pop r9; mov r10, [rsp]; inc r8; add qword ptr [rsp], 3\n"
              "cmp al, al; iretq") /* the flags are in the frame */
PROGRAM(soft, "1: int 0x0e; mov r9, rdx; dec ecx; jnz 1b; hlt\n"
              ".balign 64\n"
              "mov r10, [rsp]; inc r8; iretq")
PROGRAM(vector, "1: addps xmm1, xmm0; mov rdx, [rbx]; addps xmm1, xmm0\n"
                "dec ecx; jnz 1b; movaps [rdi], xmm1; hlt\n"
                ".balign 64\n"
                "pop r9; mov r10, [rsp]; inc r8; add qword ptr [rsp], 3; iretq")
PROGRAM(triple, "mov rsp, rbx; mov rdx, [rbx]; hlt; .balign 64; hlt")

static void put_quad(Bare *m, uint64_t addr, uint64_t val)
{
    bare_put(m, addr, &val, 8);
}

/* 64-bit mode, with the handler of vector 14 64 bytes behind the program. */
static void faults_start(Bare *m, const uint8_t *start, const uint8_t *end)
{
    X86Cpu *cpu = m->cpu;

    bare_long_mode(m, TABLES);
    bare_put(m, CODE, start, end - start);
    cpu->idt.base = IDT;
    cpu->idt.limit = 0xfff;
    cpu->gdt.base = GDT;
    cpu->gdt.limit = 0xff;
    cpu->tr = (X86Segment){ .base = TSS, .limit = 0x67, .attr = 0xb | SEG_P };
    put_quad(m, IDT + EXC_PF * 16,
             UINT64_C(0x8e00) << 32 | cpu->seg[X86_CS].selector << 16 |
                 (CODE + 64));
    put_quad(m, GDT + cpu->seg[X86_CS].selector, UINT64_C(0x00209b00) << 32);
    put_quad(m, GDT + cpu->seg[X86_SS].selector, UINT64_C(0x00cf9300) << 32);
}

static void faults_run(Bare *m)
{
    uint64_t *r = m->cpu->env.r;

    memset(r, 0, sizeof(m->cpu->env.r));
    r[X86_RCX] = ROUNDS;
    r[X86_RBX] = NOWHERE;
    r[X86_RDI] = 0x6000;
    r[X86_RSP] = STACK;
    bare_run(m, CODE);
    g_assert_cmphex(r[X86_RSP], ==, STACK);
    g_assert_cmpuint(r[8], ==, ROUNDS);
    g_assert_cmpuint(r[X86_RCX], ==, 0);
}

/* What a second run translates, and how often it enters translated code. */
static void faults_costs(Bare *m, uint64_t *translated, uint64_t *entries)
{
    const TcgStats *made = &tcg_engine(m->cpu)->stats;
    const TcgStats *own = &tcg_vcpu(m->cpu)->stats;

    *translated = made->translated;
    *entries = own->entries;
    faults_run(m);
    *translated = made->translated - *translated;
    *entries = own->entries - *entries;
}

static void faults_check_costs(Bare *m)
{
    uint64_t translated, entries;

    faults_costs(m, &translated, &entries);
    g_assert_cmpuint(translated, ==, 0);
    if (!strcmp(tcg_engine(m->cpu)->ctx.backend->name, "x86_64") &&
        !(tcg_engine(m->cpu)->ctx.switches & TCG_OFF_DELIVER)) {
        g_assert_cmpuint(entries, <, 5);
    }
}

static void test_fetch(Bare *m)
{
    faults_start(m, faults_fetch, faults_fetch_end);
    faults_run(m);
    g_assert_cmphex(m->cpu->env.r[9], ==, 0);
    g_assert_cmphex(m->cpu->env.r[10], ==, NOWHERE);
    g_assert_cmphex(m->cpu->cr2, ==, NOWHERE);
    m->cpu->cr2 = 0;
    m->cpu->efer |= EFER_NXE;
    faults_check_costs(m);
    g_assert_cmphex(m->cpu->env.r[9], ==, 0x10);
    g_assert_cmphex(m->cpu->cr2, ==, NOWHERE);
}

static void test_direct(Bare *m)
{
    faults_start(m, faults_direct, faults_direct_end);
    faults_run(m);
    uint64_t to = m->cpu->env.r[10];
    g_assert_cmphex(to, >=, NOWHERE);
    g_assert_cmphex(m->cpu->cr2, ==, to);
    faults_check_costs(m);
    g_assert_cmphex(m->cpu->env.r[10], ==, to);
}

static void test_load(Bare *m)
{
    faults_start(m, faults_load, faults_load_end);
    faults_run(m);
    g_assert_cmphex(m->cpu->env.r[10], ==, CODE + 1);
    g_assert_cmphex(m->cpu->cr2, ==, NOWHERE);
    g_assert_cmpuint(m->cpu->env.r[X86_RSI], ==, ROUNDS);
    faults_check_costs(m);
    g_assert_cmpuint(m->cpu->env.r[X86_RSI], ==, ROUNDS);
}

static void test_soft(Bare *m)
{
    faults_start(m, faults_soft, faults_soft_end);
    faults_run(m);
    g_assert_cmphex(m->cpu->env.r[10], ==, CODE + 2);
    faults_check_costs(m);
}

/* The vector state stays where it is. */
static void test_vector(Bare *m)
{
    const float one = 1, sum = 2 * ROUNDS;

    faults_start(m, faults_vector, faults_vector_end);
    for (unsigned n = 0; n < 2; n++) {
        memset(m->cpu->fpu.xmm, 0, sizeof(m->cpu->fpu.xmm));
        m->cpu->fpu.xstate_bv |= 3;
        memcpy(&m->cpu->fpu.xmm[0], &one, sizeof(one));
        faults_run(m);
        g_assert_cmpmem(m->ram->host + 0x6000, 4, &sum, 4);
    }
}

static void faults_note_shutdown(void *opaque)
{
    ++*(unsigned *)opaque;
}

/* The handler's stack is nowhere: a double fault without a handler. */
static void test_triple(Bare *m)
{
    X86Cpu *cpu = m->cpu;
    unsigned shutdowns = 0;

    faults_start(m, faults_triple, faults_triple_end);
    cpu->on_shutdown = faults_note_shutdown;
    cpu->on_shutdown_opaque = &shutdowns;
    cpu->env.r[X86_RBX] = NOWHERE;
    cpu->env.pc = CODE;
    g_assert_cmpint(m->accel->class->run(m->accel, cpu), ==,
                    VCPU_EXIT_SHUTDOWN);
    g_assert_cmpuint(shutdowns, ==, 1);
    g_assert_cmphex(cpu->env.pc, ==, CODE + 3);
    cpu->on_shutdown = NULL;
}

static const BareTest faults_tests[] = {
    { "fetch", test_fetch },
    { "direct", test_direct },
    { "load", test_load },
    { "soft", test_soft },
    { "vector", test_vector },
    { "triple", test_triple },
    {},
};
static const char *const faults_variants[] = { "x86_64", "x86_64,deliver=off",
                                               "x86_64,chain=off", "interp",
                                               NULL };

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bare_add_tests("/accel/faults", faults_tests, faults_variants);
    return g_test_run();
}
