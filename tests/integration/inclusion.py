# SPDX-License-Identifier: Apache-2.0
"""verify-receipt --proof: that a receipt is in a log, verified offline. The log is another implementation's."""

import json
import os
import shutil

from bench import Bench
from tap import Skip, case, cases, equal, main, matches

import log  # tests/support; found by bench

ORIGIN = "example.com/log"
ENTRIES = 11


class Logged:
    """A signed receipt and a log that has it, among others."""

    def __init__(self, bench, place=4, size=ENTRIES):
        if not shutil.which("openssl"):
            raise Skip("openssl is not installed")
        self.bench, self.place = bench, place
        equal(bench.csc("keygen", "--out", bench.path("k")).code, 0)
        result = bench.run(args=["--sign", "--signing-key", bench.path("k.key"), "--key-id", "runner-1"])
        equal(result.code, 0, result)
        self.receipt = bench.path("out/receipt.json")
        self.leaves = [log.leaf_hash(b"another %d" % i) for i in range(size)]
        self.leaves[place] = log.leaf_hash(self.canonical())
        self.key = log.LogKey(bench.root, ORIGIN)

    def canonical(self):
        value = self.bench.receipt()
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def note(self, text=None, key=None):
        text = text or log.checkpoint_text(ORIGIN, self.leaves)
        return text + "\n" + (key or self.key).signature(text)

    def path(self):
        return log.inclusion(self.place, self.leaves)

    def proof(self):
        return log.proof(self.place, self.leaves, self.key)

    def verify(self, proof, *args, key=None, receipt=None, **options):
        """With the text of a proof, and a key's text or file."""
        file = self.bench.write("r.tlog-proof", proof)
        return self.bench.csc("verify-receipt", receipt or self.receipt, "--public-key", self.bench.path("k.pub"),
                              "--key-id", "runner-1", "--proof", file, "--checkpoint-key", key or self.key.vkey(),
                              *args, **options)


@cases([(f"entry {place} of {size}", place, size) for place, size in ((0, 1), (0, 2), (4, 5), (4, ENTRIES), (10, ENTRIES),
                                                                      (511, 1000), (999, 1000))])
def included(place, size):
    with Bench() as bench:
        logged = Logged(bench, place, size)
        result = logged.verify(logged.proof())
        equal((result.code, result.err), (0, ""), result)
        matches(rf"\Avalid: execution [^\n]*, signed \S+ by runner-1; in the log {ORIGIN}, at index {place} of {size}\n\Z",
                result.out)


@case("--json says where in which log")
def as_json():
    with Bench() as bench:
        logged = Logged(bench)
        body = logged.verify(logged.proof(), "--json").json()
        equal(body["valid"], True)
        equal(body["inclusion"], {"log": ORIGIN, "index": 4, "tree_size": ENTRIES, "root": log.root(logged.leaves).hex()})
        without = bench.csc("verify-receipt", logged.receipt, "--public-key", bench.path("k.pub"), "--key-id", "runner-1",
                            "--json").json()
        equal({**body, "inclusion": None}, {**without, "inclusion": None})
        equal("inclusion" in without, False, "inclusion without a proof")


@case("the key in a file, or on standard input; the proof there; the receipt there")
def sources():
    with Bench() as bench:
        logged = Logged(bench)
        for text in (logged.key.vkey(), logged.key.vkey() + "\n"):
            equal(logged.verify(logged.proof(), key=bench.write("log.vkey", text)).code, 0)
        equal(logged.verify(logged.proof(), key="-", stdin=logged.key.vkey().encode()).code, 0)
        equal(logged.verify(logged.proof(), receipt="-", stdin=open(logged.receipt, "rb").read()).code, 0)
        result = bench.csc("verify-receipt", logged.receipt, "--public-key", bench.path("k.pub"), "--key-id", "runner-1",
                           "--proof=-", "--checkpoint-key", logged.key.vkey(), stdin=logged.proof().encode())
        equal(result.code, 0, result)


@case("a file named like a key is none")
def planted_file():
    with Bench() as bench:
        logged = Logged(bench)
        liar = log.LogKey(bench.path("work"), ORIGIN)
        name = logged.key.vkey()
        os.makedirs(bench.path(os.path.dirname(name)))
        bench.write(name, liar.vkey())
        forged = log.proof(4, logged.leaves, liar)
        equal(logged.verify(forged).code, 1)


