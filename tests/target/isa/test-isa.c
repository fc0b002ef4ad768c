/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every row of the decode table, compared. Workers (child processes, as
 * anything may happen in them) take rows in turn and leave counts in shared
 * memory; a row without cases must have its reason in table.c.
 *
 *   CASES=n   per row and code size (default: a sample)
 *   JOBS=n    workers
 *   ROW=name  one mnemonic only
 *   SEED=n    other cases
 */
#include "accel/tcg/engine.h"
#include "target/x86/host.h"
#include "target/x86/model.h"
#include "tests/target/isa/isa.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ISA_ROWS = 4096,
    ISA_JOBS = 16,
    ISA_STATES = 8,
    ISA_TOLD = 3,
    ISA_SECONDS = 60
};

typedef enum RowKind {
    ROW_NONE,     /* no bytes were found: a mistake */
    ROW_HOST,     /* compared with the host's processor */
    ROW_ENGINES,  /* with each other: the host does not have it */
    ROW_REFUSED,  /* not implemented: #UD */
    ROW_EXCLUDED, /* by table.c */
    ROW_SKIPPED,  /* not asked for */
    ROW_CRASHED,
    ROW_KINDS
} RowKind;

typedef struct RowCount {
    RowKind kind;
    uint64_t cases, differences;
} RowCount;

typedef struct Shared {
    unsigned next[ISA_JOBS]; /* the row each worker is at */
    RowCount rows[ISA_ROWS];
} Shared;

static const struct {
    const char *name, *backend;
    unsigned switches;
} isa_engines[] = {
    { "interp", "interp", 0 },
    { "native", "x86_64", 0 },
    { "plain", "interp", TCG_OFF_OPT | TCG_OFF_STRINGS | TCG_OFF_INLINE },
    { "portable", "x86_64", TCG_OFF_NATIVE | TCG_OFF_SLOTS },
    { "locked", "x86_64", TCG_OFF_TABLE | TCG_OFF_UNLOCK | TCG_OFF_GROUP },
};
enum { ENGINES = G_N_ELEMENTS(isa_engines) };

typedef struct Proof {
    Shared *shared;
    const X86Model *model;
    IsaGuest *guests[ENGINES];
    bool host;
    unsigned cases, jobs;
    const char *row;
    uint64_t seed;
} Proof;

/* ---- One case ------------------------------------------------------------ */

static void proof_tell(Proof *p, const IsaCase *c, const char *engine,
                       const char *text)
{
    g_autoptr(GString) s = g_string_new(NULL);

    for (unsigned n = 0; n < c->insn.len; n++) {
        g_string_append_printf(s, "%02x ", c->bytes[n]);
    }
    printf("%s%s, %u-bit code, %s:\n%s", s->str,
           c->valid ? x86_mnemonic_name(c->insn.mnemonic) : "(invalid)",
           c->code == X86_CODE64   ? 64
           : c->code == X86_CODE32 ? 32
                                   : 16,
           engine, text);
    fflush(stdout);
}

static void proof_count(Proof *p, RowCount *row, const IsaCase *c,
                        const char *engine, char *text)
{
    if (text && row->differences++ < ISA_TOLD) {
        proof_tell(p, c, engine, text);
    }
    g_free(text);
}

/* Not implemented: it must not do anything. */
static void proof_refused(Proof *p, RowCount *row, const IsaCase *c)
{
    IsaState got;

    for (unsigned n = 0; n < ENGINES; n++) {
        isa_mem_put(&c->mem);
        isa_guest_run(p->guests[n], c, &got);
        proof_count(p, row, c, isa_engines[n].name,
                    got.vector == EXC_UD ? NULL : g_strdup("    no #UD\n"));
    }
}

static void proof_compare(Proof *p, RowCount *row, const IsaCase *c)
{
    IsaState want, got;
    IsaMem want_mem, got_mem;
    bool host = row->kind == ROW_HOST &&
                (c->code != X86_CODE16 || isa_host_has_code16());

    isa_mem_put(&c->mem);
    if (host) {
        isa_host_run(c, &want);
    } else {
        isa_guest_run(p->guests[0], c, &want);
    }
    isa_mem_get(&want_mem);
    for (unsigned n = !host; n < ENGINES; n++) {
        isa_mem_put(&c->mem);
        isa_guest_run(p->guests[n], c, &got);
        isa_mem_get(&got_mem);
        proof_count(p, row, c, isa_engines[n].name,
                    isa_compare(c, &got, &got_mem, &want, &want_mem));
    }
}

