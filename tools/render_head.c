/* render_head.c - the facts above a tree: which request, when, and the account of its time.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <time.h>
#include "tools/render_text.h"
#include "tools/units.h"

enum {
	MOST_LISTED = 5,  /* warnings of several sessions */
	PART_BYTES = 192, /* of a line of the head */
};

static const char *dot(const struct rp_term *t)
{
	return t->unicode ? " · " : " | ";
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

uint64_t rp_render_counter(const struct rp_session *s, const char *name)
{
	for (size_t i = 0; i < s->n_counters; i++)
		if (strcmp(s->counters[i].name, name) == 0)
			return s->counters[i].value;
	return 0;
}

static void draw_request(const struct rp_term *t, const struct rp_session *s)
{
	fputs(rp_term_sgr(t, RP_BOLD), t->out);
	rp_render_text(t, *s->method ? s->method : "?", 0);
	fputc(' ', t->out);
	rp_render_text(t, s->target, 0);
	fputs(t->unicode ? " → " : " -> ", t->out);
	if (s->status)
		fprintf(t->out, "%u", s->status);
	else
		fputs("no status", t->out);
	fputs(rp_term_sgr(t, RP_PLAIN), t->out);
}

void rp_render_request(const struct rp_term *t, const struct rp_session *s)
{
	char time[RP_UNITS_MAX];

	draw_request(t, s);
	fprintf(t->out, "%s%s%ssession ", dot(t), rp_units_time(time, s->account.duration_ns),
	        dot(t));
	rp_render_text(t, s->id, 0);
	fputc('\n', t->out);
	if (s->why) {
		fprintf(t->out, "%swarning: ", rp_term_sgr(t, RP_WARM));
		rp_render_text(t, s->why, 0);
		fprintf(t->out, "%s\n", rp_term_sgr(t, RP_PLAIN));
	}
}

/* Parts with dots between them; on a narrow terminal lines end at a dot. */
static void draw_parts(const struct rp_term *t, char (*parts)[PART_BYTES], size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		size_t columns = rp_term_columns(parts[i], strlen(parts[i]), t->unicode);

		if (i > 0 && t->width && at + 3 + columns > t->width) {
			fputc('\n', t->out);
			at = 0;
		} else if (i > 0) {
			fputs(dot(t), t->out);
			at += 3;
		}
		rp_render_text(t, parts[i], 0);
		at += columns;
	}
	fputc('\n', t->out);
}

static void draw_when(const struct rp_term *t, const struct rp_session *s)
{
	time_t seconds = (time_t)(s->began_wall_ns / 1000000000);
	unsigned ms = (unsigned)(s->began_wall_ns / 1000000 % 1000);
	char parts[3][PART_BYTES], date[64];
	struct tm local;

	if (!localtime_r(&seconds, &local) ||
	    !strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &local))
		strcpy(date, "?");
	snprintf(parts[0], PART_BYTES, "%s pid %u", *s->server ? s->server : "?", s->pid);
	snprintf(parts[1], PART_BYTES, "%s.%03u", date, ms);
	snprintf(parts[2], PART_BYTES, "session %s", s->id);
	draw_parts(t, parts, 3);
}

/* Sums over all sessions. */
static struct rp_session sum_of(const struct rp_profile *p)
{
	struct rp_session sum = {0};

	for (size_t i = 0; i < p->n_sessions; i++) {
		const struct rp_session *s = &p->sessions[i];

		sum.n_samples += s->n_samples;
		sum.n_waits += s->n_waits;
		sum.n_segments += s->n_segments;
		sum.n_without_tick += s->n_without_tick;
		sum.account.duration_ns += s->account.duration_ns;
		sum.account.cpu_ns += s->account.cpu_ns;
		sum.account.waits_ns += s->account.waits_ns;
		sum.account.not_running_ns += s->account.not_running_ns;
		sum.account.idle_ns += s->account.idle_ns;
		sum.account.unwatched_ns += s->account.unwatched_ns;
		sum.account.unexplained_ns += s->account.unexplained_ns;
		sum.account.lane_ns += s->account.lane_ns;
		if (s->account.n_parallel > sum.account.n_parallel)
			sum.account.n_parallel = s->account.n_parallel;
	}
	return sum;
}

/* DURATION NULL: it is told elsewhere. */
static void draw_numbers(const struct rp_term *t, const struct rp_profile *p,
                         const struct rp_session *sum, const char *duration)
{
	char parts[3][PART_BYTES];
	size_t n = 0;
	/* A chosen number, not a measured one: without decimals. */
	uint64_t us = p->sessions[0].interval_ns / 1000;

	if (duration)
		snprintf(parts[n++], PART_BYTES, "duration %s", duration);
	int used = snprintf(parts[n], PART_BYTES, "%zu sample%s", sum->n_samples,
	                    plural(sum->n_samples));

	if (sum->n_samples)
		snprintf(parts[n] + used, PART_BYTES - (size_t)used, " every %llu %s",
		         (unsigned long long)(us % 1000 ? us : us / 1000), us % 1000 ? "us" : "ms");
	n++;
	snprintf(parts[n++], PART_BYTES, "%zu wait%s", sum->n_waits, plural(sum->n_waits));
	draw_parts(t, parts, n);
}

