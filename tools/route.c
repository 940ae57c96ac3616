/* route.c - see route.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/route.h"

#include <fnmatch.h>
#include <stdlib.h>
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

bool rp_route_matches(const char *method, const char *target, const char *glob)
{
	const char *space = strchr(glob, ' ');
	size_t n_path = strcspn(target, "?");

	if (space) {
		size_t n = (size_t)(space - glob);

		if (strlen(method) != n || strncmp(glob, method, n) != 0)
			return false;
		glob = space + 1;
	}
	if (fnmatch(glob, target, 0) == 0)
		return true;
	char *path = strndup(target, n_path);
	bool found = path && fnmatch(glob, path, 0) == 0;

	free(path);
	return found;
}
