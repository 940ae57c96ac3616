/* h2wire.c - see h2wire.h.  SPDX-License-Identifier: MIT */
#include "tests/support/h2wire.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FIELDS = 64, BLOCK = 128 << 10 };

void h2wire_open(struct h2wire *w, size_t table)
{
	nghttp2_hd_deflater *d;

	if (nghttp2_hd_deflate_new(&d, table) != 0 ||
	    nghttp2_hd_deflate_change_table_size(d, table) != 0)
		abort();
	w->deflater = d;
	w->n = 0;
}

void h2wire_close(struct h2wire *w)
{
	nghttp2_hd_deflate_del(w->deflater);
}

void h2wire_frame(struct h2wire *w, unsigned type, unsigned flags, unsigned stream,
                  const void *payload, size_t n)
{
	const unsigned char head[9] = {(unsigned char)(n >> 16),
	                               (unsigned char)(n >> 8),
	                               (unsigned char)n,
	                               (unsigned char)type,
	                               (unsigned char)flags,
	                               (unsigned char)(stream >> 24),
	                               (unsigned char)(stream >> 16),
	                               (unsigned char)(stream >> 8),
	                               (unsigned char)stream};

	if (n + sizeof(head) > sizeof(w->bytes) - w->n)
		abort();
	memcpy(w->bytes + w->n, head, sizeof(head));
	if (n)
		memcpy(w->bytes + w->n + sizeof(head), payload, n);
	w->n += sizeof(head) + n;
}

size_t h2wire_block(struct h2wire *w, const char *const *fields, void *to, size_t room)
{
	nghttp2_nv nv[MOST_FIELDS];
	size_t n = 0;

	for (; fields[2 * n]; n++) {
		const char *name = fields[2 * n], *value = fields[2 * n + 1];
		uint8_t flags = *name == '!' ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;

		if (n == MOST_FIELDS)
			abort();
		name += *name == '!';
		nv[n] = (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value,
		                     strlen(name), strlen(value), flags};
	}
	ssize_t size = nghttp2_hd_deflate_hd(w->deflater, to, room, nv, n);

	if (size < 0)
		abort();
	return (size_t)size;
}

void h2wire_headers(struct h2wire *w, unsigned flags, unsigned stream, const char *const *fields,
                    size_t piece)
{
	static char block[BLOCK];
	size_t n = h2wire_block(w, fields, block, sizeof(block));

	for (size_t at = 0; at < n; at += piece) {
		size_t part = n - at < piece ? n - at : piece;
		unsigned last = at + part == n ? H2WIRE_WHOLE : 0;

		h2wire_frame(w, at ? H2WIRE_CONTINUATION : H2WIRE_HEADERS, (at ? 0 : flags) | last,
		             stream, block + at, part);
	}
}
