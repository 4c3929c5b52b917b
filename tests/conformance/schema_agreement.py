#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the published JSON Schemas and the library's own validation together.

    schema_agreement.py TOOL SCHEMAS CASES...         the cases of this folder
    schema_agreement.py TOOL SCHEMAS --vectors DIR    public test vectors, where they are present

Every case is given to both. Both must say what the case says, except where it is marked `beyond_schema`, with the reason:
then the schema must accept and the library refuse. A file of cases holds

    kind         whose schema and validation it is about
    bases        valid objects, by name
    cases        one by one: a base with `set` and `remove` (paths such as commands.0.cwd), or `raw` text; `pad_to` makes it
                 longer; `field` is where the library must see the fault
    fields       the members of the base `fields_of`: type, limits, whether required. From this table come the cases that
                 every field has: left out, of another type, at and over its limits, every value of an enumeration in
                 several wrong spellings, and an unknown member in every object
    forms        texts for the fields of one form
"""

import copy
import json
import pathlib
import subprocess
import sys
import warnings

warnings.simplefilter("ignore", DeprecationWarning)
import jsonschema  # noqa: E402

SCHEMAS = {
    "contract": "csc.contract.v0.1.schema.json",
    "policy": "csc.policy.v0.1.schema.json",
    "receipt": "csc.execution-receipt.v0.1.schema.json",
    "decision": "csc.policy-decision.v0.1.schema.json",
    "approval": "csc.approval.v0.1.schema.json",
    "config": "csc.config.v0.1.schema.json",
    "evidence": "csc.evidence.v0.1.schema.json",
}

# One value of each type, to be put where another type is wanted.
SAMPLES = [
    ("null", None),
    ("boolean", True),
    ("boolean", False),
    ("integer", 1),
    ("integer", 0),
    ("number", 1.5),
    ("string", "text"),
    ("string", "1"),
    ("array", []),
    ("array", ["text"]),
    ("object", {}),
]


# ---- building inputs out of the data files ----


def expand(value, index=None):
    """{"$repeat": [text, n]} and {"$times": [value, n]}, in which "{n}" counts."""
    if isinstance(value, dict):
        if set(value) == {"$repeat"}:
            text, times = value["$repeat"]
            return text * times
        if set(value) == {"$times"}:
            item, times = value["$times"]
            return [expand(item, n) for n in range(times)]
        return {key: expand(item, index) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item, index) for item in value]
    if isinstance(value, str) and index is not None:
        return value.replace("{n}", str(index))
    return value


def parent_of(document, path):
    *steps, last = path.split(".")
    for step in steps:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document, int(last) if isinstance(document, list) else last


def put(document, path, value):
    parent, key = parent_of(document, path)
    if isinstance(parent, list) and key == len(parent):
        parent.append(value)
    else:
        parent[key] = value


def remove(document, path):
    parent, key = parent_of(document, path)
    del parent[key]


def get(document, path):
    parent, key = parent_of(document, path)
    return parent[key]


def c_path(path):
    """commands.0.cwd as the library writes it: commands[0].cwd"""
    text = ""
    for step in path.split("."):
        text += f"[{step}]" if step.isdigit() else ("." if text else "") + step
    return text


def to_bytes(document):
    return json.dumps(document, ensure_ascii=False).encode()


class Case:
    def __init__(self, name, kind, data, valid, field=None, beyond=None):
        self.name, self.kind, self.data, self.valid = name, kind, data, valid
        self.field = field  # where the library must see the fault; None: anywhere
        self.beyond = beyond
        self.says = ""  # what the library's refusal must contain


def written_cases(kind, content):
    for case in content["cases"]:
        if "raw" in case:
            data = case["raw"].encode()
        else:
            document = expand(copy.deepcopy(content["bases"][case["base"]]))
            for path, value in case.get("set", {}).items():
                put(document, path, expand(value))
            for path in case.get("remove", []):
                remove(document, path)
            data = to_bytes(document)
        data = data.ljust(case.get("pad_to", 0))
        yield Case(case["id"], kind, data, case["valid"], case.get("field"), case.get("beyond_schema"))


# ---- cases that every field has ----


def presence(field):
    path = field["path"]
    where = field.get("missing_field", c_path(path))
    yield "removed", lambda document: remove(document, path), not field["required"], where, None


def wrong_types(field):
    for kind, value in SAMPLES:
        if kind == field["type"] or (kind == "null" and field.get("nullable")):
            continue
        # A real is refused by the reader already, which knows no fields.
        where = None if kind == "number" else c_path(field["path"])
        yield f"is {json.dumps(value)}", value, False, where, None


def string_values(field):
    low, high = field.get("min", 0), field.get("max")
    for name, letter in ("ASCII", "a"), ("two bytes", "\u00e4"), ("astral", "\U0001f600"):
        for length in {low, low + 1} | ({high - 1, high} if high else set()):
            yield f"{length} characters, {name}", letter * length, True, None, None
        for length in ({low - 1} if low else set()) | ({high + 1} if high else set()):
            yield f"{length} characters, {name}", letter * length, False, c_path(field["path"]), None


def enum_values(field):
    where = c_path(field["path"])
    for value in field["enum"]:
        yield value, value, True, None, None
        for wrong in value.upper(), value + " ", " " + value, value[:-1], value + "\n":
            yield json.dumps(wrong), wrong, False, where, None
    yield "empty", "", False, where, None


def integer_values(field):
    low, high = field.get("min"), field.get("max")
    where = c_path(field["path"])
    for value in [low, low + 1] if low is not None else [0, -1, -(2**63)]:
        yield str(value), value, True, None, None
    for value in [high - 1, high] if high is not None else [2**63 - 1]:
        yield str(value), value, True, None, None
    for value in ([low - 1, -(2**63)] if low is not None else []) + ([high + 1, 2**63 - 1] if high is not None else []):
        yield str(value), value, False, where, None
    beyond = None if high is not None else "JSON Schema's integers have any size"
    yield "2^63", 2**63, False, None, beyond
    whole = float(low or 0)
    yield str(whole), whole, False, None, "JSON Schema takes a real without fraction for an integer"
    yield "1e400", 10**400, False, None, beyond


def object_members(field):
    path = field["path"]
    prefix = path + "." if path else ""
    for name in "unknown", "", "Id", "x-extension":
        if not name:
            continue
        yield (f"unknown member {name}", lambda document, name=name: put(document, prefix + name, "x"), False,
               c_path(prefix + name), None)


VALUES = {"string": string_values, "integer": integer_values}


def swept_cases(kind, content):
    """What holds for every field alike, from the table `fields`."""
    base = expand(content["bases"][content["fields_of"]])
    for field in content["fields"]:
        changes = []
        if field["path"]:
            changes += presence(field)
            values = list(wrong_types(field))
            if "enum" in field:
                values += enum_values(field)
            elif field["type"] in VALUES and not field.get("form"):
                values += VALUES[field["type"]](field)
            for name, value, valid, where, beyond in values:
                changes.append((name, lambda document, value=value: put(document, field["path"], value), valid, where,
                                beyond))
        if field["type"] == "object":
            changes += object_members(field)
        for name, change, valid, where, beyond in changes:
            document = copy.deepcopy(base)
            change(document)
            yield Case(f"{field['path'] or 'top level'}: {name}", kind, to_bytes(document), valid, where, beyond)


def form_cases(kind, content):
    """Every field of a form (a path, a hash, a date-time) with every text of that form's list."""
    base = expand(content["bases"][content["fields_of"]])
    for field in content["fields"]:
        if not field.get("form"):
            continue
        for text in content["forms"][field["form"]]:
            document = copy.deepcopy(base)
            put(document, field["path"], expand(text["text"]))
            where = None if text["valid"] else c_path(field["path"])
            yield Case(f"{field['path']}: {json.dumps(text['text'])}", kind, to_bytes(document), text["valid"], where,
                       text.get("beyond_schema"))


