/* delim_in.c - the request side: where heads and bodies of requests begin and end.
 *
 * Room: hot, pure.  A head that is complete in one feed is parsed where it lies; only what was
 * cut is copied into the kept buffer.  Answers depend on the bytes, never on where they were cut.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim.h"

#include <string.h>
#include "preload/hot/delim_framing.h"
#include "preload/hot/delim_head.h"

enum { IN_HEAD, IN_LENGTH, IN_CHUNKS, IN_OPAQUE };

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

static enum rp_in_event tell_head(struct rp_delim_in *d, const struct rp_head *head)
{
	d->state = head->chunked ? IN_CHUNKS : IN_LENGTH;
	d->left = head->body_bytes;
	d->aux = 0;
	return RP_IN_HEAD;
}

/* Between requests: the head is complete in this feed, or its first piece is kept. */
static enum rp_in_event begin_head(struct rp_delim_in *d, const char **bytes, size_t *n, char *kept,
                                   bool *want_kept, struct rp_head *head)
{
	while (*n && (**bytes == '\r' || **bytes == '\n'))
		consume(bytes, n, 1);
	if (!*n)
		return RP_IN_MORE;
	long size = rp_head_parse(*bytes, *n < RP_HEAD_MAX ? *n : RP_HEAD_MAX, head);

	if (size > 0) {
		consume(bytes, n, (size_t)size);
		return tell_head(d, head);
	}
	if (size < 0 || *n >= RP_HEAD_MAX)
		return give_up(d);
	if (!kept) {
		if (d->aux & BUFFER_ASKED)
			return give_up(d);
		d->aux = BUFFER_ASKED;
		*want_kept = true;
		return RP_IN_MORE;
	}
	memcpy(kept, *bytes, *n);
	d->n_kept = d->scanned = (uint32_t)*n;
	d->aux = memchr(*bytes, '\n', *n) ? LINE_GOOD : 0;
	consume(bytes, n, *n);
	return RP_IN_BEGIN;
}

/* A head that came in pieces: adds one. */
static enum rp_in_event extend_head(struct rp_delim_in *d, const char **bytes, size_t *n,
                                    char *kept, struct rp_head *head)
{
	if (!kept)
		return give_up(d);
	size_t had = d->n_kept, room = RP_HEAD_MAX - had, more = *n < room ? *n : room;

	if (more)
		memcpy(kept + had, *bytes, more);
	size_t end = rp_head_end(kept, d->scanned, had + more);

	if (end) {
		consume(bytes, n, end - had);
		d->n_kept = d->scanned = (uint32_t)end;
		return rp_head_parse(kept, end, head) > 0 ? tell_head(d, head) : give_up(d);
	}
	consume(bytes, n, more);
	d->n_kept = d->scanned = (uint32_t)(had + more);
	if (had + more == RP_HEAD_MAX)
		return give_up(d);
	if (!(d->aux & LINE_GOOD)) {
		enum rp_head_line verdict = rp_head_judge(kept, d->n_kept);

		if (verdict == RP_LINE_BAD)
			return give_up(d);
		d->aux |= verdict == RP_LINE_GOOD ? LINE_GOOD : 0;
	}
	return RP_IN_MORE;
}

static enum rp_in_event end_body(struct rp_delim_in *d)
{
	*d = (struct rp_delim_in){.state = IN_HEAD};
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
	if (d->state != IN_LENGTH)
		return RP_IN_OPAQUE;
	size_t used = d->left < *n ? (size_t)d->left : *n;

	consume(bytes, n, used);
	d->left -= used;
	return d->left ? RP_IN_MORE : end_body(d);
}

bool rp_delim_in_skip(struct rp_delim_in *d, size_t n)
{
	if (d->state != IN_LENGTH || n >= d->left)
		return false;
	d->left -= n;
	return true;
}
