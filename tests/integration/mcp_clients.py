# SPDX-License-Identifier: Apache-2.0
"""csc mcp as other people's clients see it: the SDK of the handshake era, and the client that speaks both."""

import json
import os
import subprocess

from bench import CSC, Bench, until
from tap import Skip, cases, equal, main, matches

FOREIGN = os.environ.get("CSC_FOREIGN_MCP")
TOOLS = ["run", "status", "check", "explain", "policy", "receipt", "verify"]


def report_of(bench, kind, mode):
    if not FOREIGN or not os.path.isdir(os.path.join(FOREIGN, "node_modules")):
        raise Skip("the clients are not installed: they take Node 20.17 or newer, npm, and the network once "
                   "(scripts/install-foreign)")
    policy = bench.write("policy.yaml", bench.policy())
    command = ["node", os.path.join(FOREIGN, "client.mjs"), kind, mode, CSC, "mcp", "--policy", policy, "--cwd", bench.work]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120, cwd=bench.root,
                          env={**os.environ, "XDG_STATE_HOME": bench.path("state"), "CSC_LEDGER": bench.path("ledger.db")})
    equal(done.returncode, 0, done.stderr.decode())
    return json.loads(done.stdout)


@cases([
    ("the SDK, with a handshake", "sdk", "legacy", "2025-11-25"),
    ("the client, with a handshake", "client", "legacy", "2025-11-25"),
    ("the client, as it finds out", "client", "auto", "2026-07-28"),
    ("the client, told to be stateless", "client", "2026-07-28", "2026-07-28"),
])
def client(kind, mode, version):
    with Bench() as bench:
        report = report_of(bench, kind, mode)
        if kind == "client":  # the other one doesn't say
            equal(report["version"], version)
        equal((report["server"]["name"], report["tools"], report["annotated"]), ("csc", TOOLS, True))
        matches("policy", report["instructions"])
        results = {name: (report[name]["structuredContent"]["status"], bool(report[name].get("isError")))
                   for name in ("policy", "check", "explain", "run", "denied", "wrong", "receipt", "slow")}
        equal(results, {"policy": ("ok", False), "check": ("allow", False), "explain": ("deny", False), "run": ("success", False),
                        "denied": ("denied", True), "wrong": ("error", True), "receipt": ("found", False),
                        "slow": ("success", False)})
        equal(report["run"]["structuredContent"]["stdout"]["text"], "a b")
        equal(report["denied"]["structuredContent"]["reason_code"], "COMMAND_NOT_ALLOWED")
        equal("-32602" in json.dumps(report["unknown"]) or report["unknown"].get("isError"), True, report["unknown"])
        steps = report["progress"]
        equal(len(steps) >= 2 and all(a["progress"] < b["progress"] for a, b in zip(steps, steps[1:])), True, steps)
        matches(r"1\n", steps[0]["message"])
        equal((report["cancelled"] != "answered", report["cancelledAfter"] < 10000), (True, True), report["cancelled"])
        equal(report["many"], [str(i) for i in range(32)])
        entries = ["ledger", "list", "--json", "--limit", "100", "--ledger", bench.path("ledger.db")]
        # The cancelled one, too, whose client is gone.
        until(lambda: len(bench.csc(*entries).json()["entries"]) == 4 + 32, "every run has its receipt")
        asked = {entry["agent_id"] for entry in bench.csc(*entries).json()["entries"]}
        equal(asked, {f"foreign {kind}"})


main()
