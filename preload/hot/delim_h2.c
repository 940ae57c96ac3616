/* delim_h2.c - see delim_h2.h.
 *
 * Room: hot, pure.  Nothing waits for a frame to be whole: its head is kept (9 bytes), its payload
 * passes, and field blocks are read as they pass.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_h2.h"

#include <string.h>

enum { /* types of frames */
       DATA,
       HEADERS,
       PRIORITY,
       RST_STREAM,
       SETTINGS,
       PUSH_PROMISE,
       PING,
       GOAWAY,
       WINDOW_UPDATE,
       CONTINUATION,
};

enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8, HAS_PRIORITY = 0x20 };

enum { FRAME_HEAD = 9, PRIORITY_BYTES = 5, PROMISED_BYTES = 4 };

static bool in_block(const struct rp_h2_side *s)
{
	return s->type == HEADERS || s->type == PUSH_PROMISE || s->type == CONTINUATION;
}

static void begin_block(struct rp_h2_side *s)
{
	s->block = s->stream;
	s->promised = s->type == PUSH_PROMISE;
	s->ends = !s->promised && s->flags & END_STREAM;
	s->opens = !s->server && s->stream > s->newest;
	s->padded = s->flags & PADDED;
	s->skip = s->promised ? PROMISED_BYTES : s->flags & HAS_PRIORITY ? PRIORITY_BYTES : 0;
	s->status = 0;
	s->forwarded = false;
	s->method = s->path = s->authority = s->host = s->trigger = s->traceparent =
	        (struct rp_span){NULL, 0};
	rp_hpack_begin(&s->hpack);
}

/* A frame's head is complete.  False: it must not come here. */
static bool begin_frame(struct rp_h2_side *s)
{
	const uint8_t *b = s->head;

	s->left = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
	s->type = b[3];
	s->flags = b[4];
	s->stream = (b[5] & 0x7fu) << 24 | (uint32_t)b[6] << 16 | (uint32_t)b[7] << 8 | b[8];
	s->pad = s->skip = 0;
	if ((s->block != 0) != (s->type == CONTINUATION) || (s->block && s->block != s->stream))
		return false;
	if (s->type == CONTINUATION)
		return true;
	if (s->type == HEADERS || (s->type == PUSH_PROMISE && s->server)) {
		begin_block(s);
		return s->stream && (s->server || s->stream & 1);
	}
	return s->type != PUSH_PROMISE && (s->stream || (s->type != DATA && s->type != RST_STREAM));
}

static void take_field(struct rp_h2_side *s, const struct rp_field *field)
{
	struct rp_span *const to[] = {
	        [RP_FIELD_METHOD] = &s->method,       [RP_FIELD_PATH] = &s->path,
	        [RP_FIELD_AUTHORITY] = &s->authority, [RP_FIELD_HOST] = &s->host,
	        [RP_FIELD_TRIGGER] = &s->trigger,     [RP_FIELD_TRACEPARENT] = &s->traceparent,
	        [RP_FIELD_FORWARDED] = NULL};
	const char *c = field->value.at;

	if (field->name == RP_FIELD_FORWARDED)
		s->forwarded = true;
	else if (field->name == RP_FIELD_STATUS && field->value.n == 3)
		s->status = (uint16_t)((c[0] - '0') * 100 + (c[1] - '0') * 10 + c[2] - '0');
	else if (field->name != RP_FIELD_STATUS && !to[field->name]->at)
		*to[field->name] = field->value;
}

