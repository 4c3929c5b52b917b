# SPDX-License-Identifier: Apache-2.0
"""A workspace for one case: contracts, policies, and csc run in it.

The binary under test is the environment's CSC, or the first argument.
"""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

CSC = os.path.abspath(os.environ.get("CSC") or sys.argv[1])
STATE = tempfile.mkdtemp(prefix="csc-state-")  # no test records anything in the ledger of whoever runs it
atexit.register(shutil.rmtree, STATE, ignore_errors=True)
os.environ["CSC_LEDGER"] = os.path.join(STATE, "ledger.db")
PATIENCE = 60  # seconds; nothing here takes that long: it is when a hang is called one

ALLOWED = ["cat", "cp", "echo", "env", "false", "git", "head", "ls", "printf", "sh", "sleep", "sort", "touch", "tr",
           "true", "uniq", "yes", "/nonexistent/program"]


class Result:
    """How csc ended, and what it printed."""

    def __init__(self, code, out, err):
        self.code, self.raw_out, self.raw_err = code, out, err
        self.out = (out or b"").decode(errors="surrogateescape")
        self.err = (err or b"").decode(errors="surrogateescape")

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out[:2000]}\n--- stderr\n{self.err[:2000]}"


class Bench:
    """A temporary folder with a workspace; use as a context."""

    def __enter__(self):
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="csc-test-"))
        self.work = self.path("work")
        os.mkdir(self.work)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.root, *names)

    def write(self, name, content):
        if isinstance(content, (dict, list)):
            content = json.dumps(content)
        if isinstance(content, str):
            content = content.encode()
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def command(self, *argv, **changes):
        command = {"id": "one", "exec": {"argv": list(argv)}, "cwd": self.work, "read_paths": [self.work],
                   "write_paths": [], "network": "deny", "env_allow": [], "secret_refs": [], "timeout_sec": 30,
                   "proposed_effect_type": "observe"}
        if "segments" in changes:
            del command["exec"]
            command["pipeline"] = {"segments": [{"argv": argv} for argv in changes.pop("segments")]}
        return {**command, **changes}

    def contract(self, *commands, **changes):
        """A contract of commands, which may be argv lists."""
        made = []
        for number, command in enumerate(commands or [["true"]]):
            made.append(command if isinstance(command, dict) else self.command(*command, id=f"c{number}"))
        actor = {"agent_id": "agent", "session_id": "session", "initiating_user": "user", "delegation_scope": "tests"}
        return {"version": "csc.v0.1", "contract_id": "contract-1", "intent": "test", "actor": actor,
                "commands": made, "risk_class": "low", "approval_mode": "policy_only", "justification": "test",
                **changes}

    def policy(self, **changes):
        return {"policy_schema_version": "csc.policy.v0.1", "name": "tests", "allow_commands": ALLOWED,
                "allowed_effect_types": ["observe", "transform_local"], "allowed_risk_classes": ["low"],
                "max_timeout_sec": 60, "network": "deny", "allow_secret_refs": False,
                "allowed_cwd_prefixes": [self.work], "allowed_read_prefixes": [self.work],
                "allowed_write_prefixes": [self.work], **changes}

    def inputs(self, *commands, policy=None, **changes):
        """Writes both inputs; gives their paths."""
        return (self.write("contract.json", self.contract(*commands, **changes)),
                self.write("policy.yaml", self.policy(**(policy or {}))))

    def csc(self, *args, stdin=None, **options):
        """Runs csc to its end, in the temporary folder."""
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        if options.get("user", os.geteuid()) != os.geteuid():  # who could not write to this process's ledger
            options["env"] = {"CSC_LEDGER": "none", **{k: v for k, v in os.environ.items() if k != "CSC_LEDGER"},
                              **options.get("env", {})}
        if "env" in options:
            options["env"] = {"CSC_LEDGER": os.environ["CSC_LEDGER"], **options["env"]}
        process = subprocess.run([options.pop("program", CSC), *args], input=stdin, cwd=options.pop("cwd", self.root), timeout=PATIENCE,
                                 check=False, **options)
        return Result(process.returncode, process.stdout, process.stderr)

    def run(self, *commands, args=(), policy=None, **changes):
        return self.csc("run", *self.inputs(*commands, policy=policy, **changes), *args)

    def start(self, *args, **options):
        """Starts csc, and leaves it running."""
        return subprocess.Popen([CSC, *args], cwd=self.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **options)

    def finish(self, process):
        out, err = process.communicate(timeout=PATIENCE)
        return Result(process.returncode, out, err)

    def receipt(self, name="out/receipt.json"):
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)

    def nothing_written(self):
        """True when csc left nothing in the folder but the inputs."""
        return not os.path.exists(self.path("out")) and not os.listdir(self.work) and \
            not [name for name in os.listdir(self.root) if name.startswith(".csc-")]


def until(condition, what):
    """Waits for something that must happen."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.01)


def is_running(pid):
    """The process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def read_pid(path):
    """The number a command wrote into a file, once it is complete."""
    until(lambda: os.path.exists(path) and open(path, encoding="utf-8").read().endswith("\n"), f"{path} is written")
    with open(path, encoding="utf-8") as file:
        return int(file.read())


def default_signals():
    """What a process started by a shell in the foreground has."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
