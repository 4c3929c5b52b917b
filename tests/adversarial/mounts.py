# SPDX-License-Identifier: Apache-2.0
"""Hosts with other mounts: csc, and controls, in a mount namespace of their own in which a shell has mounted things.
Only root can make one. Workspaces at other places. And what a process sees of mounts."""

import ctypes
import functools
import json
import os
import signal
import struct
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


def wait_in_user_namespace(ready):
    if ctypes.CDLL(None).unshare(0x10000000) == 0:
        os.write(ready, b"x")
        signal.pause()
    os._exit(1)


@functools.lru_cache(maxsize=None)
def why_not_mapped(folder):
    """Why the kernel maps no ids in a mount of a folder (mount_setattr(2), for root), or "". Found without csc."""
    open_tree, mount_setattr, clone, empty_path, idmap = 428, 442, 1, 0x1000, 0x100000
    libc = ctypes.CDLL(None, use_errno=True)
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        wait_in_user_namespace(theirs)
    os.close(theirs)
    try:
        if not os.read(ours, 1):
            return "no user namespaces"
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{pid}/{name}", "w", encoding="ascii") as file:
                file.write("0 0 65536")
        with open(f"/proc/{pid}/ns/user", "rb") as namespace:
            tree = libc.syscall(open_tree, -100, folder.encode(), clone)
            attributes = struct.pack("4Q", idmap, 0, 0, namespace.fileno())
            done = libc.syscall(mount_setattr, tree, b"", empty_path, attributes, len(attributes))
            why = "" if done == 0 else os.strerror(ctypes.get_errno())
        if tree >= 0:
            os.close(tree)
        return why
    finally:
        os.close(ours)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


class Mounted(Boundary):
    """`setup` is a function of the boundary: the shell commands that mount. Nothing of it shows on this host; what is mounted
    then, is private, or as `propagation` says: "shared", as on most hosts."""

    propagation = "private"

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
        shared = "mount --make-rshared /\n" if self.propagation == "shared" else ""
        script = shared + self.mounting + '\ncd "$0"; exec "$@"'
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
