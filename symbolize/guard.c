/* guard.c - the symbolizer, as a process of its own that may die: symbolize.h.
 *
 * Room: symbolize.  Asks guard_child.c and believes nothing that it says.  It dies of a module: a
 * new one reads only the symbols of that; dies again: the module has no names, and the others have
 * theirs. SPDX-License-Identifier: MIT
 */
#include "symbolize/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbolize/debuginfod.h"
#include "symbolize/guard_link.h"
#include "symbolize/guard_wire.h"
#include "symbolize/offset.h"
#include "symbolize/pool.h"

struct module {
	struct rp_sym_module is; /* our copy */
	enum { WHOLE, PLAIN, NOTHING } read;
	const char *why; /* it is not read whole, or NULL */
};

struct rp_symbolizer {
	struct rp_guard_limits limits;
	struct rp_guard_link link;
	struct rp_pool pool;
	const char *debug_dir;
	struct module *module;
	int n_modules, cap, n_told; /* told: known to the process that is there now */
	unsigned starts;
};

static const char nonsense[] = "it made the reader answer nonsense";

struct rp_symbolizer *rp_guard_make(const struct rp_guard_limits *limits)
{
	struct rp_symbolizer *s = calloc(1, sizeof(*s));

	if (!s)
		abort(); /* as in pool.c */
	s->limits = *limits;
	s->link.pid = -1;
	return s;
}

struct rp_symbolizer *rp_sym_make(void)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), pages = (uint64_t)sysconf(_SC_PHYS_PAGES);
	struct rp_guard_limits limits = {.memory_bytes = pages * page / 2,
	                                 .cpu_ns = UINT64_C(10000000000)};

	return rp_guard_make(&limits);
}

void rp_sym_free(struct rp_symbolizer *s)
{
	if (!s)
		return;
	rp_guard_link_close(&s->link);
	rp_pool_free(&s->pool);
	free(s->module);
	free(s);
}

unsigned rp_guard_starts(const struct rp_symbolizer *s)
{
	return s->starts;
}

static const void *copy(struct rp_symbolizer *s, const void *bytes, size_t n)
{
	return bytes ? rp_pool_text(&s->pool, bytes, n) : NULL;
}

void rp_sym_debug_dir(struct rp_symbolizer *s, const char *dir)
{
	s->debug_dir = copy(s, dir, strlen(dir));
	if (s->link.pid > 0)
		rp_guard_link_ask(&s->link, RP_WIRE_DIR, 0, dir, strlen(dir));
}

int rp_sym_add(struct rp_symbolizer *s, const struct rp_sym_module *module)
{
	if (s->n_modules == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 16;
		s->module = realloc(s->module, (size_t)s->cap * sizeof(*s->module));
		if (!s->module)
			abort(); /* as in pool.c */
	}
	struct rp_sym_module is = *module;
	const char *path = is.path ? is.path : "";

	is.path = copy(s, path, strlen(path));
	is.n_build_id = is.build_id ? is.n_build_id : 0;
	is.build_id = copy(s, is.build_id, is.n_build_id);
	is.n_image = is.image ? is.n_image : 0;
	is.image = copy(s, is.image, is.n_image);
	s->module[s->n_modules] = (struct module){.is = is};
	return s->n_modules++;
}

static void tell_module(struct rp_symbolizer *s, const struct module *m)
{
	struct rp_wire_module w = {.n_path = strlen(m->is.path),
	                           .n_build_id = m->is.n_build_id,
	                           .n_image = m->is.n_image,
	                           .has_build_id = m->is.build_id != NULL,
	                           .plain = m->read != WHOLE};
	struct rp_wire_question q = {.ask = RP_WIRE_ADD, .n = w.n_path + w.n_build_id + w.n_image};

	rp_guard_link_give(&s->link, &q, sizeof(q));
	rp_guard_link_give(&s->link, &w, sizeof(w));
	rp_guard_link_give(&s->link, m->is.path, w.n_path);
	rp_guard_link_give(&s->link, m->is.build_id, w.n_build_id);
	rp_guard_link_give(&s->link, m->is.image, w.n_image);
}

/* There is a process, and it knows every module.  False: there can be none; errno says why. */
static bool make_ready(struct rp_symbolizer *s)
{
	if (s->link.pid < 0) {
		if (!rp_guard_link_open(&s->link, &s->limits))
			return false;
		s->starts++;
		s->n_told = 0;
		if (s->debug_dir)
			rp_guard_link_ask(&s->link, RP_WIRE_DIR, 0, s->debug_dir,
			                  strlen(s->debug_dir));
	}
	for (; s->n_told < s->n_modules; s->n_told++)
		tell_module(s, &s->module[s->n_told]);
	return true;
}

