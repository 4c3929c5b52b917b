#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds together what says which commands and options csc has: its help, the manual pages, and the completions. The
help is right, since the program parses by the same tables. A subcommand is called "ledger list" here.

usage: command_line.py ROOT CSC     (TAP)
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


class Use:
    """How a command is used: its parameters as "A", "[A]" or "A...", and {option: argument, or "" for a flag}."""

    def __init__(self, parameters, options, required):
        self.parameters, self.options, self.required = parameters, options, required

    def differs(self, other):
        """What the other one, a synopsis, has otherwise."""
        if self.parameters != other.parameters:
            yield f"arguments {self.parameters}, not {other.parameters}"
        yield from differences(self.options, other.options)
        for option in self.required & set(other.options) - other.required:
            yield f"--{option} can't be left out"


def differences(wanted, found):
    """Of {option: argument}."""
    for option in sorted(wanted.keys() | found.keys()):
        if wanted.get(option) != found.get(option):
            yield f"--{option} is {found.get(option, 'missing')!r}, not {wanted.get(option, 'there')!r}"


# ---- the help --------------------------------------------------------------------------------------------------------


def from_usage(name, text):
    usage = re.search(rf"^usage: csc {name}(.*(?:\n {{9}}.*)*)", text, re.M)[1]
    option = r"(\[?)--([a-z-]+)(?: ([^\s\]]+))?\]?(?:\.\.\.)?"
    found = re.findall(option, usage)
    listed = re.findall(r"^  --([a-z-]+)", text.partition("\noptions:\n")[2].partition("\n\n")[0], re.M)
    if sorted(name for _, name, _ in found) + ["help"] != sorted(set(listed) - {"help"}) + ["help"]:
        sys.exit(f"csc {name} --help: usage and list of options differ")
    return Use(re.sub(option, "", usage).split(), {**{name: argument for _, name, argument in found}, "help": ""},
               {name for bracket, name, _ in found if not bracket})


def from_help(csc):
    """{command: Use, or None where it has subcommands}"""
    def output(*arguments):
        return subprocess.run([csc, *arguments], check=True, capture_output=True, text=True).stdout

    def listed(text, title):
        return re.findall(r"^  ([a-z-]+) +\w", text.partition(f"\n{title}:")[2].partition("\n\n")[0], re.M)

    found = {}
    for command in listed(output("--help"), "commands"):
        text = output(command, "--help")
        names = listed(text, "subcommands")
        found[command] = None if names else from_usage(command, text)
        for name in names:
            found[f"{command} {name}"] = from_usage(f"{command} {name}", output(command, name, "--help"))
    return found


# ---- manual pages ----------------------------------------------------------------------------------------------------


def macro_uses(lines):
    """The Use that lines of mdoc make: Fl -mode Cm local Ns | Ns Cm hardened, Op Ar AGENT, Ar POLICY ..."""
    parameters, options, required = [], {}, set()
    for line in lines:
        option, kind, is_optional = None, None, line.startswith((".Op", ".Oo"))
        for word in line[1:].split():
            if word in ("Fl", "Ar", "Cm", "Op", "Oo", "Oc", "It", "Ns", "No", "Nm", ","):
                kind = word if word in ("Fl", "Ar", "Cm") else kind
            elif kind == "Fl" and word.startswith("-"):
                option = word[1:]
                options[option] = ""
                required |= set() if is_optional else {option}
            elif word == "...":
                parameters[-1:] = [parameters[-1] + "..."] if not option else parameters[-1:]
            elif option:
                options[option] += word
            elif kind == "Ar":
                parameters.append(f"[{word}]" if is_optional else word)
    return Use(parameters, {name: argument.rstrip("|") for name, argument in options.items()}, required)


def section(text, title):
    return re.split(r"^\.Sh ", text.partition(f"\n.Sh {title}\n")[2], flags=re.M)[0]


def items(text):
    return macro_uses(re.findall(r"^\.It Fl .*", text, re.M)).options


def from_synopses(text, command):
    """{command or subcommand: Use}"""
    found = {}
    for use in section(text, "SYNOPSIS").split(f".Nm csc {command}\n")[1:]:
        lines = use.splitlines()
        subcommand = re.fullmatch(r"\.Cm ([a-z-]+)", lines[0]) if lines else None
        found[f"{command} {subcommand[1]}" if subcommand else command] = macro_uses(lines[1 if subcommand else 0:])
    return found


