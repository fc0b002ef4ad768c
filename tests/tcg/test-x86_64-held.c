/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest registers without a home on the x86-64 back end: a scratch register
 * goes on holding one after it was used. Here r13 is written, so that one does,
 * something else happens to it, and then it is read.
 */
#include "tests/tcg/vm.h"

enum { PC = 0x1000, REG = 13, COPY = 2 };
#define OLD UINT64_C(0x1122334455667788) /* r13 */

/* ---- what happens ----------------------------------------------------- */

static uint64_t help_result(void *env, uint64_t a, uint64_t b, uint64_t c,
                            uint64_t d)
{
    return a + 5;
}

static uint64_t help_write(void *env, uint64_t a, uint64_t b, uint64_t c,
                           uint64_t d)
{
    ((TcgEnv *)env)->r[REG] = a + 7;
    return 0;
}

static void by_sum(Vm *vm, IrBlock *b)
{
    ir_op2i(b, IR_ADD, IR_I64, REG, REG, 3);
}

static void by_move(Vm *vm, IrBlock *b)
{
    ir_op1(b, IR_MOV, IR_I64, REG, 1);
}

static void by_other(Vm *vm, IrBlock *b)
{
    ir_op2i(b, IR_ADD, IR_I64, 14, 14, 1);
    ir_op1(b, IR_MOV, IR_I64, REG, 14);
}

static void by_short_sum(Vm *vm, IrBlock *b)
{
    ir_op2i(b, IR_ADDF, IR_I32, REG, REG, 3);
}

static void by_byte(Vm *vm, IrBlock *b)
{
    ir_deposit(b, IR_I64, REG, REG, 1, 0, 8);
}

static void by_high_byte(Vm *vm, IrBlock *b)
{
    ir_deposit(b, IR_I64, REG, REG, 1, 8, 8);
}

static void by_word(Vm *vm, IrBlock *b)
{
    ir_deposit(b, IR_I64, REG, REG, 1, 0, 16);
}

static void by_load(Vm *vm, IrBlock *b)
{
    ir_ld(b, IR_I64, REG, 0, 8, vm_mem(3, 4));
}

/* Of itself: the address is no temporary that could be overwritten. */
static void by_shift_and_sum(Vm *vm, IrBlock *b)
{
    IrVal t = ir_temp(b);

    ir_op2i(b, IR_SHL, IR_I64, t, REG, 2);
    ir_op2(b, IR_ADD, IR_I64, 3, t, REG);
}

static void by_and_of_copy(Vm *vm, IrBlock *b)
{
    IrVal t = ir_temp(b);

    ir_op2i(b, IR_AND, IR_I64, t, REG, 0xff);
    ir_op1(b, IR_MOV, IR_I64, 3, t);
}

static void by_shift(Vm *vm, IrBlock *b)
{
    ir_op2(b, IR_SHLF, IR_I64, 3, REG, 1);
}

/* [r13 + r5 + 8] */
static void by_indexed_load(Vm *vm, IrBlock *b)
{
    IrVal t = ir_temp(b);

    ir_op2(b, IR_ADD, IR_I64, t, REG, 5);
    ir_ld(b, IR_I64, 3, t, 8, vm_mem(3, 4));
}

static void by_store(Vm *vm, IrBlock *b)
{
    ir_st(b, 0, 16, REG, vm_mem(3, 5));
}

static void by_exchange(Vm *vm, IrBlock *b)
{
    IrInsn *i = ir_append(b, IR_ATOMIC);

    i->cond = IR_ATOMIC_ADD;
    i->type = IR_I64;
    i->dst = REG;
    i->a = 0;
    i->imm2 = 8;
    i->b = REG;
    i->mem = vm_mem(3, 5);
}

static void by_result(Vm *vm, IrBlock *b)
{
    static const TcgHelper helper = { "result", help_result, TCG_LIGHT };

    ir_call(b, &helper, REG, REG, IR_NONE, IR_NONE, 0);
}

static void by_helper(Vm *vm, IrBlock *b)
{
    static const TcgHelper helper = { "write", help_write,
                                      TCG_LIGHT | TCG_WRITES_GLOBALS };

    ir_call(b, &helper, IR_NONE, REG, IR_NONE, IR_NONE, 0);
}

