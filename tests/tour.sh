#!/usr/bin/env bash
# Takes the tour of README.md on a clean copy of the repository: runs its blocks in order, checks the answers that they
# promise, and what a tour cannot show by itself: the diff of a new entity is small, a second run writes nothing, an
# edited file is refused, and the five rpcs answer over gRPC.
#
#   tests/tour.sh [FOLDER]   FOLDER is where cargo builds (default: that of this repository, so that little is built anew)
#
# A block that starts with "```sh tour" is run by bash; a line "# → text" in it says what its output contains. Behind
# "```sh tour restarts", the service must start again by itself. Needs the Rust toolchain, git and curl.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/tools.sh
tools_need git curl
export CARGO_TARGET_DIR=${1:-${CARGO_TARGET_DIR:-$PWD/target}}
mkdir -p "$CARGO_TARGET_DIR"
CARGO_TARGET_DIR=$(cd "$CARGO_TARGET_DIR" && pwd)
export ARCANA_SERVER__REST__PORT=0 ARCANA_SERVER__GRPC__PORT=0
unset ARCANA_DATABASE__URL ARCANA_ENV

folder=$(mktemp -d "${TMPDIR:-/tmp}/tour.XXXXXX")
log=$folder/log
out=$folder/out
dev="" starts=0 rest="" grpc="" checks=0

fail() {
  echo "FAILED: $*" >&2
  if [ -s "$out" ]; then echo "-- output:" >&2; tail -n 40 "$out" >&2; fi
  if [ -s "$log" ]; then echo "-- log of the service:" >&2; tail -n 40 "$log" >&2; fi
  exit 1
}

stop() {
  [ -n "$dev" ] || return 0
  kill -TERM "$dev" 2>/dev/null || true
  for _ in $(seq 300); do
    kill -0 "$dev" 2>/dev/null || break
    sleep 0.1
  done
  if kill -KILL "$dev" 2>/dev/null; then echo "process $dev had to be killed" >&2; fi
  wait "$dev" 2>/dev/null || true
  dev=""
}
trap 'stop; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

# Waits until the service has said where it listens once more than before.
await() {
  starts=$((starts + 1))
  for _ in $(seq 9000); do
    if [ "$(grep -c '^gRPC ' "$log" || true)" -ge "$starts" ]; then
      rest=$(sed -n 's|^REST http://||p' "$log" | tail -n 1)
      grpc=$(sed -n 's|^gRPC ||p' "$log" | tail -n 1)
      curl -sf "http://$rest/health/ready" >/dev/null || fail "the service listens and is not ready"
      return 0
    fi
    kill -0 "$dev" 2>/dev/null || fail "cargo xtask dev ended"
    sleep 0.1
  done
  fail "the service does not start"
}

contains() {
  checks=$((checks + 1))
  grep -aqF -- "$1" "$out" || fail "the output does not contain: $1"
}

# Runs one block in this shell, so that variables stay for the next.
block() {
  local marks=$1 text=$2 expected
  if [ "$text" = "cargo xtask dev" ]; then
    echo "\$ cargo xtask dev"
    cargo xtask dev </dev/null >"$log" 2>&1 &
    dev=$!
    await
    return 0
  fi
  text=${text//localhost:8080/$rest}
  echo "$text" | sed 's/^/$ /' | head -n 12
  eval "$text" >"$out" 2>&1 || fail "a command ended with $?"
  sed 's/^/  /' "$out" | cut -c 1-160 | head -n 40
  while IFS= read -r expected; do contains "$expected"; done < <(sed -n 's/^# → //p' <<<"$text")
  case $marks in *restarts*) await ;; esac
}

