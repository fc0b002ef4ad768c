/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86-64 back end block by block: linking, polling, indirect jumps,
 * unwinding, slow memory, and that no page is both writable and executable.
 * What each plain operation computes is test-backends.c's subject.
 */
#include "tests/tcg/vm.h"

#include <stdio.h>
#include <string.h>

#define LIGHT __attribute__((target("general-regs-only")))

static void test_registers(void)
{
    Vm *vm = vm_new("x86_64", 0);
    IrBlock *b = vm_begin(vm, 0x1000);

    vm_set_registers(vm, UINT64_C(0x1111111111111111));
    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        ir_op2i(b, IR_ADD, IR_I64, g, g, g + 1);
    }
    vm_done(b);
    vm->cpu->env.flags = vm_flags(0x8d5);
    vm_run_to_end(vm);
    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        g_assert_cmphex(vm->cpu->env.r[g], ==,
                        UINT64_C(0x1111111111111111) * (g + 1) + g + 1);
    }
    g_assert_cmphex(vm_eflags(vm->cpu->env.flags), ==, 0x8d5);
    vm_free(vm);
}

/* ---- exits ------------------------------------------------------------ */

static void link_codes(Vm *vm, TcgCode *from, unsigned n, TcgCode *to)
{
    from->exit[n].to = to;
    vm->ctx.backend->link(&vm->ctx, from, n, to, &vm->cpu->env);
}

static void unlink_codes(Vm *vm, TcgCode *from, unsigned n)
{
    vm->ctx.backend->unlink(&vm->ctx, from, n);
    from->exit[n].to = NULL;
}

/* 0x10: cmp r0, r1; jl 0x20 (else 0x30). */
static void compile_branch(Vm *vm, TcgCode *code, bool poll)
{
    IrBlock *b = vm_begin(vm, 0x10);
    unsigned taken = ir_new_label(b);
    IrInsn *i = ir_append(b, IR_CMPF);

    i->a = 0;
    i->b = 1;
    ir_brf(b, IR_CC_L, taken);
    ir_exit(b, 0, 0x30, false);
    ir_label(b, taken);
    ir_exit(b, 1, 0x20, poll);
    vm_compile(vm, code);
}

/* pc: r2 = pc; leave. Reads no flags, but leave saves them. */
static void compile_flags_through(Vm *vm, TcgCode *code, uint64_t pc)
{
    IrBlock *b = vm_begin(vm, pc);

    ir_movi(b, 2, pc);
    vm_done(b);
    vm_compile(vm, code);
}

static void compile_flags_dead(Vm *vm, TcgCode *code, uint64_t pc)
{
    IrBlock *b = vm_begin(vm, pc);
    IrInsn *i = ir_append(b, IR_CMPF);

    i->a = i->b = 0;
    ir_movi(b, 2, pc);
    vm_done(b);
    vm_compile(vm, code);
}

static void compile_flags_read(Vm *vm, TcgCode *code, uint64_t pc)
{
    IrBlock *b = vm_begin(vm, pc);

    ir_append(b, IR_GETF)->dst = 3;
    ir_movi(b, 2, pc);
    vm_done(b);
    vm_compile(vm, code);
}

static void run_branch(Vm *vm, TcgCode *code, uint64_t a, uint64_t b)
{
    vm->cpu->env.r[0] = a;
    vm->cpu->env.r[1] = b;
    g_assert_cmpint(vm_run(vm, code), ==, VM_LEAVE_DONE);
    g_assert_cmphex(vm->cpu->env.r[2], ==,
                    (int64_t)a < (int64_t)b ? 0x20 : 0x30);
}

static unsigned flags_of_cmp(uint64_t a, uint64_t b)
{
    unsigned long f;

    __asm__("cmpq %2, %1\n\tpushfq\n\tpopq %0"
            : "=r"(f)
            : "r"(a), "r"(b)
            : "cc");
    return f & 0x8d5;
}

