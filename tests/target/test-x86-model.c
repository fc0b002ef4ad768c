/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU models, CPUID's consistency, and the table of MSRs. */
#include "target/x86/model-rows.h"
#include "target/x86/model.h"
#include "target/x86/msr.h"
#include "target/x86/tsc.h"
#include "tests/target/machine.h"

#include <string.h>

static void refuse(const char *spec, const char *text)
{
    GError *err = NULL;

    g_assert_null(x86_model_find(spec, &err));
    g_assert_nonnull(err);
    if (!strstr(err->message, text)) {
        g_error("'%s' does not say '%s'", err->message, text);
    }
    g_clear_error(&err);
}

static bool offers(const char *spec, X86Feature feature)
{
    GError *err = NULL;
    const X86Model *m = x86_model_find(spec, &err);

    g_assert_no_error(err);
    bool has = x86_model_has(m, feature);

    x86_model_free(m);
    return has;
}

static void test_options(void)
{
    GError *err = NULL;
    const X86Model *m =
        x86_model_find("qemu64,+sse4.2,-cx16,popcnt=on,family=6,"
                       "vendor=GenuineIntel,phys-bits=46",
                       &err);

    g_assert_no_error(err);
    g_assert_true(x86_model_has(m, FEATURE_SSE4_2));
    g_assert_true(x86_model_has(m, FEATURE_POPCNT));
    g_assert_false(x86_model_has(m, FEATURE_CX16));
    g_assert_true(x86_model_has(m, FEATURE_LM));
    g_assert_cmphex(m->phys_mask, ==, (UINT64_C(1) << 46) - 1);
    x86_model_free(m);
    g_assert_true(offers("max,+sse4_1", FEATURE_SSE4_1));
    g_assert_true(offers(NULL, FEATURE_X2APIC));
    /* The default is fast, but leaves out what costs. */
    g_assert_true(offers(NULL, FEATURE_AVX2));
    g_assert_true(offers(NULL, FEATURE_SHA));
    g_assert_false(offers(NULL, FEATURE_LA57));
    g_assert_true(offers("max", FEATURE_LA57));
    g_assert_true(offers("x86-64-v3", FEATURE_BMI2));
    g_assert_false(offers("Nehalem", FEATURE_AVX));
    g_assert_true(offers("Nehalem,avx=on,xsave=on", FEATURE_AVX));
    /* AVX is nothing without XSAVE. */
    g_assert_false(offers("max,+avx,-xsave", FEATURE_AVX));

    refuse("quemu64", "qemu64");
    refuse("max,+ssse4", "ss");
    refuse("max,+waitpkg", "not implemented");
    refuse("max,nonsense=1", "nonsense");
    refuse("max,nx=maybe", "maybe");
    refuse("max,phys-bits=99", "phys-bits");
    refuse("max,vendor=me", "vendor");
    refuse("Skylake-Server,enforce", "rtm");
    g_assert_true(offers("x86-64-v4,enforce=off", FEATURE_AVX2));
    refuse("qemu64,+rtm", "rtm");
    g_assert_false(offers("qemu64,+rtm,enforce=off", FEATURE_RTM));
    g_assert_true(offers("qemu64,enforce=off,+sse4.2", FEATURE_SSE4_2));
    g_assert_true(offers("x86-64-v3,enforce", FEATURE_AVX2));
}

/* enforce=off: by name, each once, and when the model is used. */
static void test_warnings(void)
{
    GError *err = NULL;
    X86Model *m = x86_model_find("Skylake-Server,enforce=off", &err);

    g_assert_no_error(err);
    g_assert_nonnull(m->warnings);
    g_assert_nonnull(strstr(m->warnings->str, " hle rtm"));
    x86_model_free(m);
    m = x86_model_find("x86-64-v3,+vmx,enforce=off", &err);
    g_assert_nonnull(m->warnings);
    const char *at = strstr(m->warnings->str, "feature 'vmx' is not");
    g_assert_nonnull(at);
    g_assert_null(strstr(strstr(at, "vmx") + 1, "vmx"));
    x86_model_free(m);
    m = x86_model_find("max,enforce=off", &err);
    g_assert_null(m->warnings);
    x86_model_free(m);
}

