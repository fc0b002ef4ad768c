/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Native instructions on the x86-64 back end: in every register, with memory
 * operands, vector state across C, and the host signals they cause.
 */
#include "tcg/x86_64/x86_64.h"
#include "tests/tcg/vm.h"

#include <signal.h>
#include <string.h>

/* ---- native instructions ---------------------------------------------- */

static void test_native_registers(void)
{
    Vm *vm = vm_new("x86_64", 0);

    for (unsigned reg = 0; reg < 16; reg++) {
        for (unsigned rm = 0; rm < 16; rm++) { /* ADD r/m64, r64 */
            vm_begin(vm, 0x1000);
            vm_set_registers(vm, UINT64_C(0x123456789abcdef));
            NativeInsn *n = vm_native_rr(vm, 0, 0x01, reg, rm);
            n->rex_w = true;
            n->gpr_out = 1u << rm;
            n->flags_out = IR_FLAGS_ALL;
            n->flags_sure = true;
            vm_done(&vm->ir);
            g_assert_true(tcg_x86_64_can_native(n));
            uint64_t want = vm->cpu->env.r[rm] + vm->cpu->env.r[reg];
            vm_run_to_end(vm);
            g_assert_cmphex(vm->cpu->env.r[rm], ==, want);
            g_assert_cmphex(vm->cpu->env.r[(rm + 1) & 15], ==,
                            UINT64_C(0x123456789abcdef) *
                                (((rm + 1) & 15) + 1));
        }
    }
    vm_free(vm);
}

/* MOV r/m8, r8 in all combinations that exist without a REX, and with. */
static void test_native_bytes(void)
{
    Vm *vm = vm_new("x86_64", 0);

    for (unsigned reg = 0; reg < 8; reg++) {
        for (unsigned rm = 0; rm < 8; rm++) {
            vm_begin(vm, 0x1000);
            vm_set_registers(vm, UINT64_C(0x1020304050607));
            NativeInsn *n = vm_native_rr(vm, 0, 0x88, reg, rm);
            n->reg_kind = n->rm_kind = NATIVE_REG_GPR8;
            n->gpr_in = 1u << (reg & 3) | 1u << (rm & 3);
            n->gpr_out = 1u << (rm & 3);
            vm_done(&vm->ir);
            uint8_t v = vm->cpu->env.r[reg & 3] >> (reg & 4) * 2;
            uint64_t want = vm->cpu->env.r[rm & 3];
            want &= ~(UINT64_C(0xff) << (rm & 4) * 2);
            want |= (uint64_t)v << (rm & 4) * 2;
            vm_run_to_end(vm);
            g_assert_cmphex(vm->cpu->env.r[rm & 3], ==, want);
        }
    }
    for (unsigned reg = 0; reg < 16; reg++) {
        for (unsigned rm = 0; rm < 16; rm++) {
            vm_begin(vm, 0x1000);
            vm_set_registers(vm, UINT64_C(0x1020304050607));
            NativeInsn *n = vm_native_rr(vm, 0, 0x88, reg, rm);
            n->byte_rex = true;
            n->gpr_out = 1u << rm;
            vm_done(&vm->ir);
            uint64_t want = (vm->cpu->env.r[rm] & ~UINT64_C(0xff)) |
                            (vm->cpu->env.r[reg] & 0xff);
            vm_run_to_end(vm);
            g_assert_cmphex(vm->cpu->env.r[rm], ==, want);
        }
    }
    vm_free(vm);
}

static void test_native_refused(void)
{
    NativeInsn n = { .map = 1, .opcode = 0xb6, .modrm = true };

    n.reg_kind = NATIVE_REG_GPR; /* MOVZX esp, ah: esp's home needs a REX */
    n.rm_kind = NATIVE_REG_GPR8;
    n.reg = 4;
    n.rm = 4;
    g_assert_false(tcg_x86_64_can_native(&n));
    n.reg = 5;
    g_assert_true(tcg_x86_64_can_native(&n));
}

