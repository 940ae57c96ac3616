/* python.c - see python.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/python.h"

#include <dlfcn.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include "preload/cold/imports.h"
#include "preload/cold/loader.h"
#include "preload/cold/modules.h"
#include "preload/cold/modules_list.h"
#include "preload/hot/python.h"
#include "preload/hot/sys.h"
#include "preload/settings.h"

enum { TP_NAME = 3 };
#define UVLOOP "/uvloop/"

/* "3.8" to "3.13": where hot/python.c knows what is where. */
static bool is_known(const char *version)
{
	return version && strncmp(version, "3.", 2) == 0 && !strstr(version, "free-threading") &&
	       ((version[2] >= '8' && version[2] <= '9' && version[3] == '.') ||
	        (version[2] == '1' && version[3] >= '0' && version[3] <= '3' && version[4] == '.'));
}

/* PyTypeObject has its name where it ought to: no build that keeps more in an object. */
static bool has_name(const void *context_type)
{
	const char *name = context_type ? ((const char *const *)context_type)[TP_NAME] : NULL;

	return name && (strcmp(name, "Context") == 0 || strcmp(name, "_contextvars.Context") == 0);
}

static bool find_all(void *in)
{
	const char *(*version)(void) = (const char *(*)(void))dlsym(in, "Py_GetVersion");
	bool all = version && is_known(version());

#define CALL(name, result, parameters)                                                             \
	rp_python.name = all ? (result(*) parameters)dlsym(in, #name) : NULL;                      \
	all = all && rp_python.name;
	RP_PYTHON_CALLS(CALL)
#undef CALL
	rp_python.context_type = all ? dlsym(in, "PyContext_Type") : NULL;
	rp_python.method_type = all ? dlsym(in, "PyCFunction_Type") : NULL;
	rp_python.coroutine_type = all ? dlsym(in, "PyCoro_Type") : NULL;
	rp_python.none = all ? dlsym(in, "_Py_NoneStruct") : NULL;
	return all && rp_python.none && has_name(rp_python.context_type);
}

void rp_python_find(void)
{
	if (!rp_settings.runtimes || atomic_load(&rp_python_there))
		return;
	rp_list_can_ask();
	if (find_all(RTLD_DEFAULT))
		atomic_store_explicit(&rp_python_there, true, memory_order_release);
}

/* Where PATH calls PyContext_Enter and _Exit it comes to us. */
static void go_between(const char *path)
{
	struct rp_imports in = {0};
	void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);

	if (!handle || !rp_imports_find(handle, &in))
		return;
	for (size_t i = 0; i < in.n[1]; i++) {
		const ElfW(Rela) *rela = &in.tables[1][i];
		const char *name = in.names + in.symbols[ELF64_R_SYM(rela->r_info)].st_name;

		if (strcmp(name, "PyContext_Enter") == 0)
			rp_imports_put(&in, in.bias + rela->r_offset, (void *)rp_python_enter);
		else if (strcmp(name, "PyContext_Exit") == 0)
			rp_imports_put(&in, in.bias + rela->r_offset, (void *)rp_python_exit);
	}
	dlclose(handle);
}

static int find_uvloop(struct dl_phdr_info *info, size_t size, void *path)
{
	size_t n = info->dlpi_name ? strlen(info->dlpi_name) : 0;

	(void)size;
	if (n >= PATH_MAX || !info->dlpi_name || !strstr(info->dlpi_name, UVLOOP))
		return 0;
	memcpy(path, info->dlpi_name, n + 1);
	return 1;
}

static void have_looked(void)
{
	atomic_store(&rp_python_hurried, 1);
	rp_sys(SYS_futex, &rp_python_hurried, FUTEX_WAKE_PRIVATE, INT_MAX);
}

void rp_python_hurry(void)
{
	static char path[PATH_MAX];

	if (!rp_settings.runtimes || !atomic_load(&rp_python_there) ||
	    atomic_load(&rp_python_hurried))
		return;
	rp_loader_enter();
	if (rp_modules_iterate(find_uvloop, path))
		go_between(path);
	rp_loader_leave();
	have_looked();
}

void rp_python_look(void)
{
	static uint32_t seen;
	const struct rp_module *m;

	while ((m = rp_modules_at(seen + 1))) {
		seen++;
		if (!rp_settings.runtimes)
			continue;
		rp_loader_enter();
		if (strstr(m->path, "/libpython"))
			rp_python_find();
		if (atomic_load(&rp_python_there) && strstr(m->path, UVLOOP))
			go_between(m->path);
		rp_loader_leave();
	}
	if (!atomic_load(&rp_python_hurried))
		have_looked();
}
