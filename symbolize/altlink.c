/* altlink.c - the file that dwz put what several debug files share into.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/altlink.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

enum { MAX_LINKS = 4 };

static bool try_path(struct rp_dwarf *dwarf, const char *path, const uint8_t *id, size_t n_id)
{
	struct rp_elf_file file;
	bool missing;

	if (!rp_elfopen_file(&file, path, &missing))
		return false;
	if (rp_elfopen_is_build(&file, id, n_id))
		dwarf->alt = rp_dwarf_open(file.elf, false, dwarf->pool);
	if (!dwarf->alt) {
		rp_elfopen_close(&file);
		return false;
	}
	dwarf->alt->own = file;
	return true;
}

/* TEXT, seen from where the file at PATH is, into PATH; false when that is too long. */
static bool beside(char path[PATH_MAX], const char *text)
{
	char *slash = strrchr(path, '/');
	size_t n_dir = text[0] != '/' && slash ? (size_t)(slash + 1 - path) : 0;

	if (n_dir + strlen(text) >= PATH_MAX)
		return false;
	strcpy(path + n_dir, text);
	return true;
}

/* A relative name counts from the file that holds it, or from what that is a link to. */
static bool by_name(struct rp_dwarf *dwarf, const struct rp_elf_file *file, const char *name,
                    const uint8_t *id, size_t n_id)
{
	char holder[PATH_MAX] = "", path[PATH_MAX], to[PATH_MAX];

	if (!file->path || !beside(holder, file->path))
		return false;
	for (int i = 0; i < MAX_LINKS; i++) {
		strcpy(path, holder);
		if (beside(path, name) && try_path(dwarf, path, id, n_id))
			return true;
		/* Not readlink: the sandbox knows only this. */
		ssize_t n = readlinkat(AT_FDCWD, holder, to, sizeof(to) - 1);

		if (n <= 0)
			return false;
		to[n] = '\0';
		if (!beside(holder, to))
			return false;
	}
	return false;
}

/* The name, then the build-id. */
static bool read_link(const struct rp_elf_file *file, const char **name, struct rp_bytes *id)
{
	Elf_Scn *scn = rp_elfopen_section(file, ".gnu_debugaltlink");
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;

	if (!data || !data->d_buf)
		return false;
	*id = (struct rp_bytes){data->d_buf, (const uint8_t *)data->d_buf + data->d_size};
	*name = rp_bytes_text(id);
	return *name && **name && rp_bytes_left(id) > 1;
}

void rp_altlink_open(struct rp_dwarf *dwarf, const struct rp_elf_file *file, const char *debug_dir)
{
	const char *dirs[] = {debug_dir, "/usr/lib/debug"}, *name;
	char path[PATH_MAX];
	struct rp_bytes id;

	if (!read_link(file, &name, &id) || by_name(dwarf, file, name, id.at, rp_bytes_left(&id)))
		return;
	for (size_t i = 0; i < 2 && !dwarf->alt; i++)
		if (dirs[i] &&
		    rp_elfopen_build_path(path, sizeof(path), dirs[i], id.at, rp_bytes_left(&id)))
			try_path(dwarf, path, id.at, rp_bytes_left(&id));
}
