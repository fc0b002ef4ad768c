/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The C that translated code calls by itself: memory accesses beyond the
 * table, and giving up an instruction.
 *
 * What is marked LIGHT runs with the guest's vector state in the host's
 * registers: general registers only, and no calls out of light code.
 */
#include "tcg/x86_64/emit.h"

#define LIGHT __attribute__((target("general-regs-only")))

/* At the low end of env's stack. data: page-crossing and MMIO operands, at the
 * guest address's own alignment, as instructions check it. */
typedef struct MemBounce {
    uint64_t ea;
    MemDesc desc;
    bool light;        /* two pages of RAM, or one that is watched: */
    uint8_t *host[2];  /* where a store goes; NULL: nothing is stored there, or
                          there is one page */
    uint64_t elements; /* MEM_DESC_MASKED: which are accessed, and their size */
    unsigned element;
    uint8_t data[640] __attribute__((aligned(64)));
} MemBounce;

static LIGHT TcgContext *slow_context(void *env)
{
    return ((TcgEnv *)env)->backend[ENV_CONTEXT];
}

static LIGHT MemBounce *slow_bounce(void *env)
{
    return (MemBounce *)((uint8_t *)env - TCG_STACK_SIZE);
}

static LIGHT uint8_t *slow_bounce_data(MemBounce *b)
{
    return b->data + (b->ea & 63);
}

static LIGHT unsigned slow_size(MemDesc desc)
{
    return desc >> MEM_DESC_SIZE & 1023;
}

static LIGHT unsigned slow_mode(MemDesc desc)
{
    return (desc & 0xff) / TCG_SLOTS;
}

static LIGHT MemKind slow_kind(MemDesc desc)
{
    return desc >> MEM_DESC_KIND & 7;
}

static LIGHT bool slow_crosses(uint64_t ea, MemDesc desc)
{
    return (ea & 4095) + slow_size(desc) > 4096;
}

/* A writing access goes on at its copy, which the buffer's storing ends. */
static LIGHT void slow_go_on_at_copy(void *env, MemDesc desc)
{
    if (desc & MEM_DESC_STORES) {
        ((uint8_t **)env)[-1] +=
            MEM_COPY_FROM_RETURN + (desc & MEM_DESC_MASKED ? 4 : 0);
    }
}

/* Globals were stored before the call: go on from env's own stack level. */
G_NORETURN static LIGHT void slow_leave(void *env, uint64_t r13,
                                        const uint8_t *thunk)
{
    __asm__ volatile("movq %0, %%rsp\n\t"
                     "movq %1, %%r13\n\t"
                     "jmp *%2"
                     :
                     : "r"(env), "r"(r13), "r"(thunk)
                     : "r13");
    __builtin_unreachable();
}

/* ---- masks ------------------------------------------------------------ */

