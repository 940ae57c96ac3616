/* cmd_curl.c - reqprof curl: sends flagged requests, waits for their sessions, shows them.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/now.h"
#include "tools/progress.h"
#include "tools/summary.h"
#include "tools/term.h"
#include "tools/units.h"
#include "tools/values.h"
#include "tools/volley.h"

enum {
	LOOK_EVERY_NS = 20000000,
	GATE_BURST = 10,          /* what the shim's gate accepts at once by default, */
	GATE_PACE_NS = 550000000, /* and how fast after that: two a second */
	PROBE = 3,                /* more than such a gate lets in while we look */
	GRACE_NS = 1500000000,    /* until a session that does not come counts as refused */
	MOST_ROUNDS = 3,          /* of sending again what left no session */
};

struct order {
	struct rp_volley volley;
	struct rp_mint mint; /* what signs tokens, where the server wants them */
	char path[RP_TOKEN_PATH + 1];
	uint64_t n, n_warm, timeout_ns;
	bool json;
	struct rp_progress progress;
	size_t done;
	struct rp_heap heap; /* what the bar says */
};

static void pause_ns(uint64_t ns)
{
	nanosleep(&(struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)}, NULL);
}

static void count(void *arg)
{
	struct order *o = arg;

	if (o->done < o->n)
		o->done++;
	rp_progress_at(&o->progress, o->done,
	               rp_heap_print(&o->heap, "%zu/%" PRIu64 " %s", o->done, o->n, o->volley.url));
}

/* Waits until N sessions of V are there, or until FOR_NS have passed: how many; < 0: a complaint.
 * PATHS (room for N) gets them. */
static int await_sessions(const struct rp_volley *v, size_t n, uint64_t for_ns, const char **paths,
                          struct rp_heap *heap)
{
	uint64_t until_ns = rp_now_ns(CLOCK_MONOTONIC) + for_ns;

	for (;;) {
		bool late = rp_now_ns(CLOCK_MONOTONIC) >= until_ns;
		int found = rp_volley_found(v, late, paths, n, heap);

		if (late || found < 0 || (size_t)found == n)
			return found;
		pause_ns(LOOK_EVERY_NS);
	}
}

/* How many of N sessions came. */
static size_t came(const struct order *o, size_t n, uint64_t for_ns)
{
	struct rp_heap heap = {0};
	const char **paths = rp_memory_zero(n, sizeof(*paths));
	int found = await_sessions(&o->volley, n, for_ns, paths, &heap);

	free(paths);
	rp_heap_free(&heap);
	return found > 0 ? (size_t)found : 0;
}

static int send_paced(struct order *o, size_t n)
{
	int status = RP_EXIT_OK;

	for (size_t i = 0; i < n && status == RP_EXIT_OK; i++) {
		pause_ns(GATE_PACE_NS);
		status = rp_volley_send(&o->volley, 1, true, count, o);
	}
	return status;
}

/* A gate lets in a burst and then so many a second.  Servers of a test are often more generous than
 * the default: a few more at once show it; if they are refused, the rest goes at the default's
 * pace, and what left no session is sent again. */
static int send_beyond_burst(struct order *o, size_t n_sent)
{
	size_t probe = o->n - n_sent < PROBE ? o->n - n_sent : PROBE;
	size_t there = came(o, n_sent, GRACE_NS);
	int status = rp_volley_send(&o->volley, probe, true, count, o);

	if (status != RP_EXIT_OK)
		return status;
	size_t more = came(o, there + probe, GRACE_NS);

	if (more == there + probe)
		return rp_volley_send(&o->volley, o->n - n_sent - probe, true, count, o);
	o->done = more; /* the bar goes back to what is there */
	for (int round = 0; round < MOST_ROUNDS && more < o->n; round++) {
		status = send_paced(o, o->n - more);
		if (status != RP_EXIT_OK)
			return status;
		more = came(o, o->n, GRACE_NS);
	}
	return RP_EXIT_OK;
}

