# SPDX-License-Identifier: Apache-2.0
"""Keys, signatures, verification."""

import copy
import json
import os
import stat

from bench import Bench
from tap import case, cases, equal, main, matches


def keys(bench, name="k", *args):
    result = bench.csc("keygen", "--out", bench.path(name), *args)
    equal((result.code, result.err), (0, ""), result)
    return bench.path(name + ".key"), bench.path(name + ".pub")


def signed(bench, key, key_id="runner-1"):
    result = bench.run(args=["--sign", "--signing-key", key, "--key-id", key_id])
    equal(result.code, 0, result)
    matches(rf"(?m)^csc: success; receipt out/receipt\.json, signed by {key_id}, ledger entry \d+$", result.err)
    return bench.path("out/receipt.json")


def verify(bench, receipt, public, *args, key_id="runner-1"):
    return bench.csc("verify-receipt", receipt, "--public-key", public, "--key-id", key_id, *args)


@cases([("PEM",), ("raw", "--raw")])
def round_trip(*args):
    with Bench() as bench:
        key, public = keys(bench, "k", *args)
        equal([stat.S_IMODE(os.stat(path).st_mode) & 0o077 for path in (key,)], [0], "mode of the private key")
        result = verify(bench, signed(bench, key), public)
        equal((result.code, result.err), (0, ""), result)
        receipt = bench.receipt()
        equal(result.out, f"valid: execution {receipt['execution_id']}, status success, signed "
                          f"{receipt['signature']['signed_at']} by runner-1\n")
        body = verify(bench, bench.path("out/receipt.json"), public, "--json").json()
        equal((body["valid"], body["execution_id"], body["status"], body["key_id"]),
              (True, receipt["execution_id"], "success", "runner-1"))


@case("keygen says where, and overwrites nothing")
def keygen():
    with Bench() as bench:
        result = bench.csc("keygen", "--out", "name")
        equal(result.out, "name.key\nname.pub\n")
        before = open(bench.path("name.key"), "rb").read()
        result = bench.csc("keygen", "--out", "name")
        equal((result.code, result.out), (73, ""), result)
        matches(r"\Acsc: name\.(key|pub): exists already", result.err)
        equal(open(bench.path("name.key"), "rb").read(), before)
        equal(bench.csc("keygen", "--out", "/nonexistent/name").code, 73)


def altered(receipt, **changes):
    return {**receipt, **changes}


def resigned(receipt, **changes):
    receipt = copy.deepcopy(receipt)
    receipt["signature"].update(changes)
    return receipt


def unsigned(receipt):
    return {name: value for name, value in receipt.items() if name not in ("signature", "signing_key_id")}


# name, what is done to a valid receipt, exit code, message
FORGERIES = [
    ("another status", lambda r: altered(r, status="failed"), 1, "the signature is wrong"),
    ("another contract", lambda r: altered(r, contract_sha256="0" * 64), 1, "the signature is wrong"),
    ("one more field", lambda r: altered(r, error="x"), 1, "the signature is wrong"),
    ("another time of signing", lambda r: resigned(r, signed_at="2020-01-01T00:00:00+00:00"), 1, "the signature is wrong"),
    ("another key id", lambda r: resigned(r, key_id="runner-2"), 1, "runner-2"),
    ("another algorithm", lambda r: resigned(r, algorithm="rsa"), (1, 65), "algorithm|ed25519"),
    ("no base64", lambda r: resigned(r, signature="***"), (1, 65), "base64"),
    ("a short signature", lambda r: resigned(r, signature="AAAA"), (1, 65), "base64"),
    ("trailing bits", lambda r: resigned(r, signature=r["signature"]["signature"][:-3] + "B=="), 1, "base64"),
    ("no signature", unsigned, 1, "not signed"),
    ("unknown field", lambda r: altered(r, extra=1), 65, "extra"),
    ("unknown field of the signature", lambda r: resigned(r, public_key="x"), 65, "signature.public_key"),
    ("foreign version", lambda r: altered(r, receipt_version="csc.receipt.v9"), 65, "receipt_version: "),
    ("success without a hash", lambda r: {k: v for k, v in r.items() if k != "stdout_hash"}, 65, "stdout_hash"),
    ("no receipt", lambda r: [], 65, "is an array"),
]


