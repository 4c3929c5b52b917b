# SPDX-License-Identifier: Apache-2.0
"""csc mcp: JSON-RPC and the protocol around it, in both eras, and everything that is no message."""

import json
import os
import resource
import shutil
import signal
import time

from bench import CSC, Bench
from mcp_client import MEMORY_SAYS_NOTHING, META, STATELESS, Client, stateless
from tap import case, cases, equal, main, matches

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602
UNSUPPORTED_VERSION = -32022
HANDSHAKE = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
TOOLS = ["run", "status", "check", "explain", "policy", "receipt", "verify"]
PING = {"jsonrpc": "2.0", "id": "after", "method": "ping"}


def still_serves(client):
    client.send(PING)
    equal(client.read(), {"jsonrpc": "2.0", "id": "after", "result": {}})


# ---- messages that are none -----------------------------------------------------------------------------------------

DEEP = "[" * 70 + "]" * 70


@cases([
    ("no JSON", "hello", PARSE_ERROR),
    ("half of an object", '{"jsonrpc":"2.0","id":1', PARSE_ERROR),
    ("two values", "{} {}", PARSE_ERROR),
    ("a key twice", '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', PARSE_ERROR),
    ("a key twice, within", '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":2}}', PARSE_ERROR),
    ("a byte-order mark", '\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}', PARSE_ERROR),
    ("a lone surrogate", '{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}', PARSE_ERROR),
    ("U+0000", '{"jsonrpc":"2.0","id":"\\u0000","method":"ping"}', PARSE_ERROR),
    ("too deep", '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + DEEP + "}}", PARSE_ERROR),
    ("a string", '"ping"', INVALID_REQUEST),
    ("a number", "1", INVALID_REQUEST),
    ("null", "null", INVALID_REQUEST),
    ("an empty object", "{}", INVALID_REQUEST),
    ("no jsonrpc", '{"id":null,"method":"ping"}', INVALID_REQUEST),
    ("an id of null", '{"jsonrpc":"2.0","id":null,"method":"ping"}', INVALID_REQUEST),
    ("an id of true", '{"jsonrpc":"2.0","id":true,"method":"ping"}', INVALID_REQUEST),
    ("an id that is an object", '{"jsonrpc":"2.0","id":{},"method":"ping"}', INVALID_REQUEST),
    ("an id that is an array", '{"jsonrpc":"2.0","id":[],"method":"ping"}', INVALID_REQUEST),
    ("neither method nor result", '{"jsonrpc":"2.0"}', INVALID_REQUEST),
    ("a batch, before any handshake", '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', INVALID_REQUEST),
    ("an empty array", "[]", INVALID_REQUEST),
])
def no_message(text, code):
    with Bench() as bench, Client(bench) as client:
        client.send_bytes(text.encode("utf-8", "surrogatepass") + b"\n")
        answer = client.read()
        equal((answer["jsonrpc"], answer["id"], answer["error"]["code"]), ("2.0", None, code))
        still_serves(client)


@case("invalid UTF-8 is a parse error")
def bad_utf8():
    with Bench() as bench, Client(bench) as client:
        client.send_bytes(b'{"jsonrpc":"2.0","id":"\xff","method":"ping"}\n')
        equal(client.read()["error"]["code"], PARSE_ERROR)
        still_serves(client)


@cases([
    ("another version of JSON-RPC", {"jsonrpc": "1.0", "id": 7, "method": "ping"}, INVALID_REQUEST),
    ("a method that is no string", {"jsonrpc": "2.0", "id": 7, "method": 5}, INVALID_REQUEST),
    ("params that are an array", {"jsonrpc": "2.0", "id": 7, "method": "ping", "params": []}, INVALID_REQUEST),
    ("params that are null", {"jsonrpc": "2.0", "id": 7, "method": "ping", "params": None}, INVALID_REQUEST),
    ("an unknown method", {"jsonrpc": "2.0", "id": 7, "method": "resources/list"}, NO_METHOD),
    ("tools before the handshake", {"jsonrpc": "2.0", "id": 7, "method": "tools/list"}, INVALID_REQUEST),
    ("initialize without a version", {"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": {}}, INVALID_PARAMS),
    ("initialize with a version that is a number",
     {"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": {"protocolVersion": 1}}, INVALID_PARAMS),
    ("discover without _meta", {"jsonrpc": "2.0", "id": 7, "method": "server/discover"}, INVALID_PARAMS),
])
def refused(message, code):
    with Bench() as bench, Client(bench) as client:
        client.send(message)
        answer = client.read()
        equal((answer["id"], answer["error"]["code"]), (7, code))
        still_serves(client)


@cases([
    ("a string", '"a"'), ("an empty string", '""'), ("a string with a quote and a line", '"\\"\\n"'), ("zero", "0"),
    ("a negative number", "-5"), ("the largest", "9223372036854775807"), ("a larger one", "9223372036854775808"),
    ("a real number", "1.50"), ("with an exponent", "1E3"), ("text of another script", '"\u65e5\u672c"'),
])
def ids(text):
    with Bench() as bench, Client(bench) as client:
        client.send_bytes(b'{"jsonrpc":"2.0","id":' + text.encode() + b',"method":"ping"}\n')
        line = client.read_line().decode()
        matches(r'\A\{"id":', line)
        equal(line[len('{"id":'):].startswith(text + ","), True, line)
        equal(json.loads(line)["result"], {})


@cases([
    ("a notification of an unknown method", {"jsonrpc": "2.0", "method": "notifications/unknown"}),
    ("one with bad params", {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": [1]}),
    ("a request without an id", {"jsonrpc": "2.0", "method": "tools/list"}),
    ("a result", {"jsonrpc": "2.0", "id": 1, "result": {}}),
    ("an error", {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "x"}}),
    ("cancelling what is not there", {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 9}}),
    ("cancelling null", {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": None}}),
])
def unanswered(message):
    with Bench() as bench, Client(bench) as client:
        client.send(message)
        still_serves(client)


@case("blank lines and carriage returns are nothing")
def blank_lines():
    with Bench() as bench, Client(bench) as client:
        client.send_bytes(b"\n\r\n  \n" + json.dumps(PING).encode() + b"\r\n")
        equal(client.read()["id"], "after")


@case("a message in pieces, and several in one")
def pieces():
    with Bench() as bench, Client(bench) as client:
        data = json.dumps(PING).encode() + b"\n"
        for byte in data:
            client.send_bytes(bytes([byte]))
        equal(client.read()["id"], "after")
        client.send_bytes(data * 50)
        for _ in range(50):
            equal(client.read()["id"], "after")


@cases([("by a byte", 1, False), ("by megabytes", 9 << 20, False), ("not at all", 0, True)])
def long_lines(more, accepted):
    limit = 4 << 20
    with Bench() as bench, Client(bench) as client:
        head, tail = b'{"jsonrpc":"2.0","id":"x","method":"ping","params":{"a":"', b'"}}'
        client.send_bytes(head + b"y" * (limit + more - len(head) - len(tail)) + tail + b"\n")
        answer = client.read()
        if accepted:
            equal(answer["result"], {})
        else:
            equal((answer["id"], answer["error"]["code"]), (None, INVALID_REQUEST))
            matches("4194304", answer["error"]["message"])
        still_serves(client)


@cases([("many in an array", "[" + "0," * 100000 + "0]"), ("many arrays", "[" + "[]," * 100000 + "0]"),
        ("many members", "{" + ",".join(f'"{i}":0' for i in range(100001)) + "}")])
def many_values(value):
    with Bench() as bench, Client(bench) as client:
        client.send_bytes(b'{"jsonrpc":"2.0","id":"x","method":"ping","params":{"a":' + value.encode() + b"}}\n")
        answer = client.read()
        equal((answer["id"], answer["error"]["code"]), (None, INVALID_REQUEST))
        matches("100000 values", answer["error"]["message"])
        client.send_bytes(b'{"jsonrpc":"2.0","id":"x","method":"ping","params":{"a":"' + b'\\",[{' * 200000 + b'"}}\n')
        equal(client.read()["result"], {}, "what is in a string is no value")


@case("what waits holds its own text alone, not the message it came in")
def waiting_memory():
    with Bench() as bench, Client(bench) as client:
        client.initialize()
        numbers = [client.begin("run", {"shell": "sleep 60"}) for _ in range(64)]
        padding = ["x" * 10] * 90000
        for _ in range(40):
            number = client.new_id()
            client.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
                "name": "run", "arguments": {"shell": "sleep 60"}, "padding": padding}})
            numbers.append(number)
        client.send(PING)
        client.receive("after")
        with open(f"/proc/{client.process.pid}/status", encoding="utf-8") as file:
            peak = int(file.read().partition("VmRSS:")[2].split()[0])
        equal(peak < 60_000 or MEMORY_SAYS_NOTHING, True, f"{peak} kB")
        for number in numbers:
            client.cancel(number)


