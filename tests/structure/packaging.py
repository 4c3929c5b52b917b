#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the Dockerfile to what it promises, as far as that shows without an engine: pinned, small, not root; and debian/
to what the rest of the tree says.

usage: packaging.py ROOT    the rules over the tree, then over files that break them (TAP)
"""

import fnmatch
import glob
import os
import re
import sys

INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "LABEL", "USER", "ENTRYPOINT", "CMD", "ENV", "ARG", "EXPOSE", "VOLUME"}
RUNTIME_PACKAGES = {"bubblewrap", "ca-certificates", "openssh-client"}


def instructions(text):
    """(instruction, arguments) of a Dockerfile; continued lines are joined, comments are left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield word, rest.strip()


def stages(text):
    """Lists of instructions, each beginning with its FROM."""
    found = [[]]
    for word, rest in instructions(text):
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found[1:] if not found[0] else found


def base_problems(stage_list):
    names = set()
    for stage in stage_list:
        word, rest = stage[0]
        match = re.fullmatch(r"(\S+)(?: AS (\w+))?", rest)
        if word != "FROM" or not match:
            yield f"no FROM: {word} {rest}"
            continue
        image, name = match.groups()
        if image not in names and (not re.search(r":[\w.-]+$", image) or image.endswith(":latest")):
            yield f"{image} names no version"
        names.add(name)


def ignored(root):
    path = os.path.join(root, ".dockerignore")
    lines = open(path, encoding="utf-8").read().splitlines() if os.path.exists(path) else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def copy_problems(stage_list, root):
    names = [stage[0][1].partition(" AS ")[2] for stage in stage_list]
    for number, stage in enumerate(stage_list):
        for word, rest in stage:
            parts = rest.split()
            if word != "COPY":
                continue
            if parts[0].startswith("--from="):
                if parts[0][len("--from="):] not in names[:number]:
                    yield f"COPY {parts[0]}: no such stage before"
                continue
            for source in parts[:-1]:
                if not glob.glob(os.path.join(root, source)):
                    yield f"COPY {source}: doesn't exist"
                if any(fnmatch.fnmatch(source, pattern) for pattern in ignored(root)):
                    yield f"COPY {source}: .dockerignore keeps it out"


def run_problems(stage_list):
    for stage in stage_list:
        for word, rest in stage:
            if word not in INSTRUCTIONS:
                yield f"{word} is no instruction for here"
            if word == "RUN" and re.search(r"apt-get install|install-deps", rest):
                if "rm -rf /var/lib/apt/lists/*" not in rest:
                    yield "package lists stay in the image"
            if word == "RUN" and "apt-get install" in rest and "--no-install-recommends" not in rest:
                yield "recommended packages are installed"
            if word == "RUN" and re.search(r"curl|wget|https?:", rest):
                yield "something is downloaded past the package manager"


def final_problems(stage):
    last = dict(stage)
    user = last.get("USER", "root")
    if user.partition(":")[0] in ("root", "0"):
        yield f"runs as {user}"
    if not last.get("ENTRYPOINT", "").startswith('["csc"'):
        yield "ENTRYPOINT is not csc"
    installs = [match[1] for word, rest in stage if word == "RUN"
                for match in re.finditer(r"apt-get install((?: [\w.+-]+)+)", rest)]
    packages = {name for words in installs for name in words.split() if not name.startswith("-")}
    if packages != RUNTIME_PACKAGES:
        yield f"packages {sorted(packages)}"


def problems(text, root):
    stage_list = stages(text)
    if len(stage_list) < 2:
        return ["only one stage: compilers would stay in the image"]
    return [*base_problems(stage_list), *copy_problems(stage_list, root), *run_problems(stage_list),
            *final_problems(stage_list[-1])]


def ignore_problems(root):
    """History, keys of git's configuration and builds of another machine stay out of the image."""
    return [f".dockerignore lets {name} in" for name in (".git", "build", "build-x")
            if not any(fnmatch.fnmatch(name, pattern) for pattern in ignored(root))]


def profile_problems(root):
    """The AppArmor profile is named, attached to where csc is installed, and grants user namespaces only."""
    text = open(os.path.join(root, "packaging", "apparmor", "csc"), encoding="utf-8").read()
    code = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    wanted = ["abi <abi/4.0>,", "include <tunables/global>", "profile csc /usr/{,local/}bin/csc flags=(unconfined) {",
              "userns,", "include if exists <local/csc>", "}"]
    return [] if code == wanted else [f"saw {code}"]


def read(root, *names):
    with open(os.path.join(root, *names), encoding="utf-8") as file:
        return file.read()


