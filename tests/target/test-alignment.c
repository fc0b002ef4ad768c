/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alignment checks in user code: which operands fault where, on each engine.
 * Expectations are from SDM 3A table 6-7, and, where that says nothing, from
 * running the same instructions natively on Zen 4.
 */
#include "target/x86/model.h"
#include "tests/target/engine.h"

#include <string.h>

/* The operand is at [rdi]; it may be at multiples of `unit`. */
typedef struct Case {
    const char *name;
    unsigned unit, fault; /* and what it raises elsewhere */
    uint8_t bytes[24];
    uint8_t len;
    X86Feature feature;
} Case;

#define BYTES(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })
/* mov eax, mask; kmovw k1, eax */
#define K1(mask) 0xb8, mask, 0, 0, 0, 0xc5, 0xf8, 0x92, 0xc8

/* clang-format off */
static const Case cases[] = {
    { "mov al", 1, EXC_AC, BYTES(0x8a, 0x07) },
    { "mov ax", 2, EXC_AC, BYTES(0x66, 0x8b, 0x07) },
    { "mov eax", 4, EXC_AC, BYTES(0x8b, 0x07) },
    { "lock inc", 8, EXC_AC, BYTES(0xf0, 0x48, 0xff, 0x07) },
    { "lock cmpxchg16b", 16, EXC_GP, BYTES(0xf0, 0x48, 0x0f, 0xc7, 0x0f) },
    { "bt, r64", 8, EXC_AC, BYTES(0x48, 0x0f, 0xa3, 0x07) },
    { "movs", 8, EXC_AC, BYTES(0x48, 0x89, 0xfe, 0x48, 0xa5) },
    { "rep stos", 4, EXC_AC, BYTES(0xb9, 3, 0, 0, 0, 0xf3, 0xab) },
    { "lgs, 16-bit", 2, EXC_AC, BYTES(0x66, 0x0f, 0xb5, 0x07) },
    { "lgs, 32-bit", 4, EXC_AC, BYTES(0x0f, 0xb5, 0x07) },
    { "lgs, 64-bit", 4, EXC_AC, BYTES(0x48, 0x0f, 0xb5, 0x07) },
    { "prefetcht0", 1, EXC_AC, BYTES(0x0f, 0x18, 0x0f) },
    { "clflush", 1, EXC_AC, BYTES(0x0f, 0xae, 0x3f) },
    { "stmxcsr", 4, EXC_AC, BYTES(0x0f, 0xae, 0x1f) },

    { "fld m64", 8, EXC_AC, BYTES(0xdd, 0x07) },
    { "fld m80", 8, EXC_AC, BYTES(0xdb, 0x2f) },
    { "fstp m80", 8, EXC_AC, BYTES(0xd9, 0xe8, 0xdb, 0x3f) },
    { "fbld", 8, EXC_AC, BYTES(0xdf, 0x27) },
    { "fnstenv", 4, EXC_AC, BYTES(0xd9, 0x37) },
    { "fnstenv, 16-bit", 2, EXC_AC, BYTES(0x66, 0xd9, 0x37) },
    { "fnsave", 4, EXC_AC, BYTES(0xdd, 0x37) },
    { "fnsave, 16-bit", 2, EXC_AC, BYTES(0x66, 0xdd, 0x37) },

    { "movq mm0", 8, EXC_AC, BYTES(0x0f, 0x6f, 0x07) },
    { "movss", 4, EXC_AC, BYTES(0xf3, 0x0f, 0x10, 0x07) },
    { "pinsrw", 2, EXC_AC, BYTES(0x66, 0x0f, 0xc4, 0x07, 0x01) },
    { "cvtps2pd", 8, EXC_AC, BYTES(0x0f, 0x5a, 0x07) },
    { "movups", 16, EXC_AC, BYTES(0x0f, 0x10, 0x07) },
    { "movups to memory", 16, EXC_AC, BYTES(0x0f, 0x11, 0x07) },
    { "movaps", 16, EXC_GP, BYTES(0x0f, 0x28, 0x07) },
    { "maskmovdqu", 8, EXC_AC, BYTES(0x66, 0x0f, 0xf7, 0xc0) },
    { "vmovups ymm0", 16, EXC_AC, BYTES(0xc5, 0xfc, 0x10, 0x07) },
    { "vaddps ymm0", 16, EXC_AC, BYTES(0xc5, 0xfc, 0x58, 0x07) },
    { "vmovaps ymm0", 32, EXC_GP, BYTES(0xc5, 0xfc, 0x28, 0x07) },
    { "vbroadcastss", 4, EXC_AC, BYTES(0xc4, 0xe2, 0x7d, 0x18, 0x07) },
    { "vmaskmovps", 1, EXC_AC, BYTES(0xc4, 0xe2, 0x75, 0x2c, 0x07) },
    { "vpgatherdd", 1, EXC_AC, /* vpcmpeqd xmm1, xmm1, xmm1 */
      BYTES(0xc5, 0xf1, 0x76, 0xc9, 0xc4, 0xe2, 0x71, 0x90, 0x04, 0x97) },

    { "vmovups zmm0", 16, EXC_AC, BYTES(0x62, 0xf1, 0x7c, 0x48, 0x10, 0x07),
      FEATURE_AVX512F },
    { "vmovups zmm0{k1}", 4, EXC_AC,
      BYTES(K1(2), 0x62, 0xf1, 0x7c, 0x49, 0x10, 0x07), FEATURE_AVX512F },
    { "vmovdqu8 zmm0{k1}", 1, EXC_AC,
      BYTES(K1(2), 0x62, 0xf1, 0x7f, 0x49, 0x6f, 0x07), FEATURE_AVX512BW },
    { "vaddps zmm0, [rdi]{1to16}", 4, EXC_AC,
      BYTES(0x62, 0xf1, 0x7c, 0x58, 0x58, 0x07), FEATURE_AVX512F },
    { "vcvtps2pd zmm0{k1}", 4, EXC_AC,
      BYTES(K1(2), 0x62, 0xf1, 0x7c, 0x49, 0x5a, 0x07), FEATURE_AVX512F },
    { "vpermd zmm0{k1}", 16, EXC_AC,
      BYTES(K1(2), 0x62, 0xf2, 0x7d, 0x49, 0x36, 0x07), FEATURE_AVX512F },
    { "vcompressps [rdi]{k1}", 4, EXC_AC,
      BYTES(K1(2), 0x62, 0xf2, 0x7d, 0x49, 0x8a, 0x07), FEATURE_AVX512F },
};
/* clang-format on */