def from_lists(text, command):
    """{command or subcommand: options}: what OPTIONS lists all of them have; FILTERS belong to those that name them."""
    common = items(section(text, "OPTIONS"))
    found = {}
    for part in re.split(r"^\.Ss csc ", section(text, "SUBCOMMANDS"), flags=re.M)[1:]:
        filters = items(section(text, "FILTERS")) if ".Sx FILTERS" in part else {}
        found[part.partition("\n")[0]] = {**common, **filters, **items(part)}
    return found or {command: common}


def page_problems(text, command, known):
    """Of a command's page: `known` has its Use, or those of its subcommands."""
    synopses, lists = from_synopses(text, command), from_lists(text, command)
    for name in sorted(known.keys() | synopses.keys() | lists.keys()):
        if name not in known or name not in synopses or name not in lists:
            yield f"{name}: not in the {'help' if name not in known else 'synopsis' if name not in synopses else 'sections'}"
            continue
        shown = Use(synopses[name].parameters, {**synopses[name].options, "help": ""}, synopses[name].required)
        yield from (f"synopsis of {name}: {problem}" for problem in known[name].differs(shown))
        yield from (f"options of {name}: {problem}" for problem in differences(known[name].options, lists[name]))


def manual_problems(root, command, known):
    path = os.path.join(root, "man", f"csc-{command}.1")
    if not os.path.exists(path):
        return ["there is no such page"]
    return list(page_problems(read(path), command, {name: use for name, use in known.items()
                                                    if use and name.partition(" ")[0] == command}))


def overview_problems(text, known):
    """Of csc(1), which names every command's page."""
    named = sorted(re.findall(r"^\.It Xr csc-([a-z-]+) 1$", section(text, "COMMANDS"), re.M))
    commands = sorted(name for name in known if " " not in name)
    return [] if named == commands else [f"it names {named}, not {commands}"]


# ---- examples --------------------------------------------------------------------------------------------------------


def examples(text):
    """Every csc that a help or a page has in a line of its own, as words; of a pipeline, each one."""
    text = re.sub(r"\\e?\n *", "", text)
    for line in re.findall(r"^(?:\.Dl |  )?((?:csc|git) .*)$", text, re.M):
        words = list(shlex.shlex(line, posix=True, punctuation_chars=True))
        while "csc" in words:
            words = words[words.index("csc") + 1:]
            end = next((place for place, word in enumerate(words) if re.fullmatch("[|&<>;()]+", word)), len(words))
            yield words[:end]


def example_problems(texts, known):
    """Each is of a command that there is, with options that it has."""
    for source, text in texts.items():
        for words in examples(text):
            name = next((" ".join(words[:size]) for size in (2, 1) if " ".join(words[:size]) in known), None)
            options = known[name].options if known.get(name) else {"help": "", "version": ""}
            for option in [word[2:].partition("=")[0] for word in words if word.startswith("--")]:
                if option not in options:
                    yield f"{source}: csc {name or words[0]} has no --{option}"
            if not name and words and words[0] not in ("help", "--version"):
                yield f"{source}: there is no csc {words[0]}"


def texts_of(root, csc, known):
    """The pages, and what --help prints."""
    texts = {name: read(root, "man", name).partition("\n.Sh DESCRIPTION\n")[2] for name in sorted(os.listdir(os.path.join(root, "man")))}
    for name in known:
        answer = subprocess.run([csc, *name.split(), "--help"], check=True, capture_output=True, text=True).stdout
        texts[f"csc {name} --help"] = answer.partition("\nexamples:\n")[2]
    return texts


BROKEN_EXAMPLES = {
    ".Dl csc x in --out=f --quiet | csc x - --loud > file --far\n": ["page: csc x has no --loud"],
    "  csc x 'in --loud' \\\n      --fast\n": ["page: csc x has no --fast"],
    "csc y in\n": ["page: there is no csc y"],
    "the csc y is none\n": [],
}


