/* debuglink.c - a debug file by the name that .gnu_debuglink holds.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/debuglink.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>
#include <elfutils/libdwelf.h>

#include "symbolize/elfopen.h"

static bool is_same_file(const struct rp_elf_file *a, const struct rp_elf_file *b)
{
	struct stat of_a, of_b;

	return fstat(a->fd, &of_a) == 0 && fstat(b->fd, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

/* The CRC reads the whole file, a build-id only its notes: ask that first. */
static bool belongs(const struct rp_elf_file *main, const struct rp_elf_file *debug, uint32_t crc)
{
	const void *id;
	ssize_t n = dwelf_elf_gnu_build_id(main->elf, &id);
	size_t n_bytes;

	if (is_same_file(main, debug))
		return false;
	if (n > 0)
		return rp_elfopen_is_build(debug, id, (size_t)n);
	const char *bytes = elf_rawfile(debug->elf, &n_bytes);

	return bytes && crc32_z(0, (const Bytef *)bytes, n_bytes) == crc;
}

static bool try_path(struct rp_object *o, const char *path, uint32_t crc)
{
	bool missing;

	if (!rp_elfopen_file(&o->debug, path, &missing))
		return false;
	if (belongs(&o->main, &o->debug, crc)) {
		o->debug.path = rp_pool_text(&o->shared->pool, path, strlen(path));
		return true;
	}
	rp_elfopen_close(&o->debug);
	return false;
}

bool rp_debuglink_open(struct rp_object *object, const char *root)
{
	GElf_Word crc;
	const char *name = dwelf_elf_gnu_debuglink(object->main.elf, &crc);
	const char *slash = object->is.path ? strrchr(object->is.path, '/') : NULL;
	char dir[PATH_MAX], path[PATH_MAX];

	if (!name || !*name || object->main.fd < 0)
		return false;
	if ((size_t)snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - object->is.path) : 1,
	                     slash ? object->is.path : ".") >= sizeof(dir))
		return false;
	const struct {
		const char *root, *sub;
	} tries[] = {{"", ""}, {"", "/.debug"}, {root, ""}};

	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		if (!tries[i].root)
			continue;
		int n = snprintf(path, sizeof(path), "%s%s%s/%s", tries[i].root, dir, tries[i].sub,
		                 name);

		if (n > 0 && (size_t)n < sizeof(path) && try_path(object, path, crc))
			return true;
	}
	return false;
}
