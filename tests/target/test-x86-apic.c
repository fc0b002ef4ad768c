/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC from outside: registers, priorities, timer, commands. */
#include "target/x86/apic.h"
#include "target/x86/msr.h"
#include "tests/target/machine.h"

#define BASE UINT64_C(0xfee00000)

typedef struct Sent {
    uint32_t dest;
    bool logical;
    uint8_t mode, vector;
    unsigned count;
} Sent;

static Machine *apic_machine(void)
{
    Machine *m = machine_new("max");

    region_add_priority(&m->root, BASE, x86_apic_region(m->cpu->apic), 1);
    machine_long(m, 0);
    x86_set_eflags(m->cpu, EFLAGS_IF, EFLAGS_IF);
    /* any vector goes to 6000h */
    for (unsigned v = 0; v < 256; v++) {
        machine_put(m, MACHINE_IDT + v * 16,
                    UINT64_C(0x6000) | SEL_CODE64 << 16 | UINT64_C(0x8e) << 40,
                    8);
        machine_put(m, MACHINE_IDT + v * 16 + 8, 0, 8);
    }
    return m;
}

static uint32_t get(Machine *m, unsigned off)
{
    uint64_t val = 0;

    space_load(m->memory, BASE + off, 4, &val);
    return val;
}

static void put(Machine *m, unsigned off, uint32_t val)
{
    space_store(m->memory, BASE + off, 4, val);
}

/* Takes what is pending; the vector by the ISR, -1: none. */
static int take(Machine *m)
{
    m->cpu->eflags |= EFLAGS_IF;
    if (!x86_take_pending(m->cpu)) {
        return -1;
    }
    for (int i = 255; i >= 0; i--) {
        if (get(m, 0x100 + i / 32 * 16) >> (i % 32) & 1) {
            return i;
        }
    }
    return -2;
}

static void test_registers(void)
{
    Machine *m = apic_machine();

    g_assert_cmphex(get(m, 0x30), ==, 0x01050014);
    g_assert_cmphex(get(m, 0xf0), ==, 0xff);
    g_assert_cmphex(get(m, 0xe0), ==, UINT32_MAX);
    g_assert_cmphex(get(m, 0x320), ==, 0x10000);
    g_assert_cmphex(get(m, 0x350), ==, 0x700); /* virtual wire */
    put(m, 0xf0, 0x1ff);
    put(m, 0x320, UINT32_MAX);
    g_assert_cmphex(get(m, 0x320), ==, 0x700ff);
    put(m, 0x370, UINT32_MAX);
    g_assert_cmphex(get(m, 0x370), ==, 0x100ff);
    put(m, 0xd0, 0x12345678);
    g_assert_cmphex(get(m, 0xd0), ==, 0x12000000);
    /* Disabling by software masks all local vectors. */
    put(m, 0x370, 0x40);
    put(m, 0xf0, 0xff);
    g_assert_cmphex(get(m, 0x370), ==, 0x10040);
    put(m, 0x370, 0x41);
    g_assert_cmphex(get(m, 0x370), ==, 0x10041);
    /* A hole: error, after ESR was written. */
    get(m, 0x3c0);
    put(m, 0x280, 0);
    g_assert_cmphex(get(m, 0x280), ==, 0x80);
    machine_free(m);
}

static bool in_service(Machine *m, unsigned vector)
{
    return x86_apic_priority(m->cpu->apic)->isr.word[vector / 32] >>
               (vector % 32) &
           1;
}

static void interrupt(Machine *m, unsigned vector)
{
    x86_apic_deliver(m->cpu->apic, 0, vector, false);
    m->cpu->eflags |= EFLAGS_IF;
    x86_take_pending(m->cpu);
}

