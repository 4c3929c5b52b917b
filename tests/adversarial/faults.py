# SPDX-License-Identifier: Apache-2.0
"""Threat: a sandbox that is half made: a system call that fails, resources that run out, csc killed, sources exchanged,
while the native executor sets it up. Whatever fails, nothing of the command runs; csc says what failed and what would
mend it, leaves a signed receipt and nothing else, never hangs, and never tries the other executor instead.
"""

import glob
import os
import re
import resource
import shutil
import signal
import subprocess
import threading
import time

from boundary import BLOCKED, PLAIN, Boundary, Skip
from bench import CSC, Result, until
import strain
from strain import failing, gone, left_behind, limited, refusing
from tap import case, cases, equal, main, matches

OTHER = 65531  # a user who has no processes but those of these tests
PATIENCE = 20  # seconds, by far more than a run takes

# What runs in the sandbox: no process but the shell itself. It says where it is.
COMMAND = """
while read -r key value; do
    case $key in NoNewPrivs:|Seccomp:|CapBnd:) echo "$key$value"; esac
done </proc/self/status
test -e {outside} || echo hidden
: >ran
test $$ -lt 10 && echo inside
"""
RAN = "CapBnd:0000000000000000\nNoNewPrivs:1\nSeccomp:2\nhidden\ninside\n"


class Strained(Boundary):
    """A boundary whose csc is started under strain. `user`: who starts it."""

    def __init__(self, owner, user=None, **options):
        super().__init__(owner, backend="native", **options)
        self.user = os.getuid() if user is None else user

    def __enter__(self):
        super().__enter__()
        os.mkdir(self.path("out"))
        self.commands = [self.command("/usr/bin/sh", "-c", COMMAND.format(outside=self.path("trusted/runner.pub")),
                                      read_paths=[self.work + "/**"], write_paths=[self.work + "/**"])]
        # The ledger under strain is what crashes.py is about.
        self.arguments = ["run", *self.inputs(*self.commands), *self.options(), "--backend", "native", "--ledger", "none"]
        if self.user != os.getuid():
            for folder, _, files in os.walk(self.root):
                for path in (folder, *(os.path.join(folder, name) for name in files)):
                    os.chown(path, self.user, self.user)
        return self

    def begin(self, before=None, argv=(), **options):
        """Starts csc. `before` is for the child before it becomes csc; `argv` stands before csc's."""
        become = {} if self.user == os.getuid() else {"user": self.user, "group": self.user, "extra_groups": []}
        return subprocess.Popen([*argv, CSC, *self.arguments], cwd=self.root, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=before, **become, **options)

    def attempt(self, before=None, argv=()):
        """One run from start to end, and what is left of the run before is taken away first."""
        for path in (self.path("out/receipt.json"), os.path.join(self.work, "ran")):
            if os.path.exists(path):
                os.unlink(path)
        process = self.begin(before, argv)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise AssertionError("csc hangs") from None
        result = Result(process.returncode, out, err)
        result.pid = process.pid
        return result

    def signed(self):
        done = self.csc("verify-receipt", self.path("out/receipt.json"), "--key-id", "runner",
                        "--public-key", self.path("trusted/runner.pub"))
        equal(done.code, 0, f"the signature: {done}")
        return self.receipt()


def not_sanitized():
    """Of what a sanitizer in csc needs itself: memory, descriptors, /proc, system calls."""
    if "allocator_may_return_null" in os.environ.get("ASAN_OPTIONS", ""):  # of scripts/sanitize
        raise Skip("csc has a sanitizer in it, which needs this itself")


def settings(what):
    """Who starts csc, and whose the workspace is: (name, owner, user) rows for tap.cases."""
    if os.getuid() != 0:
        return [(what, os.getuid(), os.getuid())]
    return [(f"{what}, in root's folder", 0, 0), (f"{what}, by root in a plain user's folder", PLAIN, 0),
            (f"{what}, by a plain user", PLAIN, PLAIN)]


# Where root's csc may not map owners: in a user namespace of somebody else's.
WARNING = re.compile(r"^csc: command 'one' is uid \d+ outside of its sandbox, since owners cannot be mapped: [^\n]*: E[A-Z]+; "
                     r"csc doctor says what would fix it\n")


