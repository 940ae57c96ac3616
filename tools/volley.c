/* volley.c - see volley.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/volley.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include "tools/commands.h"
#include "tools/now.h"
#include "tools/summary.h"
#include "tools/term.h"

enum {
	CURL_HTTP_ERROR = 22,        /* --fail: the server did answer */
	CLOCK_SLACK_NS = 2000000000, /* a session's name carries the server's idea of the time */
};

bool rp_volley_begin(struct rp_volley *v)
{
	uint8_t bytes[6];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(v->tag + 2 * i, 3, "%02x", bytes[i]);
	v->began_wall_ns = rp_now_ns(CLOCK_REALTIME);
	return true;
}

/* "; key=TOKEN": a token lets one request in. */
static const char *key_of(const struct rp_volley *v, struct rp_heap *heap)
{
	char token[RP_TOKEN_BYTES + 1];

	return v->mint && rp_mint(v->mint, token) ? rp_heap_print(heap, "; key=%s", token) : "";
}

/* curl's words.  The person's own come first, so that a -o of theirs wins over ours. */
static char **curl_words(const struct rp_volley *v, bool flagged, struct rp_heap *heap)
{
	char **words = rp_memory_zero(v->n_options + 12, sizeof(*words));
	size_t n = 0;

	words[n++] = rp_heap_print(heap, "curl");
	words[n++] = rp_heap_print(heap, "-sS");
	for (size_t i = 0; i < v->n_options; i++)
		words[n++] = v->options[i];
	words[n++] = rp_heap_print(heap, "-H");
	if (flagged)
		words[n++] = rp_heap_print(heap, "X-Reqprof: save; tag=%s%s%s%s", v->tag,
		                           v->interval ? "; interval=" : "",
		                           v->interval ? v->interval : "", key_of(v, heap));
	else
		words[n++] = rp_heap_print(heap, "X-Reqprof: skip");
	if (!v->body || !flagged) {
		words[n++] = rp_heap_print(heap, "-o");
		words[n++] = rp_heap_print(heap, "/dev/null");
	}
	words[n++] = rp_heap_print(heap, "--url");
	words[n++] = rp_heap_print(heap, "%s", v->url);
	return words;
}

static int start_one(const struct rp_volley *v, bool flagged)
{
	extern char **environ;
	struct rp_heap heap = {0};
	char **words = curl_words(v, flagged, &heap);
	pid_t pid;
	int failed = posix_spawnp(&pid, "curl", NULL, NULL, words, environ);

	free(words);
	rp_heap_free(&heap);
	if (!failed)
		return RP_EXIT_OK;
	return rp_term_complain("curl cannot be started (%s): install curl, or send the header "
	                        "'X-Reqprof: save' yourself",
	                        strerror(failed));
}

/* Waits for any of them: this process has no other children. */
static int finish_one(void)
{
	int state = 0;

	while (waitpid(-1, &state, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(state))
		return rp_term_complain("curl was ended by signal %d", WTERMSIG(state));
	if (WEXITSTATUS(state) != 0 && WEXITSTATUS(state) != CURL_HTTP_ERROR)
		return rp_term_complain("curl ended with status %d, so there is nothing to show",
		                        WEXITSTATUS(state));
	return RP_EXIT_OK;
}

int rp_volley_send(const struct rp_volley *v, size_t n, bool flagged, void (*sent)(void *arg),
                   void *arg)
{
	size_t n_started = 0, n_running = 0;
	int status = RP_EXIT_OK;

	while (n_running || (n_started < n && status == RP_EXIT_OK)) {
		if (n_started < n && n_running < v->at_once && status == RP_EXIT_OK) {
			status = start_one(v, flagged);
			n_started++;
			n_running += status == RP_EXIT_OK;
			continue;
		}
		int one = finish_one();

		n_running--;
		/* The first trouble is told; the others that are on their way have the same. */
		if (status == RP_EXIT_OK)
			status = one;
		if (one == RP_EXIT_OK)
			sent(arg);
	}
	return status;
}

int rp_volley_found(const struct rp_volley *v, bool parts, const char **paths, size_t cap,
                    struct rp_heap *heap)
{
	struct rp_catalog c;
	struct rp_why why;
	size_t n = 0;

	if (!rp_catalog_open(&c, NULL, 0, &why)) {
		rp_term_complain("%s", why.text);
		return -1;
	}
	for (size_t i = c.n; i-- > 0 && n < cap;) {
		const struct rp_entry *entry = &c.entries[i];

		if (entry->wall_ns + CLOCK_SLACK_NS < v->began_wall_ns)
			break;
		if ((parts || !entry->part) && rp_summary_has_tag(entry->path, v->tag))
			paths[n++] = rp_heap_print(heap, "%s", entry->path);
	}
	rp_catalog_close(&c);
	return (int)n;
}

const char *rp_volley_word(const char *path, struct rp_heap *heap)
{
	struct rp_catalog c;
	const char *word = path;
	size_t n = 0;

	if (!rp_catalog_open(&c, NULL, 0, NULL))
		return path;
	for (size_t i = 0; i < c.n; i++)
		if (strcmp(c.entries[i].path, path) == 0 && !c.entries[i].part)
			word = rp_heap_print(heap, "%s", c.entries[i].id);
	for (size_t i = 0; i < c.n; i++)
		n += strcmp(c.entries[i].id, word) == 0;
	rp_catalog_close(&c);
	return n == 1 ? word : path;
}
