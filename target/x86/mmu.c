/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page walk: none, 32-bit (with PSE and PSE-36), PAE, 4 and 5 levels. What
 * the formats differ in is one row of a table each; the walk is one loop.
 *
 * An entry is read from RAM by its host address; tables in devices or nowhere
 * read as ones, which are reserved bits. Accessed and dirty bits are set by
 * compare-and-swap; when another processor was faster, the walk starts again.
 *
 * An SVM guest with nested paging has a second walk, by its host's registers,
 * for the address of each of its tables and for the page itself.
 *
 * Light.
 *
 * SDM 3A chapter 4 (Oct 2019): 4.3 to 4.8, 4.10. APM 2 15.25 (nested paging).
 */
#include "target/x86/system/system.h"

enum {
    PTE_P = 1u << 0,
    PTE_W = 1u << 1,
    PTE_U = 1u << 2,
    PTE_A = 1u << 5,
    PTE_D = 1u << 6,
    PTE_PS = 1u << 7,
    PTE_G = 1u << 8,
};
#define PTE_NX (UINT64_C(1) << 63)
#define PTE_ADDR UINT64_C(0x000ffffffffff000)
#define MMU_PDPTE_RESERVED 0x1e6u

enum {
    PF_P = 1u << 0,
    PF_W = 1u << 1,
    PF_U = 1u << 2,
    PF_RSVD = 1u << 3,
    PF_I = 1u << 4,
    PF_PK = 1u << 5,
};

/* One paging mode. Levels count down to 1, the page table; level n translates
 * `bits` address bits from 12 + (n - 1) * bits. */
typedef struct MmuFormat {
    uint8_t levels;
    uint8_t bits;
    uint8_t entry_bytes;
    uint8_t pages; /* bit n: an entry of level n may map a page */
} MmuFormat;

static const MmuFormat mmu_legacy = { 2, 10, 4, 1 << 1 };
static const MmuFormat mmu_legacy_pse = { 2, 10, 4, 1 << 1 | 1 << 2 };
static const MmuFormat mmu_pae = { 3, 9, 8, 1 << 1 | 1 << 2 };
static const MmuFormat mmu_long4 = { 4, 9, 8, 1 << 1 | 1 << 2 };
static const MmuFormat mmu_long5 = { 5, 9, 8, 1 << 1 | 1 << 2 };

/* An entry on its way: where it stands in RAM (NULL: elsewhere) and its value.
 */
typedef struct MmuEntry {
    void *host;
    const FlatRange *range;
    uint64_t val;
} MmuEntry;

typedef struct MmuWalk {
    X86Cpu *cpu;
    uint64_t cr0, cr3, cr4, efer;
    bool nested;    /* by the host's registers, of a guest's physical address */
    bool by_nested; /* its tables' and its page's addresses are walked, too */
    const FlatView *view;
    const MmuFormat *format;
    uint8_t pages; /* format's, with 1 GiB pages if offered */
    X86Access access;
    unsigned mode;
    bool probe;
    uint64_t reserved;
    bool supervisor_write, user; /* rights so far */
    bool nx;
    unsigned passed_count;
    MmuEntry passed[4]; /* tables on the way */
} MmuWalk;

typedef enum MmuStep { MMU_DOWN, MMU_DONE, MMU_FAULT, MMU_AGAIN } MmuStep;

/* Where a guest's physical address is. False: *t has the fault; where is
 * SVM_NPF_FINAL or SVM_NPF_IN_TABLE. */
static bool mmu_nested(const MmuWalk *w, hwaddr addr, X86Access access,
                       uint64_t where, X86Translation *n, X86Translation *t);

/* ---- physical memory ----------------------------------------------------- */

