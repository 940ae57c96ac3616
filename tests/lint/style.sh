#!/bin/sh
# style.sh BUILD_DIR - budgets, licence lines, trailing space.  Functions over 60 lines are listed
# and do not fail.  SPDX-License-Identifier: MIT
. tests/lint/report.sh
sources style '*.[ch]' '*.cjs' '*.def' '*.sh' '*.py' Makefile

# shellcheck disable=SC2086 # words on purpose
awk '
	FNR == 1 { open = 0 }
	FILENAME !~ /\.c$/ { next }
	/^\{/ { open = FNR }
	/^\}/ && open { if (FNR - open - 1 > 60)
		print "note style: " FILENAME ":" open " a function of " (FNR - open - 1) " lines"
		open = 0 }
' $files

# shellcheck disable=SC2086
finish style "$({
	wc -l $files | awk '$2 != "total" && $1 > 500 { print $2 " has " $1 " lines: split it by topic" }'
	grep -L 'SPDX-License-Identifier: MIT' $files | sed 's/$/ has no SPDX line/'
	grep -nE '[[:blank:]]+$' $files | cut -d: -f1,2 | sed 's/$/ ends in a blank/'
})"
