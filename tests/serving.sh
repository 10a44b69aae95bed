# Starts a service on free ports with a database of its own, and stops it again. To be sourced by bash.
#
#   serving_start PREFIX BINARY FOLDER   sets REST and GRPC to the base addresses, SERVING_PID, SERVING_DIR
#                                        SERVING_MODE is its `security.mode`, development if unsaid; its mails are files
#                                        in SERVING_DIR/mail
#   serving_stop                         stops it by its pid, and removes its folder

SERVING_PID=""
SERVING_DIR=""

serving_start() {
  local prefix=$1 binary=$2 folder=$3 tries
  SERVING_DIR=$(mktemp -d "${TMPDIR:-/tmp}/serving.XXXXXX")
  (
    cd "$folder" || exit 1
    export "${prefix}_SERVER__REST__PORT=0" "${prefix}_SERVER__GRPC__PORT=0"
    export "${prefix}_DATABASE__URL=sqlite://$SERVING_DIR/test.db" "${prefix}_MAIL__URL=file:$SERVING_DIR/mail"
    export "${prefix}_SECURITY__MODE=${SERVING_MODE:-development}" "${prefix}_OBSERVABILITY__LOG__FORMAT=json"
    exec "$binary" serve
  ) >"$SERVING_DIR/log" 2>&1 &
  SERVING_PID=$!
  for ((tries = 0; tries < 300; tries++)); do
    # The log says where it listens: {"fields":{"message":"listening","rest":"127.0.0.1:1","grpc":"127.0.0.1:2"}}
    REST=$(sed -n 's/.*"listening".*"rest":"\([^"]*\)".*/\1/p; s/.*"rest":"\([^"]*\)".*"listening".*/\1/p' "$SERVING_DIR/log" | head -n 1)
    GRPC=$(sed -n 's/.*"listening".*"grpc":"\([^"]*\)".*/\1/p; s/.*"grpc":"\([^"]*\)".*"listening".*/\1/p' "$SERVING_DIR/log" | head -n 1)
    if [ -n "$REST" ] && [ -n "$GRPC" ]; then
      REST="http://$REST"
      return 0
    fi
    kill -0 "$SERVING_PID" 2>/dev/null || break
    sleep 0.1
  done
  echo "$binary does not listen; its log:" >&2
  tail -n 40 "$SERVING_DIR/log" >&2
  serving_stop
  return 1
}

serving_stop() {
  local tries
  [ -n "$SERVING_PID" ] || return 0
  kill -TERM "$SERVING_PID" 2>/dev/null
  for ((tries = 0; tries < 150; tries++)); do
    kill -0 "$SERVING_PID" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$SERVING_PID" 2>/dev/null && echo "process $SERVING_PID had to be killed" >&2
  wait "$SERVING_PID" 2>/dev/null
  SERVING_PID=""
  [ -n "$SERVING_DIR" ] && rm -rf "$SERVING_DIR"
  SERVING_DIR=""
}
