# SPDX-License-Identifier: Apache-2.0
"""csc hook: golden pairs of what agents ask and how they are answered, and everything that must block instead.

A pair (hooks/AGENT.json): the options of csc hook beside --policy, what the agent writes, and what csc prints, or null
for nothing; the exit code is 0. @WORK@ stands for the workspace, @STATE@ for the place of requests, @CSC@ for csc.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import time

from bench import Bench, CSC, Result, PATIENCE, until
from tap import Skip, case, cases, equal, main, matches

HERE = os.path.dirname(os.path.abspath(__file__))


class Host(Bench):
    """A bench with a home folder of its own and a policy."""

    def __enter__(self):
        super().__enter__()
        os.mkdir(self.path("home"))
        self.env = {"HOME": self.path("home"), "PATH": os.environ["PATH"]}
        self.state = self.path("home", ".local", "state", "csc")
        self.rules = self.write("policy.yaml", self.policy(
            allowed_effect_types=["observe", "transform_local", "mutate_repo"], allowed_risk_classes=["low", "medium"],
            manual_approval_for_classified_effect_types=["mutate_repo"], deny_argv_prefixes=[["git", "clean"]],
            max_timeout_sec=120))
        return self

    def hook(self, message, *args, **options):
        if not isinstance(message, (bytes, type(None))):
            message = (message if isinstance(message, str) else json.dumps(message)).encode()
        if "--policy" not in args:
            args = (*args, "--policy", self.rules)
        return self.csc("hook", *args, stdin=message, env={**self.env, **options.pop("env", {})}, **options)

    def ask(self, command, agent="claude", **changes):
        """What an agent would write."""
        shell = {"command": command}
        common = {"session_id": "session-1", "cwd": self.work}
        return {
            "claude": {**common, "transcript_path": "/t", "permission_mode": "default",
                       "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": shell, "tool_use_id": "u"},
            "codex": {**common, "transcript_path": None, "permission_mode": "default", "model": "m", "turn_id": "t",
                      "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": shell, "tool_use_id": "u"},
            "gemini": {**common, "transcript_path": "/t", "timestamp": "2026-01-01T00:00:00Z",
                       "hook_event_name": "BeforeTool", "tool_name": "run_shell_command", "tool_input": shell},
            "cursor": {"conversation_id": "session-1", "generation_id": "g", "workspace_roots": [self.work],
                       "hook_event_name": "beforeShellExecution", "cwd": self.work, **shell},
        }[agent] | changes


def filled_in(value, host):
    text = json.dumps(value)
    for word, path in (("@WORK@", host.work), ("@STATE@", host.state), ("@CSC@", os.path.realpath(CSC)),
                       ("@POLICY@", host.rules), ("@SIGNERS@", host.path("signers"))):
        text = text.replace(word, json.dumps(path)[1:-1])
    return json.loads(text)


def without_hashes(value):
    text = json.dumps(value)
    for digits, word in (("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "@UUID@"), ("[0-9a-f]{64}", "@HASH@"),
                         ("[0-9a-f]{32}", "@ID@")):
        text = re.sub(rf"\b{digits}\b", word, text)
    return json.loads(text)


def pairs():
    for agent in ("claude", "codex", "gemini", "cursor"):
        with open(os.path.join(HERE, "hooks", agent + ".json"), encoding="utf-8") as file:
            for pair in json.load(file):
                yield f"{agent}: {pair['name']}", agent, pair


@cases(list(pairs()))
def golden(agent, pair):
    with Host() as host:
        host.write("signers", "")
        message = filled_in(pair["in"], host)
        wanted = pair["out"] and filled_in(pair["out"], host)
        for named in ([agent], []):
            result = host.hook(message, *named, *filled_in(pair.get("args", []), host))
            equal((result.code, result.err), (0, ""), "what goes with an answer")
            equal(without_hashes(result.json()) if result.out else None, wanted, "answer")


def blocked(result, words):
    """The one way of not answering."""
    equal((result.code, result.out), (2, ""), result)
    matches(r"\Acsc: [^\n]*" + words + r"[^\n]*\n\Z", result.err)


# name, agent, changes of its message, what is said
SHAPES = [
    ("another event", "claude", {"hook_event_name": "PostToolUse"}, "for the event 'PostToolUse'"),
    ("an event of nobody", None, {"hook_event_name": "x\x1b[2J"}, r"for the event 'x\\x1b\[2J'"),
    ("no event", "claude", {"hook_event_name": ...}, "hook_event_name"),
    ("an event that is no text", None, {"hook_event_name": 1}, "an integer for hook_event_name"),
    ("another tool", "claude", {"tool_name": "Write"}, "not the tool 'Write'; set the hook's matcher to .?\"Bash\""),
    ("no tool", "claude", {"tool_name": ...}, "tool_name"),
    ("another tool of Gemini", "gemini", {"tool_name": "read_file"}, "run_shell_command"),
    ("no arguments", "claude", {"tool_input": ...}, "tool_input"),
    ("arguments that are a list", "claude", {"tool_input": ["ls"]}, "tool_input"),
    ("no command", "claude", {"tool_input": {}}, "command"),
    ("an empty command", "claude", {"tool_input": {"command": ""}}, "command"),
    ("a command that is a list", "codex", {"tool_input": {"command": ["ls"]}}, "an array for command"),
    ("a command with a NUL", "claude", {"tool_input": {"command": "ls\0x"}}, "U\\+0000"),
    ("no cwd", "claude", {"cwd": ...}, "cwd"),
    ("a relative cwd", "claude", {"cwd": "work"}, "cwd 'work' is no absolute path"),
    ("an empty cwd", "cursor", {"cwd": ""}, "cwd"),
    ("a session that is no text", "claude", {"session_id": 7}, "session_id"),
    ("a time-out of none", "claude", {"tool_input": {"command": "ls", "timeout": 0}}, "timeout"),
    ("a real time-out", "claude", {"tool_input": {"command": "ls", "timeout": 1.5}}, "timeout"),
    ("a textual time-out", "claude", {"tool_input": {"command": "ls", "timeout": "1"}}, "timeout"),
    ("two folders", "gemini", {"tool_input": {"command": "ls", "dir_path": "a", "directory": "b"}}, "two arguments"),
    ("a folder that is no text", "gemini", {"tool_input": {"command": "ls", "dir_path": 1}}, "dir_path is an integer"),
    ("one agent's message for another", "claude", {"turn_id": "t"}, "one of codex.*write csc hook codex"),
    ("another's by its model", "claude", {"model": "m"}, "one of codex.*write csc hook codex"),
    ("Cursor's message for Gemini", "gemini", {"hook_event_name": "beforeShellExecution"}, "for BeforeTool alone"),
]


@cases([("blocks: " + name, *rest) for name, *rest in SHAPES])
def unknown_shape(agent, changes, words):
    with Host() as host:
        message = host.ask("ls", agent or "claude")
        for key, value in changes.items():
            if value is ...:
                del message[key]
            else:
                message[key] = value
        blocked(host.hook(message, *([agent] if agent else [])), words)


# Arguments by which a command would run in another place or way than it is judged.
ARGUMENTS = ["cwd", "workdir", "working_directory", "workingDirectory", "work-dir", "directory", "dir", "dir_path", "env",
             "environment", "env_vars", "shell", "shell_path", "login", "root", "interpreter", "stdin", "user", "PATH"]
KNOWN = {"gemini": ("directory", "dir_path"), "cursor": ("cwd",)}


@cases([(f"blocks: an argument '{name}' of {agent}", agent, name) for agent in ("claude", "codex", "gemini", "cursor")
        for name in ARGUMENTS if name not in KNOWN.get(agent, ())])
def unknown_argument(agent, name):
    with Host() as host:
        message = host.ask("ls", agent)
        (message if agent == "cursor" else message["tool_input"])[name] = host.work
        blocked(host.hook(message, agent), f"the argument '{name}' may change where or how .*; leave it out")


@case("arguments that change nothing are nothing to block for")
def harmless_arguments():
    with Host() as host:
        for agent in ("claude", "codex", "gemini", "cursor"):
            message = host.ask("ls", agent)
            (message if agent == "cursor" else message["tool_input"]).update(
                {"description": "d", "run_in_background": True, "dangerouslyDisableSandbox": False, "timeout": 1000,
                 "is_background": False, "justification": "j", "workdir": None})
            equal(host.hook(message, agent).code, 0)


@case("whose message it is: without a name, by its marks; nobody is asked by one that has none of any agent")
def whose():
    def told(message, *named):
        result = host.hook(message, *named)
        equal(result.code, 0, result)
        return result.json()["hookSpecificOutput"]["permissionDecision"]
    with Host() as host:
        equal(told(host.ask("git add .")), "ask")
        equal(told({**host.ask("git add ."), "model": "m"}), "deny")
        for name in ("transcript_path", "permission_mode"):
            equal(told({**host.ask("git add ."), name: None}), "deny")
            message = host.ask("git add .")
            del message[name]
            equal(told(message), "deny")
            equal(told(message, "claude"), "ask")
        for name in ("turn_id", "model"):
            message = host.ask("ls", "codex")
            del message[name]
            equal((host.hook(message).code, host.hook(message).out), (0, ""), "consent in Codex's words")


TEXTS = [
    ("nothing", b"", ""),
    ("no JSON", b"hello", ""),
    ("half of it", b'{"hook_event_name": "PreToolUse"', ""),
    ("a list", b"[]", "an array; an object"),
    ("a number", b"1e400", "a real number; an object"),
    ("a key twice", b'{"hook_event_name": "PreToolUse", "hook_event_name": "PreToolUse"}', "hook_event_name"),
    ("two values", b"{} {}", ""),
    ("bad UTF-8", b'{"a": "\xff"}', ""),
    ("a lone surrogate", b'{"a": "\\ud800"}', ""),
    ("too deep", b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", ""),
    ("too large", b" " * (1 << 20) + b"{}", "larger than"),
]


@cases([("blocks: " + name, *rest) for name, *rest in TEXTS])
def bad_text(message, words):
    with Host() as host:
        blocked(host.hook(message, "claude"), words)
        blocked(host.hook(message), words)


# name, arguments; --policy is added where it is not there
USAGES = [
    ("an unknown agent", ["copilot"], "unknown agent 'copilot'; there are claude, codex, gemini and cursor"),
    ("two agents", ["claude", "codex"], "unexpected argument 'codex'"),
    ("an unknown option", ["--jsno"], "unknown option '--jsno'"),
    ("an option without its value", ["claude", "--mode"], "'--mode' needs a value"),
    ("a policy that is not there", ["claude", "--policy", "/nonexistent"], "/nonexistent"),
    ("a policy on standard input", ["claude", "--policy", "-"], "--policy needs a file"),
    ("a policy that is a folder", ["claude", "--policy", "/"], "/"),
    ("hardened without a key", ["claude", "--rewrite", "--mode", "hardened"],
     "--mode hardened needs --sign, --signing-key PATH and --key-id ID"),
    ("hardened without a signature", ["claude", "--rewrite", "--mode", "hardened", "--signing-key", "k", "--key-id", "i"],
     "--mode hardened needs --sign"),
    ("a key for nothing", ["claude", "--rewrite", "--key-id", "i"], "are for --sign"),
    ("another mode", ["claude", "--rewrite", "--mode", "soft"], "unknown mode 'soft'"),
    ("a backend for nothing", ["claude", "--rewrite", "--backend", "native"], "--backend is for --mode hardened"),
    ("options of a run that is none", ["claude", "--ledger", "none"], "--ledger is for --rewrite"),
    ("rewriting for Cursor", ["cursor", "--rewrite"], "cursor cannot replace a command; leave --rewrite out"),
]


@cases([("blocks: " + name, *rest) for name, *rest in USAGES])
def usage(args, words):
    with Host() as host:
        agent = args[0] if args[0] in ("gemini", "cursor") else "claude"
        blocked(host.hook(host.ask("ls", agent), *args), words)


@case("blocks: no policy is named")
def no_policy():
    with Host() as host:
        blocked(host.csc("hook", "claude", stdin=json.dumps(host.ask("ls")).encode()), "missing option '--policy POLICY'")


@case("blocks: a policy that is none")
def bad_policy():
    with Host() as host:
        bad = host.write("bad.yaml", "name: x\nname: y\n")
        blocked(host.hook(host.ask("ls"), "claude", "--policy", bad), "bad.yaml:2:1")


SIGNED = ["--rewrite", "--sign", "--signing-key", "@/k.key", "--key-id", "k"]
# name, the file that lies where commands may write, options, what it is called
PLACES = [
    ("the policy", "p.yaml", ["--policy", "@/p.yaml"], "the policy"),
    ("the signing key", "k.key", SIGNED, "the signing key"),
    ("the allowed signers", "signers", ["--rewrite", "--allowed-signers", "@/signers"], "the allowed signers"),
    ("the configuration", "c.yaml", ["--rewrite", "--config", "@/c.yaml"], "the configuration"),
    ("what the configuration names", None, ["--rewrite", "--config", "@@/c.yaml"], "the allowed signers"),
    ("the list of revoked keys", None, ["--rewrite", "--config", "@@/revoked.yaml"], "the list of revoked keys"),
    ("the ledger, which is not there yet", None, ["--rewrite", "--ledger", "@/new/ledger.db"], "the ledger"),
]


def ways(host):
    """Names of the workspace, and policies that name it: by itself, and each by a symlink."""
    link = host.path("link")
    os.symlink(host.work, link)
    for named, scope in ((host.work, host.work), (link, host.work), (host.work, link)):
        yield named, host.policy(allowed_write_prefixes=[scope])


@cases([("blocks: where commands may write lies " + name, *rest) for name, *rest in PLACES])
def writable(name, options, words):
    with Host() as host:
        for number, (work, policy) in enumerate(ways(host)):
            for config, text in (("c.yaml", f"allowed_signers: {work}/signers"),
                                 ("revoked.yaml", f"revoked_keys: {work}/revoked")):
                host.write(config, f"config_version: csc.config.v0.1\napprovals:\n  {text}\n")
            if name:
                host.write("work/" + name, policy if name == "p.yaml" else "config_version: csc.config.v0.1\n")
            rules = host.write(f"{number}.yaml", policy)
            args = [option.replace("@@", host.root).replace("@", work) for option in options]
            args += [] if "--policy" in args else ["--policy", rules]
            blocked(host.hook(host.ask("ls"), "claude", *args), f", {words}, lies where the policy lets commands write; keep")


@case("blocks: a policy behind a symlink, a symlink among what commands may write, and csc itself")
def writable_more():
    with Host() as host:
        inside, outside = host.write("work/policy.yaml", host.policy()), host.write("outside.yaml", host.policy())
        os.symlink(inside, host.path("link.yaml"))
        os.symlink(outside, os.path.join(host.work, "link.yaml"))
        for path in (host.path("link.yaml"), os.path.join(host.work, "link.yaml")):
            blocked(host.hook(host.ask("ls"), "claude", "--policy", path), "the policy, lies where")
        blocked(host.hook(host.ask("ls"), "claude", "--policy", "link.yaml", cwd=host.work), "the policy, lies where")
        with open(os.path.realpath(CSC), "rb") as file:
            copy = host.write("work/csc", file.read())
        os.chmod(copy, 0o755)
        blocked(host.hook(host.ask("ls"), "claude", program=copy), "csc itself, lies where")


@case("what is allowed waits for nobody: as many requests as may wait stop no other command")
def many_requests():
    with Host() as host:
        state = host.path("home/.local/state/csc")
        for number in range(256):
            os.makedirs(f"{state}/requests/{number:032x}", mode=0o700)
            host.write(f"home/.local/state/csc/requests/{number:032x}/contract.json", "{}")
        os.chmod(f"{state}/requests", 0o700)
        policy = host.write("outside.yaml", host.policy())
        answer = host.hook(host.ask("ls"), "claude", "--rewrite", "--policy", policy, "--ledger", "none")
        equal((answer.code, answer.json()["hookSpecificOutput"]["permissionDecision"]), (0, "allow"), answer)


@case("blocks: rewriting without a place for requests")
def no_home():
    with Host() as host:
        blocked(host.hook(host.ask("ls"), "claude", "--rewrite", env={"HOME": "relative"}), "HOME")
        blocked(host.hook(host.ask("ls"), "claude", "--rewrite", env={"HOME": "/dev/null"}), "/dev/null|folder")
        os.chmod(host.path("home"), 0o777)
        blocked(host.hook(host.ask("ls"), "claude", "--rewrite"), "others|chmod")


def raw(host, script, message, *args):
    """By a shell, which closes what it is told to."""
    line = shlex.join([CSC, "hook", *args, "--policy", host.rules])
    process = subprocess.run(["sh", "-c", script.replace("@", line)], input=json.dumps(message).encode(), check=False,
                             env=host.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
    return Result(process.returncode, process.stdout, process.stderr)


# A consent of Codex is silence; it needs a standard output all the same.
CLOSED = [("standard input", "@ <&-", "claude"), ("standard output", "@ >&-", "claude"),
          ("standard output, silence", "@ >&-", "codex"), ("a full disk", "@ >/dev/full", "claude")]


@cases([("blocks: " + name, *rest) for name, *rest in CLOSED])
def closed(script, agent):
    with Host() as host:
        blocked(raw(host, script, host.ask("ls", agent), agent), "")


@case("closed descriptors change no code: standard error, all of them")
def closed_more():
    with Host() as host:
        equal(raw(host, "@ 2>&-", host.ask("ls"), "claude").code, 0)
        equal(raw(host, "@ 2>&-", host.ask("ls"), "gemini").code, 2)
        equal(raw(host, "@ <&- >&- 2>&-", host.ask("ls"), "claude").code, 2)
        equal(raw(host, "@ 2>/dev/full", host.ask("ls"), "gemini").code, 2)


def start(host, *args, masked=()):
    old = signal.pthread_sigmask(signal.SIG_BLOCK, masked)
    try:
        return subprocess.Popen([CSC, "hook", *args, "--policy", host.rules], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=host.env)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


# What nobody can catch, and what ends nothing.
LEFT_OUT = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH, signal.SIGPIPE,
            signal.SIGXFSZ}
CAUGHT = sorted(signal.valid_signals() - LEFT_OUT)


@cases([(f"blocks: signal {int(number)} before the answer{', inherited blocked' if masked else ''}", number, masked)
        for masked in ((), CAUGHT) for number in (CAUGHT if not masked else (signal.SIGALRM, signal.SIGTERM))])
def signalled(number, masked):
    with Host() as host:
        process = start(host, "claude", masked=masked)
        # It waits for the message, with its handlers set, once it sleeps in a read or a poll.
        until(lambda: open(f"/proc/{process.pid}/stat", encoding="utf-8").read().rpartition(")")[2].split()[0] == "S" and
              re.search(r"SigCgt:\t0*[1-9a-f]", open(f"/proc/{process.pid}/status", encoding="utf-8").read()), "it waits")
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        blocked(Result(process.returncode, out, err), "interrupted")


@case("blocks: nobody reads the answer, or the reason")
def gone():
    with Host() as host:
        process = start(host, "claude")
        process.stdout.close()
        process.stdin.write(json.dumps(host.ask("ls")).encode())
        process.stdin.close()
        err = process.stderr.read().decode()
        equal(process.wait(timeout=PATIENCE), 2)
        matches("standard output", err)
        process = start(host, "claude")
        process.stdout.close()
        process.stderr.close()
        process.stdin.write(b"nonsense")
        process.stdin.close()
        equal(process.wait(timeout=PATIENCE), 2)


@case("blocks: an agent that never ends its message")
def silent():
    with Host() as host:
        process = start(host, "claude", masked=CAUGHT)
        process.stdin.write(b'{"hook_event_name":')
        process.stdin.flush()
        code = process.wait(timeout=PATIENCE)
        blocked(Result(code, process.stdout.read(), process.stderr.read()), "out of time")
        process.stdin.close()


@case("help is for people: exit 0")
def helps():
    with Host() as host:
        result = host.csc("hook", "--help")
        equal(result.code, 0)
        matches(r"usage: csc hook \[AGENT\] --policy POLICY", result.out)


def decision(result):
    equal(result.code, 0, result)
    return result.json()["hookSpecificOutput"]


@case("hostile words come out escaped, and on one line")
def hostile():
    with Host() as host:
        for command in ("ls '\x1b[2J'", "'\u202eevil\x07' x", "cat /\x1b]0;x\x07\nls", "echo `\x1b[1m`"):
            for agent in ("claude", "codex", "gemini", "cursor"):
                result = host.hook(host.ask(command, agent), agent)
                equal(result.code, 0, result)
                for text in re.findall(r'"(?:reason|\w+_message|permissionDecisionReason)": "(.*)"', result.out):
                    equal(re.findall(r"[^ -~]|\\u0|\\[nrtb]", text), [], "unsafe characters")


@case("what a hook only judges leaves nothing behind")
def judging_writes_nothing():
    with Host() as host:
        for command in ("ls", "git add .", "rm x", "echo $HOME"):
            equal(host.hook(host.ask(command), "claude").code, 0)
        equal(os.listdir(host.path("home")), [])
        equal(os.listdir(host.work), [])


def run_line(host, answer):
    """As the agent's shell would."""
    process = subprocess.run(["sh", "-c", answer["updatedInput"]["command"]], cwd=host.work, check=False,
                             env={**host.env, "CSC_LEDGER": host.path("ledger", "l.db")}, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=PATIENCE)
    return Result(process.returncode, process.stdout, process.stderr)


