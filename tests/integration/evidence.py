# SPDX-License-Identifier: Apache-2.0
"""Evidence: made by the library, verified by csc, by somebody who has read the DSSE standard (with openssl's Ed25519), and by
sigstore's verifier, where that is installed (CSC_FOREIGN_DSSE is its folder)."""

import base64
import hashlib
import json
import os
import subprocess

from bench import Bench
from tap import Skip, case, cases, equal, main, matches

TYPE = "application/vnd.in-toto+json"
FOREIGN = os.environ.get("CSC_FOREIGN_DSSE", "")


class Evidence(Bench):
    """A signed receipt and its evidence, as dictionary and file."""

    def __enter__(self):
        super().__enter__()
        contract, policy = self.inputs()
        for name in "runner", "other":
            equal(self.csc("keygen", "--out", self.path(name)).code, 0)
        self.receipt = self.path("receipt.json")
        equal(self.csc("run", contract, policy, "--sign", "--signing-key", self.path("runner.key"), "--key-id", "runner",
                       "--receipt-out", self.receipt).code, 0)
        self.envelope = json.loads(self.made(self.receipt))
        return self

    def made(self, receipt):
        done = subprocess.run([os.environ["EVIDENCE_TOOL"], receipt, self.path("runner.key"), "runner"], check=False,
                              capture_output=True)
        equal(done.returncode, 0, done.stderr)
        return done.stdout

    def signed(self, payload, key="runner"):
        """An envelope of another payload, signed with openssl."""
        pae = b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(payload), payload)
        with open(self.path("pae"), "wb") as file:
            file.write(pae)
        done = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.path(key + ".key"), "-in", self.path("pae")],
                              capture_output=True, check=True)
        return {"payload": base64.b64encode(payload).decode(), "payloadType": TYPE,
                "signatures": [{"sig": base64.b64encode(done.stdout).decode()}]}

    def file(self, envelope):
        return self.write("envelope.json", json.dumps(envelope))

    def verify(self, envelope=None, *args, key="runner"):
        return self.csc("verify-evidence", self.file(envelope or self.envelope), "--public-key", self.path(key + ".pub"), *args)

    @property
    def payload(self):
        return base64.b64decode(self.envelope["payload"])

    def changed(self, change):
        """The statement, changed, and signed by the key all the same."""
        statement = json.loads(self.payload)
        change(statement)
        return self.signed(json.dumps(statement).encode())


@case("csc verifies and shows it; what a contract says of its user is escaped")
def shown():
    with Evidence() as one:
        result = one.verify()
        equal((result.code, result.err), (0, ""), result)
        matches(r"\Avalid: evidence of execution [0-9a-f-]{36}, local mode, status success, signed by the key given "
                r"\(it calls itself runner\)\n"
                r"  command one: exited, exit code 0, 0 bytes printed\n"
                r"  approved by bob \(key SHA256:x\), ticket T-1\n\Z", result.out)
        result = one.verify(None, "--receipt", one.receipt)
        matches(r"; it is about this receipt\n", result.out)
        result = one.verify(None, "--receipt", one.receipt, "--json")
        shown_as = json.loads(result.out)
        equal((shown_as["valid"], shown_as["receipt_matches"], shown_as["key_id_hint"]), (True, True, "runner"))
        equal(shown_as["statement"], json.loads(one.payload))
        equal("\x1b" in result.out, False)


@case("the payload is the canonical statement: about the receipt's canonical bytes, its signature included")
def about():
    with Evidence() as one:
        statement = json.loads(one.payload)
        canonical = one.csc("canonicalize", one.receipt)
        equal(statement["subject"][0]["digest"]["sha256"], hashlib.sha256(canonical.out.encode()).hexdigest())
        equal(json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(), one.payload)
        argvs = statement["predicate"]["commands"][0]["argvs"]
        equal(argvs, [["printf", "\u00e9\n"], ["printf"]])
        text = json.dumps(argvs, separators=(",", ":"), ensure_ascii=False).encode()
        equal(statement["predicate"]["commands"][0]["argvsSha256"], hashlib.sha256(text).hexdigest())


