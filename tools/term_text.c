/* term_text.c - text of strangers made harmless: targets, symbols and paths may hold anything.
 *
 * Room: tools.  Part of term.h.  Works in units: a character that may be shown as it is, or one
 * byte to be escaped; a cut never falls inside a unit, so no escape is ever halved.
 * SPDX-License-Identifier: MIT
 */
#include "tools/term.h"

#include <string.h>
#include <wchar.h>

struct unit {
	size_t n_bytes, columns;
	bool escaped;
};

/* Length of the UTF-8 character at TEXT and its code point; 0 when it is none (also overlong
 * forms and surrogates: Unicode 15, table 3-7). */
static size_t decode(const unsigned char *text, size_t n, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = *text < 0x80   ? 1
	                : *text < 0xc2 ? 0
	                : *text < 0xe0 ? 2
	                : *text < 0xf0 ? 3
	                               : 4;

	if (length == 0 || length > n || *text > 0xf4)
		return 0;
	*point = length == 1 ? *text : *text & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (text[i] & 0x3f);
	}
	if (*point < least[length] || *point > 0x10ffff || (*point >= 0xd800 && *point <= 0xdfff))
		return 0;
	return length;
}

/* Control characters, line separators, and what reorders the text around it. */
static bool is_harmful(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c ||
	       point == 0x200e || point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

static struct unit unit_at(const char *text, size_t n, bool unicode)
{
	uint32_t point;
	size_t length = decode((const unsigned char *)text, n, &point);

	if (length == 0)
		return (struct unit){1, 4, true};
	if (is_harmful(point) || (length > 1 && !unicode))
		return (struct unit){length, 4 * length, true};
	int width = length > 1 ? wcwidth((wchar_t)point) : 1;

	return (struct unit){length, width < 0 ? 1 : (size_t)width, false};
}

void rp_term_text(FILE *out, const char *text, size_t n, bool unicode)
{
	while (n > 0) {
		struct unit u = unit_at(text, n, unicode);

		if (!u.escaped)
			fwrite(text, 1, u.n_bytes, out);
		else
			for (size_t i = 0; i < u.n_bytes; i++)
				fprintf(out, "\\x%02X", (unsigned char)text[i]);
		text += u.n_bytes;
		n -= u.n_bytes;
	}
}

char *rp_term_text_copy(const char *text)
{
	char *safe = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&safe, &n);

	if (!out)
		return strdup("");
	rp_term_text(out, text, strlen(text), true);
	fclose(out);
	return safe;
}

size_t rp_term_columns(const char *text, size_t n, bool unicode)
{
	size_t columns = 0;

	while (n > 0) {
		struct unit u = unit_at(text, n, unicode);

		columns += u.columns;
		text += u.n_bytes;
		n -= u.n_bytes;
	}
	return columns;
}

/* Bytes at the head of TEXT that fit into COLUMNS. */
static size_t head_bytes(const char *text, size_t n, bool unicode, size_t columns)
{
	size_t taken = 0, used = 0;

	while (taken < n) {
		struct unit u = unit_at(text + taken, n - taken, unicode);

		if (used + u.columns > columns)
			break;
		used += u.columns;
		taken += u.n_bytes;
	}
	return taken;
}

/* Where the tail begins that fits into COLUMNS, not before byte FROM: a border of a unit. */
static size_t tail_start(const char *text, size_t n, bool unicode, size_t columns, size_t from)
{
	size_t left = rp_term_columns(text + from, n - from, unicode);

	while (from < n && left > columns) {
		struct unit u = unit_at(text + from, n - from, unicode);

		left -= u.columns;
		from += u.n_bytes;
	}
	return from;
}

size_t rp_term_text_cut(FILE *out, const char *text, size_t n, bool unicode, size_t columns)
{
	const char *dots = unicode ? "\u2026" : "..";
	size_t n_dots = unicode ? 1 : 2;
	size_t whole = rp_term_columns(text, n, unicode);

	if (whole <= columns) {
		rp_term_text(out, text, n, unicode);
		return whole;
	}
	if (columns <= n_dots) {
		fputs(columns == n_dots ? dots : "", out);
		return columns == n_dots ? n_dots : 0;
	}
	size_t room = columns - n_dots;
	size_t head = head_bytes(text, n, unicode, (room + 1) / 2);
	size_t tail = tail_start(text, n, unicode, room / 2, head);

	rp_term_text(out, text, head, unicode);
	fputs(dots, out);
	rp_term_text(out, text + tail, n - tail, unicode);
	return rp_term_columns(text, head, unicode) + n_dots +
	       rp_term_columns(text + tail, n - tail, unicode);
}
