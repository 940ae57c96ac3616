/* inflate.c - compressed sections, each in one go.
 *
 * Room: symbolize.  libdeflate takes half the time of zlib.  Sizes come from files that may lie:
 * the memory asked for stays in proportion to the compressed bytes.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/inflate.h"

#include <libdeflate.h>
#include <lzma.h>
#include <sys/mman.h>
#include <zstd.h>

/* Deflate cannot do better than 1032:1; the others could, but no debug section does. */
enum { MAX_RATIO = 1032, SLACK_BYTES = 4096, HUGE_BYTES = 4 << 20, XZ_MEMORY_BYTES = 256 << 20 };

static bool take(struct rp_inflated *out, size_t n_in, uint64_t n_out)
{
	if (!n_out || n_out > (uint64_t)n_in * MAX_RATIO + SLACK_BYTES)
		return false;
	void *at = mmap(NULL, n_out, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return false;
	if (n_out >= HUGE_BYTES) /* hundreds of megabytes: the faults alone would show */
		madvise(at, n_out, MADV_HUGEPAGE);
	*out = (struct rp_inflated){at, n_out};
	return true;
}

void rp_inflate_free(struct rp_inflated *inflated)
{
	if (inflated->at)
		munmap(inflated->at, inflated->n);
	*inflated = (struct rp_inflated){0};
}

static bool keep(struct rp_inflated *out, bool good)
{
	if (!good)
		rp_inflate_free(out);
	return good;
}

bool rp_inflate_zlib(struct rp_inflated *out, const uint8_t *in, size_t n_in, uint64_t n_out)
{
	struct libdeflate_decompressor *d;

	if (!take(out, n_in, n_out) || !(d = libdeflate_alloc_decompressor()))
		return keep(out, false);
	enum libdeflate_result result =
	        libdeflate_zlib_decompress(d, in, n_in, out->at, out->n, NULL);

	libdeflate_free_decompressor(d);
	return keep(out, result == LIBDEFLATE_SUCCESS);
}

bool rp_inflate_zstd(struct rp_inflated *out, const uint8_t *in, size_t n_in, uint64_t n_out)
{
	if (!take(out, n_in, n_out))
		return false;
	return keep(out, ZSTD_decompress(out->at, out->n, in, n_in) == n_out);
}

/* The size of what the file holds stands in its index, at the end. */
static uint64_t xz_size(const uint8_t *in, size_t n_in)
{
	lzma_stream_flags footer;
	lzma_index *index = NULL;
	uint64_t memory = XZ_MEMORY_BYTES, size = 0;
	size_t at = 0;

	if (n_in < 2 * LZMA_STREAM_HEADER_SIZE ||
	    lzma_stream_footer_decode(&footer, in + n_in - LZMA_STREAM_HEADER_SIZE) != LZMA_OK ||
	    footer.backward_size > n_in - LZMA_STREAM_HEADER_SIZE)
		return 0;
	in += n_in - LZMA_STREAM_HEADER_SIZE - footer.backward_size;
	if (lzma_index_buffer_decode(&index, &memory, NULL, in, &at, footer.backward_size) ==
	    LZMA_OK)
		size = lzma_index_uncompressed_size(index);
	lzma_index_end(index, NULL);
	return size;
}

bool rp_inflate_xz(struct rp_inflated *out, const uint8_t *in, size_t n_in)
{
	uint64_t memory = XZ_MEMORY_BYTES;
	size_t from = 0, to = 0;

	if (!take(out, n_in, xz_size(in, n_in)))
		return false;
	return keep(out, lzma_stream_buffer_decode(&memory, 0, NULL, in, &from, n_in, out->at, &to,
	                                           out->n) == LZMA_OK &&
	                         to == out->n);
}
