# SPDX-License-Identifier: Apache-2.0
"""Threat: paths that lead elsewhere - symlinks, "..", a folder that is exchanged while csc starts, other names of what
must stay hidden. Each is refused before anything runs, with a message, and the receipt says so."""

import json
import os
import socket
import subprocess
import time

from boundary import PYTHON, Boundary, owners
from mounts import Mounted
from tap import Skip, cases, equal, main, matches

BLOCKED, DENIED, MISSING = ("blocked", 126), ("blocked", None), ("failed", 126)


class Host(Boundary):
    """Beside the workspace lies a secret, and in it are ways that lead there."""

    def __enter__(self):
        super().__enter__()
        prepare(self)
        return self


def prepare(boundary):
    for name in ("secret", "work/real", "work/real/inner"):
        os.mkdir(boundary.path(name))
    boundary.write("secret/file", "the secret")
    boundary.write("work/real/file", "harmless")
    os.symlink("../secret", boundary.path("work/link"))
    os.symlink(boundary.path("secret"), boundary.path("work/real/link"))
    os.symlink("real", boundary.path("work/inside"))
    os.symlink("../secret/file", boundary.path("work/filelink"))
    os.symlink("loop", boundary.path("work/loop"))
    os.symlink("/proc/self/root", boundary.path("work/magic"))
    os.mkfifo(boundary.path("work/fifo"))
    here = os.getcwd()
    os.chdir(boundary.work)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    os.chdir(here)
    for path, folders, files in os.walk(boundary.work):
        for name in folders + files:
            os.chown(os.path.join(path, name), boundary.owner, boundary.owner, follow_symlinks=False)


def refused(boundary, changes, end, message):
    """Nothing runs; the receipt and csc's exit code are as the protocol's table has them. The policy lets even the names of
    keys pass: the boundary has to hold by itself."""
    command = boundary.command("echo", "it ran", **{"cwd": boundary.path("work/real"), "read_paths": [], **changes})
    result = boundary.run(command, policy={"allowed_effect_types": ["observe", "transform_local", "touch_secrets"]})
    receipt = boundary.receipt()
    equal((result.code, result.out), (1, ""), result)
    equal((receipt["status"], receipt.get("exit_code"), receipt["execution_mode"]), (*end, "hardened"), result)
    equal((receipt.get("completed_command_ids", []), receipt.get("artifacts", [])), ([], []))
    matches(message, receipt["error"], "error")
    matches(message, result.err, "stderr")


ESCAPES = [  # name, the path below the workspace, what the message says
    ("a symlink to a folder", "link", r"read_paths: .*/link' is, or lies behind, a symlink"),
    ("behind a symlink", "link/file", r"symlink"),
    ("a symlink in between", "real/link/file", r"symlink"),
    ("a symlink to what lies inside", "inside/file", r"symlink"),
    ("a symlink to a file", "filelink", r"symlink"),
    ("a symlink to itself", "loop", r"symlink"),
    ("the root of /proc", "magic/etc", r"symlink"),
    ("a pattern behind a symlink", "link/*", r"symlink"),
    ("a folder of everything behind a symlink", "link/**", r"symlink"),
    ("a FIFO", "fifo", r"device, socket or FIFO"),
    ("a socket", "socket", r"device, socket or FIFO"),
]
FIELDS = [("read", "read_paths"), ("write", "write_paths")]


@cases([(f"{name}, {kind}: {row}", owner, field, *rest) for name, owner in owners("escapes")[-1:] for row, *rest in ESCAPES
        for kind, field in FIELDS])
def escape(owner, field, path, message):
    with Host(owner) as boundary:
        refused(boundary, {field: [boundary.path("work", path)]}, BLOCKED, message.replace("read_paths", field))


