#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds together what says which commands and options csc has: its help, csc(1), csc-run(1), csc-ledger(1),
csc-policy(1), and the completions. A subcommand is called "ledger list" here.

usage: command_line.py ROOT CSC     (TAP)
"""

import os
import re
import subprocess
import sys


GROUPS = ["ledger", "policy"]  # commands with subcommands


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def words(text):
    return sorted(set(text.split()))


def from_help(csc):
    """{command: options}, as the program itself says; it is the one that is right."""
    def output(*arguments):
        return subprocess.run([csc, *arguments], check=True, capture_output=True, text=True).stdout

    def listed(text, title):
        return re.findall(r"^  ([a-z-]+) +\w", text.partition(f"\n{title}:")[2].partition("\n\n")[0], re.M)

    found = {}
    for command in listed(output("--help"), "commands"):
        text = output(command, "--help")
        found[command] = words("help " + " ".join(re.findall(r"^  --([a-z-]+)", text, re.M)))
        for name in listed(text, "subcommands"):
            options = re.findall(r"^  --([a-z-]+)", output(command, name, "--help"), re.M)
            found[f"{command} {name}"] = words(" ".join(options))
    return found


def without_subcommands(known):
    return {command: options for command, options in known.items() if " " not in command}


def subcommands(known, command):
    return {name: options for name, options in known.items() if name.startswith(command + " ")}


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


def from_own_manual(root, command):
    """csc-ledger(1) and its like: the options of its sections, and of its synopsis."""
    text = read(root, "man", f"csc-{command}.1")
    sections = re.split(r"^\.Ss csc ", text.partition(".Sh EXIT STATUS")[0], flags=re.M)[1:]
    common = flags("\n".join(re.findall(r"^\.It (.*)", text.partition(".Sh OPTIONS")[2].partition(".Sh ")[0], re.M)))
    by_section = {}
    for section in sections:
        options = flags("\n".join(re.findall(r"^\.It (.*)", section, re.M)))
        if ".Sx FILTERS" in section:
            options += flags("\n".join(re.findall(r"^\.It (.*)", text.partition(".Sh FILTERS")[2].partition(".Sh ")[0],
                                                  re.M)))
        by_section[section.partition("\n")[0]] = words(" ".join(options + common))
    by_synopsis = {}
    for use in text.partition(".Sh SYNOPSIS")[2].partition(".Sh DESCRIPTION")[0].split(f".Nm csc {command}\n")[1:]:
        by_synopsis[f"{command} " + re.match(r"\.Cm ([a-z-]+)", use)[1]] = words(" ".join(flags(use) + ["help"]))
    return by_section, by_synopsis


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

    found = {}
    for command in [word for word in offered("") if not word.startswith("-") and word != "help"]:
        found[command] = sorted(word[2:] for word in offered(command, "-"))
        for name in offered(command, "") if command in GROUPS else []:
            found[f"{command} {name}"] = sorted(word[2:] for word in offered(command, name, "-"))
    return found


def from_zsh(root):
    """What the file for zsh says; the shell itself isn't needed."""
    text = read(root, "completions", "_csc")
    arrays = {name: re.findall(r"^ +['\"]([a-z-]+):", body, re.M)
              for name, body in re.findall(r"^    (\w+)=\(\n(.*?)^    \)", text, re.M | re.S)}
    described = arrays["commands"] + [f"{group} {name}" for group in GROUPS for name in arrays[group]]
    options = {}
    for names, body in re.findall(r"^    ([a-z| '-]+)\)\n(.*?);;", text, re.M | re.S):
        for name in names.split(" | "):
            options[name.strip().strip("'")] = words(" ".join(re.findall(r"'\*?--([a-z-]+)\[", body)))
    for group in GROUPS:
        part = text.partition(f"_describe subcommand {group}\n")[2].partition("return")[0]
        options[group] = words(" ".join(re.findall(r"_values option --([a-z-]+)$", part, re.M)))
    return {command: options.get(command) for command in described if command != "help"}


def from_fish(root):
    """What the file for fish says."""
    text = read(root, "completions", "csc.fish")
    seen = "__fish_seen_subcommand_from"
    commands = re.findall(rf'-n "not {seen} \$commands" -f -a ([a-z-]+) -d', text)
    for group in GROUPS:
        commands += [f"{group} {name}" for name in
                     re.findall(rf'-n "{seen} {group}; and not {seen} \${group}" -f -a ([a-z-]+) -d', text)]
    common = re.findall(r"^complete -c csc -l ([a-z-]+)", text, re.M)
    found = {command: list(common) for command in commands if command != "help"}
    for condition, option in re.findall(r'^complete -c csc -n "(.*?)" -l ([a-z-]+)', text, re.M):
        group = re.fullmatch(rf"{seen} ([a-z-]+); and {seen} ([a-z ]+)", condition)
        plain = re.fullmatch(rf"{seen} ([a-z-]+)", condition)
        for name in [f"{group[1]} {name}" for name in group[2].split()] if group else [plain[1]] if plain else []:
            found.setdefault(name, []).append(option)
    return {command: words(" ".join(options)) for command, options in found.items()}


def main(root, csc):
    known = from_help(csc)
    commands = without_subcommands(known)
    cases = [
        ("csc --help lists commands, and each its options", known and all(known.values()), True),
        ("csc(1) has the same", from_manual(root), commands),
        ("the synopsis of csc(1) has the same", from_synopsis(root), commands),
        ("csc-run(1) has the same", from_run_manual(root, known), known),
        ("completion in bash has the same", from_bash(root), known),
        ("completion in zsh has the same", from_zsh(root), known),
        ("completion in fish has the same", from_fish(root), known),
    ]
    for group in GROUPS:
        sections, synopsis = from_own_manual(root, group)
        cases += [(f"csc-{group}(1) has the same", sections, subcommands(known, group)),
                  (f"the synopsis of csc-{group}(1) has the same", synopsis, subcommands(known, group))]
    print(f"1..{len(cases)}")
    for number, (name, found, expected) in enumerate(cases, 1):
        print(f"{'ok' if found == expected else 'not ok'} {number} - {name}")
        if found != expected:
            print(f"# expected {expected}\n# found    {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