/* Every pair of exit and target, found by the look-up, linked, unlinked. */
static void test_links(gconstpointer data)
{
    bool poll = GPOINTER_TO_UINT(data);
    static void (*const targets[])(Vm *, TcgCode *, uint64_t) = {
        compile_flags_through,
        compile_flags_dead,
        compile_flags_read,
    };

    for (unsigned k = 0; k < G_N_ELEMENTS(targets); k++) {
        Vm *vm = vm_new("x86_64", 0);
        TcgCode from, taken, other;

        compile_branch(vm, &from, poll);
        targets[k](vm, &taken, 0x20);
        targets[k](vm, &other, 0x30);
        g_assert_cmpint(taken.needs_flags, ==, k != 1);
        vm_know(vm, 0x20, &taken);
        vm_know(vm, 0x30, &other);
        for (unsigned round = 0; round < 3; round++) {
            unsigned before = vm->cpu->lookups;

            if (round == 1) {
                link_codes(vm, &from, 0, &other);
                link_codes(vm, &from, 1, &taken);
            } else if (round == 2) {
                unlink_codes(vm, &from, 0);
                unlink_codes(vm, &from, 1);
            }
            run_branch(vm, &from, 5, 9);
            if (round != 1) {
                g_assert_true(vm->cpu->last_from == &from);
                g_assert_cmpuint(vm->cpu->last_exit, ==, 1);
            }
            if (k != 1) {
                g_assert_cmphex(vm_eflags(vm->cpu->env.flags), ==,
                                flags_of_cmp(5, 9));
            }
            run_branch(vm, &from, -1, 1);
            run_branch(vm, &from, 9, 5);
            if (k == 2) {
                g_assert_cmphex(vm->cpu->env.r[3], ==, flags_of_cmp(9, 5));
            }
            g_assert_cmpuint(vm->cpu->lookups - before, ==, round == 1 ? 0 : 3);
        }
        vm_free(vm);
    }
}

static void test_lookup_fails(void)
{
    Vm *vm = vm_new("x86_64", 0);
    TcgCode from;

    compile_branch(vm, &from, false);
    vm->cpu->env.r[0] = 1;
    g_assert_cmpint(vm_run(vm, &from), ==, TCG_LEAVE_LOOKUP);
    g_assert_cmphex(vm->cpu->env.pc, ==, 0x30);
    g_assert_cmphex(vm_eflags(vm->cpu->env.flags), ==, flags_of_cmp(1, 0));
    vm_free(vm);
}

static LIGHT uint64_t help_request(void *env, uint64_t a, uint64_t b,
                                   uint64_t c, uint64_t d)
{
    ((TcgEnv *)env)->exit_request = 1;
    return 0;
}

static const TcgHelper helper_request = { "request", help_request, TCG_LIGHT };

/* A loop that asks to leave after a while; flags live or dead at its head. */
static void test_poll(gconstpointer data)
{
    bool live = GPOINTER_TO_UINT(data);
    Vm *vm = vm_new("x86_64", 0);
    IrBlock *b = vm_begin(vm, 0x40);
    unsigned skip = ir_new_label(b), back = ir_new_label(b);
    TcgCode loop;

    if (live) { /* reads the carry of the comparison before */
        ir_append(b, IR_SETCC)->dst = 5;
        b->insns[b->count - 1].cond = IR_CC_B;
        ir_op2(b, IR_ADD, IR_I64, 6, 6, 5);
    }
    ir_op2i(b, IR_ADD, IR_I64, 0, 0, 1);
    ir_brcondi(b, IR_CC_NE, IR_I64, 0, 1000, skip);
    ir_call(b, &helper_request, IR_NONE, IR_NONE, IR_NONE, IR_NONE, 0);
    ir_label(b, skip);
    ir_append(b, IR_INSN)->imm = 0x44;
    IrInsn *i = ir_append(b, IR_CMPF);
    i->a = 0;
    i->b = IR_IMM;
    i->imm = 5000;
    ir_brf(b, IR_CC_NE, back);
    ir_exit(b, 0, 0x50, false);
    ir_label(b, back);
    ir_exit(b, 1, 0x40, true);
    vm_compile(vm, &loop);
    g_assert_cmpint(loop.needs_flags, ==, live);
    link_codes(vm, &loop, 1, &loop);
    vm->cpu->env.r[1] = UINT64_C(0x123456789abcdef0);

    g_assert_cmpint(vm_run(vm, &loop), ==, TCG_LEAVE_REQUEST);
    g_assert_cmphex(vm->cpu->env.pc, ==, 0x40);
    g_assert_cmpuint(vm->cpu->env.r[0], ==, 1000);
    if (live) {
        g_assert_cmphex(vm_eflags(vm->cpu->env.flags), ==,
                        flags_of_cmp(1000, 5000));
        g_assert_cmpuint(vm->cpu->env.r[6], ==, 999);
    }
    vm->cpu->env.exit_request = 0;
    g_assert_cmpint(vm_run(vm, &loop), ==, TCG_LEAVE_LOOKUP);
    g_assert_cmphex(vm->cpu->env.pc, ==, 0x50);
    g_assert_cmpuint(vm->cpu->env.r[0], ==, 5000);
    /* The host's rcx, which a poll may borrow. */
    g_assert_cmphex(vm->cpu->env.r[1], ==, UINT64_C(0x123456789abcdef0));
    g_assert_cmpuint(vm->cpu->lookups, ==, 1);
    vm_free(vm);
}

