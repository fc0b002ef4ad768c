# SPDX-License-Identifier: GPL-2.0-or-later
"""Where commands run: natively, or in a guest that waits on its serial port.
All peers live at once and only one has work, so rounds can be interleaved."""
import os
import re
import select
import subprocess
import time

DONE = re.compile(rb"@done (-?\d+) (\d+) (\d+) ([0-9a-f]+)\r?\n")
READY = re.compile(rb"@ready\r?\n")
CPU = os.environ.get("BENCH_CPU", "0")
PROCESSOR = ["-cpu", "max"]  # of each emulator


class Failure(Exception):
    pass


class Outcome:
    """Of one command: the seconds are those of the process that ran the guest."""

    def __init__(self, cpu, wall, checksum):
        self.cpu, self.wall, self.checksum = cpu, wall, checksum
        self.first = False  # of this command, in a fresh guest


def cpu_seconds(pid):
    """Of a whole process, to the nanosecond: its CPU-time clock (clock_getcpuclockid)."""
    return time.clock_gettime((~pid << 3) | 2)


class Peer:
    def __init__(self, name, command, cpus=CPU):
        self.name, self.command, self.cpus = name, command, cpus
        self.process = None
        self.text = b""

    def start(self, seconds=600):
        self.process = subprocess.Popen(["taskset", "-c", self.cpus, *self.command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.expect(READY, seconds)
        # What init left behind is done with now.
        time.sleep(0.5)

    def expect(self, pattern, seconds):
        deadline = time.monotonic() + seconds
        while not (found := pattern.search(self.text)):
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failure(f"{self.name}: no answer within {seconds} s; {self.text[-500:]}")
            if select.select([self.process.stdout], [], [], left)[0]:
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    raise Failure(f"{self.name}: ended; {self.text[-2000:].decode(errors='replace')}")
                self.text += data
        self.text = self.text[found.end():]
        return found

    def run(self, command, seconds=300):
        before = self.cpu()
        self.process.stdin.write(command.encode() + b"\n")
        status, wall, cpu, checksum = self.expect(DONE, seconds).groups()
        if int(status):
            raise Failure(f"{self.name}: '{command}' ended with status {int(status)}")
        return Outcome(self.spent(before, int(cpu)), int(wall) / 1e9, checksum.decode())

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def spent(self, before, _):
        return self.cpu() - before

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


class Native(Peer):
    """Its work is done by children, whose time the runner counts."""

    def cpu(self):
        return 0

    def spent(self, before, cpu_ns):
        return cpu_ns / 1e9


class Guest(Peer):
    """An emulator with a kernel and the tree as initrd."""

    def __init__(self, name, program, out, cpus=CPU):
        super().__init__(name, [
            *program, "-m", "1024", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
            "-nodefaults", "-kernel", str(out / "vmlinuz"), "-initrd", str(out / "tree.cpio"),
            "-append", "console=ttyS0 quiet panic=-1 rdinit=/workloads"], cpus)
