# SPDX-License-Identifier: Apache-2.0
"""csc run: outcomes, receipts, streams."""

import base64
import hashlib
import os
import re
import resource
import subprocess

from bench import Bench, CSC, is_running, read_pid
from tap import Skip, case, cases, equal, main, matches


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


# name, (bench) -> commands, changes of contract and policy, wanted: csc's exit, status, exit_code, the summary
OUTCOMES = [
    ("success", lambda b: [["true"]], {}, {}, 0, "success", 0, r"success; receipt out/receipt\.json"),
    ("failure", lambda b: [["sh", "-c", "exit 3"]], {}, {}, 1, "failed", 3,
     r"failed: command 'c0' ended with exit code 3; receipt out/receipt\.json"),
    ("ended by a signal", lambda b: [["sh", "-c", "kill -9 $$"]], {}, {}, 1, "failed", 137, r"failed: command 'c0'.* 137; "),
    ("pipeline fails in the middle", lambda b: [b.command(segments=[["echo", "x"], ["sh", "-c", "cat; exit 4"], ["cat"]])],
     {}, {}, 1, "failed", 4, r"failed: command 'one'.* 4; "),
    ("timeout", lambda b: [b.command("sleep", "60", timeout_sec=1)], {}, {}, 1, "failed", 124, r"failed: command 'one': .*1 s"),
    ("not found", lambda b: [["/nonexistent/program"]], {}, {}, 1, "failed", 127, r"failed: command 'c0': .*not"),
    ("cwd missing", lambda b: [b.command("true", cwd=b.path("work/missing"))], {}, {}, 1, "failed", 126, r"failed: command 'one': "),
    ("denied", lambda b: [["rm", "x"]], {}, {}, 1, "blocked", None, r"denied: COMMAND_NOT_ALLOWED: .*; receipt"),
    ("needs approval", lambda b: [["true"]], {"approval_mode": "human_required"}, {}, 2, "blocked", None,
     r"needs approval: APPROVAL_REQUIRED: "),
    ("over a limit", lambda b: [["echo"] + ["x"] * 200], {}, {}, 65, "blocked", None, r"blocked: commands\[0\]"),
    ("no secret provider", lambda b: [b.command("true", secret_refs=["s"])], {}, {"allow_secret_refs": True}, 78, "blocked",
     None, r"blocked: .*no secret provider"),
    ("dotdot in a scope", lambda b: [b.command("true", read_paths=[b.path("work/../work")])], {}, {}, 1, "blocked", None,
     r"denied: READ_SCOPE_DENIED"),
]


@cases(OUTCOMES)
def outcome(commands, contract, policy, code, status, exit_code, summary):
    with Bench() as bench:
        result = bench.run(*commands(bench), policy=policy, **contract)
        equal(result.code, code, result)
        receipt = bench.receipt()
        equal((receipt["status"], receipt.get("exit_code")), (status, exit_code), receipt)
        matches(rf"(?m)^csc: {summary}", result.err)
        equal(bench.csc("validate", "receipt", bench.path("out/receipt.json")).code, 0)
        equal(os.listdir(bench.path("out")), ["receipt.json"], "nothing else written")

        bench.run(*commands(bench), policy=policy, args=["--quiet"], **contract)
        quiet = bench.csc("run", *bench.inputs(*commands(bench), policy=policy, **contract), "--quiet")
        equal((quiet.code, quiet.err), (code, ""), "quiet")
        equal(bench.receipt()["execution_id"] == receipt["execution_id"], False, "a fresh execution_id")


@case("a symlink that leaves the policy's folders is blocked, in 126")
def escape():
    with Bench() as bench:
        os.symlink("/", bench.path("work/outside"))
        result = bench.run(bench.command("touch", bench.path("work/ran"), cwd=bench.path("work/outside")))
        equal(result.code, 1, result)
        equal((bench.receipt()["status"], bench.receipt()["exit_code"]), ("blocked", 126))
        equal(os.path.exists(bench.path("work/ran")), False)


@cases([("removes it", "rm -rf $1/out"), ("writes to it", "for file in $1/out/.csc-*; do rm $file; echo {} > $file; done")])
def receipt_in_reach(script):
    """A command has the folder of the receipt in its reach; there is a receipt all the same."""
    with Bench() as bench:
        result = bench.run(["sh", "-c", script, "sh", bench.root])
        equal(result.code, 0, result)
        equal(bench.receipt()["status"], "success")
        equal(os.listdir(bench.path("out")), ["receipt.json"])


