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
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "store/catalog.h"
#include "tools/commands.h"
#include "tools/now.h"
#include "tools/summary.h"
#include "tools/term.h"

enum {
	CURL_HTTP_ERROR = 22,        /* --fail: the server did answer */
	CLOCK_SLACK_NS = 2000000000, /* a session's name carries the server's idea of the time */
	HEAD_BYTES = 256 << 10,      /* that are looked at, of one curl: it may be led on */
};

/* What their answers said: curl writes the heads into a file of memory each. */
struct rp_volley_heads {
	struct {
		pid_t pid; /* 0: free */
		int fd;
	} running[RP_VOLLEY_MOST_AT_ONCE];
	char (*ids)[RP_ID_MAX];
	size_t n_ids;
	bool silent; /* an answer named none */
};

bool rp_volley_begin(struct rp_volley *v)
{
	uint8_t bytes[6];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(v->tag + 2 * i, 3, "%02x", bytes[i]);
	v->began_wall_ns = rp_now_ns(CLOCK_REALTIME);
	v->heads = rp_memory_zero(1, sizeof(*v->heads));
	return true;
}

void rp_volley_end(struct rp_volley *v)
{
	if (v->heads)
		free(v->heads->ids);
	free(v->heads);
	v->heads = NULL;
}

const char *rp_volley_id(const struct rp_volley *v)
{
	return v->heads && v->heads->n_ids ? v->heads->ids[0] : NULL;
}

static bool has_id(const struct rp_volley_heads *heads, const char *id)
{
	for (size_t i = 0; i < heads->n_ids; i++)
		if (strcmp(heads->ids[i], id) == 0)
			return true;
	return false;
}

/* Every session that HEAD, the heads of one curl, names. */
static void keep_ids(struct rp_volley_heads *heads, const char *head)
{
	static const char NAME[] = "\nX-Reqprof-Id: ";
	size_t before = heads->n_ids;

	while ((head = strstr(head, NAME))) {
		head += sizeof(NAME) - 1;
		size_t n = strspn(head, "0123456789-");

		if (!n || n >= RP_ID_MAX)
			continue;
		heads->ids = rp_memory_grow(heads->ids, heads->n_ids, sizeof(*heads->ids));
		memcpy(heads->ids[heads->n_ids], head, n);
		heads->ids[heads->n_ids++][n] = 0;
	}
	heads->silent = heads->silent || heads->n_ids == before;
}

/* The curl that ran as PID has written its heads. */
static void read_heads(struct rp_volley_heads *heads, pid_t pid)
{
	for (size_t i = 0; i < RP_VOLLEY_MOST_AT_ONCE; i++) {
		char *text;
		ssize_t n;

		if (heads->running[i].pid != pid)
			continue;
		text = rp_memory_zero(HEAD_BYTES, 1);
		n = pread(heads->running[i].fd, text, HEAD_BYTES - 1, 0);
		text[n > 0 ? n : 0] = 0;
		keep_ids(heads, text);
		free(text);
		close(heads->running[i].fd);
		heads->running[i].pid = 0;
	}
}

/* "; key=TOKEN": a token lets one request in. */
static const char *key_of(const struct rp_volley *v, struct rp_heap *heap)
{
	char token[RP_TOKEN_BYTES + 1];

	return v->mint && rp_mint(v->mint, token) ? rp_heap_print(heap, "; key=%s", token) : "";
}

/* curl's words.  Of -o the first one counts, of -D the last: the person's own win over ours. */
static char **curl_words(const struct rp_volley *v, bool flagged, int heads, struct rp_heap *heap)
{
	char **words = rp_memory_zero(v->n_options + 14, sizeof(*words));
	size_t n = 0;

	words[n++] = rp_heap_print(heap, "curl");
	words[n++] = rp_heap_print(heap, "-sS");
	if (heads >= 0) {
		words[n++] = rp_heap_print(heap, "-D");
		words[n++] = rp_heap_print(heap, "/dev/fd/%d", heads);
	}
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

/* Remembers PID and FD, where its heads are. */
static void keep_running(struct rp_volley_heads *heads, pid_t pid, int fd)
{
	size_t i = 0;

	while (heads->running[i].pid && i + 1 < RP_VOLLEY_MOST_AT_ONCE)
		i++;
	heads->running[i].pid = pid;
	heads->running[i].fd = fd;
}

static int start_one(const struct rp_volley *v, bool flagged)
{
	extern char **environ;
	struct rp_heap heap = {0};
	int fd = flagged && v->heads ? memfd_create("heads", MFD_CLOEXEC) : -1;
	char **words = curl_words(v, flagged, fd, &heap);
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	if (fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, fd, fd);
	int failed = posix_spawnp(&pid, "curl", &actions, NULL, words, environ);

	posix_spawn_file_actions_destroy(&actions);
	free(words);
	rp_heap_free(&heap);
	if (!failed && fd >= 0)
		keep_running(v->heads, pid, fd);
	else if (fd >= 0)
		close(fd);
	if (!failed)
		return RP_EXIT_OK;
	return rp_term_complain("curl cannot be started (%s): install curl, or send the header "
	                        "'X-Reqprof: save' yourself",
	                        strerror(failed));
}

/* Waits for any of them: this process has no other children. */
static int finish_one(const struct rp_volley *v)
{
	int state = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &state, 0)) < 0 && errno == EINTR)
		;
	if (pid > 0 && v->heads)
		read_heads(v->heads, pid);
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
		int one = finish_one(v);

		n_running--;
		/* The first trouble is told; the others that are on their way have the same. */
		if (status == RP_EXIT_OK)
			status = one;
		if (one == RP_EXIT_OK)
			sent(arg);
	}
	return status;
}

/* Sessions whose answers did not name them, as over HTTP/2, are looked into. */
static bool is_ours(const struct rp_volley *v, const struct rp_entry *entry)
{
	if (v->heads && has_id(v->heads, entry->id))
		return true;
	return (!v->heads || v->heads->silent) && rp_summary_has_tag(entry->path, v->tag);
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
		if ((parts || !entry->part) && is_ours(v, entry))
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