# ---- eras -----------------------------------------------------------------------------------------------------------

@cases([(f"the handshake of {version}", version, version) for version in HANDSHAKE] +
       [("of the next century", "2126-01-01", HANDSHAKE[0]), ("of the stateless version", STATELESS, HANDSHAKE[0])])
def handshake(asked, given):
    with Bench() as bench, Client(bench) as client:
        result = client.initialize(asked)
        equal(result["protocolVersion"], given)
        equal((result["capabilities"], result["serverInfo"]["name"]), ({"tools": {}}, "csc"))
        listed = client.request("tools/list")["result"]
        equal([tool["name"] for tool in listed["tools"]], TOOLS)
        equal(sorted(listed), ["tools"], "nothing of the stateless era")
        equal(client.request("ping")["result"], {})
        answer = client.request("tools/call", {"name": "policy"})["result"]
        equal((answer["isError"], "resultType" in answer), (False, False))
        equal(client.request("tools/list", {"cursor": "x"})["error"]["code"], INVALID_PARAMS)


@case("the stateless version needs no handshake, and both may be spoken")
def both_eras():
    with Bench() as bench, Client(bench) as client:
        found = client.request("server/discover", {"_meta": stateless()})["result"]
        equal((found["supportedVersions"], found["resultType"], found["cacheScope"]), ([STATELESS], "complete", "public"))
        equal(found["_meta"][META + "serverInfo"]["name"], "csc")
        listed = client.request("tools/list", {"_meta": stateless()})["result"]
        equal((listed["resultType"], listed["cacheScope"], listed["ttlMs"] > 0), ("complete", "public", True))
        answer = client.request("tools/call", {"name": "policy", "_meta": stateless()})["result"]
        equal((answer["resultType"], answer["isError"]), ("complete", False))
        for method in ("ping", "initialize", "logging/setLevel", "resources/list"):
            equal(client.request(method, {"_meta": stateless()})["error"]["code"], NO_METHOD, method)
        equal(client.request("tools/list")["error"]["code"], INVALID_REQUEST, "the other era, without its handshake")
        client.initialize()
        equal("resultType" in client.request("tools/list")["result"], False)
        equal(client.request("tools/list", {"_meta": stateless()})["result"]["resultType"], "complete")


