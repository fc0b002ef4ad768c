/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM and the translator in lock-step: lockstep.S, instruction by instruction,
 * the registers compared after each, the memory at the end. Who takes an
 * exception stops before or behind the handler's first instruction, so the two
 * may be up to AHEAD instructions apart.
 */
#include "accel/kvm/single.h"
#include "accel/tcg/tcg.h"
#include "target/x86/decode/decode.h"
#include "tests/accel/bare.h"

#include <string.h>
#include <unistd.h>

#define START 0x7000
#define STACKS 0x6000
enum { AHEAD = 3, REPEATS_MAX = 300, FIELDS_MAX = 120 };

typedef struct Field {
    char name[12];
    uint64_t val;
} Field;

/* What is compared of a processor after an instruction. */
typedef struct Snapshot {
    uint64_t pc;
    Field field[FIELDS_MAX];
    unsigned count;
} Snapshot;

typedef struct Side {
    const char *name;
    Bare *m;
    VcpuExit (*step)(Accel *accel, X86Cpu *cpu);
    Snapshot ahead[AHEAD]; /* not compared yet */
    unsigned count;
    uint32_t undefined; /* flags that the instructions so far left so */
    bool ended;
} Side;

static VcpuExit step_tcg(Accel *accel, X86Cpu *cpu)
{
    return tcg_run_insns(accel, cpu, 1);
}

/* ---- snapshots ----------------------------------------------------------- */

static void add(Snapshot *s, uint64_t val, const char *name, unsigned n)
{
    Field *f = &s->field[s->count++];

    g_assert(s->count <= FIELDS_MAX);
    g_snprintf(f->name, sizeof(f->name), name, n);
    f->val = val;
}

/* Of one that cannot be used, makers keep different things. */
static void add_segment(Snapshot *s, const X86Segment *seg, const char *name,
                        unsigned n)
{
    bool usable = seg->attr & SEG_P;

    add(s, seg->selector, name, n);
    add(s, usable ? seg->base : 0, "  base", 0);
    add(s, usable ? seg->limit : 0, "  limit", 0);
    add(s, usable ? seg->attr : 0, "  attr", 0);
}

static void add_system(Snapshot *s, const X86Cpu *cpu)
{
    add(s, cpu->gdt.base, "gdt", 0);
    add(s, cpu->gdt.limit, "gdt limit", 0);
    add(s, cpu->idt.base, "idt", 0);
    add(s, cpu->idt.limit, "idt limit", 0);
    add(s, cpu->cr0, "cr0", 0);
    add(s, cpu->cr2, "cr2", 0);
    add(s, cpu->cr3, "cr3", 0);
    add(s, cpu->cr4, "cr4", 0);
    add(s, cpu->efer, "efer", 0);
    add(s, cpu->dr[0], "dr0", 0);
    add(s, cpu->dr[7], "dr7", 0);
    add(s, cpu->star, "star", 0);
    add(s, cpu->lstar, "lstar", 0);
    add(s, cpu->fmask, "fmask", 0);
    add(s, cpu->kernel_gs_base, "kernel gs", 0);
    add(s, cpu->pat, "pat", 0);
    add(s, cpu->fpu.mxcsr, "mxcsr", 0);
}

static void side_take(Side *s, Snapshot *now)
{
    X86Cpu *cpu = s->m->cpu;
    GError *err = NULL;

    s->m->accel->class->get_state(s->m->accel, cpu, &err);
    g_assert_no_error(err);
    /* KVM's own, which it leaves in frames of exceptions that it delivers. */
    x86_set_eflags(cpu, 0, EFLAGS_TF);
    *now = (Snapshot){ .pc = cpu->env.pc };
    add(now, cpu->env.pc, "rip", 0);
    add(now, x86_get_eflags(cpu) & ~(s->undefined | EFLAGS_RF), "eflags", 0);
    for (unsigned n = 0; n < 16; n++) {
        add(now, cpu->env.r[n], "r%u", n);
        add(now, cpu->fpu.xmm[n].q[0], "xmm%u", n);
        add(now, cpu->fpu.xmm[n].q[1], "xmm%u high", n);
    }
    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        add_segment(now, &cpu->seg[n], "seg%u", n);
    }
    add_segment(now, &cpu->ldt, "ldt", 0);
    add_segment(now, &cpu->tr, "tr", 0);
    add_system(now, cpu);
}

/* ---- one side ------------------------------------------------------------ */

static X86CodeSize code_size(const X86Cpu *cpu)
{
    const X86Segment *cs = &cpu->seg[X86_CS];

    if ((cs->attr & SEG_L) && (cpu->efer & EFER_LMA)) {
        return X86_CODE64;
    }
    return cs->attr & SEG_D ? X86_CODE32 : X86_CODE16;
}

/* The instruction to come leaves some flags undefined, and defines others.
 * Linear addresses are physical ones here. */
static void side_decode(Side *s)
{
    const X86Cpu *cpu = s->m->cpu;
    uint64_t at = cpu->seg[X86_CS].base + cpu->env.pc;
    X86Insn insn;

    if (at < BARE_RAM - X86_INSN_MAX &&
        x86_decode(&insn, s->m->ram->host + at, X86_INSN_MAX, code_size(cpu)) ==
            X86_DECODE_OK) {
        s->undefined = (s->undefined & ~(uint32_t)insn.row->flags_out) |
                       insn.row->flags_undef;
    }
}

