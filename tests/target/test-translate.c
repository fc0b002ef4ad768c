/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control transfers, stacks, address wrap, exceptions and what ends a block:
 * small programs with the state they must leave, on each engine.
 */
#include "tests/target/engine.h"

#include <string.h>

enum { R_PC = 100, R_NONE = 0xff };
#define OFF(addr) ((addr)-ENGINE_BASE) /* in real mode's segments */

typedef struct Pair {
    uint8_t reg; /* X86_RAX.., R_PC: offset from the code's start */
    uint64_t val;
} Pair;

typedef struct Case {
    const char *name;
    X86CodeSize code;
    unsigned cpl;
    uint8_t bytes[48];
    unsigned len;
    Pair in[6], want[6]; /* end with reg == R_NONE unless full */
    int raised;          /* vector + 1; 0: none */
    uint32_t eflags;     /* also set: EFLAGS_DF, EFLAGS_TF */
    uint64_t cr4;        /* also set */
    uint32_t cs_limit;   /* instead of what the mode has; 0: that */
    uint64_t untouched;  /* bytes of memory here must still be 0; 0: none */
} Case;

#define BYTES(...)                                                             \
    .bytes = { __VA_ARGS__ }, .len = sizeof((uint8_t[]){ __VA_ARGS__ })
#define END                                                                    \
    {                                                                          \
        R_NONE, 0                                                              \
    }
#define STACK ENGINE_STACK
#define DATA ENGINE_DATA
#define NO_ADDRESS UINT64_C(0x800000000000)

