#!/bin/sh
# readers.sh [DIR] - readers of our exports that Debian does not have, axe-core, which judges how a page is
# for those who do not see it, and express, which is a server of tests/truth, into DIR (build/readers), where
# the tests look for them: by npm, pip, go and cargo, as far as these are there.
# SPDX-License-Identifier: MIT
set -eu
dir=${1:-build/readers}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

# try CLIENT WORDS...: what a client installs; without the client, or when it fails, it is said
try()
{
	client=$1
	shift
	if ! command -v "$client" >/dev/null; then
		echo "readers: there is no $client: $*"
	elif ! "$client" "$@" >"$dir/log" 2>&1; then
		echo "readers: $client $* failed:"
		tail -n 3 "$dir/log"
	fi
}

try npm install --prefix "$dir" --no-fund --no-audit speedscope@1.25.0 \
	@firefox-devtools/profiler-cli@0.10.0 axe-core@4.14.1 express@5.2.1
[ -x "$dir/bin/python3" ] || try python3 -m venv "$dir"
try "$dir/bin/pip" install opentelemetry-proto==1.45.2
GOBIN=$dir/bin
export GOBIN
try go install github.com/google/pprof@v0.0.0-20261105003125-4bf881d7fb0b
try cargo install --root "$dir" --locked inferno@0.11.21
ls "$dir/bin" "$dir/node_modules/.bin"
