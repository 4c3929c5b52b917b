# SPDX-License-Identifier: Apache-2.0
"""csc run with approvals: whose count, for what, until when, and that one for a single execution works once."""

import contextlib
import datetime
import json
import os
import shutil
import sqlite3
import subprocess

from bench import CSC, Bench
from tap import Skip, case, cases, equal, main, matches

STRACE = shutil.which("strace")
NAMESPACE = "csc-approval@v0.1"
KEYGEN = shutil.which("ssh-keygen")
BLOCKED, NEEDS_APPROVAL, NO_OUTPUT = 1, 2, 73


class Office(Bench):
    """A contract that needs approval, and people with keys."""

    def __init__(self, mode="human_required"):
        self.mode = mode

    def __enter__(self):
        if not KEYGEN:
            raise Skip("there is no ssh-keygen here")
        super().__enter__()
        self.contract_path, self.policy_path = self.inputs(["touch", "ran"], approval_mode=self.mode)
        return self

    def inputs(self, *commands, policy=None, **changes):
        made = [self.command(*argv, write_paths=[self.work + "/**"]) for argv in commands]
        return super().inputs(*made, policy=policy, **changes)

    def key(self, name):
        path = self.path(f"key-{name}")
        if not os.path.exists(path):
            subprocess.run([KEYGEN, "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
        return path

    def public(self, name):
        with open(self.key(name) + ".pub", encoding="utf-8") as file:
            return " ".join(file.read().split()[:2])

    def signers(self, *lines):
        """An allowed signers file of (identity, key, options) or whole lines."""
        text = "".join(line if isinstance(line, str) else
                       f'{line[0]} {line[2] if len(line) > 2 else f"namespaces={chr(34)}{NAMESPACE}{chr(34)}"} '
                       f'{self.public(line[1])}\n' for line in lines)
        path = self.write("signers", text)
        os.chmod(path, 0o600)
        return path

    def approve(self, name, identity="alice", key=None, namespace=NAMESPACE, sign=True, **changes):
        """approval-NAME.json, and its signature by a key (the identity's)."""
        now = datetime.datetime.now(datetime.timezone.utc)
        digest = self.csc("hash", "contract", self.contract_path).out.strip()
        path = self.write(f"approval-{name}.json", {
            "approval_version": "csc.approval.v0.1", "approval_id": f"approval-{name}", "contract_sha256": digest,
            "approver": {"identity": identity, "method": "manual"}, "approved_at": now.isoformat(),
            "expires_at": (now + datetime.timedelta(hours=1)).isoformat(), "scope": "single_execution", **changes})
        if sign:
            self.sign(path, key or identity, namespace)
        return path

    def sign(self, path, key, namespace=NAMESPACE):
        if os.path.exists(path + ".sig"):
            os.unlink(path + ".sig")
        subprocess.run([KEYGEN, "-q", "-Y", "sign", "-n", namespace, "-f", self.key(key), path], check=True,
                       capture_output=True, stdin=subprocess.DEVNULL)

    def arguments(self, *approvals, signers=None):
        signers = ["--allowed-signers", signers or self.signers(("alice", "alice"), ("bob", "bob"))]
        return ["run", self.contract_path, self.policy_path, *signers,
                *[word for path in approvals for word in ("--approval", path)]]

    def attempt(self, *approvals, signers=None, args=()):
        result = self.csc(*self.arguments(*approvals, signers=signers), *args)
        return result, self.receipt() if os.path.exists(self.path("out/receipt.json")) else None

    def ran(self):
        return os.path.exists(os.path.join(self.work, "ran"))


def refused(office, attempt, words, code=BLOCKED, status="blocked"):
    result, receipt = attempt
    equal((result.code, receipt["status"], office.ran()), (code, status, False), result)
    matches(words, receipt["error"], "error")
    matches(words, result.err, "what csc says")


@case("an approval lets it run, once")
def once():
    with Office() as office:
        refused(office, office.attempt(), "APPROVAL_REQUIRED", NEEDS_APPROVAL)
        approval = office.approve("a")
        result, receipt = office.attempt(approval)
        equal((result.code, receipt["status"], office.ran()), (0, "success", True), result)
        equal("warning" in result.err or "not signed" in result.err, False, result.err)
        os.unlink(os.path.join(office.work, "ran"))
        refused(office, office.attempt(approval), r"approval 'approval-a' was used before")


@case("an approval of a time window lets it run again and again")
def window():
    with Office() as office:
        approval = office.approve("w", scope="time_window")
        for _ in range(3):
            equal(office.attempt(approval)[0].code, 0)
        equal(office.csc("run", *office.arguments(approval)[1:], "--ledger", "none").code, 0, "no ledger is needed")


@case("an approval for a single execution needs a ledger")
def no_ledger():
    with Office() as office:
        approval = office.approve("n")
        refused(office, office.attempt(approval, args=["--ledger", "none"]), "only a ledger can hold it to")
        refused(office, office.attempt(approval, args=["--ledger", office.path("policy.yaml")]), "only a ledger", NO_OUTPUT)
        equal(office.attempt(approval)[0].code, 0, "it was not used up by that")


@case("an approval that expires while a command is being prepared keeps it from starting")
def expires_before_start():
    if not STRACE:
        raise Skip("there is no strace here")
    with Office() as office:
        approval = office.approve("e", expires_at=later(seconds=3))
        traced = [STRACE, "-qq", "-o", office.path("strace.log"), "-e", "trace=ppoll"]
        late = ["-e", "inject=ppoll:delay_enter=3500000:when=1"]  # the last look at the world before the command starts
        done = subprocess.run([*traced, *late, CSC, *office.arguments(approval)], cwd=office.root, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False, text=True)
        receipt = office.receipt()
        equal((receipt["status"], office.ran()), ("expired", False), done)
        equal(receipt["error"], "an approval expired before command 'one' could start")
        equal("exit_code" in receipt, False)


def later(**delta):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**delta)).isoformat()


