# SPDX-License-Identifier: Apache-2.0
"""Threat: power that outlives the boundary - capabilities, set-uid files, another user's identity, the caller's keys."""

import ctypes
import os
import shutil
import struct

from boundary import BACKEND, BLOCKED, PLAIN, Boundary, Skip, owners
from tap import case, cases, equal, main, matches

OTHER = 65531  # a user, and a group, that own nothing here

STATUS = """
    status = dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
"""


def require_root(what):
    if os.getuid() != 0:
        raise Skip(f"only root can {what}")


@cases(owners("no capabilities"))
def no_capabilities(owner):
    source = STATUS + """
    say({key: int(status[key], 16) for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} |
        {"NoNewPrivs": int(status["NoNewPrivs"]), "Seccomp": int(status["Seccomp"])})
    """
    with Boundary(owner) as boundary:
        inside, outside = boundary.probe(source), boundary.control(source)
        equal(inside, {"CapInh": 0, "CapPrm": 0, "CapEff": 0, "CapBnd": 0, "CapAmb": 0, "NoNewPrivs": 1, "Seccomp": 2})
        equal(outside["CapBnd"] != 0 or outside["NoNewPrivs"] == 0, True, "outside there is more")


@cases(owners("the identity inside"))
def identity_inside(owner):
    with Boundary(owner) as boundary:
        ids = boundary.probe("say([os.getuid(), os.geteuid(), os.getgid(), os.getgroups(), os.stat('.').st_uid])")
        equal(ids[0] != 0 and ids[2] != 0 and ids[0] == ids[1], True, f"never uid or gid 0 inside: {ids}")
        equal(ids[4], ids[0], "the workspace belongs to the command")
        if owner == PLAIN:
            equal(ids[0], PLAIN, "the owner of cwd")


@cases(owners("one user and one group are all there is in the user namespace"))
def one_user(owner):
    source = """
        def map_of(kind): return [[int(n) for n in line.split()] for line in open(f"/proc/self/{kind}_map")]
        say({"uid": map_of("uid"), "gid": map_of("gid"), "setgroups": open("/proc/self/setgroups").read().strip(),
             "ids": [os.getuid(), os.getgid()],
             "change": [attempt(os.setuid, 0), attempt(os.setgid, 0), attempt(os.setresuid, 1, 1, 1),
                        attempt(os.setgroups, [0]), attempt(os.setgroups, [])]})
    """
    with Boundary(owner) as boundary:
        inside, outside = boundary.probe(source), boundary.control(source, uid=0 if os.getuid() == 0 else None)
        for number, kind in enumerate(("uid", "gid")):
            equal([(row[0], row[2]) for row in inside[kind]], [(inside["ids"][number], 1)], f"the {kind} map")
            equal(outside[kind][0][2] > 1, True, f"the {kind} map outside has more")
        equal("ok" in inside["change"], False, f"another identity: {inside['change']}")
        equal(inside["setgroups"], "deny", "setgroups")
        if os.getuid() == 0:
            equal(set(outside["change"][:2]), {"ok"}, "outside root becomes who it wants")


# ---- files that would give power -------------------------------------------------------------------------------------

SET_ID = """
    import subprocess
    ids = subprocess.run(["./id", "-u"], capture_output=True, text=True).stdout.strip(), \\
        subprocess.run(["./gid", "-g"], capture_output=True, text=True).stdout.strip()
    say([int(ids[0]) == os.getuid(), int(ids[1]) == os.getgid()])
"""


@cases(owners("set-uid and set-gid files give nothing"))
def set_id_files(owner):
    require_root("make a set-uid file of another user's")
    with Boundary(owner) as boundary:
        for name, mode in (("id", 0o4755), ("gid", 0o2755)):
            shutil.copy("/usr/bin/id", os.path.join(boundary.work, name))
            os.chown(os.path.join(boundary.work, name), OTHER if owner == 0 else 0, OTHER if owner == 0 else 0)
            os.chmod(os.path.join(boundary.work, name), mode)
        outside = boundary.control(SET_ID)
        if outside != [False, False]:
            raise Skip("set-uid files do nothing where temporary files lie")
        equal(boundary.probe(SET_ID), [True, True], "the caller's own ids")


@cases(owners("file capabilities give nothing"))
def file_capabilities(owner):
    require_root("give a file capabilities")
    source = """
        import subprocess
        text = subprocess.run(["./cat", "/proc/self/status"], capture_output=True, text=True).stdout
        found = [line.split()[1] for line in text.splitlines() if line.startswith(("CapPrm:", "CapEff:"))]
        say([int(one, 16) for one in found])
    """
    some = struct.pack("<IIIII", 0x02000001, 0b11, 0, 0, 0)  # struct vfs_cap_data, version 2: chown and dac_override
    with Boundary(owner) as boundary:
        shutil.copy("/usr/bin/cat", os.path.join(boundary.work, "cat"))
        os.setxattr(os.path.join(boundary.work, "cat"), "security.capability", some)
        outside = boundary.control(source, uid=PLAIN)
        if len(outside) != 2 or 0 in outside:
            raise Skip("file capabilities do nothing where temporary files lie")
        equal(boundary.probe(source), [0, 0], "permitted and effective capabilities")


