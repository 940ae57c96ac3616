#!/bin/sh
# symbolize.sh [N [FILE...]] - names for N random addresses of each FILE, against addr2line and
# llvm-symbolizer: same addresses, same output form, demangled, runs interleaved, medians of 3.
# Without FILE: build/reqprof, and libc when its separate debug file is installed.
# SPDX-License-Identifier: MIT
set -eu
bench=build/bench
n=${1:-20000}
[ $# -gt 0 ] && shift
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

default_files() {
	[ -f build/reqprof ] && echo build/reqprof
	libc=$(ldd /bin/sh | awk '/libc\.so/ { print $3 }')
	id=$(readelf -n "$libc" | sed -n 's/.*Build ID: //p')
	debug=/usr/lib/debug/.build-id/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-).debug
	if [ -f "$debug" ]; then
		echo "$libc"
	else
		echo "SKIP libc: no separate debug file" >&2
	fi
}

# timed TOOL FILE: one run, its milliseconds appended to the tool's list
timed() {
	began=$(date +%s%N)
	case $1 in
	reqprof) $bench/bench_symbols "$2" ;;
	addr2line) addr2line -a -C -f -i -e "$2" ;;
	llvm-symbolizer) llvm-symbolizer -a -C -f -i --output-style=GNU -e "$2" ;;
	esac <"$tmp/addresses" >"$tmp/out" 2>/dev/null
	echo $((($(date +%s%N) - began) / 100000)) >>"$tmp/$1"
}

median() {
	sort -n "$1" | sed -n 2p
}

compare() {
	$bench/bench_symbols "$1" all "$n" >"$tmp/addresses"
	for tool in $tools; do
		: >"$tmp/$tool"
	done
	for round in 1 2 3; do
		: "$round"
		for tool in $tools; do
			timed "$tool" "$1"
		done
	done
	base=$(median "$tmp/reqprof")
	for tool in $tools; do
		median "$tmp/$tool" | awk -v file="$1" -v n="$n" -v tool="$tool" -v base="$base" \
			'{ printf "%-36s %7d addresses  %-16s %9.1f ms  %5.2fx\n", file, n, tool, $1 / 10, $1 / base }'
	done
	$bench/bench_symbolize "$1" <"$tmp/addresses" | sed 's/^/    without output: /'
}

tools=reqprof
for tool in addr2line llvm-symbolizer; do
	if command -v "$tool" >/dev/null; then
		tools="$tools $tool"
	else
		echo "SKIP no $tool here"
	fi
done
# shellcheck disable=SC2046 # paths of libraries, one a line
[ $# -gt 0 ] || set -- $(default_files)
for file in "$@"; do
	compare "$file"
done