/* ADD reg, [base] and ADD [base], reg for all registers. */
static void test_native_memory(void)
{
    Vm *vm = vm_new("x86_64", 0);

    for (unsigned reg = 0; reg < 16; reg++) {
        for (unsigned base = 0; base < 16; base++) {
            uint64_t cell = UINT64_C(0x1122334455667788);

            vm_begin(vm, 0x1000);
            vm_set_registers(vm, 24);
            memcpy(vm->ram + 24 * (base + 1), &cell, 8);
            NativeInsn *n = vm_native_rm(vm, 0, 0x03, reg, base, 8, false);
            n->rex_w = true;
            n->gpr_out = 1u << reg;
            n->flags_out = IR_FLAGS_ALL;
            n->flags_sure = true;
            vm_new_insn(vm);
            ir_movi(&vm->ir, base, 24 * (base + 1));
            vm_new_insn(vm);
            n = vm_native_rm(vm, 0, 0x01, reg, base, 8, true);
            n->rex_w = true;
            n->flags_out = IR_FLAGS_ALL;
            n->flags_sure = true;
            vm_done(&vm->ir);
            vm_run_to_end(vm);
            uint64_t sum =
                reg == base ? 24 * (base + 1) : 24 * (reg + 1) + cell;
            g_assert_cmphex(vm->cpu->env.r[reg], ==, sum);
            uint64_t now;
            memcpy(&now, vm->ram + 24 * (base + 1), 8);
            g_assert_cmphex(now, ==, cell + sum);
        }
    }
    vm_free(vm);
}

/* The flags survive the check beside a memory operand. */
static void test_native_carry(void)
{
    Vm *vm = vm_new("x86_64", 0);
    uint64_t cell = 5;

    vm_begin(vm, 0x1000);
    vm_set_registers(vm, 8);
    memcpy(vm->ram + 8 * 4, &cell, 8);
    NativeInsn *n = vm_native(vm, 0, 0xf9); /* STC */
    n->modrm = false;
    n->flags_out = IR_FLAG_C;
    n->flags_sure = true;
    vm_new_insn(vm);
    n = vm_native_rm(vm, 0, 0x13, 13, 3, 8, false); /* ADC r13, [rbx] */
    n->rex_w = true;
    n->gpr_out = 1u << 13;
    n->flags_in = IR_FLAG_C;
    n->flags_out = IR_FLAGS_ALL;
    n->flags_sure = true;
    vm_done(&vm->ir);
    vm->cpu->env.r[13] = ~UINT64_C(5);
    vm_run_to_end(vm);
    g_assert_cmphex(vm->cpu->env.r[13], ==, 0);
    g_assert_cmphex(vm_eflags(vm->cpu->env.flags) & 0x41, ==, 0x41);
    vm_free(vm);
}

/* ANDN r12, r13, [r14 + r15]: four registers in env, three to hold them. */
static void test_native_vex(void)
{
    Vm *vm = vm_new("x86_64", 0);
    uint64_t cell = 0xffff;

    if (!__builtin_cpu_supports("bmi")) {
        g_test_skip("no BMI1");
        vm_free(vm);
        return;
    }
    vm_begin(vm, 0x1000);
    vm_set_registers(vm, 16);
    memcpy(vm->ram + 16 * 15 + 16 * 16, &cell, 8);
    IrVal t = ir_temp(&vm->ir);
    ir_op2(&vm->ir, IR_ADD, IR_I64, t, 14, 15);
    NativeInsn *n = vm_native_rm(vm, 2, 0xf2, 12, t, 8, false);
    n->vex = 1;
    n->rex_w = true;
    n->vvvv = 13;
    n->vvvv_kind = NATIVE_REG_GPR;
    n->gpr_in = 1u << 13;
    n->gpr_out = 1u << 12;
    n->flags_out = IR_FLAGS_ALL;
    n->flags_sure = true;
    vm_done(&vm->ir);
    vm_run_to_end(vm);
    g_assert_cmphex(vm->cpu->env.r[12], ==, 0xffff & ~(16 * 14));
    vm_free(vm);
}

