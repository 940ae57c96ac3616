/* python_parts.h - between the files of python.h: what is changed of Python's, and how.
 *
 * Room: hot.  All of it needs Python's lock but where it says otherwise.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_PYTHON_PARTS_H
#define RP_HOT_PYTHON_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/python.h"
#include "preload/hot/request.h"

/* How a method in C is called: METH_VARARGS, METH_VARARGS | METH_KEYWORDS, METH_NOARGS, METH_O,
 * METH_FASTCALL | METH_KEYWORDS, ... | METH_METHOD. */
enum {
	RP_PYTHON_WITH_MANY = 1,
	RP_PYTHON_WITH_NAMES = 3,
	RP_PYTHON_WITH_NOTHING = 4,
	RP_PYTHON_WITH_ONE = 8,
	RP_PYTHON_FAST = 0x82,
	RP_PYTHON_FAST_OF_CLASS = 0x282
};
typedef void *rp_python_with_many(void *self, void *args);
typedef void *rp_python_with_one(void *self, void *arg);
typedef void *rp_python_with_names(void *self, void *args, void *names);
typedef void *rp_python_fast(void *self, void *const *args, intptr_t n, void *names);
typedef void *rp_python_fast_of_class(void *self, void *class, void *const *args, intptr_t n,
                                      void *names);

/* PyMethodDef, as it is since Python 3.8. */
struct rp_python_method {
	const char *name;
	void *function;
	int flags;
	const char *doc;
};

/* Puts OURS in front of M, if it is called as FLAGS say. */
bool rp_python_replace_one(struct rp_python_method *m, int flags, void *ours, void **real);
/* ... of the method NAME of TYPE that is called as FLAGS say; false: it has none. */
bool rp_python_replace(const void *type, const char *name, int flags, void *ours, void **real);
#define RP_PYTHON_REPLACE(type, name, flags, function)                                             \
	rp_python_replace(type, name, flags, (void *)(uintptr_t)seen_##function, (void **)&function)

/* Where PyObject has its type. */
static inline const void *rp_python_type_of(const void *object)
{
	return ((const void *const *)object)[1];
}

/* A host may have anything by a name that we ask for. */
bool rp_python_is_type(const void *object);

/* The module NAME, borrowed; NULL: it was not imported. */
void *rp_python_loaded(const char *name);
/* The calling thread runs a loop of asyncio's: it is in a callback, and that in a context. */
bool rp_python_runs_asyncio(void);
/* The type NAME of MODULE, as soon as that is there, and only once; it is not given back. */
void *rp_python_type(const char *module, const char *name, bool *done);

/* Whose number the context has that the thread is in; false: nobody's that is being served. */
bool rp_python_number(struct rp_handoff *h);
/* ... CONTEXT has. */
bool rp_python_number_in(void *context, struct rp_handoff *h);

/* From now on each stack of greenlet's is followed by its context (python_green.c). */
void rp_python_follow_greenlets(void);
/* The thread is on one, and in no callback of a context: it is told from here on. */
bool rp_python_tells_green(struct rp_self *s);

/* From now on what goes through a SimpleQueue takes its request with it (python_queue.c). */
void rp_python_follow_queues(void);

/* Without the lock: may the calling thread, in the call that it is in, wait for it?  Whoever else
 * called may hold a lock of his own that Python's holder waits for. */
bool rp_python_may_wait(void);

/* Somebody flagged is being served; needs no lock. */
static inline bool rp_python_serves(void)
{
	return atomic_load_explicit(&rp_n_live, memory_order_relaxed);
}

#endif
