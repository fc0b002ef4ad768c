# SPDX-License-Identifier: GPL-2.0-or-later
"""Without the translator's help an instruction that KVM cannot emulate stops
the machine, its state intact; with it, it is counted: step.py EMU IMAGE"""
import re

import guest


def start(emu, image, accel):
    return guest.Guest(emu, "-accel", accel, "-nodefaults", "-display", "none",
                       "-m", 64, "-bios", image, "-serial", "mon:stdio")


def test(emu, image):
    guest.need_kvm()
    with start(emu, image, "kvm,step=off") as g:
        g.wait("an instruction that KVM cannot emulate", 30, but=["smc\n"])
        g.wait("the guest is stopped", 10)
        g.send("\x01cinfo status\n")
        g.wait("VM status: paused (internal-error)", 10)
        g.send("info registers\n")
        g.wait("IP=", 10)
        g.send("quit\n")
        g.expect_exit(0, 10)
    with start(emu, image, "kvm") as g:
        for text in ["real mode", "sse\n", "smc\n"]:
            g.wait(text, 30, but=["FAILED"])
        g.send("\x01cinfo kvm\n")
        g.wait("steps translated", 10)
        if int(re.match(r"\s*(\d+)", g.wait("\n", 10))[1]) < 1:
            g.fail("no step was counted")
        g.send("quit\n")
        g.expect_exit(0, 10)


guest.main(test)
