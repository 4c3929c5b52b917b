# SPDX-License-Identifier: Apache-2.0
"""Follows docs/AGENTS.md: its commands are typed into a shell in a new home folder, and where it says that the agent asks,
the command of the settings that csc init wrote is given the message of that agent.

Below "The agent asks" stands what must come out, "..." for anything.
"""

import json
import os
import re
import subprocess

from bench import Bench, CSC, PATIENCE
from tap import case, equal, main, matches

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "AGENTS.md")
AGENTS = {"Claude Code": "claude", "Codex CLI": "codex", "Gemini CLI": "gemini", "Cursor": "cursor"}
SETTINGS = {"claude": ".claude/settings.json", "codex": ".codex/hooks.json", "gemini": ".gemini/settings.json",
            "cursor": ".cursor/hooks.json"}


def steps():
    """(heading, kind, text): blocks by their language, and what agents ask with what they are told."""
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    pattern = re.compile(r"^## (?P<heading>.*)$|^```(?P<language>\w+)\n(?P<block>(?:(?!```).*\n)*)```$|"
                         r"^The agent asks: `(?P<asked>[^`\n]*)`\n\n    (?P<told>.*)$", re.M)
    heading = None
    for found in pattern.finditer(page):
        if found["heading"]:
            heading = found["heading"]
        elif found["language"]:
            yield heading, found["language"], found["block"]
        else:
            yield heading, "asks", (found["asked"], found["told"])


class Reader(Bench):
    """Somebody who follows the page."""

    def __enter__(self):
        super().__enter__()
        self.home = self.path("home")
        self.project = os.path.join(self.home, "src", "app")
        for folder in (self.project, os.path.join(self.home, ".claude"), os.path.join(self.home, ".ssh"), self.path("bin")):
            os.makedirs(folder)
        os.symlink(CSC, self.path("bin", "csc"))
        self.env = {"HOME": self.home, "USER": "ann", "PATH": self.path("bin") + ":" + os.environ["PATH"]}
        for name in ("Makefile", "README"):
            self.write(f"home/src/app/{name}", "all:\n")
        self.write("home/" + SETTINGS["claude"], {"theme": "dark"})
        self.key = os.path.join(self.home, ".ssh", "id_ed25519")
        for words in (["git", "init", "-q", self.project], ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key]):
            subprocess.run(words, check=True, env=self.env)
        self.line = None  # to approve by
        return self

    def type(self, text):
        result = subprocess.run(["bash", "-euc", text], cwd=self.project, env=self.env, check=False, capture_output=True,
                                text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL, start_new_session=True)
        equal(result.returncode, 0, f"{text}\n{result.stdout}\n{result.stderr}")

    def hook(self, agent):
        """The hook's command, out of the settings."""
        with open(os.path.join(self.home, SETTINGS[agent]), encoding="utf-8") as file:
            hooks = json.load(file)["hooks"]
        entry = hooks["beforeShellExecution"][0] if agent == "cursor" else \
            hooks["BeforeTool" if agent == "gemini" else "PreToolUse"][0]["hooks"][0]
        return entry["command"]

    def message(self, agent, command):
        shell = {"command": command}
        common = {"session_id": "s", "cwd": self.project, "transcript_path": "/t"}
        return {
            "claude": {**common, "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": shell,
                       "permission_mode": "default", "tool_use_id": "u"},
            "codex": {**common, "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": shell, "turn_id": "t",
                      "model": "m", "permission_mode": "default", "tool_use_id": "u"},
            "gemini": {**common, "hook_event_name": "BeforeTool", "tool_name": "run_shell_command", "tool_input": shell},
            "cursor": {"hook_event_name": "beforeShellExecution", "conversation_id": "c", "cwd": self.project, **shell},
        }[agent]

    def ask(self, agent, command):
        """What the agent would make of it: a verdict and the reason."""
        result = subprocess.run(["sh", "-c", self.hook(agent)], input=json.dumps(self.message(agent, command)), text=True,
                                cwd=self.project, env=self.env, check=False, capture_output=True, timeout=PATIENCE)
        equal((result.returncode, result.stderr), (0, ""), "what goes with an answer")
        answer = json.loads(result.stdout) if result.stdout else {"permission": "allow"}
        answer = answer.get("hookSpecificOutput", answer)
        verdict = answer.get("permissionDecision") or answer.get("decision") or answer["permission"]
        reason = answer.get("permissionDecisionReason") or answer.get("reason") or answer.get("agent_message") or ""
        return ("replace" if "updatedInput" in answer else verdict) + (" " + reason if reason else "")

    def approve(self, told):
        """The person types the line that the agent was told, with name and key."""
        line = re.search(r": (\S+ approve .*?); do not retry", told)
        if line:
            self.type(line[1].replace("WHO", "ann --yes").replace("KEY", self.key))


@case("the page, from its beginning to its end")
def follow():
    asked = 0
    with Reader() as reader:
        for heading, kind, step in steps():
            if kind == "sh":
                reader.type(step)
            elif kind == "asks":
                command, told = step
                answer = reader.ask(AGENTS[heading], command)
                matches(r"\A" + ".*".join(re.escape(part) for part in told.split("...")) + r"\Z", answer, command)
                reader.approve(answer)
                asked += 1
        with open(os.path.join(reader.home, SETTINGS["claude"]), encoding="utf-8") as file:
            equal(json.load(file), {"theme": "dark"}, "what it was before")
        equal([name for name in SETTINGS.values() if os.path.exists(os.path.join(reader.home, name))],
              [SETTINGS["claude"]], "taken away again")
    equal(asked >= 12, True, "questions found on the page")


@case("every agent has its section, with a set-up, questions, and the way back")
def complete():
    found = list(steps())
    for heading, agent in AGENTS.items():
        mine = [(kind, step) for where, kind, step in found if where == heading]
        matches(f"csc init {agent} --write", mine[0][1] if mine else "")
        equal({kind for kind, _ in mine}, {"sh", "asks"})
        matches(r"^(rm|mv) ", mine[-1][1])


@case("the snippets for the MCP server are what they say they are")
def snippets():
    for _, kind, step in steps():
        if kind == "json":
            server = json.loads(step)["mcpServers"]["csc"]
            equal((server["command"], server["args"][:2]), ("/usr/local/bin/csc", ["mcp", "--policy"]))
            return
    raise AssertionError("no snippet")


main()
