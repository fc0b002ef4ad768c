/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May this task reach a port? The I/O permission bitmap of the task state,
 * asked where IOPL does not settle it. Light.
 *
 * SDM 1 18.5.2.
 */
#include "target/x86/system/system.h"

static uint64_t helper_check_io(void *env, uint64_t port, uint64_t size,
                                uint64_t c, uint64_t d)
{
    X86Cpu *cpu = env;
    unsigned mode = x86_implicit_mode(cpu);
    unsigned need = ((1u << size) - 1) << (port & 7);

    /* Only 32- and 64-bit task states have a bitmap. */
    if (!(cpu->tr.attr & SEG_P) || !(cpu->tr.attr & 8) || cpu->tr.limit < 103) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    uint32_t at = sys_load(cpu, cpu->tr.base + 102, 2, mode);

    /* Two bytes are read always, so that the map ends in a byte of ones. */
    at += (uint16_t)port / 8;
    if (at + 1 > cpu->tr.limit ||
        (sys_load(cpu, cpu->tr.base + at, 2, mode) & need)) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    return 0;
}
const TcgHelper x86_helper_check_io = { "check_io", helper_check_io,
                                        TCG_LIGHT | TCG_MAY_RAISE };
