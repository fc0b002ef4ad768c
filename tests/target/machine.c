/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bare processor of machine.h. */
#include "tests/target/machine.h"

#include <string.h>
#include <urcu.h>

/* The unwinding functions get the CPU only. */
static Machine *machine_of(void *env)
{
    return ((X86Cpu *)env)->accel;
}

static G_NORETURN void machine_unwind(void *env, int reason)
{
    longjmp(machine_of(env)->unwound, 1);
}

static uint64_t machine_sync_pc(void *env)
{
    return ((X86Cpu *)env)->env.pc;
}

/* ---- memory as the accelerator provides it ------------------------------- */

static uint8_t *machine_byte(X86Cpu *cpu, vaddr addr, X86Access access,
                             unsigned mode)
{
    X86Translation t;

    rcu_read_lock();
    bool ok = x86_mmu_translate(cpu, addr, access, mode, false, &t);
    rcu_read_unlock();
    if (!ok) {
        x86_raise_translation(cpu, addr, &t);
    }
    g_assert_cmpuint(t.paddr, <, MACHINE_RAM);
    return machine_ram(cpu->accel, t.paddr);
}

uint64_t x86_load(X86Cpu *cpu, vaddr addr, unsigned size, unsigned mode)
{
    uint64_t val = 0;

    for (unsigned i = 0; i < size; i++) {
        val |= (uint64_t)*machine_byte(cpu, addr + i, X86_READ, mode)
               << (8 * i);
    }
    return val;
}

void x86_store(X86Cpu *cpu, vaddr addr, uint64_t val, unsigned size,
               unsigned mode)
{
    machine_byte(cpu, addr + size - 1, X86_WRITE, mode);
    for (unsigned i = 0; i < size; i++) {
        *machine_byte(cpu, addr + i, X86_WRITE, mode) = val >> (8 * i);
    }
}

bool x86_cmpxchg16(X86Cpu *cpu, vaddr addr, uint64_t expected[2],
                   const uint64_t desired[2], unsigned mode)
{
    uint64_t low = x86_load(cpu, addr, 8, mode);
    uint64_t high = x86_load(cpu, addr + 8, 8, mode);
    bool equal = low == expected[0] && high == expected[1];

    x86_store(cpu, addr, equal ? desired[0] : low, 8, mode);
    x86_store(cpu, addr + 8, equal ? desired[1] : high, 8, mode);
    expected[0] = low;
    expected[1] = high;
    return equal;
}

void machine_put(Machine *m, uint64_t addr, uint64_t val, unsigned size)
{
    memcpy(machine_ram(m, addr), &val, size);
}

uint64_t machine_get(Machine *m, uint64_t addr, unsigned size)
{
    uint64_t val = 0;

    memcpy(&val, machine_ram(m, addr), size);
    return val;
}

/* ---- life ---------------------------------------------------------------- */

static void machine_kick(X86Cpu *cpu)
{
    machine_of(cpu)->kicks++;
    cpu->env.exit_request = 1;
}

static void machine_flush(X86Cpu *cpu)
{
    machine_of(cpu)->flushes++;
}

static void machine_switch_space(X86Cpu *cpu, bool keep)
{
    machine_of(cpu)->flushes += !keep;
}

static void machine_flush_space(X86Cpu *cpu, int pcid)
{
    machine_of(cpu)->flushes++;
}

static void machine_flush_page(X86Cpu *cpu, vaddr addr)
{
    machine_of(cpu)->flushes++;
}

static void machine_switch_world(X86Cpu *cpu, bool flush)
{
    machine_of(cpu)->flushes += flush;
}

static const X86MmuOps machine_mmu_ops = {
    .flush_all = machine_flush,
    .switch_space = machine_switch_space,
    .flush_space = machine_flush_space,
    .flush_page = machine_flush_page,
    .switch_world = machine_switch_world,
};

static void machine_shutdown(void *opaque)
{
    ((Machine *)opaque)->shutdowns++;
}

Machine *machine_new(const char *spec)
{
    Machine *m = g_new0(Machine, 1);
    GError *err = NULL;

    m->clock = clock_new(NULL, NULL);
    clock_start(m->clock);
    m->ram = ram_new("ram", MACHINE_RAM, &err);
    g_assert_no_error(err);
    region_init_container(&m->root, "memory", UINT64_MAX);
    region_init_ram(&m->low, "ram", m->ram, 0, MACHINE_RAM);
    region_add(&m->root, 0, &m->low);
    region_init_container(&m->ports, "ports", 0x10000);
    m->memory = space_new("memory", &m->root);
    m->io = space_new("io", &m->ports);
    m->model = x86_model_find(spec, &err);
    g_assert_no_error(err);
    m->cpu = x86_cpu_new(0, m->model, m->memory, m->io, m->clock, &err);
    g_assert_no_error(err);
    m->cpu->accel = m;
    m->cpu->kick = machine_kick;
    m->cpu->mmu_ops = &machine_mmu_ops;
    m->cpu->on_shutdown = machine_shutdown;
    m->cpu->on_shutdown_opaque = m;
    m->cpu->env.backend[TCG_BACKEND_UNWIND] = machine_unwind;
    m->cpu->env.backend[TCG_BACKEND_SYNC_PC] = machine_sync_pc;
    return m;
}

void machine_free(Machine *m)
{
    x86_cpu_free(m->cpu);
    x86_model_free(m->model);
    space_free(m->memory);
    space_free(m->io);
    region_clear(&m->low);
    region_clear(&m->root);
    region_clear(&m->ports);
    ram_free(m->ram);
    clock_free(m->clock);
    g_free(m);
}

