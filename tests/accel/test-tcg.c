/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator's engine, driven by small programs: code that changes, memory
 * that moves, counts that must be exact. Every test runs on every back end of
 * this host.
 */
#include "accel/tcg/tcg.h"
#include "tests/accel/bare.h"

#include <string.h>

/* ---- Running --------------------------------------------------------------
 */

/* A loop: mov cx,1000; xor ax,ax; again: add ax,cx; loop again; hlt */
static void test_loop(Bare *m)
{
    BARE_CODE(m, 0x1000, 0xb9, 0xe8, 0x03, 0x31, 0xc0, 0x01, 0xc8, 0xe2, 0xfc,
              0xf4);
    bare_run(m, 0x1000);
    g_assert_cmphex(m->cpu->env.r[X86_RAX] & 0xffff, ==, 500500 & 0xffff);
    g_assert_cmphex(m->cpu->env.pc, ==, 0x100a);
}

/* The same in pieces of any length gives the same. */
static void test_count(Bare *m)
{
    const uint64_t total = 2 + 2 * 1000;

    BARE_CODE(m, 0x1000, 0xb9, 0xe8, 0x03, 0x31, 0xc0, 0x01, 0xc8, 0xe2, 0xfc,
              0xf4);
    m->cpu->env.pc = 0x1000;
    for (uint64_t done = 0, n = 1; done < total; done += n, n = n * 3 % 101) {
        n = MIN(n, total - done);
        g_assert_cmpint(tcg_run_insns(m->accel, m->cpu, n), ==, VCPU_EXIT_STOP);
        g_assert_cmpuint(m->cpu->env.insn_count, ==, done + n);
    }
    g_assert_cmphex(m->cpu->env.pc, ==, 0x1009);
    g_assert_cmphex(m->cpu->env.r[X86_RAX] & 0xffff, ==, 500500 & 0xffff);
}

/* A repeated string instruction is one, whoever runs it and in how many pieces
 * (one is the store that starts anew, because it changes its own block):
 *   1000: mov di,1100; mov cx,40; rep stosb; 1008: mov byte [100e],2;
 *   100d: mov al,1; inc bx; hlt */
static void test_count_again(Bare *m)
{
    BARE_CODE(m, 0x1000, 0xbf, 0x00, 0x11, 0xb9, 0x28, 0x00, 0xf3, 0xaa, 0xc6,
              0x06, 0x0e, 0x10, 0x02, 0xb0, 0x01, 0x43, 0xf4);
    m->cpu->env.pc = 0x1000;
    g_assert_cmpint(tcg_run_insns(m->accel, m->cpu, 3), ==, VCPU_EXIT_STOP);
    g_assert_cmphex(m->cpu->env.pc, ==, 0x1008);
    g_assert_cmpint(tcg_run_insns(m->accel, m->cpu, 2), ==, VCPU_EXIT_STOP);
    g_assert_cmphex(m->cpu->env.pc, ==, 0x100f);
    g_assert_cmphex(m->cpu->env.r[X86_RAX] & 0xff, ==, 2);
    g_assert_cmpuint(m->cpu->env.insn_count, ==, 5);
}

/* An interrupt that comes in a counted run waits for its end:
 *   1000: sti; nop; nop; jmp 1001   1020: inc si; iret */
static void test_count_interrupt(Bare *m)
{
    BARE_CODE(m, 0x1000, 0xfb, 0x90, 0x90, 0xeb, 0xfc);
    BARE_CODE(m, 0x1020, 0x46, 0xcf);
    bare_put_long(m, 2 * 4, 0x1020); /* IVT: NMI */
    m->cpu->env.pc = 0x1000;
    tcg_run_insns(m->accel, m->cpu, 100);
    g_assert_cmphex(m->cpu->env.r[X86_RSI], ==, 0);
    x86_set_pending(m->cpu, X86_PENDING_NMI);
    tcg_run_insns(m->accel, m->cpu, 1);
    g_assert_cmphex(m->cpu->env.pc, ==, 0x1021);
    g_assert_cmphex(m->cpu->env.r[X86_RSI] & 0xffff, ==, 1);
    x86_set_pending(m->cpu, X86_PENDING_NMI); /* blocked until IRET */
    tcg_run_insns(m->accel, m->cpu, 10);
    g_assert_cmphex(m->cpu->env.r[X86_RSI] & 0xffff, ==, 1);
    tcg_run_insns(m->accel, m->cpu, 1);
    g_assert_cmphex(m->cpu->env.r[X86_RSI] & 0xffff, ==, 2);
}

