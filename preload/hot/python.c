/* python.c - see python.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/python.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/python_parts.h"
#include "preload/hot/request.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"

struct rp_python rp_python;
_Atomic bool rp_python_there;
_Atomic uint32_t rp_python_hurried;

enum { HURRY_NS = 10000000 };

/* Guarded by Python's lock. */
static void *variable;
static _Atomic bool installed;

static const struct rp_python *const py = &rp_python;

/* ---- the number in the context ---- */

static void set_number(uint32_t request, uint32_t serial)
{
	rp_self.told_request = request;
	rp_self.told_serial = serial;
	void *number = py->PyLong_FromUnsignedLongLong((uint64_t)serial << 16 | request);
	void *token = number ? py->PyContextVar_Set(variable, number) : NULL;

	if (!token)
		py->PyErr_Clear();
	if (token)
		py->Py_DecRef(token);
	if (number)
		py->Py_DecRef(number);
}

/* NUMBER, which is given back, is that of a request that is being served. */
static bool is_of_somebody(void *number, struct rp_handoff *h)
{
	uint64_t n = py->PyLong_AsUnsignedLongLong(number);

	py->Py_DecRef(number);
	*h = (struct rp_handoff){(uint32_t)(n & 0xffff), (uint32_t)(n >> 16), .by = RP_BY_RUNTIME};
	return h->request < RP_MAX_REQUESTS && rp_request_lives(h->request, h->serial);
}

bool rp_python_number(struct rp_handoff *h)
{
	struct rp_self *s = &rp_self;
	void *number = NULL;

	s->told_serial = 0;
	if (py->PyContextVar_Get(variable, NULL, &number) != 0)
		py->PyErr_Clear();
	if (!number || !is_of_somebody(number, h))
		return false;
	s->told_request = h->request;
	s->told_serial = h->serial;
	return true;
}

bool rp_python_number_in(void *context, struct rp_handoff *h)
{
	void *number = py->PyObject_GetItem(context, variable);

	if (!number)
		py->PyErr_Clear();
	return number && is_of_somebody(number, h);
}

/* ---- from one context into another ---- */

/* For a moment in CONTEXT; false: it is in use, as Python will say. */
static bool visit(void *context)
{
	if (py->PyContext_Enter(context) == 0)
		return true;
	py->PyErr_Clear();
	return false;
}

/* A callback in a context of Python's, and what the thread was at before it. */
struct inside {
	struct rp_handoff was;
	uint32_t told_request, told_serial;
	bool worked;
	bool looked; /* somebody was served when it began */
};

static void go_in(struct rp_self *s, struct inside *in)
{
	struct rp_handoff now;

	in->was = (struct rp_handoff){s->request, s->serial, .by = s->by, .queue = s->queue};
	in->told_request = s->told_request;
	in->told_serial = s->told_serial;
	in->worked = rp_current_works(s->request, s->serial);
	in->looked = true;
	/* A head that was read outside of any context, by a loop in C: this is its callback. */
	if (s->head_serial) {
		set_number(s->head_request, s->head_serial);
		s->tagged = s->runtime + 1;
	}
	s->head_serial = 0;
	if (rp_python_number(&now))
		rp_current_take(&now);
	else
		rp_current_leave();
}

/* The number goes with what the callback has started, and not with the connection's next one: a
 * server may keep one context for all of them.  CONTEXT: to be entered for it; NULL: it is.  What
 * the callback has failed with stays as it is. */
static void untag(struct rp_self *s, void *context)
{
	void *error[3];

	py->PyErr_Fetch(&error[0], &error[1], &error[2]);
	if (!context || visit(context)) {
		set_number(0, 0);
		if (context)
			py->PyContext_Exit(context);
	}
	py->PyErr_Restore(error[0], error[1], error[2]);
	s->tagged = 0;
}

/* What ends here was told until now: no timer of the loop has ended it before. */
static void come_out(struct rp_self *s, const struct inside *in)
{
	s->told_request = in->told_request;
	s->told_serial = in->looked ? in->told_serial : 0;
	if (in->looked && in->worked && rp_request_lives(in->was.request, in->was.serial))
		rp_current_take(&in->was);
	else if (in->looked || s->by == RP_BY_RUNTIME)
		rp_current_leave();
}

static rp_python_fast *run;

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), n_end = strlen(end);

	return n >= n_end && strcmp(name + n - n_end, end) == 0;
}

/* CALLED goes on with a coroutine: it is that one's "send", by which trio runs its tasks, or how
 * asyncio's begins and is woken.  Then the context is the task's own, which has read its connection
 * itself and may answer it many steps later. */
