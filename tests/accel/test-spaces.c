/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces in 64-bit mode: what a change of CR3 keeps and forgets, and
 * users' code that stands in several places at once.
 */
#include "accel/tcg/tcg.h"
#include "tests/accel/bare.h"

#include <string.h>

enum {
    PT_P = 1,
    PT_W = 2,
    PT_U = 4,
    PT_A = 0x20,
    PT_PS = 0x80,
    SPACE_A = 0x100000, /* PML4, PDPT, PD, two tables: a page each */
    SPACE_B = 0x110000,
    WINDOW = 0x400000,  /* pages of 4 KiB from here */
    WINDOW2 = 0x600000, /* and from here */
    LARGE = 0x1400000,  /* a page of 2 MiB; WINDOW's place in the TLB */
    KERNEL = 0x1000,
    HANDLER = 0x2000,
    IDT = 0x3000,
    GDT = 0x4000,
    TSS = 0x5000,
};
#define NO_FLUSH (UINT64_C(1) << 63)

static void put_quad(Bare *m, uint64_t addr, uint64_t val)
{
    bare_put(m, addr, &val, 8);
}

/* The first 2 MiB as they are; the windows are empty. */
static void spaces_tables(Bare *m, uint64_t at)
{
    const unsigned rights = PT_P | PT_W | PT_U;

    put_quad(m, at, (at + 0x1000) | rights);
    put_quad(m, at + 0x1000, (at + 0x2000) | rights);
    put_quad(m, at + 0x2000, rights | PT_PS);
    put_quad(m, at + 0x2000 + 8 * 2, (at + 0x3000) | rights);
    put_quad(m, at + 0x2000 + 8 * 3, (at + 0x4000) | rights);
}

static uint64_t spaces_pte(uint64_t space, uint64_t linear)
{
    uint64_t table = linear < WINDOW2 ? 0x3000 : 0x4000;
    return space + table + 8 * (linear >> 12 & 511);
}

static void spaces_map(Bare *m, uint64_t space, uint64_t linear, uint64_t phys)
{
    put_quad(m, spaces_pte(space, linear), phys | PT_P | PT_W | PT_U);
}

/* 64-bit mode at a privilege level; a fault of the user ends at HANDLER. */
static void spaces_enter(Bare *m, unsigned cpl)
{
    X86Cpu *cpu = m->cpu;

    spaces_tables(m, SPACE_A);
    spaces_tables(m, SPACE_B);
    for (unsigned s = 0; s < X86_SEGMENTS; s++) {
        uint16_t type = s == X86_CS ? 0xb | SEG_L : 0x3 | SEG_D;
        cpu->seg[s] = (X86Segment){ .limit = UINT32_MAX,
                                    .selector = 8 * (s + 1) + cpl,
                                    .attr = type | SEG_S | SEG_P | SEG_G |
                                            cpl * (SEG_DPL / 3) };
    }
    cpu->cr0 |= CR0_PE | CR0_PG;
    cpu->cr3 = SPACE_A | 1;
    cpu->cr4 |= CR4_PAE | CR4_PCIDE | CR4_PGE;
    cpu->efer |= EFER_LME | EFER_LMA;
    cpu->idt.base = IDT;
    cpu->idt.limit = 0xfff;
    cpu->gdt.base = GDT;
    cpu->gdt.limit = 0xff;
    cpu->tr = (X86Segment){ .base = TSS, .limit = 0x67, .attr = 0xb | SEG_P };
    put_quad(m, IDT + EXC_GP * 16, UINT64_C(0x8e00) << 32 | 8 << 16 | HANDLER);
    put_quad(m, GDT + 8, UINT64_C(0x00209b00) << 32);
    put_quad(m, TSS + 4, 0x8000);
    BARE_CODE(m, HANDLER, 0xf4);
    x86_update_key(cpu);
    cpu->mmu_ops->flush_all(cpu);
}

