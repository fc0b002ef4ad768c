#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-tidy over what is compiled, by .clang-tidy: tidy.py CLANG-TIDY BUILD"""
from concurrent.futures import ThreadPoolExecutor
import json
import os
import subprocess
import sys

# Of gcc only.
FLAGS = ("-fno-fp-int-builtin-inexact", "-fno-tree-loop-distribute-patterns")
AT_ONCE = 8  # files a process
# clang 14 has no __builtin_roundeven().
LEFT_OUT = ("target/x86/fpu/simd-convert.c",)

clang_tidy, build = sys.argv[1:]
root = os.getcwd()


def commands():
    """The build's, of the project's own code, in a form that clang takes."""
    for c in json.load(open(os.path.join(build, "compile_commands.json"))):
        path = os.path.relpath(os.path.join(c["directory"], c["file"]), root)
        if path.startswith(("tests/", "bench/", "..")) or path in LEFT_OUT:
            continue
        c["command"] = " ".join(w for w in c["command"].split() if w not in FLAGS)
        yield path, c


def check(paths):
    # Compilers judge warnings elsewhere: -w.
    done = subprocess.run(
        [clang_tidy, "-p", database, "--quiet", "--config-file=.clang-tidy", "--extra-arg=-w", *paths],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        print(done.stdout, done.stderr, flush=True)
    return done.returncode


database = os.path.join(build, "clang-tidy")
os.makedirs(database, exist_ok=True)
found = dict(commands())
with open(os.path.join(database, "compile_commands.json"), "w") as f:
    json.dump(list(found.values()), f)
paths = sorted(found)
chunks = [paths[i:i + AT_ONCE] for i in range(0, len(paths), AT_ONCE)]
with ThreadPoolExecutor(2) as pool:
    sys.exit(any(pool.map(check, chunks)))
