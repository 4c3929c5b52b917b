# SPDX-License-Identifier: Apache-2.0
"""Threat: whose a file is. Root's csc runs commands as nobody, who in idmapped mounts is the owner of the workspace: of that
owner's files, in the scopes, and of nothing else. Where the kernel cannot map, all is as without it, and csc says so.
"""

import json
import os
import shutil
import stat
import subprocess
import tempfile

from boundary import BLOCKED, NOBODY, PLAIN, Boundary, Skip
from bench import until  # which boundary.py makes importable
from mounts import MOUNTS, Mounted, why_not_mapped
from tap import case, cases, equal, main, matches

STRANGER, RUNNER = 1001, 1002  # users that no workspace here belongs to
OVERFLOW = 65534  # whom files belong to whose owner is not in the user namespace, or not in the map of the mount
FOLDERS = [("in root's folder", 0), ("in a plain user's folder", PLAIN), ("in another plain user's folder", 1000)]


class Owned(Mounted):
    """`setup`, shell commands, mounts something first. Unless `mapped` is False, the host has to map ids."""

    def __init__(self, owner, setup=lambda boundary: "", mapped=True, **options):
        super().__init__(owner, setup, backend="native", **options)
        if mapped and why_not_mapped(tempfile.gettempdir()):
            raise Skip(f"no idmapped mounts in {tempfile.gettempdir()}: {why_not_mapped(tempfile.gettempdir())}")

    def file(self, name, owner, mode=0o644, group=None):
        path = os.path.join(self.work, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("x")
        os.chown(path, owner, owner if group is None else group)
        os.chmod(path, mode)
        return path

    def outside(self, name):
        found = os.lstat(os.path.join(self.work, name))
        return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)

    def writing(self, source, **changes):
        return self.probe(source, write_paths=[self.work + "/**"], **changes)


# ---- what is made ----------------------------------------------------------------------------------------------------

@cases([(f"what a command makes belongs to the workspace's owner, {name}", owner) for name, owner in FOLDERS])
def made(owner):
    source = """
        open("file", "w").close()
        os.mkdir("folder")
        open("folder/file", "w").close()
        os.symlink("file", "link")
        os.mkfifo("pipe")
        os.link("file", "hard")
        open("moved", "w").close(); os.rename("moved", "folder/moved")
        os.close(os.open(".", os.O_TMPFILE | os.O_WRONLY))
        names = ("file", "folder", "folder/file", "link", "pipe", "hard", "folder/moved", ".")
        say([[os.lstat(name).st_uid == os.getuid(), os.lstat(name).st_gid == os.getgid()] for name in names])
    """
    with Owned(owner) as boundary:
        equal(boundary.writing(source), [[True, True]] * 8, "inside it is the command's")
        seen = {name: boundary.outside(name)[:2] for name in
                ("file", "folder", "folder/file", "link", "pipe", "hard", "folder/moved")}
        equal(set(seen.values()), {(owner, owner)}, f"outside: {seen}")


@case("somebody's folder of root's group: what is made is not root's group's")
def group_of_root():
    with Owned(PLAIN) as boundary:
        os.chown(boundary.work, PLAIN, 0)
        boundary.writing("open('file', 'w').close(); say(0)")
        equal(boundary.outside("file")[:2], (PLAIN, OVERFLOW), "owner and group")


# ---- what was there --------------------------------------------------------------------------------------------------

OWNER = "the owner"
# owner, group, mode; reading, writing
FILES = [
    (OWNER, OWNER, 0o600, "ok", "ok"),
    (OWNER, OWNER, 0o400, "ok", "EACCES"),
    (OWNER, OWNER, 0o000, "EACCES", "EACCES"),
    (STRANGER, STRANGER, 0o600, "EACCES", "EACCES"),
    (STRANGER, STRANGER, 0o644, "ok", "EACCES"),
    (STRANGER, STRANGER, 0o666, "ok", "ok"),
    (STRANGER, OWNER, 0o660, "ok", "ok"),
    (STRANGER, OWNER, 0o640, "ok", "EACCES"),
    (OWNER, STRANGER, 0o060, "EACCES", "EACCES"),
    # Whom the command is outside: in the mount nobody is.
    (NOBODY, NOBODY, 0o600, "EACCES", "EACCES"),
    (NOBODY, NOBODY, 0o644, "ok", "EACCES"),
    (OVERFLOW, OVERFLOW, 0o600, "EACCES", "EACCES"),
    (0, 0, 0o600, "EACCES", "EACCES"),
    (0, 0, 0o644, "ok", "EACCES"),
]


