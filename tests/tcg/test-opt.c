/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The passes keep meaning: random blocks leave the same registers, flags, CPU
 * struct and memory before and after ir_optimise(), on the interpreter; and the
 * verifier finds nothing to say. Besides: what each pass is there for.
 */
#include "tests/tcg/harness.h"

#include <string.h>

/* ---- Random blocks --------------------------------------------------------
 */

typedef struct Gen {
    GRand *rand;
    IrBlock *b;
    IrVal temp[8];
    unsigned temps;
} Gen;

static unsigned gen_pick(Gen *g, unsigned n)
{
    return g_rand_int_range(g->rand, 0, n);
}

static int64_t gen_const(Gen *g)
{
    static const int64_t some[] = { 0, 1, -1, 8, 0xff, 0x80000000, INT64_MIN };
    return gen_pick(g, 2) ? some[gen_pick(g, G_N_ELEMENTS(some))]
                          : (int32_t)g_rand_int(g->rand);
}

static IrVal gen_source(Gen *g)
{
    return g->temps && gen_pick(g, 2) ? g->temp[gen_pick(g, g->temps)]
                                      : gen_pick(g, 8);
}

static IrVal gen_result(Gen *g)
{
    if (gen_pick(g, 3) == 0) {
        return gen_pick(g, 8);
    }
    if (g->temps == G_N_ELEMENTS(g->temp)) {
        return g->temp[gen_pick(g, g->temps)];
    }
    return g->temp[g->temps++] = ir_temp(g->b);
}

/* Sources first: they may not be the result's new temporary. */
static void gen_value_op(Gen *g, IrOp op, IrType t)
{
    IrVal a = gen_source(g), b = gen_source(g);
    int64_t imm = gen_const(g);
    bool constant = gen_pick(g, 3) == 0;
    bool binary = ir_op_sources[op] == 2;
    IrVal dst = ir_op_results[op] ? gen_result(g) : IR_NONE;
    IrInsn *insn = ir_append(g->b, op);

    insn->type = t;
    insn->dst = dst;
    insn->cond = IR_CC_B + gen_pick(g, 6);
    insn->a = a;
    insn->b = !binary ? IR_NONE : constant ? IR_IMM : b;
    insn->imm = binary && constant ? imm : 0;
}

static void gen_field_op(Gen *g)
{
    unsigned pos = gen_pick(g, 32), len = 1 + gen_pick(g, 32 - pos);
    IrVal a = gen_source(g), b = gen_source(g);
    if (gen_pick(g, 2)) {
        ir_extract(g->b, gen_result(g), a, pos, len);
    } else {
        ir_deposit(g->b, gen_pick(g, 2) ? IR_I32 : IR_I64, gen_result(g), a, b,
                   pos, len);
    }
}

static void gen_memory_op(Gen *g)
{
    IrMem mem = { .size = gen_pick(g, 4), .sign = gen_pick(g, 2) };
    uint64_t addr = HARNESS_BASE + gen_pick(g, 64);
    IrVal base = ir_temp(g->b), v = gen_source(g);

    ir_movi(g->b, base, addr);
    if (gen_pick(g, 2)) {
        ir_ld(g->b, gen_pick(g, 2) ? IR_I32 : IR_I64, gen_result(g), base, 8,
              mem);
    } else {
        ir_st(g->b, base, 8, v, mem);
    }
}

static void gen_env_op(Gen *g)
{
    size_t off = offsetof(HarnessCpu, scratch) + 8 * gen_pick(g, 8);
    IrVal v = gen_source(g);
    if (gen_pick(g, 2)) {
        ir_ldenv(g->b, gen_pick(g, 4), gen_result(g), off);
    } else {
        ir_stenv(g->b, gen_pick(g, 4), v, off);
    }
}

static void gen_flags_op(Gen *g)
{
    IrVal a = gen_source(g);
    IrInsn *insn;
    IrVal dst;

    switch (gen_pick(g, 4)) {
    case 0:
        dst = gen_result(g);
        insn = ir_append(g->b, IR_SETCC);
        insn->dst = dst;
        insn->cond = gen_pick(g, 16);
        break;
    case 1:
        dst = gen_pick(g, 8);
        insn = ir_append(g->b, IR_CMOVCC);
        insn->dst = dst;
        insn->a = a;
        insn->cond = gen_pick(g, 16);
        insn->type = gen_pick(g, 2) ? IR_I32 : IR_I64;
        break;
    case 2:
        ir_append(g->b, IR_SETCF)->a = a;
        break;
    default:
        dst = gen_result(g);
        ir_append(g->b, IR_GETF)->dst = dst;
        break;
    }
}

