# SPDX-License-Identifier: Apache-2.0
"""Shell lines: what csc accepts means the same to bash, to any shell's grammar, and to a foreign reader of shell lines
where that is installed (CSC_FOREIGN_SHELL is its folder).

Bash runs each accepted line with a recorder for every program: it prints what it reads, its folder and its argv, in
parentheses, so that what comes out at the end of a pipe, or in a file of a redirection, tells all programs and their order.
"""

import json
import os
import posixpath
import random
import re
import shutil
import subprocess
import tempfile

from bench import Result
from tap import Skip, case, equal, main

TOOL = os.environ["SHELL_TOOL"]
FOREIGN = os.environ.get("CSC_FOREIGN_SHELL", "")
BASH = shutil.which("bash")
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance", "shell_lines.json")
DEPTH = "1/2/3/4/5/6/7/8/w"  # no line has as many ".." as lead out of the temporary folder
SEED, LINES, MIN_ACCEPTED = int(os.environ.get("CSC_SEED", "20170614")), int(os.environ.get("CSC_LINES", "3000")), 0.25

# Programs that bash has as builtins too are recorded like others; the recorder is a child, and may have printf back. Where cd
# leads there is a folder.
PRELUDE = r"""
enable -n echo printf test [ true false pwd kill
command_not_found_handle() { enable printf; printf '('; /bin/cat; printf '%s\0' "$PWD" "$#" "$@"; printf ')'; }
cd() { /bin/mkdir -p -- "$1" && builtin cd "$@"; }
"""

# What lines are made of, with how often it is chosen: all that the grammar accepts or refuses, next to everything.
PIECES = {
    " ": 60, "a": 20, "b": 8, "x1": 5, "echo": 4, "test": 2, "\u00e4": 2, "-n": 4, ".": 2, "..": 3, "/": 4, "=": 5, "A": 3, "1": 3,
    "2": 3, ":": 3, ",": 3, "%": 2, "^": 2, "+": 2, "@": 2, "!": 3, "]": 2, "'": 6, '"': 6, "\\": 6, "\\\n": 3, "$": 6, "$x": 1,
    "{": 1, "}": 2, "{}": 3, "~": 2, "#": 2, "*": 1, "?": 1, "[": 2, "`": 1, "(": 1, ")": 1, "|": 10, "||": 1, "&&": 10, "&": 1,
    ";": 1, "<": 4, ">": 4, ">>": 3, "2>&1": 4, "1>": 2, "</dev/null": 3, "\n": 6, "\t": 2, "cd ": 3, "cd d && ": 4, "if": 1, "time": 1,
    "'q q'": 5, '"d $ d"': 4, '"\\$\\`\\"\\\\\\a"': 4, "'$(x) `y` * \\'": 3, "\\ ": 4, "\\$x": 3, "\\*": 2, "\\\\": 3, '"a\\\nb"': 3,
    "''": 1, '""': 1, " > f": 5, " < g": 5, " >> ../f": 3, "'*'": 2, "$|": 1, "$ ": 2, '"x$"': 2,
}


def table():
    with open(TABLE, encoding="utf-8") as file:
        return [row for rows in json.load(file).values() for row in rows]


def random_lines():
    chance = random.Random(SEED)
    pieces, weights = list(PIECES), list(PIECES.values())
    return ["".join(["a", *chance.choices(pieces, weights, k=chance.randint(1, 9))][chance.randint(0, 1):])
            for _ in range(LINES)]


def read(lines, cwd):
    """What csc makes of them."""
    done = subprocess.run([TOOL, cwd], input="".join(line + "\0" for line in lines).encode(), capture_output=True, check=True)
    answers = [json.loads(answer) for answer in done.stdout.decode().split("\n")[:-1]]
    equal(len(answers), len(lines), "answers")
    return answers