/* MULX hi, lo, [base]: reads RDX beside, writes two, the high half last. */
static void check_mulx(Vm *vm, unsigned hi, unsigned lo, unsigned base,
                       bool wide)
{
    uint64_t cell = UINT64_C(0xfedcba9876543210), step = 8;
    uint64_t factor = step * (2 + 1);
    unsigned bits = wide ? 64 : 32;

    vm_begin(vm, 0x1000);
    vm_set_registers(vm, step);
    memcpy(vm->ram + step * (base + 1), &cell, 8);
    NativeInsn *n = vm_native_rm(vm, 2, 0xf6, hi, base, bits / 8, false);
    n->vex = 1;
    n->pf2 = true;
    n->rex_w = wide;
    n->vvvv = lo;
    n->vvvv_kind = NATIVE_REG_GPR;
    n->gpr_in = 1u << 2;
    n->gpr_out = 1u << hi | 1u << lo;
    vm_done(&vm->ir);
    vm_run_to_end(vm);
    unsigned __int128 product =
        (unsigned __int128)factor * (wide ? cell : (uint32_t)cell);
    uint64_t low = wide ? (uint64_t)product : (uint32_t)product;
    g_assert_cmphex(vm->cpu->env.r[hi], ==, (uint64_t)(product >> bits));
    if (hi != lo) {
        g_assert_cmphex(vm->cpu->env.r[lo], ==, low);
    }
}

static void test_native_mulx(void)
{
    static const uint8_t bases[] = { 0, 2, 4, 12, 15 };

    if (!__builtin_cpu_supports("bmi2")) {
        g_test_skip("no BMI2");
        return;
    }
    for (unsigned hi = 0; hi < 16; hi++) {
        Vm *vm = vm_new("x86_64", 0); /* whose room for code is small */

        for (unsigned lo = 0; lo < 16; lo++) {
            for (unsigned k = 0; k < G_N_ELEMENTS(bases); k++) {
                check_mulx(vm, hi, lo, bases[k], true);
                check_mulx(vm, hi, lo, bases[k], false);
            }
        }
        vm_free(vm);
    }
}

/* ---- vector state ----------------------------------------------------- */

static NativeInsn *sse_memory(Vm *vm, uint8_t opcode, unsigned xmm, bool write,
                              uint64_t at)
{
    IrVal t = ir_temp(&vm->ir);

    vm_new_insn(vm);
    ir_movi(&vm->ir, t, at - VM_BASE);
    NativeInsn *n = vm_native_rm(vm, 1, opcode, xmm, t, 16, write);
    n->reg_kind = NATIVE_REG_FIXED;
    n->gpr_in = 0;
    n->mem_fill = write;
    return n;
}

static uint64_t help_spoil(void *env, uint64_t a, uint64_t b, uint64_t c,
                           uint64_t d)
{
    unsigned mxcsr;

    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    for (unsigned n = 0; n < 8; n++) { /* the x87 stack must be empty */
        __asm__ volatile("fldz");
    }
    __asm__ volatile("fninit\n\tpxor %%xmm1, %%xmm1\n\tpxor %%xmm9, %%xmm9" ::
                         : "xmm1", "xmm9");
    return mxcsr;
}

static const TcgHelper helper_spoil = { "spoil", help_spoil, 0 };

