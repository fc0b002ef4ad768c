/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words for programs in C that are the firmware of a machine with several
 * processors: ports, the processor's own, and reports over COM1. They leave
 * through isa-debug-exit, 33 for success. smp-start.S calls smp_main() on each.
 */
#ifndef TESTS_GUEST_SMP_H
#define TESTS_GUEST_SMP_H

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t u32;
typedef uint64_t u64;

enum {
    COM1 = 0x3f8,
    EXIT = 0x501,
    TRAMPOLINE = 0x8000,
};
#define APIC UINT64_C(0xfee00000)

/* ---- The processor -------------------------------------------------------
 */

static inline void out8(uint16_t port, uint8_t val)
{
    __asm__ volatile("outb %0, %1" : : "a"(val), "d"(port));
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t val;
    __asm__ volatile("inb %1, %0" : "=a"(val) : "d"(port));
    return val;
}

static inline void pause(void)
{
    __asm__ volatile("pause" : : : "memory");
}

static inline void serialise(void)
{
    u32 a = 0, c = 0;
    __asm__ volatile("cpuid" : "+a"(a), "+c"(c) : : "rbx", "rdx", "memory");
}

static inline u64 tsc(void)
{
    u32 lo, hi;
    __asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
    return (u64)hi << 32 | lo;
}

/* MFENCE and RDTSCP order it as well. */
static inline u64 tsc_after_mfence(void)
{
    u32 lo, hi;
    __asm__ volatile("mfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
    return (u64)hi << 32 | lo;
}

static inline u64 tsc_p(void)
{
    u32 lo, hi;
    __asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi) : : "ecx", "memory");
    return (u64)hi << 32 | lo;
}

static inline u32 atomic_add(volatile u32 *p, u32 val)
{
    __asm__ volatile("lock xaddl %0, %1" : "+r"(val), "+m"(*p) : : "memory");
    return val;
}

static inline volatile u32 *apic(unsigned reg)
{
    return (volatile u32 *)(APIC + reg);
}

/* ---- Reporting ------------------------------------------------------------
 */

static inline void say(const char *text)
{
    for (; *text; text++) {
        while (!(in8(COM1 + 5) & 0x20)) {
        }
        out8(COM1, *text);
    }
}

static inline void say_number(u64 n)
{
    for (int shift = 60; shift >= 0; shift -= 4) {
        char text[2] = { "0123456789abcdef"[n >> shift & 15], 0 };
        say(text);
    }
}

static inline void fail(const char *what, u64 got, u64 want)
{
    say("FAILED ");
    say(what);
    say(": ");
    say_number(got);
    say(", not ");
    say_number(want);
    say("\n");
    out8(EXIT, 0x11);
    for (;;) {
    }
}

static inline void expect(const char *what, u64 got, u64 want)
{
    if (got != want) {
        fail(what, got, want);
    }
}

static inline void send(u32 dest, u32 command)
{
    *apic(0x310) = dest << 24;
    *apic(0x300) = command;
    while (*apic(0x300) & 1u << 12) {
        pause();
    }
}

static inline void wait_count(const char *what, volatile u32 *count, u32 want)
{
    u64 start = tsc();
    while (*count < want && tsc() - start < UINT64_C(20000000000)) {
        pause();
    }
    expect(what, *count, want);
}

/* ---- The parts ------------------------------------------------------------
 */

#endif
