# SPDX-License-Identifier: GPL-2.0-or-later
"""Drive a guest over emu's terminal: start it, wait for text with a deadline,
type, and fail with the tail of what it printed."""
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

SKIP = 77  # what meson takes for a skipped test
TAIL = 3000  # characters of output that a failure shows


class Failure(Exception):
    pass


class Guest:
    """A running emu. Its standard input and output are ours; `with` ends it."""

    def __init__(self, emu, *args):
        self.command = [emu, *map(str, args)]
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, bufsize=0)
        self.output = ""
        self.seen = 0  # what wait() has passed over

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def fail(self, why):
        raise Failure(f"{' '.join(self.command)}\n{why}; the output ends:\n"
                      f"{self.output[-TAIL:]}")

    def read(self, deadline):
        """Take what comes before the deadline; False at the end of output."""
        left = max(0, deadline - time.monotonic())
        if not select.select([self.process.stdout], [], [], left)[0]:
            return True
        data = os.read(self.process.stdout.fileno(), 65536)
        self.output += data.decode("latin-1")
        return bool(data)

    def wait(self, text, seconds, but=()):
        """Read until `text`; return what came before it. Any text of `but`
        fails at once."""
        deadline = time.monotonic() + seconds
        while True:
            at = self.output.find(text, self.seen)
            if at >= 0:
                before = self.output[self.seen:at]
                self.seen = at + len(text)
                return before
            for bad in but:
                if bad in self.output[self.seen:]:
                    self.fail(f"{bad!r} instead of {text!r}")
            if time.monotonic() >= deadline:
                self.fail(f"no {text!r} within {seconds} s")
            if not self.read(deadline):
                self.fail(f"ended (status {self.process.wait()}) "
                          f"without {text!r}")

    def send(self, text):
        self.process.stdin.write(text.encode("latin-1"))

    def stop(self, seconds=10):
        """End emu as a service manager does."""
        self.process.send_signal(signal.SIGTERM)
        return self.exit_status(seconds)

    def exit_status(self, seconds):
        """The status that emu ends with by itself."""
        deadline = time.monotonic() + seconds
        while self.read(deadline):
            if time.monotonic() >= deadline:
                self.fail(f"still running after {seconds} s")
        try:
            return self.process.wait(max(1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.fail(f"still running after {seconds} s")

    def expect_exit(self, status, seconds):
        got = self.exit_status(seconds)
        if got != status:
            self.fail(f"exit status {got}, not {status}")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


# What a guest's init begins with that will be a host of KVM's; modules for mkquick's -m.
KVM_MODULES = "irqbypass kvm kvm-amd"
KVM_INIT = """#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
insmod /modules/10-irqbypass.ko
insmod /modules/11-kvm.ko
"""


def make_quick(mkquick, directory, init, *options):
    """A kernel and an initramfs whose init is that script; skips without kernel or busybox."""
    with tempfile.NamedTemporaryFile("w", suffix=".init") as file:
        file.write(init)
        file.flush()
        made = subprocess.run([mkquick, "-i", file.name, *options, directory],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        skip(f"no kernel or busybox: {made.stdout.strip()}")


def need_firmware():
    if not any(os.path.exists(f"{folder}/bios-256k.bin")
               for folder in ("/usr/share/seabios", "/usr/share/qemu")):
        skip("there is no SeaBIOS")


def need_kvm():
    """Skip where /dev/kvm does not open."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as err:
        skip(f"/dev/kvm: {err.strerror}")


def host_has_vt():
    """False: a /dev/kvm that opens is emulated in software."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        flags = re.search(r"^flags\s*:(.*)$", info.read(), re.M)
    return bool(flags) and bool({"vmx", "svm"} & set(flags[1].split()))


def main(test):
    """Run test(emu, *arguments) of the command line; emu's path holds in any
    folder that the test goes to."""
    emu, *arguments = sys.argv[1:]
    try:
        test(os.path.abspath(emu), *arguments)
    except Failure as failure:
        print(failure)
        sys.exit(1)
