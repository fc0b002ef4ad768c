/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fuzzer's machine: memory, tables and registers from an input. */
#include "tests/fuzz/fuzz.h"

#include "target/x86/model.h"
#include "target/x86/tsc.h"

#include <string.h>

/* ---- The machine ----------------------------------------------------------
 */

static bool fuzz_device_read(void *opaque, hwaddr off, unsigned size,
                             uint64_t *val)
{
    *val = off * UINT64_C(0x0101010101010101);
    return true;
}

static bool fuzz_device_write(void *opaque, hwaddr off, unsigned size,
                              uint64_t val)
{
    return off & 1; /* some places refuse */
}

static const MemoryOps fuzz_device_ops = {
    .read = fuzz_device_read,
    .write = fuzz_device_write,
};

static void fuzz_add_regions(FuzzMachine *m)
{
    region_init_container(&m->root, "memory", UINT64_MAX);
    region_init_ram(&m->low, "low", m->ram, 0, FUZZ_LOW);
    region_add(&m->root, 0, &m->low);
    region_init_io(&m->device, "device", FUZZ_ROM - FUZZ_LOW, &fuzz_device_ops,
                   m, &m->lock);
    region_add(&m->root, FUZZ_LOW, &m->device);
    region_init_rom(&m->rom, "rom", m->ram, FUZZ_ROM, FUZZ_HIGH - FUZZ_ROM,
                    NULL, NULL, NULL);
    region_add(&m->root, FUZZ_ROM, &m->rom);
    region_init_ram(&m->high, "high", m->ram, FUZZ_HIGH, FUZZ_END - FUZZ_HIGH);
    region_add(&m->root, FUZZ_HIGH, &m->high);
    region_init_container(&m->ports, "ports", 0x10000);
    m->memory = space_new("memory", &m->root);
    m->io = space_new("io", &m->ports);
}

FuzzMachine *fuzz_machine_new(const char *accel)
{
    FuzzMachine *m = g_new0(FuzzMachine, 1);
    g_autoptr(GError) err = NULL;

    g_mutex_init(&m->lock);
    m->clock = clock_new(NULL, NULL);
    clock_start(m->clock);
    m->ram = ram_new("ram", FUZZ_END, &err);
    g_assert_no_error(err);
    fuzz_add_regions(m);
    m->model = x86_model_find("max,rdrand=off,rdseed=off", &err);
    g_assert_no_error(err);
    m->cpu = x86_cpu_new(0, m->model, m->memory, m->io, m->clock, &err);
    g_assert_no_error(err);
    m->cpu->tsc->usable = false; /* time stands still */
    m->accel = accel_create(accel, m->memory, m->io, &err);
    g_assert_no_error(err);
    g_assert(m->accel->class->vcpu_init(m->accel, m->cpu, &err));
    m->cpu->kick = m->accel->class->kick;
    m->fresh = g_byte_array_new();
    state_save(x86_cpu_state, m->cpu, m->fresh);
    return m;
}

/* ---- Memory ---------------------------------------------------------------
 */

static void fuzz_put(FuzzMachine *m, uint64_t addr, uint64_t val, unsigned size)
{
    memcpy(m->ram->host + addr, &val, size);
}

static uint64_t fuzz_descriptor(unsigned access, unsigned flags)
{
    return UINT64_C(0x000f00000000ffff) | (uint64_t)access << 40 |
           (uint64_t)flags << 52;
}

/* 08 10: 32-bit code and data; 18: 64-bit code; 20: 16-bit code, 28: 16-bit
 * data; 33 3b 43 4b the same for users (32, data, 64, 16); 50: the TSS. */
static void fuzz_put_gdt(FuzzMachine *m, bool long_mode)
{
    static const uint8_t rows[][2] = { { 0 },         { 0x9b, 0xc },
                                       { 0x93, 0xc }, { 0x9b, 0xa },
                                       { 0x9b, 0x8 }, { 0x93, 0x8 },
                                       { 0xfb, 0xc }, { 0xf3, 0xc },
                                       { 0xfb, 0xa }, { 0xfb, 0x8 } };

    for (unsigned n = 1; n < G_N_ELEMENTS(rows); n++) {
        fuzz_put(m, FUZZ_GDT + 8 * n, fuzz_descriptor(rows[n][0], rows[n][1]),
                 8);
    }
    fuzz_put(m, FUZZ_GDT + 0x50,
             0x67 | (uint64_t)FUZZ_TSS << 16 | UINT64_C(0x8b) << 40, 8);
    fuzz_put(m, FUZZ_TSS + 4, 0x8000, long_mode ? 8 : 4);
    fuzz_put(m, FUZZ_TSS + 8, long_mode ? 0 : 0x10, long_mode ? 4 : 2);
}

