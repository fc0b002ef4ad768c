# SPDX-License-Identifier: GPL-2.0-or-later
"""An idle guest lets the host sleep: idle.py EMU IMAGE ACCEL, the image being
handover.S with IDLE. Counted by strace are the calls that a thread may sleep
in, other than those that only wake another one."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import guest

SECONDS = 5
MOST = 20  # wake-ups a second
SLEEPS = r"\b(poll|ppoll|epoll_p?wait|p?select6?|(?:clock_)?nanosleep)\(|KVM_RUN|FUTEX_WAIT"
TRACED = "poll,ppoll,epoll_wait,epoll_pwait,select,pselect6,nanosleep,clock_nanosleep,ioctl,futex"


def count_sleeps(pid):
    """In SECONDS."""
    with tempfile.NamedTemporaryFile(mode="r") as log:
        tracer = subprocess.Popen(["strace", "-f", "-e", f"trace={TRACED}", "-o", log.name,
                                   "-p", str(pid)], stderr=subprocess.PIPE, text=True)
        time.sleep(SECONDS)
        if tracer.poll() is not None:
            guest.skip(f"strace: {tracer.stderr.read().strip()}")
        tracer.send_signal(signal.SIGINT)
        tracer.communicate()
        lines = log.read().splitlines()
    return sum(bool(re.search(SLEEPS, line)) for line in lines)


def test(emu, image, accel):
    if accel.startswith("kvm"):
        guest.need_kvm()
    if not shutil.which("strace"):
        guest.skip("there is no strace")
    with tempfile.TemporaryDirectory() as folder:
        disk = os.path.join(folder, "disk")
        with open(disk, "wb") as file:
            file.truncate(1 << 20)
        with guest.Guest(emu, "-accel", accel, "-nodefaults", "-display", "none", "-m", 64,
                         "-bios", image, "-serial", "stdio",
                         "-drive", f"file={disk},format=raw,if=virtio") as g:
            g.wait("idle\n", 30, but=["FAILED"])
            wakes = count_sleeps(g.process.pid) / SECONDS
            if g.process.poll() is not None:
                g.fail("ended")
            g.stop()
    print(f"{accel}: {wakes:.1f} wake-ups a second")
    if wakes > MOST:
        raise guest.Failure(f"{wakes:.1f} wake-ups a second, should be {MOST} at most")


guest.main(test)
