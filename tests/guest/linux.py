# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's cloud kernel and a busybox shell: linux.py EMU MKQUICK DIRECTORY [ACCEL]
The kernel is fetched once and kept in DIRECTORY."""
import subprocess
import time

import guest

PROMPT = "# "
BAD = ["Kernel panic", "Oops", "BUG:", "segfault"]

# Command and the output that must come.
COMMANDS = [
    ("echo $((123456789 * 987654321))", "121932631112635269"),
    ("echo $((-7 / 2)) $((-7 % 2)) $((1 << 62))", "-3 -1 4611686018427387904"),
    ("seq 1 20000 | md5sum", "e071f707df7bbeee2a6a1eb48011ddd0"),
    ("seq 1 20000 | sha256sum | cut -c 1-16", "f6351f5ead9a700e"),
    ("awk 'BEGIN { printf \"%.6f\\n\", 355 / 113 * 1e3 }'", "3141.592920"),
    ("i=0; while [ $i -lt 100 ]; do /bin/true && i=$((i + 1)); done; echo $i",
     "100"),
    ("dd if=/dev/zero bs=1M count=8 2>/dev/null | gzip | gunzip | wc -c",
     "8388608"),
]


def boot(g):
    g.wait("is up", 240, BAD)
    g.wait(PROMPT, 60, BAD)


def run(g, command, seconds=60):
    """Its output; the shell echoes the command first."""
    g.send(command + "\n")
    g.wait("\n", seconds, BAD)
    return g.wait(PROMPT, seconds, BAD)


def check_sleep(g):
    started = time.monotonic()
    run(g, "sleep 1")
    took = time.monotonic() - started
    if not 0.8 < took < 10:
        g.fail(f"'sleep 1' took {took:.1f} s")


def test(emu, mkquick, directory, accel="tcg"):
    made = subprocess.run([mkquick, directory], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        guest.skip(f"no kernel or busybox: {made.stdout.strip()}")
    with guest.Guest(emu, "-accel", accel, "-m", 256, "-nodefaults",
                     "-display", "none", "-serial", "stdio", "-kernel", f"{directory}/vmlinuz",
                     "-initrd", f"{directory}/initrd",
                     "-append", "console=ttyS0 quiet panic=-1") as g:
        boot(g)
        for command, expected in COMMANDS:
            if expected not in run(g, command):
                g.fail(f"'{command}' did not print {expected!r}")
        check_sleep(g)
        g.send("reboot -f\n")
        boot(g)
        g.send("poweroff -f\n")
        g.expect_exit(0, 60)


guest.main(test)
