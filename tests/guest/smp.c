/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What several processors must agree on, as a firmware image: start-up,
 * interrupts between them in each form of destination, atomic instructions
 * (aligned, across pages, in a page with code), code that one changes under the
 * others, a page table likewise, and the time-stamp counter. Reports over COM1
 * and leaves through isa-debug-exit, 33 for success. All of them run each part,
 * between barriers.
 */
#include "tests/guest/smp.h"

enum {
    ROUNDS = 2000,
    VECTOR_COUNT = 0x40,
    VECTOR_FLUSH = 0x41,
};
#define HOLE UINT64_C(0x40000000)
#define TABLES UINT64_C(0x20000)
#define PAGE_TABLE UINT64_C(0x26000)
#define PAGE_A UINT64_C(0x70000)
#define PAGE_B UINT64_C(0x71000)
#define CODE UINT64_C(0x80000)  /* code, and a counter in its page */
#define CROSS UINT64_C(0x81ffe) /* 4 bytes in two pages */

/* First, as smp-start.S counts there. */
static volatile u32 started __attribute__((section(".vars")));

typedef struct IdtPointer {
    uint16_t limit;
    u64 base;
} __attribute__((packed)) IdtPointer;

static u64 idt[2 * 256];
static volatile u32 cpus, barrier, turn, counted, flushed, nmis;
static volatile u32 added, fetched, swapped, guard, guarded, bits;
static volatile u64 pair8;
static volatile u64 pair16[2] __attribute__((aligned(16)));
static volatile u32 sequence, seen;
static volatile u64 last_tsc;

/* All meet; the number of the barrier follows from how often one was there. */
static void meet(u32 *times)
{
    u32 want = ++*times * cpus;
    atomic_add(&barrier, 1);
    while (barrier < want) {
        pause();
    }
}

/* ---- Interrupts -----------------------------------------------------------
 */

void entry_bad(void);
void entry_count(void);
void entry_flush(void);
void entry_nmi(void);

void smp_bad(void)
{
    fail("unexpected interrupt", 0, 1);
}

void smp_count(void)
{
    atomic_add(&counted, 1);
    *apic(0xb0) = 0;
}

void smp_flush(void)
{
    __asm__ volatile("invlpg (%0)" : : "r"(HOLE) : "memory");
    atomic_add(&flushed, 1);
    *apic(0xb0) = 0;
}

void smp_nmi(void)
{
    atomic_add(&nmis, 1);
}

static void set_gate(unsigned vector, void (*entry)(void))
{
    u64 at = (u64)entry;
    idt[2 * vector] = (at & 0xffff) | UINT64_C(0x18) << 16 |
                      UINT64_C(0x8e00) << 32 | (at >> 16 & 0xffff) << 48;
    idt[2 * vector + 1] = at >> 32;
}

static void init_interrupts(void)
{
    for (unsigned i = 0; i < 256; i++) {
        set_gate(i, entry_bad);
    }
    set_gate(2, entry_nmi);
    set_gate(VECTOR_COUNT, entry_count);
    set_gate(VECTOR_FLUSH, entry_flush);
}

static void init_cpu(unsigned n)
{
    IdtPointer p = { sizeof(idt) - 1, (u64)idt };
    __asm__ volatile("lidt %0" : : "m"(p));
    *apic(0xf0) = 0x1ff;
    *apic(0x350) = 1 << 16;   /* no 8259s */
    *apic(0xe0) = UINT32_MAX; /* flat */
    *apic(0xd0) = 1u << (24 + n);
    *apic(0x80) = 0;
    __asm__ volatile("sti");
}

static void start_others(void)
{
    out8(0x70, 0x5f);
    cpus = in8(0x71) + 1;
    *apic(0xf0) = 0x1ff;
    send(0, 0xc4500);
    send(0, 0xc4600 | TRAMPOLINE >> 12);
    wait_count("processors", &started, cpus);
}

