# SPDX-License-Identifier: Apache-2.0
"""Threat: the kernel's own files - /proc, whose entries name other processes, tell of the machine and change it, and
devices. A command whose user outside is root passes the owner checks of both without any capability."""

import os
from textwrap import dedent

from boundary import Boundary, owners
from mounts import Mounted
from tap import case, cases, equal, main

# Everything below a folder of /proc, processes' folders left out: [path, mode bits, is a folder].
ENTRIES = """
import stat
def entries(folder):
    for entry in os.scandir(folder):
        if entry.name.isdigit() or entry.is_symlink():
            continue
        yield entry.path, entry.stat(follow_symlinks=False).st_mode
        if entry.is_dir(follow_symlinks=False):
            try:
                yield from entries(entry.path)
            except OSError:
                pass
def opens(path, how):
    return attempt(lambda: os.close(os.open(path, how | os.O_NONBLOCK | os.O_NOCTTY))) == "ok"
"""


def script(*parts):
    return "".join(dedent(part) for part in parts)


@cases(owners("processes are those of the sandbox"))
def processes(owner):
    source = """
        pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
        say([pids, os.getpid(), os.getppid(), sum(attempt(os.kill, pid, 0) != "ESRCH" for pid in range(5, 400))])
    """
    with Boundary(owner) as boundary:
        pids, own, parent, others = boundary.probe(source)
        equal(pids, [1, own])
        equal((parent, others), (1, 0))
        equal(len(boundary.control(source)[0]) > 3, True, "outside there are more")


@cases(owners("nothing in /proc can be written, and nothing read that is root's alone"))
def proc_entries(owner):
    source = script(ENTRIES, """
        files = [(path, mode) for path, mode in entries("/proc") if not stat.S_ISDIR(mode)]
        say([len(files), [path for path, _ in files if opens(path, os.O_WRONLY) or opens(path, os.O_RDWR)],
             [path for path, mode in files if not mode & 0o004 and opens(path, os.O_RDONLY)]])
    """)
    with Boundary(owner) as boundary:
        count, written, read = boundary.probe(source)
        equal((written, read), ([], []))
        equal(count > 30, True, "what was tried")
        if owner == 0:
            _, written, read = boundary.control(source)
            equal(len(written) > 100 and len(read) > 5, True, f"outside both are possible: {len(written)}, {len(read)}")


# Whatever its mode: it tells of the kernel, of other users, or acts on the machine.
SECRETS = ["kcore", "kmsg", "kallsyms", "keys", "key-users", "kpagecount", "kpageflags", "modules", "sched_debug", "slabinfo",
           "sysrq-trigger", "timer_list", "vmallocinfo", "sys/kernel/core_pattern", "sys/kernel/modprobe",
           "sys/vm/drop_caches"]


@cases(owners("the kernel's secrets and levers are shut"))
def kernel_secrets(owner):
    source = script(ENTRIES, f"""
        names = {SECRETS!r}
        say([[name for name in names if opens("/proc/" + name, os.O_RDONLY) and "sys/" not in name],
             [name for name in names if opens("/proc/" + name, os.O_WRONLY)], attempt(os.listdir, "/sys")])
    """)
    with Boundary(owner) as boundary:
        equal(boundary.probe(source), [[], [], "ENOENT"])
        read, written, sysfs = boundary.control(source)
        equal(len(read) > 0 and sysfs == "ok", True, "outside some can be read")
        equal(len(written) > 0 or owner != 0, True, "outside root can write some")


@cases(owners("what a process may set of itself in /proc is shut, too"))
def own_entries(owner):
    source = script(ENTRIES, """
        names = ["oom_score_adj", "uid_map", "gid_map", "setgroups", "attr/current", "comm", "coredump_filter", "clear_refs",
                 "mem"]
        say([name for name in names if opens("/proc/self/" + name, os.O_WRONLY)])
    """)
    with Boundary(owner) as boundary:
        equal(boundary.probe(source), [])
        equal("comm" in boundary.control(source), True, "outside some can be written")


INIT = ["environ", "maps", "mem", "auxv", "smaps", "io", "stack", "syscall", "pagemap", "personality", "numa_maps"]
LINKS = ["exe", "cwd", "root", "ns/mnt", "ns/user"]


