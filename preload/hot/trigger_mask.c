/* trigger_mask.c - a request target as it may be stored and shown.
 *
 * Room: hot, pure.  Too much masked is a nuisance, too little is a leak into every backup of a
 * session: in doubt a value goes.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "preload/hot/trigger.h"

enum { WORD_BYTES = 12, KEY_BYTES = 128, NAME_BYTES = 64, DOTS = 3 };

/* A key that contains one of these, in any case, has a secret value. */
static const char INSIDE[][WORD_BYTES] = {
        "token",      /* access_token, csrftoken, ... */
        "key",        /* apikey, api_key, X-Goog-Key; takes "keyword" with it */
        "secret",     /* client_secret */
        "pass",       /* password, passwd, passphrase */
        "pwd",        /* its short form */
        "auth",       /* authorization, oauth_*; takes "author" with it */
        "sig",        /* signature, X-Amz-Signature: signed URLs open what they name */
        "session",    /* PHPSESSID's long cousins */
        "sessid",     /* phpsessid */
        "credential", /* X-Amz-Credential */
        "jwt",        /* a bearer token under its own name */
};

/* A key that is one of these.  Inside other words they are harmless: zipcode, shipping, side. */
static const char WHOLE[][WORD_BYTES] = {
        "code",       /* OAuth's authorization code: good for a login while it is fresh */
        "otp",        /* one-time password */
        "pin", "sid", /* session id */
};

/* Output with an end.  What does not fit is not begun. */
struct paper {
	char *at;
	size_t n, limit;
	size_t safe; /* the longest length, at a border of escapes, that leaves room for the dots */
	bool full;
};

static void put(struct paper *p, const char *text, size_t n)
{
	p->full |= p->n + n > p->limit;
	if (p->full)
		return;
	memcpy(p->at + p->n, text, n);
	p->n += n;
	if (p->n + DOTS <= p->limit)
		p->safe = p->n;
}

/* As a URL would have it: what is not printable ASCII is escaped, and so harmless in a terminal,
 * a file name or a page. */
