#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cppcheck over the tree, results kept per file: cppcheck.py CPPCHECK BUILD"""
import os
import subprocess
import sys

from tree import c_files

cppcheck, build = sys.argv[1:]
cache = os.path.join(build, "cppcheck")
os.makedirs(cache, exist_ok=True)
# bench/ holds programs for guests, computed gotos among them, which it cannot
# parse.
sources = [f for f in c_files((".c",)) if not f.startswith(("tests/", "bench/"))]
done = subprocess.run([
    cppcheck, "--quiet", "-j2", "--std=c11", "--library=gtk", "--library=posix",
    "--inline-suppr", "--enable=warning,portability", "--error-exitcode=1",
    f"--cppcheck-build-dir={cache}", "-I.", "-D__x86_64__", "-D__linux__",
    # Its preprocessor does not follow GNU macros of the decode tables, and
    # it knows no MAP_ANONYMOUS without a file.
    "--suppress=preprocessorErrorDirective", "--suppress=invalidFunctionArg:tcg/env.c",
    # Shifting negative numbers is arithmetic with gcc and clang; the
    # interpreter's program counter stands one before the next operation.
    "--suppress=shiftTooManyBitsSigned", "--suppress=pointerOutOfBounds:tcg/interp/run.c",
    "--suppress=missingInclude", "--suppress=unknownMacro",
    "--suppress=nullPointerRedundantCheck", "--suppress=ctunullpointer",
    "--suppress=nullPointer:util/state.h", *sources])
sys.exit(done.returncode)