def warned(result):
    """Takes the warning off, which has to be there."""
    matches(WARNING, result.err, "the warning")
    result.err = WARNING.sub("", result.err)


def refused(boundary, result, words):
    """Nothing ran, csc and the receipt say why, and nothing is left."""
    equal((result.code, result.out), (BLOCKED, ""), result)
    equal(result.err.count("\n"), 1, f"one line: {result}")
    left_behind(boundary, result.pid)
    receipt = boundary.signed()
    equal((receipt["status"], "exit_code" in receipt, receipt["execution_mode"]), ("blocked", False, "hardened"))
    matches(words, receipt["error"], "error")
    matches("^csc: blocked: command 'one': .*" + words, result.err, "what csc says")


def held(boundary, result):
    """The command ran to its end, in the sandbox, and there was nothing to say about it."""
    equal((result.code, "".join(sorted(result.out.splitlines(True)))), (0, RAN), result)
    equal(WARNING.search(result.err), None, result)
    left_behind(boundary, result.pid, ["ran"])
    equal(boundary.signed()["status"], "success")


@cases(settings("the control: without strain the command runs"))
def control(owner, user):
    with Strained(owner, user) as boundary:
        held(boundary, boundary.attempt())
        held(boundary, boundary.attempt(failing("fsopen", "EPERM", (0, 1))))  # a filter that no call falls to


# ---- a system call fails ---------------------------------------------------------------------------------------------

USUAL = ("EPERM", "ENOSYS")
SCARCE = ("EAGAIN", "ENOMEM", "EMFILE", "ENFILE")
LACKS = "this kernel, or a filter that csc runs under, does not have the system call"
NO_NAMESPACES = "csc may not make namespaces here"
FORBIDDEN = "a security module, or the sandbox that csc itself runs in"

# What the fix says of an errno, wherever it comes from.
FIXES = {"ENOSYS": LACKS, "EMFILE": "ulimit -n", "ENFILE": "fs.file-max", "EAGAIN": "ulimit -u",
         "ENOMEM": "out of memory"}

AT_FDCWD = 0xFFFFFF9C  # the kernel's view of -100

# (call, what csc says was being done, {errno: what the fix says}, argument)
CALLS = [
    ("clone3", "making namespaces", {"EPERM": NO_NAMESPACES, "ENOSPC": "user.max_user_namespaces",
                                     "EINVAL": "lacks a kind", "EUSERS": "32 levels", "ENOSYS": LACKS}, None),
    ("setsid", "making a session", {}, None),
    ("setresgid", "becoming the sandbox's group", {"EPERM": "may not map its user"}, None),
    ("setresuid", "becoming the sandbox's user", {"EAGAIN": "ulimit -u"}, None),
    ("sethostname", "setting the host name", {}, None),
    ("socket", "bringing loopback up", {"EAFNOSUPPORT": "csc doctor"}, None),
    ("ioctl", "bringing loopback up", {"ENODEV": "csc doctor"}, (1, 0x8914)),  # SIOCSIFFLAGS
    ("mount", "making mounts private", {"EACCES": FORBIDDEN}, None),
    ("fsopen", "making a file system of type tmpfs", {"ENODEV": "csc doctor", "EPERM": FORBIDDEN}, None),
    ("fsconfig", "of a tmpfs", {"EINVAL": "csc doctor"}, (1, 1)),  # FSCONFIG_SET_STRING
    ("fsconfig", "making a file system of type tmpfs", {"ENOSPC": "fs.mount-max"}, (1, 6)),  # FSCONFIG_CMD_CREATE
    ("fsmount", "mounting a file system of type tmpfs", {"EPERM": FORBIDDEN}, None),
    ("fsmount", "mounting a file system of type proc", {"EPERM": "parts of the /proc that is there"}, (2, 0xE)),
    ("move_mount", "mounting the root of the sandbox on /proc", {"EACCES": FORBIDDEN}, (2, AT_FDCWD)),
    ("move_mount", "mounting '/usr'", {"EACCES": FORBIDDEN, "ENOSPC": "fs.mount-max"}, (2, AT_FDCWD, "not")),
    ("symlinkat", "making the symlink '/", {}, None),
    ("mknodat", "making a place for '/", {"ENOSPC": "fs.mount-max"}, None),
    ("fchdir", "entering the sandbox's root", {}, None),
    ("pivot_root", "making the sandbox's root the root", {"EINVAL": "csc doctor"}, None),
    ("umount2", "leaving the host's root", {}, None),
    ("unshare", "making a network namespace", {"ENOSPC": "user.max_net_namespaces"}, (0, 0x40000000)),
    ("unshare", "making a cgroup namespace", {"ENOSPC": "user.max_user_namespaces"}, (0, 0x02000000)),
    ("execveat", "executing csc-init", {"EACCES": "install csc anew", "ENOENT": "install csc anew"}, None),
    ("capset", "giving up capabilities", {}, None),
    ("landlock_restrict_self", "Landlock", {"E2BIG": "csc doctor"}, None),
    ("seccomp", "loading the system call filter", {"EINVAL": "csc doctor"}, None),
]
OF_ROOT = [
    ("open_tree", r"cloning the mount \(open_tree\) of '/", {"EPERM": FORBIDDEN}, None),
    ("mount_setattr", r"isolating the mount \(mount_setattr\) of '/", {"EPERM": FORBIDDEN}, None),
    ("setgroups", "giving up groups", {"EPERM": "may not map its user"}, None),
]
OF_OTHERS = [
    ("open_tree", "mounting '/usr'", {"EPERM": FORBIDDEN}, None),
    ("mount_setattr", "mounting '/usr' read-only", {"EPERM": FORBIDDEN}, None),
    ("mkdirat", "making a place for '/usr'", {"EPERM": FORBIDDEN, "ENOSPC": "fs.mount-max"}, None),
]


