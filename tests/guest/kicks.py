# SPDX-License-Identifier: GPL-2.0-or-later
"""A request of a virtio disk under KVM: its kick and its interrupt cost no exit
where KVM has doorbells and local APICs, and are exits where they are off:
kicks.py EMU IMAGE, the image being handover.S with KICKS of 1000."""
import os
import re
import tempfile

import guest

KICKS = 1000
EXITS = ["port", "memory", "HLT", "interrupt window", "end of level"]


def counts(emu, image, disk, accel):
    """What `info kvm` says after all requests."""
    with guest.Guest(emu, "-accel", accel, "-nodefaults", "-display", "none",
                     "-m", 64, "-bios", image, "-serial", "mon:stdio",
                     "-drive", f"file={disk},format=raw,if=virtio") as g:
        g.wait("read\n", 60, but=["FAILED"])
        g.send("\x01cinfo kvm\n")
        text = g.wait("capabilities", 10)
        g.send("quit\n")
        g.expect_exit(0, 10)
    rows = {name: int(n) for name, n in re.findall(r"^ *([\w ]*\w) +(\d+)", text, re.M)}
    rows["exits"] = sum(rows.get(name, 0) for name in EXITS)
    print(accel, {name: rows[name] for name in [*EXITS, "exits", "rings", "messages", "by irqfd"]
                  if name in rows})
    return rows


def must(what, holds):
    if not holds:
        raise guest.Failure(what)


def test(emu, image):
    guest.need_kvm()
    with tempfile.TemporaryDirectory() as folder:
        disk = os.path.join(folder, "disk")
        with open(disk, "wb") as file:
            file.truncate(2048 * 512)
        plain = counts(emu, image, disk, "kvm,ioeventfd=off,kernel-irqchip=off")
        bells = counts(emu, image, disk, "kvm,kernel-irqchip=off")
        both = counts(emu, image, disk, "kvm")
    must("a kick is a port exit", plain["port"] >= KICKS)
    must("an end of interrupt is a memory exit", plain["memory"] >= KICKS)
    if bells.get("doorbells"):
        must("kicks are rings", bells["rings"] == KICKS)
        must("kicks are no exits", plain["port"] - bells["port"] == KICKS)
    if "messages" in both:
        must("interrupts are messages", both["messages"] == KICKS)
        must("that go by irqfd", both["by irqfd"] == KICKS)
    if bells.get("doorbells") and "messages" in both:
        must("a request is no exit", both["exits"] < KICKS // 10)


guest.main(test)
