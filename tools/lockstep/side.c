/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One of the two machines: made from options, run by pieces. */
#include "tools/lockstep/lockstep.h"

#include "accel/accel.h"
#include "util/error.h"

#include <string.h>

/* `@` in an argument is the side's number: files of its own. */
static char *side_argument(const char *arg, unsigned index)
{
    g_auto(GStrv) parts = g_strsplit(arg, "@", -1);

    return g_strjoinv(index ? "2" : "1", parts);
}

static MachineConfig *side_config(const Side *s, GError **errp)
{
    g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(MachineConfig) config = config_new();

    g_ptr_array_add(args, g_strdup("-accel"));
    g_ptr_array_add(args, g_strdup_printf("tcg,count=on,exact=on,%s",
                                          s->options->engine[s->index]));
    for (char **arg = s->options->machine; *arg; arg++) {
        g_ptr_array_add(args, side_argument(*arg, s->index));
    }
    g_ptr_array_add(args, NULL);
    if (!config_parse(config, (const char *const *)args->pdata, errp)) {
        return NULL;
    }
    if (config->done) {
        emu_fail(errp, EMU_ERROR_INVALID, "the options start no machine");
        return NULL;
    }
    input_prepare(config, s->options->shift);
    return g_steal_pointer(&config);
}

bool side_open(Side *s, const LockstepOptions *options, unsigned index,
               GError **errp)
{
    *s = (Side){ .options = options, .index = index };
    MachineConfig *config = side_config(s, errp);

    s->m = config ? machine_new(config, errp) : NULL;
    if (!s->m || !input_start(s->m, errp)) {
        g_prefix_error(errp, "machine %u (%s): ", index + 1,
                       options->engine[index]);
        return false;
    }
    Board *board = machine_board(s->m);

    s->cpu = vcpu_cpu(board->vcpus->pdata[0]);
    s->ram = board->ram;
    return true;
}

void side_close(Side *s)
{
    machine_free(s->m);
    s->m = NULL;
}

/* A wrong result, to be found. */
static void side_inject(Side *s)
{
    if (s->index == 0 || s->count != s->options->inject) {
        return;
    }
    if (s->options->inject_memory) {
        s->ram->host[s->ram->size / 2] ^= 1;
        ram_written(s->ram, s->ram->size / 2, 1);
    } else {
        s->cpu->env.r[X86_RBX] ^= 1u << 20;
    }
}

void side_run(Side *s, uint64_t until)
{
    uint64_t inject = s->options->inject, ran;
    uint64_t end = MIN(until, s->count + s->options->piece);

    if (s->count < inject && inject < end) { /* for both machines alike */
        end = inject;
    }
    s->interrupts += x86_has_work(s->cpu);
    s->result = input_run(s->m, end - s->count, &ran);
    s->count += ran;
    if (ran) {
        side_inject(s);
    }
}