@case("output streams to stdout and stderr, and its hashes are in the receipt")
def streams():
    with Bench() as bench:
        result = bench.run(["sh", "-c", "printf out; echo err >&2; printf '\\033[31m\\0\\377'"])
        equal(result.code, 0, result)
        equal(result.raw_out, b"out\x1b[31m\x00\xff")
        equal(result.err.splitlines()[0], "err")
        equal(bench.receipt()["stdout_hash"], sha256(result.raw_out))
        equal(bench.receipt()["stderr_hash"], sha256(b"err\n"))


def numbered(text):
    """What csc says, without the number of the entry."""
    return re.sub(r"ledger entry \d+", "ledger entry N", text)


@case("a line of csc begins at the beginning of a line")
def open_lines():
    with Bench() as bench:
        for script, err in (("printf x >&2", "x\n"), ("printf x >&2; echo y >&2", "xy\n"), ("printf x", ""), ("true", "")):
            result = bench.run(["sh", "-c", script])
            equal(numbered(result.err), err + "csc: success; receipt out/receipt.json, ledger entry N\n")
        result = bench.run(["sh", "-c", "printf x >&2"], ["true"])
        equal(numbered(result.err), "x\ncsc: success; receipt out/receipt.json, ledger entry N\n")
        equal(bench.run(["sh", "-c", "printf x >&2"], args=["--quiet"]).err, "x")
        inputs = bench.inputs(["printf", "x"])
        equal(numbered(bench.csc("run", *inputs, stderr=subprocess.STDOUT).out), "x\ncsc: success; receipt out/receipt.json, ledger entry N\n")


@case("on a terminal escape sequences are made harmless, colours pass, --raw passes all")
def terminal():
    with Bench() as bench:
        inputs = bench.inputs(["printf", "\\033]0;title\\007\\033[31mred\\033[0m"])
        for args, present in (([], False), (["--raw"], True)):
            master, slave = os.openpty()
            process = subprocess.run([CSC, "run", *inputs, *args], cwd=bench.root, stdout=slave, stderr=subprocess.PIPE,
                                     timeout=60, check=True)
            os.close(slave)
            out = os.read(master, 65536)
            os.close(master)
            equal(b"\x1b]0;" in out, present, f"{args} {out} {process.stderr}")
            equal(b"\x1b[31mred\x1b[0m" in out, True, f"colour {args} {out}")


@case("commands run in order, the first failure stops the rest")
def partial():
    with Bench() as bench:
        result = bench.run(["echo", "a"], ["sh", "-c", "echo b; exit 7"], ["echo", "c"])
        equal((result.code, result.out), (1, "a\nb\n"))
        receipt = bench.receipt()
        equal((receipt["completed_command_ids"], receipt["failed_command_id"]), (["c0"], "c1"))
        equal(receipt["stdout_hash"], sha256(b"b\n"))


@case("a pipeline is joined by pipes; stdin is empty; nothing of the environment is passed")
def surroundings():
    with Bench() as bench:
        result = bench.run(bench.command(segments=[["printf", "b\\na\\nb\\n"], ["sort"], ["uniq", "-c"]]))
        equal([line.split() for line in result.out.splitlines()], [["1", "a"], ["2", "b"]])
        equal(bench.run(["cat"]).out, "")
        env = {**os.environ, "CSC_SECRET": "s", "CSC_PUBLIC": "p", "LD_PRELOAD": "", "BASH_ENV": "x"}
        inputs = bench.inputs(bench.command("env", env_allow=["CSC_PUBLIC", "CSC_UNSET", "LD_PRELOAD", "BASH_ENV"]))
        result = bench.csc("run", *inputs, env=env)
        equal(sorted(line.split("=")[0] for line in result.out.splitlines()), ["CSC_PUBLIC", "PATH"])
        equal(bench.run(["sh", "-c", "ls /proc/self/fd | tr '\\n' ' '"]).out, "0 1 2 3 ", "descriptors, with that of ls")


@case("argv reaches the program as it is")
def argv():
    with Bench() as bench:
        hostile = ["$(touch pwned)", "`id`", "; ls", "*", "a b", "\"'\\", "\x1b", "\u00e9\U0001f600", "--", "-"]
        result = bench.run(["printf", "%s\\n", *hostile])
        equal(result.out.splitlines(), hostile)


