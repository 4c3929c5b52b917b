# SPDX-License-Identifier: Apache-2.0
"""csc ledger: what it lists, shows, proves and finds out, with ledgers that LEDGER_TOOL writes as csc run would."""

import base64
import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import termios

from bench import Bench, Result, CSC, PATIENCE
from tap import Skip, case, cases, equal, main, matches

TOOL, PEAK = os.environ["LEDGER_TOOL"], os.environ["PEAK"]
SHA = "a1" * 32
OTHER_SHA = "b2" * 32
HOSTILE = "\x1b[31mred\x1b[0m \u202e\u009b31m line\nline"


def execution_id(number):
    return f"{number:08x}-0000-4000-8000-000000000000"


def receipt(number=0, **changes):
    made = {"receipt_version": "csc.receipt.v0.1", "contract_id": f"contract-{number}", "contract_sha256": SHA,
            "execution_id": execution_id(number), "started_at": f"2026-03-{number % 28 + 1:02}T10:00:00Z",
            "ended_at": f"2026-03-{number % 28 + 1:02}T10:00:05Z", "policy_profile": "tests", "status": "success",
            "exit_code": 0, "stdout_hash": "sha256:" + SHA, "stderr_hash": "sha256:" + SHA, "policy_sha256": OTHER_SHA,
            "execution_mode": "local"}
    return {key: value for key, value in {**made, **changes}.items() if value is not None}


def entry(number=0, **changes):
    """A line for the tool; what is no field of its own goes into the receipt."""
    own = {key: changes.pop(key) for key in ("sign", "agent", "session", "user", "evidence") if key in changes}
    return {"receipt": receipt(number, **changes), "agent": f"agent-{number % 2}", "user": f"user-{number % 3}", **own}


