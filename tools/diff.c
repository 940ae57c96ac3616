/* diff.c - see diff.h; kin is in diff_kin.c.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/diff.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"

enum { MOST_COMPARED = 100 }; /* with more of them p could not be small enough for any */

#define WAIT_TAIL  0.2   /* what is taken for run delay is too much in some of many requests */
#define LEAST_PART 0.005 /* of the request: functions with less are not compared */

/* What functions took, while they are compared. */
struct sheet {
	const struct rp_profile *p;
	const uint32_t *kin;
	enum rp_diff_clock clock;
	bool *cpu;      /* by function: its clock */
	double *sums;   /* by function, of all sessions */
	uint32_t *rows; /* by function: its row + 1; 0: it is not compared */
	/* Row by row, a number a session: what is compared; and how long a wait that was over had
	 * no CPU, which is not in it. */
	double *ns, *delays_ns;
};

static double *row_of(const struct sheet *s, double *numbers, size_t row)
{
	return numbers + row * s->p->n_sessions;
}

static bool by_cpu(const struct rp_function *f, enum rp_diff_clock clock)
{
	return clock == RP_DIFF_AUTO ? !f->pseudo : clock == RP_DIFF_CPU;
}

/* The function that a point is charged to. */
static uint32_t function_of(const struct sheet *s, const struct rp_point *point)
{
	const struct rp_chain *chain = &s->p->chains[point->chain];

	return s->kin[chain->functions[chain->n - 1]];
}

/* What POINT took, on the clock of its function. */
static double time_of(const struct sheet *s, const struct rp_point *point, uint32_t function)
{
	if (s->cpu[function])
		return (double)point->cpu_ns;
	return (double)(point->wall_ns - (s->clock == RP_DIFF_AUTO ? point->delay_ns : 0));
}

static void sum_up(struct sheet *s)
{
	for (size_t i = 0; i < s->p->n_points; i++) {
		uint32_t function = function_of(s, &s->p->points[i]);

		s->sums[function] += time_of(s, &s->p->points[i], function);
	}
}

static void fill_rows(struct sheet *s)
{
	for (size_t i = 0; i < s->p->n_sessions; i++) {
		const struct rp_session *session = &s->p->sessions[i];

		for (size_t k = 0; k < session->n_points; k++) {
			const struct rp_point *point = &s->p->points[session->first_point + k];
			uint32_t function = function_of(s, point), row = s->rows[function];

			if (!row)
				continue;
			row_of(s, s->ns, row - 1)[i] += time_of(s, point, function);
			if (s->clock == RP_DIFF_AUTO)
				row_of(s, s->delays_ns, row - 1)[i] += (double)point->delay_ns;
		}
	}
}

/* Which part of a wait was run delay is an estimate: the scheduler tells the sum of a stretch of
 * work only.  So a wait has changed when it has with that delay and without it: the truth lies
 * between the two. */
static void compare_with_delays(const struct rp_diff *d, struct rp_diff_row *row, const double *ns,
                                const double *delays_ns)
{
	size_t n = d->n_before + d->n_after;
	double *whole_ns = rp_memory_zero(n, sizeof(*whole_ns));

	for (size_t i = 0; i < n; i++)
		whole_ns[i] = ns[i] + delays_ns[i];
	struct rp_change whole =
	        rp_change_of(whole_ns, d->n_before, whole_ns + d->n_before, d->n_after, WAIT_TAIL);

	free(whole_ns);
	if ((whole.after > whole.before) != (row->change.after > row->change.before))
		row->change.p = 1;
	else if (whole.p > row->change.p)
		row->change.p = whole.p;
}

/* NS: the sessions before, then those after.  DELAYS_NS the same, or NULL. */
static void compare(const struct rp_diff *d, struct rp_diff_row *row, const double *ns,
                    const double *delays_ns)
{
	row->change = rp_change_of(ns, d->n_before, ns + d->n_before, d->n_after,
	                           delays_ns ? WAIT_TAIL : RP_CHANGE_TAIL);
	rp_change_interval(&row->change, ns, d->n_before, ns + d->n_before, d->n_after,
	                   d->how.level);
	if (delays_ns)
		compare_with_delays(d, row, ns, delays_ns);
}

