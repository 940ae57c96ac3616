/* functions.h - the functions of a unit, and the copies inlined into them.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_FUNCTIONS_H
#define RP_SYMBOLIZE_FUNCTIONS_H

#include "symbolize/cus.h"

struct rp_dienames_entry;

/* A function with code, or one inlined copy of a function. */
struct rp_function {
	Dwarf_Die die;
	struct rp_function *into;             /* inlined into this one; NULL: stands by itself */
	const struct rp_dienames_entry *name; /* filled by dienames.c at first use */
	const char *call_file;                /* of a copy: where it was called */
	uint32_t call_line;
	bool expanded;          /* whether COPIES is filled */
	struct rp_spans copies; /* inlined copies inside, at any depth */
};

/* Reads the functions of CU, once: those in namespaces, without looking into types. */
void rp_functions_read(struct rp_object *object, struct rp_cu *cu);

/* Adds those inside types and inside functions (lambdas, local classes), once.  True when there
 * was anything to add. */
bool rp_functions_read_types(struct rp_object *object, struct rp_cu *cu);

/* The innermost function or copy at ADDR, or NULL. */
struct rp_function *rp_functions_find(struct rp_object *object, struct rp_cu *cu, uint64_t addr);

void rp_functions_free(struct rp_cu *cu);

#endif
