# SPDX-License-Identifier: Apache-2.0
"""Threat: what a command inherits from whoever started csc: open files, a terminal, a session, signal settings."""

import fcntl
import json
import os
import pty
import select
import signal
import textwrap

from boundary import BACKEND, PRELUDE, PYTHON, Boundary, Skip, owners
from bench import CSC, until
from tap import case, cases, equal, main

FDS = """
    import stat
    def kind(fd):
        seen = os.fstat(fd)
        for what in ("FIFO", "CHR", "REG", "SOCK", "DIR"):
            if getattr(stat, "S_IS" + what)(seen.st_mode): return what
    numbers = []
    for number in range(1024):
        try: os.fstat(number); numbers.append(number)
        except OSError: pass
    listed = sorted(int(number) for number in os.listdir("/proc/self/fd"))
    say({"open": numbers, "listed": listed[:len(numbers)], "kinds": [kind(fd) for fd in range(3)],
         "stdin": os.readlink("/proc/self/fd/0"), "read": os.read(0, 10).decode(), "flags": libc.fcntl(0, 3) & 3,
         "null": os.stat("/dev/null").st_rdev == os.fstat(0).st_rdev})
"""


@cases(owners("descriptors of csc's caller stay outside"))
def inherited(owner):
    with Boundary(owner) as boundary:
        secret = boundary.write("trusted/secret", "hidden")
        folder, file = os.open(boundary.root, os.O_RDONLY), os.open(secret, os.O_RDWR)
        ends = os.pipe()
        # Low ones, high ones, and numbers that csc would choose itself.
        numbers = [fcntl.fcntl(fd, fcntl.F_DUPFD, at) for at in (3, 30, 200, 900) for fd in (folder, file, *ends)]
        start = {"pass_fds": numbers}
        outside = boundary.control(FDS, start=start)
        equal(set(numbers) <= set(outside["open"]), True, "outside they are inherited")
        inside = boundary.probe(FDS, start=start)
        equal((inside["open"], inside["listed"]), ([0, 1, 2], [0, 1, 2]), "descriptors inside")
        equal(inside["kinds"], ["CHR", "FIFO", "FIFO"], "what 0 to 2 are")
        for fd in [folder, file, *ends, *numbers]:
            os.close(fd)


@cases(owners("stdin is /dev/null of the sandbox, whatever csc's is"))
def standard_input(owner):
    with Boundary(owner) as boundary:
        read, write = os.pipe()
        os.write(write, b"hidden")
        os.close(write)
        equal(boundary.control('say(os.read(0, 10).decode())', start={"stdin": read}), "hidden", "outside")
        read, write = os.pipe()
        os.write(write, b"hidden")
        os.close(write)
        result = boundary.run(boundary.program(FDS), start={"preexec_fn": lambda: os.dup2(read, 0)})
        inside = result.json()
        equal((inside["stdin"], inside["read"], inside["null"]), ("/dev/null", "", True))


@case("stdin of a pipeline's first segment, and what the segments have of each other's pipes")
def pipeline():
    source = FDS.replace("say({", "say({'more': 1, ")
    with Boundary() as boundary:
        first = boundary.run(boundary.command(segments=[boundary.program(source)["exec"]["argv"], ["cat"]])).json()
        equal((first["open"], first["read"], first["kinds"]), ([0, 1, 2], "", ["CHR", "FIFO", "FIFO"]), "the first")
        last = boundary.run(boundary.command(segments=[["echo", "text"], boundary.program(source)["exec"]["argv"]])).json()
        equal((last["open"], last["read"], last["kinds"]), ([0, 1, 2], "text\n", ["FIFO"] * 3), "the last")


# ---- the terminal ----------------------------------------------------------------------------------------------------

TERMINAL = """
    import fcntl, termios
    def tty(): os.close(os.open("/dev/tty", os.O_RDWR))
    def take(): fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    def push(fd): fcntl.ioctl(fd, termios.TIOCSTI, b"x")
    say({"tty": attempt(tty), "take": attempt(take), "push": [attempt(push, fd) for fd in range(3)],
         "is a terminal": [os.isatty(fd) for fd in range(3)],
         "terminals": [name for name in os.listdir("/dev/pts") if name.isdigit()],
         "group of the terminal": int(open("/proc/self/stat").read().rpartition(")")[2].split()[5])})
"""


