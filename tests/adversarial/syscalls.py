# SPDX-License-Identifier: Apache-2.0
"""Threat: system calls that leave the sandbox, make power inside it, or reach parts of the kernel that nothing needs.

Arguments are wrong on purpose where a call could do harm: outside it fails on them, with another error.
"""

import os

from boundary import Boundary, Skip, owners
from tap import case, cases, equal, main

X86 = os.uname().machine == "x86_64"
BAD = 1  # no address
ANY, ROOT = "anybody outside gets further", "root outside gets further"

# name, number on x86_64, on aarch64 (None: not there), arguments, answer inside, who gets further outside
CALLS = [
    ("mount", 165, 40, (BAD, BAD, BAD, 0, 0), "EPERM", ANY),
    ("umount2", 166, 39, (BAD, 0), "EPERM", ROOT),
    ("pivot_root", 155, 41, (BAD, BAD), "EPERM", ROOT),
    ("chroot", 161, 51, (BAD,), "EPERM", ANY),
    ("open_tree", 428, 428, (-1, BAD, 0), "EPERM", ANY),
    ("move_mount", 429, 429, (-1, BAD, -1, BAD, 0), "EPERM", ROOT),
    ("fsopen", 430, 430, (BAD, 0), "EPERM", ROOT),
    ("fsconfig", 431, 431, (-1, 0, 0, 0, 0), "EPERM", ANY),
    ("fsmount", 432, 432, (-1, 0, 0), "EPERM", ROOT),
    ("fspick", 433, 433, (-1, BAD, 0), "EPERM", ROOT),
    ("mount_setattr", 442, 442, (-1, BAD, 0, BAD, 0), "EPERM", ANY),
    ("setns", 308, 268, (-1, 0), "EPERM", ANY),
    ("clone3", 435, 435, (BAD, 64), "ENOSYS", ANY),
    ("openat2", 437, 437, (-1, BAD, BAD, 24), "ENOSYS", ANY),
    ("keyctl", 250, 219, (0, -3, 0), "EPERM", ANY),
    ("add_key", 248, 217, (BAD, BAD, BAD, 0, 0), "EPERM", ANY),
    ("request_key", 249, 218, (BAD, BAD, BAD, 0), "EPERM", ANY),
    ("bpf", 321, 280, (0, BAD, 8), "EPERM", ROOT),
    ("perf_event_open", 298, 241, (BAD, 0, -1, -1, 0), "EPERM", ANY),
    ("userfaultfd", 323, 282, (0x7fffff00,), "EPERM", ROOT),
    ("io_uring_setup", 425, 425, (1, BAD), "EPERM", ANY),
    ("io_uring_enter", 426, 426, (-1, 0, 0, 0, 0, 0), "EPERM", ANY),
    ("io_uring_register", 427, 427, (-1, 0, 0, 0), "EPERM", ANY),
    ("process_vm_readv", 310, 270, (0, 0, 0, 0, 0, 1), "EPERM", ANY),
    ("process_vm_writev", 311, 271, (0, 0, 0, 0, 0, 1), "EPERM", ANY),
    ("process_madvise", 440, 440, (-1, 0, 0, 0, 1), "EPERM", ANY),
    ("pidfd_getfd", 438, 438, (-1, 0, 0), "EPERM", ANY),
    ("kcmp", 312, 272, (0, 0, 99, 0, 0), "EPERM", ANY),
    ("open_by_handle_at", 304, 265, (-1, BAD, 0), "EPERM", ROOT),
    ("name_to_handle_at", 303, 264, (-1, BAD, BAD, BAD, 0), "EPERM", ANY),
    ("fanotify_init", 300, 262, (0x7fffffff, 0), "EPERM", ROOT),
    ("fanotify_mark", 301, 263, (-1, 0, 0, -1, BAD), "EPERM", ANY),
    ("kexec_load", 246, 104, (0, 0x7fffffff, BAD, 0), "EPERM", ROOT),
    ("kexec_file_load", 320, 294, (-1, -1, 0, BAD, 0x7fff0000), "EPERM", ROOT),
    ("init_module", 175, 105, (BAD, 1, BAD), "EPERM", ROOT),
    ("finit_module", 313, 273, (-1, BAD, 0x7fff), "EPERM", ROOT),
    ("delete_module", 176, 106, (BAD, 0x800), "EPERM", ROOT),
    ("reboot", 169, 142, (1, 2, 3, 0), "EPERM", ROOT),
    ("sethostname", 170, 161, (BAD, -1), "EPERM", ROOT),
    ("setdomainname", 171, 162, (BAD, -1), "EPERM", ROOT),
    ("settimeofday", 164, 170, (BAD, 0), "EPERM", ANY),
    ("clock_settime", 227, 112, (99999, BAD), "EPERM", ANY),
    ("adjtimex", 159, 171, (BAD,), "EPERM", ANY),
    ("clock_adjtime", 305, 266, (99999, BAD), "EPERM", ANY),
    ("swapon", 167, 224, (BAD, 0), "EPERM", ROOT),
    ("swapoff", 168, 225, (BAD,), "EPERM", ROOT),
    ("acct", 163, 89, (BAD,), "EPERM", ROOT),
    ("syslog", 103, 116, (99, 0, 0), "EPERM", ROOT),
    ("quotactl", 179, 60, (0, BAD, 0, BAD), "EPERM", ANY),
    ("iopl", 172, None, (99,), "EPERM", ANY),
    ("ioperm", 173, None, (0x7fffffff, 0x7fffffff, 1), "EPERM", ANY),
    ("modify_ldt", 154, None, (99, 0, 0), "EPERM", ANY),
    ("mbind", 237, 235, (0, 0, 99, 0, 0, 0x7fff), "ENOSYS", ANY),
    ("move_pages", 279, 239, (0, 1, BAD, BAD, BAD, 0x7f), "ENOSYS", ANY),
    ("a number that is none yet", 1000, 1000, (), "ENOSYS", None),
]


