/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random blocks leave the same registers, flags and memory on the interpreter
 * and on the host's own back end. Flags that an operation leaves undefined are
 * masked out of the comparison at once and then set anew.
 */
#include "tests/tcg/vm.h"

#include <string.h>

enum {
    ALL_FLAGS = 0x8d5,
    CF = 1,
    PF = 4,
    AF = 0x10,
    ZF = 0x40,
    SF = 0x80,
    OF = 0x800
};

/* Of TcgFlags, those that are flags. */
enum { PACKED_FLAGS = 0xd501 };

typedef struct Gen {
    GRand *rand;
    IrBlock *b;
    IrVal temps[12]; /* assigned in this guest instruction */
    unsigned temp_count;
    uint64_t pc;
    IrVal sum; /* global that collects flags */
} Gen;

static unsigned pick(Gen *g, unsigned n)
{
    return g_rand_int_range(g->rand, 0, n);
}

static int64_t pick_const(Gen *g)
{
    static const int64_t some[] = { 0,          1,      2,          8,
                                    0x7f,       0x80,   0xff,       0x7fff,
                                    0x8000,     0xffff, 0x7fffffff, 0x80000000,
                                    0xffffffff, -1,     INT64_MIN,  INT64_MAX };
    int64_t r = ((uint64_t)g_rand_int(g->rand) << 32) | g_rand_int(g->rand);

    return pick(g, 3) ? some[pick(g, G_N_ELEMENTS(some))] : r;
}

static IrVal pick_source(Gen *g)
{
    if (g->temp_count && pick(g, 2)) {
        return g->temps[pick(g, g->temp_count)];
    }
    return pick(g, 16);
}

static IrVal new_temp(Gen *g)
{
    if (g->temp_count == G_N_ELEMENTS(g->temps)) {
        return g->temps[pick(g, g->temp_count)];
    }
    return g->temps[g->temp_count++] = ir_temp(g->b);
}

/* Not r15: it collects. */
static IrVal pick_dst(Gen *g)
{
    return pick(g, 2) ? new_temp(g) : pick(g, 15);
}

static void gen_insn(Gen *g)
{
    ir_append(g->b, IR_INSN)->imm = ++g->pc;
    g->temp_count = 0;
}

/* r15 = rol(r15, 7) ^ (flags & mask) */
static void gen_collect(Gen *g, unsigned mask)
{
    IrVal t = ir_temp(g->b);

    ir_append(g->b, IR_GETF)->dst = t;
    ir_op2i(g->b, IR_AND, IR_I64, t, t, mask);
    ir_op2i(g->b, IR_ROL, IR_I64, 15, 15, 7);
    ir_op2(g->b, IR_XOR, IR_I64, 15, 15, t);
}

static void gen_set_flags(Gen *g)
{
    IrVal t = ir_temp(g->b);

    ir_movi(g->b, t, g_rand_int(g->rand));
    ir_append(g->b, IR_SETF)->a = t;
}

static void gen_rhs(Gen *g, IrInsn *i, IrVal v)
{
    if (pick(g, 3) == 0) {
        i->imm = pick_const(g);
        v = IR_IMM;
    }
    i->b = v;
}

static void gen_plain2(Gen *g)
{
    static const uint8_t ops[] = { IR_ADD, IR_ADD, IR_ADD,   IR_SUB,
                                   IR_AND, IR_OR,  IR_XOR,   IR_SHL,
                                   IR_SHL, IR_SHR, IR_SAR,   IR_ROL,
                                   IR_ROR, IR_MUL, IR_MULUH, IR_MULSH };
    IrOp op = ops[pick(g, G_N_ELEMENTS(ops))];
    IrVal a = pick_source(g), b = pick_source(g), dst = pick_dst(g);
    IrInsn *i = ir_append(g->b, op);

    i->type = pick(g, 2) ? IR_I32 : IR_I64;
    i->dst = dst;
    i->a = a;
    gen_rhs(g, i, b);
    if (i->b == IR_IMM && op >= IR_SHL && op <= IR_ROR) {
        i->imm &= pick(g, 2) ? 3 : (i->type == IR_I64 ? 63 : 31);
    }
}

