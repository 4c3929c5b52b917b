#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the structure of the source tree: who may include whom, and how long things may get.

usage: structure.py ROOT          every rule over the tree, then every rule over a tree that breaks it (TAP)
       structure.py --list ROOT   only what is wrong, one finding a line; exits 1 when there is any

Each rule is a function (root) -> findings, and has an example of what it must find in BROKEN below.
"""

import glob
import hashlib
import os
import re
import sqlite3
import struct
import sys
import tempfile

# The order of the stages; a folder includes only folders before it (docs/ARCHITECTURE.md).
ORDER = ["base", "format", "contract", "policy", "approval", "sandbox", "exec", "receipt", "ledger", "flow",
         "agent", "cli"]
FILE_LINES, FUNCTION_LINES, PARAMETERS, COLUMNS = 700, 60, 5, 120
SKIPPED_FOLDERS = {".git", "dist", "out", "__pycache__"}
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE_PATH = re.compile(r"/(home|Users)/\w+/")


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def files(root, folders=("",), suffixes=("",)):
    """Paths below `root`, relative to it, of regular files in the folders given."""
    root = os.path.normpath(root)
    for folder in folders:
        for where, subfolders, names in os.walk(os.path.normpath(os.path.join(root, folder))):
            subfolders[:] = sorted(name for name in subfolders
                                   if name not in SKIPPED_FOLDERS and not (where == root and name.startswith(("build", "obj-"))))
            for name in sorted(names):
                path = os.path.join(where, name)
                if name.endswith(suffixes) and os.path.isfile(path) and not os.path.islink(path):
                    yield os.path.relpath(path, root)


def c_files(root):
    return files(root, ("src", "include", "tests", "examples"), (".c", ".h"))


def include_problem(stage, target, own_headers):
    """Why a file of `stage` may not include "target"; None when it may."""
    folder, slash, header = target.partition("/")
    if not slash:
        folder = stage if target in own_headers else "flow"
    if target == "csc/csc.h" or folder == stage:
        return None
    if folder not in ORDER:
        return "is no stage's header"
    if ORDER.index(folder) > ORDER.index(stage):
        return f"{folder} comes after {stage}"
    if slash and header != folder + ".h":
        return f"{folder} is reached only through {folder}/{folder}.h"
    return None


def rule_includes(root):
    """base <- format <- contract <- ... <- cli, through one public header each"""
    for path in files(root, ("src",), (".c", ".h")):
        parts = path.split(os.sep)
        stage = parts[1] if len(parts) > 2 else "flow"
        if stage not in ORDER:
            yield f"{path}: {stage} is no stage of docs/ARCHITECTURE.md"
            continue
        own_headers = set(os.listdir(os.path.join(root, os.path.dirname(path))))
        for number, line in enumerate(read(os.path.join(root, path)).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
            ours = match and ('"' in line or match[1].partition("/")[0] in ORDER)
            problem = ours and include_problem(stage, match[1], own_headers)
            if problem:
                yield f'{path}:{number}: includes "{match[1]}": {problem}'


def code_lines(lines):
    """How many lines are left without the tables inside: data is no logic."""
    count, inside = 0, False
    for line in lines:
        inside = inside or bool(re.match(r"    (static )?const .*\{", line))
        count += not inside
        inside = inside and not line.endswith("};")
    return count


def functions(text):
    """(line number, signature, number of lines) of every function defined; relies on clang-format's layout."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line != "{":
            continue
        start = number
        while start > 0 and lines[start - 1] and lines[start - 1][0] not in "}#/" and lines[start - 1][-1:] != ";":
            start -= 1
        end = next((i for i in range(number, len(lines)) if lines[i].startswith("}")), len(lines))
        yield start + 1, "\n".join(lines[start:number]), code_lines(lines[start:end + 1])


def parameter_count(signature):
    """Commas outside nested parentheses, in the last parenthesis group at the outermost level."""
    depth = count = 0
    for character in signature:
        depth += (character == "(") - (character == ")")
        if character == "(" and depth == 1:
            count = 1
        count += character == "," and depth == 1
    return count


def rule_budgets(root):
    """files <= 700 lines, functions <= 60 lines and 5 parameters, lines <= 120 columns"""
    for path in c_files(root):
        text = read(os.path.join(root, path))
        lines = text.splitlines()
        if len(lines) > FILE_LINES:
            yield f"{path}: {len(lines)} lines"
        for number, line in enumerate(lines, 1):
            if len(line.expandtabs(4)) > COLUMNS:
                yield f"{path}:{number}: {len(line)} columns"
        for number, signature, length in functions(text):
            if length > FUNCTION_LINES:
                yield f"{path}:{number}: a function of {length} lines"
            if parameter_count(signature) > PARAMETERS:
                yield f"{path}:{number}: a function of {parameter_count(signature)} parameters"


