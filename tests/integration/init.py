# SPDX-License-Identifier: Apache-2.0
"""csc init: what it merges into settings, what it leaves alone, and what the policies decide that it starts with."""

import json
import os
import shlex
import stat
import subprocess

from bench import Bench, CSC, PATIENCE
from tap import case, cases, equal, main, matches

OWN = os.path.realpath(CSC)
SETTINGS = {"claude": ".claude/settings.json", "codex": ".codex/hooks.json", "gemini": ".gemini/settings.json",
            "cursor": ".cursor/hooks.json"}
EVENTS = {"claude": "PreToolUse", "codex": "PreToolUse", "gemini": "BeforeTool", "cursor": "beforeShellExecution"}
MATCHERS = {"claude": "Bash", "codex": "Bash", "gemini": "run_shell_command"}
REST = {"claude": {"type": "command", "timeout": 30, "onFailure": "block"}, "codex": {"type": "command", "timeout": 30},
        "gemini": {"type": "command", "timeout": 30000}, "cursor": {"timeout": 30, "failClosed": True}}


class Home(Bench):
    """A bench with a home folder, and a project beside it."""

    def __enter__(self):
        super().__enter__()
        self.home = self.path("home")
        self.project = self.path("app")
        os.mkdir(self.home)
        os.mkdir(self.project)
        self.env = {"HOME": self.home, "PATH": os.environ["PATH"]}
        return self

    def init(self, *args, **options):
        options.setdefault("cwd", self.project)
        return self.csc("init", *args, env={**self.env, **options.pop("env", {})}, **options)

    def settings(self, agent):
        return os.path.join(self.home, SETTINGS[agent])

    def put(self, agent, text):
        os.makedirs(os.path.dirname(self.settings(agent)), exist_ok=True)
        return self.write(os.path.relpath(self.settings(agent), self.root), text)

    def get(self, agent):
        with open(self.settings(agent), encoding="utf-8") as file:
            return json.load(file)

    def policy_path(self):
        folder = os.path.join(self.home, ".config", "csc", "policies")
        names = os.listdir(folder)
        equal(len(names), 1, "policies")
        return os.path.join(folder, names[0])

    def files(self):
        """Every file of the home folder, with its bytes."""
        found = {}
        for folder, _, names in os.walk(self.home):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    found[os.path.relpath(os.path.join(folder, name), self.home)] = file.read()
        return found


def handler(agent, settings):
    entry = settings["hooks"][EVENTS[agent]][-1]
    if agent == "cursor":
        equal(settings["version"], 1)
        return entry
    equal(entry["matcher"], MATCHERS[agent])
    return entry["hooks"][-1]


def good(result):
    equal(result.code, 0, result)
    return result


def refused(home, result, code, words):
    equal(result.code, code, result)
    matches(r"\Acsc: [^\n]*" + words + r"[^\n]*\n\Z", result.err)


@cases([(f"{agent}: shown, and nothing written", agent) for agent in SETTINGS])
def shown(agent):
    with Home() as home:
        result = good(home.init(agent))
        equal((home.files(), os.listdir(home.project)), ({}, []))
        matches(r"nothing was written; --write", result.err)
        for words in (home.settings(agent), "policies/app-", "policy_schema_version: csc.policy.v0.1"):
            matches(words, result.out)
        told = good(home.init(agent, "--json")).json()
        equal((told["agent"], told["settings"], told["settings_state"]), (agent, home.settings(agent), "to hold"))
        equal(told["policy_state"], "to be written")
        handler(agent, told["snippet"])


@cases([(f"{agent}: written, and once only", agent) for agent in SETTINGS])
def written(agent):
    with Home() as home:
        result = good(home.init(agent, "--write"))
        equal("trust this one with /hooks" in result.err, agent == "codex", result)
        hook = handler(agent, home.get(agent))
        line = hook.pop("command")
        equal(hook, REST[agent])
        equal(shlex.split(line), [OWN, "hook", agent, "--policy", home.policy_path()] +
              ([] if agent == "cursor" else ["||", "exit", "2"]))
        for path in (home.settings(agent), home.policy_path()):
            equal(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        before = home.files()
        told = good(home.init(agent, "--write", "--json")).json()
        matches("unchanged", told["settings_state"])
        equal(told["policy_state"], "kept as it is")
        equal(home.files(), before, "the second time")
        equal(os.listdir(home.project), [])


OTHERS = {"theme": "dark", "ratio": 1.50, "big": 123456789012345678901234567890, "ünïcode": ["\u2028", None, True, {}],
          "permissions": {"allow": ["Bash(ls:*)"]},
          "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say done"}]}]}}


