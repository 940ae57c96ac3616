/* delim_fcgi.c - FastCGI 1.0: records both ways, one request at a time on a connection.
 *
 * Room: hot, pure.  Servers refuse several at once (FCGI_MPXS_CONNS is 0 in all that we know of):
 * a record of another request than the one under way makes the connection opaque.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "preload/hot/delim_cgi.h"
#include "preload/hot/delim_wires.h"

enum { RECORD = 8, NO = -1, MORE = 0 };

enum { /* types of records */
       BEGIN = 1,
       ABORT = 2,
       END = 3,
       PARAMS = 4,
       STDIN = 5,
       STDOUT = 6,
       STDERR = 7,
};

enum { KEEP_CONNECTION = 1 };

/* flags of struct rp_record */
enum {
	TOLD = 1,    /* the body; of an answer its status */
	COUNTED = 2, /* the body's length is known: it is left in struct rp_delim_in */
	EMPTY = 4,   /* the record has no content: its stream ends */
};

struct record {
	unsigned type, id, content, padding;
};

static struct record read_record(const char *at)
{
	const unsigned char *b = (const void *)at;

	return (struct record){b[1], (unsigned)b[2] << 8 | b[3], (unsigned)b[4] << 8 | b[5], b[6]};
}

/* The bytes that are there can begin a first record. */
static bool begins(struct rp_wire_bytes b)
{
	static const char SHAPE[] = {1, BEGIN, 0, 0, 0, RECORD};

	for (size_t i = 0; i < b.n && i < sizeof(SHAPE); i++)
		if (i != 2 && i != 3 && b.at[i] != SHAPE[i])
			return false;
	return true;
}

/* Over whole records from *AT on: the offset behind the empty PARAMS of request ID. */
static long find_end(struct rp_wire_bytes b, uint32_t *at, unsigned id)
{
	while (b.n - *at >= RECORD) {
		struct record r = read_record(b.at + *at);

		if (b.at[*at] != 1 || r.id != id || r.type != PARAMS)
			return NO;
		if (b.n - *at < RECORD + r.content + r.padding)
			break;
		*at += RECORD + r.content + r.padding;
		if (!r.content)
			return *at;
	}
	return MORE;
}

/* The variables of [AT, AT + N) in one piece: where they lie when they came in one record. */
static struct rp_span gather(struct rp_wire_bytes b, size_t first, size_t end)
{
	struct rp_span all = {b.at + first + RECORD, read_record(b.at + first).content};
	size_t at = first + RECORD + all.n + read_record(b.at + first).padding;

	while (at < end) {
		struct record r = read_record(b.at + at);

		if (r.content && !b.mine)
			return (struct rp_span){NULL, 0};
		if (r.content)
			memmove(b.mine + first + RECORD + all.n, b.at + at + RECORD, r.content);
		all.n += r.content;
		at += RECORD + r.content + r.padding;
	}
	return all;
}

/* A length of one byte, or of four when the highest bit is set; false: there are no more bytes. */
static bool take_length(struct rp_span *rest, size_t *length)
{
	const unsigned char *b = (const void *)rest->at;
	size_t n = rest->n && b[0] & 0x80 ? 4 : 1;

	if (rest->n < n)
		return false;
	*length = n == 1 ? b[0]
	                 : (b[0] & 0x7fu) << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
	rest->at += n;
	rest->n -= n;
	return true;
}

static bool take_variables(struct rp_cgi *cgi, struct rp_span rest)
{
	while (rest.n) {
		size_t n_name, n_value;

		if (!take_length(&rest, &n_name) || !take_length(&rest, &n_value) ||
		    n_name > rest.n || n_value > rest.n - n_name)
			return false;
		rp_cgi_take(cgi, (struct rp_span){rest.at, n_name},
		            (struct rp_span){rest.at + n_name, n_value});
		rest.at += n_name + n_value;
		rest.n -= n_name + n_value;
	}
	return true;
}

long rp_fcgi_head(struct rp_wire_bytes b, uint32_t *scanned, struct rp_head *head)
{
	if (!begins(b))
		return NO;
	if (b.n < 2 * RECORD)
		return MORE;
	struct record first = read_record(b.at);
	uint32_t at = *scanned ? *scanned : 2 * RECORD + first.padding;

	if (!first.id)
		return NO;
	if (b.n < at)
		return MORE;
	*scanned = at;
	long end = find_end(b, scanned, first.id);

	if (end <= 0)
		return end;
	struct rp_span all = gather(b, 2 * RECORD + first.padding, (size_t)end);
	struct rp_cgi cgi;

	if (!all.at)
		return MORE;
	rp_cgi_begin(&cgi, head, RP_WIRE_FCGI);
	head->close = !(b.at[RECORD + 2] & KEEP_CONNECTION);
	head->request_id = (uint16_t)first.id;
	return take_variables(&cgi, all) && rp_cgi_end(&cgi) ? end : NO;
}

