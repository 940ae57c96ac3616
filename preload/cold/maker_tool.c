/* maker_tool.c - where reqprof is, as seen from the shim; see maker_parts.h.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/maker_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include "preload/cold/hexline.h"
#include "preload/cold/log.h"
#include "preload/hot/sys.h"
#include "preload/settings.h"

/* The other way round than tools/findshim.c. */
static const char *const places[] = {"/reqprof", "/../bin/reqprof", "/../../bin/reqprof"};

/* "7f00-7f10 r-xp 00000000 08:01 123    /path" */
static const char *path_of(const char *line, const char *end, uint64_t address)
{
	uint64_t lo, hi;

	if (!rp_hexline_number(&line, end, &lo) || line == end || *line++ != '-' ||
	    !rp_hexline_number(&line, end, &hi) || address < lo || address >= hi)
		return NULL;
	return memchr(line, '/', (size_t)(end - line));
}

/* The kernel's word for it: the loader's may begin in a directory that the host has left. */
static bool look_for_shim(int maps, char path_of_shim[PATH_MAX])
{
	char text[2 * PATH_MAX];
	size_t n = 0;
	long got;

	while ((got = rp_sys(SYS_read, maps, text + n, sizeof(text) - n)) > 0) {
		char *line = text, *end;

		n += (size_t)got;
		while ((end = memchr(line, '\n', n - (size_t)(line - text)))) {
			const char *path = path_of(line, end, (uintptr_t)look_for_shim);

			if (path && end - path < PATH_MAX) {
				memcpy(path_of_shim, path, (size_t)(end - path));
				path_of_shim[end - path] = '\0';
				return true;
			}
			line = end + 1;
		}
		n -= (size_t)(line - text);
		memmove(text, line, n);
	}
	return false;
}

/* 0, or a negative errno. */
static int find_shim(char path[PATH_MAX], struct stat *shim)
{
	long maps = rp_sys(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
	bool found = maps >= 0 && look_for_shim((int)maps, path);

	rp_sys(SYS_close, maps);
	if (!found)
		return -ENOENT;
	return stat(path, shim) == 0 ? 0 : -errno;
}

/* Why not to run what ST is of; NULL: nothing is wrong with it.  Whoever may change the shim is in
 * the host already. */
static const char *distrust(const struct stat *st, const struct stat *shim)
{
	bool same_group = shim->st_gid == st->st_gid && shim->st_mode & S_IWGRP;

	if (!S_ISREG(st->st_mode) || !(st->st_mode & 0111))
		return "is no program";
	if (st->st_uid != 0 && st->st_uid != shim->st_uid &&
	    st->st_uid != (uid_t)rp_sys(SYS_geteuid, 0))
		return "belongs to another user";
	if (st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && !same_group))
		return "is writable by others (chmod go-w it)";
	return NULL;
}

/* A descriptor, or a negative errno. */
static int open_tool(const char *path, const struct stat *shim, bool *refused)
{
	long fd = rp_sys(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return (int)fd;
	const char *why = fstat((int)fd, &st) == 0 ? distrust(&st, shim) : "cannot be examined";

	if (!why)
		return (int)fd;
	rp_sys(SYS_close, fd);
	rp_log(path, ": ", why, "; pages are not made with it", NULL);
	*refused = true;
	return -EPERM;
}

static int open_beside(char path[PATH_MAX], const struct stat *shim, bool *refused)
{
	char *end = strrchr(path, '/');
	int fd = -ENOENT;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && fd < 0; i++) {
		if (end + strlen(places[i]) >= path + PATH_MAX)
			return -ENAMETOOLONG;
		strcpy(end, places[i]);
		fd = open_tool(path, shim, refused);
	}
	return fd;
}

int rp_maker_tool(void)
{
	struct stat shim = {.st_uid = 0};
	char path[PATH_MAX];
	bool refused = false, told = rp_settings.tool[0];
	int fd = find_shim(path, &shim);
	const char *where = told ? "not there" : "not beside the shim, nor in ../bin";

	if (told)
		fd = open_tool(rp_settings.tool, &shim, &refused);
	else if (fd == 0)
		fd = open_beside(path, &shim, &refused);
	if (fd == -EACCES) /* a clone below /root, and a worker that is not root */
		where = "in a folder that is closed to the server's user";
	if (fd < 0 && !refused)
		rp_log(told ? rp_settings.tool : "reqprof", ": ", where, "; pages are not made",
		       NULL);
	return fd;
}
