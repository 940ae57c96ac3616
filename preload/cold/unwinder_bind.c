/* unwinder_bind.c - see unwinder_bind.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/unwinder_bind.h"

#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include "preload/hot/unwinder.h"

enum { PAGE_BYTES = 4096 };

struct imports {
	uint64_t bias;
	const ElfW(Sym) * symbols;
	const char *names;
	const ElfW(Rela) * tables[2]; /* bound when loaded, bound when called */
	size_t n[2];
	uint64_t relro_lo, relro_hi; /* read-only since it was bound */
};

/* The loader has made addresses of these; where it did not, they are within the module. */
static const void *at(const struct link_map *map, uint64_t value)
{
	return (const void *)(uintptr_t)(value < map->l_addr ? value + map->l_addr : value);
}

static void find_relro(struct imports *imports)
{
	const ElfW(Ehdr) *elf = (const void *)(uintptr_t)imports->bias;
	const ElfW(Phdr) *ph = (const void *)(uintptr_t)(imports->bias + elf->e_phoff);

	for (unsigned i = 0; i < elf->e_phnum; i++)
		if (ph[i].p_type == PT_GNU_RELRO) {
			imports->relro_lo = imports->bias + ph[i].p_vaddr;
			imports->relro_hi = imports->relro_lo + ph[i].p_memsz;
		}
}

static bool find_imports(void *handle, struct imports *imports)
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

static struct rp_unwinder_answer *answer_to(const char *name)
{
	for (unsigned i = 0; i < rp_unwinder_n_answers; i++)
		if (strcmp(rp_unwinder_answers[i].name, name) == 0)
			return &rp_unwinder_answers[i];
	return NULL;
}

/* Its own functions under its own names; those of the C++ ABI may be another library's. */
static bool is_its_own(const ElfW(Sym) * symbol, const char *name)
{
	return symbol->st_shndx != SHN_UNDEF && strncmp(name, "_U", 2) == 0 &&
	       strncmp(name, "_Unwind", 7) != 0;
}

/* At once, not byte by byte: the host may be calling. */
static bool put(const struct imports *imports, uint64_t slot, void *value)
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

/* One import: is it known (DO_IT false), or is it bound. */
static bool import_one(const struct imports *imports, const ElfW(Rela) * rela, const char *name,
                       bool do_it)
{
	const ElfW(Sym) *symbol = &imports->symbols[ELF64_R_SYM(rela->r_info)];
	uint64_t slot = imports->bias + rela->r_offset;
	struct rp_unwinder_answer *answer = answer_to(name);

	if (is_its_own(symbol, name))
		return !do_it || ELF64_R_TYPE(rela->r_info) != R_X86_64_JUMP_SLOT ||
		       put(imports, slot, (void *)(uintptr_t)(imports->bias + symbol->st_value));
	if (symbol->st_shndx != SHN_UNDEF || strncmp(name, "lzma_", 5) == 0)
		return true;
	if (!answer)
		return false;
	if (!do_it) {
		answer->real = dlsym(RTLD_NEXT, name);
		return answer->real || !answer->ours;
	}
	void *value = answer->ours ? answer->ours : answer->real;

	return !value || put(imports, slot, value);
}

static bool each_import(const struct imports *imports, bool do_it, char import[RP_UNWINDER_IMPORT])
{
	for (unsigned t = 0; t < 2; t++)
		for (size_t i = 0; i < imports->n[t]; i++) {
			const ElfW(Rela) *rela = &imports->tables[t][i];
			uint32_t type = ELF64_R_TYPE(rela->r_info);

			if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT)
				continue;
			uint32_t number = ELF64_R_SYM(rela->r_info);
			const char *name = imports->names + imports->symbols[number].st_name;

			strncpy(import, name, RP_UNWINDER_IMPORT - 1);
			if (!import_one(imports, rela, name, do_it))
				return false;
		}
	return true;
}

bool rp_unwinder_bind(void *handle, char import[RP_UNWINDER_IMPORT])
{
	struct imports imports = {0};

	memset(import, 0, RP_UNWINDER_IMPORT);
	return find_imports(handle, &imports) && each_import(&imports, false, import) &&
	       each_import(&imports, true, import);
}
