# SPDX-License-Identifier: Apache-2.0
"""A program that describes the world it finds itself in, as far as a process can see or feel it: for worlds.py."""

# Together they are one program, which says {section: {key: value}}.
LOOK = """
    import fcntl, resource, signal, stat
    world = {}
    def text_of(path):
        with open(path) as file: return file.read()
    def read(path):
        try: return text_of(path)
        except OSError as error: return name(error.errno)
    def looks(path):
        st = os.lstat(path)
        kind = os.readlink(path) if stat.S_ISLNK(st.st_mode) else st.st_rdev if stat.S_ISCHR(st.st_mode) else ""
        return [oct(st.st_mode), st.st_uid, st.st_gid, kind]

    status = dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
    kept = ("Umask", "Uid", "Gid", "Groups", "NSsid", "SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm",
            "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters", "TracerPid", "CoreDumping",
            "THP_enabled", "Speculation_Store_Bypass", "SpeculationIndirectBranch", "Cpus_allowed", "Mems_allowed")
    world["status"] = {key: status.get(key) for key in kept}

    # proc_pid_mountinfo(5): root, options, optional fields, type, source, options of the file system.
    world["mounts"] = {}
    for line in open("/proc/self/mountinfo"):
        words = line.split()
        dash = words.index("-")
        row = [words[3], sorted(words[5].split(",")), words[6:dash], words[dash + 1], words[dash + 2],
               sorted(words[dash + 3].split(","))]
        world["mounts"].setdefault(words[4], []).append(row)

    world["maps"] = {kind: [[line.split()[0], line.split()[2]] for line in open(f"/proc/self/{kind}_map")]
                     for kind in ("uid", "gid")} | {"setgroups": text_of("/proc/self/setgroups").strip()}
    settings = {"dumpable": 3, "keep capabilities": 7, "seccomp": 21, "securebits": 27, "timer slack": 30, "subreaper": 37,
                "no_new_privs": 39, "THP": 42}
    world["prctl"] = {key: libc.prctl(number, 0, 0, 0, 0) for key, number in settings.items()}
    value = ctypes.c_int(-1)
    libc.prctl(2, ctypes.byref(value), 0, 0, 0)
    world["prctl"]["death signal"] = value.value
    world["namespaces"] = {entry: os.readlink("/proc/self/ns/" + entry) for entry in os.listdir("/proc/self/ns")}
    world["limits"] = {str(number): resource.getrlimit(number) for number in range(16)}
    world["environment"] = dict(os.environ)
    world["process"] = {"sid": os.getsid(0), "group": os.getpgid(0) == os.getpid(), "parent": os.getppid(),
                        "sid of 1": os.getsid(1), "cwd": os.getcwd(), "tty": attempt(os.open, "/dev/tty", os.O_RDWR),
                        "priority": os.getpriority(os.PRIO_PROCESS, 0), "scheduler": os.sched_getscheduler(0),
                        "oom": text_of("/proc/self/oom_score_adj").strip(), "exe of 1": attempt(os.readlink, "/proc/1/exe"),
                        "processes": len([entry for entry in os.listdir("/proc") if entry.isdigit()]),
                        "cmdline of 1": read("/proc/1/cmdline").split("\\0")[0], "groups": os.getgroups()}
    def descriptor(fd):
        target = os.readlink(f"/proc/self/fd/{fd}").split(":")[0]
        return [target, fcntl.fcntl(int(fd), fcntl.F_GETFL), fcntl.fcntl(int(fd), fcntl.F_GETFD)]
    held = [fd for fd in os.listdir("/proc/self/fd") if attempt(os.fstat, int(fd)) == "ok"]
    world["descriptors"] = {fd: descriptor(fd) for fd in held}
    world["cgroup"] = {"self": read("/proc/self/cgroup"), "init": read("/proc/1/cgroup")}
    world["host"] = dict(zip(("system", "name", "release", "version", "machine"), os.uname()),
                         domain=read("/proc/sys/kernel/domainname"))
    devices = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
    world["network"] = {"interfaces": sorted(devices), "IPv6": sorted(read("/proc/net/if_inet6").splitlines()),
                        "local": sorted({line.strip() for line in read("/proc/net/fib_trie").splitlines()})}

    # What nothing of the host's is mounted on, and /proc: every entry. Owners and modes, and who may open it.
    def look_below(top, skip=lambda path: False):
        seen, device = {}, os.lstat(top).st_dev
        for folder, folders, files in os.walk(top):
            for entry in folders + files:
                path = os.path.join(folder, entry)
                if not skip(path): seen[path] = looks(path)
            folders[:] = [f for f in folders if os.lstat(os.path.join(folder, f)).st_dev == device and
                          not skip(os.path.join(folder, f))]
        return seen
    world["root"] = {"/": looks("/"), **look_below("/")}
    world["dev"] = {"/dev": looks("/dev"), **look_below("/dev", lambda path: path.startswith("/dev/shm/"))}
    world["dev"] |= {"open " + path: attempt(os.open, path, os.O_RDWR | os.O_NONBLOCK) for path in list(world["dev"])
                     if os.path.exists(path) and stat.S_ISCHR(os.stat(path).st_mode)}
    def of_a_process(path): return path.split("/")[2].isdigit() or path.split("/")[2] in ("self", "thread-self")
    world["proc"] = look_below("/proc", of_a_process)
    def open_for(path, how): os.close(os.open(path, how | os.O_NONBLOCK))
    regular = [path for path, row in world["proc"].items() if row[0].startswith("0o10")]
    world["reads"] = {path: attempt(open_for, path, os.O_RDONLY) for path in regular}
    world["writes"] = {path: attempt(open_for, path, os.O_WRONLY) for path in regular}

    def place(path):
        fs = os.statvfs(path)
        return {"room": fs.f_blocks * fs.f_frsize, "flags": fs.f_flag, "looks": looks(path), "holds": sorted(os.listdir(path))}
    world["places"] = {f"{key} of {path}": value for path in ("/tmp", os.environ["HOME"], "/dev/shm", "/", "/dev")
                       for key, value in place(path).items()}
    world["scopes"] = {path: looks(path) for path in (".", "file", "out", "out/file", "others", "/usr", "/etc/passwd")}
"""

