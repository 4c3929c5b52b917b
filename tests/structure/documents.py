#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds documents to the tree: what they name is there, what they quote is what the code says.

usage: documents.py ROOT          every rule over the tree, then every rule over a tree that breaks it (TAP)
       documents.py --list ROOT   only what is wrong, one finding a line; exits 1 when there is any
"""

import glob
import importlib.machinery
import importlib.util
import os
import re
import sys

from structure import files, main, read

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = ("src", "include", "tests", "scripts", "docs", "man", "completions", "schemas", "policies", "examples", "packaging",
       "debian", ".github")
STRICT = ("SECURITY.md", "docs/SECURITY-TARGETS.md")  # where a test that is not there would be a claim without proof
FOREIGN_OPTIONS = {"bind-fd", "cap-add", "memory", "pids-limit", "privileged", "security-opt",
                   "require"}  # of bwrap, docker, verify-release


def markdown(root):
    return [path for path in files(root, ("",), (".md",)) if not path.startswith("build")]


def prose(text):
    """A document without its fenced blocks."""
    return re.sub(r"^( *)```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def slug(heading):
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text):
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)}


def rule_links(root):
    """links of documents lead to files and headings that are there"""
    for path in markdown(root):
        text = prose(read(os.path.join(root, path)))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            there = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
            if not os.path.exists(os.path.join(root, there)):
                yield f"{path}: links to {target}, which doesn't exist"
            elif anchor and there.endswith(".md") and anchor not in anchors(read(os.path.join(root, there))):
                yield f"{path}: links to {target}, and no heading there is called so"


def sources(root, folders=("src", "include"), suffixes=(".c", ".h")):
    return "\n".join(read(os.path.join(root, path)) for path in files(root, folders, suffixes))


def has_case(text, name):
    """A test's file has a case of this name: a whole string, an f-string as far as its first value, or a function. Less than
    that would go on naming a case that has become another one; an ellipsis says that only the beginning is quoted."""
    if name.endswith("…"):
        return f'"{name[:-1]}' in text
    name = re.escape(name)
    return re.search(rf'"{name}[:,]? ?"|\bf"{name}[:,]? ?\{{|\b{name}\(', text) is not None


def path_problem(root, span, strict=False):
    """Why `span`, a path or "path: case", names nothing; None when it does. `strict`: whatever looks like a path of the tree is
    one, also below a folder that is not there."""
    path, colon, case = span.partition(":")
    if strict and not path.startswith("/") and re.search(r"/|\.(?:c|py)$", path):
        if not re.fullmatch(r"[\w./*+-]+", path):
            return f"names {path}, which is no path"
    elif "NAME" in path or not path.startswith(tuple(top + "/" for top in TOP)) or not re.fullmatch(r"[\w./*+-]+", path):
        return None
    found = glob.glob(os.path.join(root, path))
    if not found:
        return f"names {path}, which doesn't exist"
    if colon and not has_case(read(found[0]), case.strip()):
        return f"names a case '{case.strip()}', which {path} has not"
    return None


def command_problem(span, code):
    """Why a span that calls csc, or is an option, names nothing."""
    words = span.split()
    if words[0] == "csc" and len(words) > 1 and re.fullmatch(r"[a-z][a-z-]+", words[1]) and \
            not re.search(rf'\.name = "{words[1]}["\s]', code):
        return f"names a command 'csc {words[1]}', which doesn't exist"
    if words[0] == "csc" or words[0].startswith("--"):
        for option in re.findall(r"(?:^|\s|\[)--([a-z][a-z-]*)", span):
            if option not in FOREIGN_OPTIONS and option not in ("help", "version") and f'{{"{option}", ' not in code:
                return f"names an option '--{option}', which doesn't exist"
    return None


def spans(text):
    """What stands in backquotes; a heading that is nothing else quotes a message, and is judged by rule_messages."""
    text = re.sub(r"^#+ `.*`$", "", prose(text), flags=re.MULTILINE)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]


def rule_names(root):
    """the files, folders, tests and cases, functions, commands and options that documents name exist"""
    code, command_line = sources(root), sources(root, ("src/cli",))
    for path in markdown(root):
        for span in spans(read(os.path.join(root, path))):
            problem = path_problem(root, span, path in STRICT) or command_problem(span, command_line)
            function = re.fullmatch(r"(\w+)\(\)", span)
            if function and not re.search(rf"\b{function[1]}\(", code):
                problem = f"names a function {span}, which doesn't exist"
            if problem:
                yield f"{path}: {problem}"


def items(text):
    """The items of a list, each in one line."""
    return [" ".join(item.split()) for item in re.findall(r"^- ((?:.+\n?)(?:  .+\n?)*)", text, re.MULTILINE)]


def rule_limits(root):
    """each limit of SECURITY.md leads to the test or document that shows it"""
    path = os.path.join(root, "SECURITY.md")
    if not os.path.exists(path):
        return
    section = re.search(r"^## Honest limits.*?\n(.*?)(?=^## |\Z)", read(path), re.MULTILINE | re.DOTALL)
    limits = items(section[1]) if section else []
    if not limits:
        yield "SECURITY.md: no list of honest limits"
    for item in limits:
        if not re.search(r"\]\((docs|tests)/|`tests/", item):
            yield f"SECURITY.md: nothing shows this limit: {item[:60]}"


def rule_targets(root):
    """each threat of docs/SECURITY-TARGETS.md has a test, and says what each mode does about it"""
    path = os.path.join(root, "docs", "SECURITY-TARGETS.md")
    if not os.path.exists(path):
        return
    rows = [line for line in read(path).splitlines() if re.match(r"\| (?!threat |class )[^-]", line)]
    if not rows:
        yield "docs/SECURITY-TARGETS.md: no table"
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if len(cells) != 5 or not all(cells):
            yield f"docs/SECURITY-TARGETS.md: needs five cells: {row[:60]}"
        elif "`tests/" not in cells[4]:
            yield f"docs/SECURITY-TARGETS.md: no test shows: {cells[0][:60]}"


STRING = r'"(?:[^"\\\n]|\\.)*"'
TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|'(?:\\.|[^'\\\n])+'|((?:" + STRING + r"\s*(?:\\\n\s*|PRI\w+\s*)?)+)", re.DOTALL)


def literals(root):
    """Every string of the program, adjacent ones joined, what is formatted into them as an ellipsis."""
    for match in TOKEN.finditer(sources(root, ("src",))):
        text = "".join(string[1:-1] for string in re.findall(STRING, match[1] or ""))
        text = re.sub(r"%[-+ #0]*[\d.*]*(?:hh|h|ll|l|z|j|t)?[diouxXscp]", "…", text)
        yield re.sub(r"\\(.)", r"\1", text)


def rule_messages(root):
    """the messages that docs/FAQ.md explains are those of the code"""
    path = os.path.join(root, "docs", "FAQ.md")
    if not os.path.exists(path):
        return
    said = "\n".join(literals(root))
    for message in re.findall(r"^### `(.*)`$", read(path), re.MULTILINE):
        for part in re.split(r"\s*…\s*", message):
            if len(part) > 3 and part not in said:
                yield f"docs/FAQ.md: no message of the code holds '{part}'"


def rule_reason_codes(root):
    """docs/reason-codes.md is what scripts/reason-codes makes of the registry"""
    path = os.path.join(HERE, "..", "..", "scripts", "reason-codes")
    loader = importlib.machinery.SourceFileLoader("reason_codes", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("reason_codes", loader))
    loader.exec_module(module)
    if os.path.exists(os.path.join(root, "src", "policy", "reason.h")) and \
            module.made(root) != read(os.path.join(root, "docs", "reason-codes.md")):
        yield "docs/reason-codes.md: differs from src/policy/reason.h; run scripts/reason-codes"


RULES = [rule_links, rule_names, rule_limits, rule_targets, rule_messages, rule_reason_codes]

REGISTRY = ('#define CSC_REASONS(X) \\\n    X(ALLOW, "every \\"rule\\" " \\\n      "passed", "nothing") \\\n'
            '    X(NO, "no", "`\\\\\\\\`")\n\nenum csc_reason {\n')
PAGE = "# Codes\n\n| code | meaning | what helps |\n|---|---|---|\n%s\nEnd.\n"
LIMITS = "# Security\n\n## Honest limits of today\n\n%s\n## More\n\n- unlinked\n"
TARGETS = "| threat | local | native | bwrap | test |\n|---|---|---|---|---|\n%s\n"
# rule, what it is tried on, files, what the finding must say. An empty finding: the rule must not mind.
BROKEN = [
    (rule_links, "a file", {"docs/x.md": "See [y](y.md)."}, "links to y.md"),
    (rule_links, "a folder above", {"docs/x.md": "See [y](../y.md#there).", "y.md": "# There\n"}, ""),
    (rule_links, "a heading", {"docs/x.md": "See [y](#what-it-is), [z](#whats-new).\n## What's `new`?\n"},
     "links to #what-it-is"),
    (rule_links, "an address", {"docs/x.md": "[x](https://example.com/)\n```text\n[y](y.md)\n```\n"}, ""),
    (rule_names, "a test", {"SECURITY.md": "`tests/adversarial/gone.py`"}, "names tests/adversarial/gone.py"),
    (rule_names, "a folder", {"SECURITY.md": "Scope: `src/gone/`."}, "names src/gone/"),
    (rule_names, "a case", {"docs/x.md": "`tests/x.py: it fails`", "tests/x.py": '@case("it works")\n'},
     "names a case 'it fails'"),
    (rule_names, "a case's beginning", {"docs/x.md": "`tests/x.py: it`", "tests/x.py": '@case("it works")\n'}, "names a case 'it'"),
    (rule_names, "an f-string's beginning", {"docs/x.md": "`tests/x.py: it`", "tests/x.py": 'f"it works {name}"\n'},
     "names a case 'it'"),
    (rule_names, "a brace of no f-string", {"docs/x.md": "`tests/x.py: it`", "tests/x.py": '"it {name}"\n'}, "names a case 'it'"),
    (rule_names, "a beginning that says so", {"docs/x.md": "`tests/x.py: it f…`", "tests/x.py": '@case("it works")\n'},
     "names a case 'it f…'"),
    (rule_names, "a function's beginning", {"docs/x.md": "`tests/x.c: test`", "tests/x.c": "void test_it(void)"}, "a case 'test'"),
    (rule_names, "a misspelt top folder", {"SECURITY.md": "`test/x.py: it works`"}, "names test/x.py"),
    (rule_names, "a file without a folder", {"docs/SECURITY-TARGETS.md": "`test_x.c`"}, "names test_x.c"),
    (rule_names, "no path", {"docs/SECURITY-TARGETS.md": "`tests/x.py, it works`"}, "names tests/x.py, it works, which is no path"),
    (rule_names, "the system's", {"docs/SECURITY-TARGETS.md": "`/usr`, `allow_commands`, `network: deny`"}, ""),
    (rule_names, "cases", {"docs/x.md": "`tests/x.py: it works` `tests/x.py: it w…` `tests/x.py: all` "
                                        "`tests/x.c:test_it` `tests/*.c`",
                           "tests/x.py": '@cases([(f"it works: {name}",)])\n("all: " + name)', "tests/x.c": "void test_it(void)"}, ""),
    (rule_names, "a command", {"docs/x.md": "`csc frobnicate --json`"}, "a command 'csc frobnicate'"),
    (rule_names, "an option", {"docs/x.md": "`csc run --gone`", "src/cli/run.c": '.name = "run",\n{"json", NULL, "x"},'},
     "an option '--gone'"),
    (rule_names, "an option alone", {"docs/x.md": "`--gone PATH`"}, "an option '--gone'"),
    (rule_names, "a subcommand", {"docs/x.md": "`csc ledger list --json`, `bwrap --gone`",
                                  "src/cli/x.c": '.name = "ledger list",\n{"json", NULL, "x"},'}, ""),
    (rule_names, "a function", {"docs/x.md": "`csc_gone()`", "src/base/x.c": "int csc_there(void)"}, "csc_gone()"),
    (rule_names, "a message", {"docs/x.md": "### `csc cannot do it`\n"}, ""),
    (rule_names, "in a block", {"docs/x.md": "```c\n`src/gone.c`\n```\n"}, ""),
    (rule_limits, "no list", {"SECURITY.md": "# Security\n"}, "no list"),
    (rule_limits, "no link", {"SECURITY.md": LIMITS % "- It is weak,\n  very.\n- Weak: [why](docs/y.md).\n"}, "It is weak, very."),
    (rule_limits, "links", {"SECURITY.md": LIMITS % "- Weak\n  ([why](docs/y.md)).\n- Weaker (`tests/x.py`).\n"}, ""),
    (rule_targets, "no test", {"docs/SECURITY-TARGETS.md": TARGETS % "| it leaks | no | yes | yes | trust us |"}, "it leaks"),
    (rule_targets, "no mode", {"docs/SECURITY-TARGETS.md": TARGETS % "| it leaks | no | yes | `tests/x.py` |"}, "five cells"),
    (rule_targets, "a row", {"docs/SECURITY-TARGETS.md": TARGETS % "| it leaks | no | yes | yes | `tests/x.py` |"}, ""),
    (rule_messages, "another text", {"docs/FAQ.md": "### `cannot find it; look`\n", "src/x.c": '"cannot find it; search"'},
     "cannot find it; look"),
    (rule_messages, "texts", {"docs/FAQ.md": "### `'…' is gone; make it anew`\n### `a \"b\"`\n",
                              "src/x.c": 'f("\'%s\' is gone; "\n  "make it anew");\n"a \\"b\\""'}, ""),
    (rule_reason_codes, "a missing row", {"src/policy/reason.h": REGISTRY, "docs/reason-codes.md":
                                          PAGE % "| `ALLOW` | every \"rule\" passed | nothing |\n"}, "run scripts/reason-codes"),
    (rule_reason_codes, "the rows", {"src/policy/reason.h": REGISTRY, "docs/reason-codes.md":
                                     PAGE % "| `ALLOW` | every \"rule\" passed | nothing |\n| `NO` | no | `\\\\` |\n"}, ""),
]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], RULES, BROKEN))
