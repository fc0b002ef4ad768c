/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an SVM guest's instructions tell its host: bytes in, exit code and
 * information out, when everything is intercepted; and no exit at all when
 * nothing is, nor outside of a guest.
 */
#include "tests/target/engine.h"

enum { NOT_INTERCEPTED = -1 };

typedef struct Case {
    const char *name;
    uint8_t bytes[12];
    unsigned len;
    int exit; /* SvmExit, or NOT_INTERCEPTED - vector: an exception */
    uint64_t info1;
    X86CodeSize code;
    unsigned cpl;
} Case;

#define BYTES(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })
#define RAISES(vector) (NOT_INTERCEPTED - (vector))

/* clang-format off */
static const Case cases[] = {
    { "mov rdx, cr0", BYTES(0x0f, 0x20, 0xc2), SVM_EXIT_CR_READ + 0, SVM_MOV_CR | 2 },
    { "mov rax, cr4", BYTES(0x0f, 0x20, 0xe0), SVM_EXIT_CR_READ + 4, SVM_MOV_CR },
    { "mov rax, cr8", BYTES(0x44, 0x0f, 0x20, 0xc0), SVM_EXIT_CR_READ + 8, SVM_MOV_CR },
    { "mov cr3, r9", BYTES(0x41, 0x0f, 0x22, 0xd9), SVM_EXIT_CR_WRITE + 3, SVM_MOV_CR | 9 },
    { "mov cr0, rax", BYTES(0x0f, 0x22, 0xc0), SVM_EXIT_CR_WRITE + 0, SVM_MOV_CR },
    { "clts", BYTES(0x0f, 0x06), SVM_EXIT_CR_WRITE + 0 },
    { "lmsw ax", BYTES(0x0f, 0x01, 0xf0), SVM_EXIT_CR_WRITE + 0 },
    { "smsw ax", BYTES(0x66, 0x0f, 0x01, 0xe0), SVM_EXIT_CR_READ + 0 },
    { "mov rbx, dr7", BYTES(0x0f, 0x21, 0xfb), SVM_EXIT_DR_READ + 7, 3 },
    { "mov dr0, rcx", BYTES(0x0f, 0x23, 0xc1), SVM_EXIT_DR_WRITE + 0, 1 },
    { "sidt [rcx]", BYTES(0x0f, 0x01, 0x09), SVM_EXIT_IDTR_READ },
    { "sgdt [rcx]", BYTES(0x0f, 0x01, 0x01), SVM_EXIT_GDTR_READ },
    { "sldt ax", BYTES(0x0f, 0x00, 0xc0), SVM_EXIT_LDTR_READ },
    { "str ax", BYTES(0x0f, 0x00, 0xc8), SVM_EXIT_TR_READ },
    { "lidt [rcx]", BYTES(0x0f, 0x01, 0x19), SVM_EXIT_IDTR_WRITE },
    { "lgdt [rcx]", BYTES(0x0f, 0x01, 0x11), SVM_EXIT_GDTR_WRITE },
    { "lldt ax", BYTES(0x0f, 0x00, 0xd0), SVM_EXIT_LDTR_WRITE },
    { "ltr ax", BYTES(0x0f, 0x00, 0xd8), SVM_EXIT_TR_WRITE },
    { "rdtsc", BYTES(0x0f, 0x31), SVM_EXIT_RDTSC },
    { "rdtsc in user code", BYTES(0x0f, 0x31), SVM_EXIT_RDTSC, .cpl = 3 },
    { "rdtscp", BYTES(0x0f, 0x01, 0xf9), SVM_EXIT_RDTSCP },
    { "rdpmc", BYTES(0x0f, 0x33), SVM_EXIT_RDPMC },
    { "rdpmc in user code", BYTES(0x0f, 0x33), RAISES(EXC_GP), .cpl = 3 },
    { "pushf", BYTES(0x9c), SVM_EXIT_PUSHF },
    { "popf", BYTES(0x9d), SVM_EXIT_POPF },
    { "cpuid", BYTES(0x0f, 0xa2), SVM_EXIT_CPUID },
    { "rsm", BYTES(0x0f, 0xaa), SVM_EXIT_RSM },
    { "iret", BYTES(0x48, 0xcf), SVM_EXIT_IRET },
    { "int 80h", BYTES(0xcd, 0x80), SVM_EXIT_INT_N, 0x80 },
    { "int1", BYTES(0xf1), SVM_EXIT_ICEBP },
    { "int3", BYTES(0xcc), RAISES(EXC_BP) }, /* the exception is what counts */
    { "invd", BYTES(0x0f, 0x08), SVM_EXIT_INVD },
    { "wbinvd", BYTES(0x0f, 0x09), SVM_EXIT_WBINVD },
    { "wbinvd in user code", BYTES(0x0f, 0x09), RAISES(EXC_GP), .cpl = 3 },
    { "pause", BYTES(0xf3, 0x90), SVM_EXIT_PAUSE },
    { "hlt", BYTES(0xf4), SVM_EXIT_HLT },
    { "hlt in user code", BYTES(0xf4), RAISES(EXC_GP), .cpl = 3 },
    { "monitor", BYTES(0x0f, 0x01, 0xc8), SVM_EXIT_MONITOR },
    { "monitor in user code", BYTES(0x0f, 0x01, 0xc8), RAISES(EXC_UD), .cpl = 3 },
    { "mwait", BYTES(0x0f, 0x01, 0xc9), SVM_EXIT_MWAIT },
    { "mwait in user code", BYTES(0x0f, 0x01, 0xc9), RAISES(EXC_UD), .cpl = 3 },
    { "invlpg [rcx + 10h]", BYTES(0x0f, 0x01, 0x79, 0x10), SVM_EXIT_INVLPG, ENGINE_DATA + 0x10 },
    { "invlpga", BYTES(0x0f, 0x01, 0xdf), SVM_EXIT_INVLPGA, ENGINE_DATA + 0x20 },
    { "invpcid rax, [rcx]", BYTES(0x66, 0x0f, 0x38, 0x82, 0x01), SVM_EXIT_INVPCID },
    { "xsetbv", BYTES(0x0f, 0x01, 0xd1), SVM_EXIT_XSETBV },
    { "vmrun", BYTES(0x0f, 0x01, 0xd8), SVM_EXIT_VMRUN },
    { "vmmcall", BYTES(0x0f, 0x01, 0xd9), SVM_EXIT_VMMCALL },
    { "vmmcall in user code", BYTES(0x0f, 0x01, 0xd9), SVM_EXIT_VMMCALL, .cpl = 3 },
    { "vmload", BYTES(0x0f, 0x01, 0xda), SVM_EXIT_VMLOAD },
    { "vmsave", BYTES(0x0f, 0x01, 0xdb), SVM_EXIT_VMSAVE },
    { "stgi", BYTES(0x0f, 0x01, 0xdc), SVM_EXIT_STGI },
    { "clgi", BYTES(0x0f, 0x01, 0xdd), SVM_EXIT_CLGI },
    { "clgi in user code", BYTES(0x0f, 0x01, 0xdd), RAISES(EXC_GP), .cpl = 3 },
    { "skinit", BYTES(0x0f, 0x01, 0xde), RAISES(EXC_UD) }, /* not offered */
    { "rdmsr", BYTES(0x0f, 0x32), SVM_EXIT_MSR, 0 },
    { "wrmsr", BYTES(0x0f, 0x30), SVM_EXIT_MSR, 1 },
    { "in al, 12h", BYTES(0xe4, 0x12), SVM_EXIT_IOIO,
      0x12 << 16 | 2 << 8 | 1 << 4 | SVM_IO_IN },
    { "out dx, eax", BYTES(0xef), SVM_EXIT_IOIO, 0x3f8 << 16 | 2 << 8 | 4 << 4 },
    { "rep outsw", BYTES(0xf3, 0x66, 0x6f), SVM_EXIT_IOIO,
      0x3f8 << 16 | X86_DS << 10 | 2 << 8 | 2 << 4 | SVM_IO_REP | SVM_IO_STRING },
    { "insb, 32-bit", BYTES(0x6c), SVM_EXIT_IOIO,
      0x3f8 << 16 | X86_DS << 10 | 1 << 8 | 1 << 4 | SVM_IO_IN | SVM_IO_STRING,
      .code = X86_CODE32 },
    { "in in user code", BYTES(0xe4, 0x12), RAISES(EXC_GP), .cpl = 3 }, /* IOPL */
};
/* clang-format on */

