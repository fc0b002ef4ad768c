/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses that share a check on the x86-64 back end: who belongs together,
 * and what happens where one check cannot serve all. Each test is a list of
 * guest instructions, which a translation without groups can take up anywhere.
 */
#include "tests/tcg/vm.h"

#include <string.h>

enum { PC = 0x1000, COUNT_MAX = 8 };

typedef struct Program {
    void (*insn[COUNT_MAX])(IrBlock *b);
} Program;

/* From instruction `from` on. */
static void share_build(Vm *vm, const Program *p, unsigned from)
{
    IrBlock *b = vm_begin(vm, PC + from);

    for (unsigned n = from; n < COUNT_MAX && p->insn[n]; n++) {
        if (n > from) {
            ir_append(b, IR_INSN)->imm = PC + n;
        }
        p->insn[n](b);
    }
    vm_done(b);
}

static int share_run(Vm *vm, const Program *p, unsigned from)
{
    share_build(vm, p, from);
    return vm_run_once(vm);
}

static Vm *share_begin(unsigned off)
{
    Vm *vm = vm_new("x86_64", off);

    vm->groups = true;
    for (unsigned n = 0; n < VM_PAGES * 4096 / 8; n++) {
        ((uint64_t *)vm->ram)[n] = n;
    }
    for (unsigned n = 0; n < VM_PAGES; n++) {
        vm_open_page(vm, n, n);
    }
    return vm;
}

/* Go on at pc in a translation without groups. */
static int share_go_on(Vm *vm, const Program *p, unsigned at)
{
    g_assert_cmphex(vm->cpu->env.pc, ==, PC + at);
    vm->groups = false;
    int why = share_run(vm, p, at);
    vm->groups = true;
    return why;
}

static bool share_slot_used(const Vm *vm, unsigned slot)
{
    return vm->cpu->env.slot[0][slot].page != TCG_SLOT_EMPTY;
}

/* ---- instructions ----------------------------------------------------- */

static void load0(IrBlock *b)
{
    ir_ld(b, IR_I64, 1, 0, 0, vm_mem(3, 2));
}

static void load8(IrBlock *b)
{
    ir_ld(b, IR_I64, 2, 0, 8, vm_mem(3, 4));
}

static void load_below(IrBlock *b)
{
    ir_ld(b, IR_I64, 3, 0, -8, vm_mem(3, 6));
}

static void store8(IrBlock *b)
{
    ir_st(b, 0, 8, 6, vm_mem(3, 5));
}

static void load_device(IrBlock *b)
{
    ir_ld(b, IR_I64, 3, 7, 0, vm_mem(3, 8));
}

static void push(IrBlock *b)
{
    IrVal t = ir_temp(b);

    ir_op2i(b, IR_ADD, IR_I64, t, 4, -8);
    ir_st(b, t, 0, 6, vm_mem(3, 3));
    ir_op1(b, IR_MOV, IR_I64, 4, t);
}

static void add_to_base(IrBlock *b)
{
    ir_op2i(b, IR_ADDF, IR_I64, 0, 0, 8);
}

static void change_base(IrBlock *b)
{
    ir_op2i(b, IR_AND, IR_I64, 0, 0, -1);
}

static void branch_over(IrBlock *b)
{
    unsigned label = ir_new_label(b);

    ir_brcondi(b, IR_CC_E, IR_I64, 0, 5, label);
    ir_label(b, label);
}

static uint64_t help_nothing(void *env, uint64_t a, uint64_t b, uint64_t c,
                             uint64_t d)
{
    return 0;
}

static void call(IrBlock *b)
{
    static const TcgHelper helper = { "nothing", help_nothing, 0 };

    ir_call(b, &helper, IR_NONE, IR_NONE, IR_NONE, IR_NONE, 0);
}

static void call_pure(IrBlock *b)
{
    static const TcgHelper helper = { "pure", help_nothing,
                                      TCG_LIGHT | TCG_PURE };

    ir_call(b, &helper, IR_NONE, IR_NONE, IR_NONE, IR_NONE, 0);
}

/* [r0 + r5 * 4 + 8] */
static void load_indexed(IrBlock *b)
{
    IrVal t = ir_temp(b), u = ir_temp(b);

    ir_op2i(b, IR_SHL, IR_I64, t, 5, 2);
    ir_op2(b, IR_ADD, IR_I64, u, 0, t);
    ir_ld(b, IR_I64, 2, u, 8, vm_mem(3, 4));
}