static void gen_plain1(Gen *g)
{
    static const uint8_t ops[] = { IR_MOV,   IR_MOV,    IR_NEG,    IR_NOT,
                                   IR_BSWAP, IR_EXTU8,  IR_EXTU16, IR_EXTU32,
                                   IR_EXTS8, IR_EXTS16, IR_EXTS32, IR_CLZ,
                                   IR_CTZ,   IR_POPCNT };
    IrOp op = ops[pick(g, G_N_ELEMENTS(ops))];
    IrVal a = pick_source(g);

    ir_op1(g->b, op, pick(g, 2) ? IR_I32 : IR_I64, pick_dst(g), a);
}

static void gen_movi(Gen *g)
{
    ir_movi(g->b, pick_dst(g), pick_const(g));
}

static void gen_fields(Gen *g)
{
    unsigned pos = pick(g, 2) ? 0 : pick(g, 2) ? 8 : pick(g, 64);
    unsigned len = pick(g, 2) ? 8u << pick(g, 3) : 1 + pick(g, 64);
    IrVal a = pick_source(g), v = pick_source(g);

    len = MIN(len, 64 - pos);
    if (pick(g, 2)) {
        ir_extract(g->b, pick_dst(g), a, pos, len);
    } else if (pick(g, 2) && pos + len <= 32) {
        ir_deposit(g->b, IR_I32, pick_dst(g), a, v, pos, len);
    } else {
        IrVal dst = pick_dst(g);

        ir_deposit(g->b, IR_I64, dst, pick(g, 2) && dst < IR_TEMP0 ? dst : a, v,
                   pos, len);
    }
}

static void gen_conditions(Gen *g)
{
    IrVal a = pick_source(g), b = pick_source(g), c = pick_source(g);
    IrType t = pick(g, 2) ? IR_I32 : IR_I64;
    static const uint8_t conds[] = { IR_CC_B,  IR_CC_AE, IR_CC_E, IR_CC_NE,
                                     IR_CC_BE, IR_CC_A,  IR_CC_L, IR_CC_GE,
                                     IR_CC_LE, IR_CC_G };
    IrVal dst = pick(g, 2) ? pick(g, 15) : pick_source(g);
    bool set = pick(g, 2);
    IrInsn *i = ir_append(g->b, set ? IR_SETCOND : IR_MOVCOND);

    i->type = t;
    i->cond = conds[pick(g, G_N_ELEMENTS(conds))];
    i->dst = dst;
    i->a = a;
    gen_rhs(g, i, b);
    i->c = set ? IR_NONE : c;
    if (dst == 15) {
        i->dst = 14;
    }
}

/* A narrow result is put to use by an extension. */
static void gen_narrow(Gen *g, IrType t, IrVal v)
{
    if (t < IR_I32) {
        ir_op1(g->b, t == IR_I8 ? IR_EXTS8 : IR_EXTU16, IR_I64, pick(g, 15), v);
    }
}

static IrVal pick_flag_dst(Gen *g, IrType t)
{
    return t < IR_I32 ? ir_temp(g->b) : pick_dst(g);
}

static void gen_alu_flags(Gen *g)
{
    static const uint8_t ops[] = { IR_ADDF, IR_SUBF, IR_ADCF, IR_SBBF, IR_CMPF,
                                   IR_ANDF, IR_ORF,  IR_XORF, IR_TESTF };
    IrOp op = ops[pick(g, G_N_ELEMENTS(ops))];
    bool logic =
        op == IR_ANDF || op == IR_ORF || op == IR_XORF || op == IR_TESTF;
    IrType t = pick(g, 4);
    IrVal a = pick_source(g), b = pick_source(g);
    IrVal dst = ir_op_results[op] ? pick_flag_dst(g, t) : IR_NONE;
    IrInsn *i = ir_append(g->b, op);

    i->type = t;
    i->dst = dst;
    i->a = a;
    gen_rhs(g, i, b);
    if (dst != IR_NONE) {
        gen_narrow(g, t, dst);
    }
    if (logic) {
        gen_collect(g, ALL_FLAGS & ~AF);
        gen_set_flags(g);
    }
}

static void gen_unary_flags(Gen *g)
{
    static const uint8_t ops[] = { IR_INCF, IR_DECF, IR_NEGF };
    IrType t = pick(g, 4);
    IrVal a = pick_source(g), dst = pick_flag_dst(g, t);

    ir_op1(g->b, ops[pick(g, 3)], t, dst, a);
    gen_narrow(g, t, dst);
}

