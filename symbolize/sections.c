/* sections.c - the debug sections of one file, each mapped or inflated when first asked for.
 *
 * Room: symbolize.  libdw inflates every section at open, also the large ones nobody needs here.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/sections.h"

#include <endian.h>
#include <gelf.h>

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

static const char *const names[RP_N_SECTIONS] = {
        [RP_SECTION_INFO] = "debug_info",         [RP_SECTION_TYPES] = "debug_types",
        [RP_SECTION_ABBREV] = "debug_abbrev",     [RP_SECTION_STR] = "debug_str",
        [RP_SECTION_LINE_STR] = "debug_line_str", [RP_SECTION_STR_OFFSETS] = "debug_str_offsets",
        [RP_SECTION_ADDR] = "debug_addr",         [RP_SECTION_RANGES] = "debug_ranges",
        [RP_SECTION_RNGLISTS] = "debug_rnglists", [RP_SECTION_LINE] = "debug_line",
        [RP_SECTION_CU_INDEX] = "debug_cu_index", [RP_SECTION_TU_INDEX] = "debug_tu_index",
};

/* ".debug_info" or ".zdebug_info", with or without ".dwo"; which, or RP_N_SECTIONS.  The indexes
 * of a .dwp file carry no ".dwo". */
static int which_is(const char *name, bool dwo, bool *old_zip)
{
	if (*name++ != '.')
		return RP_N_SECTIONS;
	*old_zip = *name == 'z';
	name += *old_zip;
	for (int i = 0; i < RP_N_SECTIONS; i++) {
		size_t n = strlen(names[i]);
		bool index = i == RP_SECTION_CU_INDEX || i == RP_SECTION_TU_INDEX;

		if (strncmp(name, names[i], n) == 0 &&
		    strcmp(name + n, dwo && !index ? ".dwo" : "") == 0)
			return i;
	}
	return RP_N_SECTIONS;
}

void rp_sections_find(struct rp_sections *sections, Elf *elf, bool dwo)
{
	size_t strings;
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	*sections = (struct rp_sections){.elf = elf};
	if (elf_getshdrstrndx(elf, &strings) != 0)
		return;
	while ((scn = elf_nextscn(elf, scn))) {
		bool old_zip = false;
		const char *name = NULL;

		if (gelf_getshdr(scn, &header) && header.sh_type != SHT_NOBITS)
			name = elf_strptr(elf, strings, header.sh_name);
		int which = name ? which_is(name, dwo, &old_zip) : RP_N_SECTIONS;

		if (which < RP_N_SECTIONS && !sections->at[which].scn) {
			sections->at[which].scn = scn;
			sections->at[which].old_zip = old_zip;
		}
	}
}

/* "ZLIB" and the size, big-endian, before the stream: how gold and old binutils did it. */
static bool inflate_old(struct rp_inflated *out, const uint8_t *in, size_t n_in)
{
	uint64_t n_out;

	if (n_in < 12 || memcmp(in, "ZLIB", 4) != 0)
		return false;
	memcpy(&n_out, in + 4, sizeof(n_out));
	return rp_inflate_zlib(out, in + 12, n_in - 12, be64toh(n_out));
}

static bool inflate_packed(struct rp_inflated *out, const struct rp_sections *s, Elf_Scn *scn,
                           const uint8_t *in, size_t n_in)
{
	GElf_Chdr header;
	size_t n_header =
	        gelf_getclass(s->elf) == ELFCLASS32 ? sizeof(Elf32_Chdr) : sizeof(Elf64_Chdr);

	if (!gelf_getchdr(scn, &header) || n_in < n_header)
		return false;
	in += n_header;
	n_in -= n_header;
	if (header.ch_type == ELFCOMPRESS_ZLIB)
		return rp_inflate_zlib(out, in, n_in, header.ch_size);
	return header.ch_type == ELFCOMPRESS_ZSTD && rp_inflate_zstd(out, in, n_in, header.ch_size);
}

static void inflate(struct rp_sections *s, enum rp_section which, bool packed)
{
	struct rp_inflated *own = &s->at[which].own;
	const uint8_t *in = s->at[which].at;
	size_t n_in = s->at[which].n;

	if (packed)
		inflate_packed(own, s, s->at[which].scn, in, n_in);
	else
		inflate_old(own, in, n_in);
	s->at[which].at = own->at;
	s->at[which].n = own->n;
}

/* So that any text that begins inside also ends inside. */
static void cut_at_last_nul(struct rp_sections *s, enum rp_section which)
{
	const uint8_t *nul = s->at[which].n ? memrchr(s->at[which].at, 0, s->at[which].n) : NULL;

	s->at[which].n = nul ? (size_t)(nul - s->at[which].at) + 1 : 0;
}

static void load(struct rp_sections *s, enum rp_section which)
{
	Elf_Scn *scn = s->at[which].scn;
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;
	GElf_Shdr header;

	s->at[which].loaded = true;
	if (!data || !data->d_buf || !gelf_getshdr(scn, &header))
		return;
	s->at[which].at = data->d_buf;
	s->at[which].n = data->d_size;
	if ((header.sh_flags & SHF_COMPRESSED) || s->at[which].old_zip)
		inflate(s, which, header.sh_flags & SHF_COMPRESSED);
	if (which == RP_SECTION_STR || which == RP_SECTION_LINE_STR)
		cut_at_last_nul(s, which);
}

struct rp_bytes rp_sections_bytes(struct rp_sections *sections, enum rp_section which)
{
	if (!sections->at[which].loaded)
		load(sections, which);
	const uint8_t *at = sections->at[which].at;

	return (struct rp_bytes){at, at ? at + sections->at[which].n : NULL};
}

struct rp_bytes rp_sections_from(struct rp_sections *sections, enum rp_section which,
                                 uint64_t offset)
{
	struct rp_bytes bytes = rp_sections_bytes(sections, which);

	rp_bytes_skip(&bytes, offset);
	return bytes;
}

const char *rp_sections_text(struct rp_sections *sections, enum rp_section which, uint64_t offset)
{
	struct rp_bytes bytes = rp_sections_from(sections, which, offset);

	return rp_bytes_left(&bytes) ? (const char *)bytes.at : NULL;
}

void rp_sections_free(struct rp_sections *sections)
{
	for (int i = 0; i < RP_N_SECTIONS; i++)
		rp_inflate_free(&sections->at[i].own);
}
