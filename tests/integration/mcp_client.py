# SPDX-License-Identifier: Apache-2.0
"""A client of the Model Context Protocol that sends what it is told to, well-formed or not."""

import json
import os
import select
import subprocess
import time

from bench import CSC, PATIENCE

STATELESS = "2026-07-28"
MEMORY_SAYS_NOTHING = bool(os.environ.get("CSC_MEMORY_SAYS_NOTHING"))  # under a sanitizer
META = "io.modelcontextprotocol/"


class Client:
    """A csc mcp with pipes to it; use as a context."""

    def __init__(self, bench, *args, policy=None, cwd=None, **options):
        self.policy = policy or bench.write("policy.yaml", bench.policy())
        env = {**os.environ, "XDG_STATE_HOME": bench.path("state"), **options.pop("env", {})}
        os.makedirs(bench.path("state"), mode=0o700, exist_ok=True)
        self.errors = open(bench.path("server.err"), "w+b")
        self.process = subprocess.Popen(
            [CSC, "mcp", "--policy", self.policy, "--cwd", cwd or bench.work, *args], cwd=bench.root, env=env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, bufsize=0, **options)
        self.buffer = b""
        self.next_id = 0
        self.notifications = []
        self.answers = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for stream in (self.process.stdin, self.process.stdout):
            if not stream.closed:
                stream.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.errors.close()

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    # ---- lines

    def send_bytes(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.process.stdin.fileno(), view):]

    def send(self, message):
        self.send_bytes(json.dumps(message).encode() + b"\n")

    def read_line(self, timeout=PATIENCE):
        """The next line, or None when the stream ended."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise AssertionError(f"no answer in {timeout} s; server said: {self.said()}")
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                return None
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def read(self, timeout=PATIENCE):
        line = self.read_line(timeout)
        return None if line is None else json.loads(line)

    def is_silent(self, seconds=0.2):
        return b"\n" not in self.buffer and not select.select([self.process.stdout], [], [], seconds)[0]

    # ---- calls

    def new_id(self):
        self.next_id += 1
        return self.next_id

    def receive(self, wanted):
        """The answer with this id; notifications and the answers of others are put aside."""
        if wanted in self.answers:
            return self.answers.pop(wanted)
        while True:
            message = self.read()
            if message is None:
                raise AssertionError(f"the stream ended; server said: {self.said()}")
            if "method" in message:
                self.notifications.append(message)
            elif message.get("id") == wanted:
                return message
            else:
                self.answers[message["id"]] = message

    def request(self, method, params=None, **members):
        number = members.pop("id", None) or self.new_id()
        self.send({"jsonrpc": "2.0", "id": number, "method": method, **({} if params is None else {"params": params}),
                   **members})
        return self.receive(number)

    def initialize(self, version="2025-11-25", name="test client"):
        answer = self.request("initialize", {"protocolVersion": version, "capabilities": {},
                                             "clientInfo": {"name": name, "version": "1"}})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer["result"]

    def begin(self, tool, arguments=None, token=None, **meta):
        """Sends a tool call, and gives its id."""
        number = self.new_id()
        params = {"name": tool, "arguments": arguments or {}}
        if token is not None:
            meta["progressToken"] = token
        if meta:
            params["_meta"] = meta
        self.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})
        return number

    def call(self, tool, arguments=None, **options):
        """The structured content of a call, and whether it is an error; both forms of the content agree."""
        answer = self.receive(self.begin(tool, arguments, **options))
        return self.result(answer)

    @staticmethod
    def result(answer):
        result = answer["result"]
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"], result
        assert len(result["content"]) == 1 and result["content"][0]["type"] == "text", result
        return result["structuredContent"], result["isError"]

    def cancel(self, number, reason="test"):
        self.send({"jsonrpc": "2.0", "method": "notifications/cancelled",
                   "params": {"requestId": number, "reason": reason}})

    def end(self):
        """Closes standard input; gives the exit code and what was still said."""
        self.process.stdin.close()
        rest = []
        while True:
            message = self.read()
            if message is None:
                break
            rest.append(message)
        return self.process.wait(PATIENCE), rest


def stateless(**more):
    return {META + "protocolVersion": STATELESS, META + "clientCapabilities": {}, **more}