/* Programs that pick code by family and model alone must not find one that has
 * AVX-512: a Broadwell. */
static void test_signature(void)
{
    static const char *const models[] = { "emu64", "max" };

    for (unsigned i = 0; i < G_N_ELEMENTS(models); i++) {
        Machine *m = machine_new(models[i]);
        uint32_t out[4];

        x86_cpuid(m->cpu, 1, 0, out);
        g_assert_cmphex(out[0], ==, 0x306d4);
        machine_free(m);
    }
}

static void test_all_models(void)
{
    for (const ModelRow *row = model_rows; row->name; row++) {
        Machine *m = machine_new(row->name);
        uint32_t basic[4], ext[4], out[4];

        x86_cpuid(m->cpu, 0, 0, basic);
        x86_cpuid(m->cpu, 0x80000000, 0, ext);
        g_assert_cmpuint(basic[0], >=, 1);
        g_assert_cmphex(ext[0], >=, 0x80000008);
        /* EDX after reset is the signature. */
        x86_cpuid(m->cpu, 1, 0, out);
        g_assert_cmphex(m->cpu->env.r[X86_RDX], ==, out[0]);
        /* Every feature is where its table says. */
        for (X86Feature f = FEATURE_NONE + 1; f < FEATURE_COUNT; f++) {
            const X86FeatureBit *b = &x86_feature_bits[f];

            m->cpu->key.code = X86_CODE64;
            x86_cpuid(m->cpu, b->leaf, b->subleaf, out);
            if (f == FEATURE_SYSCALL || f == FEATURE_PREFETCHW ||
                b->leaf == 0x14) {
                continue;
            }
            g_assert_cmpint(out[b->reg] >> b->bit & 1, ==,
                            x86_has_feature(m->cpu, f));
        }
        machine_free(m);
    }
}

static void test_cpuid(void)
{
    Machine *m = machine_new("max");
    uint32_t out[4], last[4];
    char text[49] = { 0 };

    x86_cpuid(m->cpu, 0x40000000, 0, out);
    g_assert_cmpint(memcmp(&out[1], "KVMKVMKVM\0\0\0", 12), ==, 0);
    for (unsigned i = 0; i < 3; i++) {
        x86_cpuid(m->cpu, 0x80000002 + i, 0, (uint32_t *)(text + 16 * i));
    }
    g_assert_cmpstr(text, ==, "emu virtual CPU (max)");
    /* TSC and APIC timer are told the same everywhere. */
    x86_cpuid(m->cpu, 0x15, 0, out);
    g_assert_cmpuint((uint64_t)out[2] * out[1] / out[0], ==, X86_TSC_HZ);
    x86_cpuid(m->cpu, 0x40000010, 0, out);
    g_assert_cmpuint(out[0], ==, X86_TSC_HZ / 1000);
    /* Beyond the last basic leaf: the last one. */
    x86_cpuid(m->cpu, 0x16, 0, last);
    x86_cpuid(m->cpu, 0x12345, 0, out);
    g_assert_cmpint(memcmp(out, last, sizeof(out)), ==, 0);
    /* The hypervisor can hide. */
    machine_free(m);
    m = machine_new("max,-hypervisor");
    x86_cpuid(m->cpu, 0x40000000, 0, out);
    g_assert_cmphex(out[0] | out[1], ==, 0);
    machine_free(m);
}

/* ---- MSRs ---------------------------------------------------------------- */

