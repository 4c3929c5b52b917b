# SPDX-License-Identifier: Apache-2.0
"""The examples do what the table in examples/README.md says."""

import os
import re
import shutil
import subprocess

from bench import Bench
from tap import Skip, case, cases, equal, main, matches

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
SLOW = {"expired.json"}  # five minutes


def table():
    """(contract, what check prints, its exit code, status, exit code of run) of every row."""
    with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as file:
        for line in file:
            row = re.match(r"\| `(\S+\.json)` \|[^|]*\| `([^`]+)` \| (\d+) \| `(\w+)` \| (\d+) \|$", line)
            if row:
                yield row[1], row[2], int(row[3]), row[4], int(row[5])


ROWS = list(table())


def make(bench):
    """A clone with a name that wants quoting, and the examples made for it."""
    root = bench.path("a clone & \"more\"")
    os.mkdir(root)
    if not shutil.which("git"):
        raise Skip("no git")
    subprocess.run(["git", "init", "-q", root], check=True, capture_output=True)
    subprocess.run([os.path.join(FOLDER, "make-examples"), root, bench.path("out dir")], check=True)
    return bench.path("out dir")


@case("the table names every example, and every outcome there is")
def complete():
    names = {name[:-3] for name in os.listdir(FOLDER) if name.endswith(".json.in")}
    equal({row[0] for row in ROWS}, names)
    equal({row[1].split()[0] for row in ROWS}, {"allow", "deny", "needs_approval"})
    equal({row[3] for row in ROWS}, {"success", "failed", "blocked", "expired"})


@cases([(row[0], *row) for row in ROWS])
def example(name, printed, check_code, status, run_code):
    with Bench() as bench:
        out = make(bench)
        inputs = (os.path.join(out, name), os.path.join(out, "policy.yaml"))
        result = bench.csc("check", *inputs)
        equal(result.code, check_code, result)
        matches(rf"\A{printed}\b", result.out)
        if name in SLOW:
            return
        result = bench.csc("run", *inputs)
        equal((result.code, bench.receipt()["status"]), (run_code, status), result)


if __name__ == "__main__":
    main()
