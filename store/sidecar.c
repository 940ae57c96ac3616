/* sidecar.c - the bytes of a sidecar in both directions; see sidecar.h.
 *
 * Room: store; for the tool: allocates.  SPDX-License-Identifier: MIT
 */
#include "store/sidecar.h"

#include <stdlib.h>
#include <string.h>
#include "store/crc32c.h"
#include "store/cursor.h"

enum {
	HEAD_BYTES = 64,
	HEAD_CRC_AT = 60,
	/* The most and the least that one takes in the file. */
	MODULE_MOST = 40,
	ADDRESS_MOST = 20,
	FRAME_MOST = 60,
	MODULE_LEAST = 4,
	ADDRESS_LEAST = 2,
	FRAME_LEAST = 6,
};

static uint32_t payload_sum(const uint8_t *id, const uint8_t *payload, size_t n)
{
	return rp_crc32c(rp_crc32c(0, id, RP_FORMAT_ID_BYTES), payload, n);
}

static void encode_frame(struct rp_cursor_out *o, const struct rp_sidecar_frame *f)
{
	rp_cursor_put_varint(o, f->function);
	rp_cursor_put_varint(o, f->file);
	rp_cursor_put_varint(o, f->suffix);
	rp_cursor_put_varint(o, f->line);
	rp_cursor_put_varint(o, f->func_line);
	rp_cursor_put_varint(o, f->flags);
}

static void encode_module(struct rp_cursor_out *o, const struct rp_sidecar *side,
                          const struct rp_sidecar_module *m)
{
	uint64_t last = 0;

	rp_cursor_put_varint(o, m->module);
	rp_cursor_put_varint(o, m->state);
	rp_cursor_put_varint(o, m->source);
	rp_cursor_put_varint(o, m->n_addresses);
	for (size_t i = 0; i < m->n_addresses; i++) {
		const struct rp_sidecar_address *a = &side->addresses[m->address + i];

		rp_cursor_put_varint(o, a->vaddr - last);
		rp_cursor_put_varint(o, a->n_frames);
		for (uint32_t k = 0; k < a->n_frames; k++)
			encode_frame(o, &side->frames[a->frame + k]);
		last = a->vaddr;
	}
}

static void encode_payload(struct rp_cursor_out *o, const struct rp_sidecar *side)
{
	rp_cursor_put_varint(o, side->n_texts ? side->n_texts - 1 : 0);
	for (size_t i = 1; i < side->n_texts; i++) {
		size_t n = strlen(side->texts[i]);

		rp_cursor_put_slice(o, (struct rp_slice){side->texts[i], n}, n);
		rp_cursor_put_fixed(o, 0, 1);
	}
	rp_cursor_put_varint(o, side->n_modules);
	for (size_t i = 0; i < side->n_modules; i++)
		encode_module(o, side, &side->modules[i]);
}

static void encode_head(uint8_t *bytes, const struct rp_sidecar *side, size_t n_payload)
{
	struct rp_cursor_out o = {bytes, bytes + HEAD_BYTES, false};

	memset(bytes, 0, HEAD_BYTES);
	rp_cursor_put_bytes(&o, RP_SIDECAR_MAGIC, RP_FORMAT_MAGIC_BYTES);
	rp_cursor_put_fixed(&o, RP_SIDECAR_VERSION, 2);
	rp_cursor_put_fixed(&o, HEAD_BYTES, 2);
	rp_cursor_put_fixed(&o, 0, 4);
	rp_cursor_put_bytes(&o, side->id, sizeof(side->id));
	rp_cursor_put_fixed(&o, n_payload, 8);
	rp_cursor_put_fixed(&o, payload_sum(side->id, bytes + HEAD_BYTES, n_payload), 4);
	o.at = bytes + HEAD_CRC_AT;
	rp_cursor_put_fixed(&o, rp_crc32c(0, bytes, HEAD_CRC_AT), 4);
}

uint8_t *rp_sidecar_encode(const struct rp_sidecar *side, size_t *n_bytes)
{
	size_t cap = HEAD_BYTES + 2 * RP_VARINT_MAX + side->n_modules * MODULE_MOST +
	             side->n_addresses * ADDRESS_MOST + side->n_frames * FRAME_MOST;

	for (size_t i = 1; i < side->n_texts; i++)
		cap += strlen(side->texts[i]) + RP_VARINT_MAX + 1;

	uint8_t *bytes = malloc(cap);

	if (!bytes)
		return NULL;
	struct rp_cursor_out o = {bytes + HEAD_BYTES, bytes + cap, false};

	encode_payload(&o, side);
	*n_bytes = (size_t)(o.at - bytes);
	encode_head(bytes, side, *n_bytes - HEAD_BYTES);
	return bytes;
}

static bool decode_head(struct rp_sidecar *side, size_t n_bytes, const uint8_t *id,
                        struct rp_why *why)
{
	const uint8_t *bytes = side->bytes;
	struct rp_cursor c = {bytes, bytes + (n_bytes < HEAD_BYTES ? 0 : HEAD_BYTES), false};
	const uint8_t *mark = rp_cursor_bytes(&c, RP_FORMAT_MAGIC_BYTES);

	if (!mark || memcmp(mark, RP_SIDECAR_MAGIC, RP_FORMAT_MAGIC_BYTES) != 0)
		return rp_why_set(why, 0, "it is no file of names");
	unsigned version = (unsigned)rp_cursor_fixed(&c, 2);
	unsigned head_bytes = (unsigned)rp_cursor_fixed(&c, 2);
	uint64_t flags = rp_cursor_fixed(&c, 4);
	const uint8_t *its_id = rp_cursor_bytes(&c, RP_FORMAT_ID_BYTES);
	uint64_t n_payload = rp_cursor_fixed(&c, 8);
	uint64_t sum = rp_cursor_fixed(&c, 4);

