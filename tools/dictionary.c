/* dictionary.c - see dictionary.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/dictionary.h"

#include <stdlib.h>
#include <string.h>
#include "tools/term.h"

void rp_dictionary_make(struct rp_dictionary *d, const struct rp_profile *p)
{
	*d = (struct rp_dictionary){.p = p,
	                            .path = rp_memory_zero(p->n_spots + 1, sizeof(*d->path))};
	rp_dictionary_text(d, "");
}

void rp_dictionary_free(struct rp_dictionary *d)
{
	free(d->path);
	free(d->texts);
	free(d->locations);
	rp_index_free(&d->text_index);
	rp_index_free(&d->location_index);
	rp_heap_free(&d->heap);
}

static bool same_text(const void *owner, uint32_t number, const void *key)
{
	return strcmp(((const struct rp_dictionary *)owner)->texts[number], key) == 0;
}

uint32_t rp_dictionary_text(struct rp_dictionary *d, const char *text)
{
	char *safe = rp_term_text_copy(text ? text : "");
	bool fresh;
	uint32_t at = rp_index_of(&d->text_index, rp_memory_hash(0, safe, strlen(safe)), same_text,
	                          d, safe, &fresh);

	if (fresh) {
		d->texts = rp_memory_grow(d->texts, d->n_texts, sizeof(*d->texts));
		d->texts[d->n_texts++] = rp_heap_text(&d->heap, safe, strlen(safe));
	}
	free(safe);
	return at;
}

static bool same_location(const void *owner, uint32_t number, const void *key)
{
	const struct rp_spot *a = ((const struct rp_dictionary *)owner)->locations[number];
	const struct rp_spot *b = key;

	if (a->module != b->module || a->vaddr != b->vaddr)
		return false;
	return a->module || a->function == b->function;
}

static uint32_t location_of(struct rp_dictionary *d, const struct rp_spot *leaf)
{
	uint64_t what = leaf->module ? leaf->vaddr : leaf->function;
	bool fresh;
	uint32_t at =
	        rp_index_of(&d->location_index, rp_memory_hash(leaf->module, &what, sizeof(what)),
	                    same_location, d, leaf, &fresh);

	if (fresh) {
		d->locations = rp_memory_grow(d->locations, d->n_locations, sizeof(*d->locations));
		d->locations[d->n_locations++] = leaf;
	}
	return at;
}

const struct rp_spot *rp_dictionary_around(const struct rp_dictionary *d,
                                           const struct rp_spot *spot)
{
	return spot->inlined && spot->caller ? &d->p->spots[spot->caller - 1] : NULL;
}

size_t rp_dictionary_stack(struct rp_dictionary *d, uint32_t leaf)
{
	size_t n = 0;

	while (leaf) {
		const struct rp_spot *spot = &d->p->spots[leaf - 1], *around;

		d->path[n++] = location_of(d, spot);
		while ((around = rp_dictionary_around(d, spot)))
			spot = around;
		leaf = spot->caller;
	}
	return n;
}

uint64_t rp_dictionary_limit(const struct rp_dictionary *d, size_t which)
{
	uint64_t limit = 0;

	for (size_t i = 0; i < d->n_locations; i++)
		if (d->locations[i]->module == which + 1 && d->locations[i]->vaddr >= limit)
			limit = d->locations[i]->vaddr + 1;
	return limit;
}
