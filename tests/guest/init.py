# SPDX-License-Identifier: GPL-2.0-or-later
"""init.S: init.py EMU IMAGE"""
import guest


def test(emu, image):
    with guest.Guest(emu, "-accel", "tcg", "-nodefaults", "-display", "none", "-m", 16,
                     "-no-reboot", "-bios", image, "-device", "isa-debug-exit") as g:
        g.expect_exit(33, 20)


guest.main(test)
