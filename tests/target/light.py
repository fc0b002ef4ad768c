#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Light code may call light code only: the guest's vector state is in the
host's registers while it runs. Usage: light.py NM ARCHIVE..."""
import subprocess
import sys

# What the library may take from outside: the accelerator and the back end
# serve light callers by contract; the others are plain loads.
ALLOWED = {
    "x86_load", "x86_store", "x86_cmpxchg16", "tcg_unwind", "tcg_sync_pc",
    "space_view", "clock_now", "_GLOBAL_OFFSET_TABLE_",
}
# Objects that hold heavy helpers, too (INS and OUTS).
HEAVY = {"emit_string-helpers.c.o": {"memcpy", "x86_helper_in", "x86_helper_out"}}


def symbols(nm, archive):
    """Defined names, and (object, name) of the undefined ones."""
    text = subprocess.run([nm, "-A", archive], check=True, text=True,
                          capture_output=True).stdout
    defined, wanted = set(), set()
    for line in text.splitlines():
        where, _, rest = line.rpartition(":")
        fields = rest.split()
        if len(fields) == 2 and fields[0] in "Uw":
            wanted.add((where.split(":")[-1].split("/")[-1], fields[1]))
        elif len(fields) == 3:
            defined.add(fields[2])
    return defined, wanted


def main():
    bad = []
    for archive in sys.argv[2:]:
        defined, wanted = symbols(sys.argv[1], archive)
        for obj, name in sorted(wanted):
            if name not in defined | ALLOWED | HEAVY.get(obj, set()):
                bad.append(f"{obj}: {name}")
    print("\n".join(bad) or "light code calls light code only")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
