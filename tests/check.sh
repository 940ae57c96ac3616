#!/bin/sh
# check.sh [--san LIST] - every test there is; ends with one line that adds up all of them.
# With --san (address,undefined or thread) what runs inside our own processes is sanitized; the
# servers are left out, for a sanitizer cannot live in a preloaded guest.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # the stages are functions, called by stage()
set -u
cd "$(dirname "$0")/.." || exit 2
san=
case ${1-} in
--san) san=${2:?check.sh: --san wants a list} ;;
?*) echo "usage: tests/check.sh [--san LIST]" >&2; exit 2 ;;
esac
out=build/check${san:+-$san}
passed=0 failed=0 skipped=0
rm -rf "$out"
mkdir -p "$out"

# "P F S" of the closing lines in file $1
sums()
{
	awk '/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p += $1; f += $3; s += $5 }
	     /^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$/ {
		gsub(",", ""); p += $3 - $5 - $7; f += $5 + $7 }
	     END { print p + 0, f + 0, s + 0 }' "$1"
}

# stage NAME COMMAND...: runs it, adds what it counted; what fails or ends early without saying
# so in its closing lines, or counts nothing at all, is one failure.
stage()
{
	name=$1
	shift
	echo "== $name"
	{ "$@"; echo $? >"$out/status"; } 2>&1 | tee "$out/log"
	status=$(cat "$out/status")
	mv "$out/log" "$out/$name.log"
	read -r p f s <<-EOF
		$(sums "$out/$name.log")
	EOF
	if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
		echo "FAIL $name: it ended with status $status"
		f=1
	elif [ $((p + f + s)) -eq 0 ]; then
		echo "FAIL $name: it counted no test"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# What failed, once more and together: the last lines of a long log are the ones that are read.
finish()
{
	[ "$failed" -eq 0 ] || echo "== failed"
	for log in "$out"/*.log; do
		grep -aE '^(FAIL|not ok) |^[^ ]+:[0-9]+:[FE]:|^make.*\*\*\* |: error: ' "$log" |
			sed "s|^|$(basename "$log" .log): |"
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

build()
{
	make -k -j"$(nproc)" SAN="$san" all &&
		{ [ -n "$san" ] || make -k -j"$(nproc)" hosts benches steps-library truth-library; } &&
		echo "1 passed, 0 failed, 0 skipped"
}

# Every program of tests/unit must have come to its closing line.
units()
{
	make -k -j"$(nproc)" SAN="$san" unit >"$out/units" 2>&1
	ended=$?
	cat "$out/units"
	wanted=$(make -s SAN="$san" count-units)
	got=$(grep -cE '%: Checks: |^[0-9]+ passed, ' "$out/units")
	[ "$got" -eq "$wanted" ] ||
		echo "FAIL units: $got of $wanted programs came to their end
0 passed, $((wanted - got)) failed, 0 skipped"
	return "$ended"
}

# The seeds, without a fuzzer but sanitized: clang is not needed.
replay()
{
	target=$(basename "$1" .c)
	needs=$(sed -n 's/.*Needs: *//p' "$1" | head -n 1)
	[ -n "$needs" ] || needs=$(find preload store symbolize tools -name "${target#fuzz_}.c")
	# shellcheck disable=SC2086 # words on purpose
	${CC:-cc} -std=gnu11 -D_GNU_SOURCE -I. -g -O1 -fsanitize=address,undefined \
	    -fno-sanitize-recover=undefined -o "$out/$target" "$1" tests/fuzz/replay.c $needs &&
		"$out/$target" "tests/fuzz/seeds/${target#fuzz_}"
}

fuzz_seeds()
{
	n=0 bad=0
	for source in tests/fuzz/fuzz_*.c; do
		n=$((n + 1))
		echo "$(basename "$source" .c):"
		replay "$source" || { bad=$((bad + 1)); echo "FAIL $source"; }
	done
	echo "$((n - bad)) passed, $bad failed, 0 skipped"
	[ "$bad" -eq 0 ]
}

stage build build
[ "$failed" -eq 0 ] || finish
stage units units
stage fuzz-seeds fuzz_seeds
if [ -n "$san" ]; then
	echo "SKIP lint: it looks at the build without sanitizers"
	skipped=$((skipped + 1))
else
	stage lint tests/lint/lint.sh build
fi
for test in tests/e2e/test_*.py; do
	name=$(basename "$test" .py)
	if [ -n "$san" ]; then
		echo "SKIP $name: the shim itself is never sanitized"
		skipped=$((skipped + 1))
	else
		stage "$name" timeout -s INT -k 20 240 python3 "$test"
	fi
done
finish
