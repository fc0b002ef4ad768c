# SPDX-License-Identifier: GPL-2.0-or-later
"""smm.c on two processors, on one setting of the accelerator; and what the
machine says without system management mode: smm.py EMU IMAGE ACCEL"""
import guest

PARTS = ["relocated", "memory", "state", "command", "halted", "locked"]


def run(emu, image, accel, machine):
    return guest.Guest(emu, "-accel", accel, "-M", machine, "-nodefaults", "-display", "none",
                       "-m", 64, "-bios", image, "-serial", "stdio", "-smp", 2,
                       "-device", "isa-debug-exit")


def test(emu, image, accel):
    for machine in ("pc", "pc,smm=on"):
        with run(emu, image, accel, machine) as g:
            for part in PARTS:
                g.wait(f"{part}\n", 60, but=["FAILED"])
            g.expect_exit(33, 20)
    with run(emu, image, accel, "pc,smm=off") as g:
        g.wait("memory\n", 60, but=["FAILED"])
        g.wait("FAILED command", 60)


guest.main(test)