/* The sizes of XSAVE images: SDM 2A CPUID, leaf 0DH. */
static void test_xsave(void)
{
    Machine *m = machine_new("max");
    uint32_t out[4];

    x86_cpuid(m->cpu, 0xd, 0, out);
    g_assert_cmphex(out[CPUID_EAX], ==, 0x2e7);
    g_assert_cmpuint(out[CPUID_EBX], ==, 576); /* XCR0 after reset: x87 */
    g_assert_cmpuint(out[CPUID_ECX], >=, 2440);
    m->cpu->xcr0 = 7;
    x86_cpuid(m->cpu, 0xd, 0, out);
    g_assert_cmpuint(out[CPUID_EBX], ==, 832);
    x86_cpuid(m->cpu, 0xd, 1, out);
    g_assert_cmphex(out[CPUID_EAX], ==, 15); /* OPT, C, XGETBV1, S */
    g_assert_cmpuint(out[CPUID_EBX], ==, 832);
    x86_cpuid(m->cpu, 0xd, 2, out);
    g_assert_cmpuint(out[CPUID_EAX], ==, 256);
    g_assert_cmpuint(out[CPUID_EBX], ==, 576);
    g_assert_cmpuint(out[CPUID_ECX], ==, 0);
    x86_cpuid(m->cpu, 0xd, 9, out);
    g_assert_cmpuint(out[CPUID_EAX], ==, 8);
    uint32_t at = out[CPUID_EBX]; /* the host's place for it, or Intel's */
    m->cpu->xcr0 = 0x207;
    x86_cpuid(m->cpu, 0xd, 0, out);
    g_assert_cmpuint(out[CPUID_EBX], ==, at + 8);
    x86_cpuid(m->cpu, 0xd, 1, out); /* compacted */
    g_assert_cmpuint(out[CPUID_EBX], ==, 840);
    m->cpu->xcr0 = 0x2e7;
    x86_cpuid(m->cpu, 0xd, 1, out);
    g_assert_cmpuint(out[CPUID_EBX], ==, 2440);
    x86_cpuid(m->cpu, 0xd, 6, out); /* upper halves of ZMM0..15 */
    g_assert_cmpuint(out[CPUID_EAX], ==, 512);
    g_assert_cmpuint(out[CPUID_EBX], >=, 896);
    machine_free(m);
}

/* CPUs of two packages with two dies of three cores with two threads. */
typedef struct TopologyCase {
    unsigned index;
    uint32_t apic_id;
} TopologyCase;

static const TopologyCase topology_cases[] = {
    { 0, 0 },   { 1, 1 },   { 2, 2 },   { 5, 5 },   { 6, 8 },
    { 11, 13 }, { 12, 16 }, { 18, 24 }, { 23, 29 },
};

static void check_level(Machine *m, uint32_t leaf, unsigned sub, uint32_t shift,
                        uint32_t cpus, uint32_t type)
{
    uint32_t out[4];

    x86_cpuid(m->cpu, leaf, sub, out);
    g_assert_cmpuint(out[CPUID_EAX], ==, shift);
    g_assert_cmpuint(out[CPUID_EBX], ==, cpus);
    g_assert_cmphex(out[CPUID_ECX], ==, type << 8 | sub);
    g_assert_cmpuint(out[CPUID_EDX], ==, m->cpu->apic_id);
}

static void test_topology(void)
{
    Machine *m = machine_new("max");
    const X86Topology t = { .dies = 2, .cores = 3, .threads = 2 };
    uint32_t out[4];

    check_level(m, 0xb, 0, 0, 1, 1);
    check_level(m, 0xb, 1, 0, 1, 2);
    for (size_t i = 0; i < G_N_ELEMENTS(topology_cases); i++) {
        const TopologyCase *c = &topology_cases[i];

        m->cpu->index = c->index;
        x86_cpu_set_topology(m->cpu, &t);
        g_assert_cmpuint(m->cpu->apic_id, ==, c->apic_id);
        x86_cpuid(m->cpu, 1, 0, out);
        g_assert_cmpuint(out[CPUID_EBX] >> 24, ==, c->apic_id);
        g_assert_cmpuint(out[CPUID_EBX] >> 16 & 0xff, ==, 16);
        g_assert_true(out[CPUID_EDX] & 1u << 28);
        check_level(m, 0xb, 0, 1, 2, 1);
        check_level(m, 0xb, 1, 4, 12, 2);
        check_level(m, 0xb, 2, 0, 0, 0);
        check_level(m, 0x1f, 0, 1, 2, 1);
        check_level(m, 0x1f, 1, 3, 6, 2);
        check_level(m, 0x1f, 2, 4, 12, 5);
        check_level(m, 0x1f, 3, 0, 0, 0);
        x86_cpuid(m->cpu, 4, 3, out); /* the last level: a die's */
        g_assert_cmpuint(out[CPUID_EAX] >> 14 & 0xfff, ==, 7);
        g_assert_cmpuint(out[CPUID_EAX] >> 26, ==, 7);
    }
    machine_free(m);
}

