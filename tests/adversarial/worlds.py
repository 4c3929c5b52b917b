# SPDX-License-Identifier: Apache-2.0
"""Threat: an executor that holds less than the other. Both carry out one plan, so what a process finds inside must be one
world: the same program looks at both, and what differs stands here with its reason, or is a defect.
"""

import os
import shutil
import tempfile

from boundary import BLOCKED, NOBODY, PLAIN, Boundary, Skip, why_not
from bench import CSC, until  # which boundary.py makes importable
from look import PROGRAM
from mounts import Mounted, why_not_mapped
from tap import cases, equal, main

BACKENDS = ("native", "bwrap")
OTHER = 1000  # a plain user; also whom root's commands are inside
STRANGER = 1001


class Worlds(Boundary):
    """A workspace with something of everything, of which both executors make a sandbox."""

    def __init__(self, owner=None, config=""):
        super().__init__(owner, config, backend="native")
        if why_not(self.owner, "bwrap"):
            raise Skip(why_not(self.owner, "bwrap"))

    def __enter__(self):
        super().__enter__()
        os.mkdir(self.path("work", "out"))
        os.mkdir(self.path("extra"))
        for name in ("work/file", "work/out/file", "work/others", "extra/file", "single"):
            self.write(name, "x")
        self.give(self.owner)
        return self

    def give(self, owner):
        for name in (".", "out", "file", "out/file"):
            os.chown(os.path.join(self.work, name), owner, owner)
        if os.getuid() == 0:
            os.chown(os.path.join(self.work, "others"), STRANGER, STRANGER)

    def look(self, backend, network="deny", args=()):
        """What csc run prints of the program that looks at everything, with scopes of every kind."""
        command = self.program(PROGRAM, network=network, write_paths=[self.work + "/out/**"],
                               read_paths=[self.work, self.path("extra"), self.path("single")])
        result = self.run(command, args=["--backend", backend, *args])
        equal(result.code, 0, f"the probe runs: {result}")
        return result.json()


class Unmapped(Mounted, Worlds):
    """The workspace is an overlay, which the kernel doesn't idmap: root's commands are root outside with both."""

    def __init__(self, owner=None):
        super().__init__(owner, lambda boundary: f"""
            mkdir -p {boundary.root}/layers; mount -t tmpfs none {boundary.root}/layers; cd {boundary.root}/layers
            mkdir upper work; chown {boundary.owner}:{boundary.owner} upper
            mount -t overlay -o lowerdir={boundary.work},upperdir=upper,workdir=work none {boundary.work}; cd /""")


# ---- what may differ -------------------------------------------------------------------------------------------------

MADE = ("/", "/.csc/home", "/dev", "/dev/pts", "/dev/shm", "/proc", "/tmp")  # by the executors, not of the host's


def settle_mount(point, row):
    root, options, optional, kind, source, of_fs = row
    # Which are idmapped is asserted below.
    options = [option for option in options if option != "idmapped"]
    if point not in MADE and not (point.startswith("/proc/") and kind == "tmpfs"):
        return [root, options, optional, kind, source, of_fs]
    # Names of nothing (bwrap's root is a folder of another tmpfs). Native tmpfs are made in the user namespace, and bounded
    # in inodes; those of / and /dev in bytes as well, which nobody can write to with either.
    left_out = ("uid=", "gid=", "nr_inodes=") + (("size=", "mode=") if point in ("/", "/dev") else ())
    return [options, optional, kind, [option for option in of_fs if not option.startswith(left_out)]]


def settle(world):
    """Leaves out what differs by nature."""
    # Some of /proc bwrap makes read-only by itself, below what the plan covers it with.
    mounts = {point: [settle_mount(point, row) for row in rows if row[3] != "proc" or point == "/proc"]
              for point, rows in world["mounts"].items()}
    # bwrap has to be shown the program that it starts; the other executes a descriptor.
    mounts.pop("/.csc/init", None)
    changes = {key: value for key, value in world["changes"].items() if not key.endswith("/.csc/init")}
    # The folders on the way to mounts have the mode that the executor likes. They are read-only, and nothing else is in them.
    root = {path: row[1:] if row[0].startswith("0o4") else row for path, row in world["root"].items() if path != "/.csc/init"}
    # Their numbers are nobody's business; that they are other ones is.
    namespaces = {key: value != os.readlink("/proc/self/ns/" + key) for key, value in world["namespaces"].items()}
    places = {key: value for key, value in world["places"].items() if key not in ("room of /", "room of /dev")}
    # bwrap makes a user namespace in between, and its user is the root of that: what belongs to the namespaces is its own, and
    # only the mount is read-only. In the native executor's there is no root.
    proc = {path: row[:1] if path.startswith("/proc/sys/") else row for path, row in world["proc"].items()}
    writes = {path: "refused" if value in ("EACCES", "EROFS") else value for path, value in world["writes"].items()}
    dev = {path: row[:1] if path == "/dev/pts" else row for path, row in world["dev"].items()}
    return {**world, "mounts": mounts, "changes": changes, "root": root, "namespaces": namespaces, "places": places,
            "proc": proc, "writes": writes, "dev": dev}


