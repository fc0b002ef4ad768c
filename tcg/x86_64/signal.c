/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host signals that translated code causes, turned into guest events. */
#include "tcg/x86_64/emit.h"

#include <ucontext.h>

/* The context's registers by encoding number. */
static const uint8_t signal_regs[16] = {
    [RAX] = REG_RAX, [RCX] = REG_RCX, [RDX] = REG_RDX, [RBX] = REG_RBX,
    [RSP] = REG_RSP, [RBP] = REG_RBP, [RSI] = REG_RSI, [RDI] = REG_RDI,
    [R8] = REG_R8,   [R9] = REG_R9,   [R10] = REG_R10, [R11] = REG_R11,
    [R12] = REG_R12, [R13] = REG_R13, [R14] = REG_R14, [R15] = REG_R15,
};

static greg_t *signal_reg(ucontext_t *uc, unsigned reg)
{
    return &uc->uc_mcontext.gregs[signal_regs[reg]];
}

static MemDesc signal_slow_desc(const uint8_t *slow)
{
    MemDesc desc;

    memcpy(&desc, slow + MEM_SLOW_DESC, sizeof(desc));
    return desc;
}

static bool signal_leads(MemDesc desc)
{
    return (desc >> MEM_DESC_KIND & 7) == MEM_LEADER;
}

/* Done without slots. */
static bool signal_is_wide(MemDesc desc)
{
    return (desc >> MEM_DESC_SIZE & 1023) > MEM_WIDE && !signal_leads(desc);
}

/* Zeroes if it is no leader's. */
static MemLead signal_lead(const uint8_t *slow)
{
    MemLead lead = {};

    if (signal_leads(signal_slow_desc(slow))) {
        memcpy(&lead, slow + MEM_SLOW_DESC + sizeof(MemDesc), sizeof(lead));
    }
    return lead;
}

static unsigned signal_slow_reg(MemDesc desc)
{
    return EMIT_SCRATCH_FIRST + (desc >> MEM_DESC_REG & 3);
}

/* Was the access made through its empty slot? In a bounce buffer it was not,
 * though the slot is empty then, too. */
static bool signal_through_slot(ucontext_t *uc, MemDesc desc, TcgSlot slot)
{
    uint64_t reg = *signal_reg(uc, signal_slow_reg(desc));

    if (desc & MEM_DESC_JOINED) {
        return reg - slot.addend - slot.page < 4096;
    }
    return reg == slot.addend;
}

bool tcg_x86_64_fault(TcgContext *ctx, void *ucontext)
{
    ucontext_t *uc = ucontext;
    const uint8_t *rip = (const uint8_t *)uc->uc_mcontext.gregs[REG_RIP];
    const uint8_t *slow = side_slow_part(ctx, rip);

    if (!slow) {
        return false;
    }
    MemDesc desc = signal_slow_desc(slow);
    TcgEnv *env = (TcgEnv *)*signal_reg(uc, RSP);
    TcgSlot slot = (&env->slot[0][0])[desc & 0xff];

    if (slot.page != TCG_SLOT_EMPTY || desc & MEM_DESC_TABLE ||
        ctx->switches & TCG_OFF_SLOTS || signal_is_wide(desc) ||
        !signal_through_slot(uc, desc, slot)) {
        return false;
    }
    MemLead lead = signal_lead(slow);
    if (signal_leads(desc) && !lead.size) { /* from the start: see mem.c */
        uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(slow - lead.before);
        return true;
    }
    if (desc & MEM_DESC_FLAGS) { /* which its slow part would begin with */
        uint64_t eflags = uc->uc_mcontext.gregs[REG_EFL];

        env->flags = (eflags & 0xff) << 8 | (eflags >> 11 & 1);
    }
    if (desc & MEM_DESC_JOINED) {
        greg_t *base = signal_reg(uc, signal_slow_reg(desc));

        *base = (greg_t)((uint64_t)*base - slot.addend - lead.offset);
        slow += MEM_SLOW_CALL;
    }
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)slow;
    return true;
}

bool tcg_x86_64_raise(TcgContext *ctx, void *ucontext, TcgHelperFn *fn,
                      uint64_t a, uint64_t b)
{
    ucontext_t *uc = ucontext;
    const X86State *st = ctx->state;
    greg_t *rip = &uc->uc_mcontext.gregs[REG_RIP];

    if (!side_find(ctx, (const void *)*rip)) {
        return false;
    }
    TcgEnv *env = (TcgEnv *)*signal_reg(uc, RSP);
    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        if (emit_home[g] != NO_REG) {
            env->r[g] = *signal_reg(uc, emit_home[g]);
        }
    }
    /* As if the instruction had called fn: its own address is below env. */
    ((uint64_t *)env)[-1] = *rip + 1;
    *signal_reg(uc, RSP) = (greg_t)((uint64_t *)env - 1);
    *signal_reg(uc, R11) = (greg_t)fn;
    *signal_reg(uc, RDI) = (greg_t)env;
    *signal_reg(uc, RSI) = a;
    *signal_reg(uc, RDX) = b;
    *signal_reg(uc, RCX) = *signal_reg(uc, R8) = 0;
    *rip = (greg_t)st->thunk[THUNK_HEAVY];
    uc->uc_mcontext.gregs[REG_EFL] &= ~(1 << 10); /* DF: the ABI's */
    return true;
}
