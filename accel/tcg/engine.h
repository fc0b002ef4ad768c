/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator's engine, shared by its files: what it keeps per machine
 * (translations, code buffer) and per CPU (soft TLB, jump cache).
 *
 * Invariants:
 * 1. A translation is found by the host address of its first byte (RAM stays
 *    where it is, so that is the physical identity), pc, CS base and X86Key.
 * 2. Whatever depends on address translation (slots, tables, instruction TLB,
 *    jump cache) is dropped when the mapping may have changed; translations
 *    are not.
 * 3. A direct link joins blocks of one page only: it stays right whatever the
 *    page tables do, because a block runs only while its page is mapped.
 * 4. A page with translations has DIRTY_CODE set and no write entry in any
 *    table or slot; every store to it comes through engine_code_written().
 * 5. Blocks are changed on the vCPU's thread alone. Others (DMA) leave a
 *    request in `written` and make the vCPU look.
 */
#ifndef ACCEL_TCG_ENGINE_H
#define ACCEL_TCG_ENGINE_H

#include "accel/accel.h"

#include <glib.h>
#include <pthread.h>

enum {
    ENGINE_HASH_BITS = 15,
    ENGINE_HASH_SIZE = 1 << ENGINE_HASH_BITS,
    ENGINE_ITLB_SIZE = 256,
    ENGINE_JOURNAL = 4096,
    ENGINE_IDS = 64,
    ENGINE_BLOOM_WORDS = 16,
    ENGINE_BLOCK_INSNS = 64,
};

/* What the engine's own IR_LEAVE reasons and unwinds mean. */
enum {
    ENGINE_LEAVE_SMC = TCG_LEAVE_GUEST + 100, /* a block overwrites itself */
};

typedef struct TcgBlock TcgBlock;
typedef struct TcgPage TcgPage;
typedef struct TcgEngine TcgEngine;
typedef struct TcgCpu TcgCpu;

struct TcgBlock {
    TcgCode code; /* first */
    TcgBlock *hash_next;
    const uint8_t *start; /* host address of the first guest byte */
    uint64_t pc, cs_base;
    uint32_t key;
    uint32_t size; /* guest bytes */
    bool valid;
    TcgPage *page[2]; /* [1]: NULL unless it goes on in a second page */
    TcgBlock *page_next[2];
};

/* A page of guest memory that has translations. */
struct TcgPage {
    const uint8_t *host; /* of its first byte */
    RamBlock *ram;
    uint64_t ram_off;
    TcgBlock *blocks; /* linked by page_next[of this page] */
};

typedef struct EngineStats {
    uint64_t translated, translated_insns, translated_bytes, code_bytes;
    uint64_t translate_ns;
    uint64_t invalidated, flushes, smc;
    uint64_t lookups, lookup_hits, links, tlb_fills, tlb_flushes, slow_loads,
        slow_stores, leaves;
} EngineStats;

/* A write by somebody else than the vCPU, to be looked at by it. */
typedef struct EngineWrite {
    RamBlock *ram;
    uint64_t off, len;
} EngineWrite;

struct TcgEngine {
    Accel parent;
    TcgContext ctx;
    TcgBlock **hash;   /* [ENGINE_HASH_SIZE] */
    GHashTable *pages; /* host page address to TcgPage, owned */
    GPtrArray *all;    /* of TcgBlock *, owned; freed at a flush */
    IrBlock ir;
    size_t code_size;
    TcgCpu *cpu; /* the one vCPU there is, as yet */
    EngineStats stats;

    GMutex lock;     /* guards written */
    GArray *written; /* of EngineWrite */
};

typedef struct EngineItlb {
    uint64_t tag; /* page | mode | 4; 0: empty */
    const uint8_t *host;
    RamBlock *ram;
    uint64_t ram_off; /* of the page */
} EngineItlb;

/* A number for each combination that the jump cache must tell apart. */
typedef struct EngineId {
    uint64_t cs_base;
    uint32_t key;
    uint32_t id; /* 0: empty */
} EngineId;