@cases([(f"{agent}: everything else in the settings is kept, and the old file too", agent) for agent in SETTINGS])
def merged(agent):
    with Home() as home:
        other = {"matcher": "Write", "hooks": [{"type": "command", "command": "x"}]} if agent != "cursor" else {"command": "x"}
        before = {**OTHERS, "hooks": {**OTHERS["hooks"], EVENTS[agent]: [other]}}
        text = json.dumps(before, indent=7)
        os.chmod(home.put(agent, text), 0o640)
        good(home.init(agent, "--write"))
        after = home.get(agent)
        handler(agent, after)
        equal(after["hooks"][EVENTS[agent]][0], other)
        del after["hooks"][EVENTS[agent]][-1]
        after.pop("version", None)
        equal(after, before)
        with open(home.settings(agent), encoding="utf-8") as file:
            raw = file.read()
        for words in ("1.5", "123456789012345678901234567890"):
            matches(words, raw)
        equal(home.files()[SETTINGS[agent] + ".csc-backup"].decode(), text)
        for path in (home.settings(agent), home.settings(agent) + ".csc-backup"):
            equal(stat.S_IMODE(os.stat(path).st_mode), 0o640)


@case("a group with the same matcher and another hook is left as it is")
def same_matcher():
    with Home() as home:
        group = {"matcher": "Bash", "hooks": [{"type": "command", "command": "/opt/audit hook claude"}]}
        home.put("claude", {"hooks": {"PreToolUse": [group]}})
        good(home.init("claude", "--write"))
        equal(home.get("claude")["hooks"]["PreToolUse"][0], group)
        equal(len(home.get("claude")["hooks"]["PreToolUse"]), 2)


@cases([(f"{agent}: another hook of csc is replaced by --force alone", agent) for agent in SETTINGS])
def replaced(agent):
    with Home() as home:
        good(home.init(agent, "--write"))
        other = home.path("other")
        os.mkdir(other)
        before = home.files()
        refused(home, home.init(agent, "--write", "--project", other), 65, "another hook of csc .*--force")
        equal(home.files(), before, "left alone")
        first = home.get(agent)
        good(home.init(agent, "--write", "--project", other, "--force"))
        equal(len(home.get(agent)["hooks"][EVENTS[agent]]), 1)
        matches("/other-", handler(agent, home.get(agent))["command"])
        equal(json.loads(home.files()[SETTINGS[agent] + ".csc-backup"]), first)
        good(home.init(agent, "--write", "--force"))
        matches("/other-", home.files()[SETTINGS[agent] + ".csc-backup.1"].decode())
        equal(json.loads(home.files()[SETTINGS[agent] + ".csc-backup"]), first, "an earlier backup")


LEFT_ALONE = [
    ("no JSON", "{", ""), ("comments", '{\n  // mine\n  "a": 1\n}', ""), ("nothing", "", ""),
    ("a list", "[]", "is an array, where an object was expected"), ("hooks that are a list", '{"hooks": []}', '"hooks" is an array'),
    ("an event that is an object", '{"hooks": {"PreToolUse": {}}}', '"PreToolUse" is an object'),
    ("a key twice", '{"a": 1, "a": 2}', ""), ("more than 1 MiB", '"' + "x" * (1 << 20) + '"', "larger"),
]


@cases([("left alone: settings with " + name, *rest) for name, *rest in LEFT_ALONE])
def left_alone(text, words):
    with Home() as home:
        home.put("claude", text)
        before = home.files()
        refused(home, home.init("claude", "--write"), 65, "settings.json.*" + words)
        equal(home.files(), before)


SWITCHES = [("claude", {"disableAllHooks": True}, "disableAllHooks"), ("claude", {"disableAllHooks": 1}, "disableAllHooks"),
            ("gemini", {"hooksConfig": {"enabled": False}}, "hooksConfig.enabled"),
            ("gemini", {"tools": {"enableHooks": False}}, "tools.enableHooks"),
            ("gemini", {"hooks": {"enabled": False}}, "hooks.enabled")]


