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


def mappings(pid):
    """(first, last, {field: KiB}) of each; Name is what is mapped."""
    rows = []
    for line in open(f"/proc/{pid}/smaps"):
        words = line.split()
        if not words[0].endswith(":"):
            first, last = (int(x, 16) for x in words[0].split("-"))
            rows.append((first, last, {"Name": " ".join(words[5:])}))
        elif words[-1] == "kB":
            rows[-1][2][words[0][:-1]] = int(words[1])
    return rows


def guest_ram(pid, seconds=5):
    """Where the guest's memory is: the mapping of its size. Asked early, as
    huge pages and protections may split it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for first, last, _ in mappings(pid):
            if last - first == RAM_MIB << 20:
                return first, last
        time.sleep(0.02)
    raise Failure(f"no mapping of {RAM_MIB} MiB")


def resident_mib(pid, ram):
    """Of all but the guest's memory. A memfd that is mapped twice counts once
    (Pss); libraries that others have mapped, too, count in full (Rss)."""
    return sum(kib["Pss" if kib["Name"].startswith("/memfd:") else "Rss"] for first, last, kib in mappings(pid)
               if last <= ram[0] or first >= ram[1]) / 1024


def until(command, text, seconds=600):
    """What it costs until it prints `text`."""
    start = time.monotonic()
    seen = b""
    ram = None
    with subprocess.Popen(["taskset", "-c", CPU, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as p:
        try:
            while text not in seen:
                data = os.read(p.stdout.fileno(), 65536)
                wall = time.monotonic() - start
                if not data or wall > seconds:
                    raise Failure(f"{command[0]} did not boot: {seen[-1000:]}")
                ram = ram or guest_ram(p.pid)
                seen += data
            outcome = Outcome(cpu_seconds(p.pid), wall, "")
            outcome.resident_mib = resident_mib(p.pid, ram)
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
