#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The tree is the architecture: a folder includes only floors below it, files
include headers by their path from the root, and there are no circles."""
import re
import sys

from tree import c_files

# What stands in a folder may know these; itself is always allowed. A longer
# name beats a shorter one.
MAY_KNOW = {
    "util": (),
    "memory": ("util",),
    "tcg": ("util",),
    "target": ("tcg", "memory", "util"),
    "target/x86/decode": ("target/x86/features.h",),
    "accel": ("target", "tcg", "memory", "util"),
    "block": ("memory", "util"),
    "net": ("memory", "util"),
    "ui": ("memory", "util"),
    "chardev": ("memory", "util"),
    "hw": ("block", "net", "ui", "chardev", "memory", "util"),
    "hw/pc": ("hw", "accel", "target", "block", "net", "ui", "chardev", "memory", "util"),
    "system": ("hw", "accel", "target", "tcg", "block", "net", "ui", "chardev", "memory", "util"),
    "monitor": ("system", "hw", "accel", "target", "tcg", "block", "net", "ui", "chardev", "memory",
                "util"),
    # Guests' programs: no part of emu.
    "bench": (),
}
# emu.c and tools know everything below; tests know all.
FREE = ("emu.c", "tools/", "tests/")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def floor_of(path):
    best = ""
    for folder in MAY_KNOW:
        if path.startswith(folder + "/") and len(folder) > len(best):
            best = folder
    return best


def allowed(path, include):
    floor = floor_of(path)
    if not floor:
        return False
    names = (floor,) + MAY_KNOW[floor]
    return any(include == n or include.startswith(n + "/") for n in names)


def find_circle(graph):
    state = {}

    def visit(node, trail):
        state[node] = 1
        for to in graph.get(node, ()):
            if state.get(to) == 1:
                return trail[trail.index(to):] + [to] if to in trail else [node, to]
            if to not in state:
                circle = visit(to, trail + [to])
                if circle:
                    return circle
        state[node] = 2
        return None

    for node in graph:
        if node not in state:
            circle = visit(node, [node])
            if circle:
                return circle
    return None


def main():
    bad = []
    graph = {}
    files = c_files()
    known = set(files)
    for path in files:
        includes = INCLUDE.findall(open(path, encoding="utf-8").read())
        for include in includes:
            generated = include not in known
            if generated and "/" not in include:
                bad.append(f'{path}: "{include}" is not a path from the root')
            if not path.startswith(FREE) and not allowed(path, include):
                bad.append(f'{path}: may not include "{include}"')
        if path.endswith(".h"):
            graph[path] = [i for i in includes if i in known]
    circle = find_circle(graph)
    if circle:
        bad.append("headers in a circle: " + " -> ".join(circle))
    print("\n".join(bad) or f"{len(files)} files stand on their floors")
    return bool(bad)


sys.exit(main())
