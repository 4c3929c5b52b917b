# SPDX-License-Identifier: Apache-2.0
"""The command line itself: usage errors, help, version, where output goes."""

import os
import subprocess

from bench import Bench, Result, CSC
from tap import Skip, case, cases, equal, main, matches

COMMANDS = ["check", "run", "approve", "explain", "from-shell", "hook", "init", "ledger", "verify-receipt", "verify-evidence", "validate", "hash",
            "canonicalize", "keygen", "doctor"]

USAGE_ERRORS = [
    ("no command", [], r"no command given; see csc --help"),
    ("unknown command", ["chekc"], r"unknown command 'chekc'; see csc --help"),
    ("unknown option before a command", ["--jsno"], r"unknown option '--jsno'"),
    ("something after --version", ["--version", "x"], r"unexpected argument 'x'"),
    ("help for two", ["help", "run", "check"], r"unexpected argument 'check'"),
    ("help for an unknown command", ["help", "chekc"], r"unknown command 'chekc'"),
    ("unknown option", ["run", "--bogus"], r"unknown option '--bogus'; see csc run --help"),
    ("unknown option with a value", ["run", "--bogus=1", "a", "b"], r"unknown option '--bogus'"),
    ("the beginning of an option's name", ["run", "--rec", "x", "a", "b"], r"unknown option '--rec'"),
    ("unknown short option", ["check", "-j", "a", "b"], r"unknown option '-j'"),
    ("missing value", ["run", "a", "b", "--receipt-out"], r"option '--receipt-out' needs a value: PATH"),
    ("empty value", ["run", "a", "b", "--receipt-out="], r"option '--receipt-out' needs a value"),
    ("an option for a value", ["run", "a", "b", "--receipt-out", "--sign"], r"'--receipt-out' needs a value; .*--receipt"),
    ("value for a flag", ["check", "a", "b", "--json=1"], r"option '--json' takes no value"),
    ("option twice", ["run", "a", "b", "--key-id", "x", "--key-id=y"], r"option '--key-id' is given twice"),
    ("missing argument", ["check", "a"], r"missing POLICY; see csc check --help"),
    ("no argument", ["check"], r"missing CONTRACT"),
    ("too many arguments", ["check", "a", "b", "c"], r"unexpected argument 'c'"),
    ("option after --", ["check", "--", "a", "b", "--json"], r"unexpected argument '--json'"),
    ("required option", ["verify-receipt", "r"], r"missing option '--public-key PATH'"),
    ("second required option", ["verify-receipt", "r", "--public-key", "k"], r"missing option '--key-id ID'"),
    ("a proof without a key", ["verify-receipt", "r", "--public-key", "k", "--key-id", "i", "--proof", "p"],
     r"--proof and --checkpoint-key are for each other; give both"),
    ("a log's key without a proof", ["verify-receipt", "r", "--public-key", "k", "--key-id", "i", "--checkpoint-key", "v"],
     r"--proof and --checkpoint-key are for each other; give both"),
    ("stdin for receipt and proof", ["verify-receipt", "-", "--public-key", "k", "--key-id", "i", "--proof", "-",
                                     "--checkpoint-key", "v"], r"only one of RECEIPT, --proof and --checkpoint-key can be"),
    ("stdin for proof and key", ["verify-receipt", "r", "--public-key", "k", "--key-id", "i", "--proof", "-",
                                 "--checkpoint-key", "-"], r"only one of RECEIPT, --proof and --checkpoint-key can be"),
    ("keygen without a name", ["keygen"], r"missing option '--out PREFIX'"),
    ("unknown kind", ["validate", "contrct", "f"], r"unknown kind 'contrct'; known: contract, policy, receipt, decision, approval, config"),
    ("kind without a hash", ["hash", "decision", "f"], r"unknown kind 'decision'; known: contract, policy, receipt;"),
    ("stdin twice", ["check", "-", "-"], r"only one of CONTRACT and POLICY can be standard input"),
    ("stdin twice, to run", ["run", "-", "-"], r"only one of CONTRACT and POLICY can be standard input"),
    ("sign without a key", ["run", "a", "b", "--sign"], r"--sign needs --signing-key PATH and --key-id ID"),
    ("sign without a key id", ["run", "a", "b", "--sign", "--signing-key", "k"], r"--sign needs"),
    ("key without sign", ["run", "a", "b", "--signing-key", "k", "--key-id", "i"], r"are for --sign"),
    ("key id that is no text", ["run", "a", "b", "--sign", "--signing-key", "k", "--key-id", b"\xff"], r"--key-id"),
    ("receipt to stdout", ["run", "a", "b", "--receipt-out", "-"], r"--receipt-out needs a file"),
    ("unknown mode", ["run", "a", "b", "--mode", "soft"], r"unknown mode 'soft'; there are local and hardened"),
    ("options of later versions", ["run", "a", "b", "--fleet", "x"], r"unknown option '--fleet'"),
    ("escape sequences in an option", ["run", "--\x1b[31mred"], r"unknown option '--\\x1b\[31mred'"),
]


