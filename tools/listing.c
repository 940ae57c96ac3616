/* listing.c - see listing.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/listing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/memory.h"

enum { MOST_THREADS = 8, SHARE = 64, LEAST_AT_ONCE = 256 };

enum outcome { REFUSED, READ, FAILED };

/* Some neighbours of the catalogue, from the newest on: whoever is free takes the next SHARE. */
struct batch {
	const struct rp_filter *filter;
	const struct rp_entry *newest; /* the entries go down from here */
	size_t n;
	_Atomic size_t next;
	enum outcome *outcomes; /* these three by distance from the newest */
	struct rp_summary *summaries;
	char **complaints;
};

static void read_one(struct batch *b, size_t i)
{
	const struct rp_entry *entry = b->newest - i;
	struct rp_why why;

	if (rp_filter_refuses(b->filter, entry))
		return;
	if (!rp_summary_read(&b->summaries[i], entry, &why)) {
		b->outcomes[i] = FAILED;
		b->complaints[i] = strdup(why.text);
	} else if (rp_filter_passes(b->filter, &b->summaries[i])) {
		b->outcomes[i] = READ;
	} else {
		rp_summary_free(&b->summaries[i]);
	}
}

static void *work(void *arg)
{
	struct batch *b = arg;

	for (;;) {
		size_t from = atomic_fetch_add(&b->next, SHARE);

		if (from >= b->n)
			return NULL;
		for (size_t i = from; i < b->n && i < from + SHARE; i++)
			read_one(b, i);
	}
}

static void read_batch(struct batch *b)
{
	pthread_t threads[MOST_THREADS];
	long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = 0;

	while (n + 1 < MOST_THREADS && (long)n + 1 < n_cpus && n * SHARE < b->n &&
	       pthread_create(&threads[n], NULL, work, b) == 0)
		n++;
	work(b);
	while (n > 0)
		pthread_join(threads[--n], NULL);
}

static void keep(struct rp_listing *l, struct batch *b, size_t most)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->outcomes[i] == FAILED) {
			l->complaints =
			        rp_memory_grow(l->complaints, l->n_complaints, sizeof(char *));
			l->complaints[l->n_complaints++] = b->complaints[i];
		} else if (b->outcomes[i] == READ && most && l->n == most) {
			rp_summary_free(&b->summaries[i]);
		} else if (b->outcomes[i] == READ) {
			l->rows = rp_memory_grow(l->rows, l->n, sizeof(*l->rows));
			l->rows[l->n++] = b->summaries[i];
		}
	}
}

void rp_listing_make(struct rp_listing *l, const struct rp_catalog *c, const struct rp_filter *f,
                     size_t most)
{
	size_t at_once = most && most < c->n ? most : c->n;

	*l = (struct rp_listing){0};
	if (at_once < LEAST_AT_ONCE)
		at_once = LEAST_AT_ONCE;
	for (size_t left = c->n; left > 0 && (!most || l->n < most);) {
		struct batch b = {.filter = f,
		                  .newest = &c->entries[left - 1],
		                  .n = left < at_once ? left : at_once};

		b.outcomes = rp_memory_zero(b.n, sizeof(*b.outcomes));
		b.summaries = rp_memory_zero(b.n, sizeof(*b.summaries));
		b.complaints = rp_memory_zero(b.n, sizeof(*b.complaints));
		read_batch(&b);
		keep(l, &b, most);
		left -= b.n;
		free(b.outcomes);
		free(b.summaries);
		free(b.complaints);
	}
}

void rp_listing_free(struct rp_listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		rp_summary_free(&l->rows[i]);
	for (size_t i = 0; i < l->n_complaints; i++)
		free(l->complaints[i]);
	free(l->rows);
	free(l->complaints);
	*l = (struct rp_listing){0};
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int by_time(const void *a, const void *b)
{
	const struct rp_summary *x = a, *y = b;
	int order = descending(x->entry->wall_ns, y->entry->wall_ns);

	return order ? order : strcmp(y->entry->name, x->entry->name);
}

static int by_duration(const void *a, const void *b)
{
	int order = descending(((const struct rp_summary *)a)->duration_ns,
	                       ((const struct rp_summary *)b)->duration_ns);

	return order ? order : by_time(a, b);
}

static int by_cpu(const void *a, const void *b)
{
	int order = descending(((const struct rp_summary *)a)->cpu_ns,
	                       ((const struct rp_summary *)b)->cpu_ns);

	return order ? order : by_time(a, b);
}

bool rp_listing_sort(struct rp_listing *l, const char *key)
{
	static const struct {
		const char *name;
		int (*order)(const void *a, const void *b);
	} orders[] = {{"time", by_time}, {"duration", by_duration}, {"cpu", by_cpu}};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (strcmp(orders[i].name, key) != 0)
			continue;
		if (l->n)
			qsort(l->rows, l->n, sizeof(*l->rows), orders[i].order);
		return true;
	}
	return false;
}
