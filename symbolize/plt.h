/* plt.h - names for the stubs through which a module calls others.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_PLT_H
#define RP_SYMBOLIZE_PLT_H

#include "symbolize/object.h"

/* Adds "f@plt" for every stub of .plt, .plt.sec and .plt.got to OBJECT->symbols (x86-64). */
void rp_plt_read(struct rp_object *object);

#endif
