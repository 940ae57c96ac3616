# literal.sh - for the pack.sh of a folder: files as C.  SPDX-License-Identifier: MIT
# shellcheck shell=sh

# The lines of stdin as one literal called $1.
literal()
{
	printf 'static const char %s[] =\n' "$1"
	sed -e 's/\\/\\\\/g; s/"/\\"/g' -e 's/.*/"&\\n"/'
	echo ';'
}

# The page $1 behind the head that all have, without what is for whoever reads these files.
page()
{
	sed '/^<!-- /,/-->$/d' ../head.html "$1"
}

# SHA-256 of stdin as a policy writes it, called RP_$1_HASH.
hash()
{
	printf '#define RP_%s_HASH "sha256-%s"\n' "$1" \
		"$(sha256sum | cut -c 1-64 | tr a-f A-F | basenc -d --base16 | base64)"
}
