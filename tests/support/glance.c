/* glance.c - see glance.h.  SPDX-License-Identifier: MIT */
#include "tests/support/glance.h"

#include <string.h>
#include "preload/hot/delim_glance.h"

static enum glance_verdict verdict(bool agrees)
{
	return agrees ? GLANCE_SEEN : GLANCE_WRONG;
}

static bool same_span(struct rp_span a, struct rp_span b)
{
	return a.at == b.at && a.n == b.n;
}

/* One plain head, its body as far as it is there, and nothing else. */
enum glance_verdict glance_request(const char *bytes, size_t n)
{
	struct rp_delim_in d = {0};
	struct rp_head head;
	struct rp_glance g;
	bool want_kept;

	if (!rp_glance_request(bytes, n, &g))
		return GLANCE_LEFT;
	if (rp_delim_in_feed(&d, &bytes, &n, NULL, &want_kept, &head) != RP_IN_HEAD ||
	    head.trigger.at || head.chunked || head.is_head || head.is_connect ||
	    !same_span(head.method, g.method) || !same_span(head.target, g.target) ||
	    (memchr(g.target.at, '?', g.target.n) && !g.has_query))
		return GLANCE_WRONG;
	if (!g.left && rp_delim_in_feed(&d, &bytes, &n, NULL, &want_kept, &head) != RP_IN_BODY)
		return GLANCE_WRONG;
	if (rp_delim_in_feed(&d, &bytes, &n, NULL, &want_kept, &head) != RP_IN_MORE)
		return GLANCE_WRONG;
	return verdict(!n && !want_kept && !d.n_kept && !d.aux && d.left == g.left &&
	               d.state == (g.left ? RP_DELIM_LENGTH : RP_DELIM_BETWEEN));
}

/* Where the answer ends, if at all, is told once, behind its last byte. */
static bool feed_answer(struct rp_delim_out *d, const char *bytes, size_t n, bool *over)
{
	enum rp_out_event event;

	do {
		if (*over && n)
			return false;
		event = rp_delim_out_feed(d, &bytes, &n, 0);
		if (event == RP_OUT_END)
			*over = true;
		if (event == RP_OUT_OPAQUE || event == RP_OUT_UPGRADED)
			return false;
	} while (event != RP_OUT_MORE);
	return !n;
}

enum glance_verdict glance_response(const char *bytes, size_t n, size_t n_unseen)
{
	struct rp_delim_out a = {0}, b = {0};
	enum rp_glance_answer answer = rp_glance_response(&a, bytes, n, n + n_unseen);
	bool over = false;

	if (answer == RP_GLANCE_NO)
		return verdict(!memcmp(&a, &b, sizeof(a))) == GLANCE_SEEN ? GLANCE_LEFT
		                                                          : GLANCE_WRONG;
	if (!feed_answer(&b, bytes, n, &over) ||
	    (n_unseen && !feed_answer(&b, NULL, n_unseen, &over)))
		return GLANCE_WRONG;
	return verdict(over == (answer == RP_GLANCE_END) && a.left == b.left &&
	               a.status == b.status && a.state == b.state && a.aux == b.aux &&
	               a.close_delimited == b.close_delimited && a.n_line == b.n_line);
}
