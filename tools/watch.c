/* watch.c - see watch.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/watch.h"

#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"

static int by_path(const void *a, const void *b)
{
	const struct rp_summary *x = *(struct rp_summary *const *)a;
	const struct rp_summary *y = *(struct rp_summary *const *)b;

	return strcmp(x->entry->path, y->entry->path);
}

/* What was known, by path. */
static struct rp_summary **sorted_rows(struct rp_listing *l)
{
	struct rp_summary **rows = rp_memory_zero(l->n, sizeof(*rows));

	for (size_t i = 0; i < l->n; i++)
		rows[i] = &l->rows[i];
	if (l->n)
		qsort(rows, l->n, sizeof(*rows), by_path);
	return rows;
}

static struct rp_summary *known(struct rp_summary **rows, size_t n, const struct rp_entry *entry)
{
	struct rp_summary key = {.entry = entry}, *key_at = &key;
	struct rp_summary **at = n ? bsearch(&key_at, rows, n, sizeof(*rows), by_path) : NULL;

	return at && !entry->part ? *at : NULL;
}

static void take_over(struct rp_summary *row, const struct rp_summary *from,
                      const struct rp_entry *entry)
{
	*row = *from;
	row->entry = entry;
}

/* A row of NEW for each of its entries: those that are known are moved out of the old ones. */
static void fill(struct rp_watch *w, const struct rp_catalog *new, struct rp_listing *rows)
{
	static const struct rp_filter none;
	struct rp_summary **old = sorted_rows(&w->listing);
	struct rp_catalog unknown = {.entries = rp_memory_zero(new->n, sizeof(*unknown.entries))};
	const struct rp_entry **in_new = rp_memory_zero(new->n, sizeof(*in_new));

	*rows = (struct rp_listing){.rows = rp_memory_zero(new->n, sizeof(*rows->rows))};
	for (size_t i = 0; i < new->n; i++) {
		struct rp_summary *row = known(old, w->listing.n, &new->entries[i]);

		if (row) {
			take_over(&rows->rows[rows->n++], row, &new->entries[i]);
			*row = (struct rp_summary){.entry = row->entry};
			continue;
		}
		in_new[unknown.n] = &new->entries[i];
		unknown.entries[unknown.n++] = new->entries[i];
	}
	struct rp_listing fresh;

	rp_listing_make(&fresh, &unknown, &none, 0);
	for (size_t i = 0; i < fresh.n; i++)
		take_over(&rows->rows[rows->n++], &fresh.rows[i],
		          in_new[fresh.rows[i].entry - unknown.entries]);
	fresh.n = 0; /* its texts have moved */
	rp_listing_free(&fresh);
	rp_listing_sort(rows, "time");
	free(unknown.entries);
	free(in_new);
	free(old);
}

static bool same_names(const struct rp_catalog *a, const struct rp_catalog *b)
{
	if (a->n != b->n || a->n_denied != b->n_denied)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (b->entries[i].part || strcmp(a->entries[i].path, b->entries[i].path) != 0)
			return false;
	return true;
}

bool rp_watch_update(struct rp_watch *w, struct rp_why *why)
{
	struct rp_catalog new;
	struct rp_listing rows;

	if (!rp_catalog_open(&new, w->dirs, w->n_dirs, why))
		return false;
	if (w->version && same_names(&w->catalog, &new)) {
		rp_catalog_close(&new);
		return true;
	}
	fill(w, &new, &rows);
	rp_listing_free(&w->listing);
	rp_catalog_close(&w->catalog);
	w->catalog = new;
	w->listing = rows;
	w->version++;
	return true;
}

bool rp_watch_open(struct rp_watch *w, const char *const *dirs, size_t n_dirs, struct rp_why *why)
{
	*w = (struct rp_watch){.dirs = dirs, .n_dirs = n_dirs};
	return rp_watch_update(w, why);
}

void rp_watch_close(struct rp_watch *w)
{
	rp_listing_free(&w->listing);
	rp_catalog_close(&w->catalog);
}

const struct rp_entry *rp_watch_find(const struct rp_watch *w, const char *name, size_t n_name)
{
	for (size_t i = 0; i < w->catalog.n; i++) {
		const char *of_file = w->catalog.entries[i].name;

		if (strlen(of_file) == n_name && memcmp(of_file, name, n_name) == 0)
			return &w->catalog.entries[i];
	}
	return NULL;
}