/* What the manual leaves undefined is clear, where that is asked for:
 *   1000: mov al,c0; mov cl,2; stc; shl al,cl (OF AF undefined)
 *   1007: mov cl,0; shl al,cl (no flag changes); hlt */
static void test_defined_flags(Bare *m)
{
    BARE_CODE(m, 0x1000, 0xb0, 0xc0, 0xb1, 0x02, 0xf9, 0xd2, 0xe0, 0xb1, 0x00,
              0xd2, 0xe0, 0xf4);
    m->cpu->env.pc = 0x1000;
    tcg_run_insns(m->accel, m->cpu, 4);
    uint32_t flags = x86_get_eflags(m->cpu) & EFLAGS_STATUS;
    g_assert_cmphex(flags, ==, EFLAGS_CF | EFLAGS_ZF | EFLAGS_PF);
    tcg_run_insns(m->accel, m->cpu, 2);
    g_assert_cmphex(x86_get_eflags(m->cpu) & EFLAGS_STATUS, ==, flags);
}

/* Four bytes from 2000h are watched for writes, after code and memory have been
 * used; traps come after the store, and between elements of a string:
 *   1000: mov [2000],ax; mov eax,2000; mov dr0,eax; mov eax,d0001; mov dr7,eax
 *   1015: mov [1ffc],ax; mov [2002],ax; 101b: inc si; mov bx,[2000]
 *   1020: mov di,1ffe; mov cx,3; 1026: rep stosw; 1028: hlt
 *   1100: push bp; mov bp,sp; push ax; mov ax,[bp+2]; push bx; mov bx,dx
 *         shl bx,1; mov [bx+3000],ax; inc dx; pop bx; pop ax; pop bp; iret */
static void test_watch(Bare *m)
{
    BARE_CODE(m, 0x1000, 0xa3, 0x00, 0x20, 0x66, 0xb8, 0x00, 0x20, 0x00, 0x00,
              0x0f, 0x23, 0xc0, 0x66, 0xb8, 0x01, 0x00, 0x0d, 0x00, 0x0f, 0x23,
              0xf8, 0xa3, 0xfc, 0x1f, 0xa3, 0x02, 0x20, 0x46, 0x8b, 0x1e, 0x00,
              0x20, 0xbf, 0xfe, 0x1f, 0xb9, 0x03, 0x00, 0xf3, 0xab, 0xf4);
    BARE_CODE(m, 0x1100, 0x55, 0x89, 0xe5, 0x50, 0x8b, 0x46, 0x02, 0x53, 0x89,
              0xd3, 0xd1, 0xe3, 0x89, 0x87, 0x00, 0x30, 0x42, 0x5b, 0x58, 0x5d,
              0xcf);
    bare_put_long(m, 1 * 4, 0x1100); /* IVT: #DB */
    m->cpu->env.r[X86_RDX] = m->cpu->env.r[X86_RSI] = 0;
    bare_run(m, 0x1000);
    g_assert_cmphex(m->cpu->env.r[X86_RDX] & 0xffff, ==, 3);
    g_assert_cmphex(m->cpu->env.r[X86_RSI] & 0xffff, ==, 1);
    g_assert_cmphex(*(uint32_t *)(m->ram->host + 0x3000), ==, 0x1026101b);
    g_assert_cmphex(*(uint16_t *)(m->ram->host + 0x3004), ==, 0x1028);
    g_assert_cmphex(m->cpu->dr[6] & 15, ==, 1);
}

/* More blocks than the smallest buffer holds: jumps of 2 bytes, each a block.
 */
static void test_buffer_full(Bare *m)
{
    for (uint32_t a = 0x10000; a < 0x70000; a += 2) {
        BARE_CODE(m, a, 0xeb, 0x00);
    }
    BARE_CODE(m, 0x70000, 0xf4);
    bare_flat32(m, UINT32_MAX);
    bare_run(m, 0x10000);
    g_assert_cmphex(m->cpu->env.pc, ==, 0x70001);
}

/* ---- Code that changes ----------------------------------------------------
 */