@cases(USAGE_ERRORS)
def usage_error(args, message):
    with Bench() as bench:
        result = bench.csc(*args)
        equal(result.code, 64, result)
        matches(r"\Acsc: [^\n]*" + message + r"[^\n]*\n\Z", result.err)
        equal(result.out, "")


@case("a usage error with --json is an object too")
def usage_json():
    with Bench() as bench:
        result = bench.csc("run", "--bogus", "a", "b", "--json")
        equal(result.code, 64)
        equal(result.json()["error"]["code"], 64)
        matches("--bogus", result.json()["error"]["text"])


# name, options of csc run, what it says; all of it before anything is read
HARDENED = [
    ("unsigned", ["--mode", "hardened"], r"needs --sign, --signing-key PATH and --key-id ID"),
    ("evidence without a signature", ["--evidence-out", "e.json"], r"--evidence-out needs --sign"),
    ("an approval without a file", ["--approval", "-"], r"--approval needs a file"),
    ("its options alone: backend", ["--mode", "local", "--backend", "bwrap"], r"--backend is for --mode hardened"),
    ("its options alone: sandbox-debug", ["--sandbox-debug"], r"--sandbox-debug is for --mode hardened"),
    ("an unknown mode", ["--mode", "soft"], r"unknown mode 'soft'"),
]


@cases([("hardened mode, " + name, *rest) for name, *rest in HARDENED])
def hardened(options, words):
    with Bench() as bench:
        result = bench.csc("run", "/nonexistent", "/nonexistent", *options)
        equal(result.code, 64, result)
        matches(words, result.err)


@case("hardened mode, an unknown backend")
def unknown_backend():
    with Bench() as bench:
        contract, policy = bench.inputs(["true"])
        equal(bench.csc("keygen", "--out", bench.path("k")).code, 0)
        result = bench.csc("run", contract, policy, "--mode", "hardened", "--sign", "--signing-key", bench.path("k.key"),
                           "--key-id", "k", "--backend", "docker")
        equal(result.code, 64, result)
        matches(r"unknown backend 'docker'; there are auto, bwrap and native", result.err)


@cases([(f"help for {name}", name) for name in COMMANDS])
def helps(name):
    with Bench() as bench:
        texts = {bench.csc(*args).out for args in ([name, "--help"], [name, "-h"], ["help", name])}
        equal(len(texts), 1, "one text")
        text = texts.pop()
        matches(rf"\Acsc {name}: ", text)
        matches(rf"\nusage: csc {name}", text)
        matches(rf"\nexamples:\n  csc {name} ", text)
        equal([line for line in text.splitlines() if len(line) > 110], [], "long lines")


@case("the overview names every command")
def overview():
    with Bench() as bench:
        for args in (["--help"], ["-h"], ["help"]):
            result = bench.csc(*args)
            equal((result.code, result.err), (0, ""))
            for name in COMMANDS:
                matches(rf"\n  {name} ", result.out)