static void test_lookup_sees_request(void)
{
    Vm *vm = vm_new("x86_64", 0);
    TcgCode from;

    compile_branch(vm, &from, false);
    vm->cpu->env.exit_request = 1;
    g_assert_cmpint(vm_run(vm, &from), ==, TCG_LEAVE_REQUEST);
    g_assert_cmphex(vm->cpu->env.pc, ==, 0x30);
    g_assert_cmpuint(vm->cpu->lookups, ==, 0);
    vm_free(vm);
}

static void test_indirect(gconstpointer data)
{
    unsigned switches = GPOINTER_TO_UINT(data);
    Vm *vm = vm_new("x86_64", switches);
    TcgCode from[16], to;
    const uint64_t pc = UINT64_C(0x123456789ab), key = UINT64_C(0x777) << 48;

    compile_flags_read(vm, &to, pc);
    vm->cpu->env.jump_key = key;
    for (unsigned g = 0; g < 16; g++) {
        IrBlock *b = vm_begin(vm, 0x10);
        IrInsn *i = ir_append(b, IR_CMPF);

        i->a = g;
        i->b = 0;
        ir_exit_indirect(b, g);
        vm_compile(vm, &from[g]);
        vm->cpu->env.r[0] = 1;
        vm->cpu->env.r[g] = pc;
        g_assert_cmpint(vm_run(vm, &from[g]), ==, TCG_LEAVE_LOOKUP);
        g_assert_cmphex(vm->cpu->env.pc, ==, pc);
    }
    vm->cpu->jumps[tcg_jump_hash(pc)] = (TcgJump){ pc ^ key, to.entry };
    vm_know(vm, pc, &to);
    vm->cpu->lookups = 0;
    for (unsigned g = 0; g < 16; g++) {
        vm->cpu->env.r[0] = 1;
        vm->cpu->env.r[g] = pc;
        g_assert_cmpint(vm_run(vm, &from[g]), ==, VM_LEAVE_DONE);
        g_assert_cmphex(vm->cpu->env.r[3], ==, flags_of_cmp(pc, g ? 1 : pc));
    }
    g_assert_cmpuint(vm->cpu->lookups, ==, switches ? 16 : 0);
    vm_free(vm);
}

/* ---- unwinding -------------------------------------------------------- */

static LIGHT uint64_t help_raise(void *env, uint64_t a, uint64_t b, uint64_t c,
                                 uint64_t d)
{
    tcg_unwind(env, a);
}

static int compare_and_raise(const void *a, const void *b, void *env)
{
    tcg_unwind(env, 77);
}

static uint64_t help_raise_deeply(void *env, uint64_t a, uint64_t b, uint64_t c,
                                  uint64_t d)
{
    int numbers[100] = { 0 };

    g_qsort_with_data(numbers, 100, sizeof(int), compare_and_raise, env);
    return 0;
}

static LIGHT uint64_t help_sync(void *env, uint64_t a, uint64_t b, uint64_t c,
                                uint64_t d)
{
    return tcg_sync_pc(env);
}

static const TcgHelper helper_raise = { "raise", help_raise,
                                        TCG_LIGHT | TCG_MAY_RAISE };
static const TcgHelper helper_raise_deeply = { "raise_deeply",
                                               help_raise_deeply,
                                               TCG_MAY_RAISE };
static const TcgHelper helper_sync = { "sync", help_sync, TCG_LIGHT };

