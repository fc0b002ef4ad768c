/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor, a piece of memory and one back end, for tests that run a few
 * bytes of guest code: registers and memory in, registers, flags, memory and
 * the exception out.
 *
 * Guest linear addresses are host addresses: memory is mapped at ENGINE_BASE
 * in the low 4 GiB, so that the host's processor can run the same bytes on it.
 */
#ifndef TESTS_TARGET_ENGINE_H
#define TESTS_TARGET_ENGINE_H

#include "target/x86/cpu.h"

#include <glib.h>

#define ENGINE_BASE UINT64_C(0x20000000)
#define ENGINE_SIZE (64 * 1024)
#define ENGINE_CODE ENGINE_BASE            /* first page: code */
#define ENGINE_DATA (ENGINE_BASE + 0x8000) /* amid 48 KiB of data */
#define ENGINE_STACK (ENGINE_BASE + 0xf000)

typedef struct Engine {
    X86Cpu *cpu;
    TcgContext ctx;
    IrBlock ir;
    MemoryRegion root, ports;
    AddressSpace *memory, *io;
    Clock *clock;
    uint8_t *mem; /* ENGINE_SIZE bytes at ENGINE_BASE */
    bool optimise;
    unsigned max_insns;
} Engine;

/* All share one memory at a fixed place. switches: TcgSwitch. NULL if the back
 * end does not exist here. */
Engine *engine_new(const char *backend, unsigned switches);
void engine_free(Engine *e);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_free)

/* Code size, and everything in the key that goes with it: flat segments in
 * protected mode, or for 16 bits real mode with segments at ENGINE_BASE. pc is
 * ENGINE_CODE then. */
void engine_set_code(Engine *e, X86CodeSize code, unsigned cpl);
/* Put bytes at the present pc and run them from there as blocks until pc is
 * after them, an exception is raised or something leaves. Returns TcgLeave. */
int engine_run(Engine *e, const uint8_t *bytes, size_t len);
/* Translate only. */
void engine_translate(Engine *e);

#endif