CWD = [
    ("a symlink", "link", BLOCKED, r"cwd: .* symlink"),
    ("behind a symlink", "real/link", BLOCKED, r"cwd: .* symlink"),
    ("a symlink to what lies inside", "inside", BLOCKED, r"cwd: .* symlink"),
    ("missing", "missing", MISSING, r"cwd: .* is not there"),
    ("missing folders", "missing/more", MISSING, r"cwd: .* is not there"),
    ("a file", "real/file", MISSING, r"cwd: "),
    ("below a file", "real/file/x", MISSING, r"cwd: "),
    ("a FIFO", "fifo", BLOCKED, r"device, socket or FIFO"),
]


@cases([(f"{name}: {row}", owner, *rest) for name, owner in owners("cwd") for row, *rest in CWD])
def cwd(owner, path, end, message):
    with Host(owner) as boundary:
        refused(boundary, {"cwd": boundary.path("work", path)}, end, message)


@cases([(f"{name}: {kind}", owner, field) for name, owner in owners("scopes that are not there")[-1:]
        for kind, field in FIELDS])
def missing(owner, field):
    with Host(owner) as boundary:
        for path in ("missing", "real/missing/more", "missing/**", "missing/*.txt", "real/file/x"):
            refused(boundary, {field: [boundary.path("work", path)]}, MISSING,
                    rf"{field}: '[^']*(missing|file/x)[^']*' is not there; create it first, or declare the folder")


@cases([(f"{name}: {field}", owner, field) for name, owner in owners("'..' is denied")[-1:] for field in
        ("cwd", "read_paths", "write_paths")])
def dotdot(owner, field):
    with Host(owner) as boundary:
        path = boundary.work + "/real/../../secret"
        equal(os.path.exists(path), True)
        refused(boundary, {field: path if field == "cwd" else [path]}, DENIED, r"_DENIED|CWD_NOT_ALLOWED")


@cases(owners("what is refused through a symlink works by its own name"))
def by_its_name(owner):
    with Host(owner) as boundary:
        os.chmod(boundary.path("secret"), 0o755)
        source = "say([open('inner/../file').read(), open('../../secret/file').read()])"
        equal(boundary.probe(source, cwd=boundary.path("work/real"), read_paths=[boundary.path("secret")]),
              ["harmless", "the secret"])
        equal(boundary.control("say(open('link/file').read())"), "the secret", "outside a symlink leads there")


# ---- the system's places ------------------------------------------------------------------------------------------

PLACES = [
    ("/", "whole file system"), ("/**", "whole file system"), ("//etc", None),
    ("/proc", "belongs to the kernel"), ("/proc/1", "belongs to the kernel"), ("/proc/sys/kernel", "belongs to the kernel"),
    ("/sys", "belongs to the kernel"), ("/sys/kernel", "belongs to the kernel"), ("/dev", "belongs to the kernel"),
    ("/dev/shm", "belongs to the kernel"), ("/dev/null", "device, socket or FIFO"),
    ("/tmp", "private to each sandbox"), ("/tmp/**", "private to each sandbox"),
    ("/etc", "file by file|not everyone"), ("/etc/**", "file by file|not everyone"), ("/etc/shadow", "not everyone"),
]
WRITE_PLACES = [
    ("/usr", "system writable"), ("/usr/local", "system writable"), ("/usr/bin/**", "system writable"),
    ("/bin", "symlink|system"), ("/lib", "symlink|system"), ("/etc/hostname", "system writable"),
    ("/etc/ssl", "system writable|not everyone"), ("/etc/alternatives", "system writable"),
]


@cases([(f"{name}: {kind} {path}", owner, field, path, message) for name, owner in owners("places of the system")[:1]
        for kind, field in FIELDS for path, message in PLACES + (WRITE_PLACES if kind == "write" else [])])
def system_place(owner, field, path, message):
    if not os.path.exists(path.replace("/**", "/")):
        raise Skip(f"this host has no {path}")
    with Host(owner) as boundary:
        refused(boundary, {field: [path]}, BLOCKED if message else DENIED, message or "_DENIED|PATH_NOT_ABSOLUTE")