/* The barrier goes with Intel's bit for it or with AMD's. */
static void test_msr_barrier(void)
{
    static const struct {
        const char *spec;
        bool ok;
    } cases[] = {
        { "EPYC", false },
        { "EPYC-IBPB", true },
        { "Haswell-IBRS", true },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Machine *m = machine_new(cases[i].spec);

        g_assert_cmpint(x86_write_msr(m->cpu, 0x49, 1), ==, cases[i].ok);
        machine_free(m);
    }
}

static void test_msr_values(void)
{
    static const struct {
        uint32_t msr;
        uint64_t val;
        bool ok;
    } cases[] = {
        { 0xc0000082, UINT64_C(0xffffffff81000000), true },
        { 0xc0000082, UINT64_C(0x8000000000000000), false },
        { 0xc0000100, UINT64_C(0x00007fffffffffff), true },
        { 0xc0000101, UINT64_C(0x0000800000000000), true }, /* 57 bits */
        { 0xc0000101, UINT64_C(0x0100000000000000), false },
        { 0xc0000102, UINT64_C(0xffff888000000000), true },
        { 0xc0000080, EFER_SCE | EFER_NXE, true },
        { 0xc0000080, 1u << 13, false }, /* LMSLE */
        { 0xc0000084, UINT64_C(1) << 32, false },
        { 0x174, 0x10, true },
        { 0x176, UINT64_C(0x0100900000000000), false },
        { 0x277, UINT64_C(0x0007010600070106), true },
        { 0x277, 2, false },
        { 0x200, 6, true },
        { 0x200, 7, false },
        { 0x201, UINT64_C(1) << 45, false },
        { 0x20f, 0x800, true },
        { 0x26f, UINT64_C(0x0606060606060606), true },
        { 0x26f, 3, false },
        { 0x2ff, 0xc06, true },
        { 0x2ff, 0x100, false },
        { 0xfe, 0, false },
        { 0x10a, 0, false },
        { 0x400, UINT64_MAX, true },
        { 0x400, 1, false },
        { 0x401, 0, true },
        { 0x401, 5, false },
        { 0x48, 1, true },
        { 0x48, 0x10000, false },
        { 0x1b, 0xfee00900, true },
        { 0x1b, 0xfee00901, false },
        { 0xdeadbeef, 0, false },
        { 0x4b564d02, 0, false },
    };
    Machine *m = machine_new("max");

    machine_long(m, 0);
    m->cpu->cr0 &= ~(uint64_t)CR0_PG;
    m->cpu->efer = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        X86Cpu *cpu = m->cpu;
        uint64_t val = cases[i].val;

        cpu->env.r[X86_RCX] = cases[i].msr;
        cpu->env.r[X86_RAX] = (uint32_t)val;
        cpu->env.r[X86_RDX] = val >> 32;
        bool ok = machine_call(m, &x86_helper_wrmsr, 0, 0);
        g_assert_cmpint(ok, ==, cases[i].ok);
        if (!ok) {
            g_assert_cmpint(cpu->raised, ==, EXC_GP);
            g_assert_cmpuint(cpu->raised_error, ==, 0);
            continue;
        }
        g_assert_true(machine_call(m, &x86_helper_rdmsr, 0, 0));
        g_assert_cmphex(
            (uint32_t)cpu->env.r[X86_RAX] | cpu->env.r[X86_RDX] << 32, ==, val);
    }
    machine_free(m);
}