@case("--version names the version, the protocol's identifiers and the backends")
def version():
    with Bench() as bench:
        result = bench.csc("--version")
        equal(result.code, 0)
        matches(r"\Acsc \d+\.\d+\.\d+\n", result.out)
        for word in ("csc.v0.1", "csc.policy.v0.1", "csc.receipt.v0.1", "csc.approval.v0.1", "local", "hardened", "native", "bwrap"):
            matches(rf"\b{word}\b", result.out)


def printing(bench):
    """One invocation of every command that prints."""
    contract, policy = bench.inputs()
    bench.csc("keygen", "--out", bench.path("k"))
    receipt = bench.path("signed.json")
    equal(bench.csc("run", contract, policy, "--sign", "--signing-key", bench.path("k.key"), "--key-id", "k",
                    "--receipt-out", receipt).code, 0)
    return [["check", contract, policy], ["check", contract, policy, "--json"], ["explain", contract, policy],
            ["explain", contract, policy, "--json"], ["run", contract, policy, "--json"],
            ["validate", "contract", contract], ["hash", "policy", policy], ["canonicalize", contract],
            ["keygen", "--out", bench.path("k2")], ["--version"], ["--help"], ["run", "--help"],
            ["verify-receipt", receipt, "--public-key", bench.path("k.pub"), "--key-id", "k"],
            ["verify-receipt", receipt, "--public-key", bench.path("k.pub"), "--key-id", "k", "--json"]]


@case("a full standard output is 73, with a message")
def full_stdout():
    with Bench() as bench, open("/dev/full", "wb") as full:
        for args in printing(bench):
            result = bench.csc(*args, stdout=full)
            equal(result.code, 73, f"{args} {result}")
            matches(r"(?m)^csc: standard output: cannot write: No space left on device$", result.err)


@case("a closed standard output is 73, with a message")
def closed_stdout():
    with Bench() as bench:
        for args in printing(bench):
            result = bench.csc(*args, stdout=None, preexec_fn=lambda: os.close(1))
            equal(result.code, 73, f"{args} {result}")
            matches(r"(?m)^csc: standard output is closed", result.err)


@case("a reader that goes away ends csc")
def gone_reader():
    with Bench() as bench:
        path = bench.write("big.json", "[" + ",".join(["1"] * 400000) + "]")
        process = bench.start("canonicalize", path)
        process.stdout.read(1)
        process.stdout.close()
        _, err = process.stderr.read(), process.stderr.close()
        equal(process.wait(timeout=30) in (-13, 73), True, f"exit {process.returncode} {err}")


@case("everything csc says begins with its name")
def prefix():
    with Bench() as bench:
        contract, policy = bench.inputs(["false"])
        for args in (["run", contract, policy], ["check", policy, contract], ["check", "/nonexistent", policy]):
            for line in bench.csc(*args).err.splitlines():
                matches(r"\Acsc: ", line)


def on_terminal(bench, args, **environment):
    """What csc writes on stderr when that is a terminal."""
    master, slave = os.openpty()
    env = {**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm", **environment}
    process = subprocess.Popen([CSC, *args], cwd=bench.root, stdout=subprocess.PIPE, stderr=slave, env=env)
    os.close(slave)
    out = process.communicate(timeout=60)[0]
    err = b""
    try:
        while chunk := os.read(master, 65536):
            err += chunk
    except OSError:
        pass  # EIO: the other side is closed
    os.close(master)
    return Result(process.returncode, out, err)


@case("colour on a terminal, unless NO_COLOR or TERM=dumb")
def colour():
    with Bench() as bench:
        args = ["run", *bench.inputs()]
        matches("\x1b\\[32msuccess\x1b\\[0m", on_terminal(bench, args).err)
        for setting in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            equal("\x1b" in on_terminal(bench, args, **setting).err, False, str(setting))
        matches("\x1b", on_terminal(bench, args, NO_COLOR="").err)
        equal("\x1b" in bench.csc(*args).err, False, "colour in a pipe")


if __name__ == "__main__":
    if not os.access("/dev/full", os.W_OK):
        raise Skip("no /dev/full")
    main()
