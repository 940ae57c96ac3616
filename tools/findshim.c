/* findshim.c - see findshim.h.  The prefix is that of the running tool, so that an installed tree
 * may be moved as a whole.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/findshim.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const places[] = {"", "/../lib", "/../lib/libreqprof"};

bool rp_findshim_from(const char *bin, char *path, size_t cap, struct rp_why *why)
{
	char at[PATH_MAX + 64], real[PATH_MAX];

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		snprintf(at, sizeof at, "%s%s/libreqprof.so", bin, places[i]);
		if (!realpath(at, real) || access(real, R_OK) != 0)
			continue;
		if (strpbrk(real,
		            " :")) /* both end a path in LD_PRELOAD, and nothing quotes them */
			return rp_why_set(
			        why, 0,
			        "LD_PRELOAD cannot hold the path '%s': move libreqprof.so to "
			        "a place without spaces and colons",
			        real);
		snprintf(path, cap, "%s", real);
		return true;
	}
	return rp_why_set(why, 0,
	                  "libreqprof.so is not in %s, nor in ../lib or ../lib/libreqprof from "
	                  "there: run make, or make install",
	                  bin);
}

bool rp_findshim(char *path, size_t cap, struct rp_why *why)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0)
		return rp_why_set(why, 0, "/proc/self/exe cannot be read: is /proc mounted?");
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	return rp_findshim_from(self, path, cap, why);
}