/* ---- CR3 ------------------------------------------------------------------
 */

/*  mov rax,[WINDOW]; mov cr3,r9; mov rbx,[WINDOW]; mov cr3,r10
 *  mov rcx,[WINDOW]; mov [r13],r12; mov cr3,r8; mov rdx,[WINDOW]; hlt */
static void test_switch(Bare *m)
{
    X86Cpu *cpu = m->cpu;

    spaces_enter(m, 0);
    spaces_map(m, SPACE_A, WINDOW, 0x20000);
    spaces_map(m, SPACE_B, WINDOW, 0x21000);
    put_quad(m, 0x20000, 10);
    put_quad(m, 0x21000, 11);
    put_quad(m, 0x22000, 12);
    BARE_CODE(m, KERNEL, 0x48, 0x8b, 0x04, 0x25, 0x00, 0x00, 0x40, 0x00, 0x41,
              0x0f, 0x22, 0xd9, 0x48, 0x8b, 0x1c, 0x25, 0x00, 0x00, 0x40, 0x00,
              0x41, 0x0f, 0x22, 0xda, 0x48, 0x8b, 0x0c, 0x25, 0x00, 0x00, 0x40,
              0x00, 0x4d, 0x89, 0x65, 0x00, 0x41, 0x0f, 0x22, 0xd8, 0x48, 0x8b,
              0x14, 0x25, 0x00, 0x00, 0x40, 0x00, 0xf4);
    cpu->env.r[8] = SPACE_A | 1;
    cpu->env.r[9] = SPACE_B | 2;
    cpu->env.r[10] = SPACE_A | 1 | NO_FLUSH;
    cpu->env.r[12] = 0x22000 | PT_P | PT_W | PT_U;
    cpu->env.r[13] = spaces_pte(SPACE_A, WINDOW);
    for (unsigned n = 0; n < 20; n++) {
        spaces_map(m, SPACE_A, WINDOW, 0x20000);
        cpu->cr3 = SPACE_A | 1;
        cpu->mmu_ops->switch_space(cpu, false);
        bare_run(m, KERNEL);
        g_assert_cmpuint(cpu->env.r[X86_RAX], ==, 10);
        g_assert_cmpuint(cpu->env.r[X86_RBX], ==, 11);
        g_assert_cmpuint(cpu->env.r[X86_RCX], ==, 10);
        g_assert_cmpuint(cpu->env.r[X86_RDX], ==, 12);
    }
}

/*  mov rax,[rsi]; mov rbx,[rsi + 1000h]; mov [rsi + 2000h],rax
 *  mov rcx,[rsi + 2000h]; hlt: pages of one large page, which changes with the
 *  space, and in it. */
static void test_switch_large(Bare *m)
{
    X86Cpu *cpu = m->cpu;

    spaces_enter(m, 0);
    BARE_CODE(m, KERNEL, 0x48, 0x8b, 0x06, 0x48, 0x8b, 0x9e, 0x00, 0x10, 0x00,
              0x00, 0x48, 0x89, 0x86, 0x00, 0x20, 0x00, 0x00, 0x48, 0x8b, 0x8e,
              0x00, 0x20, 0x00, 0x00, 0xf4);
    for (unsigned n = 0; n < 12; n++) {
        uint64_t space = n & 1 ? SPACE_B : SPACE_A;
        uint64_t phys = n / 2 % 3 * 0x200000 + 0x200000, at = phys + 0x5000;

        put_quad(m, at, 10 + n);
        put_quad(m, at + 0x1000, 20 + n);
        put_quad(m, at + 0x2000, 0);
        put_quad(m, space + 0x2000 + 8 * (LARGE >> 21),
                 phys | PT_P | PT_W | PT_U | PT_PS);
        cpu->cr3 = space | 1;
        cpu->mmu_ops->switch_space(cpu, false);
        cpu->env.r[X86_RSI] = LARGE + 0x5000;
        bare_run(m, KERNEL);
        g_assert_cmpuint(cpu->env.r[X86_RAX], ==, 10 + n);
        g_assert_cmpuint(cpu->env.r[X86_RBX], ==, 20 + n);
        g_assert_cmpuint(cpu->env.r[X86_RCX], ==, 10 + n);
    }
}

