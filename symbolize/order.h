/* order.h - addresses in order.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_ORDER_H
#define RP_SYMBOLIZE_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* An address, and where it was. */
struct rp_order_item {
	uint64_t addr;
	size_t at;
};

/* Sorts the N items at ITEM by address; equal ones keep their order.  SPARE has room for N. */
void rp_order_sort(struct rp_order_item *item, struct rp_order_item *spare, size_t n);

#endif
