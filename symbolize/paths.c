/* paths.c - paths of source files, whole.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/paths.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

/* "<artificial>", "<built-in>" are no paths. */
static bool is_whole(const char *path)
{
	return path[0] == '/' || path[0] == '<';
}

const char *rp_paths_join(struct rp_pool *pool, const char *comp_dir, const char *dir,
                          const char *name)
{
	if (is_whole(name) || !dir)
		dir = "";
	if (is_whole(name) || is_whole(dir) || !comp_dir)
		comp_dir = "";
	size_t n = strlen(comp_dir) + strlen(dir) + strlen(name) + sizeof("//");
	char *path = rp_pool_take(pool, n);

	snprintf(path, n, "%s%s%s%s%s", comp_dir, *comp_dir ? "/" : "", dir, *dir ? "/" : "", name);
	simplify(path);
	return path;
}
