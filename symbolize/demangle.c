/* demangle.c - C++ and Rust names by libiberty, each only once.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/demangle.h"

#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

struct seen_name {
	struct seen_name *next; /* same hash */
	const char *mangled;
	const char *plain;
};

/* The demangler also reads type codes: without this guard a function "d" becomes "double". */
bool rp_demangle_is_mangled(const char *name)
{
	return name[0] == '_' && (name[1] == 'Z' || name[1] == 'R');
}

static uint64_t hash_of(const char *text, size_t n)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static const char *plain_of(struct rp_pool *pool, const char *mangled)
{
	char *heap = cplus_demangle(mangled, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO);

	if (!heap)
		return mangled;
	const char *plain = rp_pool_text(pool, heap, strlen(heap));

	free(heap);
	return plain;
}

const char *rp_demangle_name(struct rp_demangle *d, struct rp_pool *pool, const char *name)
{
	if (!rp_demangle_is_mangled(name))
		return name;
	size_t n = strlen(name);
	uint64_t hash = hash_of(name, n);
	struct seen_name *first = rp_addrmap_get(&d->seen, hash);

	for (struct seen_name *s = first; s; s = s->next)
		if (strcmp(s->mangled, name) == 0)
			return s->plain;
	struct seen_name *fresh = rp_pool_take(pool, sizeof(*fresh));

	fresh->next = first;
	fresh->mangled = rp_pool_text(pool, name, n);
	fresh->plain = plain_of(pool, fresh->mangled);
	rp_addrmap_put(&d->seen, hash, fresh);
	return fresh->plain;
}
