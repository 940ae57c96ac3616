/* dwarf.h - the debug information of one file: its sections, units and abbreviation tables.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_DWARF_H
#define RP_SYMBOLIZE_DWARF_H

#include "symbolize/addrmap.h"
#include "symbolize/elfopen.h"
#include "symbolize/pool.h"
#include "symbolize/sections.h"

struct rp_unit;
struct rp_split;

struct rp_dwarf {
	struct rp_sections sections;
	struct rp_pool *pool;     /* borrowed */
	const char *path;         /* of the program, or NULL */
	struct rp_addrmap tables; /* abbreviations by offset and widths */
	struct rp_unit *unit;     /* of .debug_info, in its order */
	size_t n_units;
	struct rp_unit *type_unit; /* of .debug_types */
	size_t n_type_units;
	bool has_types; /* whether they were looked for, and SIGNATURES filled */
	struct rp_addrmap signatures;
	size_t abbrev_budget;   /* bytes of .debug_abbrev that may still be read */
	size_t range_budget;    /* entries of range lists */
	struct rp_dwarf *alt;   /* dwz */
	struct rp_split *split; /* .dwo files and the .dwp file opened so far, or NULL */
	struct rp_elf_file own; /* of alt and split files, which nobody else holds */
};

/* Reads the units of ELF, which holds .debug_info, or .debug_info.dwo when DWO.  NULL when there
 * are none.  Borrows ELF and takes memory from POOL. */
struct rp_dwarf *rp_dwarf_open(Elf *elf, bool dwo, struct rp_pool *pool);

/* NULL is nothing to close. */
void rp_dwarf_close(struct rp_dwarf *dwarf);

/* A damaged file can make any amount of work out of few bytes: how much is allowed until the next
 * call.  Once used up, things are as if they were not there. */
void rp_dwarf_allow(struct rp_dwarf *dwarf);

#endif
