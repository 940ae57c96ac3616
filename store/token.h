/* token.h - a trigger's key for one request: v1.KID.EXP.NONCE.SCOPE.MAC.
 *
 * Room: store.  Pure, no libc beyond mem*: `reqprof token` writes them, the gate reads them in any
 * call of the host.  KID: 8 hex digits that name the secret.  EXP: seconds since 1970 at which it
 * ends.  NONCE: 16 hex digits.  SCOPE: save, text or html, and behind a '~' the path that it is
 * for, in hex.  MAC: HMAC-SHA256 over all before its dot, with a line of REQPROF_SECRET_FILE as the
 * key. Only digits, lower case letters, '.' and '~': no client, shell or URL changes it.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_TOKEN_H
#define RP_STORE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RP_SECRET_LEAST = 16, /* bytes of a secret */
	RP_SECRET_MOST = 128,
	RP_TOKEN_BYTES = 256, /* longest token */
	RP_TOKEN_PATH = 64,   /* bytes of a path in it */
	RP_TOKEN_LIFE_S = 15 * 60,
	RP_TOKEN_SKEW_S = 60, /* two clocks may differ by so much */
};

/* What its holder may ask for; each contains those before it. */
enum rp_scope { RP_SCOPE_NONE, RP_SCOPE_SAVE, RP_SCOPE_TEXT, RP_SCOPE_HTML };

struct rp_secret {
	uint8_t n;
	uint8_t bytes[RP_SECRET_MOST]; /* zeros behind n */
	uint8_t kid[4];
};

struct rp_token {
	uint64_t exp_s, nonce;
	enum rp_scope scope;
	uint8_t n_path; /* 0: every path */
	char path[RP_TOKEN_PATH];
};

enum rp_token_verdict {
	RP_TOKEN_GOOD,
	RP_TOKEN_ALIEN,   /* not of this form */
	RP_TOKEN_UNKNOWN, /* signed with a secret that is not ours */
	RP_TOKEN_FORGED,
	RP_TOKEN_EXPIRED,
	RP_TOKEN_EARLY, /* it would live longer than tokens do */
};

/* Takes N bytes as a secret; false: too short or too long to be one. */
bool rp_secret_set(struct rp_secret *s, const void *bytes, size_t n);

/* Compares N bytes, in the same time whatever they are. */
bool rp_secret_same(const void *told, const void *known, size_t n);

/* "save", "text", "html"; RP_SCOPE_NONE: another word. */
enum rp_scope rp_scope_spelled(const char *word, size_t n);

/* Writes T into OUT, signed; its length, 0: the path is too long or no path. */
size_t rp_token_write(char out[RP_TOKEN_BYTES], const struct rp_token *t,
                      const struct rp_secret *secret);

/* Judges TEXT at NOW_S against N_SECRETS; fills T when it is GOOD.  Compares the whole MAC whatever
 * it is. */
enum rp_token_verdict rp_token_read(struct rp_token *t, const char *text, size_t n,
                                    const struct rp_secret *secrets, size_t n_secrets,
                                    uint64_t now_s);

/* PATH, as it was sent, is T's or below it.  False where a server could read it as another one:
 * dots, encoded dots and slashes, backslashes. */
bool rp_token_covers(const struct rp_token *t, const char *path, size_t n);

#endif
