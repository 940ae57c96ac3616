/* delim_hpack.c - see delim_hpack.h.
 *
 * Room: hot, pure.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_hpack.h"

#include <string.h>

enum {
	AT_FIELD,
	IN_INDEX, /* a number that goes on: of a whole field */
	IN_NAME_INDEX,
	IN_SIZE, /* of the table, as the encoder wants it now */
	AT_NAME,
	IN_NAME_LENGTH,
	IN_NAME,
	AT_VALUE,
	IN_VALUE_LENGTH,
	IN_VALUE,
};

enum { N_STATIC = 61, MOST_SHIFT = 21 /* numbers below 2^28 */ };

/* The names of the static table that anybody may ask for. */
static enum rp_field_name static_name(uint32_t index)
{
	switch (index) {
	case 1:
		return RP_FIELD_AUTHORITY;
	case 2:
	case 3:
		return RP_FIELD_METHOD;
	case 4:
	case 5:
		return RP_FIELD_PATH;
	case 8 ... 14:
		return RP_FIELD_STATUS;
	case 38:
		return RP_FIELD_HOST;
	case 60: /* via */
		return RP_FIELD_FORWARDED;
	default:
		return RP_FIELD_OTHER;
	}
}

static struct rp_span static_value(uint32_t index)
{
	static const char VALUES[15][12] = {
	        [2] = "GET",  [3] = "POST", [4] = "/",    [5] = "/index.html",
	        [8] = "200",  [9] = "204",  [10] = "206", [11] = "304",
	        [12] = "400", [13] = "404", [14] = "500",
	};
	static const uint8_t LENGTHS[15] = {
	        [2] = 3,  [3] = 4,  [4] = 1,  [5] = 11, [8] = 3, [9] = 3,
	        [10] = 3, [11] = 3, [12] = 3, [13] = 3, [14] = 3};

	if (index >= sizeof(LENGTHS))
		return (struct rp_span){"", 0};
	return (struct rp_span){VALUES[index], LENGTHS[index]};
}

#define IS(text, n, word) ((n) == sizeof(word) - 1 && !memcmp(text, word, sizeof(word) - 1))

/* Names are lower case on this wire; N may be more than what is kept of a long one. */
static enum rp_field_name spelled_name(const char *text, size_t n)
{
	static const char FORWARDED[] = "x-forwarded-";

	if (IS(text, n, ":method"))
		return RP_FIELD_METHOD;
	if (IS(text, n, ":path"))
		return RP_FIELD_PATH;
	if (IS(text, n, ":authority"))
		return RP_FIELD_AUTHORITY;
	if (IS(text, n, ":status"))
		return RP_FIELD_STATUS;
	if (IS(text, n, "host"))
		return RP_FIELD_HOST;
	if (IS(text, n, "x-reqprof"))
		return RP_FIELD_TRIGGER;
	if (IS(text, n, "traceparent"))
		return RP_FIELD_TRACEPARENT;
	if (IS(text, n, "forwarded") || IS(text, n, "via") || IS(text, n, "x-real-ip") ||
	    (n >= sizeof(FORWARDED) && !memcmp(text, FORWARDED, sizeof(FORWARDED) - 1)))
		return RP_FIELD_FORWARDED;
	return RP_FIELD_OTHER;
}

static bool is_asked(const struct rp_hpack *h, unsigned name)
{
	return name != RP_FIELD_OTHER && h->asked >> name & 1;
}

/* --- the dynamic table --- */

static struct rp_hpack_entry *nth(struct rp_hpack *h, unsigned i)
{
	return &h->entries[(h->first + i) % h->n_entries];
}

static void forget_oldest(struct rp_hpack *h)
{
	h->lost = nth(h, 0)->number;
	h->first = (uint16_t)((h->first + 1) % h->n_entries);
	h->count--;
}

static bool is_used(struct rp_hpack *h, unsigned from, unsigned to)
{
	for (unsigned i = 0; i < h->count; i++)
		if (nth(h, i)->at < to && nth(h, i)->at + nth(h, i)->n > from)
			return true;
	return false;
}

/* Where N bytes can be kept; values lie in the order of their entries, round and round. */
static uint16_t make_room(struct rp_hpack *h, uint16_t n)
{
	if (h->end + n > h->n_values)
		h->end = 0;
	while (h->count && (h->count == h->n_entries || is_used(h, h->end, h->end + n)))
		forget_oldest(h);
	return h->end;
}

