#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the CI files to what makes them trustworthy, as far as that shows here: pinned actions, least rights, no injection, and
that what they call is there.

usage: workflows.py ROOT    the rules over .github/workflows, then over files that break them (TAP)
"""

import glob
import os
import re
import sys

import yaml

# Who may do more than read, and what.
MORE_RIGHTS = {("release.yml", "publish"): {"contents": "write", "id-token": "write", "attestations": "write"}}
# Expressions that nobody outside can put words into. All others go through the environment, not into a script.
SAFE_EXPRESSION = re.compile(r"matrix\.\w+")
ACTION = re.compile(r"actions/[\w-]+@[0-9a-f]{40}")


def steps(document):
    for name, job in document["jobs"].items():
        for step in job.get("steps", []):
            yield name, step


def triggers(document):
    found = document[True] if True in document else document["on"]  # YAML 1.1 reads the word "on" as true
    return set(found) if isinstance(found, (dict, list)) else {found}


def pin_problems(_, text, document):
    for _, step in steps(document):
        if "uses" in step and not ACTION.fullmatch(step["uses"]):
            yield f"{step['uses']} is no action of GitHub's own, pinned by a whole commit"
    for line in text.splitlines():
        if re.search(r"^\s*(- )?uses:", line) and not re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line):
            yield f"no version is said beside the commit: {line.strip()}"


def right_problems(name, _, document):
    if document.get("permissions") != {"contents": "read"}:
        yield f"permissions: {document.get('permissions')}"
    for job_name, job in document["jobs"].items():
        if job.get("permissions") != MORE_RIGHTS.get((name, job_name)):
            yield f"{job_name} has permissions {job.get('permissions')}"
    for _, step in steps(document):
        if step.get("uses", "").startswith("actions/checkout@") and step.get("with", {}).get("persist-credentials") is not False:
            yield "a checkout leaves its token in the clone"


def injection_problems(_, text, document):
    if "pull_request_target" in triggers(document):
        yield "pull_request_target gives strangers' code the repository's rights"
    if triggers(document) & {"pull_request", "pull_request_target"} and "secrets." in text:
        yield "a secret in a workflow of pull requests"
    for _, step in steps(document):
        for expression in re.findall(r"\$\{\{\s*(.*?)\s*\}\}", step.get("run", "")):
            if not SAFE_EXPRESSION.fullmatch(expression):
                yield f"{expression} is put into a script"


def secret_problems(_, __, document):
    """The job that has a secret waits for a maintainer, and nothing that it runs comes from elsewhere or builds anything."""
    for name, job in document["jobs"].items():
        if "secrets." not in str(job):
            continue
        if "environment" not in job:
            yield f"{name} has a secret, and no environment that asks a maintainer"
        for where in (job.get("container"), *job.get("services", {}).values()):
            image = where.get("image", "") if isinstance(where, dict) else where
            if image is not None and not re.search(r"@sha256:[0-9a-f]{64}$", image):
                yield f"{name} has a secret, and runs in {image}, which no digest pins"
        if "secrets." in str(job.get("env", "")) + str(document.get("env", "")):
            yield f"{name} has a secret in every step"
        for word in re.findall(r"\bapt-get\b|\bmake\b|\b(?:scripts|packaging)/[\w-]+", " ".join(
                step.get("run", "") for step in job["steps"])):
            if word != "scripts/dist-sign":
                yield f"{name} has a secret, and runs {word}"


def reach_problems(_, __, document):
    """Root's make check runs tests as a plain user, who may not reach a folder below the home of a machine's own user."""
    for name, job in document["jobs"].items():
        scripts = "\n".join(step.get("run", "") for step in job.get("steps", []))
        before, found, _ = scripts.partition("sudo make check")
        if found and 'chmod o+x "$HOME"' not in before:
            yield f"{name}: a plain user may not reach the clone"


def job_problems(_, __, document):
    for name, job in document["jobs"].items():
        if not isinstance(job.get("timeout-minutes"), int):
            yield f"{name} has no time limit"
        if job.get("runs-on") != "ubuntu-24.04":
            yield f"{name} runs on {job.get('runs-on')}, which is no version"
        if job.get("needs", name) != name and job["needs"] not in document["jobs"]:
            yield f"{name} needs {job['needs']}, which is no job"


def matrix_values(job, word):
    """What a word stands for: itself, or each value of the matrix."""
    match = re.fullmatch(r"\$\{\{ matrix\.(\w+) \}\}", word)
    return job["strategy"]["matrix"][match[1]] if match else [word]


def call_problems(root, document):
    with open(os.path.join(root, "Makefile"), encoding="utf-8") as file:
        targets = set(re.search(r"^\.PHONY: (.*)$", file.read(), re.M)[1].split())
    for name, step in steps(document):
        script = step.get("run", "")
        for word in re.findall(r"(?:^|\bsudo |&& )make +(\$\{\{.*?\}\}|[\w-]+)", script, re.M):
            for target in matrix_values(document["jobs"][name], word):
                if target not in targets:
                    yield f"make {target}: no such target"
        for path in re.findall(r"(?:^|[\s\"])((?:scripts|packaging|debian/tests)/[\w./-]+)", script):
            if not os.path.exists(os.path.join(root, path)):
                yield f"{path} is not there"


def problems(name, text, root):
    document = yaml.safe_load(text)
    return [*pin_problems(name, text, document), *right_problems(name, text, document), *injection_problems(name, text, document),
            *secret_problems(name, text, document), *reach_problems(name, text, document),
            *job_problems(name, text, document), *call_problems(root, document)]


def version_problems(texts):
    """An action is of one commit everywhere."""
    found = {}
    for text in texts:
        for action, commit in re.findall(r"uses: (\S+)@(\S+)", text):
            found.setdefault(action, set()).add(commit)
    return [f"{action} is of several commits" for action, commits in found.items() if len(commits) > 1]


# File, what is exchanged in it, for what, and what the finding must say.
BROKEN = [
    ("ci.yml", "@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2", "@v4", "pinned by a whole commit"),
    ("ci.yml", "actions/checkout@", "somebody/checkout@", "no action of GitHub's own"),
    ("ci.yml", " # v4.2.2", "", "no version is said"),
    ("ci.yml", "permissions:\n  contents: read\n", "", "permissions: None"),
    ("ci.yml", "  contents: read\n", "  contents: write\n", "permissions: {'contents': 'write'}"),
    ("ci.yml", "  lint:\n", "  lint:\n    permissions: write-all\n", "lint has permissions write-all"),
    ("release.yml", "attestations: write", "packages: write", "publish has permissions"),
    ("ci.yml", "persist-credentials: false", "persist-credentials: true", "leaves its token"),
    ("ci.yml", "  pull_request:\n", "  pull_request_target:\n", "strangers' code"),
    ("ci.yml", "make lint", "echo ${{ secrets.KEY }}", "a secret in a workflow"),
    ("ci.yml", "make lint", "echo ${{ github.head_ref }}", "github.head_ref is put into a script"),
    ("ci.yml", "    timeout-minutes: 60\n", "", "no time limit"),
    ("ci.yml", "runs-on: ubuntu-24.04", "runs-on: ubuntu-latest", "which is no version"),
    ("ci.yml", "make lint", "make linen", "make linen: no such target"),
    ("sanitize.yml", "target: [sanitize, valgrind]", "target: [sanitise]", "make sanitise: no such target"),
    ("ci.yml", "packaging/try-debian", "packaging/try-debain", "packaging/try-debain is not there"),
    ("release.yml", "    environment: release\n", "", "no environment"),
    ("release.yml", "    environment: release\n", "    environment: release\n    container: debian:12\n", "in debian:12, which no digest"),
    ("release.yml", "    environment: release\n", "    environment: release\n    container:\n      image: debian:12\n",
     "in debian:12, which no digest"),
    ("release.yml", "    environment: release\n", "    environment: release\n    env:\n      KEY: ${{ secrets.RELEASE_KEY }}\n",
     "a secret in every step"),
    ("release.yml", "scripts/dist-sign ", "scripts/dist ", "sign has a secret, and runs scripts/dist"),
    ("release.yml", "cd dist && sha256sum", "apt-get update && sha256sum", "sign has a secret, and runs apt-get"),
    ("hardened.yml", 'sudo chmod o+x "$HOME"', "echo", "may not reach the clone"),
    ("release.yml", "needs: dist", "needs: dits", "no job"),
]


def main(root):
    texts = {}
    for path in sorted(glob.glob(os.path.join(root, ".github", "workflows", "*.yml"))):
        with open(path, encoding="utf-8") as file:
            texts[os.path.basename(path)] = file.read()
    results = [(name, problems(name, text, root)) for name, text in texts.items()]
    results.append(("all four are there", sorted({"ci.yml", "hardened.yml", "release.yml", "sanitize.yml"} - set(texts))))
    results.append(("one commit of each action", version_problems(texts.values())))
    for name, old, new, expected in BROKEN:
        found = problems(name, texts[name].replace(old, new), root) if old in texts[name] else ["nothing was exchanged"]
        seen = any(expected in finding for finding in found)
        results.append((f"finds: {expected}", [] if seen else [f"saw {found}"]))
    print(f"1..{len(results)}")
    for number, (name, found) in enumerate(results, 1):
        print(f"{'not ok' if found else 'ok'} {number} - {name}")
        for finding in found:
            print(f"# {finding}")


if __name__ == "__main__":
    main(sys.argv[1])
