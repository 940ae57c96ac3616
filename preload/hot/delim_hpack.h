/* delim_hpack.h - field blocks of HTTP/2 (HPACK, RFC 7541): the few fields that we ask for.
 *
 * Room: hot, pure.  Of the dynamic table only the asked fields are kept, with the number of their
 * insertion: an index counts insertions from the newest one, which eviction never changes.  So no
 * block needs more memory than its owner gave, whatever the table's size is.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DELIM_HPACK_H
#define RP_HOT_DELIM_HPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/delim.h"
#include "preload/hot/delim_huffman.h"

enum rp_field_name {
	RP_FIELD_OTHER,
	RP_FIELD_METHOD,
	RP_FIELD_PATH,
	RP_FIELD_AUTHORITY,
	RP_FIELD_HOST,
	RP_FIELD_STATUS,
	RP_FIELD_TRIGGER,
	RP_FIELD_TRACEPARENT,
	RP_FIELD_FORWARDED, /* any that says so; its value is never kept */
};

/* A field of the dynamic table that was asked for. */
struct rp_hpack_entry {
	uint32_t number; /* of its insertion, from 1 */
	uint16_t at, n;  /* its value, in VALUES */
	uint8_t name;
	bool cut;
};

struct rp_hpack {
	/* Given by the owner, of these sizes; ASKED: 1 << rp_field_name of each. */
	struct rp_hpack_entry *entries;
	char *values, *text;
	uint16_t n_entries, n_values, n_text, asked;
	/* The field that is being read. */
	uint8_t state, shift, name, n_spelled;
	bool inserts, coded, cut;
	uint16_t begin, used; /* its value, and all of this block's, in TEXT */
	uint32_t number, left;
	struct rp_huffman code;
	char spelled[24];
	/* The table. */
	uint32_t inserted, lost; /* numbers: the newest, the newest that was kept no longer */
	uint16_t first, count, end;
	bool unsure; /* of this block: it has a field that was kept no longer */
};

struct rp_field {
	enum rp_field_name name; /* one that was asked for */
	struct rp_span value;    /* until the next block */
	bool cut;                /* it was longer */
};

enum rp_hpack_event { RP_HPACK_MORE, RP_HPACK_FIELD, RP_HPACK_BAD };

/* A block begins. */
void rp_hpack_begin(struct rp_hpack *h);

/* Consumes bytes of a block up to the next field that was asked for (FIELD), or all of them. */
enum rp_hpack_event rp_hpack_feed(struct rp_hpack *h, const char **bytes, size_t *n,
                                  struct rp_field *field);

/* A block may end here. */
bool rp_hpack_ends(const struct rp_hpack *h);

#endif
