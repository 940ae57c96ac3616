/* render_account.c - where the time of one request went: a bar, its parts, its threads, its
 * numbers.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "tools/render_bar.h"
#include "tools/render_text.h"
#include "tools/units.h"

static const struct {
	const char *glyph, *ascii, *text;
	enum rp_paint paint;
} looks[RP_N_PARTS + 1] = {
        [RP_PART_CPU] = {"█", "#", "on CPU", RP_HOT},
        [RP_PART_WAITS] = {"▓", "w", "waiting", RP_WARM},
        [RP_PART_CLIENT] = {"▒", "c", "waiting for the client", RP_COOL},
        [RP_PART_NOT_RUNNING] = {"▚", "r", "runnable, but no CPU was free", RP_MILD},
        [RP_PART_IDLE] = {"░", ".", "idle: no thread worked for it", RP_DIM},
        [RP_PART_UNWATCHED] = {"┄", "-", "before it was old enough to be measured", RP_DIM},
        [RP_N_PARTS] = {"?", "?", "unexplained", RP_BOLD},
};

static const char *dot(const struct rp_term *t)
{
	return t->unicode ? " · " : " | ";
}

static uint64_t size_of(int64_t ns)
{
	return ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
}

static void draw_bar(const struct rp_term *t, const struct rp_account *a)
{
	struct rp_bar_part parts[RP_N_PARTS + 1];

	for (unsigned i = 0; i <= RP_N_PARTS; i++) {
		uint64_t rest_ns =
		        a->wall.unexplained_ns > 0 ? (uint64_t)a->wall.unexplained_ns : 0;

		parts[i] = (struct rp_bar_part){looks[i].glyph, looks[i].ascii, looks[i].paint,
		                                i < RP_N_PARTS ? a->wall.ns[i] : rest_ns};
	}
	rp_render_stacked(t, parts, RP_N_PARTS + 1, a->duration_ns, rp_render_bar_columns(t, 0));
	fputc('\n', t->out);
}

/* "slowly" is what the client does; which of the two, where it is only one. */
static void draw_client(const struct rp_term *t, const struct rp_account *a)
{
	char sends[RP_UNITS_MAX], reads[RP_UNITS_MAX];

	rp_units_time(sends, a->client_sends_ns);
	rp_units_time(reads, a->client_reads_ns);
	if (a->client_sends_ns && a->client_reads_ns)
		fprintf(t->out, ": it sends slowly %s%sreads slowly %s", sends, dot(t), reads);
	else if (a->client_sends_ns)
		fputs(": it sends slowly", t->out);
	else if (a->client_reads_ns)
		fputs(": it reads slowly", t->out);
}

static void draw_part(const struct rp_term *t, const struct rp_account *a,
                      const struct rp_scale *scale, unsigned part)
{
	int64_t ns = part < RP_N_PARTS ? (int64_t)a->wall.ns[part] : a->wall.unexplained_ns;
	char time[RP_UNITS_MAX], text[RP_UNITS_MAX + 1], share[RP_UNITS_MAX];

	rp_units_scaled(time, scale, size_of(ns));
	/* "-0.0 ms" would be noise: a sign only where a digit follows it. */
	snprintf(text, sizeof(text), "%s%s", ns < 0 && strpbrk(time, "123456789") ? "-" : "", time);
	fprintf(t->out, "%11s  %6s  %s%s%s %s", text,
	        rp_units_share(share, size_of(ns), a->duration_ns),
	        rp_term_sgr(t, looks[part].paint),
	        t->unicode ? looks[part].glyph : looks[part].ascii, rp_term_sgr(t, RP_PLAIN),
	        looks[part].text);
	if (part == RP_PART_CLIENT)
		draw_client(t, a);
	fputc('\n', t->out);
}

static void draw_parts(const struct rp_term *t, const struct rp_account *a,
                       const struct rp_scale *scale)
{
	char time[RP_UNITS_MAX];

	fprintf(t->out, "%s%11s  %6s  PART%s\n", rp_term_sgr(t, RP_BOLD), "TIME", "SHARE",
	        rp_term_sgr(t, RP_PLAIN));
	for (unsigned i = 0; i <= RP_N_PARTS; i++)
		if (i != RP_PART_UNWATCHED || a->wall.ns[i])
			draw_part(t, a, scale, i);
	fprintf(t->out, "%11s  %6s  first byte to last byte\n",
	        rp_units_scaled(time, scale, a->duration_ns), "100.0%");
}

void rp_render_before(const struct rp_term *t, const struct rp_session *s)
{
	uint64_t queue_ns = rp_render_counter(s, "accept_queue_ns");
	uint64_t unread_ns = rp_render_counter(s, "unread_ns");
	char text[RP_UNITS_MAX];

	if (queue_ns)
		fprintf(t->out, "before that: the connection was not accepted for %s\n",
		        rp_units_time(text, queue_ns));
	if (unread_ns)
		fprintf(t->out, "before that: the request was not read for %s\n",
		        rp_units_time(text, unread_ns));
	if (queue_ns || unread_ns)
		fprintf(t->out, "  (the kernel tells when bytes came, to %s)\n",
		        rp_units_time(text, rp_render_counter(s, "arrival_tick_ns")));
}