/* At most N bytes of a block's frame, which has LEFT bytes; those used.  -1: it is none. */
static long take_block(struct rp_h2_side *s, const char *bytes, size_t n)
{
	size_t fields = s->left - s->pad;
	struct rp_field field;

	if (s->padded) {
		s->padded = false;
		s->pad = (uint8_t)*bytes;
		return s->pad + 1u + s->skip <= s->left ? 1 : -1;
	}
	if (s->skip) {
		size_t used = n < s->skip ? n : s->skip;

		if (s->skip > fields)
			return -1;
		s->skip = (uint8_t)(s->skip - used);
		return (long)used;
	}
	if (!fields) {
		size_t used = n < s->pad ? n : s->pad;

		s->pad = (uint8_t)(s->pad - used);
		return (long)used;
	}
	const char *at = bytes;
	size_t left = n < fields ? n : fields;
	enum rp_hpack_event event;

	while ((event = rp_hpack_feed(&s->hpack, &at, &left, &field)) == RP_HPACK_FIELD)
		take_field(s, &field);
	return event == RP_HPACK_BAD ? -1 : at - bytes;
}

static bool spells(struct rp_span text, const char *word, size_t n)
{
	return text.n == n && !memcmp(text.at, word, n);
}

/* The head of a request; false: it is none that a server would serve. */
static bool tell_head(struct rp_h2_side *s, struct rp_h2_told *told)
{
	struct rp_head *head = &told->head;

	/* The spans before it are all set below; of all of it one would make "rep stos". */
	head->query = (struct rp_span){NULL, 0};
	memset(&head->peer, 0, sizeof(*head) - offsetof(struct rp_head, peer));
	head->wire = RP_WIRE_H2;
	head->protocol = (struct rp_span){"HTTP/2", 6};
	head->method = s->method;
	head->target = s->path.n ? s->path : s->authority;
	head->host = s->authority.at ? s->authority : s->host;
	head->trigger = s->trigger;
	head->traceparent = s->traceparent;
	head->forwarded = s->forwarded;
	head->is_head = spells(s->method, "HEAD", 4);
	head->is_connect = spells(s->method, "CONNECT", 7);
	told->unsure = s->hpack.unsure;
	return head->method.n && head->target.n;
}

static enum rp_h2_event end_block(struct rp_h2_side *s, struct rp_h2_told *told)
{
	bool ends = s->ends;

	s->block = 0;
	if (!rp_hpack_ends(&s->hpack))
		return RP_H2_BAD;
	if (s->promised)
		return RP_H2_PASS;
	if (s->opens)
		s->newest = s->stream;
	told->status = s->status;
	if (s->opens ? tell_head(s, told) : s->status >= 200) {
		s->due = ends ? RP_H2_END : 0;
		return s->server ? RP_H2_STATUS : RP_H2_HEAD;
	}
	return ends ? RP_H2_END : RP_H2_PASS;
}

/* The last byte of a frame has passed. */
static enum rp_h2_event end_frame(struct rp_h2_side *s, struct rp_h2_told *told)
{
	s->n_head = 0;
	if (in_block(s)) {
		if (s->padded || s->skip)
			return RP_H2_BAD;
		return s->flags & END_HEADERS ? end_block(s, told) : RP_H2_PASS;
	}
	if (s->type == RST_STREAM)
		return RP_H2_RESET;
	return s->type == DATA && s->flags & END_STREAM ? RP_H2_END : RP_H2_PASS;
}

/* A frame that lets others go on: more may be sent, or by other rules. */
static bool is_wide(const struct rp_h2_side *s)
{
	return (s->type == WINDOW_UPDATE && !s->stream) ||
	       (s->type == SETTINGS && !(s->flags & ACK));
}

static enum rp_h2_event give_up(struct rp_h2_side *s)
{
	s->due = RP_H2_BAD;
	return RP_H2_BAD;
}

/* Bytes of a frame's head. */
static enum rp_h2_event take_head(struct rp_h2_side *s, const char **bytes, size_t *n,
                                  struct rp_h2_told *told)
{
	while (*n && s->n_head < FRAME_HEAD) {
		s->head[s->n_head++] = (uint8_t) * (*bytes)++;
		--*n;
	}
	if (s->n_head < FRAME_HEAD)
		return RP_H2_MORE;
	if (!begin_frame(s))
		return give_up(s);
	told->bytes = FRAME_HEAD;
	return RP_H2_PASS;
}

