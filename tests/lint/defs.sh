#!/bin/sh
# defs.sh BUILD_DIR - every row of the tables stands in its paper; and of the lists there that tell a table, all are
# rows: hooked calls, counters, kinds of waits, why walks end, handoffs.
# SPDX-License-Identifier: MIT
. tests/lint/report.sh
need defs tools/commands.def tools/options.def tools/settings.def preload/settings.def preload/drops.def \
	preload/calls.def preload/counters.def store/waits.def store/stops.def store/handoffs.def store/records.def \
	store/FORMAT.md tools/reqprof.1 preload/libreqprof.7

# missing PAGE: the words of stdin that PAGE does not have ("hot-paths" may be "hot\-paths").
missing()
{
	while read -r word; do
		sed 's/\\-/-/g; s/\\&//g' "$1" | grep -qwF -e "$word" || echo "$word is not in $1"
	done
}

# section PAGE FROM TO: the lines of PAGE behind the line FROM, up to the line TO.
section()
{
	awk -v from="$2" -v to="$3" '$0 == to { here = 0 } here; $0 == from { here = 1 }' "$1"
}

# agree TABLE PAGE: the lines of $rows, of TABLE, and those of $told, of a list in PAGE, are the same.
agree()
{
	sort -u "$rows" >"$rows.sorted"
	sort -u "$told" | comm -23 "$rows.sorted" - | sed "s|\$| is a row of $1 but not in its list in $2|"
	sort -u "$told" | comm -13 "$rows.sorted" - | sed "s|\$| is in $2 but has no row in $1|"
}

# numbered SECTION: the lines of $rows that section 4.SECTION of the format does not tell by their numbers, "3 read".
numbered()
{
	awk -v at="### 4.$1 " '/^##/ { here = index($0, at) == 1 } here' store/FORMAT.md | tr '\n' ' ' >"$told"
	awk '{ print NR - 1, $0 }' "$rows" | while read -r row; do
		grep -qF -e " $row," -e " $row." "$told" || echo "\"$row\" is not in section 4.$1 of store/FORMAT.md"
	done
}

own=$(mktemp) rows=$(mktemp) told=$(mktemp) || exit 1
trap 'rm -f "$own" "$rows" "$rows.sorted" "$told"' EXIT
sed -n 's/^SETTING(\([A-Z_]*\),.*/REQPROF_\1/p' tools/settings.def >"$own"

finish defs "$({
	sed -n 's/^ROW("\([^"]*\)".*/\1/p' tools/commands.def | missing tools/reqprof.1
	sed -n 's/^OPTION([^,]*, *"\([^"]*\)".*/Fl -\1/p' tools/options.def | missing tools/reqprof.1
	sed -n "s/^OPTION('\(.\)', *\"\([^\"]*\)\".*/Fl \1 , Fl -\2/p" tools/options.def | missing tools/reqprof.1
	sed -n 's/^DROP(\([a-z_0-9]*\),.*/\1/p' preload/drops.def | missing preload/libreqprof.7
	sed -n 's/^RECORD(\([A-Z_]*\), *\([0-9]*\),.*/### 4.\2 \1/p' store/records.def | missing store/FORMAT.md
	missing preload/libreqprof.7 <"$own"
	# What the shim reads must be what the tool checks, and the other way round.
	sed -n 's/^SETTING(\(REQPROF_[A-Z_]*\),.*/\1/p' preload/settings.def |
		cat - "$own" | sort | uniq -u |
		sed 's/$/ stands in only one of preload\/settings.def and tools\/settings.def/'

	# Calls, counters and waits have common names ("read", "wait"): what counts is the list of the page's own section.
	sed -n 's/^CALL(\([A-Za-z0-9_]*\).*/\1/p' preload/calls.def >"$rows"
	section preload/libreqprof.7 '.Sh HOOKED CALLS' .El | awk '$1 == ".Fn" { print $2 }' >"$told"
	agree preload/calls.def preload/libreqprof.7

	sed -n 's/^COUNTER(\([a-z_0-9]*\),.*/\1/p' preload/counters.def >"$rows"
	section tools/reqprof.1 '.It Va counters' '.It Va threads' |
		awk '$1 == ".Va"' | sed 's/^\.Va//' | tr -cs 'a-z_0-9' '\n' | grep . >"$told"
	agree preload/counters.def tools/reqprof.1

	sed -n 's/^WAIT([A-Z_]*, *"\(.*\)")$/\1/p' store/waits.def >"$rows"
	numbered 11
	echo upstream >>"$rows" # no call: what an AWAIT record is shown as
	section tools/reqprof.1 '.Sh KINDS OF WAITS' .El |
		sed -n 's/^\.It Cm //p' | awk '{ gsub(" , ", "\n"); print }' >"$told"
	agree store/waits.def tools/reqprof.1

	sed -n 's/^STOP([A-Z_]*, *"\(.*\)")$/\1/p' store/stops.def >"$rows"
	numbered 8
	sed -i 1d "$rows" # the end itself
	section tools/reqprof.1 '.Ql [truncated: reason] :' .El | grep -A1 '^\.It$' | grep -v '^[.-]' >"$told"
	agree store/stops.def tools/reqprof.1

	# In their order: follow_off has a bit each.
	sed -n 's/^HANDOFF([A-Z_]*, *[1-9][0-9]*, *"\(.*\)")$/\1/p' store/handoffs.def >"$rows"
	section tools/reqprof.1 '.It Va handoffs' '.Pc ,' | sed -n 's/^\.Dq \(.*[^ ,]\)\( ,\)*$/\1/p' >"$told"
	cmp -s "$rows" "$told" || echo "tools/reqprof.1 tells other handoffs than store/handoffs.def, or in another order"
})"