@cases([
    ("an unknown version", {META + "protocolVersion": "1999-01-01", META + "clientCapabilities": {}}, UNSUPPORTED_VERSION),
    ("a version with a handshake", {META + "protocolVersion": "2025-11-25", META + "clientCapabilities": {}},
     UNSUPPORTED_VERSION),
    ("a version that is a number", {META + "protocolVersion": 5, META + "clientCapabilities": {}}, INVALID_PARAMS),
    ("no capabilities", {META + "protocolVersion": STATELESS}, INVALID_PARAMS),
    ("capabilities alone", {META + "clientCapabilities": {}}, INVALID_PARAMS),
    ("capabilities that are a string", {META + "protocolVersion": STATELESS, META + "clientCapabilities": ""},
     INVALID_PARAMS),
])
def bad_meta(meta, code):
    with Bench() as bench, Client(bench) as client:
        for method in ("tools/list", "server/discover"):
            error = client.request(method, {"_meta": meta})["error"]
            equal(error["code"], code)
            if code == UNSUPPORTED_VERSION:
                equal(error["data"], {"supported": [STATELESS], "requested": meta[META + "protocolVersion"]})


@cases([
    ("no name", {}), ("a name that is no string", {"name": 1}), ("an unknown tool", {"name": "rm"}),
    ("arguments that are a string", {"name": "policy", "arguments": "{}"}),
    ("a progress token of true", {"name": "policy", "_meta": {"progressToken": True}}),
])
def bad_calls(params):
    with Bench() as bench, Client(bench) as client:
        client.initialize()
        equal(client.request("tools/call", params)["error"]["code"], INVALID_PARAMS)


# ---- batches --------------------------------------------------------------------------------------------------------

def call_of(number, tool, arguments=None):
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": tool, "arguments": arguments or {}}}


