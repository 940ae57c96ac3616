/* render_text.c - the call tree in the terminal; see render_text.h.
 *
 * Room: tools.  Walks without recursion: a damaged session may be very deep.
 * SPDX-License-Identifier: MIT
 */
#include "tools/render_text.h"

#include <stdlib.h>
#include <string.h>
#include "tools/library.h"
#include "tools/memory.h"
#include "tools/units.h"

enum {
	LEAST_NAME = 24,
	LEAST_NARROW = 8,
	NARROW = 60,
	MOST_LIBRARIES = 40,
	MOST_STEP = 3
}; /* columns */

struct walk {
	const struct rp_term *t;
	const struct rp_profile *p;
	const struct rp_calltree *tree;
	struct rp_scale scale;
	bool percent;
	size_t step;    /* columns a level is indented by */
	uint32_t *path; /* the shown calls from the top to here */
	size_t depth;   /* of the last one */
};

size_t rp_render_text(const struct rp_term *t, const char *text, size_t columns)
{
	size_t n = strlen(text);

	return rp_term_text_cut(t->out, text, n, t->unicode, columns ? columns : SIZE_MAX);
}

const char *rp_render_place(const struct rp_function *f, unsigned parts)
{
	static char *place;
	const char *path = rp_analyses_path(f);
	const char *from = path + strlen(path);

	while (from > path && (from[-1] != '/' || parts == 0 || --parts > 0))
		from--;
	free(place);
	if (!f->file || !f->line)
		place = strdup(from);
	else if (asprintf(&place, "%s:%u", from, f->line) < 0)
		place = NULL;
	return place ? place : "";
}

uint64_t rp_render_interval(const struct rp_profile *p)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < p->n_sessions; i++) {
		const struct rp_session *s = &p->sessions[i];
		/* Edges of a short request and exact waits are finer than any tick. */
		uint64_t interval_ns = s->n_samples ? s->interval_ns : 1000;

		if (interval_ns < least)
			least = interval_ns;
	}
	return least;
}

static const struct rp_call *call_at(const struct walk *w, size_t depth)
{
	return &w->tree->calls[w->path[depth]];
}

/* LINE goes on with REST to COLUMNS, the last of which stays free where there are several. */
static void draw_line(FILE *out, const char *line, const char *rest, size_t columns)
{
	fputs(line, out);
	while (--columns > 0)
		fputs(columns == 1 ? " " : rest, out);
}

/* The lines to the left of something at DEPTH; MORE: something follows it below. */
static void draw_branches(const struct walk *w, size_t depth, bool more)
{
	FILE *out = w->t->out;
	bool unicode = w->t->unicode;

	for (size_t i = 1; i < depth; i++)
		draw_line(out, !call_at(w, i)->next ? " " : unicode ? "│" : "|", " ", w->step);
	if (depth > 0 && unicode)
		draw_line(out, more ? "├" : "└", "─", w->step);
	else if (depth > 0)
		draw_line(out, more ? "|" : "`", "-", w->step);
}

/* A deep tree is indented less where it would leave no room for the names. */
static size_t step_for(const struct rp_term *t, const struct rp_calltree *tree)
{
	uint32_t *depth = rp_memory_zero(tree->n_calls + 1, sizeof(*depth));
	size_t deepest = 0, step = MOST_STEP;

	for (size_t i = 1; i < tree->n_calls; i++) {
		const struct rp_call *c = &tree->calls[i];

		depth[i] = depth[c->parent] + !c->hidden;
		if (!c->small && depth[i] > deepest)
			deepest = depth[i];
	}
	free(depth);
	while (t->width && step > 1 && step * deepest > t->width / 3)
		step--;
	return step;
}

/* Columns left for a name so that the line fits; 0: no bound. */
static size_t room_for_name(const struct walk *w, size_t taken)
{
	if (!w->t->width)
		return 0;
	size_t least = w->t->width < NARROW ? LEAST_NARROW : LEAST_NAME;

	return taken + least < w->t->width ? w->t->width - taken : least;
}

/* The place of F, with its directory unless that leaves no room for a name. */
static const char *place_of(const struct walk *w, const struct rp_function *f, size_t taken)
{
	const char *place = rp_render_place(f, f->file ? 2 : 1);
	size_t columns = rp_term_columns(place, strlen(place), w->t->unicode) + 2;
	size_t name = rp_term_columns(f->name, strlen(f->name), w->t->unicode);

	name = name < LEAST_NAME ? name : LEAST_NAME;
	if (!w->t->width || !f->file || taken + columns + name <= w->t->width)
		return place;
	return rp_render_place(f, 1);
}

static void draw_function(const struct walk *w, const struct rp_function *f, size_t taken)
{
	const char *place = place_of(w, f, taken);
	/* "libfoo.so+0x12" says by itself where it is. */
	bool is_told = *place && !f->file && strncmp(f->name, place, strlen(place)) == 0 &&
	               (f->name[strlen(place)] == '+' || !f->name[strlen(place)]);
	size_t n_place = is_told ? 0 : strlen(place);
	size_t columns = n_place ? rp_term_columns(place, n_place, w->t->unicode) + 2 : 0;

	fputs(rp_term_sgr(w->t, f->library || f->pseudo ? RP_PLAIN : RP_BOLD), w->t->out);
	rp_render_text(w->t, f->name, room_for_name(w, taken + columns));
	fputs(rp_term_sgr(w->t, RP_PLAIN), w->t->out);
	if (!n_place)
		return;
	fprintf(w->t->out, "  %s", rp_term_sgr(w->t, RP_DIM));
	rp_render_text(w->t, place, 0);
	fputs(rp_term_sgr(w->t, RP_PLAIN), w->t->out);
}

