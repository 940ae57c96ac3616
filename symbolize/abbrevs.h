/* abbrevs.h - abbreviation tables, compiled so that DIEs nobody wants are passed in a few steps.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_ABBREVS_H
#define RP_SYMBOLIZE_ABBREVS_H

#include "symbolize/addrmap.h"
#include "symbolize/bytes.h"
#include "symbolize/pool.h"

/* What a DIE is to the walks. */
enum rp_abbrev_kind {
	RP_ABBREV_OTHER,
	RP_ABBREV_FUNCTION,
	RP_ABBREV_COPY,  /* inlined */
	RP_ABBREV_BLOCK, /* code without a name of its own */
	RP_ABBREV_SCOPE, /* namespaces */
	RP_ABBREV_TYPE,  /* may hold functions */
};

struct rp_attr {
	uint16_t name, form;
	int64_t implicit; /* of DW_FORM_implicit_const */
};

/* N bytes, then something whose length is in the data. */
struct rp_step {
	uint32_t n_bytes;
	uint8_t then; /* private */
};

struct rp_abbrev {
	uint64_t code;
	uint16_t tag;
	bool has_children, has_code;
	uint8_t kind;
	uint32_t n_attrs, n_steps;
	const struct rp_attr *attr;
	const struct rp_step *step;
};

/* How wide things are in the units that use a table. */
struct rp_widths {
	uint8_t addr_bytes, offset_bytes, version;
};

struct rp_abbrevs {
	struct rp_abbrev *at; /* code N is at [N - 1]: how every compiler numbers */
	size_t n, cap;
	struct rp_addrmap others;
};

/* Compiles the table at the start of BYTES into POOL; how many bytes it takes. */
size_t rp_abbrevs_read(struct rp_abbrevs *table, struct rp_bytes bytes, struct rp_widths widths,
                       struct rp_pool *pool);

/* The same of one code only, without a table: for unit DIEs.  False when it is not there. */
bool rp_abbrevs_read_one(struct rp_abbrev *abbrev, struct rp_bytes *bytes, uint64_t code,
                         struct rp_widths widths, struct rp_pool *pool);

/* The abbreviation of CODE, or NULL. */
static inline const struct rp_abbrev *rp_abbrevs_get(const struct rp_abbrevs *table, uint64_t code)
{
	if (code - 1 < table->n)
		return &table->at[code - 1];
	return rp_addrmap_get(&table->others, code);
}

/* Moves DIE from behind its code to behind its attributes.  The unit's offset that DW_AT_sibling
 * gives, or 0. */
uint64_t rp_abbrevs_pass(const struct rp_abbrev *abbrev, struct rp_bytes *die,
                         struct rp_widths widths);

void rp_abbrevs_free(struct rp_abbrevs *table);

#endif