@case("2025-03-26 has batches: one array when all is there, without what needs no answer")
def batches():
    with Bench() as bench, Client(bench) as client:
        client.initialize("2025-03-26")
        client.send([call_of(1, "run", {"commands": [{"argv": ["sleep", "0.2"]}]}), {"jsonrpc": "2.0", "method": "x"},
                     {"jsonrpc": "2.0", "id": 2, "method": "ping"}, 5, call_of(3, "check", {"shell": "echo"}),
                     {"jsonrpc": "2.0", "id": 4, "method": "initialize", "params": {"protocolVersion": "2025-03-26"}}])
        answers = client.read()
        equal(sorted(str(answer["id"]) for answer in answers), ["1", "2", "3", "4", "None"])
        by_id = {answer["id"]: answer for answer in answers}
        equal(by_id[1]["result"]["structuredContent"]["status"], "success")
        equal(by_id[3]["result"]["structuredContent"]["status"], "allow")
        equal((by_id[None]["error"]["code"], by_id[4]["error"]["code"]), (INVALID_REQUEST, INVALID_REQUEST))
        client.send([])
        equal(client.read()["error"]["code"], INVALID_REQUEST)
        client.send([{"jsonrpc": "2.0", "method": "x"}])
        client.send([PING] * 257)
        equal(client.read()["error"]["code"], INVALID_REQUEST)
        client.send([call_of(7, "run", {"commands": [{"argv": ["sleep", "30"]}]}), PING])
        client.cancel(7)
        equal([answer["id"] for answer in client.read()], ["after"])
        still_serves(client)


@cases([(version, version) for version in HANDSHAKE if version != "2025-03-26"])
def no_batches(version):
    with Bench() as bench, Client(bench) as client:
        client.initialize(version)
        client.send([PING])
        answer = client.read()
        equal((answer["id"], answer["error"]["code"]), (None, INVALID_REQUEST))
        matches("batches are not part", answer["error"]["message"])


# ---- the command itself ---------------------------------------------------------------------------------------------

@cases([
    ("no policy", [], 64), ("a policy on standard input", ["--policy", "-"], 64),
    ("a mode there is not", ["--policy", "policy.yaml", "--mode", "safe"], 64),
    ("hardened without a key", ["--policy", "policy.yaml", "--mode", "hardened"], 64),
    ("a key without signing", ["--policy", "policy.yaml", "--signing-key", "k.key"], 64),
    ("signing without a key", ["--policy", "policy.yaml", "--sign"], 64),
    ("a backend in local mode", ["--policy", "policy.yaml", "--backend", "native"], 64),
    ("a public key without a name", ["--policy", "policy.yaml", "--public-key", "k.pub"], 64),
    ("a name of no key", ["--policy", "policy.yaml", "--key-id", "x"], 64),
    ("an operand", ["--policy", "policy.yaml", "x"], 64),
    ("a policy that is not there", ["--policy", "nowhere.yaml"], 66),
    ("a policy that is none", ["--policy", "bad.yaml"], 65),
    ("a folder that is not there", ["--policy", "policy.yaml", "--cwd", "nowhere"], 66),
    ("a configuration that is not there", ["--policy", "policy.yaml", "--config", "nowhere.yaml"], 66),
])
def bad_starts(args, code):
    with Bench() as bench:
        bench.write("policy.yaml", bench.policy())
        bench.write("bad.yaml", "name: x\n")
        result = bench.csc("mcp", *args, stdin=b"")
        equal((result.code, result.out), (code, ""), result)
        matches(r"\Acsc: [^\n]+\n\Z", result.err)


def in_work(bench, name, source=None):
    """A path where the policy lets commands write."""
    path = os.path.join(bench.work, name)
    if source:
        shutil.copy(source, path)
        os.chmod(path, 0o700)
    return path


