/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole machine states for the fuzzer of the engines: a processor with RAM, ROM
 * and a device, set up from the input's bytes.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "accel/accel.h"

/* What is where. RAM ends at a device, ROM at RAM, and RAM at nothing. */
enum {
    FUZZ_GDT = 0x1000,
    FUZZ_IDT = 0x2000,
    FUZZ_TSS = 0x3000,
    FUZZ_HANDLER = 0x5000, /* of all exceptions */
    FUZZ_TABLES = 0x10000, /* of pages: identity, but for what the input says */
    FUZZ_CODE = 0x20000,
    FUZZ_DATA = 0x30000,
    FUZZ_LOW = 0xe0000, /* end of the lower RAM; the device */
    FUZZ_ROM = 0xf0000,
    FUZZ_HIGH = 0x100000, /* more RAM */
    FUZZ_END = 0x110000,
};

/* The input: this, then code. */
typedef struct FuzzInput {
    uint8_t engine; /* that the first one is compared with */
    uint8_t mode;   /* FuzzMode */
    uint8_t place;  /* where code stands */
    uint8_t bits;   /* FUZZ_* below */
    uint32_t eflags, cr0, cr4, efer;
    uint8_t entry[16];  /* places in the page tables */
    uint64_t table[16]; /* and what is there */
    uint64_t r[16];
    uint16_t selector[4]; /* ES SS DS FS, in real and V86 mode */
} __attribute__((packed)) FuzzInput;

enum {
    FUZZ_FP = 1 << 0,   /* FPU and vectors are on: not compared */
    FUZZ_USER = 1 << 1, /* CPL 3 */
    FUZZ_NMI = 1 << 2,
    FUZZ_IRET = 1 << 3, /* handlers return; else they halt */
};

typedef enum FuzzMode {
    FUZZ_REAL,
    FUZZ_V86,
    FUZZ_PROT16,
    FUZZ_PROT32,
    FUZZ_PAGED32, /* two levels, large pages */
    FUZZ_PAE,
    FUZZ_COMPAT,
    FUZZ_LONG,
    FUZZ_MODES,
} FuzzMode;

typedef struct FuzzMachine {
    Clock *clock;
    RamBlock *ram; /* up to FUZZ_END, by physical address */
    MemoryRegion root, low, rom, high, device, ports;
    AddressSpace *memory, *io;
    const X86Model *model;
    X86Cpu *cpu;
    Accel *accel;
    GByteArray *fresh; /* the CPU's state when it was new */
    GMutex lock;       /* the device's */
} FuzzMachine;

FuzzMachine *fuzz_machine_new(const char *accel);
void fuzz_machine_set(FuzzMachine *m, const FuzzInput *in, const uint8_t *code,
                      size_t size);

#endif
