#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What compiler and linker were to do against exploits is in the files that were built: readelf(1) is asked, not the flags.

usage: hardening.py CSC CSC-INIT LIBCSC ROOT    (TAP; the environment's OBJECTS: a folder of objects of csc's own code)

csc is a static-pie, libcsc.so a shared library. csc-init is linked to a fixed address, on purpose: it is executed before every
command of hardened mode, and relocating itself would be a good part of its whole life. It reads nothing but what
csc wrote, and its stack, heap and vDSO are at random places all the same.

The intention is tested at the objects of csc's own code where the linker keeps a mark only when every input has it: Debian 12's
static libraries are not compiled for CET, so that csc as a whole cannot be marked; what the files have is printed.
"""

import glob
import os
import platform
import re
import subprocess
import sys
import tempfile

ROOT = sys.argv[4]
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from tap import Skip, case, cases, equal, main  # noqa: E402 pylint: disable=wrong-import-position

FILES = {"csc": sys.argv[1], "csc-init": sys.argv[2], "libcsc.so": sys.argv[3]}
OBJECTS = sorted(glob.glob(os.path.join(os.environ["OBJECTS"], "*.o")))
MACHINE = platform.machine()


def readelf(options, *paths):
    return subprocess.run(["readelf", "-W", *options, *paths], check=True, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"}).stdout


def segments(path):
    """[(type, flags)] of the program headers."""
    return [(found[1], found[2].replace(" ", ""))
            for found in re.finditer(r"^ +([A-Z_]+) +(?:0x[0-9a-f]+ +){5}([R ][W ][E ]) ", readelf(["-l"], path), re.M)]


def dynamic(path):
    """{tag: text} of the dynamic section; empty where there is none."""
    return dict(re.findall(r"^ 0x[0-9a-f]+ \((\w+)\) +(.*)$", readelf(["-d"], path), re.M))


def symbols(path):
    return set(re.findall(r" (\w+)(?:@\S+)?(?: \(\d+\))?$", readelf(["-s"], path), re.M))


def cet(text):
    """IBT and SHSTK, as far as notes have them, or AArch64's BTI and PAC."""
    return {mark for line in re.findall(r"feature: (.*)", text) for mark in re.findall(r"\b(IBT|SHSTK|BTI|PAC)\b", line)}


@cases([("csc is position-independent", "csc", "DYN"), ("libcsc.so is position-independent", "libcsc.so", "DYN"),
        ("csc-init has a fixed address, on purpose", "csc-init", "EXEC")])
def file_type(name, wanted):
    equal(re.search(r"Type: +(\w+)", readelf(["-h"], FILES[name]))[1], wanted)


@cases([(f"{name}: {what}", name, tag, text)
        for name, tag, text, what in [("csc", "FLAGS_1", "PIE", "marked as an executable"),
                                      ("csc", "FLAGS", "BIND_NOW", "everything is bound at the start"),
                                      ("libcsc.so", "FLAGS", "BIND_NOW", "everything is bound when it is loaded")]])
def dynamic_flags(name, tag, text):
    assert text in dynamic(FILES[name]).get(tag, "").split(), dynamic(FILES[name])


@cases([(f"{name} loads nothing", name) for name in ("csc", "csc-init")])
def static(name):
    equal([kind for kind, _ in segments(FILES[name]) if kind == "INTERP"], [])
    assert "NEEDED" not in dynamic(FILES[name])


def said_libraries(text):
    """What docs/COMPATIBILITY.md says that libcsc.so uses."""
    return set(re.split(r", | and ", re.search(r"libcsc\.so uses ([^|]*?) *\|", text)[1]))