static void put_time(const struct walk *w, char time[RP_UNITS_MAX], uint64_t ns)
{
	if (w->percent)
		rp_units_share(time, ns, w->tree->calls[0].total_ns);
	else
		rp_units_scaled(time, &w->scale, ns / w->p->n_sessions);
}

static void draw_call(const struct walk *w)
{
	const struct rp_call *c = call_at(w, w->depth);
	uint64_t whole_ns = w->tree->calls[0].total_ns;
	char time[RP_UNITS_MAX];

	put_time(w, time, c->total_ns);
	draw_branches(w, w->depth, c->next != 0);
	fprintf(w->t->out, "%s%s%s ",
	        rp_term_sgr(w->t, rp_term_heat((double)c->total_ns / (double)whole_ns)), time,
	        rp_term_sgr(w->t, RP_PLAIN));
	if (c->kind == RP_CALL_FRAME) {
		draw_function(w, &w->p->functions[c->what], w->step * w->depth + strlen(time) + 1);
	} else {
		fprintf(w->t->out, "thread %u ", w->p->workers[c->what].tid);
		rp_render_text(w->t, w->p->workers[c->what].name, 0);
	}
	fputc('\n', w->t->out);
}

static bool is_named(char names[][MOST_LIBRARIES], size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* "libssl, libc": whose calls of GROUP are hidden, until MOST_LIBRARIES columns are full. */
static void draw_libraries(const struct walk *w, uint32_t group)
{
	char names[4][MOST_LIBRARIES];
	size_t n = 0;

	for (size_t i = group; i < w->tree->n_calls; i++) {
		const struct rp_call *c = &w->tree->calls[i];
		int n_bytes;

		if (!c->hidden || c->group != group)
			continue;
		const char *name = rp_library_name(w->p->functions[c->what].module, &n_bytes);
		char text[MOST_LIBRARIES];

		snprintf(text, sizeof(text), "%.*s", n_bytes, name);
		if (is_named(names, n, text))
			continue;
		if (n == 4) {
			fputs(", ...", w->t->out);
			return;
		}
		memcpy(names[n++], text, sizeof(text));
		fputs(n > 1 ? ", " : "  ", w->t->out);
		rp_render_text(w->t, text, 0);
	}
}

/* What the hidden calls of GROUP took themselves. */
static uint64_t hidden_self_ns(const struct walk *w, uint32_t group)
{
	uint64_t sum_ns = 0;

	for (size_t i = group; i < w->tree->n_calls; i++)
		if (w->tree->calls[i].hidden && w->tree->calls[i].group == group)
			sum_ns += w->tree->calls[i].self_ns;
	return sum_ns;
}

static void draw_hidden(const struct walk *w)
{
	const struct rp_call *c = call_at(w, w->depth);
	char time[RP_UNITS_MAX];

	draw_branches(w, w->depth + 1, c->shown != 0);
	fputs(rp_term_sgr(w->t, RP_DIM), w->t->out);
	put_time(w, time, hidden_self_ns(w, w->path[w->depth]));
	fprintf(w->t->out, "%s [%u frames hidden]", time, c->n_hidden);
	draw_libraries(w, w->path[w->depth]);
	fprintf(w->t->out, "%s\n", rp_term_sgr(w->t, RP_PLAIN));
}

/* Steps to the next call to draw: down, else aside, else up and aside.  false at the end. */
static bool step(struct walk *w)
{
	uint32_t down = call_at(w, w->depth)->shown;

	if (down) {
		w->path[++w->depth] = down;
		return true;
	}
	while (!call_at(w, w->depth)->next)
		if (w->depth-- == 0)
			return false;
	w->path[w->depth] = call_at(w, w->depth)->next;
	return true;
}

void rp_render_tree(const struct rp_term *t, const struct rp_profile *p,
                    const struct rp_calltree *tree, bool percent)
{
	uint64_t whole_ns = tree->calls[0].total_ns / p->n_sessions;
	struct walk w = {.t = t, .p = p, .tree = tree, .percent = percent};

	if (!tree->calls[0].shown) {
		fputs("No samples were recorded.\n", t->out);
		return;
	}
	w.step = step_for(t, tree);
	w.scale = rp_units_scale(whole_ns, rp_render_interval(p));
	w.path = rp_memory_zero(tree->n_calls + 1, sizeof(*w.path));
	w.path[0] = tree->calls[0].shown;
	do {
		draw_call(&w);
		if (call_at(&w, w.depth)->n_hidden)
			draw_hidden(&w);
	} while (step(&w));
	free(w.path);
	if (tree->n_small)
		fprintf(t->out, "%s%zu call%s below 1 %% not shown; --show-all shows all%s\n",
		        rp_term_sgr(t, RP_DIM), tree->n_small, tree->n_small == 1 ? "" : "s",
		        rp_term_sgr(t, RP_PLAIN));
}
