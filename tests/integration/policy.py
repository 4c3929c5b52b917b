# SPDX-License-Identifier: Apache-2.0
"""csc policy: what lint, test, diff and replay print, and how they exit."""

import datetime
import json
import os
import re
import xml.etree.ElementTree

from bench import Bench
from tap import case, cases, equal, main, matches

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
POLICIES = os.path.join(ROOT, "policies")
HOSTILE = "\x1b[31mred\u202e"


# ---- lint ------------------------------------------------------------------------------------------------------------

def plain(bench, **changes):
    """A policy in which nothing graver than a note is found."""
    return bench.write("policy.yaml", bench.policy(**{"allow_commands": ["cat"], "allowed_effect_types": ["observe"],
                                                      "allowed_write_prefixes": [], "allowed_cwd_prefixes": ["/srv/x"],
                                                      "allowed_read_prefixes": ["/srv/x"], **changes}))


@case("lint: notes only are exit code 0, and nothing at all says so")
def lint_notes():
    with Bench() as bench:
        result = bench.csc("policy", "lint", plain(bench))
        equal((result.code, result.err), (0, ""), result)
        matches(r"^\S+/policy.yaml:1:\d+: note: allow_commands: 'cat' .*; .* \[command-by-name\]\n$", result.out)
        result = bench.csc("policy", "lint", plain(bench, allow_commands=["/bin/cat"]))
        equal((result.code, result.out), (0, bench.path("policy.yaml") + ": nothing found\n"))


@case("lint: a warning is exit code 1, in any of several policies, from standard input too")
def lint_warnings():
    with Bench() as bench:
        good = os.path.join(POLICIES, "deny-all.yaml")
        path = plain(bench, network="full")
        result = bench.csc("policy", "lint", good, path)
        equal(result.code, 1, result)
        matches(r"(?m)^\S+policy.yaml:1:\d+: warning: network: .*\[network-full\]$", result.out)
        result = bench.csc("policy", "lint", "-", stdin=open(path, "rb").read())
        equal(result.code, 1, result)
        matches(r"(?m)^standard input:1:\d+: warning: network: ", result.out)


@case("lint: JSON has every finding, and the counts")
def lint_json():
    with Bench() as bench:
        result = bench.csc("policy", "lint", "--json", plain(bench, deny_argv_prefixes=[["cat", HOSTILE], ["rm"]]))
        equal((result.code, result.err), (1, ""), result)
        made = result.json()
        equal((made["errors"], made["warnings"], made["notes"]), (0, 1, 2))
        finding = [one for one in made["policies"][0]["findings"] if one["rule"] == "deny-prefix-unreachable"][0]
        equal((finding["severity"], finding["field"], finding["line"]), ("warning", "deny_argv_prefixes[1]", 1))
        equal("\x1b" in result.out or "\u202e" in result.out, False, "escape sequences")


@cases([("what is no policy", "a: b", 65), ("a policy that is not there", None, 66)])
def lint_fails(text, code):
    with Bench() as bench:
        path = bench.write("x", text) if text else bench.path("x")
        result = bench.csc("policy", "lint", path)
        equal((result.code, result.out), (code, ""), result)
        result = bench.csc("policy", "lint", "--json", path)
        equal((result.code, result.json()["error"]["code"]), (code, code), result)


@case("lint: a policy that may be written under itself is an error")
def lint_itself():
    with Bench() as bench:
        path = plain(bench, allowed_write_prefixes=[bench.root], allowed_effect_types=["transform_local"])
        result = bench.csc("policy", "lint", path)
        equal(result.code, 1, result)
        matches(r"error: allowed_write_prefixes\[0\]: .*: 'this policy'; .*\[write-protected\]", result.out)


SHIPPED = {"ci-build": {"network-allowlisted"}}


@case("lint: of the shipped policies, only what is known is graver than a note")
def lint_shipped():
    with Bench() as bench:
        names = sorted(name for name in os.listdir(POLICIES) if name.endswith(".yaml"))
        result = bench.csc("policy", "lint", "--json", *(os.path.join(POLICIES, name) for name in names))
        for name, policy in zip(names, result.json()["policies"]):
            found = {one["rule"] for one in policy["findings"] if one["severity"] != "note"}
            equal(found, SHIPPED.get(name[:-5], set()), name)