static void by_heavy_helper(Vm *vm, IrBlock *b)
{
    static const TcgHelper helper = { "write", help_write, TCG_WRITES_GLOBALS };

    ir_call(b, &helper, IR_NONE, REG, IR_NONE, IR_NONE, 0);
}

static void by_nobody(Vm *vm, IrBlock *b)
{
    static const TcgHelper helper = { "result", help_result, 0 };

    ir_call(b, &helper, 3, REG, IR_NONE, IR_NONE, 0);
}

static void by_native_move(Vm *vm, IrBlock *b)
{
    NativeInsn *n = vm_native_rr(vm, 0, 0x8b, REG, 1);

    n->rex_w = true;
    n->gpr_in = 1u << 1;
    n->gpr_out = 1u << REG;
}

static void by_native_byte(Vm *vm, IrBlock *b)
{
    NativeInsn *n = vm_native_rr(vm, 0, 0x88, 1, REG);

    n->byte_rex = true;
    n->gpr_out = 1u << REG;
}

static void by_native_exchange(Vm *vm, IrBlock *b)
{
    NativeInsn *n = vm_native_rr(vm, 0, 0x87, 14, REG);

    n->rex_w = true;
    n->gpr_out = 1u << REG | 1u << 14;
}

static void by_native_load(Vm *vm, IrBlock *b)
{
    NativeInsn *n = vm_native_rm(vm, 0, 0x03, REG, 6, 8, false);

    n->rex_w = true;
    n->gpr_in = n->gpr_out = 1u << REG;
    n->flags_out = IR_FLAGS_ALL;
    n->flags_sure = true;
}

/* Written on one of two paths that meet. */
static void branch(IrBlock *b, unsigned cc)
{
    unsigned label = ir_new_label(b);

    ir_brcondi(b, cc, IR_I64, 1, 0, label);
    ir_op1(b, IR_MOV, IR_I64, REG, 1);
    ir_label(b, label);
}

static void by_path_taken(Vm *vm, IrBlock *b)
{
    branch(b, IR_CC_NE);
}

static void by_path_not_taken(Vm *vm, IrBlock *b)
{
    branch(b, IR_CC_E);
}

/* The others take all scratch registers. */
static void by_crowd(Vm *vm, IrBlock *b)
{
    ir_op2i(b, IR_ADD, IR_I64, 12, 12, 1);
    ir_op2i(b, IR_ADD, IR_I64, 14, 14, 1);
    ir_op2i(b, IR_ADD, IR_I64, 15, 15, 1);
}

static void by_crowded_move(Vm *vm, IrBlock *b)
{
    ir_op2(b, IR_ADD, IR_I64, 14, 12, 15);
    ir_op2(b, IR_ADD, IR_I64, REG, REG, 14);
}

static void by_crowded_load(Vm *vm, IrBlock *b)
{
    ir_op2i(b, IR_ADD, IR_I64, 12, 12, 1);
    ir_op2i(b, IR_ADD, IR_I64, 14, 14, 1);
    vm_new_insn(vm);
    ir_ld(b, IR_I64, 3, 0, 8, vm_mem(3, 4));
}

static const struct {
    const char *name;
    void (*insn)(Vm *vm, IrBlock *b);
    uint64_t want; /* of r13, which was OLD */
} rows[] = {
    { "sum", by_sum, OLD + 3 },
    { "move", by_move, 0x01 },
    { "other", by_other, 15 },
    { "short sum", by_short_sum, 0x5566778b },
    { "byte", by_byte, (OLD & ~UINT64_C(0xff)) | 1 },
    { "high byte", by_high_byte, (OLD & ~UINT64_C(0xff00)) | 0x100 },
    { "word", by_word, (OLD & ~UINT64_C(0xffff)) | 1 },
    { "load", by_load, 9 },
    { "shift and sum", by_shift_and_sum, OLD },
    { "and of copy", by_and_of_copy, OLD },
    { "shift", by_shift, OLD },
    { "indexed load", by_indexed_load, OLD },
    { "store", by_store, OLD },
    { "exchange", by_exchange, 9 },
    { "result", by_result, OLD + 5 },
    { "helper", by_helper, OLD + 7 },
    { "heavy helper", by_heavy_helper, OLD + 7 },
    { "nobody", by_nobody, OLD },
    { "native move", by_native_move, 1 },
    { "native byte", by_native_byte, (OLD & ~UINT64_C(0xff)) | 1 },
    { "native exchange", by_native_exchange, 14 },
    { "native load", by_native_load, OLD + 8 },
    { "path taken", by_path_taken, OLD },
    { "path not taken", by_path_not_taken, 1 },
    { "crowd", by_crowd, OLD },
    { "crowded load", by_crowded_load, OLD },
    { "crowded move", by_crowded_move, OLD + 12 + 15 },
};

