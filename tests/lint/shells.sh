#!/bin/sh
# shells.sh BUILD_DIR - shellcheck over every script.  SPDX-License-Identifier: MIT
. tests/lint/report.sh
command -v shellcheck >/dev/null || skip shells "shellcheck is not installed"

sources shells '*.sh'
# shellcheck disable=SC2086 # words on purpose
finish shells "$(shellcheck -x -f gcc $files)"
