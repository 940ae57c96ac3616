/* delim_head.c - see delim_head.h.
 *
 * Room: hot, pure.  One pass over the lines; only lines whose first letter matters are read.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_head.h"

#include <string.h>
#include "preload/hot/delim_framing.h"
#include "preload/hot/delim_lines.h"

/* strlen would be a call into libc */
#define NAME(text) text, sizeof(text) - 1

enum { MAX_METHOD = 20, PROTOCOL = 8 /* "HTTP/1.1" */ };

/* What a head says besides its struct. */
struct draft {
	struct rp_head *head;
	uint64_t length;
	uint8_t flags; /* RP_FRAMED_* */
	bool http10, keep_alive;
};

/* RFC 9110 tchar, as bits of the byte's value. */
static bool is_token(char c)
{
	static const uint64_t BITS[4] = {0x03ff6cfa00000000, 0x57ffffffc7fffffe, 0, 0};
	unsigned byte = (unsigned char)c;

	return BITS[byte >> 6] >> (byte & 63) & 1;
}

/* Length of the method of a request that may go on; 0 when these bytes can be none.  Cheap on
 * purpose: this is all that a connection of another protocol ever costs. */
static size_t scan_method(const char *at, size_t n, bool *done)
{
	size_t i = 0;

	while (i < n && i <= MAX_METHOD && is_token(at[i]))
		i++;
	*done = i < n;
	if (i > MAX_METHOD || (i < n && (!i || at[i] != ' ')))
		return 0;
	/* The HTTP/2 preface looks like a request up to its version; nothing else says PRI. */
	if (i < n && i == 3 && !memcmp(at, "PRI", 3))
		return 0;
	return i;
}

/* Splits the request line [at, lf) into HEAD. */
static bool read_line(struct rp_head *head, const char *at, const char *lf)
{
	const char *end = lf;
	bool done;
	size_t n_method = scan_method(at, (size_t)(lf - at), &done);

	while (end > at && (end[-1] == '\r' || end[-1] == ' '))
		end--;
	if (!n_method || !done || (size_t)(end - at) < n_method + 1 + PROTOCOL + 2)
		return false;
	const char *protocol = end - PROTOCOL, *target = at + n_method + 1;

	if (protocol[-1] != ' ' || memcmp(protocol, "HTTP/1.", PROTOCOL - 1) != 0 ||
	    end[-1] < '0' || end[-1] > '9')
		return false;
	head->method = (struct rp_span){at, n_method};
	head->protocol = (struct rp_span){protocol, PROTOCOL};
	for (end = protocol; end > target && end[-1] == ' '; end--)
		;
	while (target < end && *target == ' ')
		target++;
	head->target = (struct rp_span){target, (size_t)(end - target)};
	return target < end;
}

enum rp_head_line rp_head_judge(const char *at, size_t n)
{
	const char *lf = memchr(at, '\n', n);
	struct rp_head unused;
	bool done;

	if (lf)
		return read_line(&unused, at, lf) ? RP_LINE_GOOD : RP_LINE_BAD;
	return scan_method(at, n, &done) ? RP_LINE_OPEN : RP_LINE_BAD;
}

/* A header whose first occurrence is told. */
static void take_span(struct rp_span *into, const char *line, size_t n, const char *name,
                      size_t n_name)
{
	if (!rp_framing_named(line, n, name, n_name))
		return;
	struct rp_span value = rp_framing_value(line, n, n_name);

	if (!into->at)
		*into = value; /* "Name :" is a header to some servers, and none to us */
}

static void take_connection(struct draft *draft, const char *line, size_t n)
{
	struct rp_span value = {NULL, 0};

	take_span(&value, line, n, NAME("connection"));
	if (rp_framing_lists(value, "close"))
		draft->head->close = true;
	if (draft->http10 && rp_framing_lists(value, "keep-alive"))
		draft->keep_alive = true;
}

static void take_expect(struct draft *draft, const char *line, size_t n)
{
	struct rp_span value = {NULL, 0};

	take_span(&value, line, n, NAME("expect"));
	if (value.at && rp_framing_same(value, "100-continue"))
		draft->head->expect = true;
}

static void take_x(struct draft *draft, const char *line, size_t n)
{
	static const char FORWARDED[] = "x-forwarded-";

	take_span(&draft->head->trigger, line, n, NAME("x-reqprof"));
	if (rp_framing_named(line, n, NAME("x-real-ip")))
		draft->head->forwarded = true;
	if (n < sizeof(FORWARDED))
		return;
	for (size_t i = 0; i < sizeof(FORWARDED) - 1; i++)
		if ((line[i] | 0x20) != (FORWARDED[i] | 0x20))
			return;
	draft->head->forwarded = true;
	struct rp_span last = {NULL, 0}; /* proxies that do not append add a line */

	take_span(&last, line, n, NAME("x-forwarded-for"));
	if (last.at)
		draft->head->forwarded_for = last;
}