/* KVM's: the guest ends interrupts by a bit in its memory. */
static void test_pv_eoi(void)
{
    Machine *m = apic_machine();

    put(m, 0xf0, 0x1ff);
    g_assert_false(x86_write_msr(m->cpu, 0x4b564d04, 0x9003));
    g_assert_true(x86_write_msr(m->cpu, 0x4b564d04, 0x9001));
    interrupt(m, 0x50);
    g_assert_true(in_service(m, 0x50));
    g_assert_cmphex(machine_get(m, 0x9000, 4), ==, 1);
    machine_put(m, 0x9000, 0, 4); /* the guest ends it */
    interrupt(m, 0x40);           /* and a lower one has its way */
    g_assert_false(in_service(m, 0x50));
    g_assert_true(in_service(m, 0x40));
    g_assert_cmphex(machine_get(m, 0x9000, 4), ==, 1);
    /* Another one waits for this to end: the guest must tell. */
    interrupt(m, 0x41);
    g_assert_cmphex(machine_get(m, 0x9000, 4), ==, 0);
    g_assert_false(in_service(m, 0x41));
    put(m, 0xb0, 0);
    m->cpu->eflags |= EFLAGS_IF;
    g_assert_true(x86_take_pending(m->cpu));
    g_assert_true(in_service(m, 0x41));
    /* Level-triggered ones end at the I/O APIC. */
    put(m, 0xb0, 0);
    x86_apic_deliver(m->cpu->apic, 0, 0x60, true);
    m->cpu->eflags |= EFLAGS_IF;
    g_assert_true(x86_take_pending(m->cpu));
    g_assert_cmphex(machine_get(m, 0x9000, 4), ==, 0);
    put(m, 0xb0, 0);
    /* Memory that is not there: as without it. */
    g_assert_true(x86_write_msr(m->cpu, 0x4b564d04, UINT64_C(1) << 45 | 1));
    interrupt(m, 0x50);
    g_assert_true(in_service(m, 0x50));
    put(m, 0xb0, 0);
    g_assert_false(in_service(m, 0x50));
    machine_free(m);
}

/* KVM's: a kick ends the present HLT or the next. */
static void test_pv_kick(void)
{
    Machine *m = apic_machine();

    m->cpu->eflags &= ~EFLAGS_IF;
    for (unsigned early = 0; early < 2; early++) {
        m->cpu->halted = !early;
        g_assert_cmpint(x86_has_work(m->cpu), ==, false);
        x86_pv_kick(m->cpu, m->cpu->apic_id);
        x86_take_pending(m->cpu);
        g_assert_cmpint(x86_has_work(m->cpu), ==, early);
        if (early) {
            m->cpu->halted = true;
            x86_take_pending(m->cpu);
        }
        g_assert_false(m->cpu->halted);
        g_assert_false(x86_has_work(m->cpu));
    }
    machine_free(m);
}

static void test_priority(void)
{
    Machine *m = apic_machine();
    X86Apic *a = m->cpu->apic;

    x86_apic_deliver(a, 0, 0x51, false); /* dropped: software-disabled */
    g_assert_cmpint(take(m), ==, -1);
    put(m, 0xf0, 0x1ff);
    x86_apic_deliver(a, 0, 0x51, false);
    x86_apic_deliver(a, 0, 0x42, false);
    x86_apic_deliver(a, 0, 0x58, false);
    g_assert_true(x86_has_work(m->cpu));
    g_assert_cmpint(take(m), ==, 0x58);
    g_assert_cmphex(get(m, 0xa0), ==, 0x50); /* PPR */
    g_assert_cmpint(take(m), ==, -1);        /* same class waits */
    x86_apic_deliver(a, 0, 0x61, false);
    g_assert_cmpint(take(m), ==, 0x61);
    put(m, 0xb0, 0);
    g_assert_cmpint(take(m), ==, -1);
    put(m, 0xb0, 0);
    g_assert_cmpint(take(m), ==, 0x51);
    put(m, 0xb0, 0);
    put(m, 0x80, 0x40); /* TPR holds class 4 back */
    g_assert_cmpint(take(m), ==, -1);
    g_assert_false(x86_has_work(m->cpu));
    m->cpu->env.exit_request = 0;
    g_assert_true(machine_call(m, &x86_helper_write_cr, 8, 3));
    g_assert_cmpuint(m->cpu->env.exit_request, ==, 1);
    g_assert_cmphex(get(m, 0x80), ==, 0x30);
    g_assert_cmpint(take(m), ==, 0x42);
    machine_free(m);
}

static void record_eoi(void *opaque, uint8_t vector)
{
    *(int *)opaque = vector;
}

static void test_level(void)
{
    Machine *m = apic_machine();
    int eoi = -1;

    x86_apic_set_eoi_hook(m->cpu->apic, record_eoi, &eoi);
    put(m, 0xf0, 0x1ff);
    x86_apic_deliver(m->cpu->apic, 0, 0x30, true);
    g_assert_cmpint(take(m), ==, 0x30);
    g_assert_cmphex(get(m, 0x190), ==, 1 << 16); /* TMR */
    put(m, 0xb0, 0);
    g_assert_cmpint(eoi, ==, 0x30);
    eoi = -1;
    x86_apic_deliver(m->cpu->apic, 0, 0x30, false);
    g_assert_cmpint(take(m), ==, 0x30);
    put(m, 0xb0, 0);
    g_assert_cmpint(eoi, ==, -1);
    machine_free(m);
}

