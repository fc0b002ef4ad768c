/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions on the FP state as a whole: images in memory bit for bit, the
 * faults they raise, and what they do to the translation key. Expected values
 * are from SDM 1 chapters 8, 10 and 13.
 */
#include "tests/target/engine.h"

#include <string.h>

#define AREA ENGINE_DATA

typedef struct StateFixture {
    Engine *e;
    const X86Model *model;
} StateFixture;

static void state_setup(StateFixture *f, const void *data)
{
    f->e = engine_new("interp", 0);
    f->e->max_insns = 1;
    f->model = x86_model_find("max", NULL);
    f->e->cpu->model = f->model;
}

static void state_teardown(StateFixture *f, const void *data)
{
    engine_free(f->e);
    x86_model_free(f->model);
}

static uint8_t *state_area(StateFixture *f)
{
    return (uint8_t *)(uintptr_t)AREA;
}

static uint32_t state_u32(StateFixture *f, unsigned off)
{
    uint32_t v;
    memcpy(&v, state_area(f) + off, 4);
    return v;
}

/* Run one instruction with RAX = AREA; the exception or -1. */
static int state_run(StateFixture *f, const char *bytes, unsigned len)
{
    X86Cpu *cpu = f->e->cpu;

    cpu->env.r[X86_RBX] = AREA;
    cpu->env.pc = ENGINE_CODE;
    cpu->raised = -1;
    engine_run(f->e, (const uint8_t *)bytes, len);
    return cpu->raised;
}

#define RUN(f, bytes) state_run(f, bytes, sizeof(bytes) - 1)

/* A state in which every byte says where it is from. */
static void state_fill(X86Cpu *cpu)
{
    X86Fpu *fpu = &cpu->fpu;

    memset(fpu, 0, sizeof(*fpu));
    fpu->fcw = 0x27f;
    fpu->fsw = 5 << 11 | 0x4100;
    fpu->ftw = 0xe0; /* R5, R6, R7: ST0, ST1, ST2 */
    fpu->mxcsr = 0x1fa0;
    fpu->fip = 0x12345678;
    fpu->fdp = 0x9abcdef0;
    fpu->fop = 0x123;
    for (unsigned n = 0; n < 8; n++) {
        fpu->st[n].mantissa = n == 1 ? 0 : UINT64_C(0x8000000000000000) + n;
        fpu->st[n].exponent = n == 1 ? 0 : n == 2 ? 0x7fff : 0x3fff;
    }
    for (unsigned n = 0; n < 16; n++) {
        memset(fpu->xmm[n].b, 0x10 + n, 16);
        memset(fpu->ymm_high[n], 0x30 + n, 16);
    }
    fpu->xstate_bv = 7;
    x86_update_fp_key(cpu);
}

static void test_fxsave(StateFixture *f, const void *data)
{
    X86Cpu *cpu = f->e->cpu;

    state_fill(cpu);
    memset(state_area(f), 0xcc, 512);
    g_assert_cmpint(RUN(f, "\x0f\xae\x03"), ==, -1);
    g_assert_cmphex(state_u32(f, 0), ==, 0x6900027f);
    g_assert_cmphex(state_u32(f, 4), ==, 0xe0);
    g_assert_cmphex(state_u32(f, 8), ==, 0); /* no exception: no pointers */
    g_assert_cmphex(state_u32(f, 24), ==, 0x1fa0);
    g_assert_cmphex(state_u32(f, 28), ==, 0xffff);
    g_assert_cmphex(state_u32(f, 32 + 2 * 16), ==, 2);
    g_assert_cmphex(state_u32(f, 32 + 2 * 16 + 8), ==, 0x7fff);
    g_assert_cmphex(state_u32(f, 160 + 15 * 16), ==, 0x1f1f1f1f);
    g_assert_cmphex(state_area(f)[416], ==, 0xcc); /* not written */

    X86Fpu saved = cpu->fpu;
    memset(cpu->fpu.xmm, 0, sizeof(cpu->fpu.xmm));
    cpu->fpu.fcw = 0x37f;
    cpu->fpu.mxcsr = 0x1f80;
    g_assert_cmpint(RUN(f, "\x0f\xae\x0b"), ==, -1);
    g_assert_cmphex(cpu->fpu.fcw, ==, saved.fcw);
    g_assert_cmphex(cpu->fpu.mxcsr, ==, saved.mxcsr);
    g_assert_cmpmem(cpu->fpu.xmm, 256, saved.xmm, 256);
    g_assert_cmpmem(cpu->fpu.st, 128, saved.st, 128);
}

