# SPDX-License-Identifier: Apache-2.0
"""check and explain: what they print, how they exit; hash and canonicalize."""

import hashlib
import json
import os

from bench import Bench
from tap import case, cases, equal, main, matches

# name, (bench) -> changes of the contract, changes of the policy, code, exit code
DECISIONS = [
    ("allow", lambda b: {}, {}, "ALLOW", 0),
    ("risk class", lambda b: {"risk_class": "high"}, {}, "RISK_CLASS_NOT_ALLOWED", 1),
    ("command", lambda b: {"commands": [b.command("rm", "x")]}, {}, "COMMAND_NOT_ALLOWED", 1),
    ("argv prefix", lambda b: {"commands": [b.command("git", "push", "x")]}, {"deny_argv_prefixes": [["git", "push"]]},
     "ARGV_PREFIX_DENIED", 1),
    ("effect", lambda b: {"commands": [b.command("true", proposed_effect_type="deploy")]}, {}, "EFFECT_TYPE_NOT_ALLOWED", 1),
    ("classified effect", lambda b: {"commands": [b.command("git", "push")]}, {}, "EFFECT_TYPE_NOT_ALLOWED", 1),
    ("timeout", lambda b: {"commands": [b.command("true", timeout_sec=61)]}, {}, "TIMEOUT_EXCEEDS_POLICY", 1),
    ("network", lambda b: {"commands": [b.command("true", network="full")]}, {}, "NETWORK_EXCEEDS_POLICY", 1),
    ("secrets", lambda b: {"commands": [b.command("true", secret_refs=["s"])]}, {}, "SECRET_REF_NOT_ALLOWED", 1),
    ("cwd", lambda b: {"commands": [b.command("true", cwd="/")]}, {}, "CWD_NOT_ALLOWED", 1),
    ("read scope", lambda b: {"commands": [b.command("true", read_paths=["/etc"])]}, {}, "READ_SCOPE_DENIED", 1),
    ("write scope", lambda b: {"commands": [b.command("true", write_paths=["/etc"])]}, {}, "WRITE_SCOPE_DENIED", 1),
    ("write paths", lambda b: {"commands": [b.command("true", write_paths=[b.work])]}, {"require_write_paths_empty": True},
     "WRITE_PATHS_NOT_EMPTY", 1),
    ("path", lambda b: {"commands": [b.command("true", read_paths=["//work"])]}, {}, "PATH_NOT_ABSOLUTE", 1),
    ("approval mode", lambda b: {"approval_mode": "human_required"}, {}, "APPROVAL_REQUIRED", 2),
    ("approval of an effect", lambda b: {"commands": [b.command("git", "commit")]},
     {"allowed_effect_types": ["observe", "mutate_repo"],
      "manual_approval_for_classified_effect_types": ["mutate_repo"]}, "APPROVAL_REQUIRED", 2),
]


@cases(DECISIONS)
def decision(contract, policy, code, exit_code):
    with Bench() as bench:
        inputs = bench.inputs(policy=policy, **contract(bench))
        word = {0: "allow", 1: "deny", 2: "needs_approval"}[exit_code]
        result = bench.csc("check", *inputs)
        equal((result.code, result.err), (exit_code, ""), result)
        matches(rf"\A{word}\n\Z" if word == "allow" else rf"\A{word} {code}: [^\n]+\n\Z", result.out)

        result = bench.csc("check", *inputs, "--json")
        equal((result.code, result.err), (exit_code, ""), result)
        body = result.json()
        equal((body["decision"], body["reason_codes"], body["contract_id"]), (word, [code], "contract-1"))
        equal(bench.csc("validate", "decision", "-", stdin=result.raw_out).code, 0)

        result = bench.csc("explain", *inputs)
        equal((result.code, result.err), (exit_code, ""), result)
        matches(rf"(?m)^Decision: {word}", result.out)
        equal(len([line for line in result.out.splitlines() if line.startswith("  > ")]), 1, result)
        matches(rf"(?m)^  > (pass|deny|approval) .*<- decides: {code}$", result.out)
        equal("Smallest change that would be allowed:\n" in result.out or "Nothing has to change: a person" in result.out,
              word != "allow", result)
        equal(bench.nothing_written(), True)


