# SPDX-License-Identifier: GPL-2.0-or-later
"""A kick of a virtio queue costs no exit under KVM, unless doorbells are off:
kicks.py EMU IMAGE, the image being handover.S with KICKS of 1000."""
import os
import re
import tempfile

import guest

KICKS = 1000


def counts(emu, image, disk, accel):
    """What `info kvm` says after all kicks."""
    with guest.Guest(emu, "-accel", accel, "-nodefaults", "-display", "none",
                     "-m", 64, "-bios", image, "-serial", "mon:stdio",
                     "-drive", f"file={disk},format=raw,if=virtio") as g:
        g.wait("read\n", 60, but=["FAILED"])
        g.send("\x01cinfo kvm\n")
        text = g.wait("capabilities", 10)
        g.send("quit\n")
        g.expect_exit(0, 10)
    return {name.strip(): int(n) for name, n in re.findall(r"^ *([\w ]+?) +(\d+)", text, re.M)}


def test(emu, image):
    guest.need_kvm()
    with tempfile.TemporaryDirectory() as folder:
        disk = os.path.join(folder, "disk")
        with open(disk, "wb") as file:
            file.truncate(2048 * 512)
        with_bells = counts(emu, image, disk, "kvm")
        without = counts(emu, image, disk, "kvm,ioeventfd=off")
    if not with_bells.get("doorbells"):
        guest.skip("KVM here has no doorbells")
    saved = without["port"] - with_bells["port"]
    print(f"{KICKS} requests: {with_bells['port']} port exits, {without['port']} without doorbells, "
          f"{with_bells['rings']} rings")
    if saved != KICKS:
        raise guest.Failure(f"{saved} exits less, should be {KICKS}")
    if with_bells["rings"] != KICKS or "rings" in without:
        raise guest.Failure(f"{with_bells['rings']} rings")


guest.main(test)