/* ---- and what is read then -------------------------------------------- */

static Vm *held_begin(unsigned off)
{
    Vm *vm = vm_new("x86_64", off);

    vm->groups = vm->table = true;
    for (unsigned n = 0; n < VM_PAGES * 4096 / 8; n++) {
        ((uint64_t *)vm->ram)[n] = n;
    }
    for (unsigned n = 0; n < 16; n++) {
        vm->cpu->env.r[n] = n;
    }
    vm->cpu->env.r[0] = VM_BASE + 64;
    vm->cpu->env.r[5] = VM_BASE + 64 - OLD;
    vm->cpu->env.r[6] = 64;
    vm->cpu->env.r[REG] = OLD - 1;
    return vm;
}

static void held_row(unsigned row, unsigned off)
{
    Vm *vm = held_begin(off);
    IrBlock *b = vm_begin(vm, PC);

    ir_op2i(b, IR_ADD, IR_I64, REG, REG, 1);
    vm_new_insn(vm);
    rows[row].insn(vm, b);
    vm_new_insn(vm);
    ir_op1(b, IR_MOV, IR_I64, COPY, REG);
    vm_done(b);
    vm_run_to_end(vm);
    g_test_message("%s", rows[row].name);
    g_assert_cmphex(vm->cpu->env.r[REG], ==, rows[row].want);
    g_assert_cmphex(vm->cpu->env.r[COPY], ==, rows[row].want);
    vm_free(vm);
}

static void test_writes(void)
{
    static const unsigned off[] = { 0, TCG_OFF_SLOTS, TCG_OFF_TABLE,
                                    TCG_OFF_FLAGS };

    for (unsigned n = 0; n < G_N_ELEMENTS(off); n++) {
        for (unsigned row = 0; row < G_N_ELEMENTS(rows); row++) {
            held_row(row, off[n]);
        }
    }
}

/* Its slow part, with C and the bounce buffer, leaves the others alone. */
static void test_slow_part(void)
{
    Vm *vm = held_begin(0);
    IrBlock *b = vm_begin(vm, PC);

    vm->cpu->env.r[14] = VM_DEVICE;
    vm->cpu->device_value = 4321;
    ir_op2i(b, IR_ADD, IR_I64, REG, REG, 1);
    vm_new_insn(vm);
    ir_ld(b, IR_I64, 12, 14, 0, vm_mem(3, 4));
    vm_new_insn(vm);
    ir_op1(b, IR_MOV, IR_I64, COPY, REG);
    vm_new_insn(vm);
    ir_op2(b, IR_ADD, IR_I64, 3, 12, 14);
    vm_done(b);
    vm_run_to_end(vm);
    g_assert_cmphex(vm->cpu->env.r[COPY], ==, OLD);
    g_assert_cmphex(vm->cpu->env.r[12], ==, 4321);
    g_assert_cmphex(vm->cpu->env.r[3], ==, 4321 + VM_DEVICE);
    vm_free(vm);
}

/* It is the address and what is stored there. */
static void test_twice(void)
{
    Vm *vm = held_begin(0);
    IrBlock *b = vm_begin(vm, PC);

    vm->cpu->env.r[REG] = VM_BASE + 64;
    IrInsn *i = ir_append(b, IR_ATOMIC);
    i->cond = IR_ATOMIC_CMPXCHG;
    i->type = IR_I64;
    i->dst = 3;
    i->a = i->c = REG;
    i->b = 8; /* as is there */
    i->mem = vm_mem(3, 5);
    vm_done(b);
    vm_run_to_end(vm);
    g_assert_cmphex(vm->cpu->env.r[3], ==, 8);
    g_assert_cmphex(((uint64_t *)vm->ram)[8], ==, VM_BASE + 64);
    vm_free(vm);
}