static void gen_shift_flags(Gen *g)
{
    static const uint8_t ops[] = { IR_SHLF, IR_SHRF, IR_SARF, IR_ROLF,
                                   IR_RORF };
    IrOp op = ops[pick(g, G_N_ELEMENTS(ops))];
    IrType t = pick(g, 4);
    IrVal a = pick_source(g), count = pick_source(g);
    IrVal dst = pick_flag_dst(g, t);
    unsigned n = pick(g, 32), undefined = OF | AF;

    if (pick(g, 2)) {
        ir_op2i(g->b, op, t, dst, a, n);
        undefined = n == 0 ? 0 : n == 1 ? AF : OF | AF;
    } else { /* never beyond a narrow width: CF would be undefined */
        IrVal c = ir_temp(g->b);

        ir_op2i(g->b, IR_AND, IR_I64, c, count, t == IR_I8 ? 7 : 15);
        ir_op2(g->b, op, t, dst, a, c);
        n = 1;
    }
    if (t < IR_I32 && n >= 8) {
        undefined |= CF;
    }
    if (op == IR_ROLF || op == IR_RORF) {
        undefined &= ~AF;
    }
    gen_narrow(g, t, dst);
    gen_collect(g, ALL_FLAGS & ~undefined);
    gen_set_flags(g);
}

static void gen_imul_flags(Gen *g)
{
    IrType t = pick(g, 4);
    IrVal a = pick_source(g), b = pick_source(g), dst = pick_flag_dst(g, t);
    IrInsn *i = ir_append(g->b, IR_IMULF);

    i->type = t;
    i->dst = dst;
    i->a = a;
    gen_rhs(g, i, b);
    gen_narrow(g, t, dst);
    gen_collect(g, OF | CF);
    gen_set_flags(g);
}

static void gen_read_flags(Gen *g)
{
    IrVal a = pick_source(g), dst;
    IrInsn *i;

    switch (pick(g, 4)) {
    case 0:
        dst = pick_dst(g);
        i = ir_append(g->b, IR_SETCC);
        i->dst = dst;
        i->cond = pick(g, 16);
        break;
    case 1:
        i = ir_append(g->b, IR_CMOVCC);
        i->type = pick(g, 2) ? IR_I32 : IR_I64;
        i->dst = pick(g, 15);
        i->a = a;
        i->cond = pick(g, 16);
        break;
    case 2:
        ir_append(g->b, IR_SETCF)->a = a;
        break;
    default:
        gen_collect(g, ALL_FLAGS);
        break;
    }
}

/* An address inside the pages, sometimes near or over a page's end. */
static IrVal gen_address(Gen *g)
{
    IrVal t = ir_temp(g->b), a = pick_source(g);

    ir_op2i(g->b, IR_AND, IR_I64, t, a, pick(g, 2) ? 0x2ff8 : 0x2fff);
    if (pick(g, 2)) {
        IrVal u = ir_temp(g->b), index = ir_temp(g->b);

        ir_op2i(g->b, IR_AND, IR_I64, index, pick_source(g), 0x3f);
        ir_op2i(g->b, IR_SHL, IR_I64, index, index, pick(g, 4));
        ir_op2(g->b, IR_ADD, pick(g, 2) ? IR_I32 : IR_I64, u, t, index);
        ir_op2i(g->b, IR_ADD, IR_I64, t, u, pick(g, 64));
    }
    return t;
}

static const uint8_t host_bytes[12] = { 0x12, 0x34, 0xf5, 0x67, 0x89, 0xab,
                                        0x7c, 0x80, 0x01, 0xde, 0xf0, 0x23 };