/* clang-format off */
static const Case cases[] = {
    /* ---- control ---- */
    { "jcc taken", X86_CODE64, 3,
      BYTES(0x31, 0xc0, 0x74, 0x02, 0xff, 0xc0, 0xff, 0xc0),
      { { X86_RAX, 7 }, END }, { { X86_RAX, 1 }, END } },
    { "jcc not taken", X86_CODE64, 3,
      BYTES(0x31, 0xc0, 0x75, 0x02, 0xff, 0xc0, 0xff, 0xc0),
      { END }, { { X86_RAX, 2 }, END } },
    { "loop", X86_CODE64, 3, /* inc eax; loop -4 */
      BYTES(0xff, 0xc0, 0xe2, 0xfc),
      { { X86_RAX, 0 }, { X86_RCX, 1000 }, END },
      { { X86_RAX, 1000 }, { X86_RCX, 0 }, END } },
    { "loope", X86_CODE64, 3, /* cmp eax, edx; inc eax; cmp ebx, ebx; loope */
      BYTES(0xff, 0xc0, 0x39, 0xd0, 0xe1, 0xfa),
      { { X86_RAX, 4 }, { X86_RDX, 5 }, { X86_RCX, 9 }, END },
      { { X86_RAX, 6 }, { X86_RCX, 7 }, END } },
    { "loop, 32-bit count", X86_CODE64, 3,
      BYTES(0xff, 0xc0, 0x67, 0xe2, 0xfb),
      { { X86_RAX, 0 }, { X86_RCX, 0x100000003 }, END },
      { { X86_RAX, 3 }, { X86_RCX, 0 }, END } },
    { "jrcxz", X86_CODE64, 3, BYTES(0xe3, 0x02, 0xff, 0xc0),
      { { X86_RAX, 0 }, { X86_RCX, 0 }, END }, { { X86_RAX, 0 }, END } },
    { "call and ret", X86_CODE64, 3, /* call +4; inc ebx; jmp +3; inc eax; ret */
      BYTES(0xe8, 0x04, 0, 0, 0, 0xff, 0xc3, 0xeb, 0x03, 0xff, 0xc0, 0xc3),
      { { X86_RAX, 0 }, { X86_RBX, 0 }, { X86_RSP, STACK }, END },
      { { X86_RAX, 1 }, { X86_RBX, 1 }, { X86_RSP, STACK }, END } },
    { "ret imm", X86_CODE64, 3, /* lea rax,[rip+4]; push rax; ret 8 */
      BYTES(0x48, 0x8d, 0x05, 0x04, 0, 0, 0, 0x50, 0xc2, 8, 0),
      { { X86_RSP, STACK }, END },
      { { X86_RSP, STACK + 8 }, END } },
    { "call indirect through rsp", X86_CODE64, 3, /* lea rax,[rip+6]; push; call [rsp] */
      BYTES(0x48, 0x8d, 0x05, 0x04, 0, 0, 0, 0x50, 0xff, 0x14, 0x24, 0x59, 0x5b),
      { { X86_RSP, STACK }, END },
      { { X86_RSP, STACK }, { X86_RCX, ENGINE_CODE + 11 },
        { X86_RBX, ENGINE_CODE + 11 }, END } },
    { "call, 32-bit", X86_CODE32, 3, BYTES(0xe8, 0, 0, 0, 0, 0x58),
      { { X86_RSP, STACK }, END },
      { { X86_RAX, ENGINE_CODE + 5 }, { X86_RSP, STACK }, END } },
    { "call, real mode", X86_CODE16, 0, BYTES(0xe8, 0, 0, 0x58),
      { { X86_RSP, 0xabc00000 + OFF(STACK) }, { X86_RAX, 0 }, END },
      { { X86_RAX, 3 }, { X86_RSP, 0xabc00000 + OFF(STACK) }, END } },
    { "int3", X86_CODE64, 3, BYTES(0x90, 0xcc), { END }, { { R_PC, 1 }, END },
      .raised = 1 + EXC_BP },
    { "int1", X86_CODE64, 3, BYTES(0x90, 0xf1), { END }, { { R_PC, 2 }, END },
      .raised = 1 + EXC_DB },
    { "int 80h", X86_CODE64, 3, BYTES(0xcd, 0x80), { END }, { { R_PC, 0 }, END },
      .raised = 1 + 0x80 },
    { "bound", X86_CODE32, 3, BYTES(0x62, 0x03), /* eax, [ebx] */
      { { X86_RAX, 0xffffffff }, { X86_RBX, DATA }, END },
      { { R_PC, 0 }, END }, .raised = 1 + EXC_BR },

    /* ---- stacks ---- */
    { "push rsp", X86_CODE64, 3, BYTES(0x54, 0x58),
      { { X86_RSP, STACK }, END }, { { X86_RAX, STACK }, { X86_RSP, STACK }, END } },
    { "pop rsp", X86_CODE64, 3, BYTES(0x50, 0x5c),
      { { X86_RSP, STACK }, { X86_RAX, 0x1234 }, END }, { { X86_RSP, 0x1234 }, END } },
    { "pop [rsp]", X86_CODE64, 3, BYTES(0x50, 0x8f, 0x04, 0x24, 0x5b),
      { { X86_RSP, STACK }, { X86_RAX, 0x1234 }, END },
      { { X86_RBX, 0x1234 }, { X86_RSP, STACK + 8 }, END } },
    { "push imm8, 16-bit", X86_CODE64, 3, BYTES(0x66, 0x6a, 0xff, 0x66, 0x58),
      { { X86_RSP, STACK }, { X86_RAX, 0 }, END },
      { { X86_RAX, 0xffff }, { X86_RSP, STACK }, END } },
    { "sp wraps", X86_CODE16, 0, BYTES(0x50, 0x58),
      { { X86_RSP, 0x10000 }, { X86_RAX, 0x55 }, END },
      { { X86_RSP, 0x10000 }, { X86_RAX, 0x55 }, END } },
    { "enter and leave", X86_CODE64, 3, BYTES(0xc8, 0x20, 0, 0, 0xc9),
      { { X86_RSP, STACK }, { X86_RBP, 77 }, END },
      { { X86_RSP, STACK }, { X86_RBP, 77 }, END } },
    { "enter, level 2", X86_CODE64, 3, BYTES(0xc8, 0x20, 0, 2),
      { { X86_RSP, STACK }, { X86_RBP, STACK - 64 }, END },
      { { X86_RSP, STACK - 24 - 0x20 }, { X86_RBP, STACK - 8 }, END } },
    { "pusha over the end", X86_CODE32, 3, BYTES(0x60),
      { { X86_RSP, ENGINE_BASE + 0x10 }, { X86_RAX, 5 }, END },
      { { X86_RSP, ENGINE_BASE + 0x10 }, { R_PC, 0 }, END },
      .raised = 1 + EXC_PF, .untouched = ENGINE_BASE + 8 },
    { "enter asks for the new top", X86_CODE64, 3, BYTES(0xc8, 0, 0x40, 0),
      { { X86_RSP, ENGINE_BASE + 0x3000 }, { X86_RBP, 5 }, END },
      { { X86_RSP, ENGINE_BASE + 0x3000 }, { X86_RBP, 5 }, { R_PC, 0 }, END },
      .raised = 1 + EXC_PF, .untouched = ENGINE_BASE + 0x2ff8 },
    { "popa keeps sp", X86_CODE32, 3, BYTES(0x60, 0x31, 0xc0, 0x61),
      { { X86_RSP, STACK }, { X86_RAX, 5 }, { X86_RDI, 6 }, END },
      { { X86_RSP, STACK }, { X86_RAX, 5 }, { X86_RDI, 6 }, END } },

    /* ---- addresses ---- */
    { "bx+si wraps", X86_CODE16, 0, BYTES(0x89, 0x00, 0x8b, 0x0e, 0x00, 0x80),
      { { X86_RAX, 0x1234 }, { X86_RBX, 0xff00 }, { X86_RSI, 0x8100 },
        { X86_RCX, 0 }, END },
      { { X86_RCX, 0x1234 }, END } },
    { "32-bit address wraps", X86_CODE32, 3, BYTES(0x8b, 0x04, 0x0b),
      { { X86_RBX, 0xf0000000 }, { X86_RCX, (uint32_t)(ENGINE_CODE - 0xf0000000) }, END },
      { { X86_RAX, 0x0f0b048b }, END } },
    { "bit string wraps at 4 GiB", X86_CODE64, 3, /* bts [eax],rcx; mov ebx,[DATA] */
      BYTES(0x67, 0x48, 0x0f, 0xab, 0x08, 0x8b, 0x1c, 0x25, 0x00, 0x80, 0x00, 0x20),
      { { X86_RAX, 0xf0000000 }, { X86_RCX, UINT64_C(0x180040001) }, END },
      { { X86_RBX, 2 }, END } },
    { "bit string wraps at 64 KiB", X86_CODE16, 0, /* bts [bx],ax; mov cx,[10h] */
      BYTES(0x0f, 0xab, 0x07, 0x8b, 0x0e, 0x10, 0x00),
      { { X86_RBX, 0xfff0 }, { X86_RAX, 0x20 * 8 + 3 }, { X86_RCX, 0 }, END },
      { { X86_RCX, 8 }, END } },
    { "67h in 64-bit code", X86_CODE64, 3, BYTES(0x67, 0x8b, 0x03),
      { { X86_RBX, 0xdead00000000 + ENGINE_CODE }, END },
      { { X86_RAX, 0x0f038b67 }, END } },
    { "lea, 16-bit", X86_CODE16, 0, BYTES(0x8d, 0x40, 0x7f), /* ax, [bx+si+127] */
      { { X86_RAX, 0xaaaa0000 }, { X86_RBX, 0xffff }, { X86_RSI, 2 }, END },
      { { X86_RAX, 0xaaaa0080 }, END } },
    { "xlat", X86_CODE16, 0, BYTES(0xd7),
      { { X86_RAX, 0 }, { X86_RBX, 0 }, END }, { { X86_RAX, 0xd7 }, END } },

    /* ---- exceptions ---- */
    { "ud2", X86_CODE64, 3, BYTES(0xff, 0xc0, 0x0f, 0x0b), { { X86_RAX, 0 }, END },
      { { X86_RAX, 1 }, { R_PC, 2 }, END }, .raised = 1 + EXC_UD },
    { "lock nop", X86_CODE64, 3, BYTES(0xf0, 0x90), { END }, { { R_PC, 0 }, END },
      .raised = 1 + EXC_UD },
    { "hlt at level 3", X86_CODE64, 3, BYTES(0xf4), { END }, { { R_PC, 0 }, END },
      .raised = 1 + EXC_GP },
    { "cli at level 3", X86_CODE64, 3, BYTES(0xfa), { END }, { { R_PC, 0 }, END },
      .raised = 1 + EXC_GP },
    { "in at level 3", X86_CODE64, 3, BYTES(0xec), { END }, { { R_PC, 0 }, END },
      .raised = 1 + EXC_GP },
    { "mov cs", X86_CODE64, 3, BYTES(0x8e, 0xc8), { END }, { { R_PC, 0 }, END },
      .raised = 1 + EXC_UD },
    { "not aligned", X86_CODE64, 3, BYTES(0x8b, 0x03, 0x8b, 0x43, 0x02),
      { { X86_RBX, DATA }, END }, { { R_PC, 2 }, END },
      .raised = 1 + EXC_AC, .eflags = EFLAGS_AC },
    { "not aligned, one byte", X86_CODE64, 3, BYTES(0x8a, 0x43, 0x03),
      { { X86_RBX, DATA }, END }, { END }, .eflags = EFLAGS_AC },
    { "not aligned, level 0", X86_CODE64, 0, BYTES(0x8b, 0x43, 0x02),
      { { X86_RBX, DATA }, END }, { END }, .eflags = EFLAGS_AC },
    { "stack not aligned", X86_CODE32, 3, BYTES(0x50),
      { { X86_RSP, STACK + 2 }, END },
      { { X86_RSP, STACK + 2 }, { R_PC, 0 }, END },
      .raised = 1 + EXC_AC, .eflags = EFLAGS_AC },
    { "string not aligned", X86_CODE64, 3, BYTES(0xf3, 0xa5),
      { { X86_RSI, DATA }, { X86_RDI, DATA + 0x101 }, { X86_RCX, 2 }, END },
      { { X86_RCX, 2 }, { R_PC, 0 }, END },
      .raised = 1 + EXC_AC, .eflags = EFLAGS_AC, .untouched = DATA + 0x100 },
    { "fault in the middle", X86_CODE64, 3, /* add eax,1; add [0],eax; add eax,1 */
      BYTES(0x83, 0xc0, 1, 0x01, 0x04, 0x25, 0, 0, 0, 0, 0x83, 0xc0, 1),
      { { X86_RAX, 1 }, END }, { { X86_RAX, 2 }, { R_PC, 3 }, END },
      .raised = 1 + EXC_PF },
    { "push faults", X86_CODE64, 3, BYTES(0x50),
      { { X86_RSP, 8 }, END }, { { X86_RSP, 8 }, { R_PC, 0 }, END },
      .raised = 1 + EXC_PF },
    { "pop to memory faults", X86_CODE64, 3, BYTES(0x8f, 0x00),
      { { X86_RSP, STACK }, { X86_RAX, 8 }, END },
      { { X86_RSP, STACK }, { R_PC, 0 }, END }, .raised = 1 + EXC_PF },
    { "too long", X86_CODE64, 3,
      BYTES(0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
            0x66, 0x66, 0x66, 0x66, 0x90),
      { END }, { { R_PC, 0 }, END }, .raised = 1 + EXC_GP },
    { "jump into nothing", X86_CODE64, 3, BYTES(0xff, 0xe0),
      { { X86_RAX, 0x1000 }, END },
      { { R_PC, 0x1000 - ENGINE_CODE }, END }, .raised = 1 + EXC_PF },
    { "jump to no address", X86_CODE64, 3, BYTES(0x90, 0xff, 0xe0),
      { { X86_RAX, NO_ADDRESS }, END }, { { R_PC, 1 }, END },
      .raised = 1 + EXC_GP },
    { "call to no address", X86_CODE64, 3, BYTES(0x90, 0xff, 0xd0),
      { { X86_RAX, NO_ADDRESS }, { X86_RSP, STACK }, END },
      { { X86_RSP, STACK }, { R_PC, 1 }, END }, .raised = 1 + EXC_GP },
    { "return to no address", X86_CODE64, 3, BYTES(0x50, 0xc3),
      { { X86_RAX, NO_ADDRESS }, { X86_RSP, STACK }, END },
      { { X86_RSP, STACK - 8 }, { R_PC, 1 }, END }, .raised = 1 + EXC_GP },
    { "return to no address, dropping", X86_CODE64, 3,
      BYTES(0x50, 0xc2, 0x10, 0xf0),
      { { X86_RAX, NO_ADDRESS }, { X86_RSP, STACK }, END },
      { { X86_RSP, STACK - 8 }, { R_PC, 1 }, END }, .raised = 1 + EXC_GP },
    { "return to no address in a shadow", X86_CODE64, 0, BYTES(0x50, 0xfb, 0xc3),
      { { X86_RAX, NO_ADDRESS }, { X86_RSP, STACK }, END },
      { { X86_RSP, STACK - 8 }, { R_PC, 2 }, END }, .raised = 1 + EXC_GP },
    { "single step of a call to no address", X86_CODE64, 3, BYTES(0xff, 0xd0),
      { { X86_RAX, NO_ADDRESS }, { X86_RSP, STACK }, END },
      { { X86_RSP, STACK }, { R_PC, 0 }, END },
      .raised = 1 + EXC_GP, .eflags = EFLAGS_TF },
    { "jump over the end of a segment", X86_CODE16, 0, BYTES(0x66, 0xff, 0xe0),
      { { X86_RAX, 0x10000 }, END }, { { R_PC, 0 }, END }, .raised = 1 + EXC_GP },
    { "call over the end of a segment", X86_CODE16, 0,
      BYTES(0x66, 0xe8, 0, 0, 1, 0),
      { { X86_RSP, 0x100 }, END }, { { X86_RSP, 0x100 }, { R_PC, 0 }, END },
      .raised = 1 + EXC_GP },
    { "return over the end of a segment", X86_CODE16, 0,
      BYTES(0x66, 0x50, 0x66, 0xc3),
      { { X86_RAX, 0x10000 }, { X86_RSP, 0x100 }, END },
      { { X86_RSP, 0xfc }, { R_PC, 2 }, END }, .raised = 1 + EXC_GP },
    { "run over the end of a segment", X86_CODE16, 0, /* over a NOP at FFFF */
      BYTES(0xc6, 0x06, 0xff, 0xff, 0x90, 0xe9, 0xf7, 0xff),
      { END }, { { R_PC, 0x10000 }, END }, .raised = 1 + EXC_GP },
    { "run over a limit", X86_CODE32, 3, BYTES(0xff, 0xc0, 0xff, 0xc0),
      { { X86_RAX, 0 }, END }, { { X86_RAX, 1 }, { R_PC, 2 }, END },
      .raised = 1 + EXC_GP, .cs_limit = ENGINE_CODE + 2 },
    { "run up to a limit", X86_CODE32, 3, BYTES(0xff, 0xc0, 0xff, 0xc0),
      { { X86_RAX, 0 }, END }, { { X86_RAX, 2 }, END },
      .cs_limit = ENGINE_CODE + 8 },
    { "loop over a limit", X86_CODE32, 3, BYTES(0xe2, 0x10),
      { { X86_RCX, 2 }, END }, { { X86_RCX, 2 }, { R_PC, 0 }, END },
      .raised = 1 + EXC_GP, .cs_limit = ENGINE_CODE + 8 },
    { "no loop over a limit", X86_CODE32, 3, BYTES(0xe2, 0x10),
      { { X86_RCX, 1 }, END }, { { X86_RCX, 0 }, END },
      .cs_limit = ENGINE_CODE + 8 },
    { "jump over a limit", X86_CODE32, 3, BYTES(0xff, 0xe0),
      { { X86_RAX, ENGINE_CODE + 9 }, END }, { { R_PC, 0 }, END },
      .raised = 1 + EXC_GP, .cs_limit = ENGINE_CODE + 8 },
    { "call over a limit", X86_CODE32, 3, BYTES(0xe8, 4, 0, 0, 0),
      { { X86_RSP, STACK }, END }, { { X86_RSP, STACK }, { R_PC, 0 }, END },
      .raised = 1 + EXC_GP, .cs_limit = ENGINE_CODE + 8 },
    { "single step", X86_CODE64, 3, BYTES(0xff, 0xc0, 0xff, 0xc0),
      { { X86_RAX, 0 }, END }, { { X86_RAX, 1 }, { R_PC, 2 }, END },
      .raised = 1 + EXC_DB, .eflags = EFLAGS_TF },
    { "single step of a jump", X86_CODE64, 3, BYTES(0xeb, 0x02, 0xff, 0xc0, 0x90),
      { { X86_RAX, 0 }, END }, { { X86_RAX, 0 }, { R_PC, 4 }, END },
      .raised = 1 + EXC_DB, .eflags = EFLAGS_TF },
    { "single step of rep", X86_CODE64, 3, BYTES(0xf3, 0xaa),
      { { X86_RDI, DATA }, { X86_RCX, 9 }, END },
      { { X86_RDI, DATA + 1 }, { X86_RCX, 8 }, { R_PC, 0 }, END },
      .raised = 1 + EXC_DB, .eflags = EFLAGS_TF },

    /* ---- strings ---- */
    { "rep stos up to the end", X86_CODE64, 3, BYTES(0xf3, 0xaa),
      { { X86_RDI, ENGINE_BASE + ENGINE_SIZE - 5000 }, { X86_RCX, 9000 }, END },
      { { X86_RDI, ENGINE_BASE + ENGINE_SIZE }, { X86_RCX, 4000 }, { R_PC, 0 }, END },
      .raised = 1 + EXC_PF },
    { "rep movs down to the start", X86_CODE64, 3, BYTES(0xf3, 0xa4),
      { { X86_RSI, ENGINE_BASE + 0x4000 }, { X86_RDI, ENGINE_BASE + 0x4000 },
        { X86_RCX, 0x8000 }, END },
      { { X86_RSI, ENGINE_BASE - 1 }, { X86_RDI, ENGINE_BASE - 1 },
        { X86_RCX, 0x3fff }, END },
      .raised = 1 + EXC_PF, .eflags = EFLAGS_DF },
    { "rep movsw wraps", X86_CODE16, 0, BYTES(0xf3, 0xa5),
      { { X86_RSI, 0xfffe }, { X86_RDI, 0x8000 }, { X86_RCX, 2 }, END },
      { { X86_RSI, 2 }, { X86_RDI, 0x8004 }, { X86_RCX, 0 }, END } },
    { "repne scasb", X86_CODE64, 3, BYTES(0xf2, 0xae), /* finds AE in itself */
      { { X86_RDI, ENGINE_CODE }, { X86_RCX, 100 }, { X86_RAX, 0xae }, END },
      { { X86_RDI, ENGINE_CODE + 2 }, { X86_RCX, 98 }, END } },
    { "rep with count 0", X86_CODE64, 3, BYTES(0xf3, 0xaa),
      { { X86_RDI, 0 }, { X86_RCX, 0 }, END }, { { X86_RDI, 0 }, END } },

    /* ---- flags and system ---- */
    { "sti, then one instruction", X86_CODE64, 0, BYTES(0xfa, 0xfb, 0xff, 0xc0),
      { { X86_RAX, 0 }, END }, { { X86_RAX, 1 }, END } },
    { "cpuid faults nothing", X86_CODE64, 3, BYTES(0x0f, 0xa2),
      { { X86_RAX, 0 }, { X86_RCX, 0 }, END }, { END } },
    { "umip, sgdt", X86_CODE64, 3, BYTES(0x0f, 0x01, 0x00),
      { { X86_RAX, DATA }, END }, { { R_PC, 0 }, END },
      .raised = 1 + EXC_GP, .cr4 = CR4_UMIP },
    { "umip, sidt", X86_CODE64, 3, BYTES(0x0f, 0x01, 0x08),
      { { X86_RAX, DATA }, END }, { { R_PC, 0 }, END },
      .raised = 1 + EXC_GP, .cr4 = CR4_UMIP },
    { "umip, sldt", X86_CODE64, 3, BYTES(0x0f, 0x00, 0xc0),
      { END }, { { R_PC, 0 }, END }, .raised = 1 + EXC_GP, .cr4 = CR4_UMIP },
    { "umip, str", X86_CODE64, 3, BYTES(0x0f, 0x00, 0xc8),
      { END }, { { R_PC, 0 }, END }, .raised = 1 + EXC_GP, .cr4 = CR4_UMIP },
    { "umip, smsw", X86_CODE64, 3, BYTES(0x0f, 0x01, 0xe0),
      { END }, { { R_PC, 0 }, END }, .raised = 1 + EXC_GP, .cr4 = CR4_UMIP },
    { "umip, level 0", X86_CODE64, 0, BYTES(0x0f, 0x01, 0xe0),
      { { X86_RAX, 0 }, END }, { END }, .cr4 = CR4_UMIP },
    { "smsw without umip", X86_CODE64, 3, BYTES(0x0f, 0x01, 0xe0),
      { { X86_RAX, 0 }, END }, { END } },
    { "wrfsbase, not canonical", X86_CODE64, 3, BYTES(0xf3, 0x48, 0x0f, 0xae, 0xd0),
      { { X86_RAX, UINT64_C(0x8000000000000000) }, END }, { { R_PC, 0 }, END },
      .raised = 1 + EXC_GP },
    { "fs base", X86_CODE64, 3, /* wrfsbase rax; mov eax, fs:[0] */
      BYTES(0xf3, 0x48, 0x0f, 0xae, 0xd0, 0x64, 0x8b, 0x04, 0x25, 0, 0, 0, 0),
      { { X86_RAX, ENGINE_CODE }, END }, { { X86_RAX, 0xae0f48f3 }, END } },
    { "pushf and popf", X86_CODE64, 3, BYTES(0xf9, 0x9c, 0xf8, 0x9d, 0x19, 0xc0),
      { { X86_RSP, STACK }, { X86_RAX, 0 }, END },
      { { X86_RAX, 0xffffffff }, { X86_RSP, STACK }, END } },
};
/* clang-format on */

