/* python_types.c - Python's modules, types and methods, and when its lock may be waited for.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include "preload/hot/python_parts.h"
#include "preload/hot/self.h"
#include "preload/hot/standing.h"

static const struct rp_python *const py = &rp_python;

/* Where PyTypeObject has its methods: as they are since Python 3.8. */
enum { TP_METHODS = 232, MOST_METHODS = 64 };

bool rp_python_replace_one(struct rp_python_method *m, int flags, void *ours, void **real)
{
	if (m->flags != flags)
		return false;
	*real = m->function;
	__atomic_store_n(&m->function, ours, __ATOMIC_RELEASE);
	return true;
}

bool rp_python_replace(const void *type, const char *name, int flags, void *ours, void **real)
{
	struct rp_python_method *m =
	        *(struct rp_python_method *const *)((const char *)type + TP_METHODS);

	for (unsigned i = 0; m && m->name && i < MOST_METHODS; i++, m++)
		if (strcmp(m->name, name) == 0 && rp_python_replace_one(m, flags, ours, real))
			return true;
	return false;
}

bool rp_python_is_type(const void *object)
{
	enum { TP_FLAGS = 168 };
	const uint64_t of_types = 1ull << 31; /* Py_TPFLAGS_TYPE_SUBCLASS */
	const char *type = rp_python_type_of(object);

	return *(const uint64_t *)(const void *)(type + TP_FLAGS) & of_types;
}

void *rp_python_loaded(const char *name)
{
	void *modules = py->PyImport_GetModuleDict();

	return modules ? py->PyDict_GetItemString(modules, name) : NULL;
}

void *rp_python_type(const char *module_name, const char *name, bool *done)
{
	void *module = *done ? NULL : rp_python_loaded(module_name);
	void *type = module ? py->PyObject_GetAttrString(module, name) : NULL;

	if (module && !type)
		py->PyErr_Clear();
	*done |= type != NULL;
	return type;
}

bool rp_python_runs_asyncio(void)
{
	void *asyncio = rp_python_loaded("_asyncio");
	void *ask = asyncio ? py->PyObject_GetAttrString(asyncio, "_get_running_loop") : NULL;
	void *loop = ask ? py->PyObject_CallObject(ask, NULL) : NULL;
	bool runs = loop && loop != py->none;

	if (ask)
		py->Py_DecRef(ask);
	if (loop)
		py->Py_DecRef(loop);
	if (!runs && py->PyErr_Occurred())
		py->PyErr_Clear();
	return runs;
}

/* ---- the lock ---- */

/* Modules of C that let the lock go around a read, and hold no other then. */
static const char *const readers[] = {"/_socket.", "/_ssl.", "/uvloop/", "/libuv."};

static bool has(const char *path, const char *part)
{
	for (; *path; path++) {
		size_t n = 0;

		while (part[n] && path[n] == part[n])
			n++;
		if (!part[n])
			return true;
	}
	return false;
}

/* Asking the loader takes no lock. */
static const struct link_map *module_of(const void *pc)
{
	struct dl_find_object found;

	return rp_standing_ask && rp_standing_ask((void *)(uintptr_t)pc, &found) == 0
	               ? found.dlfo_link_map
	               : NULL;
}

bool rp_python_may_wait(void)
{
	const struct link_map *caller = module_of(rp_self.caller);

	if (!caller)
		return false;
	for (unsigned i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (has(caller->l_name, readers[i]))
			return true;
	return caller == module_of(py->context_type); /* _socket may be built in */
}
