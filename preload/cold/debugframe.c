/* debugframe.c - see debugframe.h.  Room: cold, pure.  SPDX-License-Identifier: MIT */
#include "preload/cold/debugframe.h"

#include <string.h>
#include "preload/cold/dwarf_in.h"

enum { ID_BYTES = 4, SAYS_64 = 0xffffffff };

/* One record, its length read: ID_AT is where .eh_frame has the id, BODY what follows it here. */
struct record {
	uint64_t at, id_at, next, id;
	struct rp_din body;
	bool is_cie;
};

static bool record_read(const struct rp_debugframe *s, uint64_t at, struct record *r)
{
	struct rp_din in = {.at = s->bytes + at, .end = s->bytes + s->n};
	uint64_t length = rp_din_uint(&in, 4);
	bool is_64 = length == SAYS_64;

	if (is_64)
		length = rp_din_uint(&in, 8);
	r->at = at;
	r->id_at = (uint64_t)(in.at - s->bytes);
	if (in.bad || length > s->n - r->id_at)
		return false;
	r->next = r->id_at + length;
	in.end = s->bytes + r->next;
	r->id = rp_din_uint(&in, is_64 ? 8 : 4);
	r->is_cie = r->id == (is_64 ? UINT64_MAX : UINT32_MAX);
	r->body = in;
	return !in.bad;
}

/* Moves the N bytes FROM to where TO is, which is not behind it; the rest of the record becomes
 * instructions that do nothing. */
static void move_up(const struct rp_debugframe *s, const struct record *r, uint8_t *to,
                    const uint8_t *from)
{
	size_t n = (size_t)(s->bytes + r->next - from);

	memmove(to, from, n);
	memset(to + n, 0, (size_t)(s->bytes + r->next - (to + n)));
}

/* Versions 1 and 3 are the same in both.  4 adds two bytes behind the augmentation: sizes of an
 * address and of a segment. */
static void rewrite_cie(const struct rp_debugframe *s, struct record *r)
{
	uint8_t *version = s->bytes + r->id_at + ID_BYTES;

	memset(s->bytes + r->id_at, 0, ID_BYTES);
	move_up(s, r, version, r->body.at);
	if (r->body.at == r->body.end || *version != 4)
		return;
	struct rp_din in = {.at = version + 1, .end = s->bytes + r->next};

	while (rp_din_u8(&in) != 0)
		;
	uint8_t *sizes = (uint8_t *)(uintptr_t)in.at;

	*version = rp_din_u8(&in) == 8 && rp_din_u8(&in) == 0 ? 3 : 0;
	if (*version)
		move_up(s, r, sizes, in.at);
}

static void rewrite_fde(const struct rp_debugframe *s, struct record *r)
{
	uint8_t *id = s->bytes + r->id_at;
	uint32_t back = (uint32_t)(r->id_at - r->id);
	uint64_t lo = rp_din_uint(&r->body, 8) + s->bias, n_bytes = rp_din_uint(&r->body, 8);

	if (lo < s->lo || lo >= s->hi)
		n_bytes = 0; /* nothing that anybody would take for a function */
	memcpy(id, &back, ID_BYTES);
	memcpy(id + ID_BYTES, &lo, 8);
	memcpy(id + ID_BYTES + 8, &n_bytes, 8);
	move_up(s, r, id + ID_BYTES + 16, r->body.at);
}

size_t rp_debugframe_rewrite(const struct rp_debugframe *section)
{
	struct record record;
	uint64_t at = 0;

	if (section->n > UINT32_MAX)
		return 0;
	while (at < section->n && record_read(section, at, &record)) {
		struct rp_din fits = record.body;

		rp_din_take(&fits, 16);
		if (record.is_cie)
			rewrite_cie(section, &record);
		else if (!fits.bad && record.id < record.at)
			rewrite_fde(section, &record);
		else
			return at;
		at = record.next;
	}
	return at;
}