static void test_tsc(void)
{
    Machine *m = machine_new("max");
    uint64_t val;

    clock_advance(m->clock, 12345);
    g_assert_cmpuint(x86_read_tsc(m->cpu), ==, 12345);
    g_assert_true(x86_write_msr(m->cpu, 0x10, 1000000));
    g_assert_cmpuint(x86_read_tsc(m->cpu), ==, 1000000);
    g_assert_true(x86_read_msr(m->cpu, 0x3b, &val));
    g_assert_cmpint((int64_t)val, ==, 1000000 - 12345);
    g_assert_true(x86_write_msr(m->cpu, 0x3b, 0));
    clock_advance(m->clock, 5);
    g_assert_cmpuint(x86_read_tsc(m->cpu), ==, 12350);
    /* CR4.TSD outside level 0 */
    machine_protected(m, 3);
    m->cpu->cr4 |= CR4_TSD;
    g_assert_false(machine_call(m, &x86_helper_rdtsc, 0, 0));
    g_assert_cmpint(m->cpu->raised, ==, EXC_GP);
    machine_free(m);
}

/* On a running clock the fast reading stays near it and never goes back. */
static void test_tsc_follows(void)
{
    Machine *m = machine_new("max");
    Clock *manual = m->clock;
    Clock *clock = clock_new(clock_source_monotonic, NULL);
    GError *err = NULL;
    X86Cpu *cpu = x86_cpu_new(1, m->model, m->memory, m->io, clock, &err);
    uint64_t last = 0;

    g_assert_no_error(err);
    clock_start(clock);
    for (unsigned i = 0; i < 20000; i++) {
        x86_tsc_sync(cpu);
        uint64_t before = clock_now(clock);
        uint64_t tsc = x86_read_tsc(cpu);
        uint64_t after = clock_now(clock);

        g_assert_cmpuint(tsc, >=, last);
        last = tsc;
        g_assert_cmpuint(tsc + 300000, >, before);
        g_assert_cmpuint(tsc, <, after + 300000);
    }
    x86_cpu_free(cpu);
    clock_free(clock);
    m->clock = manual;
    machine_free(m);
}

/* Two CPUs that take turns in reading: none is behind the other, from the first
 * reading on, over stops of the clock, and when the line is ahead of it. */
typedef struct TscPair {
    X86Cpu *cpu[2];
    GMutex lock;
    uint64_t last;
    unsigned waiting; /* threads that have no CPU yet */
    bool back;
} TscPair;

static void tsc_read_in_turn(TscPair *p, X86Cpu *cpu)
{
    g_mutex_lock(&p->lock);
    x86_tsc_order(); /* RDTSC waits for no lock */
    uint64_t now = x86_read_tsc(cpu);
    p->back |= now < p->last;
    p->last = now;
    g_mutex_unlock(&p->lock);
}

static gpointer tsc_reader(gpointer opaque)
{
    TscPair *p = opaque;
    X86Cpu *cpu = p->cpu[__atomic_sub_fetch(&p->waiting, 1, __ATOMIC_SEQ_CST)];
    int64_t end = g_get_monotonic_time() + 3000;

    do {
        x86_tsc_sync(cpu);
        for (unsigned i = 0; i < 20; i++) {
            tsc_read_in_turn(p, cpu);
        }
    } while (g_get_monotonic_time() < end);
    return NULL;
}

/* For three milliseconds: at least one correction. */
static void tsc_run_readers(TscPair *p)
{
    p->waiting = 2;
    GThread *other = g_thread_new("reader", tsc_reader, p);
    tsc_reader(p);
    g_thread_join(other);
    g_assert_false(p->back);
}

static void tsc_check_pair(TscPair *p, Clock *clock)
{
    tsc_run_readers(p);
    tsc_run_readers(p);
    clock_stop(clock);
    g_usleep(300);
    clock_start(clock);
    tsc_run_readers(p);
    p->cpu[0]->tsc->guest_base += NS_PER_MS; /* ahead of the clock */
    tsc_run_readers(p);
    g_assert_cmpuint(p->last, <, clock_now(clock) + 2 * NS_PER_MS);
}