def rows_of_calls():
    for what, owner, user in settings(""):
        for row in CALLS + (OF_ROOT if user == 0 else OF_OTHERS):
            yield (f"{row[0]} fails ({row[1]}){what}", owner, user, *row)


def with_groups(strain):
    """For preexec_fn: csc has a group to give up."""
    return lambda: (os.setgroups([PLAIN]), strain())


@cases(rows_of_calls())
def call_fails(owner, user, call, doing, fixes, argument):
    with Strained(owner, user) as boundary:
        for error in dict.fromkeys((*USUAL, *fixes, *(SCARCE if argument is None else ()))):
            fix = fixes.get(error, FIXES.get(error, ""))
            strain = failing(call, error, argument)
            refused(boundary, boundary.attempt(with_groups(strain) if call == "setgroups" else strain),
                    rf"{doing}[^;]*: {error} \([^;]+\); fix: .*{fix}")


# What csc itself cannot do without, and says in its own words. (call, errno, exit code, words)
OWN = [
    ("openat2", "EPERM", 66, "csc.yaml: failed to read: Operation not permitted"),
    ("openat2", "EAGAIN", 66, "csc.yaml: failed to read: Resource temporarily unavailable"),
    ("openat2", "ENOSYS", 66, "csc.yaml: failed to read: Function not implemented"),
    ("prctl", "EPERM", 70, "runner.key: prctl: Operation not permitted"),
    ("pipe2", "EMFILE", BLOCKED, "cannot make a pipe: Too many open files"),
    ("pipe2", "ENFILE", BLOCKED, "cannot make a pipe: Too many open files in system"),
    ("memfd_create", "ENOSYS", BLOCKED, "making a file in memory \\(memfd_create\\): ENOSYS .*; fix: "),
    ("memfd_create", "ENOMEM", BLOCKED, "making a file in memory \\(memfd_create\\): ENOMEM .*; fix: "),
]


@cases([(f"{row[0]} fails ({row[1]}) where csc needs it{what}", owner, user, *row)
        for what, owner, user in settings("") for row in OWN])
def own_call_fails(owner, user, call, error, code, words):
    with Strained(owner, user) as boundary:
        result = boundary.attempt(failing(call, error))
        if code == BLOCKED:
            refused(boundary, result, words)
        else:
            own_failure(boundary, result, words)
            equal(result.code, code, result)


def own_failure(boundary, result, words):
    """csc could not even begin: it says why, and there is no receipt that claims anything."""
    equal((result.code in (65, 66, 70, 73, 77, BLOCKED), result.out), (True, ""), result)
    matches(rf"^csc: .*{words}[^\n]*\n$", result.err, "what csc says")
    left_behind(boundary, result.pid)
    equal(os.path.exists(boundary.path("out/receipt.json")), False, "a receipt")