static void test_fxsave_faults(StateFixture *f, const void *data)
{
    X86Cpu *cpu = f->e->cpu;

    state_fill(cpu);
    g_assert_cmpint(RUN(f, "\x0f\xae\x43\x08"), ==, EXC_GP); /* alignment */
    g_assert_cmpint(RUN(f, "\x0f\xae\x03"), ==, -1);
    state_area(f)[26] = 1; /* a reserved bit of MXCSR */
    g_assert_cmpint(RUN(f, "\x0f\xae\x0b"), ==, EXC_GP);
    cpu->cr0 |= CR0_TS;
    x86_update_key(cpu);
    g_assert_cmpint(RUN(f, "\x0f\xae\x03"), ==, EXC_NM);
    g_assert_cmpint(RUN(f, "\x0f\x58\xc1"), ==, EXC_NM);
    g_assert_cmpint(RUN(f, "\xd9\xe8"), ==, EXC_NM);
}

/* SDM 1 figure 8-9: 32-bit protected mode format. */
static void test_fnstenv(StateFixture *f, const void *data)
{
    X86Cpu *cpu = f->e->cpu;

    state_fill(cpu);
    g_assert_cmpint(RUN(f, "\xd9\x33"), ==, -1);
    g_assert_cmphex(state_u32(f, 0), ==, 0xffff027f);
    g_assert_cmphex(state_u32(f, 4), ==, 0xffff6900);
    /* R0..R4 empty, R5 = ST0 valid, R6 = ST1 zero, R7 = ST2 special */
    g_assert_cmphex(state_u32(f, 8), ==, 0xffff93ff);
    g_assert_cmphex(state_u32(f, 12), ==, 0x12345678);
    g_assert_cmphex(state_u32(f, 16), ==, 0x01230000);
    g_assert_cmphex(state_u32(f, 20), ==, 0x9abcdef0);
    g_assert_cmphex(cpu->fpu.fcw, ==, 0x27f); /* was masked already */

    /* The 16-bit format back in: TOP moves to 2, registers with it. */
    static const uint16_t env[7] = { 0x37f, 2 << 11, 0xffff, 0, 0, 0, 0 };
    uint64_t st0 = cpu->fpu.st[0].mantissa;
    memcpy(state_area(f), env, sizeof(env));
    g_assert_cmpint(RUN(f, "\x66\xd9\x23"), ==, -1);
    g_assert_cmphex(cpu->fpu.ftw, ==, 0);
    g_assert_cmphex(cpu->fpu.st[3].mantissa, ==, st0);
}

static void test_fnsave(StateFixture *f, const void *data)
{
    X86Cpu *cpu = f->e->cpu;

    state_fill(cpu);
    g_assert_cmpint(RUN(f, "\xdd\x33"), ==, -1);
    g_assert_cmphex(state_u32(f, 28), ==, 0); /* ST0's low half */
    g_assert_cmphex(state_u32(f, 28 + 10 * 3), ==, 3);
    g_assert_cmphex(cpu->fpu.fcw, ==, 0x37f);
    g_assert_cmphex(cpu->fpu.ftw, ==, 0);
    g_assert_cmpint(RUN(f, "\xdd\x23"), ==, -1);
    g_assert_cmphex(cpu->fpu.fcw, ==, 0x27f);
    g_assert_cmphex(cpu->fpu.fsw, ==, 0x6900);
    g_assert_cmphex(cpu->fpu.ftw, ==, 0xe0);
    g_assert_cmphex(cpu->fpu.st[2].exponent, ==, 0x7fff);
}

