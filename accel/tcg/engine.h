/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator as an accelerator: what its files share.
 *
 * 1. A block belongs to physical memory: it is found by the host address of
 *    its first byte (one per byte of RAM and ROM, however it is mapped), RIP,
 *    CS base and key. Blocks are shared by all virtual CPUs. Users' 64-bit code
 *    is relative: of RIP only the place in the page counts, so all processes
 *    share it; env->pc_base is the page when such a block is entered.
 * 2. engine->lock guards the hash, the page lists and links. It
 *    is a spin lock, because light code takes it; it is held for moments, and
 *    nothing that may raise runs under it.
 * 3. engine->translating is held while IR is made and compiled (IrBlock and the
 *    back end's buffers are the engine's). Order: translating, then lock. Who
 *    has to wait for it stands still meanwhile (8).
 * 4. A vCPU is inside rcu_read_lock() while it runs translated code or walks
 *    page tables. A dropped block is unlinked and unfindable at once, but may
 *    still be running: it is freed with its region of the code buffer, while
 *    all vCPUs but the one that translates are held (8).
 * 5. TLB, slots, jump cache and code TLB are the vCPU's own. Other threads ask
 *    by X86_PENDING_FLUSH.
 *    Spaces (by PCID) have tables of their own for what users see; the kernel's
 *    table is shared, and what is not global in it goes when CR3 changes.
 *    What was found out about code belongs to a numbered code mapping (code.c).
 * 6. A page with blocks has its DIRTY_CODE bit set and no write entry in any
 *    TLB, so stores to it come here. A vCPU notes the page in `opened` before
 *    it looks at the bit, and enters it after; who sets the bit then holds
 *    those that noted the page. So one of the two sees the other.
 * 7. Direct links inside one page need no care: both ends are in the same page
 *    of the same address space. Links across pages hold for the present
 *    mapping only, so they are listed and cut with the TLB. Relative blocks
 *    leave their page through the jump cache, or by far links, which hold for
 *    one key of that. Those that reach into the next page are linked to by no
 *    other links. With more than one vCPU (which may disagree about the
 *    mapping) neither kind is made: their code leaves a page by indirect exits.
 * 8. Where a vCPU must not run, it is held (hold.c): it then stands at the top
 *    of its run loop, outside of translated code and of its TLB. Holding needs
 *    `translating`, so there is one holder, and none waits for another.
 */
#ifndef ACCEL_TCG_ENGINE_H
#define ACCEL_TCG_ENGINE_H

#include "accel/accel.h"
#include "accel/tcg/filter.h"
#include "accel/tcg/pool.h"
#include "accel/tcg/regions.h"
#include "accel/tcg/table.h"
#include "util/log.h"

#include <pthread.h>
#include <stdio.h>
#include <urcu.h>

typedef struct TcgPage TcgPage;

#define PAGE_HASH_BITS 14
#define BLOCK_INSNS_MAX 64
#define BLOCK_JUMPS 4
#define CODE_TLB_SIZE 512
#define KEY_IDS 256
#define KEY_WAYS 4
#define KEY_RECENT 4
#define TCG_SPACES 8
#define TLB_FILTER_BITS 4096
#define TLB_PIECES 64
#define OPENED_BITS (1u << 16)
#define ADAPT_WINDOW 8

/* ---- Blocks ---------------------------------------------------------------
 */

typedef struct TcgBlockKey {
    const uint8_t *host; /* NULL: outside RAM and ROM, run once */
    uint64_t pc;         /* in its page, if the block is relative */
    uint32_t cs_base;
    uint32_t bits; /* X86Key, perhaps BLOCK_PLAIN */
} TcgBlockKey;

/* IrBlock.plain: what others fall back on. X86Key leaves this bit free. */
#define BLOCK_PLAIN (UINT32_C(1) << 31)

/* There may be a hundred thousand: four cache lines, and what a look-up reads
 * is in the last one. */