@cases([(f"patterns below {folder} show nothing that is root's alone", folder, pattern) for folder, pattern in
        (("/etc", "/etc/*"), ("/etc", "/etc/shado?"), ("/etc", "/etc/s*/**/*"), ("/", "/*/shadow"), ("/", "/pro*"),
         ("/proc", "/pro[c]/kcore"), ("/sys", "/sy?/kernel/*"))])
def system_pattern(folder, pattern):
    """The command is refused, or what it sees is for everyone."""
    del folder
    source = """
        shown = [os.path.join(path, name) for top in ("/etc", "/sys") for path, folders, files in os.walk(top)
                 for name in folders + files]
        say([sorted(shown), [name for name in ("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/proc/kcore")
             if attempt(lambda: open(name, "rb").close()) == "ok"]])
    """
    with Host(0 if os.getuid() == 0 else None) as boundary:
        result = boundary.run(boundary.program(source, cwd=boundary.path("work/real"), read_paths=[pattern]))
        if result.code != 0:
            equal((result.code, boundary.receipt()["status"]), (1, "blocked"), result)
            return
        shown, opened = result.json()
        equal(opened, [])
        equal([path for path in shown if not os.path.islink(path) and os.path.exists(path) and
               not os.lstat(path).st_mode & 0o004 and path not in ("/etc/ssl",)], [])
        if os.getuid() == 0:
            equal("/etc/shadow" in boundary.control(source)[1], True, "outside root opens it")


# ---- keys, configuration, policy ----------------------------------------------------------------------------------

KEPT = [  # what is declared, which fields are refused, what the message says
    ("trusted", ["read_paths", "write_paths"], "holds the (signing key|configuration)"),
    ("trusted/**", ["read_paths", "write_paths"], "holds the (signing key|configuration)"),
    (".", ["read_paths", "write_paths"], "holds the (signing key|configuration)"),
    ("trusted/runner.key", ["read_paths", "write_paths"], "holds the signing key"),
    ("trusted/*.key", ["read_paths", "write_paths"], "holds the signing key"),
    ("**/runner.key", ["read_paths", "write_paths"], "holds the signing key"),
    ("trusted/csc.yaml", ["read_paths", "write_paths"], "holds the configuration"),
    ("trusted/policy.yaml", ["write_paths"], "holds the policy"),
    ("trusted/policy*", ["write_paths"], "holds the policy"),
    ("hardlink", ["read_paths", "write_paths"], "holds the signing key"),
]


@cases([(f"{name}: {path} as {field}", owner, path, field, message)
        for name, owner in owners("what csc trusts stays outside")[:1] for path, fields, message in KEPT for field in fields])
def kept_outside(owner, path, field, message):
    with Host(owner) as boundary:
        os.link(boundary.path("trusted/runner.key"), boundary.path("hardlink"))
        refused(boundary, {field: [os.path.normpath(boundary.path(path))]}, BLOCKED, message)


@cases(owners("cwd cannot hold the signing key, and the policy may be read"))
def kept_readable(owner):
    with Host(owner) as boundary:
        for place in (boundary.root, boundary.path("trusted")):
            refused(boundary, {"cwd": place}, BLOCKED, r"cwd: .* holds the (signing key|configuration)")
        equal(boundary.probe("say(len(open('../../trusted/policy.yaml').read()) > 9)", cwd=boundary.path("work/real"),
                             read_paths=[boundary.path("trusted/policy.yaml")]), True)


ALIASES = [  # name, where what is mounted, what is declared, the message
    ("the folder of the key", "trusted", "work/alias", "work/alias", "holds the signing key"),
    ("a folder above it", ".", "work/alias", "work/alias", "holds the signing key"),
    ("the key itself", "trusted/runner.key", "work/keyalias", "work/keyalias", "holds the signing key"),
    ("a folder that the alias lies in", "trusted", "work/alias", "work", "holds the signing key"),
    ("a folder that the key's alias lies in", "trusted/runner.key", "work/keyalias", "work", "holds the signing key"),
    ("a folder with an alias of all", ".", "work/alias", "work", "holds the signing key"),
]


