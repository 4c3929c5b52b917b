# SPDX-License-Identifier: Apache-2.0
"""Workspaces as people have them - repositories, worktrees, submodules, other file systems - work inside; and one that cannot
be used ends in a clear refusal, never in a weaker boundary."""

import os
import shutil
import subprocess

from boundary import BACKEND, PLAIN, Boundary, owners
from mounts import MOUNTS, Elsewhere, Mounted
from tap import Skip, case, cases, equal, main, matches

GIT = shutil.which("git")
IDENTITY = ["-c", "user.name=csc", "-c", "user.email=csc@example.invalid", "-c", "init.defaultBranch=main",
            "-c", "commit.gpgsign=false"]
EFFECTS = {"allowed_effect_types": ["observe", "transform_local", "mutate_repo"]}


class Repositories(Boundary):
    """work/repository, work/tree (a worktree of it), work/super with the submodule `part`."""

    def __enter__(self):
        if not GIT:
            raise Skip("there is no git here")
        super().__enter__()
        for name in ("repository", "super"):
            self.git(self.work, "init", "-q", name)
            self.write(f"work/{name}/file", "1\n")
            self.git(self.path("work", name), "add", "file")
            self.git(self.path("work", name), "commit", "-q", "-m", "first")
        self.git(self.path("work/repository"), "worktree", "add", "-q", "../tree", "-b", "branch")
        self.git(self.path("work/super"), "submodule", "add", "-q", self.path("work/repository"), "part")
        self.git(self.path("work/super"), "commit", "-q", "-m", "part")
        for path, folders, files in os.walk(self.work):
            for name in folders + files:
                os.chown(os.path.join(path, name), self.owner, self.owner, follow_symlinks=False)
        return self

    def git(self, folder, *args):
        """Outside, by us."""
        trusting = ["-c", "safe.directory=*", "-c", "protocol.file.allow=always"]
        done = subprocess.run([GIT, *IDENTITY, *trusting, *args], cwd=folder, capture_output=True, check=False, timeout=60,
                              env={"PATH": os.environ["PATH"], "HOME": self.root})
        if done.returncode != 0:
            raise AssertionError(f"git {args}: {done.stderr.decode()}")
        return done.stdout.decode().strip()

    def inside(self, folder, *args, **scopes):
        command = self.command("git", *IDENTITY, *args, cwd=self.path("work", folder), proposed_effect_type="mutate_repo",
                               **{field: [self.path("work", name) for name in names] for field, names in scopes.items()})
        return self.run(command, policy=EFFECTS)


# name, cwd, the git directories that a commit writes to
LAYOUTS = [("a repository", "repository", ["repository"]),
           ("a worktree", "tree", ["tree", "repository/.git"]),
           ("a submodule", "super/part", ["super/part", "super/.git/modules/part"])]


@cases([(f"{name}: {row}", owner, *rest) for name, owner in owners("git works") for row, *rest in LAYOUTS])
def git_works(owner, folder, declared):
    with Repositories(owner) as boundary:
        before = boundary.git(boundary.path("work", folder), "rev-parse", "HEAD")
        status = boundary.inside(folder, "status", "--porcelain", read_paths=declared)
        equal((status.code, status.out), (0, ""), status)
        boundary.write(f"work/{folder}/file", "2\n")
        status = boundary.inside(folder, "status", "--porcelain", read_paths=declared)
        equal((status.code, status.out), (0, " M file\n"), status)
        done = boundary.inside(folder, "commit", "-q", "-a", "-m", "inside", read_paths=[], write_paths=declared)
        equal(done.code, 0, done)
        after = boundary.git(boundary.path("work", folder), "rev-parse", "HEAD")
        equal(after != before, True, "there is a new commit")
        equal(boundary.git(boundary.path("work", folder), "log", "-1", "--format=%s %an"), "inside csc")
        equal(boundary.git(boundary.path("work", folder), "fsck"), "")


@cases([(f"{name}: {row}", owner, *rest) for name, owner in owners("git cannot write where only reading was declared")[-1:]
        for row, *rest in LAYOUTS])
def git_readonly(owner, folder, declared):
    with Repositories(owner) as boundary:
        before = boundary.git(boundary.path("work", folder), "rev-parse", "HEAD")
        boundary.write(f"work/{folder}/file", "2\n")
        done = boundary.inside(folder, "commit", "-q", "-a", "-m", "inside", read_paths=declared)
        equal(done.code, 1, done)
        matches(r"Read-only file system", done.err)
        equal(boundary.git(boundary.path("work", folder), "rev-parse", "HEAD"), before)


@cases([(f"{name}: {row}", owner, *rest) for name, owner in owners("a git directory that was not declared is not there")[-1:]
        for row, *rest in LAYOUTS[1:]])
def git_undeclared(owner, folder, declared):
    with Repositories(owner) as boundary:
        done = boundary.inside(folder, "status", "--porcelain", read_paths=declared[:1])
        equal(done.code, 1, done)
        matches(r"not a git repository", done.err)