struct TcgBlock {
    TcgCode code;             /* first: the back end's part */
    TcgBlock *region_next;    /* whose code is in the same region */
    uint32_t cross[IR_EXITS]; /* 1 + place in a list, 0: in none; per exit */
    TcgBlockKey key;
    TcgPage *page[2];
    uint16_t jump[BLOCK_JUMPS]; /* places in jump caches that it was put in */
    uint16_t size;              /* guest bytes */
    uint8_t insns;
    uint8_t jumps;      /* how many places; more: any may have it */
    uint8_t cross_list; /* two bits per exit: which */
    bool valid;         /* findable; guarded by lock */
    bool once : 1;      /* never findable, never linked */
    /* Shorter than others because of a count: dropped when it ran. */
    bool brief : 1;
    uint8_t trial;   /* 1 + place in TcgEngine.trial; 0: it is not on trial */
    uint32_t number; /* in the pool */
    uint32_t sites;  /* IrChecks.table */
} __attribute__((aligned(64)));
G_STATIC_ASSERT(BLOCK_INSNS_MAX <= UINT8_MAX);

/* The bytes of a page that one block was made from, but for some operands that
 * it loads when it runs: a bit for each of TcgPage.operand. */
typedef struct TcgPart {
    TcgBlock *block;
    uint16_t start, end;
    uint16_t loads;
} TcgPart;
G_STATIC_ASSERT(X86_CODE_FIELDS == 16);

/* Where stores dropped blocks, and how often. */
typedef struct TcgStored {
    X86CodeField at;
    unsigned drops;
} TcgStored;

/* An operand that some block loads; as long as no other was made from a byte of
 * it, a store there changes nothing. */
typedef struct TcgOperand {
    X86CodeField at;
    unsigned others;
} TcgOperand;

/* A page of RAM or ROM that holds translated code. */
struct TcgPage {
    const uint8_t *host;
    RamBlock *ram;
    uint64_t off;     /* in ram */
    uint64_t covered; /* a bit per 64 bytes that blocks were made from; may
                         have bits too many */
    TcgPart *part;    /* [room], of `count` blocks */
    unsigned count, room;
    unsigned stores; /* that changed a block, counted */
    unsigned idle;   /* those since there is no block */
    unsigned failed; /* groups of accesses that C saw fail, of late */
    uint64_t plain;  /* a bit per 64 bytes: blocks begin there without groups */
    TcgStored stored[X86_CODE_FIELDS]; /* the most frequent ones */
    bool stored_often;                 /* one of them was */
    TcgOperand operand[X86_CODE_FIELDS];
    unsigned operands; /* how many have been in use */
    TcgPage *hash_next;
};

/* A direct link to another page: good while the mapping is. */
typedef struct TcgCross {
    TcgBlock *from;
    uint8_t exit;
} TcgCross;

/* Those into pages of the present address space, into global ones, and those
 * of relative blocks, which are good as long as keys of jumps are. */
typedef struct TcgCrossList {
    TcgCross *links;
    uint32_t count, room;
} TcgCrossList;
enum { CROSS_LOCAL, CROSS_GLOBAL, CROSS_FAR, CROSS_LISTS };

/* How the block at a place is to be made next (adapt.c). */
typedef struct TcgAdvice {
    TcgBlockKey key;
    IrChecks checks;
} TcgAdvice;

typedef struct TcgStats {
    uint64_t translated, translated_insns, translated_bytes;
    uint64_t translated_code, translating_ns;
    uint64_t entries; /* into translated code, by the run loop */
    uint64_t lookups, misses, links;
    uint64_t invalidated, smc_exits, buffer_flushes, pages_opened;
    uint64_t evictions, evicted, translated_again;
    uint64_t tlb_fills, tlb_flushes, tlb_page_flushes, slow_loads, slow_stores;
    uint64_t code_stores;
    uint64_t plain; /* groups of accesses that found no way in env->jumps */
    uint64_t holds, alone;
    uint64_t space_switches, code_flushes, kernel_code_flushes;
    uint64_t trials, choices, sites_table, misses_seen;
    uint64_t patched; /* operands that translations load */
} TcgStats;

struct TcgEngine {
    Accel parent;

