# SPDX-License-Identifier: Apache-2.0
"""Threat: a command that takes the machine from others: processor, memory, processes, disk, descriptors."""

import ctypes
import glob
import os

from boundary import BACKEND, BLOCKED, PLAIN, Boundary, Skip, owners
from bench import until
from strain import failing, groups_of
from tap import case, cases, equal, main, matches

MIB = 1 << 20


def limits(**values):
    return "limits:\n" + "".join(f"  {name}: {value}\n" for name, value in values.items())


def holder(boundary, name):
    """What holds a limit here: "rlimit" or a kind of cgroup."""
    plan = boundary.plans(["true"])[0]
    return [limit["held_by"] for limit in plan["limits"] if limit["name"] == name][0]


# ---- values ----------------------------------------------------------------------------------------------------------

VALUES = {"cpu_sec": 7, "file_bytes": 3 * MIB, "open_files": 77, "locked_bytes": 8192, "queue_bytes": 40960}
GET = """
    import resource
    names = {"cpu_sec": "CPU", "file_bytes": "FSIZE", "open_files": "NOFILE", "locked_bytes": "MEMLOCK",
             "queue_bytes": "MSGQUEUE", "core": "CORE", "memory_bytes": "AS", "processes": "NPROC"}
    number = lambda name: 12 if name == "MSGQUEUE" else getattr(resource, "RLIMIT_" + name)
    seen = {key: resource.getrlimit(number(name)) for key, name in names.items()}
    def raise_it(key): resource.setrlimit(number(names[key]), (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    def try_raise(key):
        try: return attempt(raise_it, key)
        except ValueError: return "refused"
    say({"values": seen, "raised": sorted(key for key in names if seen[key][1] >= 0 and try_raise(key) == "ok")})
"""


@cases(owners("the limits' values inside"))
def values(owner):
    config = limits(memory_bytes=900 * MIB, processes=33, **VALUES)
    with Boundary(owner, config=config) as boundary:
        inside, outside = boundary.probe(GET), boundary.control(GET)
        seen = inside["values"]
        equal(seen["core"], [0, 0], "core")
        for name, value in VALUES.items():
            equal(seen[name][0], value, name)
            equal(seen[name][1] <= value + (2 if name == "cpu_sec" else 0), True, f"the hard limit of {name}")
        for name, value in (("memory_bytes", 900 * MIB), ("processes", 33)):
            if holder(boundary, name) == "rlimit":
                equal(seen[name], [value, value], name)
        equal(inside["raised"], [], "limits that could be raised")
        equal(outside["values"] != seen, True, "outside they differ")


@case("the limits' values without a configuration are the protocol's")
def defaults():
    with Boundary() as boundary:
        seen = boundary.probe(GET)["values"]
        equal([seen[name][0] for name in ("cpu_sec", "file_bytes", "core")], [300, 100 * MIB, 0])
        plan = {limit["name"]: limit["value"] for limit in boundary.plans(["true"])[0]["limits"]}
        equal((plan["memory_bytes"], plan["processes"]), (1 << 30, 100))


# ---- what hits them --------------------------------------------------------------------------------------------------

# Each ends without a failure where nothing limits it (as the control shows), and takes at most a second.
FULL = """
    path = os.path.join({place!r}, f"csc-full-{{os.getpid()}}")
    try:
        with open(path, "wb", buffering=0) as file:
            for _ in range(64): file.write(bytes(1 << 16))
    finally:
        if {clean}: os.unlink(path)
"""
HITS = {
    "cpu_sec": (1, "import time\nwhile time.process_time() < 1.6: pass"),
    "memory_bytes": (128 * MIB, "data = bytearray(256 << 20)\nfor at in range(0, len(data), 4096): data[at] = 1"),
    "file_bytes": (64 << 10, "open('large', 'wb').write(bytes(1 << 20))"),
    "open_files": (32, "files = [os.open('/dev/null', os.O_RDONLY) for _ in range(100)]"),
}