def lint_rules():
    """(name, severity, meaning) of the table."""
    with open(os.path.join(ROOT, "src", "policy", "lint_table.c"), encoding="utf-8") as file:
        found = re.findall(r'\{"([a-z-]+)", ([NWE]), \w+,\s*((?:"(?:[^"\\]|\\.)*"\s*)+),', file.read())
    for name, severity, text in found:
        meaning = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text))
        yield name, {"N": "note", "W": "warning", "E": "error"}[severity], meaning + "."


@case("lint: csc-policy(1) has every rule, with its severity and meaning")
def lint_manual():
    with open(os.path.join(ROOT, "man", "csc-policy.1"), encoding="utf-8") as file:
        listed = re.findall(r"^\.It Sy ([a-z-]+) Pq (\w+)\n((?:[^.\n].*\n)+)", file.read(), re.M)
    equal([(name, severity, text.replace("\n", " ").strip()) for name, severity, text in listed], list(lint_rules()))
    equal(len(listed) > 50, True)


# ---- test ------------------------------------------------------------------------------------------------------------

def pack(bench, *made, folder="packs", **changes):
    """A pack with a policy beside it."""
    os.makedirs(bench.path(folder), exist_ok=True)
    bench.write(os.path.join(folder, "policy.yaml"), bench.policy())
    return bench.write(os.path.join(folder, "pack.yaml"),
                       {"name": "some", "policy": "policy.yaml", "cases": list(made), **changes})


def one(bench, name="one", decision="allow", **changes):
    expect = {"decision": decision, **{key: changes.pop(key) for key in ("reason_code", "classified") if key in changes}}
    made = {"name": name, "expect": expect, **changes}
    if "shell" in made:
        return {"cwd": bench.work, **made}
    return made if "contract" in made else {"argv": ["cat", "x"], "cwd": bench.work, **made}


@case("test: the packs of the shipped policies pass, and every policy has one")
def test_shipped():
    with Bench() as bench:
        result = bench.csc("policy", "test", "--json", POLICIES)
        equal((result.code, result.json()["failed"]), (0, 0), result)
        equal({made["name"] + ".yaml" for made in result.json()["packs"]},
              {name for name in os.listdir(POLICIES) if name.endswith(".yaml")})


@case("test: TAP 14, with what was decided instead")
def test_tap():
    with Bench() as bench:
        pack(bench, one(bench), one(bench, "# SKIP \\ two", "deny", argv=["rm", "x"], reason_code="TIMEOUT_EXCEEDS_POLICY"))
        result = bench.csc("policy", "test", bench.path("packs"))
        equal((result.code, result.err), (1, ""), result)
        lines = result.out.splitlines()
        equal(lines[:4], ["TAP version 14", "1..2", "ok 1 - some: one", "not ok 2 - some: \\# SKIP \\\\ two"])
        matches(r'^  message: "expected deny TIMEOUT_EXCEEDS_POLICY, decided deny COMMAND_NOT_ALLOWED: .*"$', lines[5])
        equal((lines[4], lines[6:]), ("  ---", ["  ..."]))


@case("test: JUnit's XML says the same, whatever stands in names")
def test_junit():
    with Bench() as bench:
        name = f"<&>\"' {HOSTILE} ]]>\ufffd\ufffe\uffff\u00e9"
        pack(bench, one(bench, name), one(bench, "two", "deny"), name=name)
        result = bench.csc("policy", "test", "--format", "junit", bench.path("packs"))
        equal(result.code, 1, result)
        root = xml.etree.ElementTree.fromstring(result.out)
        equal((root.tag, root.attrib["tests"], root.attrib["failures"]), ("testsuites", "2", "1"))
        first, second = root[0]
        shown = "<&>\"' \\x1b[31mred\\u202e ]]>\ufffd\\ufffe\\uffff\u00e9"
        equal((root[0].attrib["name"], first.attrib["name"], len(first)), (shown, shown, 0))
        matches(r"^expected deny, decided allow ALLOW: ", second[0].attrib["message"])


