/* text.h - text into a bounded buffer without stdio; what does not fit is cut.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_TEXT_H
#define RP_HOT_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct rp_line {
	char *at;
	size_t n, cap;
};

static inline void rp_line_byte(struct rp_line *l, char c)
{
	if (l->n < l->cap)
		l->at[l->n++] = c;
}

static inline void rp_line_bytes(struct rp_line *l, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rp_line_byte(l, s[i]);
}

static inline void rp_line_text(struct rp_line *l, const char *s)
{
	while (*s)
		rp_line_byte(l, *s++);
}

static inline void rp_line_number(struct rp_line *l, uint64_t v, unsigned base)
{
	char digits[24];
	size_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n)
		rp_line_byte(l, digits[--n]);
}

#endif
