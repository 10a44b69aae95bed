#!/usr/bin/env bash
# A tour of the shop by curl: create a customer, a product and an order, page, patch, meet a stale ETag, cancel.
#
#   tests/outside/curl.sh http://127.0.0.1:8080 [FOLDER]   FOLDER is where the service writes its mails: with it, a password that
#                                                         was forgotten is reset
#
# Prints every command with its answer; the exit code is 0 if all answers are as they must be.
set -u
[ $# -eq 1 ] || [ $# -eq 2 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
base=$1
mails=${2:-}
mark=$(date +%s)$$
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# call STATUS ARGUMENTS…: prints the command and the answer, which must have that status. With `hide=1` before it, only its address:
# what has passwords and tokens in it does not belong into a log.
call() {
  local wanted=$1 argument shown="curl" status
  shift
  for argument in "$@"; do
    case $argument in
      *[!A-Za-z0-9_./:=@-]*) shown+=" '$argument'" ;;
      *) shown+=" $argument" ;;
    esac
  done
  [ -z "${hide:-}" ] || shown="curl … ${*: -1}"
  echo "\$ $shown"
  # An answer without a body leaves the file alone.
  : >"$dir/body"
  status=$(curl --silent --show-error --max-time 20 --noproxy '*' --dump-header "$dir/head" --output "$dir/body" \
    --write-out '%{http_code}' "$@") || { echo "FAILED: curl ends with $?" >&2; exit 1; }
  tr -d '\r' <"$dir/head" | grep -iE '^(HTTP/|etag:|location:)'
  [ -n "${hide:-}" ] || cat "$dir/body"
  printf '\n\n'
  [ "$status" = "$wanted" ] || { echo "FAILED: $status, not $wanted" >&2; exit 1; }
}

# member PATH: a member of the last answer, such as data.0.id.
member() {
  python3 -c '
import json, sys
value = json.load(open(sys.argv[1], encoding="utf-8"))
for part in sys.argv[2].split("."):
    value = value[int(part)] if part.isdigit() else value[part]
print("" if value is None else value)' "$dir/body" "$1"
}

etag() { tr -d '\r' <"$dir/head" | sed -n 's/^[Ee][Tt][Aa][Gg]: //p'; }

# is WHAT GOT WANTED
is() { [ "$2" = "$3" ] || { echo "FAILED: $1 is $2, not $3" >&2; exit 1; }; }

json=(-H 'content-type: application/json')

call 201 "${json[@]}" -d "{\"name\": \"Grace Hopper\", \"email\": \"grace-$mark@example.com\", \"country\": \"GB\"}" "$base/api/v1/customers"
customer=$(member id)
call 201 "${json[@]}" -d "{\"sku\": \"LAMP-$mark\", \"name\": \"Desk lamp\", \"price\": \"49.90\", \"stock\": 10}" "$base/api/v1/products"
product=$(member id)
for count in 1 2 3; do
  call 201 "${json[@]}" -d "{\"number\": \"CURL-$mark-$count\", \"customer_id\": \"$customer\", \"lines\": [{\"product_id\": \"$product\", \"quantity\": 2}]}" "$base/api/v1/orders"
done
order=$(member id)
is total "$(member total)" 99.80
is status "$(member status)" ORDER_STATUS_OPEN
call 200 "$base/api/v1/products/$product"
is stock "$(member stock)" 4

# Pages of two, until the last.
call 200 "$base/api/v1/orders?size=2&customer_id=$customer&sort=number&order=asc"
is total "$(member total)" 3
is "the first" "$(member data.0.number)" "CURL-$mark-1"
token=$(member next_page_token)
call 200 "$base/api/v1/orders?size=2&customer_id=$customer&sort=number&order=asc&page_token=$token"
is "the third" "$(member data.0.number)" "CURL-$mark-3"
is "the token behind the last page" "$(member next_page_token)" ""
call 200 "$base/api/v1/orders?size=2&page=1&customer_id=$customer&sort=number&order=asc"
is "the third" "$(member data.0.number)" "CURL-$mark-3"
call 400 "$base/api/v1/orders?size=101"
is code "$(member code)" VALIDATION_FAILED

