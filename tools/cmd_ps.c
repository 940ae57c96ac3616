/* cmd_ps.c - reqprof ps: the requests in flight, the oldest first, and what is done for each.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/inflight.h"
#include "tools/json.h"
#include "tools/memory.h"
#include "tools/now.h"
#include "tools/term.h"
#include "tools/units.h"
#include "tools/values.h"

static uint64_t age(uint64_t now_ns, uint64_t then_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

static void print_row(const struct rp_term *t, const struct rp_inflight_row *row, uint64_t now_ns)
{
	char time[RP_UNITS_MAX], waited[RP_UNITS_MAX], tid[16] = "-", doing[360];

	if (row->tid)
		snprintf(tid, sizeof tid, "%" PRIu32, row->tid);
	fprintf(t->out, "%10s  %7" PRIu32 "  %7s  %-12s  ",
	        rp_units_time(time, age(now_ns, row->first_byte_ns)), row->pid, tid, row->server);
	rp_term_text(t->out, row->method, strlen(row->method), t->unicode);
	fputc(' ', t->out);
	rp_term_text(t->out, row->path, strlen(row->path), t->unicode);
	fputs(row->flagged ? " (flagged)  " : "  ", t->out);
	rp_inflight_doing(row, doing, sizeof doing);
	rp_term_text(t->out, doing, strlen(doing), t->unicode);
	if (row->since_ns)
		fprintf(t->out, " for %s", rp_units_time(waited, age(now_ns, row->since_ns)));
	fputc('\n', t->out);
}

static int print_text(const struct rp_inflight_list *list, uint64_t now_ns)
{
	struct rp_term t;

	rp_term_open(&t, RP_AUTO, RP_AUTO);
	rp_term_page(&t);
	fprintf(t.out, "%s%10s  %7s  %7s  %-12s  %s%s\n", rp_term_sgr(&t, RP_DIM), "AGE", "PID",
	        "THREAD", "SERVER", "REQUEST, WHAT IS DONE FOR IT NOW", rp_term_sgr(&t, RP_PLAIN));
	for (size_t i = 0; i < list->n; i++)
		print_row(&t, &list->rows[i], now_ns);
	return rp_term_close(&t) ? RP_EXIT_OK : rp_term_finish();
}

static json_t *row_json(const struct rp_inflight_row *row, uint64_t now_ns)
{
	char doing[360];

	rp_inflight_doing(row, doing, sizeof doing);
	return json_pack("{s:I,s:I,s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:b,s:o,s:I}", "pid",
	                 (json_int_t)row->pid, "tid", (json_int_t)row->tid, "server",
	                 rp_json_text(row->server), "method", rp_json_text(row->method), "path",
	                 rp_json_text(row->path), "age_ns",
	                 (json_int_t)age(now_ns, row->first_byte_ns), "status",
	                 (json_int_t)row->status, "bytes_in", (json_int_t)row->bytes_in,
	                 "bytes_out", (json_int_t)row->bytes_out, "flagged", row->flagged, "doing",
	                 rp_json_text(doing), "waits_ns",
	                 (json_int_t)(row->since_ns ? age(now_ns, row->since_ns) : 0));
}

static int print_json(const struct rp_inflight_list *list, uint64_t now_ns)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(rows, row_json(&list->rows[i], now_ns));
	return rp_json_write(stdout, json_pack("{s:I,s:o}", "processes",
	                                       (json_int_t)list->n_processes, "requests", rows))
	               ? rp_term_finish()
	               : RP_EXIT_USAGE;
}

/* Standard output has what there is; why there is no more is said beside it. */
static int show(const struct rp_inflight_list *list, bool json)
{
	uint64_t now_ns = rp_now_ns(CLOCK_MONOTONIC);
	int status = RP_EXIT_OK;

	if (json)
		status = print_json(list, now_ns);
	else if (list->n)
		status = print_text(list, now_ns);
	else if (list->n_processes)
		fprintf(stderr, "reqprof: nothing is in flight in %zu process%s\n",
		        list->n_processes, list->n_processes == 1 ? "" : "es");
	for (size_t i = 0; i < list->n_denied; i++)
		rp_term_complain("%s may not be read; try: sudo reqprof ps", list->denied[i]);
	if (list->n_processes)
		return status;
	rp_term_complain("no process shows its requests: start it by reqprof run, or with "
	                 "REQPROF_PS=1, and send it one");
	return RP_EXIT_NO;
}

int rp_cmd_ps(int argc, char **argv)
{
	struct rp_inflight_list list;
	bool json = false;
	const struct rp_flag flags[] = {{0, "json", NULL, "JSON instead of text", NULL, &json},
	                                {0}};
	int first, status = rp_flags_parse(flags, "ps [options] [PID...]", argc, argv, &first);

	if (status != RP_FLAGS_GO)
		return status;
	uint32_t *pids = rp_memory_zero((size_t)(argc - first) + 1, sizeof(*pids));

	for (int i = first; i < argc && status == RP_FLAGS_GO; i++) {
		uint64_t pid;

		if (!rp_value_count(argv[i], &pid) || !pid || pid > INT32_MAX)
			status = rp_term_complain("ps wants numbers of processes, not '%s'",
			                          argv[i]);
		else
			pids[i - first] = (uint32_t)pid;
	}
	if (status == RP_FLAGS_GO) {
		rp_inflight_read(&list, pids, (size_t)(argc - first));
		status = show(&list, json);
		rp_inflight_free(&list);
	}
	free(pids);
	return status;
}