static void gen_memory(Gen *g)
{
    IrVal at = gen_address(g);
    IrMem m = { .size = pick(g, 4),
                .slot = pick(g, 8) & ~1,
                .steady = pick(g, 2) };

    switch (pick(g, 6)) {
    case 0:
        ir_ldhost(g->b, m.size, pick(g, 2), pick_dst(g),
                  host_bytes + pick(g, 5));
        break;
    case 1:
    case 5:
        m.sign = pick(g, 2);
        ir_ld(g->b, m.size < 3 && pick(g, 2) ? IR_I32 : IR_I64, pick_dst(g), at,
              VM_BASE, m);
        break;
    case 2:
    case 3: {
        m.slot |= 1;
        IrVal v = pick_source(g);
        ir_st(g->b, at, VM_BASE, v, m);
        break;
    }
    default: {
        IrVal b = pick_source(g), c = pick_source(g), dst = pick_dst(g);
        IrAtomic op = pick(g, 6);
        IrInsn *i = ir_append(g->b, IR_ATOMIC);

        m.slot |= 1;
        i->mem = m;
        i->cond = op;
        i->dst = dst;
        i->a = at;
        i->b = b;
        i->c = op == IR_ATOMIC_CMPXCHG ? c : IR_NONE;
        i->imm2 = VM_BASE;
        break;
    }
    }
}

/* ---- helpers ---------------------------------------------------------- */
#define LIGHT __attribute__((target("general-regs-only")))

static LIGHT uint64_t help_mix(void *env, uint64_t a, uint64_t b, uint64_t c,
                               uint64_t d)
{
    const TcgEnv *e = env;

    return a * 3 + b * 5 + c * 7 + d * 11 + e->r[0] + e->r[4] + e->r[12];
}

static uint64_t help_heavy(void *env, uint64_t a, uint64_t b, uint64_t c,
                           uint64_t d)
{
    volatile double x = a & 0xffff;

    return (uint64_t)(x * 2) + b - c + d;
}

static LIGHT uint64_t help_change(void *env, uint64_t a, uint64_t b, uint64_t c,
                                  uint64_t d)
{
    TcgEnv *e = env;
    unsigned f = e->flags & PACKED_FLAGS;

    for (unsigned n = 0; n < 15; n++) {
        e->r[n] = e->r[n] * 3 + n;
    }
    e->flags = f ^ 0x4401;
    return f;
}

static const TcgHelper helpers[] = {
    { "mix", help_mix, TCG_LIGHT },
    { "heavy", help_heavy, TCG_MAY_RAISE },
    { "change", help_change,
      TCG_LIGHT | TCG_READS_FLAGS | TCG_WRITES_FLAGS | TCG_WRITES_GLOBALS },
};

static void gen_call(Gen *g)
{
    IrVal a = pick_source(g), b = pick_source(g), c = pick_source(g);
    unsigned h = pick(g, G_N_ELEMENTS(helpers));
    IrVal dst = h == 2 ? new_temp(g) : pick_dst(g);

    ir_call(g->b, &helpers[h], dst, a, b, c, pick_const(g));
}

static void gen_some(Gen *g, unsigned depth);

/* if (cond) { some } else { other }, the else part optional. */
static void gen_branch(Gen *g, unsigned depth)
{
    unsigned other = ir_new_label(g->b), join = ir_new_label(g->b);
    unsigned known = g->temp_count;
    bool has_else = pick(g, 2);

    if (pick(g, 2)) {
        ir_brf(g->b, pick(g, 16), other);
    } else {
        ir_brcondi(g->b, IR_CC_L, IR_I64, pick_source(g), pick_const(g), other);
    }
    gen_some(g, depth - 1);
    g->temp_count = known;
    if (has_else) {
        ir_br(g->b, join);
    }
    ir_label(g->b, other);
    if (has_else) {
        gen_some(g, depth - 1);
        g->temp_count = known;
        ir_label(g->b, join);
    }
}

static void gen_one(Gen *g, unsigned depth)
{
    static void (*const kinds[])(Gen *) = {
        gen_plain2,     gen_plain2,      gen_plain1,      gen_movi,
        gen_fields,     gen_conditions,  gen_alu_flags,   gen_alu_flags,
        gen_read_flags, gen_unary_flags, gen_shift_flags, gen_imul_flags,
        gen_memory,     gen_memory,      gen_call,
    };

    if (depth && pick(g, 12) == 0) {
        gen_branch(g, depth);
    } else {
        kinds[pick(g, G_N_ELEMENTS(kinds))](g);
    }
}

static void gen_some(Gen *g, unsigned depth)
{
    unsigned n = 1 + pick(g, 6);

    while (n--) {
        gen_one(g, depth);
    }
}

