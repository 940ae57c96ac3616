/* token.c - see token.h.  Room: store.  SPDX-License-Identifier: MIT */
#include "store/token.h"

#include <string.h>
#include "store/sha256.h"

enum { KID = 4, NONCE = 8, WORD = 4 };

static const char SCOPES[][WORD + 1] = {"", "save", "text", "html"};
static const char VERSION[] = "v1.";

bool rp_secret_set(struct rp_secret *s, const void *bytes, size_t n)
{
	uint8_t mac[RP_SHA256_BYTES];

	memset(s, 0, sizeof(*s));
	if (n < RP_SECRET_LEAST || n > RP_SECRET_MOST)
		return false;
	s->n = (uint8_t)n;
	memcpy(s->bytes, bytes, n);
	rp_hmac_sha256(bytes, n, "kid", 3, mac);
	memcpy(s->kid, mac, sizeof(s->kid));
	return true;
}

enum rp_scope rp_scope_spelled(const char *word, size_t n)
{
	for (unsigned i = RP_SCOPE_SAVE; n == WORD && i <= RP_SCOPE_HTML; i++)
		if (!memcmp(word, SCOPES[i], WORD))
			return (enum rp_scope)i;
	return RP_SCOPE_NONE;
}

static char *put_hex(char *to, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;

	for (size_t i = 0; i < n; i++) {
		*to++ = "0123456789abcdef"[from[i] >> 4];
		*to++ = "0123456789abcdef"[from[i] & 15];
	}
	return to;
}

static char *put_number(char *to, uint64_t value)
{
	char digits[20];
	size_t n = 0;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	while (n)
		*to++ = digits[--n];
	return to;
}

size_t rp_token_write(char out[RP_TOKEN_BYTES], const struct rp_token *t,
                      const struct rp_secret *secret)
{
	uint8_t mac[RP_SHA256_BYTES], nonce[NONCE];
	char *at = out;

	if (t->n_path > RP_TOKEN_PATH || (t->n_path && t->path[0] != '/'))
		return 0;
	for (unsigned i = 0; i < NONCE; i++)
		nonce[i] = (uint8_t)(t->nonce >> (8 * (NONCE - 1 - i)));
	memcpy(at, VERSION, sizeof(VERSION) - 1);
	at = put_hex(at + sizeof(VERSION) - 1, secret->kid, KID);
	*at++ = '.';
	at = put_number(at, t->exp_s);
	*at++ = '.';
	at = put_hex(at, nonce, NONCE);
	*at++ = '.';
	memcpy(at, SCOPES[t->scope], WORD);
	at += WORD;
	if (t->n_path) {
		*at++ = '~';
		at = put_hex(at, t->path, t->n_path);
	}
	rp_hmac_sha256(secret->bytes, secret->n, out, (size_t)(at - out), mac);
	*at++ = '.';
	return (size_t)(put_hex(at, mac, sizeof(mac)) - out);
}

/* What is left to read; .at NULL: it was not a token. */
struct text {
	const char *at;
	size_t n;
};

/* The part before the first dot. */
static struct text cut(struct text *rest)
{
	const char *dot = rest->n ? memchr(rest->at, '.', rest->n) : NULL;
	struct text part = {rest->at, dot ? (size_t)(dot - rest->at) : rest->n};

	*rest = dot ? (struct text){dot + 1, rest->n - part.n - 1} : (struct text){NULL, 0};
	return part;
}

/* Lower case only: each token has one spelling. */
static bool read_hex(uint8_t *to, size_t n, struct text from)
{
	if (from.n != 2 * n)
		return false;
	for (size_t i = 0; i < from.n; i++) {
		unsigned c = (unsigned char)from.at[i], digit = 16;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		if (digit > 15)
			return false;
		to[i / 2] = (uint8_t)(to[i / 2] << 4 | digit);
	}
	return true;
}

static bool read_number(uint64_t *to, struct text from)
{
	if (!from.n || from.n > 12 || from.at[0] == '0')
		return false;
	for (*to = 0; from.n; from.at++, from.n--) {
		if (*from.at < '0' || *from.at > '9')
			return false;
		*to = *to * 10 + (uint64_t)(*from.at - '0');
	}
	return true;
}