def rows_for(owner):
    """Of somebody else's, or the owner's under that name."""
    for number, (user, group, *rest) in enumerate(FILES):
        if user != owner:
            yield f"file{number}", owner if user == OWNER else user, owner if group == OWNER else group, *rest


@cases([(f"files of others keep their owners, and their modes hold, {name}", owner) for name, owner in FOLDERS])
def others(owner):
    with Owned(owner) as boundary:
        rows = list(rows_for(owner))
        for name, user, group, mode, _, _ in rows:
            boundary.file(name, user, mode, group)
        names = [row[0] for row in rows]
        inside = boundary.writing(f"""
            def look(name):
                st = os.stat(name)
                return [attempt(open, name), attempt(os.open, name, os.O_WRONLY), st.st_uid == os.getuid(),
                        st.st_gid == os.getgid()]
            say({{name: look(name) for name in {names!r}}})
        """)
        for name, user, group, mode, reads, writes in rows:
            mine = [user == owner, group == owner]
            if owner == OVERFLOW:  # inside, his number is that of all who cannot be told
                mine = [True, True]
            equal(inside[name], [reads, writes, *mine], f"{user}:{group} {mode:o}")
            equal(boundary.outside(name), (user, group, mode), "as before")


@cases([(f"nothing is given away or taken, {name}", owner) for name, owner in FOLDERS])
def chown(owner):
    source = f"""
        def change(path, uid, gid): os.chown(path, uid, gid, follow_symlinks=False)
        ids = [0, {STRANGER}, {NOBODY}, {PLAIN}, 1000]
        own = [os.getuid(), os.getgid()]
        say({{"uid": [attempt(change, path, uid, -1) for path in ("mine", "other") for uid in ids if uid != own[0]],
             "gid": [attempt(change, path, -1, gid) for path in ("mine", "other") for gid in ids if gid != own[1]],
             "take": attempt(change, "other", *own), "mode": attempt(os.chmod, "other", 0o777),
             "times": attempt(os.utime, "other", (1, 1)), "set-id": [attempt(os.chmod, "mine", mode) for mode in
             (0o4755, 0o2755, 0o6755)], "plain": [attempt(os.chmod, "mine", 0o750), attempt(change, "mine", *own)],
             "capability": attempt(os.setxattr, "mine", "security.capability", bytes(20))}})
    """
    with Owned(owner) as boundary:
        boundary.file("mine", owner)
        boundary.file("other", STRANGER, 0o666)
        inside = boundary.writing(source)
        equal(inside.pop("plain"), ["ok", "ok"], "what an owner may")
        for what, answers in inside.items():
            equal("ok" in answers, False, f"{what}: {answers}")
        equal((boundary.outside("mine"), boundary.outside("other")),
              ((owner, owner, 0o750), (STRANGER, STRANGER, 0o666)), "outside")


@case("what only root reads: in the scopes of root's workspace, and not in the system's folders")
def root_only():
    def setup(boundary):
        return f"""
            mkdir -p {boundary.root}/data
            mount -t tmpfs none /usr/local/share; echo secret >/usr/local/share/secret; cp /usr/local/share/secret {boundary.root}/data
            chmod 600 /usr/local/share/secret {boundary.root}/data/secret"""

    source = "say([attempt(open, path) for path in ('/usr/local/share/secret', sys.argv[1])])"
    with Owned(0, setup) as boundary:
        path = boundary.path("data/secret")
        command = boundary.program(source, read_paths=[boundary.path("data")])
        command["exec"]["argv"].append(path)
        equal(boundary.run(command).json(), ["EACCES", "ok"], "of the system, and of a scope")
        os.chown(boundary.work, PLAIN, PLAIN)
        equal(boundary.run(command).json(), ["EACCES", "EACCES"], "in a plain user's workspace root's files stay root's")


