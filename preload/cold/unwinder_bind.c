/* unwinder_bind.c - see unwinder_bind.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/unwinder_bind.h"

#include <dlfcn.h>
#include <string.h>
#include "preload/cold/imports.h"
#include "preload/hot/unwinder.h"

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

/* One import: is it known (DO_IT false), or is it bound. */
static bool import_one(const struct rp_imports *imports, const ElfW(Rela) * rela, const char *name,
                       bool do_it)
{
	const ElfW(Sym) *symbol = &imports->symbols[ELF64_R_SYM(rela->r_info)];
	uint64_t slot = imports->bias + rela->r_offset;
	struct rp_unwinder_answer *answer = answer_to(name);

	if (is_its_own(symbol, name))
		return !do_it || ELF64_R_TYPE(rela->r_info) != R_X86_64_JUMP_SLOT ||
		       rp_imports_put(imports, slot,
		                      (void *)(uintptr_t)(imports->bias + symbol->st_value));
	if (symbol->st_shndx != SHN_UNDEF || strncmp(name, "lzma_", 5) == 0)
		return true;
	if (!answer)
		return false;
	if (!do_it) {
		answer->real = dlsym(RTLD_NEXT, name);
		return answer->real || !answer->ours;
	}
	void *value = answer->ours ? answer->ours : answer->real;

	return !value || rp_imports_put(imports, slot, value);
}

static bool each_import(const struct rp_imports *imports, bool do_it,
                        char import[RP_UNWINDER_IMPORT])
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
	struct rp_imports imports = {0};

	memset(import, 0, RP_UNWINDER_IMPORT);
	return rp_imports_find(handle, &imports) && each_import(&imports, false, import) &&
	       each_import(&imports, true, import);
}