@case("a second verifier, from the standard: PAE and Ed25519 by openssl")
def second():
    with Evidence() as one:
        pae = b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(one.payload), one.payload)
        equal(one.envelope["payloadType"], TYPE)
        for name, data in (("pae", pae), ("sig", base64.b64decode(one.envelope["signatures"][0]["sig"], validate=True))):
            with open(one.path(name), "wb") as file:
                file.write(data)
        command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", one.path("runner.pub"), "-in", one.path("pae"),
                   "-sigfile", one.path("sig")]
        equal(subprocess.run(command, capture_output=True, check=False).returncode, 0)
        with open(one.path("pae"), "ab") as file:
            file.write(b" ")
        equal(subprocess.run(command, capture_output=True, check=False).returncode, 1)
        equal(one.verify(one.signed(one.payload)).code, 0, "and the other way round")


def foreign(one, envelope):
    if not FOREIGN or not os.path.isdir(os.path.join(FOREIGN, "node_modules")):
        raise Skip("sigstore's verifier is not installed: it takes Node 20.17 or newer, npm, and the network once "
                   "(scripts/install-foreign)")
    return subprocess.run(["node", os.path.join(FOREIGN, "verify.js"), one.file(envelope), one.path("runner.pub")],
                          capture_output=True, check=False, timeout=60)


@case("a foreign verifier: sigstore's, with the raw key, offline")
def third():
    with Evidence() as one:
        done = foreign(one, one.envelope)
        equal((done.returncode, done.stdout), (0, one.payload), done.stderr)
        altered = dict(one.envelope, payload=base64.b64encode(one.payload.replace(b"success", b"blocked")).decode())
        done = foreign(one, altered)
        equal(done.returncode != 0, True, "an altered payload")
        matches("signature", done.stderr.decode())


def other_receipt(one):
    with open(one.receipt, encoding="utf-8") as file:
        return one.write("r.json", file.read().replace('"runner_version": "', '"runner_version": "9'))


@cases([
    ("another key", lambda one: one.verify(key="other"), 1, "no signature is by this key; the envelope was altered, or another"),
    ("an altered payload", lambda one: one.verify(dict(one.envelope, payload="e30=")), 1, "no signature is by this key"),
    ("no DSSE envelope", lambda one: one.verify({"a": 1}), 65, "payload: is missing; a DSSE envelope has it"),
    ("another payload type", lambda one: one.verify(dict(one.envelope, payloadType="text/plain")), 65,
     "payloadType: is 'text/plain'; 'application/vnd.in-toto.json' is accepted"),
    ("no JSON inside", lambda one: one.verify(one.signed(b"{")), 65, "envelope.json"),
    ("another predicate", lambda one: one.verify(one.changed(lambda s: s.update(predicateType="urn:x"))), 65,
     "predicateType: 'urn:x' is not accepted; use urn:csc:evidence:v0.1"),
    ("a member that is not known", lambda one: one.verify(one.changed(lambda s: s["predicate"].update(more=1))), 65,
     "predicate.more"),
    ("another receipt", lambda one: one.verify(None, "--receipt", other_receipt(one)), 1, "the receipt was altered"),
    ("no receipt", lambda one: one.verify(None, "--receipt", one.write("r.json", "{}")), 65, "receipt_version"),
    ("no such file", lambda one: one.csc("verify-evidence", "nowhere", "--public-key", one.path("runner.pub")), 66, "nowhere"),
    ("stdin twice", lambda one: one.csc("verify-evidence", "-", "--receipt", "-", "--public-key", one.path("runner.pub")), 64,
     "only one of ENVELOPE"),
])
def refused(attempt, code, words):
    with Evidence() as one:
        result = attempt(one)
        equal((result.code, result.out), (code, ""), result)
        matches("(?m)^csc: .*" + words, result.err)


if __name__ == "__main__":
    main()