@case("spelling of the receipt is no matter; the signature's time is")
def spelling():
    with Bench() as bench:
        logged = Logged(bench)
        compact = bench.write("compact.json", json.dumps(bench.receipt(), separators=(",", ":")))
        equal(logged.verify(logged.proof(), receipt=compact).code, 0)
        # Signed again, it is another entry, though it says the same.
        again = bench.receipt()
        result = bench.run(args=["--sign", "--signing-key", bench.path("k.key"), "--key-id", "runner-1"])
        equal(result.code, 0)
        equal(again == bench.receipt(), False)
        result = logged.verify(logged.proof())
        equal(result.code, 1, result)


@case("a witness's signature and extra data are read past")
def witnessed():
    with Bench() as bench:
        logged = Logged(bench)
        text = log.checkpoint_text(ORIGIN, logged.leaves)
        witness = log.LogKey(bench.root, "witness.example")
        note = text + "\n" + witness.signature(text) + logged.key.signature(text)
        proof = log.proof_text(4, logged.path(), note).replace("\nindex", "\nextra AAAA\nindex")
        result = logged.verify(proof)
        equal((result.code, result.err), (0, ""), result)
        equal(logged.verify(proof, key=witness.vkey()).code, 1, "a witness is no log")


def other_key(logged):
    return log.LogKey(logged.bench.path("work"), ORIGIN)


def changed_root(logged):
    leaves = logged.leaves[:-1] + [log.leaf_hash(b"edited")]
    return log.proof_text(4, log.inclusion(4, logged.leaves), logged.note(log.checkpoint_text(ORIGIN, leaves)))


def unsigned_growth(logged):
    """Of a larger tree, under the signature of this one."""
    leaves = logged.leaves + [log.leaf_hash(b"more")]
    signature = logged.note().rpartition("\n\n")[2]
    return log.proof_text(4, log.inclusion(4, leaves), log.checkpoint_text(ORIGIN, leaves) + "\n" + signature)


# name, (logged) -> the text of a proof, message; all of them well-formed, and no proof of this receipt in this log
FORGERIES = [
    ("of another entry", lambda s: log.proof(5, s.leaves, s.key), "does not lead from this receipt"),
    ("another index", lambda s: log.proof_text(5, s.path(), s.note()), "does not lead from this receipt"),
    ("an index past the end", lambda s: log.proof_text(ENTRIES, s.path(), s.note()), f"no entry {ENTRIES} is in a log of {ENTRIES}"),
    ("a shorter path", lambda s: log.proof_text(4, s.path()[:-1], s.note()), "does not lead"),
    ("a longer path", lambda s: log.proof_text(4, s.path() + [bytes(32)], s.note()), "does not lead"),
    ("no path", lambda s: log.proof_text(4, [], s.note()), "does not lead"),
    ("a changed hash", lambda s: log.proof_text(4, [bytes(32)] + s.path()[1:], s.note()), "does not lead"),
    ("an entry was edited", changed_root, "does not lead"),
    ("a node for a leaf", lambda s: log.proof_text(2, s.path()[1:], s.note()), "does not lead"),
    ("another log's key under its name", lambda s: log.proof(4, s.leaves, other_key(s)), f"no signature by the key '{ORIGIN}'"),
    ("another log", lambda s: log.proof(4, s.leaves, log.LogKey(s.bench.root, "example.com/other")),
     f"a checkpoint of the log 'example.com/other', not of '{ORIGIN}'"),
    ("another log's checkpoint, signed by this one's key",
     lambda s: log.proof_text(4, s.path(), s.note(log.checkpoint_text("example.com/other", s.leaves))),
     "a checkpoint of the log 'example.com/other'"),
    ("another size", lambda s: s.proof().replace(f"\n{ENTRIES}\n", f"\n{ENTRIES + 1}\n"), f"the signature under the name '{ORIGIN}' is wrong"),
    ("a tree that nobody signed", unsigned_growth, "is wrong"),
    ("an empty log", lambda s: log.proof_text(0, [], s.note(log.checkpoint_text(ORIGIN, []))), "no entry 0 is in a log of 0"),
    ("the signature of another text", lambda s: s.proof() + s.key.signature("another text\n"), "is wrong"),
]


@cases([("no proof: " + name, *rest) for name, *rest in FORGERIES])
def forgery(make, message):
    with Bench() as bench:
        logged = Logged(bench)
        text = make(logged)
        result = logged.verify(text)
        equal((result.code, result.out), (1, ""), result)
        matches(r"\Acsc: " + bench.path("r.tlog-proof") + r": [^\n]*" + message + r"[^\n]*\n\Z", result.err)
        body = logged.verify(text, "--json").json()
        equal(body["valid"], False)
        matches(message, body["reason"])