@cases([("a decision", {"decision": "deny"}, 1), ("a code", {"decision": "allow", "reason_code": "ALLOW"}, 0),
        ("effects", {"decision": "allow", "classified": ["observe"]}, 0),
        ("other effects", {"decision": "allow", "classified": ["deploy"]}, 1),
        ("fewer effects", {"decision": "allow", "classified": []}, 1)])
def test_expectations(expect, code):
    with Bench() as bench:
        pack(bench, {**one(bench), "expect": expect})
        equal(bench.csc("policy", "test", bench.path("packs")).code, code)


@case("test: a contract is decided as csc check decides it")
def test_contract():
    with Bench() as bench:
        pack(bench, one(bench, "yes", contract="c.json"), one(bench, "no", "deny", contract="no/c.json"))
        os.mkdir(bench.path("packs", "no"))
        bench.write("packs/c.json", bench.contract(["cat", "x"]))
        bench.write("packs/no/c.json", bench.contract(["rm", "x"]))
        result = bench.csc("policy", "test", bench.path("packs"))
        equal((result.code, result.out), (0, "TAP version 14\n1..2\nok 1 - some: yes\nok 2 - some: no\n"), result)


@case("test: each of several policies by its name; packs below the folder, in order")
def test_several():
    with Bench() as bench:
        pack(bench, one(bench, policy="b"), one(bench, "two", "deny", policy="a"), folder="z", policies={"b": "policy.yaml",
                                                                                                  "a": "a.yaml"}, name="last")
        path = bench.path("z", "pack.yaml")
        made = json.load(open(path, encoding="utf-8"))
        del made["policy"]
        bench.write("z/pack.yaml", made)
        bench.write("z/a.yaml", bench.policy(allow_commands=["ls"]))
        pack(bench, one(bench), folder="a/b", name="first")
        pack(bench, one(bench), folder=".hidden", name="hidden")
        result = bench.csc("policy", "test", bench.root)
        equal((result.code, result.out),
              (0, "TAP version 14\n1..3\nok 1 - first: one\nok 2 - last: one\nok 3 - last: two\n"), result)


@case("test: options of a command make its contract")
def test_options():
    with Bench() as bench:
        pack(bench, one(bench, "1", "deny", network="full", reason_code="NETWORK_EXCEEDS_POLICY"),
             one(bench, "2", "deny", timeout_sec=61, reason_code="TIMEOUT_EXCEEDS_POLICY"),
             one(bench, "3", "deny", secret_refs=["x"], reason_code="SECRET_REF_NOT_ALLOWED"),
             one(bench, "4", "deny", read_paths=["/etc/x"], reason_code="READ_SCOPE_DENIED"),
             one(bench, "5", "deny", write_paths=["/etc/x"], reason_code="WRITE_SCOPE_DENIED"),
             one(bench, "6", "deny", risk_class="high", reason_code="RISK_CLASS_NOT_ALLOWED"),
             one(bench, "7", "deny", cwd="/", reason_code="CWD_NOT_ALLOWED"))
        result = bench.csc("policy", "test", bench.path("packs"))
        equal(result.code, 0, result)


@case("test: a shell line is read without a shell, command by command")
def test_shell():
    with Bench() as bench:
        pack(bench, one(bench, "1", shell="cat x | sort && ls", classified=["observe", "observe"]),
             one(bench, "2", "deny", shell="cat x && rm y", reason_code="COMMAND_NOT_ALLOWED", classified=["observe"]),
             one(bench, "3", "deny", shell="cat x > /etc/y", reason_code="COMMAND_NOT_ALLOWED"),
             one(bench, "4", shell="cat $(ls)"))
        result = bench.csc("policy", "test", bench.path("packs"))
        equal(result.code, 1, result)
        equal([line.split(" - ")[0] for line in result.out.splitlines() if "ok " in line],
              ["ok 1", "ok 2", "ok 3", "not ok 4"])
        matches(r'message: "expected allow, but this makes no contract: .*substitution', result.out)


