/* wire.c - see wire.h.  SPDX-License-Identifier: MIT */
#include "tests/support/wire.h"

#include <stdlib.h>
#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/said.h"

#define say(wire, ...) said((wire)->said, sizeof((wire)->said), &(wire)->n_said, __VA_ARGS__)

static void say_span(struct wire *w, const char *name, struct rp_span span)
{
	if (span.at)
		say(w, " %s=%.*s", name, (int)span.n, span.at);
}

static void say_flag(struct wire *w, const char *name, bool flag)
{
	if (flag)
		say(w, " %s", name);
}

static void say_peer(struct wire *w, const struct rp_address *peer)
{
	static const char *const KINDS[] = {"", "unknown", "unix", "ip4", "ip6"};
	unsigned n = peer->kind == RP_ADDRESS_IP6 ? 16 : peer->kind == RP_ADDRESS_IP4 ? 4 : 0;

	if (!peer->kind)
		return;
	say(w, " peer=%s", KINDS[peer->kind]);
	for (unsigned i = 0; i < n; i++)
		say(w, ".%x", peer->bytes[i]);
	if (peer->port)
		say(w, ":%u", peer->port);
}

static void say_head(struct wire *w, const struct rp_head *head)
{
	say(w, "HEAD");
	say_span(w, "m", head->method);
	say_span(w, "t", head->target);
	say_span(w, "q", head->query);
	say_span(w, "p", head->protocol);
	say_span(w, "host", head->host);
	say_span(w, "trigger", head->trigger);
	say_span(w, "trace", head->traceparent);
	say_flag(w, "forwarded", head->forwarded);
	say_span(w, "for", head->forwarded_for);
	say_flag(w, "head", head->is_head);
	say_flag(w, "connect", head->is_connect);
	say_flag(w, "upgrade", head->upgrade);
	say_flag(w, "expect", head->expect);
	say_flag(w, "close", head->close);
	say_flag(w, "chunked", head->chunked);
	if (head->body_bytes)
		say(w, " body=%llu", (unsigned long long)head->body_bytes);
	say_peer(w, &head->peer);
}

void wire_open(struct wire *w)
{
	memset(w, 0, offsetof(struct wire, kept));
}

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void hear_request(struct wire *w, enum rp_in_event event, const struct rp_head *head)
{
	if (event == RP_IN_BEGIN) {
		must(++w->begins == 1);
	} else if (event == RP_IN_HEAD) {
		w->begins = 0;
		say_head(w, head);
		say(w, "@%zu\n", w->at);
	} else if (event == RP_IN_PEER) {
		w->begins = 0;
		say(w, "PEER");
		say_peer(w, &head->peer);
		say(w, "@%zu\n", w->at);
	} else if (event == RP_IN_H2) {
		say(w, "H2@%zu\n", w->at);
		w->over = true;
	} else if (event == RP_IN_BODY) {
		say(w, "BODY@%zu\n", w->at);
	} else if (event == RP_IN_OPAQUE) {
		say(w, "OPAQUE\n");
		w->over = true;
	}
}

void wire_request(struct wire *w, const char *bytes, size_t n)
{
	const char *piece = guard_put(0, bytes, n);
	size_t left = n, turns = 2 * n + 4;
	bool want_kept = false, asked = false;
	enum rp_in_event event = RP_IN_HEAD;

	while (!w->over && (event != RP_IN_MORE || want_kept)) {
		struct rp_head head;
		size_t before = left;
		bool lend = !w->no_buffer && (asked || w->in.n_kept);

		must(turns-- > 0);
		event = rp_delim_in_feed(&w->in, &piece, &left, lend ? w->kept : NULL, &want_kept,
		                         &head);
		must(left <= before);
		asked = want_kept;
		must(!want_kept || (left && !lend && event == RP_IN_MORE));
		w->at += before - left;
		hear_request(w, event, &head);
	}
	must(w->over || !left);
}

static void hear_response(struct wire *w, enum rp_out_event event)
{
	static const char *const NAMES[] = {"", "FIRST", "STATUS", "END", "UPGRADED", "OPAQUE"};

	if (event == RP_OUT_MORE)
		return;
	say(w, "%s", NAMES[event]);
	if (event == RP_OUT_STATUS)
		say(w, " %u", w->out.status);
	if (event == RP_OUT_END) {
		w->response++;
		say(w, "@%zu", w->at);
	}
	say(w, "\n");
	w->over = event == RP_OUT_UPGRADED || event == RP_OUT_OPAQUE;
}

static void feed_response(struct wire *w, const char *piece, size_t n)
{
	size_t turns = 2 * n + 4;
	enum rp_out_event event = RP_OUT_FIRST;

	while (!w->over && event != RP_OUT_MORE) {
		size_t before = n;
		unsigned asked = w->response < w->n_asked ? w->asked[w->response] : 0;

		must(turns-- > 0);
		event = rp_delim_out_feed(&w->out, &piece, &n, asked);
		must(n <= before);
		w->at += before - n;
		hear_response(w, event);
	}
	must(w->over || !n);
}

void wire_response(struct wire *w, const char *bytes, size_t n)
{
	feed_response(w, guard_put(0, bytes, n), n);
}

void wire_unseen(struct wire *w, size_t n)
{
	feed_response(w, NULL, n);
}

/* Feeds BYTES cut at A, B and, when EACH, everywhere. */
static bool says(struct wire *w, wire_feed *feed, const struct wire_case *c, size_t a, size_t b,
                 bool each)
{
	wire_open(w);
	w->asked = c->asked;
	w->n_asked = c->n_asked;
	for (size_t i = 0; each && i < c->n; i++)
		feed(w, c->bytes + i, 1);
	if (!each) {
		feed(w, c->bytes, a);
		feed(w, c->bytes + a, b - a);
		feed(w, c->bytes + b, c->n - b);
	}
	return !strcmp(w->said, c->said);
}

bool wire_cut_everywhere(struct wire *w, wire_feed *feed, const struct wire_case *c)
{
	bool pairs = c->n <= WIRE_SHORT;

	if (!says(w, feed, c, c->n, c->n, false) || !says(w, feed, c, 0, 0, true))
		return false;
	for (size_t a = 0; a <= c->n; a++)
		for (size_t b = pairs ? a : c->n; b <= c->n; b++)
			if (!says(w, feed, c, a, b, false))
				return false;
	return true;
}