static void test_tsc_together(void)
{
    Machine *m = machine_new("max");

    for (unsigned round = 0; round < 30; round++) {
        Clock *clock = clock_new(clock_source_monotonic, NULL);
        GError *err = NULL;
        TscPair p = { 0 };

        clock_start(clock);
        for (unsigned i = 0; i < 2; i++) {
            p.cpu[i] = x86_cpu_new(i, m->model, m->memory, m->io, clock, &err);
            g_assert_no_error(err);
        }
        x86_cpu_share_tsc(p.cpu[1], p.cpu[0]);
        tsc_check_pair(&p, clock);
        x86_cpu_free(p.cpu[1]);
        x86_cpu_free(p.cpu[0]);
        clock_free(clock);
    }
    machine_free(m);
}

static void test_kvmclock(void)
{
    Machine *m = machine_new("max");

    clock_advance(m->clock, 777);
    g_assert_true(x86_write_msr(m->cpu, 0x4b564d01, 0x9001));
    g_assert_cmpuint(machine_get(m, 0x9000, 4) & 1, ==, 0);
    g_assert_cmpuint(machine_get(m, 0x9008, 8), ==, 777);
    g_assert_cmpuint(machine_get(m, 0x9010, 8), ==, 777);
    g_assert_cmphex(machine_get(m, 0x9018, 4), ==, 0x80000000);
    g_assert_cmpuint(machine_get(m, 0x901c, 1), ==, 1);
    /* Moving the TSC moves the structure. */
    g_assert_true(x86_write_msr(m->cpu, 0x10, 5));
    g_assert_cmpuint(machine_get(m, 0x9008, 8), ==, 5);
    g_assert_cmpuint(machine_get(m, 0x9010, 8), ==, 777);
    /* Outside RAM: nothing happens. */
    g_assert_true(x86_write_msr(m->cpu, 0x4b564d01, UINT64_C(1) << 40 | 1));
    machine_free(m);
}

static void test_steal_time(void)
{
    Machine *m = machine_new("max");
    uint64_t val;

    x86_steal_tell(m->cpu, 100); /* nobody wants to know */
    for (unsigned bit = 1; bit < 6; bit++) {
        g_assert_false(x86_write_msr(m->cpu, 0x4b564d03, 0x9001 | 1 << bit));
    }
    g_assert_true(x86_write_msr(m->cpu, 0x4b564d03, 0x9041));
    g_assert_true(x86_read_msr(m->cpu, 0x4b564d03, &val));
    g_assert_cmphex(val, ==, 0x9041);
    machine_put(m, 0x9040, 7, 8);
    machine_put(m, 0x9048, 3, 4); /* odd, by mistake */
    x86_steal_tell(m->cpu, 1000); /* what was before does not count */
    g_assert_cmpuint(machine_get(m, 0x9040, 8), ==, 7);
    x86_steal_tell(m->cpu, 1200);
    g_assert_cmpuint(machine_get(m, 0x9040, 8), ==, 207);
    g_assert_cmpuint(machine_get(m, 0x9048, 4), ==, 4);
    x86_steal_tell(m->cpu, 1205);
    g_assert_cmpuint(machine_get(m, 0x9040, 8), ==, 212);
    g_assert_cmpuint(machine_get(m, 0x9048, 4), ==, 6);
    /* Another thread runs it: never backwards. */
    x86_steal_tell(m->cpu, 50);
    g_assert_cmpuint(machine_get(m, 0x9040, 8), ==, 212);
    x86_steal_tell(m->cpu, 51);
    g_assert_cmpuint(machine_get(m, 0x9040, 8), ==, 213);
    /* Not preempted, and nothing behind. */
    for (unsigned off = 0x0c; off < 0x40; off += 4) {
        g_assert_cmphex(machine_get(m, 0x9040 + off, 4), ==, 0);
    }
    /* Outside RAM, and off. */
    g_assert_true(x86_write_msr(m->cpu, 0x4b564d03, UINT64_C(1) << 45 | 1));
    x86_steal_tell(m->cpu, 60);
    x86_steal_tell(m->cpu, 70);
    g_assert_true(x86_write_msr(m->cpu, 0x4b564d03, 0x9040));
    x86_steal_tell(m->cpu, 80);
    x86_steal_tell(m->cpu, 90);
    g_assert_cmpuint(machine_get(m, 0x9040, 8), ==, 213);
    machine_free(m);
    m = machine_new("max,-kvm-steal-time");
    g_assert_false(x86_write_msr(m->cpu, 0x4b564d03, 0x9001));
    machine_free(m);
}

