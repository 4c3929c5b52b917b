# SPDX-License-Identifier: Apache-2.0
"""Bad input: the message says where and what, nothing is written, nothing is executed."""

import json
import os
import subprocess

from bench import Bench
from tap import Skip, case, cases, equal, main, matches

DEEP = 100000


def without(contract, *names):
    return {name: value for name, value in contract.items() if name not in names}


# name, (bench) -> the bytes of a contract, the message after "csc: FILE"
CONTRACTS = [
    ("empty file", lambda b: b"", r":1:1: "),
    ("not JSON", lambda b: b"{ 'a': 1 }", r":1:3: .*double quotes"),
    ("trailing bytes", lambda b: json.dumps(b.contract()) + " x", r":1:\d+: "),
    ("second value", lambda b: json.dumps(b.contract()) * 2, r":1:\d+: "),
    ("error on a later line", lambda b: b"{\n  \"version\": \"csc.v0.1\",\n  oops\n}", r":3:3: "),
    ("duplicate key", lambda b: b'{"a": 1,\n "a": 2}', r":2:2: duplicate key 'a'"),
    ("duplicate key, deep", lambda b: b'{"a": [{"b": 1, "b": 2}]}', r":1:17: duplicate key 'b'"),
    ("duplicate key by an escape", lambda b: b'{"a": 1, "\\u0061": 2}', r":1:10: duplicate key 'a'"),
    ("invalid UTF-8", lambda b: b'{"a": "\xff"}', r":1:8: invalid UTF-8"),
    ("overlong UTF-8", lambda b: b'{"a": "\xc0\xaf"}', r":1:8: invalid UTF-8"),
    ("byte-order mark", lambda b: b"\xef\xbb\xbf{}", r":1:1: a byte-order mark"),
    ("lone surrogate", lambda b: b'{"a": "\\ud800"}', r":1:8: a lone surrogate"),
    ("U+0000", lambda b: b'{"a": "\\u0000"}', r":1:8: U\+0000"),
    ("raw NUL", lambda b: b'{"a": "\x00"}', r":1:\d+: "),
    ("control character", lambda b: b'{"a": "\x01"}', r":1:8: a control character"),
    ("real number", lambda b: b'{"a": 1.5}', r":1:7: a real number"),
    ("exponent", lambda b: b'{"a": 1e3}', r":1:7: a real number"),
    ("NaN", lambda b: b'{"a": NaN}', r":1:7: "),
    ("huge integer", lambda b: b'{"a": 9223372036854775808}', r":1:7: an integer that 64 bits cannot hold"),
    ("huge negative integer", lambda b: b'{"a": -9223372036854775809}', r":1:7: an integer that 64 bits"),
    ("a million digits", lambda b: b'{"a": ' + b"9" * 1000000 + b"}", r":1:7: an integer"),
    ("deep arrays", lambda b: b"[" * DEEP + b"]" * DEEP, r":1:\d+: nested deeper than 64 levels"),
    ("deep objects", lambda b: b'{"a":' * DEEP + b"1" + b"}" * DEEP, r":1:\d+: nested deeper than 64 levels"),
    ("too large", lambda b: b" " * (1 << 20) + b"{}", r": larger than the 1048576 bytes"),
    ("an array", lambda b: [], r":1:1: is an array; must be an object"),
    ("null", lambda b: b"null", r":1:1: is null; must be an object"),
    ("unknown field", lambda b: b.contract(extra=1), r": extra: "),
    ("unknown field of a command", lambda b: b.contract(b.command("true", shell=True)), r": commands\[0\]\.shell: "),
    ("null field", lambda b: b.contract(expected_outputs=None), r": expected_outputs: "),
    ("missing field", lambda b: without(b.contract(), "intent"), r": intent: "),
    ("missing field of a command", lambda b: b.contract(without(b.command("true"), "cwd")), r": commands\[0\]\.cwd: "),
    ("foreign version", lambda b: b.contract(version="csc.v9"), r": version: .*csc\.v0\.1"),
    ("version of another type", lambda b: b.contract(version=1), r": version: "),
    ("short id", lambda b: b.contract(contract_id="short"), r": contract_id: "),
    ("long intent", lambda b: b.contract(intent="x" * 1001), r": intent: "),
    ("actor without agent", lambda b: b.contract(actor={"session_id": "s", "initiating_user": "u",
                                                        "delegation_scope": "d"}), r": actor\.agent_id: "),
    ("no commands", lambda b: b.contract(commands=[]), r": commands: "),
    ("21 commands", lambda b: b.contract(*[["true"]] * 21), r": commands: "),
    ("equal command ids", lambda b: b.contract(b.command("true"), b.command("true")), r": commands\[1\]\.id: "),
    ("exec and pipeline", lambda b: b.contract(b.command("true", pipeline={"segments": []})), r": commands\[0\]"),
    ("neither", lambda b: b.contract(without(b.command("true"), "exec")), r": commands\[0\]"),
    ("one segment", lambda b: b.contract(b.command(segments=[["true"]])), r": commands\[0\]\.pipeline\.segments: "),
    ("shell line for argv", lambda b: b.contract(b.command("x", exec={"argv": "ls -l"})), r": commands\[0\]\.exec\.argv: "),
    ("empty argv", lambda b: b.contract(b.command()), r": commands\[0\]\.exec\.argv: "),
    ("empty element", lambda b: b.contract(["ls", ""]), r": commands\[0\]\.exec\.argv\[1\]: "),
    ("relative cwd", lambda b: b.contract(b.command("ls", cwd="work")), r": commands\[0\]\.cwd: .*absolute"),
    ("relative read path", lambda b: b.contract(b.command("ls", read_paths=["/", "x"])), r": commands\[0\]\.read_paths\[1\]: "),
    ("zero timeout", lambda b: b.contract(b.command("ls", timeout_sec=0)), r": commands\[0\]\.timeout_sec: "),
    ("string timeout", lambda b: b.contract(b.command("ls", timeout_sec="5")), r": commands\[0\]\.timeout_sec: "),
    ("boolean timeout", lambda b: b.contract(b.command("ls", timeout_sec=True)), r": commands\[0\]\.timeout_sec: "),
    ("unknown risk", lambda b: b.contract(risk_class="tiny"), r": risk_class: .*low"),
    ("unknown effect", lambda b: b.contract(b.command("ls", proposed_effect_type="magic")),
     r": commands\[0\]\.proposed_effect_type: "),
    ("201 arguments", lambda b: b.contract(["echo"] + ["x"] * 200), r": commands\[0\]\.exec\.argv: .*200"),
    ("long argument", lambda b: b.contract(["echo", "x" * 131073]), r": commands\[0\]\.exec\.argv\[1\]: .*131072"),
    ("escape sequences in a key", lambda b: json.dumps(b.contract(**{"\x1b[31m": 1})), r": \\x1b\[31m: "),
]

