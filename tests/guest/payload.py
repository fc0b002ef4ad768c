# SPDX-License-Identifier: GPL-2.0-or-later
"""payload.S on one setting of the accelerator: payload.py EMU IMAGE ACCEL"""
import guest

MODE = ["timer", "page fault", "sse", "smc"]


def test(emu, image, accel):
    with guest.Guest(emu, "-accel", accel, "-nodefaults", "-display", "none",
                     "-m", 64, "-bios", image, "-serial", "stdio",
                     "-device", "isa-debug-exit") as g:
        for line in ["real mode", *MODE, "long mode", *MODE]:
            g.wait(f"{line}\n", 30, but=["FAILED at "])
        g.expect_exit(33, 10)


guest.main(test)
