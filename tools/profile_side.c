/* profile_side.c - see profile_side.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/profile_side.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/names.h"
#include "tools/term.h"

static const char *text_of(const struct rp_sidecar *file, uint32_t text)
{
	return file->texts[text];
}

static void make_frames(struct rp_profile_side *side)
{
	side->frames = rp_memory_zero(side->file.n_frames, sizeof(*side->frames));
	for (size_t i = 0; i < side->file.n_frames; i++) {
		const struct rp_sidecar_frame *f = &side->file.frames[i];

		side->frames[i] = (struct rp_frame){
		        .function = text_of(&side->file, f->function),
		        .file = text_of(&side->file, f->file),
		        .suffix = f->suffix ? text_of(&side->file, f->suffix) : "",
		        .line = f->line,
		        .func_line = f->func_line,
		        .inlined = f->flags & RP_SIDECAR_INLINED,
		        .named = f->flags & RP_SIDECAR_NAMED,
		};
	}
}

static const struct rp_rec_module *record_of(const struct rp_recording *r, uint32_t number)
{
	for (size_t i = 0; i < r->n_modules; i++)
		if (r->modules[i].module == number)
			return &r->modules[i];
	return NULL;
}

/* Whether a debug file of M has been installed where distributions put them. */
static bool has_debug_file(const struct rp_rec_module *m)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/");

	if (m->build_id.n < 2 || m->build_id.n > 64)
		return false;
	for (size_t i = 0; i < m->build_id.n; i++)
		n += sprintf(path + n, "%02x%s", (unsigned char)m->build_id.at[i],
		             i == 0 ? "/" : "");
	strcpy(path + n, ".debug");
	return access(path, F_OK) == 0;
}

/* With debug information a module's names are as good as they get.  With less they are as good as
 * the debug files that are here; a file that was gone may be back. */
static bool is_settled(const struct rp_recording *r, const struct rp_sidecar_module *m,
                       const struct rp_profile_how *how)
{
	const struct rp_rec_module *record = record_of(r, m->module);
	const char *urls = getenv("DEBUGINFOD_URLS");

	if (m->state == RP_SYM_DEBUG)
		return true;
	return record && (m->state == RP_SYM_SYMTAB || m->state == RP_SYM_DYNSYM) &&
	       !how->n_debug_dirs && !how->sysroot && !(urls && *urls) && !has_debug_file(record);
}

void rp_profile_side_open(struct rp_profile_side *side, const struct rp_recording *r,
                          const char *path, const struct rp_profile_how *how)
{
	char name[PATH_MAX];
	struct rp_why why = {0};

	*side = (struct rp_profile_side){0};
	if (how->no_cache || !rp_names_sidecar(name, sizeof(name), path))
		return;
	if (!rp_sidecar_read(&side->file, name, r->head.id, &why)) {
		if (why.text[0])
			rp_term_complain("%s is not used: %s", name, why.text);
		return;
	}
	make_frames(side);
	side->settled = rp_memory_zero(side->file.n_modules, sizeof(*side->settled));
	for (size_t i = 0; i < side->file.n_modules; i++)
		side->settled[i] = is_settled(r, &side->file.modules[i], how);
}

void rp_profile_side_close(struct rp_profile_side *side)
{
	rp_sidecar_free(&side->file);
	free(side->frames);
	free(side->settled);
}

const struct rp_sidecar_module *rp_profile_side_module(const struct rp_profile_side *side,
                                                       uint32_t number)
{
	for (size_t i = 0; i < side->file.n_modules; i++)
		if (side->file.modules[i].module == number)
			return &side->file.modules[i];
	return NULL;
}

bool rp_profile_side_settled(const struct rp_profile_side *side,
                             const struct rp_sidecar_module *module)
{
	return side->settled[module - side->file.modules];
}

bool rp_profile_side_frames(const struct rp_profile_side *side,
                            const struct rp_sidecar_module *module, uint64_t vaddr,
                            struct rp_frames *out)
{
	const struct rp_sidecar_address *a = side->file.addresses + module->address;
	size_t lo = 0, hi = module->n_addresses;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (a[mid].vaddr < vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == module->n_addresses || a[lo].vaddr != vaddr)
		return false;
	*out = (struct rp_frames){side->frames + a[lo].frame, a[lo].n_frames};
	return true;
}

/* ---- and back to the disk ---- */

struct saving {
	struct rp_sidecar file;
	struct rp_index texts;
};

static bool same_text(const void *owner, uint32_t number, const void *key)
{
	return strcmp(((const struct rp_sidecar *)owner)->texts[number + 1], key) == 0;
}