@cases([(f"left alone: {agent}'s settings that switch hooks off, {json.dumps(settings)}", agent, settings, words)
        for agent, settings, words in SWITCHES])
def switched_off(agent, settings, words):
    with Home() as home:
        home.put(agent, settings)
        before = home.files()
        refused(home, home.init(agent, "--write"), 65, f'"{words}" switches hooks off.*; set it to ')
        equal(home.files(), before)


@case("settings that say that hooks are on are no reason to refuse")
def switched_on():
    with Home() as home:
        home.put("claude", {"disableAllHooks": False, "hooksConfig": {"enabled": False}})
        good(home.init("claude", "--write"))
        home.put("gemini", {"disableAllHooks": True, "hooksConfig": {"enabled": True}, "tools": {"enableHooks": True}})
        good(home.init("gemini", "--write"))


@case("settings that are a symlink: their file is changed, the link stays, and a backup shows no more than it did")
def symlink():
    with Home() as home:
        os.makedirs(os.path.join(home.home, ".claude"))
        os.makedirs(os.path.join(home.home, "dotfiles"))
        real = home.write("home/dotfiles/claude.json", {"token": "secret"})
        os.chmod(real, 0o600)
        os.symlink("../dotfiles/claude.json", home.settings("claude"))
        told = good(home.init("claude", "--write", "--json")).json()
        equal((told["settings"], told["backup"]), (real, real + ".csc-backup"))
        equal(os.readlink(home.settings("claude")), "../dotfiles/claude.json")
        equal(home.get("claude")["token"], "secret")
        handler("claude", home.get("claude"))
        for path in (real, real + ".csc-backup"):
            equal(stat.S_IMODE(os.lstat(path).st_mode), 0o600)
        equal(os.listdir(os.path.join(home.home, ".claude")), ["settings.json"])


@case("settings that are a symlink into the project, to nowhere, or to no file: refused before anything is written")
def bad_symlink():
    with Home() as home:
        os.makedirs(os.path.join(home.home, ".claude"))
        home.write("app/mine.json", {})
        os.mkdir(home.path("folder"))
        for target, code, words in ((home.path("app", "mine.json"), 77, "the agent's settings, lies below the project"),
                                    (home.path("nothing"), 66, "symlink that leads nowhere"),
                                    (home.path("folder"), 66, "no regular file"), ("/dev/zero", 66, "no regular file"),
                                    ("/dev/tty", 66, "")):
            os.symlink(target, home.settings("claude"))
            refused(home, home.init("claude", "--write", start_new_session=True), code, words)
            os.unlink(home.settings("claude"))
        equal(home.files(), {})
        if os.geteuid() == 0:
            os.chown(home.put("claude", {}), 1, 1)
            before = home.files()
            refused(home, home.init("claude", "--write"), 77, "belongs to the user with number 1")
            equal(home.files(), before)


@case("settings that are a symlink from the project outside: refused, for the agent could change the link")
def symlink_in_project():
    with Home() as home:
        real = home.write("mine.json", {})
        os.symlink(real, os.path.join(home.project, "settings.json"))
        refused(home, home.init("claude", "--write", env={"CLAUDE_CONFIG_DIR": home.project}), 77, "below the project")


@case("a home folder behind a symlink is a home folder")
def linked_home():
    with Home() as home:
        os.symlink(home.home, home.path("link"))
        good(home.init("claude", "--write", env={"HOME": home.path("link")}))
        handler("claude", home.get("claude"))


PLACES = [("claude", "CLAUDE_CONFIG_DIR", "settings.json"), ("codex", "CODEX_HOME", "hooks.json")]


@cases([(f"{agent}: {variable} is where its settings are", agent, variable, name) for agent, variable, name in PLACES])
def other_place(agent, variable, name):
    with Home() as home:
        folder = home.path("else where")
        told = good(home.init(agent, "--write", "--json", env={variable: folder})).json()
        equal(told["settings"], os.path.join(folder, name))
        equal(os.listdir(folder), [name])


@case("XDG_CONFIG_HOME is where policies are")
def config_home():
    with Home() as home:
        told = good(home.init("claude", "--write", "--json", env={"XDG_CONFIG_HOME": home.path("cfg")})).json()
        matches(r"/cfg/csc/policies/app-[0-9a-f]{8}\.yaml", told["policy"])
        equal(os.path.isfile(told["policy"]), True)


