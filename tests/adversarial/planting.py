# SPDX-License-Identifier: Apache-2.0
"""Threat: a folder that is exchanged for a symlink between two looks of a pattern at it: what was found in the folder would be
made where the symlink leads - outside of the view, while that is being made."""

import os
import subprocess
import sys

from boundary import PLAIN, Boundary
from tap import cases, equal, main, matches

RUNS, ENTRIES = 20, 3000  # of csc; of a folder that a pattern has to go through between the two looks

SWAPPER = """
import ctypes, sys
libc = ctypes.CDLL(None)
one, other = sys.argv[1].encode(), sys.argv[2].encode()
print("ready", flush=True)
while True:
    libc.renameat2(-100, one, -100, other, 2)
"""


class Planted(Boundary):
    """ws/d has the symlink `planted` in it, and the other process exchanges it for a symlink to the victim. `user`: who
    starts csc."""

    def __init__(self, user):
        super().__init__(user)
        self.start = {} if user == os.getuid() else {"user": user, "group": user, "extra_groups": []}

    def __enter__(self):
        super().__enter__()
        for name in ("ws", "ws/d", "victim"):
            os.mkdir(self.path(name))
        os.chmod(self.path("victim"), 0o777)
        os.symlink("/nowhere", self.path("ws/d/planted"))
        os.symlink(self.path("victim"), self.path("ws/e"))
        for number in range(ENTRIES):
            os.close(os.open(self.path(f"ws/filler{number}"), os.O_CREAT | os.O_WRONLY, 0o644))
        os.mkdir(self.path("out"))
        if self.start:
            for folder, folders, files in os.walk(self.root):
                for name in (".", *folders, *files):
                    os.lchown(os.path.join(folder, name), self.owner, self.owner)
        return self

    def attempt(self):
        command = self.command("echo", "ran", read_paths=[self.work, self.path("ws/d*"), self.path("ws/d/*")])
        result = self.run(command, args=["--receipt-out", self.path("out/receipt.json")], start=self.start)
        equal((result.code in (0, 1, 78), result.out in ("", "ran\n")), (True, True), result)
        return result


@cases([("what was found in a folder is not made behind the symlink in its place", os.getuid())] +
       ([("and neither by a plain user", PLAIN)] if os.getuid() == 0 else []))
def planting(user):
    with Planted(user) as boundary:
        equal(boundary.attempt().out, "ran\n", "while nobody exchanges anything")
        with subprocess.Popen([sys.executable, "-c", SWAPPER, boundary.path("ws/d"), boundary.path("ws/e")],
                              stdout=subprocess.PIPE) as swapper:
            try:
                swapper.stdout.readline()
                results = [boundary.attempt() for _ in range(RUNS)]
            finally:
                swapper.kill()
        equal(os.listdir(boundary.path("victim")), [], "what was planted")
        for result in results:
            if result.code != 0:
                matches("symlink|not there|exchanged|changed", result.err)
        equal(len({result.err for result in results}) > 1, True, "the exchange was seen")


if __name__ == "__main__":
    main()
