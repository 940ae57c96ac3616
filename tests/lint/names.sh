#!/bin/sh
# names.sh BUILD_DIR - no name is defined in two rooms: in the unit tests all rooms link together,
# and the linker would take the first without a word.  SPDX-License-Identifier: MIT
. tests/lint/report.sh
need names "$1/obj/store" "$1/obj/tools"

finish names "$(find "$1/obj/preload" "$1/obj/store" "$1/obj/symbolize" "$1/obj/tools" -name '*.o' |
	while read -r object; do
		[ -e "${object#"$1"/obj/}" ] || [ -e "$(echo "${object#"$1"/obj/}" | sed 's/o$/c/')" ] &&
			nm "$object" | awk '$2 ~ /^[TDBR]$/ { print $3 }'
	done | sort | uniq -d | sed 's/$/ is defined more than once/')"
