/* runpath.c - a server that loads plugins by name, found only through its RUNPATH of $ORIGIN, or
 * through that of a library of its.
 *
 * Room: tests/hosts.  /mine, /library, /nobody: who can find which.  SPDX-License-Identifier: MIT
 */
#include "../http.h"

#include <dlfcn.h>

void *opener_open(const char *name);

static const char *found(void *answer)
{
	return !answer ? "not found" : ((int (*)(void))answer)() == 42 ? "found" : "strange";
}

static void *open_here(const char *name)
{
	void *handle = dlopen(name, RTLD_NOW);

	return handle ? dlsym(handle, "slow_answer") : NULL;
}

/* The error text names the caller's search, so it must be the same, too. */
static bool serve(int fd, const struct http_request *q)
{
	if (strcmp(q->path, "/mine") == 0)
		return http_answer(fd, "mine: %s, not its: %s\n", found(open_here("mine.so")),
		                   found(open_here("its.so")));
	if (strcmp(q->path, "/library") == 0)
		return http_answer(fd, "its: %s, not hidden: %s\n", found(opener_open("its.so")),
		                   found(opener_open("hidden.so")));
	dlerror();
	void *handle = dlopen("nobody.so", RTLD_NOW);
	const char *why = dlerror();

	return http_answer(fd, "%p, %s\n", handle, why ? why : "no error");
}

int main(int argc, char **argv)
{
	http_threads(http_listen(argc, argv), serve);
	return 0;
}
