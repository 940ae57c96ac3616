#!/bin/sh
# pack.sh - prints the viewer as C: the page, style.css and all modules in one script, and the hashes
# that the page's policy names.  Nothing is changed on the way but that lines begin at the left, and
# that what is together says once under which licence.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")"

# shellcheck source=tools/literal.sh
. ../literal.sh

flat()
{
	awk '{ sub(/^\t*/, "") } !/^ \* SPDX-License-Identifier/ || !told++' "$@"
}

script()
{
	echo "'use strict';"
	flat ./*.js
}

script | hash VIEWER_SCRIPT
flat style.css | hash VIEWER_STYLE
script | literal viewer_script
flat style.css | literal viewer_style
page page.html | literal viewer_page