def vector_cases(folder):
    for kind, names in ("contract", "contracts"), ("policy", "policies"), ("receipt", "receipts"), (
            "decision", "decisions"), ("approval", "approvals"):
        for path in sorted((folder / names).glob("*.json")):
            for case in json.loads(path.read_text(encoding="utf-8")):
                if "valid" not in case or not ("input" in case or "raw_text" in case):
                    continue
                data = case["raw_text"].encode() if "raw_text" in case else to_bytes(case["input"])
                found = Case(f"{path.parent.name}/{path.name}: {case['id']}", kind, data, case["valid"])
                found.says = case.get("expected_error_contains", "")
                yield found


# ---- asking both ----


def ask_library(tool, cases):
    stream = b"".join(b"%s %d\n%s" % (case.kind.encode(), len(case.data), case.data) for case in cases)
    answers = subprocess.run([tool], input=stream, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    if len(answers) != len(cases):
        sys.exit(f"{tool}: {len(answers)} answers to {len(cases)} cases")
    return answers


def ask_schema(validator, case):
    """None: the case is no JSON text and says nothing about the schema."""
    try:
        return validator.is_valid(json.loads(case.data))
    except ValueError:
        return None


def judge(case, by_schema, answer):
    """What is wrong with the two answers; None: nothing."""
    by_library = answer == "ok"
    if by_library != case.valid:
        return f"the library says: {answer}"
    if by_schema is not None and by_schema != (case.valid or bool(case.beyond)):
        return f"the schema {'accepts' if by_schema else 'refuses'} it; the library says: {answer}"
    if case.field is not None and not case.valid and answer.split("|")[1] != case.field:
        return f"the fault is in '{case.field}'; the library says: {answer}"
    if case.says not in answer:
        return f"'{case.says}' is not in what the library says: {answer}"
    return None


class Report:
    """Test Anything Protocol, one test for each group of cases."""

    def __init__(self):
        self.count, self.failures = 0, 0

    def test(self, name, faults, total=None):
        self.count += 1
        self.failures += bool(faults)
        size = f" ({total} cases)" if total is not None else ""
        print(f"{'not ok' if faults else 'ok'} {self.count} - {name}{size}")
        for fault in faults[:40]:
            print("# " + fault.replace("\n", "\\n")[:600])

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failures else 0


def compare(report, name, tool, validators, cases):
    cases = list(cases)
    faults = [] if cases else ["there are no cases"]
    for case, answer in zip(cases, ask_library(tool, cases)):
        fault = judge(case, ask_schema(validators[case.kind], case), answer)
        if fault:
            faults.append(f"{case.name}: {fault}")
    report.test(name, faults, len(cases))


def open_objects(schema, path="#"):
    """Objects that would let unknown members pass."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
            yield f"{path} is open"
        for key, value in schema.items():
            yield from open_objects(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from open_objects(value, f"{path}/{index}")


def load_schemas(folder, report):
    validators, ids = {}, set()
    for kind, name in SCHEMAS.items():
        schema = json.loads((folder / name).read_text(encoding="utf-8"))
        faults = list(open_objects(schema))
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            faults.append(str(error))
        if schema["$id"] in ids:
            faults.append("its $id is another's")
        ids.add(schema["$id"])
        report.test(f"{name} is a closed schema", faults)
        validators[kind] = jsonschema.Draft202012Validator(schema)
    return validators


def run_vectors(tool, schemas, folder):
    if not folder.is_dir():
        print(f"SKIP: no public test vectors in {folder} (set CSC_VECTORS)")
        return 77
    report = Report()
    compare(report, "public vectors", tool, load_schemas(schemas, report), vector_cases(folder))
    return report.end()


def run_cases(tool, schemas, files):
    report = Report()
    validators = load_schemas(schemas, report)
    for path in files:
        content = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        kind = content["kind"]
        compare(report, f"{kind}: cases", tool, validators, written_cases(kind, content))
        compare(report, f"{kind}: every field", tool, validators, swept_cases(kind, content))
        if content.get("forms"):
            compare(report, f"{kind}: forms of texts", tool, validators, form_cases(kind, content))
    return report.end()


if __name__ == "__main__":
    tool_path, schema_folder, *rest = sys.argv[1:]
    if rest[0] == "--vectors":
        sys.exit(run_vectors(tool_path, pathlib.Path(schema_folder), pathlib.Path(rest[1])))
    sys.exit(run_cases(tool_path, pathlib.Path(schema_folder), rest))
