/* order.c - addresses in order: by radix, which needs two or three passes within one module.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/order.h"

#include <string.h>

enum { DIGIT_BITS = 11, N_DIGITS = 1 << DIGIT_BITS };

static size_t digit_of(uint64_t addr, unsigned shift)
{
	return (size_t)(addr >> shift) & (N_DIGITS - 1);
}

static void pass(const struct rp_order_item *from, struct rp_order_item *to, size_t n,
                 unsigned shift)
{
	size_t start[N_DIGITS] = {0}, sum = 0;

	for (size_t i = 0; i < n; i++)
		start[digit_of(from[i].addr, shift)]++;
	for (size_t i = 0; i < N_DIGITS; i++) {
		size_t count = start[i];

		start[i] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[start[digit_of(from[i].addr, shift)]++] = from[i];
}

void rp_order_sort(struct rp_order_item *item, struct rp_order_item *spare, size_t n)
{
	struct rp_order_item *from = item, *to = spare, *swap;
	uint64_t differ = 0;

	for (size_t i = 1; i < n; i++)
		differ |= item[i].addr ^ item[0].addr;
	for (unsigned shift = 0; shift < 64 && differ >> shift; shift += DIGIT_BITS) {
		if (!digit_of(differ, shift))
			continue;
		pass(from, to, n, shift);
		swap = from;
		from = to;
		to = swap;
	}
	if (from != item)
		memcpy(item, from, n * sizeof(*item));
}
