/* cus.h - which compilation unit an address is in.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_CUS_H
#define RP_SYMBOLIZE_CUS_H

#include "symbolize/object.h"

struct rp_cu {
	struct rp_cu *next; /* in object->cu or object->rangeless */
	Dwarf_Die die;      /* holds ranges and lines */
	Dwarf_Die root;     /* holds the functions: die, or that of its .dwo file */

	bool walked, walked_types; /* see functions.h */
	struct rp_spans functions; /* of struct rp_function */
	bool has_lines;
	Dwarf_Lines *lines;
	size_t n_lines;
};

/* Builds the map of OBJECT from the CU DIEs (not .debug_aranges: clang writes none). */
void rp_cus_map(struct rp_object *object);

/* The unit of ADDR, or NULL. */
struct rp_cu *rp_cus_find(struct rp_object *object, uint64_t addr);

/* Reads the functions of the units that give no ranges of their own and maps those units by them.
 * True when the map grew.  Does its work once. */
bool rp_cus_map_rangeless(struct rp_object *object);

/* Whether the unit is C++: names of its members may need their class. */
bool rp_cus_is_cplus(struct rp_cu *cu);

void rp_cus_free(struct rp_object *object);

#endif