def debian_problems(root, changes=()):
    """debian/ repeats what meson.build, libcsc.map and dependencies.txt say; `changes`: (file, old, new), of what to read instead."""
    def text(name):
        content = read(root, *name.split("/"))
        for _, old, new in [change for change in changes if change[0] == name]:
            content = content.replace(old, new)
        return content

    build, control = text("meson.build"), text("debian/control")
    if re.search(r"version: '(.*)'", build)[1] != re.match(r"csc \((.*)\)", text("debian/changelog"))[1]:
        yield "debian/changelog has another version than meson.build"
    number = re.search(r"soversion: '(\d+)'", build)[1]
    symbols = text("debian/libcsc1.symbols")
    if f"Package: libcsc{number}\n" not in control or f"libcsc.so.{number} libcsc{number} " not in symbols:
        yield f"soversion {number} is not that of debian/"
    if set(re.findall(r"^ (csc_\w+)@", symbols, re.M)) != set(re.findall(r"^ +(csc_\w+);", text("src/libcsc.map"), re.M)):
        yield "debian/libcsc1.symbols and libcsc.map differ"
    # What every Debian build has, or comes with another.
    needed = set(re.findall(r"^(\S+) +build ", text("scripts/dependencies.txt"), re.M)) - {"gcc", "libc6-dev", "ninja-build"}
    asked = set(re.findall(r"^ ([\w.+-]+)", control.partition("Build-Depends:")[2].partition("Standards-Version")[0], re.M))
    if needed - asked:
        yield f"debian/control doesn't ask for {sorted(needed - asked)}"
    # dh_installchangelogs and debian/copyright bring them under Debian's names; lintian calls the second copy a fault.
    removed = set(re.findall(r"debian/tmp/usr/share/doc/csc/(\S+)", text("debian/rules")))
    for name in ("LICENSE", "CHANGELOG.md"):
        if f"'{name}'" in build and name not in removed:
            yield f"debian/rules leaves meson's {name} in the package"
    if re.findall(r"^[^#\n]+$", text("debian/csc.tmpfiles"), re.M) != ["d /var/lib/csc :0700 :root :root -"]:
        yield "debian/csc.tmpfiles takes a folder that is there from its owner"
    for name in re.findall(r"^Tests: (.*)$", text("debian/tests/control"), re.M):
        if not os.access(os.path.join(root, "debian", "tests", name), os.X_OK):
            yield f"debian/tests/{name} is not there, or cannot be executed"


# What is exchanged in a file that debian/ must agree with, and what the finding must say.
BROKEN_DEBIAN = [
    (("meson.build", "version: '", "version: '9"), "another version"),
    (("meson.build", "soversion: '1'", "soversion: '2'"), "soversion 2"),
    (("src/libcsc.map", "csc_version;", "csc_versions;"), "libcsc.map differ"),
    (("scripts/dependencies.txt", "nettle-dev ", "gnutls-dev "), "['gnutls-dev']"),
    (("debian/rules", " debian/tmp/usr/share/doc/csc/CHANGELOG.md", ""), "meson's CHANGELOG.md"),
    (("debian/csc.tmpfiles", ":root :root", "root root"), "from its owner"),
    (("debian/tests/control", "Tests: embed", "Tests: embedded"), "debian/tests/embedded"),
]

# What is exchanged in the Dockerfile, for what, and what the finding must say.
BROKEN = [
    ("FROM debian:bookworm-slim\n", "FROM debian\n", "debian names no version"),
    ("FROM debian:bookworm-slim\n", "FROM debian:latest\n", "debian:latest names no version"),
    ("USER csc\n", "", "runs as root"),
    ("USER csc\n", "USER csc\nUSER 0:0\n", "runs as 0:0"),
    ("COPY LICENSE ", "COPY LICENCE ", "LICENCE: doesn't exist"),
    ("COPY LICENSE ", "COPY build ", "build: .dockerignore keeps it out"),
    ("COPY --from=build /out/bin/csc", "COPY --from=built /out/bin/csc", "no such stage"),
    (" --no-install-recommends", "", "recommended packages"),
    (" ca-certificates", " ca-certificates gcc", "'gcc'"),
    ("    && rm -rf /var/lib/apt/lists/* \\\n", "", "package lists stay"),
    ('ENTRYPOINT ["csc"]', "ENTRYPOINT csc", "ENTRYPOINT"),
    ("WORKDIR /work\n", "WORKDIR /work\nADD x y\n", "ADD is no instruction"),
    ("WORKDIR /work\n", "WORKDIR /work\nRUN curl x | sh\n", "downloaded"),
    ("FROM debian:bookworm-slim AS build\n", "", "no FROM: WORKDIR"),
    ("\nFROM debian:bookworm-slim\n", "\n", "only one stage"),
]


def main(root):
    with open(os.path.join(root, "Dockerfile"), encoding="utf-8") as file:
        text = file.read()
    results = [("Dockerfile", problems(text, root)), (".dockerignore", ignore_problems(root)),
               ("AppArmor profile", profile_problems(root)), ("debian/", list(debian_problems(root)))]
    for change, expected in BROKEN_DEBIAN:
        found = list(debian_problems(root, [change]))
        results.append((f"finds: {expected}", [] if any(expected in finding for finding in found) else [f"saw {found}"]))
    for old, new, expected in BROKEN:
        found = problems(text.replace(old, new), root) if old in text else ["nothing was exchanged"]
        seen = any(expected in finding for finding in found)
        results.append((f"finds: {expected}", [] if seen else [f"saw {found}"]))
    print(f"1..{len(results)}")
    for number, (name, found) in enumerate(results, 1):
        print(f"{'not ok' if found else 'ok'} {number} - {name}")
        for finding in found:
            print(f"# {finding}")


if __name__ == "__main__":
    main(sys.argv[1])
