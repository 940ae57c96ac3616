/* delim_in.c - the request side: where heads and bodies of requests begin and end.
 *
 * Room: hot, pure.  A head that is complete in one feed is parsed where it lies; only what was
 * cut is copied into the kept buffer.  Answers depend on the bytes, never on where they were cut.
 * HTTP/1 is tried first: for it the other wires cost nothing.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim.h"

#include <string.h>
#include "preload/hot/delim_framing.h"
#include "preload/hot/delim_head.h"
#include "preload/hot/delim_wires.h"

enum { IN_HEAD = RP_DELIM_BETWEEN, IN_LENGTH = RP_DELIM_LENGTH, IN_CHUNKS, IN_OPAQUE, IN_RECORDS };

/* aux while in a head */
enum { BUFFER_ASKED = 1, LINE_GOOD = 2 };

static enum rp_in_event give_up(struct rp_delim_in *d)
{
	*d = (struct rp_delim_in){.state = IN_OPAQUE};
	return RP_IN_OPAQUE;
}

static void consume(const char **bytes, size_t *n, size_t used)
{
	*bytes += used;
	*n -= used;
}

/* What has not been told to be something else. */
static bool may_be_http(const struct rp_delim_in *d)
{
	return d->wire <= RP_WIRE_HTTP || d->wire == RP_WIRE_PROXY;
}

static enum rp_in_event tell_head(struct rp_delim_in *d, struct rp_head *head)
{
	d->aux = 0;
	if (!head->wire)
		d->wire = head->wire = RP_WIRE_HTTP;
	if (head->wire == RP_WIRE_PROXY) {
		d->n_kept = d->scanned = 0;
		return RP_IN_PEER;
	}
	if (head->wire == RP_WIRE_H2) {
		*d = (struct rp_delim_in){.state = IN_OPAQUE, .wire = RP_WIRE_H2};
		return RP_IN_H2;
	}
	if (head->wire == RP_WIRE_FCGI) {
		d->state = IN_RECORDS;
		rp_fcgi_begin_body(d, head);
		return RP_IN_HEAD;
	}
	d->state = head->chunked && head->wire == RP_WIRE_HTTP ? IN_CHUNKS : IN_LENGTH;
	d->left = head->body_bytes;
	return RP_IN_HEAD;
}

/* A head that is none of HTTP/1: another's, unless its first line was one. */
static __attribute__((noinline, cold)) long try_wires(struct rp_delim_in *d, struct rp_wire_bytes b,
                                                      struct rp_head *head)
{
	if (d->wire == RP_WIRE_HTTP || (may_be_http(d) && rp_head_judge(b.at, b.n) != RP_LINE_BAD))
		return -1;
	return rp_wires_head(d, b, head);
}

/* As rp_head_parse, for the bytes that KEPT has of a head of HTTP/1. */
static long extend_http(struct rp_delim_in *d, const char *kept, size_t n, struct rp_head *head)
{
	size_t end = rp_head_end(kept, d->scanned, n);

	if (end)
		return rp_head_parse(kept, end, head) > 0 ? (long)end : -1;
	enum rp_head_line verdict = d->aux & LINE_GOOD ? RP_LINE_GOOD : rp_head_judge(kept, n);

	d->scanned = (uint32_t)n;
	d->aux |= verdict == RP_LINE_GOOD ? LINE_GOOD : 0;
	return verdict == RP_LINE_BAD ? -1 : 0;
}

/* A head that does not lie in one feed: adds what there is to what is kept. */
static enum rp_in_event extend_head(struct rp_delim_in *d, const char **bytes, size_t *n,
                                    char *kept, struct rp_head *head)
{
	if (!kept)
		return give_up(d);
	size_t had = d->n_kept, room = RP_HEAD_MAX - had, more = *n < room ? *n : room;
	struct rp_wire_bytes all = {kept, had + more, kept};

	if (more)
		memcpy(kept + had, *bytes, more);
	long end = may_be_http(d) ? extend_http(d, kept, had + more, head) : -1;

	if (end < 0)
		end = try_wires(d, all, head);
	if (end > 0 && (size_t)end >= had) {
		consume(bytes, n, (size_t)end - had);
		d->n_kept = d->scanned = (uint32_t)end;
		return tell_head(d, head);
	}
	consume(bytes, n, more);
	d->n_kept = (uint32_t)(had + more);
	if (end || d->n_kept == RP_HEAD_MAX)
		return give_up(d);
	return had ? RP_IN_MORE : RP_IN_BEGIN;
}