static double duration_of(const struct rp_account *a)
{
	return (double)a->duration_ns;
}

static double steady_of(const struct rp_account *a)
{
	return (double)(a->duration_ns - a->wall.ns[RP_PART_NOT_RUNNING]);
}

static double cpu_of(const struct rp_account *a)
{
	return (double)a->cpu_ns;
}

static double waits_of(const struct rp_account *a)
{
	return (double)a->waits_ns;
}

static const struct {
	const char *name;
	bool cpu;
	double (*of)(const struct rp_account *a);
} lines[RP_DIFF_LINES] = {{"duration", false, duration_of},
                          {"duration less run delay", false, steady_of},
                          {"CPU", true, cpu_of},
                          {"waits", false, waits_of}};

/* Sums of functions, to be sorted: those with most time are compared. */
struct candidate {
	uint32_t function;
	double sum;
};

static int most_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->sum != y->sum)
		return x->sum > y->sum ? -1 : 1;
	return x->function < y->function ? -1 : 1;
}

/* The functions worth comparing.  They are chosen by both sets together, which says nothing of how
 * the two differ: so the choice costs no certainty. */
static void choose(struct rp_diff *d, struct sheet *s)
{
	size_t n_functions = s->p->n_functions, n = 0;
	struct candidate *all = rp_memory_zero(n_functions, sizeof(*all));
	double whole_ns = 0;

	for (uint32_t i = 0; i < n_functions; i++) {
		whole_ns += s->sums[i];
		if (s->sums[i] > 0)
			all[n++] = (struct candidate){i, s->sums[i]};
	}
	qsort(all, n, sizeof(*all), most_first);
	d->rows = rp_memory_zero(n < MOST_COMPARED ? n : MOST_COMPARED, sizeof(*d->rows));
	for (size_t i = 0; i < n; i++) {
		uint32_t function = all[i].function;

		if (d->n_rows == MOST_COMPARED || all[i].sum < LEAST_PART * whole_ns) {
			d->n_small++;
			continue;
		}
		d->rows[d->n_rows++] = (struct rp_diff_row){.function = function,
		                                            .judged = true,
		                                            .cpu = s->cpu[function]};
		s->rows[function] = (uint32_t)d->n_rows;
	}
	free(all);
}

double rp_diff_share(const struct rp_change *c)
{
	if (c->before > 0)
		return (c->after - c->before) / c->before;
	return c->after > 0 ? HUGE_VAL : 0;
}

static void judge(const struct rp_diff *d, struct rp_diff_row *row)
{
	double share = rp_diff_share(&row->change);

	if (!row->judged || row->change.p >= 1 - d->how.level || fabs(share) < d->how.least)
		return;
	row->verdict = share > 0 ? RP_DIFF_SLOWER : RP_DIFF_FASTER;
}

/* All comparisons together: each p is raised until a single false alarm is as rare as the level
 * says. */
static void judge_all(struct rp_diff *d)
{
	double **p = rp_memory_zero(RP_DIFF_LINES + d->n_rows, sizeof(*p));

	for (size_t i = 0; i < RP_DIFF_LINES; i++)
		if (d->lines[i].judged)
			p[d->n_judged++] = &d->lines[i].change.p;
	for (size_t i = 0; i < d->n_rows; i++)
		p[d->n_judged++] = &d->rows[i].change.p;
	rp_change_adjust(p, d->n_judged);
	free(p);
	for (size_t i = 0; i < RP_DIFF_LINES; i++)
		judge(d, &d->lines[i]);
	for (size_t i = 0; i < d->n_rows; i++) {
		judge(d, &d->rows[i]);
		d->n_changed += d->rows[i].verdict != RP_DIFF_SAME;
	}
	d->too_few = rp_change_least_p(d->n_before, d->n_after) * (double)d->n_judged >=
	             1 - d->how.level;
}

static double size_of(const struct rp_diff_row *row)
{
	return fabs(row->change.after - row->change.before);
}

static int changed_first(const void *a, const void *b)
{
	const struct rp_diff_row *x = a, *y = b;
	bool x_changed = x->verdict != RP_DIFF_SAME, y_changed = y->verdict != RP_DIFF_SAME;

	if (x_changed != y_changed)
		return x_changed ? -1 : 1;
	if (size_of(x) != size_of(y))
		return size_of(x) > size_of(y) ? -1 : 1;
	return x->function < y->function ? -1 : x->function > y->function;
}

