# SPDX-License-Identifier: Apache-2.0
"""csc is killed: at random moments, and at every system call it makes; and the disk fails under it. Afterwards every
execution that began is in the ledger once, no approval was used twice, and the ledger is whole.
"""

import collections
import datetime
import json
import os
import random
import re
import shutil
import subprocess
import time

from bench import CSC, PATIENCE, Bench
from tap import Skip, case, cases, equal, main

STRACE, KEYGEN = shutil.which("strace"), shutil.which("ssh-keygen")
LOCAL, HARDENED = "local", "hardened"
LOST = "runner died; outcome unknown"
KILLS = int(os.environ.get("CSC_KILLS", "500"))
EVERY = int(os.environ.get("CSC_EVERY", "5"))  # how many system calls of hardened mode lie between two that kill


class Crashing(Bench):
    """A workspace, a key, and a ledger of its own. Every contract leaves a line in a file of its own when it runs."""

    def __init__(self, mode):
        self.mode = mode

    def __enter__(self):
        super().__enter__()
        os.mkdir(self.path("trusted"), 0o700)
        done = self.csc("keygen", "--out", self.path("trusted/runner"))
        assert done.code == 0, done
        self.ledger = self.path("trusted/ledger/ledger.db")
        self.make_approver()
        self.write("policy.yaml", self.policy())
        os.chmod(self.path("trusted/csc.yaml"), 0o600)
        os.chmod(self.root, 0o755)
        if self.mode == HARDENED and not KEYGEN:
            raise Skip("there is no ssh-keygen here, and hardened mode takes signed approvals only")
        if self.mode == HARDENED and self.csc(*self.arguments("probe", False)).code == 78:
            self.__exit__()
            raise Skip("this host holds no sandbox")
        return self

    def make_approver(self):
        signers, config = self.path("trusted/signers"), "config_version: csc.config.v0.1\nblocked_programs: []\n"
        if KEYGEN:
            subprocess.run([KEYGEN, "-q", "-t", "ed25519", "-N", "", "-f", self.path("trusted/alice")], check=True)
            with open(self.path("trusted/alice.pub"), encoding="utf-8") as file:
                self.write("trusted/signers", f"alice {file.read()}")
            os.chmod(signers, 0o600)
            config += f"approvals: {{allowed_signers: {signers}}}\n"
        self.write("trusted/csc.yaml", config)

    def arguments(self, name, approved):
        """csc run of the contract `name`, which approval lets run once, where `approved` says so."""
        line = self.command("sh", "-c", f"echo ran >> {name}", id="line", write_paths=[self.work + "/**"])
        mode = "human_required" if approved else "policy_only"
        contract = self.write(f"{name}.json", self.contract(line, contract_id=f"contract-{name}", approval_mode=mode))
        arguments = ["run", contract, self.path("policy.yaml"), "--mode", self.mode, "--sign", "--key-id", "runner",
                     "--signing-key", self.path("trusted/runner.key"), "--config", self.path("trusted/csc.yaml"),
                     "--ledger", self.ledger, "--receipt-out", self.path(f"{name}.receipt.json"), "--quiet"]
        return arguments + (["--approval", self.approval(name)] if approved else [])

    def approval(self, name):
        path = self.path(f"{name}.approval.json")
        if not os.path.exists(path):
            now = datetime.datetime.now(datetime.timezone.utc)
            digest = self.csc("hash", "contract", self.path(f"{name}.json")).out.strip()
            self.write(path, {"approval_version": "csc.approval.v0.1", "approval_id": f"approval-{name}",
                              "contract_sha256": digest, "approver": {"identity": "alice", "method": "manual"},
                              "approved_at": now.isoformat(),
                              "expires_at": (now + datetime.timedelta(hours=1)).isoformat(),
                              "scope": "single_execution"})
            if KEYGEN:
                subprocess.run([KEYGEN, "-q", "-Y", "sign", "-n", "csc-approval@v0.1", "-f", self.path("trusted/alice"), path],
                               check=True, capture_output=True)
        return path

    def ran(self, name):
        """How often the command of a contract ran."""
        path = os.path.join(self.work, name)
        if not os.path.exists(path):
            return 0
        with open(path, encoding="utf-8") as file:
            return len(file.readlines())

    def entries(self):
        """{contract: [receipt, ...]} of what the ledger holds."""
        done = self.csc("ledger", "export", "--ledger", self.ledger)
        equal(done.code, 0, done)
        found = collections.defaultdict(list)
        for line in done.out.splitlines():
            receipt = json.loads(line)["receipt"]
            found[receipt["contract_id"].removeprefix("contract-")].append(receipt)
        return found

    def settle(self):
        """The next run that holds a key closes what was left open."""
        done = self.csc(*self.arguments("settle", False))
        equal(done.code, 0, done)
        stats = self.csc("ledger", "stats", "--json", "--ledger", self.ledger).json()
        equal(stats["open_intents"], 0, "executions without a receipt")

    def verify(self):
        done = self.csc("ledger", "verify", "--json", "--ledger", self.ledger, "--key-id", "runner",
                        "--public-key", self.path("trusted/runner.pub"))
        equal(done.code, 0, done)

    def check(self, names, approved, reported=None):
        """What must hold whatever happened, for `names`; what csc reported as done (None: where it wrote a receipt) is in
        the ledger as it was written. Gives how many executions were closed for the dead, and how many began."""
        self.settle()
        self.verify()
        entries = self.entries()
        ids = [receipt["execution_id"] for receipts in entries.values() for receipt in receipts]
        equal(len(ids), len(set(ids)), "execution ids")
        lost = began = 0
        for name in names:
            executions = [receipt for receipt in entries[name] if receipt["status"] != "blocked"]
            lost += sum(receipt["status"] == "failed" and receipt["error"] == LOST for receipt in executions)
            began += len(executions)
            ran = self.ran(name)
            equal(ran <= len(executions), True, f"{name}: ran {ran} times, of which the ledger has {len(executions)}")
            if approved(name):
                equal(len(executions) <= 1, True, f"{name}: executions by an approval for one: {executions}")
            path = self.path(f"{name}.receipt.json")
            if os.path.exists(path) and (reported is None or name in reported):
                with open(path, encoding="utf-8") as file:
                    equal(json.load(file) in entries[name], True, f"{name}: the ledger has the receipt that was written")
        return lost, began