static void part_atomics(void)
{
    volatile u32 *in_code = (volatile u32 *)(CODE + 0x800);
    volatile u32 *cross = (volatile u32 *)CROSS;

    for (unsigned i = 0; i < ROUNDS; i++) {
        __asm__ volatile("lock incl %0" : "+m"(added));
        atomic_add(&fetched, 3);
        u32 old = swapped;
        while (!__atomic_compare_exchange_n(&swapped, &old, old + 1, false, 5,
                                            5)) {
        }
        while (__atomic_exchange_n(&guard, 1, __ATOMIC_ACQUIRE)) {
            pause();
        }
        guarded++;
        __atomic_store_n(&guard, 0, __ATOMIC_RELEASE);
        __asm__ volatile("lock btcl %1, %0" : "+m"(bits) : "r"(i & 31));
        u64 was = pair8;
        u32 lo = was, hi = was >> 32;
        bool done;
        do {
            u32 new_lo = lo + 1, new_hi = hi + 2;
            __asm__ volatile("lock cmpxchg8b %1"
                             : "=@ccz"(done), "+m"(pair8), "+a"(lo), "+d"(hi)
                             : "b"(new_lo), "c"(new_hi)
                             : "memory");
        } while (!done);
        u64 a = pair16[0], b = pair16[1];
        do {
            u64 new_a = a + 1, new_b = b + 3;
            __asm__ volatile("lock cmpxchg16b %1"
                             : "=@ccz"(done), "+m"(pair16), "+a"(a), "+d"(b)
                             : "b"(new_a), "c"(new_b)
                             : "memory");
        } while (!done);
        if (i % 8 == 0) { /* what the host cannot do at once */
            __asm__ volatile("lock addl $1, %0" : "+m"(*cross));
            __asm__ volatile("lock addl $1, %0" : "+m"(*in_code));
            ((u32(*)(void))CODE)();
        }
    }
}

static void check_atomics(void)
{
    u32 all = cpus * ROUNDS;

    expect("lock inc", added, all);
    expect("lock xadd", fetched, 3 * all);
    expect("lock cmpxchg", swapped, all);
    expect("xchg", guarded, all);
    expect("cmpxchg8b", pair8, all + (u64)(2 * all) * (UINT64_C(1) << 32));
    expect("cmpxchg16b, low", pair16[0], all);
    expect("cmpxchg16b, high", pair16[1], 3 * (u64)all);
    expect("across pages", *(volatile u32 *)CROSS, all / 8);
    expect("beside code", *(volatile u32 *)(CODE + 0x800), all / 8);
}

/* The others wait with interrupts on. */
static void part_interrupts(unsigned me)
{
    u32 others = cpus - 1;

    counted = nmis = 0;
    send(0, 0xc0000 | 0x4000 | VECTOR_COUNT); /* all but me */
    wait_count("others", &counted, others);
    send(0, 0x80000 | 0x4000 | VECTOR_COUNT); /* all */
    wait_count("all", &counted, others + cpus);
    send(0, 0x40000 | 0x4000 | VECTOR_COUNT); /* me */
    wait_count("self", &counted, 2 * cpus);
    counted = 0;
    for (unsigned i = 0; i < cpus; i++) {
        send(i, 0x4000 | VECTOR_COUNT); /* physical */
        wait_count("physical", &counted, 2 * i + 1);
        send(1u << i, 0x4800 | VECTOR_COUNT); /* logical */
        wait_count("logical", &counted, 2 * i + 2);
    }
    counted = 0;
    send(0xff, 0x4000 | VECTOR_COUNT); /* physical broadcast */
    wait_count("broadcast", &counted, cpus);
    send(0xff, 0x4800 | VECTOR_COUNT);
    wait_count("logical set", &counted, 2 * cpus);
    send(0xff, 0x4900 | VECTOR_COUNT); /* lowest priority */
    wait_count("lowest priority", &counted, 2 * cpus + 1);
    send(0, 0xc0000 | 0x4000 | 0x400); /* NMI */
    wait_count("NMI", &nmis, others);
    for (unsigned i = 0; i < 1000; i++) {
        pause();
    }
    expect("lowest priority: one", counted, 2 * cpus + 1);
}

