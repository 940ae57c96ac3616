#!/bin/sh
# bench.sh - what the shim costs: a line is a median over interleaved pairs with and without it, the
# quartiles and how many, both halves, the goal, met or missed.  About 12 minutes; see make bench.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/../.."
build=$PWD/build
shim=$build/libreqprof.so
stats=tests/bench/stats.py
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -m 700 "$tmp/sessions"
for needed in "$shim" "$build/bench/bench_calls" "$build/bench/bench_flagged"; do
	[ -e "$needed" ] || { echo "bench.sh: no $needed: run it by make bench" >&2; exit 2; }
done
# Nothing of the caller's settings may enter.
for name in $(env | sed -n 's/^\(REQPROF[A-Z_]*\)=.*/\1/p') LD_PRELOAD; do
	unset "$name"
done

part() {
	printf '\n%s\n' "$1"
}

# Numbers of benches that print for people: value NAME UNIT GOAL, one number a line
value() {
	awk -v name="$1" -v unit="$2" -v goal="$3" -v OFS='\t' '{ print name, "value", unit, goal, $1 }'
}

calls() {
	wide_open "$build/bench/bench_calls" flagged | $stats
	part "the same without the shim: the noise of the lines above"
	"$build/bench/bench_calls" | $stats | sed 's/ *<=.*//'
}

# Does the time of a refusal tell how much of a key was right?
refusals() {
	"$build/bench/bench_constant"
}

heads() {
	"$build/bench/bench_delim" >"$tmp/delim"
	sed -n 's/^request head of a browser, whole.*bytes *\([0-9.]*\) ns.*/\1/p' "$tmp/delim" |
		value "delimiter: head of a browser, 463 bytes" ns '<=100'
	sed -n 's/^trigger on it, unflagged.*bytes *\([0-9.]*\) ns.*/\1/p' "$tmp/delim" |
		value "trigger: the same head" ns -
	sed -n 's/^FastCGI request as php-fpm reads it.*bytes *\([0-9.]*\) ns.*/\1/p' "$tmp/delim" |
		value "delimiter: FastCGI request in php-fpm's five reads, 841 bytes" ns -
	sed -n 's/^uwsgi request, whole.*bytes *\([0-9.]*\) ns.*/\1/p' "$tmp/delim" |
		value "delimiter: uwsgi request, 867 bytes" ns -
	sed -n 's/^HTTP\/2 request head, the first.*bytes *\([0-9.]*\) ns.*/\1/p' "$tmp/delim" |
		value "delimiter: HTTP/2 head of a browser, the first" ns -
	sed -n 's/^HTTP\/2 request head, the next.*bytes *\([0-9.]*\) ns.*/\1/p' "$tmp/delim" |
		value "delimiter: HTTP/2 head of a browser, the next" ns -
	sed -n 's/^not HTTP, first bytes.*bytes *\([0-9.]*\) ns.*/\1/p' "$tmp/delim" |
		value "delimiter: another protocol, once a connection" ns -
	sed -n 's/^response of nginx, whole.*bytes *\([0-9.]*\) ns.*/\1/p' "$tmp/delim" |
		value "delimiter: response of nginx, 245 bytes" ns -
}

# Columns of bench_stack: frames, then a time and, in brackets, its frames for each way
walks() {
	python=/usr/bin/python3
	"$build/bench/bench_stack" "$python" "$(command -v node)" >"$tmp/stack"
	for frames in 10:200 30:400 100:1200; do
		sed '/^the same/,$d' "$tmp/stack" | tr -d '()' | awk -v frames="${frames%:*}" -v goal="<=${frames#*:}" -v OFS='\t' '
			$1 == frames && NF == 11 {
				n = split("tables,unw_backtrace,unw_step,backtrace,frame pointers", way, ",")
				for (i = 1; i <= n; i++)
					print "walk of " frames " frames: " way[i], "value", "ns", i == 1 ? goal : "-", $(2 * i)
			}'
	done
	sed '1,/^the same/d' "$tmp/stack" | awk '$1 == 30 { print $2 }' |
		value "walk of 30 frames: tables, in modules that may go" ns -
	sed -n 's/^.*\/python3: .* built in \([0-9.]*\) ms/\1/p' "$tmp/stack" | value "tables of python3" ms '<=10'
	sed -n 's/^.*\/node: .* built in \([0-9.]*\) ms/\1/p' "$tmp/stack" | value "tables of node" ms '<=40'
	sed -n 's/^this process: .* rows of \([0-9]*\) bytes.*/\1/p' "$tmp/stack" | value "a row of the tables" B '<=12'
}

