# SPDX-License-Identifier: Apache-2.0
"""Threat: a command that prepares the next run - it writes the configuration that is not there yet, exchanges a symlink on
the way to the policy, or replaces bwrap or csc - or that is shown the key by what every command is shown."""

import os
import shutil

from boundary import BACKEND, BLOCKED, Boundary, owners
from bench import CSC
from tap import cases, case, equal, main, matches


def refused(boundary, code, message, start=None, **changes):
    """The run is refused before anything of it runs."""
    result = boundary.run(boundary.command("true", **changes), start=start)
    equal(result.code, code, result)
    matches(message, boundary.receipt()["error"], "error")


@cases(owners("the configuration that is not there yet"))
def absent_configuration(owner):
    with Boundary(owner) as boundary:
        home = boundary.path("work", "home")
        os.makedirs(os.path.join(home, "project"))
        for folder in (home, os.path.join(home, "project")):
            os.chown(folder, owner, owner)
        environment = {**os.environ, "HOME": home}
        environment.pop("XDG_CONFIG_HOME", None)
        start = {"env": environment}
        refused(boundary, 1, "holds the place of the configuration", start, write_paths=[home + "/**"])
        os.makedirs(os.path.join(home, ".config"))
        os.chown(os.path.join(home, ".config"), owner, owner)
        refused(boundary, 1, "holds the place of the configuration", start, write_paths=[home + "/.config/**"])
        result = boundary.run(boundary.command("true", write_paths=[home + "/project/**"], read_paths=[home]), start=start)
        equal(result.code, 0, result)


@cases(owners("a symlink on the way to the policy"))
def symlink_to_policy(owner):
    with Boundary(owner) as boundary:
        os.makedirs(boundary.path("way"))
        _, policy = boundary.inputs(["true"])
        os.symlink(policy, boundary.path("work", "link"))
        os.symlink("../work/link", boundary.path("way", "policy.yaml"))
        contract, _ = boundary.inputs(boundary.command("true", write_paths=[boundary.work + "/**"]))
        result = boundary.csc("run", contract, boundary.path("way", "policy.yaml"), *boundary.options())
        equal(result.code, 1, result)
        matches("holds the policy", result.err)
        equal(boundary.run(boundary.command("true", write_paths=[boundary.work + "/**"])).code, 0, "its own name")


@cases(owners("the programs of the boundary"))
def programs(owner):
    with Boundary(owner) as boundary:
        for name, program in (("bwrap", "/usr/bin/bwrap"), ("csc", CSC), ("csc-init", CSC + "-init")):
            os.makedirs(boundary.path("work", name))
            shutil.copy(program, boundary.path("work", name))
            os.chown(boundary.path("work", name), owner, owner)
        shutil.copy(CSC + "-init", boundary.path("work", "csc"))
        boundary.write("trusted/csc.yaml", boundary.config + f"bwrap: {boundary.path('work', 'bwrap', 'bwrap')}\n")
        if BACKEND == "bwrap":  # to the other executor it is a program like any
            refused(boundary, 1, "holds bwrap", write_paths=[boundary.path("work", "bwrap") + "/**"])
        boundary.write("trusted/csc.yaml", boundary.config)
        inputs = boundary.inputs(boundary.command("true", write_paths=[boundary.path("work", "csc") + "/**"]))
        copied = boundary.path("work", "csc", os.path.basename(CSC))
        done = boundary.start_other(copied, "run", *inputs, *boundary.options())
        equal(done.code, 1, done)
        matches("holds csc", done.err)


@cases([(f"{access} the ledger{suffix} by {how}", access, suffix, how) for access in ("reading", "writing")
        for suffix in ("", "-wal", "-shm") for how in ("its name", "a pattern", "its folder")])
def ledger(access, suffix, how):
    """Threat: what SQLite keeps beside the file is the newest part of the ledger: who empties it makes csc forget."""
    with Boundary() as boundary:
        os.mkdir(boundary.path("state"), 0o700)
        path = boundary.path("state", "ledger.db")
        args = ["--ledger", path]
        equal(boundary.run(["true"], args=args).code, 0)
        scope = {"its name": path + suffix, "a pattern": path[:-1] + "*" + suffix, "its folder": boundary.path("state")}[how]
        paths = {"reading": "read_paths", "writing": "write_paths"}[access]
        result = boundary.run(boundary.command("true", **{paths: [scope]}), args=args)
        equal(result.code, 1, result)
        matches("the ledger", boundary.receipt()["error"])
        equal(boundary.csc("ledger", "stats", "--json", "--ledger", path).json()["entries"], 2)


@cases([(f"writing requests and receipts of agents: {name}", name) for name in ("the folder", "one of them", "a receipt", "all of state")])
def requests(name):
    """Threat: a command that puts another contract before the person who approves, or an approval into its folder."""
    with Boundary() as boundary:
        state = boundary.path("work", "state")
        folder = os.path.join(state, "csc", "requests")
        os.makedirs(os.path.join(folder, "0" * 32))
        os.makedirs(os.path.join(state, "csc", "receipts"))
        scope = {"the folder": folder, "one of them": os.path.join(folder, "0" * 32), "all of state": state,
                 "a receipt": os.path.join(state, "csc", "receipts")}[name]
        start = {"env": {**os.environ, "XDG_STATE_HOME": state}}
        refused(boundary, 1, "(holds|belongs to) the requests and receipts of agents; ", start, write_paths=[scope + "/**"])


@case("a key among what every command is shown")
def shown_key():
    with Boundary() as boundary:
        os.mkdir(boundary.path("shown"))
        for name in ("runner.key", "runner.pub"):
            shutil.move(boundary.path("trusted", name), boundary.path("shown", name))
        boundary.write("trusted/csc.yaml", boundary.config + f"system_paths: [{boundary.path('shown')}]\n")
        options = [word.replace("trusted/runner.key", "shown/runner.key") for word in boundary.options()]
        result = boundary.csc("run", *boundary.inputs(["true"]), *options)
        equal(result.code, BLOCKED, result)
        matches("every command is shown '.*shown', which holds the signing key", result.err)


if __name__ == "__main__":
    main()