static int send_measured(struct order *o)
{
	size_t burst = GATE_BURST - (o->n_warm > 0);
	size_t first = o->n < burst ? (size_t)o->n : burst;

	rp_progress_begin(&o->progress, "sending requests", (size_t)o->n);
	int status = rp_volley_send(&o->volley, first, true, count, o);

	if (status == RP_EXIT_OK && o->n > first)
		status = send_beyond_burst(o, first);
	rp_progress_end(&o->progress);
	rp_heap_free(&o->heap);
	return status;
}

static void ignore(void *arg)
{
	(void)arg;
}

/* The first requests of a server meet cold caches and the shim's own preparations.  One of them is
 * recorded, to be told apart from those that count; the rest are not flagged. */
static int warm_up(struct order *o)
{
	struct rp_volley warm = o->volley;
	struct rp_heap heap = {0};
	const char *path;
	struct rp_summary s;
	char time[RP_UNITS_MAX];

	warm.at_once = 1;
	warm.body = false;
	if (!rp_volley_begin(&warm))
		return rp_term_complain("the kernel gave no random bytes");
	int status = rp_volley_send(&warm, 1, true, ignore, NULL);

	if (status == RP_EXIT_OK)
		status = rp_volley_send(&warm, (size_t)o->n_warm - 1, false, ignore, NULL);
	if (status == RP_EXIT_OK && await_sessions(&warm, 1, GRACE_NS, &path, &heap) == 1 &&
	    rp_summary_read(&s, &(struct rp_entry){.path = (char *)path}, NULL)) {
		rp_term_complain("the first request, for warming up, took %s; it does not count",
		                 rp_units_time(time, s.duration_ns));
		rp_summary_free(&s);
	}
	rp_heap_free(&heap);
	rp_volley_end(&warm);
	return status;
}

static void explain_absence(const char *id)
{
	struct rp_catalog c;
	struct rp_why why;

	if (id)
		rp_term_complain("the server recorded it as session %s, but not where we look: "
		                 "its REQPROF_DIR, its user or its machine is another",
		                 id);
	else
		rp_term_complain("the server answered, but no session came: it was not started "
		                 "with reqprof run, its gate refused the trigger (proxy, secret, "
		                 "rate), or it runs on another machine; see reqprof doctor --pid "
		                 "PID");
	if (!rp_catalog_open(&c, NULL, 0, &why))
		return;
	for (size_t i = 0; i < c.n_denied; i++)
		rp_term_complain("%s may not be read; try: sudo reqprof ls %s", c.denied[i],
		                 c.denied[i]);
	rp_catalog_close(&c);
}

/* One session by its path; several by their tag, which can be typed again. */
static int show_sessions(const struct order *o)
{
	struct rp_heap heap = {0};
	const char **paths = rp_memory_zero(o->n, sizeof(*paths));
	int n = await_sessions(&o->volley, (size_t)o->n, o->timeout_ns, paths, &heap);
	char *words[4] = {rp_heap_print(&heap, "show")};
	int n_words = 1, status = n < 0 ? RP_EXIT_USAGE : RP_EXIT_NO;

	if (n == 0)
		explain_absence(rp_volley_id(&o->volley));
	if (n > 0 && (uint64_t)n < o->n)
		rp_term_complain("%d of %" PRIu64 " requests left a session: the server's "
		                 "REQPROF_RATE and REQPROF_BURST say how many it records",
		                 n, o->n);
	if (n > 0) {
		fflush(stdout);
		if (o->json)
			words[n_words++] = rp_heap_print(&heap, "--json");
		words[n_words++] =
		        n == 1 ? rp_heap_print(&heap, "%s", rp_volley_word(paths[0], &heap))
		               : rp_heap_print(&heap, "tag=%s", o->volley.tag);
		status = rp_cmd_show(n_words, words);
	}
	free(paths);
	rp_heap_free(&heap);
	return status;
}

/* How many words are curl's own.  Parsing moves the "--", so ask before. */
static int words_behind_dashes(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return argc - i - 1;
	return 0;
}

/* TEXT, if given, as a number from LEAST to MOST in *VALUE. */
static int read_number(const char *option, const char *text, uint64_t least, uint64_t most,
                       uint64_t *value)
{
	if (!text || (rp_value_count(text, value) && *value >= least && *value <= most))
		return RP_FLAGS_GO;
	return rp_term_complain("%s wants a number from %" PRIu64 " to %" PRIu64 ", not '%s'",
	                        option, least, most, text);
}