static void test_vectors(void)
{
    Vm *vm = vm_new("x86_64", 0);
    uint32_t mxcsr = 0x5f80; /* round up */

    vm_begin(vm, 0x1000);
    memcpy(vm->cpu->fpu + 24, &mxcsr, 4);
    for (unsigned n = 0; n < 64; n++) {
        vm->ram[n] = n * 3;
    }
    sse_memory(vm, 0x10, 1, false, VM_BASE);      /* movups xmm1, */
    sse_memory(vm, 0x28, 9, false, VM_BASE + 16); /* movaps xmm9, */
    vm_new_insn(vm);
    ir_call(&vm->ir, &helper_spoil, 12, IR_NONE, IR_NONE, IR_NONE, 0);
    sse_memory(vm, 0x11, 1, true, VM_BASE + 4096 - 8); /* across pages */
    sse_memory(vm, 0x10, 1, false, VM_BASE + 4096 - 8);
    sse_memory(vm, 0x11, 1, true, VM_DEVICE);
    sse_memory(vm, 0x29, 9, true, VM_BASE + 256);
    sse_memory(vm, 0x11, 1, true, VM_BASE + 512);
    vm_done(&vm->ir);
    vm_run_to_end(vm);
    g_assert_cmphex(vm->cpu->env.r[12] & ~0x3f, ==, 0x1f80);
    g_assert_cmpmem(vm->ram, 16, vm->ram + 4096 - 8, 16);
    g_assert_cmpmem(vm->ram, 16, vm->ram + 512, 16);
    g_assert_cmpmem(vm->ram + 16, 16, vm->ram + 256, 16);
    g_assert_cmpmem(vm->ram + 8, 8, &vm->cpu->device_value, 8);
    g_assert_cmpuint(vm->cpu->byte_loads, ==, 0); /* nor for RAM */
    memcpy(&mxcsr, vm->cpu->fpu + 24, 4);
    g_assert_cmphex(mxcsr, ==, 0x5f80);
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    g_assert_cmphex(mxcsr & ~0x3f, ==, 0x1f80);
    vm_free(vm);
}

/* ---- host signals ----------------------------------------------------- */

static Vm *signal_vm;

static uint64_t help_guest_fault(void *env, uint64_t a, uint64_t b, uint64_t c,
                                 uint64_t d)
{
    ((VmCpu *)env)->fault_address = a;
    tcg_unwind(env, b);
}

static void on_signal(int sig, siginfo_t *info, void *uc)
{
    if (sig == SIGSEGV && tcg_x86_64_fault(&signal_vm->ctx, uc)) {
        return;
    }
    if (tcg_x86_64_raise(&signal_vm->ctx, uc, help_guest_fault, sig, 55)) {
        return;
    }
    signal(sig, SIG_DFL);
}

static Vm *signal_begin(unsigned off)
{
    struct sigaction sa = { .sa_sigaction = on_signal,
                            .sa_flags = SA_SIGINFO | SA_NODEFER };

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGFPE, &sa, NULL);
    return signal_vm = vm_new("x86_64", off);
}

static void signal_end(void)
{
    signal(SIGSEGV, SIG_DFL);
    signal(SIGFPE, SIG_DFL);
    vm_free(signal_vm);
}

static void check_registers(Vm *vm, uint64_t step)
{
    for (unsigned g = 0; g < 16; g++) {
        g_assert_cmphex(vm->cpu->env.r[g], ==, step * (g + 1));
    }
}

static void test_divide_error(void)
{
    Vm *vm = signal_begin(0);

    vm_begin(vm, 0x1000);
    vm_set_registers(vm, 0x1234);
    vm_new_insn(vm);
    NativeInsn *n = vm_native_rr(vm, 0, 0xf7, 6, 13); /* div r13d */
    n->reg_kind = NATIVE_REG_FIXED;
    n->gpr_in = 1u << 13 | 1 | 4;
    n->gpr_out = 1 | 4;
    n->flags_out = IR_FLAGS_ALL;
    n->flags_sure = true;
    vm_done(&vm->ir);
    vm->cpu->env.r[13] = 0;
    g_assert_cmpint(vm_run_once(vm), ==, 55);
    g_assert_cmpint(vm->cpu->fault_address, ==, SIGFPE);
    g_assert_cmphex(vm->cpu->env.pc, ==, 0x1002);
    vm->cpu->env.r[13] = 0x1234 * 14;
    check_registers(vm, 0x1234);
    signal_end();
}

/* The one address that an empty slot lets through; also if another access
 * relies on that check. */
