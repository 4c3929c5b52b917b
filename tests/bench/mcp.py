#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the MCP server takes: a call's round trip beside the plain command, many calls at once, and many in a row.

usage: mcp.py CSC FOLDER     rows of the benchmark's table on standard output; FOLDER must be under a folder all may pass

Arms in turn, as everywhere in this benchmark. Both sides are driven by this program, whose own time (JSON, pipes,
posix_spawn) is in both. Ratios are the first arm's of the others.
"""

import json
import os
import statistics
import subprocess
import sys
import time

CSC, FOLDER = os.path.abspath(sys.argv[1]), os.path.realpath(sys.argv[2])
WORK = os.path.join(FOLDER, "mcp")
CALLS = int(os.environ.get("CSC_CALLS", "10000"))
VERSION = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


def path(name):
    return os.path.join(WORK, name)


def write(name, value):
    with open(path(name), "w", encoding="utf-8") as file:
        json.dump(value, file)
    return path(name)


def inputs():
    os.mkdir(WORK)
    work = os.path.join(WORK, "work")
    os.mkdir(work)
    write("policy.yaml", {
        "policy_schema_version": "csc.policy.v0.1", "name": "bench", "allow_commands": ["true"],
        "allowed_effect_types": ["observe"], "allowed_risk_classes": ["low"], "max_timeout_sec": 600, "network": "deny",
        "allow_secret_refs": False, "allowed_cwd_prefixes": [work], "allowed_read_prefixes": [work]})
    subprocess.run([CSC, "keygen", "--out", path("k")], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return {
        "version": "csc.v0.1", "contract_id": "bench-mcp", "intent": "measure", "risk_class": "low",
        "approval_mode": "policy_only", "justification": "measure",
        "actor": {"agent_id": "bench", "session_id": "bench", "initiating_user": f"uid:{os.getuid()}", "delegation_scope": "bench"},
        "commands": [{"id": "cmd_1", "exec": {"argv": ["true"]}, "cwd": work, "read_paths": [work], "write_paths": [],
                      "network": "deny", "env_allow": [], "secret_refs": [], "timeout_sec": 60,
                      "proposed_effect_type": "observe"}]}


class Server:
    def __init__(self, *options):
        self.process = subprocess.Popen([CSC, "mcp", "--policy", path("policy.yaml"), *options], cwd=WORK,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.number = 0

    def send(self, tool, arguments):
        self.number += 1
        message = {"jsonrpc": "2.0", "id": self.number, "method": "tools/call",
                   "params": {"name": tool, "arguments": arguments, "_meta": VERSION}}
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    def read(self):
        content = json.loads(self.process.stdout.readline())["result"]["structuredContent"]
        if content["status"] not in ("allow", "success"):
            sys.exit(f"mcp.py: {content}")

    def call(self, tool, arguments):
        self.send(tool, arguments)
        self.process.stdin.flush()
        self.read()

    def many(self, tool, arguments, count):
        for _ in range(count):
            self.send(tool, arguments)
        self.process.stdin.flush()
        for _ in range(count):
            self.read()

    def footprint(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            rss = int(file.read().partition("VmRSS:")[2].split()[0])
        return rss, len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def command(*args):
    subprocess.run([CSC, *args], check=True, cwd=WORK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def compare(what, repeats, arms):
    times = {name: [] for name, _ in arms}
    for i in range(-3, repeats):  # the first three warm the caches
        for name, function in arms:
            began = time.perf_counter()
            function()
            if i >= 0:
                times[name].append((time.perf_counter() - began) * 1e6)
    first = times[arms[0][0]]
    for name, taken in times.items():
        ratios = f"{min(first) / min(taken):.2f} | {statistics.median(first) / statistics.median(taken):.2f}"
        print(f"| {what} | {name} | {min(taken):.1f} | {statistics.median(taken):.1f} | | {ratios} | | |", flush=True)
        what = ""


def main():
    contract = inputs()
    file = write("contract.json", contract)
    arguments = {"contract": contract}
    signing = ["--mode", "hardened", "--sign", "--signing-key", path("k.key"), "--key-id", "bench"]
    ledger = ["--ledger", path("ledger.db")]
    plain = ["--ledger", "none"]
    local, hardened, recorded = Server(*plain), Server(*signing, *plain), Server(*signing, *ledger)

    compare("mcp: check", 400, [
        ("tool call", lambda: local.call("check", arguments)),
        ("csc check", lambda: command("check", file, path("policy.yaml")))])
    compare("mcp: true, local", 100, [
        ("tool call", lambda: local.call("run", arguments)),
        ("csc run --json", lambda: command("run", file, path("policy.yaml"), "--json", "--receipt-out", "none", *plain))])
    run = ["run", file, path("policy.yaml"), "--json", "--receipt-out", "none", *signing]
    compare("mcp: true, hardened", 100, [
        ("tool call", lambda: hardened.call("run", arguments)),
        ("csc run --json", lambda: command(*run, *plain))])
    compare("mcp: true, hardened, with ledger", 60, [
        ("tool call", lambda: recorded.call("run", arguments)),
        ("csc run --json", lambda: command(*run, *ledger))])
    compare("mcp: 32 x true, hardened", 10, [
        ("32 tool calls at once", lambda: hardened.many("run", arguments, 32)),
        ("32 tool calls in a row", lambda: [hardened.call("run", arguments) for _ in range(32)]),
        ("32 csc run --json in a row", lambda: [command(*run, *plain) for _ in range(32)])])
    for tool, server, count in (("check", local, CALLS), ("run", local, CALLS)):
        server.many(tool, arguments, 200)
        before, began = server.footprint(), time.perf_counter()
        for _ in range(count // 50):
            server.many(tool, arguments, 50)
        after = server.footprint()
        took = (time.perf_counter() - began) / count * 1e6
        print(f"| mcp: {count} calls of {tool} in one server | a call, 50 at once | | {took:.1f} | | | | | |")
        print(f"| | memory before, after | {before[0]} KiB | {after[0]} KiB | | | | | |")
        print(f"| | descriptors before, after | {before[1]} | {after[1]} | | | | | |", flush=True)
    for server in (local, hardened, recorded):
        server.end()


main()
