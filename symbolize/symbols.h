/* symbols.h - names from symbol tables.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_SYMBOLS_H
#define RP_SYMBOLIZE_SYMBOLS_H

#include "symbolize/object.h"

/* Reads .symtab (of the module, else of its debug file), else .dynsym, and the PLT.
 * Sets state and source when there is no DWARF. */
void rp_symbols_read(struct rp_object *object);

/* The symbol that covers ADDR, mangled; or NULL. */
const char *rp_symbols_find(struct rp_object *object, uint64_t addr);

void rp_symbols_free(struct rp_object *object);

#endif
