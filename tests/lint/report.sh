# report.sh - sourced by each check: one line, "ok NAME" or "FAIL NAME: what", then exit; and the files to look at.
# shellcheck shell=sh
# SPDX-License-Identifier: MIT

# finish NAME TEXT: TEXT is empty when all is well; else one finding a line.
finish()
{
	if [ -z "$2" ]; then
		echo "ok $1"
		exit 0
	fi
	printf '%s\n' "$2" | sed "s|^|FAIL $1: |"
	exit 1
}

# skip NAME TEXT: the check cannot be made here.
skip()
{
	echo "skip $1: $2"
	exit 77
}

# need NAME FILE...: what a check cannot do without.
need()
{
	name=$1
	shift
	for file in "$@"; do
		[ -e "$file" ] || finish "$name" "$file is missing"
	done
}

# sources NAME PATTERN...: $files becomes all that are named so.  Git is not asked: there may be none, or no
# repository.  None at all is a finding, since nothing can be said of nothing.
sources()
{
	name=$1
	shift
	for pattern in "$@"; do
		shift
		set -- "$@" -o -name "$pattern"
	done
	shift
	files=$(find . \( -path ./build -o -name .git \) -prune -o -type f \( "$@" \) -print | sed 's|^\./||' | sort)
	[ -n "$files" ] || finish "$name" "there is no file to look at"
}
