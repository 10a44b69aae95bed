#!/usr/bin/env bash
# Serves the shop from a folder of its own, and lets those judge it who know it only from outside: curl, a Python gRPC
# client that lives by reflection, and Swagger UI in a browser.
#
#   tests/outside/run.sh            all of them
#   tests/outside/run.sh curl grpc  some of them: curl, grpc, browser
#
# Needs python3, curl, node and npm, which it installs where it can; what they need further comes from PyPI and npm into
# target/outside.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/serving.sh
. tests/tools.sh

judges=("$@")
[ $# -gt 0 ] || judges=(curl grpc browser)
for judge in "${judges[@]}"; do
  case $judge in
    curl | grpc | browser) ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done

for judge in "${judges[@]}"; do
  case $judge in
    curl) tools_need curl ;;
    grpc) tools_need venv ;;
    browser) tools_need node npm ;;
  esac
done

cargo build --quiet --bin arcana || exit 1
trap serving_stop EXIT
trap 'exit 130' INT TERM
serving_start ARCANA "${CARGO_TARGET_DIR:-$PWD/target}/debug/arcana" "$PWD" || exit 1
echo "== serving on $REST and $GRPC"
ARCANA_DATABASE__URL="sqlite://$SERVING_DIR/test.db" \
  timeout 60 "${CARGO_TARGET_DIR:-$PWD/target}/debug/arcana" seed || { echo "FAILED: seed" >&2; exit 1; }

failed=()
for judge in "${judges[@]}"; do
  echo "== $judge"
  case $judge in
    curl) timeout 120 tests/outside/curl.sh "$REST" ;;
    grpc) timeout 700 python3 tests/outside/reflect.py "$GRPC" ;;
    browser) timeout 450 node tests/browser/swagger.mjs "$REST" ;;
  esac || failed+=("$judge")
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "FAILED: ${failed[*]}; the end of the log:" >&2
  tail -n 30 "$SERVING_DIR/log" >&2
  exit 1
fi
echo "== ${judges[*]}: all passed"
