#!/bin/sh
# cross.sh BUILD_DIR - the walker and its tables compile for aarch64, too.
# SPDX-License-Identifier: MIT
. tests/lint/report.sh
compiler=aarch64-linux-gnu-gcc
command -v $compiler >/dev/null || skip cross "$compiler is not installed"
echo '#include <ucontext.h>' | $compiler -fsyntax-only -x c - 2>/dev/null ||
	skip cross "$compiler has no libc headers"

finish cross "$(for source in preload/hot/stack*.c preload/hot/standing.c \
	preload/hot/tables.c preload/cold/ehframe*.c preload/cold/startcode.c preload/cold/coroutine.c; do
	$compiler -std=gnu11 -D_GNU_SOURCE -I. -I"$1" -Wall -Wextra -Wshadow -fPIC \
		-fvisibility=hidden -O2 -Werror -c -o /dev/null "$source" 2>&1 | grep -E 'error|warning'
done)"
