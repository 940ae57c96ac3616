/* cmd_curl.c - reqprof curl: sends flagged requests with curl(1), waits for their sessions, shows
 * them.  A random tag in the trigger header tells our sessions from everybody else's.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/memory.h"
#include "tools/now.h"
#include "tools/summary.h"
#include "tools/term.h"
#include "tools/values.h"

enum {
	LOOK_EVERY_NS = 20000000,
	CLOCK_SLACK_NS = 2000000000, /* a session's name carries the server's idea of the time */
	GATE_BURST = 10,             /* what the shim's gate accepts at once by default, */
	GATE_PACE_NS = 550000000,    /* and how fast after that: two a second */
	MOST_REQUESTS = 1000,
	CURL_HTTP_ERROR = 22, /* --fail: the server did answer */
};

struct order {
	const char *url, *interval;
	char **options; /* curl's own */
	size_t n_options;
	uint64_t n, timeout_ns;
	bool body;
	char tag[13];
	uint64_t began_wall_ns;
};

static void pause_ns(uint64_t ns)
{
	nanosleep(&(struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)}, NULL);
}

static bool make_tag(char tag[13])
{
	uint8_t bytes[6];

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		return false;
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(tag + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

/* curl's words.  The person's own come first, so that a -o of theirs wins over ours. */
static char **curl_words(const struct order *o, struct rp_heap *heap)
{
	char **words = rp_memory_zero(o->n_options + 12, sizeof *words);
	size_t n = 0;

	words[n++] = rp_heap_print(heap, "curl");
	words[n++] = rp_heap_print(heap, "-sS");
	for (size_t i = 0; i < o->n_options; i++)
		words[n++] = o->options[i];
	words[n++] = rp_heap_print(heap, "-H");
	words[n++] =
	        rp_heap_print(heap, "X-Reqprof: save; tag=%s%s%s", o->tag,
	                      o->interval ? "; interval=" : "", o->interval ? o->interval : "");
	if (!o->body) {
		words[n++] = rp_heap_print(heap, "-o");
		words[n++] = rp_heap_print(heap, "/dev/null");
	}
	words[n++] = rp_heap_print(heap, "--url");
	words[n++] = rp_heap_print(heap, "%s", o->url);
	return words;
}

/* RP_EXIT_OK when the server answered. */
static int send_one(char *const *words)
{
	extern char **environ;
	pid_t pid;
	int state = 0;
	int failed = posix_spawnp(&pid, "curl", NULL, NULL, words, environ);

	if (failed)
		return rp_term_complain("curl cannot be started (%s): install curl, or send the "
		                        "header 'X-Reqprof: save' yourself",
		                        strerror(failed));
	while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(state))
		return rp_term_complain("curl was ended by signal %d", WTERMSIG(state));
	if (WEXITSTATUS(state) != 0 && WEXITSTATUS(state) != CURL_HTTP_ERROR)
		return rp_term_complain("curl ended with status %d, so there is nothing to show",
		                        WEXITSTATUS(state));
	return RP_EXIT_OK;
}

static int send_all(const struct order *o)
{
	struct rp_heap heap = {0};
	char **words = curl_words(o, &heap);
	int status = RP_EXIT_OK;

	if (o->n > GATE_BURST && isatty(STDERR_FILENO))
		fprintf(stderr, "reqprof: after %d requests, two a second: more would be refused\n",
		        GATE_BURST);
	for (uint64_t i = 0; i < o->n && status == RP_EXIT_OK; i++) {
		if (i >= GATE_BURST)
			pause_ns(GATE_PACE_NS);
		status = send_one(words);
	}
	free(words);
	rp_heap_free(&heap);
	return status;
}

/* The word people would type: the id, or the path when process numbers came round. */
static const char *word_of(const struct rp_catalog *c, const struct rp_entry *entry)
{
	for (size_t i = 0; i < c->n; i++)
		if (&c->entries[i] != entry && strcmp(c->entries[i].id, entry->id) == 0)
			return entry->path;
	return entry->part ? entry->path : entry->id;
}

/* Our sessions so far, as words for `show` in WORDS (room for o->n); how many. */
static size_t find_sessions(const struct order *o, const struct rp_catalog *c, bool parts,
                            char **words, struct rp_heap *heap)
{
	size_t n = 0;

	for (size_t i = c->n; i-- > 0 && n < o->n;) {
		const struct rp_entry *entry = &c->entries[i];

		if (entry->wall_ns + CLOCK_SLACK_NS < o->began_wall_ns || (entry->part && !parts))
			continue;
		if (rp_summary_has_tag(entry->path, o->tag))
			words[n++] = rp_heap_print(heap, "%s", word_of(c, entry));
	}
	return n;
}

static void explain_absence(const struct rp_catalog *c)
{
	rp_term_complain("the server answered, but no session came: it was not started with "
	                 "reqprof run, its gate refused the trigger (proxy, secret, rate), or it "
	                 "runs on another machine; see reqprof doctor --pid PID");
	for (size_t i = 0; i < c->n_denied; i++)
		rp_term_complain("%s may not be read; try: sudo reqprof ls %s", c->denied[i],
		                 c->denied[i]);
}

/* Waits for the sessions.  WORDS gets what came, complete ones first choice; < 0: a complaint. */
static int await_sessions(const struct order *o, char **words, struct rp_heap *heap)
{
	uint64_t until_ns = rp_now_ns(CLOCK_MONOTONIC) + o->timeout_ns;

	for (;;) {
		struct rp_catalog c;
		struct rp_why why;
		bool late = rp_now_ns(CLOCK_MONOTONIC) >= until_ns;

		if (!rp_catalog_open(&c, NULL, 0, &why)) {
			rp_term_complain("%s", why.text);
			return -1;
		}
		size_t n = find_sessions(o, &c, late, words, heap);

		if (late && n == 0)
			explain_absence(&c);
		rp_catalog_close(&c);
		if (late || n == o->n)
			return (int)n;
		pause_ns(LOOK_EVERY_NS);
	}
}

static int show_sessions(const struct order *o)
{
	struct rp_heap heap = {0};
	char **words = rp_memory_zero(o->n + 2, sizeof *words);
	int n = await_sessions(o, words + 1, &heap), status = n < 0 ? RP_EXIT_USAGE : RP_EXIT_NO;

	words[0] = rp_heap_print(&heap, "show");
	if (n > 0 && (uint64_t)n < o->n)
		rp_term_complain("%d of %" PRIu64 " requests left a session: the server's "
		                 "REQPROF_RATE and REQPROF_BURST say how many it records",
		                 n, o->n);
	if (n > 0) {
		fflush(stdout);
		status = rp_cmd_show(n + 1, words);
	}
	free(words);
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

static int fill(struct order *o, const char *n, const char *timeout, int n_words, char **words)
{
	uint64_t interval_ns;

	if (n && (!rp_value_count(n, &o->n) || o->n < 1 || o->n > MOST_REQUESTS))
		return rp_term_complain("-n wants a number from 1 to %d, not '%s'", MOST_REQUESTS,
		                        n);
	if (timeout && !rp_value_time(timeout, &o->timeout_ns))
		return rp_term_complain("--timeout wants a time such as 5s, not '%s'", timeout);
	if (o->interval && !rp_value_interval(o->interval, &interval_ns))
		return rp_term_complain("--interval wants a time such as 200us, not '%s'",
		                        o->interval);
	if (n_words == 0)
		return rp_term_complain("which URL?  reqprof curl http://localhost:8080/slow");
	o->url = words[0];
	o->options = words + 1;
	o->n_options = (size_t)n_words - 1;
	return RP_FLAGS_GO;
}

int rp_cmd_curl(int argc, char **argv)
{
	struct order o = {.n = 1, .timeout_ns = 5000000000};
	const char *n = NULL, *timeout = NULL;
	const struct rp_flag flags[] = {
	        {'n', "requests", "N", "how many, one after the other; the result is merged", &n,
	         NULL},
	        {0, "interval", "TIME", "between two samples: 200us, 1ms", &o.interval, NULL},
	        {0, "body", NULL, "show what the server answered", NULL, &o.body},
	        {0, "timeout", "TIME", "how long to wait for a session: 5s", &timeout, NULL},
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
		status = fill(&o, n, timeout, argc - first, argv + first);
	if (status != RP_FLAGS_GO)
		return status;
	if (!make_tag(o.tag))
		return rp_term_complain("the kernel gave no random bytes");
	o.began_wall_ns = rp_now_ns(CLOCK_REALTIME);
	status = send_all(&o);
	return status == RP_EXIT_OK ? show_sessions(&o) : status;
}