VM_AND_USER = (0, 0x10000100)  # CLONE_VM | CLONE_NEWUSER: the holder of the user namespace of idmapped mounts


# How each answer of mount_setattr(2) is taken, see tests/unit/sandbox/test_trees.c: a filter cannot tell what it is for.
@cases([(f"no user namespace for idmapped mounts: {error}{what}", owner, user, error)
        for error in ("EPERM", "ENOSYS", "EIO", "EINTR", "EBUSY", "EINVAL", "EAGAIN", "ENOMEM", "ENOSPC")
        for what, owner, user in settings("") if user == 0])
def no_mapping(owner, user, error):
    """Threat: a command of root's that is root outside, since making it nobody failed."""
    with Strained(owner, user) as boundary:
        refused(boundary, boundary.attempt(failing("clone", error, VM_AND_USER)),
                rf"making a user namespace for idmapped mounts \(clone\): {error} .*; fix: ")


@case("no failing call makes another executor of the one that is meant when none is named")
def auto():
    with Strained(os.getuid()) as boundary:
        boundary.write("trusted/csc.yaml", boundary.config.replace("backend: native\n", "backend: auto\n"))
        boundary.arguments = boundary.arguments[:-2]
        held(boundary, boundary.attempt())
        for call in ("clone3", "fsopen", "move_mount"):
            refused(boundary, boundary.attempt(failing(call, "EPERM")), rf"\({call}\): EPERM")


KILLED = ["setsid", "setresuid", "sethostname", "mount", "fsopen", "move_mount", "pivot_root", "unshare", "execveat",
          "landlock_restrict_self"]


@cases([(f"an outer filter kills who calls {call}{what}", owner, user, call)
        for what, owner, user in settings("") for call in KILLED])
def call_kills(owner, user, call):
    with Strained(owner, user) as boundary:
        begin = time.monotonic()
        refused(boundary, boundary.attempt(refusing(call, strain.RET_KILL_PROCESS)),
                "filter that csc runs under.*SIGSYS.*csc doctor")
        equal(time.monotonic() - begin < 5, True, "csc did not wait")


@cases(settings("an outer filter kills csc itself: nothing ran"))
def call_kills_csc(owner, user):
    with Strained(owner, user) as boundary:
        result = boundary.attempt(refusing("clone3", strain.RET_KILL_PROCESS))
        equal((result.code, result.out, os.listdir(boundary.work)), (-signal.SIGSYS, "", []), result)
        gone()


# ---- out of something ------------------------------------------------------------------------------------------------