static void test_not_canonical(void)
{
    Vm *vm = signal_begin(0);

    for (unsigned n = 0; n < 6; n++) {
        unsigned kind = n % 3;
        vm->groups = n >= 3;
        IrBlock *b = vm_begin(vm, 0x1000);

        vm_set_registers(vm, 8);
        vm_new_insn(vm);
        IrVal t = ir_temp(b);
        ir_movi(b, t, TCG_SLOT_EMPTY + 0x28);
        if (kind == 0) {
            ir_ld(b, IR_I64, 12, t, 0, vm_mem(3, 0));
        } else if (kind == 1) {
            ir_st(b, t, 0, 12, vm_mem(3, 1));
        } else {
            IrInsn *i = ir_append(b, IR_ATOMIC); /* its s1 and s2 are joined */
            i->cond = IR_ATOMIC_CMPXCHG;
            i->mem = vm_mem(3, 1);
            i->dst = 12;
            i->a = t;
            i->b = 1;
            i->c = 2;
        }
        if (vm->groups) {
            vm_new_insn(vm);
            t = ir_temp(b);
            ir_movi(b, t, TCG_SLOT_EMPTY + 0x18);
            ir_ld(b, IR_I64, 1, t, 0, vm_mem(3, 2));
        }
        vm_done(b);
        g_assert_cmpint(vm_run_once(vm), ==, VM_LEAVE_FAULT);
        g_assert_cmphex(vm->cpu->fault_address, ==, TCG_SLOT_EMPTY + 0x28);
        g_assert_cmphex(vm->cpu->env.pc, ==, 0x1002);
        if (kind != 2) {
            check_registers(vm, 8);
        }
    }
    signal_end();
}

/* In a device's bounce buffer, while the slot is still empty; and in RAM. */
static void test_misaligned(void)
{
    static const uint64_t addresses[] = { VM_DEVICE + 8, VM_BASE + 8 };
    Vm *vm = signal_begin(TCG_OFF_TABLE);

    for (unsigned n = 0; n < G_N_ELEMENTS(addresses); n++) {
        vm_begin(vm, 0x1000);
        vm_set_registers(vm, 8);
        sse_memory(vm, 0x28, 1, false, addresses[n]); /* movaps */
        vm_done(&vm->ir);
        g_assert_cmpint(vm_run_once(vm), ==, 55);
        g_assert_cmpint(vm->cpu->fault_address, ==, SIGSEGV);
        check_registers(vm, 8);
    }
    signal_end();
}

/* By an access that another one's check stands for. */
static void test_misaligned_group(void)
{
    Vm *vm = signal_begin(0);

    vm->groups = true;
    vm_begin(vm, 0x1000);
    vm_set_registers(vm, 8);
    sse_memory(vm, 0x10, 1, false, VM_BASE + 8); /* movups */
    sse_memory(vm, 0x28, 1, false, VM_BASE + 8); /* movaps */
    vm_done(&vm->ir);
    g_assert_cmpint(vm_run_once(vm), ==, 55);
    g_assert_cmpint(vm->cpu->fault_address, ==, SIGSEGV);
    g_assert_cmphex(vm->cpu->env.pc, ==, 0x1003);
    check_registers(vm, 8);
    signal_end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86_64/native/registers", test_native_registers);
    g_test_add_func("/x86_64/native/bytes", test_native_bytes);
    g_test_add_func("/x86_64/native/refused", test_native_refused);
    g_test_add_func("/x86_64/native/memory", test_native_memory);
    g_test_add_func("/x86_64/native/carry", test_native_carry);
    g_test_add_func("/x86_64/native/vex", test_native_vex);
    g_test_add_func("/x86_64/native/mulx", test_native_mulx);
    g_test_add_func("/x86_64/vectors", test_vectors);
    g_test_add_func("/x86_64/signal/divide", test_divide_error);
    g_test_add_func("/x86_64/signal/not-canonical", test_not_canonical);
    g_test_add_func("/x86_64/signal/misaligned", test_misaligned);
    g_test_add_func("/x86_64/signal/misaligned-group", test_misaligned_group);
    return g_test_run();
}