def loaded_libraries(path):
    """What the loader will look for, but the C library's own parts; libnettle is nettle, the others are called as they are."""
    names = re.findall(r"\(NEEDED\) +Shared library: \[(.*?)\.so[.\d]*\]", readelf(["-d"], path))
    spoken = {"libyaml-0": "libyaml", "libnettle": "nettle", "libsqlite3": "SQLite"}
    return {spoken.get(name, name) for name in names} - {"libc", "libm", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64"}


@case("libcsc.so loads the libraries that docs/COMPATIBILITY.md names, and no other")
def libraries():
    with open(os.path.join(ROOT, "docs", "COMPATIBILITY.md"), encoding="utf-8") as file:
        text = file.read()
    equal(said_libraries(text), loaded_libraries(FILES["libcsc.so"]))
    more = text.replace("libcsc.so uses ", "libcsc.so uses SQLite, ")
    assert said_libraries(more) - loaded_libraries(FILES["libcsc.so"]) == {"SQLite"}, "another document would pass"


@cases([(f"{name}: what was relocated is read-only afterwards (RELRO)", name) for name in FILES])
def relro(name):
    assert ("GNU_RELRO", "R") in segments(FILES[name]), segments(FILES[name])


@cases([(f"{name}: no segment is writable and executable, the stack least of all", name) for name in FILES])
def write_or_execute(name):
    found = segments(FILES[name])
    assert any(kind == "LOAD" and "E" in flags for kind, flags in found), found
    equal([one for one in found if "W" in one[1] and "E" in one[1]], [])
    equal([flags for kind, flags in found if kind == "GNU_STACK"], ["RW"])


@cases([(f"{name}: no relocations in the text, no search path of its own", name) for name in FILES])
def no_tags(name):
    found = dynamic(FILES[name])
    equal([tag for tag in ("TEXTREL", "RPATH", "RUNPATH") if tag in found], [])
    assert "TEXTREL" not in found.get("FLAGS", "").split()


@cases([(f"{name}: functions check their stack", name) for name in FILES])
def stack_protector(name):
    assert symbols(FILES[name]) & {"__stack_chk_fail", "__stack_chk_fail_local"}, "no __stack_chk_fail"


@cases([(f"{name}: the C library checks sizes (FORTIFY)", name) for name in ("csc", "libcsc.so")])
def fortify(name):
    found = {symbol for symbol in symbols(FILES[name]) if re.fullmatch(r"__\w+_chk", symbol)}
    assert found & {"__snprintf_chk", "__vsnprintf_chk", "__memcpy_chk", "__read_chk"}, found


@case("csc's own objects ask for the checks of stack and sizes")
def own_objects():
    wanted = {"__stack_chk_fail", "__snprintf_chk"}
    found = set()
    for line in readelf(["-s"], *OBJECTS).splitlines():
        found |= {name for name in wanted if line.endswith(f" UND {name}")}
    equal(found, wanted)


@case("every object of csc's own code is compiled for CET")
def own_cet():
    if MACHINE != "x86_64":
        raise Skip(f"{MACHINE} has no CET")
    assert OBJECTS, "no objects"
    lacking = [os.path.basename(path) for path in OBJECTS if cet(readelf(["-n"], path)) != {"IBT", "SHSTK"}]
    equal(lacking, [])


@cases([(f"{name}: marks of control-flow protection, as the libraries of this system leave them", name) for name in FILES])
def marks(name):
    found = cet(readelf(["-n"], FILES[name]))
    print(f"# {name}: {', '.join(sorted(found)) or 'none, since not every library that is linked has them'}")
    # The linker only takes away: what is marked must be one of these.
    assert found <= {"IBT", "SHSTK", "BTI", "PAC"}


# How to link a program that a check above must find fault with.
BROKEN = [
    ("a fixed address", ["-no-pie"], file_type, "DYN"),
    ("lazy binding", ["-Wl,-z,lazy"], dynamic_flags, "FLAGS", "BIND_NOW"),
    ("shared libraries", ["-pie"], static),
    ("no RELRO", ["-Wl,-z,norelro"], relro),
    ("an executable stack", ["-Wl,-z,execstack"], write_or_execute),
    ("a segment that is writable and executable", ["-Wl,-N,-e,main", "-nostdlib", "-static"], write_or_execute),
    ("a search path", ["-Wl,-rpath,/nonexistent"], no_tags),
    ("no stack protector", ["-fno-stack-protector"], stack_protector),
    ("no FORTIFY", ["-U_FORTIFY_SOURCE"], fortify),
]


@cases([(f"finds: {name}", *rest) for name, *rest in BROKEN])
def finds(flags, check, *args):
    right = FILES["csc"]
    with tempfile.TemporaryDirectory() as folder:
        FILES["csc"] = os.path.join(folder, "program")
        try:
            subprocess.run(["cc", "-x", "c", "-", *flags, "-o", FILES["csc"]], input=b"int main(void) { return 0; }\n", check=True,
                           stderr=subprocess.DEVNULL)
            check("csc", *args)
        except AssertionError:
            return
        finally:
            FILES["csc"] = right
    raise AssertionError("was not found")


if __name__ == "__main__":
    main()
