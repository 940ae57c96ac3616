/* delim_glance.c - see delim_glance.h.
 *
 * Room: hot, pure.  Line ends are found 64 bytes at a time; of a line its first four bytes are
 * looked at, all at once.  What is rare, or could be read in two ways, is not decided here.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_glance.h"

#include <string.h>
#include "preload/hot/delim_lines.h"

#define WORD(a, b, c, d)                                                                           \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define WORDS(a, b, c, d, e, f, g, h) (WORD(a, b, c, d) | (uint64_t)WORD(e, f, g, h) << 32)

enum {
	SHORTEST = 16, /* what is read at once */
	PROTOCOL = 8,  /* "HTTP/1.1" */
	NAME = 15,     /* "Content-Length:" */
	MAX_DIGITS = 18,
	NO_CONTENT = 204,
	NOT_MODIFIED = 304,
};

#define NO_LENGTH UINT64_MAX

/* A head that is all there; n 0: it is not, or it is none for a glance. */
struct head {
	uint32_t n_line, n; /* bytes of its first line without the LF, of all of it */
	uint64_t length;
};

static inline uint32_t word(const char *at)
{
	uint32_t w;

	memcpy(&w, at, sizeof(w));
	return w;
}

static inline uint64_t words(const char *at)
{
	uint64_t w;

	memcpy(&w, at, sizeof(w));
	return w;
}

/* The line ends of AT[BLOCK, BLOCK + 64) as bits; nothing outside of AT[0, N) is read. */
static inline uint64_t marks(const char *at, size_t n, size_t block)
{
	uint64_t m = 0;

	if (n - block >= 64)
		return rp_lines_mark64(at + block);
	if (n >= 64)
		return rp_lines_mark64(at + n - 64) >> (64 - (n - block));
	for (size_t i = 0; i < 64; i += 16) {
		size_t from = i < n - 16 ? i : n - 16;

		m |= rp_lines_mark16(at + from) << from;
	}
	return m;
}

/* A line that begins with "cont", N bytes before the end of what is there.  False: a length that
 * is no plain number, or not the first. */
static bool take_length(const char *at, size_t n, uint64_t *length)
{
	/* Or'ed with a blank a letter is small; only where a letter is expected. */
	const uint64_t front = WORDS('c', 'o', 'n', 't', 'e', 'n', 't', '-');
	const uint64_t front_small = WORDS(' ', ' ', ' ', ' ', ' ', ' ', ' ', 0);
	const uint64_t back = WORDS('-', 'l', 'e', 'n', 'g', 't', 'h', 0);
	const uint64_t back_small = WORDS(0, ' ', ' ', ' ', ' ', ' ', ' ', 0);
	const uint64_t back_bytes = ~(uint64_t)0 >> 8;
	uint64_t value = 0;
	size_t i = NAME;

	if (n < NAME + 4)
		return false;
	if ((words(at) | front_small) != front ||
	    ((words(at + 7) | back_small) & back_bytes) != back)
		return true; /* Content-Type */
	i += at[NAME] == ' ';
	size_t first = i;

	for (; i + 2 < n && i < first + MAX_DIGITS; i++) {
		unsigned digit = (unsigned char)at[i] - (unsigned)'0';

		if (digit > 9)
			break;
		value = value * 10 + digit;
	}
	if (at[NAME - 1] != ':' || i == first || at[i] != '\r' || at[i + 1] != '\n' ||
	    *length != NO_LENGTH)
		return false;
	*length = value;
	return true;
}

/* What a line that is not passed over means: the end, nothing, or that this is not for us. */
enum meaning { THE_END, NOTHING, NOT_OURS };

static enum meaning look_closer(const char *line, size_t n, uint64_t *length)
{
	if (line[0] == '\r' && line[1] == '\n')
		return THE_END;
	if ((unsigned char)line[0] <= ' ' || n < 6)
		return NOT_OURS;
	switch (line[0] | ' ') {
	case 'c':
		return take_length(line, n, length) ? NOTHING : NOT_OURS;
	case 'x': /* X-Request-Id, but not X-Reqprof */
		return (line[5] | ' ') == 'p' ? NOT_OURS : NOTHING;
	default: /* Transfer-Encoding */
		return NOT_OURS;
	}
}

static inline bool is_plain(uint32_t w)
{
	uint32_t small = w | WORD(' ', ' ', ' ', ' ');

	return (w & 0xff) > ' ' && small != WORD('c', 'o', 'n', 't') &&
	       small != WORD('t', 'r', 'a', 'n') && small != WORD('x', '-', 'r', 'e');
}