/* The first piece of a head of HTTP/1, which has no end in it. */
static enum rp_in_event keep_http(struct rp_delim_in *d, const char **bytes, size_t *n, char *kept)
{
	memcpy(kept, *bytes, *n);
	d->n_kept = d->scanned = (uint32_t)*n;
	d->aux = memchr(*bytes, '\n', *n) ? LINE_GOOD : 0;
	consume(bytes, n, *n);
	return RP_IN_BEGIN;
}

/* Between requests: the head is complete in this feed, or its first piece is kept. */
static enum rp_in_event begin_head(struct rp_delim_in *d, const char **bytes, size_t *n, char *kept,
                                   bool *want_kept, struct rp_head *head)
{
	while (*n && (**bytes == '\r' || **bytes == '\n'))
		consume(bytes, n, 1);
	if (!*n)
		return RP_IN_MORE;
	size_t most = *n < RP_HEAD_MAX ? *n : RP_HEAD_MAX;
	long size = may_be_http(d) ? rp_head_parse(*bytes, most, head) : -1;
	bool http = size >= 0;

	if (!http)
		size = try_wires(d, (struct rp_wire_bytes){*bytes, most, NULL}, head);
	if (size > 0) {
		consume(bytes, n, (size_t)size);
		return tell_head(d, head);
	}
	if (size < 0 || (http && *n >= RP_HEAD_MAX))
		return give_up(d);
	if (!kept && !(d->aux & BUFFER_ASKED)) {
		d->aux = BUFFER_ASKED;
		*want_kept = true;
		return RP_IN_MORE;
	}
	d->aux = 0;
	return http && kept ? keep_http(d, bytes, n, kept) : extend_head(d, bytes, n, kept, head);
}

/* In FastCGI's records, whose last one may come long after the body. */
static enum rp_in_event take_records(struct rp_delim_in *d, const char **bytes, size_t *n,
                                     char *kept, bool *want_kept, struct rp_head *head)
{
	bool over;
	enum rp_in_event event = rp_fcgi_in(d, bytes, n, &over);

	if (event == RP_IN_OPAQUE)
		return give_up(d);
	if (!over)
		return event;
	*d = (struct rp_delim_in){.state = IN_HEAD, .wire = d->wire};
	return event == RP_IN_MORE ? begin_head(d, bytes, n, kept, want_kept, head) : event;
}

static enum rp_in_event end_body(struct rp_delim_in *d)
{
	*d = (struct rp_delim_in){.state = IN_HEAD, .wire = d->wire};
	return RP_IN_BODY;
}

static enum rp_in_event take_chunks(struct rp_delim_in *d, const char **bytes, size_t *n)
{
	switch (rp_chunk_feed(&d->left, &d->aux, bytes, n)) {
	case RP_CHUNK_MORE:
		return RP_IN_MORE;
	case RP_CHUNK_END:
		return end_body(d);
	default:
		return give_up(d);
	}
}

enum rp_in_event rp_delim_in_feed(struct rp_delim_in *d, const char **bytes, size_t *n, char *kept,
                                  bool *want_kept, struct rp_head *head)
{
	*want_kept = false;
	if (d->state == IN_HEAD)
		return d->n_kept ? extend_head(d, bytes, n, kept, head)
		                 : begin_head(d, bytes, n, kept, want_kept, head);
	d->n_kept = d->scanned = 0;
	if (d->state == IN_CHUNKS)
		return take_chunks(d, bytes, n);
	if (d->state == IN_RECORDS)
		return take_records(d, bytes, n, kept, want_kept, head);
	if (d->state != IN_LENGTH)
		return RP_IN_OPAQUE;
	size_t used = d->left < *n ? (size_t)d->left : *n;

	consume(bytes, n, used);
	d->left -= used;
	return d->left ? RP_IN_MORE : end_body(d);
}
