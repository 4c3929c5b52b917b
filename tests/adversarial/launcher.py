# SPDX-License-Identifier: Apache-2.0
"""Threat: a boundary that is not there: another bwrap, an incomplete sandbox, a configuration of somebody else's - and
programs whose arguments are programs. Whatever cannot be established is a refusal, before anything runs.
"""

import ctypes
import os
import shutil
import subprocess

from boundary import BACKEND, BLOCKED, PLAIN, Boundary, Skip, owners
from bench import CSC, Result
from tap import case, cases, equal, main, matches

BWRAP = next(path for path in ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap") if os.path.exists(path)) if BACKEND == "bwrap" else None
INIT = os.path.join(os.path.dirname(CSC), "csc-init")


def script(boundary, name, text, mode=0o755):
    path = boundary.write(f"trusted/{name}", text)
    os.chmod(path, mode)
    return path


def configure(boundary, text):
    boundary.write("trusted/csc.yaml", boundary.config + text)


def attempt(boundary, program=CSC, **start):
    """csc run of a command that leaves a file in the workspace."""
    inputs = boundary.inputs(boundary.command("sh", "-c", "touch ran; echo ran", write_paths=[boundary.work + "/**"]))
    done = subprocess.run([program, "run", *inputs, *boundary.options()], cwd=boundary.root, capture_output=True,
                          check=False, timeout=60, stdin=subprocess.DEVNULL, **start)
    return Result(done.returncode, done.stdout, done.stderr)


def refused(boundary, result, words):
    equal((result.code, result.out, os.listdir(boundary.work)), (BLOCKED, "", []), f"refused, and nothing ran: {result}")
    receipt = boundary.receipt()
    equal((receipt["status"], "exit_code" in receipt, receipt["execution_mode"]), ("blocked", False, "hardened"))
    matches(words, receipt["error"], "error")
    matches(words, result.err, "what csc says")


@cases(owners("the control: the command of these tests runs"))
def control(owner):
    with Boundary(owner) as boundary:
        result = attempt(boundary)
        equal((result.code, result.out, os.listdir(boundary.work)), (0, "ran\n", ["ran"]), result)


# ---- which bwrap -----------------------------------------------------------------------------------------------------

def with_bwrap(*table):
    """Rows about the program bwrap: for its own executor."""
    return cases(table if BACKEND == "bwrap" else [])


@with_bwrap(("bwrap is missing",))
def missing():
    with Boundary() as boundary:
        configure(boundary, "bwrap: /nonexistent/bwrap\n")
        refused(boundary, attempt(boundary), "bubblewrap")


FAILURES = [("too old for descriptors", 'echo "bwrap: Unknown option --ro-bind-fd" >&2; exit 1', "too old"),
            ("no user namespaces", 'echo "bwrap: setting up uid map: Permission denied" >&2; exit 1', "csc doctor"),
            ("ends without a word", "exit 0", "csc doctor"),
            ("ends with success, and the command has not run", "/usr/bin/true; exit 0", "csc doctor"),
            ("killed", "kill -KILL $$", "csc doctor")]


@with_bwrap(*FAILURES)
def fails(text, words):
    with Boundary() as boundary:
        configure(boundary, f"bwrap: {script(boundary, 'bwrap', '#!/bin/sh' + chr(10) + text + chr(10))}\n")
        refused(boundary, attempt(boundary), words)


@cases([(f"the native executor asks for no bwrap: {name}", text) for name, text in
        (("missing", None), *(row[:2] for row in FAILURES))] if BACKEND == "native" else [])
def needs_no_bwrap(text):
    with Boundary() as boundary:
        path, mark = boundary.path("trusted/bwrap"), boundary.path("mark")
        if text:
            os.chmod(boundary.write("trusted/bwrap", f"#!/bin/sh\n: >{mark}\n{text}\n"), 0o757)
        configure(boundary, f"bwrap: {path}\n")
        result = attempt(boundary)
        equal((result.code, result.out, os.path.exists(mark)), (0, "ran\n", False), result)
        # Which is no reason to go on with it where bwrap is named.
        inputs = boundary.inputs(["true"])
        equal(boundary.csc("run", *inputs, *boundary.options(), "--backend", "bwrap").code, BLOCKED, "bwrap by name")


@case("csc lies in a scope of the command: its files are files like others, and it runs")
def own_files_in_scope():
    with Boundary() as boundary:
        tools = os.path.join(boundary.work, "tools")
        os.mkdir(tools)
        for name in (CSC, CSC + "-init"):
            shutil.copy(name, tools)
        inputs = boundary.inputs(boundary.command("sh", "-c", "cat tools/csc-init | wc -c", read_paths=[tools]))
        result = boundary.csc("run", *inputs, *boundary.options(), program=os.path.join(tools, os.path.basename(CSC)))
        equal((result.code, int(result.out)), (0, os.path.getsize(CSC + "-init")), result)


@case("a bwrap in PATH is never used")
def fake_in_path():
    with Boundary() as boundary:
        folder, mark = boundary.path("fake"), boundary.path("fake", "mark")
        os.mkdir(folder)
        os.chmod(folder, 0o777)
        for name in ("bwrap", "csc-init"):
            boundary.write(f"fake/{name}", f"#!/bin/sh\ntouch {mark}\n")
            os.chmod(boundary.path("fake", name), 0o755)
        environment = {**os.environ, "PATH": f"{folder}:/usr/bin:/bin"}
        result = attempt(boundary, env=environment)
        equal((result.code, os.path.exists(mark)), (0, False), result)
        subprocess.run(["bwrap"], env=environment, check=True, stdin=subprocess.DEVNULL)
        equal(os.path.exists(mark), True, "the control")


def spoil_mode(path):
    os.chmod(path, 0o757)


def spoil_group(path):
    os.chmod(path, 0o775)


def spoil_owner(path):
    if os.getuid() != 0:
        raise Skip("only root gives files away")
    os.chown(path, PLAIN, PLAIN)


SPOILS = [("can be written by others", spoil_mode, "written by others"), ("by its group", spoil_group, "written by others"),
          ("belongs to another user", spoil_owner, "belongs to another user")]


@with_bwrap(*((f"bwrap {name}", *row) for name, *row in SPOILS))
def spoiled_bwrap(spoil, words):
    with Boundary() as boundary:
        path = boundary.path("trusted/bwrap")
        shutil.copy(BWRAP, path)
        configure(boundary, f"bwrap: {path}\n")
        equal(attempt(boundary).code, 0, "as it should be")
        os.unlink(os.path.join(boundary.work, "ran"))
        spoil(path)
        refused(boundary, attempt(boundary), words)


@cases([(f"csc-init {name}", *row) for name, *row in SPOILS])
def spoiled_init(spoil, words):
    with Boundary() as boundary:
        folder = boundary.path("bin")
        os.mkdir(folder)
        csc, init = shutil.copy(CSC, folder), shutil.copy(INIT, folder)
        equal(attempt(boundary, csc).code, 0, "as it should be")
        os.unlink(os.path.join(boundary.work, "ran"))
        spoil(init)
        refused(boundary, attempt(boundary, csc), words)


# ---- a sandbox that is not what was planned --------------------------------------------------------------------------

# Between csc and bwrap: changes the options. `words` is the list of them, `after` what follows "--".
BETWEEN = """#!/usr/bin/python3 -I
import ctypes, os, sys
at = sys.argv.index("--args")
with open(int(sys.argv[at + 1]), "rb") as file: words = file.read().split(b"\\0")[:-1]
after = sys.argv[sys.argv.index("--") + 1:]
def drop(*sequence):
    for i in range(len(words)):
        if tuple(words[i:i + len(sequence)]) == sequence:
            del words[i:i + len(sequence)]
            return
    sys.exit("nothing to drop")
def bind(target):
    return next(i for i in range(2, len(words)) if words[i] == target.encode() and words[i - 2].endswith(b"bind-fd"))
WORK, INIT = {work!r}, {init!r}
{change}
options = os.memfd_create("options", 0)
os.write(options, b"".join(word + b"\\0" for word in words))
os.lseek(options, 0, os.SEEK_SET)
os.execv({bwrap!r}, ["bwrap", "--args", str(options), "--", *after])
"""

UNSHARED = """
libc = ctypes.CDLL(None)
uid, gid = os.getuid(), os.getgid()
assert libc.unshare(0x10000000 | 0x20000000 | 0x20000) == 0
for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
    open("/proc/self/" + name, "w").write(text)
child = os.fork()
if child == 0: os.execv(INIT, after)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

# name, what is changed, what csc says
CHANGES = [
    ("no PID namespace", 'drop(b"--unshare-pid"); drop(b"--as-pid-1")', "first process"),
    ("a process before csc-init", 'drop(b"--as-pid-1")', "first process"),
    ("no sandbox at all", "os.execv(INIT, after)", "first process"),
    ("namespaces, and nothing mounted", UNSHARED, "not mounted|looking at|exchanged"),
    ("the root stays writable", 'drop(b"--remount-ro", b"/")', "'/' is not mounted read-only"),
    ("/dev stays writable", 'drop(b"--remount-ro", b"/dev")', "'/dev' is not mounted read-only"),
    ("/proc stays writable", 'drop(b"--remount-ro", b"/proc")', "'/proc' is not mounted read-only"),
    ("a read scope becomes writable", 'words[bind("/usr") - 2] = b"--bind-fd"', "'/usr' is not mounted read-only"),
    ("another folder in place of the workspace",
     'fd = os.open("/usr", os.O_PATH); os.set_inheritable(fd, True); words[bind(WORK) - 1] = b"%d" % fd', "exchanged"),
    ("the workspace is not there", 'at = bind(WORK); words[at - 2:at + 1] = [b"--dir", WORK.encode()]',
     "exchanged|not mounted"),
    ("another folder over the workspace", 'words += [b"--tmpfs", WORK.encode()]', "exchanged"),
    ("the host's folders in place of the system", 'words += [b"--bind", b"/usr", b"/usr"]', "not mounted|exchanged"),
    ("another program in place of csc-init", 'after[0] = "/usr/bin/true"', "csc doctor"),
    ("nothing changed", "", None),
]


@with_bwrap(*((f"between csc and bwrap: {name}", *row) for name, *row in CHANGES))
def incomplete(change, words):
    with Boundary() as boundary:
        text = BETWEEN.format(work=boundary.work, init=INIT, bwrap=BWRAP, change=change)
        configure(boundary, f"bwrap: {script(boundary, 'bwrap', text)}\n")
        result = attempt(boundary)
        if words is None:
            equal((result.code, result.out), (0, "ran\n"), f"the control: {result}")
        else:
            refused(boundary, result, words)


@case("csc-init does nothing outside a sandbox")
def init_outside():
    for arguments in ([], ["3", "4", "5", "6", "7"], ["0", "0", "0", "0", "0"], ["x"] * 5):
        done = subprocess.run([INIT, *arguments], capture_output=True, check=False, timeout=60)
        equal((done.returncode, done.stdout), (64, b""), arguments)


def disable_user_namespaces():
    """In csc's process before it starts: a user namespace in which no more can be made."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(0x10000000) < 0:
        os._exit(70)
    for path, text in (("/proc/self/setgroups", "deny"), ("/proc/self/uid_map", f"{uid} {uid} 1"),
                       ("/proc/self/gid_map", f"{gid} {gid} 1"), ("/proc/sys/user/max_user_namespaces", "0")):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


@case("no user namespaces: a refusal that says what would help")
def no_user_namespaces():
    with Boundary() as boundary:
        try:
            result = attempt(boundary, preexec_fn=disable_user_namespaces)
        except subprocess.SubprocessError:
            raise Skip("user namespaces cannot be switched off here") from None
        refused(boundary, result, "csc doctor|user.max_user_namespaces")


# ---- the configuration -----------------------------------------------------------------------------------------------

def writable_file(boundary):
    os.chmod(boundary.path("trusted/csc.yaml"), 0o666)


def writable_folder(boundary):
    os.chmod(boundary.path("trusted"), 0o777)


def of_another(boundary):
    spoil_owner(boundary.path("trusted/csc.yaml"))


@cases([("a configuration that others can write", writable_file),
        ("a configuration in a folder that others can write", writable_folder),
        ("a configuration of another user's", of_another)])
def configuration(spoil):
    with Boundary() as boundary:
        spoil(boundary)
        result = attempt(boundary)
        equal((result.code, result.out, os.listdir(boundary.work)), (77, "", []), result)


# ---- programs that run programs --------------------------------------------------------------------------------------

BY_DEFAULT = """
    sh bash zsh fish csh tcsh dash ksh powershell pwsh cmd cmd.exe perl ruby node php python python3 python3.11 pypy3
    env busybox toybox xargs nohup strace ltrace sudo su doas chroot unshare nsenter firejail
    BASH Python3 /usr/bin/env /BIN/Sh ./sh
""".split()


def default_block_list(boundary):
    boundary.config = "config_version: csc.config.v0.1\n"
    configure(boundary, "")


@case("shells, interpreters and wrappers are blocked where nothing is configured")
def blocked_by_default():
    with Boundary() as boundary:
        default_block_list(boundary)
        for program in BY_DEFAULT:
            first = boundary.command("touch", "ran", id="first", write_paths=[boundary.work + "/**"])
            result = boundary.run(first, boundary.command(program, "-c", "id", id="second"),
                                  policy={"allow_commands": ["touch", program]})
            equal((result.code, result.out, os.listdir(boundary.work)), (1, "", []), f"{program}: nothing ran: {result}")
            receipt = boundary.receipt()
            equal((receipt["status"], "exit_code" in receipt, receipt["failed_command_id"]), ("blocked", False, "second"))
            equal(receipt.get("completed_command_ids"), [], program)
            matches("blocked_programs", receipt["error"])
            matches("(?i)blocked", result.err)


@cases([("a segment of a pipeline", [["echo", "id"], ["sh"]]), ("the first segment", [["SH", "-c", "id"], ["cat"]]),
        ("a segment in the middle", [["echo"], ["/usr/bin/xargs", "touch"], ["cat"]])])
def blocked_in_pipeline(segments):
    with Boundary() as boundary:
        default_block_list(boundary)
        names = [argv[0] for argv in segments]
        result = boundary.run(boundary.command(segments=segments), policy={"allow_commands": names})
        equal((result.code, result.out, boundary.receipt()["status"]), (1, "", "blocked"), result)


@case("what is no such program runs by default, and a list of one's own replaces the default")
def not_blocked():
    with Boundary() as boundary:
        default_block_list(boundary)
        equal(boundary.run(["echo", "sh"]).out, "sh\n", "an argument is no program")
        equal(boundary.run(boundary.program("say(1)")).code, 1, "an interpreter")
        boundary.config += "blocked_programs: [echo]\n"
        configure(boundary, "")
        equal(boundary.run(boundary.program("say(1)")).out, "1\n", "allowed by the configuration")
        equal((boundary.run(["echo"]).code, boundary.receipt()["status"]), (1, "blocked"), "blocked by the configuration")


@case("check keeps its decision, and warns")
def check_warns():
    with Boundary() as boundary:
        default_block_list(boundary)
        result = boundary.csc("check", *boundary.inputs(["sh", "-c", "id"]))
        equal(result.code, 0, result)
        matches("(?i)hardened", result.err)


# ---- secrets ---------------------------------------------------------------------------------------------------------

@case("secrets without a provider are a refusal, and nothing ran")
def secrets():
    with Boundary() as boundary:
        first = boundary.command("touch", "ran", id="first", write_paths=[boundary.work + "/**"])
        second = boundary.command("true", id="second", secret_refs=["token"])
        result = boundary.run(first, second, policy={"allow_secret_refs": True, "allow_commands": ["touch", "true"]})
        refused(boundary, result, "no secret provider")


@case("a boundary that is refused to the second command: the receipt says what the first did")
def second_is_refused():
    with Boundary() as boundary:
        result = boundary.run(boundary.command("sh", "-c", "touch ran", id="first", write_paths=[boundary.work + "/**"]),
                              boundary.command("true", id="second", cwd="/proc"))
        equal((result.code, boundary.receipt()["status"], boundary.receipt()["exit_code"]), (1, "blocked", 126), result)
        equal(boundary.receipt()["completed_command_ids"], ["first"])
        equal(os.listdir(boundary.work), ["ran"], "the first did")


if __name__ == "__main__":
    main()
