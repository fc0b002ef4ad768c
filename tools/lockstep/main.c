/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lockstep: run a guest under two settings of the translator and stop at the
 * first instruction whose result differs.
 *
 * The first run compares registers after every piece and memory after many. If
 * something differs there, a second one compares all after every piece from the
 * last good place on, and finds the piece. A third goes through the piece by
 * single instructions; what does not show then needs its blocks, so the length
 * of the piece at which it shows is searched for, with a run for each guess.
 */
#include "tools/lockstep/lockstep.h"

#include "monitor/disas.h"
#include "util/error.h"

#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu.h>

enum { LOCKSTEP_SAME, LOCKSTEP_DIFFERENT, LOCKSTEP_ERROR };

typedef struct Lockstep {
    LockstepOptions options;
    Side a, b;
    uint64_t good; /* all agreed there */
} Lockstep;

/* ---- Running both ---------------------------------------------------------
 */

static bool lockstep_open(Lockstep *l, GError **errp)
{
    return side_open(&l->a, &l->options, 0, errp) &&
           side_open(&l->b, &l->options, 1, errp);
}

static void lockstep_close(Lockstep *l)
{
    side_close(&l->a);
    side_close(&l->b);
}

static void lockstep_piece(Lockstep *l, uint64_t until)
{
    side_run(&l->a, until);
    side_run(&l->b, until);
}

static bool lockstep_is_over(const Lockstep *l)
{
    return l->a.result != INPUT_MORE || l->b.result != INPUT_MORE;
}

/* To that count without a look; the pieces are those of the first run. */
static bool lockstep_again(Lockstep *l, uint64_t count, GError **errp)
{
    lockstep_close(l);
    if (!lockstep_open(l, errp)) {
        return false;
    }
    while (l->a.count < count && !lockstep_is_over(l)) {
        lockstep_piece(l, l->options.insns);
    }
    return true;
}

/* ---- Reporting ------------------------------------------------------------
 */

/* The instruction that comes next. */
static void lockstep_print_insn(Side *s, GString *out)
{
    const X86Cpu *cpu = s->cpu;
    unsigned bits = 16u << cpu->key.code;
    uint64_t pc = cpu->env.pc;
    uint64_t linear = bits == 64 ? pc : (uint32_t)(cpu->seg[X86_CS].base + pc);
    uint8_t code[X86_INSN_MAX];
    size_t n = 0, used;

    for (hwaddr paddr; n < sizeof(code); n++) {
        if (!x86_mmu_peek(s->cpu, linear + n, &paddr) ||
            space_read(s->cpu->memory, paddr, &code[n], 1) != MEM_OK) {
            break;
        }
    }
    g_string_append_printf(out, "cs %04x, %u-bit code, CPL %u: ",
                           cpu->seg[X86_CS].selector, bits, x86_cpl(cpu));
    if (!disas_print(bits, pc, code, n, 1, &used, out)) {
        g_string_append_printf(out, "%016" PRIx64 ": cannot be read\n", pc);
    }
}

static void lockstep_report(Lockstep *l, const char *insn, GString *what)
{
    Side *const sides[] = { &l->a, &l->b };

    printf("lockstep: instruction %" PRIu64 " differs\n%s%s",
           l->a.count ? l->a.count - 1 : 0, insn, what->str);
    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(GString) text = g_string_new(NULL);

        x86_cpu_print(sides[i]->cpu, text);
        printf("---- %u: %s\n%s\n", i + 1, l->options.engine[i], text->str);
    }
}

/* ---- Finding it -----------------------------------------------------------
 */

static bool lockstep_agree(Lockstep *l, GString *what)
{
    bool registers = compare_registers(&l->a, &l->b, what);

    return compare_memory(&l->a, &l->b, what) && registers;
}

/* The first piece behind l->good with a difference at its end. */
static bool lockstep_find_piece(Lockstep *l, uint64_t *end, GError **errp)
{
    if (!lockstep_again(l, l->good, errp)) {
        return false;
    }
    while (!lockstep_is_over(l) && l->a.count < *end) {
        lockstep_piece(l, l->options.insns);
        if (!lockstep_agree(l, NULL)) {
            *end = MAX(l->a.count, l->b.count);
            return true;
        }
        l->good = l->a.count;
    }
    return true;
}

/* From l->good, one by one. True: found and reported. */
static bool lockstep_find_single(Lockstep *l, uint64_t end)
{
    g_autoptr(GString) what = g_string_new(NULL);

    compare_written(&l->a, &l->b, what); /* all until here */
    while (l->a.count < end && !lockstep_is_over(l)) {
        g_autoptr(GString) insn = g_string_new(NULL);

        lockstep_print_insn(&l->a, insn);
        lockstep_piece(l, l->a.count + 1);
        bool registers = compare_registers(&l->a, &l->b, what);

        if (!compare_written(&l->a, &l->b, what) || !registers) {
            lockstep_report(l, insn->str, what);
            return true;
        }
    }
    return false;
}

/* Run to l->good, then so many in one piece; do they agree? */
static bool lockstep_try(Lockstep *l, uint64_t insns, bool *agree,
                         GError **errp)
{
    if (!lockstep_again(l, l->good, errp)) {
        return false;
    }
    lockstep_piece(l, l->good + insns);
    *agree = lockstep_agree(l, NULL);
    return true;
}

