/* sidecar_file.c - sidecars on the disk; see sidecar.h.
 *
 * Room: store; for the tool: allocates.  SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/sidecar.h"

enum { PATH_BYTES = 4096 };

static uint8_t *read_whole(int fd, size_t n)
{
	uint8_t *bytes = malloc(n + 1);
	size_t got = 0;
	ssize_t more = 1;

	while (bytes && got < n && more > 0) {
		more = read(fd, bytes + got, n - got);
		got += more > 0 ? (size_t)more : 0;
	}
	if (bytes && got == n)
		return bytes;
	free(bytes);
	return NULL;
}

bool rp_sidecar_read(struct rp_sidecar *side, const char *path, const uint8_t *id,
                     struct rp_why *why)
{
	/* O_NOFOLLOW: root reads in folders of others. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t *bytes = NULL;
	struct stat st;

	*side = (struct rp_sidecar){0};
	if (why)
		why->text[0] = '\0';
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
		               ? false
		               : rp_why_set(why, 0, "it cannot be read: %s", strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= RP_SIDECAR_MAX_BYTES)
		bytes = read_whole(fd, (size_t)st.st_size);
	close(fd);
	if (!bytes)
		return rp_why_set(why, 0, "it is no file of names");
	return rp_sidecar_decode(side, bytes, (size_t)st.st_size, id, why);
}

static bool write_whole(int fd, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t wrote = write(fd, bytes, n);

		if (wrote == 0 || (wrote < 0 && errno != EINTR))
			return false;
		bytes += wrote > 0 ? wrote : 0;
		n -= wrote > 0 ? (size_t)wrote : 0;
	}
	return true;
}

/* Never through what somebody left there: a fresh file, then one step. */
static bool write_bytes(const char *path, const uint8_t *bytes, size_t n, uint32_t owner)
{
	char fresh[PATH_BYTES];
	int length = snprintf(fresh, sizeof(fresh), "%s.XXXXXX", path);
	int fd = length < (int)sizeof(fresh) ? mkostemp(fresh, O_CLOEXEC) : -1;

	if (fd < 0)
		return false;
	bool ok =
	        write_whole(fd, bytes, n) && (geteuid() != 0 || fchown(fd, owner, (gid_t)-1) == 0);
	int error = errno;

	if (close(fd) != 0 || (ok && rename(fresh, path) != 0)) {
		error = errno;
		ok = false;
	}
	if (!ok)
		unlink(fresh);
	errno = error;
	return ok;
}

bool rp_sidecar_write(const struct rp_sidecar *side, const char *path, uint32_t owner,
                      struct rp_why *why)
{
	size_t n;
	uint8_t *bytes = rp_sidecar_encode(side, &n);

	if (!bytes || n > RP_SIDECAR_MAX_BYTES) {
		free(bytes);
		return rp_why_set(why, 0, "it would be too large");
	}
	bool ok = write_bytes(path, bytes, n, owner);

	free(bytes);
	return ok ? true : rp_why_set(why, 0, "it cannot be written: %s", strerror(errno));
}
