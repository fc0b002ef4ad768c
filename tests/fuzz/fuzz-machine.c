/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of the engines: a machine state and code from any bytes, run for a
 * limited number of instructions on the x86-64 back end and on another engine.
 * Nothing may crash, hang or grow; and where no floating point takes part,
 * registers and memory must agree.
 */
#include "accel/tcg/tcg.h"
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_PIECES = 4, FUZZ_PIECE_INSNS = 500, FUZZ_WATCH_US = 50000 };

static const char *const fuzz_engines[] = {
    "code-size=4M", /* the first one */
    "backend=interp,code-size=4M",
    "native=off,code-size=4M",
    "chain=off,jumps=off,code-size=4M",
    "slots=off,code-size=4M",
    "flags=off,verify=on,code-size=4M",
    "opt=off,code-size=4M",
    "strings=off,code-size=4M",
    "inline=off,code-size=4M",
    "share=off,code-size=1M",
    "aside=off,code-size=1M",
    "insns=1,code-size=1M",
};

static bool fuzz_compares = true; /* FUZZ_COMPARE=0: only look for crashes */
static FuzzMachine *fuzz_machines[G_N_ELEMENTS(fuzz_engines)];

static FuzzMachine *fuzz_machine(unsigned n)
{
    if (!fuzz_machines[n]) {
        g_autofree char *accel =
            g_strdup_printf("tcg,count=on,exact=on,%s", fuzz_engines[n]);
        fuzz_machines[n] = fuzz_machine_new(accel);
    }
    return fuzz_machines[n];
}

/* ---- Guests that take their time ------------------------------------------
 */

/* A repeated string instruction may run for hours, if a guest likes. It must
 * leave when it is asked to: the input is then given up. The lock ties asking
 * to the run that took so long. */
static GMutex fuzz_lock;
static X86Cpu *fuzz_watched;
static int64_t fuzz_started_us;
static bool fuzz_given_up;

static void *fuzz_watch(void *opaque)
{
    for (;;) {
        g_usleep(FUZZ_WATCH_US / 5);
        g_mutex_lock(&fuzz_lock);
        if (fuzz_watched &&
            g_get_monotonic_time() - fuzz_started_us > FUZZ_WATCH_US) {
            __atomic_store_n(&fuzz_given_up, true, __ATOMIC_RELAXED);
            x86_set_pending(fuzz_watched, X86_PENDING_STOP);
        }
        g_mutex_unlock(&fuzz_lock);
    }
    return NULL;
}

static void fuzz_watch_run_of(X86Cpu *cpu)
{
    g_mutex_lock(&fuzz_lock);
    fuzz_started_us = g_get_monotonic_time();
    fuzz_watched = cpu;
    g_mutex_unlock(&fuzz_lock);
}

static bool fuzz_is_given_up(void)
{
    return __atomic_load_n(&fuzz_given_up, __ATOMIC_RELAXED);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    rcu_register_thread();
    fuzz_compares = g_strcmp0(g_getenv("FUZZ_COMPARE"), "0") != 0;
    g_thread_unref(g_thread_new("watch", fuzz_watch, NULL));
    fuzz_machine(0);
    return 0;
}

static VcpuExit fuzz_run(FuzzMachine *m, const FuzzInput *in)
{
    VcpuExit why = VCPU_EXIT_STOP;

    fuzz_watch_run_of(m->cpu);
    for (unsigned n = 0;
         n < FUZZ_PIECES && why == VCPU_EXIT_STOP && !fuzz_is_given_up(); n++) {
        if (n && in->bits & FUZZ_NMI) {
            x86_set_pending(m->cpu, X86_PENDING_NMI);
        }
        why = tcg_run_insns(m->accel, m->cpu, FUZZ_PIECE_INSNS);
    }
    fuzz_watch_run_of(NULL);
    x86_clear_pending(m->cpu, X86_PENDING_STOP); /* it may have come too late */
    g_assert_true(m->accel->class->get_state(m->accel, m->cpu, NULL));
    return why;
}

/* ---- Comparing ------------------------------------------------------------
 */

static void fuzz_differ(const FuzzMachine *const m[2], unsigned engine,
                        const char *what)
{
    fprintf(stderr, "fuzz-machine: %s differs under '%s'\n", what,
            fuzz_engines[engine]);
    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        x86_cpu_print(m[i]->cpu, text);
        fprintf(stderr, "after %" PRIu64 " instructions:\n%s\n",
                m[i]->cpu->env.insn_count, text->str);
    }
    abort();
}

/* The upper halves of registers outside of 64-bit code are undefined, also
 * when it is left and entered again. */
static void fuzz_narrow(X86Cpu *cpu, bool wide)
{
    cpu->env.flags = x86_flags_pack(x86_flags_unpack(cpu->env.flags));
    for (unsigned n = 0; n < 16 && !wide; n++) {
        cpu->env.r[n] = (uint32_t)cpu->env.r[n];
    }
    if (cpu->raised < 0) { /* what these said is past */
        cpu->raised_soft = cpu->raised_has_error = cpu->raised_int_n = false;
        cpu->raised_error = 0;
        cpu->raised_next_pc = 0;
    }
    cpu->pending &= ~(X86_PENDING_FLUSH | X86_PENDING_STOP);
    memset(&cpu->fpu, 0, sizeof(cpu->fpu)); /* nobody could use it */
}

static void fuzz_compare(const FuzzMachine *const m[2], unsigned engine,
                         bool wide)
{
    fuzz_narrow(m[0]->cpu, wide);
    fuzz_narrow(m[1]->cpu, wide);
    if (m[0]->cpu->env.insn_count != m[1]->cpu->env.insn_count) {
        fuzz_differ(m, engine, "the number of instructions");
    }
    for (const StateField *f = x86_cpu_state; f->name; f++) {
        if (memcmp((uint8_t *)m[0]->cpu + f->offset,
                   (uint8_t *)m[1]->cpu + f->offset, f->size * f->count)) {
            fuzz_differ(m, engine, f->name);
        }
    }
    if (memcmp(m[0]->ram->host, m[1]->ram->host, FUZZ_END)) {
        fuzz_differ(m, engine, "memory");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in;

    if (size <= sizeof(in)) {
        return 0;
    }
    memcpy(&in, data, sizeof(in));
    unsigned engine = 1 + in.engine % (G_N_ELEMENTS(fuzz_engines) - 1);
    FuzzMachine *m[2] = { fuzz_machine(0), fuzz_machine(engine) };
    VcpuExit why[2];

    fuzz_given_up = false;
    for (unsigned i = 0; i < 2 && !fuzz_is_given_up(); i++) {
        fuzz_machine_set(m[i], &in, data + sizeof(in), size - sizeof(in));
        why[i] = fuzz_run(m[i], &in);
    }
    if (fuzz_compares && !(in.bits & FUZZ_FP) && !fuzz_is_given_up()) {
        if (why[0] != why[1]) {
            fuzz_differ((const FuzzMachine **)m, engine, "why it stopped");
        }
        fuzz_compare((const FuzzMachine **)m, engine,
                     in.mode % FUZZ_MODES == FUZZ_LONG);
    }
    return 0;
}