/* One byte of a record's head; false: it is no record of this request. */
static bool take_byte(struct rp_record *r, unsigned char byte)
{
	unsigned low = r->id & 0xff, high = r->id >> 8;

	switch (r->n_head++) {
	case 0:
		return byte == 1;
	case 1:
		r->type = byte;
		return true;
	case 2:
		r->content = byte;
		return !r->id || byte == high;
	case 3:
		if (!r->id)
			r->id = (uint16_t)(r->content << 8 | byte);
		else if (byte != low)
			return false;
		return r->id;
	case 4:
	case 5:
		r->content = (uint16_t)(r->content << 8 | byte);
		return true;
	case 6:
		r->padding = byte;
		r->flags &= (uint8_t)~EMPTY;
		r->flags |= r->content ? 0 : EMPTY;
		return true;
	default:
		return true;
	}
}

static void consume(const char **bytes, size_t *n, size_t used)
{
	if (*bytes)
		*bytes += used;
	*n -= used;
}

static size_t at_most(size_t n, size_t most)
{
	return n < most ? n : most;
}

/* What a record has besides content: its head and its padding.  False: it is not this request's. */
static bool pass_frame(struct rp_record *r, const char **bytes, size_t *n)
{
	if (r->n_head < RECORD) {
		unsigned char byte = (unsigned char)**bytes;

		consume(bytes, n, 1);
		return take_byte(r, byte);
	}
	size_t used = at_most(*n, r->padding);

	consume(bytes, n, used);
	r->padding = (uint8_t)(r->padding - used);
	return true;
}

static bool is_over(struct rp_record *r)
{
	if (r->n_head < RECORD || r->content || r->padding)
		return false;
	r->n_head = 0;
	return true;
}

void rp_fcgi_begin_body(struct rp_delim_in *d, const struct rp_head *head)
{
	d->left = head->body_bytes;
	d->record =
	        (struct rp_record){.id = head->request_id, .flags = head->chunked ? 0 : COUNTED};
}

/* The body is complete with its last byte, when it is known how long it is: servers read the
 * stream's end when they look for the next request. */
static bool is_body_due(const struct rp_delim_in *d)
{
	return (d->record.flags & (TOLD | COUNTED)) == COUNTED && !d->left;
}

static void take_content(struct rp_delim_in *d, const char **bytes, size_t *n)
{
	struct rp_record *r = &d->record;
	bool counts = r->type == STDIN && (r->flags & (TOLD | COUNTED)) == COUNTED;
	size_t used = at_most(*n, r->content);

	if (counts && used > d->left)
		used = (size_t)d->left;
	if (counts)
		d->left -= used;
	consume(bytes, n, used);
	r->content = (uint16_t)(r->content - used);
}

enum rp_in_event rp_fcgi_in(struct rp_delim_in *d, const char **bytes, size_t *n, bool *over)
{
	struct rp_record *r = &d->record;

	*over = false;
	while (!is_body_due(d) && *n) {
		if (r->n_head == RECORD && r->content) {
			take_content(d, bytes, n);
		} else if (!pass_frame(r, bytes, n) ||
		           (r->n_head == 2 && r->type != STDIN && r->type != ABORT)) {
			return RP_IN_OPAQUE;
		}
		*over = is_over(r) && r->type == STDIN && r->flags & EMPTY;
		if (*over)
			return r->flags & TOLD ? RP_IN_MORE : RP_IN_BODY;
	}
	if (!is_body_due(d))
		return RP_IN_MORE;
	r->flags |= TOLD;
	return RP_IN_BODY;
}

/* The head that CGI's output begins with: only there is STDOUT looked into. */
static enum rp_out_event take_output(struct rp_delim_out *d, const char **bytes, size_t *n,
                                     unsigned asked)
{
	size_t given = at_most(*n, d->record.content), left = given;
	enum rp_out_event event =
	        rp_delim_out_feed(d, bytes, &left, asked & ~(unsigned)RP_ASKED_RECORDS);

	*n -= given - left;
	d->record.content = (uint16_t)(d->record.content - (given - left));
	if (event == RP_OUT_STATUS)
		d->record.flags |= TOLD;
	return event;
}

static enum rp_out_event end_answer(struct rp_delim_out *d)
{
	uint16_t status = d->record.flags & TOLD ? d->status : 0;

	*d = (struct rp_delim_out){.status = status};
	return RP_OUT_END;
}

static bool is_answer(const struct rp_record *r)
{
	return r->n_head < 2 || r->type == STDOUT || r->type == STDERR || r->type == END;
}

enum rp_out_event rp_fcgi_out(struct rp_delim_out *d, const char **bytes, size_t *n, unsigned asked)
{
	struct rp_record *r = &d->record;
	enum rp_out_event event = RP_OUT_MORE;

	while (*n && event == RP_OUT_MORE) {
		bool inside = r->n_head == RECORD && r->content;
		bool head = inside && r->type == STDOUT && !(r->flags & TOLD);

		if (!*bytes && (head || !inside || *n > r->content))
			return RP_OUT_OPAQUE;
		if (head) {
			event = take_output(d, bytes, n, asked);
		} else if (inside) {
			size_t used = at_most(*n, r->content);

			consume(bytes, n, used);
			r->content = (uint16_t)(r->content - used);
		} else if (!pass_frame(r, bytes, n) || !is_answer(r)) {
			return RP_OUT_OPAQUE;
		}
		if (is_over(r) && r->type == END)
			return end_answer(d);
	}
	return event;
}