static void gen_ops(Gen *g, unsigned n);

/* A forward branch over a few operations; what they assign may not be read
 * behind the label. */
static void gen_branch(Gen *g)
{
    unsigned label = ir_new_label(g->b);
    unsigned temps = g->temps;

    if (gen_pick(g, 2)) {
        ir_brf(g->b, gen_pick(g, 16), label);
    } else {
        ir_brcondi(g->b, IR_CC_B + gen_pick(g, 6), IR_I32, gen_source(g),
                   gen_const(g), label);
    }
    gen_ops(g, 3);
    g->temps = MIN(temps, g->temps);
    ir_label(g->b, label);
}

static void gen_op(Gen *g, bool branches)
{
    switch (gen_pick(g, 10)) {
    case 0:
        gen_memory_op(g);
        break;
    case 1:
        gen_env_op(g);
        break;
    case 2:
        gen_flags_op(g);
        break;
    case 3:
        gen_field_op(g);
        break;
    case 4:
        if (branches) {
            gen_branch(g);
            break;
        }
        __attribute__((fallthrough));
    case 5:
    case 6:
        gen_value_op(g, IR_MOV + gen_pick(g, IR_EXTS32 - IR_MOV + 1),
                     gen_pick(g, 2) ? IR_I32 : IR_I64);
        break;
    default:
        gen_value_op(g, IR_ADDF + gen_pick(g, IR_IMULF - IR_ADDF + 1),
                     IR_I32 + gen_pick(g, 2));
        break;
    }
}

static void gen_ops(Gen *g, unsigned n)
{
    while (n--) {
        gen_op(g, false);
    }
}

static void gen_block(Gen *g)
{
    ir_reset(g->b, 0x1000, 0);
    for (unsigned i = 0; i < 6; i++) {
        g->temps = 0;
        ir_append(g->b, IR_INSN)->imm = 0x1000 + i;
        for (unsigned n = 1 + gen_pick(g, 6); n--;) {
            gen_op(g, true);
        }
    }
    ir_exit(g->b, 0, 0x2000, false);
}

/* ---- Comparing ------------------------------------------------------------
 */

typedef struct Outcome {
    uint64_t r[TCG_GLOBALS];
    uint64_t pc;
    TcgFlags flags;
    uint64_t scratch[8];
    uint8_t memory[256];
} Outcome;

static void outcome_run(Harness *h, guint32 seed, Outcome *o)
{
    GRand *rand = g_rand_new_with_seed(seed);
    HarnessCpu *cpu = h->cpu;

    for (unsigned i = 0; i < TCG_GLOBALS; i++) {
        cpu->env.r[i] =
            (uint64_t)g_rand_int(rand) << (i * 2) ^ g_rand_int(rand);
    }
    for (unsigned i = 0; i < 8; i++) {
        cpu->scratch[i] = g_rand_int(rand);
    }
    for (unsigned i = 0; i < sizeof(o->memory); i++) {
        cpu->memory[i] = g_rand_int(rand);
    }
    cpu->env.flags = g_rand_int(rand) & 0xd501;
    g_rand_free(rand);
    g_assert_cmpint(harness_run(h), ==, TCG_LEAVE_LOOKUP);
    memset(o, 0, sizeof(*o));
    memcpy(o->r, cpu->env.r, sizeof(o->r));
    memcpy(o->scratch, cpu->scratch, sizeof(o->scratch));
    memcpy(o->memory, cpu->memory, sizeof(o->memory));
    o->pc = cpu->env.pc;
    o->flags = cpu->env.flags;
}

static void test_random(void)
{
    Harness *h = harness_new("interp");
    Gen g = { .rand = g_rand_new_with_seed(4711), .b = &h->ir };

    h->unchecked = true; /* changes come before loads, which never fault */
    for (guint32 i = 0; i < 20000; i++) {
        Outcome plain, optimised;
        g_autoptr(GString) text = g_string_new("before:\n");

        gen_block(&g);
        outcome_run(h, i, &plain);
        ir_print(&h->ir, text);
        ir_optimise(&h->ir);
        g_string_append(text, "after:\n");
        ir_print(&h->ir, text);
        outcome_run(h, i, &optimised);
        if (memcmp(&plain, &optimised, sizeof(plain)) != 0) {
            g_error("block %u differs\n%s", i, text->str);
        }
    }
    g_rand_free(g.rand);
    harness_free(h);
}

