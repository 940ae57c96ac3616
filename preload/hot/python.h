/* python.h - CPython's own answer to whose work it is: a context variable with the request's
 * number.
 *
 * Room: hot.  Set where a flagged head was read, and from there Python copies it to whatever the
 * handler starts.  Asked where Python goes from one context into another, and for what an
 * executor is to do by the job itself.  Nothing of Python's is called but with its lock held, and
 * nothing but pointers to its functions is changed; while nothing is flagged, those jump.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_PYTHON_H
#define RP_HOT_PYTHON_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/self.h"
#include "preload/real.h"

/* CALL(name, result, parameters): what we ask Python for; cold/python.c finds them. */
#define RP_PYTHON_CALLS(CALL)                                                                      \
	CALL(Py_IsInitialized, int, (void))                                                        \
	CALL(PyInterpreterState_Head, void *, (void))                                              \
	CALL(PyInterpreterState_Next, void *, (void *))                                            \
	CALL(PyGILState_GetThisThreadState, void *, (void))                                        \
	CALL(PyGILState_Check, int, (void))                                                        \
	CALL(PyGILState_Ensure, int, (void))                                                       \
	CALL(PyGILState_Release, void, (int))                                                      \
	CALL(PyErr_Clear, void, (void))                                                            \
	CALL(PyErr_Occurred, void *, (void))                                                       \
	CALL(PyErr_Fetch, void, (void **, void **, void **))                                       \
	CALL(PyErr_Restore, void, (void *, void *, void *))                                        \
	CALL(PyContextVar_New, void *, (const char *, void *))                                     \
	CALL(PyContextVar_Get, int, (void *, void *, void **))                                     \
	CALL(PyContextVar_Set, void *, (void *, void *))                                           \
	CALL(PyContext_Enter, int, (void *))                                                       \
	CALL(PyContext_Exit, int, (void *))                                                        \
	CALL(PyLong_FromUnsignedLongLong, void *, (unsigned long long))                            \
	CALL(PyLong_AsUnsignedLongLong, unsigned long long, (void *))                              \
	CALL(PyImport_GetModuleDict, void *, (void))                                               \
	CALL(PyDict_GetItemString, void *, (void *, const char *))                                 \
	CALL(PyObject_GetAttrString, void *, (void *, const char *))                               \
	CALL(PyObject_CallObject, void *, (void *, void *))                                        \
	CALL(PyObject_GetItem, void *, (void *, void *))                                           \
	CALL(PyCapsule_GetPointer, void *, (void *, const char *))                                 \
	CALL(PySequence_Size, intptr_t, (void *))                                                  \
	CALL(PySequence_GetItem, void *, (void *, intptr_t))                                       \
	CALL(Py_DecRef, void, (void *))

struct rp_python {
#define CALL(name, result, parameters) result(*name) parameters;
	RP_PYTHON_CALLS(CALL)
#undef CALL
	const void *context_type; /* PyContext_Type */
	const void *method_type;  /* PyCFunction_Type: of methods in C, and whose they are */
	const void *coroutine_type;
	const void *none;
};

/* Found once, before it is said to be there. */
extern struct rp_python rp_python;
extern _Atomic bool rp_python_there;

/* Our thread has looked whether a module calls rp_python_enter, or should: a futex, 0 until then.
 */
extern _Atomic uint32_t rp_python_hurried;

/* The calling thread has just read the flagged head of (REQUEST, SERIAL). */
void rp_python_head(uint32_t request, uint32_t serial);

/* It has read of the client of (REQUEST, SERIAL), serial 0: of one that nobody flagged. */
void rp_python_meets_other(void);
static inline void rp_python_meets(uint32_t request, uint32_t serial)
{
	const struct rp_self *s = &rp_self;

	if (rp_unlikely(s->told_serial) && (s->told_serial != serial || s->told_request != request))
		rp_python_meets_other();
}

/* In front of PyContext_Enter and _Exit where a module of compiled Python calls them (uvloop). */
int rp_python_enter(void *context);
int rp_python_exit(void *context);

#endif
