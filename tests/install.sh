#!/bin/sh
# install.sh DESTDIR PREFIX - puts what was built under PREFIX; DESTDIR is for packagers.
# SPDX-License-Identifier: MIT
set -eu
if [ $# -ne 2 ] || [ -z "$2" ]; then
	echo "usage: tests/install.sh DESTDIR PREFIX" >&2
	exit 2
fi
cd "$(dirname "$0")/.."
to=$1$2
completions=$to/share/bash-completion/completions

# A whole list of what is to come, so that nothing half-installed stays behind.
for file in build/reqprof build/libreqprof.so build/libreqprof-node.cjs tools/reqprof.1 preload/libreqprof.7 LICENSE \
	store/FORMAT.md; do
	[ -e "$file" ] || {
		echo "install: $file is missing; run make first" >&2
		exit 1
	}
done

# put MODE FILE PLACE: by a new name first, since a running server may have the old shim mapped.
put()
{
	mkdir -p "$(dirname "$3")"
	install -m "$1" "$2" "$3.new"
	mv -f "$3.new" "$3"
	echo "$3"
}

put 755 build/reqprof "$to/bin/reqprof"
put 644 build/libreqprof.so "$to/lib/libreqprof.so"
put 644 build/libreqprof-node.cjs "$to/lib/libreqprof-node.cjs"
put 644 tools/reqprof.1 "$to/share/man/man1/reqprof.1"
put 644 preload/libreqprof.7 "$to/share/man/man7/libreqprof.7"
put 644 LICENSE "$to/share/doc/libreqprof/LICENSE"
put 644 store/FORMAT.md "$to/share/doc/libreqprof/FORMAT.md"
mkdir -p "$completions"
build/reqprof completion bash >"$completions/reqprof"
echo "$completions/reqprof"