# Conditional reads and changes.
call 200 "$base/api/v1/orders/$order"
stale=$(etag)
call 304 -H "if-none-match: $stale" "$base/api/v1/orders/$order"
call 200 -X PATCH -H 'content-type: application/merge-patch+json' -H "if-match: $stale" -d '{"note": "Please ring twice."}' "$base/api/v1/orders/$order"
is note "$(member note)" "Please ring twice."
is number "$(member number)" "CURL-$mark-3"
call 412 -X PATCH -H 'content-type: application/merge-patch+json' -H "if-match: $stale" -d '{"note": "Too late."}' "$base/api/v1/orders/$order"
is code "$(member code)" PRECONDITION_FAILED

# Cancelled once, and not again; the stock is back.
call 200 "${json[@]}" -d '{"reason": "Ordered twice."}' "$base/api/v1/orders/$order:cancel"
is status "$(member status)" ORDER_STATUS_CANCELLED
call 409 "${json[@]}" -d '{}' "$base/api/v1/orders/$order:cancel"
is code "$(member code)" FAILED_PRECONDITION
call 200 "$base/api/v1/products/$product"
is stock "$(member stock)" 6

# What is wrong is named.
call 400 "${json[@]}" -d '{"nmae": "x"}' "$base/api/v1/customers"
call 404 "$base/api/v1/orders/00000000-0000-7000-8000-000000000000"
call 405 -X PUT "${json[@]}" -d '{}' "$base/api/v1/orders"
call 415 -H 'content-type: text/plain' -d 'x' "$base/api/v1/customers"

# The life of a session.
auth=$base/api/v1/auth
hide=1 call 200 "${json[@]}" -d "{\"name\": \"Ada\", \"email\": \"ada-$mark@example.com\", \"password\": \"correct horse battery\"}" "$auth/register"
hide=1 call 200 "${json[@]}" -d "{\"email\": \"ADA-$mark@example.com\", \"password\": \"correct horse battery\"}" "$auth/login"
access=$(member access_token)
refresh=$(member refresh_token)
hide=1 call 200 -H "authorization: Bearer $access" "$auth/me"
is email "$(member email)" "ada-$mark@example.com"
is roles "$(member roles.0)" user
hide=1 call 403 -H "authorization: Bearer $access" "$base/api/v1/users"
hide=1 call 200 "${json[@]}" -d "{\"refresh_token\": \"$refresh\"}" "$auth/refresh"
next=$(member refresh_token)
[ "$next" != "$refresh" ] || { echo "FAILED: the refresh token is the old one" >&2; exit 1; }
hide=1 call 200 "${json[@]}" -H "authorization: Bearer $access" -d '{}' "$auth/logout"
hide=1 call 401 -H "authorization: Bearer $access" "$auth/me"
hide=1 call 401 "${json[@]}" -d "{\"refresh_token\": \"$next\"}" "$auth/refresh"
is code "$(member code)" UNAUTHORIZED

# A password that was forgotten.
if [ -n "$mails" ]; then
  call 200 "${json[@]}" -d "{\"email\": \"ada-$mark@example.com\"}" "$auth/forgot-password"
  call 200 "${json[@]}" -d "{\"email\": \"nobody-$mark@example.com\"}" "$auth/forgot-password"
  token=""
  for _ in $(seq 100); do
    file=$(grep -ls "^To: ada-$mark@" "$mails"/*.eml | xargs -r grep -l "^Subject: Reset" | tail -n 1)
    [ -z "$file" ] || { token=$(grep -o 'mt_[A-Za-z0-9_-]*' "$file" | head -n 1); break; }
    sleep 0.2
  done
  [ -n "$token" ] || { echo "FAILED: no mail comes" >&2; exit 1; }
  hide=1 call 200 "${json[@]}" -d "{\"token\": \"$token\", \"new_password\": \"staple battery horse\"}" "$auth/reset-password"
  hide=1 call 409 "${json[@]}" -d "{\"token\": \"$token\", \"new_password\": \"staple battery horse\"}" "$auth/reset-password"
  hide=1 call 401 "${json[@]}" -d "{\"email\": \"ada-$mark@example.com\", \"password\": \"correct horse battery\"}" "$auth/login"
  hide=1 call 200 "${json[@]}" -d "{\"email\": \"ada-$mark@example.com\", \"password\": \"staple battery horse\"}" "$auth/login"
  grep -ls "^To: nobody-$mark@" "$mails"/*.eml && { echo "FAILED: nobody got a mail" >&2; exit 1; }
fi
echo "all answers are as they must be"
