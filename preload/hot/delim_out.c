/* delim_out.c - the response side: first byte, status, last byte.
 *
 * Room: hot, pure.  Of a head only the current line is kept, and only when it was cut: a server
 * may write its head in seven pieces (perl does), and no buffer is taken for that.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim.h"

#include <string.h>
#include "preload/hot/delim_framing.h"
#include "preload/hot/delim_wires.h"

enum {
	AT_START = RP_DELIM_BETWEEN,
	IN_LENGTH = RP_DELIM_LENGTH,
	IN_STATUS_LINE,
	IN_HEADERS,
	IN_CHUNKS,
	IN_CLOSE,
	IS_OPAQUE,
	BEHIND_CGI_HEAD, /* its status was told; what follows it is not judged yet */
};

/* aux while in a head, beside RP_FRAMED_*; in a chunked body it is the chunk's step. */
enum {
	FRAMED_LAST = 8, /* the line before was one that delimits: it must not be folded */
	HTTP10 = 16,
	TOLD_FIRST = 32, /* RP_OUT_FIRST was given for this exchange */
	LINE_CUT = 64,   /* the current line is longer than what is kept of it */
	CGI_HEAD = 128,  /* without a status line */
};

enum { SHORTEST_LINE = 12 /* "HTTP/1.1 200" */, GO_ON = -1 };

static void consume(const char **bytes, size_t *n, size_t used)
{
	*bytes += used;
	*n -= used;
}

static int finish(struct rp_delim_out *d, uint8_t state, int event)
{
	d->left = 0;
	d->state = state;
	d->aux = d->n_line = d->close_delimited = 0;
	return event;
}

/* The first N bytes of a line can be those of an HTTP/1.x status line. */
static bool is_status_line(const char *line, size_t n)
{
	static const char SHAPE[SHORTEST_LINE + 1] = "HTTP/1.d ddd";

	for (size_t i = 0; i < n && i < SHORTEST_LINE; i++)
		if (SHAPE[i] == 'd' ? line[i] < '0' || line[i] > '9' : line[i] != SHAPE[i])
			return false;
	return n <= SHORTEST_LINE || line[SHORTEST_LINE] == ' ' || line[SHORTEST_LINE] == '\r';
}

/* CGI may answer as HTTP does; else the first line is a header already. */
static bool begins_with_header(struct rp_delim_out *d, const char *line, size_t n)
{
	if (n >= SHORTEST_LINE && is_status_line(line, n))
		return false;
	d->status = 0;
	d->state = IN_HEADERS;
	d->left = 0;
	d->aux = TOLD_FIRST | CGI_HEAD | (d->aux & LINE_CUT);
	return true;
}

