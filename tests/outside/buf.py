"""buf judges the published contract in generated/proto: `buf build`, and `buf lint` by the rules of buf.yaml.

    python tests/outside/buf.py

It does so without the Buf Schema Registry: in a temporary workspace, the standard imports stand beside the contract.
They come from the crates that the generator takes them from too, which `cargo metadata` finds.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = "generated/proto"
# Crates that carry `.proto` texts, and the folder in them.
CARRIERS = {"google-cloud-googleapis": "googleapis", "prost-protovalidate-types": "proto"}
SECONDS = 120


def carriers():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    metadata = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)
    packages = {package["name"]: Path(package["manifest_path"]).parent for package in json.loads(metadata.stdout)["packages"]}
    return [packages[name] / folder for name, folder in CARRIERS.items()]


def imports(text):
    # buf brings google/protobuf itself.
    return [path for path in re.findall(r'^import (?:public )?"([^"]+)";', text, re.M) if not path.startswith("google/protobuf/")]


def copy_imports(files, folders, target):
    """Copies what the files import, and what that imports in turn."""
    wanted = [path for file in files for path in imports(file.read_text())]
    while wanted:
        path = wanted.pop()
        if (target / path).exists() or (target.parent / CONTRACT / path).exists():
            continue
        source = next((folder / path for folder in folders if (folder / path).exists()), None)
        if source is None:
            sys.exit(f"FAILED: no crate has {path}, which the contract imports")
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target / path)
        wanted += imports(source.read_text())


def main():
    config = yaml.safe_load((ROOT / "buf.yaml").read_text())
    config.pop("deps")
    config["modules"].append({"path": "imports"})
    with tempfile.TemporaryDirectory(prefix="buf.") as folder:
        workspace = Path(folder)
        (workspace / "imports").mkdir()
        shutil.copytree(ROOT / CONTRACT, workspace / CONTRACT)
        files = sorted((workspace / CONTRACT).rglob("*.proto"))
        copy_imports(files, carriers(), workspace / "imports")
        (workspace / "buf.yaml").write_text(yaml.safe_dump(config))
        buf = Path(sys.executable).parent / "buf"
        for what in (["build", "-o", "/dev/null"], ["lint"]):
            print(f"buf {what[0]}", flush=True)
            command = [buf, what[0], CONTRACT, *what[1:], "--timeout", f"{SECONDS}s"]
            if subprocess.run(command, cwd=workspace, timeout=SECONDS).returncode:
                sys.exit(f"FAILED: buf {what[0]}")
    print(f"ok  {len(files)} files of the contract build, and follow the rules of buf.yaml")


if __name__ == "__main__":
    main()