/* ---- running ---------------------------------------------------------------
 */

static void case_load(Engine *e, const Case *c)
{
    X86Cpu *cpu = e->cpu;
    memset(e->mem, 0, ENGINE_SIZE);
    memset(cpu->env.r, 0, sizeof(cpu->env.r));
    engine_set_code(e, c->code, c->cpl);
    cpu->eflags |= c->eflags;
    cpu->cr4 |= c->cr4;
    if (c->cs_limit) {
        cpu->seg[X86_CS].limit = c->cs_limit;
    }
    x86_update_key(cpu);
    for (unsigned n = 0; n < G_N_ELEMENTS(c->in) && c->in[n].reg != R_NONE;
         n++) {
        cpu->env.r[c->in[n].reg] = c->in[n].val;
    }
}

static void case_check(const Engine *e, const Case *c, uint64_t start)
{
    const X86Cpu *cpu = e->cpu;
    for (unsigned n = 0; n < G_N_ELEMENTS(c->want) && c->want[n].reg != R_NONE;
         n++) {
        const Pair *p = &c->want[n];
        uint64_t got =
            p->reg == R_PC ? cpu->env.pc - start : cpu->env.r[p->reg];
        if (got != p->val) {
            g_error("%s: register %u is %" PRIx64 ", want %" PRIx64, c->name,
                    p->reg, got, p->val);
        }
    }
    if (cpu->raised != c->raised - 1) {
        g_error("%s: raised %d, want %d", c->name, cpu->raised, c->raised - 1);
    }
    if (c->untouched) {
        g_assert_cmphex(*(uint64_t *)(e->mem + OFF(c->untouched)), ==, 0);
    }
    if (!c->raised) {
        g_assert_cmphex(cpu->env.pc - start, ==, c->len);
    }
}