# Field NUMBER of a message as hex: a text, or what is hex already.
text_field() { hex_field "$1" "$(printf %s "$2" | od -An -v -tx1 | tr -d ' \n')"; }
hex_field() { printf '%02x%02x%s' $(($1 << 3 | 2)) $((${#2} / 2)) "$2"; }

# Calls an rpc of reviews with a message in hex, as gRPC-Web.
rpc() {
  local frame
  frame=$(printf '00%08x%s' $((${#2} / 2)) "$2")
  # shellcheck disable=SC2059 # the format is the message
  printf "$(sed 's/../\\x&/g' <<<"$frame")" |
    curl -sS --data-binary @- -H 'Content-Type: application/grpc-web+proto' \
      "http://$grpc/shop.v1.ReviewService/$1" >"$out" || fail "$1 is not answered"
  checks=$((checks + 1))
  # The last frame holds the trailers; an answer without frames is a refusal.
  grep -aiqE 'grpc-status: ?0' "$out" || fail "$1 is refused"
  echo "  $1: grpc-status 0"
}

# Called behind the block that generates.
small_diff() {
  local expected
  git status --short >"$out"
  git diff --stat --patience
  expected=$(sort <<'FILES'
 M generated/IMPACT.md
 M generated/descriptor.bin
 M generated/manifest.txt
 M generated/openapi.json
 M generated/src/migrations.rs
 M generated/src/pb/shop/v1.rs
 M generated/src/services.rs
 M generated/src/shop/v1/mod.rs
 M generated/src/shop/v1/product/sql.rs
 M src/logic/mod.rs
?? generated/proto/shop/v1/review.proto
?? generated/src/shop/v1/review/
?? schema/shop/v1/review.proto
?? src/logic/review.rs
FILES
  )
  checks=$((checks + 1))
  diff <(echo "$expected") <(grep -v ' migrations/' "$out" | sort) || fail "the diff of a new entity is not the expected one"
  checks=$((checks + 1))
  # One number, up and down, for each database.
  [ "$(sed -n 's/^?? migrations\/[a-z]*\/\([0-9]*_add_reviews\.\)\(up\|down\)\.sql$/\1\2/p' "$out" | sort | uniq -c | grep -c ' 3 ')" = 2 ] &&
    [ "$(grep -c ' migrations/' "$out")" = 6 ] || fail "there is not exactly one new migration for each database"

  touch "$folder/before"
  cargo xtask gen >"$out" 2>&1 || fail "the second run fails"
  contains "Up to date"
  checks=$((checks + 1))
  [ -z "$(find generated migrations src schema -newer "$folder/before" -type f)" ] || fail "the second run writes"

  cp generated/src/shop/v1/review/model.rs "$folder/model.rs"
  echo "// by hand" >>generated/src/shop/v1/review/model.rs
  checks=$((checks + 1))
  if cargo xtask gen >"$out" 2>&1; then fail "an edited file is not refused"; fi
  contains "generated/src/shop/v1/review/model.rs"
  sed 's/^/  /' "$out"
  cargo xtask gen --discard-edits >"$out" 2>&1 || fail "edits cannot be discarded"
  checks=$((checks + 1))
  cmp -s generated/src/shop/v1/review/model.rs "$folder/model.rs" || fail "the file is not as it was"
}

five_rpcs() {
  local id row
  row=$(text_field 2 "$product")$(text_field 3 Ada)2003$(text_field 5 "Over gRPC")
  rpc CreateReview "$(hex_field 1 "$row")"
  id=$(grep -aoE -m 1 '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}' "$out" | sed -n 1p) ||
    fail "the answer has no id"
  rpc GetReview "$(text_field 1 "$id")"
  contains "Over gRPC"
  rpc UpdateReview "$(hex_field 1 "$(text_field 1 "$id")$(text_field 5 Changed)")$(hex_field 2 "$(text_field 1 title)")"
  contains "Changed"
  rpc ListReviews ""
  contains "Changed"
  rpc DeleteReview "$(text_field 1 "$id")"
}

# A clean copy, with a history of one commit: what git knows, and what it would add. Its files are from now, so that cargo
# takes nothing for fresh that an earlier tour built.
mkdir "$folder/copy"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | tar -c --null -T - | tar -x -m -C "$folder/copy"
cd "$folder/copy"
# Cargo tells packages in one target folder apart by name, version and their place in the workspace. With a version of its
# own, the copy shares what is built of others with this repository, and neither takes the other's for its own.
awk '/^\[/ { section = $0 } section == "[workspace.package]" && /^version = / { sub(/"$/, "-tour\"") } { print }' \
  Cargo.toml >"$folder/Cargo.toml"
mv "$folder/Cargo.toml" Cargo.toml
grep -q -e '-tour"$' Cargo.toml || fail "Cargo.toml has no version of the workspace"
cargo metadata --format-version 1 --offline >/dev/null 2>"$out" || cargo metadata --format-version 1 >/dev/null
git init -q
git add -A
git -c user.name=tour -c user.email=tour@localhost -c commit.gpgsign=false commit -qm "Before the tour"

marks="" text="" inside=no
while IFS= read -r line; do
  case $inside:$line in
    'no:```sh tour'*) inside=yes marks=${line#'```sh tour'} text="" ;;
    'yes:```')
      inside=no
      block "$marks" "${text%$'\n'}" </dev/null
      case $text in
        *"cargo xtask gen"*) small_diff ;;
        *If-Match*) five_rpcs ;;
      esac
      ;;
    yes:*) text+=$line$'\n' ;;
  esac
done <README.md
[ "$starts" -ge 2 ] || fail "the tour did not start the service twice"
stop
echo "The tour holds: $checks checks"
