# SPDX-License-Identifier: Apache-2.0
"""Threat: a system call that says it did what it did not (a filter that answers 0, a kernel that lies, a change in csc
itself). What keeps the command from running then is that the boundary is measured before it starts. Every lie here passes
all that looks at what system calls return.
"""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import time

from boundary import BLOCKED, PLAIN, Boundary, Skip, bench
from strain import RET_ERRNO, failing, refusing
from tap import cases, equal, main, matches

STRACE = shutil.which("strace")
COMMAND = ["/usr/bin/sh", "-c", "echo ran; : >ran"]
NEW_CGROUP = 0x02000000
CAPBSET_DROP = 24
FSCONFIG_SET_STRING = 1

# (what did not happen, executors that can be told so, (system call that is answered with 0, its argument), what is said of it)
LIES = [
    ("no filter is loaded", "native bwrap", ("seccomp", (0, 1)),
     "Seccomp_filters: \\d+ inside, one more than the \\d+ of csc was planned"),
    ("no Landlock rules hold", "native bwrap", ("landlock_restrict_self", None),
     r"Landlock: a file that no rule grants was opened, level \d was planned"),
    ("no resource limit is set", "native bwrap", ("prlimit64", (2, 0, "not")),
     r"[a-z]+_[a-z]+: a limit of \d+ \(\d+ at most\), \d+ was planned"),
    ("no capability leaves the bounding set", "native", ("prctl", (0, CAPBSET_DROP)),
     "CapBnd: [0-9a-f]{16} inside, none was planned"),
    ("no session is made", "native bwrap", ("setsid", None), "session: that of somebody outside, one of its own was planned"),
    ("the host's name stays", "native bwrap", ("sethostname", None), "host name: another one, 'csc' was planned"),
    ("the host's root is not taken off", "native", ("umount2", None), "mounts: '/' is mounted more than once"),
    ("no size is set", "native", ("fsconfig", (1, FSCONFIG_SET_STRING)), "mounts: '/[a-z./]+' is not limited in size, as was planned"),
    ("no cgroup namespace is made", "native", ("unshare", (0, NEW_CGROUP)),
     r"cgroup: namespace \d+ is csc's own, another one was planned"),
]


def lie(call, argument):
    return refusing(call, RET_ERRNO, argument)


def rows():
    for name, backends, told, words in LIES:
        for backend in backends.split():
            yield f"{backend}: {name}", backend, told, words


@cases(list(rows()))
def lies(backend, told, words):
    with Boundary(backend=backend) as boundary:
        command = boundary.command(*COMMAND, write_paths=[boundary.work])
        result = boundary.run(command, start={"preexec_fn": lie(*told)})
        equal((result.code, result.out), (BLOCKED, ""), result)
        matches("(?m)^csc: blocked: command 'one': sandbox: measured " + words + "; the command was not started; ", result.err)
        equal(os.listdir(boundary.work), [], "nothing ran")
        receipt = boundary.receipt()
        equal((receipt["status"], "exit_code" in receipt), ("blocked", False))
        matches("sandbox: measured " + words, receipt["error"])


@cases([(f"{backend}: the control: under a filter that answers nothing it runs", backend) for backend in ("native", "bwrap")])
def control(backend):
    with Boundary(backend=backend) as boundary:
        command = boundary.command(*COMMAND, write_paths=[boundary.work])
        result = boundary.run(command, start={"preexec_fn": lie("fsopen", (0, 1))})
        equal((result.code, result.out), (0, "ran\n"), result)
        equal(os.listdir(boundary.work), ["ran"])


def evidence(boundary):
    """What it says of the first command, and what csc verify-evidence makes of it."""
    with open(boundary.path("evidence.json"), encoding="utf-8") as file:
        payload = json.loads(base64.b64decode(json.load(file)["payload"]))
    seen = boundary.csc("verify-evidence", boundary.path("evidence.json"), "--public-key", boundary.path("trusted/runner.pub"))
    equal(seen.code, 0, seen)
    return payload["predicate"]["commands"][0], seen.out


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return int(file.read().split()[0])


def traced(boundary, *late):
    """csc run under strace, which delays one of its system calls."""
    inputs = boundary.inputs(boundary.command(*COMMAND, write_paths=[boundary.work]))
    return [STRACE, "-qq", "-o", boundary.path("strace.log"), *late, bench.CSC, "run", *inputs, *boundary.options(),
            "--evidence-out", boundary.path("evidence.json"), "--ledger", "none"]


def look_at_mounts(boundary):
    """How often csc calls openat(2) until it looks at csc-init from outside."""
    subprocess.run(traced(boundary), cwd=boundary.root, check=True, capture_output=True)
    os.unlink(os.path.join(boundary.work, "ran"))
    with open(boundary.path("strace.log"), encoding="utf-8", errors="replace") as file:
        calls = [line for line in file if line.startswith("openat(")]
    numbers = [number for number, line in enumerate(calls, 1) if '"mountinfo"' in line]
    if not numbers:
        raise Skip("csc lets a plain user's strace read nothing of it, and so no name of a file")
    return numbers[-1]


# (what happens, the call that is late, who is sent which signal, what csc says, how the evidence says that it ended)
ENDINGS = [
    ("csc is told to stop while csc-init waits", "ppoll", 1, signal.SIGTERM, "csc was told to stop", "cancelled"),
    ("the sandbox is killed while csc looks at it", "openat", 2, signal.SIGKILL, r"it was killed \(SIGKILL\)", "noBoundary"),
]


