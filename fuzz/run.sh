#!/usr/bin/env bash
# Fuzzes one of the targets: `fuzz/run.sh schema|list [seconds]`, ten minutes if unsaid.
#
#   schema   the generator, with texts of schemas
#   list     filters, orders, pages and page tokens, down to the SQL that SQLite runs
#
# What it finds lies in target/fuzz/TARGET/artifacts; a finding becomes a case of the tests.
set -eu
cd "$(dirname "$0")/.."
target=${1:-}
seconds=${2:-600}
[ -e "fuzz/fuzz_targets/$target.rs" ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
work=$PWD/target/fuzz
export PATH="$work/tools/bin:$PATH"
command -v cargo-fuzz >/dev/null || cargo install --locked --quiet --root "$work/tools" cargo-fuzz
corpus=$work/$target/corpus
artifacts=$work/$target/artifacts
mkdir -p "$corpus" "$artifacts"
case $target in
  schema)
    # The seeds: every schema of this repository and of its cases, the bad ones too.
    find schema tests/cases -name '*.proto' -not -path '*/generated/*' | while read -r path; do
      cp "$path" "$corpus/$(echo "$path" | tr / _)"
    done
    ;;
  list) cp fuzz/seeds/list/* "$corpus" ;;
esac
# cargo-fuzz passes flags that only nightly compilers take; this says that it is meant.
export RUSTC_BOOTSTRAP=1
cd fuzz
# Without a sanitizer: there is no unsafe code of our own to watch, and it is many times faster. Overflows are still caught.
build=(--fuzz-dir . --target-dir "$work/build" --sanitizer none "$target")
cargo fuzz build "${build[@]}"
exec cargo fuzz run "${build[@]}" "$corpus" -- \
  -dict="dictionaries/$target.dict" -artifact_prefix="$artifacts/" -max_len=32768 \
  -rss_limit_mb=4096 -timeout=10 -max_total_time="$seconds" -print_final_stats=1