@cases([(f"{what}: ended, and named in the receipt", owner, name) for name in HITS for what, owner in owners(name)])
def hit(owner, name):
    value, source = HITS[name]
    with Boundary(owner, config=limits(**{name: value})) as boundary:
        result = boundary.run(boundary.program(source, write_paths=[boundary.work + "/**"]))
        receipt = boundary.receipt()
        equal((result.code, receipt["status"], receipt["exit_code"] != 0), (1, "failed", True))
        matches(rf"limits\.{name}, {value}\b", receipt["error"], "error")
        matches(rf"limits\.{name}, {value}\b", result.err, "what csc says")
        boundary.control(source + "\nsay(0)")


@cases([(f"{name}: ended when it is full, and named", name, place) for name, place in
        (("tmp_bytes", "/tmp"), ("home_bytes", "/.csc/home"), ("shm_bytes", "/dev/shm"))])
def full(name, place):
    with Boundary(config=limits(**{name: MIB})) as boundary:
        result = boundary.run(boundary.program(FULL.format(place=place, clean=False)))
        equal((result.code, boundary.receipt()["exit_code"]), (1, 1))
        matches(rf"limits\.{name}, {MIB}\b", boundary.receipt()["error"], "error")
        # Of another folder it is not said: it is not full.
        other = "/tmp" if place != "/tmp" else "/dev/shm"
        result = boundary.run(boundary.program(FULL.format(place=other, clean=False)))
        equal(result.code, 0, "the others are as large as ever")
        boundary.control(FULL.format(place="/tmp", clean=True) + "\n    say(0)")


@case("a signal that is ignored does not outlive the processor time")
def cpu_ignored():
    source = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    with Boundary(config=limits(cpu_sec=1)) as boundary:
        equal(boundary.run(boundary.program(source)).code, 1)
        equal(boundary.receipt()["exit_code"], 137)


BOMB = "n=0; while [ $n -lt 150 ]; do sleep 5 & n=$((n+1)); done; echo all"


@cases(owners("processes: a fork bomb ends, and the limit is named"))
def processes(owner):
    with Boundary(owner, config=limits(processes=20)) as boundary:
        result = boundary.run(boundary.command("sh", "-c", BOMB))
        receipt = boundary.receipt()
        equal((result.code, result.out), (1, ""), "not all could be started")
        matches(r"limits\.processes, 20\b", receipt["error"])
    with Boundary(owner, config=limits(processes=200)) as boundary:
        equal(boundary.run(boundary.command("sh", "-c", BOMB)).out, "all\n", "as many as are allowed")


@case("what is written to /tmp is memory, too")
def memory_of_tmp():
    with Boundary(config=limits(memory_bytes=64 * MIB, tmp_bytes=256 * MIB)) as boundary:
        if holder(boundary, "memory_bytes") == "rlimit":
            raise Skip("no cgroup: the sizes of /tmp, HOME and /dev/shm bound them")
        source = "with open('/tmp/large', 'wb') as file:\n    for _ in range(100): file.write(bytes(1 << 20))"
        equal(boundary.run(boundary.program(source)).code, 1)
        matches(rf"limits\.memory_bytes, {64 * MIB}\b", boundary.receipt()["error"])


@case("memory is that of all processes together")
def memory_of_all():
    source = """
        import time
        for _ in range(4):
            if os.fork() == 0:
                data = bytearray(60 << 20)
                for at in range(0, len(data), 4096): data[at] = 1
                time.sleep(0.5)
                os._exit(0)
        for _ in range(4):
            if os.wait()[1] != 0: sys.exit(9)
        say("all")
    """
    with Boundary(config=limits(memory_bytes=160 * MIB)) as boundary:
        if holder(boundary, "memory_bytes") == "rlimit":
            raise Skip("no cgroup: the limit holds for each process")
        result = boundary.run(boundary.program(source))
        equal((result.code, result.out), (1, ""))
        matches(rf"limits\.memory_bytes, {160 * MIB}\b", boundary.receipt()["error"])
        equal(boundary.control(source), "all", "outside")


