#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-format has the last word on layout: format.py CLANG-FORMAT"""
import subprocess
import sys

from tree import c_files

done = subprocess.run([sys.argv[1], "--dry-run", "--Werror", *c_files()])
sys.exit(done.returncode)