HASH = "0" * 64
# what is wrong, how the approval is made, the allowed signers, what csc says, status
FORGED = [
    ("for another contract", {"contract_sha256": HASH}, None, "contract", "blocked"),
    ("expired", {"approved_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-01T01:00:00Z"}, None, "expired", "expired"),
    ("from the future", {"approved_at": later(minutes=30)}, None, "approved_at|future|clock", "blocked"),
    ("signed for something else", {"namespace": "file"}, None, "signature", "blocked"),
    ("signed by somebody else", {"key": "bob"}, None, "signature", "blocked"),
    ("of an unknown identity", {"identity": "mallory"}, None, "mallory", "blocked"),
    ("by a key that is valid for another namespace", {}, [("alice", "alice", 'namespaces="git"')], "signature|alice", "blocked"),
    ("by a key that is not valid yet", {}, [("alice", "alice", 'valid-after="20990101"')], "signature|alice", "blocked"),
    ("by a key that is not valid any more", {}, [("alice", "alice", 'valid-before="20200101"')], "signature|alice", "blocked"),
    ("with an identity that is a pattern", {"identity": "*", "key": "alice"}, None, "identity|pattern", "blocked"),
    ("with an identity that is an option", {"identity": "-Oprint-pubkey", "key": "alice"}, None, "identity|signature",
     "blocked"),
]


@cases([(f"an approval {what} lets nothing run", made, signers, words, status)
        for what, made, signers, words, status in FORGED])
def forged(made, signers, words, status):
    with Office() as office:
        approval = office.approve("f", **made)
        refused(office, office.attempt(approval, signers=signers and office.signers(*signers)), words, status=status)


@case("an approval that was changed after it was signed lets nothing run")
def edited():
    with Office() as office:
        approval = office.approve("e")
        with open(approval, "ab") as file:
            file.write(b"\n")
        refused(office, office.attempt(approval), "signature")


@case("a signature that is none, of another approval, or without end")
def wrong_signatures():
    with Office() as office:
        approval, other = office.approve("s"), office.approve("o")
        for content in (b"", b"-----BEGIN SSH SIGNATURE-----\n", bytes(70000), open(other + ".sig", "rb").read()):
            with open(approval + ".sig", "wb") as file:
                file.write(content)
            result, _ = office.attempt(approval)
            equal((result.code in (1, 65), office.ran()), (True, False), result)


@case("a key that was revoked")
def revoked():
    with Office() as office:
        approval = office.approve("r")
        revoked_keys = office.write("revoked", office.public("alice") + "\n")
        config = office.write("csc.yaml", f"config_version: csc.config.v0.1\napprovals: {{revoked_keys: {revoked_keys}}}\n")
        os.chmod(revoked_keys, 0o600)
        refused(office, office.attempt(approval, args=["--config", config]), "signature|revoked")


@case("a clock that is ahead is forgiven as far as the configuration says")
def skew():
    with Office() as office:
        config = office.write("csc.yaml", "config_version: csc.config.v0.1\napprovals: {clock_skew_sec: 600}\n")
        approval = office.approve("k", approved_at=later(minutes=5))
        refused(office, office.attempt(approval), "approved_at|future|clock")
        equal(office.attempt(approval, args=["--config", config])[0].code, 0)