# name, arguments, environment, words: nothing may lie where the agent can write
BELOW = [
    ("the policies", [], {"XDG_CONFIG_HOME": "@/cfg"}, "lies below the project"),
    ("the settings", [], {"CLAUDE_CONFIG_DIR": "@/.claude"}, "lies below the project"),
    ("a policy that is given", ["--policy", "@/p.yaml"], {}, "lies below the project"),
    ("the signing key", ["--rewrite", "--sign", "--signing-key", "k", "--key-id", "k"], {}, "the signing key, lies below the project"),
    ("the allowed signers", ["--rewrite", "--allowed-signers", "@/signers"], {}, "the allowed signers, lies below the project"),
    ("the ledger", ["--rewrite", "--ledger", "@/l.db"], {}, "the ledger, lies below the project"),
    ("all of the home folder", ["--project", "@/.."], {"HOME": "@/../home"}, "lies below the project"),
]


@cases([("refused below the project: " + name, *rest) for name, *rest in BELOW])
def below(args, env, words):
    with Home() as home:
        home.write("app/p.yaml", home.policy())
        result = home.init("claude", "--write", *[arg.replace("@", home.project) for arg in args],
                           env={name: value.replace("@", home.project) for name, value in env.items()})
        refused(home, result, 77, words)
        equal((home.files(), os.listdir(home.project)), ({}, ["p.yaml"]))


@case("refused: what lies where the policy that is given lets commands write, by whichever name")
def writable():
    with Home() as home:
        os.symlink(home.root, home.path("link"))
        for scope in (home.home, os.path.join(home.path("link"), "home")):
            given = home.write("p.yaml", home.policy(allowed_write_prefixes=[scope]))
            refused(home, home.init("claude", "--write", "--policy", given), 77,
                    "the agent's settings, lies where the policy lets commands write")
        own = home.write("p.yaml", home.policy(allowed_write_prefixes=[os.path.dirname(OWN)]))
        refused(home, home.init("claude", "--write", "--policy", own), 77, "csc itself, lies where the policy lets")
        equal(home.files(), {})


ERRORS = [
    ("no agent", [], 64, "missing AGENT"), ("an unknown agent", ["copilot"], 64, "unknown agent 'copilot'; there are"),
    ("rewriting for Cursor", ["cursor", "--rewrite"], 64, "cursor cannot replace a command"),
    ("hardened without a key", ["claude", "--rewrite", "--mode", "hardened"], 64, "needs --sign"),
    ("options of a run that is none", ["claude", "--mode", "local"], 64, "--mode is for --rewrite"),
    ("a project that is not there", ["claude", "--project", "/nonexistent"], 66, "/nonexistent"),
    ("a project that is a file", ["claude", "--project", "/etc/passwd"], 66, "no folder"),
    ("a project that is everything", ["claude", "--project", "/"], 65, "all of the machine"),
    ("a policy that is not there", ["claude", "--policy", "/nonexistent"], 66, "/nonexistent"),
    ("a policy that is none", ["claude", "--policy", "/etc/passwd"], 65, "/etc/passwd"),
]


@cases([("refused: " + name, *rest) for name, *rest in ERRORS])
def errors(args, code, words):
    with Home() as home:
        refused(home, home.init(*args), code, words)
        equal(home.files(), {})


@case("refused: no home folder; no disk; a dollar that Gemini would expand")
def more_errors():
    with Home() as home:
        refused(home, home.init("claude", env={"HOME": "x"}), 78, "HOME")
        refused(home, home.init("claude", "--write", env={"HOME": "/proc"}), 73, "/proc")
        dollar = home.path("a$HOME")
        os.mkdir(dollar)
        refused(home, home.init("gemini", "--write", env={"XDG_CONFIG_HOME": dollar}), 65, "expand")
        equal(home.files(), {})


@case("a policy that is there is kept, also one that is given")
def kept():
    with Home() as home:
        good(home.init("claude", "--write"))
        mine = home.policy(name="mine")
        with open(home.policy_path(), "w", encoding="utf-8") as file:
            json.dump(mine, file)
        before = home.files()
        good(home.init("codex", "--write"))
        equal(json.loads(home.files()[os.path.relpath(home.policy_path(), home.home)]), mine)
        equal({**home.files(), SETTINGS["codex"]: b""}, {**before, SETTINGS["codex"]: b""})
        given = home.write("given.yaml", mine)
        good(home.init("cursor", "--write", "--policy", given))
        matches("given.yaml", handler("cursor", home.get("cursor"))["command"])