@cases([(f"--rewrite: what {agent} then runs is the same command, with a receipt, from any folder", agent)
        for agent in ("claude", "codex", "gemini")])
def rewritten(agent):
    with Host() as host:
        host.work = host.path("it's a \"work\" folder")
        os.mkdir(host.work)
        host.write("policy.yaml", host.policy())
        with open(os.path.join(host.work, "a file"), "w", encoding="utf-8") as file:
            file.write("text\n")
        message = host.ask("cat 'a file' | tr a-z A-Z", agent)
        message["tool_input"].update({"description": "d", "ratio": 1.5, "nested": {"a": [1, None]}})
        result = host.hook(message, agent, "--rewrite", "--ledger", "l.db", "--policy", "policy.yaml")
        answer = decision(result)
        if agent == "gemini":
            equal(result.json()["decision"], "allow")
            answer["updatedInput"] = answer["tool_input"]
        else:
            equal(answer["permissionDecision"], "allow")
        equal({**answer["updatedInput"], "command": ""}, {**message["tool_input"], "command": ""}, "the other arguments")
        result = run_line(host, answer)
        equal((result.code, result.out), (0, "TEXT\n"), result)
        receipts = os.listdir(os.path.join(host.state, "receipts"))
        equal(len(receipts), 1)
        with open(os.path.join(host.state, "receipts", receipts[0]), encoding="utf-8") as file:
            equal(json.load(file)["status"], "success")
        equal(sorted(os.listdir(host.work)), ["a file"], "nothing else in the workspace")
        equal(os.path.exists(host.path("l.db")), True, "the ledger, from where the hook was called")


