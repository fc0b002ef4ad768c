# SPDX-License-Identifier: GPL-2.0-or-later
"""The host runs out of room under a Linux guest's disk: the guest stops, says
why, goes on at `cont`, and nothing is lost: full_disk.py EMU EMU-IMG MKQUICK
DIRECTORY
The file size limit of emu's process stands for a full disk."""
import re
import resource
import subprocess
import tempfile

import guest

MODULES = ("virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev "
           "virtio_pci virtio_blk")
PROMPT = "# "
BAD = ["Kernel panic", "Oops", "BUG:", "segfault", "I/O error"]
MIB = 1 << 20
SIZE = 24  # MiB that the guest writes


def run(g, command, seconds=120):
    g.send(command + "\n")
    g.wait("\n", seconds, BAD)
    return g.wait(PROMPT, seconds, BAD).replace("\r", "")


def limit(g, size):
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.prlimit(g.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def monitor(g, command, expect):
    g.send(command + "\n")
    g.wait(expect, 60)
    g.wait("(qemu) ", 60)


def check(g):
    g.wait("is up", 240, BAD)
    g.wait(PROMPT, 60, BAD)
    run(g, f"dd if=/dev/urandom of=/tmp/data bs=1M count={SIZE} 2>/dev/null")
    want = re.search("[0-9a-f]{32}", run(g, "md5sum /tmp/data")).group()
    limit(g, 4 * MIB)
    g.send("dd if=/tmp/data of=/dev/vda bs=1M conv=fsync 2>/dev/null; "
           "echo 3 >/proc/sys/vm/drop_caches; md5sum /dev/vda\n")
    g.wait("emu: drive 'd': writing failed", 240, BAD)
    g.send("\x01c")
    g.wait("(qemu) ", 60)
    monitor(g, "info status", "VM status: paused (io-error)")
    g.send("cont\n")  # still full
    g.wait("emu: drive 'd': writing failed", 60, BAD)
    limit(g, resource.RLIM_INFINITY)
    g.send("cont\n")
    g.wait("(qemu) ", 60)
    g.send("\x01c")
    g.wait(want, 240, BAD)
    g.wait(PROMPT, 60, BAD)
    g.send("poweroff -f\n")
    g.expect_exit(0, 60)


def test(emu, emu_img, mkquick, directory):
    made = subprocess.run([mkquick, "-m", MODULES, directory], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        guest.skip(f"no kernel or busybox: {made.stdout.strip()}")
    with tempfile.TemporaryDirectory() as tmp:
        disk = f"{tmp}/disk.qcow2"
        subprocess.run([emu_img, "create", "-q", "-f", "qcow2", disk, f"{SIZE}M"], check=True)
        with guest.Guest(emu, "-m", 256, "-nodefaults", "-display", "none",
                         "-serial", "mon:stdio", "-kernel", f"{directory}/vmlinuz",
                         "-initrd", f"{directory}/initrd",
                         "-append", "console=ttyS0 quiet panic=-1",
                         "-drive", f"if=none,id=d,file={disk},format=qcow2",
                         "-device", "virtio-blk-pci,drive=d") as g:
            check(g)
        subprocess.run([emu_img, "check", disk], check=True, stdout=subprocess.DEVNULL)


guest.main(test)
