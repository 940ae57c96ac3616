#!/bin/sh
# defs.sh BUILD_DIR - every verb, drop and variable of the tables stands in its manual.
# SPDX-License-Identifier: MIT
. tests/lint/report.sh
need defs tools/commands.def tools/settings.def preload/settings.def preload/drops.def tools/reqprof.1 preload/libreqprof.7

# missing PAGE: the words of stdin that PAGE does not have ("hot-paths" may be "hot\-paths").
missing()
{
	while read -r word; do
		sed 's/\\-/-/g; s/\\&//g' "$1" | grep -qwF -e "$word" || echo "$word is not in $1"
	done
}

own=$(mktemp) || exit 1
trap 'rm -f "$own"' EXIT
sed -n 's/^SETTING(\([A-Z_]*\),.*/REQPROF_\1/p' tools/settings.def >"$own"

finish defs "$({
	sed -n 's/^ROW("\([^"]*\)".*/\1/p' tools/commands.def | missing tools/reqprof.1
	sed -n 's/^DROP(\([a-z_0-9]*\),.*/\1/p' preload/drops.def | missing preload/libreqprof.7
	missing preload/libreqprof.7 <"$own"
	# What the shim reads must be what the tool checks, and the other way round.
	sed -n 's/^SETTING(\(REQPROF_[A-Z_]*\),.*/\1/p' preload/settings.def |
		cat - "$own" | sort | uniq -u |
		sed 's/$/ stands in only one of preload\/settings.def and tools\/settings.def/'
})"
