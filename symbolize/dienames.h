/* dienames.h - what a function is called and where it is declared.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_DIENAMES_H
#define RP_SYMBOLIZE_DIENAMES_H

#include "symbolize/functions.h"
#include "symbolize/object.h"

struct rp_dienames_entry {
	const char *name; /* for people; NULL: the DWARF gives none */
	uint32_t decl_line;
};

/* The entry of FUNCTION.  SYMBOL is the mangled name of a symbol at its address, or NULL: it is
 * used when the DWARF names a member of a class without its class. */
const struct rp_dienames_entry *
rp_dienames_get(struct rp_object *object, const struct rp_function *function, const char *symbol);

#endif
