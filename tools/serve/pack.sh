#!/bin/sh
# pack.sh - prints the list of `reqprof serve` as C: its page, and style and script behind those parts
# of the viewer that both have.  SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")"

# shellcheck source=tools/literal.sh
. ../literal.sh

literal serve_list_html <list.html
cat ../viewer/style.css list.css | literal serve_list_css
{ echo "'use strict';"; cat ../viewer/dom.js ../viewer/units.js list.js; } | literal serve_list_js
