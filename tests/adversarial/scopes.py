# SPDX-License-Identifier: Apache-2.0
"""Threat: declarations that mean more than they say - scopes that nest, overlap and repeat, patterns, names made to be taken
for something else. Each has one meaning: what is visible, and what of it can be written, is the sum of what was granted."""

import os
import socket
from textwrap import dedent

from boundary import Boundary, Skip, owners
from mounts import Elsewhere
from tap import cases, equal, main, matches

# What the sandbox shows of the tree below cwd's neighbour: name -> "ro" or "rw"; of folders whether a file can be made.
LOOK = """
    def access(path):
        if os.path.islink(path): return "-> " + os.readlink(path)
        try:
            if os.path.isdir(path):
                os.close(os.open(path + "/.made", os.O_CREAT | os.O_WRONLY))
                os.unlink(path + "/.made")
            else:
                os.close(os.open(path, os.O_WRONLY))
            return "rw"
        except OSError as error:
            assert error.errno in (errno.EROFS, errno.EACCES), error
            open(path).close() if os.path.isfile(path) else os.listdir(path)
            return "ro"
    top = "../tree"
    paths = [os.path.join(path, name) for path, folders, files in os.walk(top) for name in folders + files]
    say({os.path.relpath(path, top): access(path) for path in paths + [top] if os.path.lexists(path)})
"""
TREE = ["a.txt", "b.txt", ".hidden.txt", "c.md", "one/d.txt", "one/two/e.txt", "one/two/f.md", "one/two/three/g.txt",
        "[x].txt"]


class Tree(Boundary):
    """cwd is a folder of its own; beside it lies a tree, which is visible as far as it is declared."""

    def __enter__(self):
        super().__enter__()
        self.cwd, self.tree = self.path("work/cwd"), self.path("work/tree")
        os.mkdir(self.cwd)
        for name in TREE:
            os.makedirs(os.path.dirname(os.path.join(self.tree, name)), exist_ok=True)
            self.write(os.path.join("work/tree", name), name)
        os.symlink("a.txt", os.path.join(self.tree, "link.txt"))
        os.symlink("../../trusted", os.path.join(self.tree, "linked"))
        os.mkfifo(os.path.join(self.tree, "fifo.txt"))
        for path, folders, files in os.walk(self.work):
            for name in folders + files + ["."]:
                os.chown(os.path.join(path, name), self.owner, self.owner, follow_symlinks=False)
        return self

    def look(self, reads, writes=()):
        return self.probe(LOOK, cwd=self.cwd, read_paths=[self.at(name) for name in reads],
                          write_paths=[self.at(name) for name in writes])

    def at(self, name):
        return os.path.join(self.tree, name) if name else self.tree


def whole(mode, *names):
    return {name: mode for name in names}


ALL = [".", "one", "one/two", "one/two/three", *TREE]
# Tables are tried for one owner: the meaning is made before anything is done as one.
# name, read paths, write paths, what is seen (of what hangs on the root of the sandbox, only what has a mount)
OVERLAPS = [
    ("nothing", [], [], {}),
    ("one file", ["a.txt"], [], {"a.txt": "ro"}),
    ("a file twice", ["a.txt", "a.txt"], [], {"a.txt": "ro"}),
    ("the same in both", ["a.txt"], ["a.txt"], {"a.txt": "rw"}),
    ("a folder in both, spelt otherwise", ["one/two/three/"], ["one/./two//three"], {
        "one": "stub", "one/two": "stub", **whole("rw", "one/two/three", "one/two/three/g.txt")}),
    ("writable in readable", ["one"], ["one/two"], {
        **whole("ro", "one", "one/d.txt"), **whole("rw", "one/two", "one/two/e.txt", "one/two/f.md", "one/two/three",
                                                   "one/two/three/g.txt")}),
    ("readable in writable", ["one/two"], ["one"], whole(
        "rw", "one", "one/d.txt", "one/two", "one/two/e.txt", "one/two/f.md", "one/two/three", "one/two/three/g.txt")),
    ("writable in readable in writable", ["one/two"], ["one", "one/two/three"], whole(
        "rw", "one", "one/d.txt", "one/two", "one/two/e.txt", "one/two/f.md", "one/two/three", "one/two/three/g.txt")),
    ("readable in writable in readable", ["one", "one/two/three"], ["one/two"], {
        **whole("ro", "one", "one/d.txt"), **whole("rw", "one/two", "one/two/e.txt", "one/two/f.md", "one/two/three",
                                                   "one/two/three/g.txt")}),
    ("a writable file in a readable folder", ["one"], ["one/two/e.txt"], {
        **whole("ro", "one", "one/d.txt", "one/two", "one/two/f.md", "one/two/three", "one/two/three/g.txt"),
        "one/two/e.txt": "rw"}),
    ("a readable file in a writable folder", ["one/two/three/g.txt"], ["one/two/three"], {
        "one": "stub", "one/two": "stub", **whole("rw", "one/two/three", "one/two/three/g.txt")}),
    ("a pattern and a file it matches", ["*.txt"], ["a.txt"], {
        **whole("ro", "b.txt", ".hidden.txt", "[x].txt"), "a.txt": "rw", "link.txt": "-> a.txt"}),
    ("a pattern inside a folder", ["one", "one/two/*.md"], [], whole(
        "ro", "one", "one/d.txt", "one/two", "one/two/e.txt", "one/two/f.md", "one/two/three", "one/two/three/g.txt")),
    ("a pattern of files for writing inside a readable folder", ["one"], ["one/two/*.md"], {
        **whole("ro", "one", "one/d.txt", "one/two", "one/two/e.txt", "one/two/three", "one/two/three/g.txt"),
        "one/two/f.md": "rw"}),
]