def numbers():
    """(name, number here, arguments, answer, who) of the calls that this machine has."""
    for name, x86, arm, args, answer, who in CALLS:
        number = x86 if X86 else arm
        if number is not None:
            yield name, number, args, answer, who


@cases(owners("the table of refused calls"))
def refused_calls(owner):
    rows = [(name, number, args) for name, number, args, _, _ in numbers()]
    source = f"say({{row[0]: call(row[1], *row[2]) for row in {rows!r}}})"
    with Boundary(owner) as boundary:
        equal(boundary.probe(source), {name: answer for name, _, _, answer, _ in numbers()}, "inside")
        outside = boundary.control(source, uid=os.getuid())
        same = {name: seen for name, _, _, answer, who in numbers() for seen in [outside[name]]
                if seen == answer and (who == ANY or (who == ROOT and os.getuid() == 0))}
        # A host may have some of them switched off for all, by sysctls: not most of them.
        equal(len(same) < 12, True, f"outside they fail otherwise, these do not: {same}")


# ---- arguments -------------------------------------------------------------------------------------------------------

# In a process of its own: what succeeds changes it.
CHILD = """
    import signal, struct, tempfile
    def in_child(function):
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            try: os.write(theirs, function().encode())
            finally: os._exit(0)
        os.close(theirs)
        text = os.read(ours, 100).decode()
        os.close(ours)
        status = os.waitpid(pid, 0)[1]
        return text if os.WIFEXITED(status) else signal.Signals(os.WTERMSIG(status)).name
    NAMESPACES = {"mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
                  "pid": 0x20000000, "net": 0x40000000}
    long = ctypes.c_ulong
    HIGH = 1 << 32
    X86 = os.uname().machine == "x86_64"
    def number(x86, arm): return x86 if X86 else arm
"""