@case("--rewrite: a line of hostile words is one command for the shell")
def quoting():
    with Host() as host:
        words = ["echo", "a'b", '"', "$(touch x)", "`touch y`", "; touch z", "&", "\\", "*", "~", "#", "é\u202e", "-n"]
        answer = decision(host.hook(host.ask(shlex.join(words)), "claude", "--rewrite", "--ledger", "none"))
        result = run_line(host, answer)
        equal(result.out, " ".join(words[1:]) + "\n", result)
        equal(os.listdir(host.work), [])


@case("--rewrite: needs approval, is approved by a person, runs once, and needs approval again")
def approval():
    with Host() as host:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host.path("key")], check=True)
        with open(host.path("key.pub"), encoding="utf-8") as file:
            signers = host.write("signers", f'alice namespaces="csc-approval@v0.1" {file.read()}')
        subprocess.run(["git", "init", "-q", host.work], check=True)
        options = ["--rewrite", "--allowed-signers", signers, "--ledger", host.path("ledger.db")]
        for _ in range(2):
            answer = decision(host.hook(host.ask("git add ."), "claude", *options))
            equal(answer["permissionDecision"], "deny")
            matches(r"APPROVAL_REQUIRED: .*request [0-9a-f]{32} .*SHA-256 [0-9a-f]{64}: ", answer["permissionDecisionReason"])
            line = re.search(r": (\S+ approve .*?); do not retry", answer["permissionDecisionReason"])[1]
            line = line.replace("--identity WHO", "--identity alice --yes").replace("KEY", host.path("key"))
            approve = subprocess.run(["sh", "-c", line], check=False, env=host.env, capture_output=True, timeout=PATIENCE,
                                     stdin=subprocess.DEVNULL, start_new_session=True)
            equal(approve.returncode, 0, approve)
            answer = decision(host.hook(host.ask("git add ."), "claude", *options))
            equal(answer["permissionDecision"], "allow")
            matches(" --approval ", answer["updatedInput"]["command"])
            first = run_line(host, answer)
            equal(first.code, 0, first)
            equal(run_line(host, answer).code, 1, "a second time")