static void test_unwind(void)
{
    Vm *vm = vm_new("x86_64", 0);

    for (unsigned k = 0; k < 20; k++) {
        IrBlock *b = vm_begin(vm, UINT64_C(0xffffffff81000000));

        vm_set_registers(vm, 0x1111);
        for (unsigned n = 0; n < 20; n++) {
            if (n == k) {
                IrVal t = ir_temp(b);

                ir_movi(b, t, 42);
                ir_call(b, k & 1 ? &helper_raise : &helper_raise_deeply,
                        IR_NONE, t, IR_NONE, IR_NONE, 0);
            }
            ir_op2i(b, IR_ADD, IR_I64, n & 15, n & 15, 1);
            ir_append(b, IR_INSN)->imm = b->pc + 7 * (n + 1);
        }
        vm_done(b);
        g_assert_cmpint(vm_run_once(vm), ==, k & 1 ? 42 : 77);
        g_assert_cmphex(vm->cpu->env.pc, ==, vm->ir.pc + 7 * k);
        for (unsigned g = 0; g < 16; g++) {
            g_assert_cmphex(vm->cpu->env.r[g], ==,
                            0x1111 * (g + 1) + (g < k) + (g + 16 < k));
        }
    }
    vm_free(vm);
}

static void test_sync_pc(void)
{
    Vm *vm = vm_new("x86_64", 0);
    IrBlock *b = vm_begin(vm, 0x7000);

    ir_call(b, &helper_sync, 1, IR_NONE, IR_NONE, IR_NONE, 0);
    ir_append(b, IR_INSN)->imm = 0x7003;
    ir_call(b, &helper_sync, 13, IR_NONE, IR_NONE, IR_NONE, 0);
    ir_append(b, IR_INSN)->imm = 0x6ff0; /* pc may go down */
    ir_call(b, &helper_sync, 4, IR_NONE, IR_NONE, IR_NONE, 0);
    vm_done(b);
    vm_run_to_end(vm);
    g_assert_cmphex(vm->cpu->env.r[1], ==, 0x7000);
    g_assert_cmphex(vm->cpu->env.r[13], ==, 0x7003);
    g_assert_cmphex(vm->cpu->env.r[4], ==, 0x6ff0);
    vm_free(vm);
}

/* ---- slow memory ------------------------------------------------------ */

static void test_slots(void)
{
    Vm *vm = vm_new("x86_64", 0);
    TcgCode code;
    IrBlock *b = vm_begin(vm, 0x1000);

    ir_ld(b, IR_I64, 1, 0, 0, vm_mem(3, 2));
    ir_append(b, IR_INSN)->imm = 0x1001;
    ir_st(b, 0, 8, 1, vm_mem(3, 3));
    vm_done(b);
    vm_compile(vm, &code);
    vm->cpu->env.r[0] = VM_BASE + 64;
    memcpy(vm->ram + 64, "abcdefg", 8);
    for (unsigned n = 0; n < 3; n++) {
        g_assert_cmpint(vm_run(vm, &code), ==, VM_LEAVE_DONE);
    }
    g_assert_cmpstr((char *)vm->ram + 72, ==, "abcdefg");
    g_assert_cmpuint(vm->cpu->fills, ==, 2); /* then by the slots */
    tcg_slots_clear(&vm->cpu->env, 0);
    g_assert_cmpint(vm_run(vm, &code), ==, VM_LEAVE_DONE);
    g_assert_cmpuint(vm->cpu->fills, ==, 2); /* by the table */
    g_assert_cmphex(vm->cpu->env.slot[0][2].page, ==, VM_BASE);
    g_assert_true((uint8_t *)(vm->cpu->env.slot[0][3].page +
                              vm->cpu->env.slot[0][3].addend) == vm->ram);

    vm->table = false; /* fill() works, but nothing may be kept */
    tcg_tlb_clear(vm->cpu->tlb[0]);
    tcg_slots_clear(&vm->cpu->env, 0);
    for (unsigned n = 0; n < 3; n++) {
        g_assert_cmpint(vm_run(vm, &code), ==, VM_LEAVE_DONE);
    }
    g_assert_cmpuint(vm->cpu->fills, ==, 8);
    g_assert_cmphex(vm->cpu->env.slot[0][2].page, ==, TCG_SLOT_EMPTY);
    vm_free(vm);
}

/* Loads that look in the table themselves: at each place of a page, also of
 * entry 0, and where no page is. */