# name, read paths, write paths, what is seen
PATTERNS = [
    ("'*'", ["*.md"], [], {"c.md": "ro"}),
    ("'*' takes leading dots, and shows symlinks as such", ["*.txt"], [], {
        **whole("ro", "a.txt", "b.txt", ".hidden.txt", "[x].txt"), "link.txt": "-> a.txt"}),
    ("'?'", ["?.txt"], [], whole("ro", "a.txt", "b.txt")),
    ("'[..]'", ["[ac].*"], [], whole("ro", "a.txt", "c.md")),
    ("'[!..]'", ["[!a].txt"], [], whole("ro", "b.txt")),
    ("a literal '['", ["[[]x].txt"], [], {"[x].txt": "ro"}),
    ("'*' stays in one component", ["one/*.txt"], [], {"one": "stub", "one/d.txt": "ro"}),
    ("'*' as a component", ["one/*/e.txt"], [], {"one": "stub", "one/two": "stub", "one/two/e.txt": "ro"}),
    ("'**' in between", ["one/**/*.txt"], [], {
        **whole("stub", "one", "one/two", "one/two/three"),
        **whole("ro", "one/d.txt", "one/two/e.txt", "one/two/three/g.txt")}),
    ("a folder that matches is shown empty", ["o*"], [], {"one": "stub"}),
    ("a symlink that matches is not followed", ["link*"], [], {"link.txt": "-> a.txt", "linked": "-> ../../trusted"}),
    ("what lies behind a symlink does not match", ["linked/*"], [], None),
    ("nothing matches", ["*.none"], [], {}),
    ("'DIR/**' is DIR", ["one/two/three/**"], [], {**whole("stub", "one", "one/two"), **whole("ro", "one/two/three",
                                                                                              "one/two/three/g.txt")}),
    ("'DIR/**' for writing is DIR", [], ["one/two/three/**"], {
        **whole("stub", "one", "one/two"), **whole("rw", "one/two/three", "one/two/three/g.txt")}),
    ("'*' for writing: files that are there", [], ["*.txt"], whole("rw", "a.txt", "b.txt", ".hidden.txt", "[x].txt")),
    ("'**' for writing: files, not folders", [], ["one/**/*"], {
        **whole("stub", "one", "one/two", "one/two/three"),
        **whole("rw", "one/d.txt", "one/two/e.txt", "one/two/f.md", "one/two/three/g.txt")}),
]


def meaning(owner, reads, writes, wanted):
    with Tree(owner) as tree:
        if wanted is None:
            result = tree.run(tree.program(LOOK, cwd=tree.cwd, read_paths=[tree.at(name) for name in reads]))
            equal((result.code, tree.receipt()["status"], tree.receipt()["exit_code"]), (1, "blocked", 126), result)
            return
        seen = tree.look(reads, writes)
        below_tmp = tree.root.startswith("/tmp/")
        top = seen.pop(".", "")
        equal(top, "" if not wanted else "rw" if below_tmp else "ro", "the folder above, which is the sandbox's")
        # Folders that only lead to something are the sandbox's own: made in its /tmp, or on its root.
        equal({name: "stub" if wanted.get(name) == "stub" and os.path.isdir(tree.at(name)) else mode
               for name, mode in seen.items()}, wanted)
        equal(sorted(os.listdir(tree.tree)),
              sorted(["fifo.txt", "link.txt", "linked", "one", *(name for name in TREE if "/" not in name)]))


cases([(f"{name}: {row}", owner, *rest) for name, owner in owners("scopes that overlap")[-1:] for row, *rest in OVERLAPS])(
    meaning)
cases([(f"{name}: {row}", owner, *rest) for name, owner in owners("patterns")[:1] for row, *rest in PATTERNS])(meaning)


@cases(owners("without a sandbox all of the tree is there"))
def tree_outside(owner):
    with Tree(owner) as tree:
        os.unlink(tree.at("fifo.txt"))
        seen = tree.control(dedent(LOOK).replace("../tree", "tree"))
        equal({name: mode for name, mode in seen.items() if "->" not in mode}, whole("rw", *ALL))


