# SPDX-License-Identifier: GPL-2.0-or-later
"""payload.S on one setting of the accelerator: payload.py EMU IMAGE ACCEL
[IMAGE without 32-bit paging]"""
import guest

MODE = ["timer", "page fault", "sse", "smc"]


def test(emu, image, accel, image_long=None):
    lines = ["real mode", *MODE, "long mode", *MODE, "msr"]
    if accel.startswith("kvm"):
        guest.need_kvm()
        if not guest.host_has_vt():
            image, lines = image_long, ["real mode", "timer", "long mode", *MODE, "msr"]
    with guest.Guest(emu, "-accel", accel, "-nodefaults", "-display", "none",
                     "-m", 64, "-bios", image, "-serial", "stdio",
                     "-device", "isa-debug-exit") as g:
        for line in lines:
            g.wait(f"{line}\n", 30, but=["FAILED at "])
        g.expect_exit(33, 10)


guest.main(test)