static bool goes_on_with_coroutine(const void *called)
{
	enum { METHOD = 2, WHOSE = 3, NAME = 3 }; /* in PyCFunctionObject; in PyTypeObject */
	const void *type = rp_python_type_of(called);

	if (type != py->method_type)
		return ends_with(((const char *const *)type)[NAME], "TaskStepMethWrapper");
	const struct rp_python_method *method =
	        ((const struct rp_python_method *const *)called)[METHOD];
	const void *whose = ((const void *const *)called)[WHOSE];

	return whose && (rp_python_type_of(whose) == py->coroutine_type ||
	                 ends_with(method->name, "task_wakeup"));
}

/* The thread works for a request of which no context tells, as turns do. */
static bool is_untold(const struct rp_self *s)
{
	return rp_unlikely(s->untold) && rp_current_works(s->request, s->untold) &&
	       !rp_turn_is_over(s, rp_mono_ns());
}

/* Context.run: loops run every callback by it, and so do threads that were given a context. */
static void *seen_run(void *self, void *const *args, intptr_t n, void *names)
{
	struct rp_self *s = &rp_self;
	struct inside in = {.looked = false};
	struct rp_handoff now;

	if (is_untold(s) && !rp_python_number_in(self, &now))
		return run(self, args, n, names);
	s->runtime++;
	if (rp_python_serves() && visit(self)) {
		go_in(s, &in);
		py->PyContext_Exit(self);
	}
	void *result = run(self, args, n, names);

	if (s->tagged == s->runtime + 1) {
		if (n > 0 && goes_on_with_coroutine(args[0]))
			s->tagged = 0;
		else
			untag(s, self);
	}
	come_out(s, &in);
	s->runtime--;
	return result;
}

enum { NESTED = 4 };
static _Thread_local struct inside nested[NESTED];
static _Thread_local unsigned n_nested;

int rp_python_enter(void *context)
{
	struct rp_self *s = &rp_self;
	int ret = py->PyContext_Enter(context);

	if (ret != 0)
		return ret;
	s->runtime++;
	if (n_nested < NESTED) {
		nested[n_nested].looked = false;
		if (atomic_load(&installed) && rp_python_serves())
			go_in(s, &nested[n_nested]);
	}
	n_nested++;
	return ret;
}

int rp_python_exit(void *context)
{
	struct rp_self *s = &rp_self;

	if (!n_nested)
		return py->PyContext_Exit(context);
	if (s->tagged == s->runtime + 1)
		untag(s, NULL);
	if (--n_nested < NESTED)
		come_out(s, &nested[n_nested]);
	s->runtime--;
	return py->PyContext_Exit(context);
}

static rp_python_with_one *copy_context;

/* What is begun so goes on in that context, told. */
static void *seen_copy_context(void *module, void *nothing)
{
	const struct rp_self *s = &rp_self;
	void *context = copy_context(module, nothing);

	if (context && is_untold(s) && visit(context)) {
		set_number(s->request, s->serial);
		py->PyContext_Exit(context);
		rp_self.told_serial = 0;
	}
	return context;
}

/* ---- who waits for a connection's bytes ---- */

/* WAITER is what a future keeps of one: what is to be called, and in which context. */
static void tag_waiter(void *waiter, uint32_t request, uint32_t serial)
{
	void *context = waiter ? py->PySequence_GetItem(waiter, 1) : NULL;

	if (!context) {
		py->PyErr_Clear();
		return;
	}
	if (rp_python_type_of(context) == py->context_type && visit(context)) {
		set_number(request, serial);
		py->PyContext_Exit(context);
	}
	py->Py_DecRef(context);
}

/* The bytes of a head were read in the callback that runs, and wake a task which has its
 * connection: since before there was a request, in a context of its own. */
static void tag_waiters(const struct rp_self *s, void *future)
{
	void *waiters = py->PyObject_GetAttrString(future, "_callbacks");
	intptr_t n = waiters && waiters != py->none ? py->PySequence_Size(waiters) : 0;

	for (intptr_t i = 0; i < n; i++) {
		void *waiter = py->PySequence_GetItem(waiters, i);

		tag_waiter(waiter, s->request, s->serial);
		if (waiter)
			py->Py_DecRef(waiter);
	}
	if (waiters)
		py->Py_DecRef(waiters);
	if (py->PyErr_Occurred())
		py->PyErr_Clear();
}

static bool is_tagged(const struct rp_self *s)
{
	return s->tagged == s->runtime + 1 && rp_python_serves() &&
	       rp_current_works(s->request, s->serial);
}

static rp_python_with_one *set_result;
static rp_python_fast_of_class *set_result_of_class;

static void *seen_set_result(void *self, void *arg)
{
	if (is_tagged(&rp_self))
		tag_waiters(&rp_self, self);
	return set_result(self, arg);
}

static void *seen_set_result_of_class(void *self, void *class, void *const *args, intptr_t n,
                                      void *names)
{
	if (is_tagged(&rp_self))
		tag_waiters(&rp_self, self);
	return set_result_of_class(self, class, args, n, names);
}