int machine_test_run(void)
{
    rcu_register_thread();
    int result = g_test_run();

    rcu_unregister_thread();
    return result;
}

bool machine_call4(Machine *m, const TcgHelper *h, uint64_t a, uint64_t b,
                   uint64_t c, uint64_t d, uint64_t *result)
{
    m->cpu->raised = -1;
    if (setjmp(m->unwound)) {
        return false;
    }
    uint64_t val = h->fn(m->cpu, a, b, c, d);

    if (result) {
        *result = val;
    }
    return true;
}

bool machine_call(Machine *m, const TcgHelper *h, uint64_t a, uint64_t b)
{
    return machine_call4(m, h, a, b, 0, 0, NULL);
}

/* ---- modes --------------------------------------------------------------- */

uint64_t machine_segment(uint32_t base, uint32_t limit, unsigned access,
                         unsigned flags)
{
    return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
           (uint64_t)access << 40 | (uint64_t)(limit >> 16 & 15) << 48 |
           (uint64_t)flags << 52 | (uint64_t)(base >> 24) << 56;
}

static void machine_tables(Machine *m)
{
    static const struct {
        uint16_t selector;
        uint32_t limit;
        uint8_t access, flags;
    } segments[] = {
        { SEL_CODE32, 0xfffff, 0x9b, 0xc },
        { SEL_DATA, 0xfffff, 0x93, 0xc },
        { SEL_CODE64, 0xfffff, 0x9b, 0xa },
        { SEL_CODE32_USER & ~3, 0xfffff, 0xfb, 0xc },
        { SEL_DATA_USER & ~3, 0xfffff, 0xf3, 0xc },
        { SEL_CODE64_USER & ~3, 0xfffff, 0xfb, 0xa },
        { SEL_CODE16, 0xffff, 0x9b, 0 },
        { SEL_DATA16, 0xffff, 0x93, 0 },
        { SEL_CONFORMING, 0xfffff, 0x9f, 0xc },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(segments); i++) {
        machine_put(m, MACHINE_GDT + segments[i].selector,
                    machine_segment(0, segments[i].limit, segments[i].access,
                                    segments[i].flags),
                    8);
    }
    machine_put(m, MACHINE_GDT + SEL_TSS,
                machine_segment(MACHINE_TSS, 0x167, 0x8b, 0), 8);
    m->cpu->gdt.base = MACHINE_GDT;
    m->cpu->gdt.limit = 0xff;
    m->cpu->idt.base = MACHINE_IDT;
    m->cpu->idt.limit = 0xfff;
    m->cpu->tr = (X86Segment){ .base = MACHINE_TSS,
                               .limit = 0x167,
                               .selector = SEL_TSS,
                               .attr = SEG_P | 11 };
}

static X86Segment machine_flat(uint16_t selector, unsigned attr)
{
    return (X86Segment){ .limit = UINT32_MAX,
                         .selector = selector,
                         .attr = SEG_P | SEG_S | SEG_G | attr |
                                 (selector & 3) << 5 };
}

static void machine_segments(Machine *m, uint16_t cs, unsigned cs_attr,
                             uint16_t data)
{
    for (unsigned i = 0; i < X86_SEGMENTS; i++) {
        m->cpu->seg[i] = machine_flat(data, SEG_D | 3);
    }
    m->cpu->seg[X86_CS] = machine_flat(cs, cs_attr | 11);
}

void machine_protected(Machine *m, unsigned cpl)
{
    X86Cpu *cpu = m->cpu;

    machine_tables(m);
    cpu->cr0 = CR0_PE | CR0_ET | CR0_NE;
    machine_segments(m, cpl ? SEL_CODE32_USER : SEL_CODE32, SEG_D,
                     cpl ? SEL_DATA_USER : SEL_DATA);
    /* SS0:ESP0 */
    machine_put(m, MACHINE_TSS + 4, MACHINE_STACK0, 4);
    machine_put(m, MACHINE_TSS + 8, SEL_DATA, 2);
    machine_put(m, MACHINE_TSS + 102, 104, 2);
    cpu->env.r[X86_RSP] = cpl ? MACHINE_STACK3 : MACHINE_STACK0;
    cpu->env.pc = 0x5000;
    x86_update_key(cpu);
}

void machine_long(Machine *m, unsigned cpl)
{
    X86Cpu *cpu = m->cpu;
    enum { TOP = 0x100000 };

    machine_tables(m);
    machine_segments(m, cpl ? SEL_CODE64_USER : SEL_CODE64, SEG_L,
                     cpl ? SEL_DATA_USER : SEL_DATA);
    machine_put(m, TOP, (TOP + 0x1000) | 7, 8);
    machine_put(m, TOP + 0x1000, (TOP + 0x2000) | 7, 8);
    for (unsigned i = 0; i < 32; i++) { /* 2 MiB pages */
        machine_put(m, TOP + 0x2000 + 8 * i, (uint64_t)i << 21 | 0xe7, 8);
    }
    cpu->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_PG | CR0_WP;
    cpu->cr3 = TOP;
    cpu->cr4 = CR4_PAE | CR4_PGE;
    cpu->efer = EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE;
    machine_put(m, MACHINE_TSS + 4, MACHINE_STACK0, 8);
    cpu->env.r[X86_RSP] = cpl ? MACHINE_STACK3 : MACHINE_STACK0;
    cpu->env.pc = 0x5000;
    x86_update_key(cpu);
}
