/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU without a guest for tests of tcg/: a TcgEnv, some pages of memory at a
 * linear address, slow paths that raise, and a way to run one block.
 */
#ifndef TESTS_TCG_HARNESS_H
#define TESTS_TCG_HARNESS_H

#include "tcg/backend.h"
#include "tcg/ir.h"

#define HARNESS_BASE UINT64_C(0x7000)
#define HARNESS_PAGES 2
#define HARNESS_FAULT (TCG_LEAVE_GUEST + 7)

typedef struct HarnessCpu {
    TcgEnv env;
    uint64_t scratch[8]; /* for LDENV and STENV */
    uint8_t fpu[4096] __attribute__((aligned(64)));
    TcgContext *ctx;
    uint8_t *memory;
    unsigned calls; /* helpers count here */
} HarnessCpu;

typedef struct Harness {
    TcgContext ctx;
    HarnessCpu *cpu;
    IrBlock ir;
    TcgCode code;
    bool unchecked; /* blocks that break the verifier's rules on purpose */
} Harness;

/* NULL: this host does not have the back end. */
Harness *harness_new(const char *backend);
void harness_free(Harness *h);
/* Verify, compile and run h->ir; returns what run() returns. */
int harness_run(Harness *h);
#endif