static void store_indexed(IrBlock *b)
{
    IrVal t = ir_temp(b), u = ir_temp(b);

    ir_op2i(b, IR_SHL, IR_I64, t, 5, 2);
    ir_op2(b, IR_ADD, IR_I64, u, t, 0);
    ir_st(b, u, 16, 2, vm_mem(3, 5));
}

static void load_far(IrBlock *b)
{
    ir_ld(b, IR_I64, 2, 0, 1024, vm_mem(3, 4));
}

/* ---- who belongs together --------------------------------------------- */

/* Does the last one of them look at its own slot, 4 or 5? */
static bool share_last_checks(Vm *vm, const Program *p)
{
    tcg_slots_clear(&vm->cpu->env, -1);
    g_assert_cmpint(share_run(vm, p, 0), ==, VM_LEAVE_DONE);
    return share_slot_used(vm, 4) || share_slot_used(vm, 5);
}

static void test_groups(void)
{
    static const struct {
        Program p;
        bool checks;
    } rows[] = {
        { { { load0, load8 } }, false },
        { { { load0, load_below, add_to_base, add_to_base, load8 } }, false },
        { { { load0, call_pure, load8 } }, false },
        { { { load0, call, load8 } }, true },
        { { { load0, change_base, load8 } }, true },
        { { { load0, branch_over, load8 } }, true },
        { { { load0, load_indexed } }, true },
        { { { load0, load_far } }, true },
        { { { load8 } }, true },
    };
    Vm *vm = share_begin(0);

    for (unsigned n = 0; n < G_N_ELEMENTS(rows); n++) {
        vm->cpu->env.r[0] = VM_BASE + 64;
        vm->cpu->env.r[5] = 4;
        g_assert_cmpint(share_last_checks(vm, &rows[n].p), ==, rows[n].checks);
        g_assert_cmpint(share_slot_used(vm, 6), ==, false);
    }
    vm_free(vm);
}

static void test_values(void)
{
    static const Program p = { { load0, load_below, load8, store8 } };
    static const unsigned off[] = { 0, TCG_OFF_SLOTS, TCG_OFF_TABLE,
                                    TCG_OFF_GROUP };

    for (unsigned n = 0; n < G_N_ELEMENTS(off); n++) {
        Vm *vm = share_begin(off[n]);

        vm->cpu->env.r[0] = VM_BASE + 64;
        vm->cpu->env.r[6] = 77;
        g_assert_cmpint(share_run(vm, &p, 0), ==, VM_LEAVE_DONE);
        g_assert_cmpuint(vm->cpu->env.r[1], ==, 8);
        g_assert_cmpuint(vm->cpu->env.r[2], ==, 9);
        g_assert_cmpuint(vm->cpu->env.r[3], ==, 7);
        g_assert_cmpuint(((uint64_t *)vm->ram)[9], ==, 77);
        vm_free(vm);
    }
}

/* Takes all scratch registers. */
static void crowd(IrBlock *b)
{
    IrVal t[3];

    for (unsigned n = 0; n < 3; n++) {
        t[n] = ir_temp(b);
        ir_op2i(b, IR_MUL, IR_I64, t[n], 6, 3 + n);
    }
    ir_op2(b, IR_ADD, IR_I64, t[0], t[0], t[1]);
    ir_op2(b, IR_ADD, IR_I64, 8, t[0], t[2]);
}

/* What leads to the page is in memory when it is not held any more, and not
 * before. */
static void test_held(void)
{
    static const struct {
        Program p;
        bool stored;
    } rows[] = {
        { { { load0, load8 } }, false },
        { { { load0, load8, crowd } }, false },
        { { { load0, crowd, load8 } }, true },
        { { { load0, load_below, crowd, load8 } }, true },
        { { { load0, load_indexed, crowd, store_indexed, load8 } }, true },
    };

    for (unsigned n = 0; n < G_N_ELEMENTS(rows); n++) {
        Vm *vm = share_begin(0);

        vm->cpu->env.r[0] = VM_BASE + 64;
        g_assert_cmpint(share_run(vm, &rows[n].p, 0), ==, VM_LEAVE_DONE);
        g_assert_cmpuint(vm->cpu->env.r[1], ==, 8);
        g_assert_cmpuint(vm->cpu->env.r[2], ==, 9);
        g_assert_cmpint(vm->cpu->env.shared[0] != 0, ==, rows[n].stored);
        vm_free(vm);
    }
}

