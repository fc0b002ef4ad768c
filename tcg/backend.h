/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A back end turns an IrBlock into a TcgCode and runs it. The x86-64 back end
 * emits host code into a CodeBuffer; the interpreter keeps the IR.
 *
 * Leaving: translated code comes back to tcg_run()'s caller only for what the
 * run loop must do; direct exits are linked block to block, indirect ones go
 * through env->jumps, and both fall back on TcgContext.lookup, a light
 * function called with the guest's vector state still in the host's registers.
 */
#ifndef TCG_BACKEND_H
#define TCG_BACKEND_H

#include "tcg/env.h"
#include "tcg/ir.h"

#include <glib.h>

typedef struct TcgBackend TcgBackend;
typedef struct TcgContext TcgContext;
typedef struct TcgCode TcgCode;
typedef struct CodeBuffer CodeBuffer;

/* Why translated code came back. */
typedef enum TcgLeave {
    TCG_LEAVE_LOOKUP = 1, /* env->pc has no translation: make one */
    TCG_LEAVE_REQUEST,    /* env->exit_request was seen; env->pc is exact */
    TCG_LEAVE_RAISED,     /* a helper unwound; env->pc was restored */
    TCG_LEAVE_EVENT,      /* IR said so: interrupt window, halt, mode change */
    TCG_LEAVE_PLAIN,      /* to env->pc in a translation of IrBlock.plain */
    TCG_LEAVE_COUNTED,    /* at the block of env->pc: env->entries_left or its
                             trial's entries ran out */
    TCG_LEAVE_GUEST,      /* first number for the guest architecture's own */
} TcgLeave;

/* What a store to a watched page meets. */
typedef enum TcgWatched {
    TCG_WATCHED_GONE,  /* it is not watched any more: fill() opens it */
    TCG_WATCHED_CLEAR, /* nothing there: store directly, this once */
    TCG_WATCHED_HIT,   /* store_watched() must do it */
} TcgWatched;

typedef struct TcgExit {
    uint64_t pc;         /* where a direct exit goes */
    TcgCode *to;         /* linked to, or NULL */
    TcgCode *next_from;  /* list of exits linked to the same target */
    uint32_t jump, stub; /* back end's: what to patch, from the entry */
    uint8_t next_from_exit;
    bool used;
    bool far;      /* of a relative block, to another page: see link() */
    uint8_t probe; /* not linked: env->jumps may know the way; a far one looks
                      there so many times before it asks */
} TcgExit;

enum { TCG_LOOP_UNIT = 16 };

/* One translation. Embedded by the accelerator in its own block struct. */
struct TcgCode {
    TcgExit exit[IR_EXITS];
    TcgCode *from; /* first exit linked to this (with from_exit) */
    uint32_t size; /* bytes of code, without what is out of line */
    uint8_t from_exit;
    bool needs_flags : 1; /* reads the flags it is entered with */
    bool chooses : 1;     /* IrBlock.checks would make it otherwise */
    int8_t entry_host;    /* from entry: flags in host flags */
    uint8_t loop;       /* from entry: where its own polling jump back goes, in
                           TCG_LOOP_UNIT bytes; 0: to the polling entry */
    uint64_t base_mask; /* ~0: exits' pcs count from env->pc_base; else 0 */
    const void *entry;  /* flags in env. Interpreter: its copy of the IR */
};

