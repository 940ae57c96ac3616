/* account_apart.c - waiting for other servers while no thread worked for the request; account.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "tools/account.h"
#include "tools/memory.h"
#include "tools/recording.h"

struct stretch {
	uint64_t begin_ns, end_ns;
};

static int by_begin(const void *a, const void *b)
{
	const struct stretch *x = a, *y = b;

	return (x->begin_ns > y->begin_ns) - (x->begin_ns < y->begin_ns);
}

uint64_t rp_account_apart(const struct rp_recording *r, const struct rp_rec_await *a)
{
	struct stretch *all = rp_memory_zero(r->n_segments, sizeof(*all));
	uint64_t now_ns = a->at_ns, end_ns = a->at_ns + a->span_ns, apart_ns = 0;

	for (size_t i = 0; i < r->n_segments; i++)
		all[i] = (struct stretch){r->segments[i].begin_ns, r->segments[i].end_ns};
	qsort(all, r->n_segments, sizeof(*all), by_begin);
	for (size_t i = 0; i < r->n_segments && now_ns < end_ns; i++) {
		uint64_t begin_ns = all[i].begin_ns < end_ns ? all[i].begin_ns : end_ns;

		if (begin_ns > now_ns)
			apart_ns += begin_ns - now_ns;
		now_ns = all[i].end_ns > now_ns ? all[i].end_ns : now_ns;
	}
	apart_ns += end_ns > now_ns ? end_ns - now_ns : 0;
	free(all);
	return apart_ns;
}