def plant(host, folder, contract, **changes):
    """An approval that nobody signed."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    now = time.time()
    text = {"approval_version": "csc.approval.v0.1", "approval_id": "a-1", "contract_sha256": contract,
            "approver": {"identity": "alice", "method": "cli"}, "approved_at": utc(now - 60), "expires_at": utc(now + 600),
            "scope": "time_window"} | changes
    for name in ("approval.json", "approval.json.sig"):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(text, file)


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@case("--rewrite: without known signers, an approval that was planted is handed to nobody")
def planted():
    with Host() as host:
        signers = host.write("signers", "")
        answer = decision(host.hook(host.ask("git add ."), "claude", "--rewrite", "--allowed-signers", signers))
        folder = re.search(r"--out (\S+)/approval.json", answer["permissionDecisionReason"])[1]
        plant(host, folder, re.search(r"SHA-256 ([0-9a-f]{64})", answer["permissionDecisionReason"])[1])
        answer = decision(host.hook(host.ask("git add ."), "claude", "--rewrite"))
        equal(answer["permissionDecision"], "deny")
        matches("does not know whose signature counts; its owner can name them: csc hook --allowed-signers",
                answer["permissionDecisionReason"])
        # Where signers are known it is handed on, for csc run to turn down; the configuration that names them with it.
        os.makedirs(host.path("home", ".config", "csc"), mode=0o700)
        config = host.write("home/.config/csc/csc.yaml", "config_version: csc.config.v0.1\napprovals:\n"
                                                            f"  allowed_signers: {signers}\n")
        answer = decision(host.hook(host.ask("git add ."), "claude", "--rewrite", "--ledger", "none"))
        words = shlex.split(answer["updatedInput"]["command"])
        equal((words[words.index("--config") + 1], "--approval" in words), (config, True))
        equal(run_line(host, answer).code in (1, 2), True)


@case("--rewrite: a line that runs twice leaves two receipts")
def two_receipts():
    with Host() as host:
        for _ in range(2):
            equal(run_line(host, decision(host.hook(host.ask("ls"), "claude", "--rewrite", "--ledger", "none"))).code, 0)
        equal(len(os.listdir(os.path.join(host.state, "receipts"))), 2)


@case("--rewrite: an approval that has expired is asked for again")
def expired():
    with Host() as host:
        options = ["--rewrite", "--allowed-signers", host.write("signers", "")]
        answer = decision(host.hook(host.ask("git add ."), "claude", *options))
        folder = re.search(r"--out (\S+)/approval.json", answer["permissionDecisionReason"])[1]
        contract = re.search(r"SHA-256 ([0-9a-f]{64})", answer["permissionDecisionReason"])[1]
        for nonsense in (False, True):
            plant(host, folder, contract, approved_at="2020-01-01T00:00:00Z",
                  expires_at="nonsense" if nonsense else "2020-01-02T00:00:00Z")
            answer = decision(host.hook(host.ask("git add ."), "claude", *options))
            equal(answer["permissionDecision"], "deny")
            equal(os.listdir(folder), ["contract.json"])


@case("--rewrite: hardened, from the agent's shell to the signed receipt")
def hardened():
    with Host() as host:
        equal(host.csc("keygen", "--out", host.path("k")).code, 0)
        options = ["--rewrite", "--mode", "hardened", "--sign", "--signing-key", host.path("k.key"), "--key-id", "k",
                   "--ledger", "none"]
        result = run_line(host, decision(host.hook(host.ask("echo hello"), "claude", *options)))
        if result.code == 78:
            raise Skip(result.err.strip())
        equal((result.code, result.out), (0, "hello\n"), result)
        receipt = os.path.join(host.state, "receipts", os.listdir(os.path.join(host.state, "receipts"))[0])
        equal(host.csc("verify-receipt", receipt, "--public-key", host.path("k.pub"), "--key-id", "k").code, 0)


main()