struct words {
	const char *n, *at_once, *warm_up, *timeout, *secret_file;
};

/* With a secret every request has a token of its own, for this path and to save. */
static int take_secret(struct order *o, const char *file)
{
	struct rp_why why;

	if (!file)
		return RP_FLAGS_GO;
	if (!rp_mint_open(&o->mint, file, &why))
		return rp_term_complain("%s", why.text);
	o->mint.scope = RP_SCOPE_SAVE;
	o->mint.life_s = RP_TOKEN_LIFE_S;
	o->mint.path = rp_mint_path(o->volley.url, o->path);
	o->volley.mint = &o->mint;
	return RP_FLAGS_GO;
}

static int fill(struct order *o, const struct words *w, int n_words, char **words)
{
	uint64_t interval_ns, at_once = 1;
	int status = read_number("-n", w->n, 1, RP_VOLLEY_MOST, &o->n);

	if (status == RP_FLAGS_GO)
		status = read_number("-c", w->at_once, 1, RP_VOLLEY_MOST_AT_ONCE, &at_once);
	o->n_warm = o->n > 1;
	if (status == RP_FLAGS_GO)
		status = read_number("--warm-up", w->warm_up, 0, RP_VOLLEY_MOST, &o->n_warm);
	if (status != RP_FLAGS_GO)
		return status;
	if (w->timeout && !rp_value_time(w->timeout, &o->timeout_ns))
		return rp_term_complain("--timeout wants a time such as 5s, not '%s'", w->timeout);
	if (o->volley.interval && !rp_value_interval(o->volley.interval, &interval_ns))
		return rp_term_complain("--interval wants a time such as 200us, not '%s'",
		                        o->volley.interval);
	if (o->volley.body && at_once > 1)
		return rp_term_complain("--body and -c would mix the answers");
	if (n_words == 0)
		return rp_term_complain("which URL?  reqprof curl http://localhost:8080/slow");
	o->volley.at_once = (size_t)at_once;
	o->volley.url = words[0];
	o->volley.options = words + 1;
	o->volley.n_options = (size_t)n_words - 1;
	return take_secret(o, rp_mint_file(w->secret_file));
}

static int run(struct order *o)
{
	int status = o->n_warm ? warm_up(o) : RP_EXIT_OK;

	if (status != RP_EXIT_OK)
		return status;
	if (!rp_volley_begin(&o->volley))
		return rp_term_complain("the kernel gave no random bytes");
	status = send_measured(o);
	if (status == RP_EXIT_OK)
		status = show_sessions(o);
	rp_volley_end(&o->volley);
	return status;
}

int rp_cmd_curl(int argc, char **argv)
{
	struct order o = {.n = 1, .timeout_ns = 5000000000};
	struct words w = {0};
	const struct rp_flag flags[] = {
	        {'n', "requests", "N", "how many; the result is merged", &w.n, NULL},
	        {'c', "concurrency", "N", "how many of them at the same time", &w.at_once, NULL},
	        {0, "warm-up", "N", "requests before, which do not count; 1 with -n", &w.warm_up,
	         NULL},
	        {0, "interval", "TIME", "between two samples: 200us, 1ms", &o.volley.interval,
	         NULL},
	        {0, "body", NULL, "show what the server answered", NULL, &o.volley.body},
	        {0, "timeout", "TIME", "how long to wait for a session: 5s", &w.timeout, NULL},
	        {0, "secret-file", "FILE", "makes their tokens; REQPROF_SECRET_FILE",
	         &w.secret_file, NULL},
	        {0, "json", NULL, "JSON instead of text", NULL, &o.json},
	        {0},
	};
	int first, n_behind = words_behind_dashes(argc, argv);
	int status =
	        rp_flags_parse(flags, "curl [options] URL [-- CURL-OPTION...]", argc, argv, &first);

	if (status == RP_FLAGS_GO && argc - first - n_behind > 1)
		return rp_term_complain("one URL at a time, so not '%s' as well; curl's own "
		                        "options stand behind --",
		                        argv[first + 1]);
	if (status == RP_FLAGS_GO)
		status = fill(&o, &w, argc - first, argv + first);
	return status == RP_FLAGS_GO ? run(&o) : status;
}