NOTE = "csc: note: hardened mode does not start '{}' (command '{}') unless blocked_programs in csc-config(5) says otherwise\n"
# name, (bench) -> commands, the programs noted and their commands, what is said at the end
NOTES = [
    ("a shell", lambda b: [["sh", "-c", "x"]], [("sh", "c0")], ""),
    ("by path, letters of either case", lambda b: [["/bin/Bash"]], [("Bash", "c0")], ""),
    ("once a name", lambda b: [["env"], ["/usr/bin/env"], ["sh"]], [("env", "c0"), ("sh", "c2")], ""),
    ("in a pipeline", lambda b: [b.command(id="c0", segments=[["cat"], ["python3.11", "x"]])], [("python3.11", "c0")], ""),
    ("at most ten", lambda b: [[f"python{i}"] for i in range(12)], [(f"python{i}", f"c{i}") for i in range(10)],
     "csc: note: there are more of them\n"),
    ("other programs", lambda b: [["git", "sh"], ["shasum"], ["/sh/true"]], [], ""),
]


@cases([(f"check notes what hardened mode does not start: {name}", *rest) for name, *rest in NOTES])
def notes(commands, wanted, end):
    with Bench() as bench:
        inputs = bench.inputs(*commands(bench))
        text, as_json = bench.csc("check", *inputs), bench.csc("check", *inputs, "--json")
        equal(text.err, "".join(NOTE.format(*words) for words in wanted) + end)
        equal((as_json.code, as_json.err), (text.code, text.err))
        equal(bench.csc("validate", "decision", "-", stdin=as_json.raw_out).code, 0)


@case("a note changes no decision, and shows hostile names harmless")
def notes_only_say():
    with Bench() as bench:
        inputs = bench.inputs(bench.command("sh", "-c", "true"))
        equal((bench.csc("check", *inputs).out, bench.csc("check", *inputs).code), ("allow\n", 0))
        result = bench.csc("check", *bench.inputs(bench.command("python\x1b[31m\n", id="a\x1b]0;x\x07")))
        equal((result.code, len(result.err.splitlines())), (1, 1), result)
        equal([c for c in result.err if c in "\x1b\x07"], [], "escape sequences")


@case("explain: every command is walked, the change is the smallest, the policy's changes are marked")
def explain():
    with Bench() as bench:
        inputs = bench.inputs(bench.command("ls", id="slow", timeout_sec=90), bench.command("rm", id="gone"))
        result = bench.csc("explain", *inputs)
        equal(result.code, 1, result)
        matches(r"(?m)^contract$", result.out)
        matches(r"(?m)^command 'slow'$", result.out)
        matches(r"(?m)^command 'gone'$", result.out)
        matches(r"(?m)^  > deny .*90.*60.*<- decides: TIMEOUT_EXCEEDS_POLICY$", result.out)
        matches(r"(?m)^  commands\[0\]\.timeout_sec: .*60", result.out)
        matches(r"(?m)^  \(policy\) allow_commands: .*rm", result.out)
        matches(r"(?m)^Decision with it: allow$", result.out)

        body = bench.csc("explain", *inputs, "--json").json()
        equal(set(body), {"changes", "decision", "decision_with_changes", "findings"})
        equal(body["decision"]["reason_codes"], ["TIMEOUT_EXCEEDS_POLICY"])
        equal([finding["reason_code"] for finding in body["findings"] if finding["decided"]], ["TIMEOUT_EXCEEDS_POLICY"])
        equal({change["in"] for change in body["changes"]}, {"contract", "policy"})


@case("hostile text in a contract is shown harmless")
def hostile():
    with Bench() as bench:
        inputs = bench.inputs(bench.command("rm\x1b[31m\u202e\n", id="a\x1b]0;x\x07"))
        for args in (["check", *inputs], ["explain", *inputs], ["run", *inputs]):
            result = bench.csc(*args)
            equal(result.code, 1, result)
            for text in (result.out, result.err):
                equal([c for c in text if c in "\x1b\x07\u202e"], [], f"escape sequences of {args[0]}")


