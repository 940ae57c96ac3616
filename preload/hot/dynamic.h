/* dynamic.h - what a loaded module exports and needs, read where the loader has put it.
 *
 * Room: hot.  No lock and no memory: whoever reads makes sure that the module stays
 * (dl_iterate_phdr does, for the time of its callback).
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DYNAMIC_H
#define RP_HOT_DYNAMIC_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

struct rp_dynamic {
	uintptr_t bias, lo, hi; /* it is mapped in [lo, hi) */
	const ElfW(Dyn) * entries;
	const ElfW(Sym) * symbols;
	const ElfW(Half) * versions; /* NULL: its names have none */
	const char *strings;
	const uint32_t *gnu, *sysv; /* its tables of names; the first is the usual one */
	const char *soname;         /* NULL: none */
	bool versioned;             /* what it exports has versions */
};

/* False: INFO has nothing to look up. */
bool rp_dynamic_read(struct rp_dynamic *d, const struct dl_phdr_info *info);

/* The function NAME of D, in its current version; NULL: there is none.  One that chooses itself
 * when it is bound (IFUNC) is none, either. */
void *rp_dynamic_find(const struct rp_dynamic *d, const char *name);

/* D was linked with the library SONAME. */
bool rp_dynamic_needs(const struct rp_dynamic *d, const char *soname);

static inline bool rp_dynamic_holds(const struct rp_dynamic *d, const void *at)
{
	return (uintptr_t)at - d->lo < d->hi - d->lo;
}

#endif