static void test_indexed(void)
{
    static const Program p = { { load_indexed, store_indexed } };
    Vm *vm = share_begin(0);

    vm->cpu->env.r[0] = VM_BASE + 64;
    vm->cpu->env.r[5] = 4;
    g_assert_cmpint(share_run(vm, &p, 0), ==, VM_LEAVE_DONE);
    g_assert_cmpuint(((uint64_t *)vm->ram)[8 + 2 + 2], ==, 11);
    g_assert_false(share_slot_used(vm, 4)); /* the leader checks for writing */
    vm_free(vm);
}

/* [r12 + the largest displacement], and what is before it. */
static void load_edge(IrBlock *b)
{
    ir_ld(b, IR_I64, 1, 12, INT32_MAX - 7, vm_mem(3, 2));
}

static void load_before(IrBlock *b)
{
    ir_ld(b, IR_I64, 2, 12, INT32_MAX - 15, vm_mem(3, 4));
}

static void store_before(IrBlock *b)
{
    ir_st(b, 12, INT32_MAX - 23, 13, vm_mem(3, 5));
}

static void test_edge(void)
{
    static const Program p = { { load_edge, load_before, store_before,
                                 load_edge } };
    Vm *vm = share_begin(0);

    vm->cpu->env.r[12] = VM_BASE + 64 - (INT32_MAX - 7);
    vm->cpu->env.r[13] = 4444;
    g_assert_cmpint(share_run(vm, &p, 0), ==, VM_LEAVE_DONE);
    g_assert_cmpuint(vm->cpu->env.r[1], ==, 8);
    g_assert_cmpuint(vm->cpu->env.r[2], ==, 7);
    g_assert_cmpuint(((uint64_t *)vm->ram)[6], ==, 4444);
    g_assert_false(share_slot_used(vm, 4));
    vm_free(vm);
}

/* ---- where one check does not serve ----------------------------------- */

static void test_straddling(void)
{
    static const Program p = { { load0, load_below, load8, store8 } };
    Vm *vm = share_begin(0);

    /* The last access is beyond the page's end; then the first is before. */
    for (unsigned n = 0; n < 2; n++) {
        unsigned at = n ? 4096 : 4096 - 12;

        vm->cpu->env.r[0] = VM_BASE + at;
        vm->cpu->env.r[1] = vm->cpu->env.r[2] = vm->cpu->env.r[3] = 1234;
        vm->cpu->env.r[6] = 99;
        g_assert_cmpint(share_run(vm, &p, 0), ==, TCG_LEAVE_PLAIN);
        g_assert_cmpuint(vm->cpu->env.r[1], ==, 1234);
        g_assert_cmpint(share_go_on(vm, &p, 0), ==, VM_LEAVE_DONE);
        uint64_t want;
        memcpy(&want, vm->ram + at - 8, 8);
        g_assert_cmpuint(vm->cpu->env.r[3], ==, want);
        memcpy(&want, vm->ram + at + 8, 8);
        g_assert_cmpuint(want, ==, 99);
    }
    vm_free(vm);
}

static void test_read_only(void)
{
    static const Program p = { { load0, store8 } };
    Vm *vm = share_begin(0);

    vm->cpu->env.r[0] = VM_READ_ONLY;
    g_assert_cmpint(share_run(vm, &p, 0), ==, TCG_LEAVE_PLAIN);
    g_assert_cmpint(share_go_on(vm, &p, 0), ==, VM_LEAVE_FAULT);
    g_assert_cmphex(vm->cpu->fault_address, ==, VM_READ_ONLY + 8);
    g_assert_cmphex(vm->cpu->env.pc, ==, PC + 1);
    vm_free(vm);
}

/* The leader's own fault is no matter of the group's. */
static void test_leader_faults(void)
{
    static const Program p = { { push, load0, load8 } };
    Vm *vm = share_begin(0);

    vm->cpu->env.r[4] = VM_BASE + 64;
    vm->cpu->env.r[0] = 0x2000;
    g_assert_cmpint(share_run(vm, &p, 0), ==, VM_LEAVE_FAULT);
    g_assert_cmphex(vm->cpu->fault_address, ==, 0x2000);
    g_assert_cmphex(vm->cpu->env.pc, ==, PC + 1);
    g_assert_cmphex(vm->cpu->env.r[4], ==, VM_BASE + 56);
    vm_free(vm);
}

