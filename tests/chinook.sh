#!/usr/bin/env bash
# Builds the Chinook store, serves it on free ports with a database of its own, loads it, and compares what it answers.
#
#   tests/chinook.sh FOLDER     with the rows of FOLDER/ChinookData.json
#   tests/chinook.sh --made     with rows that the script makes itself
#
# PROFILE=release measures the optimised build. Further arguments go to tests/chinook.py.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/serving.sh
. tests/tools.sh
[ $# -ge 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
tools_need python3

profile=${PROFILE:-debug}
arguments=(build --quiet --package chinook)
[ "$profile" = release ] && arguments+=(--release)
cargo "${arguments[@]}" || exit 1
trap serving_stop EXIT
trap 'exit 130' INT TERM
serving_start CHINOOK "${CARGO_TARGET_DIR:-$PWD/target}/$profile/chinook" tests/cases/chinook || exit 1
echo "profile $profile"
timeout 600 python3 tests/chinook.py "$REST" "$@"
code=$?
[ $code -eq 0 ] || tail -n 20 "$SERVING_DIR/log" >&2
exit $code
