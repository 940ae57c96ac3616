/* sha256.c - see sha256.h.  Room: store.  SPDX-License-Identifier: MIT */
#include "store/sha256.h"

#include <string.h>

enum { BLOCK = 64, ROUNDS = 64, INNER = 0x36, OUTER = 0x5c };

struct hash {
	uint32_t state[8];
	uint64_t n; /* bytes so far */
	uint8_t block[BLOCK];
};

/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t K[ROUNDS] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2};

/* What a core file of the host, or whoever reads its stack, would find. */
static void forget(void *bytes, size_t n)
{
	memset(bytes, 0, n);
	__asm__ volatile("" ::"r"(bytes) : "memory"); /* or the compiler leaves it out */
}

static uint32_t turned(uint32_t word, unsigned by)
{
	return word >> by | word << (32 - by);
}

static void expand(uint32_t w[ROUNDS], const uint8_t *block)
{
	for (unsigned i = 0; i < 16; i++, block += 4)
		w[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 |
		       (uint32_t)block[2] << 8 | block[3];
	for (unsigned i = 16; i < ROUNDS; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (turned(a, 7) ^ turned(a, 18) ^ a >> 3) + w[i - 7] +
		       (turned(b, 17) ^ turned(b, 19) ^ b >> 10);
	}
}

static void mix(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[ROUNDS], a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

	expand(w, block);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t t1 = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) +
		              ((e & f) ^ (~e & g)) + K[i] + w[i];
		uint32_t t2 = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) +
		              ((a & b) ^ (a & c) ^ (b & c));

		h = g, g = f, f = e, e = d + t1;
		d = c, c = b, b = a, a = t1 + t2;
	}
	state[0] += a, state[1] += b, state[2] += c, state[3] += d;
	state[4] += e, state[5] += f, state[6] += g, state[7] += h;
	forget(w, sizeof(w));
}

static void begin(struct hash *h)
{
	static const uint32_t START[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(h->state, START, sizeof(START));
	h->n = 0;
}

static void add(struct hash *h, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;

	while (n) {
		size_t at = h->n % BLOCK, part = n < BLOCK - at ? n : BLOCK - at;

		memcpy(h->block + at, from, part);
		h->n += part;
		from += part;
		n -= part;
		if (at + part == BLOCK)
			mix(h->state, h->block);
	}
}

static void finish(struct hash *h, uint8_t out[RP_SHA256_BYTES])
{
	static const uint8_t PAD[BLOCK] = {0x80};
	uint64_t bits = h->n * 8;
	size_t at = h->n % BLOCK;
	uint8_t length[8];

	for (unsigned i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	add(h, PAD, (at < BLOCK - 8 ? BLOCK : 2 * BLOCK) - 8 - at);
	add(h, length, sizeof(length));
	for (unsigned i = 0; i < RP_SHA256_BYTES; i++)
		out[i] = (uint8_t)(h->state[i / 4] >> (24 - 8 * (i % 4)));
}

/* The hash over KEY, its bytes turned by WITH, and TEXT. */
static void keyed(const uint8_t key[BLOCK], uint8_t with, const void *text, size_t n,
                  uint8_t out[RP_SHA256_BYTES])
{
	struct hash h;
	uint8_t pad[BLOCK];

	for (unsigned i = 0; i < BLOCK; i++)
		pad[i] = key[i] ^ with;
	begin(&h);
	add(&h, pad, sizeof(pad));
	add(&h, text, n);
	finish(&h, out);
	forget(pad, sizeof(pad));
	forget(&h, sizeof(h));
}

void rp_hmac_sha256(const void *key, size_t n_key, const void *text, size_t n,
                    uint8_t out[RP_SHA256_BYTES])
{
	uint8_t block[BLOCK] = {0}, inner[RP_SHA256_BYTES];
	struct hash h = {.n = 0};

	if (n_key > BLOCK) {
		begin(&h);
		add(&h, key, n_key);
		finish(&h, block);
	} else {
		memcpy(block, key, n_key);
	}
	keyed(block, INNER, text, n, inner);
	keyed(block, OUTER, inner, sizeof(inner), out);
	forget(block, sizeof(block));
	forget(&h, sizeof(h));
}
