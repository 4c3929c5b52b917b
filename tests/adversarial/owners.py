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

from boundary import NOBODY, PLAIN, Boundary, Skip
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
        chown --reference "$TOP/work" "$TOP/layers/lower" "$TOP/layers/upper"
        mount -t overlay -o lowerdir="$TOP/layers/lower,upperdir=$TOP/layers/upper,workdir=$TOP/layers/work" none {place}"""


# name, where an overlay lies, scopes
PLACES = [
    ("the workspace", "work", []),
    ("a mount within a scope", "work/sub", []),
    ("another scope", "data", ["data"]),
    ("a mount within another scope", "data/deep/sub", ["data"]),
]


@cases([(f"{name} cannot be idmapped: nothing is, {folder}", owner, place, scopes) for name, place, scopes in PLACES
        for folder, owner in FOLDERS[:2]])
def unmapped(owner, place, scopes):
    def setup(boundary):
        return f"TOP={boundary.root}" + overlay(boundary.path(place))

    source = MOUNTS + """
open("made", "w").close()
say([os.getuid(), os.stat(".").st_uid, os.stat("made").st_uid, [row[0] for row in mounts() if "idmapped" in row[1]]])
"""
    with Owned(owner, setup, mapped=False) as boundary:
        command = boundary.program(source, write_paths=[boundary.work + "/**"],
                                   read_paths=[boundary.work, *map(boundary.path, scopes)])
        plan = boundary.plans(command)[0]["identity"]
        equal([plan["idmapped"], plan["outer_uid"], plan["outer_gid"]], [False, owner, owner], plan)
        matches(r"idmapping \(mount_setattr\) '/.*': E[A-Z]+", plan["not_idmapped"], "why")
        inner = owner or 1000
        equal(boundary.run(command).json(), [inner, inner, inner, []], "inside")
        if place != "work":
            equal(boundary.outside("made")[:2], (owner, owner), "the owner of what it made")


@case("run_as, where the workspace cannot be idmapped, is that user")
def unmapped_run_as():
    def setup(boundary):
        return f"TOP={boundary.root}" + overlay(boundary.work)

    with Owned(0, setup, mapped=False, config=f'run_as: "{RUNNER}:{RUNNER}"\n') as boundary:
        equal(boundary.writing("say([os.getuid(), os.getgid(), attempt(open, 'made', 'w')])"), [RUNNER, RUNNER, "EACCES"],
              "as without idmapped mounts")


if __name__ == "__main__":
    main()
