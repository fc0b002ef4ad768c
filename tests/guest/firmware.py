# SPDX-License-Identifier: GPL-2.0-or-later
"""SeaBIOS runs to its end without a disk and tells so on the serial port:
firmware.py EMU [ACCEL]"""
import guest


def test(emu, accel="tcg"):
    guest.need_firmware()
    if accel.startswith("kvm"):
        guest.need_kvm()
    with guest.Guest(emu, "-accel", accel, "-nographic", "-m", 128, "-net", "none") as g:
        g.wait("SeaBIOS (version", 30)
        g.wait("Booting from Hard Disk", 60)
        g.wait("No bootable device.", 60)
        # The terminal is shared: Ctrl-A c leads to the monitor.
        g.send("\x01c")
        g.wait("(qemu)", 10)
        g.send("quit\n")
        g.expect_exit(0, 10)


guest.main(test)