    /* Wiring: fixed once created. */
    TcgContext ctx;
    unsigned insns_max; /* per block */
    bool count_insns, exact_flags, verify, perfmap;
    FILE *perf_map; /* guarded by translating */
    uint64_t buffer_size;
    TcgJump *no_jumps; /* an empty table, for who is asked to leave */

    GMutex translating;
    IrBlock ir;

    uint32_t lock; /* see engine_lock() */
    TcgPool pool;
    TcgTable table;
    TcgPage **page_hash; /* [1 << PAGE_HASH_BITS] */
    TcgPage *page_spare; /* free ones, through hash_next */
    TcgRegions regions;  /* guarded by translating */
    TcgCrossList cross[CROSS_LISTS];
    TcgBlock *trial[TCG_TRIALS]; /* who has a place in env->trial, or NULL */
    unsigned trial_next;         /* guarded by translating */
    const uint8_t *source[2];    /* pages that are being translated */
    bool source_written;         /* since then */
    GPtrArray *rams;             /* whose code_written is ours */
    GPtrArray *vcpus;
    TcgVcpu *spare; /* of one that was detached: tables for the next, or NULL */
    TcgStats stats; /* of translating and dropping; the rest is per vCPU */

    GMutex hold_lock; /* guards `held`; a leaf */
    GCond hold_news;
};

/* ---- Virtual CPUs ---------------------------------------------------------
 */

/* 2 MiB of a large page that an entry was made from. page_size 0: none. */
typedef struct TcgPiece {
    uint64_t addr;
    X86Translation t;
} TcgPiece;

/* One table of translations, in one MMU mode. */
typedef struct TcgTlb {
    TcgTlbEntry entry[TCG_TLB_SIZE];
    bool ready; /* entries are initialised */
    bool local; /* one may not be global */
    /* Filled places, so that a flush costs what was filled. */
    unsigned filled;
    uint16_t log[TCG_TLB_SIZE];
    bool any_large;
    TcgFilter large; /* large pages that have pieces here */
    TcgPiece piece[TLB_PIECES];
    bool global_half[2]; /* one of the lower, upper half may be global */
    /* Host pages that may have write entries, as a filter. */
    uint64_t opened[TLB_FILTER_BITS / 64];
} TcgTlb;

/* Executable pages. tag: linear page | MMU mode. */
typedef struct TcgCodePage {
    uint64_t tag;
    uint64_t gen;        /* of the code mapping that it was found in */
    const uint8_t *host; /* NULL: free */
    RamBlock *ram;
    uint64_t off; /* in ram */
    bool global;
} TcgCodePage;

/* Linear pages that code was fetched from: INVLPG of any other page leaves code
 * alone. */
typedef struct TcgCodeFilter {
    TcgFilter page;
    bool large;   /* pages of more than 4 KiB are among them */
    bool half[2]; /* code in the lower, upper half of the space */
} TcgCodeFilter;

/* What is known of one address space, beside others. */
typedef struct TcgSpace {
    uint16_t pcid;
    bool used;
    uint64_t age;           /* when it was entered last */
    TcgTlb *tlb[TCG_MODES]; /* USER and KERNEL_USER have their own */
    uint64_t code_gen;      /* the user's code mapping; new with each change */
    TcgCodeFilter code_filter;
} TcgSpace;

/* What is known of the processor's own translations, or of those of its SVM
 * guest: each has all of it, so that going from one to the other forgets
 * nothing. */
typedef struct TcgWorld {
    TcgSpace space[TCG_SPACES];
    TcgSpace *now;
    TcgTlb *tlb[TCG_MODES];   /* in use: see env->tlb; KERNEL and PHYS are
                                 shared by all spaces */
    uint64_t kernel_code_gen; /* of all code but the user's */
    TcgCodeFilter kernel_filter;
    bool kernel_local; /* kernel code was found in a page not global */
    bool user_global;  /* and the user's in one that is */
    bool stale;        /* to be flushed before it is entered */
} TcgWorld;
enum { WORLD_HOST, WORLD_GUEST, WORLDS };

