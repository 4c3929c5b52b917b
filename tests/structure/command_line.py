#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds together what says which commands and options csc has: its help, csc(1), csc-run(1), and the completions.

usage: command_line.py ROOT CSC     (TAP)
"""

import os
import re
import subprocess
import sys


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def words(text):
    return sorted(set(text.split()))


def from_help(csc):
    """{command: options}, as the program itself says; it is the one that is right."""
    def output(*arguments):
        return subprocess.run([csc, *arguments], check=True, capture_output=True, text=True).stdout

    commands = re.findall(r"^  ([a-z-]+) +\w", output("--help").partition("commands:")[2].partition("\n\n")[0], re.M)
    return {command: words(" ".join(re.findall(r"^  --([a-z-]+)", output(command, "--help"), re.M)))
            for command in commands}


def flags(text):
    return words(" ".join(re.findall(r"Fl -([a-z-]+)", text)))


def from_manual(root):
    """The sections of csc(1) about one command each; --help is said once for all."""
    sections = re.split(r"^\.Ss csc ", read(root, "man", "csc.1").partition(".Sh ENVIRONMENT")[0], flags=re.M)[1:]
    options = {section.partition("\n")[0]: flags("\n".join(re.findall(r"^\.It (.*)", section, re.M)))
               for section in sections}
    options.pop("help")
    return {command: words(" ".join(names + ["help"])) for command, names in options.items()}


def from_synopsis(root):
    """The synopsis of csc(1)."""
    synopsis = read(root, "man", "csc.1").partition(".Sh SYNOPSIS")[2].partition(".Sh DESCRIPTION")[0]
    uses = {}
    for use in synopsis.split(".Nm\n")[1:]:
        command = re.match(r"\.Cm ([a-z-]+)", use)
        if command and command[1] != "help":
            uses[command[1]] = words(" ".join(flags(use) + ["help"]))
    return uses


def from_run_manual(root, known):
    """csc-run(1) has the synopsis of one command; the others are taken as known."""
    synopsis = read(root, "man", "csc-run.1").partition(".Sh SYNOPSIS")[2].partition(".Sh DESCRIPTION")[0]
    return {**known, "run": words(" ".join(flags(synopsis) + ["help"]))}


BASH = """
source "$1"; shift
COMP_WORDS=(csc "$@"); COMP_CWORD=$#
_csc
printf '%s\\n' "${COMPREPLY[@]}"
"""


def from_bash(root):
    """What bash offers, by asking it."""
    def offered(*typed):
        script = os.path.join(root, "completions", "csc.bash")
        return subprocess.run(["bash", "-c", BASH, "bash", script, *typed], check=True, capture_output=True,
                              text=True).stdout.split()

    commands = [word for word in offered("") if not word.startswith("-") and word != "help"]
    return {command: sorted(word[2:] for word in offered(command, "-")) for command in commands}


def from_zsh(root):
    """What the file for zsh says; the shell itself isn't needed."""
    text = read(root, "completions", "_csc")
    described = re.findall(r"^ +['\"]([a-z-]+):", text, re.M)
    options = {}
    for names, body in re.findall(r"^    ([a-z| -]+)\)\n(.*?);;", text, re.M | re.S):
        for name in names.split(" | "):
            options[name.strip()] = words(" ".join(re.findall(r"'--([a-z-]+)\[", body)))
    return {command: options.get(command) for command in described if command != "help"}


def from_fish(root):
    """What the file for fish says."""
    text = read(root, "completions", "csc.fish")
    commands = re.findall(r"-f -a ([a-z-]+) -d", text)
    common = re.findall(r"^complete -c csc -l ([a-z-]+)", text, re.M)
    return {command: words(" ".join(common + re.findall(rf"from {command}\" -l ([a-z-]+)", text)))
            for command in commands if command != "help"}


def main(root, csc):
    known = from_help(csc)
    cases = [
        ("csc --help lists commands, and each its options", known and all(known.values()), True),
        ("csc(1) has the same", from_manual(root), known),
        ("the synopsis of csc(1) has the same", from_synopsis(root), known),
        ("csc-run(1) has the same", from_run_manual(root, known), known),
        ("completion in bash has the same", from_bash(root), known),
        ("completion in zsh has the same", from_zsh(root), known),
        ("completion in fish has the same", from_fish(root), known),
    ]
    print(f"1..{len(cases)}")
    for number, (name, found, expected) in enumerate(cases, 1):
        print(f"{'ok' if found == expected else 'not ok'} {number} - {name}")
        if found != expected:
            print(f"# expected {expected}\n# found    {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
