#!/bin/sh
# make_dwarf_seeds.sh - builds tests/fuzz/seeds/dwarf again: small ELF files, each with another
# form of debug information.  They are kept, so that a check needs neither compiler.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")"
mkdir -p seeds/dwarf
food=$PWD/seed.cc
cd seeds/dwarf

seed()
{
	name=$1
	shift
	"$@" -x c++ -std=c++17 -fno-exceptions -fno-asynchronous-unwind-tables -fPIC -shared -nostdlib \
		-fdebug-prefix-map="$(dirname "$food")"=/seed -fdebug-prefix-map="$PWD"=/seed \
		-Wl,-z,noseparate-code,-z,norelro,--build-id=none,--hash-style=gnu -o "$name" "$food"
}

seed gcc-5 g++ -O2 -gdwarf-5
seed gcc-4 g++ -O2 -gdwarf-4
seed gcc-3 g++ -O2 -gdwarf-3 -gstrict-dwarf
seed gcc-types g++ -O1 -gdwarf-4 -fdebug-types-section
seed gcc-sections g++ -O2 -gdwarf-5 -ffunction-sections -freorder-blocks-and-partition
seed gcc-z g++ -O2 -gdwarf-5 -gz=zlib
seed gcc-split g++ -O2 -gdwarf-5 -gsplit-dwarf
rm -f ./*.dwo
seed clang-5 clang++ -O2 -gdwarf-5
seed clang-4 clang++ -O2 -gdwarf-4
seed clang-lines clang++ -O2 -gline-tables-only
ls -l
