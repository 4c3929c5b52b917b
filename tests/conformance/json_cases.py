# SPDX-License-Identifier: Apache-2.0
"""The JSON reader against others' judgement.

json_cases.py TOOL python           canonical forms against CPython's json, over random values of a fixed seed
json_cases.py TOOL suite FOLDER     the files of JSONTestSuite; exits 77 when they are not there
"""

import json
import os
import random
import subprocess
import sys

DEPTH_MAX = 64


def ask(tool, texts):
    """The tool's answers: canonical bytes, or None for a refusal."""
    sent = b"".join(b"%d\n%s" % (len(text), text) for text in texts)
    out = subprocess.run([tool], input=sent, stdout=subprocess.PIPE, check=True).stdout
    answers, at = [], 0
    while at < len(out):
        end = out.index(b"\n", at)
        word, rest = out[at:end].split(b" ", 1)
        at = end + 1
        if word == b"ok":
            answers.append(out[at : at + int(rest)])
            at += int(rest)
        else:
            answers.append(None)
    assert len(answers) == len(texts), "an answer is missing"
    return answers


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Cases:
    """Random values and random ways to write them, the same in every run."""

    ALPHABETS = (
        "abcXYZ019 _-./",
        "".join(chr(c) for c in range(1, 0x20)) + '"\\/\x7f',
        "\x80\x9f\xa0\xad\xff\u0300\u05d0\u0e01\u200b\u2028\u2029\u202e\ud7ff\ue000\ufeff\ufffd\ufffe\uffff",
        "\U00010000\U0001f600\U000e0041\U0010ffff",
    )
    INTEGERS = (0, 1, -1, 9, 10, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63), -(2**63) + 1)

    def __init__(self, seed):
        self.random = random.Random(seed)

    def string(self):
        alphabet = "".join(self.random.sample(self.ALPHABETS, self.random.randint(1, 3)))
        return "".join(self.random.choice(alphabet) for _ in range(self.random.choice((0, 1, 2, 5, 30))))

    def value(self, depth=0):
        kind = self.random.randrange(8 if depth < 6 else 5)
        if kind == 0:
            return self.random.choice((None, True, False))
        if kind == 1:
            return self.random.choice(self.INTEGERS)
        if kind == 2:
            return self.random.randrange(-(2**63), 2**63) >> self.random.randrange(64)
        if kind in (3, 4):
            return self.string()
        size = self.random.choice((0, 1, 2, 3, 8)) if depth else self.random.choice((1, 5, 40))
        if kind == 5:
            return [self.value(depth + 1) for _ in range(size)]
        return {self.string(): self.value(depth + 1) for _ in range(size)}

    def space(self):
        return "".join(self.random.choice(" \t\r\n") for _ in range(self.random.choice((0, 0, 0, 1, 3))))

    def quote(self, string):
        """A string with each character written in one of the ways there are."""
        short = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
        out = []
        for c in string:
            ways = ["".join(("\\u%04x" if self.random.random() < 0.5 else "\\u%04X") % u for u in self.units(c))]
            if c in short:
                ways.append(short[c])
            if c >= " " and c not in '"\\':
                ways += [c, c, c]
            out.append(self.random.choice(ways))
        return '"' + "".join(out) + '"'

    @staticmethod
    def units(c):
        raw = c.encode("utf-16-be")
        return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]

    def write(self, value):
        if isinstance(value, str):
            text = self.quote(value)
        elif isinstance(value, dict):
            items = list(value.items())
            self.random.shuffle(items)
            pairs = (self.space() + self.quote(k) + self.space() + ":" + self.write(v) for k, v in items)
            text = "{" + (",".join(pairs) or self.space()) + "}"
        elif isinstance(value, list):
            text = "[" + (",".join(self.write(v) for v in value) or self.space()) + "]"
        elif value == 0 and not isinstance(value, bool) and self.random.random() < 0.3:
            text = "-0"
        else:
            text = json.dumps(value)
        return self.space() + text + self.space()


def against_python(tool):
    cases = Cases(20260320)
    values = [cases.value() for _ in range(4000)]
    texts = [cases.write(value).encode() for value in values]
    for text, value, answer in zip(texts, values, ask(tool, texts)):
        assert json.loads(text) == value, text  # the test's own writer
        assert answer == canonical(value), (text, answer, canonical(value))
    # What is canonical already stays as it is.
    fixed = [canonical(value) for value in values]
    assert ask(tool, fixed) == fixed
    # Damaged texts: what we accept, CPython accepts and means the same.
    damaged = [damage(cases.random, text) for text in texts for _ in range(3)]
    for text, answer in zip(damaged, ask(tool, damaged)):
        if answer is not None:
            assert answer == canonical(json.loads(text)), text
    print(f"ok: {len(values)} values, {len(damaged)} damaged texts")


def damage(source, text):
    """One byte changed, left out, put in, or two places swapped."""
    at, to = source.randrange(len(text)), source.randrange(len(text))
    byte = bytes([source.choice((source.randrange(256), *b'{}[]",:\\0-.eE'))])
    low, high = min(at, to), max(at, to)
    return source.choice(
        (
            text[:at] + byte + text[at + 1 :],
            text[:at] + text[at + 1 :],
            text[:at] + byte + text[at:],
            text[:low] + text[high:],
        )
    )


def scalars(value):
    """Everything in a value that holds nothing itself, keys included."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from scalars(item)
    else:
        yield value


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


class Duplicate(Exception):
    pass


def unique(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise Duplicate
    return dict(pairs)


def forbidden(text):
    """Why the protocol refuses a text that is JSON, or None."""
    try:
        value = json.loads(text, object_pairs_hook=unique)
    except Duplicate:
        return "a duplicate key"
    if any(isinstance(item, float) for item in scalars(value)):
        return "a real"
    if depth(value) > DEPTH_MAX:
        return "too deep"
    strings = "".join(item for item in scalars(value) if isinstance(item, str))
    if "\0" in strings:
        return "U+0000"
    if any("\ud800" <= c <= "\udfff" for c in strings):
        return "a lone surrogate"
    return None


def against_suite(tool, folder):
    if not os.path.isdir(folder) or not os.listdir(folder):
        print(f"SKIP: {folder} is not there; set CSC_VECTORS to a folder with JSONTestSuite's test_parsing files")
        return 77
    names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    texts = []
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            texts.append(file.read())
    wrong = []
    for name, text, answer in zip(names, texts, ask(tool, texts)):
        reason = forbidden(text) if name.startswith("y_") else None
        if name.startswith("y_") and (answer is None) != (reason is not None):
            wrong.append(f"{name}: {'refused' if answer is None else 'accepted although ' + reason}")
        if name.startswith("n_") and answer is not None:
            wrong.append(f"{name}: accepted")
    print("\n".join(wrong) or f"ok: {len(names)} files")
    return 1 if wrong else 0


def main():
    tool, kind = sys.argv[1:3]
    if kind == "suite":
        return against_suite(tool, sys.argv[3])
    return against_python(tool)


if __name__ == "__main__":
    sys.exit(main())
