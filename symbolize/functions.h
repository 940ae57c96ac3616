/* functions.h - the functions around the addresses wanted of a unit, and the copies inlined there.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_FUNCTIONS_H
#define RP_SYMBOLIZE_FUNCTIONS_H

#include "symbolize/dies.h"
#include "symbolize/pool.h"
#include "symbolize/wants.h"

/* A function with code, or one inlined copy of a function. */
struct rp_function {
	struct rp_die die;
	struct rp_value origin;   /* what DW_AT_abstract_origin says in DIE */
	struct rp_function *into; /* inlined into this one; NULL: stands by itself */
	uint64_t call_file;       /* of a copy: where it was called */
	uint32_t call_line;
};

/* Gives every want whose address is in a function of UNIT that function, from POOL.  Functions
 * inside types and inside functions (lambdas, local classes) are only looked for when HIDDEN, and
 * then only for wants that have none. */
void rp_functions_find(struct rp_unit *unit, struct rp_wants *wants, bool hidden,
                       struct rp_pool *pool);

#endif
