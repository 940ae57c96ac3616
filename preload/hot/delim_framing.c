/* delim_framing.c - see delim_framing.h.
 *
 * Room: hot, pure.  Where readings of a message differ between servers (request smuggling lives
 * there) the answer is "bad": a lost border would show one request's time under another's name.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_framing.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool rp_framing_spells(const char *text, const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower(text[i]) != word[i])
			return false;
	return true;
}

static struct rp_span trimmed(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	while (at < end && is_blank(end[-1]))
		end--;
	return (struct rp_span){at, (size_t)(end - at)};
}

struct rp_span rp_framing_trim(struct rp_span text)
{
	return trimmed(text.at, text.at + text.n);
}

struct rp_span rp_framing_value(const char *line, size_t n, size_t n_name)
{
	if (n <= n_name || line[n_name] != ':')
		return (struct rp_span){NULL, 0};
	return trimmed(line + n_name + 1, line + n);
}

bool rp_framing_same(struct rp_span text, const char *word)
{
	for (size_t i = 0; i < text.n; i++)
		if (!word[i] || lower(text.at[i]) != word[i])
			return false;
	return !word[text.n];
}

/* Cuts the first element off LIST; false when the list is used up. */
static bool next_element(struct rp_span *list, struct rp_span *element)
{
	if (!list->at)
		return false;
	const char *comma = list->n ? memchr(list->at, ',', list->n) : NULL;
	const char *end = list->at + list->n;

	*element = trimmed(list->at, comma ? comma : end);
	list->n = comma ? (size_t)(end - comma - 1) : 0;
	list->at = comma ? comma + 1 : NULL;
	return true;
}

bool rp_framing_lists(struct rp_span list, const char *word)
{
	struct rp_span element;

	while (next_element(&list, &element))
		if (rp_framing_same(element, word))
			return true;
	return false;
}

/* Below 2^63 sums cannot wrap. */
bool rp_framing_length(struct rp_span text, uint64_t *length)
{
	uint64_t value = 0;

	if (!text.n)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		unsigned digit = (unsigned char)text.at[i] - (unsigned)'0';

		if (digit > 9 || value > (UINT64_MAX / 2 - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*length = value;
	return true;
}

/* "5" and, from repeated headers that somebody joined, "5, 5". */
static void take_length(uint8_t *flags, uint64_t *length, struct rp_span list)
{
	struct rp_span element;

	if (!list.at)
		*flags |= RP_FRAMED_BAD;
	while (next_element(&list, &element)) {
		uint64_t value;

		if (!rp_framing_length(element, &value) ||
		    ((*flags & RP_FRAMED_LENGTH) && value != *length)) {
			*flags |= RP_FRAMED_BAD;
			return;
		}
		*length = value;
		*flags |= RP_FRAMED_LENGTH;
	}
}

/* Chunked must be the last coding and come once; other codings alone leave no end to find. */
static void take_coding(uint8_t *flags, struct rp_span list)
{
	struct rp_span element;

	if (!list.at || (*flags & RP_FRAMED_CHUNKED))
		*flags |= RP_FRAMED_BAD;
	while (next_element(&list, &element)) {
		bool chunked = rp_framing_same(element, "chunked");

		if (!element.n || chunked != !list.at)
			*flags |= RP_FRAMED_BAD;
	}
	*flags |= RP_FRAMED_CHUNKED;
}

bool rp_framing_take(uint8_t *flags, uint64_t *length, const char *line, size_t n)
{
	static const char LENGTH[] = "content-length", CODING[] = "transfer-encoding";

	if (rp_framing_named(line, n, LENGTH, sizeof(LENGTH) - 1))
		take_length(flags, length, rp_framing_value(line, n, sizeof(LENGTH) - 1));
	else if (rp_framing_named(line, n, CODING, sizeof(CODING) - 1))
		take_coding(flags, rp_framing_value(line, n, sizeof(CODING) - 1));
	else
		return false;
	return true;
}

/* Chunked would win over a length (RFC 9112 6.3), but a server that reads it the other way sees
 * other requests than we do; and HTTP/1.0 has no codings, so some servers ignore them there. */
bool rp_framing_agrees(uint8_t flags, bool http10)
{
	if (flags & RP_FRAMED_BAD)
		return false;
	return !(flags & RP_FRAMED_CHUNKED) || (!(flags & RP_FRAMED_LENGTH) && !http10);
}

/* The step byte of a chunked body: the low three bits are the place, the others count digits. */
enum {
	AT_SIZE,      /* in the digits of a size */
	AT_EXTENSION, /* behind them, up to the line end */
	AT_DATA,
	AT_DATA_CR, /* behind the data: CR LF, or LF */
	AT_DATA_LF,
	AT_TRAILER, /* at the beginning of a trailer line, or of the last, empty one */
	IN_TRAILER,
	AT_LAST_LF,
	PLACE = 7,
	ONE_DIGIT = 8,
	MAX_DIGITS = 15, /* 60 bits */
};

static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

static enum rp_chunk_event step_size(uint64_t *left, uint8_t *step, char c)
{
	unsigned digit = hex_digit(c), n_digits = *step / ONE_DIGIT;

	if (digit < 16) {
		if (n_digits == MAX_DIGITS)
			return RP_CHUNK_BAD;
		*left = *left << 4 | digit;
		*step += ONE_DIGIT;
		return RP_CHUNK_MORE;
	}
	if (!n_digits || !(is_blank(c) || c == ';'))
		return RP_CHUNK_BAD;
	*step = c != '\n' ? AT_EXTENSION : *left ? AT_DATA : AT_TRAILER;
	return RP_CHUNK_MORE;
}

/* One byte that is not data. */
static enum rp_chunk_event step_byte(uint64_t *left, uint8_t *step, char c)
{
	bool lf = c == '\n', cr = c == '\r';

	switch (*step & PLACE) {
	case AT_SIZE:
		return step_size(left, step, c);
	case AT_EXTENSION:
		if (lf)
			*step = *left ? AT_DATA : AT_TRAILER;
		return RP_CHUNK_MORE;
	case AT_DATA_CR:
	case AT_DATA_LF:
		if (!lf && !(cr && *step == AT_DATA_CR))
			return RP_CHUNK_BAD;
		*step = lf ? AT_SIZE : AT_DATA_LF;
		return RP_CHUNK_MORE;
	case AT_TRAILER:
		*step = cr ? AT_LAST_LF : IN_TRAILER;
		return lf ? RP_CHUNK_END : RP_CHUNK_MORE;
	case IN_TRAILER:
		if (lf)
			*step = AT_TRAILER;
		return RP_CHUNK_MORE;
	default: /* AT_LAST_LF */
		return lf ? RP_CHUNK_END : RP_CHUNK_BAD;
	}
}

bool rp_chunk_skip(uint64_t *left, uint8_t *step, size_t n)
{
	if ((*step & PLACE) != AT_DATA || n > *left)
		return false;
	*left -= n;
	if (!*left)
		*step = AT_DATA_CR;
	return true;
}

enum rp_chunk_event rp_chunk_feed(uint64_t *left, uint8_t *step, const char **bytes, size_t *n)
{
	enum rp_chunk_event event = RP_CHUNK_MORE;

	while (*n && event == RP_CHUNK_MORE) {
		size_t used = 1;

		if ((*step & PLACE) == AT_DATA) {
			used = *left < *n ? (size_t)*left : *n;
			rp_chunk_skip(left, step, used);
		} else {
			event = step_byte(left, step, **bytes);
		}
		*bytes += used;
		*n -= used;
	}
	return event;
}
