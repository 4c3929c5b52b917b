# SPDX-License-Identifier: Apache-2.0
"""Threat: a command that looks around - other people's files, keys, the system's secrets, what other programs keep in
/tmp - or that leaves something behind: in the system, in the workspace it may only read, on the host."""

import os
import re
import stat
import tempfile
from textwrap import dedent

from boundary import PRELUDE, PYTHON, Boundary, owners
from mounts import MOUNTS, Elsewhere, Mounted
from tap import case, cases, equal, main, matches

# Of the host. Those that it has are the control.
UNDECLARED = ["/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/sudoers", "/etc/sudoers.d", "/etc/ssh", "/etc/ssl/private",
              "/etc/machine-id", "/etc/crontab", "/etc/fstab", "/etc/pam.d", "/etc/security", "/etc/csc", "/root", "/home",
              "/sys", "/boot", "/var", "/run", "/srv", "/opt", "/mnt", "/media", "/lost+found", "/tmp/.X11-unix"]
SYNTHETIC = ["/etc/passwd", "/etc/group", "/etc/hostname", "/etc/hosts"]
DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/pts"]
PRIVATE = ["/tmp", "/.csc/home", "/dev/shm"]

WALK = """
def walk(top, skipped=()):
    for path, folders, files in os.walk(top):
        folders[:] = [name for name in folders if os.path.join(path, name) not in skipped]
        yield from (os.path.join(path, name) for name in folders + files)
"""


def script(*parts):
    return "".join(dedent(part) for part in parts)


@cases(owners("the host's secrets are not there"))
def secrets(owner):
    with Boundary(owner) as boundary, tempfile.TemporaryDirectory(dir="/tmp", prefix="csc-test-") as other:
        os.chmod(other, 0o755)
        home = boundary.path("home")
        os.makedirs(os.path.join(home, ".ssh"))
        secret_files = [boundary.write("secret", "x"), boundary.write("home/.ssh/id_ed25519", "x"),
                        os.path.join(other, "secret")]
        os.link(secret_files[0], secret_files[2])
        own = [*secret_files, home, other, boundary.path("trusted"), boundary.path("trusted/csc.yaml")]
        names = "\n".join(UNDECLARED + own).encode().hex()  # the policy would deny an argv that names ".ssh"
        source = f"say([path for path in bytes.fromhex('{names}').decode().split('\\n') if os.path.lexists(path)])"
        equal(boundary.probe(source), [])
        seen = boundary.control(source)
        equal([path for path in own if path not in seen], [], "outside they are all there")
        equal(len(seen) > len(own) + 5, True, f"and so is much of the system: {seen}")