@cases([(f"a bind mount of {name} is no way round, as {field}", *rest, field) for name, *rest in ALIASES
        for field in ("read_paths", "write_paths")])
def alias(what, where, declared, message, field):
    class Aliased(Mounted):
        def __enter__(self):
            super().__enter__()
            prepare(self)
            os.mkdir(self.path("work/alias"))
            self.write("work/keyalias", "")
            return self

    with Aliased(0, lambda boundary: f"mount --bind {boundary.path(what)} {boundary.path(where)}") as boundary:
        key = "alias/trusted/runner.key" if what == "." else "alias/runner.key" if where.endswith("/alias") else "keyalias"
        equal(boundary.control(f"say(len(open({key!r}, 'rb').read()) > 9)"), True, "outside it is a way")
        refused(boundary, {field: [boundary.path(declared)]}, BLOCKED, message)


@cases([(f"{kind} mounted inside a {field} scope is refused", kind, field) for kind in ("proc", "sysfs") for field in
        ("read_paths", "write_paths")])
def kernel_mount(kind, field):
    """Threat: a write scope that holds another system's root, /proc of the host mounted in it."""
    source = {"proc": "say(attempt(os.open, 'view/sys/kernel/core_pattern', os.O_WRONLY))",
              "sysfs": "say(attempt(os.open, 'view/kernel/uevent_seqnum', os.O_RDONLY))"}[kind]

    class Viewed(Mounted):
        def __enter__(self):
            super().__enter__()
            prepare(self)
            os.mkdir(self.path("work/view"))
            return self

    with Viewed(0, lambda boundary: f"mount -t {kind} none {boundary.path('work/view')}") as boundary:
        equal(boundary.control(source), "ok", "outside it is open")
        for declared in ("work/view", "work"):
            refused(boundary, {field: [boundary.path(declared)]}, BLOCKED, "kernel")


@cases([(f"{what} mounted inside a {field} scope", field, what) for field in ("read_paths", "write_paths")
        for what in ("/usr", "/usr/bin", "/usr/share/zoneinfo", "/etc/ssl/certs")])
def system_mount(field, what):
    """Threat: programs that everybody runs, writable by another name."""
    class Viewed(Mounted):
        def __enter__(self):
            super().__enter__()
            prepare(self)
            os.mkdir(self.path("work/view"))
            return self

    with Viewed(0, lambda boundary: f"mount --bind {what} {boundary.path('work/view')}") as boundary:
        equal(boundary.control(f"say(os.path.samefile('view', {what!r}))"), True, "outside it is the same")
        if field == "write_paths":
            refused(boundary, {field: [boundary.work]}, BLOCKED, "what is mounted at '.*/work/view' is a part of the system")
            refused(boundary, {field: [boundary.path("work/view")]}, BLOCKED, "part of the system")
        else:  # all commands see it anyway
            equal(boundary.probe(f"say(attempt(os.listdir, {boundary.path('work/view')!r}))", read_paths=[boundary.work]), "ok")


# ---- races --------------------------------------------------------------------------------------------------------

SWAPPER = """
import ctypes, sys, time
libc = ctypes.CDLL(None)
a, b = sys.argv[1].encode(), sys.argv[2].encode()
print("ready", flush=True)
while True:
    libc.renameat2(-100, a, -100, b, 2)
    time.sleep(0.0002)
"""
RACES = [  # name, the folder that is exchanged for a symlink to the secret, what is declared
    ("a read scope", "real", {"read_paths": ["work/real"]}),
    ("a folder above a read scope", "real", {"read_paths": ["work/real/inner"]}),
    ("a pattern", "real", {"read_paths": ["work/real/*"]}),
    ("a write scope", "real", {"write_paths": ["work/real"]}),
    ("a folder above a write scope", "real", {"write_paths": ["work/real/inner"]}),
    ("cwd", "real", {"cwd": "work/real"}),
    ("a folder above cwd", "real", {"cwd": "work/real/inner"}),
]
RACE_PROBE = """
    found = []
    for top in (sys.argv[1], "."):
        for path, folders, files in os.walk(top, followlinks=True):
            found += [open(os.path.join(path, name)).read() for name in files if name == "file"]
            attempt(lambda: os.close(os.open(os.path.join(path, "made"), os.O_CREAT)))
    say(found)
"""


