/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page walks over hand-built tables: each paging format and page size, with
 * every combination of rights in a leaf and the entry above it, every kind of
 * access and every control bit that matters. What must happen is computed from
 * SDM 3A 4.6.1 and 4.7, not from the walk.
 */
#include "tests/target/machine.h"

#include <urcu.h>

#define NX (UINT64_C(1) << 63)
enum { P = 1, W = 2, U = 4, A = 32, D = 64, PS = 128, G = 256 };

/* One address, walked by all formats: indexes are nowhere 0. */
#define LINEAR UINT64_C(0x00805b7fd234)
#define TARGET UINT64_C(0x0000000002400000) /* page of any size below 4 MiB */

typedef struct Format {
    const char *name;
    uint64_t cr4;
    bool lm;
    unsigned entry;  /* bytes */
    unsigned levels; /* tables in memory */
    unsigned bits;
    unsigned page_level; /* the leaf's */
} Format;

static const Format formats[] = {
    { "32-bit, 4 KiB", 0, false, 4, 2, 10, 1 },
    { "32-bit, 4 MiB", CR4_PSE, false, 4, 2, 10, 2 },
    { "PAE, 4 KiB", CR4_PAE, false, 8, 2, 9, 1 },
    { "PAE, 2 MiB", CR4_PAE, false, 8, 2, 9, 2 },
    { "4-level, 4 KiB", CR4_PAE, true, 8, 4, 9, 1 },
    { "4-level, 2 MiB", CR4_PAE, true, 8, 4, 9, 2 },
    { "4-level, 1 GiB", CR4_PAE, true, 8, 4, 9, 3 },
    { "5-level, 4 KiB", CR4_PAE | CR4_LA57, true, 8, 5, 9, 1 },
};

typedef struct Tables {
    Machine *m;
    const Format *f;
    uint64_t linear;
    hwaddr leaf, above; /* where the entries stand; above 0: none */
    unsigned shift;     /* of the page */
} Tables;

static hwaddr table_at(unsigned level)
{
    return 0x100000 + level * 0x1000;
}

static unsigned level_shift(const Format *f, unsigned level)
{
    return 12 + (level - 1) * f->bits;
}

static uint64_t page_target(const Tables *t)
{
    return TARGET & ~((UINT64_C(1) << t->shift) - 1);
}

/* Tables with all rights; leaf and above are rewritten by each case. */
static Tables build(Machine *m, const Format *f)
{
    Tables t = { .m = m, .f = f, .shift = level_shift(f, f->page_level) };

    t.linear = f->lm ? LINEAR : (uint32_t)LINEAR;
    for (unsigned level = f->levels; level >= f->page_level; level--) {
        unsigned index =
            t.linear >> level_shift(f, level) & ((1u << f->bits) - 1);
        hwaddr at = table_at(level) + index * f->entry;

        if (level == f->page_level) {
            t.leaf = at;
            break;
        }
        machine_put(m, at, table_at(level - 1) | P | W | U, f->entry);
        t.above = at;
    }
    m->cpu->cr3 = table_at(f->levels);
    if (!f->lm && f->entry == 8) {
        for (unsigned i = 0; i < 4; i++) {
            m->cpu->pdpte[i] = table_at(2) | P;
        }
    }
    return t;
}

typedef struct Case {
    bool present, write, user, nx; /* leaf */
    bool above_write, above_user;
    bool wp, smep, smap, nxe;
    X86Access access;
    unsigned mode;
} Case;

static Case case_number(unsigned n)
{
    Case c = { .present = n & 1,
               .write = n & 2,
               .user = n & 4,
               .nx = n & 8,
               .above_write = n & 16,
               .above_user = n & 32,
               .wp = n & 64,
               .smep = n & 128,
               .smap = n & 256,
               .nxe = n & 512 };

    c.access = n / 1024 % 3;
    c.mode = n / 3072;
    return c;
}
enum { CASES = 1024 * 3 * 3 };

/* SDM 3A 4.6.1 in the manual's order. */
static bool case_allowed(const Case *c)
{
    bool user = c->user && c->above_user;
    bool write = c->write && c->above_write;
    bool nx = c->nx && c->nxe;

    if (c->mode == X86_MODE_USER) {
        return user &&
               (c->access == X86_READ || (c->access == X86_WRITE && write) ||
                (c->access == X86_EXEC && !nx));
    }
    if (c->access == X86_EXEC) {
        return !nx && !(user && c->smep);
    }
    if (user && c->smap && c->mode == X86_MODE_KERNEL) {
        return false;
    }
    return c->access == X86_READ || write || !c->wp;
}

