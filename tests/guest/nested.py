# SPDX-License-Identifier: GPL-2.0-or-later
"""A hypervisor as the guest: nested.py EMU MKQUICK DIRECTORY MONITOR IMAGE...
Debian's cloud kernel with kvm_amd runs each firmware IMAGE in a machine made by
MONITOR (nested.c), with nested paging and with shadow page tables. Packages are
kept in DIRECTORY."""
import os
import subprocess
import tempfile
import time

import guest

MODULES = "irqbypass kvm kvm-amd"
INIT = """#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
insmod /modules/10-irqbypass.ko
insmod /modules/11-kvm.ko
for npt in 1 0; do
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
    with tempfile.NamedTemporaryFile("w", suffix=".init") as init:
        init.write(INIT)
        init.flush()
        made = subprocess.run([mkquick, "-i", init.name, "-m", MODULES, *files, directory],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        guest.skip(f"no kernel or busybox: {made.stdout.strip()}")


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
