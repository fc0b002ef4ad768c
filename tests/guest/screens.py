# SPDX-License-Identifier: GPL-2.0-or-later
"""First screens on serial and VGA: screens.py EMU DIRECTORY
Debian's netboot installer and memtest86+ from -cdrom. Packages and the
screendumps are kept in DIRECTORY."""
import glob
import os
import subprocess
import time

import guest

INSTALLER = "debian-installer-12-netboot-amd64"
IMAGES = "usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64"
PNG = b"\x89PNG\r\n\x1a\n"


def package(name, directory):
    """The unpacked package's folder."""
    folder = os.path.abspath(f"{directory}/{name}")
    if not os.path.exists(folder):
        subprocess.run(["apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", name],
                       cwd=directory, check=True)
        subprocess.run(["dpkg-deb", "-x", glob.glob(f"{directory}/{name}_*.deb")[0], folder],
                       check=True)
    return folder


def text_screen(g):
    """The 80 by 25 characters in the text mode's memory."""
    g.send("xp /2000xh 0xb8000\n")
    g.wait("xp /2000xh 0xb8000", 10)
    lines = g.wait("(qemu)", 30).splitlines()
    cells = [int(cell, 16) & 0xFF for line in lines if ":" in line
             for cell in line.split(":", 1)[1].split()]
    text = bytes(c if 32 <= c < 127 else 32 for c in cells).decode()
    return "\n".join(text[i:i + 80].rstrip() for i in range(0, len(text), 80))


def wait_on_screen(g, word, seconds):
    deadline = time.monotonic() + seconds
    while True:
        screen = text_screen(g)
        if word in screen:
            return screen
        if time.monotonic() > deadline:
            g.fail(f"no {word!r} on the screen within {seconds} s:\n{screen}")
        time.sleep(2)


def dump(g, path):
    g.send(f"screendump {path} -f png\n")
    g.wait("(qemu)", 30)
    with open(path, "rb") as f:
        if f.read(8) != PNG:
            g.fail(f"{path} is no PNG")
    print(f"{path}: {os.path.getsize(path)} bytes")


def on_vga(emu, directory, name, word, seconds, *options):
    path = f"{directory}/{name}.png"
    with guest.Guest(emu, "-display", "none", "-serial", "none", "-monitor", "stdio",
                     *options) as g:
        g.wait("(qemu)", 10)
        print(wait_on_screen(g, word, seconds))
        dump(g, path)
        g.send("quit\n")
        g.expect_exit(0, 20)


def on_serial(emu, *options):
    with guest.Guest(emu, "-display", "none", "-serial", "stdio", "-monitor", "none",
                     *options) as g:
        g.wait("Choose the language", 400, ["Kernel panic"])
        print("the installer asks for the language on serial")
        if g.stop():
            g.fail("SIGTERM did not end it in order")


def test(emu, directory):
    os.makedirs(directory, exist_ok=True)
    images = f"{package(INSTALLER, directory)}/{IMAGES}"
    installer = ["-m", 1024, "-kernel", f"{images}/linux", "-initrd", f"{images}/initrd.gz"]
    on_serial(emu, *installer, "-append", "console=ttyS0")
    on_vga(emu, directory, "installer", "Choose the language", 400, *installer,
           "-append", "vga=normal nomodeset")
    iso = f"{package('memtest86+', directory)}/usr/lib/memtest86+/memtest86+x64.iso"
    on_vga(emu, directory, "memtest", "Status: Testing", 100, "-m", 128, "-cdrom", iso)


guest.main(test)