class Place:
    """A temporary folder in which bash runs lines."""

    def __enter__(self):
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="csc-test-"))
        self.prelude = os.path.join(self.root, "prelude")
        with open(self.prelude, "w", encoding="utf-8") as file:
            file.write(PRELUDE)
        self.top = os.path.join(self.root, "top")
        self.cwd = os.path.join(self.top, DEPTH)
        os.makedirs(self.cwd)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def holds(self, path):
        return path.startswith(self.top + "/")

    def prepare(self, commands):
        """An empty place, but for the folders that a line goes to and the files that it reads; their contents."""
        shutil.rmtree(self.top)
        os.makedirs(self.cwd)
        files = {}
        for command in commands:
            for path in [command["cwd"], *map(os.path.dirname, command["reads"] + command["writes"])]:
                os.makedirs(path, exist_ok=True)
            for path in command["reads"]:
                files[path] = b"in " + os.fsencode(path) + b"\0"
        for path, content in files.items():
            with open(path, "wb") as file:
                file.write(content)
        return files

    def run(self, line, locale):
        script = os.path.join(self.root, "script")
        with open(script, "wb") as file:
            file.write(line.encode())
        env = {"PATH": "/nonexistent", "BASH_ENV": self.prelude, "HOME": "/home/nobody", "LC_ALL": locale}
        done = subprocess.run([BASH, "--norc", "--noprofile", script], cwd=self.cwd, env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, check=False)
        return Result(done.returncode, done.stdout, done.stderr)


def record(stream, cwd, argv):
    return b"(" + stream + b"".join(item.encode() + b"\0" for item in [cwd, str(len(argv)), *argv]) + b")"


def without_files(command):
    """The argvs of the line itself, when those of its redirections are what they have to be."""
    argvs = list(command["argvs"])
    if command["reads"]:
        equal(argvs.pop(0), ["cat", *command["reads"]])
    if command["writes"]:
        equal(argvs.pop() in (["tee", *command["writes"]], ["tee", "-a", *command["writes"]]), True, "tee")
    return argvs


def predict(commands, files):
    """What bash prints, and what it leaves in the files."""
    out = b""
    for command in commands:
        stream = files.get(command["reads"][0], b"") if command["reads"] else b""
        for argv in without_files(command):
            stream = record(stream, command["cwd"], argv)
        for path in command["writes"]:
            files[path] = (files.get(path, b"") if "-a" in command["argvs"][-1][1:2] else b"") + stream
        if not command["writes"]:
            out += stream
    return out


def runnable(place, commands):
    """A path is run by the kernel, with no recorder; and nothing outside of the temporary folder is touched."""
    return all("/" not in argv[0] for command in commands for argv in command["argvs"]) and all(
        place.holds(path) for command in commands for path in [command["cwd"], *command["reads"], *command["writes"]])


def compare(place, line, commands, locale):
    for command in commands:
        without_files(command)
    files = place.prepare(commands)
    wanted = predict(commands, files)
    done = place.run(line, locale)
    if done.raw_out != wanted or done.code != 0 or done.raw_err:
        raise AssertionError(f"{line!r}\nbash {done.raw_out!r}\ncsc  {wanted!r}\n{done!r}")
    for path, content in files.items():
        with open(path, "rb") as file:
            equal(file.read(), content, f"{line!r}: {path}")


def check(place, lines, wanted):
    """How many of the lines ran in bash."""
    answers = read(lines, place.cwd)
    ran = 0
    for number, (line, answer) in enumerate(zip(lines, answers)):
        if "commands" in answer and runnable(place, answer["commands"]):
            compare(place, line, answer["commands"], "C.UTF-8" if number % 2 else "C")
            ran += 1
    if ran < wanted:
        raise AssertionError(f"only {ran} of {len(lines)} lines were run")
    return ran


@case("the lines of the table mean the same to bash")
def table_in_bash():
    with Place() as place:
        check(place, [line for line, _ in table()], 100)


@case("random lines mean the same to bash")
def random_in_bash():
    with Place() as place:
        ran = check(place, random_lines(), int(LINES * MIN_ACCEPTED))
        print(f"# {ran} of {LINES} random lines were accepted and run")


@case("another reading is noticed")
def other_reading():
    with Place() as place:
        for line, other in [("a 'b c'", "a b c"), ("a | b", "b | a"), ("a && b", "a | b"), ("a > f", "a >> g"), ("cd d && a", "a")]:
            commands = read([other], place.cwd)[0]["commands"]
            os.makedirs(os.path.join(place.cwd, "d"), exist_ok=True)
            try:
                compare(place, line, commands, "C")
            except (AssertionError, OSError):
                continue
            raise AssertionError(f"{line!r} and {other!r} were taken for the same")