static void put_escaped(struct paper *p, struct rp_span text)
{
	static const char HEX[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.n && !p->full; i++) {
		unsigned char c = (unsigned char)text.at[i];
		char escape[3] = {'%', HEX[c >> 4], HEX[c & 15]};

		if (c > ' ' && c < 0x7f)
			put(p, &text.at[i], 1);
		else
			put(p, escape, sizeof(escape));
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A key as the server will see it: "to%6ben" is "token".  Cut at KEY_BYTES + 1. */
static size_t decode(struct rp_span text, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n && n <= KEY_BYTES; i++) {
		int high = -1, low = -1;

		if (text.at[i] == '%' && i + 2 < text.n) {
			high = hex_value(text.at[i + 1]);
			low = hex_value(text.at[i + 2]);
		}
		bool escape = high >= 0 && low >= 0;

		out[n++] = escape ? (char)(high << 4 | low) : text.at[i];
		i += escape ? 2 : 0;
	}
	return n;
}

/* Of a text that ends within CAP bytes.  (A loop would become a call of strlen.) */
static size_t length_of(const char *text, size_t cap)
{
	const char *end = memchr(text, 0, cap);

	return end ? (size_t)(end - text) : cap;
}

static bool contains(const char *text, size_t n, const char *word, size_t n_word)
{
	for (size_t i = 0; i + n_word <= n; i++)
		if (!memcmp(text + i, word, n_word))
			return true;
	return false;
}

/* KEY is decoded; it is lowered here. */
static bool looks_secret(char *key, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (key[i] >= 'A' && key[i] <= 'Z')
			key[i] |= 0x20;
	for (size_t i = 0; i < sizeof(INSIDE) / sizeof(*INSIDE); i++)
		if (contains(key, n, INSIDE[i], length_of(INSIDE[i], WORD_BYTES)))
			return true;
	for (size_t i = 0; i < sizeof(WHOLE) / sizeof(*WHOLE); i++)
		if (n == length_of(WHOLE[i], WORD_BYTES) && !memcmp(key, WHOLE[i], n))
			return true;
	return n > KEY_BYTES; /* nobody has read such a key to its end */
}

/* "key=value" with its value hidden when it must be.  False when not all of it was written (a
 * pair of NAME: nothing): what follows up to the next certain border may belong to the value. */
static bool put_pair(struct paper *p, char *before, struct rp_span pair, struct rp_span name)
{
	const char *equals = pair.n ? memchr(pair.at, '=', pair.n) : NULL;
	struct rp_span key = {pair.at, equals ? (size_t)(equals - pair.at) : pair.n};
	char decoded[KEY_BYTES + 1];
	size_t n = decode(key, decoded);

	if (name.n && n == name.n && !memcmp(decoded, name.at, n))
		return false;
	put(p, before, 1);
	*before = '&';
	if (!equals || !looks_secret(decoded, n)) {
		put_escaped(p, pair);
		return true;
	}
	put_escaped(p, (struct rp_span){key.at, key.n + 1});
	put(p, "***", 3);
	return false;
}

/* The length of TEXT up to the first of SIGNS. */
static size_t run_of(struct rp_span text, const char *signs, size_t n_signs)
{
	size_t n = 0;

	while (n < text.n && !memchr(signs, text.at[n], n_signs))
		n++;
	return n;
}

/* "http://user:password@host/": the part before the '@' goes. */
static void put_authority(struct paper *p, struct rp_span *rest)
{
	size_t n = run_of(*rest, "/?#", 3), begin = 0;

	if (n + 1 < rest->n && rest->at[n] == '/' && rest->at[n + 1] == '/') {
		struct rp_span behind = {rest->at + n + 2, rest->n - n - 2};

		begin = n + 2;
		n = begin + run_of(behind, "/?#", 3);
	}
	for (size_t i = n; i > begin; i--) {
		if (rest->at[i - 1] != '@')
			continue;
		put_escaped(p, (struct rp_span){rest->at, begin});
		put(p, "***", 3);
		rest->at += i - 1;
		rest->n -= i - 1;
		return;
	}
}

/* "a=1;b=2": some servers see two pairs, others one whose value has a semicolon.  Both are
 * served: each is judged as a pair, and behind a hidden value nothing more is shown. */
static void put_pairs(struct paper *p, char *before, struct rp_span pairs, struct rp_span name)
{
	for (size_t n = 0; !p->full; pairs.at += n + 1, pairs.n -= n + 1) {
		n = run_of(pairs, ";", 1);
		if (!put_pair(p, before, (struct rp_span){pairs.at, n}, name) || n == pairs.n)
			return;
		*before = ';';
	}
}

/* The path; parameters of its segments (";jsessionid=...") are pairs as those of the query. */
static void put_path(struct paper *p, struct rp_span path)
{
	struct rp_span no_name = {NULL, 0};

	while (path.n && !p->full) {
		bool pairs = *path.at == ';';
		size_t n = pairs ? run_of(path, "/", 1) : run_of(path, ";", 1);
		char before = ';';

		if (pairs)
			put_pairs(p, &before, (struct rp_span){path.at + 1, n - 1}, no_name);
		else
			put_escaped(p, (struct rp_span){path.at, n});
		path.at += n;
		path.n -= n;
	}
}

/* The query without NAME's pairs; '?' goes too when nothing is left. */
static void put_query(struct paper *p, struct rp_span query, struct rp_span name)
{
	char before = '?';

	for (size_t n = 0; !p->full; query.at += n + 1, query.n -= n + 1) {
		n = run_of(query, "&", 1);
		put_pairs(p, &before, (struct rp_span){query.at, n}, name);
		if (n == query.n)
			return;
		before = before == '?' ? '?' : '&';
	}
}

size_t rp_trigger_mask_target(char *out, size_t cap, struct rp_span target, const char *name)
{
	struct paper p = {.at = out, .limit = cap < RP_TARGET_SHOWN ? cap : RP_TARGET_SHOWN};

	if (target.n && *target.at != '/')
		put_authority(&p, &target);
	/* A client keeps its fragment; one that was sent anyway may hold what OAuth puts there. */
	size_t n = run_of(target, "#", 1), n_path = run_of(target, "?#", 2);

	put_path(&p, (struct rp_span){target.at, n_path});
	if (n_path < n)
		put_query(&p, (struct rp_span){target.at + n_path + 1, n - n_path - 1},
		          (struct rp_span){name, length_of(name, NAME_BYTES)});
	if (!p.full)
		return p.n;
	n = p.limit < DOTS ? p.limit : DOTS;
	memcpy(out + p.safe, "...", n);
	return p.safe + n;
}
