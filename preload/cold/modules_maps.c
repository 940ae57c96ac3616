/* modules_maps.c - see modules_maps.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/modules_maps.h"
#include "preload/cold/modules_mem.h"

#include <fcntl.h>
#include <string.h>
#include "preload/hot/sys.h"

enum { LINE_BYTES = 8192, FIRST_BYTES = 16 << 10, MOST_MAPS = 1 << 18 };

static bool hex(const char **at, char end, uint64_t *value)
{
	*value = 0;
	for (;; (*at)++) {
		unsigned c = (unsigned char)**at;
		unsigned digit = c - '0' <= 9 ? c - '0' : c - 'a' <= 5 ? c - 'a' + 10 : 16;

		if (digit == 16)
			return *(*at)++ == end;
		*value = *value << 4 | digit;
	}
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), n_end = strlen(end);

	return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

/* No file, or one that nobody can open any more: memfds, deleted ones, shared memory. */
static bool is_made(const char *path)
{
	return *path == '\0' || *path == '[' || strncmp(path, "/dev/zero", 9) == 0 ||
	       strncmp(path, "/memfd:", 7) == 0 || strncmp(path, "//anon", 6) == 0 ||
	       ends_with(path, " (deleted)");
}

/* After the permissions: offset, device, inode. */
static uint32_t file_of(const char *at)
{
	uint64_t offset, major, minor, inode = 0;

	if (!hex(&at, ' ', &offset) || !hex(&at, ':', &major) || !hex(&at, ' ', &minor))
		return 0;
	while (*at >= '0' && *at <= '9')
		inode = inode * 10 + (uint64_t)(*at++ - '0');
	return inode ? (uint32_t)((inode ^ major << 40 ^ minor << 32) * 0x9e3779b97f4a7c15u >> 32) |
	                       1
	             : 0;
}

bool rp_maps_line(const char *line, struct rp_map *map)
{
	const char *path = strpbrk(line, "/[");

	*map = (struct rp_map){0};
	if (!hex(&line, '-', &map->lo) || !hex(&line, ' ', &map->hi) || strlen(line) < 5)
		return false;
	if (map->lo >= map->hi || map->hi > 1ull << 47 || (line[0] != 'r' && line[2] != 'x'))
		return false;
	map->kind = RP_MAP_DATA;
	if (line[2] != 'x')
		return true;
	map->kind = is_made(path ? path : "") ? RP_MAP_MADE : RP_MAP_FOREIGN;
	map->file = file_of(line + 5);
	return true;
}

static bool add(struct rp_maps *maps, const struct rp_map *map)
{
	struct rp_map *last = maps->n ? &maps->at[maps->n - 1] : NULL, *at;

	if (last && map->lo < last->hi)
		return true; /* split while it was read: known already */
	if (last && last->hi == map->lo && last->kind == map->kind && last->file == map->file) {
		last->hi = map->hi;
		return true;
	}
	if ((maps->n + 1) * sizeof(*at) > maps->n_bytes) {
		at = maps->n < MOST_MAPS
		             ? rp_pages_resize(maps->at, maps->n_bytes, 2 * maps->n_bytes)
		             : NULL;
		if (!at)
			return false;
		maps->at = at;
		maps->n_bytes *= 2;
	}
	maps->at[maps->n++] = *map;
	return true;
}

/* Takes the whole lines of the N bytes in TEXT; what is left of them is moved to its begin. */
static bool take_lines(struct rp_maps *maps, char *text, size_t *n)
{
	char *line = text, *end;
	struct rp_map map;

	while ((end = memchr(line, '\n', *n - (size_t)(line - text)))) {
		*end = '\0';
		if (rp_maps_line(line, &map) && !add(maps, &map))
			return false;
		line = end + 1;
	}
	*n -= (size_t)(line - text);
	memmove(text, line, *n);
	return *n < LINE_BYTES;
}

static bool read_all(struct rp_maps *maps, int fd)
{
	static char text[LINE_BYTES]; /* one thread */
	size_t n = 0;

	for (;;) {
		long got = rp_sys(SYS_read, fd, text + n, sizeof(text) - n);

		if (got <= 0)
			return got == 0 && n == 0 && maps->n;
		n += (size_t)got;
		if (!take_lines(maps, text, &n))
			return false;
	}
}

bool rp_maps_read(struct rp_maps *maps)
{
	int fd = (int)rp_sys(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
	bool ok = false;

	*maps = (struct rp_maps){.n_bytes = FIRST_BYTES};
	if (fd < 0)
		return *maps = (struct rp_maps){0}, false;
	maps->at = rp_pages_make(maps->n_bytes);
	if (maps->at)
		ok = read_all(maps, fd);
	rp_sys(SYS_close, fd);
	if (!ok) {
		rp_pages_free(maps->at, maps->n_bytes);
		*maps = (struct rp_maps){0};
	}
	return ok;
}
