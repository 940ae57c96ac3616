/* fuzz_hpack.c - field blocks that nghttp2 takes are read by us as by it, one after another.
 *
 * Input: blocks, each behind two bytes of length.  What nghttp2 refuses ends the connection.
 * Needs: preload/hot/delim_*.c -lnghttp2
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <nghttp2/nghttp2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "preload/hot/delim_hpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { ENTRIES = 128, TEXT = 6 << 10, VALUES = 5 << 10, MOST = 512 };

static struct rp_hpack_entry entries[ENTRIES];
static char text[TEXT], values[VALUES];

/* A field of ours, for the comparison: as much of it as there was room for. */
struct seen {
	enum rp_field_name name;
	struct rp_span value;
	bool cut;
};

static struct seen ours[MOST];
static size_t n_ours;

static bool read_ours(struct rp_hpack *h, const char *at, size_t n)
{
	struct rp_field field;
	enum rp_hpack_event event;

	rp_hpack_begin(h);
	for (n_ours = 0; (event = rp_hpack_feed(h, &at, &n, &field)) == RP_HPACK_FIELD;)
		if (n_ours < MOST)
			ours[n_ours++] = (struct seen){field.name, field.value, field.cut};
	return event == RP_HPACK_MORE && rp_hpack_ends(h);
}

static enum rp_field_name name_of(const nghttp2_nv *nv)
{
	static const char *const NAMES[] = {"",           ":method",     ":path",
	                                    ":authority", "host",        ":status",
	                                    "x-reqprof",  "traceparent", "forwarded"};

	for (unsigned i = 1; i < sizeof(NAMES) / sizeof(*NAMES); i++)
		if (nv->namelen == strlen(NAMES[i]) && !memcmp(nv->name, NAMES[i], nv->namelen))
			return i;
	if ((nv->namelen == 3 && !memcmp(nv->name, "via", 3)) ||
	    (nv->namelen == 9 && !memcmp(nv->name, "x-real-ip", 9)) ||
	    (nv->namelen > 12 && !memcmp(nv->name, "x-forwarded-", 12)))
		return RP_FIELD_FORWARDED;
	return RP_FIELD_OTHER;
}

static void compare(const nghttp2_nv *nv, size_t *i)
{
	enum rp_field_name name = name_of(nv);

	if (!name || *i >= MOST)
		return;
	const struct seen *s = &ours[*i];

	if (*i >= n_ours || s->name != name)
		abort();
	++*i;
	if (name == RP_FIELD_FORWARDED)
		return;
	if (s->cut ? s->value.n >= nv->valuelen : s->value.n != nv->valuelen)
		abort();
	if (s->value.n && memcmp(s->value.at, nv->value, s->value.n) != 0)
		abort();
}

/* False: nghttp2 refuses it. */
static bool check_block(nghttp2_hd_inflater *inflater, struct rp_hpack *h, const uint8_t *at,
                        size_t n)
{
	bool good = read_ours(h, (const char *)at, n);
	size_t i = 0;
	int flags = 0;

	while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		nghttp2_nv nv;

		flags = 0;
		ssize_t used = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, at, n, 1);

		if (used < 0)
			return false;
		at += used;
		n -= (size_t)used;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			compare(&nv, &i);
	}
	nghttp2_hd_inflate_end_headers(inflater);
	if (!good || h->unsure || (i < MOST && i != n_ours))
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	nghttp2_hd_inflater *inflater;
	struct rp_hpack h = {.entries = entries,
	                     .n_entries = ENTRIES,
	                     .text = text,
	                     .n_text = TEXT,
	                     .values = values,
	                     .n_values = VALUES,
	                     .asked = 0x1fe};

	if (nghttp2_hd_inflate_new(&inflater) != 0)
		abort();
	while (n >= 2) {
		size_t size = (size_t)bytes[0] << 8 | bytes[1];

		size = size < n - 2 ? size : n - 2;
		if (!check_block(inflater, &h, bytes + 2, size))
			break;
		bytes += 2 + size;
		n -= 2 + size;
	}
	nghttp2_hd_inflate_del(inflater);
	return 0;
}
