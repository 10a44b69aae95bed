#!/usr/bin/env bash
# Sees to it that the programs of the database servers are there which tests start for themselves (crate `testing`).
# Without them, and where they cannot be installed, it fails and names the packages; so do the tests that need them.
#
#   tests/servers.sh
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tools.sh
tools_servers
echo "PostgreSQL: $(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | tail -n 1 || true)"
echo "MariaDB: $(PATH=$PATH:/usr/sbin command -v mariadbd)"