BROKEN = [
    ("a page without an option", ".It Fl -quiet\nSay less.\n", "", "options of x: --quiet is 'missing', not ''"),
    ("one with an option too many", ".It Fl -quiet\n", ".It Fl -quiet\n.It Fl -loud\n", "options of x: --loud is '', not 'there'"),
    ("an argument by another name", ".Fl -out Ar FILE\n.Op", ".Fl -out Ar PATH\n.Op", "synopsis of x: --out is 'PATH', not 'FILE'"),
    ("another choice", "Cm b\n.Op Fl -q", "Cm c\n.Op Fl -q", "synopsis of x: --mode is 'a|c', not 'a|b'"),
    ("a parameter less", ".Op Ar MORE\n", "", "synopsis of x: arguments ['IN', '[MORE]'], not ['IN']"),
    ("an option that can be left out", ".Fl -out Ar FILE\n.Op", ".Op Fl -out Ar FILE\n.Op", "synopsis of x: --out can't be left out"),
]
WHOLE = r"""
.Sh SYNOPSIS
.Nm csc x
.Ar IN
.Op Ar MORE
.Fl -out Ar FILE
.Op Fl -mode Cm a Ns | Ns Cm b
.Op Fl -quiet
.Sh OPTIONS
.It Fl -out Ar FILE
.It Fl -mode Cm a Ns | Ns Cm b
.It Fl -quiet
Say less.
.It Fl -help
.Sh EXIT STATUS
"""
WHOLE_USE = {"x": Use(["IN", "[MORE]"], {"out": "FILE", "mode": "a|b", "quiet": "", "help": ""}, {"out"})}


def broken_cases():
    yield "a page that says the same", list(page_problems(WHOLE, "x", WHOLE_USE)), []
    for name, old, new, problem in BROKEN:
        yield f"{name} is found", list(page_problems(WHOLE.replace(old, new), "x", WHOLE_USE)), [problem]
    for text, problems in BROKEN_EXAMPLES.items():
        yield f"an example: {text.split(chr(10))[0]}", list(example_problems({"page": text}, WHOLE_USE)), problems


# ---- completions -----------------------------------------------------------------------------------------------------


def made_problems(root, csc):
    """The committed completions are what scripts/make-completions makes of this csc."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.path.join(root, "scripts", "make-completions"), csc, folder], check=True)
        return [f"completions/{name} is out of date: scripts/make-completions BUILD/csc"
                for name in ("csc.bash", "_csc", "csc.fish") if read(folder, name) != read(root, "completions", name)]


STRANGER = """#!/bin/sh
case $* in
--help) printf '\\ncommands:\\n  x    do something\\n' ;;
*) printf 'usage: csc x %s\\n\\n%s\\n\\noptions:\\n  --kind %s\\n' "@PARAMETER@" "@SENTENCE@" "@OPTION@" ;;
esac
"""
STRANGERS = [  # what a program says of its command, and whether completions can be made of it
    ("a|b", "", "a|b    what", "[--kind a|b] FILE", ""),
    ("an argument that nobody explained", "", "SORT   what", "[--kind SORT] FILE", "nothing is known of the argument SORT"),
    ("a kind that nobody enumerates", "", "a|b    what", "[--kind a|b] KIND", "the help doesn't enumerate KIND"),
    ("one that is enumerated", "KIND is red, green or blue.", "a|b    what", "[--kind a|b] KIND", ""),
]


def stranger_problems(root, sentence, option, parameter, refusal):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "csc")
        with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o755)) as file:
            file.write(STRANGER.replace("@SENTENCE@", sentence).replace("@OPTION@", option).replace("@PARAMETER@", parameter))
        answer = subprocess.run([os.path.join(root, "scripts", "make-completions"), path, folder], check=False,
                                capture_output=True, text=True)
        if refusal not in answer.stderr or (answer.returncode == 0) != (refusal == ""):
            yield f"exit status {answer.returncode}, {answer.stderr}"


BASH = """
source "$1"; shift
compopt() { :; }
COMP_WORDS=(csc "$@"); COMP_CWORD=$#
_csc
printf '%s\\n' "${COMPREPLY[@]}"
"""


def from_bash(root, known):
    """What bash offers, by asking it: {command: options}, and {command option: values} where there are some."""
    def offered(*typed):
        script = os.path.join(root, "completions", "csc.bash")
        return subprocess.run(["bash", "-c", BASH, "bash", script, *typed], check=True, capture_output=True,
                              text=True).stdout.split()

    found, values = {}, {}
    for command in [word for word in offered("") if not word.startswith("-") and word != "help"]:
        names = [command] + [f"{command} {name}" for name in (offered(command, "") if known.get(command) is None else [])]
        for name in names:
            found[name] = sorted(word[2:] for word in offered(*name.split(), "-"))
            for option in found[name]:
                argument = known[name].options.get(option, "") if known.get(name) else ""
                if "|" in argument:
                    values[f"{name} --{option}"] = [offered(*name.split(), f"--{option}", ""),
                                                    offered(*name.split(), f"--{option}", "=", "")]
    return found, values


def value_problems(values, known):
    """The words of a|b are offered, both after a blank and after "="."""
    for name, answers in values.items():
        command, _, option = name.rpartition(" --")
        words = {word for word in known[command].options[option].split("|") if not word.isupper()}
        for answer in answers:
            if not words or not words <= set(answer):
                yield f"{name}: offers {answer}, not {words}"


def from_zsh(root):
    """What the file for zsh says; the shell itself isn't needed."""
    text = read(root, "completions", "_csc")
    lists = {name: re.findall(r"^        '([a-z-]+):", body, re.M)
             for name, body in re.findall(r"^_csc_(\w+)\(\) {\n(.*?)^}", text, re.M | re.S)}
    described = [name for name in lists["commands"] if name != "help"]
    described += [f"{group} {name}" for group, names in lists.items() if group != "commands" for name in names]
    options = {group: ["help"] for group in lists}
    for name, body in re.findall(r"^    '?([a-z -]+)'?\)\n        _arguments (.*?);;", text, re.M | re.S):
        options[name] = sorted(re.findall(r"'\*?--([a-z-]+)=?\[", body))
    return {command: options.get(command) for command in described}


