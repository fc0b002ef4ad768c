/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every operation on values, each type, edge values, register and constant
 * forms, against a model written bit by bit; on every back end this host has.
 */
#include "tests/tcg/harness.h"

#include <inttypes.h>

typedef unsigned __int128 Wide;
typedef __int128 SignedWide;

enum { CF = 1, PF = 4, AF = 16, ZF = 64, SF = 128, OF = 2048 };
#define ALL_FLAGS (CF | PF | AF | ZF | SF | OF)

static const uint64_t edge_values[] = {
    0,
    1,
    2,
    7,
    0x0f,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    UINT64_C(0x7fffffffffffffff),
    UINT64_C(0x8000000000000000),
    UINT64_C(0xffffffffffffffff),
    UINT64_C(0x123456789abcdef0),
};
#define EDGES G_N_ELEMENTS(edge_values)

/* ---- The model ------------------------------------------------------------
 */

typedef struct Model {
    IrOp op;
    unsigned width;
    unsigned cond;
    uint64_t a, b; /* cut to the width */
    uint64_t imm;
    uint32_t flags; /* in, out */
    uint32_t undefined;
    uint64_t res;
    bool known;
} Model;

static uint64_t model_mask(unsigned width)
{
    return width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

static int64_t model_signed(const Model *m, uint64_t v)
{
    bool negative = v >> (m->width - 1) & 1;
    return negative ? (int64_t)(v | ~model_mask(m->width)) : (int64_t)v;
}

static uint32_t model_zsp(const Model *m, uint64_t res)
{
    unsigned ones = 0;
    for (unsigned i = 0; i < 8; i++) {
        ones += res >> i & 1;
    }
    return (res == 0 ? ZF : 0) | (ones % 2 == 0 ? PF : 0) |
           (res >> (m->width - 1) & 1 ? SF : 0);
}

static void model_set(Model *m, uint64_t res, uint32_t flags)
{
    m->res = res & model_mask(m->width);
    m->flags = flags;
}

static void model_add(Model *m, uint64_t b, unsigned carry)
{
    Wide sum = (Wide)m->a + b + carry;
    SignedWide ssum =
        (SignedWide)model_signed(m, m->a) + model_signed(m, b) + carry;
    uint64_t res = (uint64_t)sum & model_mask(m->width);
    uint32_t f = model_zsp(m, res);
    f |= sum >> m->width ? CF : 0;
    f |= (m->a & 15) + (b & 15) + carry > 15 ? AF : 0;
    f |= ssum != model_signed(m, res) ? OF : 0;
    model_set(m, res, f);
}

static void model_sub(Model *m, uint64_t a, uint64_t b, unsigned borrow)
{
    SignedWide ssum =
        (SignedWide)model_signed(m, a) - model_signed(m, b) - borrow;
    uint64_t res = (a - b - borrow) & model_mask(m->width);
    uint32_t f = model_zsp(m, res);
    f |= (Wide)a < (Wide)b + borrow ? CF : 0;
    f |= (a & 15) < (b & 15) + borrow ? AF : 0;
    f |= ssum != model_signed(m, res) ? OF : 0;
    model_set(m, res, f);
}

static void model_logic(Model *m, uint64_t res)
{
    model_set(m, res, model_zsp(m, res & model_mask(m->width)));
    m->undefined = AF;
}

/* One bit at a time, as the manual's pseudo code does. */
static void model_shift(Model *m)
{
    unsigned n = m->b & (m->width == 64 ? 63 : 31);
    uint64_t v = m->a, top = UINT64_C(1) << (m->width - 1);
    bool carry = false, overflow = false;
    for (unsigned i = 0; i < n; i++) {
        bool high = v & top;
        carry = m->op == IR_SHLF ? high : v & 1;
        if (m->op == IR_SHLF) {
            v = (v << 1) & model_mask(m->width);
            overflow = carry != !!(v & top);
        } else {
            v = v >> 1 | (m->op == IR_SARF && high ? top : 0);
            overflow = m->op == IR_SHRF && high;
        }
    }
    m->res = v;
    if (n) {
        m->flags = model_zsp(m, v) | (carry ? CF : 0) | (overflow ? OF : 0);
        m->undefined = AF | (n > 1 ? OF : 0) | (n >= m->width ? CF : 0);
    }
}

static void model_rotate(Model *m, bool left)
{
    unsigned n = m->b & (m->width == 64 ? 63 : 31);
    uint64_t v = m->a, top = UINT64_C(1) << (m->width - 1);
    for (unsigned i = 0; i < n; i++) {
        bool high = v & top, low = v & 1;
        v = left ? (v << 1 | high) & model_mask(m->width)
                 : v >> 1 | (low ? top : 0);
    }
    m->res = v;
    if (n) {
        bool high = v & top;
        bool carry = left ? v & 1 : high;
        bool overflow = left ? high != carry : high != !!(v & top >> 1);
        m->flags =
            (m->flags & ~(CF | OF)) | (carry ? CF : 0) | (overflow ? OF : 0);
        m->undefined = n > 1 ? OF : 0;
    }
}

static void model_imul(Model *m)
{
    SignedWide p = (SignedWide)model_signed(m, m->a) * model_signed(m, m->b);
    uint64_t res = (uint64_t)p & model_mask(m->width);
    bool overflow = p != model_signed(m, res);
    model_set(m, res, overflow ? CF | OF : 0);
    m->undefined = SF | ZF | AF | PF;
}

static bool model_flags_cond(uint32_t f, unsigned cond)
{
    bool less = !!(f & SF) != !!(f & OF);
    const bool holds[8] = { f & OF, f & CF, f & ZF, f & (CF | ZF),
                            f & SF, f & PF, less,   less || (f & ZF) };
    return holds[cond / 2] != (cond & 1);
}

static bool model_compare(const Model *m, uint64_t a, uint64_t b)
{
    Model copy = *m;
    model_sub(&copy, a, b, 0);
    return model_flags_cond(copy.flags, m->cond);
}

static uint64_t model_rol(const Model *m, unsigned n)
{
    n %= m->width;
    return n ? (m->a << n | m->a >> (m->width - n)) & model_mask(m->width)
             : m->a;
}

static uint64_t model_count(const Model *m, bool from_top)
{
    unsigned n = 0;
    while (n < m->width && !(m->a >> (from_top ? m->width - 1 - n : n) & 1)) {
        n++;
    }
    return n;
}

static uint64_t model_bswap(const Model *m)
{
    uint64_t res = 0;
    for (unsigned i = 0; i < m->width; i += 8) {
        res = res << 8 | (m->a >> i & 0xff);
    }
    return res;
}

static void model_plain(Model *m, uint64_t res)
{
    m->res = res & model_mask(m->width);
}

static void model_run(Model *m)
{
    unsigned n = m->b & (m->width - 1);
    m->known = true;
    switch (m->op) {
    case IR_ADD:
        model_plain(m, m->a + m->b);
        break;
    case IR_SUB:
        model_plain(m, m->a - m->b);
        break;
    case IR_AND:
        model_plain(m, m->a & m->b);
        break;
    case IR_OR:
        model_plain(m, m->a | m->b);
        break;
    case IR_XOR:
        model_plain(m, m->a ^ m->b);
        break;
    case IR_SHL:
        model_plain(m, m->a << n);
        break;
    case IR_SHR:
        model_plain(m, m->a >> n);
        break;
    case IR_SAR:
        model_plain(m, model_signed(m, m->a) >> n);
        break;
    case IR_ROL:
        model_plain(m, model_rol(m, n));
        break;
    case IR_ROR:
        model_plain(m, model_rol(m, m->width - n));
        break;
    case IR_MUL:
        model_plain(m, m->a * m->b);
        break;
    case IR_MULUH:
        model_plain(m, (uint64_t)((Wide)m->a * m->b >> m->width));
        break;
    case IR_MULSH:
        model_plain(m, (uint64_t)((SignedWide)model_signed(m, m->a) *
                                      model_signed(m, m->b) >>
                                  m->width));
        break;
    case IR_MOV:
        model_plain(m, m->a);
        break;
    case IR_NEG:
        model_plain(m, 0 - m->a);
        break;
    case IR_NOT:
        model_plain(m, ~m->a);
        break;
    case IR_BSWAP:
        model_plain(m, model_bswap(m));
        break;
    case IR_EXTU8:
        model_plain(m, (uint8_t)m->a);
        break;
    case IR_EXTU16:
        model_plain(m, (uint16_t)m->a);
        break;
    case IR_EXTU32:
        model_plain(m, (uint32_t)m->a);
        break;
    case IR_EXTS8:
        model_plain(m, (int8_t)m->a);
        break;
    case IR_EXTS16:
        model_plain(m, (int16_t)m->a);
        break;
    case IR_EXTS32:
        model_plain(m, (int32_t)m->a);
        break;
    case IR_CLZ:
        model_plain(m, model_count(m, true));
        break;
    case IR_CTZ:
        model_plain(m, model_count(m, false));
        break;
    case IR_POPCNT:
        for (uint64_t v = m->a; v; v &= v - 1) {
            m->res++;
        }
        break;
    case IR_SETCOND:
        m->res = model_compare(m, m->a, m->b);
        break;
    case IR_ADDF:
        model_add(m, m->b, 0);
        break;
    case IR_ADCF:
        model_add(m, m->b, m->flags & CF);
        break;
    case IR_SUBF:
    case IR_CMPF:
        model_sub(m, m->a, m->b, 0);
        break;
    case IR_SBBF:
        model_sub(m, m->a, m->b, m->flags & CF);
        break;
    case IR_ANDF:
    case IR_TESTF:
        model_logic(m, m->a & m->b);
        break;
    case IR_ORF:
        model_logic(m, m->a | m->b);
        break;
    case IR_XORF:
        model_logic(m, m->a ^ m->b);
        break;
    case IR_INCF:
    case IR_DECF: {
        uint32_t carry = m->flags & CF;
        if (m->op == IR_INCF) {
            model_add(m, 1, 0);
        } else {
            model_sub(m, m->a, 1, 0);
        }
        m->flags = (m->flags & ~CF) | carry;
        break;
    }
    case IR_NEGF:
        model_sub(m, 0, m->a, 0);
        break;
    case IR_SHLF:
    case IR_SHRF:
    case IR_SARF:
        model_shift(m);
        break;
    case IR_ROLF:
        model_rotate(m, true);
        break;
    case IR_RORF:
        model_rotate(m, false);
        break;
    case IR_IMULF:
        model_imul(m);
        break;
    default:
        m->known = false;
    }
}

/* ---- Running one operation ------------------------------------------------
 */

static TcgFlags pack(uint32_t f)
{
    return (f & 0xd5) << 8 | (f >> 11 & 1);
}

static uint32_t unpack(TcgFlags f)
{
    return (f >> 8 & 0xd5) | (f & 1) << 11;
}

typedef struct Case {
    IrOp op;
    IrType type;
    unsigned cond;
    uint64_t a, b;
    bool constant;
    uint32_t flags;
    bool optimise;
} Case;

static void build_case(Harness *h, const Case *c)
{
    IrBlock *ir = &h->ir;
    unsigned sources = ir_op_sources[c->op];
    ir_reset(ir, 0x1000, 0);
    ir_append(ir, IR_INSN)->imm = 0x1000;
    if (c->optimise) {
        ir_movi(ir, 1, c->a); /* so that folding has something to fold */
    }
    IrInsn *insn = ir_append(ir, c->op);
    insn->type = c->type;
    insn->cond = c->cond;
    insn->dst = ir_op_results[c->op] ? 0 : IR_NONE;
    insn->a = sources == 1 && c->constant ? IR_IMM : 1;
    insn->b = sources < 2 ? IR_NONE : c->constant ? IR_IMM : 2;
    insn->imm = !c->constant ? 0 : sources == 1 ? (int64_t)c->a : (int64_t)c->b;
    ir_exit(ir, 0, 0x1004, false);
    if (c->optimise) {
        ir_optimise(ir);
    }
}

static void check_case(Harness *h, const Case *c)
{
    unsigned width = 8 << c->type;
    Model m = { .op = c->op,
                .width = width,
                .cond = c->cond,
                .a = c->a & model_mask(width),
                .b = c->b & model_mask(width),
                .flags = c->flags };
    model_run(&m);
    if (!m.known) {
        return;
    }
    build_case(h, c);
    TcgEnv *env = &h->cpu->env;
    env->r[0] = UINT64_C(0xa5a5a5a5a5a5a5a5);
    env->r[1] = c->a;
    env->r[2] = c->b;
    env->flags = pack(c->flags);
    g_assert_cmpint(harness_run(h), ==, TCG_LEAVE_LOOKUP);
    g_assert_cmphex(env->pc, ==, 0x1004);
    uint32_t care = ALL_FLAGS & ~m.undefined;
    bool same_flags = (unpack(env->flags) & care) == (m.flags & care);
    bool same_res = !ir_op_results[c->op] ||
                    (env->r[0] & (c->type < IR_I32 ? model_mask(width)
                                                   : UINT64_MAX)) == m.res;
    if (!same_flags || !same_res) {
        g_error("%s.%u cond %u a %" PRIx64 " b %" PRIx64
                "%s flags %x: got %" PRIx64 " %x, model %" PRIx64 " %x",
                ir_op_names[c->op], width, c->cond, c->a, c->b,
                c->constant ? " (constant)" : "", c->flags, env->r[0],
                unpack(env->flags), m.res, m.flags);
    }
    g_assert_cmphex(env->r[1], ==, c->a);
}

static void check_conditions(Harness *h, Case *c)
{
    static const uint8_t compares[] = {
        IR_CC_B, IR_CC_AE, IR_CC_E,  IR_CC_NE, IR_CC_BE,
        IR_CC_A, IR_CC_L,  IR_CC_GE, IR_CC_LE, IR_CC_G,
    };
    unsigned n = c->op == IR_SETCOND ? G_N_ELEMENTS(compares) : 1;
    for (unsigned i = 0; i < n; i++) {
        c->cond = compares[i];
        check_case(h, c);
    }
}

static void check_values(Harness *h, Case *c)
{
    bool binary = ir_op_sources[c->op] == 2;
    for (unsigned i = 0; i < EDGES * (binary ? EDGES : 1); i++) {
        c->a = edge_values[i % EDGES];
        c->b = binary ? edge_values[i / EDGES] : 0;
        for (unsigned form = 0; form < 3; form++) {
            c->constant = form == 1;
            c->optimise = form == 2;
            /* Constants of 64 bits are for moves only. */
            if (c->constant && c->op != IR_MOV &&
                (int64_t)(binary ? c->b : c->a) !=
                    (int32_t)(binary ? c->b : c->a)) {
                continue;
            }
            c->flags = i & 1 ? ALL_FLAGS : 0;
            check_conditions(h, c);
        }
    }
}

static void test_ops(gconstpointer backend)
{
    Harness *h = harness_new(backend);
    if (!h) {
        g_test_skip("this host does not have it");
        return;
    }
    for (IrOp op = IR_MOV; op <= IR_IMULF; op++) {
        for (IrType t = op >= IR_ADDF ? IR_I8 : IR_I32; t <= IR_I64; t++) {
            check_values(h, &(Case){ .op = op, .type = t });
        }
    }
    harness_free(h);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/tcg/ops/interp", "interp", test_ops);
    g_test_add_data_func("/tcg/ops/x86_64", "x86_64", test_ops);
    return g_test_run();
}
