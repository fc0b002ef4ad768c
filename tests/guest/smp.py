# SPDX-License-Identifier: GPL-2.0-or-later
"""smp.c with several processors: smp.py EMU IMAGE ACCEL CPUS"""
import guest

PARTS = ["started", "atomics", "interrupts", "code", "mappings", "time"]


def test(emu, image, accel, cpus):
    with guest.Guest(emu, "-accel", accel, "-nodefaults", "-display", "none",
                     "-m", 64, "-bios", image, "-serial", "stdio",
                     "-smp", cpus, "-device", "isa-debug-exit") as g:
        for part in PARTS:
            g.wait(f"{part}\n", 120, but=["FAILED"])
        g.expect_exit(33, 20)


guest.main(test)
