#!/bin/sh
# defs.sh BUILD_DIR - every verb, drop, variable and hooked call of the tables stands in its manual.
# SPDX-License-Identifier: MIT
. tests/lint/report.sh
need defs tools/commands.def tools/settings.def preload/settings.def preload/drops.def \
	preload/calls.def tools/reqprof.1 preload/libreqprof.7

# missing PAGE: the words of stdin that PAGE does not have ("hot-paths" may be "hot\-paths").
missing()
{
	while read -r word; do
		sed 's/\\-/-/g; s/\\&//g' "$1" | grep -qwF -e "$word" || echo "$word is not in $1"
	done
}

own=$(mktemp) rows=$(mktemp) told=$(mktemp) || exit 1
trap 'rm -f "$own" "$rows" "$told"' EXIT
sed -n 's/^SETTING(\([A-Z_]*\),.*/REQPROF_\1/p' tools/settings.def >"$own"
# Calls have common names ("read", "wait"): what counts is the list of the page's own section.
sed -n 's/^CALL(\([A-Za-z0-9_]*\).*/\1/p' preload/calls.def | sort >"$rows"
awk '/^\.Sh / { here = /HOOKED CALLS/ } /^\.El/ { here = 0 } here && $1 == ".Fn" { print $2 }' \
	preload/libreqprof.7 | sort >"$told"

finish defs "$({
	sed -n 's/^ROW("\([^"]*\)".*/\1/p' tools/commands.def | missing tools/reqprof.1
	sed -n 's/^DROP(\([a-z_0-9]*\),.*/\1/p' preload/drops.def | missing preload/libreqprof.7
	missing preload/libreqprof.7 <"$own"
	comm -23 "$rows" "$told" | sed 's/$/ is hooked but not in preload\/libreqprof.7/'
	comm -13 "$rows" "$told" | sed 's/$/ is in preload\/libreqprof.7 but has no row in preload\/calls.def/'
	# What the shim reads must be what the tool checks, and the other way round.
	sed -n 's/^SETTING(\(REQPROF_[A-Z_]*\),.*/\1/p' preload/settings.def |
		cat - "$own" | sort | uniq -u |
		sed 's/$/ stands in only one of preload\/settings.def and tools\/settings.def/'
})"
