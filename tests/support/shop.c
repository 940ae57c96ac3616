/* shop.c - see shop.h.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tests/support/shop.h"

#include "tests/support/handmade.h"

struct rp_profile *shop_profile(void)
{
	static const struct rp_count lost[] = {{"ring_full", 3}, {"deep_stack", 2}};
	static const struct rp_count counters[] = {{"overhead_ns", 1260000}};
	struct rp_profile *p = handmade_make();
	struct rp_session *s = &p->sessions[0];

	handmade_add(p,
	             "main;serve@/src/shop/serve.c;render!libtpl;expand!libtpl;walk!libtpl;"
	             "format!libc;price@/src/shop/price.c",
	             31);
	handmade_add(p, "main;serve@/src/shop/serve.c;render!libtpl;expand!libtpl", 20);
	handmade_add(p,
	             "main;serve@/src/shop/serve.c;query@/src/db/query.c;recv!libc;"
	             "[wait: recv tcp 127.0.0.1:5432]",
	             100);
	handmade_add(p, "main;serve@/src/shop/serve.c;evil\033[31m\342\200\256name", 40);
	handmade_add(p,
	             "main;serve@/src/shop/serve.c;shop::Cart<std::vector<int>>::add_one_more_item"
	             "(shop::Item const&, unsigned long)@/src/shop/cart.cc",
	             12);
	handmade_add(p, "main;tidy", 1);
	handmade_add(p, "main;serve@/src/shop/serve.c;query@/src/db/query.c", 5);
	s->account.not_running_ns = 1200000;
	s->account.duration_ns += 1900000;
	s->account.idle_ns = 300000;
	s->account.unexplained_ns = 400000;
	s->n_segments = 1;
	s->lost = lost;
	s->n_lost = 2;
	s->counters = counters;
	s->n_counters = 1;
	return p;
}

enum { MS = 1000000, N_WAITS = 8 };

static struct rp_wait waits[N_WAITS];
static const struct rp_short shorts[] = {{"read", 200000, 30 * MS}};

/* One wait on STACK, whose last frame is the pseudo one. */
static struct rp_wait *add(struct rp_profile *p, const char *stack, const char *kind,
                           const char *object, unsigned ms)
{
	struct rp_wait *w = &waits[p->n_waits++];

	handmade_add(p, stack, ms);
	*w = (struct rp_wait){.chain = p->points[p->n_points - 1].chain,
	                      .kind = kind,
	                      .object = object,
	                      .holder = {.request = ""},
	                      .span_ns = ms * (uint64_t)MS + 1000,
	                      .cpu_ns = 1000};
	return w;
}

static void hold(struct rp_profile *p, struct rp_wait *w, const char *words, uint32_t tid,
                 const char *request, const char *let_go)
{
	w->holder = (struct rp_holder){.words = words, .request = request, .tid = tid};
	if (!let_go)
		return;
	handmade_add(p, let_go, 1);
	w->holder.chain = p->points[p->n_points - 1].chain + 1;
}

#define QUERY "main;serve@/src/shop/serve.c;query@/src/db/query.c;"
#define STOCK "main;serve@/src/shop/serve.c;stock@/src/shop/stock.c;"

struct rp_profile *shop_waits(void)
{
	struct rp_profile *p = handmade_make();

	p->waits = waits;
	add(p, QUERY "[wait: recv tcp 127.0.0.1:5432]", "recv", "tcp 127.0.0.1:5432", 40);
	add(p, STOCK "[wait: recv tcp 127.0.0.1:5432]", "recv", "tcp 127.0.0.1:5432", 60);
	add(p, QUERY "[wait: recv tcp 127.0.0.1:5432]", "recv", "tcp 127.0.0.1:5432", 10);
	add(p, QUERY "[wait: recv tcp 127.0.0.1:6379]", "recv", "tcp 127.0.0.1:6379", 5);
	hold(p,
	     add(p, STOCK "[wait: mutex 0x55d0 held by thread 712 (request 4711-000008)]", "mutex",
	         "0x55d0", 25),
	     "held by thread 712 (request 4711-000008)", 712, "4711-000008",
	     "main;serve@/src/shop/serve.c;put_back@/src/shop/stock.c");
	hold(p, add(p, STOCK "[wait: mutex 0x55d0 held by nobody known]", "mutex", "0x55d0", 2),
	     "held by nobody known", 0, "", NULL);
	add(p, STOCK "[wait: sleep]", "sleep", "", 1);
	p->sessions[0].shorts = shorts;
	p->sessions[0].n_shorts = 1;
	return p;
}

/* What a request of number I takes of MS: between 90 and 110 percent. */
static unsigned noisy(unsigned ms, unsigned i)
{
	return ms * (90 + i * 7 % 21) / 100;
}

static void add_request(struct rp_profile *p, unsigned i, unsigned price_ms, bool slow)
{
	struct rp_session *s = &p->sessions[p->n_sessions - 1];

	handmade_add(p, "main;serve@/src/shop/serve.c;price@/src/shop/price.c", noisy(price_ms, i));
	handmade_add(p, "main;serve@/src/shop/serve.c;render!libtpl", noisy(20, i + 1));
	handmade_add(p,
	             "main;serve@/src/shop/serve.c;query@/src/db/query.c;"
	             "[wait: recv tcp 127.0.0.1:5432]",
	             slow ? 900 : noisy(50, i + 2));
	s->account.not_running_ns = 1000000 + 100000 * (i % 3);
	s->account.wall.ns[RP_PART_NOT_RUNNING] = s->account.not_running_ns;
	s->account.duration_ns += s->account.not_running_ns;
}

struct rp_profile *shop_several(unsigned n)
{
	struct rp_profile *p = handmade_make();

	for (unsigned i = 0; i < n; i++) {
		if (i)
			handmade_next(p, 4711, i);
		add_request(p, i, 40, i + 1 == n);
	}
	return p;
}

struct rp_profile *shop_builds(unsigned n)
{
	struct rp_profile *p = handmade_make();

	for (unsigned i = 0; i < 2 * n; i++) {
		bool later = i >= n;

		if (i)
			handmade_next(p, later ? 5000 : 4711, i);
		add_request(p, i % n, later ? 46 : 40, false);
		if (later)
			handmade_add(p, "main;tidy@/src/shop/tidy.c", noisy(5, i));
	}
	return p;
}