static void draw_lanes(const struct rp_term *t, const struct rp_session *s,
                       const struct rp_scale *scale)
{
	char cpu[RP_UNITS_MAX], waits[RP_UNITS_MAX], queue[RP_UNITS_MAX], span[RP_UNITS_MAX];

	if (s->n_lanes < 2)
		return;
	if (s->account.n_parallel > 1)
		fprintf(t->out,
		        "\n%u threads in parallel: above, a moment counts once, as what the "
		        "busiest of them did;\nthe threads' own sums are\n",
		        s->account.n_parallel);
	fprintf(t->out, "%s%11s %11s %11s %11s  THREAD%s\n", rp_term_sgr(t, RP_BOLD), "WORKED",
	        "CPU", "WAITS", "NO CPU FREE", rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < s->n_lanes; i++) {
		const struct rp_lane *l = &s->lanes[i];

		fprintf(t->out, "%11s %11s %11s %11s  %u ",
		        rp_units_scaled(span, scale, l->span_ns),
		        rp_units_scaled(cpu, scale, l->cpu_ns),
		        rp_units_scaled(waits, scale, l->waits_ns),
		        rp_units_scaled(queue, scale, l->not_running_ns), l->tid);
		rp_render_text(t, l->name, 0);
		fputc('\n', t->out);
	}
}

static void draw_calls(const struct rp_term *t, const struct rp_session *s, const char *calls,
                       const char *bytes)
{
	char text[RP_UNITS_MAX];

	fprintf(t->out, "%llu %s", (unsigned long long)rp_render_counter(s, calls), calls);
	if (rp_render_counter(s, bytes))
		fprintf(t->out, " (%s)", rp_units_bytes(text, rp_render_counter(s, bytes)));
	fputs(dot(t), t->out);
}

static void draw_numbers(const struct rp_term *t, const struct rp_session *s)
{
	unsigned long long minor = 0, major = 0, voluntary = 0, forced = 0;
	char in[RP_UNITS_MAX], out[RP_UNITS_MAX];

	for (size_t i = 0; i < s->n_lanes; i++) {
		minor += s->lanes[i].minor_faults;
		major += s->lanes[i].major_faults;
		voluntary += s->lanes[i].switches_voluntary;
		forced += s->lanes[i].switches_forced;
	}
	fprintf(t->out, "\nclient   %s bytes in%s%s bytes out%s\n", rp_units_bytes(in, s->bytes_in),
	        dot(t), rp_units_bytes(out, s->bytes_out),
	        rp_render_counter(s, "over_tls") ? ", inside TLS" : "");
	fputs("calls    ", t->out);
	draw_calls(t, s, "reads", "read_bytes");
	draw_calls(t, s, "writes", "write_bytes");
	fprintf(t->out, "%llu opens%s%llu fsyncs%s%llu connects\n",
	        (unsigned long long)rp_render_counter(s, "opens"), dot(t),
	        (unsigned long long)rp_render_counter(s, "fsyncs"), dot(t),
	        (unsigned long long)rp_render_counter(s, "connects"));
	if (rp_render_is_caught(s))
		fputs("kernel   page faults and switches are not counted of what nobody flagged\n",
		      t->out);
	else
		fprintf(t->out,
		        "kernel   %llu page faults, %llu major%s%llu switches, %llu forced\n",
		        minor + major, major, dot(t), voluntary + forced, forced);
	fprintf(t->out, "others   %llu requests to other servers%sat most %llu in flight here\n",
	        (unsigned long long)rp_render_counter(s, "upstreams"), dot(t),
	        (unsigned long long)rp_render_counter(s, "most_in_flight"));
}

static void draw_overhead(const struct rp_term *t, const struct rp_session *s)
{
	uint64_t all_ns = rp_render_counter(s, "overhead_ns");
	uint64_t handler_ns = rp_render_counter(s, "handler_ns");
	char text[RP_UNITS_MAX], share[RP_UNITS_MAX], handler[RP_UNITS_MAX], hooks[RP_UNITS_MAX];

	if (rp_render_is_caught(s))
		fprintf(t->out, "profiler %s in its handler%sits hooks are not measured\n",
		        rp_units_time(handler, handler_ns), dot(t));
	else if (all_ns)
		fprintf(t->out, "profiler %s, %s of the duration%shandler %s%shooks %s\n",
		        rp_units_time(text, all_ns),
		        rp_units_share(share, all_ns, s->account.duration_ns), dot(t),
		        rp_units_time(handler, handler_ns), dot(t),
		        rp_units_time(hooks, all_ns - handler_ns));
	for (size_t i = 0; i < s->n_lost; i++) {
		fprintf(t->out, "lost     %llu ", (unsigned long long)s->lost[i].value);
		rp_render_text(t, s->lost[i].name, 0);
		fputc('\n', t->out);
	}
}

void rp_render_account(const struct rp_term *t, const struct rp_session *s)
{
	struct rp_scale scale = rp_units_scale(s->account.duration_ns, s->interval_ns);

	rp_render_request(t, s);
	rp_render_caught(t, s);
	draw_bar(t, &s->account);
	draw_parts(t, &s->account, &scale);
	rp_render_before(t, s);
	draw_lanes(t, s, &scale);
	draw_numbers(t, s);
	draw_overhead(t, s);
}