/* Each time: a call may have pushed there. */
static void proof_put_code(const IsaCase *c)
{
    memset((void *)ENGINE_BASE, 0xcc, ISA_CODE_BYTES);
    memcpy((void *)(uintptr_t)(c->in.pc + isa_origin(c)), c->bytes,
           c->insn.len);
}

static void proof_prepare(Proof *p, const IsaCase *c)
{
    for (unsigned n = 0; n < ENGINES; n++) {
        isa_guest_prepare(p->guests[n], c->code);
    }
}

/* ---- One row ------------------------------------------------------------- */

static void proof_encoding(Proof *p, RowCount *row, IsaCase *c, uint64_t *seed)
{
    uint8_t bytes[sizeof(c->bytes)];

    for (unsigned n = 0; n < ISA_STATES; n++) {
        isa_random_state(c, seed);
        proof_put_code(c);
        if (n == 0 || memcmp(bytes, c->bytes, sizeof(bytes))) {
            proof_prepare(p, c);
            memcpy(bytes, c->bytes, sizeof(bytes));
        }
        if (row->kind == ROW_REFUSED) {
            proof_refused(p, row, c);
        } else {
            proof_compare(p, row, c);
        }
        row->cases++;
    }
}

static const IsaException *proof_exception(const DecodePlace *place)
{
    return isa_exception(place->row->mnemonic, place->map,
                         place->choice[SPLIT_ROW] & 255);
}

static RowKind proof_kind(Proof *p, const DecodePlace *place)
{
    const X86Row *row = place->row;
    const IsaException *x = proof_exception(place);

    if (p->row &&
        g_ascii_strcasecmp(p->row, x86_mnemonic_name(row->mnemonic))) {
        return ROW_SKIPPED;
    }
    if (x && x->rule == ISA_EXCLUDE) {
        return ROW_EXCLUDED;
    }
    if (!isa_guest_has(p->guests[0], row)) {
        return ROW_REFUSED;
    }
    if (!p->host || !x86_host_has_feature(row->feature) ||
        (x && x->rule == ISA_ENGINES_ONLY)) {
        return ROW_ENGINES;
    }
    return ROW_HOST;
}

static void proof_row(Proof *p, unsigned n, const DecodePlace *place)
{
    static const X86CodeSize codes[] = { X86_CODE64, X86_CODE32, X86_CODE16 };
    uint64_t seed = (p->seed + n) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    RowCount *row = &p->shared->rows[n];
    IsaCase c = { .place = place };

    row->kind = proof_kind(p, place);
    if (row->kind > ROW_REFUSED) {
        return;
    }
    for (unsigned k = 0; k < G_N_ELEMENTS(codes); k++) {
        c.code = codes[k];
        for (unsigned done = 0; done < p->cases; done += ISA_STATES) {
            alarm(ISA_SECONDS);
            if (!isa_encode(&c, &seed)) {
                break;
            }
            proof_encoding(p, row, &c, &seed);
        }
    }
    row->kind = row->cases ? row->kind : ROW_NONE;
}

/* ---- Workers --------------------------------------------------------------
 */

static void proof_open(Proof *p)
{
    p->model = x86_model_find("max", NULL);
    g_assert(p->model);
    host_signals_install();
    p->host = isa_host_init();
    for (unsigned n = 0; n < ENGINES; n++) {
        p->guests[n] = isa_guest_new(isa_engines[n].backend,
                                     isa_engines[n].switches, p->model);
        g_assert(p->guests[n]);
    }
}

static void proof_close(Proof *p)
{
    for (unsigned n = 0; n < ENGINES; n++) {
        isa_guest_free(p->guests[n]);
    }
    x86_model_free(p->model);
}

static void proof_work(Proof *p, unsigned worker, unsigned first)
{
    DecodePlace place;

    proof_open(p);
    for (unsigned n = first; decode_place(n, &place); n += p->jobs) {
        p->shared->next[worker] = n;
        proof_row(p, n, &place);
    }
    alarm(0);
    proof_close(p);
}

static pid_t proof_fork(Proof *p, unsigned worker, unsigned first)
{
    pid_t pid = fork();

    g_assert(pid >= 0);
    if (pid == 0) {
        proof_work(p, worker, first);
        exit(0);
    }
    return pid;
}

