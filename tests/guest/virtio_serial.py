# SPDX-License-Identifier: GPL-2.0-or-later
"""A Linux guest on a virtio console and a virtio serial port:
virtio_serial.py EMU MKQUICK DIRECTORY
The shell runs on hvc0; the port's other end is a socket of ours."""
import hashlib
import os
import socket
import subprocess
import tempfile
import threading
import time

import guest

NAME = "org.emu.test.0"
PORT = f"/dev/virtio-ports/{NAME}"
MODULES = ("virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev "
           "virtio_pci virtio_console")
INIT = """#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t debugfs debug /sys/kernel/debug
for module in /modules/*.ko; do
    insmod "$module"
done
mkdir /dev/virtio-ports
for port in /sys/class/virtio-ports/*; do
    name=$(cat "$port/name" 2>/dev/null)
    [ -z "$name" ] || ln -s "../${port##*/}" "/dev/virtio-ports/$name"
done
exec setsid sh -c 'exec sh </dev/hvc0 >/dev/hvc0 2>&1'
"""
PROMPT = "# "
BAD = ["Kernel panic", "Oops", "BUG:", "segfault"]


def run(g, command, seconds=60):
    g.send(command + "\n")
    g.wait("\n", seconds, BAD)
    return g.wait(PROMPT, seconds, BAD).replace("\r", "")


def wait_connected(g, connected):
    """Until the guest knows: where nobody is, a reader there finds the end."""
    run(g, f"until grep -A2 'name: {NAME}' /sys/kernel/debug/virtio-ports/* | "
           f"grep -q 'host_connected: {connected:d}'; do :; done")


def connect(g, path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(path)
    wait_connected(g, True)
    return s


def disconnect(g, s):
    s.close()
    wait_connected(g, False)


def read_slowly(s, want, got):
    """A reader that makes the guest wait."""
    while len(got) < want:
        got += s.recv(20000)
        time.sleep(0.005)


def check_to_host(g, path):
    text = "".join(f"{i}\n" for i in range(1, 50001)).encode()
    got = bytearray()
    s = connect(g, path)
    reader = threading.Thread(target=read_slowly, args=(s, len(text), got), daemon=True)
    reader.start()
    run(g, f"seq 1 50000 > {PORT}", 120)
    reader.join(60)
    disconnect(g, s)
    if bytes(got) != text:
        g.fail(f"{len(got)} bytes came from the guest, of {len(text)}, or others")


def check_to_guest(g, path):
    data = os.urandom(300000)
    s = connect(g, path)
    g.send(f"head -c {len(data)} {PORT} | md5sum\n")
    g.wait("\n", 60, BAD)
    s.sendall(data)
    out = g.wait(PROMPT, 120, BAD)
    disconnect(g, s)
    if hashlib.md5(data).hexdigest() not in out:
        g.fail("what came to the guest is not what was sent")


def check_hangup(g, path):
    """The guest learns that nobody is there any more, and that one is."""
    s = connect(g, path)
    g.send(f"cat {PORT}; echo it en''ded\n")
    s.sendall(b"last words\n")
    g.wait("last words", 60, BAD)
    s.close()
    g.wait("it ended", 60, BAD)
    g.wait(PROMPT, 60, BAD)


def test(emu, mkquick, directory):
    with tempfile.TemporaryDirectory() as tmp:
        init, path = f"{tmp}/init", f"{tmp}/port"
        with open(init, "w") as f:
            f.write(INIT)
        made = subprocess.run([mkquick, "-i", init, "-m", MODULES, directory],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if made.returncode:
            guest.skip(f"no kernel or busybox: {made.stdout.strip()}")
        with guest.Guest(emu, "-m", 256, "-nodefaults", "-display", "none",
                         "-kernel", f"{directory}/vmlinuz", "-initrd", f"{directory}/initrd",
                         "-append", "console=hvc0 panic=-1",
                         "-device", "virtio-serial-pci",
                         "-chardev", "stdio,id=console", "-device", "virtconsole,chardev=console",
                         "-chardev", f"socket,id=port,path={path},server=on,wait=off",
                         "-device", f"virtserialport,chardev=port,name={NAME}") as g:
            g.wait(PROMPT, 240, BAD)
            g.send("\n")
            g.wait(PROMPT, 60, BAD)
            if "hvc0" not in run(g, "cat /sys/class/tty/console/active"):
                g.fail("hvc0 is not the console")
            check_to_host(g, path)
            check_to_guest(g, path)
            check_hangup(g, path)
            g.send("poweroff -f\n")
            g.expect_exit(0, 60)


guest.main(test)