/* A key that has a number in the jump cache's keys. */
typedef struct TcgKeyId {
    uint64_t gen; /* of the code mapping */
    uint32_t bits, cs_base;
    uint64_t used; /* TcgVcpu.key_changes then */
    uint16_t id;   /* 0: none yet */
} TcgKeyId;

/* What the guest's transfers go to and fro between, under the present mappings:
 * together in a cache line or two. jump_key 0: none. */
typedef struct TcgKeyRecent {
    uint32_t bits, cs_base;
    uint64_t jump_key;
} TcgKeyRecent;

struct TcgVcpu {
    TcgEngine *engine;
    X86Cpu *cpu;
    TcgKeyRecent recent[KEY_RECENT];
    unsigned recent_next;
    pthread_t thread; /* that runs it */
    TcgJump *jumps;
    int64_t steal_due_us; /* when to ask the host again: steal.c */
    uint16_t key_next;
    uint64_t key_changes;
    TcgKeyId key_id[KEY_IDS];
    TcgWorld world[WORLDS];
    TcgWorld *w; /* the present one */
    /* Pages that their table has no more, but slots may: by mode. */
    TcgFilter evicted[TCG_MODES];
    unsigned evictions[TCG_MODES];
    uint64_t ages;
    TcgCodePage code_page[CODE_TLB_SIZE];
    uint64_t gens; /* numbers of code mappings given out */
    unsigned range_hint;
    uint32_t inside; /* 8: not standing still. Atomic, read by holders */
    uint32_t held;   /* must not get inside. Atomic, set by holders */
    uint64_t opened[OPENED_BITS / 64]; /* filter of host pages that may be open
                                          for stores: 6 */
    unsigned protects;                 /* calls of tlb_protect() */
    TcgStats stats;
    bool alone_next;      /* run one instruction while the others are held */
    bool alone;           /* that is so now */
    bool in_code;         /* inside the back end's run() */
    bool no_chain;        /* every block returns to the loop */
    bool deliver_outside; /* exceptions do, too: they are logged, or counted */
    bool one_insn;        /* the next block is one instruction, run once: it
                             overwrites the block that it is in */
    uint64_t once_pc;     /* of the one that is running; ~0: none */
    bool plain;           /* the next block's accesses share no checks */
    bool counted;         /* a count ran out at the block of counted_pc */
    uint64_t counted_pc;
    TcgAdvice advice;
    const uint8_t *met[ADAPT_WINDOW]; /* code that was looked at last: a ring */
    unsigned met_next;
};

/* steal.c: between blocks, on the vCPU's thread. */
void tcg_tell_steal(TcgVcpu *v);
/* host-*.c: in a loop that waits; yield: let another thread run. Light. */
void host_relax(bool yield);
/* x86_cmpxchg16() on host memory, if the host has that. Light. */
bool host_has_cmpxchg16(void);
bool host_cmpxchg16(uint8_t *host, uint64_t expected[2],
                    const uint64_t desired[2]);

static inline TcgVcpu *tcg_vcpu(const X86Cpu *cpu)
{
    return cpu->accel;
}

static inline TcgEngine *tcg_engine(const X86Cpu *cpu)
{
    return tcg_vcpu(cpu)->engine;
}

/* A host page's place in TcgVcpu.opened. */
static inline unsigned engine_opened_bit(const uint8_t *host)
{
    uint64_t page = (uintptr_t)host >> PAGE_BITS;
    return page * UINT64_C(0x9e3779b97f4a7c15) >> 48;
}

static inline bool engine_smp(const TcgEngine *e)
{
    return e->vcpus->len > 1;
}

/* Its holder may have lost its core: then give ours away. */
static inline void engine_lock(TcgEngine *e)
{
    unsigned spins = 0;
    while (__atomic_exchange_n(&e->lock, 1, __ATOMIC_ACQUIRE)) {
        while (__atomic_load_n(&e->lock, __ATOMIC_RELAXED)) {
            host_relax(++spins % 1024 == 0);
        }
    }
}

static inline void engine_unlock(TcgEngine *e)
{
    __atomic_store_n(&e->lock, 0, __ATOMIC_RELEASE);
}

