#!/bin/sh
# steps.sh BUILD_DIR - judges walks at every instruction of every row of tests/STEPS.md and prints
# the table.  SPDX-License-Identifier: MIT
set -u
STEPS_TABLE=$(mktemp)
export STEPS_TABLE
trap 'rm -f "$STEPS_TABLE"' EXIT
failed=0
"$1/unit/test_stack_steps" || failed=1
REQPROF_BUILD=$(realpath "$1") python3 tests/e2e/test_steps.py || failed=1
echo "| code | instructions | ours: right / truncated / wrong | libunwind | where ours is not right: truncated/wrong |"
echo "|---|---|---|---|---|"
cat "$STEPS_TABLE"
awk -F'|' '
	{ split($4, n, "/"); right += n[1]; truncated += n[2]; wrong += n[3] }
	END {
		all = right + truncated + wrong
		printf "overall %d of %d right (%.3f %%), %d truncated, %d wrong\n", right, all, 100 * right / all, truncated, wrong
		exit right < 0.999 * all
	}' "$STEPS_TABLE" || failed=1
exit $failed
