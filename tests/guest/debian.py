# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian 12 from the disk that `make run` makes: debian.py EMU EMU-IMG MKIMAGE DIRECTORY
Work in it, ten boots, every way to attach the disk, the balloon, the power
button and a reboot. The image is made once and kept in DIRECTORY; each part
runs on a copy. PARTS=work,buses runs only those."""
import os
import re
import shutil
import subprocess
import time

import guest

BAD = ["Kernel panic", "Oops", "BUG:", "Call Trace", "No bootable device"]
BOOT_SECONDS = 400
BOOTS = 10


class Disk:
    """A copy of the image, of either format."""

    def __init__(self, emu_img, image, directory):
        self.emu_img = emu_img
        self.qcow2 = f"{directory}/copy.qcow2"
        self.raw = f"{directory}/copy.raw"
        shutil.copyfile(image, self.qcow2)

    def to_raw(self):
        self.tool(self.emu_img, "convert", "-f", "qcow2", "-O", "raw", self.qcow2, self.raw)

    def tool(self, *command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        if done.returncode:
            raise guest.Failure(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}")
        return done.stdout

    def check(self):
        """The image for qemu-img, the file system in it for fsck."""
        print(self.tool("qemu-img", "check", self.qcow2).splitlines()[0])
        self.to_raw()
        print(self.tool("/sbin/e2fsck", "-fn", f"{self.raw}?offset={2048 * 512}").splitlines()[-1])


def start(emu, disk, memory=2048, drive="format=qcow2,if=ide"):
    path = disk.raw if "format=raw" in drive else disk.qcow2
    return guest.Guest(emu, "-m", memory, "-drive", f"file={path},{drive}", "-nographic")


def log_in(g):
    started = time.monotonic()
    g.wait("login: ", BOOT_SECONDS, BAD)
    print(f"login: after {time.monotonic() - started:.1f} s", flush=True)
    g.send("root\n")
    g.wait(":~# ", 120, BAD)


def run(g, command, seconds=300):
    """A command's output. The marks are spelled so that the echo has none."""
    g.send(f"echo BE''GIN; {command}; echo EN''D\n")
    g.wait("BEGIN\r\n", seconds, BAD)
    output = g.wait("END\r\n", seconds, BAD).replace("\r", "").strip()
    g.wait(":~# ", 60, BAD)
    return output


def monitor(g, command):
    g.send("\x01c")
    g.send(f"{command}\n")
    g.wait(command, 10)
    answer = g.wait("(qemu)", 10)
    g.send("\x01c")
    return answer.replace("\r", "").strip()


def power_off(g):
    g.send("poweroff\n")
    g.expect_exit(0, 200)


def resident_mib(g):
    with open(f"/proc/{g.process.pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1]) // 1024


def expect(g, truth, what):
    print(("" if truth else "NOT ") + what, flush=True)
    if not truth:
        g.fail(f"not so: {what}")


def part_work(emu, disk):
    with start(emu, disk) as g:
        log_in(g)
        count = int(run(g, "apt list --installed 2>/dev/null | wc -l"))
        expect(g, count > 100, f"{count} packages installed")
        run(g, "dd if=/dev/urandom of=/root/big bs=1M count=200; sync")
        digest = run(g, "md5sum </root/big")
        state = run(g, "systemctl is-system-running --wait; systemctl --failed --no-legend --no-pager")
        expect(g, state == "running", f"systemd says {state!r}")
        power_off(g)
    disk.check()
    with start(emu, disk) as g:
        log_in(g)
        expect(g, run(g, "md5sum </root/big") == digest, "the 200 MB are there at the next boot")
        run(g, "rm /root/big")
        power_off(g)
    disk.check()


def part_boots(emu, disk):
    for number in range(1, BOOTS + 1):
        print(f"boot {number} of {BOOTS}: ", end="")
        with start(emu, disk) as g:
            log_in(g)
            power_off(g)
    disk.check()


def part_buses(emu, disk):
    disk.to_raw()
    for drive in ("format=qcow2,if=virtio", "format=raw,if=ide", "format=raw,if=virtio"):
        print(f"{drive}: ", end="")
        with start(emu, disk, drive=drive) as g:
            log_in(g)
            power_off(g)
    disk.check()


def part_power(emu, disk):
    with start(emu, disk) as g:
        log_in(g)
        g.send("reboot\n")
        g.wait("SeaBIOS", 200, BAD)
        log_in(g)
        run(g, "systemctl is-system-running --wait")
        monitor(g, "system_powerdown")
        g.expect_exit(0, 200)
    disk.check()


def total_mib(g):
    return int(run(g, "free -m | awk '/^Mem/ { print $2 }'"))


def set_balloon(g, mib):
    """Until the guest has followed."""
    monitor(g, f"balloon {mib}")
    deadline = time.monotonic() + 120
    while f"actual={mib}" not in monitor(g, "info balloon"):
        if time.monotonic() > deadline:
            g.fail(f"no balloon of {mib} MiB")
        time.sleep(1)


def part_balloon(emu, disk):
    # Free page reporting alone would give everything free back at once.
    with start(emu, disk, 4096) as g:
        log_in(g)
        before = total_mib(g)
        run(g, "mkdir /run/m; mount -t tmpfs -o size=3500m m /run/m; dd if=/dev/zero of=/run/m/f bs=1M count=3072")
        run(g, "dd if=/run/m/f of=/run/m/f conv=notrunc bs=1M count=1")
        full = resident_mib(g)
        expect(g, full > 3000, f"{full} MiB resident with 3 GiB in use")
        run(g, "rm /run/m/f")
        time.sleep(10)
        reported = resident_mib(g)
        expect(g, full - reported > 2500, f"{reported} MiB resident when they were freed")
        run(g, "cat /dev/sda /dev/sda /dev/sda1 >/dev/null")
        run(g, "dd if=/dev/zero of=/root/cache bs=1M count=1024; sync")
        full = resident_mib(g)
        expect(g, full > 3000, f"{full} MiB resident with a full page cache")
        set_balloon(g, 2048)
        total, small = total_mib(g), resident_mib(g)
        expect(g, 1948 < before - total < 2148, f"the guest's memory fell from {before} to {total} MiB")
        expect(g, 1500 < full - small, f"{small} MiB resident with a balloon of 2048")
        set_balloon(g, 4096)
        total = total_mib(g)
        expect(g, total == before, f"the guest has {total} MiB again")
        run(g, "cat /root/cache /dev/sda >/dev/null")
        full = resident_mib(g)
        run(g, "rm /root/cache; sync; echo 3 >/proc/sys/vm/drop_caches")
        time.sleep(20)
        small = resident_mib(g)
        expect(g, full - small > 1024, f"{full} to {small} MiB resident when the page cache was dropped")
        power_off(g)


PARTS = {"work": part_work, "boots": part_boots, "buses": part_buses, "power": part_power,
         "balloon": part_balloon}


def test(emu, emu_img, mkimage, directory):
    os.makedirs(directory, exist_ok=True)
    image = f"{directory}/vm.qcow2"
    if not os.path.exists(image):
        subprocess.run([mkimage, "-i", emu_img, image], check=True)
    for name in os.environ.get("PARTS", ",".join(PARTS)).split(","):
        print(f"==> {name}", flush=True)
        PARTS[name](emu, Disk(emu_img, image, directory))


guest.main(test)