static uint32_t number_of(struct saving *s, const char *text)
{
	bool fresh;

	if (!text)
		return 0;
	uint32_t number = rp_index_of(&s->texts, rp_memory_hash(0, text, strlen(text)), same_text,
	                              &s->file, text, &fresh);

	if (fresh) {
		s->file.texts =
		        rp_memory_grow(s->file.texts, s->file.n_texts, sizeof(*s->file.texts));
		s->file.texts[s->file.n_texts++] = text;
	}
	return number + 1;
}

static void save_frames(struct saving *s, const struct rp_frames *frames)
{
	struct rp_sidecar *file = &s->file;

	for (uint32_t i = 0; i < frames->n; i++) {
		const struct rp_frame *f = &frames->frame[i];

		file->frames = rp_memory_grow(file->frames, file->n_frames, sizeof(*file->frames));
		file->frames[file->n_frames++] = (struct rp_sidecar_frame){
		        .function = number_of(s, f->function),
		        .file = number_of(s, f->file),
		        .suffix = f->suffix && *f->suffix ? number_of(s, f->suffix) : 0,
		        .line = f->line,
		        .func_line = f->func_line,
		        .flags = (f->inlined ? RP_SIDECAR_INLINED : 0) |
		                 (f->named ? RP_SIDECAR_NAMED : 0),
		};
	}
}

struct known {
	uint64_t vaddr;
	const struct rp_frames *frames;
};

static int by_vaddr(const void *left, const void *right)
{
	const struct known *a = left, *b = right;

	return a->vaddr < b->vaddr ? -1 : a->vaddr > b->vaddr;
}

static void save_addresses(struct saving *s, struct known *known, size_t n)
{
	struct rp_sidecar *file = &s->file;

	qsort(known, n, sizeof(*known), by_vaddr);
	for (size_t i = 0; i < n; i++) {
		if (i && known[i].vaddr == known[i - 1].vaddr)
			continue;
		file->addresses = rp_memory_grow(file->addresses, file->n_addresses,
		                                 sizeof(*file->addresses));
		file->addresses[file->n_addresses++] =
		        (struct rp_sidecar_address){known[i].vaddr, file->n_frames,
		                                    known[i].frames->n};
		save_frames(s, known[i].frames);
	}
}

/* What is known of module NUMBER of R, whose nodes are NODES; KNOWN has room for all of them. */
static void save_module(struct saving *s, const struct rp_recording *r,
                        const struct rp_profile_node *nodes, uint32_t number, struct known *known)
{
	const struct rp_profile_module *module = NULL;
	struct rp_sidecar *file = &s->file;
	size_t n = 0;

	for (size_t i = 0; i < r->n_stacks; i++) {
		if (r->stacks[i].module != number || !nodes[i].module || !nodes[i].frames.n)
			continue;
		module = nodes[i].module;
		known[n++] = (struct known){rp_profile_vaddr(&r->stacks[i]), &nodes[i].frames};
	}
	if (!module || module->anonymous || module->state > RP_SYM_DYNSYM)
		return;
	file->modules = rp_memory_grow(file->modules, file->n_modules, sizeof(*file->modules));

	struct rp_sidecar_module *m = &file->modules[file->n_modules++];

	*m = (struct rp_sidecar_module){.module = number,
	                                .state = module->state,
	                                .source = number_of(s, module->source),
	                                .address = file->n_addresses};
	save_addresses(s, known, n);
	m->n_addresses = file->n_addresses - m->address;
}

bool rp_profile_side_save(const struct rp_profile *p, const struct rp_profile_names *names,
                          size_t which, const char *path, struct rp_why *why)
{
	const struct rp_recording *r = p->join->recordings[which];
	const struct rp_profile_node *nodes = names->nodes;
	struct known *known = rp_memory_zero(r->n_stacks, sizeof(*known));
	struct saving s = {0};
	char name[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < which; i++)
		nodes += p->join->recordings[i]->n_stacks;
	memcpy(s.file.id, r->head.id, sizeof(s.file.id));
	s.file.texts = rp_memory_grow(NULL, 0, sizeof(*s.file.texts));
	s.file.texts[s.file.n_texts++] = NULL;
	for (size_t i = 0; i < r->n_modules; i++)
		save_module(&s, r, nodes, r->modules[i].module, known);

	struct rp_why cause = {.text = "there is no such session"};
	bool ok = rp_names_sidecar(name, sizeof(name), path) && stat(path, &st) == 0 &&
	          rp_sidecar_write(&s.file, name, st.st_uid, &cause);

	if (!ok)
		rp_why_set(why, 0, "%.150s: the names beside it: %.80s", path, cause.text);

	free(known);
	rp_index_free(&s.texts);
	rp_sidecar_free(&s.file);
	return ok;
}