NAMESPACES = CHILD + """
    UNSHARE, CLONE, CLONE3 = number(272, 97), number(56, 220), 435
    def clone(flags):
        pid = libc.syscall(CLONE, long(flags | signal.SIGCHLD), long(0), long(0), long(0), long(0))
        if pid == 0: os._exit(0)
        return "ok" if pid > 0 else name(ctypes.get_errno())
    def clone3(flags):
        args = ctypes.create_string_buffer(struct.pack("8Q", flags, 0, 0, 0, signal.SIGCHLD, 0, 0, 0), 64)
        pid = libc.syscall(CLONE3, args, long(64))
        if pid == 0: os._exit(0)
        return "ok" if pid > 0 else name(ctypes.get_errno())
    flags = {**NAMESPACES, "time": 0x80, "user and all": sum(NAMESPACES.values())}
    say({"unshare": {key: in_child(lambda: call(UNSHARE, long(flag))) for key, flag in flags.items()},
         "unshare, high bits": in_child(lambda: call(UNSHARE, long(NAMESPACES["user"] | HIGH))),
         "clone": {key: in_child(lambda: clone(flag)) for key, flag in flags.items() if key != "time"},
         "clone, high bits": in_child(lambda: clone(NAMESPACES["user"] | HIGH)),
         "clone of a process": in_child(lambda: clone(0)),
         "clone3": {key: in_child(lambda: clone3(flag)) for key, flag in {**flags, "none": 0}.items()}})
"""


@cases(owners("no namespaces of its own"))
def namespaces(owner):
    with Boundary(owner) as boundary:
        inside, outside = boundary.probe(NAMESPACES), boundary.control(NAMESPACES)
        equal(set(inside["unshare"].values()), {"EPERM"}, f"unshare: {inside['unshare']}")
        equal(inside["unshare, high bits"] != "ok", True, "unshare with high bits")
        equal(set(inside["clone"].values()), {"EPERM"}, f"clone: {inside['clone']}")
        equal(inside["clone, high bits"], "EPERM", "clone with high bits, which the kernel ignores")
        equal(inside["clone of a process"], "ok", "clone without namespaces")
        equal(set(inside["clone3"].values()), {"ENOSYS"}, f"clone3: {inside['clone3']}")
        equal([outside[call]["user"] for call in ("unshare", "clone", "clone3")], ["ok"] * 3, "a user namespace outside")


SET_ID = CHILD + """
    CHMOD, FCHMOD, FCHMODAT, OPEN, OPENAT, CREAT = 90, number(91, 52), number(268, 53), 2, number(257, 56), 85
    MKDIR, MKDIRAT, MKNOD, MKNODAT, MQ_OPEN = 83, number(258, 34), 133, number(259, 33), number(240, 180)
    AT, WRITE, MAKE, TMPFILE = -100, os.O_WRONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | 0o20000000 | os.O_DIRECTORY
    open("file", "w").close()
    file = os.open("file", os.O_RDONLY)
    def tries(bit):
        rows = {"fchmod": (FCHMOD, file, bit | 0o755), "fchmod, high bits": (FCHMOD, file, long(HIGH | bit | 0o755)),
                "fchmodat": (FCHMODAT, AT, b"file", bit | 0o755), "fchmodat2": (452, AT, b"file", bit | 0o755, 0),
                "openat": (OPENAT, AT, b"opened-at", MAKE, bit | 0o755), "openat, high bits":
                (OPENAT, AT, b"opened-high", long(HIGH | MAKE), long(HIGH | bit | 0o755)),
                "openat of no name": (OPENAT, AT, b".", TMPFILE, bit | 0o755),
                "mkdirat": (MKDIRAT, AT, b"folder-at", bit | 0o755),
                "mknodat": (MKNODAT, AT, b"node-at", 0o100000 | bit | 0o755, 0),
                "a queue": (MQ_OPEN, b"csc-test", os.O_CREAT | os.O_RDWR, bit | 0o700, None)}
        if X86:
            rows |= {"chmod": (CHMOD, b"file", bit | 0o755), "open": (OPEN, b"opened", MAKE, bit | 0o755),
                     "creat": (CREAT, b"created", bit | 0o755), "mkdir": (MKDIR, b"folder", bit | 0o755),
                     "mknod": (MKNOD, b"node", 0o100000 | bit | 0o755, 0)}
        return {key: in_child(lambda: call(*row)) for key, row in rows.items()}
    seen = {"set-uid": tries(0o4000), "set-gid": tries(0o2000)}
    seen["left"] = sorted(entry.name for entry in os.scandir(".") if entry.stat(follow_symlinks=False).st_mode & 0o6000)
    seen["plain"] = [call(FCHMODAT, AT, b"file", 0o700), call(OPENAT, AT, b"plain", MAKE, 0o644),
                     # Without O_CREAT the mode is whatever the register holds.
                     call(OPENAT, AT, b"plain", WRITE, 0o4755)]
    say(seen)
"""


