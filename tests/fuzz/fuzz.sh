#!/bin/sh
# fuzz.sh [SECONDS] - builds each tests/fuzz/fuzz_*.c with clang and lets it run that long (60).
# The sources a target needs are on its "Needs:" line, else the file it is named after; finds go to build/fuzz/TARGET.found/.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
out=build/fuzz
flags='-std=gnu11 -D_GNU_SOURCE -I. -g -O1 -fno-sanitize-recover=undefined'
mkdir -p "$out"
command -v clang >/dev/null || { echo 'fuzz.sh: clang is needed' >&2; exit 1; }

failed=0
for source in tests/fuzz/fuzz_*.c; do
	target=$(basename "$source" .c)
	seeds=tests/fuzz/seeds/${target#fuzz_}
	needs=$(sed -n 's/.*Needs: *//p' "$source" | head -n 1)
	[ "$needs" ] || needs=$(find preload store symbolize tools -name "${target#fuzz_}.c")
	corpus=$out/$target.corpus found=$out/$target.found
	mkdir -p "$corpus" "$found" "$seeds"
	# shellcheck disable=SC2086 # words on purpose
	clang $flags -fsanitize=fuzzer,address,undefined -o "$out/$target" "$source" $needs
	echo "$target: $seconds seconds"
	"$out/$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=65536 \
	    -print_final_stats=0 -verbosity=0 -artifact_prefix="$found/" "$corpus" "$seeds" ||
		{ echo "$target: FOUND SOMETHING, see $found/" >&2; failed=1; }
done
exit $failed