@cases(owners("a pattern for writing makes no files, and the message says what would"))
def creating(owner):
    with Tree(owner) as tree:
        for pattern, made in (("one/*.txt", False), ("one/**", True)):
            result = tree.run(tree.program("open('../tree/one/new.txt', 'w')", cwd=tree.cwd, read_paths=[tree.at("one")],
                                           write_paths=[tree.at(pattern)]))
            equal((result.code, os.path.exists(tree.at("one/new.txt"))), (0 if made else 1, made), result)
            if not made:
                matches(r"one/\*\*' in write_paths", result.err)
                matches(r"one/\*\*' in write_paths", tree.receipt()["error"])


@cases(owners("a thousand declared paths"))
def thousand(owner):
    with Boundary(owner) as boundary:
        paths = []
        for number in range(1000):
            paths.append(boundary.write(f"work/file{number}", str(number)))
            os.chown(paths[-1], owner, owner)
        os.mkdir(boundary.path("work/cwd"))
        os.chown(boundary.path("work/cwd"), owner, owner)
        source = """
            say([sum(open(f"../file{n}").read() == str(n) for n in range(1000)),
                 [attempt(lambda: os.close(os.open(f"../file{n}", os.O_WRONLY))) for n in (0, 499, 500, 999)]])
        """
        seen = boundary.probe(source, cwd=boundary.path("work/cwd"), read_paths=paths[:500], write_paths=paths[500:])
        equal(seen, [1000, ["EROFS", "EROFS", "ok", "ok"]])


NAMES = [("spaces", " a  b "), ("a newline", "a\nb"), ("quotes", "a'b\"c`d$(id)"), ("UTF-8", "żółw-日本-🐢"),
         ("an option", "--bind"), ("options", "--ro-bind x y"), ("a backslash", "a\\nb\\"),
         ("escapes", "\x1b]0;t\x07\x1b(B\t\r"), ("percent signs", "%s%n%d"), ("a colon and commas", "a:b,c=d"),
         ("the longest name", "n" * 255), ("a dash", "-"), ("dots", "..."), ("a tilde", "~"),
         ("depth", "/".join(["d" * 100] * 30))]


@cases([(f"{name}: {row}", owner, folder) for name, owner in owners("names")[-1:] for row, folder in NAMES])
def weird_names(owner, folder):
    with Boundary(owner) as boundary:
        places = [boundary.path("work", kind, folder) for kind in ("cwd", "read", "write")]
        for place in places:
            os.makedirs(place)
            os.chown(place, owner, owner)
            os.chown(boundary.write(os.path.join(place, "file"), "x"), owner, owner)
        source = """
            places = [sys.argv[1], sys.argv[2], sys.argv[3]]
            say([os.getcwd() == places[0], [open(place + "/file").read() for place in places],
                 [attempt(lambda: os.close(os.open(place + "/made", os.O_CREAT))) for place in places]])
        """
        command = boundary.program(source, cwd=places[0], read_paths=[places[1]], write_paths=[places[2]])
        command["exec"]["argv"] += places
        result = boundary.run(command)
        equal(result.code, 0, result)
        equal(result.json(), [True, ["x"] * 3, ["EROFS", "EROFS", "ok"]])
        equal(sorted(os.listdir(places[2])), ["file", "made"])


# ---- what is no file ----------------------------------------------------------------------------------------------

@cases([(f"{name}, {scope}", owner, scope) for name, owner in owners("a host's socket inside a scope cannot be reached")
        for scope in ("read", "write")])
def unix_socket(owner, scope):
    source = """
        def connect(kind):
            with socket.socket(socket.AF_UNIX, kind) as client:
                client.connect("server")
        say([attempt(connect, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)])
    """
    for network in ("deny", "full"):
        with Boundary(owner) as boundary, socket.socket(socket.AF_UNIX) as server:
            os.chdir(boundary.work)
            server.bind("server")
            server.listen()
            os.chown("server", owner, owner)
            os.chdir("/")
            changes = {"network": network, "write_paths": [boundary.work] if scope == "write" else []}
            seen = boundary.probe(source, **changes)
            equal("ok" in seen or "EPROTOTYPE" in seen, False, f"{network}: {seen}")
            equal(boundary.control(source), ["ok", "EPROTOTYPE"], "outside it can")


@cases(owners("a host's FIFO inside a readable scope cannot be written to"))
def fifo(owner):
    # Landlock holds it, a read-only mount does not. Below /tmp, which is writable, Landlock's rules add up to more.
    source = "say(attempt(os.open, 'fifo', os.O_WRONLY | os.O_NONBLOCK))"
    with Elsewhere("/var/tmp"), Boundary(owner) as boundary:
        os.mkfifo(boundary.path("work/fifo"))
        os.chown(boundary.path("work/fifo"), owner, owner)
        reader = os.open(boundary.path("work/fifo"), os.O_RDONLY | os.O_NONBLOCK)
        equal(boundary.control(source), "ok", "outside it can")
        if boundary.plans(boundary.program(source))[0]["landlock"]["abi"] == 0:
            raise Skip("this kernel has no Landlock")
        equal(boundary.probe(source), "EACCES")
        os.close(reader)


if __name__ == "__main__":
    main()