/* mov byte [next + 1],5; next: mov al,1; hlt */
static void test_smc_next(Bare *m)
{
    BARE_CODE(m, 0x1000, 0xc6, 0x06, 0x06, 0x10, 0x05, 0xb0, 0x01, 0xf4);
    bare_run(m, 0x1000);
    g_assert_cmphex(m->cpu->env.r[X86_RAX] & 0xff, ==, 5);
}

/* inc byte [imm]: x: mov al,7; loop x: reads, changes and writes its own code
 *   1000: mov cx,3  1003: inc byte [1008]  1007: mov al,7  1009: loop 1003 */
static void test_smc_rmw(Bare *m)
{
    BARE_CODE(m, 0x1000, 0xb9, 0x03, 0x00, 0xfe, 0x06, 0x08, 0x10, 0xb0, 0x07,
              0xe2, 0xf8, 0xf4);
    bare_run(m, 0x1000);
    g_assert_cmphex(m->cpu->env.r[X86_RAX] & 0xff, ==, 10);
}

/* An instruction that overwrites itself, twice:
 *   1000: mov word [1000],90f4h  (becomes hlt; nop; ...) 1006: jmp 1000 */
static void test_smc_self(Bare *m)
{
    BARE_CODE(m, 0x1000, 0xc7, 0x06, 0x00, 0x10, 0xf4, 0x90, 0xeb, 0xf8);
    bare_run(m, 0x1000);
    g_assert_cmphex(m->cpu->env.pc, ==, 0x1001);
}

/* A routine is patched between two linked calls:
 *   1000: call 1100  1003: mov byte [1101],2  1008: mov bl,al
 *   100a: call 1100  100d: hlt     1100: mov al,1  1102: ret */
static void test_smc_linked(Bare *m)
{
    BARE_CODE(m, 0x1000, 0xe8, 0xfd, 0x00, 0xc6, 0x06, 0x01, 0x11, 0x02, 0x88,
              0xc3, 0xe8, 0xf3, 0x00, 0xf4);
    for (unsigned i = 0; i < 3; i++) {
        BARE_CODE(m, 0x1100, 0xb0, 0x01, 0xc3);
        ram_written(m->ram, 0x1100, 3);
        bare_run(m, 0x1000);
        g_assert_cmphex(m->cpu->env.r[X86_RBX] & 0xff, ==, 1);
        g_assert_cmphex(m->cpu->env.r[X86_RAX] & 0xff, ==, 2);
    }
}

/* rep movsb over the code that follows it:
 *   1000: mov si,1100; mov di,100b; mov cx,2; rep movsb; 100b: mov al,1; hlt */
static void test_smc_string(Bare *m)
{
    BARE_CODE(m, 0x1000, 0xbe, 0x00, 0x11, 0xbf, 0x0b, 0x10, 0xb9, 0x02, 0x00,
              0xf3, 0xa4, 0xb0, 0x01, 0xf4);
    BARE_CODE(m, 0x1100, 0xb0, 0x09);
    bare_run(m, 0x1000);
    g_assert_cmphex(m->cpu->env.r[X86_RAX] & 0xff, ==, 9);
}

/* The stack is in the code's page, and interrupts write it:
 *   1000: mov sp,1100; mov cx,100; x: push cx; int3; pop dx; loop x; hlt */
static void test_stack_in_code(Bare *m)
{
    BARE_CODE(m, 0x1000, 0xbc, 0x00, 0x11, 0xb9, 0x64, 0x00, 0x51, 0xcc, 0x5a,
              0xe2, 0xfb, 0xf4);
    bare_put_long(m, 3 * 4, 0x1020);  /* IVT: 0000:1020 */
    BARE_CODE(m, 0x1020, 0x46, 0xcf); /* inc si; iret */
    bare_run(m, 0x1000);
    g_assert_cmphex(m->cpu->env.r[X86_RSI] & 0xffff, ==, 100);
    g_assert_cmphex(m->cpu->env.r[X86_RSP] & 0xffff, ==, 0x1100);
}

/* A device writes code by DMA. */
static void test_dma(Bare *m)
{
    const uint8_t two[] = { 0xb0, 0x02 };

    BARE_CODE(m, 0x1000, 0xb0, 0x01, 0xf4);
    bare_run(m, 0x1000);
    g_assert_cmphex(m->cpu->env.r[X86_RAX] & 0xff, ==, 1);
    g_assert(dma_write(m->memory, 0x1000, two, 2));
    bare_run(m, 0x1000);
    g_assert_cmphex(m->cpu->env.r[X86_RAX] & 0xff, ==, 2);
}