@cases(owners("the root shows what was declared, and the system"))
def top_level(owner):
    known = {".csc", "bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "tmp", "usr"}
    with Boundary(owner) as boundary:
        source = "say([os.listdir('/'), os.listdir('/tmp'), os.listdir('..'), os.listdir(os.path.expanduser('~'))])"
        top, tmp, above, home = boundary.probe(source)
        equal(set(top) - known, {boundary.root.split("/")[1]} - known)
        equal(tmp, [boundary.root.split("/")[2]] if boundary.root.startswith("/tmp/") else [])
        equal((above, home), (["work"], []))
        equal(set(boundary.control("say(os.listdir('/'))")) - known != set(), True, "outside there is more")
        equal(len(boundary.control("say(os.listdir('..'))")) > 1, True, "outside there is more")


@cases(owners("/etc holds what everyone may read, and no users"))
def curated_etc(owner):
    source = script(WALK, "say([list(walk('/etc')), open('/etc/passwd').read(), open('/etc/group').read()])")
    with Boundary(owner) as boundary:
        shown, passwd, group = boundary.probe(source)
        for path in shown:
            mode = os.lstat(path).st_mode
            equal(path in SYNTHETIC or stat.S_ISLNK(mode) or mode & 0o004 != 0, True, f"{path} is for everyone")
        equal(re.findall(r"(?m)^[^:]+", passwd), ["csc", "nobody"])
        equal(re.findall(r"(?m)^[^:]+", group), ["csc", "nogroup"])
        equal([path for path in shown if re.search(r"shadow|sudo|/ssh|pam|cron|key", path) and "alternatives" not in path
               and "certs" not in path], [])
        equal(len(boundary.control(source)[0]) > len(shown), True, "outside there is more")


@case("what is not for everyone is left out, wherever in /etc it lies")
def private_in_etc():
    def hide(boundary):
        folder = boundary.path("etc")
        os.makedirs(os.path.join(folder, "inner"))
        for name, mode in (("open", 0o644), ("shut", 0o640), ("inner/open", 0o644), ("inner/shut", 0o600)):
            os.chmod(boundary.write(os.path.join("etc", name), "x"), mode)
        return f"mount --bind {folder} /etc/alternatives; mount --bind {folder}/shut /etc/debian_version"

    source = script(WALK, """
        say([sorted(walk("/etc/alternatives")), os.path.exists("/etc/debian_version")])
    """)
    folder = "/etc/alternatives"
    with Mounted(0, hide) as boundary:
        equal(boundary.probe(source), [[f"{folder}/inner", f"{folder}/inner/open", f"{folder}/open"], False])
        equal(boundary.control(source), [[f"{folder}/inner", f"{folder}/inner/open", f"{folder}/inner/shut", f"{folder}/open",
                                          f"{folder}/shut"], True])


# ---- read-only ----------------------------------------------------------------------------------------------------

@cases([(f"{name}, below {top}", owner, top) for name, owner in owners("writable is what was declared") for top in
        ("/tmp", "/var/tmp")])
def writable_folders(owner, top):
    """In every folder that is there, but for the deep ones of /usr and /proc, a file is made."""
    source = script(WALK, """
        deep = ["/proc"] + ["/usr/" + name for name in os.listdir("/usr")]
        folders = ["/", *(path for path in walk("/", deep) if os.path.isdir(path) and not os.path.islink(path)), *deep]
        def make(folder):
            path = os.path.join(folder, "made")
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            os.unlink(path)
        results = {folder: attempt(make, folder) for folder in folders}
        say([[folder for folder in folders if results[folder] == "ok"], results])
    """)
    with Elsewhere(top), Boundary(owner) as boundary:
        for name in ("in", "out", "out/deep", "other"):
            os.mkdir(boundary.path("work", name))
            os.chown(boundary.path("work", name), owner, owner)
        made, results = boundary.probe(source, write_paths=[boundary.path("work/out")])
        stubs = [os.sep.join(parts[:n]) for parts in [boundary.root.split("/")] for n in range(3, len(parts) + 1)
                 if parts[1] == "tmp"]
        equal(set(made), {*PRIVATE, boundary.path("work/out"), boundary.path("work/out/deep"), *stubs})
        for folder in ("/", "/usr", "/usr/bin", "/etc", "/dev", "/proc", "/etc/ssl/certs", boundary.work,
                       boundary.path("work/other")):
            equal(folder in results and results[folder] != "ok", True, f"{folder} was tried")
        if owner != 0:
            return
        control = "attempts = {}\n" + "\n".join(
            f"attempts[{p!r}] = attempt(lambda: (os.close(os.open({p!r}, os.O_CREAT)), os.unlink({p!r})))"
            for p in ("/usr/bin/csc-test-made", boundary.path("work/made"))) + "\nsay(attempts)"
        equal(set(boundary.control(control).values()), {"ok"}, "outside nothing keeps root from it")


CHANGES = """
    import pathlib
    def write(how): os.close(os.open("file", how))
    say({name: attempt(change) for name, change in {
        "write": lambda: write(os.O_WRONLY), "append": lambda: write(os.O_WRONLY | os.O_APPEND),
        "truncate": lambda: os.truncate("file", 0), "create": lambda: write(os.O_WRONLY | os.O_CREAT),
        "mode": lambda: os.chmod("file", 0o777), "times": lambda: os.utime("file", (1, 1)),
        "attribute": lambda: os.setxattr("file", "user.csc", b"x"), "link": lambda: os.link("file", "linked"),
        "symlink": lambda: os.symlink("file", "symlinked"), "folder": lambda: os.mkdir("folder"),
        "fifo": lambda: os.mkfifo("fifo"), "rename": lambda: os.rename("file", "renamed"),
        "back": lambda: os.rename("renamed", "file"), "delete": lambda: os.unlink("file")}.items()})
"""


@cases(owners("a workspace that is not in a write scope cannot be changed"))
def readonly_workspace(owner):
    with Boundary(owner) as boundary:
        os.chown(boundary.write("work/file", "x"), owner, owner)
        inside = boundary.probe(CHANGES)
        equal(set(inside.values()), {"EROFS"}, inside)
        equal((os.listdir(boundary.work), open(boundary.path("work/file"), encoding="utf-8").read()), (["file"], "x"))
        changed = set(boundary.probe(CHANGES, write_paths=[boundary.work]).values())
        equal(changed - {"ENOTSUP"}, {"ok"}, "declared, all of it can be changed")


# ---- mounts -------------------------------------------------------------------------------------------------------

@cases(owners("every mount is nosuid and nodev, and read-only unless declared"))
def mount_flags(owner):
    with Boundary(owner) as boundary:
        os.mkdir(boundary.path("work/out"))
        os.chown(boundary.path("work/out"), owner, owner)
        out = boundary.path("work/out")
        seen = boundary.probe(script(MOUNTS, "say(mounts())"), write_paths=[out])
        equal(len(seen) > 10, True)
        equal([point for point, options, _ in seen if "nosuid" not in options], [], "mounts that honour set-uid")
        equal([point for point, options, _ in seen if "nodev" not in options and point not in DEVICES], [], "with devices")
        equal({point for point, options, _ in seen if "ro" not in options} - {*DEVICES}, {*PRIVATE, out}, "writable")
        outside = boundary.control(script(MOUNTS, "say(mounts())"))
        equal([point for point, options, _ in outside if "nosuid" not in options] != [], True, "outside some do")


@cases([(f"mounts in a {name} scope are {wanted}, too", name, wanted) for name, wanted in
        (("read", "ro"), ("write", "rw"))])
def submounts(scope, wanted):
    def nest(boundary):
        sub = boundary.path("work/sub")
        os.mkdir(sub)
        return "\n".join([f"mount -t tmpfs -o dev,suid,exec,mode=777 none {sub}", f"mkdir {sub}/deeper",
                          f"mount -t tmpfs -o dev,suid,exec,mode=777 none {sub}/deeper",
                          f"mknod -m 666 {sub}/deeper/null c 1 3", f"echo x >{sub}/deeper/file"])

    source = script(MOUNTS, """
        inner = [mount for mount in mounts() if "/work/sub" in mount[0]]
        say([[sorted({"ro", "rw", "nosuid", "nodev"} & set(options)) for _, options, _ in inner],
             attempt(os.open, "sub/deeper/null", os.O_RDWR),
             [attempt(lambda: os.close(os.open(folder + "/made", os.O_CREAT))) for folder in ("sub", "sub/deeper")],
             open("sub/deeper/file").read()])
    """)
    with Mounted(0, nest) as boundary:
        equal(boundary.probe(source, write_paths=[boundary.work] if scope == "write" else []),
              [[["nodev", "nosuid", wanted]] * 2, "EACCES", ["EROFS" if wanted == "ro" else "ok"] * 2, "x\n"])
        equal(boundary.control(source), [[["rw"]] * 2, "ok", ["ok"] * 2, "x\n"])


# ---- private folders ----------------------------------------------------------------------------------------------

@cases([(f"{name}: {folder}", owner, folder, field) for name, owner in owners("private, and of the size configured")
        for folder, field in (("/tmp", "tmp_bytes"), ("/.csc/home", "home_bytes"), ("/dev/shm", "shm_bytes"))])
def private_folder(owner, folder, field):
    source = script(f"""
        folder = {folder!r}
        found = [name for name in os.listdir(folder) if not name.startswith("csc-test-") and name != "home"]
        with open(folder + "/csc-test-mine", "wb") as file:
            filled = attempt(lambda: file.write(b"x" * (3 << 20)) + file.flush())
        stat = os.statvfs(folder)
        say([found, filled, stat.f_blocks * stat.f_frsize, os.environ["HOME"], os.environ["TMPDIR"]])
    """)
    host = tempfile.NamedTemporaryFile(dir=folder, prefix="host-") if folder != "/.csc/home" else None
    with Boundary(owner, config=f"limits: {{{field}: 2097152}}\n") as boundary:
        found, filled, size, home, tmpdir = boundary.probe(source)
        equal((filled, size, home, tmpdir), ("ENOSPC", 2 << 20, "/.csc/home", "/tmp"))
        equal(found if not boundary.root.startswith("/tmp/") or folder != "/tmp" else
              [name for name in found if name != boundary.root.split("/")[2]], [])
        equal(os.path.exists(folder + "/csc-test-mine"), False, "the host's has nothing of it")
        if host:
            shared = boundary.control(f"say(os.listdir({folder!r}))")
            equal(os.path.basename(host.name) in shared, True, "outside it is shared")
            host.close()


@cases(owners("sizes by default"))
def default_sizes(owner):
    with Boundary(owner) as boundary:
        source = f"say([os.statvfs(p).f_blocks * os.statvfs(p).f_frsize for p in {PRIVATE!r}])"
        equal(boundary.probe(source), [256 << 20, 64 << 20, 64 << 20])


@cases(owners("a workspace below the host's /tmp stays visible, what lies beside it does not"))
def below_tmp(owner):
    with Elsewhere("/tmp"), Boundary(owner) as boundary:
        boundary.write("work/file", "x")
        boundary.write("beside", "x")
        source = "say([os.getcwd(), os.listdir('.'), os.path.exists('../beside')])"
        equal(boundary.probe(source), [boundary.work, ["file"], False])
        equal(boundary.control(source), [boundary.work, ["file"], True])


# ---- afterwards ---------------------------------------------------------------------------------------------------

LITTER = "for f in ('/tmp', '/dev/shm', os.path.expanduser('~')): open(f + '/csc-litter-{0}', 'w').close()\n"
ENDS = [("success", "say(1)", {}, 0), ("failure", "sys.exit(3)", {}, 1), ("time-out", "import time; time.sleep(9)",
                                                                         {"timeout_sec": 1}, 1),
        ("escape", "say(1)", {"read_paths": ["/proc"]}, 1)]


def groups():
    """The control groups of this machine that have a name of csc's."""
    return {os.path.join(path, name) for path, names, _ in os.walk("/sys/fs/cgroup") for name in names
            if name.startswith("csc")}


@cases([(f"{name} leaves nothing behind: {end}", owner, *rest) for name, owner in owners("a run") for end, *rest in ENDS])
def nothing_left(owner, source, changes, code):
    with Boundary(owner) as boundary:
        mark = os.path.basename(boundary.root)
        mounts = open("/proc/self/mountinfo", encoding="utf-8").read()
        command = boundary.command(PYTHON, "-c", PRELUDE + LITTER.format(mark) + source, **changes)
        inputs = boundary.inputs(command)
        before = {name for name in os.listdir(boundary.root) if name != "out"}
        process = boundary.start("run", *inputs, *boundary.options())
        result = boundary.finish(process)
        equal(result.code, code, result)
        equal(open("/proc/self/mountinfo", encoding="utf-8").read(), mounts)
        equal({name for name in os.listdir(boundary.root) if name != "out"}, before)
        equal(os.listdir(boundary.work), [])
        equal(sorted(os.listdir(boundary.path("out"))), ["receipt.json"])
        equal([group for group in groups() if re.search(rf"\b{process.pid}\b", group)], [], "control groups")
        for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", "/"):
            equal([name for name in os.listdir(folder) if "csc-litter-" + mark in name or f"csc-{process.pid}" in name], [],
                  folder)


if __name__ == "__main__":
    main()
