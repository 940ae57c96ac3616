/* sections.h - the debug sections of one file, each mapped or inflated when first asked for.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_SECTIONS_H
#define RP_SYMBOLIZE_SECTIONS_H

#include <stdbool.h>
#include <libelf.h>

#include "symbolize/bytes.h"
#include "symbolize/inflate.h"

enum rp_section {
	RP_SECTION_INFO,
	RP_SECTION_TYPES,
	RP_SECTION_ABBREV,
	RP_SECTION_STR,
	RP_SECTION_LINE_STR,
	RP_SECTION_STR_OFFSETS,
	RP_SECTION_ADDR,
	RP_SECTION_RANGES,
	RP_SECTION_RNGLISTS,
	RP_SECTION_LINE,
	RP_SECTION_CU_INDEX,
	RP_SECTION_TU_INDEX,
	RP_N_SECTIONS
};

struct rp_sections {
	Elf *elf;
	struct {
		Elf_Scn *scn; /* NULL: not in the file */
		bool loaded, old_zip;
		struct rp_inflated own;
		const uint8_t *at;
		size_t n;
	} at[RP_N_SECTIONS];
};

/* Finds the sections of ELF (borrowed); those of a .dwo or .dwp file when DWO. */
void rp_sections_find(struct rp_sections *sections, Elf *elf, bool dwo);

/* All bytes of a section; none when it is not there or damaged. */
struct rp_bytes rp_sections_bytes(struct rp_sections *sections, enum rp_section which);

/* The same from OFFSET on. */
struct rp_bytes rp_sections_from(struct rp_sections *sections, enum rp_section which,
                                 uint64_t offset);

/* The text at OFFSET of a section of strings, or NULL. */
const char *rp_sections_text(struct rp_sections *sections, enum rp_section which, uint64_t offset);

void rp_sections_free(struct rp_sections *sections);

#endif