static uint32_t case_error(const Case *c, const Format *f, uint32_t why)
{
    bool i_bit = c->smep || ((f->cr4 & CR4_PAE) && c->nxe);

    return why | (c->access == X86_WRITE ? 2 : 0) |
           (c->mode == X86_MODE_USER ? 4 : 0) |
           (c->access == X86_EXEC && i_bit ? 16 : 0);
}

static void case_setup(const Tables *t, const Case *c)
{
    X86Cpu *cpu = t->m->cpu;
    uint64_t leaf = page_target(t) | (c->present ? P : 0) | (c->write ? W : 0) |
                    (c->user ? U : 0) | (t->f->page_level > 1 ? PS : 0) |
                    (c->nx && t->f->entry == 8 ? NX : 0);

    machine_put(t->m, t->leaf, leaf, t->f->entry);
    if (t->above) {
        machine_put(t->m, t->above,
                    table_at(t->f->page_level) | P | (c->above_write ? W : 0) |
                        (c->above_user ? U : 0),
                    t->f->entry);
    }
    cpu->cr0 = CR0_PE | CR0_PG | (c->wp ? CR0_WP : 0);
    cpu->cr4 = t->f->cr4 | (c->smep ? CR4_SMEP : 0) | (c->smap ? CR4_SMAP : 0);
    cpu->efer = (t->f->lm ? EFER_LME | EFER_LMA : 0) | (c->nxe ? EFER_NXE : 0);
}

static void case_check(const Tables *t, Case c)
{
    X86Translation tr;

    if (!t->above) { /* a leaf in the top table has nothing above it */
        c.above_write = c.above_user = true;
    }
    if (t->f->entry == 4) {
        c.nx = false;
    }
    case_setup(t, &c);
    bool ok =
        x86_mmu_translate(t->m->cpu, t->linear, c.access, c.mode, false, &tr);
    uint64_t leaf = machine_get(t->m, t->leaf, t->f->entry);
    bool reserved = c.nx && !c.nxe;

    if (!c.present) {
        g_assert_false(ok);
        g_assert_cmphex(tr.error, ==, case_error(&c, t->f, 0));
    } else if (reserved) {
        g_assert_false(ok);
        g_assert_cmphex(tr.error, ==, case_error(&c, t->f, 9));
    } else if (!case_allowed(&c)) {
        g_assert_false(ok);
        g_assert_cmphex(tr.error, ==, case_error(&c, t->f, 1));
        g_assert_cmphex(leaf & (A | D), ==, 0);
    } else {
        g_assert_true(ok);
        g_assert_cmphex(tr.paddr, ==,
                        page_target(t) |
                            (t->linear & ((UINT64_C(1) << t->shift) - 1)));
        g_assert_cmphex(tr.page_size, ==, UINT64_C(1) << t->shift);
        g_assert_cmphex(leaf & (A | D), ==, c.access == X86_WRITE ? A | D : A);
        /* A clean page is not writable without another walk. */
        g_assert_true(!tr.writable || c.access == X86_WRITE);
    }
}

static void test_rights(gconstpointer data)
{
    Machine *m = machine_new("max,+la57");
    Tables t = build(m, data);

    rcu_read_lock();
    for (unsigned n = 0; n < CASES; n++) {
        case_check(&t, case_number(n));
    }
    rcu_read_unlock();
    machine_free(m);
}

static bool walk(Machine *m, uint64_t addr, X86Access access, unsigned mode,
                 X86Translation *t)
{
    rcu_read_lock();
    bool ok = x86_mmu_translate(m->cpu, addr, access, mode, false, t);
    rcu_read_unlock();
    return ok;
}

