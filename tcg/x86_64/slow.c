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
    uint8_t *host[2]; /* where a store goes, if that is two pages of RAM */
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
        return t->host + (ea & 4095);
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
        env->slot[mode][desc & (TCG_SLOTS - 1)] =
            (TcgSlot){ page, (uintptr_t)t->host - page };
    }
}

static LIGHT void slow_copy(uint8_t *to, const uint8_t *from, unsigned size)
{
    for (unsigned n = 0; n < size; n++) {
        ((volatile uint8_t *)to)[n] = from[n];
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
    bounce->host[0] = a;
    bounce->host[1] = b;
    uint8_t *data = slow_bounce_data(bounce);
    if (slow_kind(desc) != MEM_STORE && slow_kind(desc) != MEM_FILLED) {
        slow_copy(data, a, low);
        slow_copy(data + low, b, size - low);
    }
    if (desc & MEM_DESC_STORES) {
        ((uint8_t **)env)[-1] += MEM_COPY_FROM_RETURN;
    }
    return data;
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
LIGHT uint8_t *mem_fill(void *env, uint64_t ea, MemDesc desc)
{
    TcgContext *ctx = slow_context(env);
    bool write = desc & MEM_DESC_WRITE;

    if (slow_kind(desc) == MEM_PROBE) {
        return slow_probe(ctx, env, ea, desc);
    }
    if (slow_crosses(ea, desc)) {
        return desc & MEM_DESC_LOCKED ? NULL
                                      : slow_crossing(ctx, env, ea, desc);
    }
    uint8_t *host =
        slow_page(ctx, env, ea, slow_size(desc), slow_mode(desc), write);
    if (host) {
        slow_fill_slot(ctx, env, ea, desc);
    }
    return host;
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
    b->host[0] = NULL;
    uint8_t *data = slow_bounce_data(b);
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
        break;
    }
    return data;
}

/* The access was made in the buffer: store what it wrote, if it is RAM. */
LIGHT bool mem_bounced_light(void *env)
{
    MemBounce *b = slow_bounce(env);
    unsigned low = 4096 - (b->ea & 4095);
    const uint8_t *data = slow_bounce_data(b);

    if (!b->host[0]) {
        return false;
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

    if (slow_kind(b->desc) == MEM_STORE) {
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

/* Globals were stored before the call: leave from env's own stack level. */
LIGHT void x86_64_unwind(void *env, int reason)
{
    const X86State *st = slow_context(env)->state;

    x86_64_sync_pc(env);
    __asm__ volatile("movq %0, %%rsp\n\t"
                     "movl %1, %%r13d\n\t"
                     "jmp *%2"
                     :
                     : "r"(env), "r"(reason), "r"(st->thunk[THUNK_LEAVE_STORED])
                     : "r13");
    __builtin_unreachable();
}