static void test_timer(void)
{
    Machine *m = apic_machine();

    put(m, 0xf0, 0x1ff);
    put(m, 0x3e0, 0x3); /* by 16 */
    put(m, 0x320, 0x70);
    put(m, 0x380, 1000);
    clock_advance(m->clock, 8000);
    g_assert_cmpuint(get(m, 0x390), ==, 500);
    g_assert_cmpint(take(m), ==, -1);
    clock_advance(m->clock, 8000);
    g_assert_cmpint(take(m), ==, 0x70);
    g_assert_cmpuint(get(m, 0x390), ==, 0);
    put(m, 0xb0, 0);
    clock_advance(m->clock, 100000);
    g_assert_cmpint(take(m), ==, -1);

    put(m, 0x320, 0x20071); /* periodic */
    put(m, 0x380, 10000);   /* 160 us */
    for (unsigned i = 0; i < 5; i++) {
        clock_advance(m->clock, 160000);
        g_assert_cmpint(take(m), ==, 0x71);
        put(m, 0xb0, 0);
    }
    clock_advance(m->clock, 159999);
    g_assert_cmpint(take(m), ==, -1);
    put(m, 0x380, 0); /* stops */
    clock_advance(m->clock, 1000000);
    g_assert_cmpint(take(m), ==, -1);
    machine_free(m);
}

static void test_deadline(void)
{
    Machine *m = apic_machine();
    uint64_t val;

    put(m, 0xf0, 0x1ff);
    g_assert_true(x86_write_msr(m->cpu, 0x6e0, 500)); /* not in that mode */
    g_assert_true(x86_read_msr(m->cpu, 0x6e0, &val));
    g_assert_cmpuint(val, ==, 0);
    put(m, 0x320, 0x40072);
    clock_advance(m->clock, 100);
    g_assert_true(x86_write_msr(m->cpu, 0x6e0, 5000));
    clock_advance(m->clock, 4899);
    g_assert_cmpint(take(m), ==, -1);
    clock_advance(m->clock, 1);
    g_assert_cmpint(take(m), ==, 0x72);
    g_assert_true(x86_read_msr(m->cpu, 0x6e0, &val));
    g_assert_cmpuint(val, ==, 0);
    put(m, 0xb0, 0);
    /* In the past: at once. */
    g_assert_true(x86_write_msr(m->cpu, 0x6e0, 1));
    g_assert_cmpint(take(m), ==, 0x72);
    put(m, 0xb0, 0);
    /* The TSC moves: the deadline with it. */
    g_assert_true(x86_write_msr(m->cpu, 0x6e0, 1000000));
    g_assert_true(x86_write_msr(m->cpu, 0x10, 999990));
    clock_advance(m->clock, 10);
    g_assert_cmpint(take(m), ==, 0x72);
    machine_free(m);
}

static void record_send(void *opaque, X86Apic *from, uint32_t dest,
                        bool logical, uint8_t mode, uint8_t vector, bool level)
{
    *(Sent *)opaque = (Sent){ .dest = dest,
                              .logical = logical,
                              .mode = mode,
                              .vector = vector,
                              .count = ((Sent *)opaque)->count + 1 };
}

static void test_commands(void)
{
    Machine *m = apic_machine();
    Sent sent = { 0 };

    x86_apic_set_bus(m->cpu->apic, record_send, &sent);
    put(m, 0xf0, 0x1ff);
    put(m, 0x300, 0x40000 | 0x90); /* self */
    g_assert_cmpint(take(m), ==, 0x90);
    put(m, 0xb0, 0);
    g_assert_cmpuint(sent.count, ==, 0);
    put(m, 0x310, 3u << 24);
    put(m, 0x300, 0x4500); /* INIT to 3 */
    g_assert_cmpuint(sent.dest, ==, 3);
    g_assert_cmpuint(sent.mode, ==, 5);
    put(m, 0x300, 0x8500); /* de-assert */
    g_assert_cmpuint(sent.count, ==, 1);
    put(m, 0x300, 0x0699); /* SIPI */
    g_assert_cmphex(sent.vector, ==, 0x99);
    put(m, 0x300, 0xc0000 | 0x91); /* all others */
    g_assert_cmphex(sent.dest, ==, UINT32_MAX);
    g_assert_cmpint(take(m), ==, -1);
    put(m, 0x300, 0x80000 | 0x92); /* all */
    g_assert_cmpint(take(m), ==, 0x92);
    g_assert_cmphex(sent.vector, ==, 0x92);
    put(m, 0xb0, 0);
    /* An illegal vector is an error. */
    put(m, 0x300, 0x40000 | 5);
    put(m, 0x280, 0);
    g_assert_cmphex(get(m, 0x280), ==, 0x20);
    machine_free(m);
}