typedef struct Config {
    const char *name, *backend;
    unsigned switches;
} Config;

static const Config configs[] = {
    { "/translate/interp", "interp", 0 },
    { "/translate/interp-plain", "interp",
      TCG_OFF_OPT | TCG_OFF_STRINGS | TCG_OFF_INLINE },
    { "/translate/x86_64", "x86_64", 0 },
    { "/translate/x86_64-portable", "x86_64", TCG_OFF_NATIVE },
};

static void test_cases(const void *data)
{
    const Config *config = data;
    g_autoptr(Engine) e = engine_new(config->backend, config->switches);
    if (!e) {
        g_test_skip("no such back end");
        return;
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(cases); n++) {
        case_load(e, &cases[n]);
        uint64_t start = e->cpu->env.pc;
        engine_run(e, cases[n].bytes, cases[n].len);
        case_check(e, &cases[n], start);
    }
}

/* ---- IR as text ------------------------------------------------------------
 */

typedef struct Golden {
    X86CodeSize code;
    uint8_t bytes[8];
    uint8_t len;
    const char *text;
} Golden;

/* clang-format off */
static const Golden goldens[] = {
    { X86_CODE64, { 0x01, 0xd8 }, 2,
      "    insn ---- 0x20000000\n"
      "    r0 = addf.32 r0, r3\n"
      "    exit 0 0x20000002\n" },
    { X86_CODE64, { 0x66, 0x01, 0xd8 }, 3,
      "    insn ---- 0x20000000\n"
      "    t0 = addf.16 r0, r3\n"
      "    r0 = deposit.64 r0, t0 pos 0 len 16\n"
      "    exit 0 0x20000003\n" },
    { X86_CODE64, { 0x01, 0x43, 0x08 }, 3,
      "    insn ---- 0x20000000\n"
      "    t0 = ld.64 r3 [+8 4 bytes slot 41 rmw]\n"
      "    t1 = addf.32 t0, r0\n"
      "    st.64 r3, t1 [+8 4 bytes slot 41]\n"
      "    exit 0 0x20000003\n" },
    { X86_CODE64, { 0xf0, 0x01, 0x03 }, 3,
      "    insn ---- 0x20000000\n"
      "    t0 = extu32.64 r0\n"
      "    t1 = atomic.64.add r3, t0 [+0 4 bytes slot 41]\n"
      "    t2 = addf.32 t1, t0\n"
      "    exit 0 0x20000003\n" },
    { X86_CODE64, { 0x8b, 0x44, 0x8e, 0x10 }, 4,
      "    insn ---- 0x20000000\n"
      "    t0 = shl.64 r1, 2\n"
      "    t1 = add.64 t0, r6\n"
      "    r0 = ld.64 t1 [+16 4 bytes slot 20]\n"
      "    exit 0 0x20000004\n" },
    { X86_CODE64, { 0x50 }, 1,
      "    insn ---- 0x20000000\n"
      "    st.64 r4, r0 [-8 8 bytes slot 1]\n"
      "    r4 = add.64 r4, -8\n"
      "    exit 0 0x20000001\n" },
    { X86_CODE64, { 0xc3 }, 1,
      "    insn ---- 0x20000000\n"
      "    t0 = ld.64 r4 [+0 8 bytes slot 0]\n"
      "    r4 = add.64 r4, 8\n"
      "    exitr.64 t0\n" },
    { X86_CODE64, { 0x75, 0xfe }, 2,
      "    insn ---- 0x20000000\n"
      "    brf.ne L0\n"
      "    exit 1 0x20000002\n"
      "  label L0\n"
      "    exit 0 0x20000000 poll\n" },
    { X86_CODE64, { 0xf3, 0xa4 }, 2,
      "    insn ---- 0x20000000\n"
      "    call.64 flat_rep_movs(0x53c)\n"
      "    exit 0 0x20000002\n" },
    { X86_CODE32, { 0x8b, 0x43, 0x04 }, 3,
      "    insn ---- 0x20000000\n"
      "    t0 = add.32 r3, 4\n"
      "    r0 = ld.64 t0 [+0 4 bytes slot 40]\n"
      "    exit 0 0x20000003\n" },
};
/* clang-format on */

