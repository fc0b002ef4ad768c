/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of a virtual CPU's state that generated code touches directly. A
 * guest architecture puts a TcgEnv first in its CPU struct.
 *
 * On x86-64 hosts the stack pointer IS the env pointer while translated code
 * runs: the struct stands directly above a stack of TCG_STACK_SIZE bytes
 * (tcg_env_alloc()), so no register is spent on it and a helper's return
 * address is always at ((void **)env)[-1]. What generated code uses most comes
 * first, within the reach of an 8-bit displacement: not the registers, most of
 * which it has in the host's.
 */
#ifndef TCG_ENV_H
#define TCG_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TCG_GLOBALS 16
#define TCG_STACK_SIZE (1024 * 1024)

/* MMU modes: a translation made for one mode never runs in another. */
#define TCG_MODES 4
/* One-entry caches, per mode; even: reads, odd: writes. */
#define TCG_SLOTS 64

/*
 * One page that generated code found before. The check beside an access of
 * `size` bytes at `ea` is: if (ea - page > 4096 - size) miss; access ea +
 * addend. TCG_SLOT_EMPTY is a page that no canonical address is in; its addend
 * leads to an inaccessible page, so that a non-canonical address that happens
 * to match faults, which the accelerator turns into the guest's fault.
 */
typedef struct TcgSlot {
    uint64_t page;
    uint64_t addend; /* host address less guest address */
} TcgSlot;
#define TCG_SHARED 16
#define TCG_SHARED_NEAR 2

/* A trial of a block's checks (IrChecks): how often it was entered and each
 * check missed its slot. Steps of TCG_TRIAL_STEP: entries overflow where the
 * trial ends. The last site stands for all that have no place. */
enum { TCG_TRIALS = 256, TCG_TRIAL_SITES = 31, TCG_TRIAL_STEP = 32 };
typedef struct TcgTrial {
    uint16_t entries;
    uint16_t misses[TCG_TRIAL_SITES]; /* by one */
} TcgTrial;
#define TCG_SLOT_EMPTY UINT64_C(0x8000000000000000)

/* The large table behind the slots; direct-mapped by page number. A tag is
 * the page's linear address, or tcg_tlb_none() of the place, if plain accesses
 * of that kind are not allowed (no mapping, MMIO, watched, holding translated
 * code). */
typedef struct TcgTlbEntry {
    uint64_t read;
    uint64_t write;
    uint64_t addend; /* host address less guest address, when RAM or ROM */
    uint64_t paddr;  /* of the page; for the slow path's own use */
} TcgTlbEntry;
/* In paddr, where read is a page: stores are allowed there, but watched. */
#define TCG_TLB_WATCHED (1u << 4)
#define TCG_TLB_BITS 14
#define TCG_TLB_SIZE (1u << TCG_TLB_BITS)

static inline unsigned tcg_tlb_index(uint64_t addr)
{
    return (addr >> 12) & (TCG_TLB_SIZE - 1);
}

/* A page that belongs neither to this place nor to the next one, so that no
 * byte is in it of what is looked up here, canonical or not. */
static inline uint64_t tcg_tlb_none(unsigned index)
{
    return TCG_SLOT_EMPTY | (1 | (~index & 2)) << 12;
}

static inline bool tcg_tlb_is_none(uint64_t tag)
{
    return tag >> 62 == TCG_SLOT_EMPTY >> 62;
}

static inline void tcg_tlb_clear(TcgTlbEntry table[TCG_TLB_SIZE])
{
    for (unsigned n = 0; n < TCG_TLB_SIZE; n++) {
        table[n] = (TcgTlbEntry){ tcg_tlb_none(n), tcg_tlb_none(n), 0, 0 };
    }
}

/* Where addr is, whose page the entry has. */
static inline uint8_t *tcg_tlb_host(const TcgTlbEntry *e, uint64_t addr)
{
    return (uint8_t *)(uintptr_t)(addr + e->addend);
}

/* Where indirect jumps look first; direct-mapped by tcg_jump_hash(pc). key
 * combines linear pc and everything else that must match (the accelerator
 * puts env->jump_key in: key = pc ^ jump_key). What loses its place may
 * stand beside it, in the same cache line: at one of tcg_jump_beside(), for
 * those who look on. */
