# SPDX-License-Identifier: Apache-2.0
"""csc from-shell: what it prints, where, and how it ends; and that its contracts run as the line would."""

import json
import os
import subprocess

from bench import ALLOWED, Bench, CSC
from tap import case, cases, equal, main, matches


def policy(bench):
    return bench.write("policy.yaml", bench.policy(allow_commands=[*ALLOWED, "tee", "wc"]))


def contract_of(bench, *args, **options):
    result = bench.csc("from-shell", *args, "--cwd", bench.work, "--quiet", **options)
    equal((result.code, result.err), (0, ""), "from-shell")
    return result.json()


REFUSALS = [
    ("a place and what to write", ["echo $(id)"],
     r"^csc: error: line 1, column 6: a command substitution; run the inner command first.*\ncsc:   echo \$\(id\)\ncsc:        \^\n$"),
    ("the line that is meant", ["a\n\t\u00e4 ; b\nc"], r"^csc: error: line 2, column 5: .*\ncsc:   \\x09\u00e4 ; b\ncsc:         \^\n$"),
    ("a long line, cut on both sides", ["\u00e4" * 400 + ";" + "\u00e4" * 400], r"column 801: .*\ncsc:   \u00e4{25};\u00e4{24}\ncsc: {28}\^\n$"),
    ("the field that says it", ["A=1 b"], r"column 1: a variable set for a program \(A\); .* \(field env_allow\)\n"),
    ("escape sequences", ["echo '\x1b[31m'"], r"column 7: a control character; .*\ncsc:   echo '\\x1b\[31m'\n"),
    ("escape sequences in a name", ["'\u202ecd' \u202e;"], r"column 12: .*\ncsc:   '\\u202ecd' \\u202e;\n"),
    ("bytes that are no UTF-8", [b"a \xff\xfe"], r"column 3: bytes that are no UTF-8; .*\ncsc:   a \\xff\\xfe\ncsc:     \^\n"),
    ("nothing", [""], r"^csc: error: line 1, column 1: an empty line; write a command\n$"),
    ("a timeout beyond a contract's", ["true", "--timeout", "999999999"], r"timeout_sec: "),
    ("a name that is no variable's", ["true", "--env", ""], r"needs a value"),
]


@cases(REFUSALS)
def refusal(args, message):
    with Bench() as bench:
        result = bench.csc("from-shell", *args)
        equal(result.code, 64 if "needs a value" in message else 65, "exit code")
        equal(result.out, "", "stdout")
        matches(message, result.err, "stderr")


@cases([
    ("risk", ["--risk", "x"], r"unknown value 'x' of --risk; there are low, medium, high, critical"),
    ("network", ["--network", "x"], r"unknown value 'x' of --network; there are deny, allowlisted, full"),
    ("timeout of nothing", ["--timeout", "0"], r"--timeout needs whole seconds"),
    ("negative timeout", ["--timeout=-1"], r"--timeout needs whole seconds"),
    ("timeout with a unit", ["--timeout", "5s"], r"--timeout needs whole seconds"),
])
def usage(args, message):
    with Bench() as bench:
        result = bench.csc("from-shell", "true", *args)
        equal(result.code, 64, "exit code")
        matches(message, result.err, "stderr")


@case("one of LINE and --policy is standard input")
def one_stdin():
    with Bench() as bench:
        result = bench.csc("from-shell", "-", "--policy", "-", stdin=b"true")
        equal(result.code, 64, "exit code")
        matches(r"only one of LINE and --policy can be standard input", result.err)


@case("a policy that is none")
def bad_policy():
    with Bench() as bench:
        equal(bench.csc("from-shell", "true", "--policy", "missing.yaml").code, 66, "missing")
        equal(bench.csc("from-shell", "true", "--policy", bench.write("p.yaml", "[]")).code, 65, "no policy")


@case("--json: the refusal, in full")
def json_refusal():
    with Bench() as bench:
        result = bench.csc("from-shell", "a\nexport B", "--json")
        equal(result.code, 65, "exit code")
        seen = result.json()["refusal"]
        equal((seen["what"], seen["line"], seen["column"], seen["field"]),
              ("the shell's own command export", 2, 1, "env_allow"), "refusal")
        matches(r"^set the variable for csc itself", seen["instead"])
        equal("field" in bench.csc("from-shell", "a;", "--json").json()["refusal"], False, "a field where there is none")


@case("--json: the contract and the notes")
def json_contract():
    with Bench() as bench:
        result = bench.csc("from-shell", "cat a > b", "--cwd", bench.work, "--json")
        equal(result.code, 0, "exit code")
        seen = result.json()
        equal(seen["contract"], contract_of(bench, "cat a > b"), "contract")
        notes = {(note["command_id"], note["field"], note["value"]) for note in seen["notes"]}
        for command in seen["contract"]["commands"]:
            scopes = {(command["id"], field, path) for field in ("read_paths", "write_paths") for path in command[field]}
            equal((len(scopes) > 1, scopes - notes), (True, set()), "scopes without a note")
        equal(all(note["why"] for note in seen["notes"]), True, "reasons")
        for note in seen["notes"]:
            matches(rf"(?m)^csc: {note['command_id']}: {note['field']} ", result.err, "notes on stderr")