# ---- programs that look at owners ------------------------------------------------------------------------------------

@cases([(f"git takes the workspace for its own, {name}", owner) for name, owner in FOLDERS])
def git(owner):
    if not shutil.which("git"):
        raise Skip("there is no git here")
    with Owned(owner) as boundary:
        repositories = {"own": owner, "other": STRANGER}
        for name, user in repositories.items():
            folder = os.path.join(boundary.work, name)
            os.mkdir(folder)
            os.chown(folder, user, user)
            subprocess.run(["git", "init", "--quiet", folder], check=True, user=user, group=user, extra_groups=[],
                           env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, capture_output=True)
        own = boundary.run(boundary.command("git", "-C", "own", "status", "--short", "--branch",
                                            write_paths=[boundary.work + "/**"]))
        equal((own.code, own.out.startswith("## No commits yet")), (0, True), own)
        if owner == OVERFLOW:  # inside, his number is that of all who cannot be told
            return
        other = boundary.run(boundary.command("git", "-C", "other", "status", write_paths=[boundary.work + "/**"]))
        equal(other.code, 1, other)
        matches("dubious ownership", other.err, "another user's repository")


# ---- whom the command is ---------------------------------------------------------------------------------------------

def ids_of(marker):
    """Uids, gids and groups outside of the processes that have the marker among their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if marker.encode() not in file.read():
                    continue
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                rows = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            found.append([sorted(set(rows[key].split())) for key in ("Uid", "Gid", "Groups")])
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


@cases([(f"whom it is outside: {name}", *row) for name, *row in [
        ("root's folder", 0, "", NOBODY, 1000), ("a plain user's folder", PLAIN, "", NOBODY, PLAIN),
        ("run_as, in root's folder", 0, f'run_as: "{RUNNER}:{RUNNER}"\n', RUNNER, 1000),
        ("run_as, in a plain user's folder", PLAIN, f'run_as: "{RUNNER}:{RUNNER}"\n', RUNNER, PLAIN),
        ("run_as the folder's owner", RUNNER, f'run_as: "{RUNNER}:{RUNNER}"\n', RUNNER, RUNNER),
        ("a folder of nobody's", NOBODY, "", NOBODY, NOBODY)]])
def identity(owner, config, outside, inside):
    source = """
        import time
        with open("ids", "w") as file: json.dump([os.getuid(), os.getgid(), os.getgroups(), os.stat(".").st_uid], file)
        os.rename("ids", "made")
        time.sleep(600)
    """
    with Owned(owner, config=config) as boundary:
        command = boundary.program(source, write_paths=[boundary.work + "/**"])
        command["exec"]["argv"].append(boundary.path("marker"))
        plan = boundary.plans(command)[0]["identity"]
        equal([plan[key] for key in ("outer_uid", "outer_gid", "inner_uid", "idmapped")],
              [outside, outside, inside, owner != outside], "as planned")
        process = boundary.start("run", *boundary.inputs(command), *boundary.options())
        try:
            until(lambda: os.path.exists(os.path.join(boundary.work, "made")), "the command runs")
            equal(ids_of(boundary.path("marker")), [[[str(outside)], [str(outside)], []]], "outside")
        finally:
            process.terminate()
            boundary.finish(process)
        with open(os.path.join(boundary.work, "made"), encoding="utf-8") as file:
            equal(json.load(file), [inside, inside, [], inside], "inside")
        equal(boundary.outside("made")[:2], (owner, owner), "the owner of what it made")


# ---- where the kernel cannot map -------------------------------------------------------------------------------------

def overlay(place):
    return f"""
        mkdir -p "$TOP/layers"; mount -t tmpfs none "$TOP/layers"; mkdir -p {place} "$TOP/layers/lower" "$TOP/layers/upper" \\
            "$TOP/layers/work"
        chown $OWNER:$OWNER "$TOP/layers/lower" "$TOP/layers/upper"
        mount -t overlay -o lowerdir="$TOP/layers/lower,upperdir=$TOP/layers/upper,workdir=$TOP/layers/work" none {place}"""


def ramfs(place):
    return f"""
        mkdir -p {place}; mount -t ramfs -o mode=755 none {place}; chown $OWNER:$OWNER {place}"""


UNMAPPABLE = [("overlay", overlay), ("ramfs", ramfs)]


def everywhere(what):
    """(name, owner, how to mount) for each folder and file system."""
    return [(f"{what}, {kind}, {folder}", owner, mount) for kind, mount in UNMAPPABLE for folder, owner in FOLDERS[:2]]


def mounting(mount, place):
    """What mounts there what cannot be mapped, with files of the workspace's owner in it."""
    def setup(boundary):
        path = boundary.path(place)
        return f"TOP={boundary.root} OWNER={boundary.owner}" + mount(path) + f"""
            for name in shut open; do echo x >{path}/$name; chown $OWNER:$OWNER {path}/$name; done
            chmod 600 {path}/shut; chmod 644 {path}/open"""
    return setup


