/* rewrite.c - see rewrite.h.  Room: hot, pure.  SPDX-License-Identifier: MIT */
#include "preload/hot/rewrite.h"

enum {
	IN_STATUS, /* "HTTP/1.1 200", byte by byte: n_name */
	IN_REASON,
	BEHIND_CR, /* LF must follow */
	AT_LINE,
	IN_NAME,
	IN_VALUE,
	IN_EMPTY_LINE, /* its LF must follow */
	IS_OVER,
};

enum { STATUS_AT = 9, SWITCHING = 101 };

static const char SHAPE[] = "HTTP/1.d ddd", NAME[] = RP_REWRITE_NAME;

enum { N_SHAPE = sizeof(SHAPE) - 1, N_NAME = sizeof(NAME) - 1 };

/* RFC 9110 5.6.2: what names are made of. */
static bool is_token(unsigned char c)
{
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
		return true;
	if (c >= '0' && c <= '9')
		return true;
	for (const char *more = "!#$%&'*+-.^_`|~"; *more; more++)
		if (c == (unsigned char)*more)
			return true;
	return false;
}

static uint8_t in_status(struct rp_rewrite *r, char c)
{
	bool digit = c >= '0' && c <= '9';

	if (r->n_name >= N_SHAPE)
		return c == ' ' ? IN_REASON : c == '\r' ? BEHIND_CR : IS_OVER;
	if (SHAPE[r->n_name] == 'd' ? !digit : c != SHAPE[r->n_name])
		return IS_OVER;
	if (r->n_name >= STATUS_AT)
		r->status = (uint16_t)(r->status * 10 + c - '0');
	r->n_name++;
	return IN_STATUS;
}

static uint8_t in_name(struct rp_rewrite *r, char c)
{
	if (c == ':')
		return !r->n_name || (r->same && r->n_name == N_NAME) ? IS_OVER : IN_VALUE;
	if (!is_token((unsigned char)c))
		return IS_OVER;
	r->same = r->same && r->n_name < N_NAME && (c | 0x20) == (NAME[r->n_name] | 0x20);
	if (r->n_name < UINT8_MAX)
		r->n_name++;
	return IN_NAME;
}

/* A line that continues the one before (obs-fold) is read differently by different clients. */
static uint8_t at_line(struct rp_rewrite *r, char c)
{
	if (c == '\r')
		return IN_EMPTY_LINE;
	r->n_name = 0;
	r->same = 1;
	return in_name(r, c);
}

static uint8_t in_text(char c, uint8_t state)
{
	return c == '\r' ? BEHIND_CR : c == '\n' || !c ? IS_OVER : state;
}

static uint8_t step(struct rp_rewrite *r, char c)
{
	switch (r->state) {
	case IN_STATUS:
		return in_status(r, c);
	case IN_REASON:
	case IN_VALUE:
		return in_text(c, r->state);
	case BEHIND_CR:
		return c == '\n' ? AT_LINE : IS_OVER;
	case AT_LINE:
		return at_line(r, c);
	case IN_NAME:
		return in_name(r, c);
	default:
		return IS_OVER;
	}
}

/* The empty line is over: of an answer that is to come still, or of the final one. */
static enum rp_rewrite_event empty_line(struct rp_rewrite *r, char c)
{
	bool interim = r->status < 200 && r->status != SWITCHING;
	bool fits = c == '\n' && r->status >= 100 && r->status != SWITCHING;

	if (fits && interim)
		*r = (struct rp_rewrite){.n = r->n};
	else
		r->state = IS_OVER;
	return !fits ? RP_REWRITE_NEVER : interim ? RP_REWRITE_MORE : RP_REWRITE_HERE;
}

enum rp_rewrite_event rp_rewrite_feed(struct rp_rewrite *r, const char **bytes, size_t *n)
{
	enum rp_rewrite_event event = RP_REWRITE_MORE;

	while (*n && event == RP_REWRITE_MORE) {
		char c = *(*bytes)++;

		--*n;
		if (r->state == IN_EMPTY_LINE)
			event = empty_line(r, c);
		else
			r->state = r->n++ < RP_REWRITE_MAX ? step(r, c) : IS_OVER;
		if (r->state == IS_OVER && event == RP_REWRITE_MORE)
			event = RP_REWRITE_NEVER;
	}
	return r->state == IS_OVER && event == RP_REWRITE_MORE ? RP_REWRITE_NEVER : event;
}

/* ---- one call -------------------------------------------------------------------------------- */

bool rp_insert_find(const struct rp_insert *i, struct rp_weave *w)
{
	struct rp_rewrite r = i->rewrite;
	enum rp_rewrite_event event = RP_REWRITE_MORE;
	size_t before = 0;

	w->at = w->n_lines = 0;
	if (i->state != RP_INSERT_WANT)
		return i->state == RP_INSERT_PART;
	for (size_t k = 0; k < w->n_iov && event == RP_REWRITE_MORE; k++) {
		const char *bytes = w->iov[k].iov_base;
		size_t n = w->iov[k].iov_len, left = n;

		event = rp_rewrite_feed(&r, &bytes, &left);
		before += n - left;
	}
	if (event != RP_REWRITE_HERE || before < RP_EMPTY_LINE)
		return false; /* or half of the empty line is out: too late */
	w->at = before - RP_EMPTY_LINE;
	return true;
}

void rp_insert_took(struct rp_insert *i, size_t n_lines)
{
	i->sent = (uint16_t)(i->sent + n_lines);
	if (n_lines)
		i->state = i->sent < i->n ? RP_INSERT_PART : RP_INSERT_OVER;
}

void rp_insert_said(struct rp_insert *i, const char *bytes, size_t n)
{
	if (i->state != RP_INSERT_WANT)
		return;
	if (!bytes || rp_rewrite_feed(&i->rewrite, &bytes, &n) != RP_REWRITE_MORE)
		i->state = RP_INSERT_OVER;
}

size_t rp_weave_of_host(const struct rp_weave *w, size_t done)
{
	if (done <= w->at)
		return done;
	return done - w->at < w->n_lines ? w->at : done - w->n_lines;
}

struct pieces {
	struct iovec *out;
	size_t n, most, bytes;
};

static void add(struct pieces *p, const char *at, size_t n)
{
	if (!n || p->n == p->most)
		return;
	p->out[p->n++] = (struct iovec){(char *)(uintptr_t)at, n};
	p->bytes += n;
}

/* The host's bytes from FROM to TO. */
static void add_host(struct pieces *p, const struct rp_weave *w, size_t from, size_t to)
{
	size_t begin = 0;

	for (size_t i = 0; i < w->n_iov && begin < to; i++) {
		size_t n = w->iov[i].iov_len, skip = from > begin ? from - begin : 0;
		size_t end = begin + n < to ? n : to - begin;

		if (skip < end)
			add(p, (const char *)w->iov[i].iov_base + skip, end - skip);
		begin += n;
	}
}

size_t rp_weave_pieces(const struct rp_weave *w, size_t done, struct iovec *out, size_t most,
                       size_t *n)
{
	struct pieces p = {out, 0, most, 0};
	size_t from = rp_weave_of_host(w, done), gone = done - from;

	add_host(&p, w, from, w->at);
	if (gone < w->n_lines)
		add(&p, w->lines + gone, w->n_lines - gone);
	add_host(&p, w, from > w->at ? from : w->at, w->n);
	*n = p.bytes;
	return p.n;
}
