# SPDX-License-Identifier: GPL-2.0-or-later
"""The firmware's clock ticks by the 8254 and an 8259, wherever these are:
ticks.py EMU. It goes on after a stop, a hand-over either way and a reset, and
stands still while the machine does."""
import time

import guest


class Machine(guest.Guest):
    def ticks(self):
        self.send("xp /1dw 0x46c\n")
        self.wait("046c: ", 10)
        return int(self.wait("\r", 10))

    def wait_ticks(self):
        """Five of them, a quarter of a second on an idle host."""
        start, deadline = self.ticks(), time.monotonic() + 30
        while self.ticks() < start + 5:
            if time.monotonic() > deadline:
                self.fail("it ticks no more")
            time.sleep(0.05)

    def do(self, command, answer="(qemu)"):
        self.send(command + "\n")
        self.wait(answer, 20, but=["Error"])

    def boot(self):
        self.wait("No bootable device.", 60)


def test(emu):
    guest.need_kvm()
    guest.need_firmware()
    with Machine(emu, "-machine", "kernel-irqchip=on", "-accel", "kvm", "-nographic",
                 "-m", 64, "-net", "none") as g:
        g.boot()
        g.do("\x01cinfo kvm", "kernel-irqchip     on")
        g.wait_ticks()
        g.do("stop")
        before = g.ticks()
        time.sleep(1.5)
        g.do("cont")
        g.do("stop")
        after = g.ticks()
        if after - before > 13:
            g.fail(f"{after - before} ticks while it stood")
        g.do("cont")
        g.wait_ticks()
        for engine in ["tcg", "kvm", "tcg", "kvm"]:
            g.do(f"accel {engine}", f"accelerator {engine} after")
            g.wait_ticks()
        g.do("info pic", "ver=0x11")
        g.do("i /1xb 0x40")  # a port of what is away
        g.wait_ticks()
        g.do("system_reset")
        g.send("\x01c")
        g.boot()
        g.do("\x01cinfo status", "running")
        g.wait_ticks()
        g.send("quit\n")
        g.expect_exit(0, 10)
    with Machine(emu, "-accel", "tcg", "-nographic", "-m", 64, "-net", "none") as g:
        g.boot()
        g.send("\x01caccel kvm,kernel-irqchip=on\n")
        g.wait("another version", 10)
        g.do("info status", "VM status: running")
        g.send("quit\n")
        g.expect_exit(0, 10)


guest.main(test)
