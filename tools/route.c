/* route.c - see route.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/route.h"

#include <string.h>

const char *rp_route_of(struct rp_heap *heap, const struct rp_session *s)
{
	return rp_heap_print(heap, "%s %.*s", s->method, (int)strcspn(s->target, "?"), s->target);
}

/* N lower-case hexadecimal digits at TEXT, not all of them 0, then END. */
static bool take_id(const char *text, size_t n, char end, char *id)
{
	if (strspn(text, "0123456789abcdef") != n || text[n] != end || strspn(text, "0") == n)
		return false;
	memcpy(id, text, n);
	id[n] = '\0';
	return true;
}

bool rp_route_trace(const char *traceparent, char trace_id[33], char span_id[17])
{
	if (!traceparent || strncmp(traceparent, "00-", 3) != 0)
		return false;
	return take_id(traceparent + 3, 32, '-', trace_id) &&
	       take_id(traceparent + 36, 16, '-', span_id);
}
