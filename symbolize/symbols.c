/* symbols.c - names from symbol tables.
 *
 * Room: symbolize.  Own sorted array: libdwfl's search is linear, 1.7 ms an address in node.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/symbols.h"

#include <gelf.h>
#include <string.h>

#include "symbolize/debugdata.h"
#include "symbolize/elfopen.h"
#include "symbolize/plt.h"

/* The bigger one wins where two names begin at one address: functions before bare labels, global
 * before weak before local, "write" before "__write". */
static uint32_t rank_of(const GElf_Sym *sym, const char *name)
{
	int type = GELF_ST_TYPE(sym->st_info), bind = GELF_ST_BIND(sym->st_info);
	uint32_t rank = type == STT_NOTYPE ? 1 : 100;
	size_t n_bars = strspn(name, "_");

	rank += bind == STB_LOCAL ? 0 : bind == STB_WEAK ? 20 : 40;
	return rank + 9 - (n_bars < 9 ? (uint32_t)n_bars : 9);
}

static bool is_code(const GElf_Sym *sym, const char *name)
{
	int type = GELF_ST_TYPE(sym->st_info);

	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS || !name || !*name)
		return false;
	return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
}

/* "memcpy@@GLIBC_2.14" is memcpy. */
static const char *without_version(struct rp_object *o, const char *name)
{
	const char *at = strchr(name, '@');

	return at && at != name ? rp_pool_text(&o->shared->pool, name, (size_t)(at - name)) : name;
}

static void add_symbol(struct rp_object *o, const GElf_Sym *sym, const char *name)
{
	uint64_t lo = sym->st_value, hi = lo + sym->st_size;

	if (!is_code(sym, name))
		return;
	uint32_t rank = rank_of(sym, name);
	void *item = (void *)(uintptr_t)without_version(o, name);

	/* Without a size only the address itself is known to be meant. */
	if (sym->st_size)
		rp_spans_add(&o->symbols, lo, hi, item, rank);
	else
		rp_spans_add(&o->bare_symbols, lo, lo + 1, item, rank);
}

static bool read_table(struct rp_object *o, const struct rp_elf_file *file, Elf_Scn *scn)
{
	GElf_Shdr header;
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	GElf_Sym sym;

	if (!data || !gelf_getshdr(scn, &header) || !header.sh_entsize)
		return false;
	for (int i = 1; gelf_getsym(data, i, &sym); i++)
		add_symbol(o, &sym, elf_strptr(file->elf, header.sh_link, sym.st_name));
	return o->symbols.n + o->bare_symbols.n > 0;
}

static bool read_from(struct rp_object *o, const struct rp_elf_file *file, const char *section,
                      enum rp_sym_state state)
{
	if (!file->elf || !read_table(o, file, rp_elfopen_section(file, section)))
		return false;
	if (!o->dwarf) {
		o->state = state;
		o->source = file->path;
	}
	return true;
}

/* What is left in a stripped file: the exported names, and perhaps those of all functions. */
static void read_small(struct rp_object *o)
{
	read_from(o, &o->main, ".dynsym", RP_SYM_DYNSYM);
	if (o->main.elf && rp_debugdata_open(o)) {
		o->mini.path = o->main.path;
		read_from(o, &o->mini, ".symtab", RP_SYM_SYMTAB);
	}
}

void rp_symbols_read(struct rp_object *object)
{
	if (!read_from(object, &object->main, ".symtab", RP_SYM_SYMTAB) &&
	    !read_from(object, &object->debug, ".symtab", RP_SYM_SYMTAB))
		read_small(object);
	rp_spans_flatten(&object->symbols);
	rp_spans_flatten(&object->bare_symbols);
	if (object->main.elf)
		rp_plt_read(object);
	rp_spans_flatten(&object->symbols);
}

const char *rp_symbols_find(struct rp_object *object, uint64_t addr)
{
	const char *name = rp_spans_find(&object->symbols, addr);

	return name ? name : rp_spans_find(&object->bare_symbols, addr);
}

void rp_symbols_free(struct rp_object *object)
{
	rp_spans_free(&object->symbols);
	rp_spans_free(&object->bare_symbols);
}
