/* forms.h - attribute values, as they stand in a DIE.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_FORMS_H
#define RP_SYMBOLIZE_FORMS_H

#include "symbolize/abbrevs.h"

struct rp_unit;

struct rp_value {
	uint16_t form;        /* 0: the attribute is not there */
	uint64_t number;      /* constant, offset, index or address; of a block: its length */
	const uint8_t *bytes; /* of a text or a block; NULL: damaged */
};

/* The bytes that FORM takes, or -1 when its data tell. */
int rp_forms_bytes(unsigned form, struct rp_widths widths);

/* Reads the value of ATTR off DIE. */
void rp_forms_read(struct rp_bytes *die, const struct rp_attr *attr, struct rp_widths widths,
                   struct rp_value *value);

/* VALUE, read in a DIE of UNIT, as text; NULL when it is none. */
const char *rp_forms_text(const struct rp_unit *unit, const struct rp_value *value);

/* VALUE as an address; false when it is none. */
bool rp_forms_addr(const struct rp_unit *unit, const struct rp_value *value, uint64_t *addr);

/* The address at INDEX of the table that UNIT uses. */
bool rp_forms_addr_at(const struct rp_unit *unit, uint64_t index, uint64_t *addr);

#endif