MIB = 1 << 20
# (limit, its name, values, the words of a refusal). The last value lets everything work.
LIMITS = [
    ("descriptors", resource.RLIMIT_NOFILE, [*range(3, 90), 200], "Too many open files|EMFILE|out of descriptors"),
    ("address space", resource.RLIMIT_AS, [*range(0, 16 * MIB, MIB // 4), 64 * MIB], "ENOMEM|EAGAIN|out of memory"),
    ("data", resource.RLIMIT_DATA, [*range(0, 12 * MIB, MIB // 4), 64 * MIB], "ENOMEM|EAGAIN|out of memory"),
    ("stack", resource.RLIMIT_STACK, [*range(0, 256 << 10, 16 << 10), MIB], "SIGSEGV|SIGKILL|out of memory"),
    ("file size", resource.RLIMIT_FSIZE, [0, 1, 4096, 65536, 70000, MIB], "EFBIG|File too large"),
    ("locked memory", resource.RLIMIT_MEMLOCK, [0, 4096, 65536], "Cannot allocate memory"),
]


STACK_NEEDED = 128 << 10  # with less, arguments, environment and buffers of paths may not fit: csc may crash wherever it is


def dies_at_once(before):
    """Whether csc is killed before it has done anything: where the kernel or the C library cannot even start it."""
    done = subprocess.run([CSC, "--version"], stdin=subprocess.DEVNULL, capture_output=True, preexec_fn=before, check=False,
                          timeout=PATIENCE)
    return done.returncode < 0 or done.stderr.startswith(b"Fatal glibc error: ")


def whole_or_nothing(boundary, before, words, may_crash):
    """What a run under strain is allowed to be: "ran", "refused", "own" (csc could not begin), or "none": csc could not
    even be started."""
    result = boundary.attempt(before)
    if result.code == 0:
        held(boundary, result)
        return "ran"
    if result.code < 0 or result.err.startswith("Fatal glibc error: "):
        equal(may_crash or dies_at_once(before), True, f"csc crashes where it could be started: {result}")
        equal(result.out, "", "nothing ran")
        for path in glob.glob(boundary.path("out/.csc-*.tmp")):  # who crashes takes nothing away
            os.unlink(path)
        left_behind(boundary, result.pid)
        return "none"
    if os.path.exists(boundary.path("out/receipt.json")):
        refused(boundary, result, f"({words})")
        return "refused"
    own_failure(boundary, result, f"({words})")
    return "own"


@cases([(f"out of {name}{what}", owner, user, *row) for what, owner, user in settings("") for name, *row in LIMITS])
def out_of(owner, user, limit, values, words):
    not_sanitized()
    with Strained(owner, user) as boundary:
        ends = [whole_or_nothing(boundary, limited(limit, value), words,
                                 limit == resource.RLIMIT_STACK and value < STACK_NEEDED) for value in values]
        equal(ends[-1], "ran", f"with enough: {ends}")
        if limit != resource.RLIMIT_MEMLOCK:
            equal({"refused", "own"} & set(ends) != set(), True, f"with less: {ends}")


@case("out of processes: a refusal, a command that cannot be executed, or all of it")
def out_of_processes():
    not_sanitized()
    user = OTHER if os.getuid() == 0 else os.getuid()
    with Strained(user, user) as boundary:
        seen = set()
        for value in (1, 2, 3, 4, 8, 1000000):
            result = boundary.attempt(limited(resource.RLIMIT_NPROC, value))
            if result.code == 1:  # PID 1 of the sandbox came to be, the command did not
                equal((boundary.signed()["status"], boundary.signed()["exit_code"], result.out), ("failed", 126, ""))
                matches("sh' cannot be executed: Resource temporarily unavailable", result.err)
                left_behind(boundary, result.pid)
            elif result.code == 0:
                held(boundary, result)
            else:
                refused(boundary, result, r"(clone3|clone)\): EAGAIN .*; fix: .*ulimit -u")
            seen.add(result.code)
        equal({0, BLOCKED} <= seen, True, f"exit codes: {seen}")


# ---- csc, or PID 1, is killed ----------------------------------------------------------------------------------------

def children_of(process):
    try:
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="utf-8") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def wait_for_child(process):
    """csc has begun with the sandbox."""
    deadline = time.monotonic() + PATIENCE
    while not (pids := children_of(process)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"csc made no process: {process.communicate()}")
    return pids


def pause(seconds):
    """time.sleep() is too coarse."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def make_slow(boundary, seconds):
    """A command that writes at once, and once more later. How long csc takes from its first child to that beginning."""
    boundary.commands = [boundary.command("sh", "-c", f": >begun; sleep {seconds}; : >late",
                                          read_paths=[boundary.work + "/**"], write_paths=[boundary.work + "/**"])]
    boundary.inputs(*boundary.commands)
    process = boundary.begin()
    wait_for_child(process)
    begin = time.monotonic()
    until(lambda: has_begun(boundary), "the command begins")
    taken = time.monotonic() - begin
    process.kill()
    end(process)
    clear(boundary)
    return taken


def has_begun(boundary):
    return os.path.exists(os.path.join(boundary.work, "begun"))


def end(process):
    out, err = process.communicate(timeout=PATIENCE)
    gone()
    return Result(process.returncode, out, err)


def clear(boundary):
    for folder in (boundary.work, boundary.path("out")):
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))


def procs_of(pid):
    for group in strain.groups_of(pid):
        try:
            with open(os.path.join(group, "cgroup.procs"), encoding="utf-8") as file:
                yield file.read()
        except OSError:  # another csc, of another test, has cleaned up
            pass


@cases(settings("SIGKILL of csc while the sandbox is made: nothing goes on"))
def csc_killed(owner, user):
    with Strained(owner, user) as boundary:
        taken = make_slow(boundary, 1.5)
        begun = 0
        for step in range(60):
            process = boundary.begin()
            wait_for_child(process)
            pause(1.5 * taken * step / 60)
            process.kill()
            end(process)
            equal(set(procs_of(process.pid)) <= {""}, True, "no process is in a control group")
            begun += has_begun(boundary)
            equal(set(os.listdir(boundary.work)) <= {"begun"}, True, "what the command wrote")
            clear(boundary)
        equal(0 < begun < 60, True, f"before the command began and after it: {begun}")
        equal(os.listdir(boundary.work), [], "written after the death of csc")


@cases(settings("SIGKILL of the sandbox's first process while it is made: csc says so, and never that all is well"))
def child_killed(owner, user):
    with Strained(owner, user) as boundary:
        taken = make_slow(boundary, 0.1)
        for step in range(20):
            process = boundary.begin()
            wait_for_child(process)
            pause(1.5 * taken * step / 20)
            for pid in children_of(process):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:  # the command is done
                    pass
            result = end(process)
            receipt = boundary.signed()
            if result.code == 1:  # the command had begun
                equal((receipt["status"], receipt["exit_code"], result.out), ("failed", 137, ""))
            elif result.code == BLOCKED:
                equal(receipt["status"], "blocked", result)
                matches("SIGKILL|user namespace|uid_map", receipt["error"])
            else:  # what was killed, if anything, was the holder of a user namespace, which had done its work by then
                equal((result.code, receipt["status"]), (0, "success"), result)
            clear(boundary)
            left_behind(boundary, process.pid)


# ---- sources that change ---------------------------------------------------------------------------------------------

RENAME_EXCHANGE = 2


def exchange(one, other):
    strain.LIBC.renameat2(-100, one.encode(), -100, other.encode(), RENAME_EXCHANGE)


def there_and_back(one, other):
    os.rename(one, other)
    os.rename(other, one)


# What another process does all the time: (name, how, with what, whether what is there then may be seen).
CHANGES = [
    ("that is removed and put back", there_and_back, "host/a/scope", "host/a/away", False),
    ("that is exchanged for another folder", exchange, "host/a/scope", "host/a/other", True),
    ("that is exchanged for a symlink", exchange, "host/a/scope", "host/a/link", False),
    ("whose parent is exchanged for a symlink", exchange, "host/a", "host/link", False),
    ("with a parent that is removed and put back", there_and_back, "host/a", "host/away", False),
]


def make_sources(boundary):
    """What to read, what may come in its place, and what symlinks in its place lead to."""
    for folder, text in (("host/a/scope", "original"), ("host/a/other", "other"), ("secret/scope", "secret")):
        os.makedirs(boundary.path(folder))
        boundary.write(f"{folder}/who", text + "\n")
    os.symlink(boundary.path("secret/scope"), boundary.path("host/a/link"))
    os.symlink(boundary.path("secret"), boundary.path("host/link"))
    for folder in ("host", "host/a"):
        os.chown(boundary.path(folder), boundary.user, boundary.user)
    boundary.commands = [boundary.command("cat", *[boundary.path("host/a/scope/who")] * 2,
                                          read_paths=[boundary.path("host/a/scope")])]
    boundary.inputs(*boundary.commands)


class Changing:
    """Something happens all the time while this is the context."""

    def __init__(self, change, *args):
        self.change, self.args, self.over = change, args, False
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.over:
            self.change(*self.args)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over = True
        self.thread.join()


def look(boundary, results, allowed, argv=()):
    """One run: either the command sees one thing, the whole time, or nothing runs."""
    result = boundary.attempt(argv=argv)
    if result.code == 0:
        equal(result.out in [2 * f"{name}\n" for name in allowed], True, f"what was seen: {result}")
        results.append(result.out.split()[0])
        return
    equal((result.code in (1, BLOCKED), result.out), (True, ""), result)
    equal(boundary.signed()["status"] in ("blocked", "failed"), True, "the receipt")
    if "open_tree" in result.err:
        matches("EINVAL .*; fix: it was unmounted while the sandbox was made; run it again", result.err)
    results.append(result.err)


@cases([(f"a source {name}{what}", owner, user, *row)
        for what, owner, user in settings("") for name, *row in CHANGES])
def changed(owner, user, change, one, other, may_be_seen):
    with Strained(owner, user) as boundary:
        make_sources(boundary)
        results = []
        look(boundary, results, ["original"])
        with Changing(change, boundary.path(one), boundary.path(other)):
            for _ in range(30):
                look(boundary, results, ["original", "other"] if may_be_seen else ["original"])
        gone()
        equal("original" in results[1:], True, f"the original was never there: {results}")
        equal([text for text in results if text != "original"] != [], True, "it was never away")
        if may_be_seen and user != 0:
            equal(any("was exchanged" in text for text in results), True, "never between survey and mounting")


MOUNTER = """
import ctypes, sys, time
libc = ctypes.CDLL(None)
path, source = sys.argv[1].encode(), sys.argv[2].encode()
if libc.unshare(0x20000) or libc.mount(None, b"/", None, 0x44000, None): sys.exit("no mount namespace")
print("ready", flush=True)
while not libc.mount(source, path, None, 0x1000, None):
    time.sleep(0.001)
    if libc.umount2(path, 2): break
    time.sleep(0.001)
"""


@cases([(f"a source that is unmounted and mounted again{what}", owner, user)
        for what, owner, user in settings("") if user == 0])
def unmounted(owner, user):
    with Strained(owner, user) as boundary:
        make_sources(boundary)
        results = []
        argv = ["python3", "-c", MOUNTER, boundary.path("host/a/scope"), boundary.path("host/a/other")]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as mounter:
            try:
                equal(mounter.stdout.readline(), b"ready\n")
                enter = ["nsenter", f"--mount=/proc/{mounter.pid}/ns/mnt", f"--wd={boundary.root}"]
                for _ in range(30):
                    look(boundary, results, ["original", "other"], enter)
                gone(spared=[mounter.pid])
                equal(mounter.poll(), None, "it mounts to the end")
            finally:
                mounter.kill()
        equal({"original", "other"} <= set(results), True, results)


# ---- where csc itself runs -------------------------------------------------------------------------------------------

def without_proc(boundary, unmount):
    namespaces = "--mount" if boundary.user == 0 else "--user --map-root-user --mount"
    return ["unshare", *namespaces.split(), "sh", "-euc", f'{unmount}; exec "$@"', "sh"]


@cases([(f"no /proc: {name}{what}", owner, user, unmount) for what, owner, user in settings("")
        for name, unmount in (("unmounted", "umount -l /proc"), ("covered", "mount -t tmpfs none /proc"))
        if user == 0 or name == "covered"])
def no_proc(owner, user, unmount):
    not_sanitized()
    with Strained(owner, user) as boundary:
        result = boundary.attempt(argv=without_proc(boundary, unmount))
        if user == 0:
            refused(boundary, result, "without /proc; mount /proc")
        else:  # in a user namespace that knows no owner of the folders of the host's
            own_failure(boundary, result, "csc.yaml: a part of its path belongs to uid")


# csc is process 1 of a PID namespace; those of the same numbers as its children's are others in the /proc that is there, in
# user namespaces whose maps anybody may still write who is root. $0: where their maps are listed; then csc.
AMONG_OTHERS = """
for number in 2 3 4 5 6 7 8 9; do unshare --user sleep 60 & done
until [ "$(for pid in 2 3 4 5 6 7 8 9; do readlink /proc/$pid/ns/user; done | sort -u | wc -l)" = 8 ]; do sleep 0.01; done
code=0
unshare --pid --fork "$@" || code=$?
for pid in 2 3 4 5 6 7 8 9; do cat /proc/$pid/comm /proc/$pid/uid_map /proc/$pid/gid_map /proc/$pid/setgroups; done >"$0"
exit $code
"""


@cases([(f"in a PID namespace, with the /proc of another{what}", owner, user)
        for what, owner, user in settings("") if user == 0])
def foreign_proc(owner, user):
    """Threat: csc, who writes the maps of its processes by their numbers, writes those of somebody else's."""
    with Strained(owner, user) as boundary:
        listed = boundary.path("trusted/maps")
        enter = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-euc", AMONG_OTHERS, listed]
        refused(boundary, boundary.attempt(argv=enter), "/proc is another PID namespace's; mount one of this")
        with open(listed, encoding="utf-8") as file:
            equal(file.read(), 8 * "sleep\nallow\n", "the maps of others")
        held(boundary, boundary.attempt(argv=["unshare", "--pid", "--fork", "--mount-proc"]))


def held_or_refused(boundary, result, user):
    """In a user namespace root's csc says that it cannot map, if it comes so far."""
    if user == 0 and (result.code == 0 or "outside of its sandbox" in result.err):
        warned(result)
    if result.code == 0:
        held(boundary, result)
    else:
        refused(boundary, result, "fix: |control group|;")


# Who is root of a user namespace alone may clone no mount of another's; with a mount namespace of its own it may.
@cases([(f"csc is root of a user namespace alone, by unshare {' '.join(options)}{what}", owner, user, options)
        for what, owner, user in settings("") for options in (["-Ur"], ["-Urm"], ["-Urmp", "--fork", "--mount-proc"])])
def in_user_namespace(owner, user, options):
    with Strained(owner, user) as boundary:
        result = boundary.attempt(argv=["unshare", *options])
        if user == 0:
            held_or_refused(boundary, result, user)
        else:  # the owners of the host's folders are nobody there
            own_failure(boundary, result, "csc.yaml: (/|a part of its path) belongs to uid")


@cases([(f"in a chroot{what}", owner, user) for what, owner, user in settings("") if user == 0])
def in_chroot(owner, user):
    with Strained(owner, user) as boundary:
        root = boundary.path("trusted/root")
        os.mkdir(root)
        enter = f'mount --rbind / {root}; exec chroot {root} sh -c \'cd "$0"; exec "$@"\' {boundary.root} "$@"'
        result = boundary.attempt(argv=["unshare", "--mount", "sh", "-euc", enter, "sh"])
        refused(boundary, result, r"making a user namespace for idmapped mounts \(clone\): EPERM .*; fix: .*chroot")


@cases(settings("in bubblewrap: it holds, or it is refused"))
def in_bwrap(owner, user):
    argv = ["bwrap", "--unshare-all", "--bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    with Strained(owner, user) as boundary:
        result = boundary.attempt(argv=argv)
        if result.code == 77:  # in a user namespace that knows no owner of the folders of the host's
            own_failure(boundary, result, "csc.yaml: (/|a part of its path) belongs to uid")
        else:
            held_or_refused(boundary, result, user)


@cases(settings("in a sandbox of csc's: refused"))
def in_csc(owner, user):
    not_sanitized()
    with Strained(owner, user) as boundary:
        folder = os.path.join(boundary.work, "inner")
        shutil.copytree(boundary.path("trusted"), folder)
        for name in ("csc", "csc-init"):
            shutil.copy(os.path.join(os.path.dirname(CSC), name), folder)
        inner = boundary.command("sh", "-c", ": >ran; echo ran")
        boundary.write("work/inner/contract.json", boundary.contract(inner))
        boundary.write("work/inner/policy.yaml", boundary.policy())
        for name in ("", *os.listdir(folder)):
            os.chown(os.path.join(folder, name), owner, owner)
        argv = [folder + "/csc", "run", folder + "/contract.json", folder + "/policy.yaml", "--mode", "hardened",
                "--sign", "--signing-key", folder + "/runner.key", "--key-id", "runner", "--config",
                folder + "/csc.yaml", "--backend", "native", "--receipt-out", folder + "/receipt.json"]
        boundary.inputs(boundary.command(*argv, write_paths=[boundary.work + "/**"]), policy={
            "allow_commands": argv[:1], "allowed_effect_types": ["observe", "transform_local", "touch_secrets"]})
        result = boundary.attempt()
        receipt = boundary.signed()
        equal((result.code, result.out, receipt["status"]), (1, "", "failed"), result)
        equal(receipt["exit_code"] in (66, BLOCKED), True, f"how the inner one ended: {result}")
        matches("Function not implemented", result.err, "what the filter of the outer one answers")
        equal(os.listdir(boundary.work), ["inner"], "nothing ran")
        if receipt["exit_code"] == BLOCKED:
            equal(boundary.receipt("work/inner/receipt.json")["status"], "blocked")


if __name__ == "__main__":
    main()