def runner(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        start_time = int(file.read().rpartition(")")[2].split()[19])
    with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
        boot_id = file.read().strip()
    return {"pid": pid, "start_time": start_time, "boot_id": boot_id, "pid_namespace": os.stat("/proc/self/ns/pid").st_ino}


def intent(number, state="running", **changes):
    made = {"execution_id": execution_id(number), "contract_id": f"contract-{number}", "contract_sha256": SHA,
            "policy_sha256": OTHER_SHA, "started_at": 1774000000 * 10**6, "agent": "agent-0", **runner(os.getpid())}
    made["start_time"] += state == "died"
    made["pid_namespace"] += state == "unknown"
    return {**made, **changes}


class Ledger:
    """A ledger in a bench."""

    def __init__(self, bench, *lines, signed=False):
        self.bench, self.path = bench, bench.path("ledger", "ledger.db")
        self.keys, self.key_id = [], "runner-1"
        if signed:
            equal(bench.csc("keygen", "--out", bench.path("k")).code, 0)
        self.write(*lines)

    def write(self, *lines):
        result = self.try_to_write(*lines)
        equal(result.returncode, 0, result.stderr)
        # The tool is the runner, and dead: without its lock, what it wrote of another process counts.
        if any("receipt" not in line for line in lines):
            os.unlink(self.path + "-runners")

    def try_to_write(self, *lines):
        key = [self.bench.path("k.key"), self.key_id] if os.path.exists(self.bench.path("k.key")) else []
        return subprocess.run([TOOL, self.path, *key], input="".join(json.dumps(line) + "\n" for line in lines),
                              encoding="utf-8", capture_output=True, check=False, timeout=PATIENCE)

    def sql(self, text):
        """By hand, as somebody who can write the file would."""
        with contextlib.closing(sqlite3.connect(self.path)) as database, database:
            database.execute(text)

    def csc(self, command, *args, **options):
        return self.bench.csc("ledger", command, *args, "--ledger", self.path, **options)

    def json(self, command, *args):
        result = self.csc(command, *args, "--json")
        equal((result.code, result.err), (0, ""), result)
        return result.json()

    def listed(self, *args):
        return [int(one["index"]) for one in self.json("list", *args)["entries"]]

    def sign_checkpoint(self, name):
        result = self.csc("checkpoint", "--sign", "--signing-key", self.bench.path("k.key"), "--key-id", "runner-1",
                          "--out", self.bench.path(name))
        equal((result.code, result.out, result.err), (0, "", ""), result)
        return self.bench.path(name)

    def verify(self, *args):
        return self.csc("verify", "--public-key", self.bench.path("k.pub"), "--key-id", "runner-1", *args)

    def terminal(self, *args, columns=80, rows=24, stdout_only=False, **environment):
        """What csc ledger prints on a terminal, and its exit code."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        env = {"PATH": os.environ["PATH"], "TERM": "xterm", **environment}
        error = subprocess.PIPE if stdout_only else theirs
        process = subprocess.Popen([CSC, "ledger", *args, "--ledger", self.path], stdin=theirs, stdout=theirs,
                                   stderr=error, env=env, start_new_session=True)
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        os.close(ours)
        code = process.wait(timeout=PATIENCE)
        if stdout_only:
            process.stderr.close()
        return seen.decode().replace("\r\n", "\n"), code


def ten(bench, **options):
    return Ledger(bench, *(entry(n, status="failed" if n % 5 == 4 else "success", exit_code=n % 5) for n in range(10)),
                  **options)


# ---- list ------------------------------------------------------------------------------------------------------------

@cases([
    ("all, the newest first", [], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
    ("limit", ["--limit", "3"], [9, 8, 7]),
    ("status", ["--status", "failed"], [9, 4]),
    ("a status that none has", ["--status", "expired"], []),
    ("agent", ["--agent", "agent-1"], [9, 7, 5, 3, 1]),
    ("user", ["--user", "user-0"], [9, 6, 3, 0]),
    ("two filters", ["--user", "user-0", "--agent", "agent-0"], [6, 0]),
    ("contract by id", ["--contract", "contract-7"], [7]),
    ("contract by hash", ["--contract", SHA, "--limit", "1"], [9]),
    ("policy by profile", ["--policy", "tests", "--limit", "1"], [9]),
    ("policy by hash", ["--policy", OTHER_SHA, "--limit", "1"], [9]),
    ("another policy", ["--policy", "other"], []),
    ("since a date", ["--since", "2026-03-09"], [9, 8]),
    ("until a date, its end", ["--until", "2026-03-02"], [1, 0]),
    ("since a date-time, that one included", ["--since", "2026-03-10T10:00:00Z"], [9]),
    ("until a date-time before", ["--until", "2026-03-01T09:59:59Z"], []),
    ("since and until", ["--since", "2026-03-04", "--until", "2026-03-06T12:00:00+01:00"], [5, 4, 3]),
    ("since long ago", ["--since", "5200w"], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
    ("SQL in a filter", ["--agent", "x' OR '1'='1"], []),
])
def listed(args, indexes):
    with Bench() as bench:
        equal(ten(bench).listed(*args), indexes)


@cases([
    ("unknown status", ["list", "--status", "good"], r"unknown status 'good'; there are: success, failed, blocked, expired"),
    ("no time", ["list", "--since", "yesterday"], r"--since 'yesterday' is no point in time; give"),
    ("no calendar's date", ["export", "--until", "2026-02-30"], r"--until '2026-02-30' is no point in time"),
    ("since after until", ["list", "--since", "2026-02-02", "--until", "2026-02-01"], r"--since is later than --until"),
    ("limit of nothing", ["list", "--limit", "0"], r"--limit '0' is no number of entries"),
    ("limit that is too much", ["list", "--limit", "99999999999999999999"], r"--limit"),
    ("no subcommand", [], r"no subcommand given; there are: list, show, verify, prove, checkpoint, export, stats"),
    ("unknown subcommand", ["lst"], r"unknown subcommand 'lst'; there are: list, .*; see csc ledger --help"),
    ("an option for a subcommand", ["--json"], r"unknown option '--json'; see csc ledger --help"),
    ("a subcommand's option", ["list", "--bogus"], r"unknown option '--bogus'; see csc ledger list --help"),
    ("show without an id", ["show"], r"missing ID"),
    ("two forms", ["show", "x", "--receipt", "--json"], r"--receipt, --evidence and --json are three things"),
    ("a key without a name", ["verify", "--public-key", "x"], r"are for each other"),
    ("17 checkpoints", ["verify"] + ["--checkpoint", "x"] * 17, r"'--checkpoint' is given more than 16 times"),
    ("sign without a key", ["checkpoint", "--sign"], r"--sign needs"),
    ("a key without sign", ["checkpoint", "--signing-key", "x"], r"are for --sign"),
    ("vkey without a key", ["checkpoint", "--vkey"], r"--vkey and --public-key PATH are for each other"),
    ("vkey and sign", ["checkpoint", "--vkey", "--sign"], r"two things"),
    ("the ledger none", ["list", "--ledger", "none"], r"there is no ledger: it is 'none'"),
])
def usage(args, message):
    with Bench() as bench:
        result = bench.csc("ledger", *args)
        equal((result.code, "" if "--json" in args else result.out), (64, ""), result)
        matches(message, result.err)


@case("help of a subcommand, both ways")
def help_of_subcommand():
    with Bench() as bench:
        matches(r"usage: csc ledger list \[--ledger PATH\]", bench.csc("ledger", "list", "--help").out)
        equal(bench.csc("help", "ledger", "list").out, bench.csc("ledger", "list", "--help").out)
        equal(bench.csc("help", "ledger").out, bench.csc("ledger", "-h").out)
        matches(r"\n  verify +recompute", bench.csc("ledger", "--help").out)
        matches(r"\[--checkpoint FILE\]\.\.\.", bench.csc("ledger", "verify", "--help").out)
        for wrong in (["help", "ledger", "lst"], ["help", "ledger", "list", "x"], ["help", "check", "x"]):
            equal(bench.csc(*wrong).code, 64)


@case("executions without a receipt come first, and say what became of them")
def unfinished():
    with Bench() as bench:
        ledger = Ledger(bench, entry(0), intent(1), intent(2, "died"), intent(3, "unknown"))
        states = [(one["execution_id"][:8], one["state"]) for one in ledger.json("list")["unfinished"]]
        equal(states, [("00000001", "running"), ("00000002", "died"), ("00000003", "unknown")])
        lines = ledger.csc("list").out.splitlines()
        equal([line.split()[3] for line in lines[1:]], ["running", "died", "unknown", "success"])
        equal([one["state"] for one in ledger.json("list", "--contract", "contract-2")["unfinished"]], ["died"])
        equal(ledger.json("list", "--status", "failed")["unfinished"], [])
        equal(ledger.json("list", "--since", "2026-06-01")["unfinished"], [])
        equal(ledger.json("stats")["open_intents"], 3)


@case("an execution that began as no csc begins one is listed as unknown, and hinders no run")
def bad_intent():
    with Bench() as bench:
        ledger = Ledger(bench, intent(1, "died"), signed=True)
        ledger.sql("UPDATE intents SET contract_sha256 = 'zz'")
        equal([one["state"] for one in ledger.json("list")["unfinished"]], ["unknown"])
        result = bench.csc("run", *bench.inputs(bench.command("true")), "--ledger", ledger.path, "--sign", "--signing-key",
                           bench.path("k.key"), "--key-id", "runner-1")
        equal(result.code, 0, result)
        matches("can get no receipt: what the ledger has of them was not written by csc", result.err)
        equal((ledger.json("stats")["entries"], ledger.json("stats")["open_intents"]), (1, 1))


@case("nothing recorded, nothing matching")
def nothing():
    with Bench() as bench:
        ledger = Ledger(bench)
        result = ledger.csc("list")
        equal((result.code, result.out), (0, ""), result)
        matches("nothing is recorded yet", result.err)
        equal(ledger.json("list"), {"unfinished": [], "entries": []})
        ledger.write(entry(0))
        matches("no entry of .* matches", ledger.csc("list", "--status", "expired").err)
        equal(ledger.csc("export", "--status", "expired").out, "")


@case("a list that is no terminal's has whole cells, no colours and no pager")
def plain():
    with Bench() as bench:
        ledger = Ledger(bench, entry(0, contract_id="c" * 300))
        result = ledger.csc("list", env={"PATH": os.environ["PATH"], "TERM": "xterm", "PAGER": "false"})
        equal((result.code, result.err), (0, ""), result)
        matches("c" * 300, result.out)
        matches(execution_id(0), result.out)
        equal("\x1b" in result.out, False)


@cases([(f"{columns} columns", columns) for columns in (1, 10, 20, 40, 60, 79, 80, 81, 120, 200, 400)])
def fits(columns):
    with Bench() as bench:
        ledger = Ledger(bench, entry(0, contract_id="\u6f22" * 100, policy_profile=HOSTILE, agent=HOSTILE, user="u" * 99), intent(1))
        seen, code = ledger.terminal("list", "--no-pager", columns=columns, NO_COLOR="1")
        equal(code, 0, seen)
        lines = seen.splitlines()
        equal(len(lines), 3, seen)
        width = max(sum(2 if ord(c) >= 0x2e80 else 1 for c in line) for line in lines)
        if columns >= 20:
            equal(width <= columns, True, (width, seen))
            matches("running", lines[1])
            matches("00000000", lines[2])
        equal("\x1b" in seen, False)


@case("colours on a terminal only, and not with NO_COLOR or TERM=dumb")
def colours():
    with Bench() as bench:
        ledger = Ledger(bench, entry(0))
        matches("\x1b\\[32msuccess\x1b", ledger.terminal("list", "--no-pager")[0])
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            equal("\x1b" in ledger.terminal("list", "--no-pager", **environment)[0], False)
            equal("\x1b" in ledger.terminal("show", "#0", **environment)[0], False)


# ---- pagers ------------------------------------------------------------------------------------------------------------

PAGER = """#!/bin/sh
{ echo "$0 $*"; env; ls -l /proc/self/fd | sed 's/.*\\([0-9]\\+\\) ->.*/fd \\1/'; } > "$HOME/pager"
cat > "$HOME/text"
"""


def make_pager(bench, text=PAGER):
    path = bench.write("pager-program", text)
    os.chmod(path, 0o755)
    return path


@cases([
    ("CSC_PAGER first", {"CSC_PAGER": "@ -x  y", "PAGER": "/bin/false"}, "-x y"),
    ("PAGER", {"PAGER": "@"}, ""),
    ("no shell", {"PAGER": "@ $(touch x) ; true"}, "$(touch x) ; true"),
])
def paged(environment, arguments):
    with Bench() as bench:
        ledger, pager = ten(bench), make_pager(bench)
        environment = {name: value.replace("@", pager) for name, value in environment.items()}
        seen, code = ledger.terminal("list", HOME=bench.root, SECRET_TOKEN="hunter2", LC_ALL="C", **environment)
        equal((seen, code), ("", 0))
        with open(bench.path("pager"), encoding="utf-8") as file:
            told = file.read()
        equal(told.splitlines()[0].strip(), f"{pager} {arguments}".strip())
        equal("hunter2" in told, False, told)
        matches(r"\nLC_ALL=C\n", told)
        matches(r"\nLESS=FRX\n", told)
        equal(max(int(number) for number in re.findall(r"^fd (\d+)", told, re.M)) <= 3, True, told)
        with open(bench.path("text"), encoding="utf-8") as file:
            equal(len(file.read().splitlines()), 11)


@cases([
    ("--no-pager", ["--no-pager"], {"PAGER": "false"}),
    ("an empty PAGER", [], {"PAGER": ""}),
    ("cat", [], {"PAGER": "cat"}),
    ("a dumb terminal", [], {"PAGER": "false", "TERM": "dumb"}),
    ("JSON", ["--json"], {"PAGER": "false"}),
])
def not_paged(args, environment):
    with Bench() as bench:
        seen, code = ten(bench).terminal("list", *args, **environment)
        equal(code, 0, seen)
        matches("contract-9", seen)


@case("a pager that is not there is said, and the list comes without it")
def no_such_pager():
    with Bench() as bench:
        seen, code = ten(bench).terminal("list", PAGER="/nonexistent/pager -x")
        equal(code, 0, seen)
        matches(r"the pager '/nonexistent/pager' cannot be started", seen)
        matches("contract-9", seen)


@case("a pager that ends early is no failure, and ends the list")
def early_pager():
    with Bench() as bench:
        ledger = Ledger(bench, *(entry(n, contract_id="c" * 200) for n in range(1500)))
        seen, code = ledger.terminal("list", PAGER=make_pager(bench, "#!/bin/sh\nread line\nexit 3\n"))
        equal((seen, code), ("", 0))


# ---- broken pipes, full disks -------------------------------------------------------------------------------------

@cases([(f"{command}, SIGPIPE {'ignored' if ignored else 'deadly'}", command, ignored)
        for command in ("list", "export") for ignored in (False, True)])
def broken_pipe(command, ignored):
    with Bench() as bench:
        ledger = Ledger(bench, *(entry(n) for n in range(300)))
        ends = os.pipe()
        os.close(ends[0])
        result = ledger.csc(command, stdout=ends[1], restore_signals=False,
                            preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN if ignored else signal.SIG_DFL))
        os.close(ends[1])
        equal((result.code, result.err), (73 if ignored else -signal.SIGPIPE, ""), result)


@cases([(command, command) for command in ("list", "export", "stats", "show", "verify")])
def full_disk(command):
    with Bench() as bench, open("/dev/full", "wb") as full:
        ledger = ten(bench)
        result = ledger.csc(command, *(["#1"] if command == "show" else []), stdout=full)
        equal(result.code, 73, result)
        matches(r"\Acsc: standard output: cannot write: ", result.err)


# ---- show, export, stats -------------------------------------------------------------------------------------------

def envelope():
    statement = {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.com/p/v1", "subject": []}
    return json.dumps({"payloadType": "application/vnd.in-toto+json",
                       "payload": base64.b64encode(json.dumps(statement).encode()).decode(),
                       "signatures": [{"keyid": "runner-1", "sig": "AA=="}]})


@case("show, for people")
def shown():
    with Bench() as bench:
        ledger = Ledger(bench, entry(0), entry(1, status="failed", exit_code=7, error="it broke", stdout_truncated=True,
                                               artifacts=[{"path": "/a/b", "sha256": OTHER_SHA}], session="s-1",
                                               evidence=envelope(), sign=True), signed=True)
        result = ledger.csc("show", "00000001")
        equal((result.code, result.err), (0, ""), result)
        for line in (r"execution +00000001-0000-4000-8000-000000000000", r"entry +1 of csc-ledger/[0-9a-f]{32}",
                     r"status +failed, exit code 7", r"mode +local", r"contract +contract-1\n +sha256 a1a1", r"error +it broke",
                     r"policy +tests\n +sha256 b2b2", r"asked by +agent agent-1, session s-1, user user-1 \(as told\)",
                     r"ended +2026-03-02T10:00:05.000000\+00:00, after 5.000 s", r"stdout +sha256:a1\w+, of its beginning",
                     r"artifacts +/a/b\n +sha256 b2", r"signed +by runner-1, 2\S+ \(not verified here\)",
                     r"evidence +\d+ bytes, a statement of type https://example.com/p/v1, signed by runner-1"):
            matches(r"(?m)^" + line, result.out)
        plain_one = ledger.csc("show", "#0").out
        matches(r"(?m)^signed +no$", plain_one)
        matches(r"(?m)^evidence +none$", plain_one)


@case("what is hostile is escaped, everywhere")
def hostile():
    with Bench() as bench:
        ledger = Ledger(bench, entry(0, contract_id=HOSTILE, policy_profile=HOSTILE, error=HOSTILE, agent=HOSTILE,
                                     session=HOSTILE, user=HOSTILE, execution_id="exec" + HOSTILE,
                                     artifacts=[{"path": "/" + HOSTILE, "sha256": SHA}], status="failed"),
                        intent(1, contract_id=HOSTILE, agent=HOSTILE))
        for args in (["list"], ["show", "#0"], ["stats"], ["verify"], ["show", HOSTILE * 9], ["prove", HOSTILE],
                     ["list", "--since", HOSTILE], ["verify", "--checkpoint", HOSTILE]):
            result = ledger.csc(*args)
            for text in (result.out, result.err):
                equal(re.findall("[\x00-\x09\x0b-\x1f\x7f\u0080-\u009f\u202e]", text), [], (args, text))
        equal(len(ledger.csc("list").out.splitlines()), 3)
        equal(ledger.json("show", "#0")["contract_id"], HOSTILE)


@cases([
    ("there is none", "ffffffff", 66), ("an index beyond", "#10", 66), ("no index", "#x", 66),
    ("too short", "0000000", 64), ("nothing", "#", 66),
])
def no_such_entry(wanted, code):
    with Bench() as bench:
        ledger = ten(bench)
        for command in ("show", "prove"):
            result = ledger.csc(command, wanted)
            equal(result.code in (code, 64, 66), True, result)
            equal(result.out, "")
            matches(r"\Acsc: ", result.err)
            equal(ledger.csc(command, wanted, "--json").json()["error"]["code"], result.code)


@case("the stored bytes, for other tools")
def stored():
    with Bench() as bench:
        ledger = Ledger(bench, entry(0, sign=True, evidence=envelope()), entry(1), signed=True)
        result = ledger.csc("show", "#0", "--receipt")
        equal((result.code, result.err), (0, ""), result)
        bench.write("r.json", result.raw_out)
        equal(bench.csc("canonicalize", "r.json").raw_out, result.raw_out)
        equal(bench.csc("verify-receipt", "r.json", "--public-key", "k.pub", "--key-id", "runner-1").code, 0)
        equal(ledger.csc("show", "#0", "--evidence").out, envelope())
        result = ledger.csc("show", "#1", "--evidence")
        equal((result.code, result.out), (66, ""), result)
        whole = ledger.json("show", "#0")
        equal(whole["receipt"]["signature"]["key_id"], "runner-1")
        equal(whole["evidence"], json.loads(envelope()))
        equal("evidence" in ledger.json("show", "#1"), False)


@case("export: whole entries, a line each, the oldest first")
def exported():
    with Bench() as bench:
        ledger = ten(bench)
        result = ledger.csc("export")
        equal((result.code, result.err), (0, ""), result)
        lines = [json.loads(line) for line in result.out.splitlines()]
        equal([line["index"] for line in lines], list(range(10)))
        equal(lines[3]["receipt"], receipt(3, exit_code=3))
        equal(None in lines[3].values(), False)
        equal([json.loads(line)["index"] for line in ledger.csc("export", "--status", "failed").out.splitlines()], [4, 9])


@case("export and list in memory that does not grow with the ledger")
def constant_memory():
    if not PEAK:
        raise Skip("sanitizers keep freed memory")

    def peaks(count):
        with Bench() as bench:
            ledger = Ledger(bench, *(entry(n, error="e" * 2000, status="failed") for n in range(count)))
            return [int(subprocess.run([PEAK, CSC, "ledger", *command, "--ledger", ledger.path], check=True,
                                       capture_output=True, timeout=PATIENCE).stdout) for command in commands]

    commands = (["export"], ["list", "--json"], ["list"], ["verify"])
    for command, small, large in zip(commands, peaks(1000), peaks(6000)):
        if large - small > 1024:
            raise AssertionError(f"{command}: {small} kB for 1000 entries, {large} kB for 6000")


@case("stats")
def stats():
    with Bench() as bench:
        ledger = Ledger(bench, entry(0), entry(1, status="failed", sign=True, execution_mode="hardened"), intent(2), signed=True)
        seen = ledger.json("stats")
        equal((seen["entries"], seen["by_status"]["failed"], seen["by_status"]["success"]), (2, 1, 1))
        equal((seen["hardened"], seen["signed_receipts"], seen["with_evidence"], seen["open_intents"]), (1, 1, 0, 1))
        equal(seen["first_started_at"], "2026-03-01T10:00:00.000000+00:00")
        equal(seen["bytes"] > 0, True)
        result = ledger.csc("stats")
        matches(r"(?m)^entries +2, 1 success, 1 failed$", result.out)
        matches(r"(?m)^span +2026-03-01 10:00:00Z to 2026-03-02 10:00:00Z$", result.out)
        equal("first_started_at" in Ledger(bench, signed=False).json("stats"), True)


# ---- verify, prove, checkpoint -------------------------------------------------------------------------------------

def signed_ten(bench):
    return Ledger(bench, *(entry(n, sign=True) for n in range(10)), signed=True)


@case("verify: complete with a checkpoint from outside, not established without")
def verified():
    with Bench() as bench:
        ledger = signed_ten(bench)
        note = ledger.sign_checkpoint("kept.note")
        result = ledger.verify("--checkpoint", note)
        equal((result.code, result.err), (0, ""), result)
        matches(r"(?m)^complete up to entry 9, as the checkpoint given proves$", result.out)
        matches(r"(?m)^signatures +10 good, 0 unsigned, 0 by other keys", result.out)
        equal(ledger.verify("--checkpoint", note, "--checkpoint", note, "--require-complete").code, 0)
        result = ledger.verify()
        equal((result.code, result.err), (0, ""), result)
        matches(r"(?m)^not established: ", result.out)
        matches(r"(?m)^to establish more: give --checkpoint FILE", result.out)
        equal(ledger.verify("--require-complete").code, 1)
        result = ledger.csc("verify")
        matches("give --public-key PATH and --key-id ID", result.out)
        found = json.loads(ledger.verify("--checkpoint", note, "--json").out)
        equal((found["verdict"], found["entries"], found["covered"], found["signatures"]), ("complete", 10, 10, 10))
        ledger.write(entry(10, sign=True))
        found = json.loads(ledger.verify("--checkpoint", note, "--json").out)
        equal((found["entries"], found["covered"]), (11, 10))
        matches(r"(?m)^complete up to entry 9, as the checkpoint given proves; the 1 entry after it is as it stands; nothing "
                r"vouches that none is missing after it$", ledger.verify("--checkpoint", note).out)
        ledger.write(entry(11, sign=True))
        matches(r"(?m)^complete up to entry 9, as the checkpoint given proves; the 2 entries after it are as they stand; "
                r"nothing vouches that none is missing after them$", ledger.verify("--checkpoint", note).out)


@case("verify: entries signed by other keys are named as not checked")
def other_keys():
    with Bench() as bench:
        ledger = signed_ten(bench)
        ledger.key_id = "runner-2"
        ledger.write(entry(10, sign=True))
        result = ledger.verify("--checkpoint", ledger.sign_checkpoint("kept.note"))
        matches(r"(?m)^complete up to entry 10, .* proves; 1 signed by other keys is not checked", result.out)


@case("verify: the entry of a difference is named once")
def named_once():
    with Bench() as bench:
        ledger = signed_ten(bench)
        ledger.sql("UPDATE entries SET contract_id = 'x' WHERE idx = 0")
        matches(r"(?m)^provable gap: entry 0: the ledger says another contract_id than the receipt$", ledger.verify().out)


@case("verify: an older ledger that was copied back contradicts a checkpoint")
def copied_back():
    with Bench() as bench:
        ledger = signed_ten(bench)
        for name in sorted(os.listdir(bench.path("ledger"))):
            with open(bench.path("ledger", name), "rb") as file:
                bench.write("old-" + name, file.read())
        ledger.write(entry(10, sign=True))
        note = ledger.sign_checkpoint("kept.note")
        for name in os.listdir(bench.path("ledger")):
            os.unlink(bench.path("ledger", name))
        for name in [name for name in os.listdir(bench.root) if name.startswith("old-")]:
            os.rename(bench.path(name), bench.path("ledger", name[4:]))
        result = ledger.verify("--checkpoint", note)
        equal((result.code, result.err), (1, ""), result)
        matches(r"(?m)^provable gap: ", result.out)
        equal(json.loads(ledger.verify("--checkpoint", note, "--json").out)["verdict"], "gap")


@case("entries that were taken away stay found: nothing is appended over the kept checkpoint")
def laundered():
    with Bench() as bench:
        ledger = signed_ten(bench)
        ledger.sql("DELETE FROM entries WHERE idx >= 2")
        matches(r"(?m)^provable gap: ", ledger.verify().out)
        for line in (entry(11, sign=True), entry(12), intent(13)):
            result = ledger.try_to_write(line)
            equal(result.returncode, 1, result)
            matches("entries 2 to 9 are missing: the checkpoint kept in the ledger covers them; keep this ledger as it is",
                    result.stderr)
        result = ledger.csc("checkpoint", "--sign", "--signing-key", bench.path("k.key"), "--key-id", "runner-1")
        equal((result.code, result.out), (65, ""), result)
        matches(r"(?m)^provable gap: .*entries 2 to 9 are missing", ledger.verify().out)


@cases([
    ("no ledger", lambda b: ["verify", "--ledger", b.path("none.db")], 66),
    ("a file that is none", lambda b: ["verify", "--ledger", b.write("x.db", "x" * 5000)], 65),
    ("an unreadable checkpoint", lambda b: ["verify", "--checkpoint", b.path("none")], 66),
    ("a checkpoint that is none", lambda b: ["verify", "--checkpoint", b.write("x.note", "hello\n")], None),
    ("an unreadable key", lambda b: ["verify", "--public-key", b.path("none"), "--key-id", "x"], 66),
])
def unverifiable(make, code):
    with Bench() as bench:
        ledger = ten(bench)
        args = make(bench)
        result = bench.csc("ledger", *args, *([] if "--ledger" in args else ["--ledger", ledger.path]))
        equal(result.code in ((code,) if code else (1, 65)), True, result)
        equal(os.path.exists(bench.path("none.db")), False)


@case("progress on a terminal only")
def progress():
    with Bench() as bench:
        ledger = ten(bench)
        equal("%" in ledger.csc("verify").err, False)
        seen, code = ledger.terminal("verify", TERM="dumb")
        equal(code, 0, seen)
        equal("\r[" in seen, False)


@case("prove, and verify the proof without the ledger")
def proved():
    with Bench() as bench:
        ledger = signed_ten(bench)
        vkey = ledger.csc("checkpoint", "--vkey", "--public-key", bench.path("k.pub"))
        equal((vkey.code, vkey.err), (0, ""), vkey)
        matches(r"\Acsc-ledger/[0-9a-f]{32}\+[0-9a-f]{8}\+\S+\n\Z", vkey.out)
        bench.write("log.vkey", vkey.out)
        old = ledger.sign_checkpoint("kept.note")
        ledger.write(entry(10, sign=True))
        for place, checkpoint in (("#3", []), ("0000000a", []), ("#9", ["--checkpoint", old])):
            bench.write("r.json", ledger.csc("show", place, "--receipt").raw_out)
            result = ledger.csc("prove", place, *checkpoint, "--out", bench.path("r.tlog-proof"))
            equal((result.code, result.out), (0, ""), result)
            matches(r"csc verify-receipt RECEIPT .* --proof \S+ --checkpoint-key", result.err)
            result = bench.csc("verify-receipt", "r.json", "--public-key", "k.pub", "--key-id", "runner-1", "--proof",
                               "r.tlog-proof", "--checkpoint-key", "log.vkey")
            equal((result.code, result.err), (0, ""), result)
            with open(bench.path("r.tlog-proof"), encoding="utf-8") as file:
                text = file.read()
            equal(ledger.csc("prove", place, *checkpoint).out, text)
            equal(ledger.json("prove", place, *checkpoint), {"proof": text})
        result = ledger.csc("prove", "#10", "--checkpoint", old)
        equal((result.code, result.out), (1, ""), result)


@case("checkpoints: the newest kept, a fresh one, none")
def checkpoints():
    with Bench() as bench:
        ledger = Ledger(bench, entry(0), signed=True)
        result = ledger.csc("checkpoint")
        equal((result.code, result.out), (66, ""), result)
        note = ledger.sign_checkpoint("kept.note")
        with open(note, encoding="utf-8") as file:
            text = file.read()
        matches(r"\Acsc-ledger/[0-9a-f]{32}\n1\n\S+\n\n\u2014 csc-ledger/\S+ \S+\n\Z", text)
        equal(ledger.csc("checkpoint").out, text)
        equal(ledger.json("checkpoint"), {"checkpoint": text})
        key = ["--sign", "--signing-key", bench.path("k.key"), "--key-id", "runner-1"]
        equal(bench.csc("ledger", "checkpoint", *key, "--ledger", bench.path("none.db")).code, 66)
        equal(os.path.exists(bench.path("none.db")), False)
        os.chmod(bench.path("k.key"), 0o644)
        equal(ledger.csc("checkpoint", *key).code, 77)


# ---- which ledger ---------------------------------------------------------------------------------------------------

def where(env, *args, user=None):
    """The path of a ledger that is not there, as the error says it."""
    options = {"user": user, "group": user, "extra_groups": []} if user and os.geteuid() == 0 else {}
    process = subprocess.run([CSC, "ledger", "stats", *args], env=env, cwd="/", capture_output=True, check=False,
                             timeout=PATIENCE, **options)
    return Result(process.returncode, process.stdout, process.stderr)


def others_may_run():
    """Root's home folder, say, lets nobody else in."""
    if os.geteuid() == 0 and subprocess.run(["sh", "-c", 'exec "$0" --version', CSC], user=65534, group=65534, cwd="/",
                                            capture_output=True, check=False).returncode != 0:
        raise Skip("others cannot execute csc here")


@cases([
    ("--ledger", {"CSC_LEDGER": "/nonexistent/e", "HOME": "/nonexistent/h"}, ["--ledger", "/nonexistent/o"], "/nonexistent/o"),
    ("CSC_LEDGER", {"CSC_LEDGER": "/nonexistent/e", "HOME": "/nonexistent/h"}, [], "/nonexistent/e"),
    ("XDG_STATE_HOME", {"XDG_STATE_HOME": "/nonexistent/x", "HOME": "/nonexistent/h"}, [], "/nonexistent/x/csc/ledger.db"),
    ("a relative XDG_STATE_HOME", {"XDG_STATE_HOME": "x", "HOME": "/nonexistent/h"}, [],
     "/nonexistent/h/.local/state/csc/ledger.db"),
    ("HOME", {"CSC_LEDGER": "", "HOME": "/nonexistent/h"}, [], "/nonexistent/h/.local/state/csc/ledger.db"),
])
def which(env, args, path):
    others_may_run()
    result = where(env, *args, user=65534)
    equal(result.code, 66, result)
    matches(r"\Acsc: " + re.escape(path) + ": ", result.err)


@case("no HOME: no place for a ledger")
def no_home():
    others_may_run()
    for env in ({}, {"HOME": ""}, {"HOME": "relative"}):
        result = where(env, user=65534)
        equal((result.code, result.out), (78, ""), result)
        matches("no place for the ledger: HOME is not set", result.err)


@case("none, by the environment")
def none():
    result = where({"CSC_LEDGER": "none", "HOME": "/"})
    equal((result.code, result.out), (64, ""), result)


if __name__ == "__main__":
    main()
