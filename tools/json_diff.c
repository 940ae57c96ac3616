/* json_diff.c - a comparison as JSON; see render_diff.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/json.h"
#include "tools/render_diff.h"

static json_t *row(const struct rp_profile *p, const struct rp_diff_row *r)
{
	static const char *const verdicts[] = {[RP_DIFF_SAME] = "no significant change",
	                                       [RP_DIFF_SLOWER] = "slower",
	                                       [RP_DIFF_FASTER] = "faster"};
	json_t *json = r->name ? json_pack("{s:s}", "name", r->name)
	                       : rp_json_function(&p->functions[r->function]);

	json_object_update_new(json,
	                       json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f}", "verdict",
	                                 r->judged ? verdicts[r->verdict] : "not judged", "clock",
	                                 r->cpu ? "cpu" : "wall", "before_ns", r->change.before,
	                                 "after_ns", r->change.after, "low_ns", r->change.low,
	                                 "high_ns", r->change.high, "p", r->change.p));
	return json;
}

static json_t *ids(const struct rp_session *sessions, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, rp_json_text(sessions[i].id));
	return all;
}

json_t *rp_json_diff(const struct rp_profile *p, const struct rp_diff *d)
{
	json_t *lines = json_array(), *functions = json_array();

	for (size_t i = 0; i < RP_DIFF_LINES; i++)
		json_array_append_new(lines, row(p, &d->lines[i]));
	for (size_t i = 0; i < d->n_rows; i++)
		json_array_append_new(functions, row(p, &d->rows[i]));
	return json_pack("{s:i, s:s, s:f, s:f, s:o, s:o, s:o, s:o, s:I, s:b}", "version",
	                 RP_JSON_VERSION, "verdict", rp_diff_word(d), "level", d->how.level,
	                 "least", d->how.least, "before", ids(p->sessions, d->n_before), "after",
	                 ids(p->sessions + d->n_before, d->n_after), "account", lines, "functions",
	                 functions, "too_small", (json_int_t)d->n_small, "recorded_in_turns",
	                 (int)!d->one_by_one);
}
