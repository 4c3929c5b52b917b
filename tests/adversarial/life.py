# SPDX-License-Identifier: Apache-2.0
"""Threat: something that lives on: after csc, after the command, after the deadline, in spite of signals.

This process adopts orphans, so that whatever csc leaves behind is a child of its own, however it hides.
"""

import ctypes
import errno
import os
import random
import shutil
import signal
import subprocess
import time

from boundary import BACKEND, Boundary, owners
from bench import default_signals, until
from strain import children, groups_of
from tap import case, cases, equal, main, matches

PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

# What leaves its parent, its session, and its good manners behind.
HIDDEN = """
    import signal, time
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in range(1, 32):
                    if number not in (9, 19): signal.signal(number, signal.SIG_IGN)
                [os.close(fd) for fd in range(3)]
                time.sleep(600)
            os._exit(0)
    open("here", "w").close()
"""


def orphans_gone():
    """No process is left that came from a csc."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return False
        except ChildProcessError:
            return True


def end_survivors():
    """What this process adopted, which nobody else will end. Gives their names."""
    survivors = list(children())
    for pid, _ in survivors:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return [name for _, name in survivors]


def gone(seconds=5):
    deadline = time.monotonic() + seconds
    while not orphans_gone():
        if time.monotonic() > deadline:
            raise AssertionError(f"survivors: {end_survivors()}")
        time.sleep(0.005)


def start(boundary, *commands, **changes):
    inputs = boundary.inputs(*commands, **changes)
    return boundary.start("run", *inputs, *boundary.options(), preexec_fn=default_signals)


def wait_for(boundary, name="here"):
    until(lambda: os.path.exists(os.path.join(boundary.work, name)), f"the command writes {name}")


def writes(boundary):
    return {"write_paths": [boundary.work + "/**"]}


# ---- csc dies --------------------------------------------------------------------------------------------------------

@case("the control: what hides survives without a sandbox")
def control():
    with Boundary() as boundary:
        boundary.control(HIDDEN + "\n    say(0)")
        equal(orphans_gone(), False, "there are survivors")
        end_survivors()
        gone()


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
            return file.read().split()
    except OSError:
        return []


def kill_when(boundary, wait):
    """Kills csc at a moment of its life; says what is wrong after it."""
    process = start(boundary, boundary.program(HIDDEN + "\n    time.sleep(600)", **writes(boundary)))
    wait(process)
    process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()
    gone()
    for group in groups_of(process.pid):
        try:
            with open(os.path.join(group, "cgroup.procs"), encoding="utf-8") as procs:
                equal(procs.read(), "", f"processes in {group}")
        except OSError as error:  # another csc, of another test, has cleaned up
            if error.errno not in (errno.ENOENT, errno.ENODEV):
                raise


@cases(owners("SIGKILL of csc at any moment leaves no survivor, and no file"))
def killed(owner):
    moments = [number / 1000 for number in (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 70)]
    random.seed(1)
    with Boundary(owner) as boundary:
        for seconds in moments + [random.uniform(0, 0.08) for _ in range(8)]:
            kill_when(boundary, lambda _, seconds=seconds: time.sleep(seconds))
            shutil.rmtree(boundary.path("out"), ignore_errors=True)
        equal(sorted(os.listdir(boundary.root)), ["trusted", "work"], "files beside the inputs")
        equal(sorted(os.listdir(boundary.path("trusted"))),
              ["contract.json", "csc.yaml", "policy.yaml", "runner.key", "runner.pub"], "files beside the key")
        equal(set(os.listdir(boundary.work)) <= {"here"}, True, "files of the workspace")


def bwrap_has_forked(process):
    """The child waits for a word of bwrap's."""
    return any(children_of(child) for child in children_of(process.pid))


def csc_has_forked(process):
    """A child that waits for csc, or that a user namespace is taken from."""
    return children_of(process.pid)


def sandbox_has_begun(process):
    """The child that becomes PID 1 of the sandbox is at work."""
    return any(is_leader(int(child)) for child in children_of(process.pid))


def is_leader(pid):
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


MOMENTS = {"bwrap": [("between bwrap's fork and the word for which the child waits", bwrap_has_forked)],
           "native": [("as soon as it has a child", csc_has_forked), ("as soon as its child mounts", sandbox_has_begun)]}


