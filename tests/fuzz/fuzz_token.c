/* fuzz_token.c - any text as a token: read inside its bytes, good only as it was written, one
 * spelling each; and any path against one that is.
 *
 * Input: a byte (low half: the digit of a true token's signature that is changed, 0: none; high
 * half: hours that the clock is off), then texts, each ended by a NUL: one that is judged, the
 * path of the true token, the path that is asked.
 *
 * Needs: store/token.c store/sha256.c
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "store/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { NOW = 1800000000 };

static struct rp_secret secret;

static void must(bool truth)
{
	if (!truth)
		abort();
}

/* The next text, in memory of exactly its size, for the sanitizer. */
static char *take(const uint8_t **at, size_t *left, size_t *n)
{
	const uint8_t *end = *left ? memchr(*at, 0, *left) : NULL;

	*n = end ? (size_t)(end - *at) : *left;
	char *copy = malloc(*n ? *n : 1);

	must(copy);
	if (*n)
		memcpy(copy, *at, *n);
	*at += *n + (end != NULL);
	*left -= *n + (end != NULL);
	return copy;
}

/* Whatever TEXT is: what is read of it writes the same text again, if it was GOOD. */
static void judge(const char *text, size_t n, uint64_t now_s)
{
	struct rp_token t;
	char again[RP_TOKEN_BYTES];

	if (rp_token_read(&t, text, n, &secret, 1, now_s) != RP_TOKEN_GOOD)
		return;
	must(t.scope != RP_SCOPE_NONE && t.scope <= RP_SCOPE_HTML && t.n_path <= RP_TOKEN_PATH);
	must(rp_token_write(again, &t, &secret) == n && !memcmp(again, text, n));
	must(t.exp_s + RP_TOKEN_SKEW_S >= now_s &&
	     t.exp_s <= now_s + RP_TOKEN_LIFE_S + RP_TOKEN_SKEW_S);
}

/* What it covers lies below, and is read by no server as something that does not. */
static void ask(const struct rp_token *t, const char *path, size_t n)
{
	if (!rp_token_covers(t, path, n) || !t->n_path)
		return;
	must(n >= t->n_path && !memcmp(path, t->path, t->n_path));
	must(!memmem(path, n, "..", 2) && !memmem(path, n, "%2e", 3) && !memmem(path, n, "%2E", 3));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	size_t n_text, n_path, n_asked, n_token;
	uint8_t how = n ? *bytes++ : 0;
	char token[RP_TOKEN_BYTES];

	n -= n > 0;
	if (!secret.n)
		must(rp_secret_set(&secret, "0123456789abcdef", 16));
	char *text = take(&bytes, &n, &n_text), *path = take(&bytes, &n, &n_path);
	char *asked = take(&bytes, &n, &n_asked);
	struct rp_token t = {.exp_s = NOW + 60,
	                     .nonce = how * 0x9e3779b97f4a7c15u,
	                     .scope = (enum rp_scope)(1 + how % 3)};
	uint64_t now_s = NOW + (how >> 4) * 3600u;

	t.n_path = (uint8_t)(n_path > RP_TOKEN_PATH ? RP_TOKEN_PATH : n_path);
	memcpy(t.path, path, t.n_path);
	judge(text, n_text, now_s);
	n_token = rp_token_write(token, &t, &secret);
	must((n_token > 0) == (!t.n_path || t.path[0] == '/'));
	if (n_token && (how & 15))
		token[n_token - (how & 15)] ^= 1;
	if (n_token) {
		struct rp_token seen;
		bool good =
		        rp_token_read(&seen, token, n_token, &secret, 1, now_s) == RP_TOKEN_GOOD;

		must(good == (!(how & 15) && !(how >> 4)));
		if (good)
			must(!memcmp(&seen, &t, sizeof(t)));
	}
	ask(&t, asked, n_asked);
	free(text);
	free(path);
	free(asked);
	return 0;
}
