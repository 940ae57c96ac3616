/* clones.h - symbols of copies that the compiler made of a function: "parse.part.0.cold".
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_CLONES_H
#define RP_SYMBOLIZE_CLONES_H

#include "symbolize/object.h"

/* What SYMBOL carries behind the function's name, ".part.0.cold"; NULL: nothing. */
const char *rp_clones_suffix(const char *symbol);

/* SYMBOL without that, demangled.  Lives as long as the symbolizer. */
const char *rp_clones_name(struct rp_shared *shared, const char *symbol);

#endif