@case("artifacts are hashed, files written are counted")
def artifacts():
    with Bench() as bench:
        made = bench.path("work/made")
        result = bench.run(bench.command("sh", "-c", "printf data > made", write_paths=[bench.work],
                                         proposed_effect_type="transform_local"),
                           expected_outputs=[made, bench.path("work/absent")])
        equal(result.code, 0, result)
        equal(bench.receipt()["artifacts"], [{"path": made, "sha256": hashlib.sha256(b"data").hexdigest()}])
        equal(bench.receipt()["effect_summary"]["files_written"], 1)


@case("beyond the cap output is drained, unseen, with a notice")
def cap():
    with Bench() as bench:
        result = bench.run(["sh", "-c", f"yes | head -c {12 << 20}"])
        equal(result.code, 0, repr(result)[-500:])
        captured = b"y\n" * (5 << 20)
        equal(result.raw_out == captured, True, f"{len(result.raw_out)} bytes")
        equal((bench.receipt()["stdout_hash"], bench.receipt()["stdout_truncated"]), (sha256(captured), True))
        matches(r"(?m)^csc: stdout was longer than 10 MiB", result.err)


@case("a process that outlives its parent is ended with the run")
def leftovers():
    with Bench() as bench:
        script = "setsid sh -c 'echo $$ > pid; exec sleep 1000' & while ! [ -s pid ]; do :; done"
        result = bench.run(["sh", "-c", script])
        equal(is_running(read_pid(bench.path("work/pid"))), False, result)


@case("--json: one object with decision, receipt and output")
def json_success():
    with Bench() as bench:
        result = bench.run(["sh", "-c", "echo '\u00e9'; printf '\\377' >&2"], args=["--json"])
        equal(result.code, 0, result)
        body = result.json()
        equal(set(body), {"decision", "exit", "ledger_entry", "receipt", "receipt_path", "stderr", "stderr_encoding", "stdout",
                          "stdout_encoding"})
        equal((body["exit"], body["receipt_path"], body["decision"]["decision"]), (0, "out/receipt.json", "allow"))
        equal(body["receipt"], bench.receipt())
        equal((body["stdout"], body["stdout_encoding"]), ("\u00e9\n", "utf-8"))
        equal((base64.b64decode(body["stderr"]), body["stderr_encoding"]), (b"\xff", "base64"))
        equal(bench.csc("canonicalize", "-", stdin=result.raw_out).code, 0, "strict JSON")


@case("--json: other outcomes")
def json_others():
    with Bench() as bench:
        body = bench.run(["sh", "-c", "printf '\\0'; exit 5"], args=["--json"]).json()
        equal((body["exit"], body["receipt"]["exit_code"], body["stdout_encoding"]), (1, 5, "base64"))
        body = bench.run(["rm"], args=["--json"]).json()
        equal((body["exit"], body["decision"]["decision"], body["receipt"]["status"]), (1, "deny", "blocked"))
        body = bench.run(["echo"] + ["x"] * 200, args=["--json"]).json()
        equal((body["exit"], "decision" in body, body["receipt"]["status"]), (65, False, "blocked"))
        result = bench.run(["sh", "-c", f"yes | head -c {12 << 20}"], args=["--json"])
        equal(len(result.json()["stdout"]), 10 << 20, "what --json holds")


@case("--stdout-fd, --stderr-fd: open files get the output, the object does not")
def descriptors():
    with Bench() as bench, open(bench.path("o"), "w+b") as out, open(bench.path("e"), "w+b") as err:
        inputs = bench.inputs(["sh", "-c", f"printf 'a\\0b\\n'; echo e >&2; yes | head -c {11 << 20}; ls -l /proc/self/fd >&2"])
        fds = [out.fileno(), err.fileno()]
        result = bench.csc("run", *inputs, "--json", "--receipt-out", "none", "--stdout-fd", str(fds[0]), "--stderr-fd",
                           str(fds[1]), pass_fds=fds)
        body = result.json()
        equal((result.code, sorted(body)), (0, ["decision", "exit", "ledger_entry", "receipt"]), result)
        out.seek(0), err.seek(0)
        captured, errors = out.read(), err.read()
        equal((captured[:4], len(captured), sha256(captured)), (b"a\0b\n", 10 << 20, body["receipt"]["stdout_hash"]))
        equal((errors[:2], bench.path("o") in errors.decode()), (b"e\n", False), "the command does not have them")
        equal(os.path.exists(bench.path("out")), False, "--receipt-out none")


