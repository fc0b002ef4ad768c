/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System management mode on two processors, as a firmware image: the first
 * interrupt moves each one's state away from 30000h, into memory that only
 * handlers see; they read and change the state that was saved. Interrupts come
 * from the local APICs and from the chipset's command port; a processor that
 * halted goes on halting, or not, as the handler says.
 */
#include "tests/guest/smp.h"

enum {
    DEFAULT_BASE = 0x30000,
    SMRAM = 0xa0000,
    APART = 0x800, /* one processor's base and the next */
    ENTRY = 0x8000,
    SMI = 0x4200, /* interrupt command: assert, delivery mode 2 */
    HOST_BRIDGE = 0x00 << 8,
    POWER = 0x0b << 8, /* device 1, function 3 */
    SMRAM_REGISTER = 0x72,
    SMRAM_ON = 0x0a,
    SMRAM_OPEN = 0x4a,
    SMRAM_LOCKED = 0x1a,
    DEVACTB = 0x58,
    APMC_EN = 1 << 1, /* in its last byte */
    COMMAND_PORT = 0xb2,
    REVISION = 0x20064,
    CHANGED = 0x5a5a,
};

/* First, as smp-start.S counts there. */
static volatile u32 started __attribute__((section(".vars")));
/* The handlers' */
volatile u32 smm_count[2], smm_base[2], smm_revision[2], smm_halted[2];
volatile u64 smm_rax[2];
volatile u32 smm_release, smm_rounds;
static volatile u32 parked, released;

/* Real mode with segments of 4 GiB: CS begins at the base. First the handler
 * that moves it to A0000h + n * 800h, then the one that stands there. */
__asm__(".section .rodata\n"
        ".code16\n"
        "relocate: mov $0xfee00020, %ebx\n"
        "  mov (%ebx), %eax\n"
        "  shr $24, %eax\n"
        "  mov %eax, %ecx\n"
        "  shl $11, %eax\n"
        "  add $0xa0000, %eax\n"
        "  mov %eax, %cs:0xff00\n"
        "  lock incl smm_count(,%ecx,4)\n"
        "  rsm\n"
        "relocate_end:\n"
        "handler: mov $0xfee00020, %ebx\n"
        "  mov (%ebx), %ecx\n"
        "  shr $24, %ecx\n"
        "  mov %cs:0xfff8, %eax\n"
        "  mov %eax, smm_rax(,%ecx,8)\n"
        "  mov %cs:0xfffc, %eax\n"
        "  mov %eax, smm_rax + 4(,%ecx,8)\n"
        "  movl $0x5a5a, %cs:0xffe0\n" /* RBX, lower half */
        "  mov %cs:0xff00, %eax\n"
        "  mov %eax, smm_base(,%ecx,4)\n"
        "  mov %cs:0xfefc, %eax\n"
        "  mov %eax, smm_revision(,%ecx,4)\n"
        "  movzbl %cs:0xfec9, %eax\n"
        "  mov %eax, smm_halted(,%ecx,4)\n"
        "  cmpl $0, smm_release\n"
        "  je 1f\n"
        "  movb $0, %cs:0xfec9\n"
        "1: lock incl smm_count(,%ecx,4)\n"
        "  rsm\n"
        "handler_end:\n"
        ".code64\n"
        ".text\n");
extern const uint8_t relocate[], relocate_end[], handler[], handler_end[];

/* ---- The chipset -----------------------------------------------------------
 */

static void select_register(u32 function, u32 reg)
{
    __asm__ volatile("outl %0, %1"
                     :
                     : "a"(1u << 31 | function | (reg & ~3u)),
                       "d"((uint16_t)0xcf8));
}

static uint8_t read_config(u32 function, u32 reg)
{
    select_register(function, reg);
    return in8(0xcfc + (reg & 3));
}

static void write_config(u32 function, u32 reg, uint8_t val)
{
    select_register(function, reg);
    out8(0xcfc + (reg & 3), val);
}

static void copy(u64 to, const uint8_t *from, const uint8_t *end)
{
    for (volatile uint8_t *p = (volatile uint8_t *)to; from < end; p++) {
        *p = *from++;
    }
}

/* ---- The parts -------------------------------------------------------------
 */