/* Of one instruction. */
static void text_is(Engine *e, const Golden *g)
{
    g_autoptr(GString) text = g_string_new(NULL);

    e->max_insns = 1;
    engine_set_code(e, g->code, 3);
    memcpy(e->mem, g->bytes, g->len);
    engine_translate(e);
    ir_print(&e->ir, text);
    g_assert_cmpstr(text->str, ==, g->text);
}

static void test_golden(void)
{
    g_autoptr(Engine) e = engine_new("interp", TCG_OFF_OPT | TCG_OFF_UNLOCK);

    for (unsigned n = 0; n < G_N_ELEMENTS(goldens); n++) {
        text_is(e, &goldens[n]);
    }
}

/* To another page: linked while there is one processor. */
static void test_other_page(void)
{
    static const Golden linked = { X86_CODE64,
                                   { 0xe9, 0xfb, 0x0f, 0, 0 },
                                   5,
                                   "    insn ---- 0x20000000\n"
                                   "    exit 0 0x20001000\n" };
    static const Golden looked_up = { X86_CODE64,
                                      { 0xe9, 0xfb, 0x0f, 0, 0 },
                                      5,
                                      "    insn ---- 0x20000000\n"
                                      "    t0 = mov.64 0x20001000\n"
                                      "    exitr.64 t0\n" };
    static const Golden inside = { X86_CODE64,
                                   { 0xe9, 0xfa, 0x0f, 0, 0 },
                                   5,
                                   "    insn ---- 0x20000000\n"
                                   "    exit 0 0x20000fff\n" };
    g_autoptr(Engine) e = engine_new("interp", TCG_OFF_OPT);

    text_is(e, &linked);
    e->ctx.lone = false;
    text_is(e, &looked_up);
    text_is(e, &inside);
}

