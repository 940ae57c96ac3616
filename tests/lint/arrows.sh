#!/bin/sh
# arrows.sh BUILD_DIR - no room includes what tests/lint/arrows does not allow; the compiler's .d
# files are the witnesses.  SPDX-License-Identifier: MIT
. tests/lint/report.sh
need arrows "$1/obj" tests/lint/arrows

# "SOURCE FOLDER" for every header of ours that the compiler read for SOURCE.
includes()
{
	find "$1/obj" -name '*.d' -print | while read -r deps; do
		source=${deps#"$1"/obj/}
		source=${source%.d}.c
		[ -e "$source" ] || continue # left by a file that has gone
		sed -e '/^[^ ].*:$/d' -e 's/^[^:]*://' -e 's/\\$//' "$deps" | tr -s ' ' '\n' |
			sed -En 's,^(preload|store|symbolize|tools|tests)(/.*)*/[^/]*$,\1\2,p' |
			sort -u | sed "s|^|$source |"
	done
}

# In the law "a|b" means one of the two but not both.
judge()
{
	awk '
	NR == FNR {
		if ($0 !~ /^#/ && NF > 1) {
			pattern = $1
			sub(/:$/, "", pattern)
			gsub(/[.]/, "[.]", pattern)
			gsub(/[*]/, "[^/]*", pattern)
			sub(/^[^:]*: */, "")
			law[++n] = "^" pattern "$"
			may[n] = $0
		}
		next
	}
	$1 ~ /^tests\// { next }
	{
		for (i = 1; i <= n && $1 !~ law[i]; i++)
			;
		if (i > n) {
			print $1 " is in no room of tests/lint/arrows"
			next
		}
		allowed = 0
		m = split(may[i], word, " ")
		for (k = 1; k <= m; k++) {
			one = split(word[k], either, "|")
			for (j = 1; j <= one; j++)
				if (either[j] == $2) {
					allowed = 1
					if (one > 1 && used[$1 k] && used[$1 k] != $2)
						print $1 " includes both " used[$1 k] " and " $2
					used[$1 k] = $2
				}
		}
		if (!allowed)
			print $1 " includes a header of " $2
	}' tests/lint/arrows -
}

finish arrows "$(includes "$1" | judge)"