static enum rp_h2_event take_payload(struct rp_h2_side *s, const char **bytes, size_t *n,
                                     struct rp_h2_told *told)
{
	long used = *n < s->left ? (long)*n : (long)s->left;

	if (!*bytes && (s->type != DATA || *n > s->left))
		return give_up(s);
	if (in_block(s))
		used = take_block(s, *bytes, (size_t)used);
	if (used < 0)
		return give_up(s);
	*bytes = *bytes ? *bytes + used : NULL;
	*n -= (size_t)used;
	s->left -= (uint32_t)used;
	told->bytes += (uint32_t)used;
	return RP_H2_PASS;
}

enum rp_h2_event rp_h2_feed(struct rp_h2_side *s, const char **bytes, size_t *n,
                            struct rp_h2_told *told)
{
	enum rp_h2_event event = s->due;

	told->bytes = told->status = 0;
	told->stream = s->stream;
	told->unsure = told->wide = false;
	if (event == RP_H2_BAD)
		return event;
	s->due = 0;
	if (event || !*n)
		return event;
	if (s->n_head < FRAME_HEAD && !*bytes)
		return give_up(s);
	event = s->n_head < FRAME_HEAD ? take_head(s, bytes, n, told) : RP_H2_PASS;
	while (event == RP_H2_PASS && *n && s->left)
		event = take_payload(s, bytes, n, told);
	if (event != RP_H2_PASS)
		return event;
	told->stream = s->type == PRIORITY ? 0 : s->stream;
	told->wide = is_wide(s);
	if (!s->left)
		event = end_frame(s, told);
	return event == RP_H2_BAD ? give_up(s) : event;
}

bool rp_h2_speaks_first(const char *bytes, size_t n)
{
	static const char SHAPE[] = {0, 0, 0, SETTINGS, 0, 0, 0, 0, 0};

	if (!bytes || n < FRAME_HEAD || (unsigned char)bytes[2] % 6)
		return false;
	return !memcmp(bytes, SHAPE, 2) && !memcmp(bytes + 3, SHAPE + 3, FRAME_HEAD - 3);
}

static void open_side(struct rp_h2_side *s, struct rp_hpack_entry *entries, unsigned n_entries,
                      char *values, unsigned n_values, char *text, unsigned n_text)
{
	memset(s, 0, sizeof(*s));
	s->hpack.entries = entries;
	s->hpack.n_entries = (uint16_t)n_entries;
	s->hpack.values = values;
	s->hpack.n_values = (uint16_t)n_values;
	s->hpack.text = text;
	s->hpack.n_text = (uint16_t)n_text;
}

void rp_h2_open_in(struct rp_h2_in *in)
{
	open_side(&in->side, in->entries, RP_H2_ENTRIES, in->values, sizeof(in->values), in->text,
	          sizeof(in->text));
	in->side.hpack.asked = 1 << RP_FIELD_METHOD | 1 << RP_FIELD_PATH | 1 << RP_FIELD_AUTHORITY |
	                       1 << RP_FIELD_HOST | 1 << RP_FIELD_TRIGGER |
	                       1 << RP_FIELD_TRACEPARENT | 1 << RP_FIELD_FORWARDED;
}

void rp_h2_copy_in(struct rp_h2_in *to, const struct rp_h2_in *from)
{
	to->side = from->side;
	memcpy(to->entries, from->entries, sizeof(to->entries));
	memcpy(to->values, from->values, sizeof(to->values));
	to->side.hpack.entries = to->entries;
	to->side.hpack.values = to->values;
	to->side.hpack.text = to->text;
}

void rp_h2_open_out(struct rp_h2_out *out)
{
	open_side(&out->side, out->entries, RP_H2_STATUSES, out->values, sizeof(out->values),
	          out->text, sizeof(out->text));
	out->side.server = true;
	out->side.hpack.asked = 1 << RP_FIELD_STATUS;
}
