/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host code for a few blocks as text, beside golden-x86_64.txt: a change in
 * code quality shows as a difference there. To accept it, run this program
 * with TEST_GOLDEN_UPDATE set. Addresses of the program are left out.
 */
#include "tests/tcg/vm.h"

#include <string.h>

static void compare_and_branch(IrBlock *b)
{
    unsigned taken = ir_new_label(b);
    IrInsn *i = ir_append(b, IR_CMPF);

    i->type = IR_I32;
    i->a = 0;
    i->b = 13;
    ir_brf(b, IR_CC_L, taken);
    ir_exit(b, 0, 0x30, false);
    ir_label(b, taken);
    ir_exit(b, 1, 0x10, true);
}

/* a[i] = b[i] + 1, indexes and bases in homes and in env. */
static void load_and_store(IrBlock *b)
{
    IrVal index = ir_temp(b), at = ir_temp(b), v = ir_temp(b);

    ir_op2i(b, IR_SHL, IR_I64, index, 1, 2);
    ir_op2(b, IR_ADD, IR_I64, at, 14, index);
    ir_ld(b, IR_I32, v, at, 16, (IrMem){ .size = 2, .slot = 2 });
    ir_op2i(b, IR_ADD, IR_I32, v, v, 1);
    ir_op2i(b, IR_SHL, IR_I64, index, 1, 2);
    ir_op2(b, IR_ADD, IR_I64, at, 3, index);
    ir_st(b, at, 0, v, (IrMem){ .size = 2, .slot = 5 });
    ir_append(b, IR_CMPF)->a = 0;
    b->insns[b->count - 1].b = 1;
    ir_exit(b, 0, 0x20, false);
}

/* ADD rdi, [rsi + 8] and the same for r12. */
static void native_add(IrBlock *b)
{
    for (unsigned k = 0; k < 2; k++) {
        unsigned reg = k ? 12 : 7, index;
        NativeInsn *n = ir_append_native(b, &index);
        IrInsn *i = ir_append(b, IR_NATIVE);

        *n = (NativeInsn){ .opcode = 0x03,
                           .modrm = true,
                           .rex_w = true,
                           .reg = reg,
                           .reg_kind = NATIVE_REG_GPR,
                           .mem = true,
                           .mem_bytes = 8,
                           .gpr_in = 1u << reg,
                           .gpr_out = 1u << reg,
                           .flags_out = IR_FLAGS_ALL,
                           .flags_sure = true };
        i->imm = index;
        i->a = 6;
        i->imm2 = 8;
        ir_append(b, IR_INSN)->imm = 0x11 + k;
    }
    ir_exit(b, 0, 0x20, false);
}

/* Flags are set first and wanted last. */
static void plain_between_flags(IrBlock *b)
{
    ir_op2(b, IR_SUBF, IR_I32, 0, 0, 1);
    ir_op2i(b, IR_ADD, IR_I64, 2, 2, 24);
    ir_op2(b, IR_SUB, IR_I64, 3, 3, 2);
    ir_op2i(b, IR_SHR, IR_I64, 6, 6, 12);
    ir_op2i(b, IR_ROR, IR_I32, 7, 7, 5);
    ir_extract(b, 8, 2, 8, 8);
    ir_deposit(b, IR_I64, 5, 5, 8, 8, 8);
    ir_op2i(b, IR_AND, IR_I64, 9, 9, 0xff);
    ir_append(b, IR_SETCC)->dst = 10;
    b->insns[b->count - 1].cond = IR_CC_B;
    ir_exit(b, 0, 0x20, false);
}

/* The flags go on from the block's start to its end, over a load. */
static void flags_over_load(IrBlock *b)
{
    ir_ld(b, IR_I64, 3, 5, -8, (IrMem){ .size = 3, .slot = 10, .steady = 1 });
    ir_exit(b, 0, 0x20, false);
}

/* They are added to what is loaded. */
static void flags_beside_load(IrBlock *b)
{
    IrVal t = ir_temp(b);

    ir_op2(b, IR_ADDF, IR_I64, 0, 0, 1);
    ir_append(b, IR_INSN)->imm = 0x11;
    ir_ld(b, IR_I64, t, 5, -8, (IrMem){ .size = 3, .slot = 10 });
    ir_op2(b, IR_ADCF, IR_I64, 3, 3, t);
    ir_exit(b, 0, 0x20, false);
}

