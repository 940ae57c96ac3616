/* export_folded.c - "root;caller;leaf 1234": folded stacks in whole microseconds.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/exports.h"
#include "tools/memory.h"
#include "tools/term.h"

/* NAME without what delimits in this format. */
static void put_name(FILE *out, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ";\n\r");

		rp_term_text(out, name, n, true);
		name += n;
		if (*name)
			fputc(*name++ == ';' ? ':' : ' ', out);
	}
}

static void put_chain(FILE *out, const struct rp_profile *p, const struct rp_chain *chain)
{
	for (uint32_t i = 0; i < chain->n; i++) {
		if (i > 0)
			fputc(';', out);
		put_name(out, p->functions[chain->functions[i]].name);
	}
}

bool rp_export_folded(FILE *out, const struct rp_profile *p, bool cpu)
{
	uint64_t *by_chain = rp_memory_zero(p->n_chains, sizeof(*by_chain));
	uint64_t sum_ns = 0, written_us = 0;

	for (size_t i = 0; i < p->n_points; i++)
		by_chain[p->points[i].chain] += rp_profile_ns(&p->points[i], cpu);
	for (size_t i = 0; i < p->n_chains; i++) {
		/* What rounding takes from a line goes to the next: the sum stays right. */
		sum_ns += by_chain[i];
		uint64_t us = sum_ns / 1000 - written_us;

		if (us == 0)
			continue;
		written_us += us;
		put_chain(out, p, &p->chains[i]);
		fprintf(out, " %llu\n", (unsigned long long)us);
	}
	free(by_chain);
	return !ferror(out);
}