# what is exchanged in a pack, exit code, what is said
BAD = [
    ("an unknown field", {"x": 1}, 65, "x: unknown field"),
    ("no cases", {"cases": []}, 65, "cases"),
    ("neither policy nor policies", {"policy": None}, 65, "exactly one of policy and policies is needed"),
    ("policies that are no mapping", {"policy": None, "policies": ["a"]}, 65, "policies: an array where names"),
    ("a policy that is not there", {"policy": "none.yaml"}, 66, "packs/none.yaml: cannot open"),
    ("a policy outside", {"policy": "../outside.yaml"}, 66, "leads out of the folder"),
    ("an absolute path", {"policy": "/etc/passwd"}, 66, "leads out of the folder"),
    ("a symlink that leads out", {"policy": "link.yaml"}, 66, "leads out of the folder"),
    ("a folder as policy", {"policy": "."}, 66, "directory"),
    ("what is no policy", {"policy": "pack.yaml"}, 65, "packs/pack.yaml: "),
    ("a case with nothing to run", {"cases": [{"name": "x", "expect": {"decision": "allow"}}]}, 65, "cases[0].contract: exactly one"),
    ("a case without cwd", {"cases": [{"name": "x", "argv": ["ls"], "expect": {"decision": "allow"}}]}, 65, "cases[0].cwd: missing"),
    ("a contract with cwd", {"cases": [{"name": "x", "contract": "c", "cwd": "/", "expect": {"decision": "allow"}}]}, 65,
     "cases[0].cwd: a contract says that itself"),
    ("a contract that is not there", {"cases": [{"name": "x", "contract": "c", "expect": {"decision": "allow"}}]}, 66, "packs/c: cannot open"),
    ("an unknown code", {"cases": [{"name": "x", "argv": ["ls"], "cwd": "/", "expect": {"decision": "allow", "reason_code": "X"}}]}, 65,
     "is no reason code"),
    ("an unknown policy", {"cases": [{"name": "x", "policy": "y", "argv": ["ls"], "cwd": "/", "expect": {"decision": "allow"}}]}, 65,
     "is none of the pack's policies"),
]


@cases([(f"test: {name}", *rest) for name, *rest in BAD])
def test_bad(changes, code, said):
    with Bench() as bench:
        path = pack(bench, one(bench))
        made = {**json.load(open(path, encoding="utf-8")), **changes}
        bench.write("packs/pack.yaml", {key: value for key, value in made.items() if value is not None})
        bench.write("outside.yaml", bench.policy())
        os.symlink("../outside.yaml", bench.path("packs", "link.yaml"))
        result = bench.csc("policy", "test", bench.path("packs"))
        equal((result.code, result.out), (code, ""), result)
        equal(said in result.err, True, result)


def deep(count):
    return os.path.join(*["d"] * count)


@cases([("test: a pack 16 folders deep is found", 16, 0), ("test: one that lies deeper is an error, not passed over", 17, 66)])
def test_depth(depth, code):
    with Bench() as bench:
        pack(bench, one(bench))
        pack(bench, one(bench, "two", "deny"), folder=os.path.join("packs", deep(depth)))
        result = bench.csc("policy", "test", bench.path("packs"))
        equal(result.code, code or 1, result)
        if code:
            equal((result.out, f"'{deep(17)}' lies more than 16 folders deep" in result.err), ("", True), result)
        else:
            matches("not ok 2 - some: two", result.out)


@cases([("test: a pack.yaml that is a symlink is read", "other.yaml", 1, ""),
        ("test: one that leads out is an error", "../../out.yaml", 66, "leads out of the folder"),
        ("test: one that leads nowhere is an error", "none.yaml", 66, "b/pack.yaml: cannot open"),
        ("test: one that leads to a folder is an error", "folder", 66, "directory")])
def test_symlink(target, code, said):
    with Bench() as bench:
        pack(bench, one(bench), folder="packs/a")
        path = pack(bench, one(bench, "two", "deny"), folder="packs/b")
        bench.write("out.yaml", open(path, encoding="utf-8").read())
        os.rename(path, bench.path("packs", "b", "other.yaml"))
        os.mkdir(bench.path("packs", "b", "folder"))
        os.symlink(target, path)
        result = bench.csc("policy", "test", bench.path("packs"))
        equal((result.code, said in result.err), (code, True), result)
        equal("not ok 2 - some: two" in result.out, code == 1, result)