static void test_xsave(StateFixture *f, const void *data)
{
    X86Cpu *cpu = f->e->cpu;
    uint64_t header[8];

    state_fill(cpu);
    memset(state_area(f), 0xcc, 1024);
    memset(state_area(f) + 512, 0, 64);
    cpu->env.r[X86_RAX] = 6;
    cpu->env.r[X86_RDX] = 0;
    g_assert_cmpint(RUN(f, "\x0f\xae\x23"), ==, -1);
    memcpy(header, state_area(f) + 512, 64);
    g_assert_cmphex(header[0], ==, 6);
    g_assert_cmphex(header[1], ==, 0);
    g_assert_cmphex(state_u32(f, 0), ==, 0xcccccccc); /* x87: not asked */
    g_assert_cmphex(state_u32(f, 576 + 15 * 16), ==, 0x3f3f3f3f);

    /* Component 2 initial: cleared on the way back. */
    header[0] = 2;
    memcpy(state_area(f) + 512, header, 8);
    memset(cpu->fpu.xmm, 0xff, sizeof(cpu->fpu.xmm));
    g_assert_cmpint(RUN(f, "\x0f\xae\x2b"), ==, -1);
    g_assert_cmphex(cpu->fpu.xmm[3].l[0], ==, 0x13131313);
    g_assert_cmphex(cpu->fpu.ymm_high[3][0], ==, 0);
    g_assert_cmphex(cpu->fpu.fcw, ==, 0x27f); /* not asked */
}

static void test_xsave_faults(StateFixture *f, const void *data)
{
    X86Cpu *cpu = f->e->cpu;

    state_fill(cpu);
    memset(state_area(f), 0, 1024);
    cpu->env.r[X86_RAX] = 7;
    cpu->env.r[X86_RDX] = 0;
    g_assert_cmpint(RUN(f, "\x0f\xae\x63\x20"), ==, EXC_GP); /* not 64 */
    state_area(f)[513] = 1; /* a component that XCR0 does not have */
    g_assert_cmpint(RUN(f, "\x0f\xae\x2b"), ==, EXC_GP);
    state_area(f)[513] = 0;
    state_area(f)[528] = 1; /* a reserved byte of the header */
    g_assert_cmpint(RUN(f, "\x0f\xae\x2b"), ==, EXC_GP);
    cpu->cr4 &= ~CR4_OSXSAVE;
    x86_update_key(cpu);
    g_assert_cmpint(RUN(f, "\x0f\xae\x23"), ==, EXC_UD);
    g_assert_cmpint(RUN(f, "\xc5\xf8\x58\xc1"), ==, EXC_UD); /* VADDPS */
    cpu->cr4 &= ~CR4_OSFXSR;
    x86_update_key(cpu);
    g_assert_cmpint(RUN(f, "\x0f\x58\xc1"), ==, EXC_UD);
}

/* Native code is for masked exceptions only. */
static void test_key(StateFixture *f, const void *data)
{
    X86Cpu *cpu = f->e->cpu;
    static const uint32_t unmasked = 0x1f00, masked = 0x1f80;

    state_fill(cpu);
    g_assert_false(cpu->key.fp_slow);
    memcpy(state_area(f), &unmasked, 4);
    g_assert_cmpint(RUN(f, "\x0f\xae\x13"), ==, -1);
    g_assert_true(cpu->key.fp_slow);
    memcpy(state_area(f), &masked, 4);
    g_assert_cmpint(RUN(f, "\x0f\xae\x13"), ==, -1);
    g_assert_false(cpu->key.fp_slow);
    memcpy(state_area(f), "\x7b\x03", 2); /* FCW with divide unmasked */
    g_assert_cmpint(RUN(f, "\xd9\x2b"), ==, -1);
    g_assert_true(cpu->key.fp_slow);
    g_assert_cmpint(RUN(f, "\xdb\xe3"), ==, -1); /* FNINIT */
    g_assert_false(cpu->key.fp_slow);
}

/* The x87 tells where it is: FLDZ; FNSTENV [rbx], also from native code. */
static void test_pointer(StateFixture *f, const void *data)
{
    static const char code[] = "\xd9\xee\xd9\x33";
    X86Cpu *cpu = f->e->cpu;

    state_fill(cpu);
    f->e->max_insns = 8;
    g_assert_cmpint(state_run(f, code, 4), ==, -1);
    g_assert_cmphex(state_u32(f, 12), ==, ENGINE_CODE);
}

