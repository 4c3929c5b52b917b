# SPDX-License-Identifier: Apache-2.0
"""Signals to csc end the tree and leave a receipt; children that csc inherited are left alone."""

import fcntl
import os
import shutil
import signal
import subprocess
import termios
import time

from bench import Bench, CSC, default_signals, is_running, read_pid, until
from tap import Skip, case, cases, equal, main, matches

SLEEPER = ["sh", "-c", "echo $$ > pid; setsid sh -c 'echo $$ > pid2; exec sleep 1000' & sleep 1000"]


def interrupted(bench, number, code, before=(), **options):
    """Starts a run, sends the signal once the command is there; gives the result."""
    contract, policy = bench.inputs(bench.command(*SLEEPER, timeout_sec=60))
    process = bench.start("run", contract, policy, preexec_fn=default_signals, **options)
    pids = [read_pid(bench.path("work", name)) for name in ("pid", "pid2")]
    for action in before:
        action(process)
    process.send_signal(number)
    result = bench.finish(process)
    equal([is_running(pid) for pid in pids], [False, False], f"still running {result}")
    equal(result.code, code, result)
    equal((bench.receipt()["status"], bench.receipt()["exit_code"]), ("failed", code))
    matches(r"(?m)^csc: interrupted: command 'one'", result.err)
    equal(os.listdir(bench.path("out")), ["receipt.json"])
    return result


@cases([("SIGINT", signal.SIGINT, 130), ("SIGTERM", signal.SIGTERM, 143), ("SIGHUP", signal.SIGHUP, 143)])
def ends(number, code):
    with Bench() as bench:
        interrupted(bench, number, code)


@case("SIGINT ends a background job too, where shells have it ignored")
def background():
    with Bench() as bench:
        def ignore():
            default_signals()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        contract, policy = bench.inputs(bench.command(*SLEEPER))
        process = bench.start("run", contract, policy, preexec_fn=ignore)
        read_pid(bench.path("work", "pid2"))
        process.send_signal(signal.SIGINT)
        equal(bench.finish(process).code, 130)


@case("SIGTERM ends the hashing of what was left behind: many names of one huge file")
def hashing():
    with Bench() as bench:
        script = "truncate -s 4G f0 && for i in $(seq 1 99); do ln f0 f$i; done"
        contract, policy = bench.inputs(bench.command("sh", "-c", script, write_paths=[bench.work]),
                                        expected_outputs=[f"{bench.work}/f{i}" for i in range(100)])
        process = bench.start("run", contract, policy, preexec_fn=default_signals)

        def is_done():
            with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="utf-8") as children:
                return process.poll() is not None or os.path.exists(bench.path("work/f99")) and not children.read()
        until(is_done, "the command ends")
        process.send_signal(signal.SIGTERM)
        result = bench.finish(process)
        equal(result.code, 143, result)
        receipt = bench.receipt()
        equal((receipt["status"], receipt["exit_code"], receipt["completed_command_ids"]), ("failed", 143, ["one"]))
        matches("told to stop", receipt["error"])
        matches("are not hashed: csc was told to stop", result.err)


@case("a terminal of another user's, as after su, that stops reading does not stop the deadline")
def stalled_terminal():
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise Skip("needs root and setpriv")
    with Bench() as bench:
        contract, policy = bench.inputs(bench.command("yes", "x" * 70, timeout_sec=1))
        for path, mode in ((bench.root, 0o755), (contract, 0o644), (policy, 0o644), (bench.work, 0o777)):
            os.chmod(path, mode)
        terminal, end = os.openpty()
        os.fchmod(end, 0o620)

        def control():
            default_signals()
            os.setsid()
            fcntl.ioctl(end, termios.TIOCSCTTY, 0)
        other = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        with subprocess.Popen([*other, CSC, "run", contract, policy, "--receipt-out", bench.path("work/receipt.json"),
                               "--ledger", "none"], env={**os.environ, "HOME": bench.root},
                              cwd=bench.root, stdin=subprocess.DEVNULL, stdout=end, stderr=subprocess.DEVNULL,
                              preexec_fn=control) as process:
            try:
                equal(process.wait(timeout=30), 1)
            finally:
                process.kill()
                os.close(terminal)
                os.close(end)
        equal(bench.receipt("work/receipt.json")["exit_code"], 124)


@case("under nohup SIGHUP ends nothing")
def nohup():
    with Bench() as bench:
        def ignore():
            default_signals()
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        contract, policy = bench.inputs(["sh", "-c", "echo $$ > pid; while ! [ -e go ]; do sleep 0.01; done"])
        process = bench.start("run", contract, policy, preexec_fn=ignore)
        read_pid(bench.path("work", "pid"))
        process.send_signal(signal.SIGHUP)
        bench.write("work/go", "")
        equal(bench.finish(process).code, 0)