static LIGHT uint64_t slow_opmask(unsigned k)
{
    uint64_t v = 0;

#define READ(n)                                                                \
    case n:                                                                    \
        __asm__ volatile("kmovq %%k" #n ", %0" : "=r"(v));                     \
        break
    switch (k) {
        READ(1);
        READ(2);
        READ(3);
        READ(4);
        READ(5);
        READ(6);
        READ(7);
    default:
        break;
    }
#undef READ
    return v;
}

/* The description behind the call says which bits of which register. */
static LIGHT void slow_get_elements(void *env, MemBounce *b, MemDesc desc)
{
    const uint8_t *at = ((uint8_t **)env)[-1] + MEM_MASK_FROM_RETURN;
    uint32_t mask = at[0] | at[1] << 8;
    uint64_t k = slow_opmask(mask & NATIVE_MASK_REG);

    b->element = native_mask_element(mask);
    b->elements = native_mask_elements(mask, k, slow_size(desc));
}

/* The first byte from..to of the operand that is accessed; or -1. */
static LIGHT int slow_first_byte(const MemBounce *b, unsigned from, unsigned to)
{
    for (unsigned n = from; n < to; n++) {
        if (b->elements >> n / b->element & 1) {
            return n;
        }
    }
    return -1;
}

/* ---- accesses --------------------------------------------------------- */

static LIGHT const TcgTlbEntry *slow_entry(const TcgEnv *env, uint64_t ea,
                                           unsigned mode)
{
    return &env->tlb[mode][(ea >> 12) & (TCG_TLB_SIZE - 1)];
}

/* TcgContext.fill, but for what the table has: accesses that the thunks do not
 * try there come here as well. */
static LIGHT uint8_t *slow_page(TcgContext *ctx, TcgEnv *env, uint64_t ea,
                                unsigned size, unsigned mode, bool write)
{
    const TcgTlbEntry *t = slow_entry(env, ea, mode);

    if ((write ? t->write : t->read) == (ea & ~UINT64_C(4095))) {
        return tcg_tlb_host(t, ea);
    }
    return ctx->fill(env, ea, size, mode, write);
}

/* The table may not have taken the page (watched, once only): then the slot
 * must not either. */
static LIGHT void slow_fill_slot(TcgContext *ctx, TcgEnv *env, uint64_t ea,
                                 MemDesc desc)
{
    unsigned mode = slow_mode(desc);
    const TcgTlbEntry *t = slow_entry(env, ea, mode);
    uint64_t page = ea & ~UINT64_C(4095);

    if ((desc & MEM_DESC_WRITE ? t->write : t->read) == page &&
        !(ctx->switches & TCG_OFF_SLOTS)) {
        env->slot[mode][desc & (TCG_SLOTS - 1)] = (TcgSlot){ page, t->addend };
    }
}

/* By words, each byte once: others may store there, too. */
static LIGHT void slow_copy(uint8_t *to, const uint8_t *from, unsigned size)
{
    uint64_t word;

    for (; size >= sizeof(word); size -= sizeof(word)) {
        __builtin_memcpy(&word, from, sizeof(word));
        __builtin_memcpy(to, &word, sizeof(word));
        __asm__ volatile("" ::: "memory"); /* no call of memcpy */
        from += sizeof(word);
        to += sizeof(word);
    }
    while (size-- > 0) {
        *(volatile uint8_t *)to++ = *from++;
    }
}

/* An access to two pages of RAM needs no more than this; one that writes goes
 * on at its copy, which mem_bounced_light() ends. */
static LIGHT uint8_t *slow_crossing(TcgContext *ctx, void *env, uint64_t ea,
                                    MemDesc desc)
{
    unsigned mode = slow_mode(desc), size = slow_size(desc);
    unsigned low = 4096 - (ea & 4095);
    bool write = desc & MEM_DESC_WRITE;
    uint8_t *a = slow_page(ctx, env, ea, low, mode, write);
    uint8_t *b =
        a ? slow_page(ctx, env, ea + low, size - low, mode, write) : NULL;
    MemBounce *bounce = slow_bounce(env);

    if (!b) {
        return NULL;
    }
    bounce->ea = ea;
    bounce->desc = desc;
    bounce->light = true;
    bounce->host[0] = a;
    bounce->host[1] = b;
    uint8_t *data = slow_bounce_data(bounce);
    if (slow_kind(desc) != MEM_STORE && slow_kind(desc) != MEM_FILLED) {
        slow_copy(data, a, low);
        slow_copy(data + low, b, size - low);
    }
    slow_go_on_at_copy(env, desc);
    return data;
}

/* The page of bytes from..to of a masked operand, if any is accessed. False: it
 * is no RAM. */
static LIGHT bool slow_masked_page(TcgContext *ctx, void *env, MemBounce *b,
                                   unsigned from, unsigned to, uint8_t **host)
{
    int first = slow_first_byte(b, from, to);

    *host = NULL;
    if (first < 0) {
        return true;
    }
    *host = ctx->fill(env, b->ea + (unsigned)first, 1, slow_mode(b->desc),
                      b->desc & MEM_DESC_WRITE);
    if (*host) {
        *host -= (unsigned)first - from;
    }
    return *host;
}

/* Only pages that an element is accessed in must be there. Where there is none,
 * the access is made in the buffer, and forgotten. */
static LIGHT uint8_t *slow_masked(TcgContext *ctx, void *env, uint64_t ea,
                                  MemDesc desc)
{
    MemBounce *b = slow_bounce(env);
    unsigned size = slow_size(desc);
    unsigned low = slow_crosses(ea, desc) ? 4096 - (ea & 4095) : size;
    uint8_t *data;

    b->ea = ea;
    b->desc = desc;
    slow_get_elements(env, b, desc);
    bool first = slow_masked_page(ctx, env, b, 0, low, &b->host[0]);
    b->light = slow_masked_page(ctx, env, b, low, size, &b->host[1]) && first;
    if (!b->light) {
        return NULL;
    }
    if (low == size && b->host[0]) {
        slow_fill_slot(ctx, env, ea, desc);
        return b->host[0];
    }
    data = slow_bounce_data(b);
    for (unsigned n = 0; n < 2; n++) {
        if (b->host[n]) {
            slow_copy(data + (n ? low : 0), b->host[n], n ? size - low : low);
        }
    }
    if (b->elements) {
        slow_go_on_at_copy(env, desc);
    }
    return data;
}

/* A store to a watched page; NULL: it is not known to be one. What changes
 * something there goes on at its copy, as above. */
static LIGHT uint8_t *slow_watched(TcgContext *ctx, void *env, uint64_t ea,
                                   MemDesc desc)
{
    const TcgTlbEntry *t = slow_entry(env, ea, slow_mode(desc));
    unsigned size = slow_size(desc);
    MemBounce *bounce = slow_bounce(env);

    if (t->read != (ea & ~UINT64_C(4095)) || !(t->paddr & TCG_TLB_WATCHED) ||
        ctx->switches & TCG_OFF_WATCH) {
        return NULL;
    }
    uint8_t *host = tcg_tlb_host(t, ea);
    if (slow_kind(desc) == MEM_LOAD) { /* the store comes later */
        return host;
    }
    TcgWatched meets = ctx->watched(env, host, size);
    if (meets == TCG_WATCHED_CLEAR) {
        return host;
    }
    if (meets == TCG_WATCHED_GONE || desc & MEM_DESC_LOCKED) {
        return NULL;
    }
    bounce->ea = ea;
    bounce->desc = desc;
    bounce->light = true;
    bounce->host[0] = host;
    bounce->host[1] = NULL;
    if (slow_kind(desc) == MEM_BYTES) {
        ctx->check_watched(env, host, size);
        slow_copy(slow_bounce_data(bounce), host, size);
    }
    slow_go_on_at_copy(env, desc);
    return slow_bounce_data(bounce);
}

static LIGHT uint8_t *slow_probe(TcgContext *ctx, void *env, uint64_t ea,
                                 MemDesc desc)
{
    unsigned mode = slow_mode(desc);
    uint64_t last = ea + slow_size(desc) - 1;

    slow_page(ctx, env, ea, 1, mode, true);
    /* The second page faults at its begin. */
    slow_page(ctx, env, slow_crosses(ea, desc) ? last & ~UINT64_C(4095) : last,
              1, mode, true);
    return env; /* there is no access */
}

/* Where the access may be made directly, or NULL. */
static LIGHT uint8_t *slow_fill(TcgContext *ctx, TcgEnv *env, uint64_t ea,
                                MemDesc desc)
{
    bool write = desc & MEM_DESC_WRITE;

    if (slow_kind(desc) == MEM_PROBE) {
        return slow_probe(ctx, env, ea, desc);
    }
    if (desc & MEM_DESC_MASKED) {
        return slow_masked(ctx, env, ea, desc);
    }
    if (slow_crosses(ea, desc)) {
        return desc & MEM_DESC_LOCKED ? NULL
                                      : slow_crossing(ctx, env, ea, desc);
    }
    uint8_t *host = write ? slow_watched(ctx, env, ea, desc) : NULL;
    if (host) {
        return host;
    }
    host = slow_page(ctx, env, ea, slow_size(desc), slow_mode(desc), write);
    if (host) {
        slow_fill_slot(ctx, env, ea, desc);
    } else if (write) { /* now the table knows it */
        host = slow_watched(ctx, env, ea, desc);
    }
    return host;
}

/* ---- groups ----------------------------------------------------------- */

/* The instruction at env->pc is begun anew. */
LIGHT void x86_64_go_plain(void *env, bool once)
{
    TcgContext *ctx = slow_context(env);
    const X86State *st = ctx->state;
    const TcgCode *code =
        ctx->lookup_plain ? ctx->lookup_plain(env, once) : NULL;

    if (code) {
        slow_leave(env, (uintptr_t)code->entry, st->thunk[THUNK_GO]);
    }
    slow_leave(env, TCG_LEAVE_PLAIN, st->thunk[THUNK_LEAVE_STORED]);
}

/* The group's bytes are in one page. It must be RAM, for writing if one of them
 * is written. What the leader itself does decides how it faults; what is
 * checked ahead has no leader, and must not fault yet. */
static LIGHT uint8_t *slow_lead(TcgContext *ctx, TcgEnv *env, uint64_t ea,
                                MemDesc desc)
{
    const uint8_t *at = ((uint8_t **)env)[-1] + MEM_LEAD_FROM_RETURN;
    const MemLead *lead = (const MemLead *)at;
    unsigned mode = slow_mode(desc);
    const TcgTlbEntry *t = slow_entry(env, ea, mode);
    bool ahead = !lead->size;
    bool once = ahead && ctx->touch && ctx->touch(env, ea, mode);
    bool ram = ahead || slow_page(ctx, env, ea + lead->offset, lead->size, mode,
                                  lead->write);

    if (ram && (desc & MEM_DESC_WRITE ? t->write : t->read) ==
                   (ea & ~UINT64_C(4095))) {
        slow_fill_slot(ctx, env, ea, desc);
        return tcg_tlb_host(t, ea);
    }
    x86_64_sync_pc(env);
    x86_64_go_plain(env, once);
}

/* One of many misses: the thunk that counts them came here. */
static LIGHT void slow_note_miss(TcgContext *ctx, TcgEnv *env)
{
    if (ctx->missed && env->misses_left < 0) {
        const void *from = ((void **)env)[-1];
        ctx->missed(env, side_block_pc(ctx, from, env->pc_base));
    }
}

LIGHT uint8_t *mem_fill(void *env, uint64_t ea, MemDesc desc)
{
    TcgContext *ctx = slow_context(env);

    slow_note_miss(ctx, env);
    uint8_t *host = slow_kind(desc) == MEM_LEADER
                        ? slow_lead(ctx, env, ea, desc)
                        : slow_fill(ctx, env, ea, desc);

    if (!host && desc & MEM_DESC_AMID) {
        x86_64_sync_pc(env);
        x86_64_go_plain(env, false);
    }
    return host;
}

/* mem_fill() has left the elements in the buffer. */
static void slow_load_elements(TcgContext *ctx, void *env, MemBounce *b)
{
    for (uint64_t left = b->elements; left; left &= left - 1) {
        unsigned at = __builtin_ctzll(left) * b->element;
        ctx->load_bytes(env, b->ea + at, slow_bounce_data(b) + at, b->element,
                        slow_mode(b->desc), b->desc & MEM_DESC_WRITE);
    }
}

static void slow_store_elements(TcgContext *ctx, void *env, MemBounce *b)
{
    for (uint64_t left = b->elements; left; left &= left - 1) {
        unsigned at = __builtin_ctzll(left) * b->element;
        ctx->store_bytes(env, b->ea + at, slow_bounce_data(b) + at, b->element,
                         slow_mode(b->desc));
    }
}

/* Fill the buffer with what the access will read. An instruction that only
 * writes must not read a device's registers; across pages the reading also
 * checks the second one. */
void *mem_bounce(void *env, uint64_t ea, MemDesc desc)
{
    TcgContext *ctx = slow_context(env);
    MemBounce *b = slow_bounce(env);
    unsigned mode = slow_mode(desc), size = slow_size(desc);
    bool write = desc & MEM_DESC_WRITE;
    uint64_t value = 0;

    b->ea = ea;
    b->desc = desc;
    b->light = false;
    uint8_t *data = slow_bounce_data(b);
    if (desc & MEM_DESC_MASKED) {
        slow_load_elements(ctx, env, b);
        slow_go_on_at_copy(env, desc);
        return data;
    }
    switch (slow_kind(desc)) {
    case MEM_LOAD:
        if (write && slow_crosses(ea, desc)) { /* both must be writable */
            ctx->load_bytes(env, ea, data, size, mode, true);
            break;
        }
        value = ctx->load(env, ea, size, mode);
        memcpy(data, &value, sizeof(value));
        break;
    case MEM_BYTES:
        if ((desc & MEM_DESC_LOCKED) && ctx->alone) {
            ctx->alone(env);
        }
        ctx->load_bytes(env, ea, data, size, mode, write);
        break;
    case MEM_FILLED:
        if (slow_crosses(ea, desc)) {
            ctx->load_bytes(env, ea, data, size, mode, write);
        }
        break;
    case MEM_STORE:
    case MEM_PROBE:
    case MEM_LEADER: /* never comes here */
        break;
    }
    slow_go_on_at_copy(env, desc);
    return data;
}

/* Neither what is masked off nor its neighbours: others may write them. */
static LIGHT void slow_store_masked(MemBounce *b, unsigned low)
{
    const uint8_t *data = slow_bounce_data(b);

    for (unsigned n = 0; n < slow_size(b->desc); n++) {
        uint8_t *to = n < low ? b->host[0] + n : b->host[1] + n - low;
        if (b->elements >> n / b->element & 1) {
            *(volatile uint8_t *)to = data[n];
        }
    }
}

/* The access was made in the buffer: store what it wrote, if it is RAM. */
LIGHT bool mem_bounced_light(void *env)
{
    MemBounce *b = slow_bounce(env);
    unsigned low = 4096 - (b->ea & 4095);
    const uint8_t *data = slow_bounce_data(b);

    if (!b->light) {
        return false;
    }
    if (b->desc & MEM_DESC_MASKED) {
        slow_store_masked(b, low);
        return true;
    }
    if (!b->host[1]) {
        unsigned size = slow_size(b->desc);
        slow_context(env)->store_watched(env, b->host[0], data, size,
                                         size <= 8);
        return true;
    }
    slow_copy(b->host[0], data, low);
    slow_copy(b->host[1], data + low, slow_size(b->desc) - low);
    return true;
}

void mem_bounced(void *env)
{
    TcgContext *ctx = slow_context(env);
    MemBounce *b = slow_bounce(env);
    unsigned mode = slow_mode(b->desc), size = slow_size(b->desc);
    uint64_t value = 0;

    if (b->desc & MEM_DESC_MASKED) {
        slow_store_elements(ctx, env, b);
    } else if (slow_kind(b->desc) == MEM_STORE) {
        memcpy(&value, slow_bounce_data(b), size);
        ctx->store(env, b->ea, value, size, mode);
    } else {
        ctx->store_bytes(env, b->ea, slow_bounce_data(b), size, mode);
    }
}

/* ---- giving up -------------------------------------------------------- */

/* Light. The call from translated code left its return address below env;
 * where that is not in a block (look-ups), env->pc is right already. */
LIGHT uint64_t x86_64_sync_pc(void *env)
{
    TcgEnv *tcg = env;

    side_pc(slow_context(env), ((uint8_t **)env)[-1] - 1, tcg->pc_base,
            &tcg->pc);
    return tcg->pc;
}

/* May translated code go on where an exception leads to? The guest's vector
 * state stays where it is: that saves the most expensive part of the way out
 * and in. */
static LIGHT bool slow_deliver(TcgContext *ctx, TcgEnv *env)
{
    const EmitFpu *fpu = (const EmitFpu *)&env->backend[ENV_FPU];
    bool light = fpu->in_host || !ctx->fpu_mask;

    ((void **)env)[-1] = NULL; /* env->pc is right: see x86_64_sync_pc() */
    return ctx->deliver && light &&
           !__atomic_load_n(&env->exit_request, __ATOMIC_RELAXED) &&
           ctx->deliver(env);
}

/* The entry for env's present pc, as an indirect jump finds it. */
static LIGHT const void *slow_find_entry(TcgContext *ctx, TcgEnv *env)
{
    const TcgJump *jumps = __atomic_load_n(&env->jumps, __ATOMIC_RELAXED);
    const TcgJump *j = &jumps[tcg_jump_hash(env->pc)];

    if (j->key == (env->pc ^ env->jump_key)) {
        env->pc_base = tcg_pc_base(env->pc);
        return j->code;
    }
    const TcgCode *code = ctx->lookup(env, NULL, 0);
    return code ? code->entry : NULL;
}

LIGHT void x86_64_go_on(void *env, int reason)
{
    TcgContext *ctx = slow_context(env);
    const X86State *st = ctx->state;

    if (slow_deliver(ctx, env)) {
        const void *entry = slow_find_entry(ctx, env);

        if (entry) {
            slow_leave(env, (uintptr_t)entry, st->thunk[THUNK_GO]);
        }
        reason = TCG_LEAVE_LOOKUP;
    }
    slow_leave(env, reason, st->thunk[THUNK_LEAVE_STORED]);
}

LIGHT void x86_64_unwind(void *env, int reason)
{
    const X86State *st = slow_context(env)->state;

    x86_64_sync_pc(env);
    if (reason == TCG_LEAVE_RAISED) {
        x86_64_go_on(env, reason);
    }
    slow_leave(env, reason, st->thunk[THUNK_LEAVE_STORED]);
}