static bool read_scope(struct rp_token *t, struct text from)
{
	if (from.n < WORD || !(t->scope = rp_scope_spelled(from.at, WORD)))
		return false;
	if (from.n == WORD)
		return true;
	size_t n = from.n - WORD - 1;

	if (from.at[WORD] != '~' || n % 2 || n / 2 > RP_TOKEN_PATH || n / 2 == 0)
		return false;
	t->n_path = (uint8_t)(n / 2);
	return read_hex((uint8_t *)t->path, n / 2, (struct text){from.at + WORD + 1, n}) &&
	       t->path[0] == '/';
}

/* Everything but whether it is true. */
static bool read_form(struct rp_token *t, struct text text, uint8_t kid[KID],
                      uint8_t mac[RP_SHA256_BYTES])
{
	uint8_t nonce[NONCE] = {0};
	struct text rest = {text.at + sizeof(VERSION) - 1, text.n - sizeof(VERSION) + 1};

	memset(t, 0, sizeof(*t));
	if (text.n < sizeof(VERSION) || text.n > RP_TOKEN_BYTES ||
	    memcmp(text.at, VERSION, sizeof(VERSION) - 1))
		return false;
	if (!read_hex(kid, KID, cut(&rest)) || !read_number(&t->exp_s, cut(&rest)) ||
	    !read_hex(nonce, NONCE, cut(&rest)) || !read_scope(t, cut(&rest)))
		return false;
	for (unsigned i = 0; i < NONCE; i++)
		t->nonce = t->nonce << 8 | nonce[i];
	return rest.at && read_hex(mac, RP_SHA256_BYTES, rest);
}

bool rp_secret_same(const void *told, const void *known, size_t n)
{
	const uint8_t *a = told, *b = known;
	unsigned differs = 0;

	for (size_t i = 0; i < n; i++) {
		differs |= (unsigned)(a[i] ^ b[i]);
		/* or a compiler may leave the loop once the answer is known */
		__asm__("" : "+r"(differs));
	}
	return !differs;
}

enum rp_token_verdict rp_token_read(struct rp_token *t, const char *text, size_t n,
                                    const struct rp_secret *secrets, size_t n_secrets,
                                    uint64_t now_s)
{
	enum rp_token_verdict verdict = RP_TOKEN_UNKNOWN;
	uint8_t kid[KID] = {0}, told[RP_SHA256_BYTES] = {0}, mac[RP_SHA256_BYTES];

	if (!read_form(t, (struct text){text, n}, kid, told))
		return RP_TOKEN_ALIEN;
	for (size_t i = 0; i < n_secrets && verdict != RP_TOKEN_GOOD; i++) {
		if (memcmp(kid, secrets[i].kid, KID))
			continue;
		rp_hmac_sha256(secrets[i].bytes, secrets[i].n, text, n - 2 * sizeof(mac) - 1, mac);
		verdict = rp_secret_same(told, mac, sizeof(mac)) ? RP_TOKEN_GOOD : RP_TOKEN_FORGED;
	}
	if (verdict == RP_TOKEN_GOOD && t->exp_s + RP_TOKEN_SKEW_S < now_s)
		return RP_TOKEN_EXPIRED;
	if (verdict == RP_TOKEN_GOOD && t->exp_s > now_s + RP_TOKEN_LIFE_S + RP_TOKEN_SKEW_S)
		return RP_TOKEN_EARLY;
	return verdict;
}

/* A server may read a part of PATH as "..", or as a slash. */
static bool is_doubtful(const char *path, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char next = i + 1 < n ? path[i + 1] : ' ';
		char last = (char)(i + 2 < n ? path[i + 2] | 0x20 : ' ');

		if (path[i] == '\\' || (path[i] == '.' && next == '.'))
			return true;
		if (path[i] != '%')
			continue;
		/* 00 to 0f, '%', '.', '/', '\' */
		if (next == '0' || (next == '2' && (last == '5' || last == 'e' || last == 'f')) ||
		    (next == '5' && last == 'c'))
			return true;
	}
	return false;
}

bool rp_token_covers(const struct rp_token *t, const char *path, size_t n)
{
	if (!t->n_path)
		return true;
	if (n < t->n_path || memcmp(path, t->path, t->n_path) || is_doubtful(path, n))
		return false;
	return n == t->n_path || path[t->n_path] == '/' || t->path[t->n_path - 1] == '/';
}
