#!/bin/sh
# lint.sh [BUILD_DIR] - the rules a machine can keep, one script each; run from the root.
# SPDX-License-Identifier: MIT
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build}
passed=0 failed=0 skipped=0

for check in tests/lint/*.sh; do
	case $check in
	*/lint.sh | */report.sh) continue ;;
	esac
	sh "$check" "$build"
	case $? in
	0) passed=$((passed + 1)) ;;
	77) skipped=$((skipped + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