static const FlatRange *mmu_search(const FlatView *view, hwaddr addr)
{
    unsigned lo = 0, hi = view->count;

    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;

        if (view->ranges[mid].start <= addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo ? &view->ranges[lo - 1] : NULL;
}

static const FlatRange *mmu_find(X86Cpu *cpu, const FlatView *view, hwaddr addr)
{
    const FlatRange *r;

    if (cpu->mmu_hint < view->count) {
        r = &view->ranges[cpu->mmu_hint];
        if (addr - r->start < r->size) {
            return r;
        }
    }
    r = mmu_search(view, addr);
    if (!r || addr - r->start >= r->size) {
        return NULL;
    }
    cpu->mmu_hint = r - view->ranges;
    return r;
}

static MmuEntry mmu_read(MmuWalk *w, hwaddr addr)
{
    const FlatRange *r = mmu_find(w->cpu, w->view, addr);
    MmuEntry e = { .range = r, .val = UINT64_MAX };

    /* Entries are aligned and ranges of RAM are pages, but a guest may place
     * regions as it likes. */
    if (!r || !r->host ||
        r->size - (addr - r->start) < w->format->entry_bytes) {
        return e;
    }
    e.host = r->host + (addr - r->start);
    if (w->format->entry_bytes == 8) {
        e.val = __atomic_load_n((uint64_t *)e.host, __ATOMIC_RELAXED);
    } else {
        e.val = __atomic_load_n((uint32_t *)e.host, __ATOMIC_RELAXED);
    }
    return e;
}

static void mmu_mark_dirty(const MmuEntry *e)
{
    uint64_t off = e->range->ram_off + ((uint8_t *)e->host - e->range->host);
    uint64_t page = off / PAGE_SIZE;
    uint64_t bit = UINT64_C(1) << (page % 64);
    RamBlock *ram = e->range->ram;

    for (DirtyClient c = DIRTY_DISPLAY; c <= DIRTY_MIGRATION; c++) {
        uint64_t *word = &ram->dirty[c][page / 64];

        if (!(__atomic_load_n(word, __ATOMIC_RELAXED) & bit)) {
            __atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
        }
    }
}

/* Set bits in the entry; false if it changed meanwhile. */
static bool mmu_set(MmuWalk *w, MmuEntry *e, uint64_t bits)
{
    bool ok;

    if (w->probe || (e->val & bits) == bits || !e->host ||
        !e->range->writable) {
        return true;
    }
    if (w->format->entry_bytes == 8) {
        uint64_t old = e->val;

        ok = __atomic_compare_exchange_n((uint64_t *)e->host, &old, old | bits,
                                         false, __ATOMIC_SEQ_CST,
                                         __ATOMIC_RELAXED);
    } else {
        uint32_t old = e->val;

        ok = __atomic_compare_exchange_n((uint32_t *)e->host, &old, old | bits,
                                         false, __ATOMIC_SEQ_CST,
                                         __ATOMIC_RELAXED);
    }
    if (ok) {
        e->val |= bits;
        mmu_mark_dirty(e);
    }
    return ok;
}

/* ---- entries ------------------------------------------------------------- */

static unsigned mmu_shift(const MmuWalk *w, unsigned level)
{
    return 12 + (level - 1) * w->format->bits;
}

/* SDM 3A 4.4.2, 4.5: bits that must be zero in every present entry of 8
 * bytes. */
static uint64_t mmu_reserved_always(const MmuWalk *w)
{
    uint64_t mask = ~w->cpu->model->phys_mask & PTE_ADDR;

    if (!(w->efer & EFER_LMA)) {
        mask |= UINT64_C(0x7ff0000000000000);
    }
    return w->efer & EFER_NXE ? mask : mask | PTE_NX;
}

/* In this entry, which maps a page of more than 4 KiB (leaf) or has PS set
 * where there are no such pages. */
static uint64_t mmu_reserved_large(const MmuWalk *w, unsigned level, bool leaf)
{
    if (w->format->entry_bytes == 4) {
        /* PSE-36: bits 20..13 are address bits 39..32; bit 21 reserved. */
        uint64_t phys = w->cpu->model->phys_mask;

        return leaf ? 1u << 21 | (~phys >> 32 & 0xff) << 13 : 0;
    }
    return leaf ? ((UINT64_C(1) << mmu_shift(w, level)) - 1) & ~UINT64_C(0x1fff)
                : PTE_PS;
}

/* AMD's processors reserve a bit that Intel's ignore. APM 2 5.3.3. */
static bool mmu_is_amd(const MmuWalk *w)
{
    return w->nested || !x86_model_intel(w->cpu->model);
}

static bool mmu_reserved(const MmuWalk *w, unsigned level, uint64_t val,
                         bool leaf)
{
    if (level == 3 && w->format == &mmu_pae) {
        bool loaded = !w->nested && !w->by_nested; /* and checked then */

        return !loaded && (val & (w->reserved | MMU_PDPTE_RESERVED));
    }
    if ((level == 3 || level == 4) && !leaf && mmu_is_amd(w) && (val & PTE_G)) {
        return true;
    }
    return (val & w->reserved) || (level > 1 && (val & PTE_PS) &&
                                   (val & mmu_reserved_large(w, level, leaf)));
}

static bool mmu_fault(const MmuWalk *w, X86Translation *t, uint32_t why)
{
    bool fetch_bit =
        ((w->cr4 & CR4_PAE) && (w->efer & EFER_NXE)) || (w->cr4 & CR4_SMEP);

    t->vector = EXC_PF;
    t->error = why | (w->access == X86_WRITE ? PF_W : 0) |
               (w->mode == X86_MODE_USER ? PF_U : 0) |
               (w->access == X86_EXEC && fetch_bit ? PF_I : 0);
    return false;
}

/* SDM 3A 4.6.1: the rights of the translation in this mode. */
static void mmu_rights(const MmuWalk *w, X86Translation *t)
{
    t->executable = !w->nx;
    if (w->mode == X86_MODE_USER) {
        t->readable = w->user;
        t->writable = w->user && w->supervisor_write;
        t->executable &= w->user;
        return;
    }
    bool closed = w->user && w->mode == X86_MODE_KERNEL && (w->cr4 & CR4_SMAP);
    t->readable = !closed;
    t->writable = !closed && (w->supervisor_write || !(w->cr0 & CR0_WP));
    t->executable &= !(w->user && (w->cr4 & CR4_SMEP));
}

/* SDM 3A 4.6.2: the rights that PKRU or IA32_PKRS leave a page's key, for data.
 * The fault's bit if they forbid this access. */
static uint32_t mmu_protection_key(const MmuWalk *w, uint64_t val,
                                   X86Translation *t)
{
    X86Cpu *cpu = w->cpu;
    bool user_mode = w->mode == X86_MODE_USER;
    unsigned key = val >> 59 & 15;

    if (w->nested || !(w->efer & EFER_LMA) ||
        !(w->cr4 & (w->user     ? CR4_PKE
                    : user_mode ? 0
                                : CR4_PKS))) {
        return 0;
    }
    uint32_t rights = (w->user ? cpu->pkru : cpu->pkrs) >> (2 * key);
    bool no_access = rights & 1;
    bool no_write =
        no_access || ((rights & 2) && (user_mode || (w->cr0 & CR0_WP)));

    if (!w->probe) {
        cpu->pkeys |= 1u << key;
    }
    t->readable &= !no_access;
    t->writable &= !no_write;
    return (w->access == X86_READ && no_access) ||
                   (w->access == X86_WRITE && no_write)
               ? PF_PK
               : 0;
}

static bool mmu_allowed(X86Access access, const X86Translation *t)
{
    switch (access) {
    case X86_READ:
        return t->readable;
    case X86_WRITE:
        return t->writable;
    default:
        return t->executable;
    }
}

static uint64_t mmu_page_base(const MmuWalk *w, unsigned level, uint64_t val)
{
    if (w->format->entry_bytes == 4) {
        return level == 1 ? val & 0xfffff000
                          : (val & 0xffc00000) | (val >> 13 & 0xff) << 32;
    }
    return val & PTE_ADDR & ~((UINT64_C(1) << mmu_shift(w, level)) - 1);
}

/* The last part of a guest's translation: where its physical address is. */
static bool mmu_nested_page(const MmuWalk *w, hwaddr addr, X86Translation *t)
{
    X86Translation n;

    if (!mmu_nested(w, addr, w->access, SVM_NPF_FINAL, &n, t)) {
        return false;
    }
    t->paddr = n.paddr;
    t->readable &= n.readable;
    t->writable &= n.writable;
    t->executable &= n.executable;
    return true;
}

static MmuStep mmu_leaf(MmuWalk *w, MmuEntry *e, unsigned level, vaddr addr,
                        X86Translation *t)
{
    mmu_rights(w, t);
    uint32_t by_key = mmu_protection_key(w, e->val, t);
    if (!mmu_allowed(w->access, t)) {
        mmu_fault(w, t, PF_P | by_key);
        return MMU_FAULT;
    }
    t->page_size = UINT64_C(1) << mmu_shift(w, level);
    t->writable &= (e->val & PTE_D) || w->access == X86_WRITE;
    t->paddr = mmu_page_base(w, level, e->val) | (addr & (t->page_size - 1));
    if (w->by_nested && !mmu_nested_page(w, t->paddr, t)) {
        return MMU_FAULT;
    }
    t->paddr &= w->cpu->a20_mask;
    bool accessed = e->val & PTE_A;
    for (unsigned i = 0; i < w->passed_count; i++) {
        accessed &= (w->passed[i].val & PTE_A) != 0;
        if (!mmu_set(w, &w->passed[i], PTE_A)) {
            return MMU_AGAIN;
        }
    }
    if (!mmu_set(w, e, w->access == X86_WRITE ? PTE_A | PTE_D : PTE_A)) {
        return MMU_AGAIN;
    }
    t->accessed = accessed;
    t->global = (e->val & PTE_G) && (w->cr4 & CR4_PGE);
    return MMU_DONE;
}

static MmuStep mmu_step(MmuWalk *w, MmuEntry *e, unsigned level, vaddr addr,
                        X86Translation *t)
{
    bool leaf = level == 1 || ((e->val & PTE_PS) && (w->pages >> level & 1));
    /* PAE's PDPTEs carry no rights. */
    bool rights = level < 3 || (w->efer & EFER_LMA);

    if (!(e->val & PTE_P)) {
        mmu_fault(w, t, 0);
        return MMU_FAULT;
    }
    if (mmu_reserved(w, level, e->val, leaf)) {
        mmu_fault(w, t, PF_P | PF_RSVD);
        return MMU_FAULT;
    }
    if (rights) {
        w->supervisor_write &= (e->val & PTE_W) != 0;
        w->user &= (e->val & PTE_U) != 0;
        w->nx |= w->format->entry_bytes == 8 && (e->val & PTE_NX);
    }
    if (leaf) {
        return mmu_leaf(w, e, level, addr, t);
    }
    if (rights) {
        w->passed[w->passed_count++] = *e;
    }
    return MMU_DOWN;
}

/* ---- the walk ------------------------------------------------------------ */

static const MmuFormat *mmu_format(const MmuWalk *w)
{
    if (w->efer & EFER_LMA) {
        return w->cr4 & CR4_LA57 ? &mmu_long5 : &mmu_long4;
    }
    if (w->cr4 & CR4_PAE) {
        return &mmu_pae;
    }
    return w->cr4 & CR4_PSE ? &mmu_legacy_pse : &mmu_legacy;
}

/* What follows from the registers. */
static void mmu_prepare(MmuWalk *w)
{
    w->view = space_view(w->cpu->memory);
    w->format = mmu_format(w);
    w->pages = w->format->pages;
    w->reserved = w->format->entry_bytes == 8 ? mmu_reserved_always(w) : 0;
    if ((w->efer & EFER_LMA) && w->cpu->model->pages_1g) {
        w->pages |= 1 << 3;
    }
}

/* An entry of a table on the way; false: it cannot be reached. Tables of a
 * guest are for the nested walk data that a user writes. APM 2 15.25.5. */
static bool mmu_fetch(MmuWalk *w, hwaddr addr, MmuEntry *e, X86Translation *t)
{
    if (w->by_nested) {
        X86Translation n;

        if (!mmu_nested(w, addr, X86_WRITE, SVM_NPF_IN_TABLE, &n, t)) {
            return false;
        }
        addr = n.paddr;
    }
    *e = mmu_read(w, addr & w->cpu->a20_mask);
    return true;
}

/* The first level of PAE paging: four registers, but in memory where there are
 * none of the walk's own. APM 2 15.25.10. */
static bool mmu_fetch_pdpte(MmuWalk *w, vaddr addr, MmuEntry *e,
                            X86Translation *t)
{
    unsigned index = addr >> 30 & 3;

    if (w->nested || w->by_nested) {
        return mmu_fetch(w, (w->cr3 & 0xffffffe0) + index * 8, e, t);
    }
    e->val = w->cpu->pdpte[index];
    return true;
}

static MmuStep mmu_walk_once(MmuWalk *w, vaddr addr, X86Translation *t)
{
    const MmuFormat *f = w->format;
    unsigned level = f->levels;
    MmuEntry e = { .host = NULL };
    MmuStep step;
    hwaddr table;

    w->supervisor_write = w->user = true;
    w->nx = false;
    w->passed_count = 0;
    if (f == &mmu_pae) {
        if (!mmu_fetch_pdpte(w, addr, &e, t)) {
            return MMU_FAULT;
        }
        step = mmu_step(w, &e, level--, addr, t);
        if (step != MMU_DOWN) {
            return step;
        }
        table = e.val & PTE_ADDR;
    } else {
        table = w->cr3 & (f->entry_bytes == 8 ? PTE_ADDR : 0xfffff000);
    }
    for (;; level--) {
        uint64_t index = addr >> mmu_shift(w, level) & ((1u << f->bits) - 1);

        if (!mmu_fetch(w, table + index * f->entry_bytes, &e, t)) {
            return MMU_FAULT;
        }
        step = mmu_step(w, &e, level, addr, t);
        if (step != MMU_DOWN) {
            return step;
        }
        table = e.val & (f->entry_bytes == 8 ? PTE_ADDR : 0xfffff000);
    }
}

static bool mmu_walk(MmuWalk *w, vaddr addr, X86Translation *t)
{
    MmuStep step;

    do {
        step = mmu_walk_once(w, addr, t);
    } while (step == MMU_AGAIN);
    return step == MMU_DONE;
}

/* APM 2 15.25.6: what fails is told to the host, never to the guest. */
static bool mmu_nested(const MmuWalk *w, hwaddr addr, X86Access access,
                       uint64_t where, X86Translation *n, X86Translation *t)
{
    const X86Svm *svm = &w->cpu->svm;
    MmuWalk walk = { .cpu = w->cpu,
                     .cr0 = svm->host.cr0,
                     .cr3 = svm->nested_cr3,
                     .cr4 = svm->host.cr4,
                     .efer = svm->host.efer,
                     .nested = true,
                     .access = access,
                     .mode = X86_MODE_USER,
                     .probe = w->probe };

    mmu_prepare(&walk);
    *n = (X86Translation){ .page_size = 0 };
    bool reaches = (walk.efer & EFER_LMA) || !(addr >> 32);

    if (!reaches) {
        mmu_fault(&walk, n, 0);
    }
    if (!reaches || !mmu_walk(&walk, addr, n)) {
        t->vector = X86_NESTED_FAULT;
        t->nested_error = n->error | where;
        t->nested_addr = addr;
        return false;
    }
    return true;
}

static bool mmu_identity(const MmuWalk *w, vaddr addr, X86Translation *t)
{
    t->paddr = (uint32_t)addr & w->cpu->a20_mask;
    t->page_size = PAGE_SIZE;
    t->readable = t->writable = t->executable = true;
    return !w->by_nested || mmu_nested_page(w, t->paddr, t);
}

bool x86_mmu_translate(X86Cpu *cpu, vaddr addr, X86Access access, unsigned mode,
                       bool probe, X86Translation *t)
{
    MmuWalk w = { .cpu = cpu,
                  .cr0 = cpu->cr0,
                  .cr3 = cpu->cr3,
                  .cr4 = cpu->cr4,
                  .efer = cpu->efer,
                  .by_nested = x86_svm_nested(cpu),
                  .access = access,
                  .mode = mode,
                  .probe = probe };

    *t = (X86Translation){ .page_size = 0 };
    if (mode == X86_MODE_PHYS || !(cpu->cr0 & CR0_PG)) {
        return mmu_identity(&w, addr, t);
    }
    if (!x86_long_mode(cpu)) {
        addr = (uint32_t)addr;
    } else if (!x86_canonical(cpu, addr)) {
        t->vector = EXC_GP;
        return false;
    }
    mmu_prepare(&w);
    return mmu_walk(&w, addr, t);
}

bool x86_mmu_peek(X86Cpu *cpu, vaddr addr, hwaddr *paddr)
{
    X86Translation t;

    if (!x86_mmu_translate(cpu, addr, X86_READ, X86_MODE_KERNEL_USER, true,
                           &t)) {
        return false;
    }
    *paddr = t.paddr;
    return true;
}

/* SDM 3A 4.4.1: MOV to CR0, CR3 or CR4 and task switches load the PDPTEs under
 * PAE paging; a present one with reserved bits set is #GP(0). */
bool x86_load_pdptes(X86Cpu *cpu, uint64_t cr3, uint64_t pdpte[4])
{
    MmuWalk w = { .cpu = cpu,
                  .view = space_view(cpu->memory),
                  .format = &mmu_pae };
    uint64_t reserved = ~cpu->model->phys_mask | MMU_PDPTE_RESERVED;

    if (x86_svm_nested(cpu)) { /* read when they are used: mmu_fetch_pdpte() */
        return true;
    }
    for (unsigned i = 0; i < 4; i++) {
        pdpte[i] =
            mmu_read(&w, ((cr3 & 0xffffffe0) + i * 8) & cpu->a20_mask).val;
        if ((pdpte[i] & PTE_P) && (pdpte[i] & reserved)) {
            return false;
        }
    }
    return true;
}

const uint8_t *x86_physical_host(X86Cpu *cpu, hwaddr addr)
{
    const FlatRange *r = mmu_find(cpu, space_view(cpu->memory), addr);

    return r && r->host ? r->host + (addr - r->start) : NULL;
}

uint8_t x86_physical_byte(X86Cpu *cpu, hwaddr addr)
{
    const uint8_t *host = x86_physical_host(cpu, addr);

    return host ? __atomic_load_n(host, __ATOMIC_RELAXED) : 0xff;
}