def from_fish(root):
    """What the file for fish says."""
    text = read(root, "completions", "csc.fish")
    common = re.findall(r"^complete -c csc -l ([a-z-]+)", text, re.M)
    first = re.escape("test (count (commandline -opc)) -eq 1")
    names = re.findall(rf'^complete -c csc -n "{first}" -f -a ([a-z-]+) -d', text, re.M)
    names += [" ".join(pair) for pair in re.findall(r'^complete -c csc -n "__csc_ends ([a-z-]+)" -f -a ([a-z-]+) -d', text, re.M)]
    found = {name: list(common) for name in names if name != "help"}
    for name, option in re.findall(r'^complete -c csc -n "__csc_is ([a-z -]+)" -l ([a-z-]+)', text, re.M):
        found.setdefault(name, []).append(option)
    return {command: sorted(options) for command, options in found.items()}


def asked_fish(root, known):
    """What fish itself offers; None: it isn't here."""
    if not shutil.which("fish"):
        return None
    lines = [f"source {os.path.join(root, 'completions', 'csc.fish')}"]
    lines += [f"echo '@ {name}'; complete -C 'csc {name} --'" for name in known]
    answer = subprocess.run(["fish", "--no-config", "-c", "\n".join(lines)], check=True, capture_output=True, text=True).stdout
    found = {}
    for part in answer.split("@ ")[1:]:
        name, _, rest = part.partition("\n")
        found[name] = sorted(line.split("\t")[0][2:] for line in rest.splitlines() if line.startswith("--"))
    return found


def main(root, csc):
    known = from_help(csc)
    options = {name: sorted(use.options) if use else ["help"] for name, use in known.items()}
    in_bash, values = from_bash(root, known)
    cases = [("csc --help lists commands, and each its options", bool(options) and all(options.values()), True),
             ("csc(1) names the page of every command", overview_problems(read(root, "man", "csc.1"), known), [])]
    cases += [(f"csc-{name}(1) has what csc {name} --help has", manual_problems(root, name, known), [])
              for name in known if " " not in name]
    texts = texts_of(root, csc, known)
    cases += [("examples have options that there are", list(example_problems(texts, known)), []),
              ("there are examples", sum(len(list(examples(text))) for text in texts.values()) > 50, True)]
    cases += broken_cases()
    cases += [("the completions are those that scripts/make-completions makes", made_problems(root, csc), []),
              ("completion in bash has the same", in_bash, options),
              ("completion in bash has the values", (bool(values), list(value_problems(values, known))), (True, [])),
              ("completion in zsh has the same", from_zsh(root), options),
              ("completion in fish has the same", from_fish(root), options)]
    cases += [(f"completions of {name}", list(stranger_problems(root, *rest)), []) for name, *rest in STRANGERS]
    fish = asked_fish(root, known)
    cases.append(("fish offers the same" + (" # SKIP fish is not installed" if fish is None else ""), fish or options, options))
    print(f"1..{len(cases)}")
    for number, (name, found, expected) in enumerate(cases, 1):
        print(f"{'ok' if found == expected else 'not ok'} {number} - {name}")
        if found != expected:
            print(f"# expected {expected}\n# found    {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