static void test_table(void)
{
    Vm *vm = vm_new("x86_64", 0);
    TcgCode code[4];

    for (unsigned size = 0; size < 4; size++) {
        IrBlock *b = vm_begin(vm, 0x1000 + 16 * size);
        ir_ld(b, IR_I64, 1, 0, 5, (IrMem){ .size = size, .slot = 2 });
        vm_done(b);
        vm_compile(vm, &code[size]);
    }
    for (unsigned n = 0; n < 2 * 4096; n++) {
        vm->ram[n] = n ^ n >> 5;
    }
    for (unsigned n = 0; n < 4 * (4096 + 16); n++) {
        unsigned size = n & 3, at = n >> 2;
        uint64_t expected = 0;
        memcpy(&expected, vm->ram + at, 1u << size);
        vm->cpu->env.r[0] = VM_BASE + at - 5;
        g_assert_cmpint(vm_run(vm, &code[size]), ==, VM_LEAVE_DONE);
        g_assert_cmphex(vm->cpu->env.r[1], ==, expected);
    }
    g_assert_cmpuint(vm->cpu->fills, ==, 2);
    for (unsigned n = 0; n < 8 * 4096; n++) { /* what empty entries have */
        vm->cpu->env.r[0] = TCG_SLOT_EMPTY - 4096 + n - 5;
        g_assert_cmpint(vm_run(vm, &code[n & 3]), ==, VM_LEAVE_FAULT);
    }
    vm_free(vm);
}

static void test_device(void)
{
    Vm *vm = vm_new("x86_64", 0);
    IrBlock *b = vm_begin(vm, 0x1000);

    ir_st(b, 0, VM_DEVICE, 1, vm_mem(2, 1));
    ir_append(b, IR_INSN)->imm = 0x1001;
    ir_ld(b, IR_I64, 14, 0, VM_DEVICE, vm_mem(3, 0));
    ir_append(b, IR_INSN)->imm = 0x1002;
    ir_ld(b, IR_I64, 3, 0, VM_DEVICE,
          (IrMem){ .size = 1, .slot = 0, .sign = 1 });
    ir_append(b, IR_INSN)->imm = 0x1003;
    IrInsn *i = ir_append(b, IR_ATOMIC); /* xadd */
    i->cond = IR_ATOMIC_ADD;
    i->mem = vm_mem(3, 1);
    i->dst = 5;
    i->a = 0;
    i->b = 13;
    i->imm2 = VM_DEVICE;
    vm_done(b);
    vm_set_registers(vm, 0);
    vm->cpu->env.r[1] = 0xdeadbeef;
    vm->cpu->env.r[13] = 0x100;
    vm->cpu->device_value = UINT64_C(0x1122334455667788);
    vm_run_to_end(vm);
    g_assert_cmphex(vm->cpu->env.r[14], ==, UINT64_C(0x11223344deadbeef));
    g_assert_cmphex(vm->cpu->env.r[3], ==, (uint64_t)(int16_t)0xbeef);
    g_assert_cmphex(vm->cpu->env.r[5], ==, UINT64_C(0x11223344deadbeef));
    g_assert_cmphex(vm->cpu->device_value, ==, UINT64_C(0x11223344deadbfef));
    g_assert_cmpuint(vm->cpu->loads, ==, 2);
    g_assert_cmpuint(vm->cpu->stores, ==, 1);
    g_assert_cmpuint(vm->cpu->byte_loads, ==, 1);
    g_assert_cmpuint(vm->cpu->byte_stores, ==, 1);
    vm_free(vm);
}

/* A load that faults leaves its destination and the flags as they were. */
static void test_fault(void)
{
    Vm *vm = vm_new("x86_64", 0);

    for (unsigned dst = 0; dst < 16; dst++) {
        for (unsigned write = 0; write < 2; write++) {
            IrBlock *b = vm_begin(vm, 0x1000);

            b->exact_flags = true;
            IrInsn *i = ir_append(b, IR_CMPF);
            i->a = 1;
            i->b = 2;
            ir_append(b, IR_INSN)->imm = 0x1005;
            if (write) {
                ir_st(b, 0, VM_READ_ONLY, dst, vm_mem(3, 1));
            } else {
                ir_ld(b, IR_I64, dst, 0, 0x5000, vm_mem(3, 0));
            }
            vm_done(b);
            vm_set_registers(vm, 8);
            g_assert_cmpint(vm_run_once(vm), ==, VM_LEAVE_FAULT);
            g_assert_cmphex(vm->cpu->env.pc, ==, 0x1005);
            g_assert_cmphex(vm->cpu->fault_address, ==,
                            write ? VM_READ_ONLY + 8 : 0x5008);
            g_assert_cmphex(vm_eflags(vm->cpu->env.flags), ==,
                            flags_of_cmp(16, 24));
            for (unsigned g = 0; g < 16; g++) {
                g_assert_cmphex(vm->cpu->env.r[g], ==, 8 * (g + 1));
            }
        }
    }
    vm_free(vm);
}