static bool lockstep_find_block(Lockstep *l, uint64_t end, GError **errp)
{
    uint64_t low = 0,
             high = end - l->good; /* agree after low, not after high */
    g_autoptr(GString) insn = g_string_new(NULL);
    g_autoptr(GString) what = g_string_new(NULL);
    bool agree;

    while (low + 1 < high) {
        uint64_t middle = (low + high) / 2;

        if (!lockstep_try(l, middle, &agree, errp)) {
            return false;
        }
        *(agree ? &low : &high) = middle;
    }
    if (!lockstep_try(l, high - 1, &agree, errp)) {
        return false;
    }
    lockstep_print_insn(&l->a, insn);
    if (!lockstep_try(l, high, &agree, errp)) {
        return false;
    }
    lockstep_agree(l, what);
    printf("lockstep: only when it runs with those before it (from instruction "
           "%" PRIu64 " on)\n",
           l->good);
    lockstep_report(l, insn->str, what);
    return true;
}

/* Something differs at count `end`. */
static bool lockstep_search(Lockstep *l, uint64_t end, GError **errp)
{
    printf("lockstep: a difference between instructions %" PRIu64
           " and %" PRIu64 "\n",
           l->good, end);
    fflush(stdout);
    if (!lockstep_find_piece(l, &end, errp)) {
        return false;
    }
    printf("lockstep: between %" PRIu64 " and %" PRIu64 "\n", l->good, end);
    fflush(stdout);
    return lockstep_again(l, l->good, errp) &&
           (lockstep_find_single(l, end) || lockstep_find_block(l, end, errp));
}

static bool lockstep_memory_is_due(const Lockstep *l)
{
    return l->a.count - l->good >= l->options.memory_every ||
           l->a.count >= l->options.insns || lockstep_is_over(l);
}

static int lockstep_run(Lockstep *l, GError **errp)
{
    const LockstepOptions *o = &l->options;

    if (!lockstep_open(l, errp)) {
        return LOCKSTEP_ERROR;
    }
    while (l->a.count < o->insns && !lockstep_is_over(l)) {
        lockstep_piece(l, o->insns);
        bool same = compare_registers(&l->a, &l->b, NULL);

        if (same && lockstep_memory_is_due(l)) {
            same = compare_memory(&l->a, &l->b, NULL);
            l->good = same ? l->a.count : l->good;
        }
        if (!same) {
            uint64_t end = MAX(l->a.count, l->b.count);

            return lockstep_search(l, end, errp) ? LOCKSTEP_DIFFERENT
                                                 : LOCKSTEP_ERROR;
        }
    }
    if (l->a.result == INPUT_FAILED) {
        emu_fail(errp, EMU_ERROR_INVALID, "the translator failed");
        return LOCKSTEP_ERROR;
    }
    printf("lockstep: %" PRIu64 " instructions, %" PRIu64
           " pieces began with an interrupt%s: no difference between '%s' and "
           "'%s'\n",
           l->a.count, l->a.interrupts,
           l->a.result == INPUT_ENDED ? ", the guest ended" : "", o->engine[0],
           o->engine[1]);
    return LOCKSTEP_SAME;
}

/* ---- The command line -----------------------------------------------------
 */

static bool lockstep_parse(LockstepOptions *o, int *argc, char ***argv,
                           GError **errp)
{
    gint64 insns = 200000000, piece = 2048, memory = 1000000, inject = -1;
    gint shift = 2;
    gboolean in_memory = FALSE;
    const GOptionEntry entries[] = {
        { "one", '1', 0, G_OPTION_ARG_STRING, &o->engine[0],
          "settings of the first translator", "KEY=VALUE,..." },
        { "two", '2', 0, G_OPTION_ARG_STRING, &o->engine[1],
          "of the second one", "KEY=VALUE,..." },
        { "insns", 'n', 0, G_OPTION_ARG_INT64, &insns,
          "instructions to run (200000000)", "N" },
        { "piece", 'p', 0, G_OPTION_ARG_INT64, &piece,
          "interrupts come, and registers are compared, after so many (2048)",
          "N" },
        { "memory", 'm', 0, G_OPTION_ARG_INT64, &memory,
          "memory is compared after so many (1000000)", "N" },
        { "shift", 's', 0, G_OPTION_ARG_INT, &shift,
          "an instruction takes 2^N ns (2)", "N" },
        { "inject", 0, 0, G_OPTION_ARG_INT64, &inject,
          "make the second one wrong before that instruction", "N" },
        { "inject-memory", 0, 0, G_OPTION_ARG_NONE, &in_memory,
          "in memory rather than in RBX", NULL },
        {},
    };
    g_autoptr(GOptionContext) context =
        g_option_context_new("-- MACHINE OPTIONS (@: the machine's number)");

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, errp)) {
        return false;
    }
    if (!o->engine[0] || !o->engine[1] || insns < 1 || piece < 1 ||
        memory < 1 || shift < 0 || shift > 10) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "-1 and -2 are needed, numbers are positive");
    }
    o->insns = insns;
    o->piece = piece;
    o->memory_every = memory;
    o->shift = shift;
    o->inject = inject < 0 ? UINT64_MAX : (uint64_t)inject;
    o->inject_memory = in_memory;
    o->machine = *argv + 1;
    if (*o->machine && !strcmp(*o->machine, "--")) {
        o->machine++;
    }
    return true;
}

int main(int argc, char **argv)
{
    Lockstep l = {};
    g_autoptr(GError) err = NULL;
    int result = LOCKSTEP_ERROR;

    setlocale(LC_CTYPE, "");
    rcu_register_thread();
    if (lockstep_parse(&l.options, &argc, &argv, &err)) {
        result = lockstep_run(&l, &err);
        lockstep_close(&l);
    }
    if (err) {
        fprintf(stderr, "lockstep: %s\n", err->message);
    }
    rcu_unregister_thread();
    g_free(l.options.engine[0]);
    g_free(l.options.engine[1]);
    return result;
}
