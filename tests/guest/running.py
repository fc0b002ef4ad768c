# SPDX-License-Identifier: GPL-2.0-or-later
"""How a machine starts, resets and ends, and where its serial port leads. The
guest is a boot sector that obeys letters: t triple fault, p power off, k reset
by the keyboard controller, y the year of its clock."""
import os
import re
import signal
import socket
import tempfile
import time

import guest

TEXT = b"guest: up.\n\0"


def sector():
    """Machine code with short jumps to labels."""
    out = bytearray()
    labels, fixups = {}, []

    def code(text):
        out.extend(bytes.fromhex(text))

    def label(name):
        labels[name] = len(out)

    def jump(opcode, name):
        out.append(opcode)
        fixups.append((len(out), name))
        out.append(0)

    code("31c0 8ed8 fa be807c ba f803")
    label("print")
    code("ac 84c0")
    jump(0x74, "wait")
    code("ee")
    jump(0xeb, "print")
    label("wait")
    code("ba fd03 ec a801")
    jump(0x74, "wait")
    code("ba f803 ec")
    for letter in "tpky":
        code(f"3c{ord(letter):02x}")
        jump(0x74, letter)
    jump(0xeb, "wait")
    label("t")  # an empty interrupt table
    code("0f011e 787c cd03")
    label("p")  # S5 by PM1a control
    code("ba 0406 b8 0020 ef f4")
    label("k")
    code("b0fe e664 f4")
    label("y")  # the year in BCD, two digits
    code("b009 e670 e471 88c4 c0e804 0430 ba f803 ee 88e0 240f 0430 ee")
    jump(0xeb, "wait")
    for at, name in fixups:
        out[at] = (labels[name] - at - 1) & 0xff
    assert len(out) <= 0x78
    return bytes(out).ljust(0x80, b"\0") + TEXT


def image(path):
    with open(path, "wb") as f:
        f.write(sector().ljust(510, b"\0") + b"\x55\xaa")
        f.truncate(1 << 20)


class Machine(guest.Guest):
    def __init__(self, emu, *args, serial="mon:stdio"):
        super().__init__(emu, "-display", "none", "-m", 32, "-serial", serial,
                         "-drive", "file=disk,format=raw", *args)

    def up(self):
        self.wait("guest: up.", 60)

    def monitor(self):
        self.send("\x01c")
        self.wait("(qemu)", 10)

    def wait_state(self, state):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self.send("info status\n")
            self.wait("VM status: ", 10)
            if self.wait("\n", 10).strip() == state:
                return
            time.sleep(0.1)
        self.fail(f"not {state}")


def resets(emu):
    for letter in "tk":
        with Machine(emu) as m:
            m.up()
            m.send(letter)
            m.up()
            m.send("p")
            m.expect_exit(0, 20)
        with Machine(emu, "-no-reboot") as m:
            m.up()
            m.send(letter)
            m.expect_exit(0, 20)


def power(emu):
    with Machine(emu, "-no-shutdown") as m:
        m.up()
        m.send("p")
        m.monitor()
        m.wait_state("paused (shutdown)")
        m.send("system_reset\n")
        m.wait_state("paused")
        m.send("cont\n\x01c")
        m.up()
        m.monitor()
        m.send("quit\n")
        m.expect_exit(0, 10)
    with Machine(emu, "-S", "-rtc", "base=2042-03-04T05:06:07") as m:
        m.monitor()
        m.send("info status\n")
        m.wait("VM status: paused (prelaunch)", 10, but=["guest: up."])
        m.send("cont\n\x01c")
        m.up()
        m.send("y")
        m.wait("42", 10)


def signals(emu):
    for sig in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        with Machine(emu) as m:
            m.up()
            m.process.send_signal(sig)
            m.expect_exit(0, 10)
    with Machine(emu) as m:
        m.up()
        m.send("\x01x")
        m.expect_exit(0, 10)


def talk(connection, m):
    """Over a serial port that leads elsewhere: read the greeting, power off."""
    got = b""
    deadline = time.monotonic() + 60
    while b"guest: up." not in got and time.monotonic() < deadline:
        got += connection.recv(4096)
    if b"guest: up." not in got:
        m.fail(f"serial port gave {got!r}")
    connection.send(b"p")
    m.expect_exit(0, 20)


class Pty:
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)

    def recv(self, size):
        return os.read(self.fd, size)

    def send(self, data):
        os.write(self.fd, data)


def chardevs(emu):
    with Machine(emu, "-S", "-monitor", "stdio", serial="pty") as m:
        path = re.search(r"/dev/pts/\d+", m.wait("(qemu)", 10)).group()
        pty = Pty(path)
        m.send("cont\n")
        talk(pty, m)

    with socket.socket(socket.AF_UNIX) as s:
        s.bind("listening")
        s.listen()
        with Machine(emu, serial="unix:listening") as m:
            with s.accept()[0] as connection:
                talk(connection, m)

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        with Machine(emu, serial=f"tcp:127.0.0.1:{port}") as m:
            with s.accept()[0] as connection:
                talk(connection, m)

    with Machine(emu, "-monitor", "stdio",
                 serial="unix:here,server=on,wait=off") as m:
        m.wait("(qemu)", 10)
        m.send("system_reset\n")
        with socket.socket(socket.AF_UNIX) as s:
            s.connect("here")
            talk(s, m)

    with Machine(emu, "-monitor", "stdio", serial="file:log") as m:
        m.wait("(qemu)", 10)
        deadline = time.monotonic() + 60
        while "guest: up." not in open("log").read():
            if time.monotonic() > deadline:
                m.fail("nothing in the file")
            time.sleep(0.05)
        m.send("quit\n")
        m.expect_exit(0, 10)


def test(emu):
    guest.need_firmware()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        image("disk")
        resets(emu)
        power(emu)
        signals(emu)
        chardevs(emu)


guest.main(test)
