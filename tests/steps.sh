#!/bin/sh
# steps.sh BUILD_DIR - judges walks at every instruction of every row of tests/STEPS.md and prints
# the table.  SPDX-License-Identifier: MIT
set -u
STEPS_TABLE=$(mktemp)
export STEPS_TABLE
trap 'rm -f "$STEPS_TABLE"' EXIT
failed=0
"$1/unit/test_stack_steps" || failed=1
REQPROF_BUILD=$1 python3 tests/e2e/test_steps.py || failed=1
echo "| code | instructions | ours: right / truncated / wrong | libunwind | where ours is not right: truncated/wrong |"
echo "|---|---|---|---|---|"
cat "$STEPS_TABLE"
exit $failed
