/* files.c - the source files that a line table names.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/files.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>

#include "symbolize/paths.h"

enum { MAX_COLUMNS = 16 };

/* What an entry of a DWARF 5 table is made of. */
struct columns {
	unsigned n;
	struct {
		uint64_t means;
		struct rp_attr attr;
	} at[MAX_COLUMNS];
};

static void *grown(void *at, size_t n, size_t *cap, size_t item_bytes)
{
	if (n < *cap)
		return at;
	*cap = *cap ? *cap * 2 : 32;
	at = realloc(at, *cap * item_bytes);
	if (!at)
		abort(); /* as in pool.c */
	return at;
}

static void add_dir(struct rp_files *f, const char *dir)
{
	f->dir = grown(f->dir, f->n_dirs, &f->dirs_cap, sizeof(*f->dir));
	f->dir[f->n_dirs++] = dir;
}

static void add_file(struct rp_files *f, const char *name, uint64_t dir)
{
	f->file = grown(f->file, f->n, &f->cap, sizeof(*f->file));
	f->file[f->n++] = (struct rp_file){name, dir, NULL};
}

/* Up to DWARF 4: directories, an empty one, files, an empty one.  Number 0 is the unit's own. */
static void read_old(struct rp_files *f, struct rp_unit *unit, struct rp_bytes *b)
{
	const char *text;

	add_dir(f, f->comp_dir);
	add_file(f, rp_forms_text(unit, &unit->root.name), 0);
	while ((text = rp_bytes_text(b)) && *text)
		add_dir(f, text);
	while ((text = rp_bytes_text(b)) && *text) {
		add_file(f, text, rp_bytes_uleb(b));
		rp_bytes_uleb(b); /* time */
		rp_bytes_uleb(b); /* size */
	}
}

static bool read_columns(struct columns *c, struct rp_bytes *b)
{
	c->n = rp_bytes_u8(b);
	if (c->n > MAX_COLUMNS)
		return false;
	for (unsigned i = 0; i < c->n; i++) {
		c->at[i].means = rp_bytes_uleb(b);
		c->at[i].attr = (struct rp_attr){.form = (uint16_t)rp_bytes_uleb(b)};
	}
	return true;
}

static void read_table(struct rp_files *f, struct rp_unit *unit, struct rp_bytes *b,
                       struct rp_widths widths, bool dirs)
{
	struct columns c;

	if (!read_columns(&c, b))
		return;
	uint64_t n = rp_bytes_uleb(b);
	const uint8_t *from = NULL;

	/* An entry without bytes would make any number of entries. */
	for (; n && b->at != from; n--) {
		struct rp_value value, name = {0};
		uint64_t dir = 0;

		from = b->at;
		for (unsigned i = 0; i < c.n; i++) {
			rp_forms_read(b, &c.at[i].attr, widths, &value);
			if (c.at[i].means == DW_LNCT_path)
				name = value;
			else if (c.at[i].means == DW_LNCT_directory_index)
				dir = value.number;
		}
		if (dirs)
			add_dir(f, rp_forms_text(unit, &name));
		else
			add_file(f, rp_forms_text(unit, &name), dir);
	}
}

void rp_files_read(struct rp_files *files, struct rp_unit *unit, struct rp_bytes *bytes,
                   struct rp_widths widths)
{
	struct rp_unit *root = unit->skeleton ? unit->skeleton : unit;

	files->comp_dir = rp_forms_text(root, &root->root.comp_dir);
	if (widths.version < 5) {
		read_old(files, unit, bytes);
		return;
	}
	read_table(files, unit, bytes, widths, true);
	read_table(files, unit, bytes, widths, false);
}

const char *rp_files_path(struct rp_files *files, uint64_t index, struct rp_pool *pool)
{
	struct rp_file *file = index < files->n ? &files->file[index] : NULL;

	if (!file || !file->name)
		return NULL;
	if (file->path)
		return file->path;
	const char *dir = file->dir < files->n_dirs ? files->dir[file->dir] : NULL;

	/* Directory 0 is the unit's itself, and may be relative. */
	file->path = file->dir ? rp_paths_join(pool, files->comp_dir, dir, file->name)
	                       : rp_paths_join(pool, dir, NULL, file->name);
	return file->path;
}

void rp_files_free(struct rp_files *files)
{
	free(files->file);
	free(files->dir);
	*files = (struct rp_files){0};
}
