#!/usr/bin/env bash
# Lets sqlmap look for a way to smuggle SQL through the parameters of lists, on each database: some minutes each.
#
#   tests/outside/sqlmap.sh                  SQLite, PostgreSQL and MariaDB
#   tests/outside/sqlmap.sh postgres mysql   some of them
#
# Needs python3 with venv, which it installs where it can; sqlmap comes from PyPI into target/outside.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/tools.sh
version=1.10.10
venv=${CARGO_TARGET_DIR:-$PWD/target}/outside/sqlmap-$version
tools_need venv
tools_servers
[ -x "$venv/bin/sqlmap" ] || {
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "sqlmap==$version"
}
databases=("$@")
[ $# -gt 0 ] || databases=(sqlite postgres mysql)
for database in "${databases[@]}"; do
  echo "== $database"
  ARCANA_SQLMAP=$venv/bin/sqlmap ARCANA_TEST_DATABASE=$database \
    cargo test --package arcana --test process -- --ignored --nocapture injection
done
