#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The manual pages: all are installed and listed, their references lead somewhere, and they name what they describe:
the fields of the schemas, the tables of the ledger, the functions of libcsc. What commands they have is for
command_line.py.

usage: manuals.py ROOT     (TAP)
"""

import json
import os
import re
import shutil
import subprocess
import sys

# Pages of others.
FOREIGN = {"bwrap 1", "chmod 1", "chown 1", "errno 3", "free 3", "less 1", "mount_setattr 2", "sh 1", "socket 2", "sqlite3 1",
           "ssh-agent 1", "ssh-keygen 1"}
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "RETURN VALUES", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "ERRORS",
            "SEE ALSO", "CAVEATS"]  # the order that mdoc(7) gives them


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def pages(root):
    """{"csc-run 1": text}"""
    found = {}
    for name in sorted(os.listdir(os.path.join(root, "man"))):
        stem, _, number = name.rpartition(".")
        found[f"{stem} {number}"] = read(root, "man", name)
    return found


def file_of(page):
    return "man/" + page.replace(" ", ".")


def installed_problems(manual, meson):
    listed = re.findall(r"'(man/[^']+)'", meson)
    if listed != sorted(listed):
        yield "meson.build: the pages are not in order"
    for path in sorted({file_of(page) for page in manual} ^ set(listed)):
        yield f"{path}: only in {'meson.build' if path in listed else 'man/'}"


def head_problems(manual):
    for page, text in manual.items():
        name, number = page.split()
        for line in (f".Dt {name.upper()} {number}", f".Sh NAME\n.Nm {name}\n.Nd "):
            if f"\n{line}" not in text:
                yield f"{page}: has no {line!r}"


def reference_problems(manual):
    for page, text in manual.items():
        for name, number in re.findall(r"\bXr (\S+) (\d)", text):
            if f"{name} {number}" not in manual and f"{name} {number}" not in FOREIGN:
                yield f"{page}: there is no {name}({number})"
        for line in re.findall(r"^\.Sx (.*?)(?: [.,;)])?$", text, re.M):
            if f"\n.Sh {line}\n" not in text and f"\n.Ss {line}\n" not in text and not re.search(
                    rf"Xr \S+ \d ,\n\.Sx {re.escape(line)}", text):
                yield f"{page}: has no section {line}"


def other_section_problems(manual):
    """Sections of other pages: a comma stands between the page and the section."""
    for page, text in manual.items():
        for name, number, title in re.findall(r"Xr (\S+) (\d) ,\n\.Sx (.*?)(?: [.,;)])?$", text, re.M):
            if not re.search(rf"^\.S[hs] {re.escape(title)}$", manual.get(f"{name} {number}", ""), re.M):
                yield f"{page}: {name}({number}) has no section {title}"


def order_problems(manual):
    for page, text in manual.items():
        places = [SECTIONS.index(title) for title in re.findall(r"^\.Sh (.*)$", text, re.M) if title in SECTIONS]
        if places != sorted(places):
            yield f"{page}: its sections are not in the order of mdoc(7)"
        see = text.partition("\n.Sh SEE ALSO\n")[2].partition("\n.Sh ")[0]
        entries = re.findall(r"^\.Xr (\S+) (\d)", see, re.M)
        if entries != sorted(entries, key=lambda entry: (entry[1], entry[0])) or not entries:
            yield f"{page}: SEE ALSO is empty, or not in order"
    for page in sorted(manual):
        if page != "csc 1" and f".Xr {page}" not in manual["csc 1"].partition("\n.Sh SEE ALSO\n")[2].replace(" ,", "").splitlines():
            yield f"csc 1: SEE ALSO lacks {page}"


def variables(text):
    return {word for line in re.findall(r"\bVa (.*)", text) for word in re.findall(r"[a-z_]\w+", line)}


def schema_fields(schema):
    if isinstance(schema, list):
        return {name for part in schema for name in schema_fields(part)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own | {name for part in schema.values() for name in schema_fields(part)}


def field_problems(root, manual):
    for page, schema in [("csc-contract 5", "contract"), ("csc-policy 5", "policy"), ("csc-receipt 5", "execution-receipt"),
                         ("csc-config 5", "config")]:
        fields = schema_fields(json.loads(read(root, "schemas", f"csc.{schema}.v0.1.schema.json")))
        described = variables("\n".join(re.findall(r"^\.It (Va .*?)(?: Ta .*)?$", manual[page], re.M)))
        for name in sorted(fields - variables(manual[page])):
            yield f"{page}: doesn't name the field {name}"
        for name in sorted(described - fields):
            yield f"{page}: describes {name}, which is no field"


def table_problems(root, manual):
    """csc-ledger(5) names every table, and every column of the log and its entries."""
    source = read(root, "src", "ledger", "sqlite_schema.c").partition("migrations[] = {")[2].partition("};")[0]
    sql = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', source))
    names = variables(manual["csc-ledger 5"])
    for table, columns in re.findall(r"CREATE TABLE (\w+)\((.*?)\) STRICT", sql):
        wanted = {table} | (set(re.findall(r"(?:^|, )(\w+) ", columns)) if table in ("log", "entries") else set())
        for name in sorted(wanted - names - {"id"}):
            yield f"csc-ledger 5: doesn't name {name} of the table {table}"


def prototypes_of_header(text):
    """["int csc_decide(const struct csc_contract *contract, ...)"], white space apart."""
    return sorted(" ".join(found.split()) for found in re.findall(r"^CSC_API (.*?);", text, re.M | re.S))


def prototypes_of_page(text):
    found = []
    for kind, rest in re.findall(r"^\.Ft (.*)\n((?:\.Fn .*|\.Fo (?:.|\n)*?\.Fc)$)", text, re.M):
        kind = kind.strip('"')
        name = re.match(r"\.F[no] (\w+)", rest)[1]
        arguments = ", ".join(re.findall(r'"([^"]*)"', rest)) or "void"
        found.append(f"{kind}{'' if kind.endswith('*') else ' '}{name}({arguments})")
    return sorted(found)


def library_problems(root, manual):
    header, page = read(root, "include", "csc", "csc.h"), manual["libcsc 3"]
    ours, shown = set(prototypes_of_header(header)), set(prototypes_of_page(page))
    for prototype in sorted(ours ^ shown):
        yield f"libcsc 3: {prototype} is {'missing' if prototype in ours else 'not in csc.h'}"
    description = page.partition("\n.Sh DESCRIPTION\n")[2]
    for name in re.findall(r"\b(csc_\w+)\(", "\n".join(sorted(ours))):
        if not re.search(rf"^\.Fn {name}\b", description, re.M):
            yield f"libcsc 3: says nothing of {name}()"
    constants = re.findall(r"^#define (CSC_\w+) [^_]", header, re.M) + re.findall(r"^    (CSC_\w+)(?: = \d+)?,", header, re.M)
    members = re.findall(r"[ *](\w+)(?:\[\d+\])?;", "\n".join(re.findall(r"^struct csc_(?:error|run_options) {(.*?)^};", header,
                                                                        re.M | re.S)))
    for name in sorted(set(constants) | set(members) | {"on_output", "on_notice"}):
        if not re.search(rf"\b{name}\b", description):
            yield f"libcsc 3: doesn't name {name}"


FORMATTERS = [
    ["mandoc", "-T", "lint", "-W", "warning"],
    ["groff", "-mandoc", "-Tutf8", "-wall", "-z", "-rLL=80n"],  # what doesn't fit into 80 columns, too
]


def formatter_cases(root, manual):
    for command in FORMATTERS:
        name = f"{command[0]} has nothing to say"
        if not shutil.which(command[0]):
            yield f"{name} # SKIP {command[0]} is not installed", [], []
            continue
        answer = subprocess.run([*command, *(file_of(page) for page in manual)], cwd=root, check=False, capture_output=True,
                                text=True)
        yield name, answer.stdout.splitlines() + answer.stderr.splitlines(), []


def broken_cases(root, manual, meson):
    """Each rule finds what it is there for."""
    def changed(page, old, new):
        assert old in manual[page], (page, old)
        return {**manual, page: manual[page].replace(old, new)}

    policy, less = "csc-policy 5", dict(list(manual.items())[1:])
    first = file_of(list(manual)[0])
    return [
        ("a page that isn't there", installed_problems(less, meson), [f"{first}: only in meson.build"]),
        ("one that isn't installed", installed_problems(manual, meson.replace(f"'{first}',", "")), [f"{first}: only in man/"]),
        ("another name", head_problems(changed(policy, ".Dt CSC-POLICY 5", ".Dt CSC-POLICY 1")),
         ["csc-policy 5: has no '.Dt CSC-POLICY 5'"]),
        ("a reference to nothing", reference_problems(changed(policy, ".Xr csc 1 ,", ".Xr csc 4 ,")),
         ["csc-policy 5: there is no csc(4)"]),
        ("a section that isn't there", reference_problems(changed("csc-run 1", ".Ss The receipt", ".Ss Receipts")),
         ["csc-run 1: has no section The receipt"]),
        ("one of another page", other_section_problems(changed("csc-run 1", ".Ss The receipt", ".Ss Receipts")),
         ["csc-receipt 5: csc-run(1) has no section The receipt"]),
        ("disorder", order_problems(changed("csc-ledger 5", ".Xr csc-config 5 ,\n.Xr csc-receipt 5",
                                            ".Xr csc-receipt 5 ,\n.Xr csc-config 5")),
         ["csc-ledger 5: SEE ALSO is empty, or not in order"]),
        ("a field less", field_problems(root, changed(policy, ".It Va allowed_egress_hosts\n", ".It Va hosts\n")),
         ["csc-policy 5: doesn't name the field allowed_egress_hosts", "csc-policy 5: describes hosts, which is no field"]),
        ("a column less", table_problems(root, changed("csc-ledger 5", ".Va nodes\n", "Nodes\n")),
         ["csc-ledger 5: doesn't name nodes of the table entries"]),
        ("a function less", library_problems(root, changed("libcsc 3", ".Fn csc_version void\n", ".Fn csc_release void\n")),
         ["libcsc 3: const char *csc_release(void) is not in csc.h", "libcsc 3: const char *csc_version(void) is missing"]),
        ("a constant less", library_problems(root, changed("libcsc 3", "CSC_E_OUTPUT", "it")),
         ["libcsc 3: doesn't name CSC_E_OUTPUT"]),
    ]


def main(root):
    manual, meson = pages(root), read(root, "meson.build")
    cases = [
        ("every page is installed", installed_problems(manual, meson), []),
        ("every page has its name", head_problems(manual), []),
        ("references lead to pages and sections", reference_problems(manual), []),
        ("references to sections of other pages", other_section_problems(manual), []),
        ("sections and references are in order, and csc(1) has all", order_problems(manual), []),
        ("pages and schemas have the same fields", field_problems(root, manual), []),
        ("csc-ledger(5) names the tables", table_problems(root, manual), []),
        ("libcsc(3) has what csc.h has", library_problems(root, manual), []),
        *formatter_cases(root, manual),
    ]
    cases += [(f"found: {name}", found, wanted) for name, found, wanted in broken_cases(root, manual, meson)]
    print(f"1..{len(cases)}")
    for number, (name, found, wanted) in enumerate(cases, 1):
        found = list(found)
        print(f"{'ok' if found == wanted else 'not ok'} {number} - {name}")
        for problem in found if found != wanted else []:
            print(f"# {problem}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
