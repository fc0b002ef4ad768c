# SPDX-License-Identifier: GPL-2.0-or-later
"""A program and a person at one machine: qmp.py EMU. Two clients of QMP and a
monitor see what each other does; the protocol is as QEMU's clients know it."""
import json
import os
import socket
import tempfile

import guest


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        self.events, self.serial = [], 0
        greeting = self.receive()["QMP"]
        must(greeting["version"]["qemu"]["major"] >= 7 and greeting["capabilities"] == [],
             f"greets with {greeting}")
        self.do("qmp_capabilities")

    def receive(self):
        line = self.file.readline()
        must(line.endswith(b"\r\n"), f"the connection ends: {line}")
        return json.loads(line)

    def call(self, name, arguments=None):
        self.serial += 1
        request = {"execute": name, "id": self.serial}
        if arguments is not None:
            request["arguments"] = arguments
        self.socket.sendall(json.dumps(request).encode() + b"\r\n")
        while True:
            message = self.receive()
            if "event" in message:
                self.events.append(message)
                continue
            must(message.pop("id") == self.serial, f"answers another: {message}")
            return message

    def do(self, name, arguments=None):
        answer = self.call(name, arguments)
        must("return" in answer, f"{name}: {answer}")
        return answer["return"]

    def refuses(self, kind, name, arguments=None):
        answer = self.call(name, arguments)
        must(answer.get("error", {}).get("class") == kind, f"{name}: {answer}")

    def wait(self, name):
        """The data of the next event of that name."""
        while True:
            while self.events:
                event = self.events.pop(0)
                must(event["timestamp"]["seconds"] > 0 and
                     0 <= event["timestamp"]["microseconds"] < 1000000, f"{event}")
                if event["event"] == name:
                    return event.get("data")
            message = self.receive()
            must("event" in message, f"{message} instead of {name}")
            self.events.append(message)

    def hmp(self, line):
        return self.do("human-monitor-command", {"command-line": line})

    def status(self):
        return self.do("query-status")["status"]


def must(holds, what):
    if not holds:
        raise guest.Failure(what)


def questions(a, pid):
    names = {c["name"] for c in a.do("query-commands")}
    for name in names:
        if name.startswith("query-") and name != "query-cpu-model-expansion":
            a.do(name)
            a.refuses("GenericError", name, {"nosuch": 1})
    cpus = a.do("query-cpus-fast")
    must([c["props"] for c in cpus] ==
         [{"socket-id": 0, "core-id": n, "thread-id": 0} for n in range(2)], f"{cpus}")
    for cpu in cpus:
        must(os.path.exists(f"/proc/{pid}/task/{cpu['thread-id']}"), "no such thread")
    models = {m["name"]: m for m in a.do("query-cpu-definitions")}
    must(models["Haswell"]["typename"] == "Haswell-x86_64-cpu", "Haswell")
    model = a.do("query-cpu-model-expansion", {"type": "static", "model": {"name": "max"}})["model"]
    must(model["name"] == "base" and model["props"]["sse2"] is True, f"{model}")
    must(a.hmp("info status").startswith("VM status: running\r\n"), "HMP")


def events(a, b, g):
    g.send("stop\n")
    a.wait("STOP")
    b.wait("STOP")
    must(a.status() == "paused", "a person's stop")
    a.do("cont")
    b.wait("RESUME")
    g.send("info status\n")
    g.wait("VM status: running", 10)
    b.do("system_reset")
    for client in [a, b]:
        must(client.wait("RESET") == {"guest": False, "reason": "host-qmp-system-reset"}, "reset")
    a.hmp("o /1b 0xcf9 6")
    must(b.wait("RESET") == {"guest": True, "reason": "guest-reset"}, "the guest's reset")
    a.do("system_powerdown")
    b.wait("POWERDOWN")
    a.refuses("CommandNotFound", "nosuch")
    a.refuses("CommandNotFound", "qmp_capabilities")
    a.refuses("GenericError", "system_wakeup")


def engines(a):
    if not a.do("query-kvm")["enabled"]:
        return
    for engine in ["tcg", "kvm", "tcg"]:
        answer = a.do("x-accel-switch", {"accel": engine})
        must(answer["accel"] == engine and answer["downtime-us"] > 0, f"{answer}")
        must(a.do("query-kvm")["enabled"] == (engine == "kvm"), "query-kvm")
        must(a.status() == "running", "it runs")
    a.refuses("GenericError", "x-accel-switch", {"accel": "tcg"})
    a.refuses("GenericError", "x-accel-switch", {"accel": "nosuch"})


def test(emu):
    guest.need_firmware()
    with tempfile.TemporaryDirectory() as folder:
        one, two = (os.path.join(folder, name) for name in ["one", "two"])
        with guest.Guest(emu, "-accel", "kvm", "-accel", "tcg", "-smp", 2, "-m", 64,
                         "-display", "none", "-nodefaults", "-monitor", "stdio",
                         "-qmp", f"unix:{one},server=on,wait=off",
                         "-chardev", f"socket,id=m,path={two},server=on,wait=off",
                         "-mon", "chardev=m,mode=control") as g:
            g.wait("(qemu)", 20)
            a, b = Client(one), Client(two)
            questions(a, g.process.pid)
            events(a, b, g)
            engines(a)
            # A client that goes in the middle of a word is no loss, and may come again.
            b.socket.sendall(b'{"execute": "st')
            b.file.close()
            b.socket.close()
            b = Client(two)
            b.do("quit")
            must(a.wait("SHUTDOWN") == {"guest": False, "reason": "host-qmp-quit"}, "quit")
            g.expect_exit(0, 20)


guest.main(test)