ANCHORS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))

POLICIES = [
    ("empty file", lambda b: b"", r":1:1: "),
    ("no mapping", lambda b: b"[a, b]\n", r":1:1: "),
    ("two documents", lambda b: json.dumps(b.policy()) + "\n---\na: 1\n", r":2:\d+: "),
    ("malformed", lambda b: b"a: [1, 2\n", r":\d+:\d+: "),
    ("a tab for indentation", lambda b: b"a:\n\tb: 1\n", r":2:\d+: "),
    ("duplicate key", lambda b: b"name: a\nname: b\n", r":2:1: duplicate key 'name'"),
    ("duplicate key, deep", lambda b: b"a:\n  - {b: 1, b: 2}\n", r":2:\d+: duplicate key 'b'"),
    ("alias bomb", lambda b: ANCHORS, r":\d+:\d+: .*100000"),
    ("recursive alias", lambda b: b"a: &a [*a]\n", r":1:\d+: "),
    ("merge key", lambda b: b"a: &a {b: 1}\nc:\n  <<: *a\n", r":3:\d+: "),
    ("foreign tag", lambda b: b"a: !!python/object:os.system x\n", r":1:\d+: "),
    ("real number", lambda b: b"max_timeout_sec: 1.5\n", r":1:\d+: "),
    ("invalid UTF-8", lambda b: b"name: \xff\n", r":1:\d+: "),
    ("deep", lambda b: b"a: " + b"[" * DEEP + b"]" * DEEP, r":1:\d+: "),
    ("too large", lambda b: b"#" * (512 << 10) + b"\n", r": larger than the 524288 bytes"),
    ("unknown field", lambda b: b.policy(allow_everything=True), r": allow_everything: "),
    ("missing field", lambda b: without(b.policy(), "network"), r": network: "),
    ("null field", lambda b: b.policy(allow_commands=None), r": allow_commands: "),
    ("foreign version", lambda b: b.policy(policy_schema_version="csc.policy.v9"),
     r": policy_schema_version: .*csc\.policy\.v0\.1"),
    ("no commands", lambda b: b.policy(allow_commands=[]), r": allow_commands: "),
    ("a command twice", lambda b: b.policy(allow_commands=["ls", "ls"]), r": allow_commands\[1\]: "),
    ("yes for a string", lambda b: b"name: yes\n", r": "),
    ("boolean as a word", lambda b: b.policy(allow_secret_refs="yes"), r": allow_secret_refs: "),
    ("unknown effect", lambda b: b.policy(allowed_effect_types=["magic"]), r": allowed_effect_types\[0\]: "),
    ("unknown network", lambda b: b.policy(network="some"), r": network: "),
    ("zero timeout", lambda b: b.policy(max_timeout_sec=0), r": max_timeout_sec: "),
]


