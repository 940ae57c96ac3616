/* scope.h - the classes and functions around a DIE, as part of its name.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_SCOPE_H
#define RP_SYMBOLIZE_SCOPE_H

#include "symbolize/object.h"
#include "symbolize/words.h"

/* NAME of DIE with the scopes around it: "app::handle::{lambda}::operator()".  NAME itself when it
 * is not a member of a class.  Costs a search from the unit's DIE: for the few names that have no
 * linkage name. */
const char *rp_scope_qualify(struct rp_object *object, const struct rp_die *die, const char *name);

#endif