# what is handed in, options
NO_DESCRIPTORS = [
    ("one without the other", "file", ["--json", "--stdout-fd", "FD"]),
    ("without --json", "file", ["--stdout-fd", "FD", "--stderr-fd", "FD"]),
    ("a pipe", "pipe", ["--json", "--stdout-fd", "FD", "--stderr-fd", "FD"]),
    ("a file that is read only", "read", ["--json", "--stdout-fd", "FD", "--stderr-fd", "FD"]),
    ("what is not open", "file", ["--json", "--stdout-fd", "999", "--stderr-fd", "FD"]),
    ("a standard one", "file", ["--json", "--stdout-fd", "1", "--stderr-fd", "2"]),
    ("a word", "file", ["--json", "--stdout-fd", "3x", "--stderr-fd", ""]),
    ("no file for the receipt, and no object", "file", ["--receipt-out", "none"]),
]


@cases(NO_DESCRIPTORS)
def no_descriptors(what, options):
    with Bench() as bench:
        ends = os.pipe() if what == "pipe" else [os.open(bench.write("o", ""), os.O_RDWR if what == "file" else os.O_RDONLY)]
        inputs = bench.inputs(["touch", "ran"])
        result = bench.csc("run", *inputs, *[str(ends[-1]) if word == "FD" else word for word in options], pass_fds=ends)
        equal((result.code, os.listdir(bench.work)), (64, []), result)
        for fd in ends:
            os.close(fd)


@case("a full or closed place for the output is 73; the receipt is there all the same")
def lost_output():
    with Bench() as bench, open("/dev/full", "wb") as full:
        inputs = bench.inputs(["echo", "x"])
        result = bench.csc("run", *inputs, stdout=full)
        equal(result.code, 73, result)
        matches(r"(?m)^csc: output of the command was lost", result.err)
        equal(bench.receipt()["status"], "success")
        equal(bench.receipt()["stdout_hash"], sha256(b"x\n"))
        equal(bench.csc("run", *inputs, stdout=full, stderr=full).code, 73)
        inputs = bench.inputs(["sh", "-c", "echo x; exit 3"])
        equal(bench.csc("run", *inputs, stdout=full).code, 1, "the command's own failure comes first")


@case("a reader that goes away does not end the run")
def gone_reader():
    with Bench() as bench:
        contract, policy = bench.inputs(["sh", "-c", "yes | head -c 1000000; touch done"])
        process = bench.start("run", contract, policy)
        process.stdout.read(1)
        process.stdout.close()
        err = process.stderr.read().decode()
        process.stderr.close()
        equal(process.wait(timeout=60), 73, err)
        equal(bench.receipt()["status"], "success")
        equal(os.path.exists(bench.path("work/done")), True)


@cases([(f"closed descriptors {fds} change nothing", fds) for fds in ((0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2))])
def closed(fds):
    with Bench() as bench:
        inputs = bench.inputs(["sh", "-c", "echo out; echo err >&2; ls /proc/self/fd > fds"])
        result = bench.csc("run", *inputs, stdin=None, preexec_fn=lambda: [os.close(fd) for fd in fds])
        equal(result.code, 0, result)
        equal((bench.receipt()["status"], bench.receipt()["stdout_hash"]), ("success", sha256(b"out\n")))
        equal(open(bench.path("work/fds"), encoding="utf-8").read().split(), ["0", "1", "2", "3"])


# Where a receipt can't go: said before anything runs.
@case("a receipt that cannot be written is 73 before the command runs")
def unwritable():
    with Bench() as bench:
        inputs = bench.inputs(["touch", bench.path("work/ran")])
        os.symlink(bench.work, bench.path("link"))
        os.mkdir(bench.path("folder"))
        os.symlink(bench.path("nothing"), bench.path("dangling"))
        places = ["/nonexistent/receipt.json", bench.path("dangling"), bench.path("work/"), bench.path("link/receipt.json"),
                  bench.path("contract.json/receipt.json"), "/proc/receipt.json", bench.path("x" * 300)]
        if os.geteuid() != 0:
            os.mkdir(bench.path("locked"), 0o500)
            places.append(bench.path("locked/receipt.json"))
        for place in places:
            result = bench.csc("run", *inputs, "--receipt-out", place)
            equal(result.code, 73, f"{place}: {result}")
            matches(r"\Acsc: [^\n]+\n\Z", result.err)
            equal(os.listdir(bench.work), [], f"{place}: nothing executed, nothing written")


