/* dies.h - DIEs: their attributes, those that they refer to, and what comes after them.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_DIES_H
#define RP_SYMBOLIZE_DIES_H

#include "symbolize/units.h"

struct rp_die {
	struct rp_unit *unit;
	const uint8_t *at; /* its code */
};

/* The attributes of one DIE, one by one. */
struct rp_attrs {
	const struct rp_unit *unit;
	const struct rp_abbrev *abbrev;
	struct rp_bytes bytes; /* of the rest of the unit */
	uint32_t i;
};

/* Reads a DIE's code; false when there is none: the end of its siblings, or damage. */
bool rp_dies_open(const struct rp_die *die, struct rp_attrs *attrs);

/* The next attribute, or false. */
bool rp_dies_attr(struct rp_attrs *attrs, unsigned *name, struct rp_value *value);

/* The DIE that VALUE, read in UNIT, refers to; false when there is none. */
bool rp_dies_refer(struct rp_unit *unit, const struct rp_value *value, struct rp_die *die);

/* The abbreviation of the DIE at BYTES, which move behind its code; NULL at the end of a list. */
static inline const struct rp_abbrev *rp_dies_next(const struct rp_unit *unit,
                                                   struct rp_bytes *bytes)
{
	uint64_t code = rp_bytes_uleb(bytes);
	const struct rp_abbrev *abbrev = code ? rp_abbrevs_get(unit->table, code) : NULL;

	if (code && !abbrev) /* damage: nobody knows where its attributes end */
		bytes->at = bytes->end;
	return abbrev;
}

/* From behind the attributes of a DIE with children to its next sibling.  SIBLING: what
 * DW_AT_sibling said, or 0. */
void rp_dies_leave(const struct rp_unit *unit, struct rp_bytes *bytes, uint64_t sibling);

/* From behind the code of a DIE to its next sibling. */
void rp_dies_pass(const struct rp_unit *unit, const struct rp_abbrev *abbrev,
                  struct rp_bytes *bytes);

#endif
