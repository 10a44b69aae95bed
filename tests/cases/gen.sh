#!/usr/bin/env bash
# Generates this repository's own service and every case under tests/cases; arguments go to `cargo xtask gen`.
set -eu
cd "$(dirname "$0")/../.."
for project in . tests/cases/*/; do
  [ -f "$project/arcana.toml" ] || continue
  echo "== $project"
  cargo --quiet xtask gen --project "$project" "$@"
done