/* The last branch: a jump taken, but neither one that is not nor what follows,
 * and an exception as one. */
static void test_last_branch(void)
{
    static const uint8_t code[] = { 0x31, 0xc0, 0x74, 0x01, 0x90, 0x75,
                                    0x00, 0x90, 0xf3, 0xaa, 0x90 };
    g_autoptr(Engine) e = engine_new("interp", 0);
    X86Cpu *cpu = e->cpu;

    engine_set_code(e, X86_CODE64, 3);
    cpu->env.r[X86_RCX] = 3;
    cpu->env.r[X86_RDI] = ENGINE_DATA;
    cpu->debugctl = DEBUGCTL_LBR;
    x86_update_key(cpu);
    engine_run(e, code, sizeof(code));
    g_assert_cmpuint(cpu->env.r[X86_RCX], ==, 0);
    g_assert_cmphex(cpu->last_branch[0], ==, ENGINE_CODE + 2);
    g_assert_cmphex(cpu->last_branch[1], ==, ENGINE_CODE + 5);
    cpu->debugctl = 0;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned n = 0; n < G_N_ELEMENTS(configs); n++) {
        g_test_add_data_func(configs[n].name, &configs[n], test_cases);
    }
    g_test_add_func("/translate/golden", test_golden);
    g_test_add_func("/translate/other-page", test_other_page);
    g_test_add_func("/translate/last-branch", test_last_branch);
    return g_test_run();
}
