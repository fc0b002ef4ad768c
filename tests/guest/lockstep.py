# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of the translator in lock-step: lockstep.py EMU SCRIPT BUILD GUEST INSNS
GUEST is an image of firmware, or `linux`. Wrong results must be found, too."""
import re
import subprocess

import guest

BACK_ENDS = ["backend=interp", "native=off"]


def run(script, build, image, insns, *words):
    machine = [] if image == "linux" else [
        "--", "-nodefaults", "-display", "none", "-m", "64", "-bios", image, "-device", "isa-debug-exit",
        "-serial", "null"]
    done = subprocess.run([script, "--build", build, "-n", insns, *words, *machine],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout, flush=True)
    return done


def expect_same(done):
    if done.returncode or "no difference" not in done.stdout:
        raise guest.Failure("the settings differ")


def expect_found(done, insn):
    found = re.search(r"instruction (\d+) differs\n.*\n  env\.r\[3\]", done.stdout)
    if done.returncode != 1 or not found or int(found[1]) != insn:
        raise guest.Failure(f"the wrong result of instruction {insn} was not found")


def test(emu, script, build, image, insns):
    if image == "linux":
        guest.need_firmware()
    everything = () if int(insns) >= 200_000_000 else BACK_ENDS
    if image != "linux":
        everything = ()
        for at in (1000, 15000):
            expect_found(run(script, build, image, insns, "--inject", str(at), "backend=interp"), at - 1)
    expect_same(run(script, build, image, insns, *everything))


guest.main(test)