# What nobody compared is neither as planned nor otherwise.
@cases([(f"{backend}: {ending[0]}, nothing is said of the plan", backend, *ending[1:])
        for backend in ("native", "bwrap") for ending in ENDINGS])
def ended_early(backend, call, depth, number, words, end):
    if not STRACE:
        raise Skip("there is no strace here")
    with Boundary(backend=backend) as boundary:
        when = 2 if call == "ppoll" else look_at_mounts(boundary)  # by the second, csc-init has reported
        late = ["-e", f"trace={call}", "-e", f"inject={call}:delay_enter=1500000:when={when}"]
        with subprocess.Popen(traced(boundary, *late), cwd=boundary.root, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) as process:
            time.sleep(0.8)
            pid = process.pid
            for _ in range(depth):
                pid = child_of(pid)
            os.kill(pid, number)
            _, err = process.communicate(timeout=60)
        matches(words, err)
        equal(os.listdir(boundary.work), [], "nothing ran")
        ended, seen = evidence(boundary)
        equal((ended["end"], ended["started"]), (end, False))
        equal("asPlanned" in ended["sandbox"]["measured"], False, ended["sandbox"])
        matches(f"sandbox by {backend}, measured, not compared with its plan", seen)


@cases([("native: a sandbox that was not to be had is still named", ("pivot_root", None))])
def named(told):
    with Boundary(backend="native") as boundary:
        args = ["--evidence-out", boundary.path("evidence.json")]
        result = boundary.run(boundary.command(*COMMAND), args=args, start={"preexec_fn": failing(told[0], "EPERM", told[1])})
        equal(result.code, BLOCKED, result)
        ended, seen = evidence(boundary)
        equal((ended["end"], ended["sandbox"]["executor"]["name"]), ("noBoundary", "native"))
        matches("; sandbox by native, nothing measured", seen)


# ---- what a contract, or its user, makes long ------------------------------------------------------------------------------

@cases([(f"{backend}: a user of {count} groups", backend, count) for backend in ("native", "bwrap") for count in (1, 1600)])
def many_groups(backend, count):
    if os.getuid() != 0:
        raise Skip("only root can have these groups")
    with Boundary(owner=PLAIN, backend=backend) as boundary:
        for folder, _, names in os.walk(boundary.root):
            for name in ["", *names]:
                os.chown(os.path.join(folder, name), PLAIN, PLAIN)
        start = {"user": PLAIN, "group": PLAIN, "extra_groups": [100000 + n for n in range(count)]}
        result = boundary.run(boundary.command(*COMMAND, write_paths=[boundary.work]), args=["--ledger", "none"], start=start)
        equal((result.code, result.out), (0, "ran\n"), result)


@cases([(f"{backend}: a mount table of megabytes is compared, too", backend) for backend in ("native", "bwrap")])
def large_table(backend):
    with Boundary(backend=backend) as boundary:
        folder = boundary.work + "".join("/" + " " * 250 for _ in range(14))
        paths = [f"{folder}/{' ' * (n + 1)}" for n in range(160)]
        for path in paths:
            os.makedirs(path)
        for path in (boundary.work, *[boundary.work + "/" + " " * 250]):
            os.chmod(path, 0o755)
        outside = os.path.join(boundary.work, "cwd")
        os.mkdir(outside)
        os.chown(outside, boundary.owner, boundary.owner)
        args = ["--evidence-out", boundary.path("evidence.json")]
        command = boundary.command("/usr/bin/sh", "-c", "wc -c </proc/self/mountinfo", cwd=outside, read_paths=paths)
        result = boundary.run(command, args=args)
        equal(result.code, 0, result)
        equal(int(result.out) > 4 << 20, True, result.out)
        ended, _ = evidence(boundary)
        equal("outside.mountTable" in ended["sandbox"]["measured"]["notMeasured"], False, ended["sandbox"])


# A filter cannot answer 1, which is what csc-init wants to hear of no_new_privs: that lie does not get as far.
@cases([(f"{backend}: {name}", backend, told, words) for backend in ("native", "bwrap") for name, told, words in [
    ("no_new_privs is asked for, and the answer is no", ("prctl", (0, 39)), "setting no_new_privs"),
]])
def caught_before(backend, told, words):
    with Boundary(backend=backend) as boundary:
        result = boundary.run(boundary.command(*COMMAND, write_paths=[boundary.work]), start={"preexec_fn": lie(*told)})
        equal((result.code, result.out), (BLOCKED, ""), result)
        matches(re.escape(words), result.err)


# Capabilities are gone with execve(2) of somebody who is not root inside: a capset(2) that does nothing changes nothing, and
# the measurement says so.
@cases([(f"{backend}: a capset(2) that does nothing leaves none", backend) for backend in ("native", "bwrap")])
def no_capabilities(backend):
    with Boundary(backend=backend) as boundary:
        command = boundary.command("/usr/bin/sh", "-c", "grep ^Cap /proc/self/status", write_paths=[])
        result = boundary.run(command, start={"preexec_fn": lie("capset", None)})
        if result.code == 0:
            equal(re.sub(r"Cap...:\t0{16}\n", "", result.out), "", "capabilities")
        else:
            equal((result.code, result.out), (BLOCKED, ""), result)


if __name__ == "__main__":
    main()
