#!/usr/bin/env bash
# Generates this repository's own service and every case under tests/cases, and the project in tests/project; arguments go to `cargo xtask gen`.
set -eu
cd "$(dirname "$0")/../.."
for project in . tests/cases/*/ tests/project; do
  [ -f "$project/arcana.toml" ] || continue
  echo "== $project"
  cargo --quiet xtask gen --project "$project" "$@"
done
