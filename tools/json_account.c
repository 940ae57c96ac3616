/* json_account.c - the account of a session as JSON; the keys are in reqprof.1.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/json.h"

static void put(json_t *to, const char *key, uint64_t value)
{
	json_object_set_new(to, key, json_integer((json_int_t)value));
}

static json_t *wall(const struct rp_account *a)
{
	static const char *const keys[RP_N_PARTS] = {
	        [RP_PART_CPU] = "cpu_ns",       [RP_PART_WAITS] = "waits_ns",
	        [RP_PART_CLIENT] = "client_ns", [RP_PART_NOT_RUNNING] = "not_running_ns",
	        [RP_PART_IDLE] = "idle_ns",     [RP_PART_UNWATCHED] = "unwatched_ns",
	};
	json_t *all = json_object();

	for (unsigned i = 0; i < RP_N_PARTS; i++)
		put(all, keys[i], a->wall.ns[i]);
	json_object_set_new(all, "unexplained_ns", json_integer(a->wall.unexplained_ns));
	put(all, "client_sends_ns", a->client_sends_ns);
	put(all, "client_reads_ns", a->client_reads_ns);
	return all;
}

static json_t *lane(const struct rp_session *s, const struct rp_lane *l)
{
	json_t *one = json_object();

	put(one, "tid", l->tid);
	json_object_set_new(one, "name", rp_json_text(l->name));
	put(one, "first_ns", l->first_ns - s->first_ns);
	put(one, "last_ns", l->last_ns - s->first_ns);
	put(one, "segments", l->n_segments);
	put(one, "span_ns", l->span_ns);
	put(one, "cpu_ns", l->cpu_ns);
	put(one, "waits_ns", l->waits_ns);
	put(one, "not_running_ns", l->not_running_ns);
	put(one, "minor_faults", l->minor_faults);
	put(one, "major_faults", l->major_faults);
	put(one, "switches_voluntary", l->switches_voluntary);
	put(one, "switches_forced", l->switches_forced);
	return one;
}

json_t *rp_json_account(const struct rp_session *s)
{
	const struct rp_account *a = &s->account;
	json_t *all = json_object(), *lanes = json_array();

	put(all, "duration_ns", a->duration_ns);
	put(all, "cpu_ns", a->cpu_ns);
	put(all, "waits_ns", a->waits_ns);
	put(all, "not_running_ns", a->not_running_ns);
	put(all, "idle_ns", a->idle_ns);
	put(all, "unwatched_ns", a->unwatched_ns);
	json_object_set_new(all, "unexplained_ns", json_integer(a->unexplained_ns));
	put(all, "lane_ns", a->lane_ns);
	put(all, "threads_in_parallel", a->n_parallel);
	json_object_set_new(all, "wall", wall(a));
	for (size_t i = 0; i < s->n_lanes; i++)
		json_array_append_new(lanes, lane(s, &s->lanes[i]));
	json_object_set_new(all, "lanes", lanes);
	return all;
}
