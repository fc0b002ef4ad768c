# SPDX-License-Identifier: GPL-2.0-or-later
"""emu inside emu: nested_linux.py EMU MKQUICK DIRECTORY
Debian's cloud kernel with kvm_amd runs emu under KVM, which boots that kernel
once more, on two processors: with nested paging and with shadow page tables.
Packages are kept in DIRECTORY."""
import os
import re
import shutil
import subprocess
import tempfile
import time

import guest

FIRMWARE = "bios-256k.bin"
INNER = """#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
echo "inner: $(uname -r) on $(grep -c ^processor /proc/cpuinfo)"
seq 1 20000 | md5sum
i=0; while [ $i -lt 200 ]; do /bin/true && i=$((i + 1)); done; echo "inner: $i programs"
dd if=/dev/zero bs=1M count=8 2>/dev/null | gzip | gunzip | md5sum
poweroff -f
"""
OUTER = guest.KVM_INIT + """for npt in 1 0; do
    insmod /modules/12-kvm-amd.ko npt=$npt
    echo "outer: npt $(cat /sys/module/kvm_amd/parameters/npt)"
    /ld-linux-x86-64.so.2 --library-path / /emu -accel kvm -smp 2 -m 192 -nodefaults \\
        -display none -serial stdio -L / -kernel /vmlinuz -initrd /inner \\
        -append "console=ttyS0 quiet panic=-1"
    echo "outer: status $?"
    rmmod kvm_amd
done
poweroff -f
"""
WANT = ["inner: 6.", " on 2\r", "e071f707df7bbeee2a6a1eb48011ddd0", "inner: 200 programs",
        "96995b58d4cbf6aaa9041b4f00c7f6ae"]
BAD = ["Kernel panic", "Oops", "BUG:", "WARNING: CPU", "segfault", "emu: accelerator"]


def libraries(emu):
    """What emu is linked with, the loader too."""
    out = subprocess.run(["ldd", emu], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(/\S+) \(0x", out)


def firmware():
    for folder in ("/usr/share/seabios", "/usr/share/qemu"):
        if os.path.exists(f"{folder}/{FIRMWARE}"):
            return f"{folder}/{FIRMWARE}"
    return guest.skip("there is no SeaBIOS")


def make_all(emu, mkquick, directory):
    guest.make_quick(mkquick, directory, INNER)
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copy(f"{directory}/initrd", f"{tmp}/inner")
        files = [*libraries(emu), emu, firmware(), f"{directory}/vmlinuz", f"{tmp}/inner"]
        guest.make_quick(mkquick, directory, OUTER, "-m", guest.KVM_MODULES,
                         *[word for file in files for word in ("-f", file)])


def test(emu, mkquick, directory):
    os.makedirs(directory, exist_ok=True)
    make_all(emu, mkquick, directory)
    with guest.Guest(emu, "-accel", "tcg", "-cpu", "EPYC", "-smp", 2, "-m", 1024, "-nodefaults",
                     "-display", "none", "-serial", "stdio", "-kernel", f"{directory}/vmlinuz",
                     "-initrd", f"{directory}/initrd",
                     "-append", "console=ttyS0 quiet panic=-1") as g:
        for npt in "YN":
            g.wait(f"outer: npt {npt}", 300, BAD)
            started = time.monotonic()
            for text in WANT:
                g.wait(text, 600, BAD)
            g.wait("outer: status 0", 300, BAD)
            print(f"npt {npt}: the inner kernel was up and down in "
                  f"{time.monotonic() - started:.1f} s", flush=True)
        g.expect_exit(0, 60)


guest.main(test)