LOCKED = """
    libc.mmap.restype = ctypes.c_void_p
    size = 1 << 20
    PROT, PRIVATE, LOCKED, ANONYMOUS = 3, 2, 0x2000, 0x20
    at = libc.mmap(None, ctypes.c_size_t(size), PROT, PRIVATE | ANONYMOUS, -1, ctypes.c_long(0))
    def lock(): return "ok" if libc.mlock(ctypes.c_void_p(at), ctypes.c_size_t(size)) == 0 else name(ctypes.get_errno())
    def map_locked():
        at = libc.mmap(None, ctypes.c_size_t(size), PROT, PRIVATE | ANONYMOUS | LOCKED, -1, ctypes.c_long(0))
        return "ok" if at != ctypes.c_void_p(-1).value else name(ctypes.get_errno())
    def shm_lock():
        shm = libc.shmget(0, ctypes.c_size_t(size), 0o600)
        done = libc.shmctl(shm, 11, None)
        seen = "ok" if done == 0 else name(ctypes.get_errno())
        libc.shmctl(shm, 0, None)
        return seen
    say([lock(), map_locked(), shm_lock()])
"""


@cases(owners("locked memory"))
def locked(owner):
    with Boundary(owner, config=limits(locked_bytes=65536)) as boundary:
        equal(boundary.probe(LOCKED), ["ENOMEM", "EAGAIN", "ENOMEM"], "inside")
        equal(boundary.control(LOCKED), ["ok"] * 3, "outside")
    with Boundary(owner, config=limits(locked_bytes=0)) as boundary:
        equal("ok" in boundary.probe(LOCKED), False, "none at all")


QUEUES = """
    import struct
    OPEN, UNLINK = (240, 241) if os.uname().machine == "x86_64" else (180, 181)
    queue = b"csc-test-%d" % os.getpid()
    attributes = struct.pack("8q", 0, 10, 8192, 0, 0, 0, 0, 0)
    seen = call(OPEN, queue, os.O_CREAT | os.O_RDWR, 0o600, attributes)
    call(UNLINK, queue)
    say(seen)
"""


@cases(owners("message queues"))
def queues(owner):
    with Boundary(owner, config=limits(queue_bytes=4096)) as boundary:
        equal(boundary.control(QUEUES), "ok", "outside")
        equal(boundary.probe(QUEUES), "EMFILE", "inside")


@case("no core is left")
def core():
    source = "import resource, signal\nlibc.prctl(4, 1, 0, 0, 0)\nos.kill(os.getpid(), signal.SIGSEGV)"
    with Boundary() as boundary:
        boundary.run(boundary.program(source, write_paths=[boundary.work + "/**"]))
        equal(boundary.receipt()["exit_code"], 139)
        equal(os.listdir(boundary.work), [], "files of the workspace")


# ---- the control group -----------------------------------------------------------------------------------------------

def require_version_2(boundary):
    if holder(boundary, "processes") != "cgroup v2":
        raise Skip("no group of cgroup v2 holds a command of this user's here")


def parents(pid):
    """A process, its parent, the parent of that, and so on."""
    while pid > 0:
        yield pid
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            pid = int(file.read().rpartition(")")[2].split()[1])


def in_group(pid):
    """The processes of a csc's control group; none while there is no group."""
    groups = groups_of(pid) or glob.glob(f"/sys/fs/cgroup/csc-{pid}-*")
    if not groups:
        return []
    with open(os.path.join(groups[0], "cgroup.procs"), encoding="utf-8") as file:
        return [int(line) for line in file]