@case("an approval that is not signed: local mode warns, hardened mode refuses")
def unsigned():
    with Office() as office:
        approval = office.approve("u", sign=False)
        key = office.path("runner")
        equal(office.csc("keygen", "--out", key).code, 0)
        hardened = ["--mode", "hardened", "--sign", "--signing-key", key + ".key", "--key-id", "k"]
        config = ["--config", office.write("csc.yaml", "config_version: csc.config.v0.1\n")]
        refused(office, office.attempt(approval, args=hardened + config), "sign")
        result, _ = office.attempt(approval)
        equal((result.code, office.ran()), (0, True), result)
        matches("not signed", result.err)


@case("a good approval does not heal a bad one")
def beside():
    with Office() as office:
        refused(office, office.attempt(office.approve("good"), office.approve("bad", key="bob")), "signature")
        equal(office.attempt(office.path("approval-good.json"))[0].code, 0, "the good one was not used up")


DUAL = [
    ("one approval", [("alice", "alice")], NEEDS_APPROVAL, "1 of 2 approvals"),
    ("the same person twice", [("alice", "alice"), ("alice", "alice")], None, "alice|two|different"),
    ("one key under two names", [("alice", "alice"), ("bob", "alice")], None, "key"),
    ("the user who asked", [("alice", "alice"), ("user", "user")], None, "user"),
    ("two people", [("alice", "alice"), ("bob", "bob")], 0, ""),
]


@cases([(f"dual control: {what}", people, code, words) for what, people, code, words in DUAL])
def dual(people, code, words):
    with Office("dual_control_required") as office:
        signers = office.signers(("alice", "alice"), ("bob", "bob"), ("bob", "alice"), ("user", "user"))
        approvals = [office.approve(str(number), identity, key) for number, (identity, key) in enumerate(people)]
        result, receipt = office.attempt(*approvals, signers=signers)
        if code == 0:
            equal((result.code, office.ran()), (0, True), result)
            refused_again, _ = office.attempt(*approvals, signers=signers)
            equal(refused_again.code, BLOCKED)
        else:
            equal((result.code in ((code,) if code else (BLOCKED, NEEDS_APPROVAL)), office.ran()), (True, False), result)
            matches(words, receipt["error"])


@case("of 64 that race with one approval exactly one runs")
def race():
    with Office() as office:
        approval = office.approve("race", scope="single_execution")
        office.write("policy.yaml", office.policy())
        arguments = office.arguments(approval)
        ended = [subprocess.Popen([CSC, *arguments, "--receipt-out", office.path(f"receipt-{number}.json"), "--quiet"],
                                  cwd=office.root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE) for number in range(64)]
        errors = [process.communicate()[1] for process in ended]
        codes = sorted(process.returncode for process in ended)
        equal(codes, [0] + [BLOCKED] * 63, errors)
        statuses = []
        for number in range(64):
            with open(office.path(f"receipt-{number}.json"), encoding="utf-8") as file:
                statuses.append(json.load(file)["status"])
        equal(sorted(statuses), ["blocked"] * 63 + ["success"])


@cases([(f"dual control: who asked calls himself {name!r}", name) for name in ("bob ", "bob\u200b", "b*b", "\u202ebob")])
def disguised(name):
    with Office("dual_control_required") as office:
        actor = {"agent_id": "agent", "session_id": "session", "initiating_user": name, "delegation_scope": "tests"}
        office.inputs(["touch", "ran"], approval_mode="dual_control_required", actor=actor)
        approvals = [office.approve("1", "alice"), office.approve("2", "bob")]
        refused(office, office.attempt(*approvals), "the user who asked")


@case("an approval is not used up by a run that the boundary refuses")
def refused_by_boundary():
    with Office() as office:
        key = office.path("runner")
        equal(office.csc("keygen", "--out", key).code, 0)
        config = office.write("csc.yaml", "config_version: csc.config.v0.1\n")
        options = ["--mode", "hardened", "--sign", "--signing-key", key + ".key", "--key-id", "k", "--config", config]
        missing = os.path.join(office.work, "missing")
        office.write("contract.json", office.contract(office.command("touch", "ran", read_paths=[missing],
                                                                     write_paths=[office.work + "/**"]),
                                                      approval_mode="human_required"))
        approval = office.approve("b")
        result, receipt = office.attempt(approval, args=options)
        if result.code == 78:
            raise Skip("this host holds no sandbox")
        equal((result.code, receipt["status"]), (1, "failed"), result)
        os.mkdir(missing)
        equal(office.attempt(approval, args=options)[0].code, 0)


