#!/usr/bin/env bash
# Serves the shop from a folder of its own with seeded rows, and lets those judge it who know it only from outside.
#
#   tests/outside/run.sh                  all of them
#   tests/outside/run.sh curl spectral    some of them
#   SEED=7 tests/outside/run.sh schemathesis    with other dice
#
# curl          a tour of REST by hand
# grpc          a Python client that lives by reflection
# tls           both protocols over TLS: curl, the Python client with a certificate of its own, and sslyze on both ports
# browser       Swagger UI in Chromium
# spectral      openapi.json by the rules of spectral:oas, warnings included
# redocly       openapi.json by the rules of redocly's `recommended`, warnings included
# buf           generated/proto builds, and follows buf's STANDARD
# breaking      what buf calls breaking in tests/cases/breaking, cargo xtask check does, too
# typescript    a client made from openapi.json, checked strictly and run through the life of an order
# schemathesis  every check of schemathesis, in all phases, against every operation of a closed service
#
# Needs python3 with venv, and curl, which it installs where it can; all else comes from PyPI and npm in the versions of
# requirements.txt and package-lock.json, into target/outside.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/serving.sh
. tests/tools.sh

known=(curl grpc tls browser spectral redocly buf breaking typescript schemathesis)
judges=("$@")
[ $# -gt 0 ] || judges=("${known[@]}")
for judge in "${judges[@]}"; do
  case " ${known[*]} " in
    *" $judge "*) ;;
    *) sed -n '2,21s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done

root=$PWD
target=${CARGO_TARGET_DIR:-$root/target}
out=$target/outside
contract=$root/generated/openapi.json
tools_need curl venv
tools_outside "$out"
PATH=$out/venv/bin:$out/node/node_modules/.bin:$PATH
export REDOCLY_TELEMETRY=off

cargo build --quiet --bin arcana || exit 1
trap serving_stop EXIT
trap 'exit 130' INT TERM
# As cheap as passwords may be: judges send hundreds.
export ARCANA_SECURITY__ARGON2__MEMORY_KIB=19456 ARCANA_SECURITY__ARGON2__ITERATIONS=2
export ARCANA_SECURITY__ARGON2__PARALLELISM=1 ARCANA_SECURITY__LOCKOUT__RATE_PER_ADDRESS=100000/s
serving_start ARCANA "$target/debug/arcana" "$root" || exit 1
echo "== serving on $REST and $GRPC"
ARCANA_DATABASE__URL="sqlite://$SERVING_DIR/test.db" timeout 60 "$target/debug/arcana" seed ||
  { echo "FAILED: seed" >&2; exit 1; }

typescript() {
  local folder=$out/node/client
  mkdir -p "$folder" &&
    cp tests/outside/client.ts tests/outside/tsconfig.json "$folder/" &&
    timeout 60 openapi-typescript "$contract" --default-non-nullable false --output "$folder/contract.d.ts" &&
    timeout 120 tsc --project "$folder" &&
    timeout 60 node "$folder/client.ts" "$REST"
}

# It is last among the known, because it leaves no row as it was. Its cache stays out of the repository. With more workers
# a seed would not repeat, and Python 3.11 now and then breaks down ("AST constructor recursion depth mismatch").
schemathesis_run() {
  serving_stop
  # Closed, because it looks at what becomes of calls without a token, too.
  export ARCANA_SECURITY__KEYS=$out/keys
  SERVING_MODE=enforced serving_start ARCANA "$target/debug/arcana" "$root" || return 1
  (
    export ARCANA_DATABASE__URL="sqlite://$SERVING_DIR/test.db"
    timeout 60 "$target/debug/arcana" seed && cd "$out" &&
      SHOP=$REST ARCANA=$target/debug/arcana PYTHONPATH=$root/tests/outside SCHEMATHESIS_HOOKS=schemathesis_hooks \
        timeout 600 schemathesis --config-file "$root/tests/outside/schemathesis.toml" run "$REST/openapi.json" \
        --checks all --max-examples 100 --workers 1 --seed "${SEED:-1}"
  )
}

failed=()
for judge in "${judges[@]}"; do
  echo "== $judge"
  started=$SECONDS
  case $judge in
    curl) timeout 120 tests/outside/curl.sh "$REST" "$SERVING_DIR/mail" ;;
    grpc) timeout 120 python tests/outside/reflect.py "$GRPC" ;;
    tls) timeout 600 tests/outside/tls.sh "$target/debug/arcana" "$root" ;;
    browser) timeout 450 node tests/browser/swagger.mjs "$REST" ;;
    spectral) timeout 120 spectral lint --ruleset tests/outside/spectral.yaml --fail-severity warn "$contract" ;;
    redocly) timeout 120 redocly lint --config tests/outside/redocly.yaml --max-problems 50 "$contract" ;;
    buf) timeout 300 python tests/outside/buf.py ;;
    breaking) timeout 900 python tests/outside/breaking.py ;;
    typescript) typescript ;;
    schemathesis) schemathesis_run ;;
  esac || failed+=("$judge")
  echo "== $judge took $((SECONDS - started)) s"
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "FAILED: ${failed[*]}; the end of the log:" >&2
  tail -n 30 "$SERVING_DIR/log" >&2
  exit 1
fi
echo "== ${judges[*]}: all passed"