/* Who handles a fault finds it in env. */
static void test_fault(void)
{
    Vm *vm = held_begin(0);
    IrBlock *b = vm_begin(vm, PC);

    ir_op2i(b, IR_ADD, IR_I64, REG, REG, 1);
    vm_new_insn(vm);
    ir_ld(b, IR_I64, REG, 3, 0x3000, vm_mem(3, 4));
    vm_done(b);
    g_assert_cmpint(vm_run_once(vm), ==, VM_LEAVE_FAULT);
    g_assert_cmphex(vm->cpu->env.r[REG], ==, OLD);
    vm_free(vm);
}

/* An instruction that reads one where it is: in env, or held. */
static void test_native_source(void)
{
    static const struct {
        uint8_t map, opcode;
        bool p66;
        uint64_t want;
    } forms[] = {
        { 0, 0x03, false, 0x1122334455667789 },
        { 0, 0x63, false, 0x55667788 },
        { 1, 0xaf, false, 0x1122334455667788 },
        { 1, 0xb6, false, 0x88 },
        { 1, 0xbc, false, 3 },
        { 2, 0xf6, true, 0x1122334455667789 },
    };

    for (unsigned n = 0; n < 2 * G_N_ELEMENTS(forms); n++) {
        Vm *vm = held_begin(0);
        IrBlock *b = vm_begin(vm, PC);

        vm->cpu->env.r[REG] = OLD;
        if (n & 1) {
            ir_op2i(b, IR_ADD, IR_I64, REG, REG, 0);
            vm_new_insn(vm);
        }
        NativeInsn *insn =
            vm_native_rr(vm, forms[n / 2].map, forms[n / 2].opcode, 1, REG);
        insn->rex_w = true;
        insn->p66 = forms[n / 2].p66;
        insn->gpr_out = 1u << 1;
        insn->flags_in = IR_FLAGS_ALL;
        insn->flags_out = IR_FLAGS_ALL;
        vm_done(b);
        vm_run_to_end(vm);
        g_assert_cmphex(vm->cpu->env.r[1], ==, forms[n / 2].want);
        g_assert_cmphex(vm->cpu->env.r[REG], ==, OLD);
        vm_free(vm);
    }
}

/* ---- loops ------------------------------------------------------------ */

enum { LOOP_TURNS = 20, LOOP_INSNS = 12 };

/* Register 12 to 15 mostly; not those that the loop counts and reads by. */
static IrVal loop_register(GRand *rand)
{
    static const uint8_t of[] = { 12, 13, 14, 15, 12, 13, 14, 15, 0, 2, 3 };

    return of[g_rand_int_range(rand, 0, G_N_ELEMENTS(of))];
}

static void loop_add_native(Vm *vm, GRand *rand)
{
    IrVal reg = loop_register(rand), rm = loop_register(rand);
    bool load = g_rand_boolean(rand);
    NativeInsn *n = load ? vm_native_rm(vm, 0, 0x03, reg, 6, 8, false)
                         : vm_native_rr(vm, 0, 0x03, reg, rm);

    n->rex_w = true;
    n->gpr_in = 1u << reg | (load ? 0 : 1u << rm);
    n->gpr_out = 1u << reg;
    n->flags_out = IR_FLAGS_ALL;
    n->flags_sure = true;
}

