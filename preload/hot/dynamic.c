/* dynamic.c - see dynamic.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/dynamic.h"

#include <stddef.h>

enum { HIDDEN = 0x8000 }; /* in a symbol's version: not the current one */

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* glibc has made addresses of these; where it did not (the vdso), they are within the module. */
static const void *at(const struct rp_dynamic *d, const ElfW(Dyn) * entry)
{
	uintptr_t value = entry->d_un.d_ptr;

	return (const void *)(value < d->bias ? value + d->bias : value);
}

static void take(struct rp_dynamic *d, const ElfW(Dyn) * entry)
{
	switch (entry->d_tag) {
	case DT_SYMTAB:
		d->symbols = at(d, entry);
		break;
	case DT_STRTAB:
		d->strings = at(d, entry);
		break;
	case DT_GNU_HASH:
		d->gnu = at(d, entry);
		break;
	case DT_HASH:
		d->sysv = at(d, entry);
		break;
	case DT_VERDEF:
		d->versioned = true;
		break;
	case DT_VERSYM:
		d->versions = at(d, entry);
		break;
	}
}

bool rp_dynamic_read(struct rp_dynamic *d, const struct dl_phdr_info *info)
{
	*d = (struct rp_dynamic){.bias = info->dlpi_addr, .lo = UINTPTR_MAX};
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t lo = d->bias + ph->p_vaddr, hi = lo + ph->p_memsz;

		if (ph->p_type == PT_DYNAMIC)
			d->entries = (const void *)lo;
		if (ph->p_type != PT_LOAD)
			continue;
		d->lo = lo < d->lo ? lo : d->lo;
		d->hi = hi > d->hi ? hi : d->hi;
	}
	if (!d->entries)
		return false;
	for (const ElfW(Dyn) *entry = d->entries; entry->d_tag != DT_NULL; entry++)
		take(d, entry);
	for (const ElfW(Dyn) *entry = d->entries; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_SONAME && d->strings)
			d->soname = d->strings + entry->d_un.d_val;
	return d->symbols && d->strings;
}

/* The address of symbol I, when it is a function called NAME. */
static void *function(const struct rp_dynamic *d, uint32_t i, const char *name)
{
	const ElfW(Sym) *symbol = &d->symbols[i];
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	if (symbol->st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_NOTYPE) ||
	    (d->versions && d->versions[i] & HIDDEN) || !same(d->strings + symbol->st_name, name))
		return NULL;
	return (void *)(d->bias + symbol->st_value);
}

static void *find_gnu(const struct rp_dynamic *d, const char *name)
{
	uint32_t n_buckets = d->gnu[0], first = d->gnu[1], n_bloom = d->gnu[2], hash = 5381;
	const uint32_t *buckets = d->gnu + 4 + n_bloom * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
	const uint32_t *chain = buckets + n_buckets;

	for (const char *c = name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	for (uint32_t i = n_buckets ? buckets[hash % n_buckets] : 0; i && i >= first; i++) {
		void *found = (chain[i - first] | 1) == (hash | 1) ? function(d, i, name) : NULL;

		if (found || chain[i - first] & 1)
			return found;
	}
	return NULL;
}

void *rp_dynamic_find(const struct rp_dynamic *d, const char *name)
{
	void *found = NULL;

	if (d->gnu)
		return find_gnu(d, name);
	for (uint32_t i = 0; d->sysv && !found && i < d->sysv[1]; i++) /* rare: one by one */
		found = function(d, i, name);
	return found;
}

bool rp_dynamic_needs(const struct rp_dynamic *d, const char *soname)
{
	for (const ElfW(Dyn) *entry = d->entries; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_NEEDED && same(d->strings + entry->d_un.d_val, soname))
			return true;
	return false;
}
