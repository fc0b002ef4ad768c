/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the host's scheduler has kept a vCPU's thread waiting, for the
 * guest's steal time. It is asked now and then, while the guest wants to know;
 * a counted run, which must repeat itself, is told nothing.
 *
 * Linux Documentation/scheduler/sched-stats.rst, /proc/<pid>/schedstat.
 */
#include "accel/tcg/engine.h"
#include "target/x86/msr.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { STEAL_PERIOD_US = 10000 }; /* an answer costs 3 us */

/* False: this kernel does not tell. */
static bool steal_waited(uint64_t *ns)
{
    char text[80];
    int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return false;
    }
    ssize_t len = read(fd, text, sizeof(text) - 1);

    close(fd);
    text[MAX(len, 0)] = '\0';
    return sscanf(text, "%*u %" SCNu64, ns) == 1;
}

void tcg_tell_steal(TcgVcpu *v)
{
    uint64_t waited_ns;

    if (!x86_steal_wanted(v->cpu) || v->engine->count_insns) {
        return;
    }
    int64_t now_us = g_get_monotonic_time();

    if (now_us >= v->steal_due_us) {
        v->steal_due_us = now_us + STEAL_PERIOD_US;
        if (steal_waited(&waited_ns)) {
            x86_steal_tell(v->cpu, waited_ns);
        }
    }
}