static void fuzz_put_idt(FuzzMachine *m, const FuzzInput *in, FuzzMode mode)
{
    bool real = mode == FUZZ_REAL;
    bool wide = mode == FUZZ_LONG || mode == FUZZ_COMPAT;
    unsigned selector = wide ? 0x18 : 0x08;

    for (unsigned n = 0; n < (real ? 256 : 32); n++) {
        if (real) {
            fuzz_put(m, 4 * n, FUZZ_HANDLER, 4);
        } else {
            fuzz_put(m, FUZZ_IDT + n * (wide ? 16 : 8),
                     FUZZ_HANDLER | (uint64_t)selector << 16 |
                         UINT64_C(0xee) << 40,
                     8);
        }
    }
    /* hlt, or: iret, with the operand size of the frame */
    bool iret = in->bits & FUZZ_IRET;
    fuzz_put(m, FUZZ_HANDLER, !iret ? 0xf4 : wide ? 0xcf48 : 0xcf, 2);
}

/* 2 MiB of linear addresses are physical ones, for everybody. */
static void fuzz_put_tables(FuzzMachine *m, const FuzzInput *in, FuzzMode mode)
{
    bool paged32 = mode == FUZZ_PAGED32;
    unsigned size = paged32 ? 4 : 8;
    uint64_t last = FUZZ_TABLES + 0x3000;

    if (paged32) {
        fuzz_put(m, FUZZ_TABLES, last | 7, 4);
    } else { /* CR3 is the PML4, or with PAE the table below */
        fuzz_put(m, FUZZ_TABLES, (FUZZ_TABLES + 0x1000) | 7, 8);
        fuzz_put(m, FUZZ_TABLES + 0x1000,
                 (FUZZ_TABLES + 0x2000) | (mode == FUZZ_PAE ? 1 : 7), 8);
        fuzz_put(m, FUZZ_TABLES + 0x2000, last | 7, 8);
    }
    for (unsigned n = 0; n < 512; n++) {
        fuzz_put(m, last + n * size, n * PAGE_SIZE | 7, size);
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(in->entry); n++) {
        unsigned level = in->entry[n] >> 6, slot = in->entry[n] & 63;

        if (in->table[n]) {
            fuzz_put(m, FUZZ_TABLES + level * PAGE_SIZE + slot * size,
                     in->table[n], size);
        }
    }
}

static const uint32_t fuzz_places[] = {
    FUZZ_CODE,     FUZZ_CODE + PAGE_SIZE - 9,
    FUZZ_LOW - 11, /* into the device */
    FUZZ_LOW + 64, FUZZ_ROM + 64,
    FUZZ_END - 13, /* into nothing */
    FUZZ_END + 64, FUZZ_DATA,
};

static void fuzz_put_memory(FuzzMachine *m, const FuzzInput *in, FuzzMode mode,
                            uint32_t place, const uint8_t *code, size_t size)
{
    memset(m->ram->host, 0, FUZZ_END);
    if (mode != FUZZ_REAL) {
        fuzz_put_gdt(m, mode == FUZZ_LONG || mode == FUZZ_COMPAT);
        fuzz_put_tables(m, in, mode);
    }
    fuzz_put_idt(m, in, mode);
    memcpy(m->ram->host + FUZZ_DATA, in, sizeof(*in));
    for (size_t n = 0; n < size && place + n < FUZZ_END; n++) {
        m->ram->host[place + n] = code[n];
    }
    ram_written(m->ram, 0, FUZZ_END);
}

/* ---- The processor --------------------------------------------------------
 */

typedef struct FuzzSetup {
    bool pe, pg, pae, lme, v86;
    uint16_t cs, ds; /* supervisor's; 0: real */
    uint16_t user_cs, user_ds;
} FuzzSetup;

static const FuzzSetup fuzz_setups[FUZZ_MODES] = {
    [FUZZ_REAL] = {},
    [FUZZ_V86] = { .pe = true, .v86 = true },
    [FUZZ_PROT16] = { .pe = true,
                      .cs = 0x20,
                      .ds = 0x28,
                      .user_cs = 0x4b,
                      .user_ds = 0x3b },
    [FUZZ_PROT32] = { .pe = true,
                      .cs = 0x08,
                      .ds = 0x10,
                      .user_cs = 0x33,
                      .user_ds = 0x3b },
    [FUZZ_PAGED32] = { .pe = true,
                       .pg = true,
                       .cs = 0x08,
                       .ds = 0x10,
                       .user_cs = 0x33,
                       .user_ds = 0x3b },
    [FUZZ_PAE] = { .pe = true,
                   .pg = true,
                   .pae = true,
                   .cs = 0x08,
                   .ds = 0x10,
                   .user_cs = 0x33,
                   .user_ds = 0x3b },
    [FUZZ_COMPAT] = { .pe = true,
                      .pg = true,
                      .pae = true,
                      .lme = true,
                      .cs = 0x08,
                      .ds = 0x10,
                      .user_cs = 0x33,
                      .user_ds = 0x3b },
    [FUZZ_LONG] = { .pe = true,
                    .pg = true,
                    .pae = true,
                    .lme = true,
                    .cs = 0x18,
                    .ds = 0x10,
                    .user_cs = 0x43,
                    .user_ds = 0x3b },
};