/* ---- What the passes do ---------------------------------------------------
 */

static unsigned count_op(const IrBlock *b, IrOp op)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->count; i++) {
        n += b->insns[i].op == op;
    }
    return n;
}

static void begin(IrBlock *b)
{
    ir_init(b);
    ir_reset(b, 0, 0);
    ir_append(b, IR_INSN);
}

/* add; add; jump: only the second addition's flags are seen. */
static void test_dead_flags(void)
{
    IrBlock b;

    begin(&b);
    ir_op2(&b, IR_ADDF, IR_I32, 0, 0, 1);
    ir_op2(&b, IR_ADDF, IR_I32, 2, 2, 1);
    ir_exit(&b, 0, 8, false);
    ir_optimise(&b);
    g_assert_cmpuint(count_op(&b, IR_ADD), ==, 1);
    g_assert_cmpuint(count_op(&b, IR_ADDF), ==, 1);
    ir_clear(&b);
}

/* With exact flags nothing of that. */
static void test_exact_flags(void)
{
    IrBlock b;

    begin(&b);
    b.exact_flags = true;
    ir_op2(&b, IR_ADDF, IR_I32, 0, 0, 1);
    ir_append(&b, IR_INSN);
    ir_op2(&b, IR_ADDF, IR_I32, 2, 2, 1);
    ir_exit(&b, 0, 8, false);
    ir_optimise(&b);
    g_assert_cmpuint(count_op(&b, IR_ADDF), ==, 2);
    ir_clear(&b);
}

/* A flag that is read on one of two ways stays. */
static void test_branch_flags(void)
{
    IrBlock b;

    begin(&b);
    unsigned label = ir_new_label(&b);
    ir_op2(&b, IR_ADDF, IR_I32, 0, 0, 1);
    ir_brcondi(&b, IR_CC_E, IR_I32, 3, 0, label);
    ir_op2(&b, IR_ADDF, IR_I32, 2, 2, 1);
    ir_exit(&b, 0, 8, false);
    ir_label(&b, label);
    ir_exit(&b, 1, 9, false);
    ir_optimise(&b);
    g_assert_cmpuint(count_op(&b, IR_ADDF), ==, 2);
    ir_clear(&b);
}

/* inc; adcx; cmp: of the flags before it ADCX reads and writes CF only. */
static void test_native_flags(void)
{
    IrBlock b;
    unsigned index;

    begin(&b);
    ir_op2i(&b, IR_CMPF, IR_I32, IR_NONE, 3, 5); /* CF is read */
    ir_op1(&b, IR_INCF, IR_I32, 0, 0);           /* the others are not */
    NativeInsn *n = ir_append_native(&b, &index);
    *n = (NativeInsn){ .map = 2,
                       .opcode = 0xf6,
                       .modrm = true,
                       .p66 = true,
                       .reg = 1,
                       .reg_kind = NATIVE_REG_GPR,
                       .rm = 2,
                       .rm_kind = NATIVE_REG_GPR,
                       .gpr_in = 6,
                       .gpr_out = 2,
                       .flags_in = IR_FLAG_C,
                       .flags_out = IR_FLAG_C,
                       .flags_sure = true };
    ir_append(&b, IR_NATIVE)->imm = index;
    ir_op2i(&b, IR_CMPF, IR_I32, IR_NONE, 2, 7);
    ir_exit(&b, 0, 8, false);
    ir_optimise(&b);
    g_assert_cmpuint(count_op(&b, IR_INCF), ==, 0);
    g_assert_cmpuint(count_op(&b, IR_CMPF), ==, 2);
    ir_clear(&b);
}

