/* folder.c - see folder.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "preload/cold/log.h"
#include "preload/hot/sys.h"
#include "preload/settings.h"
#include "store/catalog.h"

static int refuse(int dir, const char *path, const char *why)
{
	rp_log(path, ": ", why, "; sessions are not written", NULL);
	if (dir >= 0)
		rp_sys(SYS_close, dir);
	return -EPERM;
}

/* Whoever owns the directory reads every session in it, and whoever may write in it can put a
 * link where we create: ours or root's alone; root writes only into root's own. */
static int check(int dir, const char *path)
{
	struct stat st;
	uid_t euid = (uid_t)rp_sys(SYS_geteuid, 0);

	if (fstat(dir, &st) != 0)
		return refuse(dir, path, "cannot be examined");
	if (st.st_uid != euid)
		return refuse(dir, path, "belongs to another user");
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return refuse(dir, path, "is writable by others (chmod 700 it)");
	return dir;
}

void rp_folder_path(char *path)
{
	if (rp_settings.dir[0])
		strcpy(path, rp_settings.dir);
	else
		rp_catalog_default_dir(path, RP_FOLDER_BYTES, (uint32_t)rp_sys(SYS_geteuid, 0));
}

static long open_dir(const char *path)
{
	return rp_sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int rp_folder_open(void)
{
	char path[RP_FOLDER_BYTES];
	long dir;

	rp_folder_path(path);
	dir = open_dir(path);
	if (dir == -ENOENT) {
		rp_sys(SYS_mkdirat, AT_FDCWD, path, 0700);
		dir = open_dir(path);
	}
	if (dir < 0) {
		rp_log(path, ": ", rp_log_error((int)-dir), "; sessions are not written", NULL);
		return (int)dir;
	}
	return check((int)dir, path);
}

int rp_folder_create(int dir, const char *name)
{
	long fd = rp_sys(SYS_openat, dir, name,
	                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		rp_log(name, ": ", rp_log_error((int)-fd), "; this session is not written", NULL);
	return (int)fd;
}
