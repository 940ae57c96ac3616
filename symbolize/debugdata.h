/* debugdata.h - the small symbol table that some distributions leave in stripped programs.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_DEBUGDATA_H
#define RP_SYMBOLIZE_DEBUGDATA_H

#include "symbolize/object.h"

/* Opens .gnu_debugdata of OBJECT->main into OBJECT->mini; false when there is none. */
bool rp_debugdata_open(struct rp_object *object);

#endif
