/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine whose outside comes in at given instructions, see input.h.
 *
 * The virtual clock is a count of instructions and of what was skipped while
 * the processor slept. Between two pieces of a run everything that waits is
 * brought to its end: requests of disks, then due timers and the main context's
 * sources, until there are no more. When interrupts wait for EFLAGS.IF the next
 * pieces are short, so that most come soon after it is set.
 */
#include "system/input.h"

#include "accel/accel.h"
#include "accel/tcg/tcg.h"
#include "block/block.h"
#include "system/machine-internal.h"
#include "target/x86/tsc.h"
#include "util/error.h"

#include <string.h>

enum {
    INPUT_BLOCKED_INSNS = 4,        /* while an interrupt cannot be taken: */
    INPUT_BLOCKED_PIECES = 64,      /* so many pieces, then whole ones */
    INPUT_ROUNDS = 1000,            /* of timers and sources at one count */
    INPUT_RTC_START_S = 1704067200, /* 2024-01-01 */
};

/* ClockSource; light code reads the clock, too. */
__attribute__((target("general-regs-only"))) static int64_t
input_clock_source(void *opaque)
{
    const InputClock *c = opaque;
    uint64_t insns = c->cpu ? c->cpu->env.insn_count : 0;

    return (int64_t)(insns << c->shift) + c->skipped_ns;
}

ClockSource *input_clock(Machine *m, void **opaque)
{
    m->input_clock.shift = m->config->input_shift;
    *opaque = &m->input_clock;
    return input_clock_source;
}

void input_prepare(MachineConfig *config, unsigned shift)
{
    config->input_counted = true;
    config->input_shift = shift;
    config->rtc = (RtcConfig){ .base = RTC_BASE_DATE,
                               .date_s = INPUT_RTC_START_S,
                               .clock = RTC_CLOCK_VM };
    if (!config->board.cpu_model) {
        config->board.cpu_model = "emu64,rdrand=off,rdseed=off,kvmclock=off";
    }
}

bool input_start(Machine *m, GError **errp)
{
    const Board *b = m->board;

    if (!m->config->input_counted || !b->vcpus || b->vcpus->len != 1 ||
        strcmp(b->accel->class->name, "tcg") != 0) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "counting instructions needs one processor and the "
                        "accelerator tcg");
    }
    m->input_clock.cpu = vcpu_cpu(b->vcpus->pdata[0]);
    m->input_clock.cpu->tsc->usable = false; /* the host's is another time */
    vcpu_pause(b->vcpus->pdata[0]); /* it waits for calls from here on */
    x86_clear_pending(m->input_clock.cpu, X86_PENDING_STOP);
    clock_start(m->clock);
    return true;
}

/* ---- Between two pieces ------------------------------------------------- */

static bool input_timers(Machine *m)
{
    bool due = clock_deadline(m->clock) <= clock_now(m->clock);

    clock_run(m->clock);
    clock_run(m->clock_rtc);
    return due;
}

static void input_let_in(Machine *m)
{
    bool more = true;

    for (unsigned i = 0; i < m->blocks->len; i++) {
        blk_drain(m->blocks->pdata[i]);
    }
    for (unsigned n = 0; more && n < INPUT_ROUNDS; n++) {
        more = input_timers(m);
        while (g_main_context_iteration(NULL, FALSE)) {
            more = true;
        }
    }
}

/* Time goes on to where something happens; false: nothing ever will. */
static bool input_skip_sleep(Machine *m)
{
    int64_t deadline = clock_deadline(m->clock);

    if (deadline == INT64_MAX) {
        return false;
    }
    int64_t left = deadline - clock_now(m->clock);
    m->input_clock.skipped_ns += MAX(left, 0);
    return true;
}

/* ---- A piece ------------------------------------------------------------ */

typedef struct InputPiece {
    Accel *accel;
    uint64_t insns, ran;
    VcpuExit why;
} InputPiece;

static void input_run_piece(X86Cpu *cpu, void *opaque)
{
    InputPiece *p = opaque;
    uint64_t before = cpu->env.insn_count;

    p->why = tcg_run_insns(p->accel, cpu, p->insns);
    p->ran = cpu->env.insn_count - before;
}

static bool input_is_blocked(const X86Cpu *cpu)
{
    uint32_t waits = cpu->pending & (X86_PENDING_INTR | X86_PENDING_APIC);

    return waits && (!(cpu->eflags & EFLAGS_IF) || cpu->inhibit);
}

static InputResult input_piece_result(Machine *m, VcpuExit why)
{
    switch (why) {
    case VCPU_EXIT_HALT:
        if (!x86_has_work(m->input_clock.cpu) && !input_skip_sleep(m)) {
            return INPUT_ENDED;
        }
        break;
    case VCPU_EXIT_SHUTDOWN:
        machine_vcpu_stopped(m, why);
        break;
    case VCPU_EXIT_FAILED:
        return INPUT_FAILED;
    case VCPU_EXIT_STOP:
    case VCPU_EXIT_DEBUG:
        break;
    }
    return INPUT_MORE;
}

InputResult input_run(Machine *m, uint64_t insns, uint64_t *ran)
{
    InputPiece p = { .accel = m->board->accel, .insns = insns };
    unsigned *blocked = &m->input_clock.blocked;

    *blocked = input_is_blocked(m->input_clock.cpu) ? *blocked + 1 : 0;
    if (*blocked && *blocked <= INPUT_BLOCKED_PIECES) {
        p.insns = MIN(insns, INPUT_BLOCKED_INSNS);
    }
    vcpu_call(m->board->vcpus->pdata[0], input_run_piece, &p);
    *ran = p.ran;
    InputResult result = input_piece_result(m, p.why);
    input_let_in(m);
    return m->quit ? INPUT_ENDED : result;
}
