/* several.c - see several.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/several.h"

#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"

static uint64_t hash_of(const struct rp_share *row)
{
	return rp_memory_hash(0, row->functions, row->n_functions * sizeof(*row->functions));
}

static bool same_row(const void *owner, uint32_t number, const void *key)
{
	const struct rp_share *a = &((const struct rp_share *)owner)[number], *b = key;

	return a->n_functions == b->n_functions &&
	       memcmp(a->functions, b->functions, a->n_functions * sizeof(*a->functions)) == 0;
}

/* The number of ROW among those that INDEX knows; N for one that is not shown. */
static size_t number_of(struct rp_index *index, const struct rp_shares *shares,
                        const struct rp_share *row)
{
	bool fresh;
	uint32_t number = rp_index_of(index, hash_of(row), same_row, shares->rows, row, &fresh);

	return fresh ? shares->n_rows : number;
}

static void fill(double *values, const struct rp_shares *shares, const struct rp_profile *p,
                 rp_several_ask *ask, void *arg)
{
	struct rp_index index = {0};
	bool fresh;

	/* All rows, also those that are not shown: the index cannot forget what it was asked. */
	for (size_t i = 0; i < shares->n_all; i++)
		rp_index_of(&index, hash_of(&shares->rows[i]), same_row, shares->rows,
		            &shares->rows[i], &fresh);
	for (size_t i = 0; i < p->n_sessions; i++) {
		struct rp_shares one;

		ask(&one, &p->sessions[i], arg);
		for (size_t k = 0; k < one.n_rows; k++) {
			size_t row = number_of(&index, shares, &one.rows[k]);

			if (row < shares->n_rows)
				values[row * p->n_sessions + i] = (double)one.rows[k].ns;
		}
		rp_analyses_free(&one);
	}
	rp_index_free(&index);
}

void rp_several_spread(struct rp_shares *shares, const struct rp_profile *p, rp_several_ask *ask,
                       void *arg)
{
	double *values = rp_memory_zero(shares->n_rows * p->n_sessions, sizeof(*values));

	fill(values, shares, p, ask, arg);
	shares->spreads = rp_memory_zero(shares->n_rows, sizeof(*shares->spreads));
	for (size_t i = 0; i < shares->n_rows; i++)
		shares->spreads[i] = rp_spread_of(values + i * p->n_sessions, p->n_sessions);
	free(values);
}

#define NUMBER(name, value)                                                                        \
	static double name(const struct rp_session *s)                                             \
	{                                                                                          \
		return (double)s->account.value;                                                   \
	}
NUMBER(duration_of, duration_ns)
NUMBER(cpu_of, cpu_ns)
NUMBER(waits_of, waits_ns)
NUMBER(not_running_of, not_running_ns)
NUMBER(idle_of, idle_ns)
NUMBER(unexplained_of, unexplained_ns)
#undef NUMBER

const struct rp_several_number rp_several_numbers[RP_SEVERAL_NUMBERS] = {
        {"duration", "duration_ns", duration_of},
        {"CPU", "cpu_ns", cpu_of},
        {"waits", "waits_ns", waits_of},
        {"not running", "not_running_ns", not_running_of},
        {"idle", "idle_ns", idle_of},
        {"unexplained", "unexplained_ns", unexplained_of},
};

struct rp_spread rp_several_of(const struct rp_profile *p, const struct rp_several_number *number)
{
	double *values = rp_memory_zero(p->n_sessions, sizeof(*values));

	for (size_t i = 0; i < p->n_sessions; i++)
		values[i] = number->of(&p->sessions[i]);
	struct rp_spread spread = rp_spread_of(values, p->n_sessions);

	free(values);
	return spread;
}
