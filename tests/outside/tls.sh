#!/usr/bin/env bash
# Serves the shop over TLS, gRPC for clients with a certificate only, and lets clients of others use it and sslyze judge it.
#
#   tests/outside/tls.sh BINARY FOLDER
#
# FOLDER is the root of the project that BINARY serves. tests/outside/run.sh calls it and brings what it needs.
set -u
[ $# -eq 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
cd "$(dirname "$0")/../.." || exit 1
. tests/serving.sh

binary=$1
folder=$2
tls=$(mktemp -d "${TMPDIR:-/tmp}/tls.XXXXXX")
trap 'serving_stop; rm -rf "$tls"' EXIT
trap 'exit 130' INT TERM

"$binary" cert dev --dir "$tls" >/dev/null || exit 1
export ARCANA_SERVER__REST__TLS__CERTIFICATE=$tls/server.pem ARCANA_SERVER__REST__TLS__KEY=$tls/server.key
export ARCANA_SERVER__GRPC__TLS__CERTIFICATE=$tls/server.pem ARCANA_SERVER__GRPC__TLS__KEY=$tls/server.key
export ARCANA_SERVER__GRPC__TLS__CLIENT_CA=$tls/ca.pem ARCANA_SERVER__GRPC__TLS__ALLOWED_IDENTITIES=client.internal
serving_start ARCANA "$binary" "$folder" || exit 1
rest=${REST##*:} grpc=${GRPC##*:}

failed=()
# The tour of curl over HTTP/2, as TLS lets it choose; then HTTP/1.1, and no TLS at all.
CURL_CA_BUNDLE=$tls/ca.pem tests/outside/curl.sh "https://localhost:$rest" >"$tls/log" || { cat "$tls/log"; failed+=(curl); }
for version in 1.1 2; do
  spoken=$(curl --silent --max-time 20 --noproxy '*' --cacert "$tls/ca.pem" "--http$version" --output /dev/null \
    --write-out '%{http_code} %{http_version}' "https://localhost:$rest/health/ready")
  [ "$spoken" = "200 $version" ] && echo "ok  REST over HTTP/$version" || failed+=("HTTP/$version: $spoken")
done
for port in "$rest" "$grpc"; do
  curl --silent --max-time 20 --noproxy '*' --http0.9 "http://localhost:$port/health/ready" | grep -qa '"up"' &&
    failed+=("plain text on port $port")
done
GRPC_VERBOSITY=NONE timeout 120 python tests/outside/reflect.py --tls "$tls" "localhost:$grpc" || failed+=(grpc)
timeout 300 python -W ignore tests/outside/tls.py "$tls" "$rest" "$grpc" || failed+=(sslyze)
if [ ${#failed[@]} -gt 0 ]; then
  printf 'FAILED: %s\n' "${failed[@]}" >&2
  tail -n 20 "$SERVING_DIR/log" >&2
  exit 1
fi
