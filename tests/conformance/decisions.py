#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Contracts and policies as texts, and the decisions that follow from them.

    decisions.py TOOL CASES

A case changes the bases of the file: `contract` and `policy` map paths (commands.0.cwd) to values. It says the reason
code, the classified effects in order, and what the decision is once the changes that csc_explain() names are made (`then`;
"allow" when not given).
"""

import copy
import json
import subprocess
import sys

VERDICTS = {"ALLOW": "allow", "APPROVAL_REQUIRED": "needs_approval"}


def changed(base, changes):
    document = copy.deepcopy(base)
    for path, value in changes.items():
        *steps, last = path.split(".")
        target = document
        for step in steps:
            target = target[int(step)] if isinstance(target, list) else target[step]
        if isinstance(target, dict):
            target[last] = value
        elif int(last) == len(target):
            target.append(value)
        else:
            target[int(last)] = value
    return document


def commands(contract, case):
    """`argvs`: one command for each entry, a pipeline where it is a list of several; each argv as a line."""
    if "argvs" not in case:
        return contract
    plain, contract["commands"] = contract["commands"][0], []
    for number, lines in enumerate(case["argvs"]):
        argvs = [{"argv": line.split(" ")} for line in ([lines] if isinstance(lines, str) else lines)]
        command = {key: value for key, value in plain.items() if key != "exec"}
        command["id"] = f"command-{number}"
        command.update({"exec": argvs[0]} if len(argvs) == 1 else {"pipeline": {"segments": argvs}})
        contract["commands"].append(command)
    return contract


def texts(content, case):
    contract = changed(commands(copy.deepcopy(content["contract"]), case), case.get("contract", {}))
    policy = changed(content["policy"], case.get("policy", {}))
    return json.dumps(contract, ensure_ascii=False).encode(), json.dumps(policy, ensure_ascii=False).encode()


def ask(tool, pairs):
    stream = b"".join(b"%d %d\n%s%s" % (len(contract), len(policy), contract, policy) for contract, policy in pairs)
    lines = subprocess.run([tool], input=stream, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    if len(lines) != len(pairs):
        sys.exit(f"{tool}: {len(lines)} answers to {len(pairs)} cases")
    return lines


def faults(case, line):
    decision, end = json.JSONDecoder().raw_decode(line)
    if not decision:
        return [f"it can't be decided: {line[end:]}"]
    wanted = {
        "reason_codes": [case["code"]],
        "decision": VERDICTS.get(case["code"], "deny"),
        "classified_effects": case["effects"],
        "then": case.get("then", "allow"),
    }
    found = decision | {
        "classified_effects": [effect["effect_type"] for effect in decision["classified_effects"]],
        "then": line[end:].strip(),
    }
    return [f"{key} is {found[key]}, not {value}: {decision['reasons'][0]}" for key, value in wanted.items()
            if found[key] != value]


def main(tool, path):
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    lines = ask(tool, [texts(content, case) for case in content["cases"]])
    failed = 0
    print(f"1..{len(lines)}")
    for number, (case, line) in enumerate(zip(content["cases"], lines), 1):
        wrong = faults(case, line)
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {case['id']}")
        for fault in wrong:
            print(f"# {fault}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
