/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repeated MOVS and STOS in 64-bit mode over all kinds of pages, beside a model
 * that does one element after the other: pages that follow each other in RAM
 * and others, one that is there twice, with code, of a device, and missing
 * ones. A fault leaves the registers as they are after the elements that were
 * done.
 */
#include "tests/accel/bare.h"

#include <string.h>

enum {
    CODE = 0x1000,
    CODE_STEP = 16,
    HANDLER = 0x2000,
    STACK = 0x8000,
    GDT = 0x4000,
    IDT = 0x5000,
    TABLES = 0x700000,
    LINEAR = 0x400000,
    PAGES = 8,
    RAM = 0x200000, /* the pages' */
    RAM_SIZE = 16 * 4096,
    RAM_CODE = 3 * 4096 + 0x800, /* an instruction among the data */
    DEVICE = 0x900000,
    MISSING = 0,
    CASES = 600,
};

/* By number of the linear page. */
static const uint32_t strings_pages[PAGES] = {
    RAM, RAM + 0x1000, RAM + 0x7000, RAM + 0x3000,
    RAM, MISSING,      DEVICE,       RAM + 0x8000,
};

typedef struct Strings {
    MemoryRegion region;
    uint8_t device[4096];
    Bare *m;
    unsigned nmi_at; /* a write there raises one; 0: none does */
} Strings;

/* ---- The machine ----------------------------------------------------------
 */

static bool strings_device_read(void *opaque, hwaddr off, unsigned size,
                                uint64_t *val)
{
    *val = ((Strings *)opaque)->device[off];
    return true;
}

static bool strings_device_write(void *opaque, hwaddr off, unsigned size,
                                 uint64_t val)
{
    Strings *s = opaque;

    s->device[off] = val;
    if (s->nmi_at && off == s->nmi_at) {
        s->nmi_at = 0;
        x86_set_pending(s->m->cpu, X86_PENDING_NMI);
    }
    return true;
}

static const MemoryOps strings_device_ops = {
    .read = strings_device_read,
    .write = strings_device_write,
    .impl = { .min = 1, .max = 1 },
};

/* An interrupt gate to HANDLER. SDM 3A 6.14.1 */
static void strings_put_gate(Bare *m, unsigned vector)
{
    bare_put_long(m, IDT + 16 * vector, 8 << 16 | (HANDLER & 0xffff));
    bare_put_long(m, IDT + 16 * vector + 4, 0x8e00);
}

static void strings_enter(Bare *m, Strings *s)
{
    X86Cpu *cpu = m->cpu;

    *s = (Strings){ .m = m };
    region_init_io(&s->region, "device", 4096, &strings_device_ops, s, NULL);
    region_add_priority(&m->root, DEVICE, &s->region, 1);
    bare_long_mode(m, TABLES);
    bare_put_long(m, TABLES + 0x2000 + 8 * (LINEAR >> 21),
                  (TABLES + 0x3000) | 3);
    for (unsigned n = 0; n < PAGES; n++) {
        if (strings_pages[n] != MISSING) {
            bare_put_long(m, TABLES + 0x3000 + 8 * n, strings_pages[n] | 3);
        }
    }
    cpu->seg[X86_CS].selector = 8;
    cpu->seg[X86_SS].selector = 0;
    bare_put_long(m, GDT + 12, 0x00209a00); /* 64-bit code */
    cpu->gdt.base = GDT;
    cpu->gdt.limit = 15;
    cpu->idt.base = IDT;
    cpu->idt.limit = 16 * 256 - 1;
    strings_put_gate(m, EXC_PF);
    strings_put_gate(m, EXC_NMI);
}

/* ---- Instructions ---------------------------------------------------------
 */

typedef struct StringsCase {
    bool fill, narrow, down; /* narrow: 32-bit addresses */
    unsigned log2;
    uint64_t si, di, count, acc;
} StringsCase;

static uint64_t strings_code_at(const StringsCase *c)
{
    return CODE + CODE_STEP * (c->log2 + 4 * c->fill + 8 * c->narrow);
}

static void strings_put_code(Bare *m)
{
    for (unsigned n = 0; n < 16; n++) {
        uint8_t code[8], *p = code;
        if (n & 8) {
            *p++ = 0x67;
        }
        *p++ = 0xf3;
        if ((n & 3) == 1) {
            *p++ = 0x66;
        } else if ((n & 3) == 3) {
            *p++ = 0x48;
        }
        *p++ = (n & 4 ? 0xaa : 0xa4) | ((n & 3) != 0);
        *p++ = 0xf4; /* hlt */
        bare_put(m, CODE + CODE_STEP * n, code, p - code);
    }
}

static uint64_t random_place(GRand *r)
{
    unsigned page = g_rand_int_range(r, 0, PAGES);
    int near = g_rand_int_range(r, -40, 40);
    unsigned at =
        g_rand_boolean(r) ? g_rand_int_range(r, 0, 4096) : 4096 + near;

    return LINEAR + page * 4096 + at % 4096;
}

