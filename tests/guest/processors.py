# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's cloud kernel with 2, 4 and 8 processors at work: processors.py EMU EMU-IMG MKIMAGE DIRECTORY
stress-ng verifies its results, 7-Zip measures, Python's numeric modules test
themselves, and the kernel must not have complained. The image is made once and
kept in DIRECTORY. CPUS=2,8 chooses."""
import os
import re
import subprocess
import time

import guest

BAD = ["Kernel panic", "Oops", "BUG:", "Call Trace", "soft lockup", "detected stalls"]
PACKAGES = "stress-ng,p7zip-full,python3,libpython3.11-testsuite"
MODULES = "test_math test_float test_struct test_long test_hashlib"
WORK = [ # command, seconds it may take, what its output must have
    ("/lib64/ld-linux-x86-64.so.2 --help", 60, r"x86-64-v3 \(supported"),
    ("stress-ng --cpu 4 --verify -t 60 2>&1", 300, r"successful run completed"),
    ("7z b 1 2>&1", 3600, r"Tot:\s+\d+\s+\d+\s+\d+"),
    (f"python3 -m test {MODULES} 2>&1", 1800, r"All 5 tests OK"),
]


def run(g, command, seconds):
    """The command's output. The marks are spelled so that the echo has none."""
    g.send(f"echo BE''GIN; {command}; echo EN''D\n")
    g.wait("BEGIN\r\n", 60, BAD)
    output = g.wait("END\r\n", seconds, BAD).replace("\r", "")
    g.wait(":~# ", 60, BAD)
    return output


def work(emu, image, cpus):
    with guest.Guest(emu, "-accel", "tcg", "-m", 3072, "-smp", cpus, "-drive",
                     f"file={image},if=virtio,snapshot=on", "-nographic") as g:
        g.wait("login: ", 600, BAD)
        g.send("root\n")
        g.wait(":~# ", 120, BAD)
        if run(g, "nproc", 60).strip() != str(cpus):
            g.fail(f"the guest does not see {cpus} processors")
        for command, seconds, wanted in WORK:
            started = time.monotonic()
            output = run(g, command, seconds)
            print(f"{cpus} processors: {command.split('|')[0]}: {time.monotonic() - started:.0f} s", flush=True)
            if not re.search(wanted, output):
                g.fail(f"{command!r} did not say {wanted!r}")
        complaints = run(g, "dmesg | grep -E 'lockup|stall|hung task'", 60)
        if complaints.strip():
            g.fail("the kernel complains")
        g.send("poweroff\n")
        g.expect_exit(0, 300)


def test(emu, emu_img, mkimage, directory):
    os.makedirs(directory, exist_ok=True)
    image = f"{directory}/processors.qcow2"
    if not os.path.exists(image):
        subprocess.run([mkimage, "-i", emu_img, "-k", "linux-image-cloud-amd64", "-p", PACKAGES, image],
                       check=True)
    for cpus in os.environ.get("CPUS", "2,4,8").split(","):
        work(emu, image, int(cpus))


guest.main(test)