@cases([(f"SIGKILL of csc while the sandbox is made: {name}{what}", owner, has_come) for name, has_come in MOMENTS[BACKEND]
        for what, owner in owners("")])
def killed_between(owner, has_come):
    def wait(process):
        while not has_come(process) and process.poll() is None:
            pass

    with Boundary(owner) as boundary:
        for _ in range(10):
            kill_when(boundary, wait)


@cases(owners("SIGKILL of csc while the command runs"))
def killed_later(owner):
    with Boundary(owner) as boundary:
        process = start(boundary, boundary.program(HIDDEN + "\n    time.sleep(600)", **writes(boundary)))
        wait_for(boundary)
        process.kill()
        boundary.finish(process)
        gone()


@cases([(f"{name} ends the tree and leaves a receipt{what}", owner, number, code)
        for name, number, code in (("SIGTERM", signal.SIGTERM, 143), ("SIGINT", signal.SIGINT, 130))
        for what, owner in owners("")])
def told_to_stop(owner, number, code):
    with Boundary(owner, config="grace_sec: 1\n") as boundary:
        process = start(boundary, boundary.program(HIDDEN + "\n    time.sleep(600)", **writes(boundary)))
        wait_for(boundary)
        process.send_signal(number)
        equal(boundary.finish(process).code, code)
        gone(0.5)
        receipt = boundary.receipt()
        equal((receipt["status"], receipt["exit_code"], receipt["execution_mode"]), ("failed", code, "hardened"))
        equal(groups_of(process.pid), [], "control groups")


@case("SIGTERM at any moment of the start: an answer, and no survivor")
def told_early():
    with Boundary(config="grace_sec: 0\n") as boundary:
        for seconds in (0.004, 0.008, 0.012, 0.016, 0.02, 0.025, 0.03, 0.04):
            process = start(boundary, boundary.program(HIDDEN + "\n    time.sleep(600)", **writes(boundary)))
            time.sleep(seconds)
            process.send_signal(signal.SIGTERM)
            result = boundary.finish(process)
            gone(0.5)
            if result.code == 143:
                equal(boundary.receipt()["exit_code"], 143)
            else:
                equal(result.code, -signal.SIGTERM, "before csc took the signal over")
            equal(groups_of(process.pid), [], "control groups")


# ---- the command ends, or does not -----------------------------------------------------------------------------------

@cases(owners("what hides ends with the command"))
def command_ends(owner):
    with Boundary(owner) as boundary:
        begin = time.monotonic()
        result = boundary.run(boundary.program(HIDDEN, **writes(boundary)))
        equal(result.code, 0, result)
        gone(0.5)
        equal(time.monotonic() - begin < 5, True, "nobody waits for them")


GRACEFUL = """
    def handle(*_):
        time.sleep(0.3)
        open("graceful", "w").close()
        os._exit(0)
    signal.signal(signal.SIGTERM, handle)
    while True: time.sleep(60)
"""


@cases(owners("a timeout ends all; who handles SIGTERM has the grace"))
def timeout(owner):
    with Boundary(owner, config="grace_sec: 1\n") as boundary:
        begin = time.monotonic()
        result = boundary.run(boundary.program(HIDDEN + GRACEFUL, timeout_sec=1, **writes(boundary)))
        equal((result.code, boundary.receipt()["status"], boundary.receipt()["exit_code"]), (1, "failed", 124))
        gone(0.5)
        equal(os.path.exists(os.path.join(boundary.work, "graceful")), True, "SIGTERM was handled")
        equal(time.monotonic() - begin < 10, True, "SIGKILL came after the grace")


@case("a timeout ends what is stopped, and a pipeline as a whole")
def timeout_of_stopped():
    with Boundary(config="grace_sec: 1\n") as boundary:
        stopped = ["sh", "-c", "kill -STOP $$"]
        result = boundary.run(boundary.command(segments=[["sleep", "600"], stopped, ["cat"]], timeout_sec=1))
        equal((result.code, boundary.receipt()["exit_code"]), (1, 124))
        gone(0.5)


