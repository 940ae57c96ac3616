/* imports.c - see imports.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/imports.h"

#include <dlfcn.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 4096 };

/* The loader has made addresses of these; where it did not, they are within the module. */
static const void *at(const struct link_map *map, uint64_t value)
{
	return (const void *)(uintptr_t)(value < map->l_addr ? value + map->l_addr : value);
}

static void find_relro(struct rp_imports *imports)
{
	const ElfW(Ehdr) *elf = (const void *)(uintptr_t)imports->bias;
	const ElfW(Phdr) *ph = (const void *)(uintptr_t)(imports->bias + elf->e_phoff);

	for (unsigned i = 0; i < elf->e_phnum; i++)
		if (ph[i].p_type == PT_GNU_RELRO) {
			imports->relro_lo = imports->bias + ph[i].p_vaddr;
			imports->relro_hi = imports->relro_lo + ph[i].p_memsz;
		}
}

bool rp_imports_find(void *handle, struct rp_imports *imports)
{
	struct link_map *map;

	if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0)
		return false;
	imports->bias = map->l_addr;
	for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			imports->symbols = at(map, d->d_un.d_ptr);
		else if (d->d_tag == DT_STRTAB)
			imports->names = at(map, d->d_un.d_ptr);
		else if (d->d_tag == DT_RELA)
			imports->tables[0] = at(map, d->d_un.d_ptr);
		else if (d->d_tag == DT_RELASZ)
			imports->n[0] = d->d_un.d_val / sizeof(ElfW(Rela));
		else if (d->d_tag == DT_JMPREL)
			imports->tables[1] = at(map, d->d_un.d_ptr);
		else if (d->d_tag == DT_PLTRELSZ)
			imports->n[1] = d->d_un.d_val / sizeof(ElfW(Rela));
	}
	find_relro(imports);
	return imports->symbols && imports->names;
}

/* At once, not byte by byte: the host may be calling. */
bool rp_imports_put(const struct rp_imports *imports, uint64_t slot, void *value)
{
	void **to = (void **)(uintptr_t)slot;
	void *page = (void *)(uintptr_t)(slot & ~(uint64_t)(PAGE_BYTES - 1));
	bool closed = slot >= imports->relro_lo && slot < imports->relro_hi;

	if (__atomic_load_n(to, __ATOMIC_ACQUIRE) == value)
		return true;
	if (closed && mprotect(page, PAGE_BYTES, PROT_READ | PROT_WRITE) != 0)
		return false;
	__atomic_store_n(to, value, __ATOMIC_RELEASE);
	if (closed)
		mprotect(page, PAGE_BYTES, PROT_READ);
	return true;
}