__attribute__((hot)) static struct head read_head(const char *at, size_t n)
{
	struct head h = {.length = NO_LENGTH};

	for (size_t block = 0; block < n; block += 64) {
		for (uint64_t m = marks(at, n, block); m; m &= m - 1) {
			size_t next = block + (size_t)__builtin_ctzll(m) + 1, rest = n - next;
			enum meaning what;

			h.n_line = h.n_line ? h.n_line : (uint32_t)next - 1;
			if (rest >= 4 && is_plain(word(at + next)))
				continue;
			what = rest >= 2 ? look_closer(at + next, rest, &h.length) : NOT_OURS;
			if (what == THE_END)
				h.n = (uint32_t)next + 2;
			if (what != NOTHING)
				return h;
		}
	}
	return h;
}

/* "GET " or "POST ": its length with the blank. */
static size_t n_method(const char *at)
{
	uint32_t w = word(at);

	if (w == WORD('G', 'E', 'T', ' '))
		return 4;
	return w == WORD('P', 'O', 'S', 'T') && at[4] == ' ' ? 5 : 0;
}

static bool has_query(const char *at, size_t n, size_t n_line)
{
	__m128i found = _mm_setzero_si128(), sign = _mm_set1_epi8('?');

	for (size_t i = 0; i < n_line; i += 16) {
		const char *from = at + (i < n - 16 ? i : n - 16);

		found = _mm_or_si128(found,
		                     _mm_cmpeq_epi8(_mm_loadu_si128((const void *)from), sign));
	}
	return _mm_movemask_epi8(found);
}

__attribute__((hot)) bool rp_glance_request(const char *at, size_t n, struct rp_glance *g)
{
	size_t n_front = n < SHORTEST || n > RP_HEAD_MAX ? 0 : n_method(at);

	if (!n_front)
		return false;
	struct head h = read_head(at, n);
	size_t end = h.n_line - 1, n_body = n - h.n;
	uint64_t length = h.length == NO_LENGTH ? 0 : h.length;

	/* "GET", blank, something, blank, "HTTP/1.1" (or 1.0), CR */
	if (!h.n || n_body > length || h.n_line < n_front + 3 + PROTOCOL || at[end] != '\r' ||
	    (words(at + end - PROTOCOL) | (uint64_t)1 << 56) !=
	            WORDS('H', 'T', 'T', 'P', '/', '1', '.', '1') ||
	    at[end - PROTOCOL - 1] != ' ' || at[end - PROTOCOL - 2] == ' ' || at[n_front] == ' ')
		return false;
	g->method = (struct rp_span){at, n_front - 1};
	g->target = (struct rp_span){at + n_front, end - PROTOCOL - 1 - n_front};
	g->left = length - n_body;
	g->has_query = has_query(at, n, h.n_line);
	return true;
}

/* "HTTP/1.1 200 ": the status, 0 when it is not for a glance. */
static unsigned read_status(const char *at)
{
	unsigned a = (unsigned char)at[9] - (unsigned)'0',
	         b = (unsigned char)at[10] - (unsigned)'0',
	         c = (unsigned char)at[11] - (unsigned)'0';

	if ((words(at) | (uint64_t)1 << 56) != WORDS('H', 'T', 'T', 'P', '/', '1', '.', '1') ||
	    at[8] != ' ' || at[12] != ' ' || a < 2 || a > 9 || b > 9 || c > 9)
		return 0;
	return a * 100 + b * 10 + c;
}

__attribute__((hot)) enum rp_glance_answer rp_glance_response(struct rp_delim_out *d,
                                                              const char *at, size_t n_at, size_t n)
{
	unsigned status = n_at < SHORTEST ? 0 : read_status(at);

	if (!status)
		return RP_GLANCE_NO;
	struct head h = read_head(at, n_at < RP_HEAD_MAX ? n_at : RP_HEAD_MAX);

	if (status == NO_CONTENT || status == NOT_MODIFIED)
		h.length = 0;
	if (!h.n || h.length == NO_LENGTH || n - h.n > h.length)
		return RP_GLANCE_NO;
	d->status = (uint16_t)status;
	d->left = h.length - (n - h.n);
	d->state = d->left ? RP_DELIM_LENGTH : RP_DELIM_BETWEEN;
	return d->left ? RP_GLANCE_MORE : RP_GLANCE_END;
}
