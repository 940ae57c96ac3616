#!/bin/sh
# pack.sh - prints the viewer as C: page.html, style.css and all modules in one script, and the hashes
# that the page's policy names.  Nothing is changed on the way but that lines begin at the left.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")"

# The lines of stdin as one literal.
literal()
{
	printf 'static const char %s[] =\n' "$1"
	sed -e 's/\\/\\\\/g; s/"/\\"/g' -e 's/.*/"&\\n"/'
	echo ';'
}

flat()
{
	sed "s/^$(printf '\t')*//" "$@"
}

script()
{
	echo "'use strict';"
	flat ./*.js
}

# SHA-256 of stdin as a policy writes it.
hash()
{
	printf '#define RP_VIEWER_%s_HASH "sha256-%s"\n' "$1" \
		"$(sha256sum | cut -c 1-64 | tr a-f A-F | basenc -d --base16 | base64)"
}

script | hash SCRIPT
flat style.css | hash STYLE
script | literal viewer_script
flat style.css | literal viewer_style
literal viewer_page <page.html