LOOK = MOUNTS + """
def look(folder):
    names = [os.path.join(folder, name) for name in ("open", "shut", "made")]
    return [attempt(open, names[0]), attempt(open, names[1]), attempt(open, names[0], "a"), attempt(open, names[2], "w")]
"""
# Reading what is open to all, reading what is not, writing what is there, making something.
SOMEBODY_ELSES, IN_READ_ONLY, OWN = (["ok", "EACCES", "EACCES", "EACCES"], ["ok", "EACCES", "EACCES", "EROFS"], ["ok"] * 4)


@cases(everywhere("the workspace cannot be idmapped: the command is its owner, and csc says so"))
def unmapped(owner, mount):
    source = LOOK + """
say([os.getuid(), os.stat(".").st_uid, look("."), [row[0] for row in mounts() if "idmapped" in row[1]]])
"""
    with Owned(owner, mounting(mount, "work"), mapped=False) as boundary:
        command = boundary.program(source, write_paths=[boundary.work + "/**"])
        plan = boundary.plans(command)[0]["identity"]
        equal([plan["idmapped"], plan["outer_uid"], plan["outer_gid"]], [False, owner, owner], plan)
        matches(rf"^idmapping \(mount_setattr\) '{boundary.work}': EINVAL$", plan["not_idmapped"], "why")
        result, inner = boundary.run(command), owner or 1000
        equal(result.json(), [inner, inner, OWN, []], "inside")
        equal(result.err.splitlines()[:1],
              [f"csc: command 'one' is uid {owner} outside of its sandbox, since owners cannot be mapped: "
               f"{plan['not_idmapped']}; csc doctor says what would fix it"], result)


@cases([("mounts can be idmapped: there is nothing to say", 0), ("in a plain user's folder neither", PLAIN)])
def no_warning(owner):
    with Owned(owner) as boundary:
        command = boundary.program("say(os.stat('.').st_uid == os.getuid())")
        equal("not_idmapped" in boundary.plans(command)[0]["identity"], False, "in the plan")
        result = boundary.run(command)
        equal((result.json(), "outside of its sandbox" in result.err), (True, False), result)


# Where it lies, what is declared beside the workspace as (field, path): each holds the mount.
INSIDE = [("the workspace", "work/sub", []), ("a read scope", "data/sub", [("read_paths", "data")]),
          ("a write scope", "data/sub", [("write_paths", "data")])]


@cases([(f"a mount in {what} {name}", owner, mount, *rest) for what, *rest in INSIDE for name, owner, mount in
        everywhere("that cannot be idmapped does not decide")])
