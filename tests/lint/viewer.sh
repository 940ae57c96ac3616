#!/bin/sh
# viewer.sh BUILD_DIR - the viewer of pages: small, in files and lines that can be read, and without
# what turns text into markup or code, or asks the network.  SPDX-License-Identifier: MIT
. tests/lint/report.sh
need viewer "$1/viewer.inc"
most=150000
size=$(sed -n 's/^"\(.*\)\\n"$/\1/p' "$1/viewer.inc" | sed 's/\\\(.\)/\1/g' | wc -c) # as pages have it

finish viewer "$({
	[ "$size" -le $most ] || echo "tools/viewer has $size bytes, more than $most"
	wc -l tools/viewer/*.js | awk '$2 != "total" && $1 > 400 { print $2 " has " $1 " lines" }'
	for file in tools/viewer/*.js tools/viewer/*.css tools/help/*.js tools/help/*.css; do
		expand -t 4 "$file" | awk -v file="$file" 'length > 100 { print file ":" FNR ": over 100 columns" }'
	done
	grep -nE '[[:blank:]]+$' tools/viewer/*.js tools/viewer/*.css tools/viewer/*.html | cut -d: -f1,2 | sed 's/$/ ends in a blank/'
	grep -L 'SPDX-License-Identifier: MIT' tools/viewer/*.js tools/viewer/*.css tools/viewer/*.html |
		sed 's/$/ has no SPDX line/'
	grep -nE 'innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|\beval\b|new Function|setTimeout\(.|fetch\(|XMLHttp|WebSocket|<!--|</script' tools/viewer/*.js |
		grep -v "setTimeout(\(now\|() =>\)" | cut -c 1-100 | sed 's/$/ is not for a viewer/'
	if command -v node >/dev/null; then
		for file in tools/viewer/*.js; do
			node --check "$file" 2>&1 | head -n 3
		done
	fi
})"
