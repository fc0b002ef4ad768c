/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor and memory without a board, under a real accelerator: 8 MiB of
 * RAM at 0, programs as bytes, ended by HLT.
 */
#ifndef TESTS_ACCEL_BARE_H
#define TESTS_ACCEL_BARE_H

#include "accel/accel.h"

#define BARE_RAM (8 * 1024 * 1024)

typedef struct Bare {
    Clock *clock;
    RamBlock *ram;
    MemoryRegion root, low, ports;
    AddressSpace *memory, *io;
    const X86Model *model;
    X86Cpu *cpu;
    Accel *accel;
    bool first; /* of its thread */
} Bare;

/* In real mode at 0000:0000, SS:SP = 0000:8000. The accelerator is attached;
 * the test calls run() itself. */
Bare *bare_new(const char *accel);
/* One more on the same thread, freed before the first. */
Bare *bare_new_second(const char *accel);
void bare_free(Bare *m);
/* Detach the accelerator, for tests that let vcpu_new() attach it. */
void bare_detach(Bare *m);

/* Write behind the translator's back, as a loader does before the start. */
void bare_put(Bare *m, uint64_t addr, const void *bytes, size_t n);
void bare_put_long(Bare *m, uint64_t addr, uint32_t val);
#define BARE_CODE(m, addr, ...)                                                \
    bare_put(m, addr, (const uint8_t[]){ __VA_ARGS__ },                        \
             sizeof((const uint8_t[]){ __VA_ARGS__ }))
/* Run from pc until HLT. */
void bare_run(Bare *m, uint64_t pc);
/* 32-bit protected mode, flat, supervisor, with paging from cr3 (bit 0: with
 * PSE) unless it is ~0. */
void bare_flat32(Bare *m, uint32_t cr3);

/* 64-bit mode, supervisor, SSE on, all RAM mapped as it is by large pages, with
 * three pages of tables at `tables`: the last one has the 2 MiB pages. */
void bare_long_mode(Bare *m, uint64_t tables);

typedef struct BareTest {
    const char *name;
    void (*fn)(Bare *m);
    const char *options; /* more of -accel, each led by a comma; or NULL */
} BareTest;

/* Add PREFIX/VARIANT/NAME for each test (up to a row without a name) under each
 * variant: a back end and settings, in a list that ends with NULL. Both stay. A
 * back end that the host lacks is skipped. */
void bare_add_tests(const char *prefix, const BareTest *tests,
                    const char *const *variants);

#endif
