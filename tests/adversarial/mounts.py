# SPDX-License-Identifier: Apache-2.0
"""Hosts with other mounts: csc, and controls, in a mount namespace of their own in which a shell has mounted things.
Only root can make one. Workspaces at other places. And what a process sees of mounts."""

import json
import os
import subprocess
import tempfile
from textwrap import dedent

from boundary import PRELUDE, PYTHON, Boundary, Skip
from bench import CSC, PATIENCE, Result  # which boundary.py makes importable

# The mounts that a process sees: [[mount point, [option...], type]...], in the order of mounting.
MOUNTS = """
def mounts():
    lines = [line.split() for line in open("/proc/self/mountinfo")]
    return [[line[4].encode().decode("unicode_escape"), line[5].split(","), line[line.index("-") + 1]] for line in lines]
"""


class Mounted(Boundary):
    """`setup` is a function of the boundary: the shell commands that mount."""

    def __init__(self, owner=None, setup=lambda boundary: "", **options):
        if os.getuid() != 0:
            raise Skip("only root can mount")
        super().__init__(owner, **options)
        self.setup, self.mounting = setup, ""

    def __enter__(self):
        super().__enter__()
        self.mounting = self.setup(self)
        return self

    def within(self, folder, *argv):
        """The command line that runs argv behind the mounts, in a folder that may lie there."""
        script = self.mounting + '\ncd "$0"; exec "$@"'
        return ["unshare", "--mount", "--propagation", "private", "sh", "-euc", script, folder, *argv]

    def csc(self, *args, stdin=None, **options):
        options.setdefault("cwd", self.root)
        process = subprocess.run(self.within(self.root, CSC, *args), input=stdin, capture_output=True, timeout=PATIENCE,
                                 check=False, **options)
        return Result(process.returncode, process.stdout, process.stderr)

    def control(self, source, uid=None):
        user = str(self.owner if uid is None else uid)
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        done = subprocess.run(self.within(self.work, *become, PYTHON, "-c", PRELUDE + dedent(source)),
                              capture_output=True, check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(f"the control did not run: {Result(done.returncode, done.stdout, done.stderr)}")
        return json.loads(done.stdout)


class Elsewhere:
    """New temporary folders lie in another folder; use as a context."""

    def __init__(self, folder):
        self.folder, self.before = folder, None

    def __enter__(self):
        self.before, tempfile.tempdir = tempfile.tempdir, self.folder

    def __exit__(self, *_):
        tempfile.tempdir = self.before