static void case_run(Engine *e, const Case *c, unsigned off, bool user)
{
    X86Cpu *cpu = e->cpu;
    bool faults = off % c->unit && (user || c->fault != EXC_AC);

    memset(e->mem, 0, ENGINE_SIZE);
    memset(cpu->env.r, 0, sizeof(cpu->env.r));
    engine_set_code(e, X86_CODE64, user ? 3 : 0);
    cpu->eflags |= EFLAGS_AC;
    cpu->xcr0 |= 0xe0;
    x86_update_key(cpu);
    cpu->env.r[X86_RDI] = ENGINE_DATA + off;
    engine_run(e, c->bytes, c->len);
    if (cpu->raised != (faults ? (int)c->fault : -1)) {
        g_error("%s at %u: raised %d", c->name, off, cpu->raised);
    }
    if (faults) {
        g_assert_true(cpu->raised_has_error);
        g_assert_cmphex(cpu->raised_error, ==, 0);
    }
}

typedef struct Config {
    const char *name, *backend;
    unsigned switches;
    bool native;
} Config;

static const Config configs[] = {
    { "/alignment/interp", "interp", 0 },
    { "/alignment/x86_64", "x86_64", 0, true },
    { "/alignment/x86_64-portable", "x86_64", TCG_OFF_NATIVE },
};

static void test_cases(const void *data)
{
    static const uint8_t at[] = { 0, 1, 2, 4, 8, 16, 32 };
    const Config *config = data;
    g_autoptr(Engine) e = engine_new(config->backend, config->switches);

    if (!e) {
        g_test_skip("no such back end");
        return;
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(cases); n++) {
        if (cases[n].feature &&
            !x86_model_has(e->cpu->model, cases[n].feature)) {
            continue;
        }
        for (unsigned k = 0; k < G_N_ELEMENTS(at); k++) {
            if (cases[n].fault == EXC_GP && config->native &&
                at[k] % cases[n].unit) {
                continue; /* the host's own, which needs a handler */
            }
            case_run(e, &cases[n], at[k], true);
            case_run(e, &cases[n], at[k], false);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned n = 0; n < G_N_ELEMENTS(configs); n++) {
        g_test_add_data_func(configs[n].name, &configs[n], test_cases);
    }
    return g_test_run();
}