/* The first letter is one of those of take_header; a few other bytes pass as well. */
static bool matters(char first)
{
	enum {
		C = 1 << 3,
		E = 1 << 5,
		F = 1 << 6,
		H = 1 << 8,
		T = 1 << 20,
		U = 1 << 21,
		V = 1 << 22,
		X = 1 << 24
	};

	return (C | E | F | H | T | U | V | X) >> (first & 31) & 1;
}

/* One header line, folds included, by its first letter. */
static void take_header(struct draft *draft, const char *line, size_t n)
{
	switch (*line | 0x20) {
	case 'c':
		if (!rp_framing_take(&draft->flags, &draft->length, line, n))
			take_connection(draft, line, n);
		break;
	case 't':
		if (!rp_framing_take(&draft->flags, &draft->length, line, n))
			take_span(&draft->head->traceparent, line, n, NAME("traceparent"));
		break;
	case 'e':
		take_expect(draft, line, n);
		break;
	case 'f':
		draft->head->forwarded |= rp_framing_named(line, n, NAME("forwarded"));
		break;
	case 'h':
		take_span(&draft->head->host, line, n, NAME("host"));
		break;
	case 'u':
		draft->head->upgrade |= rp_framing_named(line, n, NAME("upgrade"));
		break;
	case 'v':
		draft->head->forwarded |= rp_framing_named(line, n, NAME("via"));
		break;
	case 'x':
		take_x(draft, line, n);
		break;
	}
}

/* False: the border of this request cannot be known. */
static bool finish_head(struct draft *draft)
{
	struct rp_head *head = draft->head;

	head->is_head = head->method.n == 4 && !memcmp(head->method.at, "HEAD", 4);
	head->is_connect = head->method.n == 7 && !memcmp(head->method.at, "CONNECT", 7);
	if (draft->http10 && !draft->keep_alive)
		head->close = true;
	if (!rp_framing_agrees(draft->flags, draft->http10))
		return false;
	/* What follows a CONNECT is the tunnel's, whatever its headers say (RFC 9110 9.3.6). */
	if (head->is_connect)
		return true;
	head->chunked = draft->flags & RP_FRAMED_CHUNKED;
	head->body_bytes = draft->flags & RP_FRAMED_LENGTH ? draft->length : 0;
	return true;
}

static bool folds(const char *at)
{
	return *at == ' ' || *at == '\t';
}

/* A bad header counts only once the head is complete, as it does when it comes in pieces. */
long rp_head_parse(const char *at, size_t n, struct rp_head *head)
{
	struct rp_lines lines = rp_lines_of(at, n);
	struct draft draft = {.head = head};
	const char *end = at + n, *lf = rp_lines_next(&lines);
	bool done;

	if (!lf)
		return scan_method(at, n, &done) ? 0 : -1;
	/* Of two short pieces the compiler makes stores; of one long it makes "rep stos". */
	memset(&head->host, 0, offsetof(struct rp_head, peer) - offsetof(struct rp_head, host));
	memset(&head->peer, 0, sizeof(*head) - offsetof(struct rp_head, peer));
	if (!read_line(head, at, lf))
		return -1;
	draft.http10 = head->protocol.at[PROTOCOL - 1] == '0';
	for (const char *line = lf + 1; (lf = rp_lines_next(&lines)); line = lf + 1) {
		if (lf == line || (lf == line + 1 && *line == '\r'))
			return finish_head(&draft) ? lf + 1 - at : -1;
		while (lf && lf + 1 < end && folds(lf + 1))
			lf = rp_lines_next(&lines);
		if (!lf || lf + 1 == end)
			return 0;
		if (matters(*line))
			take_header(&draft, line, (size_t)(lf - line));
	}
	return 0;
}

size_t rp_head_end(const char *at, size_t from, size_t n)
{
	struct rp_lines lines = rp_lines_of(at + from, n - from);
	const char *lf;

	while ((lf = rp_lines_next(&lines))) {
		size_t i = (size_t)(lf - at);

		if ((i >= 1 && lf[-1] == '\n') || (i >= 2 && lf[-1] == '\r' && lf[-2] == '\n'))
			return i + 1;
	}
	return 0;
}
