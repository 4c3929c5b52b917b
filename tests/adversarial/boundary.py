# SPDX-License-Identifier: Apache-2.0
"""A workspace whose commands run in hardened mode, for probes: small Python programs that try to do what the boundary
must refuse. A probe prints one JSON value; the same program, run outside, is the control that shows what it would have
done. Started by root, csc runs commands as the owner of cwd: `owner` is that user (0: root itself, in a user namespace), or,
where mounts can be idmapped, as nobody who passes for him. CSC_BACKEND is the executor under test.
"""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import bench  # noqa: E402  pylint: disable=wrong-import-position
from bench import Bench, Result  # noqa: E402  pylint: disable=wrong-import-position
from tap import Skip  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import


def reachable(program):
    """csc where every user can reach it and csc-init: bwrap, as the user of a command, looks both up by name."""
    parents = os.path.realpath(program).split("/")[1:-1]
    folders = ["/" + "/".join(parents[:n]) for n in range(len(parents) + 1)]
    if os.getuid() != 0 or all(os.stat(folder).st_mode & 0o001 for folder in folders):
        return program
    copies = tempfile.mkdtemp(prefix="csc-test-")
    atexit.register(shutil.rmtree, copies, True)
    os.chmod(copies, 0o755)
    for name in (program, program + "-init"):
        shutil.copy(name, copies)
    return os.path.join(copies, os.path.basename(program))


bench.CSC = reachable(bench.CSC)

PYTHON = "/usr/bin/python3"  # what the sandbox shows; another one in PATH may lie elsewhere
PLAIN = 65534
BLOCKED = 78

# In front of every probe: attempt(f) says how a call ended, by the name of its errno.
PRELUDE = """
import ctypes, errno, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def name(number): return errno.errorcode.get(number, str(number))
def attempt(function, *args):
    try:
        function(*args)
        return "ok"
    except OSError as error:
        return name(error.errno)
def call(number, *args):
    ctypes.set_errno(0)
    return "ok" if libc.syscall(number, *args) >= 0 else name(ctypes.get_errno())
def say(value): print(json.dumps(value)); sys.stdout.flush()
"""


BACKEND = os.environ.get("CSC_BACKEND", "native")  # the executor under test
NOBODY = 65533  # whom root's commands run as outside, where mounts can be idmapped: native alone

# What an executor is made of, by programs of the system's own.
PLAIN_SANDBOXES = {
    "native": ["/usr/bin/unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--ipc", "--uts", "--net",
               "--mount-proc", "/bin/true"],
    "bwrap": ["/usr/bin/bwrap", "--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000", "--ro-bind", "/", "/",
              "--proc", "/proc", "--dev", "/dev", "/bin/true"],
}


@functools.lru_cache(maxsize=None)
def why_not(uid, backend=BACKEND):
    """Why no sandbox can be made here for a user, or "". Found without csc: one that refuses too much fails its tests."""
    argv = PLAIN_SANDBOXES[backend]
    become = {"user": uid, "group": uid, "extra_groups": []} if os.getuid() == 0 and uid != 0 else {}
    try:
        done = subprocess.run(argv, capture_output=True, check=False, timeout=60, text=True, **become)
    except OSError as error:
        return f"{os.path.basename(argv[0])}: {error}"
    if done.returncode != 0:
        return f"this host refuses sandboxes: {done.stderr.strip()}"
    groups = ("/sys/fs/cgroup/pids/cgroup.procs", "/sys/fs/cgroup/cgroup.subtree_control")
    if uid == 0 and not any(os.access(path, os.W_OK) for path in groups):
        return "no control group can bound what root starts"
    return ""


