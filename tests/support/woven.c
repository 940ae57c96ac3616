/* woven.c - see woven.h.  Room: tests.  SPDX-License-Identifier: MIT */
#include "tests/support/woven.h"

#include <stdlib.h>
#include <string.h>
#include "preload/hot/rewrite.h"

enum { PIECES = 7, MOST_OUT = PIECES + 2, MOST_IDLE = 100 };

struct kernel {
	char *got;
	size_t n;
	size_t place; /* of the lines' first byte that it took, SIZE_MAX: none */
};

static size_t turn(struct woven_turns *t, size_t *next)
{
	return t->n ? t->choices[(*next)++ % t->n] : 255;
}

/* N bytes in up to PIECES pieces of a copy that ends where they do. */
static size_t cut(char *bytes, size_t n, size_t step, struct iovec *iov)
{
	size_t made = 0;

	for (size_t at = 0; at < n; made++) {
		size_t some = made + 1 < PIECES && step < n - at ? step : n - at;

		iov[made] = (struct iovec){bytes + at, some};
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
	if (took > n && k->place == SIZE_MAX)
		k->place = k->n - took + w->at;
	rp_insert_took(i, took - n);
	say(i, w, n);
	return n;
}

/* The text of the host may hold our lines, too: only where we put them is asked. */
static bool is_woven(const char *bytes, size_t n, const char *lines, const struct kernel *k)
{
	size_t n_lines = strlen(lines), at = k->place;

	if (at == SIZE_MAX)
		return k->n == n && memcmp(k->got, bytes, n) == 0;
	return k->n == n + n_lines && memcmp(k->got, bytes, at) == 0 &&
	       memcmp(k->got + at, lines, n_lines) == 0 &&
	       memcmp(k->got + at + n_lines, bytes + at, n - at) == 0;
}

bool woven_send(const char *bytes, size_t n, const char *lines, struct woven_turns turns,
                size_t *at)
{
	struct rp_insert insert = {.state = RP_INSERT_WANT,
	                           .lines = lines,
	                           .n = (uint16_t)strlen(lines)};
	struct kernel k = {malloc(n + strlen(lines) + 1), 0, SIZE_MAX};
	size_t sent = 0, next = 0, idle = 0;

	while (sent < n) {
		size_t offered = 1 + turn(&turns, &next) * 8;
		struct iovec iov[PIECES];
		struct rp_weave w = {.iov = iov, .n = offered < n - sent ? offered : n - sent};
		char *copy = malloc(w.n);

		memcpy(copy, bytes + sent, w.n);
		w.n_iov = cut(copy, w.n, 1 + turn(&turns, &next), iov);
		size_t took, room = turn(&turns, &next) * 4;

		/* One that never takes anything does in the end: all is compared. */
		took = call(&insert, &w, &k, idle < MOST_IDLE ? room : SIZE_MAX);
		free(copy);
		sent += took;
		idle = took ? 0 : idle + 1;
	}
	bool good = is_woven(bytes, n, lines, &k);

	*at = k.place;
	free(k.got);
	return good;
}
