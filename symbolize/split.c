/* split.c - split DWARF: the units that are in .dwo files or in a .dwp file.
 *
 * Room: symbolize.  The GNU form of DWARF 4 and DWARF 5's.  Files stay open until the end: names
 * point into them.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/split.h"

#include <dwarf.h>
#include <limits.h>
#include <stdio.h>

/* Columns of a .dwp's index, and their largest number. */
enum {
	IN_INFO = 1,
	IN_ABBREV = 3,
	IN_LINE = 4,
	IN_STR_OFFSETS = 6,
	IN_RNGLISTS = 8,
	MAX_COLUMNS = 16
};

struct rp_split {
	struct rp_dwarf *dwp; /* or NULL */
	struct dwo {
		struct dwo *next;
		struct rp_dwarf *dwarf;
	} * dwo;
	struct rp_addrmap units; /* skeleton to unit; to itself when there is none */
};

static struct rp_dwarf *open_file(struct rp_dwarf *program, const char *path)
{
	struct rp_elf_file file;
	bool missing;

	if (!rp_elfopen_file(&file, path, &missing))
		return NULL;
	rp_elfopen_detach(&file);
	struct rp_dwarf *dwarf = rp_dwarf_open(file.elf, true, program->pool);

	if (!dwarf) {
		rp_elfopen_close(&file);
		return NULL;
	}
	dwarf->own = file;
	dwarf->alt = NULL;
	return dwarf;
}

static struct rp_split *split_of(struct rp_dwarf *program)
{
	char path[PATH_MAX];

	if (program->split)
		return program->split;
	program->split = rp_pool_take(program->pool, sizeof(*program->split));
	if (program->path &&
	    (size_t)snprintf(path, sizeof(path), "%s.dwp", program->path) < sizeof(path))
		program->split->dwp = open_file(program, path);
	return program->split;
}

static bool has_id(struct rp_unit *unit, uint64_t id)
{
	bool is_unit = unit->type == DW_UT_split_compile ||
	               (unit->widths.version < 5 && unit->type == DW_UT_compile);

	return is_unit && rp_units_root(unit) && unit->signature == id;
}

/* The unit of a .dwo file, whose bases need the skeleton before its first DIE is read. */
static struct rp_unit *unit_of_dwo(struct rp_dwarf *dwo, struct rp_unit *skeleton)
{
	for (size_t i = 0; i < dwo->n_units; i++) {
		dwo->unit[i].skeleton = skeleton;
		if (has_id(&dwo->unit[i], skeleton->signature))
			return &dwo->unit[i];
	}
	return NULL;
}

struct index {
	uint32_t n_columns, n_units, n_slots;
	struct rp_bytes ids, rows, table;
};

static bool part(struct rp_bytes *all, uint64_t n, struct rp_bytes *part)
{
	part->at = all->at;
	if (!rp_bytes_skip(all, n))
		return false;
	part->end = all->at;
	return true;
}

static bool read_index(struct rp_dwarf *dwp, struct index *index)
{
	struct rp_bytes b = rp_sections_bytes(&dwp->sections, RP_SECTION_CU_INDEX);
	uint32_t version = rp_bytes_u32(&b);

	if (version != 2 && version != 5)
		return false;
	index->n_columns = rp_bytes_u32(&b);
	index->n_units = rp_bytes_u32(&b);
	index->n_slots = rp_bytes_u32(&b);
	return index->n_columns <= MAX_COLUMNS &&
	       part(&b, 8 * (uint64_t)index->n_slots, &index->ids) &&
	       part(&b, 4 * (uint64_t)index->n_slots, &index->rows) &&
	       part(&b, 4 * (uint64_t)index->n_columns * ((uint64_t)index->n_units + 1),
	            &index->table);
}

static uint32_t u32_at(struct rp_bytes bytes, uint64_t index)
{
	rp_bytes_skip(&bytes, 4 * index);
	return rp_bytes_u32(&bytes);
}

/* The row of ID, from 1; 0: not there.  A hash table with a second hash for the step. */
static uint32_t find_row(const struct index *x, uint64_t id)
{
	uint32_t mask = x->n_slots - 1, slot = (uint32_t)id & mask;
	uint32_t step = ((uint32_t)(id >> 32) & mask) | 1;

	for (uint32_t i = 0; i < x->n_slots; i++, slot = (slot + step) & mask) {
		struct rp_bytes b = x->ids;
		uint32_t row = u32_at(x->rows, slot);

		rp_bytes_skip(&b, 8 * (uint64_t)slot);
		if (!row || row > x->n_units)
			return 0;
		if (rp_bytes_u64(&b) == id)
			return row;
	}
	return 0;
}

