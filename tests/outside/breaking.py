"""buf judges what we call breaking: `buf breaking` by its rules WIRE_JSON, over the cases of tests/cases/breaking.

    python tests/outside/breaking.py

Whatever buf names, we must name at the same message, field, enum value or rpc, as breaking the wire. What we name beyond
that is listed, with the reason that we give for it.
"""

import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from buf import CONTRACT, ROOT, SECONDS, carriers, copy_imports

BUF = Path(sys.executable).parent / "buf"
FOUND = 100
LEAST_CASES = 60


def main():
    with tempfile.TemporaryDirectory(prefix="breaking.") as name:
        folder = Path(name)
        write_cases(folder)
        cases = json.loads((folder / "cases.json").read_text())
        enums = values_by_number(json.loads((folder / "base/contract.lock.json").read_text()))
        prepare(folder, ["base", *(case["folder"] for case in cases)])
        run([BUF, "build", "--output", folder / "base.binpb"], folder / "base")
        with ThreadPoolExecutor() as pool:
            findings = list(pool.map(lambda case: judge(folder, case), cases))
    report(cases, findings, enums)


def run(command, where, well=(0,)):
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=900)
    if done.returncode not in well:
        sys.exit(f"FAILED: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def write_cases(folder):
    run(["cargo", "run", "--quiet", "--package", "arcana-codegen", "--example", "breaking", "--", folder], ROOT)


def prepare(folder, places):
    """Gives each contract the standard imports, and the configuration of buf."""
    modules = [{"path": CONTRACT}, {"path": "imports"}]
    config = yaml.safe_dump({"version": "v2", "modules": modules, "breaking": {"use": ["WIRE_JSON"]}})
    standards = carriers()
    for place in places:
        root = folder / place
        (root / CONTRACT).parent.mkdir()
        (root / "proto").rename(root / CONTRACT)
        (root / "imports").mkdir()
        copy_imports(sorted((root / CONTRACT).rglob("*.proto")), standards, root / "imports")
        (root / "buf.yaml").write_text(config)


def judge(folder, case):
    """What buf names in one case."""
    command = [BUF, "breaking", CONTRACT, "--against", folder / "base.binpb", "--error-format", "json"]
    out = run([*command, "--timeout", f"{SECONDS}s"], folder / case["folder"], well=(0, FOUND))
    return [json.loads(line) for line in out.splitlines() if line.strip()]


def values_by_number(contract):
    """Names of enum values by the last name of the enum and their number, before the edits."""
    enums = [enum for package in contract["packages"].values() for enum in package.get("enums", {}).items()]
    return {(last(name), number): value for name, enum in enums for number, value in enum["values"].items()}


def last(name):
    return name.rsplit(".", 1)[-1]


def named_by_buf(finding, enums):
    """The type and the member that buf speaks of; no member if it is the type as a whole."""
    text = finding["message"]
    if match := re.match(r'File package changed from "(\S+)"', text):
        return match[1], ""
    if match := re.search(r'[Ff]ield "\d+" with name "(\w+)" on message "([\w.]+)"', text):
        return last(match[2]), match[1]
    if match := re.match(r'Field "\d+" on message "([\w.]+)" changed name from "\w+" to "(\w+)"', text):
        return last(match[1]), match[2]
    if match := re.match(r'Enum value "-?\d+" on enum "([\w.]+)" changed name from "\w+" to "(\w+)"', text):
        return last(match[1]), match[2]
    if match := re.search(r'enum value "(-?\d+)" on enum "([\w.]+)" was deleted', text):
        return last(match[2]), enums[last(match[2]), match[1]]
    if match := re.match(r'RPC "(\w+)" on service "([\w.]+)"', text):
        return last(match[2]), match[1]
    if match := re.search(r'reserved .* on (?:message|enum) "([\w.]+)"', text):
        return last(match[1]), ""
    sys.exit(f"FAILED: {finding['type']} speaks of something that this script does not know: {text}")


def named_by_us(change):
    """All that a change of ours could be called by buf."""
    package, *names = re.split(r"\.(?=[A-Z])", change["subject"], maxsplit=1)
    if not names:
        return {(package, "")}
    parts = names[0].split(".")
    is_member = change["what"] not in ("removed", "added") or len(parts) > 1
    if not is_member or "reserved" in change["what"].split() and "no" in change["what"].split():
        return {(parts[-1], "")}
    owner, member = parts[-2] if len(parts) > 1 else "", parts[-1]
    # A map is a list of entries to buf, each a message of its own.
    entry = "".join(word.capitalize() for word in member.split("_")) + "Entry"
    return {(owner, member), (entry, "key"), (entry, "value")}


def report(cases, findings, enums):
    missed, ours, known, total, rules = [], {}, 0, 0, set()
    for case, found in zip(cases, findings):
        wire = [change for change in case["changes"] if change["wire"] == "breaking"]
        names = {name for change in wire for name in named_by_us(change)}
        said = set()
        for finding in found:
            total += 1
            rules.add(finding["type"])
            name = named_by_buf(finding, enums)
            said.add(name)
            if name in names:
                known += 1
            else:
                missed.append(f"{case['file']}: {case['name']}: {finding['type']}: {finding['message']}")
        for change in wire:
            if not named_by_us(change) & said:
                line = f"{case['name']}: {change['subject']} {change['what']}"
                ours.setdefault(change["reason"], []).append(line)
    print(f"{len(cases)} cases; buf names {total} breaks by {len(rules)} rules; {known} of them we name, too")
    print("  " + ", ".join(sorted(rules)))
    print(f"{sum(map(len, ours.values()))} breaks are ours alone:")
    for reason, lines in sorted(ours.items()):
        print(f"  because {reason}:")
        for line in lines:
            print(f"    {line}")
    if len(cases) < LEAST_CASES or not total:
        sys.exit("FAILED: too few cases to judge by")
    if missed:
        print("\n".join(missed), file=sys.stderr)
        sys.exit(f"FAILED: buf names {len(missed)} breaks that we do not name")


if __name__ == "__main__":
    main()
