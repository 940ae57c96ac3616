#!/bin/sh
# room.sh BUILD_DIR - hot code leans only on the symbols of preload/hot/allow (symbol, reason).
# SPDX-License-Identifier: MIT
. tests/lint/report.sh
need room preload/hot/allow "$1/obj/preload/hot"

whole=$(mktemp) || exit 1
trap 'rm -f "$whole"' EXIT
objects=$(for source in preload/hot/*.c; do echo "$1/obj/${source%.c}.o"; done)
# shellcheck disable=SC2086 # words on purpose
ld -r -o "$whole" $objects 2>/dev/null || finish room "ld -r of the hot objects failed"

without_reason=$(awk '!/^#/ && NF == 1 { print $1 " has no reason in preload/hot/allow" }' preload/hot/allow)
foreign=$(nm -u "$whole" | awk '
	NR == FNR { if ($0 !~ /^#/ && NF) allowed[$1] = 1; next }
	!($2 in allowed) { print "hot code leans on " $2 ", which is not in preload/hot/allow" }
' preload/hot/allow -)
# Another compiler may need what this one does not (clang makes bcmp of memcmp): said, no failure.
nm -u "$whole" | awk '
	NR == FNR { leans[$2] = 1; next }
	!/^#/ && NF && !($1 in leans) { print "note room: nobody here needs " $1 }
' - preload/hot/allow
finish room "$(printf '%s\n%s' "$without_reason" "$foreign" | sed '/^$/d')"
