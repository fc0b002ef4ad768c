/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two threads that wake each other. */
#include "bench/bench.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TURNS = 10000 };

static void futex_turn(uint32_t *turn, uint32_t mine)
{
    for (int i = 0; i < TURNS; i++) {
        uint32_t now;

        while ((now = __atomic_load_n(turn, __ATOMIC_SEQ_CST)) % 2 != mine) {
            syscall(SYS_futex, turn, FUTEX_WAIT, now, NULL, NULL, 0);
        }
        __atomic_fetch_add(turn, 1, __ATOMIC_SEQ_CST);
        syscall(SYS_futex, turn, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

static void *futex_other(void *turn)
{
    futex_turn(turn, 1);
    return NULL;
}

uint64_t bench_futex(void)
{
    uint32_t turn = 0;
    pthread_t thread;

    if (pthread_create(&thread, NULL, futex_other, &turn)) {
        return 0;
    }
    futex_turn(&turn, 0);
    pthread_join(thread, NULL);
    return turn;
}