# The gate is wide open here: no request is to be turned away.
wide_open() {
	REQPROF_DIR=$tmp/sessions REQPROF_KEEP=2000 REQPROF_RATE=100000 REQPROF_BURST=100000 \
		REQPROF_CONCURRENT=32 LD_PRELOAD=$shim "$@"
}

flagged() {
	for i in 1 2 3 4 5 6 7 8 9 10; do
		wide_open "$build/bench/bench_flagged" first || echo "bench.sh: run $i failed" >&2
	done
	"$build/bench/bench_tick"
	wide_open "$build/bench/bench_flagged"
	wide_open "$build/bench/bench_waits"
}

# One line a run of bench_waits: a read, a sleep of 40 us, a lock and unlock.
watched() {
	for i in 1 2 3 4 5 6 7; do
		without=$(wide_open "$build/bench/bench_waits" watched)
		slow=$(REQPROF_SLOW=1000s wide_open "$build/bench/bench_waits" watched)
		shown=$(REQPROF_PS=1 wide_open "$build/bench/bench_waits" watched)
		echo "REQPROF_SLOW $slow $without"
		echo "REQPROF_PS $shown $without"
	done | awk -v OFS='\t' '{
		print $1 ": a read of 16 bytes", "more", "ns", "-", $2, $5
		print $1 ": a sleep of 40 us", "more", "ns", "-", $3, $6
		print $1 ": an uncontended lock and unlock", "more", "ns", "-", $4, $7
	}'
	for what in REQPROF_SLOW=1000s REQPROF_PS=1; do
		env "$what" LD_PRELOAD="$shim" "$build/bench/bench_calls" |
			sed -n "s/^request and response in all/${what%=*}: request and response, more than libc/p"
	done
}

# Pages of a file that was just linked count as dirty until they are on the disk.
pages() {
	"$build/bench/bench_page" >"$tmp/page"
	sed -n 's/.*: \([0-9.]*\) MB, .*/\1/p' "$tmp/page" | value "page of 20 000 samples x 60 frames" MB '<=2'
	sed -n 's/.* read in \([0-9]*\) ms.*/\1/p' "$tmp/page" | value "its session, read and named" ms -
	sed -n 's/.* written in \([0-9]*\) ms/\1/p' "$tmp/page" | value "the page, written" ms -
}

memory_pairs() {
	sync "$shim" "$build/bench/bench_memory"
	for i in 1 2 3 4 5 6 7; do
		with=$(LD_PRELOAD=$shim "$build/bench/bench_memory")
		without=$("$build/bench/bench_memory")
		echo "$i $with $without"
	done | awk -v OFS='\t' '{
		print "resident set after 100 requests", "more", "KiB", "<=200", $2, $5
		print "its proportional part (Pss)", "more", "KiB", "-", $3, $6
		print "its private dirty part", "more", "KiB", "-", $4, $7
	}'
}

echo "$(uname -sr), $(nproc) CPUs, load $(cut -d' ' -f1-3 /proc/loadavg), $(date -u +%F)"
printf '%-44s %9s     %-24s %-19s %s\n' what median 'quartiles, pairs' 'with / without' goal
part "calls of nobody's request, more than libc takes"
calls
part "pure parts, on their own"
{ heads; refusals; walks; "$build/bench/bench_store" | sed -n 's/^store: \([0-9.]*\) bytes a sample.*/\1/p' |
	value "bytes a sample, 600 stacks of 30 frames" B '<=8'; } | $stats
part "flagged requests (a tick is 100 us)"
flagged | $stats
part "a process"
{ "$build/bench/bench_start" "$shim" 250; memory_pairs; } | $stats
part "a server, nothing flagged"
if tests/bench/nginx.py >"$tmp/nginx"; then
	$stats <"$tmp/nginx"
elif [ $? -ne 3 ]; then # 3: it said SKIP
	exit 1
fi
part "a million samples of 40 frames, in and out (peers: those that are installed)"
tests/bench/aggregate.py "$build" | $stats
part "every request watched, or shown; nothing flagged"
watched | $stats
if tests/bench/watched.py >"$tmp/watched"; then
	$stats <"$tmp/watched"
elif [ $? -ne 3 ]; then
	exit 1
fi
part "a trigger that is refused, over loopback"
tests/bench/refused.py | $stats
part "a leaked secret: 10 000 flagged requests, those of others beside them"
if tests/bench/flood.py >"$tmp/flood"; then
	$stats <"$tmp/flood"
elif [ $? -ne 3 ]; then
	exit 1
fi
part "one request in a hundred flagged, those of the others beside them"
if tests/bench/others.py >"$tmp/others"; then
	$stats <"$tmp/others"
elif [ $? -ne 3 ]; then
	exit 1
fi
part "names"
tests/bench/show.py | $stats
tests/bench/symbolize.sh 20000
part "a page"
pages | $stats