/* Until it stands elsewhere: repetitions, and exceptions that are raised first
 * and delivered then. */
static void side_step(Side *s)
{
    X86Cpu *cpu = s->m->cpu;
    uint64_t pc = cpu->env.pc;

    side_decode(s);
    for (unsigned i = 0; cpu->env.pc == pc && i < REPEATS_MAX; i++) {
        VcpuExit why = s->step(s->m->accel, cpu);

        if (why == VCPU_EXIT_HALT) {
            s->ended = true;
            return;
        }
        if (why != VCPU_EXIT_DEBUG && why != VCPU_EXIT_STOP) {
            g_test_message("%s ends at %" PRIx64 " by %d", s->name, pc, why);
            g_test_fail();
            s->ended = true;
            return;
        }
        side_take(s, &s->ahead[s->count]);
    }
    s->count++;
}

static void side_drop(Side *s, unsigned n)
{
    s->count -= n;
    memmove(s->ahead, s->ahead + n, s->count * sizeof(s->ahead[0]));
}

/* Stand where the other's next one stands; false: nowhere near. */
static bool side_catch_up(Side *s, uint64_t pc)
{
    for (unsigned i = 0; i < AHEAD; i++) {
        if (i == s->count && !s->ended) {
            side_step(s);
        }
        if (i < s->count && s->ahead[i].pc == pc) {
            side_drop(s, i);
            return true;
        }
    }
    return false;
}

/* ---- both ---------------------------------------------------------------- */

static void compare(const Side *a, const Side *b, uint64_t from)
{
    const Snapshot *x = &a->ahead[0], *y = &b->ahead[0];
    bool same = true;

    for (unsigned i = 0; i < x->count; i++) {
        if (x->field[i].val != y->field[i].val) {
            g_test_message("behind %" PRIx64 ": %s is %" PRIx64
                           " under %s, %" PRIx64 " under %s",
                           from, x->field[i].name, x->field[i].val, a->name,
                           y->field[i].val, b->name);
            same = false;
        }
    }
    if (!same) {
        g_test_fail();
    }
}

static void compare_memory(const Side *a, const Side *b)
{
    const uint8_t *x = a->m->ram->host, *y = b->m->ram->host;

    for (unsigned at = 0; at < BARE_RAM; at++) {
        bool stack = at >= STACKS && at < START; /* see side_take() */

        if (x[at] != y[at] && !stack) {
            g_test_message("memory at %x is %02x under %s, %02x under %s", at,
                           x[at], a->name, y[at], b->name);
            g_test_fail();
        }
    }
}

/* What KVM cannot emulate is no proof: the translator did it on both sides. */
static void report(const Side *kvm, unsigned steps)
{
    g_autoptr(GString) info = g_string_new(NULL);

    kvm->m->accel->class->info(kvm->m->accel, info);
    const char *translated = strstr(info->str, "steps translated");

    g_test_message("%u instructions compared, %.*s", steps,
                   (int)strcspn(translated, "\n"), translated);
}

static void lock_step(Side *a, Side *b)
{
    uint64_t from = START;
    unsigned steps = 0;

    for (; !g_test_failed(); steps++) {
        if (!a->count && !a->ended) {
            side_step(a);
        }
        if (!a->count) {
            break;
        }
        if (!side_catch_up(b, a->ahead[0].pc) &&
            !(b->count && side_catch_up(a, b->ahead[0].pc))) {
            g_test_message("behind %" PRIx64 ": %s goes to %" PRIx64
                           ", %s to %" PRIx64,
                           from, a->name, a->ahead[0].pc, b->name,
                           b->count ? b->ahead[0].pc : 0);
            g_test_fail();
            return;
        }
        compare(a, b, from);
        from = a->ahead[0].pc;
        side_drop(a, 1);
        side_drop(b, 1);
    }
    report(b, steps);
    compare_memory(a, b);
}

static void side_init(Side *s, const char *name, Bare *m,
                      VcpuExit (*step)(Accel *accel, X86Cpu *cpu),
                      const char *program, size_t len)
{
    *s = (Side){ .name = name, .m = m, .step = step };
    bare_put(s->m, START, program, len);
    s->m->cpu->env.pc = START;
}

static void test_lock_step(gconstpointer path)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *program = NULL;
    g_autofree Side *tcg = g_new(Side, 1), *kvm = g_new(Side, 1);
    gsize len;

    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        g_test_skip("/dev/kvm cannot be opened");
        return;
    }
    g_assert_true(g_file_get_contents(path, &program, &len, &err));
    side_init(tcg, "tcg", bare_new("tcg,count=on"), step_tcg, program, len);
    side_init(kvm, "kvm", bare_new_second("kvm,kernel-irqchip=off"),
              kvm_run_single, program, len);
    lock_step(tcg, kvm);
    bare_free(kvm->m);
    bare_free(tcg->m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/lockstep/kvm", argv[1], test_lock_step);
    return g_test_run();
}