@case("a fork bomb ends at the deadline")
def fork_bomb():
    bomb = "bomb() { bomb & bomb & sleep 600; }; trap '' TERM; bomb; wait; sleep 600"
    with Boundary(config="grace_sec: 0\nlimits:\n  processes: 40\n") as boundary:
        begin = time.monotonic()
        result = boundary.run(boundary.command("sh", "-c", bomb, timeout_sec=1))
        equal(result.code, 1)
        equal(boundary.receipt()["exit_code"] != 0, True, "a failure")
        gone(1)
        equal(time.monotonic() - begin < 15, True, "in time")


# ---- signals from inside ---------------------------------------------------------------------------------------------

@cases(owners("kill(-1) reaches the sandbox and nobody else"))
def kill_all(owner):
    become = {"user": owner, "group": owner, "extra_groups": []} if os.getuid() == 0 else {}
    with Boundary(owner) as boundary:
        bystander = subprocess.Popen(["sleep", "600"], **become)  # pylint: disable=consider-using-with
        try:
            result = boundary.run(boundary.program("""
                import time
                for _ in range(3):
                    if os.fork() == 0: time.sleep(600)
                os.kill(-1, 9)
                for _ in range(3): os.wait()
                say("alive")
            """))
            # Linux spares the caller of kill(-1), as it does PID 1.
            equal((result.code, result.out), (0, '"alive"\n'), result)
            equal(bystander.poll(), None, "a process of the same user outside")
            if bystander.pid > 300:  # a number that the sandbox has not reached
                equal(boundary.probe(f"say(attempt(os.kill, {bystander.pid}, 0))"), "ESRCH", "its number inside")
            equal(boundary.control(f"say(attempt(os.kill, {bystander.pid}, 0))"), "ok", "its number outside")
        finally:
            bystander.kill()
            bystander.wait()
        gone(0.5)


@cases(owners("no signal from inside ends or stops PID 1"))
def kill_init(owner):
    source = """
        import signal, time
        for number in range(1, 65): attempt(os.kill, 1, number)
        time.sleep(0.1)
        state = open("/proc/1/stat").read().rpartition(")")[2].split()[0]
        say(state in "SR")
    """
    with Boundary(owner) as boundary:
        equal(boundary.probe(source), True, "PID 1 goes on")
        equal(boundary.receipt()["status"], "success")


@case("a sandbox that is killed from outside is a failure, never a success")
def killed_from_outside():
    with Boundary() as boundary:
        process = start(boundary, boundary.program(HIDDEN + "\n    time.sleep(600)", **writes(boundary)))
        wait_for(boundary)
        os.kill(int(children_of(process.pid)[0]), signal.SIGKILL)
        equal(boundary.finish(process).code, 1)
        receipt = boundary.receipt()
        equal((receipt["status"], receipt["exit_code"]), ("failed", 137))
        matches("killed from outside", receipt["error"])
        gone(0.5)


# ---- how csc itself was started --------------------------------------------------------------------------------------

def closer(*fds):
    return lambda: [os.close(fd) for fd in fds]


STARTS = [
    ("0 closed", closer(0)), ("1 closed", closer(1)), ("2 closed", closer(2)), ("0 to 2 closed", closer(0, 1, 2)),
    ("SIGCHLD ignored", lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)),
    ("SIGCHLD blocked", lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])),
    ("all signals blocked", lambda: signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))),
]


@cases([(f"started with {name}: the same result", before) for name, before in STARTS])
def started(before):
    def results(preexec):
        names = ("ok", "fails")
        commands = [boundary.program(f"open({name!r}, 'w').write('x'); sys.exit({code})", id=name, **writes(boundary))
                    for code, name in enumerate(names)]
        code = boundary.run(*commands, start={"preexec_fn": preexec}).code
        receipt = boundary.receipt()
        kept = ("status", "exit_code", "completed_command_ids", "failed_command_id", "stdout_hash", "effect_summary",
                "sandbox_profile_id")
        left = sorted(os.listdir(boundary.work))
        for name in left:
            os.unlink(os.path.join(boundary.work, name))
        return code, {key: receipt.get(key) for key in kept}, left

    with Boundary() as boundary:
        wanted = results(default_signals)
        equal((wanted[0], wanted[1]["exit_code"], wanted[2]), (1, 1, ["fails", "ok"]), "the usual")
        equal(results(before), wanted)
        gone(0.5)


if __name__ == "__main__":
    main()