/* Down into a page that is not there. */
static void test_push_faults(void)
{
    static const Program p = { { push, push, push, push } };
    Vm *vm = share_begin(0);

    vm->cpu->env.r[4] = VM_BASE + 16;
    vm->cpu->env.r[6] = 55;
    g_assert_cmpint(share_run(vm, &p, 0), ==, TCG_LEAVE_PLAIN);
    g_assert_cmphex(vm->cpu->env.r[4], ==, VM_BASE + 16);
    g_assert_cmpint(share_go_on(vm, &p, 0), ==, VM_LEAVE_FAULT);
    g_assert_cmphex(vm->cpu->env.pc, ==, PC + 2);
    g_assert_cmphex(vm->cpu->env.r[4], ==, VM_BASE);
    g_assert_cmphex(vm->cpu->fault_address, ==, VM_BASE - 8);
    g_assert_cmpuint(((uint64_t *)vm->ram)[0], ==, 55);
    g_assert_cmpuint(((uint64_t *)vm->ram)[1], ==, 55);
    vm_free(vm);
}

/* A device may change what a page is: not amid a group. */
static void test_device(void)
{
    static const Program amid = { { load0, load_device, load8 } };
    static const Program behind = { { load0, load8, load_device } };
    Vm *vm = share_begin(0);

    vm->cpu->env.r[0] = VM_BASE + 64;
    vm->cpu->env.r[7] = VM_DEVICE;
    vm->cpu->device_value = 4321;
    g_assert_cmpint(share_run(vm, &amid, 0), ==, TCG_LEAVE_PLAIN);
    g_assert_cmpuint(vm->cpu->env.r[1], ==, 8);
    g_assert_cmpuint(vm->cpu->loads, ==, 0);
    g_assert_cmpint(share_go_on(vm, &amid, 1), ==, VM_LEAVE_DONE);
    g_assert_cmpuint(vm->cpu->env.r[3], ==, 4321);
    g_assert_cmpuint(vm->cpu->loads, ==, 1);
    g_assert_cmpint(share_run(vm, &behind, 0), ==, VM_LEAVE_DONE);
    g_assert_cmpuint(vm->cpu->loads, ==, 2);

    vm->cpu->env.r[0] = VM_DEVICE; /* the group itself */
    g_assert_cmpint(share_run(vm, &behind, 0), ==, TCG_LEAVE_PLAIN);
    g_assert_cmpint(share_go_on(vm, &behind, 0), ==, VM_LEAVE_DONE);
    g_assert_cmpuint(vm->cpu->loads, ==, 5);
    vm_free(vm);
}

/* Flags that are in use are kept on every way through the check. */
static void test_flags(void)
{
    for (unsigned n = 0; n < 4; n++) {
        Vm *vm = share_begin(n & 1 ? TCG_OFF_TABLE : 0);
        IrBlock *b = vm_begin(vm, PC);

        vm->cpu->env.flags = vm_flags(0x8d5 ^ (n & 2 ? 0x805 : 0));
        vm->cpu->env.r[0] = VM_BASE + 64;
        load0(b);
        ir_append(b, IR_GETF)->dst = 8;
        ir_append(b, IR_INSN)->imm = PC + 1;
        load8(b);
        ir_append(b, IR_GETF)->dst = 9;
        vm_done(b);
        vm_run_to_end(vm);
        vm_run_to_end(vm);
        g_assert_cmphex(vm->cpu->env.r[8], ==, n & 2 ? 0xd0 : 0x8d5);
        g_assert_cmphex(vm->cpu->env.r[9], ==, n & 2 ? 0xd0 : 0x8d5);
        vm_free(vm);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86_64/share/groups", test_groups);
    g_test_add_func("/x86_64/share/values", test_values);
    g_test_add_func("/x86_64/share/held", test_held);
    g_test_add_func("/x86_64/share/indexed", test_indexed);
    g_test_add_func("/x86_64/share/edge", test_edge);
    g_test_add_func("/x86_64/share/straddling", test_straddling);
    g_test_add_func("/x86_64/share/read-only", test_read_only);
    g_test_add_func("/x86_64/share/leader-faults", test_leader_faults);
    g_test_add_func("/x86_64/share/push-faults", test_push_faults);
    g_test_add_func("/x86_64/share/device", test_device);
    g_test_add_func("/x86_64/share/flags", test_flags);
    return g_test_run();
}