/* A probe changes nothing; a walk marks every level and the dirty bitmap. */
static void test_accessed(void)
{
    Machine *m = machine_new("max");
    Tables t = build(m, &formats[4]);
    Case c = { true, true, true, false, true, true };
    X86Translation tr;

    case_setup(&t, &c);
    rcu_read_lock();
    g_assert_true(x86_mmu_translate(m->cpu, t.linear, X86_WRITE, X86_MODE_USER,
                                    true, &tr));
    rcu_read_unlock();
    g_assert_cmphex(machine_get(m, t.leaf, 8) & (A | D), ==, 0);
    g_assert_false(ram_dirty_test(m->ram, DIRTY_MIGRATION, t.leaf));
    g_assert_true(walk(m, t.linear, X86_WRITE, X86_MODE_USER, &tr));
    g_assert_cmphex(machine_get(m, t.leaf, 8) & (A | D), ==, A | D);
    g_assert_cmphex(machine_get(m, t.above, 8) & (A | D), ==, A);
    g_assert_true(ram_dirty_test(m->ram, DIRTY_MIGRATION, t.leaf));
    g_assert_true(tr.writable);
    machine_free(m);
}

/* SDM 3A 4.3, 4.4, 4.5: bits that must be zero. */
static void test_reserved(void)
{
    static const struct {
        unsigned format;
        uint64_t bits;
        bool fault;
    } cases[] = {
        { 1, 1u << 21, true },
        { 1, 1u << 13, false }, /* PSE-36 address */
        { 2, UINT64_C(1) << 45, true },
        { 2, UINT64_C(1) << 55, true },
        { 3, 1u << 13, true },
        { 4, UINT64_C(1) << 45, true },
        { 4, UINT64_C(1) << 55, false }, /* ignored */
        { 5, 1u << 13, true },
        { 5, 1u << 12, false }, /* PAT */
        { 6, 1u << 29, true },
    };
    Machine *m = machine_new("max,+la57");
    Case c = { true, true, true, false, true, true };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Tables t = build(m, &formats[cases[i].format]);
        X86Translation tr;

        case_setup(&t, &c);
        machine_put(m, t.leaf,
                    machine_get(m, t.leaf, t.f->entry) | cases[i].bits,
                    t.f->entry);
        g_assert_true(walk(m, t.linear, X86_READ, X86_MODE_KERNEL, &tr) !=
                      cases[i].fault);
        if (cases[i].fault) {
            g_assert_cmphex(tr.error, ==, 9);
        }
    }
    machine_free(m);
}

/* 1 GiB pages only where offered; PS in a PML4E never. */
static void test_page_size_bit(void)
{
    Machine *m = machine_new("max,pdpe1gb=off");
    Tables t = build(m, &formats[6]);
    Case c = { true, true, true, false, true, true };
    X86Translation tr;

    case_setup(&t, &c);
    g_assert_false(walk(m, t.linear, X86_READ, X86_MODE_KERNEL, &tr));
    g_assert_cmphex(tr.error, ==, 9);
    t = build(m, &formats[4]);
    case_setup(&t, &c);
    hwaddr top = m->cpu->cr3 + (t.linear >> 39 & 511) * 8;
    machine_put(m, top, machine_get(m, top, 8) | PS, 8);
    g_assert_false(walk(m, t.linear, X86_READ, X86_MODE_KERNEL, &tr));
    g_assert_cmphex(tr.error, ==, 9);
    machine_free(m);
}

/* SDM 3A 4.6.2: a key forbids data accesses or writes, to users' pages by PKRU
 * and to the supervisor's by PKRS; fetches never. Bit 5 of the error says so.
 */
