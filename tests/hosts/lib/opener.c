/* opener.c - a library that loads plugins by its own RUNPATH; see runpath.c.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>

void *opener_open(const char *name);

void *opener_open(const char *name)
{
	void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);

	return handle ? dlsym(handle, "slow_answer") : 0;
}
