/* plt.c - names for the stubs through which a module calls others.
 *
 * Room: symbolize.  A stub jumps through a GOT slot, a relocation names the slot's function.  Lazy
 * stubs beside .plt.sec have no slot: they push the number of their relocation.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/plt.h"

#include <gelf.h>
#include <stdio.h>
#include <string.h>

#include "symbolize/elfopen.h"
#include "symbolize/symbols.h"

enum { MAX_STUB_BYTES = 16, NAME_SUFFIX_BYTES = sizeof("@plt") };

struct plt_reader {
	struct rp_object *object;
	struct rp_addrmap by_slot;  /* GOT slot to name */
	struct rp_addrmap by_index; /* number in .rela.plt + 1 to name */
};

static const char *stub_name(struct plt_reader *r, const char *symbol)
{
	size_t n = strcspn(symbol, "@");
	char *name = rp_pool_take(&r->object->shared->pool, n + NAME_SUFFIX_BYTES);

	memcpy(name, symbol, n);
	memcpy(name + n, "@plt", NAME_SUFFIX_BYTES);
	return name;
}

static const char *symbol_name(Elf *elf, Elf_Scn *table, size_t index)
{
	GElf_Shdr header;
	GElf_Sym sym;

	if (!index || !table || !gelf_getshdr(table, &header) ||
	    !gelf_getsym(elf_getdata(table, NULL), (int)index, &sym))
		return NULL;
	const char *name = elf_strptr(elf, header.sh_link, sym.st_name);

	return name && *name ? name : NULL;
}

static void read_relocations(struct plt_reader *r, const char *section, bool numbered)
{
	Elf *elf = r->object->main.elf;
	Elf_Scn *scn = rp_elfopen_section(&r->object->main, section);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	GElf_Shdr header;
	GElf_Rela rela;

	if (!data || !gelf_getshdr(scn, &header) || header.sh_type != SHT_RELA)
		return;
	Elf_Scn *table = elf_getscn(elf, header.sh_link);

	for (int i = 0; gelf_getrela(data, i, &rela); i++) {
		size_t type = GELF_R_TYPE(rela.r_info);
		const char *symbol = NULL;

		if (type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT)
			symbol = symbol_name(elf, table, GELF_R_SYM(rela.r_info));
		else if (type == R_X86_64_IRELATIVE) /* libc's calls to its own memcpy */
			symbol = rp_symbols_find(r->object, (uint64_t)rela.r_addend);
		if (!symbol)
			continue;
		void *name = (void *)(uintptr_t)stub_name(r, symbol);

		rp_addrmap_put(&r->by_slot, rela.r_offset, name);
		if (numbered)
			rp_addrmap_put(&r->by_index, (uint64_t)i + 1, name);
	}
}

static uint32_t le32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The name of the stub of N bytes at ADDR: "jmp *slot(%rip)" or "push $index", which may follow
 * endbr64 or a prefix. */
static void *decode_stub(struct plt_reader *r, const uint8_t *stub, size_t n, uint64_t addr)
{
	void *name = NULL;

	for (size_t i = 0; i + 6 <= n && !name; i++)
		if (stub[i] == 0xff && stub[i + 1] == 0x25)
			name = rp_addrmap_get(&r->by_slot, addr + i + 6 +
			                                           (uint64_t)(int64_t)(int32_t)le32(
			                                                   stub + i + 2));
	/* endbr64 is four bytes; the push stands first or right after it. */
	for (size_t i = 0; i + 5 <= n && i <= 4 && !name; i += 4)
		if (stub[i] == 0x68)
			name = rp_addrmap_get(&r->by_index, (uint64_t)le32(stub + i + 1) + 1);
	return name;
}

static void read_stubs(struct plt_reader *r, const char *section)
{
	Elf_Scn *scn = rp_elfopen_section(&r->object->main, section);
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;
	GElf_Shdr header;

	if (!data || !data->d_buf || !gelf_getshdr(scn, &header))
		return;
	size_t step = header.sh_entsize == 8 ? 8 : MAX_STUB_BYTES;

	for (size_t at = 0; at + step <= data->d_size; at += step) {
		uint64_t addr = header.sh_addr + at;
		void *name = decode_stub(r, (const uint8_t *)data->d_buf + at, step, addr);

		if (name)
			rp_spans_add(&r->object->symbols, addr, addr + step, name, 0);
	}
}

void rp_plt_read(struct rp_object *object)
{
	static const char *const sections[] = {".plt", ".plt.sec", ".plt.got"};
	struct plt_reader r = {.object = object};
	GElf_Ehdr header;

	if (!gelf_getehdr(object->main.elf, &header) || header.e_machine != EM_X86_64)
		return;
	read_relocations(&r, ".rela.dyn", false);
	read_relocations(&r, ".rela.plt", true);
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		read_stubs(&r, sections[i]);
	rp_addrmap_free(&r.by_slot);
	rp_addrmap_free(&r.by_index);
}