/* SDM 1 8.7: the next waiting instruction takes it. */
static void test_pending(StateFixture *f, const void *data)
{
    X86Cpu *cpu = f->e->cpu;

    state_fill(cpu);
    cpu->fpu.fcw = 0x37b;
    x86_update_fp_key(cpu);
    cpu->fpu.st[1].mantissa = 0; /* ST1 is zero */
    cpu->fpu.st[1].exponent = 0;
    g_assert_cmpint(RUN(f, "\xd8\xf1"), ==, -1); /* FDIV ST, ST1 */
    g_assert_cmphex(cpu->fpu.fsw & 0x8084, ==, 0x8084);
    g_assert_cmphex(cpu->fpu.st[0].exponent, ==, 0x3fff);
    g_assert_cmpint(RUN(f, "\xd9\xe8"), ==, EXC_MF);
    g_assert_cmpint(RUN(f, "\x9b"), ==, EXC_MF);
    g_assert_cmpint(RUN(f, "\x0f\xfc\xc1"), ==, EXC_MF); /* PADDB */
    g_assert_cmpint(RUN(f, "\xdf\xe0"), ==, -1);         /* FNSTSW AX */
    g_assert_cmphex(cpu->env.r[X86_RAX] & 0xff, ==, 0x84);
    g_assert_cmpint(RUN(f, "\xdb\xe2"), ==, -1); /* FNCLEX */
    g_assert_cmpint(RUN(f, "\xd9\xe8"), ==, -1);
}

/* The supervisor's form, compacted: what is in its initial state is left out,
 * and comes back as that. SDM 1 13.11, 13.12. */
static void test_xsaves(StateFixture *f, const void *data)
{
    X86Cpu *cpu = f->e->cpu;
    uint64_t header[2];

    state_fill(cpu);
    cpu->env.r[X86_RAX] = 7;
    cpu->env.r[X86_RDX] = 0;
    memset(state_area(f), 0, 1024);
    g_assert_cmpint(RUN(f, "\x48\x0f\xc7\x2b"), ==, EXC_GP); /* level 3 */
    engine_set_code(f->e, X86_CODE64, 0);
    g_assert_cmpint(RUN(f, "\x48\x0f\xc7\x2b"), ==, -1); /* XSAVES64 [rbx] */
    memcpy(header, state_area(f) + 512, sizeof(header));
    g_assert_cmphex(header[0], ==, 7);
    g_assert_cmphex(header[1], ==, UINT64_C(1) << 63 | 7);
    X86Fpu saved = cpu->fpu;
    memset(cpu->fpu.ymm_high, 0, sizeof(cpu->fpu.ymm_high));
    header[0] = 5; /* SSE is to be in its initial state */
    memcpy(state_area(f) + 512, header, sizeof(header));
    g_assert_cmpint(RUN(f, "\x48\x0f\xc7\x1b"), ==, -1); /* XRSTORS64 */
    g_assert_cmpmem(cpu->fpu.ymm_high, 256, saved.ymm_high, 256);
    g_assert_cmphex(cpu->fpu.xmm[3].q[0], ==, 0);
    g_assert_cmphex(cpu->fpu.mxcsr, ==, 0x1f80);
    header[1] = 0; /* the standard form is refused */
    memcpy(state_area(f) + 512, header, sizeof(header));
    g_assert_cmpint(RUN(f, "\x48\x0f\xc7\x1b"), ==, EXC_GP);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(StateFixture *f, const void *data);
    } tests[] = {
        { "/fp-state/fxsave", test_fxsave },
        { "/fp-state/fxsave-faults", test_fxsave_faults },
        { "/fp-state/fnstenv", test_fnstenv },
        { "/fp-state/fnsave", test_fnsave },
        { "/fp-state/xsave", test_xsave },
        { "/fp-state/xsave-faults", test_xsave_faults },
        { "/fp-state/xsaves", test_xsaves },
        { "/fp-state/key", test_key },
        { "/fp-state/pending", test_pending },
        { "/fp-state/pointer", test_pointer },
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t n = 0; n < G_N_ELEMENTS(tests); n++) {
        g_test_add(tests[n].name, StateFixture, NULL, state_setup, tests[n].run,
                   state_teardown);
    }
    return g_test_run();
}