	c.at = bytes + HEAD_CRC_AT;
	if (rp_cursor_fixed(&c, 4) != rp_crc32c(0, bytes, HEAD_CRC_AT))
		return rp_why_set(why, HEAD_CRC_AT, "it is damaged in its head");
	if (version != RP_SIDECAR_VERSION || head_bytes != HEAD_BYTES || flags)
		return rp_why_set(why, RP_FORMAT_MAGIC_BYTES, "it has version %u", version);
	if (memcmp(its_id, id, RP_FORMAT_ID_BYTES) != 0)
		return rp_why_set(why, 16, "it belongs to another session");
	if (n_payload != n_bytes - HEAD_BYTES ||
	    sum != payload_sum(id, bytes + HEAD_BYTES, (size_t)n_payload))
		return rp_why_set(why, HEAD_BYTES, "it is damaged");
	memcpy(side->id, id, sizeof(side->id));
	return true;
}

/* A count of things that take LEAST bytes each, and room for them; NULL: impossible. */
static void *take_room(struct rp_cursor *c, uint64_t n, size_t least, size_t item_bytes)
{
	if (n > (uint64_t)(c->end - c->at) / least)
		c->failed = true;
	return c->failed ? NULL : calloc((size_t)n + 1, item_bytes);
}

static void decode_texts(struct rp_sidecar *side, struct rp_cursor *c)
{
	uint64_t n = rp_cursor_varint(c);

	side->texts = take_room(c, n, 2, sizeof(*side->texts));
	if (!side->texts)
		return;
	side->n_texts = (size_t)n + 1;
	for (size_t i = 1; i < side->n_texts; i++) {
		struct rp_slice text = rp_cursor_slice(c);

		if (rp_cursor_fixed(c, 1) != 0 || c->failed)
			c->failed = true;
		side->texts[i] = c->failed ? "" : text.at;
	}
}

/* The number of a text that there is. */
static uint32_t decode_text(const struct rp_sidecar *side, struct rp_cursor *c)
{
	uint32_t text = rp_cursor_varint32(c);

	if (text < side->n_texts)
		return text;
	c->failed = true;
	return 0;
}

static void decode_frames(struct rp_sidecar *side, struct rp_cursor *c, uint32_t n)
{
	for (uint32_t i = 0; i < n && !c->failed; i++) {
		struct rp_sidecar_frame *f = &side->frames[side->n_frames++];

		f->function = decode_text(side, c);
		f->file = decode_text(side, c);
		f->suffix = decode_text(side, c);
		f->line = rp_cursor_varint32(c);
		f->func_line = rp_cursor_varint32(c);
		f->flags = rp_cursor_varint32(c);
		if (!f->function)
			c->failed = true;
	}
}

static void decode_module(struct rp_sidecar *side, struct rp_cursor *c)
{
	struct rp_sidecar_module *m = &side->modules[side->n_modules++];
	uint64_t vaddr = 0;

	m->module = rp_cursor_varint32(c);
	m->state = rp_cursor_varint32(c);
	m->source = decode_text(side, c);
	m->address = side->n_addresses;

	uint64_t n = rp_cursor_varint(c);

	for (; m->n_addresses < n && !c->failed; m->n_addresses++) {
		struct rp_sidecar_address *a = &side->addresses[side->n_addresses];

		/* A number that cannot be would lead past the room for what is there. */
		if (c->end - c->at < ADDRESS_LEAST + FRAME_LEAST)
			c->failed = true;
		a->vaddr = vaddr += rp_cursor_varint(c);
		a->n_frames = rp_cursor_varint32(c);
		a->frame = side->n_frames;
		if (!a->n_frames || a->n_frames > (uint64_t)(c->end - c->at) / FRAME_LEAST)
			c->failed = true;
		if (!c->failed)
			side->n_addresses++;
		decode_frames(side, c, a->n_frames);
	}
}

static bool decode_payload(struct rp_sidecar *side, struct rp_cursor *c, struct rp_why *why)
{
	decode_texts(side, c);
	if (!side->texts)
		return rp_why_set(why, HEAD_BYTES, "it is damaged");
	uint64_t n = rp_cursor_varint(c);
	uint64_t left = (uint64_t)(c->end - c->at);

	side->modules = take_room(c, n, MODULE_LEAST, sizeof(*side->modules));
	side->addresses =
	        take_room(c, left / (ADDRESS_LEAST + FRAME_LEAST), 1, sizeof(*side->addresses));
	side->frames = take_room(c, left / FRAME_LEAST, 1, sizeof(*side->frames));
	if (!side->modules || !side->addresses || !side->frames)
		return rp_why_set(why, HEAD_BYTES, "it is damaged");
	while (side->n_modules < n && !c->failed)
		decode_module(side, c);
	if (c->failed || c->at != c->end)
		return rp_why_set(why, (uint64_t)(c->at - side->bytes), "it is damaged");
	return true;
}

bool rp_sidecar_decode(struct rp_sidecar *side, uint8_t *bytes, size_t n_bytes, const uint8_t *id,
                       struct rp_why *why)
{
	*side = (struct rp_sidecar){.bytes = bytes};

	bool ok = decode_head(side, n_bytes, id, why);
	struct rp_cursor c = {bytes + (ok ? HEAD_BYTES : n_bytes), bytes + n_bytes, false};

	if (ok && decode_payload(side, &c, why))
		return true;
	rp_sidecar_free(side);
	return false;
}

void rp_sidecar_free(struct rp_sidecar *side)
{
	free(side->texts);
	free(side->modules);
	free(side->addresses);
	free(side->frames);
	free(side->bytes);
	*side = (struct rp_sidecar){0};
}
