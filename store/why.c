/* why.c - see why.h.
 *
 * Room: store.
 * SPDX-License-Identifier: MIT
 */
#include "store/why.h"

#include <stdarg.h>
#include <stdio.h>

int rp_why_set(struct rp_why *why, uint64_t at, const char *format, ...)
{
	va_list args;

	if (!why)
		return 0;
	why->at = at;
	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return 0;
}