struct TcgContext {
    const TcgBackend *backend;
    CodeBuffer *buffer; /* NULL for the interpreter */
    /* Light: find the translation for env's present pc and mode, or NULL. If
     * from is not NULL, the exit may be linked. After the guest's own
     * branch (ir_exit_branch()) it may raise, as a helper does; `exit` is what
     * that has added to the stack pointer, else 0, and env->pc_base the
     * branch's. */
    TcgCode *(*lookup)(void *env, TcgCode *from, unsigned exit);
    /* Light: the same for a translation of IrBlock.plain, which an instruction
     * is begun anew in that could not be done in another. once: what was in
     * the way will not be the next time. NULL: ask the run loop, by
     * TCG_LEAVE_PLAIN. */
    TcgCode *(*lookup_plain)(void *env, bool once);
    /* Light: deliver what was raised (TCG_LEAVE_RAISED), or recorded by a
     * look-up in vain, so that the guest goes on at env->pc. False: leave, the
     * run loop will see to it. NULL: it always does. */
    bool (*deliver)(void *env);
    /* Memory slow paths, for accesses that missed the slot and the table.
     * They may raise. fill: C walk and TLB refill; returns the host address
     * of `addr` if the access (wholly inside the page) may be made directly,
     * else NULL and the caller uses load/store. Light. */
    uint8_t *(*fill)(void *env, uint64_t addr, unsigned size, unsigned mode,
                     bool write);
    /* The guest will probably access the page of addr soon: enter it, if it may
     * be read and its entry in the page table need not be changed for that.
     * Raises nothing. True: if that does not serve, fill() will. Light. NULL:
     * nothing is known of it before. */
    bool (*touch)(void *env, uint64_t addr, unsigned mode);
    /* Any access the fast path cannot do: MMIO, page crossing, watched pages.
     * Heavy (devices). */
    uint64_t (*load)(void *env, uint64_t addr, unsigned size, unsigned mode);
    void (*store)(void *env, uint64_t addr, uint64_t val, unsigned size,
                  unsigned mode);
    /* The same for native instructions' operands of up to 64 bytes, through a
     * bounce buffer. rmw: check that it is writable, too. */
    void (*load_bytes)(void *env, uint64_t addr, void *buf, unsigned size,
                       unsigned mode, bool rmw);
    void (*store_bytes)(void *env, uint64_t addr, const void *buf,
                        unsigned size, unsigned mode);
    /* Stores into RAM whose table entry has TCG_TLB_WATCHED, by host address,
     * inside one page. again: the instruction has changed nothing yet, and may
     * be given up to be run again. Light; may raise. */
    TcgWatched (*watched)(void *env, const uint8_t *host, unsigned size);
    void (*store_watched)(void *env, uint8_t *host, const void *bytes,
                          unsigned size, bool again);
    /* The same bytes will be stored by an instruction that could not be given
     * up then: give it up now, if that is necessary. */
    void (*check_watched)(void *env, const uint8_t *host, unsigned size);
    /* A locked access cannot be made directly. Returns if nobody else runs now,
     * so that it may be made in steps; else gives up the instruction, which is
     * then run again while nobody does. NULL: nobody else ever does. Light. */
    void (*alone)(void *env);
    /* A slot was missed by an access of the block at pc when env->misses_left
     * was spent; it spends it anew. NULL: misses are not counted. Light. */
    void (*missed)(void *env, uint64_t pc);
    size_t fpu_offset; /* of the XSAVE image in the CPU struct, 64-aligned */
    uint64_t fpu_mask; /* XCR0 bits that the image keeps; with AVX-512's it is
                          in the compacted form of them all */
    bool (*can_link)(const TcgCode *from, unsigned exit, const TcgCode *to);
    bool lone; /* there is one processor, and none but it does read-modify-write
                  on guest memory: LOCK need not make anything atomic, and
                  exits to other pages can be linked */
    unsigned switches; /* TcgSwitch bits that are OFF, for bisecting */
    void *state; /* the back end's own; made by init(), freed by destroy() */
};

enum { TCG_FPU_MXCSR = 24, TCG_FPU_XCOMP = 520 }; /* in the image */
static inline bool tcg_fpu_is_compact(const TcgContext *ctx)
{
    return ctx->fpu_mask & 0xe0;
}

typedef enum TcgSwitch {
    TCG_OFF_NATIVE = 1 << 0, /* portable forms only */
    TCG_OFF_CHAIN = 1 << 1,
    TCG_OFF_SLOTS = 1 << 2, /* no one-entry caches: table only */
    TCG_OFF_FLAGS = 1 << 3, /* flags exact at each instruction */
    TCG_OFF_JUMPS = 1 << 4, /* no inline indirect look-up */
    TCG_OFF_OPT = 1 << 5,
    TCG_OFF_STRINGS = 1 << 6,  /* no block string operations */
    TCG_OFF_INLINE = 1 << 7,   /* system instructions by helper only */
    TCG_OFF_SHARE = 1 << 8,    /* no relative blocks */
    TCG_OFF_TABLE = 1 << 9,    /* slots for all accesses, none in the table */
    TCG_OFF_UNLOCK = 1 << 10,  /* LOCK stays where there is one processor */
    TCG_OFF_WATCH = 1 << 11,   /* stores to watched pages by store() only */
    TCG_OFF_GROUP = 1 << 12,   /* each access has a check of its own */
    TCG_OFF_DELIVER = 1 << 13, /* exceptions are delivered by the run loop */
    TCG_OFF_ASIDE = 1 << 14,   /* conditional jumps end their block */
    TCG_OFF_ADAPT = 1 << 15,   /* the kind of a check stays as guessed */
    TCG_OFF_STRIDE = 1 << 16,  /* loops check what moves at each turn */
    TCG_OFF_PATCH = 1 << 17,   /* operands that keep changing are translated */
} TcgSwitch;

