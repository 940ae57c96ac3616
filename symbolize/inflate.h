/* inflate.h - compressed sections.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_INFLATE_H
#define RP_SYMBOLIZE_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory of its own, page by page; give it back to rp_inflate_free. */
struct rp_inflated {
	uint8_t *at;
	size_t n;
};

/* Inflates exactly N_OUT bytes by zlib, or zstd; false, and nothing taken, when the data are
 * damaged or claim more than such data can hold. */
bool rp_inflate_zlib(struct rp_inflated *out, const uint8_t *in, size_t n_in, uint64_t n_out);
bool rp_inflate_zstd(struct rp_inflated *out, const uint8_t *in, size_t n_in, uint64_t n_out);

/* Inflates a whole .xz file. */
bool rp_inflate_xz(struct rp_inflated *out, const uint8_t *in, size_t n_in);

void rp_inflate_free(struct rp_inflated *inflated);

#endif
