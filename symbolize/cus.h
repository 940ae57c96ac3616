/* cus.h - which compilation unit an address is in.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_CUS_H
#define RP_SYMBOLIZE_CUS_H

#include "symbolize/object.h"
#include "symbolize/units.h"

struct rp_cu {
	struct rp_unit *unit; /* holds ranges and lines */
	struct rp_cu *next;   /* in object->rangeless, or among those hit */
	bool hit;
	uint32_t first, last; /* the wanted addresses in it; see batch.c */
};

/* Builds the map of OBJECT from the unit DIEs (not .debug_aranges: clang writes none). */
void rp_cus_map(struct rp_object *object);

/* The unit of ADDR, or NULL. */
struct rp_cu *rp_cus_find(struct rp_object *object, uint64_t addr);

/* What holds the functions of CU: its unit, or the one in its .dwo file. */
struct rp_unit *rp_cus_body(struct rp_cu *cu);

#endif