def unmapped_inside(owner, mount, place, scopes):
    """Threat: an owner who mounts something in his workspace, so that root's csc runs its commands as root, or as him."""
    with Owned(owner, mounting(mount, place)) as boundary:
        if not os.path.exists(boundary.path("data")):
            os.mkdir(boundary.path("data"))
            os.chown(boundary.path("data"), owner, owner)
        declared = {"write_paths": [boundary.work], "read_paths": []}
        for field, path in scopes:
            declared[field].append(boundary.path(path))
        source = LOOK + f"""
open("made", "w").close()
say([os.getuid() == os.stat(".").st_uid, look({boundary.path(place)!r}), sorted(row[0] for row in mounts() if "idmapped" in row[1])])
"""
        command = boundary.program(source, **declared)
        plan = boundary.plans(command)[0]["identity"]
        equal([plan["idmapped"], plan["outer_uid"], plan.get("not_idmapped")], [True, NOBODY, None], plan)
        result = boundary.run(command)
        seen = IN_READ_ONLY if scopes and scopes[0][0] == "read_paths" else SOMEBODY_ELSES
        equal(result.json(), [True, seen, sorted({boundary.work, *(boundary.path(path) for _, path in scopes)})], result)
        equal("outside of its sandbox" in result.err, False, result)
        equal(boundary.outside("made")[:2], (owner, owner), "the owner of what it made")


@cases(everywhere("a read scope that cannot be idmapped stays somebody else's"))
def unmapped_read(owner, mount):
    with Owned(owner, mounting(mount, "data")) as boundary:
        source = LOOK + f"say([os.getuid() == os.stat('.').st_uid, look({boundary.path('data')!r})])"
        command = boundary.program(source, read_paths=[boundary.path("data")])
        equal(boundary.plans(command)[0]["identity"]["outer_uid"], NOBODY, "outside")
        equal(boundary.run(command).json(), [True, IN_READ_ONLY], "inside")


@cases(everywhere("a write scope that cannot be idmapped is refused"))
def unmapped_write(owner, mount):
    with Owned(owner, mounting(mount, "data")) as boundary:
        result = boundary.run(boundary.command("echo", "ran", write_paths=[boundary.path("data")]))
        equal((result.code, result.out, boundary.receipt()["status"]), (BLOCKED, "", "blocked"), result)
        matches("write_paths: '.*/data' lies on a file system that maps no owners.*use another place", result.err)


@cases([(f"what only root reads, below system_paths, {name}", config) for name, config in
        [("run_as unset", ""), ("run_as set", f'run_as: "{RUNNER}:{RUNNER}"\n')]])
def system_paths(config):
    """Threat: what the configuration shows to all commands is given to those of root's folder. Below /tmp, which is private
    to each sandbox, it is shown as well."""
    with Owned(0, config=config) as boundary:
        os.mkdir(boundary.path("shown"))
        for name, mode in (("secret", 0o600), ("open", 0o644)):
            os.chmod(boundary.write(f"shown/{name}", "x"), mode)
            boundary.file(name, 0, mode)
        boundary.write("trusted/csc.yaml", boundary.config + f"system_paths: [{boundary.path('shown')}]\n")
        source = f"""
            say([[attempt(open, os.path.join(folder, name)) for name in ("secret", "open")]
                 for folder in ({boundary.path("shown")!r}, ".")])
        """
        equal(boundary.probe(source), [["EACCES", "ok"], ["ok", "ok"]], "of the system's, and of the workspace's")


@case("run_as, where the workspace cannot be idmapped, is that user")
def unmapped_run_as():
    with Owned(0, mounting(overlay, "work"), mapped=False, config=f'run_as: "{RUNNER}:{RUNNER}"\n') as boundary:
        equal(boundary.writing("say([os.getuid(), os.getgid(), attempt(open, 'made', 'w')])"), [RUNNER, RUNNER, "EACCES"],
              "as without idmapped mounts")


if __name__ == "__main__":
    main()