@case("test: usage")
def test_usage():
    with Bench() as bench:
        os.mkdir(bench.path("empty"))
        result = bench.csc("policy", "test", bench.path("empty"))
        equal(result.code, 66, result)
        matches("there is no pack.yaml", result.err)
        equal(bench.csc("policy", "test", bench.path("none")).code, 66)
        equal(bench.csc("policy", "test", "--format", "xml", bench.path("empty")).code, 64)
        equal(bench.csc("policy", "test", "--format", "tap", "--json", bench.path("empty")).code, 64)


# ---- diff ------------------------------------------------------------------------------------------------------------

@case("diff: what is more and what is less, and the exit codes of diff(1)")
def diff():
    with Bench() as bench:
        before = bench.write("a.yaml", bench.policy())
        after = bench.write("b.yaml", bench.policy(allow_commands=["cat", HOSTILE], network="full"))
        result = bench.csc("policy", "diff", before, before)
        equal((result.code, result.out, result.err), (0, "", ""))
        result = bench.csc("policy", "diff", before, after)
        equal(result.code, 1, result)
        matches(r"(?m)^\+ more  allow_commands: '\\x1b\[31mred\\u202e'$", result.out)
        matches(r"(?m)^- less  allow_commands: 'git'$", result.out)
        matches(r"(?m)^\+ more  network: full, was deny$", result.out)
        made = bench.csc("policy", "diff", "--json", "-", after, stdin=open(before, "rb").read()).json()
        equal((made["more"], made["less"], len(made["changes"])), (2, len(bench.policy()["allow_commands"]) - 1,
                                                                  len(bench.policy()["allow_commands"]) + 1))
        equal(bench.csc("policy", "diff", "-", "-").code, 64)
        equal(bench.csc("policy", "diff", before, bench.path("none")).code, 66)
        equal(bench.csc("policy", "diff", bench.write("x", "a: b"), after).code, 65)


@case("diff: another name is no permission")
def diff_name():
    with Bench() as bench:
        before, after = bench.write("a", bench.policy()), bench.write("b", bench.policy(name="other"))
        result = bench.csc("policy", "diff", before, after)
        equal((result.code, result.out), (0, "  same  name: 'other', was 'tests'\n"), result)


# ---- replay ----------------------------------------------------------------------------------------------------------

class History(Bench):
    """Some executions, their contracts in a folder."""

    def __enter__(self):
        super().__enter__()
        os.mkdir(self.path("contracts"))
        self.ledger = self.path("ledger.db")
        self.old = self.write("old.yaml", self.policy())
        return self

    def execute(self, name, *args, code=0, keep=True, policy=None, **contract):
        made = self.contract(contract.pop("argv"), contract_id=f"contract-{name}", **contract)
        path = self.write(f"{'contracts/' if keep else ''}{name}.json", made)
        result = self.csc("run", path, policy or self.old, "--ledger", self.ledger, "--receipt-out", "none", "--json", *args)
        equal(result.code, code, result)

    def replay(self, *args, contracts=True, **policy):
        path = self.write("new.yaml", self.policy(**policy))
        folder = ["--contracts", self.path("contracts")] if contracts else []
        return self.csc("policy", "replay", path, "--ledger", self.ledger, *folder, *args)


@case("replay: what ran and would be denied, and the other way round")
def replay_differences():
    with History() as bench:
        bench.execute("ran", argv=["true"])
        bench.execute("failed", argv=["false"], code=1)
        bench.execute("denied", argv=["rm", "x"], code=1)
        result = bench.replay()
        equal((result.code, result.out), (0, "0 would be decided differently, 3 the same\n"), result)
        result = bench.replay(allow_commands=["false", "rm"])
        equal((result.code, result.err), (1, ""), result)
        lines = result.out.splitlines()
        matches(r"^#0 \S+ \S+Z \S+ contract-ran: ran; would be denied: COMMAND_NOT_ALLOWED: .*'true'", lines[0])
        matches(r"^#2 \S+ \S+Z \S+ contract-denied: was denied \(COMMAND_NOT_ALLOWED\); would be allowed$", lines[1])
        equal(lines[2:], ["2 would be decided differently, 1 the same"])
        made = bench.replay("--json", allow_commands=["false", "rm"]).json()
        equal((len(made["different"]), made["same"], made["not_replayed"], made["not_compared"]), (2, 1, 0, 0))
        equal((made["different"][0]["before"], made["different"][0]["reason_code"]), ("ran", "COMMAND_NOT_ALLOWED"))
        equal(made["different"][1]["entry"]["contract_id"], "contract-denied")
        made = bench.replay("--json", "--since", "2099-01-01").json()
        equal((made["different"], made["same"]), ([], 0))