@cases([
    ("the policy", "policy", "the policy"), ("the policy, behind a link", "link", "the policy"),
    ("the ledger", "ledger", "the ledger"), ("the allowed signers", "signers", "the allowed signers"),
    ("the signing key", "key", "the signing key"), ("the public key", "public", "the public key"),
    ("the configuration", "config", "the configuration"), ("the requests", "state", "the requests and receipts"),
    ("csc itself", "program", "csc itself"),
])
def writable_places(kind, words):
    with Bench() as bench:
        policy = bench.write("policy.yaml", bench.policy())
        args, options = [], {}
        if kind in ("policy", "link"):
            moved = in_work(bench, "p.yaml", policy)
            policy = moved if kind == "policy" else bench.path("link.yaml")
            if kind == "link":
                os.symlink(moved, policy)
        elif kind == "ledger":
            args = ["--ledger", in_work(bench, "l.db")]
        elif kind == "signers":
            args = ["--allowed-signers", in_work(bench, "signers", policy)]
        elif kind in ("key", "public"):
            equal(bench.csc("keygen", "--out", in_work(bench, "k") if kind == "key" else bench.path("k")).code, 0)
            args = (["--sign", "--signing-key", in_work(bench, "k.key"), "--key-id", "r"] if kind == "key" else
                    ["--public-key", in_work(bench, "k.pub", bench.path("k.pub")), "--key-id", "r"])
        elif kind == "config":
            args = ["--config", in_work(bench, "csc.yaml", bench.write("csc.yaml", "config_version: csc.config.v0.1\n"))]
        elif kind == "state":
            options = {"env": {**os.environ, "XDG_STATE_HOME": in_work(bench, "state")}}
        elif kind == "program":
            options = {"program": in_work(bench, "csc", CSC)}
        result = bench.csc("mcp", "--policy", policy, *args, stdin=b"", **options)
        equal((result.code, result.out), (78, ""), result)
        matches(words + r".* lies where the policy lets commands write; keep it elsewhere", result.err)


@case("a policy that comes to hold itself is not in force")
def widened_policy():
    with Bench() as bench, Client(bench) as client:
        client.initialize()
        equal(client.call("check", {"shell": "echo"})[0]["status"], "allow")
        bench.write("policy.yaml", bench.policy(allowed_write_prefixes=[bench.work, bench.root]))
        for tool, arguments in (("check", {"shell": "echo"}), ("run", {"shell": "echo"}), ("policy", {})):
            content, is_error = client.call(tool, arguments)
            equal((content["status"], is_error), ("error", True), content)
            matches("lies where the policy lets commands write", content["message"])
        bench.write("policy.yaml", bench.policy())
        equal(client.call("check", {"shell": "echo"})[0]["status"], "allow")


@cases([("SIGTERM", signal.SIGTERM, 143), ("SIGINT", signal.SIGINT, 130), ("SIGHUP", signal.SIGHUP, 129)])
def signals(number, code):
    with Bench() as bench, Client(bench) as client:
        client.initialize()
        client.process.send_signal(number)
        equal(client.process.wait(60), code)


@case("standard input that ends, ends it; that it begins ended, too")
def ends():
    with Bench() as bench, Client(bench) as client:
        client.initialize()
        equal(client.end(), (0, []))
        result = bench.csc("mcp", "--policy", client.policy, stdin=b"")
        equal((result.code, result.out), (0, ""), result)


@case("what was asked before the end is answered")
def answered_at_the_end():
    with Bench() as bench:
        policy = bench.write("policy.yaml", bench.policy())
        result = bench.csc("mcp", "--policy", policy, stdin=(json.dumps(PING) + "\n").encode() * 200)
        equal((result.code, result.out.count('"id":"after"')), (0, 200), result)


@case("a last line without its end is a line; half of a message is none")
def last_line():
    with Bench() as bench:
        policy = bench.write("policy.yaml", bench.policy())
        whole = json.dumps(PING).encode()
        result = bench.csc("mcp", "--policy", policy, stdin=whole + b"\n" + whole)
        equal((result.code, result.out.count('"id":"after"')), (0, 2), result)
        result = bench.csc("mcp", "--policy", policy, stdin=whole + b"\n" + whole[:20])
        equal((result.code, result.out.count('"id":"after"'), result.out.count("-32700")), (0, 1, 1), result)


@case("all that was asked before the end is taken, however much is to be written for it")
def much_at_the_end():
    with Bench() as bench:
        policy = bench.write("policy.yaml", bench.policy())
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": stateless()}}).encode() + b"\n"
        out = bench.csc("mcp", "--policy", policy, stdin=line * 2500).out
        equal(len(out) > 18 << 20, True, f"more than the queue: {len(out)}")
        equal(out.count("\n"), 2500)