/* An instruction in two pages; its second half changes:
 *   1ffe: mov eax,... (66 b8 | imm32), hlt */
static void test_straddling(Bare *m)
{
    BARE_CODE(m, 0x1ffe, 0x66, 0xb8, 0x01, 0x02, 0x03, 0x04, 0xf4);
    bare_run(m, 0x1ffe);
    g_assert_cmphex(m->cpu->env.r[X86_RAX], ==, 0x04030201);
    const uint8_t nine = 9;
    g_assert(dma_write(m->memory, 0x2000, &nine, 1));
    bare_run(m, 0x1ffe);
    g_assert_cmphex(m->cpu->env.r[X86_RAX], ==, 0x04030209);
}

/* ---- Accesses that share a check ------------------------------------------
 */

/*   1000: mov ecx,64h
 *   1005: x: add dword [esi],1; mov eax,[esi+4]; add eax,ecx; mov [esi+4],eax
 *         loop x; hlt */
static void put_group(Bare *m)
{
    bare_flat32(m, UINT32_MAX);
    BARE_CODE(m, 0x1000, 0xb9, 0x64, 0x00, 0x00, 0x00, 0x83, 0x06, 0x01, 0x8b,
              0x46, 0x04, 0x01, 0xc8, 0x89, 0x46, 0x04, 0xe2, 0xf3, 0xf4);
}

static void check_group(Bare *m, uint32_t at)
{
    uint32_t got[2];

    memcpy(got, m->ram->host + at, sizeof(got));
    g_assert_cmpuint(got[0], ==, 100);
    g_assert_cmpuint(got[1], ==, 5050);
}

/* In one page; in two; in the page that the code is in. */
static void test_group(Bare *m)
{
    static const uint32_t places[] = { 0x3000, 0x5ffc, 0x6ffe, 0x1800 };

    put_group(m);
    for (unsigned n = 0; n < G_N_ELEMENTS(places); n++) {
        m->cpu->env.r[X86_RSI] = places[n];
        bare_run(m, 0x1000);
        check_group(m, places[n]);
    }
}

/* What is begun anew counts once, in pieces of any length. */
static void test_count_group(Bare *m)
{
    const uint64_t total = 1 + 5 * 100;

    put_group(m);
    for (uint64_t step = 1; step < 20; step++) {
        uint32_t at = 0x3ffc + step * PAGE_SIZE;
        uint64_t start = m->cpu->env.insn_count;

        m->cpu->env.pc = 0x1000;
        m->cpu->env.r[X86_RSI] = at;
        for (uint64_t done = 0; done < total; done += step) {
            tcg_run_insns(m->accel, m->cpu, MIN(step, total - done));
        }
        g_assert_cmpuint(m->cpu->env.insn_count - start, ==, total);
        g_assert_cmphex(m->cpu->env.pc, ==, 0x1012);
        check_group(m, at);
    }
}

/* ---- Mappings that change -------------------------------------------------
 */

enum { PT_P = 1, PT_W = 2, PT_PS = 0x80 };

/* Page directory at 100000h, one table at 101000h, identity; 400000h.. is the
 * same through a second table at 102000h. */
static void map_identity(Bare *m)
{
    for (uint32_t i = 0; i < 1024; i++) {
        bare_put_long(m, 0x101000 + 4 * i, i << 12 | PT_P | PT_W);
        bare_put_long(m, 0x102000 + 4 * i, i << 12 | PT_P | PT_W);
    }
    bare_put_long(m, 0x100000, 0x101000 | PT_P | PT_W);
    bare_put_long(m, 0x100004, 0x102000 | PT_P | PT_W);
    bare_flat32(m, 0x100000);
}

/* Two pages of code at 10000h and 11000h: mov al,1; ret and mov al,2; ret. */
static void put_two_routines(Bare *m)
{
    BARE_CODE(m, 0x10000, 0xb0, 0x01, 0xc3);
    BARE_CODE(m, 0x11000, 0xb0, 0x02, 0xc3);
}

/* Calls 400000h (a link across pages), which is first 10000h; the entry then
 * becomes 11000h, INVLPG, and again; in a loop that makes everything hot.
 *   mov ecx,20
 *   x: mov dword [102000h],10003h; invlpg [400000h]; call 400000h; mov bl,al
 *      mov dword [102000h],11003h; invlpg [400000h]; call 400000h
 *      add [500h],bl; add [504h],al; loop x; hlt */