/* ---- the first flagged request ---- */

static void follow_futures(void)
{
	static bool done;
	void *type = rp_python_type("_asyncio", "Future", &done);

	if (type && !RP_PYTHON_REPLACE(type, "set_result", RP_PYTHON_WITH_ONE, set_result))
		RP_PYTHON_REPLACE(type, "set_result", RP_PYTHON_FAST_OF_CLASS, set_result_of_class);
}

static void follow_copies(void)
{
	static bool done;
	void *function = rp_python_type("_contextvars", "copy_context", &done);

	if (function && rp_python_type_of(function) == py->method_type)
		rp_python_replace_one(((struct rp_python_method **)function)[2],
		                      RP_PYTHON_WITH_NOTHING, (void *)(uintptr_t)seen_copy_context,
		                      (void **)&copy_context);
}

/* False: this Python is not as we know it. */
static bool install(void)
{
	static bool tried;

	if (!tried) {
		tried = true;
		variable = py->PyContextVar_New("reqprof", NULL);
		if (!variable)
			py->PyErr_Clear();
		atomic_store(&installed, variable && RP_PYTHON_REPLACE(py->context_type, "run",
		                                                       RP_PYTHON_FAST, run));
		if (atomic_load(&installed))
			follow_copies();
	}
	if (atomic_load(&installed)) {
		rp_python_follow_queues();
		rp_python_follow_greenlets();
		follow_futures();
	}
	return atomic_load(&installed);
}

static bool is_usable(void)
{
	return atomic_load_explicit(&rp_python_there, memory_order_acquire) &&
	       py->Py_IsInitialized() &&
	       !py->PyInterpreterState_Next(py->PyInterpreterState_Head()) &&
	       py->PyGILState_GetThisThreadState();
}

/* The first flagged request of a process waits for our thread, which it started, and which needs a
 * fraction of a millisecond. */
static bool contexts_are_seen(void)
{
	static bool waited;
	struct timespec most = rp_timespec(HURRY_NS);

	if (!atomic_load(&rp_python_hurried) && !waited)
		rp_sys(SYS_futex, &rp_python_hurried, FUTEX_WAIT_PRIVATE, 0, &most);
	waited = true;
	return atomic_load(&rp_python_hurried);
}

/* A loop in Python reads in the context of its callback, one in C outside of any: there the next
 * context is that of the connection. */
static void tag(struct rp_self *s, uint32_t request, uint32_t serial)
{
	if (!install())
		return;
	if (s->turn.looped && !s->runtime && rp_python_loaded("uvloop")) {
		bool known = contexts_are_seen() || rp_request_is_alone(request);

		s->head_request = request;
		s->head_serial = known ? serial : 0;
		return;
	}
	if (rp_python_tells_green(s)) {
		set_number(request, serial);
	} else if (s->runtime || rp_python_runs_asyncio()) {
		set_number(request, serial);
		s->tagged = s->runtime + 1;
	} else {
		/* A thread that serves one after the other.  What a loop does next may be for
		 * anybody, and it has one context for all: its turns tell (turn.h). */
		if (s->turn.looped)
			s->untold = serial;
		else
			set_number(request, serial);
		return;
	}
	rp_current_take(&(struct rp_handoff){request, serial, .by = RP_BY_RUNTIME});
}

/* A context that goes from one client to the next is none's any more. */
static void tell_nobody(struct rp_self *s, uint32_t request, uint32_t serial)
{
	set_number(request, serial);
	s->tagged = 0;
	if (s->by == RP_BY_RUNTIME)
		rp_current_leave();
	if (s->green) /* no stack is one client's here */
		rp_current_disbelieve(RP_BY_RUNTIME);
}

/* DO_IT with Python's lock; false: it may not be waited for. */
static bool with_lock(void (*do_it)(struct rp_self *s, uint32_t request, uint32_t serial),
                      uint32_t request, uint32_t serial)
{
	int host_errno = errno;
	bool has_lock = is_usable() && py->PyGILState_Check();
	bool done = has_lock || (is_usable() && rp_python_may_wait());

	if (done) {
		int state = has_lock ? 0 : py->PyGILState_Ensure();

		done = !py->PyErr_Occurred();
		if (done)
			do_it(&rp_self, request, serial);
		if (!has_lock)
			py->PyGILState_Release(state);
	}
	errno = host_errno;
	return done;
}

void rp_python_head(uint32_t request, uint32_t serial)
{
	with_lock(tag, request, serial);
}

void rp_python_meets_other(void)
{
	const struct rp_self *s = &rp_self;

	if (!rp_request_lives(s->told_request, s->told_serial))
		return;
	if (!with_lock(tell_nobody, 0, 0))
		rp_current_disbelieve(RP_BY_RUNTIME);
}
