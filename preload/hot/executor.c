/* executor.c - see executor.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/executor.h"

#include <string.h>
#include <sys/prctl.h>
#include "preload/hot/current.h"
#include "preload/hot/fiber.h"
#include "preload/hot/heir.h"
#include "preload/hot/request.h"
#include "preload/hot/sys.h"

enum { NAME_BYTES = 16 };

/* What the names of such threads begin with. */
#define NAME(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
static const struct {
	const char *text;
	size_t n;
} names[] = {
        NAME("ForkJoinPool"),    /* the JVM's virtual threads and futures */
        NAME("DefaultDispatch"), /* Kotlin's coroutines */
        NAME("tokio-r"),         /* Rust's tasks */
        NAME(".NET T"),          /* .NET's thread pool */
        NAME("erts_sched"),      /* Erlang's processes */
        NAME("ghc_worker"),      /* Haskell's threads */
};

/* ... and what those of Haskell's threads end with, after the program's name. */
static bool ends_as_haskells(const char *name)
{
	size_t n = strlen(name);

	return n > 2 && name[n - 2] == ':' && name[n - 1] == 'w';
}

static bool has_name(void)
{
	char name[NAME_BYTES] = "";

	rp_sys(SYS_prctl, PR_GET_NAME, name);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!memcmp(name, names[i].text, names[i].n))
			return true;
	return ends_as_haskells(name);
}

bool rp_executor_look(struct rp_self *s)
{
	if (s->executor == RP_EXECUTOR_NOT_LOOKED)
		s->executor = has_name() ? RP_EXECUTOR_BY_NAME : RP_EXECUTOR_BY_NO_NAME;
	return s->executor == RP_EXECUTOR_BY_NAME;
}

bool rp_executor_is(struct rp_self *s, bool watched)
{
	return watched || rp_current_off() & 1u << RP_BY_CLIENT || rp_executor_is_named(s);
}

bool rp_executor_parks_on_futex(const struct rp_self *s)
{
	return s->armed && s->lone && s->by == RP_BY_CLIENT && !rp_current_is_told(s);
}

/* Its calls of futex() are looked at where they are made: most of them wake. */
bool rp_executor_parks(struct rp_self *s, const struct rp_waited *what)
{
	return rp_unlikely(s->lone) && what->kind != RP_WAIT_FUTEX &&
	       rp_executor_parks_on_futex(s) && (s->lent || rp_executor_is_named(s)) &&
	       rp_heir_ends(what);
}

void rp_executor_meets(void)
{
	const struct rp_self *s = &rp_self;

	if (s->coroutine.found && s->coroutine.own && !rp_fiber_is_elsewhere() &&
	    rp_current_works(s->request, s->serial) && rp_request_lives(s->request, s->serial))
		rp_fiber_disbelieve();
	if (s->by == RP_BY_CLIENT && !s->gave && !s->turn.looped && !s->coroutine.own &&
	    !rp_current_is_told(s) && rp_current_works(s->request, s->serial) &&
	    rp_request_lives(s->request, s->serial))
		rp_current_disbelieve(RP_BY_CLIENT);
}
