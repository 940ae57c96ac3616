/* units.h - the units of .debug_info.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_UNITS_H
#define RP_SYMBOLIZE_UNITS_H

#include "symbolize/dwarf.h"
#include "symbolize/forms.h"

/* What the first DIE of a unit says. */
struct rp_root {
	bool read, has_children, has_line;
	uint16_t tag, language;
	struct rp_value name, comp_dir, dwo_name;
	struct rp_value low, high, ranges;
	uint64_t low_pc; /* what range lists count from */
	uint64_t line;   /* offset of the line table */
	uint64_t str_offsets_base, addr_base, rnglists_base, ranges_base;
	const uint8_t *children;
};

struct rp_unit {
	struct rp_dwarf *dwarf;
	const uint8_t *base;              /* of the section: its offsets count from here */
	const uint8_t *begin, *die, *end; /* header, first DIE, behind the last */
	struct rp_widths widths;
	uint8_t type;                   /* DW_UT_... */
	uint64_t abbrev;                /* offset */
	uint64_t signature;             /* of a type, or the id of a .dwo */
	uint64_t type_offset;           /* of the type's DIE, from BEGIN */
	struct rp_unit *skeleton;       /* of a unit in a .dwo: the one in the program */
	const struct rp_abbrevs *table; /* NULL: not read yet */
	/* Of a .dwp: where the parts of this unit begin in the sections. */
	uint64_t line_part, str_offsets_part, rnglists_part;
	struct rp_root root;
};

/* Finds the units of .debug_info. */
void rp_units_find(struct rp_dwarf *dwarf);

/* Reads the root of UNIT, once.  False when it is damaged. */
bool rp_units_root(struct rp_unit *unit);

/* The abbreviations of UNIT, read once. */
const struct rp_abbrevs *rp_units_table(struct rp_unit *unit);

/* The unit around OFFSET of .debug_info, or NULL. */
struct rp_unit *rp_units_around(struct rp_dwarf *dwarf, uint64_t offset);

/* The type unit of SIGNATURE, or NULL. */
struct rp_unit *rp_units_of_type(struct rp_dwarf *dwarf, uint64_t signature);

#endif
