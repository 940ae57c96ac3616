/* delim_lines.h - the next line end of a buffer, 64 bytes at a time.
 *
 * Room: hot.  A head has a dozen short lines: one memchr a line costs more in calls than in
 * bytes, so one pass marks the line ends of a whole block.  Never reads past the end.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DELIM_LINES_H
#define RP_HOT_DELIM_LINES_H

#include <emmintrin.h>
#include <stddef.h>
#include <stdint.h>

struct rp_lines {
	const char *begin;
	const char *block; /* bit 0 of MARKS is this byte */
	const char *next;  /* first byte not yet marked */
	const char *end;
	uint64_t marks;
};

static inline uint64_t rp_lines_mark16(const char *at)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);

	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
}

static inline uint64_t rp_lines_mark64(const char *at)
{
	return rp_lines_mark16(at) | rp_lines_mark16(at + 16) << 16 |
	       rp_lines_mark16(at + 32) << 32 | rp_lines_mark16(at + 48) << 48;
}

/* The last block of a buffer, N < 64 bytes with N_BEFORE in front of them: its odd end is read
 * once more together with what is before it. */
static inline uint64_t rp_lines_mark_tail(const char *at, size_t n, size_t n_before)
{
	uint64_t marks = 0;
	size_t i = 0;

	for (; i + 16 <= n; i += 16)
		marks |= rp_lines_mark16(at + i) << i;
	if (i < n && i)
		return marks | rp_lines_mark16(at + n - 16) << (n - 16);
	if (i < n && n_before >= 16)
		return rp_lines_mark16(at + n - 16) >> (16 - n);
	for (; i < n; i++)
		marks |= (uint64_t)(at[i] == '\n') << i;
	return marks;
}

static inline struct rp_lines rp_lines_of(const char *at, size_t n)
{
	return (struct rp_lines){.begin = at, .block = at, .next = at, .end = at + n, .marks = 0};
}

/* The next '\n', or NULL when there is none left. */
static inline const char *rp_lines_next(struct rp_lines *l)
{
	while (!l->marks) {
		size_t n = (size_t)(l->end - l->next);

		if (!n)
			return NULL;
		l->block = l->next;
		l->marks = n >= 64 ? rp_lines_mark64(l->next)
		                   : rp_lines_mark_tail(l->next, n, (size_t)(l->next - l->begin));
		l->next += n >= 64 ? 64 : n;
	}
	const char *at = l->block + __builtin_ctzll(l->marks);

	l->marks &= l->marks - 1;
	return at;
}

#endif