# What Landlock and mounts allow. Nothing is left behind: the second executor finds what the first one found.
TRY = """
    def make(path): os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)); os.unlink(path)
    def folder(path): os.mkdir(path); os.rmdir(path)
    def link(path): os.symlink("x", path); os.unlink(path)
    def fifo(path): os.mkfifo(path); os.unlink(path)
    def unix(path): os.mknod(path, stat.S_IFSOCK | 0o600); os.unlink(path)
    def hard(path): os.link("out/file", path); os.unlink(path)
    def move(path): os.rename("out/moved", path); os.rename(path, "out/moved")
    def mode(path): os.close(os.open(path, os.O_CREAT | os.O_EXCL)); os.chmod(path, 0o600); os.unlink(path)
    def own(path): os.chown(path, os.getuid(), os.getgid())
    def run(path):
        with open(path, "wb") as file, open("/usr/bin/true", "rb") as true: file.write(true.read())
        os.chmod(path, 0o700)
        try:
            if os.spawnv(os.P_WAIT, path, [path]) != 0: raise OSError(errno.ENOEXEC, "")
        finally: os.unlink(path)
    def append(path): os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
    def times(path): os.utime(path)
    def attribute(path): os.setxattr(path, "user.csc", b"x"); os.removexattr(path, "user.csc")
    def truncate(path): os.truncate(path, os.stat(path).st_size)
    def enter(path): os.chdir(path); os.chdir(before)
    before = os.getcwd()
    open("out/moved", "w").close()
    places = ["/tmp", os.environ["HOME"], "/dev/shm", "out", ".", "others", "/usr", "/usr/bin", "/etc", "/", "/dev", "/proc",
              "/.csc", "/run", "/var", "/dev/pts"]
    places = [path for path in places if os.path.isdir(path)]
    world["makes"] = {f"{f.__name__} in {path}": attempt(f, path + "/csc-probe")
                      for f in (make, folder, link, fifo, unix, hard, move, mode, run) for path in places}
    objects = ["file", "out/file", "others", "/etc/passwd", "/usr/bin/true", "/.csc/init", "/dev/null", "/dev/full",
               "/proc/self/comm", "/proc/self/oom_score_adj", "/proc/version", "/proc/1/comm", "/dev/pts/ptmx"]
    world["changes"] = {f"{f.__name__} {path}": attempt(f, path)
                        for f in (append, times, own, attribute, truncate) for path in objects}
    world["enters"] = {path: attempt(enter, path) for path in places + ["/root", "/home", "/proc/1/cwd", "/proc/1/root"]}
    os.unlink("out/moved")

    def tcp(act):
        with socket.socket() as s: act(s)
    def connect(s): s.settimeout(5); s.connect(("127.0.0.1", 1))
    world["sockets"] = {"connect": attempt(tcp, connect), "bind": attempt(tcp, lambda s: s.bind(("127.0.0.1", 0))),
                        "unix": attempt(lambda: socket.socket(socket.AF_UNIX).close()),
                        "pair": attempt(lambda: [end.close() for end in socket.socketpair()]),
                        "netlink": attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()),
                        "packet": attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()),
                        "interfaces": attempt(socket.if_nameindex)}
"""

# Every system call with -1 for each argument, in a child of its own. Not those that make a process, end one, stop for a
# signal or wait for all disks.
SWEEP = """
    left_out = {"x86_64": {15, 34, 56, 57, 58, 60, 130, 162, 231, 435}, "aarch64": {81, 93, 94, 133, 139, 220, 435}}
    def answer(number):
        pid = os.fork()
        if pid == 0:
            signal.setitimer(signal.ITIMER_REAL, 2)
            ctypes.set_errno(0)
            done = libc.syscall(*[ctypes.c_long(n) for n in (number, -1, -1, -1, -1, -1, -1)])
            os._exit(ctypes.get_errno() if done == -1 else 0)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return "ok" if code == 0 else name(code) if code > 0 else f"signal {-code}"
    world["calls"] = {str(number): answer(number) for number in range(470)
                      if number not in left_out[os.uname().machine]}
    say(world)
"""

PROGRAM = LOOK + TRY + SWEEP