def differences(one, other):
    """{(section, key): (of one, of the other)}"""
    found = {}
    for section in one.keys() | other.keys():
        mine, theirs = one.get(section, {}), other.get(section, {})
        found |= {(section, key): (mine.get(key), theirs.get(key)) for key in mine.keys() | theirs.keys()
                  if mine.get(key) != theirs.get(key)}
    return found


def where():
    """Rows of name, harness, owner for the native executor and for bwrap, whether the first maps ids."""
    if os.getuid() != 0:
        return [("in our folder", Worlds, os.getuid(), os.getuid(), False)]
    # In idmapped mounts root's folder is like that of the user who they are inside.
    return [("in root's folder", Worlds, 0, OTHER, True), ("in a plain user's folder", Worlds, PLAIN, PLAIN, True),
            ("in a folder of root's that cannot be idmapped", Unmapped, 0, 0, False)]


def require(mapped):
    if mapped and why_not_mapped(tempfile.gettempdir()):
        raise Skip(f"no idmapped mounts in {tempfile.gettempdir()}: {why_not_mapped(tempfile.gettempdir())}")


@cases([(f"one world {name}, network {network}", *row, network) for name, *row in where() for network in ("deny", "full")])
def one_world(harness, of_native, of_bwrap, mapped, network):
    require(mapped)
    with harness(of_native) as boundary:
        native = boundary.look("native", network)
        idmapped = [point for point, rows in native["mounts"].items() if "idmapped" in rows[-1][1]]
        equal(boundary.work in idmapped, mapped, f"idmapped: {idmapped}")
        boundary.give(of_bwrap)
        bwrap = boundary.look("bwrap", network)
        found = differences(settle(native), settle(bwrap))
        if found:  # what differs from one look to the next with one executor is not its doing
            boundary.give(of_native)
            moved = differences(settle(native), settle(boundary.look("native", network)))
            found = {key: value for key, value in found.items() if key not in moved}
        equal("\n".join(f"{key}: {value}" for key, value in sorted(found.items())), "", "native, bwrap")


@cases([(f"one plan {name}", *row) for name, *row in where()])
def one_plan(harness, of_native, of_bwrap, mapped):
    require(mapped)
    with harness(of_native) as boundary:
        native = boundary.look("native", args=["--sandbox-debug"])[0]
        boundary.give(of_bwrap)
        bwrap = boundary.look("bwrap", args=["--sandbox-debug"])[0]
        # The program that bwrap starts.
        bwrap["mounts"] = [mount for mount in bwrap["mounts"] if mount["target"] != "/.csc/init"]
        wanted = {"backend"} | ({"identity"} if mapped else set())
        equal({key for key in native.keys() | bwrap.keys() if native.get(key) != bwrap.get(key)} - {"identity"},
              wanted - {"identity"}, "what differs")
        identity, other = native["identity"], bwrap["identity"]
        wanted = {"idmapped", "outer_uid", "outer_gid"} if mapped else {"not_idmapped"} if os.getuid() == 0 else set()
        equal({key for key in identity.keys() | other.keys() if identity.get(key) != other.get(key)}, wanted, "identity")


# ---- whatever csc is started with -----------------------------------------------------------------------------------

MODES = """
    def mode(path):
        try:
            return oct(os.lstat(path).st_mode)
        except FileNotFoundError:
            return "not there"
    paths = [os.path.join(top, name) for top in ("/", "/etc", "/dev", "/proc", "/.csc") for name in os.listdir(top)
             if top != "/proc" or not name.isdigit()]
    seen = {path: mode(path) for path in [*paths, "/", *sys.argv[1:]]}
    mask = os.umask(0)
    say([mask, seen])
"""


@cases([(f"the modes of the view are those of the plan, with {backend}, umask {mask:03o}", backend, mask)
        for backend in BACKENDS for mask in (0o077, 0o777)])
