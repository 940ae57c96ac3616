/* profile_session.c - the facts of one session as the header of a report tells them.
 *
 * Room: tools.  Part of profile.h.  SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include "tools/join.h"
#include "tools/recording.h"
#include "tools/times.h"

const char *const rp_profile_phases[6] = {
        "accepted", "first_byte", "head", "body", "response", "last_byte",
};

static const char *text_of(struct rp_profile *p, struct rp_slice slice)
{
	return rp_heap_text(&p->join->heap, slice.at, slice.n);
}

/* What people type: "4711-000007" out of the file's name; the name itself when it has none. */
static const char *id_of(struct rp_profile *p, const char *path)
{
	const char *name = path;
	unsigned pid, number;
	char id[32];

	for (const char *c = path; *c; c++)
		if (*c == '/')
			name = c + 1;
	if (sscanf(name, "%*[0-9TZ.]-%u-%u-", &pid, &number) != 2)
		return rp_heap_print(&p->join->heap, "%s", name);
	snprintf(id, sizeof(id), "%u-%06u", pid, number);
	return rp_heap_print(&p->join->heap, "%s", id);
}

static const char *ended_words(uint32_t how)
{
	static const char *const words[] = {
	        [RP_END_COMPLETE] = "complete",
	        [RP_END_CLOSED] = "the connection was closed",
	        [RP_END_LIMIT] = "a limit of the recording was reached",
	        [RP_END_UPGRADED] = "the connection was upgraded",
	        [RP_END_LOST] = "the border of the request was lost",
	};

	return how < sizeof(words) / sizeof(words[0]) ? words[how] : "unknown";
}

static const struct rp_count *counts_of(struct rp_profile *p, const struct rp_rec_counter *c,
                                        size_t n)
{
	struct rp_count *counts = rp_heap_take(&p->join->heap, n * sizeof(*counts));

	for (size_t i = 0; i < n; i++)
		counts[i] = (struct rp_count){text_of(p, c[i].name), c[i].value};
	return counts;
}

static const struct rp_short *shorts_of(struct rp_profile *p, const struct rp_recording *r)
{
	struct rp_short *all = rp_heap_take(&p->join->heap, r->n_short_waits * sizeof(*all));

	for (size_t i = 0; i < r->n_short_waits; i++) {
		const struct rp_rec_short_waits *s = &r->short_waits[i];

		all[i] = (struct rp_short){rp_join_kind(s->kind), s->count,
		                           rp_times_waited(s->span_ns, s->cpu_ns)};
	}
	return all;
}

static void fill_request(struct rp_profile *p, struct rp_session *s,
                         const struct rp_rec_request *request)
{
	s->method = text_of(p, request->method);
	s->target = text_of(p, request->target);
	s->host = text_of(p, request->host);
	s->protocol = text_of(p, request->protocol);
	s->peer = text_of(p, request->peer);
	s->local = text_of(p, request->local);
	s->server = text_of(p, request->server);
	s->trigger = text_of(p, request->trigger);
	s->tag = text_of(p, request->tag);
	s->traceparent = text_of(p, request->traceparent);
	s->interval_ns = request->interval_ns;
	s->pid = request->pid;
}

static void fill_lanes(struct rp_profile *p, struct rp_session *s, const struct rp_recording *r)
{
	struct rp_lane *lanes = rp_account_lanes(r, &s->n_lanes);
	struct rp_client_wait *client = rp_account_client(r, &s->n_client);
	struct rp_lane *kept = rp_heap_take(&p->join->heap, (s->n_lanes + 1) * sizeof(*kept));
	struct rp_client_wait *waits =
	        rp_heap_take(&p->join->heap, (s->n_client + 1) * sizeof(*waits));

	for (size_t i = 0; i < s->n_lanes; i++) {
		const struct rp_rec_thread *t = rp_recording_thread(r, lanes[i].thread);

		kept[i] = lanes[i];
		kept[i].tid = t ? t->tid : 0;
		kept[i].name = t ? text_of(p, t->name) : "?";
	}
	for (size_t i = 0; i < s->n_client; i++)
		waits[i] = client[i];
	s->lanes = kept;
	s->client = waits;
	free(lanes);
	free(client);
}

void rp_join_session(struct rp_profile *p, size_t which, const char *path)
{
	const struct rp_recording *r = p->join->recordings[which];
	struct rp_session *s = &p->sessions[which];
	uint64_t last_ns;

	s->path = rp_heap_print(&p->join->heap, "%s", path);
	s->id = id_of(p, path);
	fill_request(p, s, &r->request);
	if (s->pid == 0)
		s->pid = r->head.pid;
	s->why = r->complete ? NULL : rp_heap_print(&p->join->heap, "%s", r->why.text);
	s->ended = ended_words(r->response.how);
	s->status = r->response.status;
	s->bytes_in = r->response.bytes_in;
	s->bytes_out = r->response.bytes_out;
	s->began_wall_ns = r->head.began_wall_ns;
	const struct rp_rec_phases *ph = &r->phases;
	const uint64_t phases_ns[6] = {ph->accepted_ns, ph->first_byte_ns, ph->head_ns,
	                               ph->body_ns,     ph->response_ns,   ph->last_byte_ns};

	for (size_t i = 0; i < 6; i++)
		s->phases_ns[i] = phases_ns[i];
	rp_times_span(r, &s->first_ns, &last_ns);
	rp_account_make(r, &s->account);
	fill_lanes(p, s, r);
	for (size_t i = 0; i < r->n_samples; i++)
		s->n_samples += r->samples[i].edge == RP_EDGE_TICK;
	s->n_waits = r->n_waits + r->n_awaits;
	s->n_segments = r->n_segments;
	s->counters = counts_of(p, r->counters, s->n_counters = r->n_counters);
	s->shorts = shorts_of(p, r);
	s->n_shorts = r->n_short_waits;
	s->lost = counts_of(p, r->drops, s->n_lost = r->n_drops);
}