static void insert(struct rp_hpack *h, const struct rp_field *field)
{
	h->inserted++;
	if (!is_asked(h, field->name))
		return;
	uint16_t most = h->n_values / 2;
	uint16_t n = (uint16_t)(field->value.n < most ? field->value.n : most);
	uint16_t at = make_room(h, n);

	memcpy(h->values + at, field->value.at, n);
	h->end = (uint16_t)(at + n);
	*nth(h, h->count++) = (struct rp_hpack_entry){.number = h->inserted,
	                                              .at = at,
	                                              .n = n,
	                                              .name = (uint8_t)field->name,
	                                              .cut = field->cut || n < field->value.n};
}

/* The entry at INDEX, NULL: it was not asked for, or is kept no longer. */
static const struct rp_hpack_entry *find(struct rp_hpack *h, uint32_t index)
{
	uint32_t number = h->inserted - (index - N_STATIC - 1);
	unsigned from = 0, to = h->count;

	while (from < to) {
		unsigned half = (from + to) / 2;

		if (nth(h, half)->number < number)
			from = half + 1;
		else
			to = half;
	}
	if (from < h->count && nth(h, from)->number == number)
		return nth(h, from);
	h->unsure |= number <= h->lost;
	return NULL;
}

static bool exists(const struct rp_hpack *h, uint32_t index)
{
	return index && (index <= N_STATIC || index - N_STATIC <= h->inserted);
}

/* --- fields --- */

/* Adds to the value that is being read. */
static void keep(struct rp_hpack *h, const char *text, size_t n)
{
	size_t room = (size_t)(h->n_text - h->used), kept = n < room ? n : room;

	memcpy(h->text + h->used, text, kept);
	h->used = (uint16_t)(h->used + kept);
	h->cut |= kept < n;
}

/* FIELD is told when it was asked for. */
static enum rp_hpack_event tell(struct rp_hpack *h, struct rp_field *field)
{
	h->state = AT_FIELD;
	if (!is_asked(h, field->name))
		field->name = RP_FIELD_OTHER;
	if (h->inserts)
		insert(h, field);
	h->inserts = false;
	return field->name ? RP_HPACK_FIELD : RP_HPACK_MORE;
}

static enum rp_hpack_event tell_indexed(struct rp_hpack *h, struct rp_field *field)
{
	if (!exists(h, h->number))
		return RP_HPACK_BAD;
	*field =
	        (struct rp_field){.name = static_name(h->number), .value = static_value(h->number)};
	if (h->number > N_STATIC) {
		const struct rp_hpack_entry *e = find(h, h->number);

		*field = (struct rp_field){.name = RP_FIELD_OTHER};
		h->begin = h->used;
		h->cut = e && e->cut;
		if (e) {
			keep(h, h->values + e->at, e->n);
			*field = (struct rp_field){e->name, {h->text + h->begin, e->n}, h->cut};
			field->value.n = (size_t)(h->used - h->begin);
		}
	}
	return tell(h, field);
}

static enum rp_hpack_event tell_literal(struct rp_hpack *h, struct rp_field *field)
{
	if (h->coded && is_asked(h, h->name) && !rp_huffman_ends(&h->code))
		return RP_HPACK_BAD;
	*field = (struct rp_field){.name = h->name,
	                           .value = {h->text + h->begin, (size_t)(h->used - h->begin)},
	                           .cut = h->cut};
	return tell(h, field);
}

/* The name is that of INDEX, or is spelled when that is 0. */
static bool begin_literal(struct rp_hpack *h)
{
	h->state = h->number ? AT_VALUE : AT_NAME;
	if (h->number && !exists(h, h->number))
		return false;
	h->name = (uint8_t)static_name(h->number);
	if (h->number > N_STATIC) {
		const struct rp_hpack_entry *e = find(h, h->number);

		h->name = e ? e->name : RP_FIELD_OTHER;
	}
	return true;
}

/* A number with a prefix of BITS in OCTET; true: it is complete, else it goes on in STATE. */
static bool begin_number(struct rp_hpack *h, uint8_t octet, unsigned bits, uint8_t state)
{
	uint32_t most = (1u << bits) - 1;

	h->number = octet & most;
	h->shift = 0;
	h->state = state;
	return h->number < most;
}

/* The first octet of a field: how it is represented (RFC 7541, 6). */
static enum rp_hpack_event begin_field(struct rp_hpack *h, uint8_t octet, struct rp_field *field)
{
	if (octet & 0x80)
		return begin_number(h, octet, 7, IN_INDEX) ? tell_indexed(h, field) : RP_HPACK_MORE;
	h->inserts = octet & 0x40;
	if ((octet & 0xe0) == 0x20) {
		if (begin_number(h, octet, 5, IN_SIZE))
			h->state = AT_FIELD;
		return RP_HPACK_MORE;
	}
	if (begin_number(h, octet, h->inserts ? 6 : 4, IN_NAME_INDEX))
		return begin_literal(h) ? RP_HPACK_MORE : RP_HPACK_BAD;
	return RP_HPACK_MORE;
}

