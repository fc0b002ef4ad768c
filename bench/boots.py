# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole boots: a kernel to its init, a Debian disk to its login prompt, and a
machine to the first instruction of its firmware, with the memory that the
process has then beyond the guest's. CPU seconds are those of the whole process."""
import os
import pathlib
import subprocess
import time

from bench.peers import CPU, Failure, Outcome, cpu_seconds


RAM_MIB = 512


def kernel(command, out):
    return [*command, "-m", str(RAM_MIB), "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
            "-kernel", str(out / "vmlinuz"), "-initrd", str(out / "initrd"),
            "-append", "console=ttyS0 panic=-1"], b"BENCH-INIT"


def debian(command, image):
    return [*command, "-m", str(RAM_MIB), "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
            "-drive", f"file={image},if=virtio,snapshot=on"], b"login:"


def first_instruction(command, out):
    """Firmware that writes a character to the debug console at once."""
    code = bytes.fromhex("b040"    # mov al, '@'
                         "ba0204"  # mov dx, 402h
                         "ee"      # out dx, al
                         "f4 ebfd")  # 1: hlt; jmp 1b
    rom = out / "first.rom"
    rom.write_bytes(bytes(0xfff0) + code.ljust(16, b"\0"))
    return [*command, "-m", str(RAM_MIB), "-display", "none", "-monitor", "none", "-serial", "none", "-bios",
            str(rom), "-chardev", "stdio,id=d", "-device", "isa-debugcon,iobase=0x402,chardev=d"], b"@"


def resident_mib(pid):
    """Of all mappings but the guest's memory, which is the one of its size."""
    total = size = 0
    for line in open(f"/proc/{pid}/smaps"):
        word, _, rest = line.partition(":")
        if word == "Size":
            size = int(rest.split()[0]) // 1024
        elif word == "Rss" and size != RAM_MIB:
            total += int(rest.split()[0])
    return total / 1024


def until(command, text, seconds=600):
    """What it costs until it prints `text`."""
    start = time.monotonic()
    seen = b""
    with subprocess.Popen(["taskset", "-c", CPU, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as p:
        try:
            while text not in seen:
                data = os.read(p.stdout.fileno(), 65536)
                if not data or time.monotonic() - start > seconds:
                    raise Failure(f"{command[0]} did not boot: {seen[-1000:]}")
                seen += data
            outcome = Outcome(cpu_seconds(p.pid), time.monotonic() - start, "")
            outcome.resident_mib = resident_mib(p.pid)
            return outcome
        finally:
            p.kill()


def measure(emulators, samples, rounds, out):
    image = pathlib.Path(os.environ.get("IMAGE", "vm.qcow2"))
    boots = {"kernel": lambda c: kernel(c, out)}
    if image.exists():
        boots["debian"] = lambda c: debian(c, image)
    for _ in range(max(rounds, 5)):
        for peer, command in emulators.items():
            samples.setdefault("start", {}).setdefault("start", {}).setdefault(peer, []).append(
                until(*first_instruction(command, out)))
    for n in range(rounds):
        for name, make in boots.items():
            if name == "debian" and n >= 2:
                continue
            for peer, command in emulators.items():
                o = until(*make(command))
                print(f"boot         {name:20} {peer} {o.cpu:.2f} s, {o.resident_mib:.0f} MiB", flush=True)
                samples.setdefault("boot", {}).setdefault(name, {}).setdefault(peer, []).append(o)
