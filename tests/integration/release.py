#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `make dist` adds to the archives: csc's own signature of the checksums, and the bill of materials.

The environment's CSC is the binary, BUILD its build folder ("" where it is not linked as it is shipped).
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import CSC, Bench  # noqa: E402 pylint: disable=wrong-import-position
from tap import Skip, case, cases, equal, main, matches  # noqa: E402 pylint: disable=wrong-import-position

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
NAMES = ["csc-1.tar.gz", "csc-1.spdx.json"]


def script(*names):
    return os.path.join(ROOT, *names)


def released(bench):
    """A signed release of two files, in bench.path("dist")."""
    os.mkdir(bench.path("dist"))
    for name in NAMES:
        bench.write(os.path.join("dist", name), f"the content of {name}\n")
    equal(bench.csc("keygen", "--out", "key").code, 0)
    made = bench.csc(CSC, bench.path("dist"), bench.path("key.key"), "release-1", *NAMES, program=script("scripts", "dist-sign"))
    equal(made.code, 0, made)


def verify(bench, key="key.pub", key_id="release-1"):
    return bench.csc(bench.path("dist"), "--public-key", bench.path(key), "--key-id", key_id, "--csc", CSC,
                     program=script("packaging", "verify-release"))


def change(bench):
    bench.write(os.path.join("dist", NAMES[0]), "something else\n")


def change_sums(bench):
    with open(bench.path("dist", "SHA256SUMS"), "a", encoding="utf-8") as file:
        file.write("\n")


def add(bench):
    bench.write(os.path.join("dist", "more.deb"), "not of this release\n")


def change_receipt(bench):
    path = bench.path("dist", "SHA256SUMS.receipt.json")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert "release-checksums" in text
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("release-checksums", "release-checksumz"))


def sign_another_contract(bench):
    """A receipt by the right key, of something else."""
    made = bench.csc("run", *bench.inputs(["true"]), "--receipt-out", bench.path("dist", "SHA256SUMS.receipt.json"), "--sign",
                     "--signing-key", bench.path("key.key"), "--key-id", "release-1")
    equal(made.code, 0, made)


@case("a signed release verifies, and SHA256SUMS is what sha256sum checks")
def signed():
    with Bench() as bench:
        released(bench)
        found = verify(bench)
        equal(found.code, 0, found)
        for name in (*NAMES, "SHA256SUMS"):
            matches(f"(?m)^{name}: as signed$", found.out)
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=bench.path("dist"), check=True)


@case("a file that was not downloaded is mentioned, and no fault")
def partly():
    with Bench() as bench:
        released(bench)
        os.unlink(bench.path("dist", NAMES[1]))
        found = verify(bench)
        equal(found.code, 0, found)
        matches(f"(?m)^{NAMES[1]}: is not here$", found.out)


@cases([("a changed file", change, "is not the file that was signed"),
        ("changed checksums", change_sums, "SHA256SUMS: is not the file that was signed"),
        ("an added file", add, "more.deb: is not in the receipt"),
        ("a changed receipt", change_receipt, "signature"),
        ("a receipt of another contract", sign_another_contract, "is no receipt of a release's checksums")])
def refused(spoil, words):
    with Bench() as bench:
        released(bench)
        spoil(bench)
        found = verify(bench)
        equal(found.code, 1, found)
        matches(words, found.out + found.err)


@case("another key, or another name of it")
def other_key():
    with Bench() as bench:
        released(bench)
        equal(bench.csc("keygen", "--out", "other").code, 0)
        equal(verify(bench, key="other.pub").code, 1)
        equal(verify(bench, key_id="release-2").code, 1)


def bill(bench):
    tree = bench.path("tree")
    for source, target in ((CSC, "bin/csc"), (os.path.join(os.environ["BUILD"], "csc-init"), "libexec/csc/csc-init")):
        os.makedirs(os.path.dirname(os.path.join(tree, target)), exist_ok=True)
        shutil.copyfile(source, os.path.join(tree, target))
    return bench.csc("1.2.3", os.environ["BUILD"], tree, program=script("scripts", "dist-sbom"),
                     env={**os.environ, "SOURCE_DATE_EPOCH": "1000000000"})


@case("the bill of materials has what the linker read, twice the same")
def materials():
    if not os.environ["BUILD"]:
        raise Skip("csc is not linked statically here")
    if not shutil.which("dpkg-query"):
        raise Skip("no dpkg here, whose packages are named")
    with Bench() as bench:
        found = bill(bench)
        equal(found.code, 0, found)
        equal(bill(bench).out, found.out)
        document = found.json()
        equal((document["spdxVersion"], document["creationInfo"]["created"]), ("SPDX-2.3", "2001-09-09T01:46:40Z"))
        names = {package["name"] for package in document["packages"]}
        assert {"csc", "libyaml-dev", "libsodium-dev", "nettle-dev", "libsqlite3-dev", "libc6-dev"} <= names, names
        assert all(package["versionInfo"] and package["licenseConcluded"] != "NOASSERTION" for package in document["packages"])
        known = {"SPDXRef-DOCUMENT", *(one["SPDXID"] for one in document["packages"] + document["files"])}
        equal(len(known), 1 + len(document["packages"]) + len(document["files"]))
        linked = set()
        for one in document["relationships"]:
            assert {one["spdxElementId"], one["relatedSpdxElement"]} <= known, one
            linked |= {one["relatedSpdxElement"]} if one["relationshipType"] == "STATIC_LINK" else set()
        equal(linked, {f"SPDXRef-{name}" for name in names - {"csc"}})
        equal({len(one["checksums"]) for one in document["files"]}, {2})


if __name__ == "__main__":
    main()