# ---- file systems -------------------------------------------------------------------------------------------------

USE = MOUNTS + """
with open("made", "w") as file: file.write("x")
os.rename("made", "renamed")
fs = [kind for point, options, kind in mounts() if point == os.getcwd()]
say([open("file").read(), open("renamed").read(), sorted(os.listdir(".")), fs[-1] if fs else ""])
"""
FILESYSTEMS = [
    ("tmpfs", lambda b: f"mount -t tmpfs -o mode=755,uid={b.owner},gid={b.owner} none {b.work}"),
    ("overlay", lambda b: f"""
        mkdir -p {b.root}/layers; mount -t tmpfs none {b.root}/layers; cd {b.root}/layers; mkdir lower upper work
        chown {b.owner}:{b.owner} lower upper
        mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none {b.work}; cd /"""),
]


@cases([(f"{name}: {row}", owner, row, mount) for name, owner in owners("a workspace on another file system")
        for row, mount in FILESYSTEMS])
def filesystem(owner, kind, mount):
    def setup(boundary):
        fill = f"printf x >{boundary.work}/file; chown {boundary.owner}:{boundary.owner} {boundary.work}/file"
        return mount(boundary) + "\n" + fill

    with Mounted(owner, setup) as boundary:
        wanted = ["x", "x", ["file", "renamed"], kind]
        equal(boundary.probe(USE, write_paths=[boundary.work]), wanted)
        equal(boundary.control(USE), wanted, "outside it does the same")
        refused = boundary.run(boundary.program("open('file', 'w')"))
        equal((refused.code, "Read-only file system" in refused.err), (1, True), refused)


@cases(owners("a workspace on a read-only mount stays read-only, even where it is declared writable"))
def readonly_mount(owner):
    source = "say([open('file').read(), attempt(open, 'made', 'w'), attempt(open, 'file', 'w')])"
    def setup(b):
        return f"printf x >{b.work}/file; mount --bind {b.work} {b.work}; mount -o remount,bind,ro {b.work}"

    with Mounted(owner, setup) as boundary:
        for changes in ({}, {"write_paths": [boundary.work]}):
            equal(boundary.probe(source, **changes), ["x", "EROFS", "EROFS"])
        equal(boundary.control(source), ["x", "EROFS", "EROFS"], "outside, too")


@cases([(f"{name}, in {top}", owner, top) for name, owner in owners("a workspace in the places of temporary files") for top in
        ("/dev/shm", "/var/tmp", "/tmp")])
def temporary_places(owner, top):
    with Elsewhere(top), Boundary(owner) as boundary:
        if top == "/dev/shm":
            result = boundary.run(["true"])
            equal((result.code, boundary.receipt()["status"]), (1, "blocked"), result)
            matches("belongs to the kernel", result.err)
            return
        equal(boundary.probe("open('made', 'w').close(); say(os.listdir('.'))", write_paths=[boundary.work]), ["made"])
        equal(os.listdir(boundary.work), ["made"])


# ---- what cannot be used ------------------------------------------------------------------------------------------

@case("a workspace that its user may not enter")
def no_permission():
    if os.getuid() == 0:
        config, owner = f"run_as: \"{PLAIN}:{PLAIN}\"\n", 0
    else:
        config, owner = "", os.getuid()
    with Boundary(owner, config=config) as boundary:
        # In an idmapped workspace the command is its owner.
        os.chmod(boundary.work, 0o700 if os.getuid() == 0 and BACKEND == "bwrap" else 0o000)
        result = boundary.run(boundary.command("echo", "it ran"))
        os.chmod(boundary.work, 0o755)
        equal((result.code != 0, "it ran" in result.out), (True, False), result)
        equal(boundary.receipt()["status"] in ("failed", "blocked"), True, result)
        matches(r"Permission denied", result.err)
        equal(boundary.run(boundary.command("echo", "it ran")).code, 0, "with the permission it runs")


@cases(owners("a scope that its user may not enter"))
def unreadable_scope(owner):
    with Boundary(owner) as boundary:
        hidden = boundary.path("hidden")
        os.makedirs(os.path.join(hidden, "inner"))
        os.chmod(hidden, 0o700)
        # bwrap looks the name up as the command's user; of root's native executor only what is shown counts.
        if owner == os.getuid() or BACKEND == "native":
            os.chmod(os.path.join(hidden, "inner"), 0o000)
        source = "say(attempt(os.listdir, sys.argv[1]))"
        command = boundary.program(source, read_paths=[os.path.join(hidden, "inner")])
        command["exec"]["argv"].append(os.path.join(hidden, "inner"))
        result = boundary.run(command)
        os.chmod(os.path.join(hidden, "inner"), 0o755)
        equal(result.code == 0 and result.json() == "ok", False, f"what is not its user's stays shut: {result}")


if __name__ == "__main__":
    main()