def body(lines, first):
    """The lines of a function after its first."""
    return lines[first:next((i for i in range(first, len(lines)) if lines[i].startswith("}")), len(lines))]


def calls(text):
    """{function: names it calls} of one file, by the look of it: a name before a parenthesis."""
    lines = text.splitlines()
    return {re.search(r"(\w+)\(", signature)[1]:
            set(re.findall(r"(\w+)\(", "\n".join(body(lines, first))))
            for first, signature, _ in functions(text) if "(" in signature}


def is_recursive(name, graph):
    """`name` can be reached from itself."""
    reached, todo = set(), [name]
    while todo:
        for callee in graph.get(todo.pop(), ()):
            if callee not in reached:
                reached.add(callee)
                todo.append(callee)
    return name in reached


def rule_helpers_first(root):
    """no forward declarations of static functions, but for recursion"""
    for path in files(root, ("src",), (".c",)):
        text = read(os.path.join(root, path))
        for match in re.finditer(r"^static [\w* ]*?(\w+)\([^;{}=]*\)[^;{}=()]*;$", text, re.MULTILINE):
            if not is_recursive(match[1], calls(text)):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{path}:{line}: forward declaration of {match[1]}(); put helpers first"


def rule_licence(root):
    """every source file begins with its SPDX line"""
    scripts = [path for path in files(root, ("scripts", ".ci", "tests"))
               if read(os.path.join(root, path)).startswith("#!")]
    for path in sorted({*c_files(root), *files(root, ("src", "tests", "scripts"), (".py",)), *scripts}):
        head = read(os.path.join(root, path)).splitlines()[:2]
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in head):
            yield f"{path}: no SPDX line at the beginning"


def rule_finished(root):
    """nothing is left for later"""
    for path in files(root):
        for number, line in enumerate(read(os.path.join(root, path)).splitlines(), 1):
            if UNFINISHED.search(line):
                yield f"{path}:{number}: {line.strip()[:80]}"


def rule_machine_paths(root):
    """no path of somebody's machine"""
    here = os.path.realpath(root)
    for path in files(root):
        for number, line in enumerate(read(os.path.join(root, path)).splitlines(), 1):
            if here in line or (path.startswith(("src", "include", "scripts", "meson")) and MACHINE_PATH.search(line)):
                yield f"{path}:{number}: {line.strip()[:80]}"


def rule_dependencies(root):
    """scripts/dependencies.txt and docs/dependencies.md name the same packages"""
    listed, documented = set(), set()
    for path in files(root, ("scripts", "docs")):
        text = read(os.path.join(root, path))
        if path == "scripts/dependencies.txt":
            listed = {line.split()[0] for line in text.splitlines() if line and not line.startswith("#")}
        elif path == "docs/dependencies.md":
            rows = re.findall(r"^\|([^|]*`[^|]*)\|", text, re.MULTILINE)
            documented = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    for name in sorted(listed ^ documented):
        yield f"{name}: only in {'scripts/dependencies.txt' if name in listed else 'docs/dependencies.md'}"


def rule_documents(root):
    """the files that documents name exist"""
    for path in files(root, ("",), (".md",)):
        for name in re.findall(r"[`(]((?:src|include|tests|scripts|docs|man|completions|schemas|policies|examples|\.github)"
                               r"/[\w./*-]+)[`)]", read(os.path.join(root, path))):
            if "NAME" not in name and not glob.glob(os.path.join(root, name)):
                yield f"{path}: names {name}, which doesn't exist"


