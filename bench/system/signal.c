/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals delivered to a handler. */
#include "bench/bench.h"
#include <signal.h>
#include <unistd.h>

static volatile uint64_t signal_count;

static void signal_note(int number)
{
    signal_count += number;
}

uint64_t bench_signal(void)
{
    signal_count = 0;
    signal(SIGUSR1, signal_note);
    for (int i = 0; i < 20000; i++) {
        kill(getpid(), SIGUSR1);
    }
    return signal_count;
}
