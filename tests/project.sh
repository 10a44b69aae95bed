#!/usr/bin/env bash
# Proves the line between framework and project: copies the framework alone (codegen, templates, runtime, schema/arcana) and
# the project of tests/project, which is a workspace of its own, and works there as its developers would: what is checked in
# is fresh, a new field is generated and served, what breaks clients is named, and `cargo xtask test` passes.
#
#   tests/project.sh           all of it
#   tests/project.sh life      only the life of its schema, from its first day through replicas and branches (tests/life.py)
#   tests/project.sh imported  only a project beside it, which begins with a database that is there already (tests/imported.py)
#
# The copy is made anew at a fixed place beside what cargo builds, so that little is built anew and nothing piles up. Needs
# the Rust toolchain and curl.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
. tests/tools.sh
. tests/serving.sh
tools_need git curl python3
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
mkdir -p "$CARGO_TARGET_DIR"
CARGO_TARGET_DIR=$(cd "$CARGO_TARGET_DIR" && pwd)
copy=$CARGO_TARGET_DIR/project
out=$CARGO_TARGET_DIR/project.out

fail() {
  echo "FAILED: $*" >&2
  [ ! -s "$out" ] || tail -n 60 "$out" >&2
  exit 1
}

# Runs a command, and shows its output only if it fails.
quietly() {
  echo "\$ $*"
  "$@" >"$out" 2>&1 || fail "$* ended with $?"
}

contains() { grep -qF -- "$1" "$out" || fail "the output does not contain: $1"; }

trap serving_stop EXIT
trap 'exit 130' INT TERM

# What git knows and what it would add. The files are from now, so that cargo takes nothing for fresh that an earlier run
# built from others.
rm -rf "$copy"
mkdir "$copy"
git ls-files -z --cached --others --exclude-standard Cargo.toml codegen templates runtime schema/arcana tests/project |
  while IFS= read -r -d '' file; do
    if [ -e "$file" ]; then printf '%s\0' "$file"; fi
  done | tar -c --null -T - | tar -x -m -C "$copy"
# Of the manifest at the root only what the crates of the framework inherit: the package there is another project.
awk '/^\[/ { kept = /^\[workspace/ } kept' Cargo.toml >"$copy/Cargo.toml"
# The same versions as here, so that both share what cargo builds of others.
cp Cargo.lock "$copy/tests/project/Cargo.lock"
cd "$copy/tests/project"
quietly cargo metadata --format-version 1

life() {
  tools_servers
  (cd "$root" && cargo build --quiet --package arcana-testing --example servers)
  printf 'dialects = ["sqlite", "postgres", "mysql"]\n' >>arcana.toml
  # It begins on the first day, whatever was tried on the copy before.
  cp "$root"/tests/project/schema/lending/v1/*.proto schema/lending/v1/
  : >"$out"
  timeout 1500 python3 "$root/tests/life.py" "$PWD" "$CARGO_TARGET_DIR/debug/examples/servers" || fail "the life of a schema"
}

# The same project of a few files, as docs/projects.md begins one, without an entity.
imported() {
  tools_servers
  (cd "$root" && cargo build --quiet --package arcana-testing --example servers)
  local shop=$copy/tests/shop
  mkdir -p "$shop/src" "$shop/schema"
  cp -R .cargo xtask rustfmt.toml "$shop/"
  sed 's/lending/shop/g' Cargo.toml >"$shop/Cargo.toml"
  sed 's/lending/shop/g' src/main.rs >"$shop/src/main.rs"
  printf 'name = "shop"\ndialects = ["sqlite", "postgres", "mysql"]\n' >"$shop/arcana.toml"
  quietly cargo xtask gen --project "$shop"
  cp "$root/Cargo.lock" "$shop/"
  : >"$out"
  timeout 1500 python3 "$root/tests/imported.py" "$shop" "$CARGO_TARGET_DIR/debug/examples/servers" \
    "$root/codegen/tests/import/legacy" || fail "a database that was there before"
}

case ${1:-} in
  life | imported)
    "$1"
    exit
    ;;
esac

quietly cargo xtask gen --check
contains "Up to date"

sed -i 's|^  int64 version = 5;|  // Where it stands.\n  optional string shelf = 8 [(buf.validate.field).string.max_len = 20, (arcana.field) = { filterable: true example: "SF 3" }];\n&|' \
  schema/lending/v1/book.proto
if cargo xtask gen --check >"$out" 2>&1; then fail "a changed schema is called fresh"; fi
contains "stale: generated/src/lending/v1/book/model.rs"
quietly cargo xtask gen
contains "Written"
quietly cargo xtask gen --check
grep -q shelf migrations/sqlite/*.up.sql || fail "the migration does not know the new field"

# What is sealed is what later changes are compared with.
quietly cargo xtask migrate seal
quietly cargo xtask check
contains "nothing breaks clients"
sed -i 's|string.max_len = 20, (arcana.field) = { filterable: true example: "SF 3" }|string.max_len = 10, (arcana.field) = { filterable: true example: "SF 3" }|' \
  schema/lending/v1/book.proto
if cargo xtask check >"$out" 2>&1; then fail "a narrower bound is called harmless"; fi
contains "Book.shelf max_len 20 → 10 : wire ok · REST BREAKING · SQL lossy"
sed -i 's|string.max_len = 10, (arcana.field) = { filterable: true example: "SF 3" }|string.max_len = 20, (arcana.field) = { filterable: true example: "SF 3" }|' \
  schema/lending/v1/book.proto
quietly cargo xtask what Book.shelf
contains "books.shelf"
quietly cargo xtask test
tally=$(tail -n 1 "$out")
# Its tests have built the program.
serving_start LENDING "$CARGO_TARGET_DIR/debug/lending" "$PWD" || fail "the service does not start"
quietly curl -sSf "$REST/api/v1/books" -H 'Content-Type: application/json' \
  -d '{"title": "Dhalgren", "isbn": "9780375706684", "on_shelf": 1, "shelf": "SF 3"}'
contains '"shelf":"SF 3"'
quietly curl -sSf "$REST/api/v1/books?shelf=SF%203"
contains '"total":1'
quietly curl -sSf "$REST/openapi.json"
contains '"title": "lending"'
serving_stop

echo "The project stands on its own; its tests: $tally"

# From here on it is for all databases.
life
imported