static void begin_text(struct rp_hpack *h)
{
	h->left = h->number;
	h->code = (struct rp_huffman){0};
	if (h->state == AT_NAME || h->state == IN_NAME_LENGTH) {
		h->n_spelled = 0;
		h->state = IN_NAME;
	} else {
		h->begin = h->used;
		h->cut = false;
		h->state = IN_VALUE;
	}
}

/* One more octet of a number that goes on. */
static enum rp_hpack_event extend_number(struct rp_hpack *h, uint8_t octet, struct rp_field *field)
{
	if (h->shift > MOST_SHIFT)
		return RP_HPACK_BAD;
	h->number += (uint32_t)(octet & 0x7f) << h->shift;
	h->shift += 7;
	if (octet & 0x80)
		return RP_HPACK_MORE;
	switch (h->state) {
	case IN_INDEX:
		return tell_indexed(h, field);
	case IN_NAME_INDEX:
		return begin_literal(h) ? RP_HPACK_MORE : RP_HPACK_BAD;
	case IN_SIZE:
		h->state = AT_FIELD;
		return RP_HPACK_MORE;
	default:
		begin_text(h);
		return RP_HPACK_MORE;
	}
}

/* The octet that says how long a name or value is. */
static void begin_length(struct rp_hpack *h, uint8_t octet)
{
	uint8_t next = h->state == AT_NAME ? IN_NAME_LENGTH : IN_VALUE_LENGTH;

	h->coded = octet & 0x80;
	if (begin_number(h, octet, 7, next))
		begin_text(h);
}

/* One byte of a name, or of a value that somebody asked for. */
static void take_byte(struct rp_hpack *h, char byte)
{
	if (h->state == IN_NAME) {
		if (h->n_spelled < sizeof(h->spelled))
			h->spelled[h->n_spelled] = byte;
		h->n_spelled += h->n_spelled < UINT8_MAX;
	} else if (h->name == RP_FIELD_FORWARDED) {
		return;
	} else if (h->used < h->n_text) {
		h->text[h->used++] = byte;
	} else {
		h->cut = true;
	}
}

static bool take_octets(struct rp_hpack *h, const char *octets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[2] = {octets[i]};
		int n_text = h->coded ? rp_huffman_octet(&h->code, (uint8_t)octets[i], text) : 1;

		if (n_text < 0)
			return false;
		for (int k = 0; k < n_text; k++)
			take_byte(h, text[k]);
	}
	return true;
}

static enum rp_hpack_event take_text(struct rp_hpack *h, const char **bytes, size_t *n)
{
	size_t used = h->left < *n ? h->left : *n;

	if ((h->state == IN_NAME || is_asked(h, h->name)) && !take_octets(h, *bytes, used))
		return RP_HPACK_BAD;
	*bytes += used;
	*n -= used;
	h->left -= (uint32_t)used;
	return RP_HPACK_MORE;
}

/* A text has all its octets. */
static enum rp_hpack_event end_text(struct rp_hpack *h, struct rp_field *field)
{
	if (h->state == IN_VALUE)
		return tell_literal(h, field);
	if (h->coded && !rp_huffman_ends(&h->code))
		return RP_HPACK_BAD;
	h->name = (uint8_t)spelled_name(h->spelled, h->n_spelled);
	h->state = AT_VALUE;
	return RP_HPACK_MORE;
}

static enum rp_hpack_event step(struct rp_hpack *h, const char **bytes, size_t *n,
                                struct rp_field *field)
{
	if (h->state == IN_NAME || h->state == IN_VALUE)
		return take_text(h, bytes, n);
	uint8_t octet = (uint8_t) * *bytes;

	++*bytes;
	--*n;
	switch (h->state) {
	case AT_FIELD:
		return begin_field(h, octet, field);
	case AT_NAME:
	case AT_VALUE:
		begin_length(h, octet);
		return RP_HPACK_MORE;
	default:
		return extend_number(h, octet, field);
	}
}

enum rp_hpack_event rp_hpack_feed(struct rp_hpack *h, const char **bytes, size_t *n,
                                  struct rp_field *field)
{
	enum rp_hpack_event event = RP_HPACK_MORE;

	while (*n && event == RP_HPACK_MORE) {
		event = step(h, bytes, n, field);
		if (event == RP_HPACK_MORE && (h->state == IN_NAME || h->state == IN_VALUE) &&
		    !h->left)
			event = end_text(h, field);
	}
	return event;
}

void rp_hpack_begin(struct rp_hpack *h)
{
	h->state = AT_FIELD;
	h->used = 0;
	h->inserts = h->unsure = false;
}

bool rp_hpack_ends(const struct rp_hpack *h)
{
	return h->state == AT_FIELD;
}