/* Whether one set was over before the other began. */
static bool one_by_one(const struct rp_profile *p, size_t n_before)
{
	uint64_t first[2] = {UINT64_MAX, UINT64_MAX}, last[2] = {0, 0};

	for (size_t i = 0; i < p->n_sessions; i++) {
		uint64_t at_ns = p->sessions[i].began_wall_ns;
		bool after = i >= n_before;

		first[after] = at_ns < first[after] ? at_ns : first[after];
		last[after] = at_ns > last[after] ? at_ns : last[after];
	}
	return last[0] < first[1] || last[1] < first[0];
}

/* How long a request took is the machine's doing as well: on its busy days that line is told, and
 * the one without run delay judged. */
static bool is_judged(const struct rp_diff *d, size_t line)
{
	return line != (d->how.clock == RP_DIFF_WALL ? 1 : 0);
}

/* By session: run delay inside its waits; free() it. */
static double *wait_delays(const struct rp_profile *p)
{
	double *delays_ns = rp_memory_zero(p->n_sessions, sizeof(*delays_ns));

	for (size_t i = 0; i < p->n_sessions; i++)
		for (size_t k = 0; k < p->sessions[i].n_points; k++)
			delays_ns[i] += (double)p->points[p->sessions[i].first_point + k].delay_ns;
	return delays_ns;
}

static void compare_lines(struct rp_diff *d, const struct rp_profile *p)
{
	double *ns = rp_memory_zero(p->n_sessions, sizeof(*ns));
	double *delays_ns = wait_delays(p);

	for (size_t i = 0; i < RP_DIFF_LINES; i++) {
		for (size_t k = 0; k < p->n_sessions; k++)
			ns[k] = lines[i].of(&p->sessions[k].account);
		d->lines[i] = (struct rp_diff_row){.name = lines[i].name,
		                                   .judged = is_judged(d, i),
		                                   .cpu = lines[i].cpu};
		compare(d, &d->lines[i], ns, lines[i].of == waits_of ? delays_ns : NULL);
	}
	free(delays_ns);
	free(ns);
}

static void compare_functions(struct rp_diff *d, struct sheet *s)
{
	size_t n = d->n_rows * s->p->n_sessions;

	s->ns = rp_memory_zero(n, sizeof(*s->ns));
	s->delays_ns = rp_memory_zero(n, sizeof(*s->delays_ns));
	fill_rows(s);
	for (size_t i = 0; i < d->n_rows; i++)
		compare(d, &d->rows[i], row_of(s, s->ns, i),
		        d->rows[i].cpu ? NULL : row_of(s, s->delays_ns, i));
	free(s->ns);
	free(s->delays_ns);
}

void rp_diff_make(struct rp_diff *d, const struct rp_profile *p, size_t n_before,
                  const struct rp_diff_how *how)
{
	uint32_t *kin = rp_diff_kin(p);
	struct sheet s = {.p = p, .kin = kin, .clock = how->clock};

	*d = (struct rp_diff){.how = *how,
	                      .n_before = n_before,
	                      .n_after = p->n_sessions - n_before};
	s.cpu = rp_memory_zero(p->n_functions, sizeof(*s.cpu));
	s.sums = rp_memory_zero(p->n_functions, sizeof(*s.sums));
	s.rows = rp_memory_zero(p->n_functions, sizeof(*s.rows));
	for (size_t i = 0; i < p->n_functions; i++)
		s.cpu[i] = by_cpu(&p->functions[i], how->clock);
	sum_up(&s);
	choose(d, &s);
	compare_lines(d, p);
	compare_functions(d, &s);
	judge_all(d);
	d->one_by_one = one_by_one(p, n_before);
	qsort(d->rows, d->n_rows, sizeof(*d->rows), changed_first);
	free(kin);
	free(s.cpu);
	free(s.sums);
	free(s.rows);
}

void rp_diff_free(struct rp_diff *d)
{
	free(d->rows);
	*d = (struct rp_diff){0};
}
