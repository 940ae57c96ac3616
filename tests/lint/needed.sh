#!/bin/sh
# needed.sh BUILD_DIR - the shim makes a host load libc and nothing else, has no text relocation,
# and asks for no glibc newer than bookworm's.  SPDX-License-Identifier: MIT
. tests/lint/report.sh
shim=$1/libreqprof.so
newest=2.36
need needed "$shim"

finish needed "$({
	readelf -dW "$shim" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
		grep -vxE 'libc\.so\.6|ld-linux-x86-64\.so\.2' | sed 's/^/it needs /'
	readelf -dW "$shim" | grep -q TEXTREL && echo "it has text relocations"
	readelf -lW "$shim" | awk '$1 == "GNU_STACK" && $0 ~ /RWE/ { print "its stack is executable" }'
	readelf -VW "$shim" | grep -oE 'GLIBC_[0-9.]+' | sed 's/GLIBC_//' | sort -Vu |
		while read -r version; do
			last=$(printf '%s\n%s\n' "$version" "$newest" | sort -V | tail -n 1)
			[ "$last" = "$newest" ] || echo "it asks for GLIBC_$version, newer than $newest"
		done
} 2>&1)"
