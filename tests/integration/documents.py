# SPDX-License-Identifier: Apache-2.0
"""Every command in a document runs, and prints what the document says.

A document's blocks are fenced, and say what they hold:

    sh         run in order, in one shell a document, which ends at the first failure
    console    "$ COMMAND" lines, run in the same shell, and what each prints: "..." stands for any text, and alone in a
               line for any lines; a command that fails is followed by "$ echo $?"
    text, c, json, yaml ...   shown

and comments, which readers don't see, say what the rest is about:

    <!-- not run: REASON -->   above a block: why it cannot run here; one of NOT_RUN
    <!-- needs: WORD... -->    above a block: the document ends here where the host hasn't that: hardened, root, or a program
    <!-- run first             commands to make what a reader has already, up to the end of the comment
    <!-- tested by PATH -->    the document has a test of its own, as has one whose path another test here names

Each document runs in a folder with what a clone has (examples, policies, schemas, build/csc), in a HOME of its own, with csc in PATH.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

from bench import CSC, PATIENCE
from tap import Skip, case, cases, equal, main, matches

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SHOWN = {"text", "c", "json", "yaml", "toml", "ini", "diff", "make"}
NOT_RUN = {"needs root", "needs the network", "needs another machine", "needs a person", "changes the machine", "builds csc",
           "runs the tests", "needs an agent", "needs a container engine", "needs a release"}
NEEDS = {"hardened": "hardened mode here (csc doctor says why)", "root": "rights of root"}  # how a need is said
COMMENT = re.compile(r"<!-- (not run|needs|run first|tested by)\b:?\s*(.*?)\s*-->", re.DOTALL)


class Block:
    """What one shell gets: sh, console, or setup that is not shown."""

    def __init__(self, kind, line, text, needs=()):
        self.kind, self.line, self.text, self.needs = kind, line, text, list(needs)

    def commands(self):
        """[command, lines of output] of a console block; a command goes on where a line ends in a backslash, or begins
        with "> "."""
        found = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append([line[2:], []])
            elif found and not found[-1][1] and (found[-1][0].endswith("\\") or line.startswith("> ")):
                found[-1][0] += "\n" + line.removeprefix("> ")
            elif found:
                found[-1][1].append(line)
            else:
                raise ValueError(f"line {self.line}: a console block begins with a command, '$ ...'")
        return found


class Document:
    """The blocks of a document, in order; what is wrong with its form is an error."""

    def __init__(self, text):
        self.blocks, self.errors, self.own_test = [], [], None
        lines, number, directives = text.splitlines(), 0, {}
        while number < len(lines):
            fence = re.match(r"( *)(```+)(.*)$", lines[number])
            if fence:
                number = self.fenced(lines, number, fence, directives)
                directives = {}
            elif lines[number].lstrip().startswith("<!-- "):
                end = next(i for i in range(number, len(lines)) if "-->" in lines[i] or i + 1 == len(lines))
                self.comment(textwrap.dedent("\n".join(lines[number:end + 1])), number + 1, directives)
                number = end
            elif number and not lines[number - 1].strip() and self.is_indented(lines, number):
                self.errors.append(f"line {number + 1}: a block that is not fenced: {lines[number].strip()[:40]}")
                directives = {}
            elif lines[number].strip() and directives:
                self.errors.append(f"line {number + 1}: a comment belongs directly above its block")
                directives = {}
            number += 1

    @staticmethod
    def is_indented(lines, number):
        """By four columns more than the text around it, which may be that of an item of a list."""
        depth = len(lines[number]) - len(lines[number].lstrip())
        if not lines[number].strip() or depth < 4:
            return False
        before = next((line for line in reversed(lines[:number]) if line.strip() and len(line) - len(line.lstrip()) < depth - 1), "")
        item = re.match(r"\s*(?:[-*]|\d+\.) +", before)
        return depth >= (item.end() if item else 0) + 4

    def comment(self, text, line, directives):
        found = COMMENT.match(text)
        if not found:
            return
        word, rest = found[1], found[2]
        if word == "run first":
            self.blocks.append(Block("setup", line, rest))
        elif word == "tested by":
            self.own_test = rest
        else:
            directives[word] = rest
        if word == "not run" and rest not in NOT_RUN:
            self.errors.append(f"line {line}: '{rest}' is no reason; there are: {', '.join(sorted(NOT_RUN))}")

    def fenced(self, lines, begin, fence, directives):
        """Takes the block that begins in a line; where it ends."""
        indent, ticks, language = fence[1], fence[2], fence[3].strip()
        end = next((i for i in range(begin + 1, len(lines)) if lines[i].strip() == ticks), None)
        if end is None:
            self.errors.append(f"line {begin + 1}: a block without an end")
            return len(lines)
        text = "\n".join(line.removeprefix(indent) for line in lines[begin + 1:end])
        if language in ("sh", "console"):
            if "not run" not in directives:
                self.blocks.append(Block(language, begin + 1, text, directives.get("needs", "").split()))
        elif language not in SHOWN:
            self.errors.append(f"line {begin + 1}: a block of '{language}'; known are sh, console, {', '.join(sorted(SHOWN))}")
        elif language == "json":
            try:
                json.loads(text)
            except ValueError as error:
                self.errors.append(f"line {begin + 1}: no JSON: {error}")
        return end


def is_like(wanted, seen):
    """Lines of output are those of the document, where "..." stands for anything."""
    pattern = ""
    for line in wanted:
        pattern += r"(?:.*\n)*?" if line.strip() == "..." else ".*".join(map(re.escape, line.rstrip().split("..."))) + r"\s*\n"
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in seen)) is not None


class Shell:
    """One shell in a folder like a clone, which runs a document's blocks."""

    def __enter__(self):
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="csc-doc-"))
        self.work, self.home, self.seen = (os.path.join(self.root, name) for name in ("csc", "home", "seen"))
        for folder in (os.path.join(self.work, "build"), self.home, self.seen, os.path.join(self.root, "bin")):
            os.makedirs(folder)
        for name in ("examples", "policies", "schemas"):
            shutil.copytree(os.path.join(ROOT, name), os.path.join(self.work, name))
        for folder in (os.path.join(self.work, "build"), os.path.join(self.root, "bin")):
            os.symlink(CSC, os.path.join(folder, "csc"))
        if shutil.which("git"):
            subprocess.run(["git", "init", "-q", self.work], check=True, capture_output=True)
            subprocess.run(["git", "-C", self.work, "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "-q",
                            "--allow-empty", "-m", "A beginning"], check=True, capture_output=True)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CSC_", "XDG_", "GIT_", "SSH_"))}
        return {**kept, "HOME": self.home, "PATH": os.path.join(self.root, "bin") + ":" + os.environ.get("PATH", os.defpath),
                "CSC_LEDGER": os.path.join(self.home, ".local", "state", "csc", "ledger.db"), "LC_ALL": "C.UTF-8"}

    def script(self, blocks):
        """What the shell reads. Each command of a console block has a file for its output, and one for its status."""
        log = os.path.join(self.root, "log")
        lines = ["umask 077", "last=0"]
        for number, block in enumerate(blocks):
            lines += [f"echo {number} >{self.seen}/block", f"exec >>{log} 2>&1"]
            if block.kind != "console":
                lines += ["set -e", block.text, "set +e"]
                continue
            for index, (command, _) in enumerate(block.commands()):
                out = f"{self.seen}/{number}.{index}"
                lines += [f"exec >{out} 2>&1", "(exit $last)", command, "last=$?", f"echo $last >{out}.status"]
        return "\n".join([*lines, f"echo end >{self.seen}/block", ""])

    def read(self, name):
        try:
            with open(os.path.join(self.root, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def run(self, blocks):
        """None, or what went otherwise than the document says."""
        process = subprocess.run(["sh", "-c", self.script(blocks)], cwd=self.work, env=self.environment(),
                                 stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False, capture_output=True)
        reached = self.read("seen/block").strip() or "0"
        for number, block in enumerate(blocks[:None if reached == "end" else int(reached)]):
            problem = block.kind == "console" and self.compare(number, block)
            if problem:
                return problem
        if reached != "end":
            block = blocks[int(reached)]
            return f"line {block.line}: exit status {process.returncode}:\n{self.read('log')[-2000:]}{process.stderr.decode()[-500:]}"
        return None

    def compare(self, number, block):
        commands = block.commands()
        for index, (command, wanted) in enumerate(commands):
            status = self.read(f"seen/{number}.{index}.status").strip()
            seen = self.read(f"seen/{number}.{index}")
            told = index + 1 < len(commands) and commands[index + 1][0].strip() == "echo $?"
            if not is_like(wanted, seen.splitlines()):
                return f"line {block.line}: {command}\n--- printed\n{seen}--- the document says\n" + "\n".join(wanted)
            if status != "0" and not told:
                return f"line {block.line}: {command}: exit status {status or 'none'}, which the document does not tell"
        return None


def has(need):
    if need == "hardened":
        return subprocess.run([CSC, "doctor"], capture_output=True, check=False).returncode == 0
    return os.geteuid() == 0 if need == "root" else shutil.which(need) is not None


def try_document(text):
    """Runs a document as far as the host can; raises Skip where it cannot do all of it."""
    document = Document(text)
    equal(document.errors, [], "form")
    if document.own_test:
        equal(os.path.exists(os.path.join(ROOT, document.own_test)), True, document.own_test)
        return
    missing = None
    blocks = []
    for block in document.blocks:
        missing = next((need for need in block.needs if not has(need)), None)
        if missing:
            break
        blocks.append(block)
    if blocks:
        with Shell() as shell:
            problem = shell.run(blocks)
        if problem:
            raise AssertionError(problem)
    if missing:
        raise Skip(f"no {NEEDS.get(missing, missing)}: run up to line {block.line}")


def documents():
    for pattern in ("*.md", "docs/**/*.md", "examples/*.md", "packaging/**/*.md", "policies/**/*.md"):
        for path in sorted(glob.glob(os.path.join(ROOT, pattern), recursive=True)):
            if os.path.basename(path) != "CHANGELOG.md":
                yield os.path.relpath(path, ROOT)


def has_own_test(path):
    """Another test of this folder reads the document, and so follows it."""
    for name in sorted(glob.glob(os.path.join(ROOT, "tests", "integration", "*_doc.py"))):
        with open(name, encoding="utf-8") as file:
            if f'"{os.path.basename(path)}"' in file.read():
                return True
    return False


@cases([(path, path) for path in documents()])
def document_runs(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    if not has_own_test(path):
        try_document(text)


def block(kind, text):
    return f"```{kind}\n{text}\n```\n"


# name, document, what the failure says; None: there is none
FAULTS = [
    ("a command that fails", block("sh", "true\nfalse\ntrue"), "line 1: exit status 1"),
    ("a command that isn't there", block("sh", "csc frobnicate"), "unknown command 'frobnicate'"),
    ("a failure after a block that is fine", block("sh", "x=1") + block("sh", "test $x = 2"), "line 4: exit status 1"),
    ("another output", block("console", "$ echo one\ntwo"), "echo one\n--- printed\none"),
    ("more output", block("console", "$ printf 'a\\nb\\n'\na"), "the document says"),
    ("less output", block("console", "$ echo a\na\nb"), "the document says"),
    ("a failure that is not told", block("console", "$ csc check a b\ncsc: ..."), "exit status 66, which the document"),
    ("another exit status", block("console", "$ false\n$ echo $?\n2"), "echo \\$\\?\n--- printed\n1"),
    ("no language", block("", "csc check a b"), "a block of ''"),
    ("an indented block", "Run\n\n    csc check a b\n", "not fenced: csc check a b"),
    ("an indented block in a list", "1. Run\n\n       csc check a b\n", "not fenced: csc check a b"),
    ("a failure in a list", "1. Run\n\n   ```sh\n   false\n   ```\n", "line 3: exit status 1"),
    ("no JSON", block("json", "{,}"), "no JSON"),
    ("an excuse that is none", "<!-- not run: too slow -->\n" + block("sh", "false"), "'too slow' is no reason"),
    ("an excuse for nothing", "<!-- not run: needs root -->\nText.\n" + block("sh", "true"), "directly above its block"),
    ("no end", "```sh\ntrue\n", "without an end"),
    ("setup that fails", "<!-- run first\nfalse\n-->\n" + block("sh", "true"), "line 1: exit status 1"),
    ("a test that is not there", "<!-- tested by tests/gone.py -->\n", "tests/gone.py"),
    ("what is fine", "<!-- run first\nx=2\n-->\n" + block("sh", "y=$((x + 1))\ncsc --version") +
     block("console", "$ echo $y; echo \\\n  two\n3\ntwo\n$ csc check a b\n...\n$ echo $?\n66\n$ seq 5\n1\n...\n5\n$ echo abc\na...c") +
     "<!-- not run: needs root -->\n" + block("sh", "false") + "1. Item\n\n    goes on\n" + block("text", "anything"), None),
]


@cases([(f"the test finds {name}" if words else name, text, words) for name, text, words in FAULTS])
def faults(text, words):
    try:
        try_document(text)
    except AssertionError as error:
        matches(words or "nothing", str(error).replace("\\n", "\n").replace('"', "'"))
    else:
        equal(words, None)


@case("a document ends where the host cannot go on, and says so")
def ends():
    for text, reason in (("<!-- needs: no-such-program -->\n" + block("sh", "false"), "no no-such-program"), ):
        try:
            try_document(block("sh", "true") + text)
        except Skip as skip:
            matches(reason, str(skip))
        else:
            raise AssertionError("it went on")


if __name__ == "__main__":
    sys.exit(main())
