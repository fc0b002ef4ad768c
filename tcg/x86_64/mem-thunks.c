/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the slow parts of accesses call: one thunk for each slot and scratch
 * register, which looks in env->tlb[] and fills the slot, and behind them the
 * way to C and back.
 */
#include "tcg/x86_64/emit.h"

/* What the table does not have: called by the thunks of the register pairs,
 * address and result in env. Light C first; what that cannot do goes through
 * the bounce buffer. */
void mem_slow_thunk(Asm *a, const X86State *st)
{
    enum { BLOCK = 8, ENV = 16 }; /* offsets of return address and env */
    const AsmMem address = asm_env(ENV + ENV_BACKEND(ENV_ADDRESS));

    thunk_store_homes(a, ENV);
    asm_load(a, RDX, asm_env(BLOCK));
    asm_lea(a, RDI, asm_env(ENV));
    asm_load(a, RSI, address);
    asm_load32(a, RDX, asm_mem(RDX, MEM_DESC_FROM_RETURN));
    asm_call_c(a, mem_fill);
    asm_rr(a, asm_typed(0x84, IR_I64), RAX, RAX);
    uint8_t *done = asm_jcc8(a, IR_CC_NE);
    asm_load(a, RDX, asm_env(BLOCK));
    asm_lea(a, RDI, asm_env(ENV));
    asm_load(a, RSI, address);
    asm_load32(a, RDX, asm_mem(RDX, MEM_DESC_FROM_RETURN));
    asm_address(a, R11, mem_bounce);
    asm_call_to(a, st->thunk[THUNK_HEAVY]);
    asm_fix8(done, a->p);
    asm_store(a, address, RAX);
    thunk_load_homes(a, ENV, EMIT_CALLER_SAVED);
    asm_u8(a, 0xc3);
}

/* reg = address: leave it to C, which keeps reg. */
static void mem_wide_thunk(Asm *a, unsigned reg, const X86State *st)
{
    const AsmMem address = asm_env(8 + ENV_BACKEND(ENV_ADDRESS));

    asm_store(a, address, reg);
    asm_call_to(a, st->thunk[THUNK_MEM_SLOW]);
    asm_rr(a, asm_typed_group(0xf6, IR_I64), GROUP3_NEG, reg);
    asm_alu_rm(a, ALU_ADD, IR_I64, reg, address);
    asm_u8(a, 0xc3);
}

/* rax = a byte that must be in the page: what may cross its end is left to C,
 * but a leader has looked. Gives back where others than leaders come in. */
static const uint8_t *mem_slot_thunk_entries(Asm *a, unsigned reg)
{
    const uint8_t *lead = a->p;

    asm_u8(a, 0x50); /* push rax */
    asm_mov(a, RAX, reg);
    asm_u8(a, 0xeb); /* jmp */
    uint8_t *over = a->p++;
    g_assert(a->p - lead == THUNK_LEAD_BYTES);
    const uint8_t *entry = asm_exec(a, a->p);
    asm_u8(a, 0x50); /* push rax */
    asm_lea(a, RAX, asm_mem(reg, MEM_WIDE - 1));
    asm_fix8(over, a->p);
    return entry;
}

/* reg = address. counts: the accelerator wants to hear of misses. */
static const uint8_t *mem_slot_thunk(Asm *a, unsigned reg, unsigned slot,
                                     const uint8_t *wide, bool counts)
{
    const int32_t env = 16;
    const AsmMem page = asm_env(env + mem_slot(slot));
    const AsmMem addend = asm_env(env + mem_slot(slot) + 8);
    const AsmMem address = asm_env(env + ENV_BACKEND(ENV_ADDRESS));
    const int32_t tlb = env + ENV_OFF(tlb) + 8 * (slot / TCG_SLOTS);
    const AsmMem tag = asm_mem(reg, slot & 1 ? offsetof(TcgTlbEntry, write)
                                             : offsetof(TcgTlbEntry, read));

    G_STATIC_ASSERT(sizeof(TcgTlbEntry) == 32);
    const uint8_t *entry = mem_slot_thunk_entries(a, reg);
    asm_store(a, address, reg);
    asm_shift_i(a, SHIFT_SHR, IR_I64, reg, 12 - 5);
    asm_alu_ri(a, ALU_AND, IR_I32, reg, (TCG_TLB_SIZE - 1) << 5);
    asm_alu_rm(a, ALU_ADD, IR_I64, reg, asm_env(tlb));
    asm_alu_ri(a, ALU_AND, IR_I64, RAX, -4096);
    asm_alu_rm(a, ALU_CMP, IR_I64, RAX, tag);
    uint8_t *miss = asm_jcc8(a, IR_CC_NE), *spent = NULL;
    if (counts) {
        asm_alu_mi(a, ALU_SUB, IR_I32, asm_env(env + ENV_OFF(misses_left)), 1);
        spent = asm_jcc8(a, IR_CC_S);
    }
    asm_store(a, page, RAX);
    asm_load(a, reg, asm_mem(reg, offsetof(TcgTlbEntry, addend)));
    asm_store(a, addend, reg);
    asm_u8(a, 0x58); /* pop rax; ret */
    asm_u8(a, 0xc3);
    asm_fix8(miss, a->p);
    if (spent) {
        asm_fix8(spent, a->p);
    }
    asm_load(a, reg, address);
    asm_u8(a, 0x58);
    asm_jmp_to(a, wide);
    return entry;
}

void mem_thunks(Asm *a, TcgContext *ctx)
{
    X86State *st = ctx->state;

    for (unsigned n = 0; n < EMIT_SCRATCHES; n++) {
        unsigned reg = EMIT_SCRATCH_FIRST + n;

        asm_pad(a, 16, 0);
        st->thunk[THUNK_WIDE + n] = asm_exec(a, a->p);
        mem_wide_thunk(a, reg, st);
        for (unsigned slot = 0; slot < MEM_SLOTS; slot++) {
            asm_pad(a, 16, 0);
            st->thunk[THUNK_MEM + n * MEM_SLOTS + slot] = mem_slot_thunk(
                a, reg, slot, st->thunk[THUNK_WIDE + n], ctx->missed);
        }
    }
}

/* After the copy of a bounced access: store the buffer, flags untouched. */
void mem_bounced_thunk(Asm *a, const X86State *st)
{
    asm_u8(a, 0x9c); /* pushf */
    thunk_store_homes(a, 16);
    asm_lea(a, RDI, asm_mem(RSP, 16));
    asm_call_c(a, mem_bounced_light);
    asm_rr(a, 0x84, RAX, RAX); /* test al, al */
    uint8_t *done = asm_jcc8(a, IR_CC_NE);
    asm_lea(a, RDI, asm_mem(RSP, 16));
    asm_address(a, R11, mem_bounced);
    asm_call_to(a, st->thunk[THUNK_HEAVY]);
    asm_fix8(done, a->p);
    thunk_load_homes(a, 16, EMIT_CALLER_SAVED);
    asm_u8(a, 0x9d); /* popf */
    asm_u8(a, 0xc3);
}