/* A worker that died is replaced, for the rows after the one that it was at. */
static void proof_wait(Proof *p, pid_t *pids)
{
    DecodePlace place;
    int status;
    pid_t pid;

    while ((pid = wait(&status)) > 0) {
        for (unsigned k = 0; k < p->jobs; k++) {
            unsigned n = p->shared->next[k];
            if (pids[k] != pid || (WIFEXITED(status) && !WEXITSTATUS(status))) {
                continue;
            }
            decode_place(n, &place);
            printf("row %u, %s: the worker ended with status %x\n", n,
                   x86_mnemonic_name(place.row->mnemonic), status);
            fflush(stdout);
            p->shared->rows[n].kind = ROW_CRASHED;
            pids[k] = proof_fork(p, k, n + p->jobs);
        }
    }
}

/* ---- The report -----------------------------------------------------------
 */

/* Rows of each reason, by mnemonic. */
static void report_exceptions(const Proof *p)
{
    const IsaException *told = NULL;
    DecodePlace place;

    for (unsigned n = 0; decode_place(n, &place); n++) {
        const IsaException *x = proof_exception(&place);
        if (x && x != told && p->shared->rows[n].kind != ROW_SKIPPED) {
            printf("  %-12s %s\n", x86_mnemonic_name(x->mnemonic), x->reason);
            told = x;
        }
    }
}

/* Not implemented, or not offered on this host: every case is #UD. */
static void report_refused(const Proof *p)
{
    unsigned last = X86_INVALID;
    DecodePlace place;

    for (unsigned n = 0; decode_place(n, &place); n++) {
        unsigned mnemonic = place.row->mnemonic;
        if (p->shared->rows[n].kind == ROW_REFUSED && mnemonic != last) {
            printf(" %s", x86_mnemonic_name(mnemonic));
            last = mnemonic;
        }
    }
    printf("\n");
}

static void report_bad_row(unsigned n, const DecodePlace *place,
                           const RowCount *row)
{
    bool lost = row->kind == ROW_NONE || row->kind == ROW_CRASHED;

    if (lost || row->differences) {
        printf("row %u, %s (map %s%u, %02x): %s, %" PRIu64 " of %" PRIu64
               " cases differ\n",
               n, x86_mnemonic_name(place->row->mnemonic),
               place->vex == 2 ? "EVEX "
               : place->vex    ? "VEX "
                               : "",
               place->map, (unsigned)place->choice[SPLIT_ROW],
               row->kind == ROW_NONE      ? "no cases"
               : row->kind == ROW_CRASHED ? "crashed"
                                          : "wrong",
               row->differences, row->cases);
    }
}

static bool proof_report(const Proof *p)
{
    unsigned kinds[ROW_KINDS] = { 0 };
    uint64_t cases = 0, differences = 0;
    DecodePlace place;
    unsigned n;

    for (n = 0; decode_place(n, &place); n++) {
        const RowCount *row = &p->shared->rows[n];
        kinds[row->kind]++;
        cases += row->cases;
        differences += row->differences;
        report_bad_row(n, &place, row);
    }
    printf("not compared, or not wholly:\n");
    report_exceptions(p);
    printf("refused with #UD:");
    report_refused(p);
    printf("%u rows: %u compared with the host, %u between engines (the host "
           "has no such instruction), %u refused with #UD, %u excluded\n"
           "%" PRIu64 " cases on %u engines, %" PRIu64 " differences\n",
           n, kinds[ROW_HOST], kinds[ROW_ENGINES], kinds[ROW_REFUSED],
           kinds[ROW_EXCLUDED], cases, ENGINES, differences);
    return !differences && !kinds[ROW_NONE] && !kinds[ROW_CRASHED];
}

static unsigned isa_number(const char *name, unsigned def)
{
    const char *text = g_getenv(name);
    return text ? strtoul(text, NULL, 0) : def;
}

int main(int argc, char **argv)
{
    Proof p = {
        .cases = isa_number("CASES", 24),
        .jobs = CLAMP(isa_number("JOBS", g_get_num_processors()), 1, ISA_JOBS),
        .row = g_getenv("ROW"),
        .seed = isa_number("SEED", 1),
    };
    pid_t pids[ISA_JOBS];

    p.shared = mmap(NULL, sizeof(*p.shared), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert(p.shared != MAP_FAILED);
    for (unsigned k = 0; k < p.jobs; k++) {
        pids[k] = proof_fork(&p, k, k);
    }
    proof_wait(&p, pids);
    return proof_report(&p) ? 0 : 1;
}
