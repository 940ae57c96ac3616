#!/bin/sh
# exports.sh BUILD_DIR - rows of preload/calls.def = what libreqprof.so exports = the functions of
# default visibility in the objects.  SPDX-License-Identifier: MIT
. tests/lint/report.sh
need exports preload/calls.def "$1/libreqprof.so"

rows=$(mktemp) exported=$(mktemp) visible=$(mktemp)
trap 'rm -f "$rows" "$exported" "$visible"' EXIT
sed -n 's/^\(CALL\|ENTRY\)(\([A-Za-z0-9_]*\).*/\2/p' preload/calls.def | sort >"$rows"
nm -D --defined-only "$1/libreqprof.so" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort >"$exported"
for source in preload/hot/*.c preload/cold/*.c; do
	readelf -sW "$1/obj/${source%.c}.o"
done 2>/dev/null |
	awk '$4 == "FUNC" && $5 != "LOCAL" && $6 == "DEFAULT" && $7 != "UND" { print $8 }' |
	sort >"$visible"

finish exports "$({
	uniq -d "$rows" | sed 's/$/ has two rows in preload\/calls.def/'
	comm -23 "$rows" "$exported" | sed 's/$/ has a row but is not exported/'
	comm -13 "$rows" "$exported" | sed 's/$/ is exported but has no row/'
	comm -23 "$rows" "$visible" | sed 's/$/ has a row but no hook/'
	comm -13 "$rows" "$visible" | sed 's/$/ is visible in an object but has no row/'
} | sort -u)"
