/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the x86-64 back end: what a compilation works on, and the
 * functions its files share.
 *
 * A block's code, low addresses first:
 *
 *   [call counted]       leave at the block's start, where entries are counted
 *   [go on at entry_host]
 *   [poll with the flags in the host's: if the block wants them there]
 *       call poll        leave at the block's start (poll thunk)
 *   [entry_host: save flags]     if the block wants its flags in env
 *       cmp exit_request, 0 / jne above     polling exits arrive here
 *   entry: [sub count, 1 / jb to the top]
 *   [load flags]                 if the block wants its flags in the host's
 *   [entry_host:]
 *       ...              hot code, ending in the exits' patched jumps
 *       ...              out-of-line parts, in order of their hot places
 *       side table (side.c)
 *
 * Invariants
 *  1. Globals with a register in emit_home[] are there at every point that can
 *     leave, and but for one that is `late` at every instruction boundary; the
 *     others are in env.
 *  2. rsp is env. r13, r14, r15 hold temporaries and intermediates; C keeps
 *     them. Temporaries that find no room are in env->spill. What else they
 *     hold (held.c) is in env as well, or is stored before they are changed.
 *  3. Flags are in the host's flags (host_flags), in env->flags (env_flags),
 *     in both, or, where nothing reads them any more, in neither.
 *  4. Nothing between an access's branch to its slow part and the access
 *     itself may be skipped, as the slow part goes on at the access.
 */
#ifndef TCG_X86_64_EMIT_H
#define TCG_X86_64_EMIT_H

#include "tcg/backend.h"
#include "tcg/x86_64/asm.h"
#include "tcg/x86_64/x86_64.h"

/* ---- env->backend[] --------------------------------------------------- */
enum {
    ENV_HOST_SP = TCG_BACKEND_OWN,
    ENV_CONTEXT,
    ENV_FPU,     /* EmitFpu */
    ENV_MOVED,   /* scratch word of operations */
    ENV_ADDRESS, /* between mem.c thunks */
    ENV_RCX,     /* during a check that leaves the flags alone */
    ENV_TURNS,   /* of a loop, that its checks are good for: see ahead.c */
    ENV_END,     /* what they end at */
};

typedef struct EmitFpu {
    uint32_t mxcsr; /* the caller's own */
    uint16_t fcw;
    uint8_t in_host; /* guest's vector state is in the host's registers */
} EmitFpu;

#define ENV_OFF(field) ((int32_t)offsetof(TcgEnv, field))
#define ENV_BACKEND(n) (ENV_OFF(backend) + 8 * (n))

/* ---- The register map (regs.c) ---------------------------------------- */
#define EMIT_SCRATCH_FIRST R13
#define EMIT_SCRATCHES 3
extern const uint8_t emit_home[TCG_GLOBALS]; /* host register or NO_REG */
/* Homes that a C function may destroy. */
#define EMIT_CALLER_SAVED                                                      \
    (1u << RAX | 1u << RCX | 1u << RDX | 1u << RSI | 1u << RDI | 1u << R8 |    \
     1u << R9 | 1u << R10 | 1u << R11)

/* ---- Thunks: shared code, made once per context ----------------------- */
enum {
    MEM_SLOTS = TCG_MODES * TCG_SLOTS,
    MEM_WIDE = 64,        /* wider accesses do without slot and table */
    MEM_GROUP = 512,      /* bytes that share a check, at most */
    MEM_NEAR = 8,         /* operations that a register may wait for its use */
    THUNK_LEAD_BYTES = 6, /* before a slot's thunk: the way in for a leader */
};

typedef enum EmitThunk {
    THUNK_ENTER,        /* C: int (*)(void *env, const void *code) */
    THUNK_LEAVE,        /* jmp, r13d = reason */
    THUNK_LEAVE_STORED, /* the same, globals are in env already */
    THUNK_SAVE,         /* call: home registers to env->r, rdi = env */
    THUNK_RELOAD,       /* call: those that C may destroy */
    THUNK_RELOAD_ALL,
    THUNK_HEAVY,      /* call: C function r11 without guest vector state */
    THUNK_LOOKUP,     /* jmp, env->pc set; r13 = from, r14d = exit */
    THUNK_LOOKUP_ANY, /* the same from nowhere that may be linked */
    THUNK_BRANCH,     /* call, env->pc set; r14d = IR_EXITR_MOVED */
    THUNK_GO,         /* jmp, globals are in env; r13 = code */
    THUNK_PLAIN,      /* jmp, r14 = pc to go on at without groups */
    THUNK_LOOKUP0,    /* jmp, r13 = &from->exit[0] */
    THUNK_LOOKUP1,    /* the same of exit[1] */
    THUNK_LOOKUP2,
    THUNK_SAVE_LOOKUP0, /* the same, flags are in the host's */
    THUNK_SAVE_LOOKUP1,
    THUNK_SAVE_LOOKUP2,
    THUNK_FAR0, /* jmp, r13 = &from->exit[0], a far one */
    THUNK_FAR1,
    THUNK_FAR2,
    THUNK_POLL,     /* call, at the start of a block */
    THUNK_COUNTED,  /* the same */
    THUNK_BOUNCED,  /* call, after an access to the bounce buffer */
    THUNK_MEM_SLOW, /* call, by those: see mem.c */
    THUNK_COPY,     /* call: see string.c; one for each size of elements */
    THUNK_FILL = THUNK_COPY + TCG_QUICK_SIZES,
    THUNK_WIDE = THUNK_FILL + TCG_QUICK_SIZES, /* call, by slow parts of wide
                                                  accesses: for each scratch */
    THUNK_MEM = THUNK_WIDE + EMIT_SCRATCHES,   /* of others: and each slot */
    THUNK_COUNT = THUNK_MEM + EMIT_SCRATCHES * MEM_SLOTS
} EmitThunk;

extern const char *const emit_thunk_names[THUNK_WIDE];
void emit_thunks(Asm *a, TcgContext *ctx);
/* Home registers to env->r and back; env is `env` bytes above rsp. */
void thunk_store_homes(Asm *a, int32_t env);
/* r14 = pc: the way that env->jumps has, or on from here, with r14 the key. Who
 * asks translated code to leave makes that empty. plain: to a translation
 * without groups. */
void thunk_probe(Asm *a, bool plain);
void thunk_load_homes(Asm *a, int32_t env, uint32_t which);

/* ---- Temporaries (regs.c) --------------------------------------------- */

/* base + (index << shift) + disp; wrap: modulo 2^32. Constants have neither
 * base nor index. */
typedef struct EmitAddr {
    IrVal base, index;
    uint8_t shift;
    bool wrap;
    int64_t disp;
} EmitAddr;

typedef enum EmitWhere {
    TEMP_NOWHERE,
    TEMP_REG,
    TEMP_SLOT, /* env->spill[slot] */
    TEMP_LAZY, /* not computed yet: `lazy` says what it is */
} EmitWhere;

typedef struct EmitTemp {
    uint8_t where;
    uint8_t reg;
    int8_t slot;     /* its place in env->spill, or -1 */
    bool slot_valid; /* with TEMP_REG: the slot holds the value, too */
    uint16_t uses;   /* still to come */
    EmitAddr lazy;
} EmitTemp;

/* A last operand: register, memory or constant. */
typedef struct EmitRhs {
    enum { RHS_REG, RHS_MEM, RHS_IMM } kind;
    uint8_t reg;
    int32_t imm;
    AsmMem mem;
} EmitRhs;

/* ---- Out-of-line parts ------------------------------------------------ */

/* A leader's own access, in the slow part of its group's check. */
typedef struct MemLead {
    uint16_t offset; /* in the group */
    uint8_t size;    /* 0: made ahead, there is no access */
    bool write;
    uint8_t before; /* then, what the slow part begins with: bytes */
} __attribute__((packed)) MemLead; /* at any address */

/* Live flags that wait in a register: IrFlags of CF and OF; 0: none do. */
typedef struct EmitKept {
    uint8_t flags, reg;
} EmitKept;

typedef struct Emit Emit;
typedef struct EmitCold EmitCold;
typedef struct ShareGroup ShareGroup;

struct EmitCold {
    void (*emit)(Emit *e, EmitCold *c);
    uint64_t pc;
    uint8_t *start;      /* where it was put */
    uint8_t *jump;       /* rel32 that comes here */
    uint8_t *sum, *base; /* FAR: rel32 of what stands before its stub */
    uint8_t *resume;     /* MEM: the access */
    uint8_t *after;      /* behind it; FAR: the linked jump's */
    uint32_t desc;       /* MEM: MemDesc */
    uint32_t mask;       /* MEM: NativeMask, with MEM_DESC_MASKED */
    MemLead lead;        /* MEM: with MEM_LEADER */
    ShareGroup *group;   /* MEM: that it leads, or NULL */
    AsmMem address; /* MEM: the guest's first byte, base and displacement */
    uint8_t reg;    /* MEM: gets the addend; EXITR: holds the pc */
    EmitKept kept;  /* MEM, ahead.c: the flags meanwhile */
    uint8_t site;   /* MEM: place in TcgTrial.misses */
    uint8_t exit;   /* EXIT, FAR: number */
    bool host;      /* EXIT, FAR: flags are in the host's flags */
    bool poll;
    uint64_t target;         /* EXIT: guest pc */
    const TcgHelper *helper; /* quick CALL */
    int64_t constant;        /* and its last argument; EXITR: IrExitr */
};

/* ---- A compilation ---------------------------------------------------- */

/* What the backward pass found out, per instruction. */
enum {
    INFO_LIVE_AFTER = 1 << 0, /* flags are read later */
    INFO_NEEDED = 1 << 1,     /* flags as before it are read by it or later */
    INFO_FAR = 1 << 2,        /* branch: the label is in another guest insn */
    INFO_SOON = 1 << 3,       /* they are read before the second next access */
    INFO_DEAD = 1 << 4,       /* nobody wants its result */
};

typedef struct EmitLabel {
    uint32_t index; /* of the LABEL instruction */
    uint32_t refs;
    uint32_t fixes;             /* first fix + 1 */
    uint8_t live;               /* IrFlags */
    bool host_flags, env_flags; /* where they are, as in Emit */
    bool folded; /* is an exit whose jump was emitted at the branch */
} EmitLabel;

typedef struct EmitFix {
    uint8_t *rel;
    uint32_t next;
} EmitFix;

typedef struct EmitAccess {
    uint32_t resume; /* offset in the block */
    uint32_t length;
    uint32_t cold; /* its slow part */
} EmitAccess;

/* Accesses that share a check (share.c). */
struct ShareGroup {
    uint32_t first, last; /* indexes of the leader and the last follower */
    int32_t low;          /* the first byte, from the leader's */
    uint32_t size;
    bool write;    /* some are writes */
    bool joined;   /* env->shared has the leader's address in the host, not
                      only what must be added to guest addresses */
    bool stored;   /* it does; before that it is held (held.c) */
    uint8_t place; /* in env->shared */
    /* The leader's address, where it follows from the globals at the block's
     * start, and whoever enters makes the access; else base is IR_NONE. */
    IrVal base, index;
    uint8_t shift;
    int32_t disp;
    bool ahead;     /* checked then: it has followers only (ahead.c) */
    bool fixed;     /* and once for several turns of the loop */
    int32_t stride; /* then: what each turn adds to the address */
};

/* Of a block that jumps back to its start: the globals to which each turn adds
 * a constant, if the one jump back is where nothing else leads to. */
typedef struct ShareTurn {
    uint16_t steady; /* those, one bit each */
    int32_t step[TCG_GLOBALS];
    bool known;
    bool labelled; /* the jump back stands behind the label */
    uint32_t label;
} ShareTurn;

typedef struct ShareAccess {
    uint16_t group; /* 1 + its number; 0: it is in none */
    int16_t at;     /* from the leader's address */
} ShareAccess;

/* What a scratch register still holds (held.c): one of them, or nothing. */
typedef struct EmitHeld {
    ShareGroup *group; /* what is in its place, or NULL */
    IrVal global;      /* or IR_NONE */
    bool owed;         /* which is not in env yet */
    uint32_t used;     /* index of the last instruction that did */
} EmitHeld;

typedef enum EmitEvent { EVENT_NONE, EVENT_READ, EVENT_CLOBBER } EmitEvent;

/* Reused from block to block: no allocation in the steady state. */
struct Emit {
    Asm as;
    uint8_t *start;      /* of the block */
    uint8_t *cold_start; /* of its out-of-line parts; NULL: not yet there */
    uint8_t *limit;      /* of the room where it is now */
    uint32_t hot_size;   /* once it is in the out-of-line parts */
    TcgContext *ctx;
    const struct X86State *st;
    const IrBlock *ir;
    TcgCode *code;

    /* From the backward pass. */
    uint8_t *info;
    EmitLabel *labels;
    uint8_t live_in;     /* IrFlags, at the block's start */
    EmitEvent first_use; /* what happens to them first */
    bool loop;           /* it jumps back to its own start */
    bool unsteady;       /* it has accesses that look in the table by guess */

    /* From share.c, forwards. */
    uint16_t written; /* globals that are, anywhere in the block */
    bool steady;      /* nothing in it may change a mapping */
    ShareTurn turn;
    IrVal counter;             /* ahead.c: it ends a loop's turns; or IR_NONE */
    struct ShareValue *values; /* of globals and temporaries */
    ShareAccess *share;        /* per instruction */
    ShareGroup *groups;
    unsigned group_count;

    /* Where things are at the present place. */
    const IrInsn *insn;
    unsigned index;
    uint8_t now; /* info of insn */
    uint64_t pc;
    bool reachable;
    bool host_flags, env_flags;
    EmitTemp *temps;
    IrVal owner[EMIT_SCRATCHES]; /* temporary, or IR_NONE */
    uint32_t locked;             /* host registers in use by this insn */
    uint16_t slots_used, slots_dead;
    IrVal lazies[32];
    unsigned lazy_count;
    uint32_t places; /* of env->shared that open groups have */
    EmitHeld held[EMIT_SCRATCHES];
    IrVal late; /* a global that is behind by late_by (late.c), or IR_NONE */
    int32_t late_by;
    bool owes; /* guest registers' stores may wait: held.c */

    /* Collected for the end. */
    EmitCold *cold;
    unsigned cold_count;
    EmitFix *fixes;
    unsigned fix_count;
    EmitAccess *access;
    unsigned access_count;
    unsigned sites;             /* of checks, so far */
    uint8_t *side_start, *side; /* marks so far */
    uint32_t side_at;
    uint64_t side_pc;

    unsigned insns_room, temps_room, values_room, labels_room;
};

/* One translation, in offsets in the buffer. Its table stands behind the cold
 * part. */
typedef struct SideBlock {
    uint32_t hot, hot_size, cold, cold_size;
} SideBlock;

/* Those of a region, by address: their list grows down from its end. */
typedef struct SideRegion {
    const SideBlock *end;
    uint32_t count; /* other threads search the list meanwhile */
} SideRegion;

/* What a context keeps: ctx->state. */
typedef struct X86State {
    const uint8_t *thunk[THUNK_COUNT];
    const uint8_t *thunks_end;
    const uint8_t *exec; /* the buffer's executable view */
    const uint8_t *regions_start, *regions_end;
    size_t region_size;
    SideRegion *region; /* of the buffer */
    unsigned region_now;
    Emit emit;
    bool has_bmi2, has_adx, has_lzcnt, has_tzcnt;
} X86State;

/* ops.c: one row per operation. */
typedef struct EmitOp {
    void (*emit)(Emit *e, const IrInsn *i);
    uint32_t opcode; /* parameter of the family's emit function */
    bool clobbers;   /* may lose host flags */
    bool reads_dst;
} EmitOp;
extern const EmitOp emit_ops[IR_OP_COUNT];

static inline bool emit_flags_busy(const Emit *e)
{
    return e->host_flags && !e->env_flags && (e->now & INFO_LIVE_AFTER);
}

/* The group's place. */
static inline AsmMem emit_shared(const ShareGroup *g)
{
    bool near = g->place < TCG_SHARED_NEAR;

    return asm_env(near ? ENV_OFF(shared) + 8 * g->place
                        : ENV_OFF(shared_far) +
                              8 * (g->place - TCG_SHARED_NEAR));
}

static inline const void *emit_thunk(const Emit *e, EmitThunk t)
{
    return e->st->thunk[t];
}

/* regs.c */
void regs_reset(Emit *e);              /* temporaries are gone */
void regs_done(Emit *e);               /* instruction is over: unlock */
unsigned regs_take(Emit *e);           /* a scratch register, locked */
unsigned regs_try(Emit *e);            /* a free one or NO_REG, not locked */
unsigned regs_value(Emit *e, IrVal v); /* register holding v, locked */
unsigned regs_lock(Emit *e, unsigned reg);
unsigned regs_copy(Emit *e, IrVal v);   /* v in a scratch to be changed */
EmitRhs regs_rhs(Emit *e, IrVal v);     /* IR_IMM: the instruction's imm */
EmitRhs regs_mem_rhs(Emit *e, IrVal v); /* register or memory */
bool regs_rather_loads(const Emit *e, IrVal v); /* than reads in env */
bool regs_const(const Emit *e, IrVal v, int64_t *imm);
EmitAddr regs_addr(const Emit *e, IrVal v);
IrVal regs_root(const Emit *e, IrVal v);
unsigned regs_global_of(unsigned home);
bool regs_tight(const Emit *e, EmitAddr a);
bool regs_dies(const Emit *e, IrVal v); /* its last use is now */
void regs_use(Emit *e, IrVal v);        /* a use is over */
void regs_sources_done(Emit *e);        /* of the present instruction */
unsigned regs_define(Emit *e, IrVal dst, unsigned prefer);
void regs_defined(Emit *e, IrVal dst, unsigned reg);
bool regs_define_lazy(Emit *e, IrVal dst, EmitAddr a);
void regs_before_write(Emit *e, IrVal v); /* v's old value is about to go */
void regs_sync(Emit *e);                  /* all temporaries to their slots */
void regs_forget(Emit *e);                /* they are in the slots only */
void regs_settle(Emit *e, IrVal v);       /* compute v now, if it was put off */
void regs_settle_globals(Emit *e);

/* late.c */
bool late_put_off(Emit *e, const IrInsn *i); /* true: it need not be emitted */
void late_before(Emit *e, const IrInsn *i);  /* what it must find made */
void late_settle(Emit *e);
int32_t late_by(const Emit *e, unsigned base); /* still to be added to it */

/* flags.c */
G_STATIC_ASSERT(offsetof(TcgEnv, flags) <= INT8_MAX);
enum { FLAGS_SAVE_BYTES = 15, FLAGS_LOAD_BYTES = 14 };
void flags_save(Emit *e);
void flags_load(Emit *e);
void flags_lose(Emit *e, bool needed); /* host flags are about to change */
void flags_written(Emit *e);
void flags_put_save(Asm *a, unsigned keep);
void flags_put_load(Asm *a, unsigned keep);
/* Flags to a register and back, once. */
void flags_put_kept(Asm *a, EmitKept k);
void flags_put_back_kept(Asm *a, EmitKept k);
void emit_alu_flags(Emit *e, const IrInsn *i);
void emit_cmp_flags(Emit *e, const IrInsn *i);
void emit_unary_flags(Emit *e, const IrInsn *i);
void emit_shift_flags(Emit *e, const IrInsn *i);
void emit_imul_flags(Emit *e, const IrInsn *i);
void emit_imul(Emit *e, const IrInsn *i);
void emit_getf(Emit *e, const IrInsn *i);
void emit_setf(Emit *e, const IrInsn *i);
void emit_setcf(Emit *e, const IrInsn *i);
void emit_setcc(Emit *e, const IrInsn *i);
void emit_cmovcc(Emit *e, const IrInsn *i);

/* plain.c */
void emit_alu_rhs(Asm *a, unsigned alu, IrType t, unsigned dst, EmitRhs rhs);
void emit_alu3(Emit *e, unsigned alu, IrType t, unsigned dst, unsigned a,
               EmitRhs b);
void emit_mov(Emit *e, const IrInsn *i);
void emit_add(Emit *e, const IrInsn *i);
void emit_sub(Emit *e, const IrInsn *i);
void emit_logic(Emit *e, const IrInsn *i);
void emit_shift(Emit *e, const IrInsn *i);
void emit_mul(Emit *e, const IrInsn *i);
void emit_mulh(Emit *e, const IrInsn *i);
void emit_neg(Emit *e, const IrInsn *i);
void emit_not(Emit *e, const IrInsn *i);
void emit_bswap(Emit *e, const IrInsn *i);
void emit_extend(Emit *e, const IrInsn *i);
void emit_extract(Emit *e, const IrInsn *i);
void emit_deposit(Emit *e, const IrInsn *i);
void emit_count(Emit *e, const IrInsn *i);
void emit_popcnt(Emit *e, const IrInsn *i);
void emit_setcond(Emit *e, const IrInsn *i);
void emit_movcond(Emit *e, const IrInsn *i);
void emit_ldenv(Emit *e, const IrInsn *i);
void emit_stenv(Emit *e, const IrInsn *i);
void emit_stenvi(Emit *e, const IrInsn *i);
/* cmp a, b of an instruction with IRA_COND. */
void emit_compare(Emit *e, const IrInsn *i);

/* share.c */
void share_analyse(Emit *e);
size_t share_value_bytes(void);
bool share_follows(const Emit *e, uint32_t index);
/* Then the instruction's address need not be computed. */
bool share_is_joined(const Emit *e, uint32_t index);
ShareGroup *share_group(const Emit *e); /* of the present access, or NULL */
bool share_leads(const Emit *e, const ShareGroup *g);
int32_t share_at(const Emit *e); /* of the present access */
/* Its addresses, if disp is the leader's, have displacements of 32 bits. */
bool share_fits(const ShareGroup *g, int64_t disp);
void share_begin(Emit *e, ShareGroup *g); /* its place in env->shared */
void share_end(Emit *e);                  /* of the present instruction */

/* held.c; reg: a scratch register. */
void held_drop(Emit *e, unsigned reg); /* it will be changed; or NO_REG */
void held_drop_all(Emit *e);
void held_forget(Emit *e, unsigned reg); /* nobody wants what is there */
void held_forget_all(Emit *e);
void held_use(Emit *e, unsigned reg); /* the present instruction does */
/* Is reg the better one to take? */
bool held_is_rather(const Emit *e, unsigned reg, unsigned other);
/* A register with the value of a global that has no home, or NO_REG. */
unsigned held_global(const Emit *e, IrVal g);
void held_set_global(Emit *e, IrVal g, unsigned reg);
void held_drop_global(Emit *e, IrVal g); /* it was written otherwise */
/* reg is its new value. */
void held_write_global(Emit *e, IrVal g, unsigned reg);
void held_pay_all(Emit *e); /* what is owed to env */
void held_choose(Emit *e);  /* may something be owed in this block? */
void held_drop_globals(Emit *e);
/* A register with what is in the group's place, or NO_REG. */
unsigned held_group(const Emit *e, const ShareGroup *g);
void held_set_group(Emit *e, ShareGroup *g, unsigned reg);
/* In memory, too, if it is not and has a follower at `from` or later. */
void held_store_group(Emit *e, ShareGroup *g, unsigned reg, uint32_t from);

/* mem.c */
typedef enum MemKind {
    MEM_LOAD,
    MEM_STORE,
    MEM_BYTES,  /* up to 64, read (and written) by a native instruction */
    MEM_FILLED, /* the same, only written */
    MEM_PROBE,
    MEM_LEADER, /* checks a group; a MemLead stands behind it */
} MemKind;

/* bits 0..7 mode and slot, 8..17 size, 18 write, 19..21 kind, 22 joined: the
 * addend's register holds the whole host address at the access, 23, 24: see
 * below, 25..26: which scratch register gets the addend, 27, 28: see below */
typedef uint32_t MemDesc;
enum {
    MEM_DESC_SIZE = 8,
    MEM_DESC_WRITE = 1 << 18,
    MEM_DESC_KIND = 19,
    MEM_DESC_JOINED = 1 << 22,
    MEM_DESC_STORES = 1 << 23, /* a bounced access must be stored */
    MEM_DESC_LOCKED = 1 << 24, /* and nobody else may come between */
    MEM_DESC_REG = 25,
    MEM_DESC_TABLE = 1 << 27,  /* looks in the table itself */
    MEM_DESC_FLAGS = 1 << 28,  /* the flags are live in the host's */
    MEM_DESC_MASKED = 1 << 29, /* a NativeMask stands behind it */
    MEM_DESC_AMID = 1 << 30,   /* a group is open: light code does it, or a
                                  translation without groups */
};

/* What a slow part looks like. */
enum {
    MEM_DESC_FROM_RETURN = 5, /* from where its thunk returns to */
    MEM_MASK_FROM_RETURN = 9, /* if there is one */
    MEM_LEAD_FROM_RETURN = 9, /* the same */
    MEM_COPY_FROM_RETURN = 9, /* behind that */
    MEM_SLOW_CALL = 8,        /* behind a lea */
    MEM_SLOW_DESC = MEM_SLOW_CALL + 5 + 5,
};

/* A slot's place in env. */
static inline int32_t mem_slot(MemDesc desc)
{
    return ENV_OFF(slot) + (desc & 0xff) * (int32_t)sizeof(TcgSlot);
}

typedef struct MemAccess {
    AsmMem at;     /* host address */
    unsigned reg;  /* scratch: the addend, or, joined, the address */
    unsigned cold; /* MEM_FOLLOWS: there is none */
    unsigned base; /* scratch: only the guest's address, or NO_REG */
    bool joined;
    ShareGroup *group; /* reg holds what is in its place; or NULL */
} MemAccess;
enum { MEM_FOLLOWS = ~0u };

MemAccess mem_check(Emit *e, const IrInsn *i, unsigned size, bool write,
                    MemKind kind, bool flags_needed);
void mem_resume(Emit *e, MemAccess *m); /* the access starts here */
void mem_after(Emit *e, MemAccess m);   /* and ends here */
void mem_locked(Emit *e, MemAccess m);  /* it must be atomic */
void mem_masked(Emit *e, MemAccess m, uint32_t mask); /* NativeMask */
void mem_join(Emit *e, MemAccess *m); /* the address in one register */
/* Its register is about to be overwritten. */
void mem_end_hold(Emit *e, MemAccess *m);
/* A group's check where its leader's address is this, base and displacement. */
void mem_check_ahead(Emit *e, ShareGroup *g, AsmMem address, EmitKept kept);
void mem_slow_thunk(Asm *a, const X86State *st);
void mem_thunks(Asm *a, TcgContext *ctx);
void mem_bounced_thunk(Asm *a, const X86State *st);

/* loads.c */
void emit_ldhost(Emit *e, const IrInsn *i);
void emit_ld(Emit *e, const IrInsn *i);
void emit_st(Emit *e, const IrInsn *i);
void emit_probew(Emit *e, const IrInsn *i);
void emit_atomic(Emit *e, const IrInsn *i);

/* native.c, call.c, exit.c */
void emit_native(Emit *e, const IrInsn *i);
void emit_call(Emit *e, const IrInsn *i);
/* A light helper without arguments, but for the constant, or result. */
void call_light(Emit *e, const TcgHelper *h, int64_t constant);
void emit_exit(Emit *e, const IrInsn *i);
void emit_exitr(Emit *e, const IrInsn *i);
void emit_leave(Emit *e, const IrInsn *i);
void emit_label(Emit *e, const IrInsn *i);
void emit_br(Emit *e, const IrInsn *i);
void emit_brcond(Emit *e, const IrInsn *i);
void emit_brf(Emit *e, const IrInsn *i);
EmitCold *emit_cold(Emit *e, void (*emit)(Emit *e, EmitCold *c));
G_STATIC_ASSERT(offsetof(TcgEnv, exit_request) <= INT8_MAX);
enum {
    COUNTED_BYTES = 5, /* before all others */
    POLL_BYTES = 7,    /* the check before `entry` */
    LEAVE_BYTES = 5,   /* before that */
    /* Before that, where the flags are taken from the host; and before that. */
    HOST_POLL_BYTES = 3 + 4 + 2 + 3 + FLAGS_SAVE_BYTES,
    GO_ON_BYTES = 3 + 2,
    STUB_HEAD = 2, /* data before an exit's stub */
};
void emit_prologue(Emit *e);
void exit_link(TcgContext *ctx, TcgCode *from, unsigned exit, TcgCode *to,
               const TcgEnv *env);
void exit_unlink(TcgContext *ctx, TcgCode *from, unsigned exit);

/* string.c: a call with a TcgQuick. The flags are put away. */
void emit_quick(Emit *e, const IrInsn *i);
void string_thunks(Asm *a, X86State *st);

/* ahead.c: which groups; and their checks, behind the prologue. */
bool ahead_choose(Emit *e);
void emit_ahead(Emit *e);

/* analyse.c: the backward pass. */
void emit_analyse(Emit *e);

/* backend.c: offset of a place in the block; the out-of-line parts count as if
 * they stood behind the rest. */
uint32_t emit_offset(const Emit *e, const uint8_t *p);

/* side.c */
void side_begin(Emit *e);
void side_mark(Emit *e, uint64_t pc); /* from here on it is pc's code */
size_t side_bytes(const Emit *e);
void side_write(const Emit *e, uint8_t *to);
void side_init(TcgContext *ctx); /* once the buffer is divided */
void side_empty(TcgContext *ctx, unsigned region); /* the next ones are there */
/* In the block, as emit_offset() counts. */
uint32_t side_offset(const SideBlock *b, uint32_t at);
/* A block and its table were emitted; there is room for a SideBlock. */
void side_list(TcgContext *ctx, SideBlock b);
/* The block with host address x in it, or NULL. */
const SideBlock *side_find(TcgContext *ctx, const void *x);
/* base: env->pc_base */
bool side_pc(TcgContext *ctx, const void *x, uint64_t base, uint64_t *pc);
/* Where the block that has x begins. There is one. */
uint64_t side_block_pc(TcgContext *ctx, const void *x, uint64_t base);
/* The slow part of the access that x is in, or NULL. */
const uint8_t *side_slow_part(TcgContext *ctx, const void *x);

/* slow.c: C that the thunks call. */
uint8_t *mem_fill(void *env, uint64_t ea, MemDesc desc); /* light */
void *mem_bounce(void *env, uint64_t ea, MemDesc desc);  /* heavy */
bool mem_bounced_light(void *env);                       /* light */
void mem_bounced(void *env);                             /* heavy */
void x86_64_unwind(void *env, int reason);
/* Globals and env->pc are stored. Deliver what was raised, and go on; or leave
 * for `reason`. */
G_NORETURN void x86_64_go_on(void *env, int reason);
/* To env->pc, in a translation without groups; see lookup_plain(). Light. */
G_NORETURN void x86_64_go_plain(void *env, bool once);
uint64_t x86_64_sync_pc(void *env);

void x86_64_print(TcgContext *ctx, const TcgCode *code, GString *out);

#endif