@cases(owners("the sandbox's init is closed to the command"))
def init_closed(owner):
    # The numbers of its descriptors can be listed by a user who is root outside; what they are cannot be told.
    source = f"""
        def first(path):
            with open(path, "rb", buffering=0) as file:
                if not path.endswith("mem"):
                    file.read(1)
        def look(pid):
            at = f"/proc/{{pid}}/"
            numbers = [f"fd/{{number}}" for number in range(64)]
            infos = [f"fdinfo/{{number}}" for number in range(64)]
            return [name for name in {INIT!r} + infos if attempt(first, at + name) == "ok"] + \
                [name for name in {LINKS!r} + numbers if attempt(os.readlink, at + name) == "ok"] + \
                [name for name in numbers if attempt(os.open, at + name, os.O_RDONLY | os.O_NONBLOCK) == "ok"] + \
                [name for name in ("root/", "cwd/", "root/etc/shadow") if attempt(os.stat, at + name) == "ok"]
        say([look(1), look("self"), look(os.getppid())])
    """
    with Boundary(owner) as boundary:
        init, own, parent = boundary.probe(source)
        equal((init, parent), ([], []))
        equal({"environ", "maps", "mem", "exe", "cwd", "fd/0", "fdinfo/0", "root/"} <= set(own), True, own)
        if owner == os.getuid():
            equal({"environ", "maps", "exe", "fd/0"} <= set(boundary.control(source)[2]), True, "outside the parent is open")


# ---- /dev ---------------------------------------------------------------------------------------------------------

DEV = {"null": "1:3", "zero": "1:5", "full": "1:7", "random": "1:8", "urandom": "1:9", "tty": "5:0", "core": "link",
       "fd": "link", "ptmx": "link", "stderr": "link", "stdin": "link", "stdout": "link", "pts": "folder", "shm": "folder"}


@cases(owners("/dev has the few harmless ones, which work"))
def dev_listing(owner):
    source = """
        import stat
        def kind(entry):
            mode, device = os.lstat(entry).st_mode, os.lstat(entry).st_rdev
            return "link" if stat.S_ISLNK(mode) else "folder" if stat.S_ISDIR(mode) else \\
                ("block " if stat.S_ISBLK(mode) else "") + f"{os.major(device)}:{os.minor(device)}"
        def use(path, how, action): return attempt(lambda: action(os.open(path, how)))
        say([{name: kind("/dev/" + name) for name in os.listdir("/dev")},
             [use("/dev/null", os.O_WRONLY, lambda fd: os.write(fd, b"x")),
              use("/dev/zero", os.O_RDONLY, lambda fd: os.read(fd, 9)),
              use("/dev/full", os.O_WRONLY, lambda fd: os.write(fd, b"x")),
              use("/dev/urandom", os.O_RDONLY, lambda fd: os.read(fd, 9)),
              use("/dev/tty", os.O_RDWR, lambda fd: 0)]])
    """
    with Boundary(owner) as boundary:
        shown, uses = boundary.probe(source)
        equal(shown, DEV)
        equal(uses, ["ok", "ok", "ENOSPC", "ok", "ENXIO"])
        equal(set(boundary.control(source)[0]) - set(DEV) != set(), True, "outside there are more")


@cases(owners("devices cannot be made, and those of the host not changed"))
def dev_unchanged(owner):
    source = """
        import stat
        made = {}
        for folder in ("/tmp", os.path.expanduser("~"), "/dev/shm", ".", "/dev"):
            for what, kind, device in (("char", stat.S_IFCHR, (1, 3)), ("block", stat.S_IFBLK, (254, 0))):
                path = f"{folder}/csc-test-{what}-{os.getpid()}"
                made[folder + " " + what] = attempt(os.mknod, path, kind | 0o666, os.makedev(*device))
                if os.path.lexists(path):
                    os.unlink(path)
        changes = {"mode": lambda path: os.chmod(path, 0o666), "owner": lambda path: os.chown(path, os.getuid(), os.getgid())}
        if os.getppid() == 1:
            changes |= {"delete": os.unlink, "rename": lambda path: os.rename(path, path + "-"),
                        "attribute": lambda path: os.setxattr(path, "trusted.csc", b"x")}
        say([made, [attempt(changes[how], "/dev/" + name) for how in changes
                    for name in ("null", "zero", "full", "random", "urandom", "tty")]])
    """
    with Boundary(owner) as boundary:
        made, changed = boundary.probe(source, write_paths=[boundary.work])
        equal(set(made.values()) <= {"EPERM", "EROFS", "EACCES"}, True, made)
        equal(set(changed) <= {"EPERM", "EROFS", "EACCES", "EBUSY"}, True, changed)
        made, changed = boundary.control(source)
        equal(owner != 0 or ("ok" in made.values() and "ok" in changed), True, f"outside root can: {made} {changed}")


@case("a device that lies in a scope cannot be opened")
def device_in_scope():
    source = """
        names = ("null", "disk")
        say([attempt(os.open, name, how) for name in names for how in (os.O_RDONLY, os.O_RDWR)])
    """

    def make(boundary):
        return f"""cd {boundary.work}; test -e null || mknod -m 666 null c 1 3
            test -e disk || mknod -m 666 disk b $(stat -c '%Hd %Ld' /)"""

    with Mounted(0, make) as boundary:
        equal(boundary.control(source)[:2], ["ok", "ok"], "outside it can")
        for changes in ({}, {"write_paths": [boundary.work]}):
            equal(set(boundary.probe(source, **changes)) <= {"EACCES", "EROFS"}, True)


if __name__ == "__main__":
    main()