/* Constants fold, and what made them goes. */
static void test_fold(void)
{
    IrBlock b;

    begin(&b);
    IrVal t = ir_temp(&b), u = ir_temp(&b);
    ir_movi(&b, t, 40);
    ir_op2i(&b, IR_ADD, IR_I64, u, t, 2);
    ir_op2(&b, IR_ADD, IR_I64, 0, 0, u);
    ir_exit(&b, 0, 8, false);
    ir_optimise(&b);
    g_assert_cmpuint(count_op(&b, IR_MOV), ==, 0);
    g_assert_cmpuint(count_op(&b, IR_ADD), ==, 1);
    const IrInsn *add = &b.insns[3];
    g_assert(add->op == IR_ADD && add->b == IR_IMM && add->imm == 42);
    ir_clear(&b);
}

/* A load into a temporary that is moved on goes to its place at once. */
static void test_merge(void)
{
    IrBlock b;

    begin(&b);
    IrVal t = ir_temp(&b);
    ir_ld(&b, IR_I64, t, 3, 0, (IrMem){ .size = 3 });
    ir_op1(&b, IR_MOV, IR_I64, 0, t);
    ir_exit(&b, 0, 8, false);
    ir_optimise(&b);
    g_assert_cmpuint(count_op(&b, IR_MOV), ==, 0);
    g_assert_cmpuint(b.insns[1].dst, ==, 0);
    ir_clear(&b);
}

/* ---- The verifier ---------------------------------------------------------
 */

static void expect_bad(IrBlock *b, const char *part)
{
    g_autoptr(GString) why = g_string_new(NULL);

    g_assert(!ir_verify(b, why));
    if (!strstr(why->str, part)) {
        g_error("expected '%s', got '%s'", part, why->str);
    }
    ir_clear(b);
}

static void test_verify(void)
{
    IrBlock b;
    IrVal t;

    begin(&b);
    expect_bad(&b, "runs over its end");

    begin(&b);
    t = ir_temp(&b);
    ir_op1(&b, IR_MOV, IR_I64, 0, t);
    ir_exit(&b, 0, 0, false);
    expect_bad(&b, "before it is assigned");

    begin(&b);
    t = ir_temp(&b);
    ir_movi(&b, t, 1);
    ir_append(&b, IR_INSN);
    ir_op1(&b, IR_MOV, IR_I64, 0, t);
    ir_exit(&b, 0, 0, false);
    expect_bad(&b, "before it is assigned");

    begin(&b);
    t = ir_new_label(&b);
    ir_label(&b, t);
    ir_br(&b, t);
    expect_bad(&b, "backward");

    begin(&b);
    ir_br(&b, ir_new_label(&b));
    expect_bad(&b, "never placed");

    begin(&b);
    ir_op2i(&b, IR_ADD, IR_I64, 0, 0, 1);
    t = ir_temp(&b);
    ir_ld(&b, IR_I64, t, 3, 0, (IrMem){ .size = 3 });
    ir_exit(&b, 0, 0, false);
    expect_bad(&b, "may fault after");

    begin(&b);
    ir_op2(&b, IR_ADD, IR_I16, 0, 0, 1);
    ir_exit(&b, 0, 0, false);
    expect_bad(&b, "32 or 64 bits");

    begin(&b);
    ir_op2(&b, IR_ADD, IR_I64, 0, IR_IMM, 1);
    ir_exit(&b, 0, 0, false);
    expect_bad(&b, "constant");

    begin(&b);
    ir_setcondi(&b, IR_CC_P, IR_I64, 0, 1, 1);
    ir_exit(&b, 0, 0, false);
    expect_bad(&b, "condition");

    begin(&b);
    ir_extract(&b, 0, 1, 60, 8);
    ir_exit(&b, 0, 0, false);
    expect_bad(&b, "field");

    begin(&b);
    unsigned label = ir_new_label(&b);
    ir_brf(&b, IR_CC_E, label);
    ir_exit(&b, 0, 0, false);
    ir_label(&b, label);
    ir_exit(&b, 0, 0, false);
    expect_bad(&b, "used twice");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcg/opt/random", test_random);
    g_test_add_func("/tcg/opt/dead-flags", test_dead_flags);
    g_test_add_func("/tcg/opt/exact-flags", test_exact_flags);
    g_test_add_func("/tcg/opt/branch-flags", test_branch_flags);
    g_test_add_func("/tcg/opt/native-flags", test_native_flags);
    g_test_add_func("/tcg/opt/fold", test_fold);
    g_test_add_func("/tcg/opt/merge", test_merge);
    g_test_add_func("/tcg/verify", test_verify);
    return g_test_run();
}
