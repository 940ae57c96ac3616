/* inlines.h - the copies of other functions inside one function.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_INLINES_H
#define RP_SYMBOLIZE_INLINES_H

#include "symbolize/functions.h"

/* Fills FUNCTION->copies, once. */
void rp_inlines_expand(struct rp_object *object, struct rp_cu *cu, struct rp_function *function);

#endif