@case("every shell here takes what csc accepts for a whole line")
def syntax():
    lines = [line for line, _ in table()] + random_lines()
    accepted = [line for line, answer in zip(lines, read(lines, "/w")) if "commands" in answer]
    for shell in [BASH, "/bin/sh"]:
        # All at once, each in a function of its own, so that none can borrow from the next; one by one when that fails.
        whole = "".join(f"f() {{\n{line}\n}}\n" for line in accepted)
        if subprocess.run([shell, "-n"], input=whole.encode(), capture_output=True, check=False).returncode == 0:
            continue
        for line in accepted:
            done = subprocess.run([shell, "-n"], input=line.encode(), capture_output=True, check=False)
            equal((done.returncode, done.stderr), (0, b""), f"{shell} -n: {line!r}")


@case("every keyword and builtin of this bash is refused, but for those that are programs, too")
def names():
    done = subprocess.run([BASH, "-c", "compgen -k; compgen -b"], capture_output=True, check=True)
    words = done.stdout.decode().split()
    accepted = {word for word, answer in zip(words, read([f"{word} x" for word in words], "/w")) if "commands" in answer}
    equal(accepted, {"[", "echo", "false", "kill", "printf", "pwd", "test", "true"}, "accepted")
    equal("cd" in words and "commands" in read(["cd x && a"], "/w")[0], True, "cd")


def as_foreign(line):
    """Whether the foreign reader, which is no shell, reads such a line as a shell does: it takes every # for a comment, sees
    no $ that stands for itself, no newline, no descriptors, and backslashes before a few characters alone."""
    return not re.search(r"[#$`\n\u00a0]|[0-9][<>]|\\[^ \"']|[*?]", line) and not ("'" in line and "\\" in line)


def from_foreign(tokens, cwd):
    """Its tokens in csc's own form."""
    commands, programs, reads, writes, append = [], [[]], [], [], False
    tokens = iter([*tokens, {"op": "&&"}])
    for token in tokens:
        if isinstance(token, str):
            programs[-1].append(token)
        elif token["op"] == "|":
            programs.append([])
        elif token["op"] in ("<", ">", ">>"):
            path = posixpath.normpath("/" + posixpath.join(cwd, next(tokens)).lstrip("/"))
            (reads if token["op"] == "<" else writes).append(path)
            append |= token["op"] == ">>"
        elif token["op"] == "&&":
            if programs[0][0] == "cd":
                cwd = posixpath.normpath("/" + posixpath.join(cwd, programs[0][1]).lstrip("/"))
            else:
                reads = [path for path in reads if path != "/dev/null"]
                programs = [["cat", path] for path in reads] + programs
                programs += [["tee", *["-a"] * append, path] for path in writes]
                commands.append({"argvs": programs, "cwd": cwd, "reads": reads, "writes": writes})
            programs, reads, writes, append = [[]], [], [], False
        else:
            raise AssertionError(f"the foreign reader sees {token}")
    return commands


@case("a foreign reader of shell lines, shell-quote, reads the same")
def foreign():
    if not FOREIGN or not os.path.isdir(os.path.join(FOREIGN, "node_modules")):
        raise Skip("shell-quote is not installed: that takes Node 20.17, npm and the network (scripts/install-foreign)")
    lines = [line for line in [line for line, _ in table()] + random_lines() if as_foreign(line)]
    pairs = [(line, answer["commands"]) for line, answer in zip(lines, read(lines, "/w")) if "commands" in answer]
    equal(len(pairs) > LINES / 10, True, "enough lines")
    done = subprocess.run(["node", os.path.join(FOREIGN, "parse.js")], input=json.dumps([line for line, _ in pairs]).encode(),
                          capture_output=True, check=True)
    for (line, commands), tokens in zip(pairs, json.loads(done.stdout)):
        equal(commands, from_foreign(tokens, "/w"), f"{line!r}")
    print(f"# {len(pairs)} lines were read by both")


main()
