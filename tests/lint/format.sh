#!/bin/sh
# format.sh BUILD_DIR - clang-format has nothing to say.  SPDX-License-Identifier: MIT
. tests/lint/report.sh
command -v clang-format >/dev/null || skip format "clang-format is not installed"

odd=$(git ls-files -co --exclude-standard '*.c' '*.h' | while read -r file; do
	[ -e "$file" ] && clang-format --dry-run -Werror "$file" 2>/dev/null ||
		echo "$file is not as make format leaves it"
done)
if [ -n "$odd" ] && [ -z "${CI:-}" ]; then
	printf '%s\n' "$odd" | sed 's/^/note format: /'
	odd=
fi
finish format "$odd"
