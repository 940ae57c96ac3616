/* demangle.h - mangled names to names for people, each only once.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_DEMANGLE_H
#define RP_SYMBOLIZE_DEMANGLE_H

#include <stdbool.h>

#include "symbolize/addrmap.h"
#include "symbolize/pool.h"

/* All zero is an empty memory of names. */
struct rp_demangle {
	struct rp_addrmap seen;
};

/* Whether NAME is mangled, by C++ or Rust. */
bool rp_demangle_is_mangled(const char *name);

/* NAME demangled, from POOL; NAME itself when it is not mangled (the caller keeps it alive). */
const char *rp_demangle_name(struct rp_demangle *d, struct rp_pool *pool, const char *name);

#endif
