# SPDX-License-Identifier: Apache-2.0
"""Threat: mounts that are shared, as on most hosts. What the sandbox mounts shows on the host, or what the host mounts later
shows in the sandbox, past all that was looked at and made read-only when it was planned."""

import os
import signal
import subprocess

from boundary import BACKEND, NOBODY, PLAIN, PRELUDE, PYTHON
from bench import CSC, PATIENCE, Result, until
from mounts import Mounted
from tap import cases, equal, main

RUNS = 3
# A host of its own, with all of its mounts shared; then as many lines as there are runs. $0: where the tables are kept.
HOST = """
table() { cut -d" " -f3- </proc/self/mountinfo | sort >"$0/table$1"; }
table before
for number in $(seq {runs}); do "$@"; done
table after
"""


class Shared(Mounted):
    """A workspace that is a shared mount, with a write scope in it and a read scope beside it, which is one, too."""

    propagation = "shared"

    def __init__(self, owner):
        super().__init__(owner, lambda boundary: "\n".join(
            f"mount --bind {folder} {folder}; mount --make-shared {folder}"
            for folder in (boundary.work, boundary.path("data"))))

    def __enter__(self):
        super().__enter__()
        for name in ("work/out", "work/later", "work/out/later", "data", "data/later", "secret"):
            os.mkdir(self.path(name))
            if name != "secret":
                os.chown(self.path(name), self.owner, self.owner)
        os.chmod(self.write("secret/file", "the secret"), 0o600)
        self.mounting = self.setup(self)  # data is there now
        return self

    def sleeping(self, source="time.sleep(600)"):
        return self.program(f"import time\nopen('out/ready', 'w').close()\n{source}", read_paths=[self.path("data")],
                            write_paths=[self.path("work/out")])

    def start_within(self, *argv):
        return subprocess.Popen(self.within(self.root, *argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)


def settings(what):
    if os.getuid() != 0:
        return []
    return [(f"{what}, in root's folder", 0), (f"{what}, in a plain user's folder", PLAIN)]


def inside(pid, *argv):
    """What a program prints in the mount namespace of a process: the host of a test."""
    done = subprocess.run(["nsenter", f"--mount=/proc/{pid}/ns/mnt", *argv], capture_output=True, text=True, check=False,
                          timeout=PATIENCE)
    equal(done.returncode, 0, f"{argv}: {done.stderr}")
    return done.stdout


def table_of(pid):
    """Mounts, without the numbers that they have."""
    with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as file:
        return sorted(line.split(" ", 2)[2] for line in file)


@cases(settings("runs change no mount of the host's"))
def host_stays(owner):
    with Shared(owner) as boundary:
        command = boundary.program("say([os.getcwd(), attempt(open, 'out/made', 'w')])", read_paths=[boundary.path("data")],
                                   write_paths=[boundary.path("work/out")])
        arguments = ["run", *boundary.inputs(command), *boundary.options()]
        script = HOST.replace("{runs}", str(RUNS))
        done = subprocess.run(boundary.within(boundary.root, "sh", "-euc", script, boundary.path("trusted"), CSC, *arguments),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
        result = Result(done.returncode, done.stdout, done.stderr)
        equal(result.out, RUNS * f'["{boundary.work}", "ok"]\n', result)
        tables = []
        for name in ("before", "after"):
            with open(boundary.path(f"trusted/table{name}"), encoding="utf-8") as file:
                tables.append(file.read())
        equal(f" {boundary.work} " in tables[0] and "shared:" in tables[0], True, "the workspace is a shared mount")
        equal(tables[1], tables[0], "the host's mounts")


WATCH = """
folders = [os.path.join(top, "later") for top in (".", "out", sys.argv[1])]
while not os.path.exists("out/look"): time.sleep(0.01)
def look(folder):
    return [os.path.exists(folder + "/file"), attempt(lambda: open(folder + "/made", "w").close())]
say([look(folder) for folder in folders])
with open("out/looked", "w") as file: file.write("x")
time.sleep(600)
"""


@cases(settings("while a command runs, neither sees what the other mounts"))
def while_it_runs(owner):
    with Shared(owner) as boundary:
        command = boundary.sleeping(WATCH)
        command["exec"]["argv"].append(boundary.path("data"))
        process = boundary.start_within(CSC, "run", *boundary.inputs(command), *boundary.options())
        try:
            until(lambda: os.path.exists(boundary.path("work/out/ready")), "the command runs")
            before = table_of(process.pid)
            equal([row for row in before if ".csc" in row or f" {boundary.work}/out " in row], [], "of the sandbox's")
            equal(sum(f" {boundary.root}" in row for row in before), 2, f"mounts of the test: {before}")
            places = [boundary.path(name) for name in ("work/later", "work/out/later", "data/later")]
            for place in places:
                inside(process.pid, "mount", "-t", "tmpfs", "-o", "mode=777", "none", place)
                inside(process.pid, "touch", place + "/file")
            sees_secret = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", PYTHON, "-c",
                           PRELUDE + f"say(attempt(open, {boundary.path('secret/file')!r}))"]
            equal(inside(process.pid, *sees_secret), '"EACCES"\n', "a file of root's, on the host")
            boundary.write("work/out/look", "")
            until(lambda: os.path.exists(boundary.path("work/out/looked")), "the command looks")
            equal([os.path.exists(f"/proc/{process.pid}/root{place}/file") for place in places], [True] * 3, "on the host")
            # bwrap as a plain user keeps the sandbox's mounts slaves of the host's: that is weaker, and only native's is not.
            weaker = BACKEND == "bwrap" and owner != 0
            equal([os.path.exists(f"/proc/{process.pid}/root{place}/made") for place in places], [weaker] * 3, "made there")
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=PATIENCE)
        result = Result(process.returncode, out, err)
        # The folder below each is that of before: read-only, writable, read-only.
        equal(result.out, '[[true, "ok"], [true, "ok"], [true, "ok"]]\n' if weaker else
              '[[false, "EROFS"], [false, "ok"], [false, "EROFS"]]\n', result)


if __name__ == "__main__":
    main()
