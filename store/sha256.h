/* sha256.h - HMAC-SHA256 (RFC 2104, FIPS 180-4) of short texts: what tokens are signed with.
 *
 * Room: store.  Pure, no libc beyond mem*: the gate asks it in any call of the host.  An own
 * implementation, checked against the vectors of RFC 4231: a library would be the first one that
 * the shim makes its host load.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_SHA256_H
#define RP_STORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { RP_SHA256_BYTES = 32 };

void rp_hmac_sha256(const void *key, size_t n_key, const void *text, size_t n,
                    uint8_t out[RP_SHA256_BYTES]);

#endif