static uint64_t helper(void *env, uint64_t a, uint64_t b, uint64_t c,
                       uint64_t d)
{
    return 0;
}

static const TcgHelper light = { "light", helper, TCG_LIGHT };
static const TcgHelper heavy = { "heavy", helper, TCG_WRITES_GLOBALS };

static const TcgHelper quick = { .name = "quick",
                                 .fn = helper,
                                 .flags = TCG_LIGHT | TCG_WRITES_GLOBALS,
                                 .quick = TCG_QUICK_COPY,
                                 .unless_bits = 4,
                                 .unless = 0x1234 };

/* r13 and r14 are held from one use to the next; the call ends that. */
static void held(IrBlock *b)
{
    ir_op2i(b, IR_ADDF, IR_I64, 13, 13, 1);
    ir_append(b, IR_INSN)->imm = 0x11;
    ir_op2(b, IR_ADDF, IR_I64, 14, 14, 13);
    ir_append(b, IR_INSN)->imm = 0x12;
    ir_op2(b, IR_ADDF, IR_I64, 0, 0, 14);
    ir_append(b, IR_INSN)->imm = 0x13;
    ir_call(b, &heavy, IR_NONE, 13, IR_NONE, IR_NONE, 0);
    ir_append(b, IR_INSN)->imm = 0x14;
    ir_op2(b, IR_ADDF, IR_I64, 0, 0, 13);
    ir_exit(b, 0, 0x20, false);
}

static void calls(IrBlock *b)
{
    IrVal t = ir_temp(b);

    ir_op2i(b, IR_ADD, IR_I64, t, 1, 5);
    ir_call(b, &light, 0, 6, t, 14, 7);
    ir_append(b, IR_INSN)->imm = 0x11;
    ir_call(b, &heavy, IR_NONE, 2, 1, IR_NONE, 0);
    ir_append(b, IR_INSN)->imm = 0x12;
    ir_call(b, &quick, IR_NONE, IR_NONE, IR_NONE, IR_NONE, 2);
    ir_exit(b, 0, 0x20, false);
}

static void indirect(IrBlock *b)
{
    IrVal t = ir_temp(b);

    ir_ld(b, IR_I64, t, 4, 0, (IrMem){ .size = 3, .steady = 1 });
    ir_op2i(b, IR_ADD, IR_I64, 4, 4, 8);
    ir_exit_indirect(b, t);
}

/* The flags are saved on the way that needs it. */
static void own_way(IrBlock *b)
{
    unsigned label = ir_new_label(b);

    ir_op2(b, IR_SUBF, IR_I64, 0, 0, 1);
    ir_brf(b, IR_CC_E, label);
    ir_exit(b, 0, 0x20, false);
    ir_label(b, label);
    ir_exit_indirect(b, 3);
}

/* CF lives on; one base stays, the other does not. */
static void carry_loop(IrBlock *b)
{
    IrVal t = ir_temp(b), u = ir_temp(b);
    unsigned label = ir_new_label(b);

    ir_ld(b, IR_I64, t, 6, 8, (IrMem){ .size = 3, .slot = 4 });
    ir_op2(b, IR_ADCF, IR_I64, 0, 0, t);
    ir_append(b, IR_INSN)->imm = 0x11;
    ir_ld(b, IR_I64, u, 7, 0, (IrMem){ .size = 3, .slot = 6 });
    ir_op2(b, IR_ADCF, IR_I64, 2, 2, u);
    ir_append(b, IR_INSN)->imm = 0x12;
    ir_op2i(b, IR_ADD, IR_I64, 7, 7, 8);
    ir_append(b, IR_INSN)->imm = 0x13;
    ir_op1(b, IR_DECF, IR_I64, 1, 1);
    ir_brf(b, IR_CC_NE, label);
    ir_exit(b, 0, 0x20, false);
    ir_label(b, label);
    ir_exit(b, 1, 0x10, true);
}