def umask(backend, mask):
    with Worlds() as boundary:
        def look(mask):
            command = boundary.program(MODES, read_paths=[boundary.path("extra"), boundary.path("single")])
            command["exec"]["argv"] += [boundary.root, boundary.path("extra"), boundary.path("single"), "/.csc/home", "/tmp"]
            arguments = ["run", *boundary.inputs(command), *boundary.options(), "--backend", backend]
            # csc's own, from its beginning: what it writes is its own business, and nothing here.
            result = boundary.csc(*arguments, umask=mask)
            equal(result.code, 0, f"the probe runs: {result}")
            return result.json()

        usual, strict = look(0o022), look(mask)
        equal((usual[0], strict[0]), (0o022, mask), "the umask of the command is csc's")
        found = {path: (mode, strict[1].get(path)) for path, mode in usual[1].items() if mode != strict[1].get(path)}
        equal(found, {}, "modes that differ")
        equal(len(usual[1]) > 20, True, "paths that were looked at")


# ---- what only the native executor holds -----------------------------------------------------------------------------

def for_root(name):
    return cases([(f"{name}, with {backend}", backend) for backend in BACKENDS] if os.getuid() == 0 else [])


@cases([(f"the number of files in {place}, with {backend}", place, backend) for place in ("/tmp", "/.csc/home", "/dev/shm")
        for backend in BACKENDS])
def files(place, backend):
    source = f"""
        def fill():
            for number in range(2000): os.close(os.open("{place}/%d" % number, os.O_CREAT | os.O_WRONLY))
        say([attempt(fill), len([name for name in os.listdir("{place}") if name.isdigit()])])
    """
    sizes = "".join(f"  {name}: {1 << 20}\n" for name in ("tmp_bytes", "home_bytes", "shm_bytes"))
    with Worlds(config="limits:\n" + sizes) as boundary:
        result = boundary.run(boundary.program(source), args=["--backend", backend]).json()
        if backend == "native":
            equal((result[0], result[1] < 1100), ("ENOSPC", True), result)
        else:
            equal(result, ["ok", 2000], "bwrap limits only the bytes of their content")


def users_below(pid):
    """{program: uids and gids} of all that a process has started."""
    seen = {}
    for child in open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8").read().split():
        with open(f"/proc/{child}/status", encoding="utf-8") as file:
            rows = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        seen |= {rows["Name"]: [int(word) for key in ("Uid", "Gid") for word in rows[key].split()], **users_below(child)}
    return seen


@for_root("whom a command in root's folder is outside")
def outer_user(backend):
    require(True)
    with Worlds(0) as boundary:
        command = boundary.command("sh", "-c", "touch out/here; exec sleep 600", write_paths=[boundary.work + "/out/**"])
        process = boundary.start("run", *boundary.inputs(command), *boundary.options(), "--backend", backend)
        try:
            until(lambda: os.path.exists(os.path.join(boundary.work, "out/here")), "the command runs")
            until(lambda: "sleep" in users_below(process.pid), "the command waits")
            seen = users_below(process.pid)
            equal(seen["sleep"], [NOBODY] * 8 if backend == "native" else [0] * 8, f"uids and gids outside: {seen}")
        finally:
            process.terminate()
            boundary.finish(process)


@for_root("csc in a folder that the command's user may not enter")
def closed_programs(backend):
    require(True)
    with Worlds(PLAIN) as boundary:
        for name in (CSC, CSC + "-init"):
            shutil.copy(name, boundary.path("trusted"))
        start = [boundary.path("trusted", os.path.basename(CSC)), "run", *boundary.inputs(["echo", "ran"]),
                 *boundary.options(), "--backend", backend]
        equal(boundary.start_other(*start).out, "ran\n", "as long as it is open")
        os.chmod(boundary.path("trusted"), 0o700)
        result = boundary.start_other(*start)
        equal((result.code, result.out), (0, "ran\n") if backend == "native" else (BLOCKED, ""), result)


@for_root("a scope in a folder that the command's user may not enter")
def closed_scope(backend):
    require(True)
    with Worlds(PLAIN) as boundary:
        os.makedirs(boundary.path("closed/inner"))
        boundary.write("closed/inner/file", "shown")
        boundary.write("closed/secret", "not shown")
        os.chmod(boundary.path("closed"), 0o700)
        source = f"""
            above = {boundary.path("closed")!r}
            say([open(above + "/inner/file").read(), os.listdir(above), attempt(open, above + "/secret")])
        """
        command = boundary.program(source, read_paths=[boundary.path("closed/inner")])
        result = boundary.run(command, args=["--backend", backend])
        if backend == "native":
            equal(result.json(), ["shown", ["inner"], "ENOENT"], "what is shown, and nothing beside it")
        else:
            equal((result.code, result.out), (BLOCKED, ""), f"bwrap looks it up as that user: {result}")


if __name__ == "__main__":
    main()
