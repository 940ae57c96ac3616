/* render_phases.c - the phases of one request, a bar a line, and what the client made it wait.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"
#include "tools/render_bar.h"
#include "tools/render_text.h"
#include "tools/units.h"

/* Moments by their place in rp_profile_phases. */
enum { ACCEPTED, FIRST_BYTE, HEAD, BODY, RESPONSE, LAST_BYTE };

enum { LEFT_COLUMNS = 40 };

struct phase {
	const char *name;
	uint64_t begin_ns, end_ns; /* since the first byte */
};

static bool known(const struct rp_session *s, int moment)
{
	return s->phases_ns[moment] != UINT64_MAX;
}

static uint64_t since_first(const struct rp_session *s, int moment)
{
	uint64_t at_ns = s->phases_ns[moment];

	return known(s, moment) && at_ns > s->first_ns ? at_ns - s->first_ns : 0;
}

/* The stretches between the moments that are known; a server may answer before the body is
 * complete, so they may overlap. */
static size_t phases_of(const struct rp_session *s, struct phase *all)
{
	uint64_t head_ns = since_first(s, HEAD), body_ns = since_first(s, BODY);
	uint64_t end_ns = s->account.duration_ns, answer_ns = since_first(s, RESPONSE);
	bool answers = known(s, RESPONSE);
	uint64_t asked_ns =
	        body_ns > head_ns && (!answers || body_ns <= answer_ns) ? body_ns : head_ns;
	size_t n = 0;

	all[n++] = (struct phase){"head", 0, head_ns};
	if (known(s, BODY) && body_ns > head_ns)
		all[n++] = (struct phase){"body", head_ns, body_ns};
	all[n++] = (struct phase){"handler", asked_ns, answers ? answer_ns : end_ns};
	if (answers)
		all[n++] = (struct phase){"answer", answer_ns, end_ns};
	return n;
}

static void draw_times(const struct rp_term *t, const struct rp_scale *scale, const char *name,
                       const char *at, uint64_t took_ns)
{
	char took[RP_UNITS_MAX];

	fprintf(t->out, "%-14s%11s %11s  ", name, at, rp_units_scaled(took, scale, took_ns));
}

static void draw_phase(const struct rp_term *t, const struct rp_session *s,
                       const struct rp_scale *scale, const struct phase *p)
{
	struct rp_bar_span span = {p->begin_ns, p->end_ns};
	char at[RP_UNITS_MAX];

	draw_times(t, scale, p->name, rp_units_scaled(at, scale, p->begin_ns),
	           p->end_ns > p->begin_ns ? p->end_ns - p->begin_ns : 0);
	rp_render_spans(t, &span, 1, s->account.duration_ns, rp_render_bar_columns(t, LEFT_COLUMNS),
	                RP_MILD);
	fputc('\n', t->out);
}

/* Its own part of the account is less: a stall counts there only where no thread worked. */
static void draw_client(const struct rp_term *t, const struct rp_session *s,
                        const struct rp_scale *scale, uint32_t way, const char *name)
{
	struct rp_bar_span *spans = rp_memory_zero(s->n_client, sizeof(*spans));
	uint64_t sum_ns = 0, end_ns = s->account.duration_ns;
	size_t n = 0;
	char at[RP_UNITS_MAX];

	for (size_t i = 0; i < s->n_client; i++) {
		const struct rp_client_wait *w = &s->client[i];
		uint64_t begin_ns = w->at_ns > s->first_ns ? w->at_ns - s->first_ns : 0;

		if (w->way != way || begin_ns >= end_ns)
			continue;
		spans[n] = (struct rp_bar_span){begin_ns, begin_ns + w->span_ns};
		if (spans[n].end_ns > end_ns)
			spans[n].end_ns = end_ns;
		sum_ns += spans[n].end_ns - begin_ns;
		n++;
	}
	if (sum_ns * 1000 > end_ns) { /* less cannot be seen */
		draw_times(t, scale, name, rp_units_scaled(at, scale, spans[0].begin_ns), sum_ns);
		rp_render_spans(t, spans, n, end_ns, rp_render_bar_columns(t, LEFT_COLUMNS),
		                RP_COOL);
		fputc('\n', t->out);
	}
	free(spans);
}

static void draw_sentence(const struct rp_term *t, const struct rp_session *s)
{
	char text[RP_UNITS_MAX], bytes[RP_UNITS_MAX];
	const char *dot = t->unicode ? " · " : " | ";

	if (known(s, RESPONSE))
		fprintf(t->out, "time to first byte %s%s",
		        rp_units_time(text, since_first(s, RESPONSE)), dot);
	fprintf(t->out, "%s bytes in%s", rp_units_bytes(bytes, s->bytes_in), dot);
	fprintf(t->out, "%s bytes out\n", rp_units_bytes(bytes, s->bytes_out));
	if (known(s, ACCEPTED) && s->phases_ns[ACCEPTED] <= s->first_ns)
		fprintf(t->out, "the connection was accepted %s before the first byte was read\n",
		        rp_units_time(text, s->first_ns - s->phases_ns[ACCEPTED]));
}

void rp_render_phases(const struct rp_term *t, const struct rp_session *s)
{
	struct rp_scale scale = rp_units_scale(s->account.duration_ns, s->interval_ns);
	struct phase all[4];
	size_t n = phases_of(s, all);

	rp_render_request(t, s);
	fprintf(t->out, "%s%-14s%11s %11s%s\n", rp_term_sgr(t, RP_BOLD), "PHASE", "AT", "TOOK",
	        rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < n; i++)
		draw_phase(t, s, &scale, &all[i]);
	draw_client(t, s, &scale, 0, "client sends");
	draw_client(t, s, &scale, 1, "client reads");
	draw_sentence(t, s);
	rp_render_before(t, s);
}
