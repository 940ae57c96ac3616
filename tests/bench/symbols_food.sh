#!/bin/sh
# symbols_food.sh DIR - modules for make bench-symbols: Debian's debug packages unpacked and programs
# built from its sources, in DIR, once; nothing is installed.  Prints "name<TAB>file" lines, and what
# could not be had as SKIP lines on stderr.  The machine's own package sources are asked.
# SPDX-License-Identifier: MIT
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/debs" "$1/made" "$1/src/lists/partial" "$1/src/parts"
cd "$1"
log=$PWD/log

skip()
{
	echo "SKIP $1: $2" >&2
}

# packages NAME...: their files below DIR/root.
packages()
{
	for package in "$@"; do
		[ -e "debs/$package.done" ] && continue
		(cd debs && apt-get -qq download "$package" >>"$log" 2>&1) || return 1
		dpkg-deb -x "$(ls "debs/${package}"_*.deb)" root >>"$log" 2>&1 || return 1
		touch "debs/$package.done"
	done
}

# source_of NAME: the upstream source of a Debian package, unpacked as DIR/src/NAME.  The machine need
# not have deb-src lines: they are made of its deb lines, for this call only.
source_of()
{
	[ ! -e "src/$1" ] || return 0
	if [ ! -e src/lists.done ]; then
		for list in /etc/apt/sources.list.d/*.sources; do
			[ ! -e "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" >"src/parts/$(basename "$list")"
		done
		cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
			sed -n 's/^deb /deb-src /p' >src/parts/own.list
		apt_src -qq update >>"$log" 2>&1 || true
		touch src/lists.done
	fi
	# A patch that is gone from the archive does not matter: what counts is the .orig file.
	(cd src && apt_src -qq source --download-only "$1" >>"$log" 2>&1) || true
	for tar in "src/$1"_*.orig.tar.*; do
		[ -e "$tar" ] || return 1
		mkdir "src/$1.new" && tar -xf "$tar" -C "src/$1.new" --strip-components=1
	done
	mv "src/$1.new" "src/$1"
}

apt_src()
{
	apt-get -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$food/src/parts" \
		-o Dir::State::lists="$food/src/lists" "$@"
}
food=$PWD

# debug_of NAME FILE: the separate debug file of FILE, by its build-id.
debug_of()
{
	id=$(readelf -n "$2" | sed -n 's/.*Build ID: //p')
	file=$food/root/usr/lib/debug/.build-id/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-).debug
	if [ -e "$file" ]; then
		printf '%s\t%s\n' "$1" "$file"
	else
		skip "$1" "no debug file for build $id"
	fi
}

# debian NAME FILE PACKAGE...: the debug file of FILE, which is in the packages.
debian()
{
	name=$1 file=$2
	shift 2
	if packages "$@"; then
		debug_of "$name" "root/$file"
	else
		skip "$name" "apt-get cannot download $*"
	fi
}

# made NAME NEEDS COMMAND: DIR/made/NAME, which COMMAND makes when the tools NEEDS are there.
made()
{
	file=made/$1
	for tool in $2; do
		command -v "$tool" >/dev/null || { skip "$1" "no $tool here"; return; }
	done
	if [ ! -e "$file" ] && ! (set -e; $3 "$food/$file") >>"$log" 2>&1; then
		skip "$1" "$3 failed, see $log"
		return
	fi
	printf '%s\t%s\n' "$1" "$food/$file"
}

# nginx_as TREE FLAGS OPTION...: an nginx of its own tree
nginx_as()
{
	tree=src/$1 flags=$2
	shift 2
	source_of nginx
	rm -rf "$tree" && cp -r src/nginx "$tree" && cd "$tree"
	./configure --without-http_rewrite_module --without-http_gzip_module --with-http_v2_module "$@" \
		--with-cc-opt="$flags" && make -j2
	cd "$food"
}
nginx() { nginx_as nginx-gcc '-O2 -g' && cp src/nginx-gcc/objs/nginx "$1"; }
nginx_clang() { nginx_as nginx-clang '-O2 -g' --with-cc=clang && cp src/nginx-clang/objs/nginx "$1"; }
nginx_other() { nginx_as nginx-debug '-O2 -g' --with-debug --with-stream && cp src/nginx-debug/objs/nginx "$1"; }

re2_as()
{
	to=$1
	shift
	source_of re2
	"$@" -std=c++17 -O2 -g -fPIC -shared -Isrc/re2 -o "$to" src/re2/re2/*.cc \
		src/re2/util/rune.cc src/re2/util/strutil.cc
}
re2_clang() { re2_as "$1" clang++; }
re2_lto() { re2_as "$1" g++ -flto=2 -ffat-lto-objects; }
rust() { rustc --edition 2021 -O -g -o "$1" "$here/food/server.rs"; }

# The two ends of a dwz -m: what both have is in a third file that they name.
dwz_pair()
{
	PATH=$PATH:$food/root/usr/bin
	nginx made/dwz-a && nginx_other made/dwz-b
	(cd made && dwz -m dwz-common dwz-a dwz-b)
	mv made/dwz-a "$1"
}

made nginx 'gcc make' nginx
debian python3.11 'usr/bin/python3.11' python3.11-minimal python3.11-dbg
debian libc 'lib/x86_64-linux-gnu/libc.so.6' libc6 libc6-dbg
if packages libstdc++6-12-dbg; then
	printf 'libstdc++\t%s\n' "$(ls "$food"/root/usr/lib/*/debug/libstdc++.so.6.?.*[0-9])"
else
	skip libstdc++ 'apt-get cannot download libstdc++6-12-dbg'
fi
made rust rustc rust
made re2-clang clang++ re2_clang
made re2-lto g++ re2_lto
if packages dwz; then
	made dwz-m 'gcc make' dwz_pair
else
	skip dwz-m 'apt-get cannot download dwz'
fi
debian ceph 'usr/lib/x86_64-linux-gnu/ceph/libceph-common.so.2' librados2 librados2-dbg
