/* words.h - what a DIE and those it stands for say of its name.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_WORDS_H
#define RP_SYMBOLIZE_WORDS_H

#include "symbolize/dies.h"

struct rp_words {
	unsigned tag;
	const char *name, *linkage; /* or NULL */
	uint32_t decl_line;         /* or 0 */
	uint16_t language;
	struct rp_die declared; /* where the way of abstract_origin and specification ends */
};

/* Reads the words of DIE, and those that it lacks along abstract_origin and specification: also
 * into other units (LTO, Rust), type units and the dwz file. */
void rp_words_read(const struct rp_die *die, struct rp_words *words);

#endif