static void test_invlpg_code(Bare *m)
{
    map_identity(m);
    put_two_routines(m);
    BARE_CODE(m, 0x1000, 0xb9, 0x14, 0x00, 0x00, 0x00, /* mov ecx */
              0xc7, 0x05, 0x00, 0x20, 0x10, 0x00, 0x03, 0x00, 0x01, 0x00, 0x0f,
              0x01, 0x3d, 0x00, 0x00, 0x40, 0x00, /* invlpg */
              0xe8, 0xe5, 0xef, 0x3f, 0x00,       /* call */
              0x88, 0xc3,                         /* mov bl,al */
              0xc7, 0x05, 0x00, 0x20, 0x10, 0x00, 0x03, 0x10, 0x01, 0x00, 0x0f,
              0x01, 0x3d, 0x00, 0x00, 0x40, 0x00, /* invlpg */
              0xe8, 0xcd, 0xef, 0x3f, 0x00,       /* call */
              0x00, 0x1d, 0x00, 0x05, 0x00, 0x00, /* add bl */
              0x00, 0x05, 0x04, 0x05, 0x00, 0x00, /* add al */
              0xe2, 0xc4, 0xf4);
    bare_run(m, 0x1000);
    g_assert_cmpuint(m->ram->host[0x500], ==, 20);
    g_assert_cmpuint(m->ram->host[0x504], ==, 40);
}

/* The same by MOV CR3 between two directories:
 *   x: mov eax,100000h; mov cr3,eax; call 400000h; mov bl,al
 *      mov eax,103000h; mov cr3,eax; call 400000h; add.. loop x; hlt */
static void test_cr3_code(Bare *m)
{
    map_identity(m);
    put_two_routines(m);
    bare_put_long(m, 0x102000, 0x10000 | PT_P | PT_W);
    bare_put_long(m, 0x103000, 0x101000 | PT_P | PT_W);
    bare_put_long(m, 0x103004, 0x104000 | PT_P | PT_W);
    bare_put_long(m, 0x104000, 0x11000 | PT_P | PT_W);
    BARE_CODE(m, 0x1000, 0xb9, 0x14, 0x00, 0x00, 0x00, 0xb8, 0x00, 0x00, 0x10,
              0x00, 0x0f, 0x22, 0xd8, 0xe8, 0xee, 0xef, 0x3f, 0x00, 0x88, 0xc3,
              0xb8, 0x00, 0x30, 0x10, 0x00, 0x0f, 0x22, 0xd8, 0xe8, 0xdf, 0xef,
              0x3f, 0x00, 0x00, 0x1d, 0x00, 0x05, 0x00, 0x00, 0x00, 0x05, 0x04,
              0x05, 0x00, 0x00, 0xe2, 0xd6, 0xf4);
    bare_run(m, 0x1000);
    g_assert_cmpuint(m->ram->host[0x500], ==, 20);
    g_assert_cmpuint(m->ram->host[0x504], ==, 40);
}

/* A processor that is attached again knows nothing of before: 400000h leads to
 * another page. call 400000h; add [500h],al; mov ecx,[400100h]; mov [504h],ecx;
 * hlt */
static void test_attach_again(Bare *m)
{
    const AccelClass *class = m->accel->class;

    map_identity(m);
    put_two_routines(m);
    bare_put_long(m, 0x10100, 11);
    bare_put_long(m, 0x11100, 22);
    BARE_CODE(m, 0x1000, 0xe8, 0xfb, 0xef, 0x3f, 0x00, 0x00, 0x05, 0x00, 0x05,
              0x00, 0x00, 0x8b, 0x0d, 0x00, 0x01, 0x40, 0x00, 0x89, 0x0d, 0x04,
              0x05, 0x00, 0x00, 0xf4);
    for (unsigned n = 0; n < 6; n++) {
        bare_put_long(m, 0x102000, (n % 2 ? 0x11000 : 0x10000) | PT_P | PT_W);
        for (unsigned again = 0; again < 3; again++) {
            m->ram->host[0x500] = 0;
            bare_run(m, 0x1000);
            g_assert_cmpuint(m->ram->host[0x500], ==, n % 2 ? 2 : 1);
            g_assert_cmpuint(m->ram->host[0x504], ==, n % 2 ? 22 : 11);
        }
        class->vcpu_clear(m->accel, m->cpu);
        g_assert_true(class->vcpu_init(m->accel, m->cpu, NULL));
    }
}

