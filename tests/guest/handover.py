# SPDX-License-Identifier: GPL-2.0-or-later
"""handover.S changes engines while it runs: handover.py EMU IMAGE PROCESSORS ACCEL"""
import os
import re
import tempfile
import time

import guest

MASK = (1 << 64) - 1
MULTIPLIER, INCREMENT, LINKS = 6364136223846793005, 1442695040888963407, 5000
SWITCHES = 100


def affine(n):
    """n links at once: x -> a * x + c."""
    a, c, ra, rc = MULTIPLIER, INCREMENT, 1, 0
    while n:
        if n & 1:
            ra, rc = ra * a & MASK, (rc * a + c) & MASK
        a, c = a * a & MASK, (c * a + c) & MASK
        n >>= 1
    return ra, rc


def sector_value(n):
    return (n * 0x9e3779b97f4a7c15 + 1) & MASK


def check(index, report, disk):
    rounds, chain, ticks, tick_chain, total = (int(n, 16) for n in report.split())
    a, c = affine(LINKS)
    x, xmm, last = 0, 0, {}
    for r in range(rounds):
        x = (a * x + c) & MASK
        xmm = (xmm + x) & MASK
        if index == 0:
            x = (x + sector_value(r & 1023)) & MASK
            last[r & 1023] = x
    ta, tc = affine(ticks)
    want = f"{x:016x} {tc:016x} {xmm:016x}"
    got = f"{chain:016x} {tick_chain:016x} {total:016x}"
    print(f"processor {index}: {rounds} rounds, {ticks} ticks")
    if got != want or ta == 0 or not ticks:
        raise guest.Failure(f"processor {index}: {got}, should be {want}")
    if index == 0:
        for sector, value in last.items():
            at = (1024 + sector) * 512
            if disk[at:at + 8] != value.to_bytes(8, "little"):
                raise guest.Failure(f"sector {sector} was not written")


def test(emu, image, processors, accel):
    guest.need_kvm()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "disk")
        with open(path, "wb") as disk:
            for n in range(1024):
                disk.write(sector_value(n).to_bytes(8, "little") + bytes(504))
            disk.truncate(2048 * 512)
        with guest.Guest(emu, "-accel", accel, "-nodefaults", "-display", "none",
                         "-m", 64, "-smp", processors, "-bios", image,
                         "-serial", "mon:stdio", "-device", "isa-debug-exit",
                         "-drive", f"file={path},format=raw,if=virtio") as g:
            g.wait("go\n", 30, but=["FAILED"])
            g.send("\x01c")
            slowest = 0
            for n in range(SWITCHES):
                engine = ["tcg", "kvm"][n % 2]
                g.send(f"accel {engine}\n")
                g.wait(f"accelerator {engine} after ", 20, but=["Error", "FAILED"])
                time.sleep(0.02)
                slowest = max(slowest, float(g.wait(" ms", 10)))
            print(f"slowest switch {slowest} ms")
            g.send("\x01c")
            g.send("q")
            g.expect_exit(33, 30)
            reports = re.findall(r"(?:[0-9a-f]{16} ){5}", g.output)
        with open(path, "rb") as disk:
            content = disk.read()
    if len(reports) != int(processors):
        g.fail(f"{len(reports)} reports")
    for index, report in enumerate(reports):
        check(index, report, content)


guest.main(test)
