#!/usr/bin/env bash
# Fuzzes the generator with texts of schemas: `codegen/fuzz/run.sh [seconds]`, ten minutes if unsaid.
# What it finds lies in target/fuzz/artifacts; a finding becomes a case under tests/cases.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-600}
work=$PWD/target/fuzz
export PATH="$work/tools/bin:$PATH"
command -v cargo-fuzz >/dev/null || cargo install --locked --quiet --root "$work/tools" cargo-fuzz
mkdir -p "$work/corpus" "$work/artifacts"
# The seeds: every schema of this repository and of its cases, the bad ones too.
find schema tests/cases -name '*.proto' -not -path '*/generated/*' | while read -r path; do
  cp "$path" "$work/corpus/$(echo "$path" | tr / _)"
done
# cargo-fuzz passes flags that only nightly compilers take; this says that it is meant.
export RUSTC_BOOTSTRAP=1
cd codegen/fuzz
# Without a sanitizer: there is no unsafe code to watch, and it is many times faster. Overflows are still caught.
build=(--fuzz-dir . --target-dir "$work/build" --sanitizer none schema)
cargo fuzz build "${build[@]}"
exec cargo fuzz run "${build[@]}" "$work/corpus" -- \
  -dict=words.dict -artifact_prefix="$work/artifacts/" -max_len=32768 \
  -rss_limit_mb=4096 -timeout=10 -max_total_time="$seconds" -print_final_stats=1