/* INVLPG of one address drops every piece of a large page:
 *   mov eax,[400000h]; mov ebx,[401000h]; mov dword [100004h],...
 *   invlpg [402000h]; mov ecx,[400000h]; mov edx,[401000h]; hlt */
static void test_invlpg_large(Bare *m)
{
    map_identity(m);
    bare_put_long(m, 0x100004, 0x000000 | PT_P | PT_W | PT_PS);
    m->cpu->cr4 |= CR4_PSE;
    m->cpu->mmu_ops->flush_all(m->cpu);
    bare_put_long(m, 0x200000, 11);
    bare_put_long(m, 0x201000, 12);
    bare_put_long(m, 0x600000, 21);
    bare_put_long(m, 0x601000, 22);
    BARE_CODE(m, 0x1000, 0xa1, 0x00, 0x00, 0x60, 0x00, 0x8b, 0x1d, 0x00, 0x10,
              0x60, 0x00, 0xc7, 0x05, 0x04, 0x00, 0x10, 0x00, 0x83, 0x00, 0x40,
              0x00, 0x0f, 0x01, 0x3d, 0x00, 0x20, 0x60, 0x00, 0x8b, 0x0d, 0x00,
              0x00, 0x60, 0x00, 0x8b, 0x15, 0x00, 0x10, 0x60, 0x00, 0xf4);
    bare_run(m, 0x1000);
    g_assert_cmpuint(m->cpu->env.r[X86_RAX], ==, 11);
    g_assert_cmpuint(m->cpu->env.r[X86_RBX], ==, 12);
    g_assert_cmpuint(m->cpu->env.r[X86_RCX], ==, 21);
    g_assert_cmpuint(m->cpu->env.r[X86_RDX], ==, 22);
}

/* A store in two pages, the second not present: nothing is written, and the
 * fault names the second page. */
static void test_crossing_fault(Bare *m)
{
    map_identity(m);
    bare_put_long(m, 0x102000 + 4, 0);
    /* IDT at 3000h: entry 14 to 8:2000h. GDT: CS is selector 16. */
    bare_put_long(m, 0x3000 + 14 * 8, 16 << 16 | 0x2000);
    bare_put_long(m, 0x3004 + 14 * 8, 0x8e00);
    bare_put_long(m, 0x4010, 0x0000ffff);
    bare_put_long(m, 0x4014, 0x00cf9b00);
    m->cpu->idt.base = 0x3000;
    m->cpu->idt.limit = 0x7ff;
    m->cpu->gdt.base = 0x4000;
    m->cpu->gdt.limit = 0xff;
    BARE_CODE(m, 0x1000, 0xb8, 0x44, 0x33, 0x22, 0x11, /* mov eax */
              0xa3, 0xfe, 0x0f, 0x40, 0x00, 0xf4);     /* mov [400ffe],eax */
    BARE_CODE(m, 0x2000, 0xf4);
    bare_run(m, 0x1000);
    g_assert_cmphex(m->cpu->env.pc, ==, 0x2001);
    g_assert_cmphex(m->cpu->cr2, ==, 0x401000);
    g_assert_cmphex(m->ram->host[0xffe], ==, 0);
    g_assert_cmphex(*(uint32_t *)(m->ram->host + m->cpu->env.r[X86_RSP]), ==,
                    2);
}

/* ---- Devices --------------------------------------------------------------
 */

typedef struct Overlay {
    MemoryRegion switch_io; /* a store here shows or hides `cover` */
    MemoryRegion cover;
    RamBlock *ram;
} Overlay;

static bool overlay_write(void *opaque, hwaddr off, unsigned size, uint64_t val)
{
    region_set_enabled(&((Overlay *)opaque)->cover, val);
    return true;
}

static bool overlay_read(void *opaque, hwaddr off, unsigned size, uint64_t *val)
{
    static const uint8_t code[] = { 0xb0, 0x2a, 0xf4 }; /* mov al,42; hlt */

    *val = off < sizeof(code) ? code[off] : 0xff;
    return true;
}

static const MemoryOps overlay_ops = {
    .read = overlay_read,
    .write = overlay_write,
    .impl = { .min = 1, .max = 1 },
};

