# SPDX-License-Identifier: GPL-2.0-or-later
"""-kernel starts a Multiboot image under an engine: kernel.py EMU IMAGE ACCEL"""
import guest


def test(emu, image, accel):
    guest.need_firmware()
    if accel.startswith("kvm"):
        guest.need_kvm()
    with guest.Guest(emu, "-accel", accel, "-nodefaults", "-display", "none",
                     "-m", 64, "-kernel", image, "-serial", "stdio",
                     "-device", "isa-debug-exit") as g:
        g.wait("kernel runs\n", 30)
        g.expect_exit(33, 10)


guest.main(test)
