#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every file begins with its licence and its idea; nothing that the style page
forbids is in the tree."""
import re
import sys

from tree import c_files

SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"
FORBIDDEN = [
    (re.compile(r"\b(XXX|FIXME)\b"), "XXX and FIXME: say TODO and how it is noticed"),
    (re.compile(r"__attribute__\s*\(\(\s*constructor"), "registration by constructor"),
    (re.compile(r"^[^/\n]*[^_\w](m|c|re)alloc\s*\(", re.M), "malloc: use GLib's"),
    (re.compile(r"[^.\w>](strcpy|strcat|sprintf|vsprintf|gets)\s*\("), "unbounded string function"),
]


def check(path):
    text = open(path, encoding="utf-8").read()
    lines = text.split("\n")
    if SPDX not in lines[0]:
        yield "no licence line"
    if not any(l.startswith("/*") for l in lines[1:4]):
        yield "no comment with the file's idea"
    for pattern, why in FORBIDDEN:
        if pattern.search(text):
            yield why
    if len(lines) > 1000 and "Longer than" not in text[:2000]:
        yield f"{len(lines)} lines, and the first comment does not say why"


def main():
    bad = [f"{p}: {why}" for p in c_files() for why in check(p)]
    print("\n".join(bad) or "ok")
    return bool(bad)


sys.exit(main())
