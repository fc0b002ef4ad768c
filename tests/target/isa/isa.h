/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof of the instruction set: every row of the decode table in generated
 * encodings and states, on the host's processor and on each engine.
 *
 *   encode.c   a row's place in the maps -> bytes
 *   state.c    registers and memory that suit the instruction
 *   memory.c   the parts of memory that are compared
 *   host.c     the host's processor, through signal frames
 *   guest.c    the engines
 *   compare.c  what must agree, and how a difference is told
 *   table.c    what is not compared, and why
 *   test-isa.c rows, workers, counts
 */
#ifndef TESTS_TARGET_ISA_H
#define TESTS_TARGET_ISA_H

#include "target/x86/decode/tables.h"
#include "tests/target/engine.h"
#include "tests/target/isa/values.h"

/* Inside the engine's memory, which the host's processor uses, too. */
#define ISA_CODE (ENGINE_BASE + 0x800)
#define ISA_CODE_BYTES 0x2000 /* full of INT3 */
#define ISA_GDT (ENGINE_BASE + 0x3000)
#define ISA_DATA                                                               \
    (ENGINE_BASE + 0x8000) /* amid its window, at a page's start               \
                            */
#define ISA_STACK (ENGINE_BASE + 0xc000)
#define ISA_END (ENGINE_BASE + ENGINE_SIZE) /* nothing is mapped from here */
#define ISA_GS_BASE (ISA_DATA - 0x100)

/* The parts of memory that instructions are given. */
typedef struct IsaMem {
    uint8_t data[0x1400]; /* from ISA_DATA - 0x800: room for all of XSAVE */
    uint8_t stack[0x800]; /* from ISA_STACK - 0x400 */
    uint8_t end[0x400];   /* up to ISA_END */
} IsaMem;

/* Linux's selectors; the same descriptors are at ISA_GDT. 16-bit code and its
 * data and stack are in segments of 64 KiB that begin where the memory does:
 * Linux has an LDT for that, which here is at ISA_LDT. */
enum { ISA_CS32 = 0x23, ISA_DS = 0x2b, ISA_CS64 = 0x33 };
enum { ISA_CS16 = 0xa7, ISA_DS16 = 0xaf };
#define ISA_LDT (ISA_GDT + 0x100)

typedef struct IsaState {
    uint64_t r[16], pc, flags;
    uint64_t fs_base, gs_base;
    uint16_t seg[X86_SEGMENTS];
    int vector; /* -1: none */
    uint32_t error;
    uint64_t cr2;
    X86Fpu fpu;
} IsaState;

typedef struct IsaCase {
    const DecodePlace *place;
    X86CodeSize code;
    uint8_t bytes[X86_INSN_MAX + 1];
    X86Insn insn;
    bool valid;      /* decodes: else #UD is what is expected */
    uint64_t target; /* where the memory operand is, as a linear address */
    IsaState in;
    IsaMem mem;
} IsaCase;

/* The base of the segments that a case begins with, but FS and GS. */
static inline uint64_t isa_origin(const IsaCase *c)
{
    return c->code == X86_CODE16 ? ENGINE_BASE : 0;
}

/* ---- generating ---- */

/* Bytes that reach the row, sometimes with prefixes that spoil it (valid is
 * false then). False: none was found. */
bool isa_encode(IsaCase *c, uint64_t *seed);
/* Registers, FPU and memory; code bytes may get another displacement. */
void isa_random_state(IsaCase *c, uint64_t *seed);
/* Where an address is in the windows; NULL if not all of it is. */
void *isa_mem_at(IsaMem *mem, uint64_t addr, size_t len);
void isa_mem_get(IsaMem *mem);
void isa_mem_put(const IsaMem *mem);

/* ---- the host: host.c ---- */
bool isa_host_init(void);       /* false: no x86-64, or without AVX */
bool isa_host_has_code16(void); /* segments of our own */
void isa_host_run(const IsaCase *c, IsaState *out);
uint64_t isa_host_fs_base(void);
/* The state components that guests have: with AVX-512 if the host can; those
 * that only the host has. */
uint32_t isa_xcr0(void);
uint32_t isa_host_beyond(void);

/* ---- engines: guest.c ---- */
typedef struct IsaGuest IsaGuest;
IsaGuest *isa_guest_new(const char *backend, unsigned switches,
                        const X86Model *model);
void isa_guest_free(IsaGuest *g);
/* Forget the translations: other bytes, or another mode. */
void isa_guest_prepare(IsaGuest *g, X86CodeSize code);
void isa_guest_run(IsaGuest *g, const IsaCase *c, IsaState *out);
/* Is the row translated, and its feature offered? */
bool isa_guest_has(const IsaGuest *g, const X86Row *row);

/* ---- comparing ---- */
/* Text if they differ, for the caller to free; else NULL. Both memories may be
 * changed where they are not compared. */
char *isa_compare(const IsaCase *c, const IsaState *got, IsaMem *got_mem,
                  const IsaState *want, IsaMem *want_mem);

/* ---- exceptions from the rule: table.c ---- */
typedef enum IsaRule {
    ISA_COMPARE,
    ISA_EXCLUDE,     /* not run at all */
    ISA_NO_RESULT,   /* run; its registers and memory are not compared */
    ISA_ORDER,       /* run; of a page fault only the fact is compared */
    ISA_ENGINES_ONLY /* the host is not asked */
} IsaRule;
typedef struct IsaException {
    uint16_t mnemonic;
    IsaRule rule;
    const char *reason;
    uint16_t opcode; /* map and byte; 0: any */
} IsaException;
/* NULL: none. */
const IsaException *isa_exception(unsigned mnemonic, unsigned map,
                                  unsigned opcode);

#endif