@cases(owners("su and sudo give nothing"))
def become_root(owner):
    source = """
        import shutil, subprocess
        tries = [["/usr/bin/su", "-c", "id -u"], ["/usr/bin/sudo", "-n", "id", "-u"], ["/usr/bin/pkexec", "id", "-u"],
                 ["/usr/sbin/runuser", "-u", "root", "--", "id", "-u"], ["/usr/bin/setpriv", "--reuid=0", "id", "-u"]]
        def run(argv): return subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout.strip()
        say([run(argv) for argv in tries if os.path.exists(argv[0])])
    """
    with Boundary(owner) as boundary:
        inside = boundary.probe(source)
        equal("0" in inside, False, f"root by a program: {inside}")
        if os.getuid() == 0:
            equal("0" in boundary.control(source, uid=0), True, "outside root gets it")


@cases(owners("nothing is mounted with set-uid files or devices"))
def mount_flags(owner):
    source = """
        rows = [line.split() for line in open("/proc/self/mountinfo")]
        say([[row[4], row[5].split(",")] for row in rows])
    """
    with Boundary(owner) as boundary:
        for mount, flags in boundary.probe(source, write_paths=[boundary.work + "/**"]):
            equal("nosuid" in flags, True, f"nosuid on {mount}: {flags}")
            # A single device of the fixed list is a mount of its own, with devices.
            equal("nodev" in flags or mount.startswith("/dev/"), True, f"nodev on {mount}: {flags}")
        equal(any("nosuid" not in flags for _, flags in boundary.control(source)), True, "outside there are others")


# ---- whose rights ----------------------------------------------------------------------------------------------------

@cases(owners("the caller's supplementary groups are gone"))
def supplementary_groups(owner):
    require_root("start csc with groups")
    source = 'say([attempt(open, "only"), os.getgroups()])'
    with Boundary(owner) as boundary:
        only = os.path.join(boundary.work, "only")
        with open(only, "w", encoding="utf-8") as file:
            file.write("x")
        os.chown(only, OTHER, OTHER)
        os.chmod(only, 0o040)
        groups = {"extra_groups": [OTHER, 4]}
        equal(boundary.control(source, uid=PLAIN, start=groups)[0], "ok", "the group opens the file outside")
        inside = boundary.probe(source, start=groups)
        equal(inside[0], "EACCES", "the file of the group")
        equal(inside[1], [], "groups")


# Of idmapped mounts, see owners.py.
@cases([("run_as: the user of the configuration runs the command",)] if BACKEND == "bwrap" else [])
def run_as():
    require_root("become another user")
    with Boundary(0, config=f'run_as: "{OTHER}:{OTHER}"\n') as boundary:
        out = os.path.join(boundary.work, "out")
        os.mkdir(out)
        os.chown(out, OTHER, OTHER)
        ids = boundary.probe('open("out/file", "w").close(); say([os.getuid(), os.getgid(), os.getgroups()])',
                             write_paths=[out + "/**"])
        equal(ids, [OTHER, OTHER, []], "ids inside")
        made = os.stat(os.path.join(out, "file"))
        equal((made.st_uid, made.st_gid), (OTHER, OTHER), "the owner outside of what it made")
        equal(boundary.probe('say(attempt(open, "file", "w"))', write_paths=[boundary.work + "/**"]), "EACCES",
              "another user's folder")


@cases([("run_as root", '"0:0"', "root's"), ("run_as root's group", f'"{OTHER}:0"', "root's"),
        ("run_as by name", "root", "root's")])
def run_as_root(who, words):
    with Boundary(config=f"run_as: {who}\n") as boundary:
        result = boundary.run(boundary.program("say(os.getuid())"))
        equal((result.code != 0, result.out), (True, ""), "refused, and nothing ran")
        matches(words, result.err)


@case("run_as another user, where csc is not root, is a refusal")
def run_as_other():
    if os.getuid() == 0:
        raise Skip("root can become another user")
    with Boundary(config=f'run_as: "{OTHER}:{OTHER}"\n') as boundary:
        result = boundary.run(boundary.program("say(os.getuid())"))
        equal((result.code, result.out), (BLOCKED, ""))
        matches("run_as", result.err)


@case("a folder of root's group gives no group 0")
def group_of_root():
    require_root("make a folder of another user's")
    with Boundary(0) as boundary:
        os.chown(boundary.work, PLAIN, 0)
        secret = os.path.join(boundary.work, "secret")
        with open(secret, "w", encoding="utf-8") as file:
            file.write("x")
        os.chown(secret, 0, 0)
        os.chmod(secret, 0o040)
        source = 'say(attempt(open, "secret"))'
        equal(boundary.control(source, uid=PLAIN, start={"group": 0}), "ok", "root's group opens it")
        equal(boundary.probe(source), "EACCES")