static void gen_block(Gen *g)
{
    unsigned n = 1 + pick(g, 8);

    ir_reset(g->b, 1, 0);
    g->pc = 0;
    g->b->exact_flags = pick(g, 4) == 0;
    while (n--) {
        gen_insn(g);
        gen_some(g, 2);
        /* Temporaries' values become visible. */
        for (unsigned t = 0; t < g->temp_count; t++) {
            ir_op2(g->b, IR_XOR, IR_I64, pick(g, 15), 14, g->temps[t]);
        }
    }
    ir_leave(g->b, VM_LEAVE_DONE);
}

/* ---- comparing -------------------------------------------------------- */

static void fill_random(GRand *r, Vm *vm)
{
    for (unsigned n = 0; n < TCG_GLOBALS; n++) {
        vm->cpu->env.r[n] = ((uint64_t)g_rand_int(r) << 32 | g_rand_int(r)) >>
                            (g_rand_int(r) & 63);
    }
    for (unsigned n = 0; n < VM_PAGES * 4096; n += 4) {
        uint32_t v = g_rand_int(r);

        memcpy(vm->ram + n, &v, 4);
    }
    vm->cpu->env.flags = vm_flags(g_rand_int(r));
}

static void copy_state(Vm *to, const Vm *from)
{
    memcpy(to->cpu->env.r, from->cpu->env.r, sizeof(to->cpu->env.r));
    memcpy(to->ram, from->ram, VM_PAGES * 4096);
    to->cpu->env.flags = from->cpu->env.flags;
}

static void report(Vm *a, Vm *b, uint32_t seed)
{
    g_autoptr(GString) text = g_string_new(NULL);
    TcgCode code = { 0 };

    ir_print(&b->ir, text);
    b->ctx.backend->compile(&b->ctx, &b->ir, &code);
    b->ctx.backend->print(&b->ctx, &code, text);
    for (unsigned n = 0; n < TCG_GLOBALS; n++) {
        if (a->cpu->env.r[n] != b->cpu->env.r[n]) {
            g_string_append_printf(text, "r%u: %lx, not %lx\n", n,
                                   b->cpu->env.r[n], a->cpu->env.r[n]);
        }
    }
    g_string_append_printf(text, "flags %x, %x\n", b->cpu->env.flags,
                           a->cpu->env.flags);
    g_print("%s\n", text->str);
    g_error("back ends differ, seed %u", seed);
}

static void compare(Vm *a, Vm *b, uint32_t seed)
{
    if (memcmp(a->cpu->env.r, b->cpu->env.r, sizeof(a->cpu->env.r)) ||
        (a->cpu->env.flags ^ b->cpu->env.flags) & PACKED_FLAGS ||
        memcmp(a->ram, b->ram, VM_PAGES * 4096)) {
        report(a, b, seed);
    }
}

static void run_seed(Vm *a, Vm *b, uint32_t seed)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    Gen g = { .rand = rand, .b = &a->ir };

    gen_block(&g);
    g.b = &b->ir;
    g_rand_set_seed(rand, seed);
    gen_block(&g);
    fill_random(rand, a);
    copy_state(b, a);
    tcg_slots_clear(&b->cpu->env, -1);
    b->ctx.backend->clear(&b->ctx);
    g_assert_cmpint(vm_run_once(a), ==, VM_LEAVE_DONE);
    g_assert_cmpint(vm_run_once(b), ==, VM_LEAVE_DONE);
    compare(a, b, seed);
}

static void test_random(gconstpointer data)
{
    const char *only = g_getenv("TEST_BACKENDS_SEED");
    Vm *a = vm_new("interp", 0);
    Vm *b = vm_new(NULL, GPOINTER_TO_UINT(data));

    a->loose = b->loose = true;
    for (unsigned n = 0; n < 4000; n++) {
        run_seed(a, b,
                 only ? (uint32_t)atol(only) : (uint32_t)g_test_rand_int());
    }
    vm_free(a);
    vm_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/backends/random", GUINT_TO_POINTER(0), test_random);
    g_test_add_data_func("/backends/no-slots", GUINT_TO_POINTER(TCG_OFF_SLOTS),
                         test_random);
    return g_test_run();
}