/* More spaces than there are tables for, each with a page of its own. */
static void test_many(Bare *m)
{
    X86Cpu *cpu = m->cpu;

    spaces_enter(m, 0);
    BARE_CODE(m, KERNEL, 0x41, 0x0f, 0x22, 0xd8, 0x48, 0x8b, 0x04, 0x25, 0x00,
              0x00, 0x40, 0x00, 0xf4); /* mov cr3,r8; mov rax,[WINDOW]; hlt */
    for (unsigned n = 0; n < 12; n++) {
        spaces_tables(m, 0x200000 + n * 0x10000);
        spaces_map(m, 0x200000 + n * 0x10000, WINDOW, 0x20000 + n * 0x1000);
        put_quad(m, 0x20000 + n * 0x1000, 100 + n);
    }
    for (unsigned i = 0; i < 60; i++) {
        unsigned n = i * 7 % 12;
        cpu->env.r[8] = (0x200000 + n * 0x10000) | (n + 1) | NO_FLUSH;
        bare_run(m, KERNEL);
        g_assert_cmpuint(cpu->env.r[X86_RAX], ==, 100 + n);
    }
    /* One PCID is flushed by name. */
    spaces_map(m, 0x200000, WINDOW, 0x21000);
    cpu->mmu_ops->flush_space(cpu, 1);
    cpu->env.r[8] = 0x200000 | 1 | NO_FLUSH;
    bare_run(m, KERNEL);
    g_assert_cmpuint(cpu->env.r[X86_RAX], ==, 101);
}

/* ---- INVLPG ---------------------------------------------------------------
 */

static void spaces_map_large(Bare *m, uint64_t phys)
{
    put_quad(m, SPACE_A + 0x2000 + 8 * (LARGE >> 21),
             phys | PT_P | PT_W | PT_U | PT_PS);
}

/*  mov rax,[rsi]; mov rbx,[rdi]; mov [r13],r12; invlpg [rdx]; mov rcx,[rsi]
 *  hlt */
static void spaces_invlpg(Bare *m, uint64_t read, uint64_t then, uint64_t entry,
                          uint64_t val, uint64_t invlpg)
{
    X86Cpu *cpu = m->cpu;

    cpu->env.r[X86_RSI] = read;
    cpu->env.r[X86_RDI] = then;
    cpu->env.r[X86_RDX] = invlpg;
    cpu->env.r[12] = val;
    cpu->env.r[13] = entry;
    bare_run(m, KERNEL);
    g_assert_cmpuint(cpu->env.r[X86_RAX], ==, 10);
    g_assert_cmpuint(cpu->env.r[X86_RCX], ==, 11);
}

static void test_invlpg(Bare *m)
{
    const uint64_t rights = PT_P | PT_W | PT_U;

    spaces_enter(m, 0);
    BARE_CODE(m, KERNEL, 0x48, 0x8b, 0x06, 0x48, 0x8b, 0x1f, 0x4d, 0x89, 0x65,
              0x00, 0x0f, 0x01, 0x3a, 0x48, 0x8b, 0x0e, 0xf4);
    put_quad(m, 0x20000, 10);
    put_quad(m, 0x21000, 11);
    put_quad(m, 0x200000, 10);
    put_quad(m, 0x400000, 11);
    for (unsigned n = 0; n < 600; n++) {
        uint64_t pte = spaces_pte(SPACE_A, WINDOW);
        uint64_t pde = SPACE_A + 0x2000 + 8 * (LARGE >> 21);

        spaces_map_large(m, 0x200000);
        spaces_map(m, SPACE_A, WINDOW, 0x20000);
        m->cpu->mmu_ops->flush_page(m->cpu, LARGE);
        m->cpu->mmu_ops->flush_page(m->cpu, WINDOW);
        /* In the table; evicted from there by a page at the same place. */
        spaces_invlpg(m, WINDOW, WINDOW + 8, pte, 0x21000 | rights,
                      WINDOW + 0x123);
        spaces_map(m, SPACE_A, WINDOW, 0x20000);
        m->cpu->mmu_ops->flush_page(m->cpu, WINDOW);
        spaces_invlpg(m, WINDOW, LARGE, pte, 0x21000 | rights, WINDOW);
        /* A large page by any of its addresses. */
        spaces_invlpg(m, LARGE, WINDOW, pde, 0x400000 | rights | PT_PS,
                      LARGE + 0x123456);
    }
}

