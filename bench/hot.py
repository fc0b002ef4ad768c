#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a workload's time goes in emu: bench/hot.py NAME|'COMMAND' [EMU-OPTION...]
samples one run with the host's perf and prints functions and translations by
share, and the hottest translations' code with a count of samples beside each
instruction. An -accel of yours gets perfmap=on. BUILD names the build folder;
BLOCKS how many to show (3)."""
import bisect
import collections
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True
from bench import workloads  # noqa: E402
from bench.peers import PROCESSOR, Guest  # noqa: E402

BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
OUT = BUILD / "bench"


def read_map(pid):
    """Sorted (address, size, name); a place that was used again has its last name."""
    rows = {}
    for line in open(f"/tmp/perf-{pid}.map"):
        address, size, name = line.split()
        rows[int(address, 16)] = (int(address, 16), int(size, 16), name)
    return sorted(rows.values())


def samples(data):
    text = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"], capture_output=True, text=True).stdout
    for line in text.splitlines():
        words = line.split()
        if words:
            yield int(words[0], 16), " ".join(words[1:])


def disassemble(pid, address, size, counts):
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(address)
        code = memory.read(size)
    with tempfile.NamedTemporaryFile() as f:
        f.write(code)
        f.flush()
        text = subprocess.run(["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "--no-show-raw-insn",
                               f"--adjust-vma={address:#x}", f.name], capture_output=True, text=True).stdout
    for line in text.splitlines():
        head, _, rest = line.partition(":\t")
        if rest:
            n = counts.get(int(head, 16), 0)
            print(f"{n or '':>6} {head.strip()[-6:]}  {rest}")


def main():
    command = sys.argv[1]
    for names in workloads.commands(OUT / "tree/workloads").values():
        command = names.get(command, command)
    options = sys.argv[2:]
    if "-accel" not in options:
        options += ["-accel", "tcg"]
    if "-cpu" not in options:
        options += PROCESSOR
    options[options.index("-accel") + 1] += ",perfmap=on"
    guest = Guest("emu", [str(BUILD / "emu"), *options], OUT)
    guest.start()
    try:
        guest.run(command)
        with tempfile.TemporaryDirectory() as where:
            perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "5000", "-o", f"{where}/data",
                                     "-p", str(guest.process.pid)], stderr=subprocess.DEVNULL)
            guest.run("sleep 0.3")
            print(f"{guest.run(command).cpu:.3f} s")
            perf.send_signal(2)
            perf.wait()
            report(guest.process.pid, list(samples(f"{where}/data")))
    finally:
        guest.stop()



def report(pid, ips):
    rows = read_map(pid)
    starts = [r[0] for r in rows]
    names, blocks, thunks, at = (collections.Counter() for _ in range(4))
    for ip, text in ips:
        at[ip] += 1
        k = bisect.bisect_right(starts, ip) - 1
        if k >= 0 and ip < rows[k][0] + rows[k][1]:
            blocks[rows[k]] += 1
            names["(translations)"] += 1
        elif "emu-code" in text:
            names["(thunks, slow parts)"] += 1
            thunks[ip & ~0xff] += 1
        else:
            names[text] += 1
    total = len(ips) or 1
    print("\n".join(f"{n / total:6.1%} {name}" for name, n in names.most_common(40)))
    print("\n".join(f"{n / total:6.1%} {b[2]} {b[0]:x} {b[1]}" for b, n in blocks.most_common(20)))
    for a, n in thunks.most_common(int(os.environ.get("THUNKS", "0"))):
        print(f"---- thunks: {n / total:.1%}")
        disassemble(pid, a, 256, at)
    for b, n in blocks.most_common(int(os.environ.get("BLOCKS", "3"))):
        print(f"---- {b[2]}: {n / total:.1%}")
        disassemble(pid, b[0], b[1], at)


if __name__ == "__main__":
    main()
