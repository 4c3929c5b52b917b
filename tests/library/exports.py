#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What include/csc/csc.h declares, what libcsc.map lists and what libcsc.so exports is one set of names.

usage: exports.py HEADER MAP LIBRARY
"""
import re
import subprocess
import sys


def main():
    header, version_map, library = sys.argv[1:]
    text = open(header, encoding="utf-8").read()
    declared = set(re.findall(r"CSC_API[^;(]*?\b(csc_\w+)\(", text))
    listed = set(re.findall(r"^\s+(csc_\w+);", open(version_map, encoding="utf-8").read(), re.M))
    output = subprocess.run(["nm", "-D", "--defined-only", "--with-symbol-versions", library], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    exported = {line.split()[2] for line in output.splitlines()} - {"CSC_0.1"}
    exported.discard("CSC_0.1@@CSC_0.1")
    unversioned = {name for name in exported if not name.endswith("@@CSC_0.1")}
    exported = {name.split("@")[0] for name in exported}
    problems = {
        "declared but not listed": declared - listed,
        "listed but not declared": listed - declared,
        "exported but not declared": exported - declared,
        "declared but not exported": declared - exported,
        "exported without the version CSC_0.1": unversioned,
    }
    for what, names in problems.items():
        for name in sorted(names):
            print(f"{what}: {name}")
    if not declared or any(problems.values()):
        return 1
    print(f"{len(declared)} names agree")
    return 0


sys.exit(main())
