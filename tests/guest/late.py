# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes to the VGA's planes under KVM wait in the kernel, and come in order:
late.py EMU. A boot sector draws in mode 12h, through two settings of the map
mask, and sums up what it reads back; the picture is the translator's."""
import os
import re
import tempfile

import guest

BYTES = 640 * 120 // 8  # a quarter of the screen
CODE = bytes.fromhex("""
    fc b81200 cd10 b800a0 8ec0 8ed8
    31ff b98025 89f8 00e0 aa e2f9
    bac403 b80204 ef
    31ff b98025 89f8 30e0 aa e2f9
    bace03 b80402 ef
    31f6 31db b98025 ac 30e4 01c3 d1c3 e2f7
    b90400 c1c304 88d8 240f 0441 baf803 ee e2f1
    b021 ee f4 ebfd""")


def expected():
    total = 0
    for n in range(BYTES):
        total = (total + (n & 255 ^ n >> 8)) & 0xffff
        total = (total << 1 | total >> 15) & 0xffff
    return "".join(chr(0x41 + (total >> shift & 15)) for shift in (12, 8, 4, 0))


def run(emu, folder, accel):
    """The picture, and what `info kvm` counts."""
    picture = os.path.join(folder, "picture")
    with guest.Guest(emu, "-accel", accel, "-m", 32, "-display", "none", "-serial", "mon:stdio",
                     "-net", "none", "-drive", f"file={folder}/disk,format=raw") as g:
        answer = g.wait("!", 60)[-4:]
        if answer != expected():
            g.fail(f"read back {answer}, not {expected()}")
        g.send(f"\x01cscreendump {picture}\n")
        g.wait("(qemu)", 10)
        g.send("info kvm\n")
        g.wait("kvm support", 10)
        text = g.wait("(qemu)", 10)
        g.send("quit\n")
        g.expect_exit(0, 10)
    counts = {name: int(n) for name, n in re.findall(r"^ *([\w ]*\w) +(\d+)", text, re.M)}
    print(accel, {name: counts.get(name) for name in ["late writes", "memory"]})
    with open(picture, "rb") as file:
        return file.read(), counts


def test(emu):
    guest.need_kvm()
    guest.need_firmware()
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/disk", "wb") as disk:
            disk.write(CODE.ljust(510, b"\0") + b"\x55\xaa")
            disk.truncate(1 << 20)
        want, _ = run(emu, folder, "tcg")
        plain, off = run(emu, folder, "kvm,coalesced-mmio=off")
        late, on = run(emu, folder, "kvm")
    if plain != want or late != want:
        raise guest.Failure("another picture than the translator's")
    if off["memory"] < 3 * BYTES:
        raise guest.Failure("writes and reads are exits")
    if "late writes" in on:
        if on["late writes"] < 2 * BYTES * 9 // 10 or on["memory"] > off["memory"] - BYTES:
            raise guest.Failure("writes do not wait")


guest.main(test)