@case("calls that wait when the end comes are told so")
def turned_away():
    with Bench() as bench, Client(bench) as client:
        client.initialize()
        numbers = [client.begin("run", {"shell": "sleep 60"}) for _ in range(70)]
        client.send(PING)
        client.receive("after")
        code, rest = client.end()
        equal((code, sorted(answer["id"] for answer in rest)), (0, numbers))
        ways = [Client.result(answer)[0] for answer in rest]
        equal([content["status"] for content in ways].count("cancelled"), 64)
        told = [content["message"] for content in ways if content["status"] == "error"]
        equal(len(told), 6)
        matches("the server is ending, and nothing of this was run", told[0])


@case("few descriptors: fewer run at once, none fails")
def few_descriptors():
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    with Bench() as bench, Client(bench, preexec_fn=limit) as client:
        client.initialize()
        numbers = [client.begin("run", {"shell": f"echo {i}"}) for i in range(30)]
        equal([Client.result(client.receive(number))[0]["status"] for number in numbers], ["success"] * 30)


@case("a low soft limit of descriptors is raised")
def raised_limit():
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with Bench() as bench, Client(bench, preexec_fn=limit) as client:
        client.initialize()
        numbers = [client.begin("run", {"shell": "sleep 20"}) for _ in range(40)]
        client.send(PING)
        client.receive("after")
        with open(f"/proc/{client.process.pid}/task/{client.process.pid}/children", encoding="utf-8") as file:
            equal(len(file.read().split()), 40)
        for number in numbers:
            client.cancel(number)


@case("standard output that takes no more for a reason of its own is an error")
def full_output():
    with Bench() as bench:
        policy = bench.write("policy.yaml", bench.policy())
        with open("/dev/full", "wb") as full:
            result = bench.csc("mcp", "--policy", policy, stdin=json.dumps(PING).encode() + b"\n", stdout=full)
        equal(result.code, 73, result)
        matches(r"standard output took no more answers: No space left", result.err)


@cases([("standard input", "<&-"), ("standard output", ">&-"), ("standard error", "2>&-"), ("all", "<&- >&- 2>&-")])
def closed_descriptors(redirection):
    with Bench() as bench:
        policy = bench.write("policy.yaml", bench.policy())
        ping = json.dumps(PING)
        script = f"printf '%s\\n' '{ping}' | ( exec {redirection}; exec \"$0\" mcp --policy {policy} )"
        result = bench.csc("-c", script, os.path.abspath(os.environ["CSC"]), program="/bin/sh")
        equal(result.code, 0, result)
        if redirection == "2>&-":
            equal(json.loads(result.out)["id"], "after")


@case("local mode says on standard error, once, that nothing isolates")
def says_local():
    with Bench() as bench, Client(bench) as client:
        client.initialize()
        client.call("policy")
        matches(r"\Acsc: mcp: local mode: [^\n]+\n\Z", client.said())


@case("a client that reads nothing is not read from either, and loses nothing")
def slow_reader():
    with Bench() as bench, Client(bench) as client:
        client.initialize()
        os.set_blocking(client.process.stdin.fileno(), False)
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode() + b"\n"
        sent, stuck = 0, 0
        rest = b""
        while stuck < 20 and sent < 20000:
            try:
                rest = rest or line
                written = os.write(client.process.stdin.fileno(), rest)
                rest = rest[written:]
                sent += not rest
                stuck = 0
            except BlockingIOError:
                stuck += 1
                time.sleep(0.05)
        equal(stuck, 20, "the server stopped reading")
        with open(f"/proc/{client.process.pid}/status", encoding="utf-8") as file:
            peak = int(file.read().partition("VmRSS:")[2].split()[0])
        equal(peak < 120_000 or MEMORY_SAYS_NOTHING, True, f"{peak} kB")
        os.set_blocking(client.process.stdin.fileno(), True)
        for _ in range(sent):
            equal(client.read()["id"], 1)
        client.send_bytes(rest)
        if rest:
            equal(client.read()["id"], 1)
        still_serves(client)


@case("two servers at once")
def two_servers():
    with Bench() as bench, Client(bench) as one, Client(bench, policy=bench.path("policy.yaml")) as two:
        for client in (one, two):
            client.initialize()
        numbers = [(client, client.begin("run", {"shell": "echo x"})) for client in (one, two) for _ in range(3)]
        for client, number in numbers:
            equal(client.receive(number)["result"]["structuredContent"]["status"], "success")


main()