def seconds_until_killed():
    """How long a command lives that ignores every signal it can, when csc gets two."""
    with Bench() as bench:
        script = "trap '' TERM INT HUP; echo $$ > pid; while :; do sleep 1000; done"
        contract, policy = bench.inputs(bench.command("sh", "-c", script, timeout_sec=60))
        process = bench.start("run", contract, policy, preexec_fn=default_signals)
        pid = read_pid(bench.path("work", "pid"))
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        # Two that are pending at once are one; this waits until the first was taken.
        until(lambda: not pending(process.pid, signal.SIGINT), "the first signal is taken")
        process.send_signal(signal.SIGINT)
        result = bench.finish(process)
        equal((result.code, is_running(pid)), (130, False), result)
        return time.monotonic() - begin


@case("a second signal doesn't wait for a command that ignores the first")
def second_signal():
    # With the grace it would be 5 s each time; a busy machine may need several attempts to stay below.
    equal(any(seconds_until_killed() < 4.5 for _ in range(5)), True, "killed before the grace was over")


def pending(pid, number):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        masks = [int(line.split()[1], 16) for line in file if line.startswith(("SigPnd", "ShdPnd"))]
    return any(mask >> (number - 1) & 1 for mask in masks)


@case("the receipt of an interrupted run is signed")
def signed():
    with Bench() as bench:
        bench.csc("keygen", "--out", bench.path("k"))
        contract, policy = bench.inputs(bench.command(*SLEEPER))
        process = bench.start("run", contract, policy, "--sign", "--signing-key", bench.path("k.key"), "--key-id", "k",
                              preexec_fn=default_signals)
        read_pid(bench.path("work", "pid2"))
        process.send_signal(signal.SIGTERM)
        equal(bench.finish(process).code, 143)
        equal(bench.csc("verify-receipt", bench.path("out/receipt.json"), "--public-key", bench.path("k.pub"),
                        "--key-id", "k").code, 0)


def with_child(bench, *args):
    """csc, exec'ed by a shell that has a child already; the child's pid."""
    script = 'sleep 1000 >/dev/null 2>&1 & echo $! > "$1"; shift; exec "$@"'
    process = subprocess.Popen(["sh", "-c", script, "sh", bench.path("inherited"), CSC, *args], cwd=bench.root,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               preexec_fn=default_signals)
    return process, read_pid(bench.path("inherited"))


@cases([("success", "true", 0), ("failure", "exit 3", 1), ("leftovers", "sleep 1000 & echo $! > pid", 0)])
def inherited_child(script, code):
    with Bench() as bench:
        process, child = with_child(bench, "run", *bench.inputs(["sh", "-c", script]), "--json")
        try:
            equal(process.wait(timeout=60), code, process.stderr.read())
            equal(is_running(child), True, "the child csc inherited")
            if "pid" in script:
                equal(is_running(read_pid(bench.path("work/pid"))), False, "the command's own child")
            equal(bench.receipt()["status"], "failed" if code else "success")
        finally:
            os.kill(child, signal.SIGKILL)
            process.communicate(timeout=60)


@cases([("SIGINT", signal.SIGINT, 130), ("SIGTERM", signal.SIGTERM, 143)])
def inherited_child_and_signal(number, code):
    with Bench() as bench:
        process, child = with_child(bench, "run", *bench.inputs(bench.command(*SLEEPER)))
        try:
            pids = [read_pid(bench.path("work", name)) for name in ("pid", "pid2")]
            process.send_signal(number)
            equal(process.wait(timeout=60), code)
            equal(([is_running(pid) for pid in pids], is_running(child)), ([False, False], True))
            equal(bench.receipt()["status"], "failed")
        finally:
            os.kill(child, signal.SIGKILL)
            process.communicate(timeout=60)


@case("killed outright with an inherited child, csc still ends its commands and leaves a receipt")
def inherited_child_and_kill():
    with Bench() as bench:
        process, child = with_child(bench, "run", *bench.inputs(bench.command(*SLEEPER)))
        try:
            pids = [read_pid(bench.path("work", name)) for name in ("pid", "pid2")]
            process.kill()
            equal(process.wait(timeout=60), -9)
            until(lambda: os.path.exists(bench.path("out/receipt.json")), "a receipt")
            equal(([is_running(pid) for pid in pids], is_running(child)), ([False, False], True))
            equal(bench.receipt()["exit_code"], 143)
        finally:
            os.kill(child, signal.SIGKILL)
            process.communicate(timeout=60)


@case("csc killed outright takes its commands along")
def killed():
    with Bench() as bench:
        contract, policy = bench.inputs(["sh", "-c", "echo $$ > pid; exec sleep 1000"])
        process = bench.start("run", contract, policy)
        pid = read_pid(bench.path("work/pid"))
        process.kill()
        equal(bench.finish(process).code, -9)
        until(lambda: not is_running(pid), "the command ends")


if __name__ == "__main__":
    main()