/* From a heavy call behind the access: the store's second page is missing. */
static void test_fault_in_store(void)
{
    Vm *vm = vm_new("x86_64", 0);

    for (unsigned g = 0; g < 16; g++) {
        IrBlock *b = vm_begin(vm, 0x1000);

        vm_new_insn(vm);
        ir_st(b, 0, VM_PAGES * 4096 - 12, g, vm_mem(3, 1));
        ir_append(b, IR_INSN)->imm = 0x1009;
        vm_done(b);
        vm_set_registers(vm, 8);
        vm->cpu->env.r[0] = VM_BASE + 8;
        g_assert_cmpint(vm_run_once(vm), ==, VM_LEAVE_FAULT);
        g_assert_cmphex(vm->cpu->env.pc, ==, 0x1002);
        g_assert_cmphex(vm->cpu->fault_address, ==, VM_BASE + VM_PAGES * 4096);
        for (unsigned k = 1; k < 16; k++) {
            g_assert_cmphex(vm->cpu->env.r[k], ==, 8 * (k + 1));
        }
    }
    vm_free(vm);
}

static void test_probe(void)
{
    Vm *vm = vm_new("x86_64", 0);
    static const struct {
        uint64_t at;
        int leave;
    } rows[] = {
        { VM_BASE + 8, VM_LEAVE_DONE },
        { VM_BASE + 4092, VM_LEAVE_DONE },
        { VM_DEVICE + 8, VM_LEAVE_DONE },
        { VM_READ_ONLY, VM_LEAVE_FAULT },
        { VM_BASE + VM_PAGES * 4096 - 4, VM_LEAVE_FAULT },
    };

    for (unsigned n = 0; n < G_N_ELEMENTS(rows); n++) {
        IrBlock *b = vm_begin(vm, 0x1000);
        IrInsn *i = ir_append(b, IR_PROBEW);

        i->a = 0;
        i->mem = vm_mem(3, 1);
        vm_done(b);
        vm->cpu->env.r[0] = rows[n].at;
        g_assert_cmpint(vm_run_once(vm), ==, rows[n].leave);
    }
    vm_free(vm);
}

/* ---- the buffer ------------------------------------------------------- */

static void test_write_xor_execute(void)
{
    Vm *vm = vm_new("x86_64", 0);
    FILE *f = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned executable = 0;

    g_assert_nonnull(f);
    while (fgets(line, sizeof(line), f)) {
        const char *rights = strchr(line, ' ') + 1;

        g_assert_false(rights[1] == 'w' && rights[2] == 'x');
        executable += rights[2] == 'x' && strstr(line, "emu-code");
    }
    fclose(f);
    g_assert_cmpuint(executable, ==, 1);
    vm_free(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86_64/registers", test_registers);
    g_test_add_data_func("/x86_64/links", GUINT_TO_POINTER(0), test_links);
    g_test_add_data_func("/x86_64/links/poll", GUINT_TO_POINTER(1), test_links);
    g_test_add_func("/x86_64/lookup/fails", test_lookup_fails);
    g_test_add_func("/x86_64/lookup/request", test_lookup_sees_request);
    g_test_add_data_func("/x86_64/poll/dead", GUINT_TO_POINTER(0), test_poll);
    g_test_add_data_func("/x86_64/poll/live", GUINT_TO_POINTER(1), test_poll);
    g_test_add_data_func("/x86_64/indirect", GUINT_TO_POINTER(0),
                         test_indirect);
    g_test_add_data_func("/x86_64/indirect/lookup",
                         GUINT_TO_POINTER(TCG_OFF_JUMPS), test_indirect);
    g_test_add_func("/x86_64/unwind", test_unwind);
    g_test_add_func("/x86_64/sync-pc", test_sync_pc);
    g_test_add_func("/x86_64/memory/slots", test_slots);
    g_test_add_func("/x86_64/memory/table", test_table);
    g_test_add_func("/x86_64/memory/device", test_device);
    g_test_add_func("/x86_64/memory/fault", test_fault);
    g_test_add_func("/x86_64/memory/fault-in-store", test_fault_in_store);
    g_test_add_func("/x86_64/memory/probe", test_probe);
    g_test_add_func("/x86_64/buffer/w-xor-x", test_write_xor_execute);
    return g_test_run();
}
