#!/bin/sh
# pack.sh - prints the page of ?profile=help as C, and the hashes that its policy names.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")"
# shellcheck source=tools/literal.sh
. ../literal.sh

hash HELP_SCRIPT <help.js
hash HELP_STYLE <help.css
literal help_script <help.js
literal help_style <help.css
page help.html | literal help_page
