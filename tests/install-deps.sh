#!/bin/sh
# install-deps.sh [demo|check] - what the demo or the tests need, by apt-get, and only what is
# missing; without an argument what it takes to build.  Nothing missing: nothing done, no network.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")"
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# package, then how one sees that it is there: a command, a pkg-config name, or files
build='
gcc             command cc
libc6-dev       file    /usr/include/stdio.h
make            command make
pkg-config      command pkg-config
libdw-dev       pkg     libdw
libelf-dev      pkg     libelf
libjansson-dev  pkg     jansson
libmicrohttpd-dev   pkg libmicrohttpd
zlib1g-dev      pkg     zlib
libdeflate-dev  pkg     libdeflate
liblzma-dev     pkg     liblzma
libzstd-dev     pkg     libzstd
libprotobuf-c-dev   pkg libprotobuf-c
protobuf-c-compiler command protoc-c
libiberty-dev   file    /usr/include/libiberty/demangle.h'
demo='
curl            command curl
python3         command python3'
check='
check           pkg     check
libsubunit-dev  pkg     libsubunit
libnghttp2-dev  pkg     libnghttp2
nghttp2-client  command h2load
libunwind-dev   pkg     libunwind
libc6-dbg       file    /usr/share/doc/libc6-dbg
g++             command g++
clang           command clang
libclang-rt-dev file    /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a
llvm            command llvm-symbolizer
binutils        command addr2line
dwz             command dwz
gcc-aarch64-linux-gnu command aarch64-linux-gnu-gcc
libc6-dev-arm64-cross file /usr/aarch64-linux-gnu/include/stdio.h
clang-format    command clang-format
shellcheck      command shellcheck
mandoc          command mandoc
strace          command strace
gdb             command gdb
procps          command ps
wrk             command wrk
nginx-light     command nginx
apache2         command apache2
lighttpd        command lighttpd
puma            command puma
php-cli         command php
php-fpm         file    /usr/sbin/php-fpm[0-9]*
python3-h2      file    /usr/lib/python3/dist-packages/h2/__init__.py
uwsgi-core      command uwsgi-core
uwsgi-plugin-python3 file /usr/lib/uwsgi/plugins/python3*_plugin.so
gunicorn        command gunicorn
postgresql      file    /usr/lib/postgresql/*/bin/postgres
python3-psycopg2 file   /usr/lib/python3/dist-packages/psycopg2/__init__.py
nodejs          command node
golang-go       command go
default-jdk-headless command javac
chromium        command chromium
chromium-sandbox file   /usr/lib/chromium/chrome-sandbox
valgrind        command callgrind_annotate
libdevel-nytprof-perl file /usr/share/perl5/Devel/NYTProf/flamegraph.pl
cmark-gfm       command cmark-gfm
jq              command jq
sqlite3         command sqlite3
python3-uvicorn file    /usr/lib/python3/dist-packages/uvicorn/__init__.py
python3-starlette file  /usr/lib/python3/dist-packages/starlette/__init__.py
python3-uvloop  file    /usr/lib/python3/dist-packages/uvloop/__init__.py'

case ${1-} in
'') wanted=$build ;;
demo) wanted=$build$demo ;;
check) wanted=$build$demo$check ;;
*) echo "usage: tests/install-deps.sh [demo|check]" >&2; exit 2 ;;
esac

is_there()
{
	case $1 in
	command) command -v "$2" >/dev/null ;;
	pkg) pkg-config --exists "$2" 2>/dev/null ;;
	file)
		# shellcheck disable=SC2086 # a pattern on purpose
		set -- $2
		[ -e "$1" ]
		;;
	esac
}

missing()
{
	echo "$wanted" | while read -r package how what; do
		[ -z "$package" ] || is_there "$how" "$what" || echo "$package"
	done
}

fail()
{
	echo "install-deps: $1" >&2
	exit 1
}

packages=$(missing | paste -sd ' ' -)
[ -n "$packages" ] || exit 0
command -v apt-get >/dev/null || fail "there is no apt-get; install by hand: $packages"
sudo=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || fail "neither root nor sudo; as root: apt-get install $packages"
	sudo=sudo
fi

# Servers are installed to be run by tests, not started as services: while apt-get runs, and no
# longer, a policy says so.
policy=/usr/sbin/policy-rc.d
made_policy=
clean_up()
{
	[ -z "$made_policy" ] || $sudo rm -f "$policy"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
if [ ! -e "$policy" ]; then
	made_policy=yes
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nexit 101\n' | $sudo sh -c 'cat >"$1" && chmod 755 "$1"' sh "$policy" ||
		fail "cannot write $policy; as root: apt-get install $packages"
fi

apt()
{
	# shellcheck disable=SC2086 # words on purpose
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" </dev/null
}

echo "install-deps: apt-get install $packages"
# shellcheck disable=SC2086 # words on purpose
if ! apt install -y --no-install-recommends $packages >/dev/null 2>&1; then
	apt update >/dev/null || fail "apt-get update failed; no network?"
	apt install -y --no-install-recommends $packages >/dev/null ||
		fail "apt-get could not install $packages"
fi
packages=$(missing | paste -sd ' ' -)
[ -z "$packages" ] || fail "installed, and yet these are not found: $packages"