# Who is root outside owns what root owns, capabilities or not: only read-only mounts and what is not shown hold.
OWNER_CHECKS = """
    import stat
    def touch(path):
        seen = os.stat(path)
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    def mode(path): os.chmod(path, stat.S_IMODE(os.stat(path).st_mode))
    def write(path): os.close(os.open(path, os.O_WRONLY))
    def make(path): os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)); os.unlink(path)
    paths = ["/usr/bin/true", "/usr/bin", "/usr", "/etc", "/etc/hosts", "/etc/passwd", "/", "/dev", "/proc", "/.csc",
             "/.csc/init"]
    tries = [(f.__name__, path, attempt(f, path)) for path in paths for f in (touch, mode)]
    tries += [("write", path, attempt(write, path)) for path in paths if not os.path.isdir(path)]
    tries += [("make", path, attempt(make, path + "/csc-probe")) for path in paths if os.path.isdir(path)]
    tries += [("write", path, attempt(write, path)) for path in
              ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches",
               "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity",
               "/sys/kernel/uevent_helper", "/sys/power/state", "/dev/kmsg", "/dev/mem")]
    say(tries)
"""


@cases(owners("nothing of the system is changed by its owner"))
def owner_checks(owner):
    with Boundary(owner) as boundary:
        inside = boundary.probe(OWNER_CHECKS)
        equal([one for one in inside if one[2] == "ok"], [], "changed")
        if owner == 0:
            outside = {tuple(one[:2]) for one in boundary.control(OWNER_CHECKS) if one[2] == "ok"}
            some = {("touch", "/usr/bin/true"), ("write", "/proc/sys/kernel/core_pattern"), ("make", "/etc")}
            equal(some <= outside, True, f"what root changes outside: {sorted(outside)}")


PROC = """
    import stat
    found = {"writable": [], "private": []}
    def look(path):
        mode = os.lstat(path).st_mode
        if not stat.S_ISREG(mode): return
        if attempt(lambda: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))) == "ok": found["writable"].append(path)
        if not mode & 0o044 and attempt(lambda: os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))) == "ok":
            found["private"].append(path)
    for folder, folders, files in os.walk("/proc"):
        folders[:] = [name for name in folders if not name.isdigit() and name not in ("self", "thread-self")]
        for file in files: attempt(look, os.path.join(folder, file))
    for file in os.listdir("/proc/self"): attempt(look, "/proc/self/" + file)
    found["private"] = [path for path in found["private"] if not path.startswith("/proc/self/")]
    say(found)
"""


@cases(owners("/proc has nothing that can be written, and nothing that only root reads"))
def proc_entries(owner):
    with Boundary(owner) as boundary:
        equal(boundary.probe(PROC), {"writable": [], "private": []})
        outside = boundary.control(PROC)
        equal(len(outside["writable"]) > 0, True, "outside something can be written")
        if owner == 0:
            equal(len(outside["private"]) > 0, True, "outside root reads more")


# ---- keys ------------------------------------------------------------------------------------------------------------

KEYCTL, ADD_KEY = {"x86_64": (250, 248), "aarch64": (219, 217)}[os.uname().machine]
SESSION, JOIN, SETPERM = -3, 1, 5


def have_key():
    """In csc's process before it starts: a session keyring of its own, with a key in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    if libc.syscall(KEYCTL, JOIN, None) < 0:
        os._exit(70)
    key = libc.syscall(ADD_KEY, b"user", b"csc-test", b"hidden", ctypes.c_size_t(6), SESSION)
    # Whoever possesses it and whoever else sees it may do everything with it.
    if key < 0 or libc.syscall(KEYCTL, SETPERM, key, 0x3f3f3f3f) < 0:
        os._exit(70)


READ_KEY = f"""
    libc.syscall.restype = ctypes.c_long
    SEARCH, READ, DESCRIBE, GET, LINK = 10, 11, 6, 0, 8
    key = libc.syscall({KEYCTL}, SEARCH, {SESSION}, b"user", b"csc-test", 0)
    buffer = ctypes.create_string_buffer(64)
    size = libc.syscall({KEYCTL}, READ, key, buffer, 64) if key > 0 else -1
    listed = attempt(lambda: open("/proc/keys").read())
    text = open("/proc/keys").read() if listed == "ok" else ""
    say({{"found": key > 0, "read": buffer.value.decode(), "listed": "csc-test" in text,
         "get": call({KEYCTL}, GET, {SESSION}, 0), "requested": call({KEYCTL - 1}, b"user", b"csc-test", None, 0),
         "add": call({ADD_KEY}, b"user", b"x", b"y", ctypes.c_size_t(1), {SESSION})}})
"""


@cases(owners("the caller's session keyring is out of reach"))
def session_keyring(owner):
    with Boundary(owner) as boundary:
        start = {"preexec_fn": have_key}
        # Who is root would change who it is before the key is made.
        outside = boundary.control(READ_KEY, uid=os.getuid(), start=start)
        if not outside["found"]:
            raise Skip("this kernel has no keys for us")
        equal(outside["read"], "hidden", "read outside")
        equal(boundary.probe(READ_KEY, start=start),
              {"found": False, "read": "", "listed": False, "get": "EPERM", "requested": "EPERM", "add": "EPERM"})


if __name__ == "__main__":
    main()