CONFIG = "config_version: csc.config.v0.1\n"

CONFIGS = [
    ("empty file", "", r":1:1: "),
    ("no version", "backend: bwrap\n", r": config_version: is missing"),
    ("an unknown backend", CONFIG + "backend: docker\n", r": backend: .*auto, bwrap, native"),
    ("foreign version", "config_version: csc.config.v9\nnew: 1\n", r": config_version: .*csc\.config\.v0\.1"),
    ("unknown field", CONFIG + "limit: {}\n", r": limit: unknown field; .*known here: config_version, "),
    ("unknown limit", CONFIG + "limits: {memory: 1}\n", r": limits\.memory: unknown field; .*memory_bytes"),
    ("duplicate key", CONFIG + "grace_sec: 1\ngrace_sec: 2\n", r":3:1: duplicate key 'grace_sec'"),
    ("no limit at all", CONFIG + "limits: {processes: 0}\n", r": limits\.processes: is 0; must be 4 to 4194304"),
    ("more output than the protocol's", CONFIG + "output: {stdout_bytes: 10485761}\n", r": output\.stdout_bytes: "),
    ("root", CONFIG + "run_as: root\n", r": run_as: means uid 0, root's; name a user"),
    ("ids without quotes", CONFIG + "run_as: 1000:50\n", r': run_as: is an integer to YAML; write "UID:GID"'),
    ("nobody there", CONFIG + "run_as: no-such-user-here\n", r": run_as: no user 'no-such-user-here' in /etc/passwd; "),
    ("the host's devices", CONFIG + "system_paths: [/dev/dri]\n", r": system_paths\[0\]: .*sandbox has its own"),
    ("a path of a program", CONFIG + "blocked_programs: [/bin/sh]\n", r": blocked_programs\[0\]: .*without '/'"),
    ("too large", "#" * (64 << 10) + "\n", r": larger than the 65536 bytes"),
]


def refused_everywhere(bench, kind, bad, message):
    contract = bad if kind == "contract" else bench.write("good.json", bench.contract(["touch", bench.path("work/ran")]))
    policy = bad if kind == "policy" else bench.write("good.yaml", bench.policy())
    pattern = r"\Acsc: " + bad + message + r"[^\n]*\n\Z"
    for args in (["validate", kind, bad], ["check", contract, policy], ["explain", contract, policy],
                 ["run", contract, policy]):
        result = bench.csc(*args)
        if args[0] == "run" and os.path.exists(bench.path("out")):
            # Over a limit, but readable: that leaves a receipt.
            equal((result.code, bench.receipt()["status"]), (65, "blocked"), result)
            os.remove(bench.path("out", "receipt.json"))
            os.rmdir(bench.path("out"))
            continue
        equal(result.code, 65, f"{args[0]}: {result}")
        matches(pattern, result.err)
        equal(result.out, "")
    equal(bench.nothing_written(), True, "nothing written")


@cases([("contract: " + name, make, message) for name, make, message in CONTRACTS])
def bad_contract(make, message):
    with Bench() as bench:
        refused_everywhere(bench, "contract", bench.write("bad.json", make(bench)), message)


@cases([("policy: " + name, make, message) for name, make, message in POLICIES])
def bad_policy(make, message):
    with Bench() as bench:
        refused_everywhere(bench, "policy", bench.write("bad.yaml", make(bench)), message)


@cases([("configuration: " + name, text, message) for name, text, message in CONFIGS])
def bad_config(text, message):
    with Bench() as bench:
        bad = bench.write("bad.yaml", text)
        result = bench.csc("validate", "config", bad)
        equal((result.code, result.out), (65, ""), result)
        matches(r"\Acsc: " + bad + message + r"[^\n]*\n\Z", result.err)


@case("an error with --json is one object that says the same")
def error_json():
    with Bench() as bench:
        bad, policy = bench.write("bad.json", b'{\n "a": 1, "a": 2}'), bench.write("p.yaml", bench.policy())
        for command in ("check", "run", "explain"):
            result = bench.csc(command, bad, policy, "--json")
            equal(result.code, 65)
            error = result.json()["error"]
            equal({name: error[name] for name in ("code", "file", "line", "column")},
                  {"code": 65, "file": bad, "line": 2, "column": 10})
            matches("duplicate key", error["text"])
            matches(r"bad\.json:2:10: duplicate key", result.err)
        bad = bench.write("bad.json", bench.contract(risk_class="tiny"))
        error = bench.csc("check", bad, policy, "--json").json()["error"]
        equal(error["field"], "risk_class")


