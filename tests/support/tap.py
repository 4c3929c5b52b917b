# SPDX-License-Identifier: Apache-2.0
"""A TAP producer of a page: decorate functions with @case, end with main().

A case passes unless it raises; Skip(reason) skips it. `check` and friends say what was seen.
"""

import re
import sys
import traceback

CASES = []


class Skip(Exception):
    """Raised by a case that this host cannot run."""


def case(name, *args):
    """Registers a function as one case; with arguments, they are passed to it."""
    def register(function):
        CASES.append((name, function, args))
        return function
    return register


def cases(table):
    """Registers a function once for each row (name, arguments...) of a table."""
    def register(function):
        for name, *args in table:
            CASES.append((name, function, args))
        return function
    return register


def equal(seen, wanted, what="value"):
    if seen != wanted:
        raise AssertionError(f"{what}: saw {seen!r}, wanted {wanted!r}")


def matches(pattern, text, what="text"):
    if not re.search(pattern, text):
        raise AssertionError(f"{what}: {text!r} does not match {pattern!r}")


def run_case(function, args):
    """The end of the result line, and what to say about it."""
    try:
        function(*args)
    except Skip as reason:
        return "ok", f" # SKIP {reason}", ""
    except Exception:  # pylint: disable=broad-except
        return "not ok", "", traceback.format_exc()
    return "ok", "", ""


def main():
    failed = 0
    print(f"1..{len(CASES)}")
    for number, (name, function, args) in enumerate(CASES, 1):
        result, directive, words = run_case(function, args)
        failed += result != "ok"
        print(f"{result} {number} - {name.replace('#', '')}{directive}")
        for line in words.splitlines():
            print(f"# {line}")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