static void overlay_init(Bare *m, Overlay *o)
{
    o->ram = ram_new("cover", PAGE_SIZE, NULL);
    region_init_io(&o->switch_io, "switch", PAGE_SIZE, &overlay_ops, o, NULL);
    region_init_ram(&o->cover, "cover", o->ram, 0, PAGE_SIZE);
    o->cover.enabled = false;
    region_add_priority(&m->root, 0x900000, &o->switch_io, 1);
    region_add_priority(&m->root, 0x5000, &o->cover, 1);
}

static void overlay_clear(Overlay *o)
{
    region_clear(&o->switch_io);
    region_clear(&o->cover);
    ram_free(o->ram);
}

/* The map changes under the running program, seen by its next instruction:
 *   mov al,[5000h]; mov byte [900000h],1; mov bl,[5000h]; mov byte [5000h],9
 *   mov byte [900000h],0; mov cl,[5000h]; hlt */
static void test_map_changes(Bare *m)
{
    Overlay o;

    overlay_init(m, &o);
    m->ram->host[0x5000] = 3;
    o.ram->host[0] = 4;
    bare_flat32(m, UINT32_MAX);
    BARE_CODE(m, 0x1000, 0xa0, 0x00, 0x50, 0x00, 0x00, 0xc6, 0x05, 0x00, 0x00,
              0x90, 0x00, 0x01, 0x8a, 0x1d, 0x00, 0x50, 0x00, 0x00, 0xc6, 0x05,
              0x00, 0x50, 0x00, 0x00, 0x09, 0xc6, 0x05, 0x00, 0x00, 0x90, 0x00,
              0x00, 0x8a, 0x0d, 0x00, 0x50, 0x00, 0x00, 0xf4);
    bare_run(m, 0x1000);
    g_assert_cmpuint(m->cpu->env.r[X86_RAX] & 0xff, ==, 3);
    g_assert_cmpuint(m->cpu->env.r[X86_RBX] & 0xff, ==, 4);
    g_assert_cmpuint(m->cpu->env.r[X86_RCX] & 0xff, ==, 3);
    g_assert_cmpuint(o.ram->host[0], ==, 9);
    overlay_clear(&o);
}

/* Code in a device's memory is fetched from it. */
static void test_code_in_device(Bare *m)
{
    Overlay o;

    overlay_init(m, &o);
    bare_flat32(m, UINT32_MAX);
    bare_run(m, 0x900000);
    g_assert_cmpuint(m->cpu->env.r[X86_RAX] & 0xff, ==, 42);
    overlay_clear(&o);
}

/* ---- Table of tests ---------------------------------------------------- */

static const BareTest test_rows[] = {
    { "loop", test_loop },
    { "count", test_count, ",count=on" },
    { "count-again", test_count_again, ",count=on" },
    { "count-interrupt", test_count_interrupt, ",count=on" },
    { "count-group", test_count_group, ",count=on" },
    { "group", test_group },
    { "defined-flags", test_defined_flags, ",count=on,exact=on" },
    { "watch", test_watch },
    { "buffer-full", test_buffer_full, ",tb-size=1" },
    { "smc/next", test_smc_next },
    { "smc/rmw", test_smc_rmw },
    { "smc/self", test_smc_self },
    { "smc/linked", test_smc_linked },
    { "smc/string", test_smc_string },
    { "smc/stack", test_stack_in_code },
    { "smc/dma", test_dma },
    { "smc/straddling", test_straddling },
    { "map/invlpg-code", test_invlpg_code },
    { "map/cr3-code", test_cr3_code },
    { "map/attach-again", test_attach_again },
    { "map/invlpg-large", test_invlpg_large },
    { "map/crossing-fault", test_crossing_fault },
    { "map/memory", test_map_changes },
    { "map/code-in-device", test_code_in_device },
    {},
};

/* Settings that every test must survive. */
static const char *const test_variants[] = {
    "x86_64",
    "x86_64,native=off",
    "x86_64,chain=off,jumps=off",
    "x86_64,slots=off,opt=off,flags=off",
    "x86_64,table=off,unlock=off",
    "interp",
    "interp,opt=off",
    "interp,chain=off,insns=1",
    NULL,
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bare_add_tests("/accel/tcg", test_rows, test_variants);
    return g_test_run();
}