/* Code that stays is kept, code that changes is not, and a cleared accessed bit
 * is set again: mov bl,1; hlt */
static void test_invlpg_code(Bare *m)
{
    X86Cpu *cpu = m->cpu;
    uint64_t pte;

    spaces_enter(m, 0);
    BARE_CODE(m, 0x30000, 0xb3, 0x01, 0xf4);
    BARE_CODE(m, 0x31000, 0xb3, 0x02, 0xf4);
    for (unsigned n = 0; n < 6; n++) {
        spaces_map(m, SPACE_A, WINDOW, n & 2 ? 0x31000 : 0x30000);
        cpu->mmu_ops->flush_page(cpu, WINDOW);
        bare_run(m, WINDOW);
        g_assert_cmpuint(cpu->env.r[X86_RBX] & 0xff, ==, n & 2 ? 2 : 1);
        memcpy(&pte, m->ram->host + spaces_pte(SPACE_A, WINDOW), 8);
        g_assert_cmphex(pte & PT_A, ==, PT_A);
    }
    pte = 0;
    bare_put(m, spaces_pte(SPACE_A, WINDOW), &pte, 8);
    cpu->mmu_ops->flush_page(cpu, WINDOW);
    put_quad(m, IDT + EXC_PF * 16, UINT64_C(0x8e00) << 32 | 8 << 16 | HANDLER);
    cpu->env.r[X86_RSP] = 0x7000;
    bare_run(m, WINDOW);
    g_assert_cmphex(cpu->env.pc, ==, HANDLER + 1);
}

/* ---- Users' code ----------------------------------------------------------
 */

static uint64_t spaces_translated(Bare *m)
{
    g_autoptr(GString) out = g_string_new(NULL);
    m->accel->class->info(m->accel, out);
    return g_ascii_strtoull(strstr(out->str, "translated") + 10, NULL, 10);
}

static void spaces_user_in(Bare *m, uint64_t space, uint64_t at)
{
    X86Cpu *cpu = m->cpu;

    spaces_enter(m, 3);
    cpu->cr3 = space | 1;
    cpu->mmu_ops->switch_space(cpu, false);
    cpu->env.r[X86_RSP] = 0x7000;
    bare_run(m, at);
    g_assert_cmphex(cpu->env.pc, ==, HANDLER + 1);
}

static void spaces_user(Bare *m, uint64_t at)
{
    spaces_user_in(m, SPACE_A, at);
}

/* The user's pc when it faulted. */
static uint64_t spaces_fault_pc(Bare *m)
{
    uint64_t pc;
    memcpy(&pc, m->ram->host + m->cpu->env.r[X86_RSP] + 8, 8);
    return pc;
}

static void spaces_map_windows(Bare *m)
{
    for (unsigned n = 0; n < 2; n++) {
        spaces_map(m, SPACE_A, WINDOW + n * 0x1000, 0x30000 + n * 0x1000);
        spaces_map(m, SPACE_A, WINDOW2 + n * 0x1000, 0x30000 + n * 0x1000);
    }
}

