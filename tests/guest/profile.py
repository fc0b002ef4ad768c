# SPDX-License-Identifier: GPL-2.0-or-later
"""The profiler on a booting Debian kernel: profile.py EMU MKQUICK DIRECTORY
Kernel functions have their names, callers stand under callees, and the files
are what they should be."""
import os
import re
import subprocess
import tempfile
import time
import xml.etree.ElementTree

import guest

PROMPT = "(qemu) "


def command(g, text):
    g.send(text + "\n")
    g.wait("\n", 30)
    return g.wait(PROMPT, 30).replace("\r", "")


def wait_for_names(g, seconds=120):
    """Until the report has a function that is none of the emulator's words."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        text = command(g, "profile report")
        if re.search(r"%  (?!kernel$)\w+$", text, re.M):
            return
        time.sleep(0.2)
    g.fail(f"no name of a kernel function within {seconds} s")


def check_folded(g, path):
    stacks = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            stack, count = line.rsplit(" ", 1)
            stacks[stack] = int(count)
    names = {name for stack in stacks for name in stack.split(";")}
    if "start_kernel" not in names:
        g.fail(f"{path}: no start_kernel among {sorted(names)[:50]}")
    deep = [s for s in stacks if s.startswith("kernel;") and s.count(";") >= 4]
    if not deep:
        g.fail(f"{path}: no stack is deep")
    return sum(stacks.values())


def check_svg(g, path, samples):
    root = xml.etree.ElementTree.parse(path).getroot()
    titles = [t.text for t in root.iter("{http://www.w3.org/2000/svg}title")]
    if f"all: {samples} samples, 100.0 %" not in titles:
        g.fail(f"{path}: not of {samples} samples: {titles[:3]}")
    if not any(t.startswith("start_kernel: ") for t in titles):
        g.fail(f"{path}: no start_kernel")


def check_errors(g):
    for text, answer in (("profile bogus", "start, stop or report"),
                         ("profile start 0", "is no rate"),
                         ("profile report /nowhere/x", "No such file")):
        if answer not in command(g, text):
            g.fail(f"'{text}' did not say {answer!r}")


def test(emu, mkquick, directory):
    made = subprocess.run([mkquick, directory], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        guest.skip(f"no kernel or busybox: {made.stdout.strip()}")
    with tempfile.TemporaryDirectory() as where:
        out = os.path.join(where, "profile")
        with guest.Guest(emu, "-accel", "tcg", "-m", 256, "-smp", 2, "-nodefaults",
                         "-display", "none", "-monitor", "stdio", "-S",
                         "-kernel", f"{directory}/vmlinuz",
                         "-initrd", f"{directory}/initrd",
                         "-append", "quiet panic=-1",
                         "-profile", f"{out},hz=997") as g:
            g.wait(PROMPT, 60)
            if "0 samples" not in command(g, "profile report"):
                g.fail("a machine that stands was sampled")
            command(g, "cont")
            wait_for_names(g)
            time.sleep(1)
            command(g, f"profile report {where}/asked")
            check_folded(g, f"{where}/asked")
            check_errors(g)
            command(g, "profile stop")
            if "; stopped" not in command(g, "profile report"):
                g.fail("it was not stopped")
            g.send("quit\n")
            g.expect_exit(0, 30)
        check_svg(g, f"{out}.svg", check_folded(g, out))


guest.main(test)