static void test_keys(void)
{
    enum { NONE, NO_WRITE = 2, NO_ACCESS = 1 };
    static const struct {
        bool user_page, user, wp;
        unsigned rights; /* of key 3 */
        X86Access access;
        uint32_t error; /* 0: allowed */
    } cases[] = {
        { true, true, true, NONE, X86_WRITE, 0 },
        { true, true, true, NO_WRITE, X86_READ, 0 },
        { true, true, true, NO_WRITE, X86_WRITE, 0x27 },
        { true, true, true, NO_ACCESS, X86_READ, 0x25 },
        { true, true, true, NO_ACCESS, X86_EXEC, 0 },
        { true, false, true, NO_WRITE, X86_WRITE, 0x23 },
        { true, false, false, NO_WRITE, X86_WRITE, 0 }, /* CR0.WP clear */
        { true, false, false, NO_ACCESS, X86_READ, 0x21 },
        { false, false, true, NO_WRITE, X86_WRITE, 0x23 },
        { false, false, false, NO_WRITE, X86_WRITE, 0 },
        { false, false, true, NO_ACCESS, X86_READ, 0x21 },
    };
    Machine *m = machine_new("max");
    Tables t = build(m, &formats[4]);

    for (unsigned n = 0; n < G_N_ELEMENTS(cases); n++) {
        Case c = { .present = true,
                   .write = true,
                   .user = cases[n].user_page,
                   .above_write = true,
                   .above_user = true,
                   .wp = cases[n].wp };
        unsigned mode = cases[n].user ? X86_MODE_USER : X86_MODE_KERNEL_USER;
        X86Translation tr;

        case_setup(&t, &c);
        machine_put(m, t.leaf, machine_get(m, t.leaf, 8) | UINT64_C(3) << 59,
                    8);
        m->cpu->cr4 |= CR4_PKE | CR4_PKS;
        m->cpu->pkru = cases[n].user_page ? cases[n].rights << 6 : 0xffffffff;
        m->cpu->pkrs = cases[n].user_page ? 0xffffffff : cases[n].rights << 6;
        bool ok = walk(m, t.linear, cases[n].access, mode, &tr);
        g_assert_cmphex(ok ? 0 : tr.error, ==, cases[n].error);
        /* Without the control bits keys are ignored. */
        m->cpu->cr4 &= ~(uint64_t)(CR4_PKE | CR4_PKS);
        g_assert_true(walk(m, t.linear, cases[n].access, mode, &tr));
    }
    machine_free(m);
}

static void test_edges(void)
{
    Machine *m = machine_new("max");
    Tables t = build(m, &formats[4]);
    Case c = { true, true, true, false, true, true };
    X86Translation tr;
    hwaddr paddr;

    case_setup(&t, &c);
    /* Not canonical: #GP, not #PF. */
    g_assert_false(walk(m, UINT64_C(1) << 47, X86_READ, X86_MODE_KERNEL, &tr));
    g_assert_cmpuint(tr.vector, ==, EXC_GP);
    rcu_read_lock();
    g_assert_true(x86_mmu_peek(m->cpu, t.linear, &paddr));
    rcu_read_unlock();
    g_assert_cmphex(paddr, ==, TARGET | (t.linear & 0xfff));
    g_assert_cmphex(machine_get(m, t.leaf, 8) & A, ==, 0);
    /* A table outside RAM reads as ones. */
    m->cpu->cr3 = UINT64_C(0x8000000000);
    g_assert_false(walk(m, t.linear, X86_READ, X86_MODE_USER, &tr));
    g_assert_cmphex(tr.error, ==, 1 | 4 | 8);
    /* Paging off: the address itself, 32 bits, through A20. */
    m->cpu->cr0 = 0;
    m->cpu->efer = 0;
    x86_set_a20(m->cpu, false);
    g_assert_true(
        walk(m, UINT64_C(0x100101234), X86_WRITE, X86_MODE_PHYS, &tr));
    g_assert_cmphex(tr.paddr, ==, 0x1234);
    g_assert_true(tr.writable && tr.executable);
    machine_free(m);
}

static void test_global(void)
{
    Machine *m = machine_new("max");
    Tables t = build(m, &formats[4]);
    Case c = { true, true, true, false, true, true };
    X86Translation tr;

    case_setup(&t, &c);
    machine_put(m, t.leaf, machine_get(m, t.leaf, 8) | G, 8);
    g_assert_true(walk(m, t.linear, X86_READ, X86_MODE_KERNEL, &tr));
    g_assert_false(tr.global);
    m->cpu->cr4 |= CR4_PGE;
    g_assert_true(walk(m, t.linear, X86_READ, X86_MODE_KERNEL, &tr));
    g_assert_true(tr.global);
    machine_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autofree char *path =
            g_strdup_printf("/mmu/rights/%s", formats[i].name);

        g_test_add_data_func(path, &formats[i], test_rights);
    }
    g_test_add_func("/mmu/accessed", test_accessed);
    g_test_add_func("/mmu/reserved", test_reserved);
    g_test_add_func("/mmu/page-size-bit", test_page_size_bit);
    g_test_add_func("/mmu/keys", test_keys);
    g_test_add_func("/mmu/edges", test_edges);
    g_test_add_func("/mmu/global", test_global);
    return machine_test_run();
}
