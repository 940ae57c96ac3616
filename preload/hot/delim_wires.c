/* delim_wires.c - see delim_wires.h: which wire it is, and the heads of those that have one piece.
 *
 * Room: hot, pure.  Whoever speaks another protocol is given up as soon as its bytes differ: the
 * judgement of a first byte costs a connection that is none of these next to nothing.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_wires.h"

#include <string.h>
#include "preload/hot/delim_cgi.h"
#include "preload/hot/delim_framing.h"

enum { UWSGI_HEAD = 4, SCGI_DIGITS = 5 /* 65536 is the most */, NO = -1, MORE = 0 };

static unsigned u16le(const char *at)
{
	return (unsigned char)at[0] | (unsigned)(unsigned char)at[1] << 8;
}

static unsigned u16be(const char *at)
{
	return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

static bool is_variable(char c)
{
	return (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
}

/* The digits at the front; false: more than a head may have, or none where a colon is. */
static bool scgi_length(struct rp_wire_bytes b, size_t *n_digits, size_t *length)
{
	for (*n_digits = *length = 0; *n_digits < b.n; ++*n_digits) {
		unsigned digit = (unsigned char)b.at[*n_digits] - (unsigned)'0';

		if (digit > 9)
			break;
		*length = *length * 10 + digit;
		if (*n_digits == SCGI_DIGITS)
			return false;
	}
	return *n_digits && (*n_digits == b.n || b.at[*n_digits] == ':');
}

/* "name\0value\0" in all of [AT, END). */
static bool scgi_variables(struct rp_cgi *cgi, const char *at, const char *end)
{
	while (at < end) {
		const char *value = memchr(at, 0, (size_t)(end - at));

		if (!value || ++value == end)
			return false;
		const char *over = memchr(value, 0, (size_t)(end - value));

		if (!over)
			return false;
		rp_cgi_take(cgi, (struct rp_span){at, (size_t)(value - 1 - at)},
		            (struct rp_span){value, (size_t)(over - value)});
		at = over + 1;
	}
	return true;
}

/* CONTENT_LENGTH has to come first: that is what tells SCGI from anything else with digits. */
long rp_scgi_head(struct rp_wire_bytes b, struct rp_head *head)
{
	static const char FIRST[] = "CONTENT_LENGTH"; /* with its NUL */
	size_t n_digits, length;

	if (!scgi_length(b, &n_digits, &length))
		return NO;
	if (n_digits == b.n)
		return MORE;
	const char *at = b.at + n_digits + 1;
	size_t n = b.n - n_digits - 1, known = n < sizeof(FIRST) ? n : sizeof(FIRST);

	if (length < sizeof(FIRST) || memcmp(at, FIRST, known) != 0)
		return NO;
	if (n < length + 1)
		return MORE;
	struct rp_cgi cgi;

	rp_cgi_begin(&cgi, head, RP_WIRE_SCGI);
	if (at[length] != ',' || !scgi_variables(&cgi, at, at + length) || !rp_cgi_end(&cgi))
		return NO;
	return (long)(n_digits + 1 + length + 1);
}

/* One length-prefixed text at *AT; false: it does not fit before END. */
static bool uwsgi_text(const char **at, const char *end, struct rp_span *text)
{
	if (end - *at < 2)
		return false;
	text->n = u16le(*at);
	text->at = *at + 2;
	if (text->n > (size_t)(end - text->at))
		return false;
	*at = text->at + text->n;
	return true;
}

/* Modifier 1 says which plugin shall serve it: 0 is Python's, 14 PHP's.  Not one that begins
 * FastCGI (1), a record of TLS (20 to 23) or a line end. */
static bool is_modifier(char c)
{
	return (unsigned char)c < 20 && c != 1 && c != '\n' && c != '\r';
}

/* The first variable tells uwsgi from other protocols that begin with a small number. */
static bool uwsgi_begins(struct rp_wire_bytes b)
{
	size_t n = b.n > 2 ? u16le(b.at + 1) : 0;

	if (!is_modifier(b.at[0]) || (b.n > 2 && n < 5) || (b.n > 3 && (unsigned char)b.at[3] > 31))
		return false;
	if (b.n > UWSGI_HEAD + 1 && u16le(b.at + UWSGI_HEAD) + 4u > n)
		return false;
	return b.n <= UWSGI_HEAD + 2 || is_variable(b.at[UWSGI_HEAD + 2]);
}

long rp_uwsgi_head(struct rp_wire_bytes b, struct rp_head *head)
{
	if (!uwsgi_begins(b))
		return NO;
	if (b.n < UWSGI_HEAD || b.n < UWSGI_HEAD + u16le(b.at + 1))
		return MORE;
	const char *at = b.at + UWSGI_HEAD, *end = at + u16le(b.at + 1);
	struct rp_span name, value;
	struct rp_cgi cgi;

	rp_cgi_begin(&cgi, head, RP_WIRE_UWSGI);
	while (at < end) {
		if (!uwsgi_text(&at, end, &name) || !uwsgi_text(&at, end, &value))
			return NO;
		rp_cgi_take(&cgi, name, value);
	}
	return rp_cgi_end(&cgi) ? end - b.at : NO;
}

/* The next word of a line of version 1. */
static struct rp_span next_word(struct rp_span *line)
{
	const char *blank = line->n ? memchr(line->at, ' ', line->n) : NULL;
	struct rp_span word = {line->at, blank ? (size_t)(blank - line->at) : line->n};

	line->at += word.n + (blank ? 1 : 0);
	line->n -= word.n + (blank ? 1 : 0);
	return word;
}

/* "PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\n"; at most 107 bytes. */
static long proxy_line(struct rp_wire_bytes b, struct rp_head *head)
{
	enum { LONGEST = 107, BEFORE = 6 };
	size_t n = b.n < LONGEST ? b.n : LONGEST;
	const char *lf = memchr(b.at, '\n', n);

	if (memcmp(b.at, "PROXY ", n < BEFORE ? n : BEFORE) != 0 || (!lf && b.n >= LONGEST))
		return NO;
	if (!lf)
		return MORE;
	if (lf - b.at < BEFORE + 1 || lf[-1] != '\r')
		return NO;
	struct rp_span line = {b.at + BEFORE, (size_t)(lf - 1 - b.at - BEFORE)};
	struct rp_span family = next_word(&line), from = next_word(&line);

	next_word(&line); /* to whom */
	head->peer.kind = RP_ADDRESS_UNKNOWN;
	if (family.n == 4 && !memcmp(family.at, "TCP", 3))
		rp_address_read(&head->peer, from);
	head->peer.port = rp_address_port(next_word(&line));
	return lf + 1 - b.at;
}

/* Version 2 is binary.  Its signature begins with line ends, which delim_in.c has passed over. */
static const char SIGNATURE[] = "\0\r\nQUIT\n";

enum { AT_VERSION = sizeof(SIGNATURE) - 1, AT_ADDRESSES = AT_VERSION + 4 };

static void binary_peer(struct rp_address *peer, const char *version, size_t n)
{
	const char *from = version + 4;
	unsigned family = (unsigned char)version[1] >> 4;

	if (!(version[0] & 1)) /* LOCAL: the proxy's own connection, in nobody's name */
		return;
	peer->kind = RP_ADDRESS_UNKNOWN;
	if (family == 1 && n >= 12) {
		peer->kind = RP_ADDRESS_IP4;
		memcpy(peer->bytes, from, 4);
		peer->port = (uint16_t)u16be(from + 8);
	} else if (family == 2 && n >= 36) {
		peer->kind = RP_ADDRESS_IP6;
		memcpy(peer->bytes, from, 16);
		peer->port = (uint16_t)u16be(from + 32);
	} else if (family == 3) {
		peer->kind = RP_ADDRESS_UNIX;
	}
}

static long proxy_binary(struct rp_wire_bytes b, struct rp_head *head)
{
	if (memcmp(b.at, SIGNATURE, b.n < AT_VERSION ? b.n : AT_VERSION) != 0)
		return NO;
	if (b.n > AT_VERSION && (b.at[AT_VERSION] & 0xfe) != 0x20)
		return NO;
	if (b.n < AT_ADDRESSES)
		return MORE;
	size_t n = u16be(b.at + AT_VERSION + 2);

	if (b.n < AT_ADDRESSES + n)
		return MORE;
	binary_peer(&head->peer, b.at + AT_VERSION, n);
	return (long)(AT_ADDRESSES + n);
}

long rp_proxy_head(struct rp_wire_bytes b, struct rp_head *head)
{
	if (*b.at != 'P' && *b.at)
		return NO;
	memset(head, 0, sizeof(*head));
	head->wire = RP_WIRE_PROXY;
	return *b.at ? proxy_line(b, head) : proxy_binary(b, head);
}

/* With which a client begins HTTP/2 (RFC 9113, 3.4). */
long rp_preface_head(struct rp_wire_bytes b, struct rp_head *head)
{
	static const char PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	enum { BYTES = sizeof(PREFACE) - 1 };

	if (memcmp(b.at, PREFACE, b.n < BYTES ? b.n : BYTES) != 0)
		return NO;
	memset(head, 0, sizeof(*head));
	head->wire = RP_WIRE_H2;
	return b.n < BYTES ? MORE : BYTES;
}

static long parse(enum rp_wire wire, struct rp_delim_in *d, struct rp_wire_bytes b,
                  struct rp_head *head)
{
	uint32_t once = 0;

	switch (wire) {
	case RP_WIRE_FCGI:
		return rp_fcgi_head(b, b.mine ? &d->scanned : &once, head);
	case RP_WIRE_SCGI:
		return rp_scgi_head(b, head);
	case RP_WIRE_UWSGI:
		return rp_uwsgi_head(b, head);
	case RP_WIRE_H2:
		return rp_preface_head(b, head);
	default:
		return rp_proxy_head(b, head);
	}
}

/* One preface a connection, at its beginning, and no other protocol behind the first head. */
static bool may_be(const struct rp_delim_in *d, enum rp_wire wire)
{
	return d->wire == RP_WIRE_OPEN || (d->wire == RP_WIRE_PROXY) == (wire != d->wire);
}

long rp_wires_head(struct rp_delim_in *d, struct rp_wire_bytes b, struct rp_head *head)
{
	unsigned n_open = 0;
	enum rp_wire open = RP_WIRE_OPEN;

	for (enum rp_wire wire = RP_WIRE_FCGI; wire <= RP_WIRE_H2; wire++) {
		long size = may_be(d, wire) ? parse(wire, d, b, head) : NO;

		if (size > 0) {
			d->wire = (uint8_t)wire;
			return size;
		}
		if (size == MORE) {
			open = wire;
			n_open++;
		}
	}
	if (n_open == 1 && open != RP_WIRE_PROXY)
		d->wire = (uint8_t)open;
	return n_open ? MORE : NO;
}
