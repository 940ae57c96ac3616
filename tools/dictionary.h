/* dictionary.h - texts and locations numbered once each: what pprof and OTLP profiles share.
 *
 * Room: tools.  A location is an address of a module, with what is inlined there; what has no
 * address (a wait, a truncated stack) is a location of its own function.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_DICTIONARY_H
#define RP_DICTIONARY_H

#include "tools/memory.h"
#include "tools/profile.h"

struct rp_dictionary {
	const struct rp_profile *p;
	struct rp_heap heap; /* for whoever builds a message on it, too */
	struct rp_index text_index, location_index;
	char **texts; /* UTF-8, harmless; 0 is "" */
	size_t n_texts;
	const struct rp_spot **locations; /* the innermost spot of each */
	size_t n_locations;
	uint32_t *path; /* of the last stack asked for, leaf first */
};

void rp_dictionary_make(struct rp_dictionary *d, const struct rp_profile *p);
void rp_dictionary_free(struct rp_dictionary *d);

/* The number of TEXT (NULL: ""). */
uint32_t rp_dictionary_text(struct rp_dictionary *d, const char *text);

/* The locations of the stack that ends in spot LEAF (+ 1), in d->path; how many. */
size_t rp_dictionary_stack(struct rp_dictionary *d, uint32_t leaf);

/* The caller of SPOT at the same address, in which it is inlined; NULL: SPOT is the outermost. */
const struct rp_spot *rp_dictionary_around(const struct rp_dictionary *d,
                                           const struct rp_spot *spot);

/* One more than the highest address used of module WHICH. */
uint64_t rp_dictionary_limit(const struct rp_dictionary *d, size_t which);

#endif
