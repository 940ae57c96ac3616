/* snake.c - see snake.h.  Room: tests.  SPDX-License-Identifier: MIT */
#include "tests/support/snake.h"

#include <stdlib.h>
#include <string.h>
#include "preload/hot/python.h"
#include "preload/hot/python_parts.h"

/* Of PyTypeObject, by words: its type, its name, its numbers' truth, whether its objects are types,
 * its methods, and what it is made from. */
enum {
	TYPE = 1,
	NAME = 3,
	AS_NUMBER = 12,
	FLAGS = 21,
	METHODS = 29,
	BASE = 32,
	WORDS = 40,
	NB_BOOL = 9
};

struct snake_context *snake_now;
static struct snake_context base;
static void *failure;

typedef struct snake_object object;
struct number {
	object head;
	unsigned long long value;
};
struct called {
	object head;
	struct rp_python_method *method;
	object *self;
	void *module;
	void (*function)(void);
};

/* Zeros, for as long as the test runs. */
static void *room_for(size_t bytes)
{
	static _Alignas(16) char room[1 << 15];
	static size_t taken;
	char *at = room + taken;

	taken += (bytes + 15) & ~(size_t)15;
	if (taken > sizeof(room))
		abort();
	return at;
}

/* ---- the types ---- */

static void *real_run(void *self, void *const *args, intptr_t n, void *names)
{
	struct snake_context *was = snake_now;

	(void)n;
	(void)names;
	snake_now = self;
	snake_now->entered = 1;
	((struct called *)args[0])->function();
	snake_now->entered = 0;
	snake_now = was;
	return self;
}

static void *to(struct snake_greenlet *g)
{
	struct snake_context *was = snake_now;

	g->begun = 1;
	snake_now = g->context;
	g->runs();
	snake_now = was;
	if (g->throws)
		failure = g;
	return g->throws ? NULL : g;
}

static void *real_switch(void *self, void *args, void *names)
{
	(void)args;
	(void)names;
	return to(self);
}

static void *real_throw(void *self, void *args)
{
	(void)args;
	return to(self);
}

static void *real_copy(void *module, void *nothing)
{
	struct snake_context *copy = room_for(sizeof(*copy));

	(void)module;
	(void)nothing;
	*copy = snake_context();
	copy->number = snake_now->number;
	return copy;
}

static int truth(void *self)
{
	return ((struct snake_greenlet *)self)->begun;
}

static struct rp_python_method runs[] = {{"run", (void *)real_run, RP_PYTHON_FAST, NULL}, {0}};
static struct rp_python_method switches[] = {
        {"switch", (void *)real_switch, RP_PYTHON_WITH_NAMES, NULL},
        {"throw", (void *)real_throw, RP_PYTHON_WITH_MANY, NULL},
        {0}};
static struct rp_python_method copies = {"copy_context", (void *)real_copy, RP_PYTHON_WITH_NOTHING,
                                         NULL};
static void *numbers[NB_BOOL + 1];
static void *type_type[WORDS], *context_type[WORDS], *greenlet_type[WORDS],
        *kind_of_greenlet[WORDS] = {[BASE] = greenlet_type}, *coroutine_type[WORDS],
        *method_type[WORDS], *other_type[WORDS] = {[NAME] = (void *)"function"};
static object coroutine = {1, coroutine_type}, other = {1, other_type}, variable, none, greenlets,
              contextvars;
static struct called copy_function = {.head = {1, method_type}, .method = &copies};
static void *table[12];

/* ---- what is asked ---- */

static int one(void)
{
	return 1;
}

static void *some(void)
{
	return &other;
}

static void *no_next(void *interpreter)
{
	(void)interpreter;
	return NULL;
}

static void release(int state)
{
	(void)state;
}

static void clear(void)
{
	failure = NULL;
}

static void *occurred(void)
{
	return failure;
}

static void fetch(void **type, void **value, void **traceback)
{
	*type = failure;
	*value = *traceback = NULL;
	failure = NULL;
}

static void restore(void *type, void *value, void *traceback)
{
	(void)value;
	(void)traceback;
	failure = type;
}

static void *new_variable(const char *name, void *value)
{
	(void)name;
	(void)value;
	return &variable;
}

static void *of_number(unsigned long long value)
{
	struct number *n = room_for(sizeof(*n));

	n->head = (object){1, other_type};
	n->value = value;
	return n;
}

static unsigned long long to_number(void *n)
{
	return ((struct number *)n)->value;
}

static int get(void *v, void *missing, void **value)
{
	(void)v;
	(void)missing;
	*value = snake_now->number ? of_number(snake_now->number) : NULL;
	return 0;
}

