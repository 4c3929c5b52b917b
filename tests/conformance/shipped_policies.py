#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The policies that are shipped: each is valid under the schema, and decides as its comments say.

    shipped_policies.py TOOL SCHEMA POLICIES CASES

CASES maps the name of a policy to its cases: {"argv": a command line, "code": the reason code, and optionally "change":
fields of the contract ("risk_class") and of its command ("network", "cwd", ...) that differ from the plain ones}.
"""

import json
import pathlib
import subprocess
import sys
import warnings

import yaml

warnings.simplefilter("ignore", DeprecationWarning)
import jsonschema  # noqa: E402

VERDICTS = {"ALLOW": "allow", "APPROVAL_REQUIRED": "needs_approval"}


def contract(case):
    command = {"id": "command", "exec": {"argv": case["argv"].split("|")}, "cwd": "/workspace/project",
               "read_paths": ["/workspace/project/**"], "write_paths": [], "network": "deny", "env_allow": [],
               "secret_refs": [], "timeout_sec": 1, "proposed_effect_type": "observe"}
    document = {"version": "csc.v0.1", "contract_id": "contract-0001", "intent": "try a policy",
                "actor": dict.fromkeys(("agent_id", "session_id", "initiating_user", "delegation_scope"), "x"),
                "commands": [command], "risk_class": "low", "approval_mode": "policy_only", "justification": "x"}
    for field, value in case.get("change", {}).items():
        (command if field in command else document)[field] = value
    return json.dumps(document).encode()


def ask(tool, pairs):
    stream = b"".join(b"%d %d\n%s%s" % (len(a), len(b), a, b) for a, b in pairs)
    lines = subprocess.run([tool], input=stream, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    if len(lines) != len(pairs):
        sys.exit(f"{tool}: {len(lines)} answers to {len(pairs)} cases")
    return [json.JSONDecoder().raw_decode(line)[0] or {"reason_codes": [line]} for line in lines]


def faults(path, tool, schema, cases):
    text = path.read_bytes()
    policy = yaml.safe_load(text)
    yield from (error.message for error in schema.iter_errors(policy))
    if policy["name"] != path.stem:
        yield f"its name is {policy['name']}"
    if not cases:
        yield "there are no cases"
    for case, decision in zip(cases, ask(tool, [(contract(case), text) for case in cases])):
        if decision["reason_codes"] != [case["code"]]:
            yield f"{case}: {decision['reason_codes'][0]}"
        elif decision["decision"] != VERDICTS.get(case["code"], "deny"):
            yield f"{case}: {decision['decision']}"


def main(tool, schema_path, folder, cases_path):
    schema = jsonschema.Draft202012Validator(json.loads(pathlib.Path(schema_path).read_text(encoding="utf-8")))
    cases = json.loads(pathlib.Path(cases_path).read_text(encoding="utf-8"))
    paths = sorted(pathlib.Path(folder).glob("*.yaml"))
    failed = cases.keys() != {path.stem for path in paths}
    print(f"1..{len(paths) + 1}")
    print(f"{'not ok' if failed else 'ok'} 1 - every policy has its cases")
    for number, path in enumerate(paths, 2):
        wrong = list(faults(path, tool, schema, cases.get(path.stem, [])))
        failed = failed or bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {path.name}, {len(cases.get(path.stem, []))} cases")
        for fault in wrong:
            print(f"# {fault}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