static void loop_insn(Vm *vm, IrBlock *b, GRand *rand)
{
    IrVal dst = loop_register(rand), x = loop_register(rand);
    IrVal y = loop_register(rand), t = ir_temp(b);

    switch (g_rand_int_range(rand, 0, 8)) {
    case 0:
        ir_op2(b, IR_ADDF, IR_I64, dst, x, y);
        break;
    case 1:
        ir_op1(b, IR_MOV, IR_I64, dst, x);
        break;
    case 2:
        ir_op2i(b, IR_XOR, IR_I32, dst, x, 0x55);
        break;
    case 3:
        ir_ld(b, IR_I64, dst, 6, VM_BASE + 8, vm_mem(3, 2));
        break;
    case 4:
        ir_st(b, 7, VM_BASE + 2048, x, vm_mem(3, 5));
        break;
    case 5:
        ir_op2i(b, IR_SHL, IR_I64, t, x, 1);
        ir_op2(b, IR_ADD, IR_I64, dst, t, y);
        break;
    case 6:
        ir_op2i(b, IR_AND, IR_I64, t, x, 0xff);
        ir_op2(b, IR_SUB, IR_I64, dst, y, t);
        break;
    default:
        loop_add_native(vm, rand);
        break;
    }
    vm_new_insn(vm);
}

/* r6 and r7 move on, r1 counts down to the end at AFTER. */
static void loop_build(Vm *vm, uint32_t seed, unsigned aside)
{
    enum { AFTER = 0x2000 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    IrBlock *b = vm_begin(vm, PC);
    unsigned again = ir_new_label(b), out = ir_new_label(b);

    for (unsigned n = 0; n < LOOP_INSNS; n++) {
        if (n == aside) {
            ir_op2i(b, IR_SUBF, IR_I64, 8, 8, 1);
            ir_brf(b, IR_CC_E, out);
            vm_new_insn(vm);
        }
        loop_insn(vm, b, rand);
    }
    ir_op2i(b, IR_ADD, IR_I64, 6, 6, 8);
    vm_new_insn(vm);
    ir_op2i(b, IR_ADD, IR_I64, 7, 7, 8);
    vm_new_insn(vm);
    ir_op2i(b, IR_SUBF, IR_I64, 1, 1, 1);
    ir_brf(b, IR_CC_NE, again);
    ir_exit(b, 0, AFTER, false);
    ir_label(b, again);
    ir_exit(b, 1, PC, true);
    ir_label(b, out);
    ir_exit(b, 2, AFTER + 16, false);
}

/* What is in the registers and in memory then. */
static Vm *loop_run(unsigned switches, uint32_t seed, unsigned aside)
{
    Vm *vm = vm_new("x86_64", switches);
    TcgEnv *env = &vm->cpu->env;
    TcgCode code;

    vm->table = vm->groups = true;
    for (unsigned n = 0; n < 4096; n++) {
        vm->ram[n] = n * 7;
    }
    loop_build(vm, seed, aside);
    vm_set_registers(vm, UINT64_C(0x9e3779b97f4a7c15));
    env->r[1] = LOOP_TURNS;
    env->r[6] = env->r[7] = 64;
    env->r[8] = 7; /* turns to the exit aside */
    for (unsigned n = 0; n < VM_PAGES; n++) {
        vm_open_page(vm, n, n);
    }
    vm_compile(vm, &code);
    vm->ctx.backend->link(&vm->ctx, &code, 1, &code, env);
    g_assert_cmpint(vm_run(vm, &code), ==, TCG_LEAVE_LOOKUP);
    return vm;
}

/* Stores that wait are made by the time somebody looks: without groups none
 * does. */
static void test_loops(void)
{
    for (uint32_t seed = 0; seed < 600; seed++) {
        unsigned aside = seed % 3 ? seed % LOOP_INSNS : LOOP_INSNS;
        Vm *want = loop_run(TCG_OFF_GROUP, seed, aside);
        Vm *vm = loop_run(0, seed, aside);

        for (unsigned g = 0; g < TCG_GLOBALS; g++) {
            if (vm->cpu->env.r[g] != want->cpu->env.r[g]) {
                g_error("seed %u: register %u", seed, g);
            }
        }
        g_assert_cmphex(vm->cpu->env.pc, ==, want->cpu->env.pc);
        g_assert_cmpmem(vm->ram, 4096, want->ram, 4096);
        vm_free(vm);
        vm_free(want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86_64/held/writes", test_writes);
    g_test_add_func("/x86_64/held/slow-part", test_slow_part);
    g_test_add_func("/x86_64/held/twice", test_twice);
    g_test_add_func("/x86_64/held/fault", test_fault);
    g_test_add_func("/x86_64/held/native-source", test_native_source);
    g_test_add_func("/x86_64/held/loops", test_loops);
    return g_test_run();
}