def rule_schema_digest(root):
    """the digest of the ledger's tables, which saves a comparison, is that of its migrations"""
    path = os.path.join(root, "src/ledger/sqlite_schema.c")
    if not os.path.exists(path):
        return
    text = read(path)
    digests, migrations = (text.partition(name + "[] = {")[2].partition("};")[0] for name in ("digests", "migrations"))
    database = sqlite3.connect(":memory:")
    database.executescript("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', migrations)))
    made = hashlib.sha256()
    for row in database.execute("SELECT name, tbl_name, type, sql FROM sqlite_schema ORDER BY name"):
        for value in row:
            data = (value or "").encode()
            made.update(struct.pack("=ii", 5 if value is None else 3, len(data)) + data)  # SQLITE_NULL, SQLITE_TEXT
    if re.findall(r'"([0-9a-f]*)"', digests)[-1:] != [made.hexdigest()]:
        yield f"src/ledger/sqlite_schema.c: the last digest has to be {made.hexdigest()}"


RULES = [rule_includes, rule_budgets, rule_helpers_first, rule_licence, rule_finished, rule_machine_paths,
         rule_dependencies, rule_documents, rule_schema_digest]

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
# rule, file, text, what the finding must say. An empty finding: the rule must not mind.
BROKEN = [
    (rule_includes, "src/format/x.c", '#include "policy/policy.h"\n', "policy comes after format"),
    (rule_includes, "src/policy/x.c", '#include "format/json.h"\n', "only through format/format.h"),
    (rule_includes, "src/base/x.c", '#include <cli/cli.h>\n', "cli comes after base"),
    (rule_includes, "src/base/x.h", '#  include "flow.h"\n', "flow comes after base"),
    (rule_includes, "src/exec/x.c", '#include "cmocka/cmocka.h"\n', "is no stage's header"),
    (rule_includes, "src/receipt/x.c", '#include "ledger/ledger.h"\n', "ledger comes after receipt"),
    (rule_includes, "src/flow.c", '#include "ledger/note.h"\n', "only through ledger/ledger.h"),
    (rule_includes, "src/ledger/x.c", '#include "receipt/key.h"\n', "only through receipt/receipt.h"),
    (rule_includes, "src/ledger/x.c", '#include "ledger/lines.h"\n#include "receipt/receipt.h"\n', ""),
    (rule_includes, "src/misc/x.c", "", "misc is no stage"),
    (rule_includes, "src/flow.c", '#include "cli/cli.h"\n', "cli comes after flow"),
    (rule_includes, "src/cli/x.c", '#include "cli/own.h"\n#include "base/base.h"\n#include "flow.h"\n', ""),
    (rule_includes, "src/flow.c", '#include "csc/csc.h"\n#include "flow.h"\n#include <stdio.h>\n', ""),
    (rule_budgets, "src/base/x.c", "\n" * 701, "701 lines"),
    (rule_budgets, "src/base/x.c", "int f(void)\n{\n" + "    f();\n" * 58 + "}\n", "a function of 61 lines"),
    (rule_budgets, "src/base/x.c", "int f(void)\n{\n" + "    f();\n" * 57 + "}\n", ""),
    (rule_budgets, "src/base/x.c",
     "int f(void)\n{\n    static const int t[] = {\n" + "        1,\n" * 60 + "    };\n    f();\n}\n", ""),
    (rule_budgets, "src/base/x.c", "int f(int a, int b, int c,\n      int d, int e, int f)\n{\n}\n", "6 parameters"),
    (rule_budgets, "src/base/x.c", "int f(int a, int b, int c, int d, void (*e)(int, int))\n{\n}\n", ""),
    (rule_budgets, "tests/x.c", "/* " + "x" * 118 + "\n", "121 columns"),
    (rule_helpers_first, "src/base/x.c", "static int f(int a,\n             int b);\n", "put helpers first"),
    (rule_helpers_first, "src/base/x.c",
     "static int f(int a);\n\nstatic int g(int a)\n{\n    return f(a);\n}\n\n"
     "static int f(int a)\n{\n    return g(a - 1);\n}\n", ""),
    (rule_helpers_first, "src/base/x.c", "static int f(int a)\n{\n    return a;\n}\n", ""),
    (rule_licence, "src/base/x.c", "int x;\n", "no SPDX line"),
    (rule_licence, "scripts/x", "#!/bin/sh\nexit 0\n", "no SPDX line"),
    (rule_licence, "src/base/x.c", SPDX, ""),
    (rule_finished, "docs/x.md", "TO" "DO: write\n", "docs/x.md:1"),
    (rule_machine_paths, "scripts/x", "cd /home/" "someone/csc\n", "scripts/x:1"),
    (rule_dependencies, "scripts/dependencies.txt", "gcc  build  compiles\n", "gcc: only in scripts"),
    (rule_dependencies, "docs/dependencies.md", "| `gcc` | compiles |\n", "gcc: only in docs"),
    (rule_documents, "docs/x.md", "See `src/base/x.c` and `docs/*.md`.\n", "names src/base/x.c"),
]


def self_test(rule, path, text, expected):
    """None, or how the rule failed on a tree with that one file, or with those of a dictionary {path: text}."""
    with tempfile.TemporaryDirectory() as root:
        for name, content in (text if isinstance(text, dict) else {path: text}).items():
            os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
            with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                file.write(content)
        findings = list(rule(root))
    if not expected:
        return f"found {findings}" if findings else None
    return None if len(findings) == 1 and expected in findings[0] else f"expected '{expected}', found {findings}"


def main(arguments, rules, broken):
    if arguments[:1] == ["--list"]:
        findings = [finding for rule in rules for finding in rule(arguments[1])]
        print("\n".join(findings), end="\n" if findings else "")
        return 1 if findings else 0
    print(f"1..{len(rules) + len(broken)}")
    number = 0
    for rule in rules:
        number += 1
        findings = list(rule(arguments[0]))
        print(f"{'not ok' if findings else 'ok'} {number} - {rule.__doc__}")
        for finding in findings:
            print(f"# {finding}")
    for case in broken:
        number += 1
        problem = self_test(*case)
        print(f"{'not ok' if problem else 'ok'} {number} - {case[0].__name__} on {case[1]}: {case[3] or 'fine'}")
        if problem:
            print(f"# {problem}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], RULES, BROKEN))