@cases(owners("all of the sandbox is in one control group, which is the root of what is seen inside"))
def grouped(owner):
    source = """
        with open("seen", "w") as file:
            for process in ("self", "1"): file.write(open(f"/proc/{process}/cgroup").read())
        os.rename("seen", "here")
        libc.pause()
    """
    with Boundary(owner) as boundary:
        require_version_2(boundary)
        command = boundary.program(source, write_paths=[boundary.work + "/**"])
        process = boundary.start("run", *boundary.inputs(command), *boundary.options())
        here = os.path.join(boundary.work, "here")
        try:
            until(lambda: os.path.exists(here), "the command runs")
            with open(here, encoding="utf-8") as file:
                equal([line for line in file if line.startswith("0:")], ["0::/\n"] * 2, "inside")
            pids = in_group(process.pid)
            equal(len(pids) >= 2, True, f"PID 1 and the command: {pids}")
            equal([pid for pid in pids if process.pid not in parents(pid)], [], "strangers in the group")
            with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="utf-8") as file:
                equal([pid for pid in file.read().split() if int(pid) not in pids], [], "children of csc outside of it")
        finally:
            process.terminate()
            boundary.finish(process)
        equal(in_group(process.pid), [], "afterwards")


@cases([(f"a control group that takes nobody ({error}) is a refusal that names it", error)
        for error in ("EBUSY", "EOPNOTSUPP", "ENOENT", "ENODEV")])
def born(error):
    """And so the sandbox is made in its group: nothing of it ever ran without its limits."""
    if BACKEND != "native":
        raise Skip("bwrap makes its processes itself, in the group that csc has put it into")
    with Boundary() as boundary:
        require_version_2(boundary)
        result = boundary.run(["true"], start={"preexec_fn": failing("clone3", error)})
        equal((result.code, boundary.receipt()["status"]), (BLOCKED, "blocked"), result)
        matches(rf"in its control group \(clone3\): {error} \([^;]+\); fix: ", boundary.receipt()["error"])


# ---- where nothing bounds --------------------------------------------------------------------------------------------

def hide_cgroups():
    """In csc's process before it starts: no control groups are mounted."""
    libc = ctypes.CDLL(None, use_errno=True)
    new_namespace, private, recursive = 0x20000, 1 << 18, 1 << 14
    if libc.unshare(new_namespace) < 0 or libc.mount(b"none", b"/", None, private | recursive, None) < 0 or \
            libc.mount(b"none", b"/sys/fs/cgroup", b"tmpfs", 0, None) < 0:
        os._exit(70)


def require_root():
    if os.getuid() != 0:
        raise Skip("only root can hide the control groups, and only root is not bound without them")


@case("root without control groups: hardened mode refuses, and names run_as")
def unbounded():
    require_root()
    with Boundary(0) as boundary:
        if boundary.plans(["true"])[0]["identity"]["outer_uid"] != 0:
            # Outside it is nobody, whom RLIMIT_NPROC holds.
            bounded_by_user(0, "")
            return
        command = boundary.command("sh", "-c", "echo ran; touch file", write_paths=[boundary.work + "/**"])
        result = boundary.run(command, start={"preexec_fn": hide_cgroups})
        equal((result.code, result.out, os.listdir(boundary.work)), (BLOCKED, "", []), "nothing ran")
        receipt = boundary.receipt()
        equal((receipt["status"], "exit_code" in receipt), ("blocked", False))
        matches("run_as", receipt["error"])
        matches("run_as", result.err)


@cases([("with run_as", 0, f'run_as: "{PLAIN}:{PLAIN}"\n'), ("with a cwd of another user's", PLAIN, "")])
def bounded_by_user(owner, config):
    require_root()
    with Boundary(owner, config=config + limits(processes=20)) as boundary:
        result = boundary.run(boundary.command("sh", "-c", BOMB), start={"preexec_fn": hide_cgroups})
        equal((result.code, result.out), (1, ""), f"not all could be started: {result}")
        matches(r"limits\.processes, 20\b", boundary.receipt()["error"])


@case("a share of the processor that nothing holds is a refusal")
def cpu_share():
    require_root()
    with Boundary(PLAIN, config=limits(cpu_percent=50)) as boundary:
        result = boundary.run(["true"], start={"preexec_fn": hide_cgroups})
        equal(result.code, BLOCKED)
        matches("cpu_percent", boundary.receipt()["error"])


if __name__ == "__main__":
    main()
