#!/usr/bin/env bash
# Runs the tests of the whole service once more on each database server; `cargo test` has run them on SQLite.
set -euo pipefail
cd "$(dirname "$0")/.."
for database in postgres mysql; do
  echo "== $database"
  ARCANA_TEST_DATABASE=$database cargo test --package arcana --no-fail-fast
done
