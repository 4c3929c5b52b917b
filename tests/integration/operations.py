# SPDX-License-Identifier: Apache-2.0
"""What docs/OPERATIONS.md says of backups: which ways to copy a ledger are safe, and what the others lose."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import threading

from bench import CSC, Bench
from tap import Skip, case, cases, equal, main

RUNS = 30


def ledger_of(bench):
    """Its path, and a function that makes one more entry."""
    path = bench.path("state", "ledger.db")
    inputs = bench.inputs(["true"])
    args = ["--ledger", path, "--receipt-out", bench.path("receipt.json"), "--quiet"]
    return path, lambda: equal(bench.csc("run", *inputs, *args).code, 0)


def entries(bench, path):
    """How many a copy has, once it is found to be sound."""
    result = bench.csc("ledger", "verify", "--json", "--ledger", path)
    equal((result.code, result.json().get("verdict")), (0, "not_established"), result)
    return result.json()["entries"]


def by_library(path, copy):
    with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def by_vacuum(path, copy):
    with contextlib.closing(sqlite3.connect(path)) as source:
        source.execute("VACUUM INTO ?", (copy,))


def by_program(path, copy):
    if not shutil.which("sqlite3"):
        raise Skip("no sqlite3")
    # Without a timeout it says "database is locked" where csc, or another sqlite3, has just opened or left it.
    done = subprocess.run(["sqlite3", "-cmd", ".timeout 30000", path, f".backup {copy}"], capture_output=True, text=True, timeout=60, check=False)
    equal((done.returncode, done.stderr), (0, ""))


@cases([(f"a backup that is taken while csc runs is whole: {name}", way) for name, way in
        (("the library's", by_library), ("VACUUM INTO", by_vacuum), ("sqlite3 .backup", by_program))])
def while_running(way):
    with Bench() as bench:
        path, run = ledger_of(bench)
        run()
        failures = []

        def work():
            try:
                for _ in range(RUNS):
                    run()
            except BaseException as error:  # pylint: disable=broad-except
                failures.append(error)

        worker = threading.Thread(target=work)
        worker.start()
        seen = []
        try:
            while worker.is_alive() or len(seen) < 2:
                copy = bench.path(f"copy{len(seen)}.db")
                way(path, copy)
                seen.append(entries(bench, copy))
        finally:
            worker.join()
        equal(failures, [])
        equal(seen, sorted(seen), "later backups have no less")
        equal((min(seen) >= 1, max(seen) <= RUNS + 1), (True, True), seen)
        equal(entries(bench, path), RUNS + 1, "csc went on")
        run()


def copied(bench, path, names):
    folder = bench.path("copy")
    os.mkdir(folder, 0o700)
    for name in names:
        shutil.copy(path + name, folder)
    return os.path.join(folder, "ledger.db")


@case("files that are copied together while no csc runs are whole")
def together():
    with Bench() as bench:
        path, run = ledger_of(bench)
        for _ in range(3):
            run()
        equal(entries(bench, copied(bench, path, ["", "-wal"])), 3)


@case("the database's file alone lacks what is in its log, and looks whole")
def alone():
    with Bench() as bench:
        path, run = ledger_of(bench)
        for _ in range(3):
            run()
        equal(entries(bench, copied(bench, path, [""])) < 3, True)


@case("a backup does not know what approvals were used, and which entries came, after it")
def older():
    with Bench() as bench:
        path, run = ledger_of(bench)
        run()
        by_library(path, bench.path("copy.db"))
        run()
        equal((entries(bench, bench.path("copy.db")), entries(bench, path)), (1, 2))


if __name__ == "__main__":
    equal(os.path.exists(CSC), True)
    main()