typedef struct TcgJump {
    uint64_t key;
    const void *code; /* back end's entry: flags are in env */
} TcgJump;
#define TCG_JUMP_BITS 16
#define TCG_JUMP_SIZE (1u << TCG_JUMP_BITS)
#define TCG_JUMP_ALIGN 64

/* An entry's offset is what (pc ^ pc << 4) has of TCG_JUMP_OFFSETS. */
#define TCG_JUMP_OFFSETS ((TCG_JUMP_SIZE - 1) * sizeof(TcgJump))
static inline unsigned tcg_jump_hash(uint64_t pc)
{
    return (pc ^ (pc >> 4)) & (TCG_JUMP_SIZE - 1);
}

/* n: 1 to TCG_JUMP_WAYS - 1; 0 is the place itself. */
enum { TCG_JUMP_WAYS = 4 };
static inline unsigned tcg_jump_beside(unsigned place, unsigned n)
{
    return place ^ n;
}

/* Translations of IrBlock.plain are there, too, by keys that no canonical pc
 * makes and at places that pcs nearby do not have. */
enum { TCG_JUMP_PLAIN_BIT = 63, TCG_JUMP_PLAIN_PLACE = TCG_JUMP_SIZE / 2 + 1 };
#define TCG_JUMP_PLAIN (UINT64_C(1) << TCG_JUMP_PLAIN_BIT)

static inline unsigned tcg_jump_hash_plain(uint64_t pc)
{
    return tcg_jump_hash(pc) ^ TCG_JUMP_PLAIN_PLACE;
}

/* What env->pc_base is for a pc. */
static inline uint64_t tcg_pc_base(uint64_t pc)
{
    return pc & ~UINT64_C(4095);
}
/*
 * Status flags in packed form: what LAHF and SETO leave in AX. Bits 15..8 are
 * SF ZF 0 AF 0 PF 1 CF, bit 0 is OF.
 */
typedef uint16_t TcgFlags;

typedef struct TcgEnv {
    TcgTlbEntry *tlb[TCG_MODES]; /* each [TCG_TLB_SIZE] */
    uint32_t exit_request; /* non-zero: leave at the next poll. Any thread. */
    TcgFlags flags;        /* while not in the host's own flags */
    uint8_t mode;          /* MMU mode, 0..TCG_MODES-1 */
    uint8_t spare;
    TcgJump *jumps; /* [TCG_JUMP_SIZE], TCG_JUMP_ALIGN-aligned */
    uint64_t jump_key;
    uint64_t pc_base; /* page of env->pc, as it was when the present block was
                         entered: relative blocks count from it */
    uint64_t shared[TCG_SHARED_NEAR];   /* addends that several accesses use */
    TcgSlot slot[TCG_MODES][TCG_SLOTS]; /* first: the user's stack */
    uint64_t r[TCG_GLOBALS];            /* the guest's general registers */
    uint64_t pc;        /* next guest instruction (x86: RIP, not linear);
                           current only outside translated code */
    void *backend[10];  /* scratch of the back end (host stack
                           pointer, current block, ...) */
    uint64_t spill[16]; /* temporaries of the back end */
    uint64_t shared_far[TCG_SHARED - TCG_SHARED_NEAR]; /* further ones */
    uint64_t insn_count;  /* guest instructions begun, once each however often
                             they are started anew; kept on request only */
    uint64_t insn_limit;  /* blocks that would count further are not entered */
    uint64_t heavy_calls; /* helpers called with the vector state put away: for
                             statistics */
    /* Entries of counted blocks and misses of slots until one is looked at. */
    int32_t entries_left, misses_left;
    TcgTrial trial[TCG_TRIALS];
} TcgEnv;

/*
 * Zeroed memory for a CPU struct of `size` bytes that begins with a TcgEnv,
 * 64-byte aligned, with a guarded stack below. NULL if the host has no memory.
 */
void *tcg_env_alloc(size_t size);
void tcg_env_free(void *env, size_t size);
/* An empty table for env->jumps. Ends the program if the host has no memory. */
TcgJump *tcg_jumps_new(void);
void tcg_jumps_free(TcgJump *jumps);

/* Empty every slot of a mode (all modes: mode = -1). Light. */
void tcg_slots_clear(TcgEnv *env, int mode);
/* Those that hold a page; those for writing that lead to a host page. Light. */
void tcg_slots_drop(TcgEnv *env, unsigned mode, uint64_t page);
void tcg_slots_drop_host(TcgEnv *env, const uint8_t *host);

#endif
