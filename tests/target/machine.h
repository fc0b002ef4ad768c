/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor with RAM and no accelerator: tests call helpers as translated
 * code would and see what they raise. Guest memory by linear address walks the
 * page tables each time.
 */
#ifndef TESTS_TARGET_MACHINE_H
#define TESTS_TARGET_MACHINE_H

#include "target/x86/cpu.h"
#include "target/x86/system/helpers.h"

#include <setjmp.h>

#define MACHINE_RAM (UINT64_C(64) << 20)

typedef struct Machine {
    X86Cpu *cpu;
    const X86Model *model;
    RamBlock *ram;
    MemoryRegion root, low, ports;
    AddressSpace *memory, *io;
    Clock *clock;
    jmp_buf unwound;
    unsigned kicks, flushes, shutdowns;
} Machine;

/* spec: as -cpu. The CPU is reset; the clock is manual and running. */
Machine *machine_new(const char *spec);
void machine_free(Machine *m);
int machine_test_run(void); /* g_test_run() on a thread that may read memory */
static inline uint8_t *machine_ram(Machine *m, uint64_t addr)
{
    return m->ram->host + addr;
}
void machine_put(Machine *m, uint64_t addr, uint64_t val, unsigned size);
uint64_t machine_get(Machine *m, uint64_t addr, unsigned size);

/* Call a helper; false: it raised (or left), cpu->raised tells. */
bool machine_call4(Machine *m, const TcgHelper *h, uint64_t a, uint64_t b,
                   uint64_t c, uint64_t d, uint64_t *result);
bool machine_call(Machine *m, const TcgHelper *h, uint64_t a, uint64_t b);

/* Descriptors of flat segments and gates, for tables in RAM. */
uint64_t machine_segment(uint32_t base, uint32_t limit, unsigned access,
                         unsigned flags);

/* Modes to start in. GDT at MACHINE_GDT with the selectors below. */
#define MACHINE_GDT 0x1000
#define MACHINE_IDT 0x2000
#define MACHINE_TSS 0x3000
#define MACHINE_STACK0 0x8000
#define MACHINE_STACK3 0xa000
enum {
    SEL_CODE32 = 0x08,
    SEL_DATA = 0x10,
    SEL_CODE64 = 0x18,
    SEL_CODE32_USER = 0x23,
    SEL_DATA_USER = 0x2b,
    SEL_CODE64_USER = 0x33,
    SEL_CODE16 = 0x38,
    SEL_DATA16 = 0x40,
    SEL_TSS = 0x48, /* 16 bytes */
    SEL_CONFORMING = 0x58,
    SEL_FREE = 0x60, /* from here on the test's own */
};
void machine_protected(Machine *m, unsigned cpl); /* 32-bit, paging off */
void machine_long(Machine *m, unsigned cpl);      /* 64-bit, identity-mapped */

#endif
