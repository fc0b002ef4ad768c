# SPDX-License-Identifier: GPL-2.0-or-later
"""SeaBIOS boots the disk that bootindex= and -boot name. The disks are boot
sectors that tell their name on the serial port; a key resets the machine."""
import os
import struct
import tempfile

import guest

CD_SECTOR = 2048


def boot_sector(name):
    code = bytes.fromhex(
        "31c0 8ed8 fa"     # xor ax, ax; mov ds, ax; cli: the key is not SeaBIOS's
        "be 207c"          # mov si, text
        "ba f803"          # mov dx, 3f8h
        "ac 84c0 7403"     # 1: lodsb; test al, al; jz 2f
        "ee ebf8"          # out dx, al; jmp 1b
        "ba fd03"          # 2: mov dx, 3fdh
        "ec a801 74fb"     # 3: in al, dx; test al, 1; jz 3b
        "b0fe e664 f4")    # mov al, feh; out 64h, al; hlt
    text = f"boot: {name}.\n\0".encode()
    return code.ljust(32, b"\0") + text.ljust(510 - 32, b"\0") + b"\x55\xaa"


def disk(path, name):
    with open(path, "wb") as f:
        f.write(boot_sector(name) if name else bytes(512))
        f.truncate(1 << 20)


def cd(path, name):
    """El Torito 1.0, a boot image without emulation in sector 19."""
    descriptor = b"\1CD001\1".ljust(CD_SECTOR, b"\0")
    record = (b"\0CD001\1" + b"EL TORITO SPECIFICATION".ljust(32, b"\0")
              ).ljust(71, b"\0") + struct.pack("<I", 18)
    header = b"\1" + bytes(27)
    validation = header + b"\0\0\x55\xaa"
    words = struct.unpack("<16H", validation)
    validation = header + struct.pack("<H", -sum(words) & 0xffff) + b"\x55\xaa"
    entry = struct.pack("<BBHBBHI", 0x88, 0, 0, 0, 0, 4, 19).ljust(32, b"\0")
    with open(path, "wb") as f:
        f.seek(16 * CD_SECTOR)
        for sector in descriptor, record, validation + entry, boot_sector(name):
            f.write(sector.ljust(CD_SECTOR, b"\0"))
        f.truncate(64 * CD_SECTOR)


def drive(path, device):
    """An image on a device of its own, with the device's properties."""
    name = os.path.basename(path)
    return ["-drive", f"file={path},format=raw,if=none,id={name}",
            "-device", f"{device},drive={name}"]


def boots(emu, what, *args):
    """The machine boots the media named in `what`, one after each reset."""
    with guest.Guest(emu, "-nographic", "-m", 64, *args) as g:
        for name in what:
            g.wait(f"boot: {name}.", 60, but=["No bootable device"])
            g.send("x")


def test(emu):
    guest.need_firmware()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        disk("a", "A")
        disk("b", "B")
        disk("empty", None)
        cd("c", "C")
        ide = lambda path, more="": drive(path, "ide-hd" + more)
        virtio = lambda path, more="": drive(path, "virtio-blk-pci" + more)

        boots(emu, "AA", *ide("a"), *ide("b"))
        boots(emu, "B", *ide("a", ",bootindex=7"), *ide("b", ",bootindex=2"))
        boots(emu, "B", *ide("a"), *virtio("b", ",bootindex=0"))
        boots(emu, "A", *virtio("a", ",bootindex=1"), *virtio("b", ",bootindex=2"))
        boots(emu, "B", *virtio("a", ",bootindex=2"), *virtio("b", ",bootindex=1"))
        boots(emu, "C", *ide("a"), *drive("c", "ide-cd,bootindex=0"))
        boots(emu, "A", "-hda", "a", "-cdrom", "c")
        boots(emu, "C", "-hda", "a", "-cdrom", "c", "-boot", "d")
        boots(emu, "CAA", "-hda", "a", "-cdrom", "c", "-boot", "once=d")

        # What is not listed comes after what is, unless strict.
        media = [*virtio("empty", ",bootindex=0"), "-cdrom", "c"]
        boots(emu, "C", *media)
        with guest.Guest(emu, "-nographic", "-m", 64, "-boot", "strict=on",
                         *media) as g:
            g.wait("No bootable device.", 60, but=["boot: C."])
        with guest.Guest(emu, "-nographic", "-m", 64, "-boot",
                         "menu=on,splash-time=10000", *ide("a"),
                         *ide("b")) as g:
            g.wait("for boot menu", 60)
            g.send("\x1b")
            g.wait("2. ata0-1", 60)
            g.send("2")
            g.wait("boot: B.", 60)


guest.main(test)