/* mov $imm, %eax; ret */
static void init_code(void)
{
    volatile uint8_t *code = (volatile uint8_t *)CODE;

    code[0] = 0xb8;
    *(volatile u32 *)(CODE + 1) = 0;
    code[5] = 0xc3;
}

static void part_code(unsigned me)
{
    for (u32 i = 1; i <= ROUNDS; i++) {
        if (i % cpus == me) {
            *(volatile u32 *)(CODE + 1) = i;
            sequence = i;
            while (seen < (cpus - 1) * i) {
                pause();
            }
        } else {
            while (sequence < i) { /* old or new, and never something else */
                u32 v = ((u32(*)(void))CODE)();
                if (v != i && v != i - 1) {
                    fail("code that changes", v, i);
                }
                pause();
            }
            serialise();
            expect("changed code", ((u32(*)(void))CODE)(), i);
            atomic_add(&seen, 1);
        }
        while (seen < (cpus - 1) * i) {
            pause();
        }
    }
}

static void init_hole(void)
{
    volatile u64 *directory = (volatile u64 *)(TABLES + 0x3000);

    *(volatile u64 *)PAGE_TABLE = PAGE_A | 3;
    *directory = PAGE_TABLE | 3;
    *(volatile u32 *)PAGE_A = 0;
    *(volatile u32 *)PAGE_B = 1;
    sequence = seen = 0;
}

static void part_flush(unsigned me)
{
    __asm__ volatile("invlpg (%0)" : : "r"(HOLE) : "memory");
    for (u32 i = 1; i <= ROUNDS / 4; i++) {
        if (i % cpus == me) {
            *(volatile u64 *)PAGE_TABLE = (i & 1 ? PAGE_B : PAGE_A) | 3;
            flushed = 0;
            send(0, 0x80000 | 0x4000 | VECTOR_FLUSH);
            wait_count("flush", &flushed, cpus);
            sequence = i;
        }
        while (sequence < i) {
            pause();
        }
        expect("mapping", *(volatile u32 *)HOLE, i & 1);
        atomic_add(&seen, 1);
        while (seen < cpus * i) {
            pause();
        }
    }
}

static void part_tsc(void)
{
    for (u32 i = 0; i < 4 * ROUNDS; i++) {
        while (__atomic_exchange_n(&guard, 1, __ATOMIC_ACQUIRE)) {
            pause();
        }
        u64 now = i % 3 == 0   ? tsc()
                  : i % 3 == 1 ? tsc_after_mfence()
                               : tsc_p();
        if (now < last_tsc) {
            fail("TSC went back", now, last_tsc);
        }
        last_tsc = now;
        __atomic_store_n(&guard, 0, __ATOMIC_RELEASE);
    }
}

/* ---- All together ---------------------------------------------------------
 */

static void report(unsigned me, u32 *times, const char *text)
{
    meet(times);
    if (!me) {
        say(text);
    }
    meet(times);
}

void smp_main(u32 me)
{
    u32 times = 0;

    if (!me) {
        out8(COM1 + 3, 3);
        init_interrupts();
        init_code();
        init_hole();
        start_others();
    }
    while (!cpus) {
        pause();
    }
    init_cpu(*apic(0x20) >> 24);
    report(me, &times, "started\n");
    part_atomics();
    meet(&times);
    if (!me) {
        check_atomics();
    }
    report(me, &times, "atomics\n");
    for (unsigned i = 0; i < cpus; i++) {
        meet(&times);
        if (i == me) {
            part_interrupts(me);
        }
    }
    report(me, &times, "interrupts\n");
    part_code(me);
    report(me, &times, "code\n");
    if (!me) {
        sequence = seen = 0;
    }
    meet(&times);
    part_flush(me);
    report(me, &times, "mappings\n");
    part_tsc();
    report(me, &times, "time\n");
    if (!me) {
        out8(EXIT, 0x10);
    }
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}