@case("an unsigned approval does not use up the id of a signed one")
def burnt():
    with Office() as office:
        approval = office.approve("x", sign=False)
        equal(office.attempt(approval)[0].code, 0)
        office.sign(approval, "alice")
        equal(office.attempt(approval)[0].code, 0)


@case("an approval does not lift a denial")
def denied():
    with Office() as office:
        office.write("policy.yaml", office.policy(allow_commands=["true"]))
        refused(office, office.attempt(office.approve("d")), "COMMAND_NOT_ALLOWED")


@case("the evidence names who approved, with which key, under which ticket")
def named():
    with Office() as office:
        approval = office.approve("t", ticket_id="OPS-7")
        key = office.path("runner")
        equal(office.csc("keygen", "--out", key).code, 0)
        result, _ = office.attempt(approval, args=["--sign", "--signing-key", key + ".key", "--key-id", "k",
                                                   "--evidence-out", office.path("evidence.json")])
        equal(result.code, 0, result)
        shown = office.csc("verify-evidence", office.path("evidence.json"), "--public-key", key + ".pub", "--json")
        equal(shown.code, 0, shown)
        fingerprint = subprocess.run([KEYGEN, "-lf", office.key("alice")], check=True, capture_output=True,
                                     text=True).stdout.split()[1]
        for word in ("alice", fingerprint, "OPS-7", "approval-t"):
            matches(word.replace("+", r"\+").replace("/", r"\\?/"), shown.out)


def sql(path, text):
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        equal(database.execute(text).rowcount > 0, True, text)


# what somebody does to the ledger of two runs with approvals, and what verify finds in the second
TAMPERED = [
    ("a used approval is taken away", "DELETE FROM approvals WHERE approval_id LIKE '%approval-2'", "used up approval 'approval-2'"),
    ("it was another execution's", "UPDATE approvals SET execution_id = (SELECT execution_id FROM entries WHERE idx = 0)",
     "used up approval 'approval-2'"),
    ("another approver", "UPDATE approvals SET identity = 'bob' WHERE approval_id LIKE '%approval-2'", "used up approval"),
    ("another key", "UPDATE approvals SET key = 'x' WHERE approval_id LIKE '%approval-2'", "used up approval"),
    ("another agent", "UPDATE entries SET agent_id = 'x' WHERE idx = 1", "another agent_id than its evidence"),
    ("another session", "UPDATE entries SET session_id = 'x' WHERE idx = 1", "another session_id"),
    ("another user", "UPDATE entries SET initiating_user = 'x' WHERE idx = 1", "another initiating_user"),
    ("nobody", "UPDATE entries SET agent_id = NULL WHERE idx = 1", "another agent_id"),
]


@cases([(f"{name}, {'signed' if sign else 'unsigned'}", sign, text, words) for name, text, words in TAMPERED for sign in (True, False)
        if sign or "approvals" in text])
def tampered(sign, text, words):
    with Office() as office:
        key, ledger = office.path("runner"), office.path("ledger.db")
        equal(office.csc("keygen", "--out", key).code, 0)
        arguments = ["--sign", "--signing-key", key + ".key", "--key-id", "k", "--ledger", ledger]
        verify = ["ledger", "verify", "--ledger", ledger, "--public-key", key + ".pub", "--key-id", "k"]
        for name in ("1", "2"):
            result, _ = office.attempt(office.approve(name, sign=sign), args=arguments)
            equal(result.code, 0, result)
        refused_run = office.attempt(office.approve("2", sign=sign), args=arguments)[0]
        equal(refused_run.code, BLOCKED, refused_run)
        equal(office.csc(*verify).code, 0, "a refused run used nothing up")
        if not sign:  # both names under which one without a signature may have been kept
            with contextlib.closing(sqlite3.connect(ledger)) as database, database:
                database.execute("UPDATE approvals SET approval_id = '(unsigned) ' || approval_id WHERE approval_id LIKE 'approval%'")
            equal(office.csc(*verify).code, 0, "it has the other name")
        sql(ledger, text)
        result = office.csc(*verify)
        equal(result.code, 1, result)
        matches(r"(?m)^provable gap: entry [01]: .*" + words.replace("approval-2", "approval-[12]"), result.out)


if __name__ == "__main__":
    main()
