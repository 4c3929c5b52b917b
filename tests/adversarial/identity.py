# SPDX-License-Identifier: Apache-2.0
"""Threat: power that outlives the boundary - capabilities, set-uid files, another user's identity, the caller's keys."""

import os

from boundary import PLAIN, Boundary, owners
from tap import cases, equal, main


@cases(owners("no capabilities"))
def no_capabilities(owner):
    source = """
        status = dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
        say({key: int(status[key], 16) for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} |
            {"NoNewPrivs": int(status["NoNewPrivs"]), "Seccomp": int(status["Seccomp"])})
    """
    with Boundary(owner) as boundary:
        inside, outside = boundary.probe(source), boundary.control(source)
        equal(inside, {"CapInh": 0, "CapPrm": 0, "CapEff": 0, "CapBnd": 0, "CapAmb": 0, "NoNewPrivs": 1, "Seccomp": 2})
        equal(outside["CapBnd"] != 0 or outside["NoNewPrivs"] == 0, True, "outside there is more")


@cases(owners("the identity inside"))
def identity_inside(owner):
    with Boundary(owner) as boundary:
        ids = boundary.probe("say([os.getuid(), os.geteuid(), os.getgid(), os.getgroups(), os.stat('.').st_uid])")
        equal(ids[0] != 0 and ids[2] != 0 and ids[0] == ids[1], True, f"never uid or gid 0 inside: {ids}")
        equal(ids[4], ids[0], "the workspace belongs to the command")
        if owner == PLAIN:
            equal(ids[0], PLAIN, "the owner of cwd")


if __name__ == "__main__":
    main()