/* The process died of M, or could not be: less is asked of the next. */
static void refuse(struct rp_symbolizer *s, struct module *m, const char *why, int next)
{
	m->read = m->read == WHOLE ? next : NOTHING;
	m->why = copy(s, why, strlen(why));
	rp_guard_link_close(&s->link);
}

/* Asks until it is answered or nothing more can be asked of module M (NULL: of nobody's). */
static bool ask(struct rp_symbolizer *s, struct module *m, enum rp_wire_ask what, const void *bytes,
                size_t n, struct rp_guard_reply *reply)
{
	size_t n_bytes = what == RP_WIRE_BATCH ? n * sizeof(uint64_t) : n;

	while (!m || m->read != NOTHING) {
		if (!make_ready(s)) {
			if (m)
				refuse(s, m, strerror(errno), NOTHING);
			return false;
		}
		rp_guard_link_begin(&s->link, what == RP_WIRE_BATCH ? n : 0);
		struct rp_wire_question q = {what, m ? (int)(m - s->module) : 0, n};

		rp_guard_link_give(&s->link, &q, sizeof(q));
		rp_guard_link_give(&s->link, bytes, n_bytes);
		if (rp_guard_link_take(&s->link, reply))
			return true;
		if (!m) {
			rp_guard_link_close(&s->link);
			return false;
		}
		refuse(s, m, rp_guard_link_death(&s->link), PLAIN);
	}
	return false;
}

static void name_nothing(struct rp_symbolizer *s, const struct module *m, const uint64_t *vaddr,
                         size_t n, struct rp_frames *out)
{
	struct rp_frame *frame = rp_pool_take(&s->pool, n * sizeof(*frame));

	for (size_t i = 0; i < n; i++) {
		frame[i].function = rp_offset_name(&s->pool, m->is.path, vaddr[i]);
		out[i] = (struct rp_frames){.frame = &frame[i], .n = 1};
	}
}

/* The parts of an answer, the first of which is REPLY.  NULL: all is there, else why not. */
static const char *take_frames(struct rp_symbolizer *s, struct rp_guard_reply *reply,
                               struct rp_frames *out, size_t n)
{
	struct rp_wire_answer answer = rp_wire_answer(&s->pool, out, n);
	const char *why = NULL;
	bool is_last;

	do {
		is_last = reply->head.value;
		if (reply->head.reply != RP_WIRE_FRAMES ||
		    !rp_wire_unpack(&answer, &reply->sizes, reply->bytes, reply->head.n))
			why = nonsense;
		free(reply->bytes);
		if (!why && !is_last && !rp_guard_link_take(&s->link, reply))
			why = rp_guard_link_death(&s->link);
	} while (!why && !is_last);
	return rp_wire_answer_end(&answer) || why ? why : nonsense;
}

void rp_sym_resolve(struct rp_symbolizer *s, int module, const uint64_t *vaddr, size_t n,
                    struct rp_frames *out)
{
	struct module *m = &s->module[module];
	struct rp_guard_reply reply;

	while (ask(s, m, RP_WIRE_BATCH, vaddr, n, &reply)) {
		const char *why = take_frames(s, &reply, out, n);

		if (!why)
			return;
		refuse(s, m, why, PLAIN);
	}
	name_nothing(s, m, vaddr, n, out);
}

static bool take_state(struct rp_symbolizer *s, struct module *m, const char **source,
                       enum rp_sym_state *state)
{
	struct rp_guard_reply reply;

	if (!ask(s, m, RP_WIRE_STATE, NULL, 0, &reply))
		return false;
	*source = copy(s, reply.bytes, strnlen(reply.bytes, reply.head.n));
	*state = reply.head.value <= RP_SYM_BAD_FILE ? reply.head.value : RP_SYM_BAD_FILE;
	free(reply.bytes);
	return reply.head.reply == RP_WIRE_TEXT;
}

enum rp_sym_state rp_sym_state(struct rp_symbolizer *s, int module, const char **source)
{
	struct module *m = &s->module[module];
	enum rp_sym_state state = RP_SYM_BAD_FILE;
	const char *path = m->is.path;

	take_state(s, m, &path, &state);
	if (source)
		*source = path;
	return m->why ? RP_SYM_REFUSED : state;
}

const char *rp_sym_why(struct rp_symbolizer *s, int module)
{
	return s->module[module].why;
}

const char *rp_sym_demangle(struct rp_symbolizer *s, const char *name)
{
	struct rp_guard_reply reply;
	const char *plain = name;

	if (!ask(s, NULL, RP_WIRE_DEMANGLE, name, strlen(name), &reply))
		return name;
	if (reply.head.reply == RP_WIRE_TEXT)
		plain = copy(s, reply.bytes, strnlen(reply.bytes, reply.head.n));
	free(reply.bytes);
	return plain;
}