/* Both move; nobody reads the flags but the branch. */
static void moving_loop(IrBlock *b)
{
    IrVal u = ir_temp(b);
    unsigned label = ir_new_label(b);

    ir_ld(b, IR_I64, 0, 6, 8, (IrMem){ .size = 3, .slot = 4 });
    ir_append(b, IR_INSN)->imm = 0x11;
    ir_op2i(b, IR_SHL, IR_I64, u, 1, 3);
    ir_op2(b, IR_ADD, IR_I64, u, u, 7);
    ir_st(b, u, 0, 0, (IrMem){ .size = 3, .slot = 7 });
    ir_append(b, IR_INSN)->imm = 0x12;
    ir_op2i(b, IR_ADD, IR_I64, 6, 6, 8);
    ir_append(b, IR_INSN)->imm = 0x13;
    ir_op1(b, IR_INCF, IR_I64, 1, 1);
    ir_append(b, IR_INSN)->imm = 0x14;
    ir_append(b, IR_CMPF)->a = 1;
    b->insns[b->count - 1].b = 2;
    ir_brf(b, IR_CC_NE, label);
    ir_exit(b, 0, 0x20, false);
    ir_label(b, label);
    ir_exit(b, 1, 0x10, true);
}

/* An operand that stands somewhere in the host's memory. */
static void from_host(IrBlock *b)
{
    const void *host = (const void *)(uintptr_t)0x7f0000001001;
    IrVal t = ir_temp(b), u = ir_temp(b);

    ir_ldhost(b, 2, false, 0, host);
    ir_append(b, IR_INSN)->imm = 0x11;
    ir_ldhost(b, 2, true, t, host);
    ir_op2(b, IR_ADDF, IR_I64, 12, 12, t);
    ir_append(b, IR_INSN)->imm = 0x12;
    ir_ldhost(b, 0, true, u, host);
    ir_op2(b, IR_ADCF, IR_I32, 3, 3, u);
    ir_exit(b, 0, 0x20, false);
}

typedef struct Row {
    const char *name;
    void (*build)(IrBlock *b);
} Row;

static const Row rows[] = {
    { "compare and branch", compare_and_branch },
    { "load and store", load_and_store },
    { "native add", native_add },
    { "plain between flags", plain_between_flags },
    { "flags over a load", flags_over_load },
    { "flags beside a load", flags_beside_load },
    { "held", held },
    { "calls", calls },
    { "indirect", indirect },
    { "a way of its own", own_way },
    { "loop with a carry", carry_loop },
    { "loop that moves", moving_loop },
    { "from the host's memory", from_host },
};

/* Numbers with nine digits and more are addresses, and what rip is used for. */
static void append_without_addresses(GString *out, const char *text)
{
    g_autoptr(GRegex) regex = g_regex_new("0x[0-9a-f]{9,}|rip [-+] 0x[0-9a-f]+",
                                          G_REGEX_DEFAULT, 0, NULL);
    g_autofree char *plain =
        g_regex_replace_literal(regex, text, -1, 0, "<address>", 0, NULL);

    g_string_append(out, plain);
}

static void print_row(Vm *vm, const Row *row, GString *out)
{
    g_autoptr(GString) text = g_string_new(NULL);
    TcgCode code;

    row->build(vm_begin(vm, 0x10));
    vm_compile(vm, &code);
    g_string_append_printf(text, "== %s%s\n", row->name,
                           code.needs_flags ? ", needs flags" : "");
    ir_print(&vm->ir, text);
    vm->ctx.backend->print(&vm->ctx, &code, text);
    append_without_addresses(out, text->str);
}

static void test_golden(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "golden-x86_64.txt", NULL);
    g_autoptr(GString) now = g_string_new(NULL);
    g_autofree char *want = NULL;

    if (!__builtin_cpu_supports("bmi2")) {
        g_test_skip("written for a host with BMI2");
        return;
    }
    Vm *vm = vm_new("x86_64", 0);
    vm->groups = true;
    for (unsigned n = 0; n < G_N_ELEMENTS(rows); n++) {
        print_row(vm, &rows[n], now);
    }
    vm_free(vm);
    if (g_getenv("TEST_GOLDEN_UPDATE")) {
        g_assert_true(g_file_set_contents(path, now->str, -1, NULL));
    }
    g_assert_true(g_file_get_contents(path, &want, NULL, NULL));
    g_assert_cmpstr(now->str, ==, want);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/golden/x86_64", test_golden);
    return g_test_run();
}