@case("replay: nothing is claimed where the contract is not at hand")
def replay_without_contract():
    with History() as bench:
        bench.execute("kept", argv=["true"])
        bench.execute("lost", argv=["true"], keep=False, intent="other")
        bench.write("contracts/noise", "no contract")
        result = bench.replay(allow_commands=["false"])
        equal(result.code, 1, result)
        matches(r"(?m)^1 not replayed: the contract is not at hand$", result.out)
        result = bench.replay(contracts=False, allow_commands=["false"])
        equal((result.code, result.out), (0, "0 would be decided differently, 0 the same\n"
                                             "2 not replayed: the contract is not at hand; give --contracts DIR\n"), result)


@case("replay: a folder of contracts that is nested too deeply is an error")
def replay_depth():
    with History() as bench:
        bench.execute("kept", argv=["true"])
        os.makedirs(bench.path("contracts", deep(17)))
        result = bench.replay()
        equal((result.code, result.out), (66, ""), result)
        matches("lies more than 16 folders deep", result.err)


@case("replay: a denial by arguments that the evidence holds is found without the contract")
def replay_evidence():
    with History() as bench:
        config = bench.write("csc.yaml", "config_version: csc.config.v0.1\nevidence:\n  argv: full\n")
        equal(bench.csc("keygen", "--out", bench.path("k")).code, 0)
        signing = ("--sign", "--signing-key", bench.path("k.key"), "--key-id", "k")
        bench.execute("full", "--config", config, *signing, argv=["true"], keep=False)
        bench.execute("hashed", *signing, argv=["true"], keep=False, intent="other")
        result = bench.replay(allow_commands=["false"])
        equal(result.code, 1, result)
        matches(r"(?m)^#0 .*: ran; would be denied: COMMAND_NOT_ALLOWED \(by the argv in its evidence, whose signature", result.out)
        matches(r"(?m)^1 would be decided differently, 0 the same$", result.out)
        matches(r"(?m)^1 not replayed", result.out)
        equal(bench.replay().code, 0)


@case("replay: approvals")
def replay_approvals():
    with History() as bench:
        asks = {"manual_approval_for_classified_effect_types": ["observe"]}
        asking = bench.write("asking.yaml", bench.policy(**asks))
        bench.execute("ran", argv=["true"])
        bench.execute("waits", argv=["true"], code=2, policy=asking, intent="other")
        result = bench.replay(**asks)
        equal((result.code, result.out),
              (0, "0 would be decided differently, 1 the same\n"
                  "1 not compared: what was decided, or whether it was approved, is not on record\n"), result)
        equal(bench.replay("--json", **asks).json()["not_compared"], 1)
        result = bench.replay()
        equal(result.code, 1, result)
        matches(r"(?m)^#1 .*: needed approval; would be allowed$", result.out)


@case("replay: without an approval in its evidence, what ran and would need one is decided differently")
def replay_unapproved():
    with History() as bench:
        equal(bench.csc("keygen", "--out", bench.path("k")).code, 0)
        bench.execute("ran", "--sign", "--signing-key", bench.path("k.key"), "--key-id", "k", argv=["true"])
        result = bench.replay(manual_approval_for_classified_effect_types=["observe"])
        equal(result.code, 1, result)
        matches(r"(?m)^#0 .*: ran; would need approval: .*\(no approval was used\)$", result.out)