@cases(owners("no set-uid and no set-gid bit can be made"))
def set_id_bits(owner):
    with Boundary(owner) as boundary:
        inside = boundary.probe(SET_ID, write_paths=[boundary.work + "/**"])
        for bit in ("set-uid", "set-gid"):
            wanted = {key: "ENOSYS" if key == "fchmodat2" else "EPERM" for key in inside[bit]}
            equal(inside[bit], wanted, bit)
        equal(inside["left"], [], "files with such a bit")
        equal(inside["plain"], ["ok"] * 3, "what has no such bit")
    with Boundary(owner) as boundary:
        outside = boundary.control(SET_ID)
        equal("file" in outside["left"] and "opened-at" in outside["left"], True, f"outside they are made: {outside}")


ARGUMENTS = CHILD + """
    IOCTL, PRCTL, PERSONALITY = number(16, 29), number(157, 167), number(135, 92)
    MKNODAT = number(259, 33)
    STI, LINUX, SETD = 0x5412, 0x541c, 0x5423
    say({"TIOCSTI": call(IOCTL, -1, long(STI), b"x"), "TIOCSTI, high bits": call(IOCTL, -1, long(HIGH | STI), b"x"),
         "TIOCLINUX": call(IOCTL, -1, long(LINUX), b"x"), "TIOCLINUX, high bits": call(IOCTL, -1, long(HIGH | LINUX), b"x"),
         "TIOCSETD": call(IOCTL, -1, long(SETD), b"x"),
         "PR_SET_MM": call(PRCTL, 35, 99, 0, 0, 0), "personality": in_child(lambda: call(PERSONALITY, 0x0400000)),
         "a device": call(MKNODAT, -100, b"device", 0o020666, 0x103),
         "a disk": call(MKNODAT, -1, b"disk", 0o060666, 0x700),
         "another ioctl": call(IOCTL, -1, long(0x5413), b"x")})
"""


@cases(owners("refused arguments: terminals, devices, old behaviours"))
def arguments(owner):
    with Boundary(owner) as boundary:
        inside = boundary.probe(ARGUMENTS, write_paths=[boundary.work + "/**"])
        outside = boundary.control(ARGUMENTS, uid=os.getuid())
        equal(inside.pop("another ioctl"), "EBADF", "an ioctl that is not refused")
        equal(set(inside.values()), {"EPERM"}, f"inside: {inside}")
        equal([outside[key] for key in ("TIOCSTI", "TIOCSTI, high bits", "TIOCLINUX", "TIOCSETD", "personality")],
              ["EBADF"] * 4 + ["ok"], "outside")
        if os.getuid() == 0:
            equal(outside["a device"], "ok", "root makes devices outside")