static void draw_account(const struct rp_term *t, const struct rp_account *a, uint64_t interval_ns)
{
	const struct {
		const char *name;
		uint64_t ns;
	} lines[] = {{"CPU", a->cpu_ns},
	             {"waits", a->waits_ns},
	             {"not running", a->not_running_ns},
	             {"idle", a->idle_ns},
	             {"not measured", a->unwatched_ns}};
	struct rp_scale scale = rp_units_scale(a->duration_ns, interval_ns);
	char parts[6][PART_BYTES], text[RP_UNITS_MAX];
	size_t n = 0;
	uint64_t size =
	        a->unexplained_ns < 0 ? -(uint64_t)a->unexplained_ns : (uint64_t)a->unexplained_ns;

	/* The last line is there only for requests that were caught late. */
	for (size_t i = 0; i < (a->unwatched_ns ? 5 : 4); i++)
		snprintf(parts[n++], PART_BYTES, "%s %s", lines[i].name,
		         rp_units_scaled(text, &scale, lines[i].ns));
	rp_units_scaled(text, &scale, size);
	/* "-0.0 ms" would be noise: a sign only where a digit follows it. */
	bool minus = a->unexplained_ns < 0 && strpbrk(text, "123456789");

	snprintf(parts[n++], PART_BYTES, "unexplained %s%s", minus ? "-" : "", text);
	draw_parts(t, parts, n);
	if (a->n_parallel > 1)
		fprintf(t->out, "%u threads in parallel: the parts are of %s of thread time\n",
		        a->n_parallel, rp_units_scaled(text, &scale, a->lane_ns));
}

enum { MOST_REASONS = 64 };

/* The losses of all sessions, each reason once; how many reasons. */
static size_t sum_losses(const struct rp_profile *p, struct rp_count sums[MOST_REASONS])
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_sessions; i++)
		for (size_t k = 0; k < p->sessions[i].n_lost; k++) {
			const struct rp_count *lost = &p->sessions[i].lost[k];
			size_t at = 0;

			while (at < n && strcmp(sums[at].name, lost->name) != 0)
				at++;
			if (at == MOST_REASONS)
				continue;
			if (at == n)
				sums[n++] = (struct rp_count){lost->name, 0};
			sums[at].value += lost->value;
		}
	return n;
}

/* "lost 5: 3 ring_full, 2 deep_stack", and what the recording itself cost. */
static void draw_losses(const struct rp_term *t, const struct rp_profile *p)
{
	struct rp_count sums[MOST_REASONS];
	size_t n = sum_losses(p, sums);
	char text[RP_UNITS_MAX];
	uint64_t lost = 0, overhead_ns = 0;

	for (size_t i = 0; i < n; i++)
		lost += sums[i].value;
	if (lost)
		fprintf(t->out, "lost %llu:", (unsigned long long)lost);
	for (size_t i = 0; i < n && lost; i++) {
		fprintf(t->out, "%s %llu ", i ? "," : "", (unsigned long long)sums[i].value);
		rp_render_text(t, sums[i].name, 0);
	}
	if (lost)
		fputc('\n', t->out);
	for (size_t i = 0; i < p->n_sessions; i++)
		overhead_ns += rp_render_counter(&p->sessions[i], "overhead_ns");
	if (overhead_ns)
		fprintf(t->out, "overhead of the recording %s%s\n",
		        rp_units_time(text, overhead_ns / p->n_sessions),
		        p->n_sessions > 1 ? " a request" : "");
}

/* How stacks and ticks were made, where not as usual. */
static void draw_engine(const struct rp_term *t, const struct rp_profile *p)
{
	uint64_t by_libunwind = 0, longest_ns = 0;
	char text[RP_UNITS_MAX];

	for (size_t i = 0; i < p->n_sessions; i++) {
		uint64_t ns = rp_render_counter(&p->sessions[i], "interval_max_ns");

		by_libunwind += rp_render_counter(&p->sessions[i], "walks_libunwind");
		longest_ns = ns > longest_ns ? ns : longest_ns;
	}
	if (by_libunwind)
		fprintf(t->out, "%llu stacks walked by libunwind\n",
		        (unsigned long long)by_libunwind);
	if (longest_ns)
		fprintf(t->out, "samples took longer than the interval allows: backed off to %s\n",
		        rp_units_time(text, longest_ns));
}

