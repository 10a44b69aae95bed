# Finds the tools that a script needs beside the Rust toolchain. To be sourced by bash.
#
#   tools_need curl git …   ends the script if one is missing and cannot be installed (which root can, on Debian)
#
#   tools_servers           the same for the database servers that tests start for themselves; none of the system's own
#                           is set up or started
#
#   tools_outside DIR       installs what comes from PyPI and npm for the judges from outside into DIR (see below)
#
# Known tools: any command whose package has its name, `node`, `h2load`, and `venv`, the virtual environments of Python.

tools_need() {
  local tool missing=()
  for tool in "$@"; do
    case $tool in
      # The module is there without its companion; only that one tells.
      venv) python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing+=(python3 python3-venv) ;;
      node) command -v node >/dev/null || missing+=(nodejs) ;;
      h2load) command -v h2load >/dev/null || missing+=(nghttp2-client) ;;
      *) command -v "$tool" >/dev/null || missing+=("$tool") ;;
    esac
  done
  [ ${#missing[@]} -eq 0 ] || tools_install "${missing[@]}"
}

# Installs packages, or ends the script with their names.
tools_install() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "== installing $*" >&2
    # What this project has configured before an installation stays as it is.
    if DEBIAN_FRONTEND=noninteractive timeout 600 apt-get update --quiet >&2 &&
      DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install --quiet --yes --no-install-recommends \
        --option Dpkg::Options::=--force-confold "$@" >&2
    then
      return 0
    fi
  fi
  echo "$0 needs $*: install them, and run it again" >&2
  exit 1
}

# The programs of PostgreSQL, PgBouncer and MariaDB. Their packages would set up and start a server each, which nobody
# wants here: a line of configuration keeps PostgreSQL from it, MariaDB has a package of the programs alone, and PgBouncer
# asks the policy of the system whether it may start.
tools_servers() {
  local missing=()
  command -v psql >/dev/null && ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null ||
    missing+=(postgresql postgresql-client)
  PATH=$PATH:/usr/sbin command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null ||
    missing+=(mariadb-server-core)
  command -v mariadb >/dev/null || missing+=(mariadb-client-core)
  PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null || missing+=(pgbouncer)
  [ ${#missing[@]} -gt 0 ] || return 0
  local clusters=/etc/postgresql-common/createcluster.conf
  if [ "$(id -u)" = 0 ] && [ ! -e "$clusters" ]; then
    mkdir -p "${clusters%/*}"
    echo 'create_main_cluster = false' >"$clusters"
  fi
  (
    policy=/usr/sbin/policy-rc.d
    if [ "$(id -u)" = 0 ] && [ ! -e "$policy" ]; then
      trap 'rm -f "$policy"' EXIT
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod +x "$policy"
    fi
    tools_install "${missing[@]}"
  ) || exit 1
}

# Installs tests/outside/requirements.txt into DIR/venv, which brings a Node of its own, and with it
# tests/outside/package-lock.json into DIR/node. What is there already and still the same is left alone.
tools_outside() {
  local dir=$1 here=$PWD/tests/outside
  mkdir -p "$dir/node"
  if ! cmp -s "$here/requirements.txt" "$dir/venv/requirements.txt"; then
    echo "== installing $here/requirements.txt" >&2
    rm -rf "$dir/venv"
    timeout 120 python3 -m venv "$dir/venv" &&
      timeout 600 "$dir/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" >&2 &&
      cp "$here/requirements.txt" "$dir/venv/" || { echo "$0: pip failed" >&2; exit 1; }
  fi
  cp "$here/package.json" "$here/package-lock.json" "$dir/node/"
  if ! cmp -s "$here/package-lock.json" "$dir/node/node_modules/package-lock.json"; then
    echo "== installing $here/package-lock.json" >&2
    (cd "$dir/node" && PATH=$dir/venv/bin:$PATH timeout 600 npm ci --silent --no-audit --no-fund >&2) &&
      cp "$here/package-lock.json" "$dir/node/node_modules/" || { echo "$0: npm failed" >&2; exit 1; }
  fi
}
