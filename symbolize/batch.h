/* batch.h - many addresses of one module at once, unit by unit.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_BATCH_H
#define RP_SYMBOLIZE_BATCH_H

#include "symbolize/object.h"
#include "symbolize/order.h"
#include "symbolize/resolve.h"

/* Gives the frames of the N items, which are sorted, to SINK. */
void rp_batch_answer(struct rp_object *object, const struct rp_order_item *item, size_t n,
                     const struct rp_resolve_sink *sink);

#endif