static void test_destinations(void)
{
    Machine *m = apic_machine();
    X86Apic *a = m->cpu->apic;

    put(m, 0x20, 0x05000000);
    put(m, 0xd0, 0x12000000);
    g_assert_true(x86_apic_matches(a, 5, false));
    g_assert_true(x86_apic_matches(a, 0xff, false));
    g_assert_false(x86_apic_matches(a, 4, false));
    g_assert_true(x86_apic_matches(a, 0x10, true));
    g_assert_false(x86_apic_matches(a, 0x20, true));
    put(m, 0xe0, 0); /* clusters */
    g_assert_true(x86_apic_matches(a, 0x12, true));
    g_assert_true(x86_apic_matches(a, 0x1f, true));
    g_assert_false(x86_apic_matches(a, 0x22, true));
    g_assert_false(x86_apic_matches(a, 0x14, true));
    machine_free(m);
}

static void test_x2apic(void)
{
    Machine *m = apic_machine();
    X86Cpu *cpu = m->cpu;
    uint64_t val;

    g_assert_false(x86_read_msr(cpu, 0x802, &val)); /* not on yet */
    g_assert_true(x86_write_msr(cpu, 0x1b, BASE | 0xc00));
    g_assert_cmphex(get(m, 0x30), ==, UINT32_MAX); /* memory is gone */
    g_assert_true(x86_write_msr(cpu, 0x80f, 0x1ff));
    g_assert_true(x86_read_msr(cpu, 0x802, &val));
    g_assert_cmpuint(val, ==, 0);
    g_assert_true(x86_read_msr(cpu, 0x80d, &val));
    g_assert_cmphex(val, ==, 1);
    g_assert_false(x86_read_msr(cpu, 0x80e, &val)); /* no DFR */
    g_assert_false(x86_read_msr(cpu, 0x831, &val)); /* no ICR2 */
    g_assert_false(x86_write_msr(cpu, 0x802, 1));
    g_assert_false(x86_write_msr(cpu, 0x808, 0x100));
    g_assert_false(x86_write_msr(cpu, 0x80b, 1));
    g_assert_true(x86_write_msr(cpu, 0x83f, 0x77)); /* self IPI */
    g_assert_true(x86_take_pending(cpu));
    g_assert_true(x86_read_msr(cpu, 0x813, &val));
    g_assert_cmphex(val, ==, 1u << 23);
    g_assert_true(x86_write_msr(cpu, 0x80b, 0));
    g_assert_true(x86_write_msr(cpu, 0x830, UINT64_C(0) << 32 | 0x78));
    g_assert_true(x86_read_msr(cpu, 0x823, &val));
    g_assert_cmphex(val, ==, 1u << 24);
    g_assert_false(x86_write_msr(cpu, 0x1b, BASE | 0x800)); /* no way back */
    g_assert_false(x86_write_msr(cpu, 0x1b, BASE | 0x400));
    g_assert_true(x86_write_msr(cpu, 0x1b, BASE)); /* but off */
    g_assert_false(x86_write_msr(cpu, 0x1b, BASE | 0xc00));
    g_assert_true(x86_write_msr(cpu, 0x1b, BASE | 0x800));
    g_assert_cmphex(get(m, 0x30), ==, 0x01050014);
    machine_free(m);
}

static int ack(void *opaque)
{
    return 0x21;
}

static void test_pic(void)
{
    Machine *m = apic_machine();
    X86Cpu *cpu = m->cpu;

    cpu->pic_ack = ack;
    x86_apic_lint(cpu->apic, 0, true); /* virtual wire mode from reset */
    g_assert_true(x86_apic_accepts_pic(cpu->apic));
    g_assert_true(x86_has_work(cpu));
    cpu->inhibit = 1;
    g_assert_false(x86_take_pending(cpu));
    cpu->inhibit = 0;
    cpu->halted = true;
    g_assert_true(x86_take_pending(cpu));
    g_assert_false(cpu->halted);
    put(m, 0xf0, 0x1ff);
    put(m, 0x350, 0x10700);
    cpu->eflags |= EFLAGS_IF;
    g_assert_false(x86_take_pending(cpu));
    put(m, 0x350, 0x700);
    g_assert_true(x86_take_pending(cpu));
    x86_apic_lint(cpu->apic, 0, false);
    cpu->eflags |= EFLAGS_IF;
    g_assert_false(x86_take_pending(cpu));
    /* LINT1 as NMI */
    put(m, 0x360, 0x400);
    x86_apic_lint(cpu->apic, 1, true);
    g_assert_true(x86_take_pending(cpu));
    g_assert_true(cpu->nmi_blocked);
    machine_free(m);
}

