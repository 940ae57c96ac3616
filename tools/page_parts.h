/* page_parts.h - what the writers of a page's data share: its stream, its nodes, its texts.
 *
 * Room: tools, private to page*.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PAGE_PARTS_H
#define RP_PAGE_PARTS_H

#include <stdio.h>
#include "tools/page.h"
#include "tools/page_nodes.h"

struct rp_page_parts {
	FILE *out;
	const struct rp_profile *p;
	const struct rp_page_how *how;
	struct rp_page_nodes nodes;
	const char **texts; /* paths and kinds, each once; 0 is "" */
	size_t n_texts;
	struct rp_index text_index;
	const uint32_t *wait_of; /* per function: the text of what kind of wait it stands for */
};

/* The number of TEXT (borrowed; NULL: ""). */
uint32_t rp_page_text(struct rp_page_parts *parts, const char *text);

/* "KEY": - after a comma unless it is the FIRST of its object. */
void rp_page_key(struct rp_page_parts *parts, const char *key, bool first);

/* A column of numbers: begin, put each, end. */
void rp_page_column(struct rp_page_parts *parts, const char *key, bool first);
void rp_page_number(struct rp_page_parts *parts, size_t which, int64_t value);
void rp_page_column_end(struct rp_page_parts *parts);

/* Of page_lanes.c: "lanes", "stretches" and "waits", the columns with a time in them. */
void rp_page_lanes(struct rp_page_parts *parts);
void rp_page_stretches(struct rp_page_parts *parts);
void rp_page_waits(struct rp_page_parts *parts);

/* Of page_source.c: "sources", the lines around those that have time, where they can be read. */
void rp_page_sources(struct rp_page_parts *parts);

#endif
