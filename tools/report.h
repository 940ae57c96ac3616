/* report.h - where a report goes (terminal, pager, file), and the run of a table verb.
 *
 * Room: tools.  Used by cmd_*.c only.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_REPORT_H
#define RP_REPORT_H

#include <jansson.h>
#include "tools/analyses.h"
#include "tools/cli.h"

/* Opens -o FILE, or standard output with its pager.  RP_CLI_GO, or 2 after a sentence. */
int rp_report_open(struct rp_term *t, const struct rp_cli *cli);

/* Closes it; 0, or 2 after a sentence when something could not be written. */
int rp_report_close(struct rp_term *t, const struct rp_cli *cli);

/* One table verb: how to ask, and how to show the answer. */
struct rp_report {
	struct rp_cli_verb verb;
	void (*ask)(struct rp_shares *out, const struct rp_profile *p, const struct rp_cli *cli,
	            const struct rp_query *q);
	void (*draw)(const struct rp_term *t, const struct rp_profile *p,
	             const struct rp_shares *shares, const struct rp_cli *cli);
};

/* Everything such a verb does; the exit status. */
int rp_report_run(const struct rp_report *report, int argc, char **argv);

/* A verb that tells facts of each session by itself. */
struct rp_facts {
	struct rp_cli_verb verb;
	json_t *(*json)(const struct rp_session *s);
	void (*draw)(const struct rp_term *t, const struct rp_session *s);
};

int rp_report_facts(const struct rp_facts *facts, int argc, char **argv);

#endif