/* Back only if nothing but the handler's change is there. */
static void interrupt_self(u64 rax)
{
    u64 a = rax, b = UINT64_MAX, r15 = 0;
    u32 want = smm_count[0] + 1;

    *apic(0x310) = 0;
    __asm__ volatile(
        "mov %[canary], %%r15\n"
        "movl %[command], (%[icr])\n"
        "1: cmp %[want], %[count]\n"
        "jne 1b\n"
        "mov %%r15, %[r15]"
        : "+a"(a), "+b"(b), [r15] "=r"(r15)
        : [canary] "r"(~rax), [command] "i"(SMI), [icr] "r"(apic(0x300)),
          [want] "r"(want), [count] "m"(smm_count[0])
        : "r15", "memory");
    expect("RAX", a, rax);
    expect("RBX", b, UINT64_C(0xffffffff00000000) | CHANGED);
    expect("R15", r15, ~rax);
    expect("RAX as saved", smm_rax[0], rax);
    expect("base", smm_base[0], SMRAM);
    expect("revision", smm_revision[0], REVISION);
    expect("halted", smm_halted[0], 0);
}

static void part_relocate(void)
{
    copy(DEFAULT_BASE + ENTRY, relocate, relocate_end);
    send(0, SMI);
    wait_count("first processor", &smm_count[0], 1);
    send(1, SMI);
    wait_count("second processor", &smm_count[1], 1);
    say("relocated\n");
}

static void part_memory(void)
{
    volatile u32 *entry = (volatile u32 *)(SMRAM + ENTRY);

    write_config(HOST_BRIDGE, SMRAM_REGISTER, SMRAM_OPEN);
    for (unsigned n = 0; n < 2; n++) {
        copy(SMRAM + n * APART + ENTRY, handler, handler_end);
    }
    u32 word = *entry;

    write_config(HOST_BRIDGE, SMRAM_REGISTER, SMRAM_ON);
    if (*entry == word) {
        fail("SMRAM is seen", word, 0);
    }
    say("memory\n");
}

static void part_command(void)
{
    u32 others = smm_count[1];

    if (read_config(POWER, DEVACTB + 3) & APMC_EN) {
        fail("command port is taken", 1, 0);
    }
    out8(COMMAND_PORT, 0x77);
    u32 want = smm_count[0] + 1;

    write_config(POWER, DEVACTB + 3, APMC_EN);
    out8(COMMAND_PORT, 0x77);
    expect("command", smm_count[0], want);
    expect("command, elsewhere", smm_count[1], others);
    say("command\n");
}

static void wait_a_while(void)
{
    for (u64 start = tsc(); tsc() - start < 5000000;) {
        pause();
    }
}

static void part_halted(void)
{
    u32 count = smm_count[1];

    while (!parked) {
        pause();
    }
    wait_a_while();
    send(1, SMI);
    wait_count("a halted one", &smm_count[1], count + 1);
    expect("was halted", smm_halted[1], 1);
    expect("base of the second", smm_base[1], SMRAM + APART);
    wait_a_while();
    expect("goes on halting", released, 0);
    smm_release = 1;
    send(1, SMI);
    wait_count("released", &released, 1);
    say("halted\n");
}

static void part_locked(void)
{
    write_config(HOST_BRIDGE, SMRAM_REGISTER, SMRAM_LOCKED);
    write_config(HOST_BRIDGE, SMRAM_REGISTER, SMRAM_OPEN);
    expect("lock", read_config(HOST_BRIDGE, SMRAM_REGISTER) & 0x7f,
           SMRAM_LOCKED);
    interrupt_self(3);
    say("locked\n");
}

/* ---- Interrupts: none is expected ------------------------------------------
 */

void smp_bad(void);
void smp_count(void);
void smp_flush(void);
void smp_nmi(void);

void smp_bad(void)
{
}

void smp_count(void)
{
}

void smp_flush(void)
{
}

void smp_nmi(void)
{
}

void smp_main(u32 me);

void smp_main(u32 me)
{
    *apic(0xf0) = 0x1ff;
    if (me) {
        while (smm_rounds < 2) {
            pause();
        }
        parked = 1;
        __asm__ volatile("cli; hlt" : : : "memory");
        released = 1;
        for (;;) {
            __asm__ volatile("hlt");
        }
    }
    out8(COM1 + 3, 3);
    send(0, 0xc4500);
    send(0, 0xc4600 | TRAMPOLINE >> 12);
    wait_count("processors", &started, 2);
    part_relocate();
    part_memory();
    interrupt_self(UINT64_C(0x1122334455667788));
    interrupt_self(UINT64_MAX - 5);
    say("state\n");
    part_command();
    smm_rounds = 2;
    part_halted();
    part_locked();
    out8(EXIT, 0x10);
}
