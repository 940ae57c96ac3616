/* debugfile.h - from a module to the files that know its names.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_DEBUGFILE_H
#define RP_SYMBOLIZE_DEBUGFILE_H

#include "symbolize/object.h"

/* Opens the module's own file into OBJECT->main, sets the state when that fails, and looks for
 * debug information: OBJECT->dwarf, and OBJECT->debug when it is in another file. */
void rp_debugfile_open(struct rp_object *object);

#endif
