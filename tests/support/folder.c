/* folder.c - see folder.h.  SPDX-License-Identifier: MIT */
#include "tests/support/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_make(char *path, size_t cap, const char *name)
{
	snprintf(path, cap, "/tmp/%s.XXXXXX", name);
	if (!mkdtemp(path))
		abort();
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void folder_add(int dirfd, const char *name, size_t bytes, uint64_t wall_s)
{
	struct timespec times[2] = {{(time_t)wall_s, 0}, {(time_t)wall_s, 0}};
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0 || futimens(fd, times) != 0)
		abort();
	close(fd);
}

/* Calls remove on each entry when REMOVE is set; how many there were. */
static unsigned walk(int dirfd, int removing)
{
	DIR *stream = fdopendir(dup(dirfd));
	unsigned n = 0;

	if (!stream)
		abort();
	rewinddir(stream);
	for (const struct dirent *e; (e = readdir(stream));) {
		if (e->d_name[0] == '.' && (!e->d_name[1] || e->d_name[1] == '.'))
			continue;
		n++;
		if (removing && unlinkat(dirfd, e->d_name, 0) != 0)
			unlinkat(dirfd, e->d_name, AT_REMOVEDIR);
	}
	closedir(stream);
	return n;
}

unsigned folder_count(int dirfd)
{
	return walk(dirfd, 0);
}

void folder_remove(int dirfd, const char *path)
{
	walk(dirfd, 1);
	close(dirfd);
	rmdir(path);
}