@case("a wrong signature of the receipt comes first, and no proof heals it")
def receipt_first():
    with Bench() as bench:
        logged = Logged(bench)
        forged = {**bench.receipt(), "status": "blocked"}
        forged = {name: value for name, value in forged.items() if name not in ("exit_code", "stdout_hash", "stderr_hash")}
        canonical = json.dumps(forged, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        logged.leaves[4] = log.leaf_hash(canonical)
        file = bench.write("forged.json", forged)
        result = logged.verify(logged.proof(), receipt=file)
        equal(result.code, 1, result)
        matches(r"\Acsc: " + file + r": the signature is wrong", result.err)


# name, the text of a proof out of a good one, the message after "csc: FILE"
MALFORMED = [
    ("empty", lambda text: "", r":1:1: is empty"),
    ("a checkpoint alone", lambda text: text.partition("\n\n")[2], r":1:1: not a proof: must be 'c2sp.org/tlog-proof@v1'"),
    ("cut off", lambda text: text[:-1], r":\d+:\d+: no newline at the end"),
    ("cut off before the checkpoint", lambda text: text.partition("\n\n")[0] + "\n", r":7:1: ends before its checkpoint"),
    ("no signature", lambda text: text.rpartition("\n\n")[0] + "\n\n", r":12:1: no signature after the empty line"),
    ("CRLF", lambda text: text.replace("\n", "\r\n"), r":1:23: a control character, U\+000D"),
    ("escape sequences", lambda text: text.replace(ORIGIN, "\x1b[31m"), r":\d+:1: a control character, U\+001B"),
    ("not UTF-8", lambda text: text.encode().replace(b"example", b"\xff"), r":\d+:1: invalid UTF-8"),
    ("leading zero", lambda text: text.replace("index 4", "index 04"), r":2:1: must be 'index '"),
    ("huge index", lambda text: text.replace("index 4", "index " + "9" * 100), r":2:1: must be 'index '"),
    ("a hash with spaces", lambda text: text.replace("=\n", " =\n", 1), r":3:1: must be a hash"),
    ("two proofs", lambda text: text + "\n" + text, r":\d+:1: no line of a checkpoint's text may be empty"),
    ("too large", lambda text: "a" * 400000, r": larger than the 278528 bytes"),
    ("a receipt", lambda text: "{}\n", r":1:1: not a proof"),
]


@cases([("malformed proof: " + name, *rest) for name, *rest in MALFORMED])
def malformed(change, message):
    with Bench() as bench:
        logged = Logged(bench)
        text = change(logged.proof())
        result = logged.verify(text)
        equal((result.code, result.out), (65, ""), result)
        matches(r"\Acsc: " + bench.path("r.tlog-proof") + message + r"[^\n]*\n\Z", result.err)
        equal(logged.verify(text, "--json").json()["error"]["code"], 65)


@case("a malformed key is 65, whether it is given or in a file")
def bad_key():
    with Bench() as bench:
        logged = Logged(bench)
        good = logged.key.vkey()
        # name of a good key; another id; cut
        for text, message in ((good.replace("log", "lof", 1), "the id of this name and key is"), (good[:-4], "base64"),
                              (good + "AAAA", "base64")):
            result = logged.verify(logged.proof(), key=text)
            equal((result.code, result.out), (65, ""), result)
            matches(r"\Acsc: --checkpoint-key: [^\n]*" + message, result.err)
            file = bench.write("log.vkey", text)
            result = logged.verify(logged.proof(), key=file)
            equal(result.code, 65, result)
            matches(r"\Acsc: " + file + r": [^\n]*" + message, result.err)
        for content in (b"", b"x" * 1000, good.encode() * 2, good.encode() + b"\n\n", open(bench.path("k.pub"), "rb").read()):
            equal(logged.verify(logged.proof(), key=bench.write("log.vkey", content)).code, 65)


@case("what is not there is 66")
def unreadable():
    with Bench() as bench:
        logged = Logged(bench)
        equal(logged.verify(logged.proof(), key=bench.path("none.vkey")).code, 66)
        equal(logged.verify(logged.proof(), key=bench.path("work")).code, 66)
        result = bench.csc("verify-receipt", logged.receipt, "--public-key", bench.path("k.pub"), "--key-id", "runner-1",
                           "--proof", bench.path("none"), "--checkpoint-key", logged.key.vkey())
        equal((result.code, result.out), (66, ""), result)
        matches(r"\Acsc: " + bench.path("none") + r": ", result.err)


if __name__ == "__main__":
    main()