static X86Segment fuzz_segment(const FuzzMachine *m, uint16_t selector)
{
    uint64_t d;

    memcpy(&d, m->ram->host + FUZZ_GDT + (selector & 0xf8), 8);
    return (X86Segment){ .selector = selector,
                         .attr = (d >> 40 & 0xff) | (d >> 44 & 0xf00),
                         .limit = UINT32_MAX };
}

static void fuzz_set_segments(FuzzMachine *m, const FuzzInput *in,
                              const FuzzSetup *s, bool user)
{
    X86Cpu *cpu = m->cpu;

    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        X86Segment *seg = &cpu->seg[n];

        if (s->cs) {
            uint16_t cs = user ? s->user_cs : s->cs;
            *seg = fuzz_segment(m, n == X86_CS ? cs
                                   : user      ? s->user_ds
                                               : s->ds);
            continue;
        }
        seg->selector = n == X86_CS ? 0 : in->selector[n & 3] & 0x1fff;
        seg->base = (uint64_t)seg->selector << 4;
        seg->limit = 0xffff;
        seg->attr = 3 | SEG_S | SEG_P | (s->v86 ? SEG_DPL : 0);
    }
}

static void fuzz_set_control(X86Cpu *cpu, const FuzzInput *in,
                             const FuzzSetup *s)
{
    const uint32_t cr0_free = CR0_MP | CR0_TS | CR0_NE | CR0_WP | CR0_AM;
    const uint32_t efer_free = EFER_SCE | EFER_NXE | EFER_SVME;

    cpu->cr0 = CR0_ET | (in->cr0 & cr0_free) | (s->pe ? CR0_PE : 0) |
               (s->pg ? CR0_PG : 0);
    cpu->cr4 =
        in->cr4 & cpu->model->cr4_mask & ~(CR4_PAE | CR4_LA57 | CR4_PCIDE);
    cpu->cr4 |= s->pae ? CR4_PAE : 0;
    cpu->efer = (in->efer & efer_free) | (s->lme ? EFER_LME | EFER_LMA : 0);
    cpu->cr3 = FUZZ_TABLES + (s->pae && !s->lme ? 0x1000 : 0);
    if (s->pae && !s->lme) {
        cpu->pdpte[0] = (FUZZ_TABLES + 0x2000) | 1;
    }
    if (in->bits & FUZZ_FP) {
        cpu->cr4 |= CR4_OSFXSR | CR4_OSXSAVE;
        cpu->xcr0 = 7;
    } else {
        cpu->cr0 |= CR0_EM;
        cpu->cr4 &= ~(CR4_OSFXSR | CR4_OSXSAVE);
    }
    cpu->gdt.base = FUZZ_GDT;
    cpu->gdt.limit = 0x5f;
    cpu->idt.base = s->pe ? FUZZ_IDT : 0;
    cpu->idt.limit = s->pe ? (s->lme ? 0x1ff : 0xff) : 0x3ff;
    if (s->pe) {
        cpu->tr = (X86Segment){ .selector = 0x50,
                                .base = FUZZ_TSS,
                                .limit = 0x67,
                                .attr = 0xb | SEG_P };
    }
}

/* Nothing stays of the last input, so that each can be seen again alone. */
static void fuzz_renew(FuzzMachine *m)
{
    size_t pos = 0;

    g_assert_true(state_load(x86_cpu_state, m->cpu, m->fresh->data,
                             m->fresh->len, &pos, NULL));
    g_assert_true(x86_cpu_loaded(m->cpu, NULL));
    m->cpu->pending = 0;
    x86_cpu_reset(m->cpu, false);
}

void fuzz_machine_set(FuzzMachine *m, const FuzzInput *in, const uint8_t *code,
                      size_t size)
{
    FuzzMode mode = in->mode % FUZZ_MODES;
    const FuzzSetup *s = &fuzz_setups[mode];
    uint32_t place = fuzz_places[in->place % G_N_ELEMENTS(fuzz_places)];
    X86Cpu *cpu = m->cpu;
    const uint32_t flags = EFLAGS_STATUS | EFLAGS_TF | EFLAGS_IF | EFLAGS_DF |
                           EFLAGS_IOPL | EFLAGS_NT | EFLAGS_AC | EFLAGS_ID;

    if (!s->cs) {
        place &= 0xffff; /* CS is 0 */
    }
    fuzz_put_memory(m, in, mode, place, code, size);
    fuzz_renew(m);
    fuzz_set_control(cpu, in, s);
    fuzz_set_segments(m, in, s, in->bits & FUZZ_USER);
    for (unsigned n = 0; n < 16; n++) { /* most point into memory */
        bool wild = in->r[n] >> 60 == 0xf;
        cpu->env.r[n] = wild ? in->r[n] : in->r[n] & 0x1fffff;
        if (mode != FUZZ_LONG) {
            cpu->env.r[n] = n < 8 ? (uint32_t)cpu->env.r[n] : 0;
        }
    }
    cpu->env.pc = place;
    cpu->env.insn_count = 0;
    x86_set_eflags(cpu, in->eflags | (s->v86 ? EFLAGS_VM : 0),
                   flags | EFLAGS_VM);
    m->accel->class->put_state(m->accel, cpu);
}
