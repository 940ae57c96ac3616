/* node.c - see node.h: node's environment at its start, and the functions that node.cjs gets.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/node.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "preload/hot/node.h"
#include "preload/hot/self.h"
#include "preload/hot/sys.h"
#include "preload/place.h"
#include "preload/settings.h"

#define OPTIONS "NODE_OPTIONS="

enum { MOST_VARIABLES = 1024, ENTRY_BYTES = 2 * PATH_MAX };

/* What node then reads is all that it reads, or it may read only what it was told of, or what it
 * loads becomes part of what it makes. */
static const char *const unfit[] = {"permission", "policy", "snapshot", "env-file", "config-file"};

static RP_EARLY bool is_fit(const char *option)
{
	for (unsigned i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++)
		if (strstr(option, unfit[i]))
			return false;
	return true;
}

/* node, nodejs, node-22, node22 */
static RP_EARLY bool is_node(const char *program)
{
	const char *last = strrchr(program, '/');

	program = last ? last + 1 : program;
	if (strncmp(program, "node", 4) != 0)
		return false;
	program += strncmp(program, "nodejs", 6) == 0 ? 6 : 4;
	return program[strspn(program, "-.0123456789")] == '\0';
}

RP_EARLY bool rp_node_is_fit(const char *program, int argc, char **argv, const char *options)
{
	if (!is_node(program) || (options && !is_fit(options)))
		return false;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (argv[i][0] == '-' && !is_fit(argv[i]))
			return false;
	return true;
}

static RP_EARLY bool append(char **to, const char *end, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(end - *to) <= n)
		return false;
	memcpy(*to, text, n + 1);
	*to += n;
	return true;
}

RP_EARLY bool rp_node_entry(const char *shim, const char *options, char *to, unsigned long cap)
{
	static const char suffix[] = ".so", file[] = "-node.cjs";
	const char *end = to + cap;
	size_t n = strlen(shim);
	char *path;

	/* node takes these apart. */
	if (shim[0] != '/' || strpbrk(shim, " \"\\") || n < sizeof(suffix) ||
	    strcmp(shim + n - strlen(suffix), suffix) != 0)
		return false;
	if (!append(&to, end, OPTIONS "--require "))
		return false;
	path = to;
	if (!append(&to, end, shim))
		return false;
	to -= strlen(suffix);
	if (!append(&to, end, file) || rp_sys(SYS_faccessat, AT_FDCWD, path, R_OK) != 0)
		return false;
	if (options && strstr(options, path))
		return false; /* whoever started it has done so */
	return !options || (append(&to, end, " ") && append(&to, end, options));
}

static char entry[ENTRY_BYTES];
static char *variables[MOST_VARIABLES];
static char *own; /* the host's entry; NULL: it has none */

/* An environment of our own, without asking for memory. */
static RP_EARLY void put_entry(void)
{
	size_t n = 0, at;

	while (environ[n])
		n++;
	if (n + 2 > MOST_VARIABLES)
		return;
	for (at = 0; at < n && strncmp(environ[at], OPTIONS, strlen(OPTIONS)) != 0; at++)
		;
	memcpy(variables, environ, n * sizeof(*environ));
	own = at < n ? environ[at] : NULL;
	variables[at] = entry;
	environ = variables;
}

RP_EARLY void rp_node_boot(int argc, char **argv)
{
	char program[PATH_MAX];
	const char *options = getenv("NODE_OPTIONS");
	long n = rp_sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", program, sizeof(program) - 1);
	Dl_info shim;

	program[n > 0 ? n : 0] = '\0';
	if (!rp_settings.runtimes || !rp_node_is_fit(program, argc, argv, options) ||
	    !dlsym(RTLD_DEFAULT, "napi_create_arraybuffer") ||
	    !dladdr((void *)(uintptr_t)rp_node_boot, &shim))
		return;
	if (rp_node_entry(shim.dli_fname, options, entry, sizeof(entry)))
		put_entry();
}

/* node has read it: the program, and what it starts, find what they would have found. */
static void put_back(void)
{
	char **at = environ;

	while (at && *at && *at != entry)
		at++;
	if (!at || !*at)
		return;
	if (own) {
		*at = own;
		return;
	}
	do
		at[0] = at[1];
	while (*at++);
}

/* CALL(name, parameters): of Node-API, found where there is a node. */
#define CALLS(CALL)                                                                                \
	CALL(napi_create_arraybuffer, (void *env, size_t n, void **data, void **made))             \
	CALL(napi_create_reference, (void *env, void *value, uint32_t count, void **made))         \
	CALL(napi_create_function, (void *env, const char *name, size_t n, rp_node_function *call, \
	                            void *data, void **made))                                      \
	CALL(napi_set_named_property, (void *env, void *object, const char *name, void *value))    \
	CALL(napi_add_env_cleanup_hook, (void *env, void (*call)(void *), void *arg))

static struct {
#define CALL(name, parameters) int(*name) parameters;
	CALLS(CALL)
#undef CALL
} api;

static bool find_all(void)
{
	bool all = true;

#define CALL(name, parameters)                                                                     \
	api.name = (int(*) parameters)dlsym(RTLD_DEFAULT, #name);                                  \
	all = all && api.name;
	CALLS(CALL)
#undef CALL
	return all;
}

static bool give(void *env, void *exports, const char *name, rp_node_function *call)
{
	void *function;

	return api.napi_create_function(env, name, strlen(name), call, NULL, &function) == 0 &&
	       api.napi_set_named_property(env, exports, name, function) == 0;
}

/* The words live as long as what refers to them, and that is never given back. */
static uint32_t *make_words(void *env, void *exports)
{
	void *words, *buffer, *reference;
	bool made = api.napi_create_arraybuffer(env, RP_NODE_WORDS * sizeof(uint32_t), &words,
	                                        &buffer) == 0 &&
	            api.napi_create_reference(env, buffer, 1, &reference) == 0 &&
	            api.napi_set_named_property(env, exports, "words", buffer) == 0;

	return made ? words : NULL;
}

static void ends(void *words)
{
	if (rp_self.node == words) {
		rp_self.node = NULL;
		rp_self.runtime = 0;
	}
}

RP_HOOK void *napi_register_module_v1(void *env, void *exports)
{
	uint32_t *words;

	put_back();
	if (!rp_awake || !rp_settings.runtimes || rp_self.node || !find_all())
		return NULL;
	words = make_words(env, exports);
	if (!words || api.napi_add_env_cleanup_hook(env, ends, words) != 0)
		return NULL;
	if (give(env, exports, "enter", rp_node_enter) &&
	    give(env, exports, "rest", rp_node_rest) && give(env, exports, "look", rp_node_look))
		rp_self.node = words;
	return NULL;
}
