/* sources.c - paths of source files, whole.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/sources.h"

#include <dwarf.h>
#include <stdio.h>
#include <string.h>

/* libdw has joined the unit's directory already in some cases (entry 0 of the table), also when
 * that directory is relative itself. */
static bool is_below(const char *name, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(name, dir, n) == 0 && name[n] == '/';
}

/* Where the last part of PATH, N bytes without a trailing slash, begins when ".." may remove it;
 * else N. */
static size_t removable(const char *path, size_t n)
{
	size_t at = n;

	while (at && path[at - 1] != '/')
		at--;
	if (n - at == 0 || (n - at == 1 && path[at] == '.') ||
	    (n - at == 2 && path[at] == '.' && path[at + 1] == '.'))
		return n;
	return at;
}

/* In place: drops "." parts behind the first, and "part/..". */
static void simplify(char *path)
{
	size_t n = path[0] == '/' ? 1 : 0, start = n; /* n: bytes kept */

	for (const char *part = path + n; *part;) {
		size_t n_part = strcspn(part, "/");
		const char *next = part + n_part + strspn(part + n_part, "/");
		bool dots = n_part == 2 && part[0] == '.' && part[1] == '.';
		size_t before = n > start ? removable(path, n - 1) : n;

		if (dots && n > start && before < n - 1)
			n = before;
		else if (n_part && !(n_part == 1 && part[0] == '.' && part != path)) {
			memmove(path + n, part, n_part);
			n += n_part;
			path[n++] = '/';
		}
		part = next;
	}
	path[n > start ? n - 1 : n] = '\0';
}

const char *rp_sources_path(struct rp_object *object, struct rp_cu *cu, const char *name)
{
	Dwarf_Attribute attr;
	char *path = name ? rp_addrmap_get(&object->sources, (uintptr_t)name) : NULL;

	if (!name || path)
		return path;
	const char *dir = dwarf_formstring(dwarf_attr(&cu->die, DW_AT_comp_dir, &attr));
	size_t n = strlen(name) + (dir ? strlen(dir) : 0) + sizeof("//");

	path = rp_pool_take(&object->shared->pool, n);
	if (name[0] == '/' || name[0] == '<' || !dir || is_below(name, dir))
		snprintf(path, n, "%s", name);
	else
		snprintf(path, n, "%s/%s", dir, name);
	simplify(path);
	rp_addrmap_put(&object->sources, (uintptr_t)name, path);
	return path;
}
