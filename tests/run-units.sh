#!/bin/sh
# run-units.sh TEST... - runs Check programs one by one; each prints its own closing line.
# SPDX-License-Identifier: MIT
set -u
failed=0
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-60}" # a busy machine is no failure
for t in "$@"; do
	"$t" || failed=1
done
exit $failed
