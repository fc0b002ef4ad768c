/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Additions to a base that wait (tcg/x86_64/late.c): random frames with pushes,
 * pops and all that may ask for the base in between, against the interpreter;
 * and what others see of it where the block is left.
 */
#include "tests/tcg/vm.h"

#include <string.h>

enum { PC = 0x1000, SP = 4, FP = 5, INSNS = 14, BLOCKS = 2000, NOWHERE = 8 };

static uint64_t help_look(void *env, uint64_t a, uint64_t b, uint64_t c,
                          uint64_t d)
{
    const uint64_t *r = ((TcgEnv *)env)->r;

    return r[SP] * 3 + r[FP];
}

static void late_push(IrBlock *b, IrVal base, IrVal value)
{
    ir_st(b, base, -8, value, vm_mem(3, 1));
    ir_op2i(b, IR_ADD, IR_I64, base, base, -8);
}

static void late_pop(IrBlock *b, IrVal base, IrVal to)
{
    ir_ld(b, IR_I64, to, base, 0, vm_mem(3, 0));
    ir_op2i(b, IR_ADD, IR_I64, base, base, 8);
}

static void late_call(IrBlock *b, IrVal to)
{
    static const TcgHelper helper = { "look", help_look, TCG_LIGHT };

    ir_call(b, &helper, to, IR_NONE, IR_NONE, IR_NONE, 0);
}

static void late_by_temp(IrBlock *b, IrVal base, IrVal to)
{
    IrVal t = ir_temp(b);

    ir_op2i(b, IR_ADD, IR_I64, t, base, 16);
    ir_op2i(b, IR_SUB, IR_I64, base, base, 24);
    ir_ld(b, IR_I64, to, t, 0, vm_mem(3, 0));
}

static void late_branch(IrBlock *b, IrVal value)
{
    unsigned label = ir_new_label(b);

    ir_brcondi(b, IR_CC_E, IR_I64, value, 0, label);
    ir_op2i(b, IR_ADD, IR_I64, value, value, 1);
    ir_label(b, label);
}

/* The bases stay in the middle of a page, and hold nothing else. */
static void late_random_insn(IrBlock *b, GRand *r)
{
    static const IrVal values[] = { 0, 1, 2, 3, 6, 7, 8, 13 };
    IrVal v = values[g_rand_int_range(r, 0, G_N_ELEMENTS(values))];
    IrVal base = g_rand_int_range(r, 0, 4) ? SP : FP;
    int64_t disp = 8 * g_rand_int_range(r, -4, 5);

    switch (g_rand_int_range(r, 0, 14)) {
    case 0 ... 2:
        late_push(b, base, v);
        return;
    case 3 ... 5:
        late_pop(b, base, v);
        return;
    case 6:
        ir_op2i(b, IR_SUB, IR_I64, base, base, disp);
        return;
    case 7:
        late_push(b, base, base);
        return;
    case 8:
        ir_op2(b, IR_ADDF, IR_I64, v, v, base);
        return;
    case 9:
        ir_op1(b, IR_MOV, IR_I64, v, base);
        return;
    case 10:
        ir_ld(b, IR_I64, v, base, disp, vm_mem(3, 0));
        return;
    case 11:
        late_call(b, v);
        return;
    case 12:
        late_by_temp(b, base, v);
        return;
    default:
        late_branch(b, v);
    }
}

static void late_build(Vm *vm, uint32_t seed)
{
    g_autoptr(GRand) r = g_rand_new_with_seed(seed);
    IrBlock *b = vm_begin(vm, PC);

    for (unsigned n = 0; n < INSNS; n++) {
        if (n) {
            vm_new_insn(vm);
        }
        late_random_insn(b, r);
    }
    vm_done(b);
}

static void late_start(Vm *vm)
{
    vm_set_registers(vm, 0x1111);
    vm->cpu->env.r[SP] = VM_BASE + 2048;
    vm->cpu->env.r[FP] = VM_BASE + 4096 + 2048;
    for (unsigned n = 0; n < VM_PAGES * 4096 / 8; n++) {
        ((uint64_t *)vm->ram)[n] = n * 7;
    }
}

static void test_random(void)
{
    static const unsigned off[] = { 0, TCG_OFF_TABLE, TCG_OFF_GROUP };

    for (unsigned k = 0; k < G_N_ELEMENTS(off); k++) {
        Vm *want = vm_new("interp", 0), *vm = vm_new("x86_64", off[k]);

        vm->groups = true;
        vm->loose = want->loose = true;
        for (uint32_t seed = 1; seed <= BLOCKS; seed++) {
            late_start(want);
            late_build(want, seed);
            vm_run_to_end(want);
            late_start(vm);
            vm->ctx.backend->clear(&vm->ctx);
            late_build(vm, seed);
            vm_run_to_end(vm);
            if (memcmp(want->cpu->env.r, vm->cpu->env.r,
                       sizeof(want->cpu->env.r)) ||
                memcmp(want->ram, vm->ram, VM_PAGES * 4096)) {
                g_error("block %u differs, switches off %#x", seed, off[k]);
            }
        }
        vm_free(want);
        vm_free(vm);
    }
}

/* Five pushes, and bytes of code with and without waiting. */
static uint32_t late_frame(Vm *vm)
{
    TcgCode code = { 0 };
    IrBlock *b = vm_begin(vm, PC);

    for (IrVal v = 0; v < 4; v++) {
        late_push(b, SP, v);
        vm_new_insn(vm);
    }
    vm_done(b);
    vm_compile(vm, &code);
    return code.size;
}

static void test_merged(void)
{
    enum { ADD = 4 }; /* the shortest addition's bytes */
    Vm *vm = vm_new("x86_64", 0);

    uint32_t apart = late_frame(vm);
    vm->groups = true;
    uint32_t together = late_frame(vm);
    /* A check less is 29 bytes, and what remains loads what it found. */
    g_assert_cmpuint(together, <=, apart - 3 * (29 + ADD));
    vm_free(vm);
}

/* Where an access faults the base is what it was before it. */
static void test_fault(void)
{
    Vm *vm = vm_new("x86_64", 0);

    vm->groups = true;
    late_start(vm);
    vm->cpu->env.r[NOWHERE] = 0x5555000;
    IrBlock *b = vm_begin(vm, PC);
    late_push(b, SP, 0);
    vm_new_insn(vm);
    late_push(b, SP, 1);
    vm_new_insn(vm);
    ir_op2i(b, IR_SUB, IR_I64, SP, SP, 32);
    vm_new_insn(vm);
    ir_ld(b, IR_I64, 2, NOWHERE, 0, vm_mem(3, 2));
    vm_new_insn(vm);
    late_pop(b, SP, 3);
    vm_done(b);
    g_assert_cmpint(vm_run_once(vm), ==, VM_LEAVE_FAULT);
    g_assert_cmphex(vm->cpu->env.r[SP], ==, VM_BASE + 2048 - 48);
    vm_free(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86_64/late/random", test_random);
    g_test_add_func("/x86_64/late/merged", test_merged);
    g_test_add_func("/x86_64/late/fault", test_fault);
    return g_test_run();
}