@case("what was asked for is in the contract")
def options():
    with Bench() as bench:
        contract = contract_of(bench, "true && false", "--read", "/r", "--read", "r", "--write", "w/../x", "--env", "A", "--env", "B",
                               "--network", "full", "--timeout", "7", "--risk", "high", "--intent", "why", "--agent-id", "agent",
                               "--session-id", "session", "--user", "me")
        for command in contract["commands"]:
            equal([path in command["read_paths"] for path in ("/r", f"{bench.work}/r")], [True, True], "read_paths")
            equal(f"{bench.work}/x" in command["write_paths"], True, "write_paths")
            equal((command["env_allow"], command["network"], command["timeout_sec"]), (["A", "B"], "full", 7), "command")
        actor = contract["actor"]
        equal((contract["risk_class"], contract["intent"], actor["agent_id"], actor["session_id"], actor["initiating_user"]),
              ("high", "why", "agent", "session", "me"), "contract")


@case("a folder is the one given, seen from the current one, or the current one")
def folders():
    with Bench() as bench:
        for args, wanted in [([], bench.root), (["--cwd", "work/../x"], f"{bench.root}/x"), (["--cwd", "/a//b/."], "/a/b")]:
            result = bench.csc("from-shell", "true", "--quiet", *args)
            equal(result.json()["commands"][0]["cwd"], wanted, "cwd")


@case("a line from standard input, of several lines")
def from_stdin():
    with Bench() as bench:
        contract = contract_of(bench, "-", stdin=b"cd sub &&\n  echo 'a\nb' &&\ntrue\n")
        equal([(command["cwd"], command["exec"]["argv"]) for command in contract["commands"]],
              [(f"{bench.work}/sub", ["echo", "a\nb"]), (f"{bench.work}/sub", ["true"])], "commands")
        equal(bench.csc("from-shell", "-", stdin=b"a" * 131073).code, 65, "too much")
        equal(bench.csc("from-shell", "-", stdin=b"a\0b").code, 65, "a NUL")


@case("the same line is the same contract")
def same():
    with Bench() as bench:
        equal(contract_of(bench, "ls -l"), contract_of(bench, "ls  '-l'"), "contract")
        equal(contract_of(bench, "ls -l") == contract_of(bench, "ls -a"), False, "another line's")


@case("a closed standard output is 73")
def closed_stdout():
    with Bench() as bench:
        done = subprocess.run(["sh", "-c", 'exec "$0" from-shell true >&-', CSC], cwd=bench.root, capture_output=True, check=False)
        equal(done.returncode, 73, "exit code")


# Bash is the judge: what it prints, and what is in the files then.
RUNS = [
    ("words", "printf '%s|' a 'b c' \"d\\\"e\" f\\ g ''x"),
    ("a pipeline", "printf '%s\\n' b a b | sort | uniq -c"),
    ("commands in order", "echo 1 && echo 2\necho 3"),
    ("files", "printf '%s\\n' b a > list && sort < list >> list2\ncat list2"),
    ("folders", "cd sub && pwd && echo x > ../y && cd .. && cat y"),
    ("stderr beside stdout", "echo a 2>&1 && ls < /dev/null"),
]


@cases(RUNS)
def runs(line):
    with Bench() as bench:
        rules = bench.write("policy.yaml", bench.policy(allow_commands=[*ALLOWED, "tee", "pwd"]))
        seen, left = [], []
        for shell in (True, False):
            os.makedirs(os.path.join(bench.work, "sub"), exist_ok=True)
            if shell:
                done = subprocess.run(["bash", "-e", "-c", line], cwd=bench.work, capture_output=True, check=True)
                seen.append(done.stdout.decode())
            else:
                contract = contract_of(bench, line, "--policy", rules)
                result = bench.csc("run", bench.write("contract.json", contract), rules, "--quiet")
                equal(result.code, 0, f"csc run: {result!r}")
                seen.append(result.out)
            left.append({})
            for name in sorted(os.listdir(bench.work)):
                if name != "sub":
                    with open(os.path.join(bench.work, name), encoding="utf-8") as file:
                        left[-1][name] = file.read()
                    os.unlink(os.path.join(bench.work, name))
        # What goes to a file is captured, too.
        equal([word for word in seen[0].splitlines() if word not in seen[1].splitlines()], [], "printed")
        if ">" not in line.replace("2>&1", ""):
            equal(seen[1], seen[0], "printed")
        equal(left[1], left[0], "files")


@case("what is denied is denied by csc check, not here")
def denied():
    with Bench() as bench:
        contract = contract_of(bench, "dd if=/dev/zero", "--policy", policy(bench))
        result = bench.csc("check", "-", policy(bench), stdin=json.dumps(contract).encode())
        equal(result.code, 1, "exit code")
        matches("COMMAND_NOT_ALLOWED", result.out)


main()