@cases(FORGERIES)
def forgery(alter, code, message):
    with Bench() as bench:
        key, public = keys(bench)
        signed(bench, key)
        forged = bench.write("forged.json", alter(bench.receipt()))
        result = verify(bench, forged, public)
        equal(result.code in (code if isinstance(code, tuple) else (code,)), True, result)
        matches(r"\Acsc: " + forged + r":.* '?(" + message + r")[^\n]*\n\Z", result.err)
        equal(result.out, "")
        body = verify(bench, forged, public, "--json").json()
        equal(body["valid"] if result.code == 1 else body["error"]["code"], False if result.code == 1 else 65)


@case("spelling and an old null don't matter to a signature, a duplicate key does")
def spelling():
    with Bench() as bench:
        key, public = keys(bench)
        signed(bench, key)
        compact = bench.write("compact.json", json.dumps(bench.receipt(), separators=(",", ":")))
        equal(verify(bench, compact, public).code, 0)
        text = json.dumps(bench.receipt())
        equal(verify(bench, bench.write("twice.json", text[:-1] + ', "status": "success"}'), public).code, 65)
        equal(bench.csc("verify-receipt", "-", "--public-key", public, "--key-id", "runner-1", stdin=text.encode()).code, 0)


@case("another key, another name")
def wrong_key():
    with Bench() as bench:
        key, public = keys(bench)
        _, other = keys(bench, "other")
        receipt = signed(bench, key)
        equal(verify(bench, receipt, other).code, 1)
        equal(verify(bench, receipt, public, key_id="someone").code, 1)


# name, bytes of the private key file, mode, exit code
BAD_KEYS = [
    ("empty", b"", 0o600, 65),
    ("31 bytes", b"x" * 31, 0o600, 65),
    ("64 bytes that don't match", b"x" * 64, 0o600, 65),
    ("PEM of something else", b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", 0o600, 65),
    ("encrypted", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", 0o600, 65),
    ("readable by others", b"x" * 32, 0o644, 77),
    ("readable by the group", b"x" * 32, 0o640, 77),
]


@cases(BAD_KEYS)
def bad_key(content, mode, code):
    with Bench() as bench:
        key = bench.write("bad.key", content)
        os.chmod(key, mode)
        contract, policy = bench.inputs(["touch", bench.path("work/ran")])
        result = bench.csc("run", contract, policy, "--sign", "--signing-key", key, "--key-id", "k")
        equal(result.code, code, result)
        matches(r"\Acsc: " + key + r": [^\n]+\n\Z", result.err)
        equal(bench.nothing_written(), True)


@case("a key that is not there is 66, a public key of small order is refused")
def other_keys():
    with Bench() as bench:
        contract, policy = bench.inputs()
        result = bench.csc("run", contract, policy, "--sign", "--signing-key", bench.path("none"), "--key-id", "k")
        equal((result.code, bench.nothing_written()), (66, True), result)
        key, _ = keys(bench)
        receipt = signed(bench, key)
        equal(verify(bench, receipt, bench.write("zero.pub", b"\0" * 32)).code in (1, 65), True)
        equal(verify(bench, receipt, bench.path("none.pub")).code, 66)


@case("every outcome can be signed")
def outcomes():
    with Bench() as bench:
        key, public = keys(bench)
        for argv, code in ((["false"], 1), (["rm"], 1), (["echo"] + ["x"] * 200, 65)):
            result = bench.run(argv, args=["--sign", "--signing-key", key, "--key-id", "k"])
            equal(result.code, code, result)
            equal(verify(bench, bench.path("out/receipt.json"), public, key_id="k").code, 0)


if __name__ == "__main__":
    main()
