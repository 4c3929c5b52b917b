# SPDX-License-Identifier: Apache-2.0
"""What csc is started under, for tests of failure: system calls that a filter refuses, and limits. And what it must not
leave behind: this process adopts orphans, so that whatever a csc leaves running becomes a child of its own.
"""

import ctypes
import errno
import glob
import os
import platform
import resource
import signal
import struct
import time

from boundary import Skip  # which makes tap importable
from tap import equal

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 22, 36, 38
LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

# ---- system calls that fail ------------------------------------------------------------------------------------------

# AUDIT_ARCH_*, and which column of the table is the machine's.
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
NUMBERS = {
    "capset": (126, 91), "clone": (56, 220), "clone3": (435, 435), "execveat": (322, 281), "fchdir": (81, 50),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fsopen": (430, 430), "ioctl": (16, 29),
    "landlock_restrict_self": (446, 446), "memfd_create": (319, 279), "mkdirat": (258, 34), "mknodat": (259, 33),
    "mount": (165, 40), "mount_setattr": (442, 442), "move_mount": (429, 429), "openat2": (437, 437),
    "open_tree": (428, 428), "pipe2": (293, 59), "pivot_root": (155, 41), "prctl": (157, 167), "prlimit64": (302, 261),
    "seccomp": (317, 277), "setgroups": (116, 159), "sethostname": (170, 161), "setresgid": (119, 149),
    "setresuid": (117, 147), "setsid": (112, 157), "socket": (41, 198), "symlinkat": (266, 36),
    "umount2": (166, 39), "unshare": (272, 97),
}
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
NUMBER_AT, ARCH_AT, ARGUMENTS_AT = 0, 4, 16  # struct seccomp_data
RET_KILL_PROCESS, RET_ERRNO, RET_ALLOW = 0x80000000, 0x00050000, 0x7FFF0000


def refusing(call, action, argument=None):
    """For preexec_fn: from here on a system call is answered by `action`; where `argument` is (index, value), only
    calls with that argument (its lower 32 bits); where it is (index, value, "not"), only those with another one."""
    if platform.machine() not in MACHINES:
        raise Skip(f"no numbers of system calls for {platform.machine()}")
    arch, column = MACHINES[platform.machine()]
    tests = [(ARCH_AT, arch), (NUMBER_AT, NUMBERS[call][column])]
    if argument:
        tests.append((ARGUMENTS_AT + 8 * argument[0], argument[1]))
    code = b""
    for place, (offset, value) in enumerate(tests):
        left = 2 * (len(tests) - place - 1)
        jumps = (left + 1, 0) if offset >= ARGUMENTS_AT and "not" in argument else (0, left + 1)
        code += struct.pack("=HBBI", LOAD, 0, 0, offset) + struct.pack("=HBBI", IF_EQUAL, *jumps, value)
    code += struct.pack("=HBBI", RETURN, 0, 0, action) + struct.pack("=HBBI", RETURN, 0, 0, RET_ALLOW)
    program = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(code) // 8, ctypes.addressof(program))

    def install(_=program):
        if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or LIBC.prctl(PR_SET_SECCOMP, 2, header, 0, 0) != 0:
            os._exit(99)
    return install


def failing(call, error, argument=None):
    """For preexec_fn: a system call fails, with an errno by name."""
    return refusing(call, RET_ERRNO | getattr(errno, error), argument)


def limited(what, value):
    """For preexec_fn: a resource limit, soft and hard, where it is not lower already."""
    hard = resource.getrlimit(what)[1]
    lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
    return lambda: resource.setrlimit(what, (lower, lower))


# ---- what is left behind ---------------------------------------------------------------------------------------------

def children():
    """(pid, name) of the children of this process that are no zombies."""
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                head, _, rest = file.read().rpartition(")")
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if int(parent) == os.getpid() and state not in "ZX":
            yield int(head.split()[0]), head.partition("(")[2]


def survivors(spared):
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
        return [child for child in children() if child[0] not in spared]
    except ChildProcessError:
        return []


def gone(seconds=1, spared=()):
    """Nothing that came from a csc runs any more, or stops doing so by itself within a moment."""
    deadline = time.monotonic() + seconds
    while (left := survivors(spared)):
        if time.monotonic() > deadline:
            for pid, _ in left:
                os.kill(pid, signal.SIGKILL)
            raise AssertionError(f"survivors: {left}")
        time.sleep(0.001)


def groups_of(pid):
    """The control groups that a csc made."""
    return [folder for depth in ("", "/*", "/*/*", "/*/*/*") for folder in glob.glob(f"/sys/fs/cgroup{depth}/csc-{pid}-*")]


def left_behind(boundary, pid, written=(), spared=()):
    """Nothing of a run is left but its receipt, and what the command wrote."""
    gone(spared=spared)
    equal(groups_of(pid), [], "control groups")
    equal(sorted(os.listdir(boundary.work)), sorted(written), "the workspace")
    equal(sorted(set(os.listdir(boundary.root)) - {"out"}), ["trusted", "work"], "files beside the inputs")
    if os.path.exists(boundary.path("out")):
        equal(set(os.listdir(boundary.path("out"))) <= {"receipt.json"}, True, os.listdir(boundary.path("out")))
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        equal([line for line in file if boundary.root in line], [], "mounts")
