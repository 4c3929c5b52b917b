#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `make dist` adds to the archives: csc's own signature of the checksums, and the bill of materials.

The environment's CSC is the binary, BUILD its build folder ("" where it is not linked as it is shipped).
"""

import os
import shutil
import stat
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
    made = bench.csc(CSC, bench.path("dist"), "1.2.3", bench.path("key.key"), "release-1", program=script("scripts", "dist-sign"))
    equal(made.code, 0, made)


def verify(bench, *more, version="1.2.3", key="key.pub", key_id="release-1"):
    return bench.csc(bench.path("dist"), version, "--public-key", bench.path(key), "--key-id", key_id, "--csc", CSC, *more,
                     program=script("packaging", "verify-release"))


def change(bench):
    bench.write(os.path.join("dist", NAMES[0]), "something else\n")


def change_sums(bench):
    with open(bench.path("dist", "SHA256SUMS"), "a", encoding="utf-8") as file:
        file.write("\n")


def add(bench):
    bench.write(os.path.join("dist", "more.deb"), "not of this release\n")


def add_folder(bench):
    os.unlink(bench.path("dist", NAMES[0]))
    os.mkdir(bench.path("dist", NAMES[0]))


def add_hostile(bench):
    bench.write(os.path.join("dist", "x\n\x1b[2Jmore.deb: as signed\udcff"), "not of this release\n")


def remove(bench):
    for name in NAMES:
        os.unlink(bench.path("dist", name))


def remove_receipt(bench):
    os.unlink(bench.path("dist", "SHA256SUMS.receipt.json"))


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


@case("a required file must be there, and as signed")
def required():
    with Bench() as bench:
        released(bench)
        equal(verify(bench, "--require", NAMES[0], "--require", NAMES[1]).code, 0)
        os.unlink(bench.path("dist", NAMES[1]))
        found = verify(bench, "--require", NAMES[0], "--require", NAMES[1])
        equal(found.code, 1, found)
        matches(f"(?m)^{NAMES[1]}: is required, and is not here", found.out)
        found = verify(bench, "--require", "x\ny: as signed")
        equal(found.code, 1, found)
        matches(r"(?m)^'x\\ny: as signed': is required", found.out)


@cases([("an older release does not pass for the one that is asked for", "1.2.4"), ("a version's beginning", "1.2"), ("no version", "")])
def other_version(version):
    with Bench() as bench:
        released(bench)
        found = verify(bench, version=version)
        equal(found.code, 1, found)
        matches("is of version 1.2.3, not of", found.err)


@case("files that are not those of the build's SHA256SUMS are not signed")
def exchanged():
    with Bench() as bench:
        released(bench)
        change(bench)
        made = bench.csc(CSC, bench.path("dist"), "1.2.3", bench.path("key.key"), "release-1", program=script("scripts", "dist-sign"))
        equal(made.code, 1, made)
        matches("Nothing is signed", made.err)
        assert not os.path.exists(bench.path("dist", "SHA256SUMS.receipt.json"))


@cases([("a changed file", change, "is not the file that was signed"),
        ("changed checksums", change_sums, "SHA256SUMS: is not the file that was signed"),
        ("an added file", add, "more.deb: is not in the receipt"),
        ("a folder in a file's place", add_folder, f"{NAMES[0]}: is not the file that was signed"),
        ("a name that acts on a terminal", add_hostile, r"(?m)^'x\\n\\x1b\[2Jmore.deb: as signed\\udcff': is not in the receipt"),
        ("nothing but checksums", remove, "no file of the release was checked"),
        ("no receipt", remove_receipt, "cannot verify SHA256SUMS.receipt.json: No such file"),
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


def clone(bench):
    """A repository of nothing but scripts/dist and what it calls first, which says what it was given and fails; with an older release."""
    root = bench.path("clone")
    for folder in ("scripts", "debian", "dist"):
        os.makedirs(os.path.join(root, folder))
    shutil.copy(script("scripts", "dist"), os.path.join(root, "scripts", "dist"))
    for name, content in (("scripts/install-deps", "#!/bin/sh\nenv >&2\nexit 3\n"), (".gitignore", "dist/\nout/\n"),
                          ("debian/changelog", " -- A <a@example.com>  Mon, 01 Jan 2024 00:00:00 +0000\n"),
                          ("meson.build", "  version: '1.2.3',\n"), ("dist/old", "")):
        bench.write(os.path.join("clone", name), content)
    os.chmod(os.path.join(root, "scripts", "install-deps"), 0o755)
    for args in (["init", "-q"], ["add", "."], ["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *args], cwd=root, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return root


def ungit(root):
    shutil.rmtree(os.path.join(root, ".git"))


def differ(root):
    with open(os.path.join(root, "meson.build"), "a", encoding="utf-8") as file:
        file.write("#\n")


@cases([(f"make dist refuses, and leaves the older release: {name}", code, words, *rest) for name, code, words, *rest in [
    ("only a key", 64, "only one of", {"RELEASE_KEY": "meson.build"}),
    ("only a key's name", 64, "only one of", {"RELEASE_KEY_ID": "one"}),
    ("no such key", 66, "no key can be read", {"RELEASE_KEY": "gone", "RELEASE_KEY_ID": "one"}),
    ("no such file", 66, "must be a file: gone", {}, ["gone"]),
    ("no clone", 78, "no git clone", {}, [], ungit),
    ("uncommitted changes", 78, "files here differ", {}, [], differ)]])
def dist_refuses(code, words, env, args=(), spoil=None):
    if not shutil.which("git"):
        raise Skip("no git here")
    with Bench() as bench:
        root = clone(bench)
        if spoil:
            spoil(root)
        found = bench.csc(*args, program=os.path.join(root, "scripts", "dist"), env={**os.environ, **env})
        equal(found.code, code, found)
        matches(words, found.err)
        equal(os.listdir(os.path.join(root, "dist")), ["old"])


@case("nothing that make dist starts has the key in its environment; when it fails, the older release is there, and nothing else")
def dist_key():
    if not shutil.which("git"):
        raise Skip("no git here")
    with Bench() as bench:
        root = clone(bench)
        key = {"RELEASE_KEY": "meson.build", "RELEASE_KEY_ID": "the-name-of-it", "key": "x", "key_id": "x",
               "MAKEFLAGS": "-- RELEASE_KEY_ID=the-name-of-it"}
        found = bench.csc(program=os.path.join(root, "scripts", "dist"), env={**os.environ, **key})
        equal(found.code, 3, found)
        matches("(?m)^SOURCE_DATE_EPOCH=", found.err)
        assert "RELEASE_KEY" not in found.err and "the-name-of-it" not in found.err, found.err
        equal(os.listdir(os.path.join(root, "dist")), ["old"])
        equal(os.listdir(os.path.join(root, "out")), [])


def configured(bench):
    """debian/csc.postinst, with another place in /var/lib/csc's."""
    with open(script("debian", "csc.postinst"), encoding="utf-8") as file:
        text = file.read()
    assert "ledger=/var/lib/csc\n" in text
    path = bench.write("postinst", text.replace("ledger=/var/lib/csc\n", f"ledger='{bench.path('var')}'\n"))
    return bench.csc(path, "configure", program="sh")


def owner_and_mode(path):
    status = os.lstat(path)
    return status.st_uid, stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode)


@cases([("the package makes the ledger's folder", lambda path: None, "", (0, stat.S_IFDIR, 0o700)),
        ("the package leaves a folder of root's", lambda path: os.mkdir(path, 0o750), "", (0, stat.S_IFDIR, 0o750)),
        ("the package leaves a symlink that leads nowhere, and says so", lambda path: os.symlink("gone", path), "is no folder",
         (0, stat.S_IFLNK, 0o777)),
        ("the package leaves a folder of somebody else, and says so", lambda path: (os.mkdir(path, 0o755), os.chown(path, 12345, 0)),
         "belongs to another user", (12345, stat.S_IFDIR, 0o755))])
def postinst(make, words, wanted):
    if os.geteuid() != 0:
        raise Skip("only root configures packages")
    with Bench() as bench:
        make(bench.path("var"))
        found = configured(bench)
        equal(found.code, 0, found)
        matches(words or r"\A\Z", found.err)
        equal(owner_and_mode(bench.path("var")), wanted)


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
