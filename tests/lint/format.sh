#!/bin/sh
# format.sh BUILD_DIR - clang-format has nothing to say.  SPDX-License-Identifier: MIT
. tests/lint/report.sh
command -v clang-format >/dev/null || skip format "clang-format is not installed"

sources format '*.[ch]'
odd=$(for file in $files; do
	clang-format --dry-run -Werror "$file" 2>/dev/null || echo "$file is not as make format leaves it"
done)
if [ -n "$odd" ] && [ -z "${CI:-}" ]; then
	printf '%s\n' "$odd" | sed 's/^/note format: /'
	odd=
fi
finish format "$odd"