/* Is the CPU's code translated into relative blocks? The key alone decides. */
static inline bool engine_relative(const X86Cpu *cpu)
{
    return cpu->key.code == X86_CODE64 && cpu->key.cpl == 3 &&
           !(tcg_engine(cpu)->ctx.switches & TCG_OFF_SHARE);
}

/* Where the CPU's code stands now: linear address of pc. */
static inline uint64_t engine_linear_pc(const X86Cpu *cpu, uint64_t pc)
{
    return cpu->key.code == X86_CODE64 ? pc
                                       : (uint32_t)(cpu->seg[X86_CS].base + pc);
}

/* The page after the one that holds a linear address; wraps outside of 64-bit
 * code. */
static inline uint64_t engine_next_page(const X86Cpu *cpu, uint64_t linear)
{
    uint64_t next = (linear | (PAGE_SIZE - 1)) + 1;
    return cpu->key.code == X86_CODE64 ? next : (uint32_t)next;
}

static inline uint32_t engine_cs_base(const X86Cpu *cpu)
{
    return cpu->key.code == X86_CODE64 ? 0 : cpu->seg[X86_CS].base;
}

static inline TcgBlock *pool_block(const TcgPool *p, uint32_t number)
{
    return &p->chunk[number / POOL_CHUNK][number % POOL_CHUNK];
}

static inline bool block_same_key(const TcgBlockKey *a, const TcgBlockKey *b)
{
    return a->host == b->host && a->pc == b->pc && a->bits == b->bits &&
           a->cs_base == b->cs_base;
}

/* Its upper bits are the best. */
static inline uint64_t block_hash(const TcgBlockKey *k)
{
    uint64_t h = (uintptr_t)k->host ^ k->pc << 7 ^
                 (uint64_t)k->bits * UINT64_C(0x9e3779b97f4a7c15);
    h *= UINT64_C(0xff51afd7ed558ccd);
    return h;
}

/* ---- tlb.c, tlb-spaces.c: light -------------------------------------------
 */

extern const X86MmuOps tlb_mmu_ops;
void tlb_flush_all(X86Cpu *cpu);
/* TcgContext.fill */
uint8_t *tlb_fill(void *env, uint64_t addr, unsigned size, unsigned mode,
                  bool write);
/* TcgContext.touch */
bool tlb_touch(void *env, uint64_t addr, unsigned mode);
/* The range that holds a physical address, or NULL. */
const FlatRange *tlb_find_range(X86Cpu *cpu, hwaddr paddr);
/* No write entry for this host page may stay. */
void tlb_protect(TcgVcpu *v, const uint8_t *host);
/* The whole page is in the range, at a page of the block. */
bool tlb_whole_page(const FlatRange *r, hwaddr page);

/* ---- code.c: light --------------------------------------------------------
 */

/* The page of code at a linear address; NULL: it faults or is not in RAM or
 * ROM. */
const TcgCodePage *code_page(X86Cpu *cpu, uint64_t linear);
/* The mapping of code changed: of a space, of the kernel, perhaps of the page
 * at addr. */
void code_flush_space(TcgVcpu *v, TcgSpace *s);
void code_flush_kernel(TcgVcpu *v);
void code_flush_page(TcgVcpu *v, uint64_t addr);
/* env->jump_key for another key, or after the three above, or for another
 * space. */
void code_key_changed(X86Cpu *cpu);
void code_mapping_changed(X86Cpu *cpu);
void code_flush_jumps(TcgVcpu *v);
/* Those that lead to `size` bytes of code at `start`. It does not run. */
void code_forget_jumps(TcgVcpu *v, const uint8_t *start, size_t size);

/* ---- lookup.c: light ------------------------------------------------------
 */

/* TcgContext.lookup and can_link */
TcgCode *lookup_next(void *env, TcgCode *from, unsigned exit);
bool lookup_can_link(const TcgCode *from, unsigned exit, const TcgCode *to);
/* TcgContext.lookup_plain */
TcgCode *lookup_plain(void *env, bool once);
/* TcgContext.deliver */
bool lookup_deliver(void *env);
/* Cut links that depend on a mapping. */
void lookup_cut_cross(TcgEngine *e, unsigned list);
void lookup_cut_exit_locked(TcgEngine *e, TcgBlock *from, unsigned exit);
/* The block for the present state, or NULL. */
TcgBlock *lookup_find(X86Cpu *cpu);
/* Also makes env->pc_base right. False: it cannot be fetched from RAM or ROM.
 */
