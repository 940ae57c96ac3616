/* debugfile.c - where the debug information of a module is: in it, by build-id, by .gnu_debuglink,
 * or at a debuginfod server when the user named one.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/debugfile.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <elfutils/libdwelf.h>

#include "symbolize/altlink.h"
#include "symbolize/debuginfod.h"
#include "symbolize/debuglink.h"
#include "symbolize/elfopen.h"

static bool has_debug(const struct rp_elf_file *file)
{
	return rp_elfopen_section(file, ".debug_info") || rp_elfopen_section(file, ".zdebug_info");
}

/* Takes PATH as the debug file when it is of build ID.  Without its own .debug_info a debug file
 * is still worth its .symtab. */
static bool try_build(struct rp_object *o, const char *path, const uint8_t *id, size_t n)
{
	bool missing;

	if (!rp_elfopen_file(&o->debug, path, &missing))
		return false;
	if (rp_elfopen_is_build(&o->debug, id, n)) {
		o->debug.path = rp_pool_text(&o->shared->pool, path, strlen(path));
		return true;
	}
	rp_elfopen_close(&o->debug);
	return false;
}

static bool by_build_id(struct rp_object *o, const char *root, const uint8_t *id, size_t n)
{
	char path[PATH_MAX];

	return rp_elfopen_build_path(path, sizeof(path), root, id, n) && try_build(o, path, id, n);
}

/* The build-id to search by: the recorded one, else the file's own. */
static size_t wanted_build(const struct rp_object *o, const uint8_t **id)
{
	const void *own = NULL;
	ssize_t n = 0;

	*id = o->is.build_id;
	if (o->is.n_build_id)
		return o->is.n_build_id;
	if (o->main.elf)
		n = dwelf_elf_gnu_build_id(o->main.elf, &own);
	*id = own;
	return n > 0 ? (size_t)n : 0;
}

static void find_elsewhere(struct rp_object *o)
{
	const char *dirs[] = {o->shared->debug_dir, "/usr/lib/debug"};
	const uint8_t *id;
	size_t n_id = wanted_build(o, &id);
	char *fetched;

	for (size_t i = 0; i < 2 && n_id > 1; i++)
		if (dirs[i] && by_build_id(o, dirs[i], id, n_id))
			return;
	for (size_t i = 0; i < 2 && o->main.elf; i++)
		if (rp_debuglink_open(o, dirs[i]))
			return;
	if (n_id > 1 && (fetched = rp_debuginfod_fetch(id, n_id))) {
		try_build(o, fetched, id, n_id);
		rp_debuginfod_forget(fetched);
	}
}

static void open_own(struct rp_object *o)
{
	bool missing = false;
	bool ok = o->is.image ? rp_elfopen_image(&o->main, o->is.image, o->is.n_image)
	                      : rp_elfopen_file(&o->main, o->is.path, &missing);

	if (!ok) {
		o->state = missing ? RP_SYM_NO_FILE : RP_SYM_BAD_FILE;
		return;
	}
	o->main.path = o->is.path;
	o->state = RP_SYM_DYNSYM;
	if (o->is.n_build_id && !rp_elfopen_is_build(&o->main, o->is.build_id, o->is.n_build_id)) {
		/* Names of another build would be wrong names. */
		rp_elfopen_close(&o->main);
		o->state = RP_SYM_OTHER_BUILD;
	}
}

static bool begin_dwarf(struct rp_object *o, const struct rp_elf_file *file)
{
	if (!file->elf || !has_debug(file))
		return false;
	o->dwarf = rp_dwarf_open(file->elf, false, &o->shared->pool);
	if (!o->dwarf)
		return false;
	o->dwarf->path = o->is.path;
	rp_altlink_open(o->dwarf, file, o->shared->debug_dir);
	return true;
}

void rp_debugfile_open(struct rp_object *object)
{
	open_own(object);
	if (object->plain)
		return;
	if (begin_dwarf(object, &object->main))
		return;
	find_elsewhere(object);
	begin_dwarf(object, &object->debug);
}