@case("replay: under the policy that it was decided by, it is decided the same, with its contract or without")
def replay_same_policy():
    with History() as bench:
        asks = {"manual_approval_for_classified_effect_types": ["observe"]}
        bench.execute("lost", argv=["true"], keep=False)
        bench.execute("kept", argv=["rm", "x"], code=1, intent="other")
        result = bench.replay()
        equal((result.code, result.out), (0, "0 would be decided differently, 2 the same\n"), result)
        result = bench.replay(**asks)
        equal(result.out, "0 would be decided differently, 1 the same\n1 not replayed: the contract is not at hand\n", result)


@case("replay: with the approval that its evidence has, or that its contract asked for, it is decided the same")
def replay_approved():
    with History() as bench:
        asks = {"manual_approval_for_classified_effect_types": ["observe"]}
        asking = bench.write("asking.yaml", bench.policy(**asks))
        equal(bench.csc("keygen", "--out", bench.path("k")).code, 0)
        signing = ("--sign", "--signing-key", bench.path("k.key"), "--key-id", "k")
        for name, policy, mode in [("by-policy", asking, "policy_only"), ("by-contract", bench.old, "human_required")]:
            contract = bench.contract(["true"], contract_id=f"contract-{name}", approval_mode=mode)
            path = bench.write(f"contracts/{name}.json", contract)
            digest = bench.csc("hash", "contract", path).out.strip()
            now = datetime.datetime.now(datetime.timezone.utc)
            approval = bench.write("approval", {
                "approval_version": "csc.approval.v0.1", "approval_id": f"approval-{name}", "contract_sha256": digest,
                "approver": {"identity": "ann", "method": "manual"}, "approved_at": now.isoformat(),
                "expires_at": (now + datetime.timedelta(hours=1)).isoformat(), "scope": "single_execution"})
            bench.execute(name, "--approval", approval, *(signing if name == "by-policy" else ()), argv=["true"],
                          policy=policy, approval_mode=mode)
        result = bench.replay(**asks)
        equal((result.code, result.out), (0, "0 would be decided differently, 2 the same\n"), result)


@case("replay: what was blocked for another reason is not compared")
def replay_untold():
    with History() as bench:
        secret = bench.write("secret.yaml", bench.policy(allow_secret_refs=True))
        command = bench.command("true", secret_refs=["x"])
        bench.execute("secret", argv=command, code=78, policy=secret)
        result = bench.replay()
        matches(r"(?m)^1 not compared: ", result.out)


@cases([("no ledger", ["--ledger", "/nonexistent/x"], 66), ("a wrong time", ["--since", "x"], 64),
        ("no folder", ["--contracts", "/nonexistent"], 66)])
def replay_fails(args, code):
    with Bench() as bench:
        path = bench.write("new.yaml", bench.policy())
        equal(bench.csc("policy", "replay", path, *args).code, code)


# ---- documents -------------------------------------------------------------------------------------------------------

def blocks(*parts):
    """Fenced blocks of a document, and what stands between .Bd and .Ed in a manual page."""
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        text = file.read()
    return re.findall(r"^\.Bd -literal\n(.*?)^\.Ed", text, re.M | re.S) + re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)


@cases([("documents: the pack of docs/POLICY-AUTHORING.md passes", ("docs", "POLICY-AUTHORING.md")),
        ("documents: the pack of csc-policy(1) passes", ("man", "csc-policy.1"))])
def document_packs(parts):
    packs = [block for block in blocks(*parts) if block.startswith("name: ")]
    equal(len(packs), 1)
    with Bench() as bench:
        os.mkdir(bench.path("pack"))
        bench.write("pack/pack.yaml", packs[0])
        folders = {f"allowed_{kind}_prefixes": ["/srv/project"] for kind in ("cwd", "read", "write")}
        bench.write("pack/project.yaml", bench.policy(allow_commands=["make", "git"], **folders))
        waits = bench.command("make", "release", cwd="/srv/project", read_paths=[], proposed_effect_type="transform_local")
        bench.write("pack/release.json", bench.contract(waits, approval_mode="human_required"))
        result = bench.csc("policy", "test", bench.path("pack"))
        equal(result.code, 0, result)


if __name__ == "__main__":
    main()
