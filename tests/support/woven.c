/* woven.c - see woven.h.  Room: tests.  SPDX-License-Identifier: MIT */
#include "tests/support/woven.h"

#include <stdlib.h>
#include <string.h>
#include "preload/hot/rewrite.h"

enum { PIECES = 7, MOST_OUT = PIECES + 2 };

struct kernel {
	char *got;
	size_t n;
};

static size_t turn(struct woven_turns *t, size_t *next)
{
	return t->n ? t->choices[(*next)++ % t->n] : 255;
}

/* N bytes in up to PIECES pieces, each of them a copy that is exactly as long. */
static size_t cut(const char *bytes, size_t n, size_t step, struct iovec *iov)
{
	size_t made = 0;

	for (size_t at = 0; at < n; made++) {
		size_t some = made + 1 < PIECES && step < n - at ? step : n - at;

		iov[made].iov_base = malloc(some);
		iov[made].iov_len = some;
		memcpy(iov[made].iov_base, bytes + at, some);
		at += some;
	}
	return made;
}

/* The kernel takes at most ROOM bytes. */
static size_t take(struct kernel *k, const struct iovec *iov, size_t n_iov, size_t room)
{
	size_t before = k->n;

	for (size_t i = 0; i < n_iov && room; i++) {
		size_t some = iov[i].iov_len < room ? iov[i].iov_len : room;

		memcpy(k->got + k->n, iov[i].iov_base, some);
		k->n += some;
		room -= some;
	}
	return k->n - before;
}

/* Tells I of the first N bytes of the host. */
static void say(struct rp_insert *i, const struct rp_weave *w, size_t n)
{
	for (size_t k = 0; k < w->n_iov && n; k++) {
		size_t some = w->iov[k].iov_len < n ? w->iov[k].iov_len : n;

		rp_insert_said(i, w->iov[k].iov_base, some);
		n -= some;
	}
}

/* One call of the host; how many of its bytes are taken. */
static size_t call(struct rp_insert *i, struct rp_weave *w, struct kernel *k, size_t room)
{
	struct iovec out[MOST_OUT];
	size_t n, n_out, took;

	if (rp_insert_find(i, w)) {
		w->lines = i->lines + i->sent;
		w->n_lines = (size_t)(i->n - i->sent);
	}
	n_out = rp_weave_pieces(w, 0, out, MOST_OUT, &n);
	if (n != w->n + w->n_lines)
		abort();
	took = take(k, out, n_out, room);
	/* What is left over is the same bytes, wherever it was cut. */
	n_out = rp_weave_pieces(w, took, out, MOST_OUT, &n);
	if (n != w->n + w->n_lines - took || (n && !n_out))
		abort();
	n = rp_weave_of_host(w, took);
	rp_insert_took(i, took - n);
	say(i, w, n);
	return n;
}

static bool is_woven(const char *bytes, size_t n, const char *lines, const struct kernel *k,
                     size_t *at)
{
	size_t n_lines = strlen(lines), same = 0;

	*at = SIZE_MAX;
	if (k->n == n)
		return memcmp(k->got, bytes, n) == 0;
	if (k->n != n + n_lines)
		return false;
	while (same < n && memcmp(k->got + same, lines, n_lines) != 0)
		same++;
	*at = same;
	return memcmp(k->got, bytes, same) == 0 && memcmp(k->got + same, lines, n_lines) == 0 &&
	       memcmp(k->got + same + n_lines, bytes + same, n - same) == 0;
}

bool woven_send(const char *bytes, size_t n, const char *lines, struct woven_turns turns,
                size_t *at)
{
	struct rp_insert insert = {.state = RP_INSERT_WANT,
	                           .lines = lines,
	                           .n = (uint16_t)strlen(lines)};
	struct kernel k = {malloc(n + strlen(lines) + 1), 0};
	size_t sent = 0, next = 0, idle = 0;

	while (sent < n && idle < 1000) {
		size_t offered = 1 + turn(&turns, &next) * 8;
		struct iovec iov[PIECES];
		struct rp_weave w = {.iov = iov, .n = offered < n - sent ? offered : n - sent};
		size_t took;

		w.n_iov = cut(bytes + sent, w.n, 1 + turn(&turns, &next), iov);
		took = call(&insert, &w, &k, turn(&turns, &next) * 4);
		for (size_t i = 0; i < w.n_iov; i++)
			free(iov[i].iov_base);
		sent += took;
		idle = took ? 0 : idle + 1;
	}
	bool good = idle || is_woven(bytes, n, lines, &k, at);

	free(k.got);
	return good;
}