/*  0: lea rax,[rip]; call 12; 12: pop rbx; mov ecx,[rip + 0x100]
 * 19: jmp to the next page, whose first instruction reaches over from this one
 *     (add edx,imm32); there: hlt */
static void test_shared(Bare *m)
{
    const uint64_t at[] = { WINDOW, WINDOW2, WINDOW };
    uint64_t translated = 0;

    spaces_map_windows(m);
    BARE_CODE(m, 0x30000, 0x48, 0x8d, 0x05, 0x00, 0x00, 0x00, 0x00, 0xe8, 0x00,
              0x00, 0x00, 0x00, 0x5b, 0x8b, 0x0d, 0x00, 0x01, 0x00, 0x00, 0xe9,
              0xe5, 0x0f, 0x00, 0x00);
    BARE_CODE(m, 0x30ffd, 0x81, 0xc2, 0x44, 0x33, 0x22, 0x11, 0xf4);
    bare_put_long(m, 0x30000 + 19 + 0x100, 77);
    for (unsigned i = 0; i < G_N_ELEMENTS(at); i++) {
        m->cpu->env.r[X86_RDX] = i;
        spaces_user(m, at[i]);
        g_assert_cmphex(m->cpu->env.r[X86_RAX], ==, at[i] + 7);
        g_assert_cmphex(m->cpu->env.r[X86_RBX], ==, at[i] + 12);
        g_assert_cmphex(m->cpu->env.r[X86_RCX], ==, 77);
        g_assert_cmphex(m->cpu->env.r[X86_RDX], ==, 0x11223344 + i);
        g_assert_cmphex(spaces_fault_pc(m), ==, at[i] + 0x1003);
        if (!i) {
            translated = spaces_translated(m);
        } else if (!(m->cpu->tcg->switches & TCG_OFF_SHARE)) {
            g_assert_cmpuint(spaces_translated(m), ==, translated);
        }
    }
}

/* Code that overwrites its next instruction, at two places in turn; what it
 * writes is changed from outside: mov byte [rip + 1],7; mov al,1; hlt */
static void test_shared_smc(Bare *m)
{
    spaces_map_windows(m);
    BARE_CODE(m, 0x30000, 0xc6, 0x05, 0x01, 0x00, 0x00, 0x00, 0x07, 0xb0, 0x01,
              0xf4);
    for (unsigned i = 0; i < 4; i++) {
        space_store(m->memory, 0x30006, 1, 7 + i / 2);
        spaces_user(m, i & 1 ? WINDOW2 : WINDOW);
        g_assert_cmphex(m->cpu->env.r[X86_RAX] & 0xff, ==, 7 + i / 2);
        g_assert_cmphex(spaces_fault_pc(m) & 0xfff, ==, 9);
    }
}

/* Code whose operand is patched before each run, by a device and by the kernel,
 * at two places of two processes: mov eax,imm32; hlt */
static void test_shared_patch(Bare *m)
{
    BARE_CODE(m, 0x30000, 0xb8, 0x00, 0x00, 0x00, 0x00, 0xf4);
    BARE_CODE(m, KERNEL, 0x89, 0x0c, 0x25, 0x01, 0x00, 0x03, 0x00,
              0xf4); /* mov [30001],ecx; hlt */
    for (uint64_t i = 0; i < 60; i++) {
        uint64_t space = i & 2 ? SPACE_B : SPACE_A;

        spaces_enter(m, 0);
        spaces_map(m, space, WINDOW, 0x30000);
        spaces_map(m, space, WINDOW2, 0x30000);
        if (i % 3) {
            m->cpu->env.r[X86_RCX] = i << 20;
            bare_run(m, KERNEL);
        } else {
            space_store(m->memory, 0x30001, 4, i << 20);
        }
        spaces_user_in(m, space, i & 1 ? WINDOW2 : WINDOW);
        g_assert_cmphex(m->cpu->env.r[X86_RAX], ==, i << 20);
        g_assert_cmphex(spaces_fault_pc(m) & 0xfff, ==, 5);
    }
}