static void random_case(GRand *r, StringsCase *c)
{
    static const unsigned most[] = { 20, 80, 600, 4200, 14000 };
    unsigned bytes = most[g_rand_int_range(r, 0, G_N_ELEMENTS(most))];

    *c = (StringsCase){ .fill = g_rand_boolean(r),
                        .narrow = g_rand_int_range(r, 0, 6) == 0,
                        .down = g_rand_int_range(r, 0, 8) == 0,
                        .log2 = g_rand_int_range(r, 0, 4),
                        .acc = (uint64_t)g_rand_int(r) << 32 | g_rand_int(r) };
    c->count = g_rand_int_range(r, 0, bytes) >> c->log2;
    c->si = random_place(r);
    c->di = random_place(r);
    if (g_rand_int_range(r, 0, 3) == 0) {
        c->di = c->si + g_rand_int_range(r, -70, 70);
    }
    if (c->down) { /* not below the first page */
        c->si = MAX(c->si, LINEAR + 16384);
        c->di = MAX(c->di, LINEAR + 16384);
    }
    c->si = MAX(c->si, LINEAR);
    c->di = MAX(c->di, LINEAR);
}

/* ---- The model ------------------------------------------------------------
 */

typedef struct StringsEnd {
    uint64_t si, di, count;
    uint64_t fault; /* where, or 0 */
    uint8_t ram[RAM_SIZE], device[4096];
} StringsEnd;

static uint8_t *model_byte(StringsEnd *e, uint64_t addr)
{
    uint64_t page = (addr - LINEAR) / 4096;
    uint32_t to = page < PAGES ? strings_pages[page] : MISSING;

    return to == MISSING  ? NULL
           : to == DEVICE ? e->device + addr % 4096
                          : e->ram + (to - RAM) + addr % 4096;
}

/* False, and where: an access of that many bytes there faults. */
static bool model_check(StringsEnd *e, uint64_t addr, unsigned bytes)
{
    for (unsigned n = 0; n < bytes; n++) {
        if (!model_byte(e, addr + n)) {
            e->fault = addr + n;
            return false;
        }
    }
    return true;
}

static void model_run(StringsEnd *e, const StringsCase *c)
{
    unsigned bytes = 1u << c->log2;
    int64_t step = c->down ? -(int64_t)bytes : bytes;

    e->si = c->si;
    e->di = c->di;
    e->fault = 0;
    for (e->count = c->count; e->count; e->count--, e->di += step) {
        uint8_t element[8];
        memcpy(element, &c->acc, 8);
        if (!c->fill) {
            if (!model_check(e, e->si, bytes)) {
                return;
            }
            for (unsigned n = 0; n < bytes; n++) {
                element[n] = *model_byte(e, e->si + n);
            }
        }
        if (!model_check(e, e->di, bytes)) {
            return;
        }
        for (unsigned n = 0; n < bytes; n++) {
            *model_byte(e, e->di + n) = element[n];
        }
        e->si += c->fill ? 0 : step;
    }
}

/* ---- Beside each other ----------------------------------------------------
 */

static void strings_run(Strings *s, const StringsCase *c)
{
    X86Cpu *cpu = s->m->cpu;

    bare_run(s->m, RAM + RAM_CODE); /* so that its page holds code */
    cpu->env.r[X86_RSI] = c->si;
    cpu->env.r[X86_RDI] = c->di;
    cpu->env.r[X86_RCX] = c->count;
    cpu->env.r[X86_RAX] = c->acc;
    cpu->env.r[X86_RSP] = STACK;
    cpu->eflags = (cpu->eflags & ~EFLAGS_DF) | (c->down ? EFLAGS_DF : 0);
    cpu->cr2 = 0;
    cpu->fpu.xstate_bv = 3;
    memset(cpu->fpu.xmm, 0xa5, sizeof(cpu->fpu.xmm));
    bare_run(s->m, strings_code_at(c));
    for (unsigned n = 0; n < sizeof(cpu->fpu.xmm); n++) {
        g_assert_cmphex(((uint8_t *)cpu->fpu.xmm)[n], ==, 0xa5);
    }
}

static void strings_compare(const Strings *s, const StringsCase *c,
                            const StringsEnd *want)
{
    const X86Cpu *cpu = s->m->cpu;
    const uint64_t *r = cpu->env.r;
    uint64_t pc = 0;
    const uint8_t *ram = s->m->ram->host + RAM;

    memcpy(&pc, s->m->ram->host + STACK - 40, 8); /* above an error code */
    if (r[X86_RSI] == want->si && r[X86_RDI] == want->di &&
        r[X86_RCX] == want->count && cpu->cr2 == want->fault &&
        (!want->fault || pc == strings_code_at(c)) &&
        memcmp(want->ram, ram, RAM_SIZE) == 0 &&
        memcmp(want->device, s->device, 4096) == 0) {
        return;
    }
    g_error("%s%d%s%s rsi %lx rdi %lx rcx %lx: want rsi %lx rdi %lx rcx %lx "
            "fault %lx, got %lx %lx %lx %lx at %lx, memory %s",
            c->fill ? "stos" : "movs", 1 << c->log2, c->down ? " down" : "",
            c->narrow ? " narrow" : "", c->si, c->di, c->count, want->si,
            want->di, want->count, want->fault, r[X86_RSI], r[X86_RDI],
            r[X86_RCX], cpu->cr2, pc,
            memcmp(want->ram, ram, RAM_SIZE) ? "differs" : "equal");
}