@cases([(f"{name}: {row}", owner, *rest) for name, owner in owners("exchanged for a symlink while csc starts")
        for row, *rest in RACES])
def race(owner, folder, changes):
    with Host(owner) as boundary:
        os.mkdir(boundary.path("work/cwd"))
        os.makedirs(boundary.path("secret/inner"))
        boundary.write("secret/inner/file", "the secret")
        for path in ("work/cwd", "secret", "secret/inner"):
            os.chown(boundary.path(path), owner, owner)
        declared = {field: boundary.path(value) if field == "cwd" else [boundary.path(name) for name in value]
                    for field, value in changes.items()}
        command = boundary.program(RACE_PROBE, **{"cwd": boundary.path("work/cwd"), "read_paths": [], **declared})
        command["exec"]["argv"].append(boundary.path("work", folder))
        become = {"user": owner, "group": owner, "extra_groups": []} if os.getuid() == 0 else {}
        with subprocess.Popen([PYTHON, "-c", SWAPPER, boundary.path("work", folder), boundary.path("work/link")],
                              stdout=subprocess.PIPE, **become) as swapper:
            try:
                swapper.stdout.readline()
                ends = [race_once(boundary, command) for _ in range(12)]
                outside = {os.path.exists(boundary.path("work/real/link")) for _ in range(200) if not time.sleep(0.0003)}
            finally:
                swapper.kill()
        equal("the secret" in "".join(json.dumps(found) for _, found in ends), False, "what was seen")
        made = [name for name in ("secret/made", "secret/inner/made") if os.path.exists(boundary.path(name))]
        equal(made, [], "what was made")
        equal({code for code, _ in ends} <= {0, 1, 78}, True, ends)
        equal(outside, {True, False}, "outside both are seen")


def race_once(boundary, command):
    result = boundary.run(command)
    receipt = boundary.receipt()
    equal(receipt["status"] in {0: ["success"], 1: ["blocked", "failed"], 78: ["blocked"]}[result.code], True, result)
    return result.code, json.loads(result.out) if result.out.strip() else []


# ---- expected outputs ---------------------------------------------------------------------------------------------

OUTPUTS = [
    ("a symlink to a file", "os.symlink('../../secret/file', 'out')", "out"),
    ("a symlink to an absolute path", "os.symlink('/etc/passwd', 'out')", "out"),
    ("behind a symlink", "os.symlink('../../secret', 'folder')", "folder/file"),
    ("a FIFO", "os.mkfifo('out')", "out"),
    ("a folder", "os.mkdir('out')", "out"),
    ("outside of the write scopes", "0", "../../secret/file"),
]


@cases([(f"{name}: {row}", owner, *rest) for name, owner in owners("expected outputs that lead elsewhere") for row, *rest in
        OUTPUTS])
def outputs(owner, source, path):
    with Host(owner) as boundary:
        real = boundary.path("work/real")
        result = boundary.run(boundary.program(f"{source}\nopen('good', 'w').write('x')", cwd=real, write_paths=[real]),
                              expected_outputs=[os.path.normpath(os.path.join(real, path)), os.path.join(real, "good")])
        receipt = boundary.receipt()
        equal((result.code, receipt["status"]), (0, "success"), result)
        equal([artifact["path"] for artifact in receipt["artifacts"]], [os.path.join(real, "good")], result)


if __name__ == "__main__":
    main()