@cases(owners("other ABIs are killed"))
def foreign_abis(owner):
    if not X86:
        raise Skip("this processor has one ABI")
    # mov eax, NUMBER; syscall | int 0x80; ret. The x32 number is that of getpid with its bit, or one past all tables.
    source = CHILD + """
    import mmap
    def run(code):
        memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        memory.write(code)
        return str(ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))())
    def enter(value, how): return b"\\xb8" + struct.pack("<I", value) + how + b"\\xc3"
    SYSCALL, INT = b"\\x0f\\x05", b"\\xcd\\x80"
    rows = {"native": enter(39, SYSCALL), "x32": enter(0x40000000 + 39, SYSCALL),
            "x32, high": enter(0x40000000 + 520, SYSCALL), "i386": enter(20, INT), "i386, a number of ours": enter(39, INT)}
    say({key: in_child(lambda: run(code)) for key, code in rows.items()})
    """
    with Boundary(owner) as boundary:
        inside, outside = boundary.probe(source), boundary.control(source)
        equal(int(inside.pop("native")) > 0, True, "the code runs")
        equal(set(inside.values()), {"SIGSYS"}, f"inside: {inside}")
        equal("SIGSYS" in outside.values(), False, f"outside: {outside}")


# ---- other processes -------------------------------------------------------------------------------------------------

OTHERS = CHILD + """
    import time
    PTRACE, READV, WRITEV, PIDFD = number(101, 117), number(310, 270), number(311, 271), 434
    TRACEME, ATTACH, SEIZE = 0, 16, 0x4206
    OUTSIDE = os.environ.get("HOME") != "/.csc/home"  # there PID 1 is the machine's, whom a tracer would stop
    secret = ctypes.create_string_buffer(b"secret")
    child = os.fork()
    if child == 0: time.sleep(60)
    class Vector(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
    def vector(at): return ctypes.byref(Vector(ctypes.addressof(at), 6))
    def move(number): return call(number, child, vector(ours), long(1), vector(secret), long(1), long(0))
    ours = ctypes.create_string_buffer(6)
    seen = {"traceme": in_child(lambda: call(PTRACE, TRACEME, 0, 0, 0)),
            "seize a child": in_child(lambda: call(PTRACE, SEIZE, child, 0, 0)),
            "read a child": move(READV),
            "write a child": move(WRITEV),
            **({} if OUTSIDE else {"attach PID 1": in_child(lambda: call(PTRACE, ATTACH, 1, 0, 0)),
                                   "seize PID 1": in_child(lambda: call(PTRACE, SEIZE, 1, 0, 0))})}
    def read(path): os.read(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 1)  # a pipe of PID 1's may be empty
    files = ("environ", "maps", "mem", "auxv", "stack", "syscall", "io")
    seen["files of PID 1"] = {key: attempt(read, f"/proc/1/{key}") for key in files}
    seen["links of PID 1"] = {key: attempt(os.readlink, f"/proc/1/{key}") for key in ("exe", "cwd", "root")}
    # Who is root outside owns the folder, and sees numbers.
    numbers = os.listdir("/proc/1/fd") if attempt(os.listdir, "/proc/1/fd") == "ok" else range(20)
    seen["descriptors of PID 1"] = {key: attempt(f, f"/proc/1/fd/{key}") for key in numbers for f in (read, os.readlink)}
    seen["root of PID 1"] = attempt(os.listdir, "/proc/1/root/")
    seen["our own"] = [attempt(read, "/proc/self/environ"), attempt(os.listdir, "/proc/self/fd"), attempt(os.readlink,
                       "/proc/self/exe"), attempt(read, f"/proc/{child}/maps")]
    os.kill(child, 9)
    say(seen)
"""


@cases(owners("other processes, and the sandbox's own init, are out of reach"))
def other_processes(owner):
    with Boundary(owner) as boundary:
        inside, outside = boundary.probe(OTHERS), boundary.control(OTHERS, uid=os.getuid())
        equal(inside.pop("our own"), ["ok"] * 4, "the same of its own processes")
        for what in ("traceme", "seize a child", "read a child", "write a child", "attach PID 1", "seize PID 1"):
            equal(inside[what], "EPERM", what)
        for what in ("files of PID 1", "links of PID 1", "descriptors of PID 1"):
            equal(set(inside[what].values()) <= {"EACCES", "EPERM", "ENOENT"}, True, f"{what}: {inside[what]}")
        equal(inside["root of PID 1"] != "ok", True, "the root of PID 1")
        equal([outside[what] for what in ("traceme", "read a child", "write a child")], ["ok"] * 3, "outside")


