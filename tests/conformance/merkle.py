# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree against others' judgement.

merkle.py TOOL           against tests/support/log.py (TAP)
merkle.py TOOL FOLDER    the public vectors of inclusion and consistency; exits 77 when they are not there
"""

import base64
import glob
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import log  # noqa: E402 pylint: disable=wrong-import-position
import tap  # noqa: E402 pylint: disable=wrong-import-position

TOOL = sys.argv[1]
LEAVES = [log.leaf_hash(b"entry %d" % i) for i in range(1024)]
SIZES = [*range(1, 34), 63, 64, 65, 127, 128, 129, 255, 256, 257, 500, 777, 1023, 1024]


def ask(questions):
    out = subprocess.run([TOOL], input="".join(" ".join(map(str, words)) + "\n" for words in questions),
                         stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    tap.equal(len(out), len(questions), "number of answers")
    return out


def hexes(hashes):
    return [h.hex() for h in hashes]


def places(size):
    """All in small trees; in large ones those beside powers of two, and some between."""
    near = {(1 << k) + d for k in range(11) for d in (-1, 0, 1)}
    return [i for i in range(size) if size <= 33 or i in near or i % 41 == 0 or i >= size - 2]


@tap.case("roots")
def roots():
    answers = ask([("root", size) for size in range(len(LEAVES) + 1)])
    for size in [0, *SIZES]:
        tap.equal(answers[size].split(), hexes([log.root(LEAVES[:size])]), f"root of {size}")


@tap.cases([(f"trees of {size}", size) for size in SIZES])
def proofs(size):
    leaves, top = LEAVES[:size], log.root(LEAVES[:size]).hex()
    paths = [(i, hexes(log.inclusion(i, leaves))) for i in places(size)]
    answers = ask([("prove", i, size) for i, _ in paths])
    tap.equal([a.split()[1:] for a in answers], [path for _, path in paths], "paths")
    answers = ask([("included", i, size, LEAVES[i].hex(), top, *path) for i, path in paths])
    tap.equal(set(answers), {"yes"}, "included")
    olds = [(old, hexes(log.consistency(old, leaves))) for old in (i + 1 for i in places(size))]
    answers = ask([("extend", old, size) for old, _ in olds])
    tap.equal([a.split()[1:] for a in answers], [path for _, path in olds], "consistency proofs")
    answers = ask([("consistent", old, size, log.root(LEAVES[:old]).hex(), top, *path) for old, path in olds])
    tap.equal(set(answers), {"yes"}, "consistent")


def padded(text):
    """A hash as the tool takes it. Some vectors have shorter ones, or none, which csc has no type for: with zeros, what is equal
    stays equal, and what is not does too."""
    return base64.b64decode(text).ljust(32, b"\0").hex()


def has_leaf(vector):
    """False for the few vectors whose leaf is no hash by its length: nothing can be asked about them, which is a no."""
    return "leafIdx" not in vector or len(base64.b64decode(vector["leafHash"])) == 32


def vector_question(vector):
    proof = [padded(text) for text in vector["proof"] or []]
    if "leafIdx" in vector:
        return ("included", vector["leafIdx"], vector["treeSize"], padded(vector["leafHash"]), padded(vector["root"]), *proof)
    return ("consistent", vector["size1"], vector["size2"], padded(vector["root1"]), padded(vector["root2"]), *proof)


def vectors(folder):
    paths = sorted(path for kind in ("inclusion", "consistency")
                   for path in glob.glob(os.path.join(glob.escape(folder), kind, "**", "*.json"), recursive=True))
    if not paths:
        print(f"SKIP: no vectors in {folder}")
        return 77
    cases = [json.load(open(path, encoding="utf-8")) for path in paths]
    asked = [vector for vector in cases if has_leaf(vector)]
    answers = iter(ask([vector_question(vector) for vector in asked]))
    wrong = [path for path, vector in zip(paths, cases)
             if (next(answers) if has_leaf(vector) else "no") != ("no" if vector["wantErr"] else "yes")]
    print("\n".join([f"wrong: {path}" for path in wrong] +
                    [f"{len(paths)} vectors, {len(wrong)} wrong; {len(paths) - len(asked)} are not about hashes"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(vectors(sys.argv[2]))
    tap.main()
