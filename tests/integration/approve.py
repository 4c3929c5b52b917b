#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""csc approve: what a person is shown and asked, and what is written, by itself and beside ssh-keygen. TAP.

Keys of hardware cannot be tested without the hardware.
"""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

from bench import CSC, PATIENCE, Bench, Result

from tap import Skip, case, cases, equal, main, matches

SSH_KEYGEN = "/usr/bin/ssh-keygen"
NAMESPACE = "csc-approval@v0.1"
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if not name.startswith("SSH_") and name not in ("DISPLAY", "WAYLAND_DISPLAY")}


class Desk(Bench):
    """A workspace with a contract and the key of ann."""

    def __enter__(self):
        super().__enter__()
        if not os.access(SSH_KEYGEN, os.X_OK):
            raise Skip("there is no ssh-keygen")
        os.mkdir(self.path("tmp"))
        self.environment = {**ENVIRONMENT, "TMPDIR": self.path("tmp"), "HOME": self.path("tmp")}
        self.key()
        self.put()
        return self

    def key(self, name="key", passphrase=""):
        self.tool("-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", self.path(name))
        with open(self.path(name + ".pub"), encoding="utf-8") as file:
            self.write("signers", f"ann {file.read()}")

    def tool(self, *args, **options):
        return subprocess.run([SSH_KEYGEN, *args], check=True, capture_output=True, cwd=self.root, timeout=PATIENCE,
                              env=self.environment, **options)

    def put(self, *commands, **changes):
        self.write("contract.json", self.contract(*commands, **{"approval_mode": "human_required", **changes}))

    def alone(self, *args, key=("--ssh-key", "key"), **options):
        """Without a terminal."""
        options.setdefault("env", self.environment)
        return self.csc("approve", "contract.json", "--identity", "ann", *key, *args, start_new_session=True, **options)

    def typed(self, *answers, args=(), key="key", ahead=b""):
        """On a terminal: each answer is (what is waited for, what is typed then); `ahead` is there from the start."""
        argv = [CSC, "approve", "contract.json", "--identity", "ann", "--ssh-key", key, *args]
        begin, ready = os.pipe()
        pid, terminal = pty.fork()
        if pid == 0:
            os.read(begin, 1)
            os.chdir(self.root)
            os.execve(CSC, argv, self.environment)
        os.write(terminal, ahead)
        os.write(ready, b"x")
        os.close(begin)
        os.close(ready)
        out, answers, deadline = b"", list(answers), time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
            out += piece
            if not piece:
                break
            if answers and answers[0][0] in out:
                os.write(terminal, answers.pop(0)[1])
        os.close(terminal)
        return Result(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out, b"")

    def verified(self, name="approval.json"):
        """ssh-keygen says so; the artifact is a valid one."""
        with open(self.path(name), "rb") as file:
            self.tool("-Y", "verify", "-f", "signers", "-I", "ann", "-n", NAMESPACE, "-s", name + ".sig",
                      input=file.read())
        equal(self.csc("validate", "approval", name).code, 0, "csc validate approval")
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)

    def clean(self):
        """Nothing was written, and nothing is left of what was tried."""
        equal([name for name in os.listdir(self.root) if name.startswith((".csc-", "approval"))], [], "files")
        equal(os.listdir(self.path("tmp")), [], "working files")

    def hash(self):
        return self.csc("hash", "contract", "contract.json").out.strip()


ASKED = b"[y/N] "


@case("without a terminal, --yes writes an approval and its signature")
def yes():
    with Desk() as desk:
        result = desk.alone("--yes")
        equal(result.code, 0, str(result))
        equal(result.out, "approval.json\napproval.json.sig\n", "stdout")
        approval = desk.verified()
        equal(approval["contract_sha256"], desk.hash(), "hash")
        equal(approval["approver"], {"identity": "ann", "method": "cli"}, "approver")
        equal(approval["scope"], "single_execution", "scope")
        matches(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", approval["approval_id"])
        equal(sorted(approval), sorted(["approval_version", "approval_id", "contract_sha256", "approver", "approved_at",
                                        "expires_at", "scope"]), "fields")
        matches("csc: approved by 'ann' with the key SHA256:", result.err)
        equal([line for line in result.err.splitlines() if not line.startswith("csc: ")], [], "other lines")
        equal(os.listdir(desk.path("tmp")), [], "working files")


@case("signing by hand gives the same signature")
def by_hand():
    with Desk() as desk:
        equal(desk.alone("--yes").code, 0)
        shutil.copy(desk.path("approval.json"), desk.path("hand.json"))
        desk.tool("-q", "-Y", "sign", "-n", NAMESPACE, "-f", "key", "hand.json")
        with open(desk.path("approval.json.sig"), "rb") as ours, open(desk.path("hand.json.sig"), "rb") as theirs:
            equal(ours.read(), theirs.read(), "signature")


@case("every option arrives in the artifact")
def every_option():
    with Desk() as desk:
        result = desk.alone("--yes", "--expires", "90m", "--scope", "time_window", "--ticket", "OPS-7", "--reason",
                            "why \u00e9", "--out", "other.json", "--ssh-keygen", SSH_KEYGEN, "--json")
        equal(result.code, 0, str(result))
        approval = desk.verified("other.json")
        equal(result.json(), {"approval": approval, "file": "other.json", "signature_file": "other.json.sig",
                              "key": result.json()["key"]})
        matches("^SHA256:[A-Za-z0-9+/]{43}$", result.json()["key"])
        equal((approval["scope"], approval["ticket_id"], approval["reason"]), ("time_window", "OPS-7", "why \u00e9"))
        clock = [re.match(r"(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)\.(\d{6})\+00:00$", approval[name]).groups()
                 for name in ("approved_at", "expires_at")]
        minutes = [int(c[2]) * 1440 + int(c[3]) * 60 + int(c[4]) for c in clock]
        equal(clock[0][5:], clock[1][5:], "seconds")
        if clock[0][1] == clock[1][1]: # within a month
            equal(minutes[1] - minutes[0], 90, "minutes")


@cases([
    ("y", b"y\n", 0), ("yes", b"YES\n", 0), ("n", b"n\n", 1), ("nothing", b"\n", 1), ("a word", b"yeah\n", 1),
    ("an end", b"\x04", 1), ("a long answer", b"y" * 40 + b"\n", 1),
])
def on_a_terminal(answer, code):
    with Desk() as desk:
        result = desk.typed((ASKED, answer))
        equal(result.code, code, str(result))
        if code == 0:
            desk.verified()
        else:
            matches("not approved; nothing was written", result.out)
            desk.clean()


@case("what was typed before the question is no answer")
def typed_ahead():
    with Desk() as desk:
        result = desk.typed((ASKED, b"n\n"), ahead=b"y\n")
        equal(result.code, 1, str(result))
        desk.clean()


@case("interrupted at the question, it writes nothing")
def interrupted():
    with Desk() as desk:
        equal(desk.typed((ASKED, b"\x03")).code, -2)
        desk.clean()


@case("a passphrase is asked for on the terminal")
def passphrase():
    with Desk() as desk:
        desk.key("locked", "secret")
        result = desk.typed((ASKED, b"y\n"), (b"passphrase", b"secret\n"), key="locked")
        equal(result.code, 0, str(result))
        desk.verified()


@case("a wrong passphrase leaves nothing")
def wrong_passphrase():
    with Desk() as desk:
        desk.key("locked", "secret")
        result = desk.typed((ASKED, b"y\n"), (b"passphrase", b"other\n"), key="locked")
        equal(result.code, 1, str(result))
        desk.clean()


@case("interrupted at the passphrase, it leaves nothing")
def interrupted_passphrase():
    with Desk() as desk:
        desk.key("locked", "secret")
        result = desk.typed((ASKED, b"y\n"), (b"passphrase", b"\x03"), key="locked")
        if result.code == 0:
            raise AssertionError(result)
        desk.clean()


@case("--yes is refused where there is a terminal")
def yes_on_a_terminal():
    with Desk() as desk:
        result = desk.typed(args=["--yes"])
        equal(result.code, 64, str(result))
        matches("--yes is for where there is no terminal", result.out)
        desk.clean()


REFUSALS = [
    ("neither a terminal nor --yes", [], {}, 64, "there is no terminal to ask on"),
    ("no key", ["--yes"], {"key": ()}, 64, "missing option '--ssh-key KEY' or '--agent'"),
    ("a key that is not there", ["--yes"], {"key": ("--ssh-key", "absent")}, 1, "signed nothing"),
    ("a key that is none", ["--yes"], {"key": ("--ssh-key", "contract.json")}, 1, "signed nothing"),
    ("no agent", ["--yes"], {"key": ("--agent",)}, 78, "there is no agent with a key"),
    ("another ssh-keygen", ["--yes", "--ssh-keygen", "/nonexistent"], {}, 78, "cannot execute '/nonexistent'"),
    ("ssh-keygen by name", ["--yes", "--ssh-keygen", "ssh-keygen"], {}, 64, "no absolute path"),
    ("one that makes nothing", ["--yes", "--ssh-keygen", "/bin/true"], {}, 70, "cannot read the signature"),
    ("no number", ["--yes", "--expires", "h"], {}, 64, "no time between"),
    ("no unit", ["--yes", "--expires", "60"], {}, 64, "no time between"),
    ("no time", ["--yes", "--expires", "0s"], {}, 64, "no time between"),
    ("a time before now", ["--yes", "--expires=-1h"], {}, 64, "no time between"),
    ("too long", ["--yes", "--expires", "31d"], {}, 64, "no time between"),
    ("two units", ["--yes", "--expires", "1h30m"], {}, 64, "no time between"),
    ("more digits than are", ["--yes", "--expires", "99999999999999999999d"], {}, 64, "no time between"),
    ("another scope", ["--yes", "--scope", "always"], {}, 64, "unknown scope"),
    ("a reason that is too long", ["--yes", "--reason", "x" * 4001], {}, 65, "reason"),
    ("a folder that is not there", ["--yes", "--out", "absent/approval.json"], {}, 73, "absent"),
]


@cases(REFUSALS)
def refused(args, options, code, says):
    with Desk() as desk:
        result = desk.alone(*args, **options)
        equal(result.code, code, str(result))
        matches(re.escape(says), result.err)
        equal(result.out, "", "stdout")
        desk.clean()


@cases([(repr(identity), identity) for identity in
        ("*", "a?n", "ann,bob", "!ann", "ann bob", "ann\nbob", "-ann", "an\u200bn", "ann\x1b[m", "#ann", "\"ann\"")])
def hostile_identities(identity):
    with Desk() as desk:
        result = desk.csc("approve", "contract.json", f"--identity={identity}", "--ssh-key", "key", "--yes",
                          start_new_session=True, env=desk.environment)
        equal(result.code, 64, str(result))
        matches("has white space or special characters", result.err)
        desk.clean()


@cases([("the approval", "approval.json"), ("the signature", "approval.json.sig")])
def existing(name):
    with Desk() as desk:
        desk.write(name, "old")
        result = desk.alone("--yes")
        equal(result.code, 73, str(result))
        matches("exists already", result.err)
        with open(desk.path(name), encoding="utf-8") as file:
            equal(file.read(), "old", name)
        equal(len([other for other in os.listdir(desk.root) if other.startswith("approval")]), 1, "files")


@case("a symlink is not written through")
def symlink():
    with Desk() as desk:
        os.symlink("elsewhere", desk.path("approval.json"))
        equal(desk.alone("--yes").code, 73)
        equal(os.path.exists(desk.path("elsewhere")), False, "written")


@case("what the policy denies is not approved")
def denied():
    with Desk() as desk:
        desk.put(["mv", "a", "b"])
        desk.write("policy.yaml", desk.policy())
        result = desk.alone("--yes", "--policy", "policy.yaml")
        equal(result.code, 1, str(result))
        matches("deny COMMAND_NOT_ALLOWED", result.err)
        matches("no approval lifts a denial", result.err)
        desk.clean()
        result = desk.typed(args=["--policy", "policy.yaml"])
        equal(result.code, 1, str(result))
        equal(ASKED.decode() in result.out, False, "asked")


@case("it says where no approval is needed")
def not_needed():
    with Desk() as desk:
        desk.put(approval_mode="policy_only")
        desk.write("policy.yaml", desk.policy())
        matches("no approval is needed", desk.alone("--yes", "--policy", "policy.yaml").err)
        matches("asks for no approval; a policy may", desk.alone("--yes", "--out", "b.json").err)


@case("it says what the policy said")
def needed():
    with Desk() as desk:
        desk.write("policy.yaml", desk.policy())
        result = desk.alone("--yes", "--policy", "policy.yaml")
        equal(result.code, 0, str(result))
        matches("policy +tests: needs_approval HUMAN_APPROVAL_REQUIRED|policy +tests: needs_approval", result.err)


@case("dual control is not for who asked")
def initiating_user():
    with Desk() as desk:
        desk.put(approval_mode="dual_control_required", actor={"agent_id": "a", "session_id": "s",
                                                               "initiating_user": "ANN", "delegation_scope": "d"})
        result = desk.alone("--yes")
        equal(result.code, 1, str(result))
        matches("two others must approve", result.err)
        desk.clean()


@case("a contract over the runner's limits is not approved")
def over_limits():
    with Desk() as desk:
        desk.put(["true", *["x"] * 200])
        equal(desk.alone("--yes").code, 65)
        desk.clean()


@case("the contract can be standard input")
def standard_input():
    with Desk() as desk:
        with open(desk.path("contract.json"), "rb") as file:
            result = desk.csc("approve", "-", "--identity", "ann", "--ssh-key", "key", "--yes", stdin=file.read(),
                              start_new_session=True, env=desk.environment)
        equal(result.code, 0, str(result))
        desk.verified()


@case("errors are JSON with --json")
def json_errors():
    with Desk() as desk:
        result = desk.alone("--yes", "--json", key=("--ssh-key", "absent"))
        equal(result.code, 1, str(result))
        equal(result.json()["error"]["code"], 1)


class Agent:
    """An ssh-agent."""

    def __init__(self, desk):
        self.desk = desk

    def __enter__(self):
        out = subprocess.run(["ssh-agent", "-s", "-a", self.desk.path("agent")], check=True, capture_output=True,
                             text=True, timeout=PATIENCE).stdout
        self.pid = int(re.search(r"SSH_AGENT_PID=(\d+)", out)[1])
        self.desk.environment["SSH_AUTH_SOCK"] = self.desk.path("agent")
        return self

    def __exit__(self, *_):
        os.kill(self.pid, 15)

    def add(self, name):
        subprocess.run(["ssh-add", "-q", self.desk.path(name)], check=True, capture_output=True, timeout=PATIENCE,
                       env=self.desk.environment, stdin=subprocess.DEVNULL)


@case("the agent's only key signs")
def agent_key():
    with Desk() as desk, Agent(desk) as agent:
        agent.add("key")
        os.unlink(desk.path("key"))
        equal(desk.alone("--yes", key=("--agent",)).code, 0)
        desk.verified()


@case("of several keys in the agent, the one that is named signs")
def agent_keys():
    with Desk() as desk, Agent(desk) as agent:
        agent.add("key")
        desk.key("other")
        agent.add("other")
        result = desk.alone("--yes", key=("--agent",))
        equal(result.code, 64, str(result))
        matches("several keys", result.err)
        desk.clean()
        os.unlink(desk.path("other"))
        equal(desk.alone("--yes", key=("--agent", "--ssh-key", "other.pub")).code, 0)
        desk.verified()


@case("a key that the agent does not have leaves nothing")
def agent_without():
    with Desk() as desk, Agent(desk) as agent:
        agent.add("key")
        desk.key("other")
        equal(desk.alone("--yes", key=("--agent", "--ssh-key", "other.pub")).code, 1)
        desk.clean()


@case("what is shown: boundaries, scopes, effects, and nothing that acts on a terminal or hides")
def shown():
    hostile = "\u202e\x1b[31m\u200b\u200d\u00a0\u2800\x7f\u2066"
    with Desk() as desk:
        desk.write("policy.yaml", desk.policy(allow_commands=["git", "cat", "sort"]))
        first = desk.command("git", "push", "a b", "q\"\\x1b", hostile, read_paths=[desk.work, "/two words"],
                             network="full", env_allow=["HOME"], secret_refs=["token"], timeout_sec=7)
        second = desk.command(id="pipe\nid", segments=[["cat", "x"], ["sort"]], write_paths=[desk.work])
        desk.put(first, second, risk_class="high", expected_outputs=[desk.work + "/out"], intent=hostile,
                 justification="first line\nIn short\n  risk         none\r\x1b[2J" + hostile)
        result = desk.typed(args=["--policy", "policy.yaml"])  # denied, and shown all the same
        text = result.out.replace("\r\n", "\n")
        for pattern in (r'runs +git push "a b" "q\\"\\\\x1b" "\\u202e\\x1b\[31m\\u200b\\u200d\\u00a0\\u2800\\x7f\\u2066"',
                        r'may read +\S+/work, "/two words"', r"may write +nothing", r"network +full",
                        r"environment +HOME", r"secrets +token", r"for at most +7 s",
                        r'effect +observe, as the agent says; deploy by the rule "git push',
                        r'Command 2 of 2, "pipe\\x0aid", a pipeline\n +runs +cat x\n +\| into +sort\n',
                        r"results in +\S+/work/out", r"\n  \| first line\n  \| In short\n  \|   risk +none\\x0d\\x1b\[2J",
                        r"nobody has checked", r"\nIn short\n +commands +2\n +risk +high", r"policy +tests: deny",
                        r"SHA-256 +" + desk.hash()):
            matches(pattern, text)
        found = re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2066-\u2069\u2800]", text)
        equal(found, [], "characters that act or hide")


if __name__ == "__main__":
    sys.exit(main())