# ---- sockets ---------------------------------------------------------------------------------------------------------

SOCKETS = """
    import socket as s
    names = {s.AF_UNIX: "unix", s.AF_INET: "inet", s.AF_INET6: "inet6", s.AF_NETLINK: "netlink"}
    SOCKET, PAIR = (41, 53) if os.uname().machine == "x86_64" else (198, 199)
    def make(family, kind, protocol=0):
        ctypes.set_errno(0)
        fd = libc.syscall(SOCKET, family, kind, protocol)
        if fd >= 0: os.close(fd)
        return "ok" if fd >= 0 else name(ctypes.get_errno())
    ends = (ctypes.c_int * 2)()
    kinds = {"stream": s.SOCK_STREAM, "dgram": s.SOCK_DGRAM, "seqpacket": s.SOCK_SEQPACKET, "raw": s.SOCK_RAW}
    say({"families": sorted(names.get(family, str(family)) for family in range(1, 47) for kind in kinds.values()
                            if make(family, kind) == "ok"),
         "raw": [make(s.AF_INET, s.SOCK_RAW, 255), make(s.AF_INET, 10), make(s.AF_INET6, s.SOCK_RAW | s.SOCK_CLOEXEC, 58)],
         "audit": make(s.AF_NETLINK, s.SOCK_RAW, 9),
         "pairs": {key: call(PAIR, s.AF_UNIX, kind, 0, ends) for key, kind in kinds.items()},
         "other pairs": [call(PAIR, family, s.SOCK_STREAM, 0, ends) for family in (s.AF_INET, 30, 40)]})
"""

# name, network, configuration, families
GRANTS = [("deny", "deny", "", set()), ("deny, UNIX sockets allowed", "deny", "unix_sockets: true\n", {"unix"}),
          ("full", "full", "", {"inet", "inet6", "netlink"}),
          ("full, UNIX sockets allowed", "full", "unix_sockets: true\n", {"unix", "inet", "inet6", "netlink"})]


@cases([(f"sockets under {name}", *row) for name, *row in GRANTS])
def sockets(network, config, wanted):
    with Boundary(config=config) as boundary:
        inside, outside = boundary.probe(SOCKETS, network=network), boundary.control(SOCKETS, uid=os.getuid())
        has_inet6 = "inet6" in outside["families"]
        equal(set(inside["families"]), wanted if has_inet6 else wanted - {"inet6"}, "families")
        equal("ok" in inside["raw"], False, f"raw sockets: {inside['raw']}")
        equal(inside["audit"] != "ok", True, "netlink past routes")
        datagrams = "ok" if "unix" in wanted else "EPERM"
        equal(inside["pairs"], {"stream": "ok", "dgram": datagrams, "seqpacket": "ok", "raw": datagrams}, "socketpair")
        equal("ok" in inside["other pairs"], False, "pairs of other families")
        equal({"unix", "inet", "netlink"} <= set(outside["families"]), True, "families outside")
        equal(outside["pairs"]["dgram"], "ok", "pairs outside")
        if os.getuid() == 0:
            equal("ok" in outside["raw"], True, "root makes raw sockets outside")


@case("the filter holds in threads and after exec")
def filter_stays():
    source = """
        import subprocess, threading
        number = 161 if os.uname().machine == "x86_64" else 51
        seen = []
        thread = threading.Thread(target=lambda: seen.append(call(number, 1)))
        thread.start(); thread.join()
        code = f"import ctypes; l = ctypes.CDLL(None, use_errno=True); l.syscall({number}, 1); print(ctypes.get_errno())"
        seen.append(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip())
        say(seen)
    """
    with Boundary() as boundary:
        equal(boundary.probe(source), ["EPERM", "1"], "inside")
        equal(boundary.control(source), ["EFAULT", "14"], "outside")


if __name__ == "__main__":
    main()