/* A guest, as VMRUN leaves it; physical memory where its maps would be reads
 * as ones. */
static void set_guest(Engine *e, const Case *c, uint32_t intercepts)
{
    X86Cpu *cpu = e->cpu;

    engine_set_code(e, c->code ? c->code : X86_CODE64, c->cpl);
    cpu->efer |= EFER_SVME;
    cpu->svm = (X86Svm){ .gif = true, .guest = true, .iopm = 0, .msrpm = 0 };
    for (unsigned i = 0; i < G_N_ELEMENTS(cpu->svm.intercept); i++) {
        cpu->svm.intercept[i] = intercepts;
    }
    cpu->env.r[X86_RAX] = ENGINE_DATA + 0x20;
    cpu->env.r[X86_RCX] = ENGINE_DATA;
    cpu->env.r[X86_RDX] = 0x3f8;
    cpu->env.r[X86_RSP] = ENGINE_STACK;
    cpu->env.r[X86_RSI] = cpu->env.r[X86_RDI] = ENGINE_DATA;
    x86_update_key(cpu);
}

static void check_exit(Engine *e, const Case *c)
{
    X86Svm *svm = &e->cpu->svm;

    set_guest(e, c, UINT32_MAX);
    engine_run(e, c->bytes, c->len);
    if (c->exit < 0) {
        g_assert_cmpint(e->cpu->raised, ==, NOT_INTERCEPTED - c->exit);
        return;
    }
    g_assert_cmpint(e->cpu->raised, ==, X86_RAISED_EXIT);
    g_assert_cmphex(svm->exit_code, ==, c->exit);
    g_assert_cmphex(svm->exit_info1, ==, c->info1);
    g_assert_cmphex(svm->exit_next_rip, ==, ENGINE_CODE + c->len);
    g_assert_cmphex(e->cpu->env.pc, ==, ENGINE_CODE);
    if (c->exit == SVM_EXIT_IOIO) {
        g_assert_cmphex(svm->exit_info2, ==, ENGINE_CODE + c->len);
    }
}