@case("hash: spelling doesn't matter, meaning does")
def hashes():
    with Bench() as bench:
        contract = bench.contract()
        path = bench.write("contract.json", contract)
        canonical = json.dumps({**contract, "expected_outputs": []}, sort_keys=True, separators=(",", ":"))
        wanted = hashlib.sha256(canonical.encode()).hexdigest()
        equal(bench.csc("hash", "contract", path).out, wanted + "\n")
        spelled = json.dumps(dict(reversed(contract.items())), indent=3)
        equal(bench.csc("hash", "contract", "-", stdin=spelled.encode()).out, wanted + "\n")
        equal(bench.csc("hash", "contract", bench.write("c2", {**contract, "intent": "other"})).out == wanted + "\n", False)

        policy = bench.policy()
        canonical = json.dumps(policy, sort_keys=True, separators=(",", ":"))
        wanted = hashlib.sha256(canonical.encode()).hexdigest()
        yaml = "# a comment\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in reversed(policy.items()))
        equal(bench.csc("hash", "policy", bench.write("p1", policy)).out, wanted + "\n")
        equal(bench.csc("hash", "policy", bench.write("p2", yaml)).out, wanted + "\n")


CANONICAL = [
    ("white space and order", b' { "b" : 1 , "a" : [ true , null ] } \n', b'{"a":[true,null],"b":1}'),
    ("escapes", b'"\\u0041\\/\\u00e9\\u001f\\n\\u007f"', '"A/\u00e9\\u001f\\n\x7f"'.encode()),
    ("order by code point", '{"\uffff":1,"\U0001f600":2,"a":3}'.encode(), '{"a":3,"\uffff":1,"\U0001f600":2}'.encode()),
    ("surrogate pair", b'"\\ud83d\\ude00"', "\U0001f600".join('""').encode()),
    ("minus zero", b"-0", b"0"),
    ("the largest integers", b"[9223372036854775807,-9223372036854775808]",
     b"[9223372036854775807,-9223372036854775808]"),
    ("64 levels", b"[" * 64 + b"]" * 64, b"[" * 64 + b"]" * 64),
]


@cases(CANONICAL)
def canonicalize(text, wanted):
    with Bench() as bench:
        result = bench.csc("canonicalize", "-", stdin=text)
        equal((result.code, result.raw_out, result.err), (0, wanted, ""))


@case("validate says so in a line")
def validate():
    with Bench() as bench:
        contract, policy = bench.inputs()
        equal(bench.csc("validate", "contract", contract).out, f"{contract}: valid contract\n")
        equal(bench.csc("validate", "policy", "-", stdin=open(policy, "rb").read()).out, "standard input: valid policy\n")
        approval = {"approval_version": "csc.approval.v0.1", "approval_id": "a-1", "contract_sha256": "0" * 64,
                    "approver": {"identity": "ann", "method": "cli"}, "approved_at": "2026-01-01T00:00:00Z",
                    "expires_at": "2026-01-02T00:00:00Z", "scope": "single_execution"}
        equal(bench.csc("validate", "approval", bench.write("a", approval)).code, 0)
        approval["expires_at"] = approval["approved_at"]
        result = bench.csc("validate", "approval", bench.write("a", approval))
        equal(result.code, 65)
        matches(r"expires_at", result.err)


@case("the example of a configuration is valid")
def shipped_configuration():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "csc.yaml")
    with Bench() as bench:
        equal(bench.csc("validate", "config", path).out, f"{path}: valid config\n")
        equal(bench.csc("validate", "config", "-", stdin=b"config_version: csc.config.v0.1\nrun_as: '5:5'\n").out,
              "standard input: valid config\n")


@case("the policies that come with csc are valid")
def shipped_policies():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "policies")
    names = [name for name in sorted(os.listdir(folder)) if name.endswith((".yaml", ".yml"))]
    equal(len(names) >= 5, True, "number of policies")
    with Bench() as bench:
        for name in names:
            equal(bench.csc("validate", "policy", os.path.join(folder, name)).code, 0, name)


if __name__ == "__main__":
    main()
