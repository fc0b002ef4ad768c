# SPDX-License-Identifier: GPL-2.0-or-later
"""A hypervisor as the guest: nested.py EMU MKQUICK DIRECTORY MONITOR IMAGE...
Debian's cloud kernel with kvm_amd runs each firmware IMAGE in a machine made by
MONITOR (nested.c), with nested paging and with shadow page tables. Packages are
kept in DIRECTORY."""
import os
import time

import guest

INIT = guest.KVM_INIT + """for npt in 1 0; do
    insmod /modules/12-kvm-amd.ko npt=$npt
    echo "nested: npt $(cat /sys/module/kvm_amd/parameters/npt)"
    for image in /*.bin; do
        /nested $image
    done
    rmmod kvm_amd
done
poweroff -f
"""
BAD = ["Kernel panic", "Oops", "BUG:", "WARNING:", "FAILED at ", "nested: exit reason",
       "nested: /dev/kvm"]
MODE = ["timer", "page fault", "sse", "smc"]
LINES = ["real mode", *MODE, "long mode", *MODE]


def make(mkquick, directory, monitor, images):
    files = [word for file in (monitor, *images) for word in ("-f", file)]
    guest.make_quick(mkquick, directory, INIT, "-m", guest.KVM_MODULES, *files)


def run(emu, directory, images, accel, cpu, smp):
    with guest.Guest(emu, "-accel", accel, "-cpu", cpu, "-smp", smp, "-m", 512, "-nodefaults",
                     "-display", "none", "-serial", "stdio", "-kernel", f"{directory}/vmlinuz",
                     "-initrd", f"{directory}/initrd",
                     "-append", "console=ttyS0 quiet panic=-1") as g:
        for npt in "YN":
            g.wait(f"nested: npt {npt}", 300, BAD)
            started = time.monotonic()
            for _ in images:
                for line in LINES:
                    g.wait(f"{line}\r\n", 120, BAD)
                g.wait("nested: status 16\r\n", 60, BAD)
            print(f"{accel}, {cpu}, npt {npt}: {time.monotonic() - started:.1f} s", flush=True)
        g.expect_exit(0, 60)


def test(emu, mkquick, directory, monitor, *images):
    os.makedirs(directory, exist_ok=True)
    make(mkquick, directory, monitor, images)
    run(emu, directory, images, "tcg", "EPYC", 1)
    run(emu, directory, images, "tcg", "EPYC-Milan", 2)


guest.main(test)