/* MWAIT only where MONITOR has armed something. */
static void test_armed(const void *backend)
{
    static const Case c = { "mwait", BYTES(0x0f, 0x01, 0xc9) };
    g_autoptr(Engine) e = engine_new(backend, 0);

    for (unsigned armed = 0; e && armed < 2; armed++) {
        X86Cpu *cpu = e->cpu;

        set_guest(e, &c, 0);
        cpu->svm.intercept[SVM_EXIT_MWAIT_ARMED / 32] |=
            1u << SVM_EXIT_MWAIT_ARMED % 32;
        cpu->env.r[X86_RCX] = 0;
        cpu->monitor.armed = armed;
        engine_run(e, c.bytes, c.len);
        g_assert_cmpint(cpu->raised, ==, armed ? X86_RAISED_EXIT : -1);
        if (armed) {
            g_assert_cmphex(cpu->svm.exit_code, ==, SVM_EXIT_MWAIT_ARMED);
        }
    }
}

static void test_intercepts(const void *backend)
{
    g_autoptr(Engine) e = engine_new(backend, 0);

    if (!e) {
        g_test_skip("not on this host");
        return;
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(cases); n++) {
        g_test_message("%s", cases[n].name);
        check_exit(e, &cases[n]);
    }
}

/* The selective intercept of CR0 is about bits other than TS and MP. */
static void test_selective(void)
{
    static const Case mov_cr0 = { "", BYTES(0x0f, 0x22, 0xc0), 0 };
    static const struct {
        uint64_t toggles;
        bool exits;
    } writes[] = {
        { 0, false },     { CR0_TS, false }, { CR0_MP | CR0_TS, false },
        { CR0_WP, true }, { CR0_NE, true },  { CR0_TS | CR0_CD, true },
    };
    g_autoptr(Engine) e = engine_new("interp", 0);

    for (unsigned n = 0; n < G_N_ELEMENTS(writes); n++) {
        set_guest(e, &mov_cr0, 0);
        e->cpu->svm.intercept[SVM_EXIT_CR0_SELECTIVE / 32] =
            1u << SVM_EXIT_CR0_SELECTIVE % 32;
        e->cpu->env.r[X86_RAX] = e->cpu->cr0 ^ writes[n].toggles;
        engine_run(e, mov_cr0.bytes, mov_cr0.len);
        g_assert_cmpint(e->cpu->raised == X86_RAISED_EXIT, ==, writes[n].exits);
    }
}

static void test_nothing(void)
{
    static const Case quiet[] = {
        { "mov rdx, cr0", BYTES(0x0f, 0x20, 0xc2), 0 },
        { "cpuid", BYTES(0x0f, 0xa2), 0 },
        { "pushf, popf", BYTES(0x9c, 0x9d), 0 },
        { "pause", BYTES(0xf3, 0x90), 0 },
        { "in al, 12h", BYTES(0xe4, 0x12), 0 },
    };
    g_autoptr(Engine) e = engine_new("interp", 0);

    for (unsigned n = 0; n < G_N_ELEMENTS(quiet); n++) {
        set_guest(e, &quiet[n], 0);
        engine_run(e, quiet[n].bytes, quiet[n].len);
        g_assert_cmpint(e->cpu->raised, ==, -1);
        set_guest(e, &quiet[n], UINT32_MAX);
        e->cpu->svm.guest = false;
        x86_update_key(e->cpu);
        engine_run(e, quiet[n].bytes, quiet[n].len);
        g_assert_cmpint(e->cpu->raised, ==, -1);
    }
}

/* The shadow of STI is in the state, where an exit finds it. */
static void test_shadow(void)
{
    static const Case sti_hlt = { "", BYTES(0xfb, 0xf4), 0 };
    g_autoptr(Engine) e = engine_new("interp", 0);

    set_guest(e, &sti_hlt, UINT32_MAX);
    e->cpu->eflags &= ~EFLAGS_IF;
    x86_update_key(e->cpu);
    engine_run(e, sti_hlt.bytes, sti_hlt.len);
    g_assert_cmpint(e->cpu->raised, ==, X86_RAISED_EXIT);
    g_assert_cmphex(e->cpu->env.pc, ==, ENGINE_CODE + 1);
    g_assert_cmpuint(e->cpu->inhibit, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/svm/intercepts/interp", "interp", test_intercepts);
    g_test_add_data_func("/svm/intercepts/x86_64", "x86_64", test_intercepts);
    g_test_add_data_func("/svm/armed/interp", "interp", test_armed);
    g_test_add_data_func("/svm/armed/x86_64", "x86_64", test_armed);
    g_test_add_func("/svm/selective", test_selective);
    g_test_add_func("/svm/nothing", test_nothing);
    g_test_add_func("/svm/shadow", test_shadow);
    return g_test_run();
}
