/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM's paravirtual clock under the translator: the guest reads the TSC and
 * scales it by a structure in its memory. As our TSC counts the virtual clock,
 * the structure is written once and stays right.
 *
 * Linux Documentation/virt/kvm/x86/msr.rst.
 */
#include "target/x86/msr.h"

#include "target/x86/model.h"

enum { PVCLOCK_TSC_STABLE = 1 << 0 };

typedef struct PvclockTime {
    uint32_t version; /* odd while it changes */
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul; /* 0.32, after the shift */
    int8_t tsc_shift;
    uint8_t flags;
    uint8_t pad[2];
} PvclockTime;

typedef struct PvclockWall {
    uint32_t version;
    uint32_t sec, nsec; /* when system time was 0 */
} PvclockWall;

/* Version first, body, version again: the guest never uses a torn one. */
static void pvclock_write(X86Cpu *cpu, hwaddr addr, void *image, size_t len)
{
    uint32_t *version = image;
    uint32_t old = 0;

    if (!dma_read(cpu->memory, addr, &old, sizeof(old))) {
        return;
    }
    *version = (old | 1);
    dma_write(cpu->memory, addr, image, len);
    *version += 1;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    dma_write(cpu->memory, addr, version, sizeof(*version));
}

/* ns = (shift > 0 ? ticks << shift : ticks >> -shift) * mul >> 32, with as many
 * bits in mul as there is room for. */
static void pvclock_scale(uint64_t hz, uint32_t *mul, int8_t *shift)
{
    uint64_t ns = NS_PER_SECOND;

    *shift = 1;
    while (ns > hz) {
        hz *= 2;
        *shift += 1;
    }
    while (ns <= hz / 2) {
        ns *= 2;
        *shift -= 1;
    }
    *mul = ((unsigned __int128)ns << 31) / hz;
}

void x86_kvmclock_update(X86Cpu *cpu)
{
    uint64_t tsc = x86_read_tsc(cpu);
    uint32_t mul;
    int8_t shift;

    pvclock_scale(cpu->model->tsc_hz, &mul, &shift);
    PvclockTime t = {
        .tsc_timestamp = tsc,
        .system_time = x86_tsc_to_ns(cpu, tsc - cpu->tsc_offset),
        .tsc_to_system_mul = mul,
        .tsc_shift = shift,
        .flags = PVCLOCK_TSC_STABLE,
    };

    if (cpu->kvm_system_time & 1) {
        pvclock_write(cpu, cpu->kvm_system_time & ~UINT64_C(1), &t, sizeof(t));
    }
}

void x86_kvmclock_write_wall(X86Cpu *cpu)
{
    int64_t boot_ns = g_get_real_time() * NS_PER_US - clock_now(cpu->clock);
    PvclockWall w = { .sec = boot_ns / NS_PER_SECOND,
                      .nsec = boot_ns % NS_PER_SECOND };

    if (cpu->kvm_wall_clock) {
        pvclock_write(cpu, cpu->kvm_wall_clock, &w, sizeof(w));
    }
}
