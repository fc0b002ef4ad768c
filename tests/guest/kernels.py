# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's three kernels to a busybox shell: kernels.py EMU MKQUICK DIRECTORY
By -kernel and -initrd, under both back ends. Kernels are kept in DIRECTORY."""
import subprocess
import time

import guest

KERNELS = ["linux-image-cloud-amd64", "linux-image-amd64", "linux-image-686-pae:i386"]
BACK_ENDS = ["x86_64", "interp"]
BAD = ["Kernel panic", "Oops", "BUG:", "segfault"]


def boot(emu, back_end, folder):
    started = time.monotonic()
    with guest.Guest(emu, "-accel", f"tcg,backend={back_end}", "-m", 512, "-nographic",
                     "-kernel", f"{folder}/vmlinuz", "-initrd", f"{folder}/initrd",
                     "-append", "console=ttyS0") as g:
        g.wait("is up", 900, BAD)
        g.wait("# ", 120, BAD)
        g.send("echo $((6 * 7))-$(uname -m)\n")
        g.wait("42-", 60, BAD)
        machine = g.wait("\r\n", 60)
        g.send("poweroff -f\n")
        g.expect_exit(0, 120)
    return machine, time.monotonic() - started


def test(emu, mkquick, directory):
    for kernel in KERNELS:
        folder = f"{directory}/{kernel.replace(':', '-')}"
        made = subprocess.run([mkquick, "-k", kernel, folder], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if made.returncode:
            raise guest.Failure(f"mkquick {kernel}: {made.stdout}")
        for back_end in BACK_ENDS:
            machine, seconds = boot(emu, back_end, folder)
            print(f"{kernel}, {back_end}: {machine} shell and power-off in {seconds:.1f} s",
                  flush=True)


guest.main(test)
