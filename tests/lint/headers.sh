#!/bin/sh
# headers.sh BUILD_DIR - every header compiles alone.  SPDX-License-Identifier: MIT
. tests/lint/report.sh
flags=$(pkg-config --cflags libdw libelf jansson 2>/dev/null)

sources headers '*.h'
finish headers "$(for header in $files; do
	# shellcheck disable=SC2086 # words on purpose
	printf '#include "%s"\n' "$header" |
		gcc -std=gnu11 -D_GNU_SOURCE -I. -I"$1" $flags -fsyntax-only -x c - >/dev/null 2>&1 ||
		echo "$header does not compile alone"
done)"