@case("options for csc run stand in the hook, with absolute paths")
def handed_on():
    with Home() as home:
        good(home.init("claude", "--write", "--rewrite", "--mode", "hardened", "--sign", "--signing-key", "../k's.key",
                       "--key-id", "a b", "--ledger", "none", "--backend", "native"))
        line = shlex.split(handler("claude", home.get("claude"))["command"])
        equal(line[5:-3], ["--rewrite", "--mode", "hardened", "--sign", "--signing-key", os.path.join(home.project, "../k's.key"),
                           "--key-id", "a b", "--ledger", "none", "--backend", "native"])


# ---- policies to start from

KINDS = {"git": ".git/", "npm": "package.json", "cargo": "Cargo.toml", "go": "go.mod", "make": "Makefile",
         "meson": "meson.build", "python": "pyproject.toml"}

ALLOW, DENY, ASK, = "allow", "deny", "ask"
LINES = {
    None: [("ls -la", ALLOW), ("cat a | cut -c 1 | uniq -c", ALLOW), ("sort a", DENY), ("sort --compress-program=./ev a", DENY), ("grep -rn x .", ALLOW), ("echo x > new", ALLOW),
           ("cat /etc/passwd", DENY), ("tee /etc/x", DENY), ("cp a /etc/x", DENY), ("find . -exec rm {} +", DENY),
           ("rm -rf .", DENY), ("sh -c ls", DENY), ("env ls", DENY), ("curl https://example.com", DENY), ("sudo ls", DENY),
           ("cat .ssh/id_rsa", ASK), ("cd .. && ls", DENY), ("git status", DENY), ("make", DENY), ("python3 x.py", DENY)],
    "git": [("git status", ALLOW), ("git diff HEAD", ALLOW), ("git add . && git commit -m x", ALLOW),
            ("git push", DENY), ("git push --force", DENY), ("git config user.name x", DENY), ("git clean -fdx", DENY),
            ("git -c core.pager=x log", DENY), ("git fetch", DENY), ("git reset --hard", DENY), ("git -C / log", DENY),
            ("git -C . reset --hard", DENY)],
    "npm": [("npm test", ALLOW), ("npm run build", ALLOW), ("npm publish", DENY), ("npm install x", DENY),
            ("npx x", DENY), ("npm run deploy", DENY), ("npm config set a b", DENY)],
    "cargo": [("cargo build --release", ALLOW), ("cargo test", ALLOW), ("cargo clippy", ALLOW), ("cargo publish", DENY),
              ("cargo install x", DENY), ("cargo add x", DENY)],
    "go": [("go build", ALLOW), ("go test -v", ALLOW), ("go vet", ALLOW), ("go get x", DENY), ("go install x", DENY),
           ("go env -w A=b", DENY)],
    "make": [("make", ALLOW), ("make test", ALLOW), ("make install", DENY), ("make deploy", DENY)],
    "meson": [("meson setup build", ALLOW), ("ninja -C build", ALLOW), ("meson install", DENY)],
    "python": [("pytest -q", ALLOW), ("ruff check .", ALLOW), ("python3 -m pytest", ALLOW), ("python3 -c 1", ALLOW),
               ("python3 -m pip install x", DENY), ("pip install x", DENY)],
}


def decide(home, line):
    message = {"session_id": "s", "cwd": home.project, "hook_event_name": "PreToolUse", "tool_name": "Bash",
               "tool_input": {"command": line}}
    result = good(home.csc("hook", "claude", "--policy", home.policy_path(), stdin=json.dumps(message).encode(),
                           env=home.env))
    answer = result.json()["hookSpecificOutput"]
    return answer["permissionDecision"], answer["permissionDecisionReason"]


def make_project(folder, *kinds):
    for kind in kinds:
        path = os.path.join(folder, KINDS[kind])
        if path.endswith("/"):
            os.mkdir(path)
        else:
            with open(path, "w", encoding="utf-8"):
                pass