static int take_status(struct rp_delim_out *d, const char *line, size_t n)
{
	if (n < SHORTEST_LINE || !is_status_line(line, n) || line[9] == '0')
		return finish(d, IS_OPAQUE, RP_OUT_OPAQUE);
	d->status = (uint16_t)((line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0');
	d->state = IN_HEADERS;
	d->left = 0;
	d->aux = TOLD_FIRST | (line[7] == '0' ? HTTP10 : 0);
	return d->status >= 200 ? RP_OUT_STATUS : GO_ON;
}

/* "Status: 404 Not Found", or a place to go to, which is one as well (RFC 3875 6.3). */
static void take_cgi_header(struct rp_delim_out *d, const char *line, size_t n)
{
	static const char STATUS[] = "status", LOCATION[] = "location";
	struct rp_span value;

	if (rp_framing_named(line, n, LOCATION, sizeof(LOCATION) - 1) && !d->status)
		d->status = 302;
	if (!rp_framing_named(line, n, STATUS, sizeof(STATUS) - 1))
		return;
	value = rp_framing_value(line, n, sizeof(STATUS) - 1);
	if (value.n < 3)
		return;
	unsigned a = (unsigned)value.at[0] - '0', b = (unsigned)value.at[1] - '0',
	         c = (unsigned)value.at[2] - '0';

	if (a - 1 < 9 && b < 10 && c < 10)
		d->status = (uint16_t)(a * 100 + b * 10 + c);
}

/* The empty line: which body follows (RFC 9112 6.3, in its order). */
static int end_head(struct rp_delim_out *d, unsigned asked)
{
	uint8_t flags = d->aux;

	if (d->status == 101 || ((asked & RP_ASKED_CONNECT) && d->status / 100 == 2))
		return finish(d, IS_OPAQUE, RP_OUT_UPGRADED);
	if (d->status < 200) {
		finish(d, AT_START, GO_ON);
		d->aux = TOLD_FIRST;
		return GO_ON;
	}
	if ((asked & RP_ASKED_HEAD) || d->status == 204 || d->status == 304)
		return finish(d, AT_START, RP_OUT_END);
	if (!rp_framing_agrees(flags, flags & HTTP10))
		return finish(d, IS_OPAQUE, RP_OUT_OPAQUE);
	if ((flags & RP_FRAMED_LENGTH) && !d->left)
		return finish(d, AT_START, RP_OUT_END);
	d->aux = 0;
	d->state = flags & RP_FRAMED_LENGTH    ? IN_LENGTH
	           : flags & RP_FRAMED_CHUNKED ? IN_CHUNKS
	                                       : IN_CLOSE;
	d->close_delimited = d->state == IN_CLOSE;
	return GO_ON;
}

static int end_cgi_head(struct rp_delim_out *d)
{
	if (!d->status)
		d->status = 200;
	d->aux &= (uint8_t)~CGI_HEAD;
	d->state = BEHIND_CGI_HEAD;
	return RP_OUT_STATUS;
}

/* "Upgrade: h2c", to what was asked for by the same words. */
static void take_upgrade(struct rp_delim_out *d, const char *line, size_t n)
{
	static const char UPGRADE[] = "upgrade";

	if (rp_framing_named(line, n, UPGRADE, sizeof(UPGRADE) - 1))
		d->to_h2 = rp_framing_same(rp_framing_value(line, n, sizeof(UPGRADE) - 1), "h2c");
}

/* One header line without its LF. */
static int take_header(struct rp_delim_out *d, const char *line, size_t n, unsigned asked)
{
	if (!n || (n == 1 && *line == '\r'))
		return d->aux & CGI_HEAD ? end_cgi_head(d) : end_head(d, asked);
	/* A length that goes on in the next line, or that is longer than what would be kept of it
	 * had it been cut, is given up: no server writes one. */
	bool fold = *line == ' ' || *line == '\t';

	if (fold && (d->aux & FRAMED_LAST))
		d->aux |= RP_FRAMED_BAD;
	if (fold)
		return GO_ON;
	d->aux &= (uint8_t)~FRAMED_LAST;
	char letter = *line | 0x20;

	if (letter == 'u' && d->status == 101)
		take_upgrade(d, line, n);
	if (d->aux & CGI_HEAD && (letter == 's' || letter == 'l'))
		take_cgi_header(d, line, n);
	if ((letter == 'c' || letter == 't') && rp_framing_take(&d->aux, &d->left, line, n))
		d->aux |= FRAMED_LAST |
		          (d->aux & LINE_CUT || n > sizeof(d->line) ? RP_FRAMED_BAD : 0);
	return GO_ON;
}

static int take_line(struct rp_delim_out *d, const char *line, size_t n, unsigned asked)
{
	if (d->state == IN_STATUS_LINE &&
	    !((asked & RP_ASKED_CGI) && begins_with_header(d, line, n)))
		return take_status(d, line, n);
	return take_header(d, line, n, asked);
}

static void keep_piece(struct rp_delim_out *d, const char *piece, size_t n)
{
	size_t room = sizeof(d->line) - d->n_line, kept = n < room ? n : room;

	memcpy(d->line + d->n_line, piece, kept);
	d->n_line = (uint8_t)(d->n_line + kept);
	if (kept < n)
		d->aux |= LINE_CUT;
}

/* One line of a head, or what there is of it.  A line that is complete in this feed is read
 * where it lies. */
static int take_head(struct rp_delim_out *d, const char **bytes, size_t *n, unsigned asked)
{
	const char *piece = *bytes, *lf = memchr(piece, '\n', *n);
	size_t n_piece = lf ? (size_t)(lf - piece) : *n;
	bool whole = lf && !d->n_line;

	consume(bytes, n, lf ? n_piece + 1 : n_piece);
	if (!whole)
		keep_piece(d, piece, n_piece);
	if (lf) {
		size_t n_kept = d->n_line;

		d->n_line = 0;
		int event = take_line(d, whole ? piece : d->line, whole ? n_piece : n_kept, asked);

		if (d->state == IN_HEADERS)
			d->aux &= (uint8_t)~LINE_CUT;
		return event;
	}
	if (d->state == IN_STATUS_LINE && !(asked & RP_ASKED_CGI) &&
	    !is_status_line(d->line, d->n_line))
		return finish(d, IS_OPAQUE, RP_OUT_OPAQUE);
	return GO_ON;
}

/* Between responses. */
static int start(struct rp_delim_out *d, const char **bytes, size_t *n, unsigned asked)
{
	if (**bytes == '\r' || **bytes == '\n') {
		consume(bytes, n, 1);
		return GO_ON;
	}
	if (**bytes != 'H' && !(asked & RP_ASKED_CGI))
		return finish(d, IS_OPAQUE, RP_OUT_OPAQUE);
	d->state = IN_STATUS_LINE;
	if (d->aux & TOLD_FIRST)
		return GO_ON;
	d->aux = TOLD_FIRST;
	return RP_OUT_FIRST;
}

static int take_length(struct rp_delim_out *d, const char **bytes, size_t *n)
{
	size_t used = d->left < *n ? (size_t)d->left : *n;

	consume(bytes, n, used);
	d->left -= used;
	return d->left ? GO_ON : finish(d, AT_START, RP_OUT_END);
}

static int take_chunks(struct rp_delim_out *d, const char **bytes, size_t *n)
{
	switch (rp_chunk_feed(&d->left, &d->aux, bytes, n)) {
	case RP_CHUNK_MORE:
		return GO_ON;
	case RP_CHUNK_END:
		return finish(d, AT_START, RP_OUT_END);
	default:
		return finish(d, IS_OPAQUE, RP_OUT_OPAQUE);
	}
}

/* Bytes that we do not see must be body; what is behind it would be the next head. */
static int skip_unseen(struct rp_delim_out *d, size_t *n)
{
	size_t unseen = *n;

	*n = 0;
	if (d->state == IN_CLOSE)
		return GO_ON;
	if (d->state == IN_LENGTH && unseen <= d->left) {
		d->left -= unseen;
		return d->left ? GO_ON : finish(d, AT_START, RP_OUT_END);
	}
	if (d->state == IN_CHUNKS && rp_chunk_skip(&d->left, &d->aux, unseen))
		return GO_ON;
	return finish(d, IS_OPAQUE, RP_OUT_OPAQUE);
}

static int step(struct rp_delim_out *d, const char **bytes, size_t *n, unsigned asked)
{
	if (!*bytes)
		return skip_unseen(d, n);
	switch (d->state) {
	case AT_START:
		return start(d, bytes, n, asked);
	case IN_STATUS_LINE:
	case IN_HEADERS:
		return take_head(d, bytes, n, asked);
	case IN_LENGTH:
		return take_length(d, bytes, n);
	case IN_CHUNKS:
		return take_chunks(d, bytes, n);
	default: /* IN_CLOSE */
		consume(bytes, n, *n);
		return GO_ON;
	}
}

enum rp_out_event rp_delim_out_feed(struct rp_delim_out *d, const char **bytes, size_t *n,
                                    unsigned asked)
{
	int event = GO_ON;

	if (d->state == IS_OPAQUE)
		return RP_OUT_OPAQUE;
	if (asked & RP_ASKED_RECORDS) {
		event = (int)rp_fcgi_out(d, bytes, n, asked);
		return (enum rp_out_event)(event == RP_OUT_OPAQUE ? finish(d, IS_OPAQUE, event)
		                                                  : event);
	}
	if (d->state == BEHIND_CGI_HEAD)
		event = end_head(d, asked);
	while (*n && event == GO_ON)
		event = step(d, bytes, n, asked);
	return event == GO_ON ? RP_OUT_MORE : (enum rp_out_event)event;
}