def unreadable(bench, path, code, message):
    contract, policy = bench.inputs()
    for args in (["check", path, policy], ["run", contract, path], ["validate", "receipt", path], ["hash", "policy", path],
                 ["canonicalize", path]):
        result = bench.csc(*args)
        equal(result.code, code, f"{args}: {result}")
        matches(rf"\Acsc: {path}: {message}[^\n]*\n\Z", result.err)
    equal(bench.nothing_written(), True, "nothing written")


@case("a file that is not there is 66")
def missing():
    with Bench() as bench:
        unreadable(bench, bench.path("missing"), 66, "failed to read: No such file or directory")


@case("a folder for a file is 66")
def folder():
    with Bench() as bench:
        unreadable(bench, bench.work, 66, "failed to read: Is a directory")


@case("an endless device is read to the limit only")
def endless():
    with Bench() as bench:
        unreadable(bench, "/dev/zero", 65, "larger than the")


@case("a file without permission is 66")
def forbidden():
    if os.geteuid() == 0:
        raise Skip("root may read everything")
    with Bench() as bench:
        path = bench.write("secret", b"{}")
        os.chmod(path, 0)
        unreadable(bench, path, 66, "failed to read: Permission denied")


@case("a FIFO that nobody writes to ends after a while, in 66")
def silent_fifo():
    with Bench() as bench:
        os.mkfifo(bench.path("fifo"))
        result = bench.csc("validate", "contract", bench.path("fifo"))
        equal(result.code, 66, result)
        matches(r"nothing to read for 5 s; is anybody writing to it\?", result.err)


@case("a FIFO that somebody writes to is read")
def fifo():
    with Bench() as bench:
        contract, policy = bench.inputs()
        os.mkfifo(bench.path("fifo"))
        with subprocess.Popen(["sh", "-c", 'exec cat "$1" >"$2"', "sh", contract, bench.path("fifo")]) as writer:
            equal(bench.csc("check", bench.path("fifo"), policy).code, 0)
            equal(writer.wait(timeout=30), 0)


@case("standard input for either file")
def stdin():
    with Bench() as bench:
        contract, policy = bench.inputs()
        equal(bench.csc("check", "-", policy, stdin=open(contract, "rb").read()).code, 0)
        equal(bench.csc("run", contract, "-", stdin=open(policy, "rb").read()).code, 0)
        result = bench.csc("check", "-", policy, stdin=b"{")
        equal(result.code, 65)
        matches(r"\Acsc: standard input:1:2: ", result.err)


@case("the largest contracts and policies are decided at once, and by everything they say")
def largest():
    with Bench() as bench:
        many = ["/b"] * 80000 + ["/a"]
        contract, policy = bench.inputs(bench.command("true", read_paths=["/a"] * 150000), policy=bench.policy(
            allowed_cwd_prefixes=["/"], allowed_read_prefixes=many))
        for command in ("check", "explain"):
            equal(bench.csc(command, contract, policy).code, 0, command)
        hosts = ["a" * size + "bstripe" for size in range(500, 900)]
        contract, policy = bench.inputs(bench.command("curl", *["a" * 131000] * 7), policy=bench.policy(
            allow_commands=["curl"], allowed_effect_types=["observe", "fetch_external"], allowed_cwd_prefixes=["/"],
            allowed_egress_hosts=hosts, manual_approval_for_classified_effect_types=["financial_action"]))
        for command in ("check", "explain"):
            equal(bench.csc(command, contract, policy).code, 0, command)


@case("a closed standard input is an empty one")
def closed_stdin():
    with Bench() as bench:
        contract, policy = bench.inputs()
        result = bench.csc("check", "-", policy, preexec_fn=lambda: os.close(0))
        equal(result.code, 65, result)
        equal(bench.csc("check", contract, policy, preexec_fn=lambda: os.close(0)).code, 0)


@case("a path with escape sequences is shown harmless")
def hostile_path():
    with Bench() as bench:
        path = bench.write("a\x1b[31m\nb", b"{")
        result = bench.csc("validate", "contract", path)
        equal(result.code, 65)
        equal(result.err.count("\n"), 1, "lines")
        matches(r"a\\x1b\[31m\\x0ab:1:2: ", result.err)


if __name__ == "__main__":
    main()
