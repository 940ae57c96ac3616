/* python_green.c - stacks that greenlet switches: each is followed by the context that goes with
 * it.
 *
 * Room: hot.  gevent, eventlet and SQLAlchemy run on them.  A switch is seen where it begins and
 * where it is over, which is on another stack: what is in a frame here comes back with its stack.
 * Everything here is guarded by Python's lock.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/current.h"
#include "preload/hot/python_parts.h"

static const struct rp_python *const py = &rp_python;

/* What the thread was at on a stack when it was left. */
struct left {
	uint32_t runtime, tagged, request, serial, loops;
	uint8_t green;
	bool worked;
};

/* What greenlet's own type says of its truth: has it begun already, and is not at its end?  What a
 * class of the host's says is of no interest. */
static int (*says_begun)(void *stack);
static const void *green_type;

/* Where PyTypeObject has its numbers, and those their truth, and the type that it is made from: as
 * they are since Python 3.8. */
enum { TP_AS_NUMBER = 12, NB_BOOL = 9, TP_BASE = 32 };

static void find_truth(const void *type)
{
	void *const *numbers = ((void *const *const *)type)[TP_AS_NUMBER];

	green_type = type;
	says_begun = numbers ? (int (*)(void *))(uintptr_t)numbers[NB_BOOL] : NULL;
}

/* STACK is what the host gave, which greenlet itself has not yet looked at. */
static bool begins(void *stack)
{
	const void *type = says_begun && stack ? rp_python_type_of(stack) : NULL;

	while (type && type != green_type)
		type = ((const void *const *)type)[TP_BASE];
	return type && !says_begun(stack);
}

/* Whose number the context has that STACK, which is left, will be in. */
static bool number_of(void *stack, struct rp_handoff *h)
{
	void *context = py->PyObject_GetAttrString(stack, "gr_context");
	bool is = context && rp_python_type_of(context) == py->context_type &&
	          rp_python_number_in(context, h);

	if (context)
		py->Py_DecRef(context);
	else
		py->PyErr_Clear();
	return is;
}

/* To STACK, which nobody works for until it shows where it goes on.  One that begins does so for
 * whoever its context is of.  Beside a loop, where nobody knows who goes on, what is no loop's and
 * not told stays: generators of a kind, in a thread that serves one request. */
static void go_off(struct rp_self *s, void *stack)
{
	struct rp_handoff now;
	bool told = rp_python_serves() && begins(stack) && number_of(stack, &now);

	if (told || s->runtime || s->turn.looped || s->by == RP_BY_RUNTIME)
		rp_current_leave();
	s->runtime = told;
	s->green = told ? RP_GREEN_TOLD : RP_GREEN_STACK;
	if (told)
		rp_current_take(&now);
	s->told_request = told ? now.request : 0;
	s->told_serial = told ? now.serial : 0;
}

static struct left set_out(void *stack)
{
	struct rp_self *s = &rp_self;
	struct left l = {s->runtime,
	                 s->tagged,
	                 s->request,
	                 s->serial,
	                 s->loops,
	                 s->green,
	                 rp_current_works(s->request, s->serial)};

	s->tagged = 0;
	if (rp_unlikely(s->armed) || rp_python_serves()) {
		go_off(s, stack);
	} else {
		s->runtime = 0;
		s->green = RP_GREEN_STACK;
	}
	return l;
}

/* Whose the stack is that goes on: as its context says. */
static void ask(struct rp_self *s, const struct left *l)
{
	struct rp_handoff now;

	if ((s->runtime || s->green) && rp_python_serves() && rp_python_number(&now)) {
		rp_python_tells_green(s);
		rp_current_take(&now);
	} else if (s->runtime || s->turn.looped || !l->worked ||
	           !rp_current_works(l->request, l->serial)) {
		rp_current_leave();
	}
}

/* RESULT NULL: something was thrown at it. */
static void *come_back(const struct left *l, void *result)
{
	struct rp_self *s = &rp_self;
	void *error[3];

	s->runtime = l->runtime;
	s->tagged = l->tagged;
	s->green = l->green;
	if (!s->green && s->loops != l->loops) /* the loop waited on another one */
		s->green = RP_GREEN_STACK;
	s->told_serial = 0;
	if (rp_likely(!s->armed && !rp_python_serves()))
		return result;
	if (!result)
		py->PyErr_Fetch(&error[0], &error[1], &error[2]);
	ask(s, l);
	if (!result)
		py->PyErr_Restore(error[0], error[1], error[2]);
	return result;
}

bool rp_python_tells_green(struct rp_self *s)
{
	if (s->green == RP_GREEN_STACK && !s->runtime) {
		s->green = RP_GREEN_TOLD;
		s->runtime = 1;
	}
	return s->green == RP_GREEN_TOLD && s->runtime == 1;
}

static rp_python_with_names *switch_method;
static rp_python_with_many *throw_method;
typedef void *api_throw(void *stack, void *type, void *value, void *traceback);
static rp_python_with_names *switch_of_api;
static api_throw *throw_of_api;

static void *seen_switch_method(void *stack, void *args, void *names)
{
	struct left l = set_out(stack);

	return come_back(&l, switch_method(stack, args, names));
}

static void *seen_throw_method(void *stack, void *args)
{
	struct left l = set_out(stack);

	return come_back(&l, throw_method(stack, args));
}

static void *seen_switch_of_api(void *stack, void *args, void *names)
{
	struct left l = set_out(stack);

	return come_back(&l, switch_of_api(stack, args, names));
}

static void *seen_throw_of_api(void *stack, void *type, void *value, void *traceback)
{
	struct left l = set_out(stack);

	return come_back(&l, throw_of_api(stack, type, value, traceback));
}

/* Modules in C (gevent's) switch by the table that greenlet.h tells of. */
static void follow_api(void)
{
	enum { THROW = 5, SWITCH = 6 };
	static bool done;
	void *capsule = rp_python_type("greenlet", "_C_API", &done);
	void **table = capsule ? py->PyCapsule_GetPointer(capsule, "greenlet._C_API") : NULL;

	if (capsule && !table)
		py->PyErr_Clear();
	if (!table)
		return;
	switch_of_api = (rp_python_with_names *)table[SWITCH];
	throw_of_api = (api_throw *)table[THROW];
	__atomic_store_n(&table[SWITCH], (void *)(uintptr_t)seen_switch_of_api, __ATOMIC_RELEASE);
	__atomic_store_n(&table[THROW], (void *)(uintptr_t)seen_throw_of_api, __ATOMIC_RELEASE);
}

void rp_python_follow_greenlets(void)
{
	static bool done;
	void *type = rp_python_type("greenlet", "greenlet", &done);

	if (!type || !rp_python_is_type(type))
		return;
	find_truth(type);
	RP_PYTHON_REPLACE(type, "switch", RP_PYTHON_WITH_NAMES, switch_method);
	RP_PYTHON_REPLACE(type, "throw", RP_PYTHON_WITH_MANY, throw_method);
	follow_api();
}