@case("a receipt is never written through a symlink, also not one that appears during the run")
def receipt_symlink():
    with Bench() as bench:
        victim = bench.write("victim", "precious")
        link = f"ln -s {victim} {bench.path('r.json')}"
        result = bench.run(["sh", "-c", link], args=["--receipt-out", bench.path("r.json")])
        equal(open(victim, encoding="utf-8").read(), "precious", result)
        equal(os.path.islink(bench.path("r.json")), result.code == 73, result)


@case("a file size limit is met before the command runs, and half a receipt is none")
def file_size_limit():
    with Bench() as bench:
        inputs = bench.inputs(["touch", bench.path("work/ran")])
        result = bench.csc("run", *inputs, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (99, 99)))
        equal(result.code, 73, result)
        equal(os.listdir(bench.work), [])
        matches(r"\Acsc: [^\n]*File too large\n\Z", result.err)
        equal(os.listdir(bench.path("out")), [])


@case("a full disk is met before the command runs")
def full_disk():
    if os.geteuid() != 0:
        raise Skip("mounting needs root")
    with Bench() as bench:
        inputs = bench.inputs(["touch", bench.path("work/ran")])
        script = 'mount -t tmpfs -o size=16k none "$1" && exec "$2" run "$3" "$4" --receipt-out "$1/r.json"'
        os.mkdir(bench.path("disk"))
        process = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", bench.path("disk"), CSC, *inputs],
                                 capture_output=True, timeout=60, check=False)
        if b"unshare" in process.stderr or b"mount:" in process.stderr:
            raise Skip("no mounts here: " + process.stderr.decode().strip())
        equal(process.returncode, 73, process.stderr)
        matches(r"\Acsc: .*No space left on device\n\Z", process.stderr.decode())
        equal(os.listdir(bench.work), [])


OUTPUTS = ["contract.json", "policy.yaml", "key.key", "csc.yaml", "approval.json", "state/ledger.db", "state/ledger.db-wal",
           "state/ledger.db-shm", "state/../policy.yaml"]


@cases([(f"{option} does not replace {name}", option, name) for option in ("--receipt-out", "--evidence-out")
        for name in OUTPUTS] + [("--evidence-out does not replace the receipt", "--evidence-out", "receipt.json")])
def kept_files(option, name):
    with Bench() as bench:
        inputs = bench.inputs(["true"])
        equal(bench.csc("keygen", "--out", bench.path("key")).code, 0)
        bench.write("csc.yaml", "config_version: csc.config.v0.1\n")
        bench.write("approval.json", "{}")
        arguments = ["run", *inputs, "--sign", "--signing-key", bench.path("key.key"), "--key-id", "k", "--config",
                     bench.path("csc.yaml"), "--approval", bench.path("approval.json"), "--ledger",
                     bench.path("state/ledger.db"), "--receipt-out", bench.path("receipt.json")]
        equal(bench.csc(*arguments).code, 0)
        before = {path: open(bench.path(path), "rb").read() for path in os.listdir(bench.root) if "." in path}
        if option == "--receipt-out":
            arguments = arguments[:-2]
        result = bench.csc(*arguments, option, bench.path(name))
        equal(result.code, 64, result)
        matches(f"{option} would replace ", result.err)
        equal({path: open(bench.path(path), "rb").read() for path in before}, before, "what was there")
        equal(bench.csc("ledger", "stats", "--ledger", bench.path("state/ledger.db"), "--json").json()["entries"], 1)


@case("without a place for a ledger local mode warns")
def nowhere():
    with Bench() as bench:
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("HOME", "CSC_LEDGER", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
        if os.geteuid() == 0:
            raise Skip("root has a place whatever the environment says")
        process = subprocess.run([CSC, "run", *bench.inputs(["true"])], cwd=bench.root, env=environment, check=False,
                                 capture_output=True, text=True)
        equal(process.returncode, 0, process)
        matches("warning: not recorded in the ledger: there is no place for the ledger: HOME", process.stderr)


if __name__ == "__main__":
    main()
