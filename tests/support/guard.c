/* guard.c - see guard.h.  SPDX-License-Identifier: MIT */
#include "tests/support/guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { GUARD_CAP = 1 << 20, GUARD_PAGE = 4096, N_SLOTS = 4 };

const void *guard_put(int slot, const void *bytes, size_t n)
{
	static char *base[N_SLOTS];

	if (slot < 0 || slot >= N_SLOTS || n > GUARD_CAP)
		abort();
	if (!base[slot]) {
		base[slot] = mmap(NULL, GUARD_CAP + GUARD_PAGE, PROT_READ | PROT_WRITE,
		                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (base[slot] == MAP_FAILED ||
		    mprotect(base[slot] + GUARD_CAP, GUARD_PAGE, PROT_NONE) != 0)
			abort();
	}
	char *at = base[slot] + GUARD_CAP - n;

	if (n)
		memcpy(at, bytes, n);
	return at;
}