struct TcgCpu {
    TcgEngine *engine;
    X86Cpu *cpu;
    TcgTlbEntry *tables; /* TCG_MODES * TCG_TLB_SIZE */
    TcgJump *jumps;      /* [TCG_JUMP_SIZE] */
    TcgJump *no_jumps;   /* the same, always empty: makes EXITR leave */
    EngineItlb itlb[ENGINE_ITLB_SIZE];
    EngineId ids[ENGINE_IDS];
    uint32_t next_id;
    uint64_t bloom[ENGINE_BLOOM_WORDS]; /* pages executed since the flush */
    /* Table entries made since the last flush: mode << 12 | index, bit 31 set
     * for global pages. */
    uint32_t journal[ENGINE_JOURNAL];
    unsigned journal_count;
    bool journal_full;
    bool large_pages; /* some entry is part of a larger page */
    bool slots_used;
    TcgCode *link_from; /* exit that the run loop may link next */
    unsigned link_exit;
    bool one_insn;    /* the next block is a single instruction, not kept */
    bool storing;     /* a store's own bytes are on their way to RAM */
    pthread_t thread; /* while run() is on */
    bool running;
    uint8_t scratch[2 * PAGE_SIZE]; /* code that is not in RAM, copied */
};

static inline TcgCpu *engine_cpu(X86Cpu *cpu)
{
    return cpu->accel;
}

static inline uint64_t engine_cs_base(const X86Cpu *cpu)
{
    return cpu->key.code == X86_CODE64 ? 0 : cpu->seg[X86_CS].base;
}

static inline vaddr engine_linear_pc(const X86Cpu *cpu)
{
    return cpu->key.code == X86_CODE64
               ? cpu->env.pc
               : (uint32_t)(cpu->seg[X86_CS].base + cpu->env.pc);
}

static inline unsigned engine_hash(const uint8_t *start, uint64_t pc,
                                   uint32_t key)
{
    uint64_t h = (uintptr_t)start ^ pc * 31 ^ key;

    return (h ^ h >> ENGINE_HASH_BITS ^ h >> (2 * ENGINE_HASH_BITS)) &
           (ENGINE_HASH_SIZE - 1);
}

/* ---- tlb.c: light
 * ------------------------------------------------------------- */

extern const X86MmuOps engine_mmu_ops;
uint8_t *engine_fill(void *env, uint64_t addr, unsigned size, unsigned mode,
                     bool write);
TcgCode *engine_lookup(void *env, TcgCode *from, unsigned exit);
/* Host address of the instruction byte at a linear address; NULL: the walk
 * failed (t says how) or it is not RAM (t->vector is 0). */
const EngineItlb *engine_exec(TcgCpu *t, vaddr addr, X86Translation *fault);
TcgBlock *engine_find(TcgCpu *t, vaddr linear);
void engine_remember_jump(TcgCpu *t, const TcgBlock *b);
void engine_tlb_init(TcgCpu *t);
/* Drop write entries of a page that got translations. */
void engine_protect(TcgCpu *t, const uint8_t *host);
/* New key: all jump cache entries are stale. */
void engine_forget_jumps(TcgCpu *t);

/* ---- memory.c: slow accesses, heavy
 * ------------------------------------------------ */

uint64_t engine_load(void *env, uint64_t addr, unsigned size, unsigned mode);
void engine_store(void *env, uint64_t addr, uint64_t val, unsigned size,
                  unsigned mode);
void engine_load_bytes(void *env, uint64_t addr, void *buf, unsigned size,
                       unsigned mode, bool rmw);
void engine_store_bytes(void *env, uint64_t addr, const void *buf,
                        unsigned size, unsigned mode);

/* ---- blocks.c
 * ------------------------------------------------------------------------ */

bool engine_blocks_init(TcgEngine *e, GError **errp);
void engine_blocks_clear(TcgEngine *e);
/* The block at the CPU's pc, translated if need be; NULL: an exception was
 * recorded in the CPU instead. */
TcgBlock *engine_get_block(TcgCpu *t);
/* Drop what was translated from ram[off, off+len). True if one of the dropped
 * blocks holds the instruction at linear address pc (pass ~0 for none). */
bool engine_invalidate(TcgEngine *e, RamBlock *ram, uint64_t off, uint64_t len,
                       vaddr pc);
/* Would it be true? Nothing is dropped. */
bool engine_holds_pc(TcgEngine *e, RamBlock *ram, uint64_t off, uint64_t len,
                     vaddr pc);
/* Join an exit to its target; block_drop() parts them again. */
void engine_link(TcgEngine *e, TcgCode *from, unsigned exit, TcgCode *to);
void engine_take_writes(TcgEngine *e);
void engine_flush_blocks(TcgEngine *e);

/* ---- run.c
 * ------------------------------------------------------------------------------
 */

VcpuExit engine_run(Accel *accel, X86Cpu *cpu);
void engine_kick(X86Cpu *cpu);

/* ---- calls.c: fn(arg) from light code, with the vector state kept
 * ---------------------------- */
void engine_call_heavy(void (*fn)(void *arg), void *arg);

#endif
