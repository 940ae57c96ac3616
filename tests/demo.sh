#!/bin/sh
# demo.sh - a server under the profiler, requests with and without a trigger, and what is learned.
# Run by `make demo`; exit status 0 only if every step did what it says.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
reqprof=build/reqprof
folder=$(mktemp -d "${TMPDIR:-/tmp}/demo.XXXXXX")
out=$folder/out said=$folder/said
server=
# What the person has set shall not change what is shown here.
for name in $(env | sed -n 's/^\(REQPROF[A-Z_]*\|PYINSTRUMENT_TRIGGER\)=.*/\1/p'); do unset "$name"; done
unset LD_PRELOAD http_proxy all_proxy ALL_PROXY
export REQPROF_DIR="$folder/sessions" LC_ALL=C.UTF-8
if [ -t 1 ]; then export FORCE_COLOR=1; fi

clean_up()
{
	status=$?
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null || :
		wait "$server" 2>/dev/null || :
	fi
	rm -rf "$folder"
	[ "$status" -eq 0 ] || echo "demo: FAILED" >&2
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

fail()
{
	echo "demo: $1" >&2
	exit 1
}

note()
{
	printf '\n# %s\n' "$1"
}

# say WORD...: the command as one would type it.
say()
{
	printf '$'
	for word; do
		case $word in
		*[!A-Za-z0-9_./:=@-]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '\n'
}

# step WORD...: says it, runs it, shows what it prints; that stays in $out for expect.
step()
{
	say "$@"
	"$@" >"$out" || fail "$1 ended with status $?"
	cat "$out"
}

# expect TEXT...: each of them is in what the last step printed.
expect()
{
	for text; do
		grep -qF -e "$text" "$out" || fail "'$text' is missing above"
	done
}

sessions()
{
	find "$REQPROF_DIR" -name '*.reqprof*' 2>/dev/null | sed 's/.*-\(GET-.*\)/\1/' | sort
}

# await LIST: the sessions that are there, by route, shortly: these and no others.
await()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(sessions)" = "$1" ] && return
		sleep 0.2
	done
	fail "sessions are not those of the flagged requests: $(sessions | tr '\n' ' ')"
}

note "A server, started under the profiler. It knows nothing of it."
echo "\$ $reqprof run -- build/hosts/shop 0 &"
: >"$said"
$reqprof run -- build/hosts/shop 0 >"$said" 2>"$folder/errors" &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	grep -q listening "$said" && break
	sleep 0.2
done
cat "$said" "$folder/errors"
port=$(sed -n 's/^listening //p' "$said")
[ -n "$port" ] || fail "the server did not start"
url=http://127.0.0.1:$port

note "Requests as ever: no trigger, nothing is recorded."
step curl -sS "$url/"
expect welcome
step curl -sS "$url/checkout"
expect paid
step curl -sS "$url/cart?profile=0"
expect items
await ""

note "Flagged: in the query, or by a header the application never looks at."
step curl -sS "$url/checkout?profile=1"
expect paid
step curl -sS -H 'X-Reqprof: save; tag=before' "$url/cart"
expect items
await "GET-_cart.reqprof
GET-_checkout.reqprof"

note "What was recorded."
step $reqprof ls
expect "GET /cart" "GET /checkout"

note "Where did /checkout spend its time? (@1: the session before the latest)"
step $reqprof show @1
expect price_items round_money "[wait: recv tcp 127.0.0.1:" "[wait: mutex" "[wait: sleep 30 ms]"

note "Which functions cost most themselves?"
step $reqprof flat -n 6 @1
expect look_up round_money

note "On which paths through the shop's own code?"
step $reqprof hot-paths -P shop.c -d 3 -n 5 @1
expect "→ round_money" "→ ask_warehouse"

note "Who calls round_money, and where does the time below book_order go?"
step $reqprof callers round_money @1
expect apply_discounts
step $reqprof callees book_order @1
expect "[wait: mutex"

note "All of it as a page: open build/demo.html in a browser."
step $reqprof html -o build/demo.html @1
grep -q round_money build/demo.html || fail "the page has no round_money"

note "All in one: send a flagged request, wait for its session, show it."
step $reqprof curl "$url/stock"
expect ask_warehouse "[wait: recv tcp 127.0.0.1:"
await "GET-_cart.reqprof
GET-_checkout.reqprof
GET-_stock.reqprof"

note "Three flagged requests, three sessions. Done."