/* What is mapped there changes, and the page behind with it. */
static void test_shared_remap(Bare *m)
{
    spaces_map_windows(m);
    BARE_CODE(m, 0x30ff8, 0xb0, 0x01, 0xeb, 0x04); /* mov al,1; jmp +4 */
    BARE_CODE(m, 0x31000, 0xb3, 0x02, 0xf4);       /* mov bl,2; hlt */
    BARE_CODE(m, 0x32000, 0xb3, 0x03, 0xf4);
    for (unsigned i = 0; i < 6; i++) {
        spaces_map(m, SPACE_A, WINDOW + 0x1000, i & 1 ? 0x32000 : 0x31000);
        spaces_user(m, WINDOW + 0xff8);
        g_assert_cmphex(m->cpu->env.r[X86_RBX] & 0xff, ==, i & 1 ? 3 : 2);
    }
}

/*
 * A loop over two pages, often enough for its jumps to be linked, at two places
 * of one address space with different pages behind, which then change.
 *   0: jmp 0x1000; 5: dec ecx; jnz 0; ret; 0x1000: add ebx,2 or 3; jmp 5
 * called, as often as esi says, with ecx = 100 at WINDOW and at WINDOW2.
 */
static void test_shared_far(Bare *m)
{
    BARE_CODE(m, 0x30000, 0xe9, 0xfb, 0x0f, 0x00, 0x00, 0xff, 0xc9, 0x75, 0xf7,
              0xc3);
    BARE_CODE(m, 0x31000, 0x83, 0xc3, 0x02, 0xe9, 0xfd, 0xef, 0xff, 0xff);
    BARE_CODE(m, 0x32000, 0x83, 0xc3, 0x03, 0xe9, 0xfd, 0xef, 0xff, 0xff);
    BARE_CODE(m, 0x33000, 0xb9, 0x64, 0x00, 0x00, 0x00, 0xb8, 0x00, 0x00, 0x40,
              0x00, 0xff, 0xd0, 0xb9, 0x64, 0x00, 0x00, 0x00, 0xb8, 0x00, 0x00,
              0x60, 0x00, 0xff, 0xd0, 0xff, 0xce, 0x75, 0xe4, 0xf4);
    spaces_map_windows(m);
    spaces_map(m, SPACE_A, WINDOW + 0x2000, 0x33000);
    for (unsigned i = 0; i < 6; i++) {
        unsigned first = i % 3 ? 2 : 3, second = i % 2 ? 2 : 3;
        spaces_map(m, SPACE_A, WINDOW + 0x1000, 0x2f000 + first * 0x1000);
        spaces_map(m, SPACE_A, WINDOW2 + 0x1000, 0x2f000 + second * 0x1000);
        m->cpu->env.r[X86_RBX] = 0;
        m->cpu->env.r[X86_RSI] = 3;
        spaces_user(m, WINDOW + 0x2000);
        g_assert_cmpuint(m->cpu->env.r[X86_RBX], ==, 300 * (first + second));
    }
}

/* ---- Table of tests ---------------------------------------------------- */

static const BareTest test_rows[] = {
    { "switch", test_switch },
    { "switch-large", test_switch_large },
    { "many", test_many },
    { "invlpg", test_invlpg },
    { "invlpg-code", test_invlpg_code },
    { "shared", test_shared },
    { "shared-smc", test_shared_smc },
    { "shared-patch", test_shared_patch },
    { "shared-remap", test_shared_remap },
    { "shared-far", test_shared_far },
    {},
};

static const char *const test_variants[] = {
    "x86_64",
    "x86_64,share=off",
    "x86_64,patch=off",
    "x86_64,chain=off,jumps=off",
    "x86_64,slots=off,opt=off",
    "interp",
    "interp,share=off",
    NULL,
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bare_add_tests("/accel/spaces", test_rows, test_variants);
    return g_test_run();
}