/* The parts of a row by their column numbers. */
static void read_row(const struct index *x, uint32_t row, uint64_t at[MAX_COLUMNS])
{
	for (uint32_t i = 0; i < x->n_columns; i++) {
		uint32_t means = u32_at(x->table, i);

		if (means < MAX_COLUMNS)
			at[means] = u32_at(x->table, (uint64_t)row * x->n_columns + i);
	}
}

static struct rp_unit *unit_at(struct rp_dwarf *dwp, uint64_t offset)
{
	struct rp_unit *unit = NULL;

	/* The offset is that of the header, of which no DIE is a part. */
	for (size_t lo = 0, n = dwp->n_units; n; n = n / 2) {
		unit = &dwp->unit[lo + n / 2];
		if ((uint64_t)(unit->begin - unit->base) == offset)
			return unit;
		if ((uint64_t)(unit->begin - unit->base) < offset) {
			lo += n / 2 + 1;
			n -= 1;
		}
	}
	return NULL;
}

static struct rp_unit *unit_of_dwp(struct rp_dwarf *dwp, struct rp_unit *skeleton)
{
	struct index index = {0};
	uint64_t at[MAX_COLUMNS] = {0};
	uint32_t row = read_index(dwp, &index) ? find_row(&index, skeleton->signature) : 0;

	if (!row)
		return NULL;
	read_row(&index, row, at);
	struct rp_unit *unit = unit_at(dwp, at[IN_INFO]);

	if (!unit || unit->skeleton)
		return unit;
	unit->skeleton = skeleton;
	unit->abbrev += at[IN_ABBREV];
	unit->line_part = at[IN_LINE];
	unit->str_offsets_part = at[IN_STR_OFFSETS];
	if (unit->widths.version >= 5)
		unit->rnglists_part = at[IN_RNGLISTS];
	return rp_units_root(unit) ? unit : NULL;
}

static struct rp_unit *try_dwo(struct rp_unit *skeleton, const char *path)
{
	struct rp_dwarf *program = skeleton->dwarf;
	struct rp_dwarf *dwarf = open_file(program, path);
	struct dwo *dwo;

	if (!dwarf)
		return NULL;
	dwo = rp_pool_take(program->pool, sizeof(*dwo));
	dwo->dwarf = dwarf;
	dwo->next = program->split->dwo;
	program->split->dwo = dwo;
	return unit_of_dwo(dwarf, skeleton);
}

static struct rp_unit *look_for_dwo(struct rp_unit *skeleton)
{
	const char *name = rp_forms_text(skeleton, &skeleton->root.dwo_name);
	const char *dir = rp_forms_text(skeleton, &skeleton->root.comp_dir);
	const char *program = skeleton->dwarf->path;
	const char *slash = program ? strrchr(program, '/') : NULL;
	const char *base = name ? strrchr(name, '/') : NULL;
	char path[PATH_MAX];
	struct rp_unit *unit = NULL;

	if (!name)
		return NULL;
	bool whole = name[0] == '/' || !dir;

	if (snprintf(path, sizeof(path), "%s%s%s", whole ? "" : dir, whole ? "" : "/", name) <
	    (int)sizeof(path))
		unit = try_dwo(skeleton, path);
	if (!unit && program &&
	    snprintf(path, sizeof(path), "%.*s%s", slash ? (int)(slash + 1 - program) : 0, program,
	             base ? base + 1 : name) < (int)sizeof(path))
		unit = try_dwo(skeleton, path);
	return unit;
}

struct rp_unit *rp_split_unit(struct rp_unit *skeleton)
{
	struct rp_split *split = split_of(skeleton->dwarf);
	uint64_t key = (uintptr_t)skeleton;
	struct rp_unit *unit = rp_addrmap_get(&split->units, key);

	if (!unit) {
		if (split->dwp)
			unit = unit_of_dwp(split->dwp, skeleton);
		if (!unit)
			unit = look_for_dwo(skeleton);
		rp_addrmap_put(&split->units, key, unit ? unit : skeleton);
	}
	return unit == skeleton ? NULL : unit;
}

void rp_split_close(struct rp_split *split)
{
	if (!split)
		return;
	rp_dwarf_close(split->dwp);
	for (struct dwo *dwo = split->dwo; dwo; dwo = dwo->next)
		rp_dwarf_close(dwo->dwarf);
	rp_addrmap_free(&split->units);
}
