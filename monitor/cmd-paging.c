/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * info mem and info tlb: a walk over the guest's page tables (SDM 3A 4.3 to
 * 4.5). The tables are the guest's, so they may point in circles: the walk
 * reads a bounded number of them.
 */
#include <inttypes.h>

#include "monitor/command.h"
#include "target/x86/cpu.h"

enum {
    PTE_P = 1 << 0,
    PTE_W = 1 << 1,
    PTE_U = 1 << 2,
    PTE_PWT = 1 << 3,
    PTE_PCD = 1 << 4,
    PTE_A = 1 << 5,
    PTE_D = 1 << 6,
    PTE_PS = 1 << 7,
    PTE_G = 1 << 8,

    WALK_TABLES_MAX = 1 << 16,
    WALK_OUTPUT_MAX = 8 << 20, /* bytes */
};
#define PTE_NX (UINT64_C(1) << 63)
#define PTE_ADDRESS UINT64_C(0x000ffffffffff000)

typedef struct Walk Walk;
struct Walk {
    X86Cpu *cpu;
    GString *out;
    unsigned entry_size;
    unsigned tables; /* read so far */
    bool cut;        /* a bound was reached */
    /* A mapped page; rights: U and W of all levels. */
    void (*page)(Walk *w, uint64_t linear, uint64_t pte, uint64_t size,
                 uint64_t rights);
    /* info mem: the range being collected. */
    uint64_t start, end, rights;
};

static uint64_t walk_canonical(const Walk *w, uint64_t linear)
{
    unsigned bits;

    if (!x86_long_mode(w->cpu)) {
        return linear & UINT32_MAX;
    }
    bits = w->cpu->cr4 & CR4_LA57 ? 57 : 48;
    return (uint64_t)((int64_t)(linear << (64 - bits)) >> (64 - bits));
}

/* Does an entry of this level (0: page table) map memory by itself? */
static bool walk_is_leaf(const Walk *w, unsigned level, uint64_t pte)
{
    if (!level) {
        return true;
    }
    if (!(pte & PTE_PS)) {
        return false;
    }
    if (w->entry_size == 4) {
        return level == 1 && (w->cpu->cr4 & CR4_PSE);
    }
    return level == 1 || (level == 2 && x86_long_mode(w->cpu));
}

static bool walk_full(Walk *w)
{
    w->cut =
        w->cut || w->out->len > WALK_OUTPUT_MAX || w->tables > WALK_TABLES_MAX;
    return w->cut;
}

static void walk_table(Walk *w, unsigned level, hwaddr table, unsigned entries,
                       uint64_t linear, uint64_t rights)
{
    unsigned shift = 12 + level * (w->entry_size == 4 ? 10 : 9);

    w->tables++;
    for (unsigned i = 0; i < entries && !walk_full(w); i++) {
        uint64_t at = linear + ((uint64_t)i << shift);
        uint64_t pte = 0;
        uint64_t r;

        if (space_read(w->cpu->memory, table + i * w->entry_size, &pte,
                       w->entry_size) != MEM_OK ||
            !(pte & PTE_P)) {
            continue;
        }
        /* PAE's first level has no rights. */
        r = entries == 4 ? rights : rights & pte;
        if (walk_is_leaf(w, level, pte)) {
            w->page(w, walk_canonical(w, at), pte, UINT64_C(1) << shift, r);
        } else {
            walk_table(w, level - 1, pte & PTE_ADDRESS,
                       w->entry_size == 4 ? 1024 : 512, at, r);
        }
    }
}

static void walk_all(Walk *w)
{
    const X86Cpu *cpu = w->cpu;
    uint64_t all = PTE_U | PTE_W;

    if (!(cpu->cr4 & CR4_PAE)) {
        w->entry_size = 4;
        walk_table(w, 1, cpu->cr3 & 0xfffff000, 1024, 0, all);
    } else if (!x86_long_mode(cpu)) {
        w->entry_size = 8;
        walk_table(w, 2, cpu->cr3 & 0xffffffe0, 4, 0, all);
    } else {
        w->entry_size = 8;
        walk_table(w, cpu->cr4 & CR4_LA57 ? 4 : 3, cpu->cr3 & PTE_ADDRESS, 512,
                   0, all);
    }
}

/* ---- info tlb ---------------------------------------------------------- */

static void walk_print_page(Walk *w, uint64_t linear, uint64_t pte,
                            uint64_t size, uint64_t rights)
{
    static const struct {
        uint64_t bit;
        char letter;
    } bits[] = { { PTE_NX, 'X' },  { PTE_G, 'G' }, { PTE_PS, 'P' },
                 { PTE_D, 'D' },   { PTE_A, 'A' }, { PTE_PCD, 'C' },
                 { PTE_PWT, 'T' }, { PTE_U, 'U' }, { PTE_W, 'W' } };

    g_string_append_printf(w->out, "%016" PRIx64 ": %016" PRIx64 " ", linear,
                           pte & PTE_ADDRESS & -size);
    for (unsigned i = 0; i < G_N_ELEMENTS(bits); i++) {
        /* In a page table bit 7 is PAT. */
        bool set = pte & bits[i].bit;

        if (bits[i].bit == PTE_PS && size == PAGE_SIZE) {
            set = false;
        }
        g_string_append_c(w->out, set ? bits[i].letter : '-');
    }
    g_string_append_c(w->out, '\n');
}

/* ---- info mem ---------------------------------------------------------- */

static void walk_print_range(Walk *w)
{
    int width = x86_long_mode(w->cpu) ? 16 : 8;

    if (w->start == w->end) {
        return;
    }
    g_string_append_printf(
        w->out, "%0*" PRIx64 "-%0*" PRIx64 " %0*" PRIx64 " %cr%c\n", width,
        w->start, width, w->end, width, w->end - w->start,
        w->rights & PTE_U ? 'u' : '-', w->rights & PTE_W ? 'w' : '-');
}

static void walk_collect_page(Walk *w, uint64_t linear, uint64_t pte,
                              uint64_t size, uint64_t rights)
{
    rights &= PTE_U | PTE_W;
    if (w->start != w->end && linear == w->end && rights == w->rights) {
        w->end += size;
        return;
    }
    walk_print_range(w);
    w->start = linear;
    w->end = linear + size;
    w->rights = rights;
}

/* ---- Commands ---------------------------------------------------------- */

static void walk_run(X86Cpu *cpu, void *opaque)
{
    Walk *w = opaque;

    w->cpu = cpu;
    if (!(cpu->cr0 & CR0_PG)) {
        g_string_append(w->out, "PG disabled\n");
        return;
    }
    walk_all(w);
    if (w->page == walk_collect_page) {
        walk_print_range(w);
    }
    if (w->cut) {
        g_string_append(w->out, "... (too many to show)\n");
    }
}

bool cmd_info_mem(CommandCall *call, GError **errp)
{
    Walk w = { .out = call->out, .page = walk_collect_page };

    return command_on_cpu(call, walk_run, &w, errp);
}

bool cmd_info_tlb(CommandCall *call, GError **errp)
{
    Walk w = { .out = call->out, .page = walk_print_page };

    return command_on_cpu(call, walk_run, &w, errp);
}