static void *set(void *v, void *value)
{
	(void)v;
	snake_now->number = to_number(value);
	return of_number(0);
}

static int enter(void *context)
{
	struct snake_context *c = context;

	if (c->entered) {
		failure = c;
		return -1;
	}
	c->entered = 1;
	c->head.refs = (intptr_t)snake_now; /* where it goes back to */
	snake_now = c;
	return 0;
}

static int leave(void *context)
{
	struct snake_context *c = context;

	c->entered = 0;
	snake_now = (struct snake_context *)c->head.refs;
	return 0;
}

static void *modules(void)
{
	return &other;
}

static void *module(void *from, const char *name)
{
	(void)from;
	return !strcmp(name, "greenlet")       ? &greenlets
	       : !strcmp(name, "_contextvars") ? &contextvars
	                                       : NULL;
}

static void *attribute(void *of, const char *name)
{
	struct snake_greenlet *g = of;

	if (of == &greenlets)
		return !strcmp(name, "greenlet") ? (void *)greenlet_type : (void *)table;
	if (of == &contextvars)
		return &copy_function;
	return g->context ? (void *)g->context : (void *)&none;
}

static void *item(void *of, void *key)
{
	const struct snake_context *c = of;

	(void)key;
	if (!c->number)
		failure = of;
	return c->number ? of_number(c->number) : NULL;
}

static void *behind(void *capsule, const char *name)
{
	(void)name;
	return capsule;
}

static void drop(void *gone)
{
	(void)gone;
}

static struct rp_python played(void)
{
	return (struct rp_python){
	        .Py_IsInitialized = one,
	        .PyInterpreterState_Head = some,
	        .PyInterpreterState_Next = no_next,
	        .PyGILState_GetThisThreadState = some,
	        .PyGILState_Check = one,
	        .PyGILState_Ensure = one,
	        .PyGILState_Release = release,
	        .PyErr_Clear = clear,
	        .PyErr_Occurred = occurred,
	        .PyErr_Fetch = fetch,
	        .PyErr_Restore = restore,
	        .PyContextVar_New = new_variable,
	        .PyContextVar_Get = get,
	        .PyContextVar_Set = set,
	        .PyContext_Enter = enter,
	        .PyContext_Exit = leave,
	        .PyLong_FromUnsignedLongLong = of_number,
	        .PyLong_AsUnsignedLongLong = to_number,
	        .PyImport_GetModuleDict = modules,
	        .PyDict_GetItemString = module,
	        .PyObject_GetAttrString = attribute,
	        .PyObject_GetItem = item,
	        .PyCapsule_GetPointer = behind,
	        .Py_DecRef = drop,
	        .context_type = context_type,
	        .method_type = method_type,
	        .coroutine_type = coroutine_type,
	        .none = &none,
	};
}

void snake_ready(void)
{
	type_type[FLAGS] = (void *)(1ull << 31);
	greenlet_type[TYPE] = type_type;
	context_type[METHODS] = runs;
	greenlet_type[METHODS] = switches;
	greenlet_type[AS_NUMBER] = numbers;
	numbers[NB_BOOL] = (void *)truth;
	table[5] = (void *)real_throw;
	table[6] = (void *)real_switch;
	snake_now = &base;
	rp_python = played();
	atomic_store(&rp_python_there, true);
}

/* ---- what a program does ---- */

struct snake_context snake_context(void)
{
	return (struct snake_context){{1, context_type}, 0, 0};
}

struct snake_greenlet snake_greenlet(struct snake_context *context, void (*does)(void))
{
	return (struct snake_greenlet){{1, kind_of_greenlet}, 0, context, does, 0};
}

void snake_run(struct snake_context *context, void (*function)(void), int of_coroutine)
{
	struct called it = {.head = {1, of_coroutine ? method_type : other_type},
	                    .self = of_coroutine ? &coroutine : &other,
	                    .function = function};
	void *args[] = {&it};

	((rp_python_fast *)runs[0].function)(context, args, 1, NULL);
}

struct snake_context *snake_copy(void)
{
	return ((rp_python_with_many *)copies.function)(&contextvars, NULL);
}

void *snake_switch(struct snake_greenlet *g)
{
	return ((rp_python_with_names *)switches[0].function)(g, NULL, NULL);
}

void *snake_switch_by_table(struct snake_greenlet *g)
{
	return ((rp_python_with_names *)table[6])(g, NULL, NULL);
}

void *snake_switch_to_none(struct snake_context *context, void (*does)(void))
{
	struct snake_greenlet none_at_all = {{1, other_type}, 0, context, does, 0};

	return snake_switch_by_table(&none_at_all);
}

int snake_has_failed(void)
{
	return failure != NULL;
}
