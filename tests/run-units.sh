#!/bin/sh
# run-units.sh TEST... - runs Check programs one by one; each prints its own closing line.
# SPDX-License-Identifier: MIT
set -u
failed=0
for t in "$@"; do
	"$t" || failed=1
done
exit $failed