static void test_start_up(void)
{
    Machine *m = machine_new("max");
    X86Cpu *cpu = m->cpu;

    cpu->index = 1; /* an application processor */
    x86_cpu_reset(cpu, false);
    g_assert_true(cpu->wait_sipi);
    g_assert_false(x86_has_work(cpu));
    x86_apic_deliver(cpu->apic, 5, 0, false);
    g_assert_true(x86_take_pending(cpu));
    g_assert_true(cpu->wait_sipi);
    x86_apic_deliver(cpu->apic, 6, 0x9f, false);
    g_assert_true(x86_has_work(cpu));
    g_assert_true(x86_take_pending(cpu));
    g_assert_false(cpu->wait_sipi);
    g_assert_cmphex(cpu->seg[X86_CS].selector, ==, 0x9f00);
    g_assert_cmphex(cpu->seg[X86_CS].base, ==, 0x9f000);
    g_assert_cmphex(cpu->env.pc, ==, 0);
    machine_free(m);
}

/* Away and back, the time that passed included. */
static void test_away(void)
{
    Machine *m = apic_machine();
    X86Apic *a = m->cpu->apic;
    ApicImage image;

    m->cpu->pic_ack = ack;
    put(m, 0xf0, 0x1ff);
    put(m, 0x350, 0x10700); /* no 8259 */
    put(m, 0x80, 0x20);
    put(m, 0x310, 0x03000000);
    put(m, 0x3e0, 0xb); /* a tick is a nanosecond */
    put(m, 0x320, 0x30);
    put(m, 0x380, 1000);
    x86_apic_deliver(a, 0, 0x51, true);
    clock_advance(m->clock, 400);
    x86_apic_save_image(a, &image);
    g_assert_cmphex(image.reg[0xf].value, ==, 0x1ff);
    g_assert_cmphex(image.reg[0x31].value, ==, 0x03000000);
    g_assert_cmpuint(image.reg[0x39].value, ==, 600);
    x86_apic_set_away(a, true);
    m->cpu->pending = 0;
    x86_apic_lint(a, 0, true); /* INTR is the accelerator's to judge */
    g_assert_cmphex(m->cpu->pending, ==, X86_PENDING_INTR);
    x86_apic_lint(a, 0, false);
    clock_advance(m->clock, 5000); /* no timer runs */
    g_assert_cmphex(get(m, 0x210), ==, 0);

    image.reg[0x39].value = 250;
    x86_apic_load_image(a, &image);
    x86_apic_set_away(a, false);
    g_assert_cmpint(take(m), ==, 0x51);
    g_assert_cmphex(get(m, 0x1a0), ==, 1u << 0x11); /* TMR */
    g_assert_cmpuint(get(m, 0x390), ==, 250);
    put(m, 0xb0, 0);
    clock_advance(m->clock, 249);
    g_assert_cmpint(take(m), ==, -1);
    clock_advance(m->clock, 1);
    g_assert_cmpint(take(m), ==, 0x30);
    /* A count that has ended does not end again. */
    x86_apic_save_image(a, &image);
    g_assert_cmpuint(image.reg[0x38].value, ==, 0);
    machine_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/apic/registers", test_registers);
    g_test_add_func("/apic/priority", test_priority);
    g_test_add_func("/apic/pv-eoi", test_pv_eoi);
    g_test_add_func("/apic/pv-kick", test_pv_kick);
    g_test_add_func("/apic/level", test_level);
    g_test_add_func("/apic/timer", test_timer);
    g_test_add_func("/apic/deadline", test_deadline);
    g_test_add_func("/apic/commands", test_commands);
    g_test_add_func("/apic/destinations", test_destinations);
    g_test_add_func("/apic/x2apic", test_x2apic);
    g_test_add_func("/apic/pic", test_pic);
    g_test_add_func("/apic/start-up", test_start_up);
    g_test_add_func("/apic/away", test_away);
    return machine_test_run();
}