/* The same clock, whatever rate the counter has. */
static void test_tsc_rate(void)
{
    Machine *m = machine_new("max,tsc-frequency=2445424000");
    uint32_t out[4];

    clock_advance(m->clock, 3 * NS_PER_SECOND + 1000);
    g_assert_cmpuint(x86_read_tsc(m->cpu), ==, 3 * UINT64_C(2445424000) + 2445);
    x86_cpuid(m->cpu, 0x15, 0, out);
    g_assert_cmpuint((uint64_t)out[2] / 1000 * out[1] / out[0], ==, 2445424);
    g_assert_true(x86_write_msr(m->cpu, 0x4b564d01, 0x9001));
    uint64_t ns = machine_get(m, 0x9010, 8);
    uint32_t mul = machine_get(m, 0x9018, 4);

    g_assert_cmpuint(machine_get(m, 0x901c, 1), ==, 0);
    /* What the guest makes of a second more. */
    uint64_t later = ns + (UINT64_C(2445424000) * mul >> 32);
    g_assert_cmpint(ABS((int64_t)(later - ns - NS_PER_SECOND)), <, 3);
    machine_free(m);
}

/* What an accelerator cannot show is left out, unless it was asked for. */
static void test_limit(void)
{
    uint32_t can[WORD_COUNT] = { [WORD_1_EDX] = 1u << 0 | 1u << 15 };
    g_autoptr(GError) err = NULL;
    X86Model *m = x86_model_find("max", NULL);

    g_assert_true(x86_model_limit(m, can, "it", &err));
    g_assert_true(x86_model_has(m, FEATURE_CMOV));
    g_assert_false(x86_model_has(m, FEATURE_SSE2));
    g_assert_cmpuint(m->xcr0_mask, ==, 1);
    x86_model_free(m);
    m = x86_model_find("host", NULL);
    g_assert_true(x86_model_limit(m, can, "it", &err));
    g_assert_cmphex(m->word[WORD_1_EDX], ==, can[WORD_1_EDX]);
    x86_model_free(m);
    m = x86_model_find("max,+sse3", NULL);
    g_assert_false(x86_model_limit(m, can, "it", &err));
    g_assert_nonnull(strstr(err->message, "'sse3': it cannot"));
    x86_model_free(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model/options", test_options);
    g_test_add_func("/model/all", test_all_models);
    g_test_add_func("/model/signature", test_signature);
    g_test_add_func("/model/warnings", test_warnings);
    g_test_add_func("/model/limit", test_limit);
    g_test_add_func("/cpuid", test_cpuid);
    g_test_add_func("/xsave", test_xsave);
    g_test_add_func("/cpuid/topology", test_topology);
    g_test_add_func("/msr/barrier", test_msr_barrier);
    g_test_add_func("/msr/values", test_msr_values);
    g_test_add_func("/msr/tsc", test_tsc);
    g_test_add_func("/msr/tsc-rate", test_tsc_rate);
    g_test_add_func("/msr/tsc-follows", test_tsc_follows);
    g_test_add_func("/msr/tsc-together", test_tsc_together);
    g_test_add_func("/msr/kvmclock", test_kvmclock);
    g_test_add_func("/msr/steal-time", test_steal_time);
    return machine_test_run();
}