# ---- at random moments ---------------------------------------------------------------------------------------------------

def killed_after(arguments, root, seconds):
    process = subprocess.Popen([CSC, *arguments], cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True


@cases([(f"SIGKILL at {KILLS // 2} random moments: nothing missing, nothing twice ({mode})", mode)
        for mode in (LOCAL, HARDENED)])
def random_moments(mode):
    seed = random.SystemRandom().randrange(1 << 32)
    moments = random.Random(seed)
    with Crashing(mode) as crashing:
        began = time.monotonic()
        for number in range(5):
            crashing.csc(*crashing.arguments(f"warm-{number}", True))
        whole = (time.monotonic() - began) / 5
        names = [f"approved-{number}" for number in range(KILLS // 10)] + [f"free-{number}" for number in range(KILLS // 10)]
        killed = 0
        try:
            while killed < KILLS // 2:
                name = moments.choice(names)
                killed += killed_after(crashing.arguments(name, name.startswith("approved")), crashing.root,
                                       moments.uniform(0, whole))
            lost, executions = crashing.check(names, lambda name: name.startswith("approved"))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        print(f"# {mode}: {killed} killed, {executions} executions in the ledger, {lost} of them closed by a later run")
        equal(lost > 0, True, "some died while a command ran")


# ---- at every system call ------------------------------------------------------------------------------------------------

def strace(crashing, arguments, *options):
    """csc under strace; its children are not traced. Gives the exit code, negative for a signal."""
    done = subprocess.run([STRACE, "-qq", "-o", crashing.path("strace.log"), *options, CSC, *arguments],
                          cwd=crashing.root, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    return done.returncode


def calls_of(crashing, arguments):
    """[(name, number among those of its name), ...] of the system calls of a run, in order."""
    code = strace(crashing, arguments)
    if code != 0:
        raise Skip(f"csc cannot be traced here: exit code {code}")
    counts, calls = collections.Counter(), []
    with open(crashing.path("strace.log"), encoding="utf-8", errors="replace") as file:
        for line in file:
            found = re.match(r"(\w+)\(", line)
            if found:
                counts[found[1]] += 1
                calls.append((found[1], counts[found[1]]))
    return calls


def require_strace():
    if not STRACE:
        raise Skip("there is no strace here")


@cases([(f"SIGKILL at every system call: nothing missing, nothing twice ({mode})", mode, step)
        for mode, step in ((LOCAL, 1), (HARDENED, EVERY))])
def every_call(mode, step):
    require_strace()
    with Crashing(mode) as crashing:
        crashing.csc(*crashing.arguments("warm", True))
        calls = calls_of(crashing, crashing.arguments("traced", True))
        names = []
        for name, number in calls[random.randrange(step)::step]:
            names.append(f"{name}-{number}")
            strace(crashing, crashing.arguments(names[-1], True), "-e", f"inject={name}:signal=KILL:when={number}")
        lost, executions = crashing.check(names, lambda name: True)
        print(f"# {mode}: killed at {len(names)} system calls of {len(calls)}, {executions} executions in the ledger, "
              f"{lost} of them closed by a later run")
        equal(lost > 0, True, "some died while a command ran")


# ---- a disk that fails ---------------------------------------------------------------------------------------------------

FAILING = [("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("fdatasync", "EIO"), ("fsync", "EIO"), ("write", "ENOSPC"),
           ("fallocate", "ENOSPC"), ("ftruncate", "EIO"), ("openat", "EROFS"), ("openat", "EMFILE"), ("mmap", "ENOMEM"),
           ("renameat2", "EIO"), ("renameat", "EIO"), ("fcntl", "EIO"), ("pread64", "EIO")]


@cases([(f"{call} fails with {error}: what csc reports as done is in the ledger", call, error)
        for call, error in FAILING])
def failing(call, error):
    require_strace()
    with Crashing(LOCAL) as crashing:
        crashing.csc(*crashing.arguments("warm", True))
        count = sum(name == call for name, _ in calls_of(crashing, crashing.arguments("traced", True)))
        names, done = [], set()
        for number in range(1, count + 1):
            names.append(f"{call}-{number}")
            arguments = crashing.arguments(names[-1], True)
            if strace(crashing, arguments, "-e", f"inject={call}:error={error}:when={number}") == 0:
                done.add(names[-1])
        crashing.check(names, lambda name: True, done)
        entries = crashing.entries()
        for name in done:
            equal([receipt["status"] for receipt in entries[name]], ["success"], f"{name}, which csc reported as done")


@case("evidence that cannot be written is said beside the run, which is reported")
def lost_evidence():
    require_strace()
    with Crashing(LOCAL) as crashing:
        arguments = [*crashing.arguments("evidence", False), "--evidence-out", crashing.path("evidence.json"), "--json"]
        name, number = [call for call in calls_of(crashing, arguments) if call[0].startswith("rename")][-1]
        done = subprocess.run([STRACE, "-qq", "-o", "/dev/null", "-e", f"inject={name}:error=EIO:when={number}", CSC,
                               *arguments], cwd=crashing.root, capture_output=True, check=False, timeout=PATIENCE, text=True)
        answer = json.loads(done.stdout)
        equal((done.returncode, answer["receipt"]["status"], answer["exit"]), (73, "success", 73), done)
        equal("error: the evidence was not written: " in done.stderr, True, done)
        equal(len(crashing.entries()["evidence"]), 2)


@case("a file system without space: nothing that ran is missing, and what was there stays")
def full():
    if os.getuid() != 0:
        raise Skip("only root can mount a file system that is full")
    with Crashing(LOCAL) as crashing:
        crashing.csc(*crashing.arguments("before", True))
        folder = os.path.dirname(crashing.ledger)
        small = crashing.path("small")
        os.mkdir(small, 0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", small], check=True)
        try:
            for name in os.listdir(folder):
                shutil.copy(os.path.join(folder, name), small)
            crashing.ledger = os.path.join(small, "ledger.db")
            names, done, filler = ["before"], {"before"}, os.path.join(small, "filler")
            for room in (0, 4, 16, 40, 80, 160):
                with open(filler, "wb", buffering=0) as file:
                    try:
                        while file.write(bytes(4096)):
                            pass
                    except OSError:
                        pass
                os.truncate(filler, max(os.path.getsize(filler) - (room << 10), 0))
                names.append(f"room-{room}")
                if crashing.csc(*crashing.arguments(names[-1], True)).code == 0:
                    done.add(names[-1])
            os.unlink(filler)
            crashing.check(names, lambda name: True, done)
            equal(crashing.ran("room-0"), 0, "an approval that cannot be struck off lets nothing run")
        finally:
            subprocess.run(["umount", small], check=True)


if __name__ == "__main__":
    main()
