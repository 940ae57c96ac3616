/* gzip.c - see gzip.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/gzip.h"

#include <zlib.h>

enum { GZIP = 16 }; /* added to zlib's window bits: a gzip head instead of zlib's */

bool rp_gzip_write(FILE *out, const void *bytes, size_t n)
{
	unsigned char block[1 << 14];
	z_stream z = {.next_in = (void *)bytes, .avail_in = (uInt)n};
	int status = Z_OK;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP, MAX_MEM_LEVEL,
	                 Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	while (status == Z_OK) {
		z.next_out = block;
		z.avail_out = sizeof(block);
		status = deflate(&z, Z_FINISH);
		fwrite(block, 1, sizeof(block) - z.avail_out, out);
	}
	deflateEnd(&z);
	return status == Z_STREAM_END && !ferror(out);
}
