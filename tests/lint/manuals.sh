#!/bin/sh
# manuals.sh BUILD_DIR - the manual pages are clean mdoc.  SPDX-License-Identifier: MIT
. tests/lint/report.sh
need manuals tools/reqprof.1 preload/libreqprof.7
command -v mandoc >/dev/null || skip manuals "mandoc is not installed"

finish manuals "$(mandoc -T lint -W warning tools/reqprof.1 preload/libreqprof.7)"