/* What was wrong once is believed no more. */
static void draw_off(const struct rp_term *t, uint64_t off)
{
	static const char *const ways[] = {
#define HANDOFF(name, number, text) [number] = text,
#include "store/handoffs.def"
	};
	const char *before = "; not believed any more: ";

	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (off >> i & 1) {
			fprintf(t->out, "%s%s", before, ways[i]);
			before = ", ";
		}
}

/* Whose work a thread was at: what of it was checked, and what could not be told. */
static void draw_followed(const struct rp_term *t, const struct rp_profile *p)
{
	uint64_t agreed = 0, wrong = 0, unsure = 0, off = 0;

	for (size_t i = 0; i < p->n_sessions; i++) {
		const struct rp_session *s = &p->sessions[i];

		agreed += rp_render_counter(s, "follow_agreed");
		wrong += rp_render_counter(s, "follow_contradicted");
		unsure += rp_render_counter(s, "follow_unsure");
		off |= rp_render_counter(s, "follow_off");
	}
	if (!agreed && !wrong && !unsure && !off)
		return;
	fprintf(t->out, "followed: %llu check%s held, %llu did not", (unsigned long long)agreed,
	        plural(agreed), (unsigned long long)wrong);
	if (unsure)
		fprintf(t->out, "%swhose work it was could not be told %llu time%s", dot(t),
		        (unsigned long long)unsure, plural(unsure));
	draw_off(t, off);
	fputc('\n', t->out);
}

static bool is_whole(const struct rp_session *s)
{
	return !s->why && strcmp(s->ended, "complete") == 0;
}

static void draw_warning(const struct rp_term *t, const struct rp_session *s)
{
	fprintf(t->out, "%s%s", rp_term_sgr(t, RP_WARM),
	        s->why ? "warning: " : "the recording ended early: ");
	rp_render_text(t, s->why ? s->why : s->ended, 0);
	fprintf(t->out, "%s\n", rp_term_sgr(t, RP_PLAIN));
}

static void draw_warnings(const struct rp_term *t, const struct rp_profile *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_sessions; i++) {
		if (is_whole(&p->sessions[i]) || n++ >= MOST_LISTED)
			continue;
		if (p->n_sessions > 1)
			fprintf(t->out, "%s: ", p->sessions[i].id);
		draw_warning(t, &p->sessions[i]);
	}
	if (n > MOST_LISTED)
		fprintf(t->out, "and %zu more that are not whole\n", n - MOST_LISTED);
}

/* Where no tick met a thread the two edges of its work stand for it: said once for all. */
static void draw_edges(const struct rp_term *t, const struct rp_session *sum)
{
	if (!sum->n_without_tick)
		return;
	if (sum->n_without_tick == sum->n_segments)
		fputs("no tick came while it ran: its stacks are those of its two edges\n", t->out);
	else
		fprintf(t->out,
		        "in %zu of %zu stretches of work no tick came: their stacks are those of "
		        "their two edges\n",
		        sum->n_without_tick, sum->n_segments);
}

static void draw_brief(const struct rp_term *t, const struct rp_profile *p,
                       const struct rp_session *sum)
{
	char time[RP_UNITS_MAX];
	size_t n = p->n_sessions;

	if (n == 1)
		draw_request(t, &p->sessions[0]);
	else
		fprintf(t->out, "%zu requests, means", n);
	fprintf(t->out, "%s%s", dot(t), rp_units_time(time, sum->account.duration_ns / n));
	fprintf(t->out, "%sCPU %s", dot(t), rp_units_time(time, sum->account.cpu_ns / n));
	fprintf(t->out, "%swaits %s\n", dot(t), rp_units_time(time, sum->account.waits_ns / n));
}

static void draw_one(const struct rp_term *t, const struct rp_profile *p,
                     const struct rp_session *sum)
{
	char time[RP_UNITS_MAX];

	draw_request(t, &p->sessions[0]);
	fputc('\n', t->out);
	draw_when(t, &p->sessions[0]);
	rp_render_caught(t, &p->sessions[0]);
	draw_numbers(t, p, sum, rp_units_time(time, sum->account.duration_ns));
	draw_account(t, &sum->account, rp_render_interval(p));
}

static void draw_several(const struct rp_term *t, const struct rp_profile *p,
                         const struct rp_session *sum)
{
	rp_render_requests(t, p);
	rp_render_spreads(t, p);
	draw_numbers(t, p, sum, NULL);
}

void rp_render_head(const struct rp_term *t, const struct rp_profile *p, bool brief)
{
	struct rp_session sum = sum_of(p);

	if (brief)
		draw_brief(t, p, &sum);
	else if (p->n_sessions == 1)
		draw_one(t, p, &sum);
	else
		draw_several(t, p, &sum);
	if (!brief) {
		draw_losses(t, p);
		draw_engine(t, p);
		draw_followed(t, p);
	}
	draw_warnings(t, p);
	if (!brief)
		draw_edges(t, &sum);
}