def on_terminal(argv, folder):
    """Runs a program on a terminal of its own that controls its session; gives what it printed."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execv(argv[0], argv)
    text = b""
    while select.select([master], [], [], 60)[0]:
        try:
            more = os.read(master, 65536)
        except OSError:  # EIO: the other side is closed
            break
        if not more:
            break
        text += more
    os.close(master)
    return os.waitpid(pid, 0)[1], text.decode().replace("\r\n", "\n")


@cases(owners("no controlling terminal, though csc has one"))
def terminal(owner):
    with Boundary(owner) as boundary:
        inputs = boundary.inputs(boundary.program(TERMINAL))
        status, text = on_terminal([CSC, "run", *inputs, *boundary.options(), "--quiet"], boundary.root)
        equal(status, 0, text)
        inside = json.loads(text)
        equal((inside["tty"] != "ok", inside["take"] != "ok"), (True, True), f"a terminal: {inside}")
        equal("ok" in inside["push"], False, "typing into it")
        equal(inside["is a terminal"], [False] * 3, "0 to 2")
        equal(inside["group of the terminal"], -1, "the kernel knows of none")
        equal(inside["terminals"], [], "terminals in /dev/pts")
        probe = boundary.write("trusted/control.py", PRELUDE + textwrap.dedent(TERMINAL))
        status, text = on_terminal([PYTHON, probe], boundary.root)
        outside = json.loads(text[text.index("{"):])  # after the echo of what it typed
        equal((outside["tty"], outside["is a terminal"]), ("ok", [True] * 3), "outside")


@cases(owners("a session and process groups of its own"))
def session(owner):
    # Numbers of processes outside the PID namespace read as 0.
    source = "say([os.getsid(0), os.getpgid(0) == os.getpid(), os.getppid(), os.getsid(1)])"
    with Boundary(owner) as boundary:
        equal(boundary.probe(source), [1, True, 1, 1], "inside")
        equal(boundary.control(source)[0] > 1, True, "outside")


# ---- signals and other settings --------------------------------------------------------------------------------------

SETTINGS = """
    status = dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
    say({"blocked": int(status["SigBlk"], 16), "ignored": int(status["SigIgn"], 16), "umask": status["Umask"]})
"""
CHOSEN = (signal.SIGINT, signal.SIGPIPE, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1, 40)
PYTHON_IGNORES = 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)


def unusual():
    for number in CHOSEN:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, CHOSEN)


@cases(owners("signal dispositions and mask are reset"))
def signals(owner):
    with Boundary(owner) as boundary:
        outside = boundary.control(SETTINGS, start={"preexec_fn": unusual})
        equal(outside["blocked"] != 0 and outside["ignored"] & 1 << (signal.SIGINT - 1) != 0, True, "outside")
        inside = boundary.probe(SETTINGS, start={"preexec_fn": unusual})
        # The interpreter itself ignores two when it starts.
        equal((inside["blocked"], inside["ignored"] & ~PYTHON_IGNORES), (0, 0), "inside")
        status = boundary.run(boundary.command("cat", "/proc/self/status"), start={"preexec_fn": unusual})
        rows = dict(line.split(":\t", 1) for line in status.out.splitlines() if ":\t" in line)
        equal([int(rows[name], 16) for name in ("SigBlk", "SigIgn", "SigCgt")], [0, 0, 0], "of a program that sets none")


# ---- the sandbox's own init ------------------------------------------------------------------------------------------

def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return [int(number) for number in file.read().split()]


@cases(owners("csc-init holds no environment, and no descriptor of the host's but its pipes"))
def init(owner):
    if os.getuid() != 0:
        raise Skip("csc-init is not dumpable: only root can look")
    with Boundary(owner) as boundary:
        inputs = boundary.inputs(boundary.program("import time; open('here', 'w').close(); time.sleep(600)",
                                                  write_paths=[boundary.work + "/**"]))
        process = boundary.start("run", *inputs, *boundary.options(), pass_fds=[fcntl.fcntl(0, fcntl.F_DUPFD, 100)])
        try:
            until(lambda: os.path.exists(os.path.join(boundary.work, "here")), "the command runs")
            pid = children(process.pid)[0]
            if BACKEND == "bwrap":
                pid = children(pid)[0]  # of bwrap outside
            with open(f"/proc/{pid}/environ", "rb") as file:
                equal(file.read(), b"PWD=/\0" if BACKEND == "bwrap" else b"", "environment")  # PWD is bwrap's own doing
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                equal(file.read().split(b"\0")[0], b"/.csc/init", "the process that is looked at")
            held = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
            equal(sorted(name.split(":")[0] for name in held), ["/dev/null"] * 3 + ["anon_inode", "pipe", "pipe"],
                  "descriptors")
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                rows = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            equal([int(rows[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")],
                  [0, 0, 0, 1, 2], "its power")
        finally:
            process.terminate()
            boundary.finish(process)


if __name__ == "__main__":
    main()
