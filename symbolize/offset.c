/* offset.c - what stands for a function that nobody names.
 *
 * Room: symbolize.  Asked by frames.c, and by guard.c for a module that cannot be read at all.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/offset.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *rp_offset_name(struct rp_pool *pool, const char *path, uint64_t addr)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *base = !path ? "?" : slash && slash[1] ? slash + 1 : path;
	size_t n = strlen(base) + sizeof("+0x") + 16;
	char *name = rp_pool_take(pool, n);

	if (addr == 0 && base[0] == '[') /* "[anonymous code]" is all that is known */
		snprintf(name, n, "%s", base);
	else
		snprintf(name, n, "%s+0x%" PRIx64, base, addr);
	return name;
}
