#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the YAML reader against PyYAML: one text, one meaning.

    yaml_differential.py TOOL SNIPPETS [--rounds N] [--seed N]

Every text of the file SNIPPETS, and N more made out of them and out of a small grammar, is read by both. Where PyYAML's
safe loader, with the refusals of the protocol added here (Strict), finds a meaning, the tool must find the same one, or
say one of the few things that only it refuses (STRICTER). Where it finds none, the tool must refuse the text too.
"""

import argparse
import json
import random
import re
import subprocess
import sys

import yaml

STR, INT, BOOL, NULL, SEQ, MAP = (f"tag:yaml.org,2002:{name}" for name in ("str", "int", "bool", "null", "seq", "map"))
DEPTH_MAX, NODES_MAX = 64, 100000

# What the tool says where libyaml refuses, or its reader must refuse, a text that PyYAML reads, and which texts those
# may be. None of them is a way to write a policy.
STRICTER = [
    ("found unknown directive name", lambda text: "%" in text),
    ("found incompatible YAML document", lambda text: "%YAML 1." in text),
    ("found extremely long version number", lambda text: "%YAML 1." in text),
    ("found unexpected ':'", lambda text: re.search(r":[,?\[\]{}]", text)),
    ("found a tab character where an indentation space is expected", lambda text: re.search(r"[|>][-+0-9]*.*\s+\t", text)),
    ("a tag without a key", lambda text: re.search(r"!.* :", text)),
]


class Refused(Exception):
    """The protocol has no such value."""


class Strict(yaml.SafeLoader):
    """Composes nodes as PyYAML does; refuses tags that do not say what is so anyway."""

    def compose_scalar_node(self, anchor):
        event = self.peek_event()
        node = super().compose_scalar_node(anchor)
        plain = event.style is None
        implicit = self.resolve(yaml.ScalarNode, node.value, (plain, not plain))
        if event.tag in (None, "!"):
            # A lone "!" before quoted text: PyYAML reads it as if plain, YAML 1.2 as a string.
            if node.tag != implicit:
                raise Refused("! on quoted text")
        elif event.tag not in (STR, INT, BOOL) or (event.tag != STR and event.tag != implicit):
            raise Refused("tag")
        return node

    def compose_sequence_node(self, anchor):
        self.check_tag(SEQ)
        return super().compose_sequence_node(anchor)

    def compose_mapping_node(self, anchor):
        self.check_tag(MAP)
        return super().compose_mapping_node(anchor)

    def check_tag(self, accepted):
        if self.peek_event().tag not in (None, "!", accepted):
            raise Refused("tag")


class Meaning:
    """Nodes -> values, within the limits of the protocol."""

    def __init__(self):
        self.constructor = yaml.constructor.SafeConstructor()
        self.nodes = 0

    def of(self, node, depth=0):
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise Refused("too many nodes")
        if isinstance(node, yaml.ScalarNode):
            return self.of_scalar(node)
        if depth == DEPTH_MAX:
            raise Refused("too deep")
        if isinstance(node, yaml.SequenceNode):
            return [self.of(item, depth + 1) for item in node.value]
        return self.of_mapping(node, depth + 1)

    def of_scalar(self, node):
        if node.tag == STR:
            node.value.encode("utf-8")  # a lone surrogate has no meaning
            if "\0" in node.value:
                raise Refused("U+0000")
            return node.value
        if node.tag == NULL:
            return None
        if node.tag == BOOL:
            return self.constructor.construct_yaml_bool(node)
        if node.tag != INT:
            raise Refused(node.tag)
        number = self.constructor.construct_yaml_int(node)
        if not -(2**63) <= number < 2**63:
            raise Refused("too large")
        return number

    def of_mapping(self, node, depth):
        members = {}
        for key_node, value_node in node.value:
            key = self.of(key_node, depth)
            if not isinstance(key, str) or key in members:
                raise Refused("key")
            members[key] = self.of(value_node, depth)
        return members


def meaning(data):
    """The canonical JSON of a text, or None when it must be refused."""
    try:
        text = data.decode("utf-8")
        if "\ufeff" in text[1:]:
            return None
        node = yaml.compose(text, Loader=Strict)
        if not isinstance(node, yaml.MappingNode):
            return None
        value = Meaning().of(node)
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (Refused, yaml.YAMLError, ValueError, RecursionError, OverflowError, IndexError):
        return None


def answers(tool, texts):
    data = b"".join(b"%d\n%s" % (len(text), text) for text in texts)
    done = subprocess.run([tool], input=data, stdout=subprocess.PIPE, check=True)
    lines = done.stdout.decode("utf-8").split("\n")[:-1]
    assert len(lines) == len(texts), "one answer a text"
    return lines


def verdict(data, answer):
    """Why the answer is wrong, or None."""
    expected = meaning(data)
    if not answer.startswith("error: "):
        return None if answer == expected else f"must be {expected or 'refused'}"
    if expected is None:
        return None
    text = data.decode("utf-8")
    if any(said in answer and may(text) for said, may in STRICTER):
        return None
    return f"must be {expected}"


# ---- texts made by chance, but the same ones every time ----

PIECES = ["a", "b", "key", " ", "  ", "\n", "\n  ", "\n- ", ": ", ":", "- ", "-", "? ", "?", ", ", ",", "[", "]", "{", "}",
          "#", " # c", "\t", "'", '"', "|", ">", "|-", ">+", "|2", "&x ", "*x", "&y ", "*y", "! ", "!!str ", "!!int ",
          "!!bool ", "!!map ", "!!seq ", "!!float ", "!foo ", "---", "\n---\n", "...", "\n...\n", "%YAML 1.1\n", "%", "@",
          "`", "<<", "=", "~", "null", "yes", "1", "0x1F", "017", "1:30", "1.5", "2001-01-01", "\\", '"\\n"', "''", '""',
          "\u00e9", "\u2028", "\x85", "\ufeff", "\U0001f600", "\r\n", "\r", "\x7f", "_", "+", ".", "0", "08", "0b1",
          "\n\n", "a: b\n", "a: [x, y]\n", "k: {m: n}\n", "k: |\n  text\n", "k: >\n  more\n  text\n"]
WORDS = ["a", "b", "c", "word", "two words", "'quoted'", '"double"', "1", "-1", "0x1f", "yes", "No", "~", "1_000", "1:30",
         "/work/a", "http://h:80/p", "a#b", "a:b", "'it''s'", '"\\u00e9\\n"', "\u00fc", "08", "1e3", "-", "a - b", "?a", ".5",
         "=", "<<", "2001-1-1", "2001-01-01", "!!str 1", "!!int 1", "! x", "0b10", "0o7", "null", "on", "y", "+1", "-0", "0_"]
KEYS = ["a", "b", "c", "d", "e", "two words", "'f'", '"g"', "/h", "i-j", "y", "08", "\u00fc", "k#l", "m:n", "!!str 1", "0o7"]
USUAL = ["a", "word", "two words", "'quoted'", '"double"', "1", "yes", "/work/a", "a:b", "0x1f", "-1", "~"]


def word(rng):
    return rng.choice(WORDS if rng.randrange(8) == 0 else USUAL)


def key(rng):
    return rng.choice(WORDS if rng.randrange(20) == 0 else KEYS)


def flow(rng, depth):
    kind = rng.randrange(6) if depth < 4 else 0
    if kind == 4:
        return "[" + rng.choice([",", ", "]).join(flow(rng, depth + 1) for _ in range(rng.randrange(4))) + "]"
    if kind == 5:
        pairs = (f"{key(rng)}: {flow(rng, depth + 1)}" for _ in range(rng.randrange(4)))
        return "{" + rng.choice([",", ", ", "\n , "]).join(pairs) + "}"
    return word(rng)


def block(rng, indent, depth):
    lines = []
    for _ in range(rng.randrange(1, 4)):
        start = " " * indent + (rng.choice(["- ", "-  ", "- ? "]) if depth % 2 else f"{key(rng)}: ")
        form = rng.randrange(6) if depth < 4 else 0
        if form == 0:
            lines.append(start + word(rng) + rng.choice(["", "", " # note", " # note\t"]))
        elif form == 1:
            lines.append(start + rng.choice(["", "", "", "", "&x ", "&y ", "!!map ", "!!seq "]) + flow(rng, depth))
        elif form == 2:
            lines.append(start + rng.choice(["|", ">", "|-", ">-", "|+", ">+", "| # c"]))
            lines += [" " * (indent + rng.randrange(2, 4)) + rng.choice(WORDS) for _ in range(rng.randrange(3))]
        elif form == 3:
            lines.append(start + rng.choice(["*x", "", "&x a", "&y", "!!str", "!!int 1"]))
        else:
            lines.append(start.rstrip() + rng.choice(["", " ", " # note"]))
            lines.append(block(rng, indent + rng.randrange(0 if depth % 2 == 0 else 1, 3), depth + 1))
    return "\n".join(lines)


def mutated(rng, text):
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        cut = rng.randrange(3)
        text = text[:at] + rng.choice(["", rng.choice(PIECES), rng.choice(PIECES)]) + text[at + cut:]
    return text


def made(rng, texts):
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice(["", "k: "]) + "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 14)))
    if kind == 1:
        return block(rng, 0, 0) + rng.choice(["", "\n", "\n---\n", "\n...\n"])
    return mutated(rng, rng.choice(texts) if kind == 2 else block(rng, 0, 0))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("snippets")
    parser.add_argument("--rounds", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with open(options.snippets, encoding="utf-8") as file:
        groups = json.load(file)
    written = [text for texts in groups.values() for text in texts]
    rng = random.Random(options.seed)
    groups["made by chance"] = [made(rng, written) for _ in range(options.rounds)]
    print(f"1..{len(groups)}")
    failures = 0
    for number, (name, texts) in enumerate(groups.items(), 1):
        data = [text.encode("utf-8", "surrogatepass") for text in texts]
        wrong = [(text, answer, why) for text, answer in zip(data, answers(options.tool, data))
                 if (why := verdict(text, answer))]
        failures += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}, {len(texts)} texts")
        for text, answer, why in wrong[:40]:
            print(f"# {text!r}\n#   found  {answer!r}\n#   {why!r}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