@cases([(f"a policy for {kind or 'a folder'}", kind) for kind in LINES])
def starter(kind):
    with Home() as home:
        make_project(home.project, *([kind] if kind else []))
        good(home.init("claude", "--write"))
        good(home.csc("validate", "policy", home.policy_path()))
        for line, wanted in LINES[kind]:
            seen, reason = decide(home, line)
            equal((line, seen), (line, wanted), reason)


@case("a policy says of itself that it is no boundary, and what changes it lets through")
def says_so():
    with Home() as home:
        make_project(home.project, *KINDS)
        text = good(home.init("claude", "--json")).json()["policy_text"]
        for words in ("a fence against mistakes, and no boundary", "Changes of the repository need nobody",
                      "hardened mode\n# alone", "which these do not see"):
            matches(words, text)
        for line in text.splitlines():
            equal(len(line) <= 120, True, line)


@case("a policy for all of it, from a folder below")
def starter_all():
    with Home() as home:
        make_project(home.project, *KINDS)
        os.makedirs(os.path.join(home.project, "src", "deep"))
        good(home.init("claude", "--write", cwd=os.path.join(home.project, "src", "deep")))
        for kind, lines in LINES.items():
            for line, wanted in lines if kind else []:
                equal((line, decide(home, line)[0]), (line, wanted))


NAMES = ["a b", "a: b", "- x", "#x", "x # y", "'", '"', "\\", "a\nb", "a\tb", "\x1b2J", "{x}", "&a", "!x", "%x",
         "@x", "`x`", "ü", "日本", "\u2028", "\u202e", "\ufeff", "\x7f", "\x85", "😀", "null", "true", "1e3", "~", "...", "---", "..a",
         "a" * 200]


@cases([(f"a project called {name[:20]!r}", name) for name in NAMES])
def hostile_name(name):
    with Home() as home:
        home.project = home.path(name)
        os.mkdir(home.project)
        good(home.init("claude", "--write"))
        good(home.csc("validate", "policy", home.policy_path()))
        matches(r"\A[A-Za-z0-9_-][A-Za-z0-9._-]*-[0-9a-f]{8}\.yaml\Z", os.path.basename(home.policy_path()))
        equal(decide(home, "ls")[0], "allow")
        home.project = home.root
        equal(decide(home, "ls")[0], "deny")


@case("a project whose name is no UTF-8")
def no_utf8():
    with Home() as home:
        os.mkdir(os.fsencode(home.root) + b"/a\xff")
        refused(home, home.init("claude", "--write", cwd=os.fsencode(home.root) + b"/a\xff"), 65, r"no UTF-8")
        equal(home.files(), {})


@cases([(f"refused: a project called {name!r}, in whose folder no command could be bounded", name)
        for name in ("*", "a?", "[x]", "\x1b[2J")])
def pattern(name):
    with Home() as home:
        os.mkdir(home.path(name))
        refused(home, home.init("claude", "--write", cwd=home.path(name)), 65, r"in a scope is a pattern.*; rename the folder")
        equal(home.files(), {})


@case("two projects of one name have two policies")
def two():
    with Home() as home:
        paths = set()
        for parent in ("x", "y"):
            os.makedirs(home.path(parent, "app"))
            paths.add(good(home.init("claude", "--json", "--project", home.path(parent, "app"))).json()["policy"])
        equal(len(paths), 2)


@cases([(f"{agent}: the hook blocks when csc is gone, and when it crashes", agent) for agent in ("claude", "codex", "gemini")])
def fails_closed(agent):
    with Home() as home:
        os.mkdir(home.path("bin"))
        copy = home.path("bin", "csc")
        with open(OWN, "rb") as file:
            home.write("bin/csc", file.read())
        os.chmod(copy, 0o755)
        good(home.init(agent, "--write", program=copy))
        line = handler(agent, home.get(agent))["command"]
        for broken in (None, b"#!/bin/sh\nkill -SEGV $$\n", b"#!/bin/sh\nexit 1\n"):
            os.unlink(copy)
            if broken:
                home.write("bin/csc", broken)
                os.chmod(copy, 0o755)
            process = subprocess.run(["sh", "-c", line], input=b"{}", capture_output=True, check=False, timeout=PATIENCE)
            equal((process.returncode, process.stdout), (2, b""), "code")
            if not broken:
                matches("not found", process.stderr.decode())
                with open(copy, "wb"):
                    pass


main()
