/* python_queue.c - jobs of Python's executors: whose they are goes with them through a SimpleQueue.
 *
 * Anything else in such a queue may be what who takes it has waited for, as a connection that
 * another one gives back: it tells nothing.
 *
 * Room: hot.  Everything here is guarded by Python's lock.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/python_parts.h"

enum { NEAR = 8 };

/* By the job: as long as it is in there nothing else has its address. */
static struct item {
	const void *thing; /* NULL: free */
	uint32_t times;    /* that it is in one */
	struct rp_handoff from;
} items[RP_MAX_THINGS];

static struct item *item_of(const void *thing, bool make)
{
	uint32_t at = (uint32_t)((uintptr_t)thing >> 4);
	struct item *room = NULL;

	for (unsigned i = 0; i < NEAR; i++) {
		struct item *it = &items[(at + i) % RP_MAX_THINGS];

		if (it->thing == thing)
			return it;
		if (!it->thing && !room)
			room = it;
	}
	if (room && make)
		*room = (struct item){.thing = thing};
	return make ? room : NULL;
}

/* The module comes with the first executor, maybe in the first flagged request. */
static bool is_job(const void *thing)
{
	static bool done;
	static const void *type;

	if (!done)
		type = rp_python_type("concurrent.futures.thread", "_WorkItem", &done);
	return type && rp_python_type_of(thing) == type;
}

static void put_thing(const void *thing)
{
	const struct rp_self *s = &rp_self;
	bool works = s->armed == RP_ARMED; /* only what was flagged is followed so */
	struct item *it = is_job(thing) ? item_of(thing, works) : NULL;

	if (!it)
		return;
	if (!it->times++)
		it->from = (struct rp_handoff){works ? s->request : 0, works ? s->serial : 0,
		                               .by = RP_BY_QUEUE, .tid = s->tid,
		                               .at_ns = rp_mono_ns()};
	else if (!works || it->from.serial != s->serial)
		it->from.serial = 0; /* the same thing for two */
}

/* The thread had done with what it took last. */
static void before_get(const void *queue)
{
	struct rp_self *s = &rp_self;

	if (s->armed && s->by == RP_BY_QUEUE && s->queue == queue)
		rp_current_leave();
}

static void *after_get(const void *queue, void *thing)
{
	struct item *it = thing ? item_of(thing, false) : NULL;
	struct rp_handoff from = {.by = RP_BY_QUEUE};

	if (!thing)
		return NULL;
	if (it)
		from = it->from;
	if (it && --it->times == 0)
		it->thing = NULL;
	from.queue = queue;
	rp_current_offer(&from);
	return thing;
}

#define PUT(name)                                                                                  \
	static rp_python_fast *name;                                                               \
	static void *seen_##name(void *self, void *const *args, intptr_t n, void *names)           \
	{                                                                                          \
		if (n > 0 && rp_python_serves())                                                   \
			put_thing(args[0]);                                                        \
		return name(self, args, n, names);                                                 \
	}

#define GET(name)                                                                                  \
	static rp_python_fast *name;                                                               \
	static rp_python_fast_of_class *name##_of_class;                                           \
	static void *seen_##name(void *self, void *const *args, intptr_t n, void *names)           \
	{                                                                                          \
		before_get(self);                                                                  \
		return after_get(self, name(self, args, n, names));                                \
	}                                                                                          \
	static void *seen_##name##_of_class(void *self, void *class, void *const *args,            \
	                                    intptr_t n, void *names)                               \
	{                                                                                          \
		before_get(self);                                                                  \
		return after_get(self, name##_of_class(self, class, args, n, names));              \
	}

PUT(put)
PUT(put_nowait)
GET(get)
GET(get_nowait)

void rp_python_follow_queues(void)
{
	static bool done;
	void *type = rp_python_type("_queue", "SimpleQueue", &done);

	if (!type)
		return;
	RP_PYTHON_REPLACE(type, "put", RP_PYTHON_FAST, put);
	RP_PYTHON_REPLACE(type, "put_nowait", RP_PYTHON_FAST, put_nowait);
	if (!RP_PYTHON_REPLACE(type, "get", RP_PYTHON_FAST_OF_CLASS, get_of_class))
		RP_PYTHON_REPLACE(type, "get", RP_PYTHON_FAST, get);
	if (!RP_PYTHON_REPLACE(type, "get_nowait", RP_PYTHON_FAST_OF_CLASS, get_nowait_of_class))
		RP_PYTHON_REPLACE(type, "get_nowait", RP_PYTHON_FAST, get_nowait);
}