class Boundary(Bench):
    """Use as a context. Key, policy and configuration lie in a folder that no scope holds."""

    def __init__(self, owner=None, config="", backend=BACKEND):
        self.owner = os.getuid() if owner is None else owner
        if os.getuid() != 0 and self.owner != os.getuid():
            raise Skip("only root can use a folder of another user's")
        if why_not(self.owner, backend):
            raise Skip(why_not(self.owner, backend))
        self.config = f"config_version: csc.config.v0.1\nblocked_programs: []\nbackend: {backend}\n" + config

    def __enter__(self):
        super().__enter__()
        os.chmod(self.root, 0o755)
        os.mkdir(self.path("trusted"))
        self.write("trusted/csc.yaml", self.config)
        os.chmod(self.path("trusted/csc.yaml"), 0o644)
        done = self.csc("keygen", "--out", self.path("trusted/runner"))
        assert done.code == 0, done
        os.chown(self.work, self.owner, self.owner)
        return self

    def policy(self, **changes):
        """Grants what probes declare: the boundary has to hold by itself."""
        return super().policy(**{"allow_commands": [PYTHON, "/usr/bin/sh", "true", "sh", "cat", "ls", "id", "sleep", "git", "echo",
                                                   "/nonexistent/program"],
                                 "network": "full", "allowed_cwd_prefixes": ["/"], "allowed_read_prefixes": ["/"],
                                 "allowed_write_prefixes": ["/"], **changes})

    def inputs(self, *commands, policy=None, **changes):
        return (self.write("trusted/contract.json", self.contract(*commands, **changes)),
                self.write("trusted/policy.yaml", self.policy(**(policy or {}))))

    def options(self):
        return ["--mode", "hardened", "--sign", "--signing-key", self.path("trusted/runner.key"), "--key-id", "runner",
                "--config", self.path("trusted/csc.yaml")]

    def run(self, *commands, args=(), policy=None, start=None, **changes):
        """csc run in hardened mode; `start`: how csc itself is started, options of subprocess.run."""
        inputs = self.inputs(*commands, policy=policy, **changes)
        return self.csc("run", *inputs, *self.options(), *args, **(start or {}))

    def program(self, source, **changes):
        """A command of a contract that runs a probe."""
        return self.command(PYTHON, "-c", PRELUDE + textwrap.dedent(source), **changes)

    def probe(self, source, start=None, **changes):
        """What a probe prints inside. The command must have run."""
        result = self.run(self.program(source, **changes), start=start)
        if result.code != 0 or not result.out.strip():
            raise AssertionError(f"the probe did not run: {result}")
        return json.loads(result.out)

    def control(self, source, uid=None, start=None):
        """What the same program prints outside, as the user that the command has outside."""
        user = self.owner if uid is None else uid
        become = {"user": user, "group": user, "extra_groups": []} if os.getuid() == 0 else {}
        options = {"stdin": subprocess.DEVNULL, **become, **(start or {})}
        done = subprocess.run([PYTHON, "-c", PRELUDE + textwrap.dedent(source)], cwd=self.work, capture_output=True,
                              check=False, timeout=60, **options)
        if done.returncode != 0:
            raise AssertionError(f"the control did not run: {Result(done.returncode, done.stdout, done.stderr)}")
        return json.loads(done.stdout)

    def start_other(self, program, *args):
        """Runs another csc than the one under test to its end."""
        done = subprocess.run([program, *args], cwd=self.root, capture_output=True, check=False, timeout=60,
                              stdin=subprocess.DEVNULL)
        return Result(done.returncode, done.stdout, done.stderr)

    def plans(self, *commands, **changes):
        """--sandbox-debug: the plan of each command."""
        result = self.csc("run", *self.inputs(*commands, **changes), *self.options(), "--sandbox-debug")
        if result.code != 0:
            raise AssertionError(f"no plan: {result}")
        return result.json()


def owners(what):
    """Whose workspaces to try here: (name, owner) rows for tap.cases."""
    if os.getuid() == 0:
        return [(f"{what}, in root's folder", 0), (f"{what}, in a plain user's folder", PLAIN)]
    return [(f"{what}, in our folder", os.getuid())]