struct TcgBackend {
    const char *name;
    bool has_native;
    /* Can it run this instruction as itself? NULL: any, if has_native. */
    bool (*can_native)(const NativeInsn *n);
    /* Everything else in ctx is set before. Emits thunks into the buffer. */
    bool (*init)(TcgContext *ctx, GError **errp);
    void (*destroy)(TcgContext *ctx); /* may be NULL */
    void (*clear)(TcgContext *ctx);   /* drop every translation */
    /* Drop those in a region of the code buffer, and go on there. */
    void (*enter_region)(TcgContext *ctx, unsigned region);
    /* False: the region is full (nothing was emitted). */
    bool (*compile)(TcgContext *ctx, const IrBlock *ir, TcgCode *code);
    void (*release)(TcgContext *ctx, TcgCode *code); /* side table, IR copy */
    /* Run from code until something needs the run loop. Returns TcgLeave or
     * what IR_LEAVE carried. */
    int (*run)(TcgContext *ctx, void *env, TcgCode *code);
    /* Patch a direct exit to its target, and back. A far one goes there only
     * where its target's pc and jump_key are env's present ones; others do not
     * look at env. */
    void (*link)(TcgContext *ctx, TcgCode *from, unsigned exit, TcgCode *to,
                 const TcgEnv *env);
    void (*unlink)(TcgContext *ctx, TcgCode *from, unsigned exit);
    /* Print host code, for -d out_asm. */
    void (*print)(TcgContext *ctx, const TcgCode *code, GString *out);
};

extern const TcgBackend tcg_backend_interp;
extern const TcgBackend tcg_backend_x86_64; /* on x86-64 hosts only */
/* NULL name: the host's best. NULL if there is none of that name. */
const TcgBackend *tcg_backend_find(const char *name);

/* Called inside a helper that may raise: gives up the present guest
 * instruction, with env->pc and env->r[] as before it (or as the helper set
 * them if it called tcg_sync_pc() first), and makes run() return reason. */
G_NORETURN void tcg_unwind(void *env, int reason);
/* Inside a helper: bring env->pc to the guest instruction that called it. */
uint64_t tcg_sync_pc(void *env);

/* Places in env->backend[] where run() puts what serves these two. */
enum { TCG_BACKEND_UNWIND, TCG_BACKEND_SYNC_PC, TCG_BACKEND_OWN };
typedef void TcgUnwindFn(void *env, int reason); /* does not return */
typedef uint64_t TcgSyncPcFn(void *env);

/* ---- tcg/buffer.c: one memfd mapped twice, writable and executable, never
 * both; near the text. In regions, which are filled one after the other. -----
 */
CodeBuffer *code_buffer_new(size_t size, GError **errp);
void code_buffer_free(CodeBuffer *buf);
/* What was put there stays; the rest is divided into regions (once). */
void code_buffer_keep(CodeBuffer *buf);
unsigned code_buffer_regions(const CodeBuffer *buf);
/* Where a region is executed, and its bytes. */
const uint8_t *code_buffer_region(const CodeBuffer *buf, unsigned region,
                                  size_t *size);
/* Go on at the begin of a region, over what it had. */
void code_buffer_enter(CodeBuffer *buf, unsigned region);
/* All regions are empty, and their memory the host's; go on in the first. */
void code_buffer_clear(CodeBuffer *buf);
/* What is taken mostly, and the rest; there is no rest before
 * code_buffer_keep(). */
typedef enum CodeArea { CODE_HOT, CODE_COLD, CODE_AREAS } CodeArea;
/* Free space in the present region: writable address and bytes. */
uint8_t *code_buffer_begin(CodeBuffer *buf, CodeArea area, size_t *room);
/* Rounds up to 4. */
void code_buffer_end(CodeBuffer *buf, CodeArea area, size_t used);
/* Of the cold space, bytes at its end; writable address. There is room. */
void *code_buffer_take_end(CodeBuffer *buf, size_t size);
size_t code_buffer_used(const CodeBuffer *buf);
size_t code_buffer_size(const CodeBuffer *buf);
const uint8_t *code_buffer_exec(const CodeBuffer *buf, const uint8_t *w);
uint8_t *code_buffer_write(const CodeBuffer *buf, const uint8_t *x);
bool code_buffer_contains(const CodeBuffer *buf, const void *x);

#endif