bool lookup_key(X86Cpu *cpu, TcgBlockKey *key);

/* ---- hold.c ---------------------------------------------------------------
 */

/* The vCPU may run from here to hold_leave(); waits while it is held. Requests
 * to leave translated code are taken back before, not behind. */
void hold_enter(TcgVcpu *v);
void hold_leave(TcgVcpu *v);
/* Take `translating`, standing still while somebody else has it; true: had to
 * wait. */
bool hold_take_translating(TcgVcpu *v);
/* With `translating` held: keep all others out, or those that may have a host
 * page open for stores (NULL: all), until hold_release(). */
void hold_others(TcgVcpu *self, const uint8_t *host);
void hold_release(TcgVcpu *self);
bool hold_is_held(const TcgVcpu *v);

/* ---- access.c: light ------------------------------------------------------
 */

/* An access by linear address, in at most two pages. */
typedef struct TcgAccess {
    X86Cpu *cpu;
    uint64_t addr;
    hwaddr paddr[2];
    unsigned size[2];
    uint8_t *bytes; /* what is stored, where is loaded */
    bool write;
    bool restartable; /* the instruction may be given up and done again */
    bool restart;     /* answer: it must be, alone; nothing was stored */
} TcgAccess;

/* Translate; raises. */
void access_translate(TcgAccess *a, unsigned size, unsigned mode, bool write);
/* Give up the present instruction, to run it as a block of its own. */
G_NORETURN void access_again(TcgVcpu *v);
/* The same, if the access says so. */
void access_restart(const TcgAccess *a);
/* TcgContext.alone */
void access_alone(void *env);

/* ---- memory.c -------------------------------------------------------------
 */

void memory_perform(void *access); /* a translated TcgAccess */
/* TcgContext.alone. Light. */
void memory_alone(void *env);
/* TcgContext's. */
uint64_t memory_load(void *env, uint64_t addr, unsigned size, unsigned mode);
void memory_store(void *env, uint64_t addr, uint64_t val, unsigned size,
                  unsigned mode);
void memory_load_bytes(void *env, uint64_t addr, void *buf, unsigned size,
                       unsigned mode, bool rmw);
void memory_store_bytes(void *env, uint64_t addr, const void *buf,
                        unsigned size, unsigned mode);

/* ---- blocks.c -------------------------------------------------------------
 */

/* Translate at the CPU's present state; at most max_insns. once: not to be
 * found again (the result says so too: code that cannot be kept). NULL: it does
 * not fit into the buffer, ever. */
TcgBlock *block_translate(X86Cpu *cpu, unsigned max_insns, bool once);
TcgBlock *block_translate_locked(X86Cpu *cpu, unsigned max_insns, bool once);
void block_drop_brief(TcgEngine *e, TcgBlock *block);
/* RamBlock.code_written */
void block_code_written(void *engine, RamBlock *ram, uint64_t off,
                        uint64_t len);
void block_flush_all(TcgEngine *e);

/* ---- pages.c: light -------------------------------------------------------
 */

/* The page of code that holds a host address, or NULL. */
TcgPage *page_find(const TcgEngine *e, const uint8_t *host);
void page_insert(TcgEngine *e, TcgPage *p);
/* The block was made from bytes of its i-th page; there is room for it. Of the
 * first page it loads some fields when it runs: a store to them alone leaves it
 * as it is. */
void page_add_block(TcgPage *p, TcgBlock *b, unsigned i,
                    const X86CodeField *loaded, unsigned count);
