# SPDX-License-Identifier: GPL-2.0-or-later
"""The project's C files, as git knows them (or as they lie there)."""
import pathlib
import subprocess

FOLDERS = ("accel", "block", "chardev", "hw", "memory", "monitor", "net", "system", "target",
           "tcg", "tests", "tools", "ui", "util")


def c_files(suffixes=(".c", ".h")):
    try:
        names = subprocess.run(["git", "ls-files"], capture_output=True, text=True,
                               check=True).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        names = [str(p) for f in FOLDERS for p in pathlib.Path(f).rglob("*")]
    return [n for n in names if n.endswith(suffixes) and pathlib.Path(n).is_file()]
