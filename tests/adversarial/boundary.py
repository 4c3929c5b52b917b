# SPDX-License-Identifier: Apache-2.0
"""A workspace whose commands run in hardened mode, for probes: small Python programs that try to do what the boundary
must refuse. A probe prints one JSON value; the same program, run outside, is the control that shows what it would have
done. Started by root, csc runs commands as the owner of cwd: `owner` is that user (0: root itself, in a user namespace).
"""

import json
import os
import subprocess
import sys
import textwrap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

from bench import Bench, Result  # noqa: E402  pylint: disable=wrong-import-position
from tap import Skip  # noqa: E402,F401  pylint: disable=wrong-import-position,unused-import

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


class Boundary(Bench):
    """Use as a context. Key, policy and configuration lie in a folder that no scope holds."""

    def __init__(self, owner=None, config=""):
        self.owner = os.getuid() if owner is None else owner
        if os.getuid() != 0 and self.owner != os.getuid():
            raise Skip("only root can use a folder of another user's")
        self.config = "config_version: csc.config.v0.1\nblocked_programs: []\n" + config

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

    def run(self, *commands, args=(), policy=None, **changes):
        """csc run in hardened mode."""
        return self.csc("run", *self.inputs(*commands, policy=policy, **changes), *self.options(), *args)

    def program(self, source, **changes):
        """A command of a contract that runs a probe."""
        return self.command(PYTHON, "-c", PRELUDE + textwrap.dedent(source), **changes)

    def probe(self, source, **changes):
        """What a probe prints inside. The command must have run."""
        result = self.run(self.program(source, **changes))
        if result.code != 0 or not result.out.strip():
            raise AssertionError(f"the probe did not run: {result}")
        return json.loads(result.out)

    def control(self, source, uid=None):
        """What the same program prints outside, as the user that the command has outside."""
        user = self.owner if uid is None else uid
        become = {"user": user, "group": user, "extra_groups": []} if os.getuid() == 0 else {}
        done = subprocess.run([PYTHON, "-c", PRELUDE + textwrap.dedent(source)], cwd=self.work, capture_output=True,
                              check=False, timeout=60, stdin=subprocess.DEVNULL, **become)
        if done.returncode != 0:
            raise AssertionError(f"the control did not run: {Result(done.returncode, done.stdout, done.stderr)}")
        return json.loads(done.stdout)

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
