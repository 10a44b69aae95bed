# Finds the tools that a script needs beside the Rust toolchain. To be sourced by bash.
#
#   tools_need curl git …   ends the script if one is missing and cannot be installed (which root can, on Debian)
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
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "== installing ${missing[*]}" >&2
    if DEBIAN_FRONTEND=noninteractive timeout 600 apt-get update --quiet >&2 &&
      DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install --quiet --yes --no-install-recommends "${missing[@]}" >&2
    then
      return 0
    fi
  fi
  echo "$0 needs ${missing[*]}: install them, and run it again" >&2
  exit 1
}