/* Guest bytes of the block in its first page. */
unsigned block_first_bytes(const TcgBlock *b);
void block_drop_locked(TcgEngine *e, TcgBlock *b);
/* Stores there may be fast again, if it has no block. It may be NULL. */
void page_close_unused_locked(TcgEngine *e, TcgPage *p);
void page_open_every_locked(TcgEngine *e);
/* Bytes inside one page were stored, or are about to be. */
void page_written_locked(TcgEngine *e, const uint8_t *host, unsigned size);
/* A slow store there. After some the page is data rather than code, unless the
 * CPU is executing it: its blocks are dropped, and stores are fast until code
 * runs there again. Stores to operands that blocks load do not count. */
void page_note_store(X86Cpu *cpu, const uint8_t *host, unsigned size);
/* A group of accesses of the instruction there failed by way of C. Each time
 * that so many of its page did, the blocks around this one are dropped, to be
 * translated without groups: then true. */
bool page_note_plain_locked(TcgEngine *e, const uint8_t *host);
/* Has it come to that for blocks that begin there? */
bool page_is_plain(const TcgPage *p, const uint8_t *host);
/* Was a block that holds the CPU's present instruction made from these bytes?
 */
bool page_is_current(X86Cpu *cpu, const uint8_t *host, unsigned size);
/* TcgContext.watched, store_watched, check_watched */
TcgWatched page_watched(void *env, const uint8_t *host, unsigned size);
void page_store(void *env, uint8_t *host, const void *bytes, unsigned size,
                bool again);
void page_check_rmw(void *env, const uint8_t *host, unsigned size);

/* ---- operands.c: light; with the lock held --------------------------------
 */

/* Is a byte of the field among those that the block was made from, or loads? */
static inline bool operand_overlaps(const TcgPart *part, X86CodeField f)
{
    return part->start < f.off + f.size && f.off < part->end;
}
/* A block of the page loads an operand, besides those of the bits `loads`:
 * these with its own, or alone if there is no room for it. */
uint16_t operand_add(TcgPage *p, X86CodeField at, uint16_t loads);
/* The block comes to the page (by = 1), or goes (-1). */
void operand_count_other(TcgPage *p, const TcgPart *part, int by);
/* Are these bytes in an operand of which no block was made? With one CPU its
 * thread may ask without the lock: others only drop blocks. */
bool operand_only(const TcgPage *p, X86CodeField f);
/* Are they in one that the block loads? */
bool operand_of(const TcgPage *p, const TcgPart *part, X86CodeField f);
/* A store there has dropped blocks. */
void operand_note_drop(TcgPage *p, X86CodeField f);
/* Places in the page where stores have done that several times, at most
 * X86_CODE_FIELDS; returns how many. */
unsigned operand_stored(const TcgPage *p, X86CodeField *stored);

/* ---- adapt.c: light -------------------------------------------------------
 */

void adapt_init(TcgVcpu *v);
/* How to make the block, with `translating` held. */
IrChecks adapt_checks(TcgVcpu *v, TcgBlock *b);
/* Translated code was left by TCG_LEAVE_COUNTED. */
void adapt_note_count(TcgVcpu *v);
/* Was that at the present block (or NULL)? Then it is dropped, to be made anew
 * in another way. */
bool adapt_counted(TcgVcpu *v, TcgBlock *b);
/* TcgContext.missed */
void adapt_missed(void *env, uint64_t pc);

/* ---- log.c ----------------------------------------------------------------
 */

void log_block_in(const TcgBlock *b, const uint8_t *bytes);
void log_block_ir(const TcgEngine *e, LogItem item, const char *title);
void log_block_out(TcgEngine *e, const TcgBlock *b);
/* A line for the host's perf. */
void log_perf_map(TcgEngine *e, const TcgBlock *b);
void log_exec(X86Cpu *cpu, const TcgBlock *b);

/* ---- host-*.c: what depends on the host -----------------------------------
 */

/* Signals that translated code causes become the guest's exceptions, on this
 * thread, while ctx is set. */
void host_signals_install(void);
void host_signals_enter(TcgContext *ctx);
/* Bits of XCR0 whose state the back end keeps in registers. */
uint64_t host_fpu_mask(void);
/* Call heavy code from light code: the guest's vector state may be in the
 * host's registers and is kept. */
void host_call_heavy(void (*fn)(void *opaque), void *opaque);

#endif