static void test_pages(Bare *m)
{
    static Strings s;
    static StringsEnd want;
    g_autoptr(GRand) r = g_rand_new_with_seed(1);

    strings_enter(m, &s);
    strings_put_code(m);
    BARE_CODE(m, HANDLER, 0xf4);
    for (unsigned n = 0; n < CASES; n++) {
        StringsCase c;
        random_case(r, &c);
        for (unsigned i = 0; i < RAM_SIZE; i++) {
            want.ram[i] = i * 7 + (i >> 8) + n;
        }
        want.ram[RAM_CODE] = 0xf4;
        memset(want.device, n, 4096);
        bare_put(m, RAM, want.ram, RAM_SIZE);
        memcpy(s.device, want.device, 4096);
        model_run(&want, &c);
        strings_run(&s, &c);
        strings_compare(&s, &c, &want);
    }
    region_clear(&s.region);
}

/* Entries of the page table say afterwards which pages were read and written,
 * whatever they said before: two of each, and none of the next. */
static void test_entries(Bare *m)
{
    enum { ACCESSED = 0x20, DIRTY = 0x40, USED = ACCESSED | DIRTY };
    static const uint8_t before[] = { 0, ACCESSED, USED };
    static Strings s;

    strings_enter(m, &s);
    strings_put_code(m);
    BARE_CODE(m, RAM + RAM_CODE, 0xf4);
    for (unsigned n = 0; n < 3 * 3 * 8; n++) {
        unsigned from = before[n % 3], to = before[n / 3 % 3];
        StringsCase c = { .fill = n / 9 & 4, .log2 = n / 9 & 3 };
        c.si = LINEAR + 0x100;
        c.di = LINEAR + 0x2100;
        c.count = 0x1000 >> c.log2;
        for (unsigned p = 0; p < 5; p++) {
            unsigned bits = p < 2 ? from : p < 4 ? to : 0;
            bare_put_long(m, TABLES + 0x3000 + 8 * p,
                          strings_pages[p] | 3 | bits);
        }
        m->cpu->mmu_ops->flush_all(m->cpu);
        strings_run(&s, &c);
        for (unsigned p = 0; p < 5; p++) {
            unsigned read = c.fill ? from : from | ACCESSED;
            unsigned bits = p < 2 ? read : p < 4 ? USED : 0;
            uint8_t entry = m->ram->host[TABLES + 0x3000 + 8 * p];
            g_assert_cmphex(entry & USED, ==, bits);
        }
    }
    region_clear(&s.region);
}

/* A write to the device, among the first, raises an interrupt, which is taken
 * before the end: mov rdx,rcx; mov rbx,[rsp]; iretq. */
static void test_interrupt(Bare *m)
{
    enum { COUNT = 400000 };
    static Strings s;
    uint64_t *r = m->cpu->env.r;

    strings_enter(m, &s);
    strings_put_code(m);
    BARE_CODE(m, HANDLER, 0x48, 0x89, 0xca, 0x48, 0x8b, 0x1c, 0x24, 0x48, 0xcf);
    bare_put_long(m, TABLES + 0x3000, DEVICE | 3);
    for (unsigned n = 1; n < 512; n++) {
        bare_put_long(m, TABLES + 0x3000 + 8 * n, (RAM + 4096 * n) | 3);
    }
    m->cpu->mmu_ops->flush_all(m->cpu);
    s.nmi_at = 4000;
    r[X86_RSP] = STACK;
    r[X86_RDI] = LINEAR + 3900;
    r[X86_RCX] = COUNT;
    r[X86_RAX] = 0x5a;
    bare_run(m, CODE + CODE_STEP * 4);
    if (m->cpu->env.insn_count) {
        g_assert_cmpuint(m->cpu->env.insn_count, ==, 5);
    }
    g_assert_cmphex(r[X86_RBX], ==, CODE + CODE_STEP * 4);
    g_assert_cmpuint(r[X86_RDX], >, 0);
    g_assert_cmpuint(r[X86_RDX], <, COUNT);
    g_assert_cmpuint(r[X86_RCX], ==, 0);
    g_assert_cmphex(s.device[4095], ==, 0x5a);
    for (unsigned n = 4096; n < 3900 + COUNT; n++) {
        g_assert_cmphex(m->ram->host[RAM + n], ==, 0x5a);
    }
    region_clear(&s.region);
}

static const BareTest test_rows[] = {
    { "pages", test_pages },
    { "entries", test_entries },
    { "interrupt", test_interrupt },
    { "interrupt-counted", test_interrupt, ",count=on" },
    {},
};

static const char *const test_variants[] = {
    "x86_64", "x86_64,strings=off", "x86_64,watch=off,slots=off",
    "interp", "interp,strings=off", NULL,
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bare_add_tests("/accel/strings", test_rows, test_variants);
    return g_test_run();
}
